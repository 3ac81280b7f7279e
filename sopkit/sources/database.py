"""The input tables of a database: tables or views of their names, or what the SELECT that
settings.toml has for one gives; read in one look, in order, nothing ever written.
"""

import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy as sa

from sopkit.databases import address, hide, reason
from sopkit.errors import PlanError
from sopkit.sources.files import DATABASE, as_text
from sopkit.sources.typed import NAMES
from sopkit.tables import INPUTS

CHUNK = 50_000  # rows in memory
SELECT = re.compile(r"\s*((?:select|with)\b[^;]*);?\s*", re.IGNORECASE)
READ_ONLY = {  # by kind of database
    "postgresql": {
        "execution_options": {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    },
    "duckdb": {"connect_args": {"read_only": True}},
}


def write_tables(asked: dict, folder: Path, tables=INPUTS) -> str:
    """The address, without password, of the database whose input ``tables`` are now files of a
    folder; ``asked`` is its ``url`` and a SELECT by table.
    """
    url = address("data", asked.get("url", ""))
    kind, table = url.get_backend_name(), "database"
    if kind == "sqlite":  # which else makes the file that is not there
        file = Path(url.database or "").absolute().as_uri()
        url = url.set(database=file, query={"mode": "ro", "uri": "true"})
    try:
        engine = sa.create_engine(url, poolclass=sa.NullPool, **READ_ONLY.get(kind, {}))
        with engine.connect() as connection:
            if kind == "sqlite":
                connection.exec_driver_sql("BEGIN")
            known = sa.inspect(connection)
            for table in tables:
                if table in asked:
                    rows = _selected(table, asked[table])
                elif known.has_table(table):
                    rows = sa.table(table)
                else:
                    continue
                _write(connection, rows, tables[table], folder / f"{table}.{DATABASE}")
    except (sa.exc.SQLAlchemyError, UnicodeError) as error:
        raise PlanError(
            f"data {hide(asked['url'])}, {table}: cannot be read: {reason(error)}; mend the"
            " address, the rights, or its SELECT in settings.toml"
        ) from None
    return hide(asked["url"])


def _selected(table, sql):
    if not (one := SELECT.fullmatch(sql)):
        raise PlanError(
            f"settings.toml, [database] {table}: is not one SELECT; write a single SELECT (or WITH"
            " … SELECT) without a ; inside"
        )
    return sa.text(one[1].replace(":", r"\:")).columns().subquery(table)


def _write(connection, rows, table, path):
    """The declared columns as text, by chunks; of others the names alone."""
    names = connection.execute(sa.select(sa.text("*")).select_from(rows).limit(0)).keys()
    own = [name for name in dict.fromkeys([*table.key, *table.names]) if name in names]
    cells = [sa.column(name) if name in own else sa.null().label(name) for name in names]
    query = sa.select(*cells).select_from(rows).order_by(*map(sa.column, own))
    schema = pa.schema([(name, pa.string()) for name in names])
    found = connection.execute(query, execution_options={"yield_per": CHUNK})
    with pq.ParquetWriter(path, schema) as file:
        for part in found.partitions():
            columns = [
                [_text(c, n in NAMES) for c in column] for n, column in zip(names, zip(*part))
            ]
            file.write_table(pa.table(columns, schema=schema))


def _text(cell, code):
    if isinstance(cell, bytes | memoryview):
        return bytes(cell).decode()
    return None if cell is None else str(as_text(cell, code))
