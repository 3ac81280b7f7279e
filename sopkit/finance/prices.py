"""What a unit brings: the list price, the realised one, or the event's."""

import numpy as np
import pandas as pd

from sopkit.grid import grid_of
from sopkit.metrics.stages import CELL
from sopkit.tables import PLANS


def prices(book) -> pd.DataFrame:
    """The declared ``prices``: money per unit of every cell of the demand plan, and its source.

    ``settings.price`` chooses list or realised (Σ revenue ÷ Σ quantity of the last year before the
    plan, or of all history where the last year sold nothing); each stands in for the other where
    that is blank, and source ``none`` (price 0) marks an item that has neither. An event with a
    price replaces it for the share of the bucket's days that the event covers, in the markets that
    it covers. An item without demand has its price in every bucket, in the market ``(none)``.

    >>> from sopkit.metrics import Book
    >>> items = pd.DataFrame({"item": ["A"], "price": [10.0]})
    >>> buckets = pd.to_datetime(["2026-11-01", "2026-12-01"])
    >>> plan = pd.DataFrame({"item": "A", "market": "N", "bucket": buckets, "consensus": 5.0})
    >>> sale = pd.DataFrame({"event": ["sale"], "item": ["A"], "starts_on": ["2026-11-01"],
    ...                      "ends_on": ["2026-11-15"], "price": [8.0]})
    >>> book = Book({"items": items, "demand_plan": plan, "events": sale})
    >>> prices(book)[["price", "source"]].values.tolist()
    [[9.0, 'event'], [10.0, 'list']]
    """
    plan = book.demand_plan
    idle = book.items.loc[~book.items["item"].isin(plan["item"]), ["item"]].assign(market="(none)")
    idle = idle.merge(pd.DataFrame({"bucket": book.buckets}), how="cross")
    grid = pd.concat([plan[CELL], idle]).merge(_usual(book), on="item", how="left")
    grid = grid.fillna({"price": 0.0, "source": "none"})
    grid = grid.merge(_event_prices(book, grid), on=CELL, how="left")
    grid = grid.fillna({"share": 0.0, "money": 0.0})
    grid["price"] = grid["price"] * (1 - grid["share"]) + grid["money"]
    grid["source"] = grid["source"].where(grid["share"] == 0, "event")
    return PLANS["prices"].conform(grid[PLANS["prices"].names])


def realised_price(book) -> pd.Series:
    """Σ revenue ÷ Σ quantity by item over the last year before the plan, else over all history
    (index item).

    Only rows whose revenue is known count; an item that sold nothing, or at no price, is absent.
    """
    sales, first = book.sales_history, book.first
    known = sales[sales["revenue"].notna() & (sales["bucket"] < first)]
    year = known[known["bucket"] >= book.calendar.shift(first, -book.calendar.per_year)]
    recent, ever = (_unit_revenue(rows) for rows in (year, known))
    return recent.combine_first(ever)


def _unit_revenue(rows):
    sums = rows.groupby("item")[["revenue", "quantity"]].sum()
    sold = sums[(sums["quantity"] > 0) & (sums["revenue"] > 0)]
    return sold["revenue"] / sold["quantity"]


def _usual(book):
    """item, price, source: the chosen price, else the other, else 0 from ``none``."""
    items = book.items.set_index("item")
    both = {"list": items["price"], "realised": realised_price(book).reindex(items.index)}
    choice = book.settings["price"]
    other = "realised" if choice == "list" else "list"
    source = np.select([both[choice].notna(), both[other].notna()], [choice, other], "none")
    price = both[choice].fillna(both[other]).fillna(0.0)
    return price.rename("price").reset_index().assign(source=source.astype(object))


def _event_prices(book, cells):
    """Per cell: share of its days under an event's price, and that share × price."""
    events = book.events[book.events["price"].notna()]
    grid = grid_of(cells, book.buckets, book.items, book.calendar)
    covered = grid.covered(events["starts_on"], events["ends_on"])
    share = grid.gather(events, covered)
    money = grid.gather(events, covered * events["price"].to_numpy()[:, None])
    # Events that overlap share their days; together they cover no more than the bucket.
    over = np.maximum(share, 1.0)
    return grid.frame(share=share / over, money=money / over)
