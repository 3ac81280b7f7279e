"""The database behind the ledger, SQLite or PostgreSQL: its tables are made once, nothing in them
is ever changed, and one writes at a time.
"""

import sqlite3
import time
from contextlib import contextmanager

import sqlalchemy as sa

from sopkit.databases import address, reason
from sopkit.errors import PlanError
from sopkit.tables import LEDGER

_SQL_TYPES = {"text": sa.Text, "number": sa.Float, "whole": sa.Integer, "date": sa.DateTime}
STAMPED = ("id", "cycle", "by", "entered_at")
CHAIN = "chain"  # the hash of a row and all before it
WAIT = 60  # seconds for others who write
LOCK = 20261  # of PostgreSQL's advisory locks, the ledger's
REFUSED = "the ledger is append-only: enter a new row"


class Database:
    """Tables by name in the database at a URL; what it refuses is a ``PlanError``."""

    def __init__(self, url: str | sa.URL):
        self.url = address("ledger", url)
        self.lite = self.url.get_backend_name() == "sqlite"
        file = self.lite and self.url.database not in (None, "", ":memory:")
        # Closed after each use, a file is whole when it is copied.
        self.engine = sa.create_engine(self.url, **{"poolclass": sa.NullPool} if file else {})
        self.metadata = sa.MetaData()
        self.tables = {name: _declared(table, self.metadata) for name, table in LEDGER.items()}
        if self.lite:
            sa.event.listen(self.engine, "connect", _connected)
            sa.event.listen(self.engine, "begin", _begun)
        with self.reading() as connection:
            made = not any(self._lacking(connection).values())
        if not made:
            self._keep_reading_while_one_writes() if file else None
            with self.writing() as connection:
                self._make(connection)

    def __str__(self):
        return repr(self.url.render_as_string())

    @contextmanager
    def reading(self):
        """A connection that sees what is entered whole."""
        with self._said(), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self):
        """A connection that nobody else writes beside; all that it enters stands, or nothing."""
        with self._said(), self.engine.execution_options(writes=True).begin() as connection:
            if not self.lite:
                connection.execute(sa.text(f"SELECT pg_advisory_xact_lock({LOCK})"))
            yield connection

    @contextmanager
    def _said(self):
        """What the database refuses, as a sentence."""
        try:
            yield
        except sa.exc.SQLAlchemyError as error:
            raise PlanError(
                f"ledger {self} cannot be opened, read or written: {reason(error)}; give a path or"
                " a database URL with --ledger, or try again once others are done"
            ) from error

    def _lacking(self, connection):
        """The columns that each table lacks; all of a table that is not there."""
        known = sa.inspect(connection)
        there = {*known.get_table_names()}
        held = {
            name: {column["name"] for column in known.get_columns(name)} if name in there else set()
            for name in self.tables
        }
        return {
            name: [column for column in table.columns if column.name not in held[name]]
            for name, table in self.tables.items()
        }

    def _keep_reading_while_one_writes(self):
        """SQLite's write-ahead log, which a file keeps; where the file system has no shared memory,
        it stays as it was.
        """
        until = time.monotonic() + WAIT
        with self._said(), self.engine.connect() as connection:
            plain = connection.connection.driver_connection
            while True:
                try:
                    return plain.execute("PRAGMA journal_mode = WAL").fetchone()
                except sqlite3.OperationalError:  # locked: another one is at it
                    if time.monotonic() > until:
                        return None
                    time.sleep(0.05)

    def _make(self, connection):
        self.metadata.create_all(connection)
        dialect = self.engine.dialect
        quoted = dialect.identifier_preparer.quote
        for name, columns in self._lacking(connection).items():
            for column in columns:
                # Nobody was asked then: a row of before has none, an empty word where one must be.
                kind = column.type.compile(dialect)
                kind += "" if column.nullable else " NOT NULL DEFAULT ''"
                connection.execute(sa.DDL(f"ALTER TABLE {name} ADD {quoted(column.name)} {kind}"))
        for statement in self._guards():
            connection.exec_driver_sql(statement)

    def _guards(self):
        """What refuses to change a row, or to put one in the place of another."""
        if not self.lite:
            yield (
                "CREATE OR REPLACE FUNCTION ledger_refuses() RETURNS trigger LANGUAGE plpgsql AS"
                f" $$ BEGIN RAISE EXCEPTION '{REFUSED}'; END $$"
            )
        for name in self.tables:
            if not self.lite:
                yield f"DROP TRIGGER IF EXISTS {name}_stays ON {name}"
                yield (
                    f"CREATE TRIGGER {name}_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON {name}"
                    " EXECUTE FUNCTION ledger_refuses()"
                )
                continue
            taken = f"WHEN EXISTS (SELECT 1 FROM {name} WHERE id = NEW.id) "
            for verb, when in (("UPDATE", ""), ("DELETE", ""), ("INSERT", taken)):
                yield (
                    f"CREATE TRIGGER IF NOT EXISTS {name}_no_{verb.lower()} BEFORE {verb} ON {name}"
                    f" {when}BEGIN SELECT RAISE(ABORT, '{REFUSED}'); END"
                )


def _declared(table, metadata):
    columns = [
        sa.Column(
            c.name,
            _SQL_TYPES[c.kind],
            primary_key=c.name == "id",
            nullable=not (c.required or c.name in STAMPED),
        )
        for c in table.columns
    ]
    kept = sa.Column(CHAIN, sa.Text, nullable=True)
    return sa.Table(table.name, metadata, *columns, kept, sqlite_autoincrement=True)


# SQLite begins when it is told to, at once where somebody will write, and waits for others.
def _connected(connection, _):
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout = {WAIT * 1000}")


def _begun(connection):
    writes = connection.get_execution_options().get("writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
