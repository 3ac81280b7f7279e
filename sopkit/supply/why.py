"""Why a unit is late, lost or short of safety stock: what holds it, and with what share."""

import numpy as np
import pandas as pd

from sopkit.supply.worth import held_by

VISIBLE = 0.005  # shares below half a per cent are left out
AT_LIMIT = " at its limit"
FILLED = "stock before it at maximum_stock, or at what its shelf_life lets be sold"
CHEAPER = "cheaper than more stock, overtime, hiring or a dearer source"


def reasons(facts, limits, flows, worth) -> np.ndarray:
    """(item, bucket) text, empty where nothing is late, lost or short: the binding limits with
    their share of the unit's price.

    A unit of an item is worth what it saves; that worth, less what the cheapest way to get it
    costs, is exactly the sum of the prices of the hours it would take and of the limits on that
    way.
    """
    scale = 1e-6 * facts.units["item"]
    missing = {
        "lost": flows.lost,
        "late": flows.late,
        "below safety stock": facts.safety_stock - flows.stock,
    }
    found = [units > scale for units in missing.values()]
    text = np.select(found, list(missing), "").astype("object")
    cells = pd.DataFrame(np.argwhere(text != ""), columns=["item", "bucket"])
    if len(cells):
        said = _said(_held(cells, facts, limits, flows, worth)).astype("object")
        before = cells["item"], np.maximum(cells["bucket"] - 1, 0)
        room = limits.stock[before]
        filled = (flows.stock[before] >= room * (1 - 1e-6)) & (room > 0) & np.isfinite(room)
        said = said.reindex(pd.MultiIndex.from_frame(cells))
        said = said.fillna(pd.Series(np.where(filled, FILLED, CHEAPER), said.index))
        text[cells["item"], cells["bucket"]] += ": " + said.to_numpy()
    return text


def _held(cells, facts, limits, flows, worth) -> pd.DataFrame:
    """What holds each cell (item, bucket, name, price): the hours that a unit takes, and the limit
    on every way to get it.
    """
    staff, ways, bill = facts.resources, facts.ways, facts.bill
    most = staff.overtime_limit(flows.workers)
    at_most = (most > 0) & (flows.overtime >= most * (1 - 1e-6))
    more = np.where(at_most, " with overtime", "")
    more = np.where(staff.movable, " (workforce)", more).astype("object")
    full = "resource " + staff.names.astype("str").to_numpy("object")[:, None] + " full" + more

    source, kind = ways.source[:, None], held_by(facts, limits)
    named = source != ""
    limit = np.select(
        [kind == "planning fence", kind == "lead time", named],
        [kind, kind + np.where(named, " of " + source, ""), "supplier " + source + AT_LIMIT],
        "whole lots",
    )
    beyond = np.where(limits.frozen, np.abs(worth.quantity), -worth.quantity)

    name, price = np.concatenate([full, limit]), np.concatenate([worth.hour, beyond])
    entries = pd.DataFrame(
        {
            "item": np.concatenate([bill.item, ways.item]),
            "row": np.concatenate([bill.resource, len(staff) + np.arange(len(ways))]),
            "per_unit": np.concatenate([bill.hours, np.ones(len(ways))]),
        }
    )
    held = cells.merge(entries)
    at = held["row"], held["bucket"]
    return held.assign(name=name[at], price=held["per_unit"] * price[at])


def _said(held) -> pd.Series:
    """What holds each cell (item, bucket, name, price), largest share first, in one text."""
    cell = ["item", "bucket"]
    held = held.query("price > 1e-9").groupby([*cell, "name"], as_index=False)["price"].sum()
    held["share"] = held["price"] / held.groupby(cell)["price"].transform("sum")
    held = held.query("share >= @VISIBLE").sort_values(["price", "name"], ascending=[False, True])
    held["text"] = [f"{name} {share:.0%}" for name, share in zip(held["name"], held["share"])]
    return held.groupby(cell)["text"].agg(", ".join)
