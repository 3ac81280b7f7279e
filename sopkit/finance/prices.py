"""What a unit brings: the list price, the realised one, or the event's."""

import numpy as np
import pandas as pd

from sopkit.buckets import infer_calendar
from sopkit.metrics.scopes import declared, setting
from sopkit.metrics.stages import CELL, families
from sopkit.tables import PLANS

DAY = pd.Timedelta(days=1)


def prices(
    items, demand_plan, *, sales_history=None, events=None, settings=None, calendar=None
) -> pd.DataFrame:
    """The declared ``prices``: money per unit of every cell of the demand plan, and its source.

    ``settings.price`` chooses list or realised (Σ revenue ÷ Σ quantity of the last year before the
    plan, or of all history where the last year sold nothing); each stands in for the other where
    that is blank, and source ``none`` (price 0) marks an item that has neither. An event with a
    price replaces it for the share of the bucket's days that the event covers, in the markets that
    it covers. An item without demand has its price in every bucket, in the market ``(none)``.

    >>> items = pd.DataFrame({"item": ["A"], "price": [10.0]})
    >>> buckets = pd.to_datetime(["2026-11-01", "2026-12-01"])
    >>> plan = pd.DataFrame({"item": "A", "market": "N", "bucket": buckets, "consensus": 5.0})
    >>> sale = pd.DataFrame({"event": ["sale"], "item": ["A"], "starts_on": ["2026-11-01"],
    ...                      "ends_on": ["2026-11-15"], "price": [8.0]})
    >>> prices(items, plan, events=sale)[["price", "source"]].values.tolist()
    [[9.0, 'event'], [10.0, 'list']]
    """
    buckets = pd.DatetimeIndex(sorted(demand_plan["bucket"].unique()))
    calendar = calendar or infer_calendar(buckets)
    usual = _usual(
        items, realised_price(sales_history, buckets[:1], calendar), setting(settings, "price")
    )
    idle = items.loc[~items["item"].isin(demand_plan["item"]), ["item"]].assign(market="(none)")
    cells = pd.concat(
        [demand_plan[CELL], idle.merge(pd.DataFrame({"bucket": buckets}), how="cross")]
    )
    grid = cells.merge(usual, on="item", how="left").fillna({"price": 0.0, "source": "none"})
    if events is not None and "price" in events and events["price"].notna().any():
        known = declared(events[events["price"].notna()], "events")
        special = _event_prices(known, grid, items, buckets, calendar)
        grid = grid.merge(special, on=CELL, how="left").fillna({"share": 0.0, "money": 0.0})
        grid["price"] = grid["price"] * (1 - grid["share"]) + grid["money"]
        grid["source"] = grid["source"].where(grid["share"] == 0, "event")
    return PLANS["prices"].conform(grid[PLANS["prices"].names])


def realised_price(sales_history, first, calendar) -> pd.Series:
    """Σ revenue ÷ Σ quantity by item over the last year before ``first``, else over all history
    (index item).

    Only rows whose revenue is known count; an item that sold nothing, or at no price, is absent.
    """
    if sales_history is None or "revenue" not in sales_history or not len(first):
        return pd.Series(dtype="float64")
    known = sales_history[sales_history["revenue"].notna() & (sales_history["bucket"] < first[0])]
    year = known[known["bucket"] >= calendar.shift(first[0], -calendar.per_year)]
    recent, ever = (_unit_revenue(rows) for rows in (year, known))
    return recent.combine_first(ever)


def _unit_revenue(rows):
    sums = rows.groupby("item")[["revenue", "quantity"]].sum()
    sold = sums[(sums["quantity"] > 0) & (sums["revenue"] > 0)]
    return sold["revenue"] / sold["quantity"]


def _usual(items, realised, choice):
    """item, price, source: the chosen price, else the other, else 0 from ``none``."""
    listed = items["price"] if "price" in items else pd.Series(np.nan, index=items.index)
    both = {
        "list": listed.to_numpy(dtype="float64"),
        "realised": items["item"].map(realised).astype("float64").to_numpy(),
    }
    other = "realised" if choice == "list" else "list"
    source = np.select([~np.isnan(both[choice]), ~np.isnan(both[other])], [choice, other], "none")
    price = np.where(np.isnan(both[choice]), both[other], both[choice])
    return pd.DataFrame(
        {
            "item": items["item"].to_numpy(),
            "price": np.nan_to_num(price),
            "source": source.astype(object),
        }
    )


def _event_prices(events, grid, items, buckets, calendar):
    """Per cell: share of its days under an event's price, and that share × price."""
    active = event_days(events, buckets, calendar)
    cells = scoped_items(active, items).merge(
        grid[CELL], on=["item", "bucket"], suffixes=("_event", "")
    )
    everywhere = cells["market_event"].fillna("") == ""
    cells = cells[everywhere | (cells["market_event"] == cells["market"])]
    sums = (
        cells.assign(money=cells["share"] * cells["price"]).groupby(CELL)[["share", "money"]].sum()
    )
    # Events that overlap share their days; together they cover no more than the bucket.
    return sums.div(sums["share"].clip(lower=1.0), axis=0).reset_index()


def event_days(events, buckets, calendar) -> pd.DataFrame:
    """The events crossed with the buckets they touch: their rows with bucket and share (of the
    bucket's days).

    A blank ends_on lasts to the end of the last bucket.
    """
    spans = pd.DataFrame({"bucket": buckets, "end": calendar.last_day(buckets) + DAY})
    rows = events.merge(spans, how="cross")
    starts, ends = pd.to_datetime(rows["starts_on"]), pd.to_datetime(rows["ends_on"]) + DAY
    ends = ends.fillna(spans["end"].max())
    days = np.minimum(ends, rows["end"]) - np.maximum(starts, rows["bucket"])
    return (
        rows.assign(share=(days / (rows["end"] - rows["bucket"])).clip(lower=0))
        .query("share > 0")
        .drop(columns="end")
    )


def scoped_items(rows, items) -> pd.DataFrame:
    """The rows with ``item`` filled from their scope: the item, the family's items, or all items
    where both are blank.
    """
    rows = rows.rename(columns={"item": "scope_item", "family": "scope_family"})
    item, family = rows["scope_item"].fillna(""), rows["scope_family"].fillna("")
    named = families(items).rename_axis("item").reset_index()
    parts = [
        rows[item != ""].assign(item=item[item != ""]),
        rows[(item == "") & (family != "")]
        .merge(named, left_on="scope_family", right_on="family")
        .drop(columns="family"),
        rows[(item == "") & (family == "")].merge(named[["item"]], how="cross"),
    ]
    return pd.concat(parts, ignore_index=True).drop(columns=["scope_item", "scope_family"])
