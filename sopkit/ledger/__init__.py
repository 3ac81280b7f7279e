"""The ledger: what people judged, in append-only SQL tables with who, when and why, each row
chained to those before it.

By default the SQLite file ``ledger.db`` in the packs folder; a team gives a database URL instead.
"""

import os
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import sqlalchemy as sa

from sopkit.buckets import parse_month
from sopkit.errors import PlanError
from sopkit.ledger.database import CHAIN, STAMPED, Database
from sopkit.ledger.rows import cell, link, stored
from sopkit.tables import LEDGER

AT = "SOPKIT_LEDGER"
__all__ = ["STAMPED", "Ledger", "cell", "stored"]


class Ledger:
    """A connection to the ledger at a path or database URL; creates what is not there yet.

    >>> ledger = Ledger("sqlite://")
    >>> row = {"text": "no second strike", "condition": "port closed"}
    >>> ledger.append("assumptions", [row], by="Ada", cycle="2026-11")
    [1]
    >>> ledger.read("assumptions", "2026-11")[["id", "by", "text"]].to_dict("records")
    [{'id': 1, 'by': 'Ada', 'text': 'no second strike'}]
    """

    @classmethod
    def of(cls, packs, where=None):
        """The ledger of a folder of packs: ``where``, or the one named in the environment
        (``SOPKIT_LEDGER``), or ``ledger.db`` in the folder.
        """
        where = where or os.environ.get(AT) or Path(packs) / "ledger.db"
        if str(where).rstrip("/").endswith((":", ":memory:")):
            raise PlanError(f"ledger {where} keeps nothing; give the path of a file, or a database")
        return cls(where)

    def __init__(self, where):
        self.url = _url(where)
        self._database = Database(self.url)

    @property
    def name(self) -> str:
        """Where it is, without a password."""
        return str(self._database)

    def append(self, table: str, rows, *, by: str, cycle: str, entered_at=None) -> list[int]:
        """Numbers of the rows entered; ``rows`` is a frame or a list of dicts with the table's own
        columns.

        Raises ``PlanError`` on an unknown table or column, a blank required cell, a word that is no
        choice, a database that refuses. All rows are entered, or none.
        """
        declared = _declared(table)
        parse_month(cycle)
        if not (by := cell(declared["by"], by or "")):
            raise PlanError(
                f"ledger table {table}: who enters the rows is blank; give by=, a name that people"
                " recognise"
            )
        if isinstance(rows, pd.DataFrame):
            rows = rows.to_dict("records")
        records = [stored(declared, number, row) for number, row in enumerate(rows, start=1)]
        stamp = {"cycle": cycle, "by": by.strip(), "entered_at": entered_at or _now()}
        with self._database.writing() as connection:
            return self._enter(connection, table, [record | stamp for record in records])

    def read(self, table: str, month: str | None = None) -> pd.DataFrame:
        """The rows of a table in order of entry; with ``month``, those entered for it or for an
        earlier cycle.
        """
        declared = _declared(table)
        with self._database.reading() as connection:
            rows = [dict(row) for row in self._rows(connection, table, month)]
        return declared.conform(pd.DataFrame(rows, columns=declared.names))

    def start(self, folder) -> None:
        """Enters the judgments that a folder holds as CSV, a file per ledger table with ``cycle``,
        ``by`` and ``entered_at``, into a ledger without a row; any other stays as it is.

        Raises ``PlanError`` as ``append`` does. All rows are entered, or none.
        """
        entered = {}
        for path in sorted(Path(folder).glob("*.csv")):
            declared = _declared(path.stem)
            try:
                rows = pd.read_csv(path, dtype=str, keep_default_na=False).to_dict("records")
            except ValueError as error:
                raise PlanError(f"{path} cannot be read: {error}; mend or remove it") from None
            entered[path.stem] = [stored(declared, *row, ("id",)) for row in enumerate(rows, 2)]
        with self._database.writing() as connection:
            if any(self._last(connection, table) for table in LEDGER):
                return
            for table, records in entered.items():
                for record in records:
                    parse_month(record["cycle"])
                    record["entered_at"] = record["entered_at"] or _now()
                self._enter(connection, table, records)

    def forged(self) -> list[str]:
        """What was changed behind the ledger's back, a sentence for each table: its first row that
        does not follow from those before it. Who hashes all later rows anew, or cuts off the last
        ones, is not seen here, but where a pack used them (``sopkit verify``).
        """
        found = []
        for table in LEDGER:
            chain, since = "", False  # whether rows are chained by now: the oldest are not
            with self._database.reading() as connection:
                rows = self._rows(connection, table)
            for row in rows:
                chain, since = link(chain, table, _held(table, row)), since or bool(row[CHAIN])
                if since and row[CHAIN] != chain:
                    found.append(
                        f"ledger table {table}, row {row['id']} of {row['by']}"
                        f" ({row['entered_at']:%Y-%m-%d}) does not follow from the rows before it:"
                        " it, or one before it, was changed, removed or put in"
                    )
                    break
        return found

    def _rows(self, connection, table, month=None):
        sql = self._database.tables[table]
        asked = sa.select(sql).order_by(sql.c.id)
        asked = asked if month is None else asked.where(sql.c.cycle <= month)
        return connection.execute(asked).mappings().all()

    def _last(self, connection, table):
        """The last row of a table, or None."""
        sql = self._database.tables[table]
        last = sa.select(sql).order_by(sql.c.id.desc()).limit(1)
        return connection.execute(last).mappings().first()

    def _enter(self, connection, table, records):
        """Numbers of the rows entered, each chained to those before it."""
        last = self._last(connection, table)
        at, chain = (last["id"], last[CHAIN]) if last else (0, "")
        if chain is None:  # rows of before there was a chain
            chain = ""
            for row in self._rows(connection, table):
                chain = link(chain, table, _held(table, row))
        for number, record in enumerate(records, at + 1):
            chain = link(chain, table, {"id": number} | record)
            record |= {"id": number, CHAIN: chain}
        if records:
            connection.execute(sa.insert(self._database.tables[table]), records)
        return [record["id"] for record in records]


def _held(table, row):
    """A row's declared cells."""
    return {name: row[name] for name in LEDGER[table].names}


def _url(where) -> str | sa.URL:
    text = str(where)
    if "://" in text:
        return text
    Path(text).parent.mkdir(parents=True, exist_ok=True)
    return sa.URL.create("sqlite", database=str(Path(text).resolve()))


def _declared(table):
    if table not in LEDGER:
        raise PlanError(f"ledger table {table!r} is not known; known are: {', '.join(LEDGER)}")
    return LEDGER[table]


def _now():
    return datetime.now(UTC).replace(tzinfo=None)
