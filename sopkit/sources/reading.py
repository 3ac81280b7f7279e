"""A reading in progress: tables indexed by their row in the file, what settings say, and the issues
so far.
"""

from dataclasses import dataclass

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
    month: str | None
    issues: list[pd.DataFrame]
    first: pd.Timestamp | None = None

    def say(self, rule, table, rows=0, column="", value="", problem="", done=None):
        """Note an issue; see ``issues.found``."""
        self.issues.append(found(rule, table, rows, column, value, problem, done))

    def say_of(self, rule, table, bad, column, problem, done=None):
        """Note an issue for every row of ``table`` where the mask ``bad`` is true, with the value
        of ``column``.
        """
        cells = self.tables[table].loc[bad, column]
        self.say(rule, table, cells.index, column, as_written(cells), problem, done)

    def fill(self, table, column, where, value):
        """The cells of a column where the mask is true become ``value``."""
        frame = self.tables[table]
        self.tables[table] = frame.assign(**{column: frame[column].mask(where, value)})

    @property
    def present(self) -> frozenset[str]:
        """Names of the tables that have rows."""
        return frozenset(self.headers)

    @property
    def refused(self) -> set[str]:
        """Names of the tables with an error."""
        return {
            name
            for frame in self.issues
            for name in frame.loc[frame["severity"] == "error", "table"].unique()
        }


def as_written(cells) -> list[str]:
    """Cells as a person would write them: whole numbers without decimals, dates without time,
    blanks empty.

    >>> as_written(pd.Series([5.0, 2.5, None]))
    ['5', '2.5', '']
    >>> as_written(pd.Series(pd.to_datetime(["2026-11-01"])))
    ['2026-11-01']
    """
    if cells.dtype.kind == "M":
        return cells.dt.strftime("%Y-%m-%d").fillna("").tolist()
    if cells.dtype.kind == "f":
        return ["" if pd.isna(number) else f"{number:.10g}" for number in cells]
    return cells.astype("str").fillna("").tolist()
