"""Why a unit is late, lost or short of safety stock: what holds it, and with what share."""

import numpy as np
import pandas as pd

from sopkit.supply.worth import held_by

VISIBLE = 0.005  # shares below half a per cent are left out
AT_LIMIT = " at its limit"
FILLED = "stock before it at maximum_stock, or at what its shelf_life lets be sold"
CHEAPER = "cheaper than more stock, overtime, hiring or a dearer source"


def reasons(facts, limits, flows, worth) -> tuple[np.ndarray, pd.DataFrame]:
    """(item, bucket) text, empty where nothing is late, lost or short: the binding limits with
    their share of the unit's price; and what parts hold back (see ``_held_back``).

    A unit of an item is worth what it saves; that worth, less what the cheapest way to get it
    costs, is exactly the sum of the prices of the hours it would take and of the limits on that
    way, and of those of its parts, down to the last.
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
    held = _held(cells, facts, limits, flows, worth).query("price > 1e-9")
    if len(cells):
        said = _said(held).astype("object")
        before = cells["item"], np.maximum(cells["bucket"] - 1, 0)
        room = limits.stock[before]
        filled = (flows.stock[before] >= room * (1 - 1e-6)) & (room > 0) & np.isfinite(room)
        said = said.reindex(pd.MultiIndex.from_frame(cells))
        said = said.fillna(pd.Series(np.where(filled, FILLED, CHEAPER), said.index))
        text[cells["item"], cells["bucket"]] += ": " + said.to_numpy()
    return text, _held_back(facts, flows, held)


def _held_back(facts, flows, held) -> pd.DataFrame:
    """part, items, units, most first: the units of so many items that are late or lost to date for
    want of a part, by its share in what holds them, each item in its worst bucket shown.
    """
    cell, missed = ["item", "bucket"], flows.late + np.cumsum(flows.lost, axis=1)
    rows, by = held[held["bucket"] < facts.shown], [*cell, "of", "waits"]
    rows = rows.groupby(by, as_index=False)["price"].sum()
    share = rows["price"] / rows.groupby(cell)["price"].transform("sum")
    rows["units"] = share * missed[rows["item"], rows["bucket"]]
    most = rows[rows["waits"]].groupby(["of", "item"])["units"].max()
    sums = most[most > 1e-6].groupby("of").agg(items="size", units="sum").reset_index()
    sums.insert(0, "part", facts.names[sums.pop("of")])
    return sums.sort_values(["units", "part"], ascending=[False, True], ignore_index=True)


def _held(cells, facts, limits, flows, worth) -> pd.DataFrame:
    """What holds each cell (item, bucket, name, price): the hours that a unit takes, and the limit
    on every way to get it; of its parts too, where they are to be there.
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
            "of": np.concatenate([bill.item, ways.item]),
            "row": np.concatenate([bill.resource, len(staff) + np.arange(len(ways))]),
            "per_unit": np.concatenate([bill.hours, np.ones(len(ways))]),
        }
    )
    held = _with_parts(cells, facts).merge(entries)
    at, part = (held["row"], held["when"]), " for " + facts.names.to_numpy("object")[held["of"]]
    part = np.where(held["waits"], part, "")
    price = held["units"] * held["per_unit"] * price[at]
    return held.assign(name=name[at], part=part, price=price)


def _with_parts(cells, facts) -> pd.DataFrame:
    """Each cell (item, bucket) with what a unit of it takes, itself and every part: ``units`` of
    the item ``of`` in the bucket ``when``, and whether it ``waits`` for another item then.
    """
    parts, ways = facts.parts, facts.ways
    moved = ways.kind[parts.way] == "transferred"
    taken = {"parent": ways.item[parts.way], "part": parts.item, "lead": ways.opens[parts.way]}
    taken = pd.DataFrame(taken | {"each": parts.units, "other": ~moved})
    taken = taken[~moved | ways.usual[parts.way]]
    level = cells.assign(of=cells["item"], when=cells["bucket"], units=1.0, waits=False)
    found = [level]
    while len(level):
        below = level.merge(taken, left_on="of", right_on="parent")
        below["when"], below["units"] = (
            below["when"] - below["lead"],
            below["units"] * below["each"],
        )
        below["waits"] |= below["other"]
        level = below.assign(of=below["part"])[below["when"] >= 0][level.columns]
        found.append(level)
    return pd.concat(found)


def _said(held) -> pd.Series:
    """What holds each cell (item, bucket, name, part, price), largest share first, in one text:
    each limit with the part that it holds most, if it is one.
    """
    cell = ["item", "bucket"]
    held = held.sort_values(["price", "part"], ascending=[False, True])
    held = held.groupby([*cell, "name"], as_index=False).agg({"price": "sum", "part": "first"})
    held["share"] = held["price"] / held.groupby(cell)["price"].transform("sum")
    held = held.query("share >= @VISIBLE").sort_values(["price", "name"], ascending=[False, True])
    told = zip(held["name"], held["part"], held["share"])
    held["text"] = [f"{name}{part} {share:.0%}" for name, part, share in told]
    return held.groupby(cell)["text"].agg(", ".join)
