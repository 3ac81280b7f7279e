"""The grid: every series (item × market) by every bucket, as one array, and who belongs to which
scope.

A scope names an item, a family or (both blank) everything, in one market or (blank) in all. Scopes
of the same level never overlap, so each series has at most one scope per level: summing and
spreading are gathers, not loops.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from sopkit.buckets import Calendar

NONE = "(none)"
# From the finest to the coarsest: an item in a market … everything.
LEVELS = (("item", "market"), ("item",), ("family", "market"), ("family",), ("market",), ())


@dataclass(frozen=True)
class Level:
    """The rows of a scoped table at one level: ``scope`` numbers them, ``member`` is each series'
    scope or −1.
    """

    rows: np.ndarray
    scope: np.ndarray
    member: np.ndarray
    count: int


@dataclass(frozen=True)
class Grid:
    """``series`` (item, market, family; one row each, sorted) × ``buckets``; arrays on it are
    series × bucket.
    """

    series: pd.DataFrame
    buckets: pd.DatetimeIndex
    calendar: Calendar

    @property
    def shape(self) -> tuple[int, int]:
        """Number of series and of buckets."""
        return len(self.series), len(self.buckets)

    @cached_property
    def index(self) -> pd.MultiIndex:
        """The series as an index of (item, market)."""
        return pd.MultiIndex.from_frame(self.series[["item", "market"]])

    def find(self, items, markets) -> np.ndarray:
        """Number of the series of each (item, market), −1 where the grid has none."""
        if not len(self.series) or not len(items):
            return np.full(len(items), -1)
        return self.index.get_indexer(
            pd.MultiIndex.from_arrays(
                [np.asarray(items, dtype=object), np.asarray(markets, dtype=object)]
            )
        )

    def column(self, dates) -> np.ndarray:
        """Number of the bucket that holds each date, −1 outside the grid or blank."""
        dates = pd.Series(pd.DatetimeIndex(dates))
        column = np.full(len(dates), -1)
        known = dates.notna().to_numpy()
        if known.any() and len(self.buckets):
            column[known] = (
                self.calendar.number(dates[known]) - self.calendar.number(self.buckets[:1])[0]
            )
        return np.where((column >= 0) & (column < len(self.buckets)), column, -1)

    def array(self, frame, column) -> np.ndarray:
        """``frame[column]`` on the grid, summed where rows share a cell, 0 where there is none."""
        values = np.zeros(self.shape)
        row, at = self.find(frame["item"], frame["market"]), self.column(frame["bucket"])
        inside = (row >= 0) & (at >= 0)
        np.add.at(values, (row[inside], at[inside]), frame[column].to_numpy(dtype=float)[inside])
        return values

    def frame(self, **arrays) -> pd.DataFrame:
        """The arrays as columns of a long frame with item, market, bucket, in the grid's order."""
        count = len(self.buckets)
        keys = (
            self.series[["item", "market"]]
            .loc[self.series.index.repeat(count)]
            .reset_index(drop=True)
        )
        keys["bucket"] = np.tile(self.buckets.to_numpy(), len(self.series))
        return keys.assign(**{name: np.asarray(values).ravel() for name, values in arrays.items()})

    def levels(self, frame) -> list[Level]:
        """The rows of a scoped frame by level, finest first."""
        filled = {name: ~blank(frame, name) for name in ("item", "family", "market")}
        return [
            level for fields in LEVELS if (level := self._level(frame, fields, filled)) is not None
        ]

    def _level(self, frame, fields, filled):
        here = np.logical_and.reduce(
            [filled[name] if name in fields else ~filled[name] for name in filled]
        )
        rows = np.flatnonzero(here)
        if not len(rows):
            return None
        if not fields:
            return Level(
                rows, np.zeros(len(rows), dtype=int), np.zeros(len(self.series), dtype=int), 1
            )
        names = _index(frame.iloc[rows], fields)
        scopes = names.unique()
        return Level(
            rows,
            scopes.get_indexer(names),
            scopes.get_indexer(_index(self.series, fields)),
            len(scopes),
        )

    def gather(self, frame, values) -> np.ndarray:
        """Each series' sum of ``values`` (row of the scoped frame × any) over the rows whose scope
        holds it.
        """
        total = np.zeros((len(self.series), values.shape[1]))
        for level in self.levels(frame):
            inside = level.member >= 0
            total[inside] += fold(values[level.rows], level.scope, level.count)[
                level.member[inside]
            ]
        return total

    def covered(self, starts, ends) -> np.ndarray:
        """Share of each bucket's days from ``starts`` to ``ends`` (both counted; a blank end is
        open): row × bucket.

        >>> grid = grid_of(pd.DataFrame({"item": ["A"], "market": ["N"]}), Calendar("month").range("2026-11-01", 2), None, Calendar("month"))
        >>> grid.covered(pd.Series(["2026-11-16"]), pd.Series([None])).tolist()
        [[0.5, 1.0]]
        """
        first, last = self.buckets, self.calendar.last_day(self.buckets)
        starts = pd.DatetimeIndex(pd.to_datetime(starts)).to_numpy()[:, None]
        ends = (
            pd.DatetimeIndex(pd.to_datetime(ends))
            .fillna(pd.Timestamp.max.floor("D"))
            .to_numpy()[:, None]
        )
        day = np.timedelta64(1, "D")
        shared = (
            np.minimum(ends, last.to_numpy()) - np.maximum(starts, first.to_numpy())
        ) / day + 1
        return np.clip(shared / ((last - first) / day + 1).to_numpy(), 0, 1)


def grid_of(pairs, buckets, items, calendar) -> Grid:
    """The grid of the distinct (item, market) in ``pairs``, families looked up in ``items``
    (``(none)`` where unknown).
    """
    pairs = pairs[["item", "market"]].astype("object").fillna({"market": NONE})
    series = pairs.drop_duplicates().sort_values(["item", "market"], ignore_index=True)
    return Grid(
        series.assign(family=attribute(items, "family", series["item"]).fillna(NONE).to_numpy()),
        buckets,
        calendar,
    )


def attribute(items, name, codes) -> pd.Series:
    """The column ``name`` of ``items`` for each item code; blank where items or the column say
    nothing.
    """
    codes = pd.Series(codes).reset_index(drop=True)
    if items is None or name not in items.columns:
        return pd.Series([None] * len(codes), dtype="object")
    return codes.map(items.drop_duplicates("item").set_index("item")[name])


def blank(frame, name) -> np.ndarray:
    """Where a text column is empty; everywhere, if the frame has no such column."""
    if name not in frame.columns:
        return np.ones(len(frame), dtype=bool)
    return (frame[name].isna() | (frame[name].astype("object") == "")).to_numpy()


def fold(values, group, count) -> np.ndarray:
    """Sums of the rows of ``values`` by ``group`` number (−1 = in none): count × columns."""
    total = np.zeros((count, values.shape[1]))
    inside = group >= 0
    np.add.at(total, group[inside], values[inside])
    return total


def _index(frame, fields):
    columns = [frame[name].astype("object") for name in fields]
    return pd.MultiIndex.from_arrays(columns) if len(fields) > 1 else pd.Index(columns[0])
