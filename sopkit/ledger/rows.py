"""The rows of the ledger: what a person's cells become, and the hash that chains one row to all
before it.
"""

import hashlib
import json
import re

import pandas as pd

from sopkit.errors import PlanError
from sopkit.ledger.database import STAMPED
from sopkit.tables.declare import HUGE

ISO = re.compile(r"\d{4}-\d\d-\d\d(?!\d)")


def link(before: str, table: str, row: dict) -> str:
    """The hash of a row as it is stored, blanks left out, and of that ``before`` it.

    >>> link("", "overrides", {"id": 1, "by": "Ada", "note": None})[:12]
    '7637cd2728c5'
    """
    held = {name: value for name, value in row.items() if value not in (None, "")}
    told = json.dumps([before, table, held], sort_keys=True, default=str)
    return hashlib.sha256(told.encode()).hexdigest()


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
            if isinstance(value, str) and not ISO.match(value):
                raise ValueError("not YYYY-MM-DD")
            return pd.Timestamp(value).tz_localize(None).to_pydatetime()
        if column.kind == "number" and not abs(value := float(value) + 0.0) <= HUGE:  # no -0.0
            raise ValueError(f"not a number up to {HUGE:g}")
        return value if column.kind == "number" else str(value).encode().decode()
    except (TypeError, ValueError) as error:
        raise PlanError(
            f"column {column.name}: {value!r} is not a {column.kind} ({error}); write dates as"
            " 2026-11-30 and numbers with a decimal point"
        ) from None
