"""What a unit brings: the list price, the realised one, or the event's."""

import numpy as np
import pandas as pd

from sopkit.grid import grid_of
from sopkit.metrics.scopes import within
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
    grid = grid.merge(_event_prices(book, grid), on=CELL)
    grid["price"] = grid["price"] * (1 - grid["share"]) + grid["money"]
    grid["source"] = grid["source"].where(grid["share"] == 0, "event")
    return PLANS["prices"].conform(grid[PLANS["prices"].names])


def realised_price(book) -> pd.Series:
    """Σ revenue ÷ Σ quantity by item over the last year before the plan, else over all history
    (index item).

    Only rows whose revenue is known count; an item that sold nothing, or at no price, is absent.
    """
    sales = book.sales_history
    known = sales[sales["revenue"].notna() & (sales["bucket"] < book.first)]
    recent, ever = (
        rows.groupby("item")[["revenue", "quantity"]].sum().query("revenue > 0 and quantity > 0")
        for rows in (within(known, book.before(book.calendar.per_year)), known)
    )
    sums = recent.combine_first(ever)
    return sums["revenue"] / sums["quantity"]


def _usual(book):
    """item, price, source: the chosen price, else the other, else 0 from ``none``."""
    given = book.items.set_index("item")[["price"]].rename(columns={"price": "list"})
    given = given.assign(realised=realised_price(book), none=0.0)
    given = given[[book.settings["price"], *given]]
    table = {"price": given.bfill(axis=1).iloc[:, 0], "source": given.notna().idxmax(axis=1)}
    return pd.DataFrame(table).reset_index()


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
