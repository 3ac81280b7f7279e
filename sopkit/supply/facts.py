"""How the facts of a plan are read from frames: the horizon and what runs on behind it, the ways to
get every item, what is on hand and under way.
"""

from dataclasses import replace

import numpy as np
import pandas as pd

from sopkit.buckets import Calendar, infer_calendar
from sopkit.errors import PlanError
from sopkit.grid import Grid, at_buckets
from sopkit.metrics.cost import part_loops, parts_cost, parts_used, standard_cost, with_unit_cost
from sopkit.supply import reading
from sopkit.supply.costs import steering_prices
from sopkit.supply.parts import exploded, usual
from sopkit.supply.records import UNITS, Bill, Facts, Parts, Ways
from sopkit.supply.shelf import expiring, sum_to
from sopkit.supply.workforce import read_resources
from sopkit.tables import settled

FEWEST_HIDDEN = 3


def read_facts(tables, settings=None) -> Facts:
    """``Facts`` from the frames that ``plan_supply`` is asked with, by name (absent or None: none);
    every contradiction is a ``PlanError`` that names its rows.
    """
    chosen = settled(settings)
    fence = chosen["planning_fence"] if chosen["layoff_notice"] is None else chosen["layoff_notice"]
    told = {name: reading.given(tables.get(name), name) for name in reading.TABLES}
    bill, components = told["bill_of_resources"], told["components"]
    resources = tables.get("resources")
    resources = bill[["resource"]].drop_duplicates() if resources is None else resources
    told["resources"] = reading.checked(resources, "resources")  # its rows fill each other's blanks
    reading.known_codes(told)
    mend = "take one of them out"
    made = components[~components["source"].str.startswith(reading.SENT)]
    loops = part_loops(made).reindex(components.index, fill_value=False)
    reading.refuse(components, "components", "child", loops, "are parts of themselves", mend)
    costing = bill, told["resources"], components
    items = with_unit_cost(told["items"], *costing)
    over = items["ending_stock"] > items["maximum_stock"]
    mend = "lower ending_stock or raise maximum_stock"
    reading.refuse(items, "items", "ending_stock", over, "are above maximum_stock", mend)
    items = told["items"] = items.sort_values("item", ignore_index=True)
    shown = _grid(items, told["demand"], settings)
    alone = settings is None and told["safety_stock"].empty
    ways = ways_of(items, bill, components, told["sourcing"], shown)
    made, parent = (
        _ways_of_rows(ways, shown, told, name, column)
        for name, column in (("bill_of_resources", "item"), ("components", "parent"))
    )
    parts = Parts(parent, shown.find(components["child"]), parts_used(components).to_numpy())
    ways = replace(ways, usual=usual(ways, parts, len(items)))
    wait = np.maximum(parts.reach(ways, len(items)), items["lead_time"])
    wait = (wait + items["customer_lead_time"]).max() + chosen["review"] * (not alone)
    columns = _columns(items, shown, wait, alone)
    grid = shown.over(shown.numbers[0] + np.arange(len(columns)))
    staff = read_resources(told["resources"], told["added_hours"], shown)
    staff = at_buckets(staff, columns, grid=staff.grid.over(grid.numbers))
    retired = items["retired_on"].to_numpy()[:, None] < grid.buckets.to_numpy()
    user = staff.grid.find(bill["resource"])
    bill = Bill(grid.find(bill["item"]), made, user, bill["hours_per_unit"].to_numpy())
    due = told["receipts"]["due_on"].fillna(grid.buckets[0]).clip(lower=grid.buckets[0])
    hidden = np.arange(len(columns)) >= shown.shape[1]
    coming = grid.array(told["receipts"].assign(bucket=due), "quantity") * ~hidden
    opening = told["inventory"].groupby("item")[["on_hand", "backlog"]].sum()
    to_order = (items["strategy"] == "order").to_numpy()
    wanted, safe = (
        np.where(retired & hidden, 0.0, shown.array(told[name], "quantity")[:, columns])
        for name in ("demand", "safety_stock")
    )
    on_hand, backlog = opening.reindex(items["item"]).fillna(0.0).to_numpy().T
    told_of = {name: items[name].to_numpy() for name in (*UNITS, "shelf_life")}
    recent = _recent(grid, items["customer_lead_time"].to_numpy(), wanted, told["bookings"])
    cost = standard_cost(items, *costing)["standard_cost"]
    elsewhere = np.where(ways.kind == "transferred", cost.to_numpy()[ways.item], 0.0)
    dear = replace(ways, unit_cost=ways.unit_cost + elsewhere)
    prices = steering_prices(items, dear, bill, staff, chosen, shown)
    of_parts = np.where(ways.own, parts_cost(items, cost, components).to_numpy()[ways.item], 0.0)
    facts = Facts(
        tables=told,
        grid=grid,
        names=pd.Index(items["item"]),
        to_order=to_order,
        **told_of,
        ways=replace(ways, unit_cost=np.maximum(ways.unit_cost - of_parts, 0.0)),
        bill=bill,
        parts=parts,
        resources=staff,
        prices=prices,
        demand=wanted,
        receipts=coming,
        expiring=expiring(coming, wanted, on_hand - backlog, told_of["shelf_life"]),
        issued=np.zeros(wanted.shape),
        safety_stock=np.where(to_order[:, None], 0.0, safe),
        recent=np.where(to_order[:, None], recent, 0.0),
        on_hand=on_hand,
        backlog=backlog,
        shown=shown.shape[1],
        announced=tuple(staff.grid.array(told["announced"], name) for name in reading.MOVES),
        notice=(0, 0) if settings is None else (chosen["hiring_notice"], fence),
    )
    return replace(facts, issued=exploded(facts)) if len(components) else facts


def _ways_of_rows(ways: Ways, grid: Grid, told, name: str, column: str) -> np.ndarray:
    """The way that each row of a bill is for; a source that is none is refused."""
    way = ways.find(grid.find(told[name][column]), told[name]["source"])
    mend = "add the source to sourcing, or leave it blank for own production"
    reading.refuse(told[name], name, "source", way < 0, "are no source of the item", mend)
    return way


def _columns(items, grid: Grid, wait: float, alone: bool) -> np.ndarray:
    """The bucket that each bucket of the plan is like: its own, then, hidden, those of the last
    year again for as long as the longest ``wait`` takes (buckets: an item's lead time with that of
    its parts, review and customer's wait). Nothing is hidden where every item says its ending
    stock, and where a model is asked ``alone``: without safety stock or settings.
    """
    count = grid.shape[1]
    ends = alone or items["ending_stock"].notna().all()
    hidden = 0 if ends else max(FEWEST_HIDDEN, int(np.ceil(wait)))
    year = min(grid.calendar.per_year, count)
    return np.concatenate([np.arange(count), count - year + np.arange(hidden) % year])


def _grid(items, demand, settings) -> Grid:
    """Items × the buckets from the first to the last that demand names."""
    if demand.empty:
        raise PlanError(
            "table demand has no rows; give at least one item and bucket, its buckets are the"
            " horizon"
        )
    size = (settings or {}).get("bucket", "period")
    calendar = infer_calendar(demand["bucket"]) if size == "period" else Calendar(size)
    numbers = calendar.number(demand["bucket"])
    buckets = calendar.stamp(np.arange(numbers.min(), numbers.max() + 1))
    return Grid(items[["item"]], buckets, calendar, ("item",))


def ways_of(items, bill, components, sourcing, grid: Grid) -> Ways:
    """Every way to get every item: what stands in the bill of resources or has components is made
    and its sources subcontract; anything else is purchased, from its sources or at its own unit
    cost. What a source leaves blank is what its item says; sources of other items are none.
    """
    sourcing = sourcing.merge(items[["item"]])
    own = items.set_index("item").reindex(sourcing["item"]).reset_index()
    sourcing = sourcing.fillna(own[["unit_cost", "lead_time"]])
    own_made = reading.made(bill, components)
    made = items["item"].isin(own_made)
    alone = items[made | ~items["item"].isin(sourcing["item"])]
    ways = pd.concat([alone.assign(source="", max_quantity=np.inf), sourcing])
    ways = ways.sort_values(["item", "source"], ignore_index=True)
    bought, own = ~ways["item"].isin(own_made), ways["source"] == ""
    return Ways(
        item=grid.find(ways["item"]),
        kind=np.select(
            [ways["source"].str.startswith(reading.SENT), bought, own],
            ["transferred", "purchased", "production"],
            "subcontracted",
        ),
        source=ways["source"].to_numpy(dtype="object"),
        unit_cost=ways["unit_cost"].to_numpy(),
        limit=ways["max_quantity"].to_numpy(),
        lead=ways["lead_time"].to_numpy(),
        opens=np.ceil(ways["lead_time"] - 1e-9).astype(int).to_numpy(),
    )


def _recent(grid: Grid, wait, demand, bookings) -> np.ndarray:
    """Bookings of the last ``wait`` buckets at the end of each bucket; a part bucket counts in
    part.
    """
    first = grid.numbers[0]
    begun = min(grid.calendar.number(bookings["bucket"]).min(initial=first), first)
    before = grid.over(np.arange(begun, first)).array(bookings, "quantity")
    timeline = np.concatenate([before, demand], axis=1)
    ends = np.arange(before.shape[1], timeline.shape[1]) + 1
    starts = ends - np.minimum(wait[:, None], ends)
    return np.maximum(sum_to(timeline, ends) - sum_to(timeline, starts), 0.0)
