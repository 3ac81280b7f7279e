"""What a unit brings: the list price, the realised one, or the event's."""

import numpy as np
import pandas as pd

from sopkit.buckets import infer_calendar
from sopkit.metrics.scopes import declared, setting
from sopkit.metrics.stages import families

DAY = pd.Timedelta(days=1)


def prices(
    items, demand_plan, *, sales_history=None, events=None, settings=None, calendar=None
) -> pd.DataFrame:
    """Price of every item in every bucket of the demand plan: item, bucket, price (money/unit),
    source.

    ``settings.price`` chooses list or realised (Σ revenue ÷ Σ quantity of the last year before the
    plan, or of all history where the last year sold nothing); each stands in for the other where
    that is blank, and source ``none`` (price 0) marks an item that has neither. An event with a
    price replaces it for the share of the bucket's days and of the item's consensus (by market)
    that the event covers, so an event over whole buckets and all markets is *the* price.

    >>> items = pd.DataFrame({"item": ["A"], "price": [10.0]})
    >>> plan = pd.DataFrame({"item": "A", "market": "N", "bucket": pd.to_datetime(["2026-11-01", "2026-12-01"]), "consensus": 5.0})
    >>> sale = pd.DataFrame({"event": ["sale"], "item": ["A"], "starts_on": ["2026-11-01"], "ends_on": ["2026-11-15"], "price": [8.0]})
    >>> prices(items, plan, events=sale)[["price", "source"]].values.tolist()
    [[9.0, 'event'], [10.0, 'list']]
    """
    buckets = pd.DatetimeIndex(sorted(demand_plan["bucket"].unique()))
    calendar = calendar or infer_calendar(buckets)
    usual = _usual(
        items, realised_price(sales_history, buckets[:1], calendar), setting(settings, "price")
    )
    grid = usual.merge(pd.DataFrame({"bucket": buckets}), how="cross")
    if events is None or "price" not in events or not events["price"].notna().any():
        return grid
    special = _event_prices(
        declared(events[events["price"].notna()], "events"), items, demand_plan, buckets, calendar
    )
    both = grid.merge(special, on=["item", "bucket"], how="left").fillna(
        {"share": 0.0, "money": 0.0}
    )
    return grid.assign(
        price=both["price"] * (1 - both["share"]) + both["money"],
        source=both["source"].where(both["share"] == 0, "event"),
    )


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


def _event_prices(events, items, demand_plan, buckets, calendar):
    """Per item and bucket: share of the demand under an event's price, and that share × price."""
    active = event_days(events, buckets, calendar)
    cells = scoped_items(active, items).merge(
        _market_shares(demand_plan), on=["item", "bucket"], suffixes=("_event", "")
    )
    cells = cells[
        (cells["market_event"].fillna("") == "") | (cells["market_event"] == cells["market"])
    ]
    cells = (
        cells.assign(money=cells["share"] * cells["price"])
        .groupby(["item", "bucket", "market", "weight"], as_index=False)[["share", "money"]]
        .sum()
    )
    # Events that overlap share their days; together they cover no more than the bucket.
    over = cells["share"].clip(lower=1.0)
    parts = cells.assign(
        share=cells["share"] / over * cells["weight"], money=cells["money"] / over * cells["weight"]
    )
    return parts.groupby(["item", "bucket"], as_index=False)[["share", "money"]].sum()


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


def _market_shares(demand_plan):
    """Each market's share of the item's consensus in a bucket; equal where that is 0."""
    total = demand_plan.groupby(["item", "bucket"])["consensus"]
    weight = demand_plan["consensus"] / total.transform("sum").where(total.transform("sum") > 0)
    return demand_plan[["item", "bucket", "market"]].assign(
        weight=weight.fillna(1.0 / total.transform("size"))
    )
