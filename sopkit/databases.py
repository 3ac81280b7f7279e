"""Databases: an address understood, its password hidden, and what one refuses in a line."""

import re

import sqlalchemy as sa

from sopkit.errors import PlanError

SECRET = re.compile(r"(?<=://).*@|\?\S*", re.DOTALL)  # of a URL: who, with which password; options


def address(what: str, url) -> sa.URL:
    """The URL of ``what`` (ledger, data), whose words have no password; ``PlanError`` where it is
    no database's, or its driver lacks.

    >>> str(address("data", "postgres://ada:secret@db.example.com/sop"))
    'postgresql+psycopg://ada:***@db.example.com/sop'
    """
    why = ""
    try:
        read = sa.engine.make_url(url)
        if read.drivername in ("postgresql", "postgres"):
            read = read.set(drivername="postgresql+psycopg")
        read.get_dialect().import_dbapi()
        return read
    except (ImportError, sa.exc.NoSuchModuleError) as error:
        why = f" ({error})"
    except (sa.exc.SQLAlchemyError, ValueError):  # whose words may hold a password
        pass
    scheme, *_ = str(url).split("://")
    raise PlanError(
        f"{what} {scheme}://…: is no database that is known, or its driver is not installed{why}:"
        " PostgreSQL needs pip install 'sopkit[postgres]', DuckDB pip install duckdb-engine; give a"
        f" path or a database URL (postgresql://user@host/name) with --{what}"
    )


def hide(text) -> str:
    """Text without the names, passwords and options of URLs in it.

    >>> hide("postgresql://ada:secret@db.example.com/sop?sslmode=require")
    'postgresql://db.example.com/sop'
    """
    told = str(text)
    return SECRET.sub("", told) if "://" in told else told


def reason(error) -> str:
    """The first line of what a database said.

    >>> reason(sa.exc.InvalidRequestError("no such thing"))
    'no such thing'
    """
    return str(getattr(error, "orig", None) or error).strip().splitlines()[0]
