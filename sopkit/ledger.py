"""The ledger: what people judged, in append-only SQL tables with who, when and why.

By default the SQLite file ``ledger.db`` in the packs folder; a team gives a database URL instead.
"""

import math
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import sqlalchemy as sa

from sopkit.buckets import parse_month
from sopkit.errors import PlanError
from sopkit.tables import LEDGER

_SQL_TYPES = {"text": sa.Text, "number": sa.Float, "whole": sa.Integer, "date": sa.DateTime}
STAMPED = ("id", "cycle", "by", "entered_at")


class Ledger:
    """A connection to the ledger at a path or database URL; creates what is not there yet.

    >>> ledger = Ledger("sqlite://")
    >>> row = {"text": "no second strike", "condition": "port closed"}
    >>> ledger.append("assumptions", [row], by="Ada", cycle="2026-11")
    [1]
    >>> ledger.read("assumptions", "2026-11")[["id", "by", "text"]].to_dict("records")
    [{'id': 1, 'by': 'Ada', 'text': 'no second strike'}]
    """

    def __init__(self, where):
        self.url = _url(where)
        try:
            self._engine = sa.create_engine(self.url)
            metadata = sa.MetaData()
            self._sql = {name: _sql_table(table, metadata) for name, table in LEDGER.items()}
            metadata.create_all(self._engine)
            self._widen()
            if self._engine.dialect.name == "sqlite":
                self._refuse_changes()
        except (sa.exc.SQLAlchemyError, ImportError) as error:
            raise PlanError(
                f"ledger {sa.engine.make_url(self.url).render_as_string()!r} cannot be opened:"
                f" {error}; give a path or a database URL with --ledger"
            ) from error

    def append(self, table: str, rows, *, by: str, cycle: str, entered_at=None) -> list[int]:
        """Numbers of the rows entered; ``rows`` is a frame or a list of dicts with the table's own
        columns.

        Raises ``PlanError`` on an unknown table or column, a blank required cell, a word that is no
        choice. All rows are entered, or none.
        """
        declared = _declared(table)
        parse_month(cycle)
        if not str(by or "").strip():
            raise PlanError(
                f"ledger table {table}: who enters the rows is blank; give by=, a name that people"
                " recognise"
            )
        if isinstance(rows, pd.DataFrame):
            rows = rows.to_dict("records")
        records = [stored(declared, number, row) for number, row in enumerate(rows, start=1)]
        stamp = {
            "cycle": cycle,
            "by": by.strip(),
            "entered_at": entered_at or _now(),
        }
        with self._engine.begin() as connection:
            insert = sa.insert(self._sql[table]).returning(self._sql[table].c.id)
            return [connection.execute(insert, record | stamp).scalar_one() for record in records]

    def read(self, table: str, month: str | None = None) -> pd.DataFrame:
        """The rows of a table in order of entry; with ``month``, those entered for it or for an
        earlier cycle.
        """
        declared = _declared(table)
        sql = self._sql[table]
        query = sa.select(sql).order_by(sql.c.id)
        if month is not None:
            query = query.where(sql.c.cycle <= month)
        with self._engine.connect() as connection:
            rows = connection.execute(query).mappings().all()
        return declared.conform(pd.DataFrame([dict(row) for row in rows], columns=declared.names))

    def start(self, folder) -> None:
        """Enters the judgments that a folder holds as CSV, a file per ledger table with ``cycle``,
        ``by`` and ``entered_at``, into a ledger without a row; any other stays as it is.

        Raises ``PlanError`` as ``append`` does. All rows are entered, or none.
        """
        if not all(self.read(table).empty for table in LEDGER):
            return
        entered = {}
        for path in sorted(Path(folder).glob("*.csv")):
            declared = _declared(path.stem)
            rows = pd.read_csv(path, dtype=str, keep_default_na=False).to_dict("records")
            entered[path.stem] = [stored(declared, *row, ("id",)) for row in enumerate(rows, 2)]
        with self._engine.begin() as connection:
            for table, records in entered.items():
                for record in records:
                    parse_month(record["cycle"])
                    record["entered_at"] = record["entered_at"] or _now()
                    connection.execute(sa.insert(self._sql[table]), record)

    def _widen(self):
        """Gives the tables of an older ledger the columns that they lack."""
        known, dialect = sa.inspect(self._engine), self._engine.dialect
        for name, table in self._sql.items():
            there = {column["name"] for column in known.get_columns(name)}
            for column in (column for column in table.columns if column.name not in there):
                # Nobody was asked then: a row of before has none, an empty word where one must be.
                cell = dialect.identifier_preparer.quote(column.name)
                kind = column.type.compile(dialect)
                kind += "" if column.nullable else " NOT NULL DEFAULT ''"
                with self._engine.begin() as connection:
                    connection.execute(sa.DDL(f"ALTER TABLE {name} ADD {cell} {kind}"))

    def _refuse_changes(self):
        with self._engine.begin() as connection:
            for name in LEDGER:
                for verb in ("UPDATE", "DELETE"):
                    connection.execute(
                        sa.DDL(
                            f"CREATE TRIGGER IF NOT EXISTS {name}_no_{verb.lower()} BEFORE {verb}"
                            f" ON {name} BEGIN SELECT RAISE(ABORT, 'the ledger is append-only:"
                            " enter a new row'); END"
                        )
                    )


def _sql_table(table, metadata):
    columns = [
        sa.Column(
            c.name,
            _SQL_TYPES[c.kind],
            primary_key=c.name == "id",
            nullable=not (c.required or c.name in STAMPED),
        )
        for c in table.columns
    ]
    return sa.Table(table.name, metadata, *columns, sqlite_autoincrement=True)


def _url(where) -> str:
    text = str(where)
    if "://" in text:
        return text
    Path(text).parent.mkdir(parents=True, exist_ok=True)
    return f"sqlite:///{Path(text).resolve()}"


def _declared(table):
    if table not in LEDGER:
        raise PlanError(f"ledger table {table!r} is not known; known are: {', '.join(LEDGER)}")
    return LEDGER[table]


def _now():
    return datetime.now(UTC).replace(tzinfo=None)


def stored(declared, number: int, row: dict, stamped=STAMPED) -> dict:
    """The cells of a row of a declared ledger table as they are stored, but those ``stamped``;
    ``PlanError``, with the row's ``number``, on an unknown column, a blank where there must be
    none, a word that is no choice.
    """
    own = [c for c in declared.columns if c.name not in stamped]
    unknown = sorted(set(row) - set(declared.names))
    if unknown:
        raise PlanError(
            f"ledger table {declared.name}, row {number}: unknown columns {unknown}; known are:"
            f" {', '.join(c.name for c in own)}"
        )
    record = {c.name: cell(c, row.get(c.name)) for c in own}
    for column in own:
        value = record[column.name]
        if column.required and value is None:
            raise PlanError(
                f"ledger table {declared.name}, row {number}, column {column.name}: blank; it must"
                " be given"
            )
        beyond = column.at_most is not None and not 0 <= (value or 0) <= column.at_most
        if beyond or (value is not None and column.choices and value not in column.choices):
            raise PlanError(
                f"ledger table {declared.name}, row {number}, column {column.name}: got {value!r},"
                f" expected {column.rule}"
            )
    return record


def cell(column, value):
    """The value of a declared column as it is stored; ``PlanError`` where it is not of its kind."""
    if pd.isna(value) or not str(value).strip():
        return None
    try:
        if column.kind == "date":
            return pd.Timestamp(value).to_pydatetime()
        if column.kind == "number" and not math.isfinite(value := float(value)):
            raise ValueError("not a finite number")
        return value if column.kind == "number" else str(value).encode().decode()
    except (TypeError, ValueError) as error:
        raise PlanError(
            f"column {column.name}: {value!r} is not a {column.kind} ({error}); write dates as"
            " 2026-11-30 and numbers with a decimal point"
        ) from None
