"""Frames in, clean arrays out: blanks become defaults, and what contradicts itself is named by
table, row and column.
"""

import numpy as np
import pandas as pd

from sopkit.errors import PlanError
from sopkit.tables import INPUTS

SUMMED = ("receipts", "bill_of_resources", "inventory")  # rows of one key add up


def given(frame, name: str, required: tuple[str, ...] | None = None) -> pd.DataFrame:
    """An input table as declared, with a fresh RangeIndex and its blanks filled; None is a table
    without a row.

    A column that is missing, a word for a number, a value outside its rule, no date and a repeated
    key are errors that name their rows.

    >>> given(pd.DataFrame({"item": ["A"], "lead_time": [None]}), "items")["lead_time"].tolist()
    [0.0]
    """
    table = INPUTS[name]
    frame = frame_of(frame, name, tuple(table.required) if required is None else required).copy()
    for column in table.columns:
        if column.name in frame and column.kind == "number":
            frame[column.name] = numbers(frame, name, column.name)
        elif column.name in frame and column.kind == "date":
            frame[column.name] = dates(frame[column.name], name, column.name)
        if column.at_most is not None and column.name in frame:
            wrong = (frame[column.name] > column.at_most).to_numpy()
            refuse(frame, name, column.name, wrong, "are above 1", "write 0.95 for 95 %")
    full = table.filled(frame)
    for column in table.columns:
        known = full[column.name].isin(column.choices) | full[column.name].isna()
        if column.choices and not known.all():
            refuse(
                full, name, column.name, ~known.to_numpy(), "are unknown", f"write {column.rule}"
            )
    first = table.key[0]
    refuse(full, name, first, full[first].isna().to_numpy(), "are blank", f"name the {first}")
    if name not in SUMMED:
        again = full.duplicated(list(table.key)).to_numpy()
        mend = f"keep one row per {' and '.join(table.key)}"
        refuse(full, name, table.key[-1], again, "appear more than once", mend)
    return full


def item_rows(items, names, table: str) -> pd.DataFrame:
    """The declared facts of the items that ``table`` names, in the order of ``names``."""
    frame = given(items, "items")
    return frame.iloc[positions(frame["item"], pd.Series(names), table, "item")].reset_index(
        drop=True
    )


def long(names: pd.Index, buckets: pd.DatetimeIndex, columns: dict) -> pd.DataFrame:
    """(name, bucket) arrays as the columns of a long table; the index of names names its key."""
    keys = {
        names.name: names.repeat(len(buckets)),
        "bucket": np.tile(buckets.to_numpy(), len(names)),
    }
    return pd.DataFrame(keys | {name: np.ravel(values) for name, values in columns.items()})


def frame_of(frame, table: str, required: tuple[str, ...]) -> pd.DataFrame:
    """The table with a fresh RangeIndex, or an empty one where it is absent; a missing required
    column is an error.

    >>> frame_of(None, "receipts", ("item", "due_on", "quantity")).columns.tolist()
    ['item', 'due_on', 'quantity']
    """
    if frame is None:
        return pd.DataFrame({column: [] for column in required})
    missing = [column for column in required if column not in frame.columns]
    if missing:
        raise PlanError(
            f"table {table} has no column {', '.join(missing)}; it has"
            f" {', '.join(map(str, frame.columns)) or 'none'}; add it (contract: input tables)"
        )
    return frame.reset_index(drop=True)


def numbers(
    frame: pd.DataFrame, table: str, column: str, default=np.nan, lowest: float | None = 0.0
) -> np.ndarray:
    """The column as float64, blanks replaced by ``default`` (a scalar or one value per row); below
    ``lowest`` is an error.

    >>> numbers(pd.DataFrame({"lead_time": [1, None]}), "items", "lead_time", 0.0).tolist()
    [1.0, 0.0]
    """
    if column not in frame.columns:
        return np.broadcast_to(np.asarray(default, dtype="float64"), (len(frame),)).copy()
    values = pd.to_numeric(frame[column], errors="coerce").to_numpy(
        dtype="float64", na_value=np.nan
    )
    blank = (
        frame[column].isna().to_numpy() | (frame[column].astype("str").str.strip() == "").to_numpy()
    )
    refuse(
        frame,
        table,
        column,
        np.isnan(values) & ~blank,
        "is not a number",
        "write a number or leave it blank",
    )
    if lowest is not None:
        refuse(
            frame,
            table,
            column,
            values < lowest,
            f"is below {lowest:g}",
            "mend the sign or leave it blank",
        )
    return np.where(np.isnan(values), default, values)


def refuse(
    frame: pd.DataFrame, table: str, column: str, wrong: np.ndarray, problem: str, mend: str
) -> None:
    """Raise ``PlanError`` naming the first wrong rows of a table, if there are any."""
    rows = np.flatnonzero(wrong)
    if not len(rows):
        return
    shown = "; ".join(
        f"row {row + 1} ({_describe(frame, row)}) has {_plain(frame[column].iloc[row])!r}"
        for row in rows[:5]
    )
    raise PlanError(
        f"table {table}, column {column}: {len(rows)} value(s) {problem}: {shown}; {mend}"
    )


def positions(names, values, table: str, column: str, allow_unknown: bool = False) -> np.ndarray:
    """Where each value stands in ``names``; an unknown one is an error that names it (or −1 where
    allowed).

    >>> positions(pd.Index(["A", "B"]), pd.Series(["B", "A"]), "demand", "item").tolist()
    [1, 0]
    """
    names, values = pd.Index(names), pd.Series(values)
    found = names.get_indexer(pd.Index(values.array))
    if (found < 0).any():
        found = names.astype("str").get_indexer(pd.Index(values.astype("str").array))
    unknown = pd.unique(values[found < 0].astype("str")) if (found < 0).any() else []
    if len(unknown) and not allow_unknown:
        raise PlanError(
            f"table {table}, column {column}: {len(unknown)} unknown value(s), first"
            f" {', '.join(map(str, unknown[:5]))}; add them to their own table or take the rows out"
        )
    return found


def dates(values, table: str, column: str) -> np.ndarray:
    """The column as datetime64 days at midnight; blanks are NaT, anything unreadable is an error.

    >>> dates(pd.Series(["2026-11-01", None]), "demand", "bucket").astype("str").tolist()
    ['2026-11-01', 'NaT']
    """
    values = pd.Series(values).reset_index(drop=True)
    if len(values) and pd.api.types.is_numeric_dtype(values) and values.notna().any():
        raise PlanError(
            f"table {table}, column {column}: {_plain(values.dropna().iloc[0])!r} is not a date;"
            " write dates as 2026-11-01"
        )
    read = pd.to_datetime(values.astype("object"), errors="coerce")
    wrong = read.isna() & values.notna()
    if wrong.any():
        raise PlanError(
            f"table {table}, column {column}: {int(wrong.sum())} value(s) are no dates, first"
            f" {_plain(values[wrong].iloc[0])!r} in row {int(np.flatnonzero(wrong)[0]) + 1}; write"
            " dates as 2026-11-01"
        )
    return pd.DatetimeIndex(read).to_numpy().astype("datetime64[D]")


def buckets_of(values: np.ndarray, horizon: np.ndarray, after: np.datetime64) -> np.ndarray:
    """Position of the bucket that holds each date: −1 before the horizon, ``len(horizon)`` from
    ``after`` on.
    """
    found = np.searchsorted(horizon, values, side="right") - 1
    return np.where(values >= after, len(horizon), found)


def _describe(frame: pd.DataFrame, row: int) -> str:
    keys = [
        key for key in ("item", "resource", "source", "bucket", "due_on") if key in frame.columns
    ]
    return ", ".join(str(frame[key].iloc[row]) for key in keys)


def _plain(value):
    """The value as a person wrote it, not as an array holds it."""
    return value.item() if hasattr(value, "item") else value
