"""What step 3 asks for: the arguments of a plan from the tables of a pack and of the release before
it.
"""

import numpy as np
import pandas as pd

from sopkit.buckets import infer_calendar
from sopkit.grid import NONE, Grid
from sopkit.metrics.scopes import chance
from sopkit.supply.reading import FROZEN, MADE, MOVES, fence, given, made
from sopkit.supply.schedule import in_lots
from sopkit.tables import PLANS, declared, settled

BILL = "bill_of_resources"
CELL, WAY = ["item", "bucket"], ["item", "kind", "source"]
KINDS = ["purchased", "subcontracted", "production"]


def supply_inputs(
    demand_plan,
    stock,
    tables,
    settings,
    *,
    safety_stock=None,
    history=None,
    released=None,
) -> dict:
    """The arguments of ``plan_supply``, as a dict to be called with ``plan_supply(**inputs)``.

    ``demand_plan`` is summed over markets; ``stock`` is the table ``opening_stock``; ``tables``
    maps the contract's names to input tables (empty ones count as absent), whose initiatives widen
    their resources (``added_hours``); ``history`` gives past bookings. ``released`` maps names to
    last cycle's tables (or reads them): inside the settings' planning fence what its
    ``supply_plan`` holds and nobody has ordered since stands, from the sources of its
    ``sourcing_plan`` (what was ordered since is a receipt already), and the moves of people in its
    ``workforce_plan`` are announced. What stands is not ``firm``: as far as it cannot be made or
    bought any more it is cut.

    >>> plan = pd.DataFrame({"item": "A", "market": ["N", "S"],
    ...     "bucket": pd.Timestamp("2026-11-01"), "consensus": [4.0, 6.0]})
    >>> asked = supply_inputs(plan, None, {"items": pd.DataFrame({"item": ["A", "B"]})}, {})
    >>> asked["demand"]["quantity"].tolist(), asked["resources"] is None
    ([10.0], True)
    """
    present = getattr(tables, "tables", tables)
    asked = {
        name: tables[name] if name in present and len(tables[name]) else None
        for name in ("resources", BILL, "components", "sourcing", "lanes", "receipts")
    }
    cell = CELL if asked["lanes"] is None else [*CELL, "market"]
    demand, chosen = _cell_sums(demand_plan, cell, "consensus"), settled(settings)
    buckets = pd.DatetimeIndex(np.sort(demand["bucket"].unique()))
    inside = buckets[: fence(settings)]
    read = released.read if hasattr(released, "read") else dict(released or {}).get
    plan, sources, people = map(read, ("supply_plan", "sourcing_plan", "workforce_plan"))
    frozen = announced = added = None
    if plan is not None:
        items = given(tables["items"], "items").set_index("item")
        plan, receipts = plan[plan["item"].isin(items.index)], given(asked["receipts"], "receipts")
        ordered = _ordered(plan, receipts, buckets)
        more = _more(plan, given(stock, "inventory"), receipts, buckets[0])
        rows = _released(plan, sources)
        bills = (given(asked[name], name) for name in (BILL, "components"))
        own = rows["item"].isin(made(*bills))
        other = own == (rows["kind"] == "purchased")  # made since, or bought since: planned anew
        rows = rows[~rows["item"].isin(rows.loc[other & (rows["quantity"] > 0), "item"])]
        frozen = _standing(rows, items, ordered, more, buckets[0], inside)
    known = [] if asked["resources"] is None else asked["resources"]["resource"]
    if "initiatives" in present:
        added = _added_hours(tables["initiatives"], known, buckets, chosen)
    if asked["lanes"] is not None:
        stock = _at_sites(stock, tables["inventory"])
        frozen = None if frozen is None else _where(frozen, read("site_plan"), asked["sourcing"])
    if people is not None:
        held = people["resource"].isin(known) & people["bucket"].isin(inside)
        announced = people.loc[held, ["resource", "bucket", *MOVES]]
    return {
        "demand": demand,
        "items": tables["items"],
        **asked,
        "inventory": stock,
        "safety_stock": safety_stock,
        "frozen": frozen,
        "firm": plan is None,
        "announced": announced,
        "added_hours": added,
        "bookings": None if history is None else _cell_sums(history, cell, "demand"),
        "settings": settings,
        "allocation": chosen["allocation"],
    }


def _added_hours(initiatives, resources, buckets, settings) -> pd.DataFrame:
    """The hours that initiatives add to ``resources`` or take, as far as they count."""
    rows = declared(initiatives, "initiatives")
    rows = rows[rows["resource"].isin(resources)]
    grid = Grid(rows[["resource"]], buckets, infer_calendar(buckets), ("resource",))
    hours = (rows["capacity_change"] * chance(rows, settings)).to_numpy()[:, None]
    added = grid.frame(change=hours * grid.covered(rows["starts_on"], rows["ends_on"]))
    return added.groupby(["resource", "bucket"], as_index=False).sum()


def _at_sites(stock, counted):
    """The opening ``stock`` shared as it was ``counted`` by site."""
    if stock is None or counted.empty:
        return stock
    counted = counted.assign(share=counted["on_hand"].clip(lower=1e-9))
    counted["share"] /= counted.groupby("item")["share"].transform("sum")
    rows = stock.drop(columns="site", errors="ignore").merge(counted[["item", "site", "share"]])
    share = rows.pop("share")
    return rows.assign(on_hand=rows["on_hand"] * share, backlog=rows["backlog"] * share)


def _where(frozen, plan, sources):
    """What stands, shared as the released ``site_plan`` makes and buys it where its source
    delivers; of an item that this lacks the site is blank.
    """
    plan = PLANS["site_plan"].typed(plan)
    plan = plan.rename(columns={"production": "made", "purchased": "bought"})
    rows = frozen.merge(plan[[*CELL, "site", "made", "bought"]], on=CELL, how="left")
    where = ["item", "source", "site"]
    known = pd.MultiIndex.from_frame(given(sources, "sourcing")[where])
    at = pd.MultiIndex.from_frame(rows[where])
    rows = rows[(rows["source"] == "") | rows["site"].isna() | at.isin(known)]
    for kind in rows.columns.intersection(KINDS):
        weight = "made" if kind == "production" else "bought"
        cells = rows.groupby([*CELL, "source"])[weight]
        share = rows[weight] / cells.transform("sum")
        rows = rows.assign(**{kind: rows[kind] * share.fillna(1 / cells.transform("size"))})
    return rows.drop(columns=["made", "bought"]).fillna({"site": ""})


def _released(plan, sources) -> pd.DataFrame:
    """What a released plan gets by item, bucket, kind and source, what has to be ordered first
    first, and what is subcontracted before what is made.
    """
    plan = plan.reindex(columns=[*CELL, *FROZEN]).fillna(dict.fromkeys(FROZEN, 0.0))
    plan["production"] = plan[MADE].sum(axis=1)
    rows = plan.melt(CELL, KINDS, "kind", "quantity").assign(source="", order_by=pd.NaT)
    if sources is not None:
        elsewhere = plan.loc[plan["subcontracted"] > 0, "item"]
        named = sources[sources["item"].isin(plan["item"])].replace({"source": {NONE: ""}})
        kind = np.where(named["item"].isin(elsewhere), "subcontracted", "purchased")
        rows.loc[rows["kind"] != "production", "quantity"] = 0.0
        rows = pd.concat([rows, named.assign(kind=kind).reindex(columns=rows.columns)])
    rows["order_by"] = pd.to_datetime(rows["order_by"]).fillna(rows["bucket"])
    return rows.sort_values(["order_by", "bucket", "kind"], ascending=[True, True, False])


def _ordered(plan, receipts, buckets) -> pd.Series:
    """Units by item and bucket that were ordered since a ``plan`` was released and are not overdue:
    of receipts without ``ordered_on`` those beyond what the plan had as receipts itself.
    """
    since = min(plan["bucket"].min(), infer_calendar(buckets).shift(buckets[0], -1))
    due = receipts["due_on"].fillna(buckets[0])
    receipts = receipts.assign(due=due)[due >= buckets[0]]
    receipts["bucket"] = buckets[buckets.searchsorted(receipts.pop("due"), side="right") - 1]
    on = receipts["ordered_on"]
    kinds = np.select([on >= since, on.isna()], ["since", "undated"], "before")
    units = receipts.groupby([*CELL, kinds])["quantity"].sum().unstack(fill_value=0.0)
    units = units.reindex(columns=["since", "undated", "before"], fill_value=0.0)
    known = plan.set_index(CELL).get("receipts", units["before"] * 0.0)
    known = (known.reindex(units.index).fillna(0.0) - units["before"]).clip(lower=0)
    return units["since"] + (units["undated"] - known).clip(lower=0)


def _more(plan, stock, receipts, first) -> pd.Series:
    """Units by item that are there, or overdue, beyond what a released ``plan`` expected on the eve
    of its bucket ``first``.
    """
    eve = plan[plan["bucket"] < first].groupby("item").last()
    overdue = receipts[receipts["due_on"] < first].groupby("item")["quantity"].sum()
    there = stock.groupby("item")[["on_hand", "backlog"]].sum()
    there = (there["on_hand"] - there["backlog"]).add(overdue, fill_value=0.0)
    wanted = eve.get("projected_available", 0.0) - eve.get("backlog", 0.0)
    return (there - wanted).clip(lower=0.0)


def _standing(rows, items, ordered, more, first, inside) -> pd.DataFrame:
    """What is ``_released`` for the buckets ``inside`` the fence and was not ``ordered`` since, as
    ``frozen``; ``items`` are declared, by code.

    What was ordered counts for its own bucket, then for what has to be ordered first. The rest of
    whole lots that the hand-off of the buckets before the ``first`` one released ahead is ordered
    too, as far as ``more`` is there.
    """
    wide = rows.pivot_table("quantity", WAY, "bucket", aggfunc="sum", fill_value=0.0)
    facts = items.loc[wide.index.get_level_values("item")]
    lot, least = facts["lot_size"].to_numpy(), facts["minimum_lot"].to_numpy()
    ahead = in_lots(wide.to_numpy(), lot, least) - wide
    ahead = ahead[(lot > 0) | (least > 0)].loc[:, wide.columns < first].sum(axis=1)
    there = more.reindex(ahead.index.get_level_values("item")).fillna(0.0).to_numpy(float)
    ahead = np.minimum(ahead, there)
    rows = rows[rows["bucket"].isin(inside)]
    asked = rows.groupby(CELL)["quantity"].sum()
    ordered = ordered.reindex(asked.index, fill_value=0.0)
    beyond = (ordered - asked).clip(lower=0).groupby("item").sum()
    for taken, by in ((ahead, WAY), (ordered, CELL), (beyond, ["item"])):
        gone = taken.reindex(pd.MultiIndex.from_frame(rows[by]) if by[1:] else rows["item"])
        reach = rows.groupby(by)["quantity"].cumsum() - gone.fillna(0.0).to_numpy()
        rows = rows.assign(quantity=np.minimum(rows["quantity"], reach.clip(lower=0)))
    return rows.pivot_table("quantity", [*CELL, "source"], "kind", aggfunc="sum").reset_index()


def _cell_sums(frame, cell, column: str) -> pd.DataFrame:
    cells = frame.groupby(cell, as_index=False)[column].sum()
    return cells.rename(columns={column: "quantity"})
