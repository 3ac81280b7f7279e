"""The grid: series by buckets, the one way from long frames to arrays and back; and the one way to
say who and when.

A series is a row of key columns: an item in a market, an item, a resource. Arrays on a grid are
series × bucket. *Who* is a scope: a row that names an item, a family or (both blank) everything, in
one market or (blank) in all; for a family or market, a member of the company's hierarchy may stand
("brand: Alpha"). Scopes of the same level never overlap, so each series has at most one scope per
level: summing and spreading are gathers, not loops. *When* is a span of days: the share
of each bucket's days that it covers.
"""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from sopkit.buckets import Calendar

NONE = "(none)"
WHO = ("item", "family", "market")
DAY = pd.Timedelta(days=1)


def at_buckets(record, columns, **more):
    """A dataclass with its arrays by (…, bucket) taken at some columns, and ``more`` replaced."""
    held = {each.name: getattr(record, each.name) for each in dataclasses.fields(record)}
    arrays = {name: one[:, columns] for name, one in held.items() if np.ndim(one) == 2}
    return replace(record, **arrays | more)


@dataclass(frozen=True)
class Level:
    """The rows of a scoped table at one level: ``scope`` numbers them (0 to ``count`` − 1),
    ``member`` is each series' scope or −1.
    """

    rows: np.ndarray
    scope: np.ndarray
    member: np.ndarray
    count: int


@dataclass(frozen=True)
class Grid:
    """``series`` (one row each, sorted: the ``keys`` columns, and where these are items what they
    belong to: "family", "family: brand", "market: group") × ``buckets`` of the ``calendar``.

    >>> month = Calendar("month")
    >>> days = pd.to_datetime(["2026-12-01", "2026-12-24"])
    >>> rows = pd.DataFrame({"item": "A", "bucket": days, "units": [2.0, 3.0]})
    >>> grid = grid_of(rows, month.range("2026-11-01", 2), None, month, ("item",))
    >>> grid.array(rows, "units").tolist()
    [[0.0, 5.0]]
    >>> grid.frame(twice=2 * grid.array(rows, "units"))["twice"].tolist()
    [0.0, 10.0]
    """

    series: pd.DataFrame
    buckets: pd.DatetimeIndex
    calendar: Calendar
    keys: tuple[str, ...] = ("item", "market")

    @property
    def shape(self) -> tuple[int, int]:
        """Number of series and of buckets."""
        return len(self.series), len(self.buckets)

    @property
    def numbers(self) -> np.ndarray:
        """The calendar's number of each bucket."""
        return self.calendar.number(self.buckets)

    @property
    def days(self) -> np.ndarray:
        """Days of each bucket."""
        return ((self.calendar.last_day(self.buckets) - self.buckets) / DAY + 1).to_numpy()

    def over(self, numbers) -> "Grid":
        """The same series over other buckets, given by the calendar's numbers."""
        return replace(self, buckets=self.calendar.stamp(numbers))

    def only(self, rows) -> "Grid":
        """The grid of some of the series, by their numbers."""
        return replace(self, series=self.series.iloc[rows].reset_index(drop=True))

    def per_item(self) -> tuple["Grid", np.ndarray]:
        """The grid of the items alone, and the number of each series' item in it."""
        names = [name for name in self.series if cell_of(name) in WHO[:2]]
        items = self.series[names].drop_duplicates(ignore_index=True)
        grid = replace(self, series=items, keys=("item",))
        return grid, grid.find(self.series["item"])

    @cached_property
    def _levels(self):
        """Columns by level, from the finest to the coarsest: an item in a market … everything."""
        items, families, markets = (
            [(name,) for name in self.series if cell_of(name) == cell] for cell in WHO
        )
        return [who + where for who in (*items, *families, ()) for where in (*markets, ())]

    @cached_property
    def _words(self):
        """The words of each column that names series."""
        names = [name for name in self.series if name in self.keys or cell_of(name) in WHO]
        return {name: pd.Index(self.series[name].unique(), dtype=object) for name in names}

    @cached_property
    def _named(self):
        """The number that each series' words make, by the columns that name a level or a series."""
        return {fields: self._called(self.series, fields) for fields in [*self._levels, self.keys]}

    def _called(self, frame, fields):
        """What each row's words in some columns make: an index of numbers."""
        columns = [frame[name if name in frame else cell_of(name)] for name in fields]
        number = self._number(fields, columns)
        return pd.Index(np.broadcast_to(number, len(frame)))

    def _number(self, fields, columns):
        """One number for the words of each row in such columns; −1 where a word is unknown."""
        number = 0
        for name, column in zip(fields, columns):
            known = self._words[name]
            at = known.get_indexer(pd.Index(column, dtype=object))
            number = np.where((number < 0) | (at < 0), -1, number * len(known) + at)
        return number

    def find(self, *codes) -> np.ndarray:
        """Number of the series of each row, given one array per key; −1 where the grid has none."""
        return self._named[self.keys].get_indexer(self._number(self.keys, codes))

    def column(self, dates) -> np.ndarray:
        """Number of the bucket that holds each date, −1 outside the grid or blank."""
        dates = pd.Series(pd.DatetimeIndex(dates))
        column = np.full(len(dates), -1)
        known = dates.notna().to_numpy()
        if known.any() and len(self.buckets):
            column[known] = self.calendar.number(dates[known]) - self.numbers[0]
        return np.where((column >= 0) & (column < len(self.buckets)), column, -1)

    def array(self, frame, column) -> np.ndarray:
        """``frame[column]`` (a name, or one value for every row) on the grid, summed where rows
        share a cell, 0 where there is none; rows of other series or buckets are left out.
        """
        values = frame[column] if isinstance(column, str) else np.full(len(frame), column)
        row = self.find(*(frame[name] for name in self.keys))
        at = self.column(frame["bucket"])
        return summed(row, at, np.asarray(values, dtype=float), self.shape)

    def frame(self, **arrays) -> pd.DataFrame:
        """The arrays as columns of a long frame with the keys and bucket, in the grid's order."""
        count = len(self.buckets)
        keys = self.series[list(self.keys)].loc[self.series.index.repeat(count)]
        keys = keys.reset_index(drop=True)
        keys["bucket"] = np.tile(self.buckets.to_numpy(), len(self.series))
        return keys.assign(**{name: np.asarray(values).ravel() for name, values in arrays.items()})

    def levels(self, frame) -> Iterator[Level]:
        """The rows of a scoped frame by level, finest first; a family beside an item says nothing
        more, and a market nothing to a grid without markets.
        """
        columns = [name for name in self.series if cell_of(name) in WHO]
        told = {name: ~blank(frame, name) for name in columns}
        if "item" in told:
            told["family"] &= ~told["item"]
        for name, words in self._words.items():
            if name != (cell := cell_of(name)) and told[cell].any():
                words = words.difference(self._words[cell], sort=False)  # which come first
                told[name] = told[cell] & frame[cell].isin(words).to_numpy()
                told[cell] = told[cell] & ~told[name]
        for fields in self._levels:
            as_told = [there == (name in fields) for name, there in told.items()]
            rows = np.flatnonzero(np.logical_and.reduce(as_told))
            if len(rows):
                names = self._called(frame.iloc[rows], fields)
                scopes = names.unique()  # all strangers are one: they hold no series
                member = scopes.get_indexer(self._named[fields])
                yield Level(rows, scopes.get_indexer(names), member, len(scopes))

    def holds(self, frame) -> np.ndarray:
        """Which series the scope of each row holds: row × series, True or False."""
        held = np.zeros((len(frame), len(self.series)), dtype=bool)
        for level in self.levels(frame):
            held[level.rows] = level.member == level.scope[:, None]
        return held

    def reached(self, frame) -> np.ndarray:
        """Which series the scope of any row holds: True or False by series."""
        none = np.zeros(len(self.series), dtype=bool)
        return np.any([none, *(level.member >= 0 for level in self.levels(frame))], axis=0)

    def gather(self, frame, values) -> np.ndarray:
        """Each series' sum of ``values`` (row of the scoped frame × any) over the rows whose scope
        holds it.
        """
        total = np.zeros((len(self.series), values.shape[1]))
        for level in self.levels(frame):
            inside = level.member >= 0
            summed = fold(values[level.rows], level.scope, level.count)
            total[inside] += summed[level.member[inside]]
        return total

    def covered(self, starts, ends) -> np.ndarray:
        """Share of each bucket's days from ``starts`` to ``ends`` (both counted; a blank end is
        open): row × bucket.

        >>> month, item = Calendar("month"), pd.DataFrame({"item": ["A"]})
        >>> grid = grid_of(item, month.range("2026-11-01", 2), None, month, ("item",))
        >>> grid.covered(pd.Series(["2026-11-16"]), pd.Series([None])).tolist()
        [[0.5, 1.0]]
        """
        starts = pd.DatetimeIndex(pd.to_datetime(starts)).to_numpy()[:, None]
        ends = pd.DatetimeIndex(pd.to_datetime(ends)).fillna(pd.Timestamp.max.floor("D"))
        last = self.calendar.last_day(self.buckets).to_numpy()
        shared = np.minimum(ends.to_numpy()[:, None], last) - np.maximum(starts, self.buckets)
        return np.clip((shared / DAY + 1) / self.days, 0, 1)


def grid_of(rows, buckets, members, calendar, keys=("item", "market")) -> Grid:
    """The grid of the distinct ``keys`` in ``rows`` (a blank market is ``(none)``), with what they
    belong to, by its ``members`` (``Book.members``); columns of many come before those of few.

    >>> rows, month = pd.DataFrame({"item": ["A", "B"], "market": "N"}), Calendar("month")
    >>> brands = {"family: brand": pd.Series({"A": "brand: Alpha"}, name="brand: –")}
    >>> brands |= {"family": pd.Series({"A": "F", "B": "F"})}
    >>> grid = grid_of(rows, month.range("2026-11-01", 1), brands, month)
    >>> grid.holds(pd.DataFrame({"family": ["brand: –"]})).tolist()
    [[False, True]]
    """
    series = rows[list(keys)].astype("object").fillna({"market": NONE})
    series = series.drop_duplicates().sort_values(list(keys), ignore_index=True)
    series = belonging(series, members or {})
    order = sorted(series.columns.drop([*keys]), key=lambda name: -series[name].nunique())
    return Grid(series[[*keys, *order]], buckets, calendar, tuple(keys))


def belonging(frame, members) -> pd.DataFrame:
    """The frame with a column for whatever its items and markets belong to by the ``members`` (see
    ``Book.members``) and does not stand there yet; of what is unknown the name of these.
    """
    told = {}
    for name, words in members.items():
        key = "item" if cell_of(name) == "family" else "market"
        if key in frame and name not in frame:
            told[name] = frame[key].map(words).astype("object").fillna(words.name)
    return frame.assign(**told)


def cell_of(name) -> str:
    """The cell of a scope in which the words of a column may stand.

    >>> cell_of("family: brand"), cell_of("market")
    ('family', 'market')
    """
    return name.partition(": ")[0]


def attribute(items, name, codes) -> pd.Series:
    """The column ``name`` of the declared ``items`` for each item code; blank for what is none."""
    told = items.drop_duplicates("item").set_index("item")[name]
    return told.reindex(codes).reset_index(drop=True)


def blank(frame, name) -> np.ndarray:
    """Where a text column is empty; everywhere, if the frame has no such column."""
    if name not in frame.columns:
        return np.ones(len(frame), dtype=bool)
    return frame[name].to_numpy(dtype=object, na_value="") == ""


def summed(rows, columns, values, shape) -> np.ndarray:
    """The values summed into the (row, column) cells of an array; what lies outside is left out.

    >>> summed(np.array([0, 0, -1]), np.array([1, 1, 0]), np.arange(3.0), (1, 2)).tolist()
    [[0.0, 1.0]]
    """
    inside = (rows >= 0) & (rows < shape[0]) & (columns >= 0) & (columns < shape[1])
    cells = rows[inside] * shape[1] + columns[inside]
    sums = np.bincount(cells, values[inside], shape[0] * shape[1])
    return sums.reshape(shape).astype(float)  # of nothing, numpy counts in whole numbers


def fold(values, group, count) -> np.ndarray:
    """Sums of the rows of ``values`` by ``group`` number (−1 = in none): count × columns.

    >>> fold(np.array([[1.0], [2.0], [4.0]]), np.array([1, -1, 1]), 2).tolist()
    [[0.0], [5.0]]
    """
    width = values.shape[1]
    columns = np.tile(np.arange(width), len(values))
    return summed(np.repeat(group, width), columns, values.ravel(), (count, width))
