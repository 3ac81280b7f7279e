"""Issues: what is wrong in the facts, one row per cell, row or table, and how a person mends it."""

import difflib

import numpy as np
import pandas as pd

from sopkit.tables import PLANS

ISSUES = PLANS["data_issues"]
NOTHING = ISSUES.empty()
SEVERITIES = ("error", "warning", "notice")

# rule: (severity, what was done about it; for an error: how to mend it)
RULES = {
    "missing table": (
        "error",
        "add it as NAME.csv, NAME.parquet or the sheet NAME of workbook.xlsx",
    ),
    "table given twice": ("error", "keep one of the files"),
    "unreadable file": ("error", "save it again as UTF-8 CSV, parquet or xlsx"),
    "no rows": ("error", "fill in at least one row"),
    "missing column": ("error", "add the column, with its name in row 1"),
    "repeated column": ("error", "keep one column of that name"),
    "ragged row": (
        "error",
        "give the row as many cells as the header; put quotes around text that holds the separator",
    ),
    "blank": ("error", "fill in the cell"),
    "not a number": ("error", "write digits with a decimal point, without unit or currency"),
    "NaN or infinity": ("error", "leave the cell empty where the number is not known"),
    "not an ISO date": ("error", "write YYYY-MM-DD"),
    "impossible date": ("error", "correct the date; write YYYY-MM-DD"),
    "not one of": ("error", "use one of the words allowed"),
    "out of range": ("error", "correct the number"),
    "duplicate key": ("error", "keep one row per key, or add the rows up"),
    "unknown item": ("error", "correct the code, or add the item to items"),
    "unknown family": ("error", "correct the name, or give an item that family"),
    "unknown resource": ("error", "correct the name, or add the resource to resources"),
    "end before start": ("error", "correct one of the two dates"),
    "two scopes": ("error", "leave all but one of them blank"),
    "unreadable settings": ("error", "correct settings.toml"),
    "wrong setting": ("error", "correct the value in settings.toml"),
    "not UTF-8": ("warning", "read as cp1252 (Windows); save as UTF-8 if letters look wrong"),
    "empty file": ("warning", "read as if the table were absent"),
    "thousands separator": ("warning", "read without it"),
    "stray space": ("warning", "spaces around the text removed"),
    "summed duplicates": ("warning", "summed, as settings say (sum_duplicates)"),
    "redundant family": ("warning", "the item counts; the family is left out"),
    "blank family": ("warning", "read as (none)"),
    "blank market": ("warning", "read as (none)"),
    "blank strategy": ("warning", "read as stock"),
    "blank as_of": ("warning", "read as the day before the plan's first bucket"),
    "negative stock": ("warning", "counted as 0"),
    "negative order": ("warning", "line left out: a return is no order"),
    "overdue receipt": ("warning", "counted in the plan's first bucket"),
    "shipped before ordered": (
        "warning",
        "kept as found; left out of delivery and cycle-time metrics",
    ),
    "promised before ordered": ("warning", "kept as found; left out of delivery metrics"),
    "unknown market": (
        "warning",
        "kept as found; it changes nothing, since no history has that market",
    ),
    "unit jump": ("warning", "kept as found; check the unit of measure"),
    "bucket absent": ("warning", "read as zero for every item"),
    "bucket missing": ("warning", "read as zero"),
    "history ends early": ("warning", "forecast, and marked as an estimate"),
    "incomplete bucket": ("warning", "left out of the history and forecast instead"),
    "low volume": ("warning", "kept as found: a break in demand, or a cut in the file?"),
    "stale count": ("warning", "taken as the opening stock"),
    "no stock count": ("warning", "opening stock 0"),
    "unknown setting": ("warning", "ignored"),
    "unknown column": ("notice", "left out"),
    "unknown table": ("notice", "left out"),
    "absent table": ("notice", "planned without it"),
    "byte-order mark": ("notice", "skipped"),
    "absent column": ("notice", "default taken in every row"),
    "empty buckets": ("notice", "read as zero"),
    "stock not counted": ("notice", "left blank"),
    "never sold": ("notice", "planned without a statistical forecast"),
    "after the plan's month": ("notice", "not yet known then; left out"),
    "shipped after the plan's month": ("notice", "read as still open"),
    "count after the plan's start": ("notice", "taken as the opening stock"),
}


def found(rule, table, rows=0, column="", value="", problem="", done=None) -> pd.DataFrame:
    """Issues of one rule, one per row number (0 = the table), in the columns of ``data_issues``.

    ``value`` and ``problem`` are one text or one per row; ``done`` replaces the rule's own words.

    >>> found("unknown item", "orders", [7], "item", "P0O1", "is not in items").severity.tolist()
    ['error']
    """
    rows = np.atleast_1d(np.asarray(rows, dtype="int64"))
    if not len(rows):
        return NOTHING
    severity, words = RULES[rule]
    columns = dict(
        table=table,
        row=rows,
        column=column,
        rule=rule,
        severity=severity,
        value=value,
        problem=problem,
        done=words if done is None else done,
    )
    return pd.DataFrame(
        {
            name: np.broadcast_to(np.asarray(cells, dtype=object), len(rows))
            for name, cells in columns.items()
        }
    )


def together(frames) -> pd.DataFrame:
    """All issues in one frame, as found."""
    frames = [frame for frame in frames if len(frame)]
    return pd.concat(frames, ignore_index=True) if frames else NOTHING


def gather(frames) -> pd.DataFrame:
    """All issues in one ``data_issues`` table, sorted by key; a key found twice keeps its first
    row.
    """
    return ISSUES.conform(together(frames).drop_duplicates(list(ISSUES.key)))


def nearest(value, known) -> str:
    """A hint with the known name that looks most like ``value``; empty if none does.

    >>> nearest("P0O1", ["P001", "X900"])
    '; did you mean P001?'
    """
    close = difflib.get_close_matches(str(value), [str(name) for name in known], n=1, cutoff=0.5)
    return f"; did you mean {close[0]}?" if close else ""


def hints(values, known, most=20) -> np.ndarray:
    """A ``nearest`` hint per value, for the first ``most`` distinct values (the search is slow);
    empty for the rest.
    """
    codes, distinct = pd.factorize(pd.Series(values, dtype=object))
    words = [nearest(value, known) if place < most else "" for place, value in enumerate(distinct)]
    return np.array(words, dtype=object)[codes] if len(words) else np.array([], dtype=object)
