"""What is counted, and in what: rows of a family or market, units or money. Items that are counted
in different units are only added in money.
"""

from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from sopkit.buckets import Calendar
from sopkit.charts.table import Block, show
from sopkit.charts.words import clean, is_money, scale
from sopkit.grid import belonging
from sopkit.metrics import Book
from sopkit.metrics.scopes import per_item, within

# worth what it costs everywhere
STOCK = {"on_hand", "projected_available", "safety_stock", "issued"}


@dataclass(frozen=True)
class View:
    """What charts and page tables know beside the frame that they show: the ``book`` of the plan,
    with its items, prices (the list prices where it has none), currency and calendar.
    """

    book: Book

    @property
    def items(self) -> pd.DataFrame:
        """The table ``items``."""
        return self.book.items

    @cached_property
    def parts(self) -> set:
        """The items that others are made of, and nobody wants by themselves."""
        wanted = self.book.demand_plan.query("consensus > 0")["item"]
        return {*self.book.components["child"]} - {*wanted}

    @property
    def currency(self) -> str:
        """The company's currency."""
        return self.book.settings["currency"]

    @property
    def calendar(self) -> Calendar:
        """How time is cut."""
        return self.book.calendar

    def show(self, frame: pd.DataFrame, *told, **more) -> Block:
        """The frame as a page table (``show``), in the plan's currency and calendar."""
        return show(frame, *told, currency=self.currency, calendar=self.calendar, **more)

    def next_year(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The rows of the next year of a plan; fewer where its horizon is shorter."""
        return frame[frame["bucket"].isin(self.calendar.next_year(frame["bucket"]))]

    def chosen(self, frame, *, item=None, family=None, market=None) -> pd.DataFrame:
        """The rows of one item, family or market (or member of the hierarchy); all rows where
        nothing is named, but of a supply plan: what is only made or bought to be a part of others
        counts in these.
        """
        if "issued" in frame and not (item or family):
            return frame[~frame["item"].isin(self.parts)]
        for cell, name in (("item", item), ("family", family), ("market", market)):
            frame = frame[self.book.inside(frame, cell, name)] if name else frame
        return frame

    def addable(self, frame, columns, *, money: bool = False, **choice) -> tuple[pd.DataFrame, str]:
        """The chosen rows with ``columns`` in a unit that may be added, and that unit: the items'
        own, or else the currency, as ``valued``.

        Returns the unit "" where items differ in unit and lack a price: nothing can be added then.

        >>> items = pd.DataFrame({"item": ["A", "B"], "unit": ["pcs", "m"], "price": [2.0, 3.0]})
        >>> frame = pd.DataFrame({"item": ["A", "B"], "demand": [10.0, 10.0]})
        >>> out, unit = View(Book({"items": items})).addable(frame, ["demand"])
        >>> out.demand.tolist(), unit
        ([20.0, 30.0], 'EUR')
        """
        frame = self.chosen(frame, **choice)
        units = self._units(frame)
        if len(units) <= 1 and not money:
            return frame, self.unit(frame)
        if not (self.price(frame) > 0).any():
            return frame, ""
        return self.valued(frame, columns), self.currency

    def unit(self, frame) -> str:
        """What all items of the frame are counted in; "units" where that differs or is not said."""
        units = self._units(frame)
        return clean(units[0], 12) or "units" if len(units) == 1 else "units"

    def _units(self, frame):
        return self.items.loc[self.items["item"].isin(frame["item"].unique()), "unit"].unique()

    def valued(self, frame: pd.DataFrame, columns) -> pd.DataFrame:
        """The frame with ``columns`` in money: stock at standard cost, all else at the ``price`` of
        each row.
        """
        price, cost = self.price(frame), per_item(frame, self.book.cost)
        worth = {name: frame[name] * (cost if name in STOCK else price) for name in columns}
        return frame.assign(**worth)

    def price(self, frame: pd.DataFrame) -> pd.Series:
        """The price of each row: the plan's of its item, market and bucket, and outside the plan
        (history) the item's mean price; the frame's own column where it has one.
        """
        if "price" in frame:
            return frame["price"]
        price = self.book.priced(frame)["price"].set_axis(frame.index)
        if "prices" not in self.book:
            return price
        known = self.book.prices if "market" in frame else self.book.item_prices
        usual = frame["item"].map(known.groupby("item")["price"].mean())
        return price.where(frame["bucket"].isin(known["bucket"]), usual.fillna(0.0))

    def families(self, demand_plan: pd.DataFrame, most: int = 12, by: str = "family") -> list[str]:
        """The families (or markets, or members of the hierarchy, ``by`` their column) in which
        something is wanted, by planned money, at most so many.
        """
        wanted = belonging(self.valued(demand_plan, ["consensus"]), self.book.members)
        worth = wanted[demand_plan["consensus"] > 0].groupby(by)["consensus"].sum()
        return worth.sort_values(ascending=False, kind="stable").index[:most].tolist()


def scope(item=None, family=None, market=None) -> str:
    """What is shown, in words.

    >>> scope(item="P-300", market="North"), scope(family="pumps"), scope()
    ('P-300, North', 'pumps, all markets', 'All items, all markets')
    """
    what = item or family or "All items"
    return f"{clean(what, 40)}, {clean(market or 'all markets', 30)}"


def by_bucket(frame: pd.DataFrame, columns):
    """Sums by bucket; a bucket in which every value is unknown stays unknown."""
    return frame.groupby("bucket")[columns].sum(min_count=1)


def last_and_next(view, family):
    """A family's demand by bucket in the last and in the next year, in what may be added, and its
    unit.
    """
    book = view.book
    sold, unit = view.addable(book.history, ["demand"], family=family)
    ahead, _ = view.addable(book.demand_plan, ["consensus"], family=family)
    sold = by_bucket(sold, "demand").reindex(book.before(len(book.year)))
    return sold, by_bucket(ahead, "consensus").reindex(book.year), unit


def year_before(view, table):
    """A past table's rows of the year before the plan."""
    return within(getattr(view.book, table), view.book.before(view.calendar.per_year))


def readable_unit(values, unit: str) -> tuple[float, str]:
    """Divisor and name of the unit in which a chart shows values: money is scaled, units stay.

    >>> readable_unit([40_000.0], "EUR"), readable_unit([40_000.0], "pcs")
    ((1000.0, 'k€'), (1.0, 'pcs'))
    """
    return scale(values, unit) if is_money(unit) else (1.0, unit)


def lacking(rows, feed: str) -> str:
    """What a chart needs that has nothing to show: rows (``feed`` says whence), or prices."""
    if rows.empty:
        return feed
    return "items differ in unit and have no price: fill items.price, or look at one family"
