"""Shared by KPIs, exceptions and money: settings with their defaults, and the two scopes that
meetings read.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from sopkit.metrics.stages import COMPANY, families
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
