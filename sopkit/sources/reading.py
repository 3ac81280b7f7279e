"""A reading in progress: tables indexed by their row in the file, what settings say, and the issues
so far.
"""

from dataclasses import dataclass, field

import pandas as pd

from sopkit.buckets import Calendar
from sopkit.sources.issues import found


@dataclass
class Reading:
    """The workbench on which checks and repairs act; ``headers`` are the column names of each table
    that has rows.
    """

    tables: dict[str, pd.DataFrame]
    settings: dict
    calendar: Calendar
    headers: dict[str, list[str]]
    month: str | None = None
    issues: list[pd.DataFrame] = field(default_factory=list)
    first: pd.Timestamp | None = None

    def say(self, rule, table, rows=0, column="", value="", problem="", done=None):
        """Note an issue; see ``issues.found``."""
        self.issues.append(found(rule, table, rows, column, value, problem, done))

    def say_of(self, rule, table, bad, column, problem, done=None):
        """Note an issue for every row of ``table`` where the mask ``bad`` is true, with the value
        of ``column``.
        """
        frame = self.tables[table]
        cells = frame.loc[bad, column] if column else pd.Series("", index=frame.index[bad])
        if len(cells):
            self.say(rule, table, cells.index, column, as_written(cells), problem, done)

    @property
    def present(self) -> frozenset[str]:
        """Names of the tables that have rows."""
        return frozenset(self.headers)

    @property
    def eve(self) -> pd.Timestamp:
        """The day before the first bucket."""
        return self.first - pd.Timedelta(days=1)


def as_written(cells) -> list[str]:
    """Cells as a person would write them: whole numbers without decimals, dates without time,
    blanks empty.

    >>> as_written(pd.Series([5.0, 2.5, None])), as_written(pd.Series(pd.to_datetime(["2026-11-01"])))
    (['5', '2.5', ''], ['2026-11-01'])
    """
    if cells.dtype.kind == "M":
        return cells.dt.strftime("%Y-%m-%d").fillna("").tolist()
    if cells.dtype.kind == "f":
        return ["" if number != number else f"{number:.10g}" for number in cells]
    return cells.astype("str").fillna("").tolist()
