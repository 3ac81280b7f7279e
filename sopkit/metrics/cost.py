"""What a unit costs: its own material, its parts, and the hours of own resources."""

import numpy as np
import pandas as pd

from sopkit.metrics.scopes import per_item
from sopkit.tables import INPUTS, declared


def standard_cost(items, bill_of_resources=None, resources=None, components=None) -> pd.DataFrame:
    """Cost of a unit as the books carry it: item, standard_cost = the item's own, or unit_cost (of
    its parts, where it has any) + Σ hours_per_unit × regular_cost.

    >>> items = pd.DataFrame({"item": ["A"], "unit_cost": [4.0]})
    >>> bill = pd.DataFrame({"item": ["A"], "resource": ["line"], "hours_per_unit": [0.5]})
    >>> crew = pd.DataFrame({"resource": ["line"], "regular_cost": [20.0]})
    >>> standard_cost(items, bill, crew)["standard_cost"].tolist()
    [14.0]
    """
    items = with_unit_cost(items, bill_of_resources, resources, components)
    usual = items["unit_cost"] + labour_cost(items, bill_of_resources, resources)
    return pd.DataFrame(
        {"item": items["item"], "standard_cost": items["standard_cost"].fillna(usual)}
    )


def labour_cost(items, bill_of_resources=None, resources=None) -> pd.Series:
    """Money per unit of the hours of own resources, on each row of ``items``.

    A resource's regular_cost is that of its row for every bucket, else the mean of its rows; blanks
    are 0. What is made at several sites costs their mean.
    """
    bill = declared(bill_of_resources, "bill_of_resources")
    rates = INPUTS["resources"].typed(resources)
    always = rates[rates["bucket"].isna()].groupby("resource")["regular_cost"].first()
    rate = always.combine_first(rates.groupby("resource")["regular_cost"].mean())
    bill = bill[bill["source"] == ""]
    hours = bill["hours_per_unit"] * bill["resource"].map(rate).astype("float64")
    each = hours.groupby([bill["item"], made_at(bill, rates)]).sum()
    return per_item(items, each.groupby(level=0).mean())


def made_at(bill, resources) -> pd.Series:
    """The site at which each row of a declared bill of resources has its item: its own, else that
    of its resource; "" where none is told.
    """
    home = INPUTS["resources"].typed(resources).groupby("resource")["site"].max()
    return bill["site"].where(bill["site"] != "", bill["resource"].map(home)).fillna("")


def with_unit_cost(items, bill_of_resources=None, resources=None, components=None) -> pd.DataFrame:
    """The items in which a unit_cost that is blank (or 0) beside a standard_cost is what the latter
    leaves after labour, at least 0; and no unit costs less than its parts at their standard cost.

    >>> items = pd.DataFrame({"item": ["bike", "frame"], "unit_cost": [None, 30.0]})
    >>> parts = pd.DataFrame({"parent": ["bike"], "child": ["frame"], "quantity_per": [2.0]})
    >>> with_unit_cost(items, components=parts)["unit_cost"].tolist()
    [60.0, 30.0]
    """
    items = declared(items, "items")
    labour = labour_cost(items, bill_of_resources, resources)
    left = items["standard_cost"] - labour
    blank = (items["unit_cost"] == 0) & left.notna()
    cost = items["unit_cost"].mask(blank, left.clip(lower=0))
    for _ in range(len(declared(components, "components"))):
        parts = parts_cost(items, items["standard_cost"].fillna(cost + labour), components)
        if (parts <= cost).all():
            break
        cost = cost.clip(lower=parts)
    return items.assign(unit_cost=cost)


def parts_cost(items, cost, components) -> pd.Series:
    """Money per unit of the parts that own production takes, on each row of ``items``; ``cost`` is
    what each of them costs (money/unit).
    """
    rows = declared(components, "components").query("source == ''")
    each = rows["child"].map(pd.Series(np.asarray(cost), items["item"])).astype("float64")
    return per_item(items, (parts_used(rows) * each).groupby(rows["parent"]).sum())


def parts_used(components) -> pd.Series:
    """Units of the child that a unit of the parent takes, scrap included, on each row of the
    declared ``components``.
    """
    return components["quantity_per"] / (1 - components["scrap"])


def part_loops(components) -> pd.Series:
    """True on the rows of ``components`` (parent, child) in which an item is a part of itself,
    directly or through others.

    >>> rows = pd.DataFrame({"parent": ["A", "B", "C"], "child": ["B", "A", "A"]})
    >>> part_loops(rows).tolist()
    [True, True, False]
    """
    from scipy import sparse
    from scipy.sparse.csgraph import connected_components

    codes, names = pd.factorize(components[["parent", "child"]].to_numpy().ravel())
    parent, child = codes.reshape(-1, 2).T
    graph = sparse.coo_array((np.ones(len(parent)), (parent, child)), (len(names),) * 2)
    _, knot = connected_components(graph, connection="strong")
    return pd.Series(knot[parent] == knot[child], components.index)
