"""Why a unit is late, lost or short of safety stock: what holds it, and with what share."""

import numpy as np
import pandas as pd

VISIBLE = 0.005  # shares below half a per cent are left out
AT_LIMIT = " at its limit"
CHEAPER = "cheaper than more stock, overtime, hiring or a dearer source"


def reasons(facts, limits, flows, worth) -> np.ndarray:
    """(item, bucket) text, empty where nothing is late, lost or short: the binding limits with
    their share of the unit's price.

    A unit of an item is worth what it saves; that worth, less what the cheapest way to get it
    costs, is exactly the sum of the prices of the hours it would take and of the limits on that
    way.
    """
    scale = 1e-6 * max(1.0, float(facts.demand.max(initial=0.0)))
    missing = {
        "lost": flows.lost,
        "late": flows.late,
        "below safety stock": facts.safety_stock - flows.stock,
    }
    found = [units > scale for units in missing.values()]
    text = np.select(found, list(missing), "").astype("object")
    cells = pd.DataFrame(np.argwhere(text != ""), columns=["item", "bucket"])
    if len(cells):
        held = [_resources(cells, facts, flows, worth), _limits(cells, facts, limits, worth)]
        said = _said(pd.concat(held)).astype("object")
        said = said.reindex(pd.MultiIndex.from_frame(cells), fill_value=CHEAPER)
        text[cells["item"], cells["bucket"]] += ": " + said.to_numpy()
    return text


def _said(held: pd.DataFrame) -> pd.Series:
    """What holds each cell (item, bucket, name, price), largest share first, in one text."""
    cell = ["item", "bucket"]
    held = held[held["price"] > 1e-9].groupby([*cell, "name"], as_index=False)["price"].sum()
    held["share"] = held["price"] / held.groupby(cell)["price"].transform("sum")
    held = held[held["share"] >= VISIBLE].sort_values(["price", "name"], ascending=[False, True])
    held["text"] = [f"{name} {share:.0%}" for name, share in zip(held["name"], held["share"])]
    return held.groupby(cell)["text"].agg(", ".join)


def _resources(cells: pd.DataFrame, facts, flows, worth) -> pd.DataFrame:
    """The hours that a unit of each cell takes, at their price."""
    staff, bill = facts.resources, facts.bill
    limit = staff.overtime_limit(flows.workers)
    at_limit = (limit > 0) & (flows.overtime >= limit * (1 - 1e-6))
    more = np.where(at_limit, " with overtime", "")
    more = np.where(staff.movable[:, None], " (workforce)", more).astype("object")
    hours = pd.DataFrame({"item": bill.item, "resource": bill.resource, "hours": bill.hours})
    held = cells.merge(hours)
    at = held["resource"], held["bucket"]
    name = "resource " + staff.names[held["resource"]].astype("str") + " full" + more[at]
    return held.assign(name=name, price=held["hours"] * worth.hour[at])


def _limits(cells: pd.DataFrame, facts, limits, worth) -> pd.DataFrame:
    """The limits on every way to get a unit of each cell, at their price."""
    ways = facts.ways
    held = cells.merge(pd.DataFrame({"item": ways.item, "way": np.arange(len(ways))}))
    at = held["way"], held["bucket"]
    source, price = ways.source[held["way"]], worth.quantity[at]
    frozen, early = limits.frozen[at], held["bucket"] < ways.opens[held["way"]]
    named = source != ""
    name = np.select(
        [frozen, early & named, early, named],
        ["planning fence", "lead time of " + source, "lead time", "supplier " + source + AT_LIMIT],
        "limit",
    )
    return held.assign(name=name, price=np.where(frozen, np.abs(price), -price))
