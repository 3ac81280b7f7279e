"""Shared by KPIs, exceptions and money: settings with their defaults, and the two scopes that
meetings read.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from sopkit.metrics.stages import CELL, COMPANY, families
from sopkit.tables import INPUTS, SETTINGS


def setting(settings, name):
    """The company's value of a declared setting, or its default; ``settings`` is a mapping, an
    object or None.

    >>> setting({"horizon": 18}, "horizon"), setting(None, "horizon")
    (18, 24)
    """
    given = settings.get(name) if isinstance(settings, Mapping) else getattr(settings, name, None)
    return SETTINGS[name].default if given is None else given


def declared(frame, table) -> pd.DataFrame:
    """An input table's frame with every declared column in its dtype, absent ones blank; other
    columns are left out.

    >>> declared(pd.DataFrame({"item": ["A"], "source": ["Works"]}), "sourcing").isna().sum().to_dict()
    {'item': 0, 'source': 0, 'unit_cost': 1, 'max_quantity': 1, 'lead_time': 1}
    """
    return pd.DataFrame(
        {
            c.name: (
                frame[c.name].astype(c.dtype)
                if c.name in frame
                else pd.Series(index=frame.index, dtype=c.dtype)
            )
            for c in INPUTS[table].columns
        },
        index=frame.index,
    )


def by_family(frame, items) -> pd.DataFrame:
    """The frame with a ``family`` column for its items; a frame without items is given back with
    ``(none)``.
    """
    return frame.assign(family=frame["item"].map(families(items)).fillna("(none)"))


def by_scope(frame, items) -> pd.DataFrame:
    """Every row twice: once with scope = company, once with scope = its family.

    >>> rows = by_scope(pd.DataFrame({"item": ["A"], "units": [3]}), pd.DataFrame({"item": ["A"], "family": ["Pumps"]}))
    >>> rows[["scope", "units"]].values.tolist()
    [['company', 3], ['Pumps', 3]]
    """
    named = by_family(frame, items)
    return pd.concat(
        [named.assign(scope=COMPANY), named.assign(scope=scope_of(named["family"]))],
        ignore_index=True,
    )


def item_values(items, values, name) -> pd.Series:
    """A value per item (index item), blank = 0: from ``values`` (item, ``name``) where given, else
    the items' own column.
    """
    source = items if values is None else values
    column = source[name] if name in source else pd.Series(0.0, index=source.index)
    return (
        pd.Series(column.fillna(0.0).to_numpy(dtype="float64"), index=source["item"].to_numpy())
        .reindex(items["item"])
        .fillna(0.0)
    )


def per_item(frame, values) -> pd.Series:
    """The item's value (``values`` indexed by item) on each row of the frame, 0 where unknown."""
    return frame["item"].map(values).astype("float64").fillna(0.0)


def item_prices(prices, demand_plan) -> pd.DataFrame:
    """What a unit of an item brings in a bucket, wherever it is sold: item, bucket, price.

    The plan's ``prices`` by market weighted by the demand plan's consensus; markets count alike
    where that is 0.

    >>> cell = pd.DataFrame({"item": "A", "market": ["N", "S"], "bucket": pd.Timestamp("2026-11-01")})
    >>> item_prices(cell.assign(price=[8.0, 10.0]), cell.assign(consensus=[3.0, 1.0]))["price"].tolist()
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


def scope_of(family) -> pd.Series:
    """The scope that stands for each family: its name, marked where it bears the company's, so that
    the two never sum.
    """
    return family.where(family != COMPANY, "company (family)")


def weights(items, standard_cost=None) -> pd.Series:
    """What a unit counts in a total (index item): 1 where all items share one unit of measure, else
    its standard cost.
    """
    units = items["unit"].fillna("").nunique() if "unit" in items else 1
    if units <= 1:
        return pd.Series(1.0, index=items["item"].to_numpy())
    if standard_cost is not None:
        return item_values(items, standard_cost, "standard_cost")
    return item_values(items, None, "unit_cost")


def wide(frame, column, names, buckets, key="item") -> np.ndarray:
    """An array names × buckets of a column, summed, 0 where absent."""
    table = frame.groupby([key, "bucket"])[column].sum().unstack("bucket")
    return table.reindex(index=names, columns=buckets).fillna(0.0).to_numpy(dtype="float64")
