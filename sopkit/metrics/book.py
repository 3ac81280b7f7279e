"""The book of a plan: every table by name, complete, and what follows from several of them,
worked out once.
"""

from functools import cached_property

import numpy as np
import pandas as pd

from sopkit.buckets import Calendar, infer_calendar
from sopkit.grid import NONE, belonging, cell_of
from sopkit.metrics.cost import parts_cost, standard_cost, with_unit_cost
from sopkit.metrics.scopes import invoiced, item_prices, per_item, priced, weights
from sopkit.metrics.stages import COMPANY
from sopkit.tables import INPUTS, LEDGER, PLANS, inputs_of, settled

MARK = "\t"  # between an item and its market in one code
NAMED = ("item", "like_item")
CELLS = {"items": "family", "markets": "market"}  # where what they belong to may stand
PLANNED = ("demand_plan", "supply_plan", "capacity_plan", "financial_plan")
OTHER = {"released_forecasts": "demand_plan", "released_supply": "supply_plan"}


class Book:
    """Every table that a measure may ask for: ``book.orders`` (an input, its blanks filled as
    declared), ``book.supply_plan``, ``book.last_demand_plan`` (of the latest release),
    ``book.released_forecasts`` and ``book.released_supply`` (every release's rows of demand_plan
    and supply_plan, with their lag: 1 = the first bucket then planned); what is absent has no row.

    ``given`` holds frames by name, ``read`` (name → frame or None) finds the others when they are
    asked for. ``settings``, ``calendar`` and ``first`` (the plan's first bucket) have defaults.

    >>> book = Book({"items": pd.DataFrame({"item": ["A"], "unit_cost": [4.0]})},
    ...     first="2026-11-01")
    >>> book.items["strategy"].tolist(), len(book.orders), "orders" in book, book.cost.to_dict()
    (['stock'], 0, False, {'A': 4.0})
    """

    def __init__(self, given=None, read=None, *, first=None, settings=None, calendar=None):
        self.given, self.read, self.rows = dict(given or {}), read or {}.get, {}
        self.settings = settled(settings)
        if first is not None:
            self.first = pd.Timestamp(first)
        if calendar is not None:
            self.calendar = calendar

    def also(self, **tables):
        """The book, which holds these tables from now on."""
        self.given |= tables
        for name in tables:
            self.__dict__.pop(name, None)
            self.rows.pop(name, None)
        return self

    def __contains__(self, name):
        """Whether the table was given or can be read."""
        return self._found(name) is not None

    def _found(self, name):
        if name not in self.given:
            self.given[name] = self.read(name)
        return self.given[name]

    def __getattr__(self, name):
        plan = name.removeprefix("last_")
        if name.startswith("_") or not {name, plan} & {*INPUTS, *PLANS, *LEDGER, *OTHER}:
            raise AttributeError(f"a book has no table {name!r}")
        frame = self._found(name)
        if name in INPUTS:
            frame = inputs_of(self.settings)[name].filled(frame)
        elif frame is None and name in OTHER:
            frame = PLANS[OTHER[name]].empty().assign(lag=pd.Series(dtype="int64"))
        elif frame is None:
            frame = (LEDGER | PLANS)[plan].empty()
        setattr(self, name, frame)
        return frame

    def typed(self, name) -> pd.DataFrame:
        """An input table whose blanks stay: for rows that fill each other's first."""
        return INPUTS[name].typed(self._found(name))

    @cached_property
    def buckets(self) -> pd.DatetimeIndex:
        """The planned buckets, in order."""
        found = next((t for t in map(self.__getattr__, PLANNED) if len(t)), PLANS["kpis"].empty())
        return pd.DatetimeIndex(np.unique(pd.DatetimeIndex(found["bucket"])))

    @cached_property
    def first(self) -> pd.Timestamp:
        """The plan's first bucket."""
        return self.buckets[0]

    @cached_property
    def calendar(self) -> Calendar:
        """How time is cut."""
        return infer_calendar(self.buckets if len(self.buckets) else [self.first])

    def before(self, count) -> pd.DatetimeIndex:
        """The last ``count`` buckets before the plan."""
        return self.calendar.range(self.calendar.shift(self.first, -count), count)

    def at(self, step) -> pd.Timestamp:
        """The bucket that a step is about: the last closed one in step 1, then the plan's first."""
        return self.first if step > 1 else self.before(1)[0]

    @property
    def year(self) -> pd.DatetimeIndex:
        """The planned buckets of the next year."""
        return self.calendar.next_year(self.buckets)

    @cached_property
    def family(self) -> pd.Series:
        """Family by item."""
        return self.items.set_index("item")["family"]

    @cached_property
    def cost(self) -> pd.Series:
        """Standard cost of a unit by item, in money."""
        return standard_cost(*self._costing).set_index("item")["standard_cost"]

    @cached_property
    def material(self) -> pd.Series:
        """Material and parts of a unit by item, in money."""
        return with_unit_cost(*self._costing).set_index("item")["unit_cost"]

    @cached_property
    def own_material(self) -> pd.Series:
        """Material of a unit by item, without the parts that are items themselves, in money."""
        parts = parts_cost(self.items, self.cost[self.items["item"]], self.components)
        return (self.material - parts.to_numpy()).clip(lower=0.0)

    @property
    def _costing(self):
        return self.items, self.bill_of_resources, self.typed("resources"), self.components

    @cached_property
    def weight(self) -> pd.Series:
        """What a unit of each item counts in a total: 1, or its standard cost where items differ in
        their unit of measure.
        """
        return weights(self.items, self.cost)

    @cached_property
    def list_price(self) -> pd.Series:
        """List price by item, 0 where blank."""
        return self.items.set_index("item")["price"].fillna(0.0)

    @cached_property
    def invoiced(self) -> pd.DataFrame:
        """The sales as they were invoiced: item, market, bucket, quantity, revenue."""
        return invoiced(self)

    @cached_property
    def item_prices(self) -> pd.DataFrame:
        """What a unit brings, by item and bucket, over markets."""
        return item_prices(self.prices, self.demand_plan)

    def priced(self, frame) -> pd.DataFrame:
        """The frame with the plan's ``price`` of each row (of its market where it has one); the
        list price in a book without prices.
        """
        if "prices" not in self:
            return frame.assign(price=per_item(frame, self.list_price))
        return priced(frame, self.prices if "market" in frame else self.item_prices)

    def of_family(self, family) -> "Book":
        """The book of one family, or member of the hierarchy: of every table the rows of its
        items, of itself or in its scope.

        >>> items = pd.DataFrame({"item": ["A", "B"], "family": ["Pumps", "Valves"]})
        >>> Book({"items": items}, first="2026-11-01").of_family("Pumps").items["item"].tolist()
        ['A']
        """

        def read(name):
            frame, rows = self._found(name), self._rows_by_family(name)
            if rows is None:
                return frame
            if family in rows or "item" not in frame:
                return frame.take(rows.get(family, []))
            return frame[self.inside(frame, "family", family)]

        first, settings, calendar = self.first, self.settings, self.calendar
        book = Book(read=read, first=first, settings=settings, calendar=calendar)
        book.buckets, book.cost = self.buckets, self.cost
        return book

    def of_markets(self) -> "Book":
        """The book in which each item of a market is an item of its own; ``pairs`` (code, item,
        market) says what its codes are.

        >>> plan = pd.DataFrame({"item": "A", "market": ["N", "S"], "consensus": [1.0, 2.0]})
        >>> plan["bucket"] = pd.Timestamp("2026-11-01")
        >>> Book({"demand_plan": plan}, first="2026-11-01").of_markets().pairs["market"].tolist()
        ['N', 'S']
        """
        pairs = self.demand_plan[["item", "market"]].drop_duplicates(ignore_index=True)
        pairs = pairs.assign(code=pairs["item"] + MARK + pairs["market"])

        def read(name):
            frame = self._found(name)
            if frame is None or "item" not in frame:
                return frame
            if name == "items":  # where a market is one of the hierarchy's
                frame = frame.drop(columns="market", errors="ignore")
            if "market" not in frame:
                frame = frame.merge(pairs, on="item").drop(columns="code")
            codes = {of: frame[of] + MARK + frame["market"] for of in NAMED if of in frame}
            return frame.assign(**codes)

        book = Book(read=read, first=self.first, settings=self.settings, calendar=self.calendar)
        book.pairs, book.cost = pairs, pd.Series(dtype=float)
        return book

    def of_last(self) -> "Book":
        """The book of last cycle's release: its plan tables, with this cycle's facts.

        >>> plan = pd.DataFrame({"item": ["A"], "consensus": [9.0]})
        >>> Book({"last_demand_plan": plan}, first="2026-11-01").of_last().demand_plan is plan
        True
        """
        read = lambda name: self._found(f"last_{name}" if name in PLANS else name)
        return Book(read=read, first=self.first, settings=self.settings, calendar=self.calendar)

    def _rows_by_family(self, name):
        """Places of a table's rows by family or scope; None for a table of neither."""
        if name not in self.rows:
            frame = self._found(name)
            whose = None if frame is None else frame.get("family", frame.get("scope"))
            if frame is not None and "item" in frame:
                whose = frame["item"].map(self.family)
            self.rows[name] = None if whose is None else frame.groupby(whose).indices
        return self.rows[name]

    def by_family(self, frame) -> pd.DataFrame:
        """The frame with a ``family`` column, of its items if it has none; ``(none)`` where an item
        is unknown.
        """
        if "family" in frame:
            return frame
        return frame.assign(family=frame["item"].map(self.family).fillna(NONE))

    @cached_property
    def members(self) -> dict[str, pd.Series]:
        """What items and markets belong to: their family, and by the setting ``hierarchy`` what
        may stand for it or for a market, as it is named there; the name of each of these is what
        those are in that it does not list.

        >>> items = pd.DataFrame({"item": ["A", "B"], "brand": ["Alpha", None]})
        >>> book = Book({"items": items}, settings={"hierarchy": {"items": ["brand"]}})
        >>> book.members["family: brand"].to_dict()
        {'A': 'brand: Alpha', 'B': 'brand: –'}
        """
        found = {"family": self.family.rename(NONE)}
        for table, columns in self.settings["hierarchy"].items():
            rows = getattr(self, table)
            rows = rows.set_index(rows.columns[0], drop=False)
            for column in columns:
                words = rows[column].astype("str").replace("", None).fillna("–")
                words = f"{column}: " + words
                found[f"{CELLS[table]}: {column}"] = words.rename(f"{column}: –")
        return found

    def known(self, cell) -> set[str]:
        """The families, and what else may stand where a family (or a market) may."""
        told = [words for name, words in self.members.items() if cell_of(name) == cell]
        return ({words.name for words in told} - {NONE}).union(*told)

    def inside(self, frame, cell, name) -> pd.Series:
        """Which rows are of the family (or market) of that name, else of such a member.

        >>> items = pd.DataFrame({"item": ["A", "B"], "brand": ["Alpha", None]})
        >>> book = Book({"items": items}, settings={"hierarchy": {"items": ["brand"]}})
        >>> book.inside(items, "family", "brand: –").tolist()
        [False, True]
        """
        mine = {of: words for of, words in self.members.items() if cell_of(of) == cell}
        told = belonging(frame, mine)
        held = (told[of] == name for of in (cell, *mine) if of in told)
        return next((rows for rows in held if rows.any()), pd.Series(False, frame.index))

    def by_scope(self, frame) -> pd.DataFrame:
        """Every row twice: once with scope = company, once with scope = its family (its item's).

        A family that bears the company's name is marked, so that the two never sum.

        >>> book = Book({"items": pd.DataFrame({"item": ["A"], "family": ["Pumps"]})})
        >>> rows = book.by_scope(pd.DataFrame({"item": ["A"], "units": [3]}))
        >>> rows[["scope", "units"]].values.tolist()
        [['company', 3], ['Pumps', 3]]
        """
        rows = self.by_family(frame)
        family = rows["family"].where(rows["family"] != COMPANY, "company (family)")
        return pd.concat([rows.assign(scope=COMPANY), rows.assign(scope=family)], ignore_index=True)


def once(function):
    """The function of a book, worked out once for each book."""

    def kept(book):
        if function not in book.__dict__:
            book.__dict__[function] = function(book)
        return book.__dict__[function]

    return kept


def registry(kind):
    """Entries by name, and the decorator that makes a function one of them: ``kind`` of the
    function and what the decorator was given.

    >>> shapes, shape = registry(lambda function, corners: (corners, function.__doc__))
    >>> @shape(4)
    ... def square():
    ...     "equal sides"
    >>> shapes
    {'square': (4, 'equal sides')}
    """
    entries = {}

    def declare(*given, **named):
        def register(function):
            entries[function.__name__] = kind(function, *given, **named)
            return function

        return register

    return entries, declare
