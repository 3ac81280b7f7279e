"""What a unit brings: the list price, the realised one, or the event's."""

import numpy as np
import pandas as pd

from sopkit.grid import grid_of
from sopkit.metrics.currencies import worth
from sopkit.metrics.exceptions import RULES, threshold
from sopkit.metrics.scopes import realised_price
from sopkit.tables import PLANS


def prices(book) -> pd.DataFrame:
    """The declared ``prices``: money per unit of every item and market of the demand plan in every
    bucket, and its source.

    ``settings.price`` chooses list or realised (Σ revenue ÷ Σ quantity of the last year before the
    plan, or of all history where the last year sold nothing); each stands in for the other where
    that is blank, and source ``none`` (price 0) marks an item that has neither. A list price that
    the last year did not bring (the exception ``price_difference``) gives way to the realised one.
    In a market with another currency it moves as the exchange rate does from the last year's mean.
    An event with a price replaces it for the share of the bucket's days that the event covers, in
    the markets that it covers; one with a price_change moves what then holds. An item without
    demand has its price in every bucket, in the market ``(none)``.

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
    plan = book.demand_plan[["item", "market"]]
    idle = book.items.loc[~book.items["item"].isin(plan["item"]), ["item"]]
    grid = grid_of(pd.concat([plan, idle]), book.buckets, book.members, book.calendar)
    moves, events = (book.events[book.events[c].notna()] for c in ("price_change", "price"))
    covered = grid.covered(moves["starts_on"], moves["ends_on"])
    moved = grid.gather(moves, covered * moves["price_change"].to_numpy()[:, None])
    covered = grid.covered(events["starts_on"], events["ends_on"])
    share = grid.gather(events, covered)
    money = grid.gather(events, covered * events["price"].to_numpy()[:, None])
    # Events that overlap share their days; together they cover no more than the bucket.
    over = np.maximum(share, 1.0)
    usual = _usual(book).reindex(grid.series["item"]).fillna({"price": 0.0, "source": "none"})
    price = usual["price"].to_numpy()[:, None] * (1 - share / over) + money / over
    price = price * np.maximum(1 + moved, 0) * _exchanged(book, grid)
    source = np.where((share > 0) | (moved != 0), "event", usual["source"].to_numpy()[:, None])
    return PLANS["prices"].conform(grid.frame(price=price, source=source))


def _exchanged(book, grid) -> np.ndarray:
    """(series, bucket) the planned worth of each market's money over its mean of the last year."""
    told = book.markets, book.exchange_rates, grid.series["market"]
    last = book.before(book.calendar.per_year)
    ahead, past = (worth(*told, when, book.settings["currency"]) for when in (book.buckets, last))
    return ahead / past.mean(axis=1, keepdims=True)


def _usual(book):
    """price and source by item: the chosen price, else the other, else 0 from ``none``."""
    given = book.items.set_index("item")[["price"]].rename(columns={"price": "list"})
    apart = RULES["price_difference"].of(book).set_index("item")["value"].abs()
    apart = apart > threshold(book.settings, "price_difference")
    given["list"] = given["list"].mask(apart.reindex(given.index, fill_value=False))
    year, ever = (realised_price(book, one) for one in (True, False))
    given = given.assign(realised=year.combine_first(ever), none=0.0)
    given = given[[book.settings["price"], *given]]
    table = {"price": given.bfill(axis=1).iloc[:, 0], "source": given.notna().idxmax(axis=1)}
    return pd.DataFrame(table)
