"""Rows of ``data_issues``: what was repaired, left out or cut, in words that a person can act
on.
"""

import pandas as pd

from sopkit.tables import PLANS


def issue(table, column, rule, problem, done, *, value="", severity="warning") -> dict:
    """One row of ``data_issues``; row 0: it speaks of the whole table."""
    return {
        "table": table,
        "row": 0,
        "column": column,
        "rule": rule,
        "severity": severity,
        "value": str(value),
        "problem": problem,
        "done": done,
    }


def counted(names, table, column, rule, problem, done, **more) -> list[dict]:
    """The one issue that counts and names what has a problem; none where nothing has.

    >>> counted(["Fair"], "events", "uplift", "unknown", "events have no uplift", "0")[0]["problem"]
    '1 events have no uplift: Fair'
    >>> counted([], "events", "uplift", "unknown", "events have no uplift", "0")
    []
    """
    said = f"{len(names)} {problem}: {named(names)}"
    row = issue(table, column, rule, said, done, **{"value": len(names)} | more)
    return [row] if len(names) else []


def issues_frame(rows) -> pd.DataFrame:
    """The rows as the declared table ``data_issues``."""
    table = PLANS["data_issues"]
    return table.conform(pd.DataFrame(list(rows), columns=table.names)) if rows else table.empty()


def named(values, most=5) -> str:
    """The first few names of a list, for a message.

    >>> named(["A", "B", "A", "C"], most=2)
    'A, B and 1 more'
    """
    names = list(dict.fromkeys(str(value) for value in values))
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest} more" if rest > 0 else "")
