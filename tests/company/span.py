"""The months of the sample: its history, and the future that budgets and capacities are drawn up
for.
"""

from dataclasses import dataclass
from zlib import crc32

import numpy as np
import pandas as pd

AHEAD = 38  # months drawn beyond the history: the longest horizon in use (36) and a little


@dataclass(frozen=True)
class Span:
    """``past`` months of history that end with ``end`` (first day of the last month), then
    ``AHEAD`` more.

    >>> Span(pd.Timestamp("2026-10-01"), 48).date(48).date().isoformat()
    '2026-11-01'
    """

    end: pd.Timestamp
    past: int

    @property
    def months(self) -> np.ndarray:
        """Every month, past and ahead, as ``datetime64[M]``."""
        return np.datetime64(self.end, "M") - self.past + 1 + np.arange(self.past + AHEAD)

    @property
    def buckets(self) -> np.ndarray:
        """First day of every month, past and ahead."""
        return self.months.astype("datetime64[D]").astype("datetime64[us]")

    @property
    def month_of_year(self) -> np.ndarray:
        """Month of the year of every month, 0 = January."""
        return self.months.astype(int) % 12

    @property
    def year(self) -> np.ndarray:
        """Calendar year of every month."""
        return self.months.astype(int) // 12 + 1970

    @property
    def last_day(self) -> pd.Timestamp:
        """Last day of the history."""
        return self.end + pd.offsets.MonthEnd(1)

    def date(self, place: int, *, last: bool = False) -> pd.Timestamp:
        """First (or last) day of the month at ``place``; ``past`` is the first month ahead."""
        first = self.end + pd.DateOffset(months=int(place) - self.past + 1)
        return first + pd.offsets.MonthEnd(1) if last else first

    def overlap(self, starts_on, ends_on) -> np.ndarray:
        """Fraction of each month's days that lies between two days, both counted."""
        first = self.months.astype("datetime64[D]")
        after = (self.months + 1).astype("datetime64[D]")
        begin, stop = np.datetime64(starts_on, "D"), np.datetime64(ends_on, "D") + 1
        days = (np.minimum(after, stop) - np.maximum(first, begin)).astype(int)
        return np.maximum(days, 0) / (after - first).astype(int)


def stream(seed: int, name: str) -> np.random.Generator:
    """An independent random stream for each named part, so that changing one part leaves the others
    alone.
    """
    return np.random.default_rng([seed, crc32(name.encode())])
