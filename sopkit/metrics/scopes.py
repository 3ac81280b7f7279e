"""Shared by KPIs, exceptions and money: families, the two scopes that meetings read, and what a
unit counts and brings.
"""

import numpy as np
import pandas as pd

from sopkit.metrics.stages import CELL, COMPANY, families


def by_family(frame, items) -> pd.DataFrame:
    """The frame with a ``family`` column for its items; ``(none)`` where an item is unknown."""
    return frame.assign(family=frame["item"].map(families(items)).fillna("(none)"))


def by_scope(frame, items) -> pd.DataFrame:
    """Every row twice: once with scope = company, once with scope = its family.

    >>> items = pd.DataFrame({"item": ["A"], "family": ["Pumps"]})
    >>> rows = by_scope(pd.DataFrame({"item": ["A"], "units": [3]}), items)
    >>> rows[["scope", "units"]].values.tolist()
    [['company', 3], ['Pumps', 3]]
    """
    return scopes(by_family(frame, items))


def scopes(frame) -> pd.DataFrame:
    """``by_scope`` of a frame that has families; a family that bears the company's name is marked,
    so that the two never sum.
    """
    family = frame["family"].where(frame["family"] != COMPANY, "company (family)")
    return pd.concat([frame.assign(scope=COMPANY), frame.assign(scope=family)], ignore_index=True)


def per_item(frame, values) -> pd.Series:
    """The item's value (``values`` indexed by item) on each row of the frame, 0 where unknown."""
    return frame["item"].map(values).astype("float64").fillna(0.0)


def weights(items, cost=None) -> pd.Series:
    """What a unit counts in a total (index item): 1 where all items share one unit of measure, else
    its ``cost`` (a Series by item; the items' unit_cost without one).
    """
    names = items["item"].to_numpy()
    if "unit" not in items or items["unit"].fillna("").nunique() <= 1:
        return pd.Series(1.0, index=names)
    own = items.get("unit_cost", pd.Series(0.0, index=items.index))
    return pd.Series(own.fillna(0.0).to_numpy(), index=names) if cost is None else cost


def wide(frame, column, buckets) -> pd.DataFrame:
    """A table scope × bucket of a column, summed, blank where absent."""
    return frame.groupby(["scope", "bucket"])[column].sum().unstack().reindex(columns=buckets)


def item_prices(prices, demand_plan) -> pd.DataFrame:
    """What a unit of an item brings in a bucket, wherever it is sold: item, bucket, price.

    The plan's ``prices`` by market weighted by the demand plan's consensus; markets count alike
    where that is 0.

    >>> cell = pd.DataFrame({"item": "A", "market": ["N", "S"],
    ...     "bucket": pd.Timestamp("2026-11-01")})
    >>> plan = cell.assign(consensus=[3.0, 1.0])
    >>> item_prices(cell.assign(price=[8.0, 10.0]), plan)["price"].tolist()
    [8.5]
    """
    cells = prices.merge(demand_plan[[*CELL, "consensus"]], on=CELL, how="left")
    weight = cells["consensus"].fillna(0.0)
    total = weight.groupby([cells["item"], cells["bucket"]]).transform("sum")
    weight = weight.where(total > 0, 1.0)
    cells = cells.assign(weight=weight, money=weight * cells["price"])
    sums = cells.groupby(["item", "bucket"])[["money", "weight"]].sum()
    return (sums["money"] / sums["weight"]).rename("price").reset_index()


def priced(frame, prices) -> pd.DataFrame:
    """The frame with the ``price`` of each row, 0 where there is none: ``prices`` by item, market
    and bucket (a plan's), or by item and bucket (``item_prices``).

    >>> day = pd.Timestamp("2026-11-01")
    >>> price = pd.DataFrame({"item": ["A"], "bucket": [day], "price": [8.0]})
    >>> priced(pd.DataFrame({"item": ["A", "B"], "bucket": day}), price)["price"].tolist()
    [8.0, 0.0]
    """
    key = [name for name in CELL if name in prices]
    table = frame.drop(columns="price", errors="ignore").merge(
        prices[[*key, "price"]], on=key, how="left", validate="many_to_one"
    )
    return table.fillna({"price": 0.0})


def share(top, bottom) -> np.ndarray:
    """top ÷ bottom, infinite where only the bottom is 0, 0 where both are."""
    none = np.where(top != 0, np.sign(top) * np.inf, 0.0)
    return np.where(bottom != 0, top / bottom.where(bottom != 0, 1.0), none)
