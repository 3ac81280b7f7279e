"""Ways to close a gap: each with the units it closes, its cost, its gain and who answers for it."""

import numpy as np
import pandas as pd

from sopkit.metrics.scopes import against_budget, per_item
from sopkit.metrics.stages import COMPANY
from sopkit.tables import INPUTS, PLANS

RISE = 0.01  # the price rise that is offered
TRIFLE = 0.001  # share of demand that may be late before it is worth an option


def gap_options(book) -> pd.DataFrame:
    """The declared ``gap_options``, best gain first: what would serve late and lost units, or lift
    revenue to budget.

    *Supply* (where units are late or lost): overtime left on a resource; more hours at the shadow
    price (an upper bound: the price holds for the first hours); subcontracting or buying more,
    within each source's limit. *Demand* (families whose revenue of the next year is below budget):
    a launch one bucket earlier, a promotion like those known, a price 1 % higher at the same volume
    (closes money, no units). gain = margin brought, cost deducted; value_per_unit = gain ÷ units.
    Options do not add up: several may serve the same units. Empty where there is no gap.
    """
    short, behind, table = _short(book), _behind(book), PLANS["gap_options"]
    owners = book.settings["owners"]
    supply = owners.get("supply_plan", "head of supply planning")
    found = [measure(book, short).assign(owner=supply) for measure in SUPPLY if len(short)]
    for measure, owner in DEMAND.items() if len(behind) and len(book.demand_plan) else ():
        rows = measure(book, behind)
        found.append(rows.assign(owner=[owners.get(name, owner) for name in rows["family"]]))
    rows = pd.concat([table.empty(), *found], ignore_index=True)
    rows["value_per_unit"] = rows["gain"] / rows["closes"].where(rows["closes"] > 0)
    best = table.conform(rows.loc[rows["gain"] > 1e-6, table.names])
    return best.sort_values("gain", ascending=False, kind="stable", ignore_index=True)


def _short(book):
    """Items late or lost by more than a trifle: item, units (the worst bucket's late + all lost),
    price, margin, until (worst bucket).
    """
    plan = book.supply_plan.assign(worst=lambda p: p["late"] + p["lost"])
    worst = plan.sort_values(["worst", "bucket"], ascending=[False, True], kind="stable")
    named = {"late": ("late", "max"), "lost": ("lost", "sum"), "demand": ("demand", "sum")}
    sums = worst.groupby("item", as_index=False).agg(**named, until=("bucket", "first"))
    sums["units"] = sums["late"] + sums["lost"]
    rows = sums[sums["units"] > np.maximum(TRIFLE * sums["demand"], 1e-6)]
    price = per_item(rows, book.item_prices.groupby("item")["price"].mean())
    return rows.assign(price=price, margin=price - per_item(rows, book.cost))


def _of_resources(book, short):
    """The capacity plan of each resource that would serve what is short, with the rates of its
    hours, the hours, units and margin of an hour that are short, and the worst bucket.
    """
    needs = short.merge(
        book.bill_of_resources.query("hours_per_unit > 0 and source == ''"), on="item"
    )
    needs["hours"] = needs["units"] * needs["hours_per_unit"]
    needs["margin"] *= needs["units"]
    how = {"hours": "sum", "units": "sum", "margin": "sum", "until": "max"}
    sums = needs.groupby("resource", as_index=False).agg(how)
    return _rates(book).merge(sums.assign(margin=sums["margin"] / sums["hours"]), on="resource")


def _rates(book):
    """The capacity plan with the regular_cost and overtime_cost of its hours; a resource's row with
    a bucket beats the blank one cell by cell.
    """
    plan, given = book.capacity_plan.reset_index(drop=True), book.typed("resources")
    every = given["bucket"].isna()
    own = plan[["resource", "bucket"]].merge(given[~every], how="left")
    always = plan[["resource"]].merge(given[every], how="left")
    rates = INPUTS["resources"].filled(own.fillna(always))
    return plan.join(rates[["regular_cost", "overtime_cost"]])


def _overtime(book, short):
    """Overtime that is left up to the worst bucket, on resources that demand would overload."""
    plan = _of_resources(book, short).query("bucket <= until")
    plan["offered"] = plan["overtime_limit"] - plan["overtime"]
    plan["gain"] = plan["margin"] - (plan["overtime_cost"] - plan["regular_cost"])
    over = plan.query("unconstrained_load > regular_capacity")["resource"]
    left = plan[plan["resource"].isin(over) & (plan["offered"] > 1e-6)]
    how = {"offered": "sum", "overtime_cost": "mean", "gain": "mean"}
    sums = left.groupby(["resource", "hours", "units"], as_index=False).agg(how)
    return _hours(sums, "Overtime on {}: {:,.0f} hours", sums["overtime_cost"], sums["gain"])


def _more_hours(book, short):
    """Regular hours added where one more hour saves something, as many as the unconstrained load
    lacks.
    """
    plan = _of_resources(book, short).query("shadow_price > 0")
    limit = plan["regular_capacity"] + plan["overtime_limit"]
    plan["offered"] = plan["unconstrained_load"] - limit
    plan["paid"] = plan["offered"] * plan["regular_cost"]
    plan["saved"] = plan["offered"] * plan["shadow_price"]
    sums = plan[plan["offered"] > 1e-6].groupby(["resource", "hours", "units"], as_index=False)
    sums = sums[["offered", "paid", "saved"]].sum()
    cost, gain = sums["paid"] / sums["offered"], sums["saved"] / sums["offered"]
    return _hours(sums, "More capacity on {}: {:,.0f} regular hours", cost, gain)


def _hours(offers, words, cost, gain):
    """As many of the hours offered by a resource as are short, at a cost and a gain per hour."""
    used = np.minimum(offers["offered"], offers["hours"])
    return offers.assign(
        option=[words.format(*offer) for offer in zip(offers["resource"], used)],
        closes=offers["units"] * used / offers["hours"],
        cost=used * cost,
        gain=used * gain,
    )


def _sources(book, short):
    """What each source could still send between its lead time and the worst bucket."""
    offers, own = book.sourcing.merge(short, on="item"), book.items.set_index("item")
    cost = offers["unit_cost"].fillna(per_item(offers, own["unit_cost"]))
    lead = np.ceil(offers["lead_time"].fillna(per_item(offers, own["lead_time"])))
    ready = (book.buckets.get_indexer(offers["until"]) + 1 - lead).clip(lower=0)
    got = book.supply_plan.groupby("item")[["subcontracted", "purchased"]].sum().sum(axis=1)
    most = (offers["max_quantity"] * ready).where(ready > 0, 0.0)
    units = np.minimum(offers["units"], (most - per_item(offers, got)).clip(lower=0))
    verb = np.where(
        offers["item"].isin(book.bill_of_resources.query("source == ''")["item"]),
        "Subcontract",
        "Buy",
    )
    words = [f"{v} {i} from {s}" for v, i, s in zip(verb, offers["item"], offers["source"])]
    gain = units * (offers["price"] - cost)
    return offers.assign(option=words, closes=units, cost=units * cost, gain=gain)


def _behind(book):
    """Families whose revenue of the next year is below budget: family, gap (money, positive),
    plan.
    """
    sums = against_budget(book, "revenue").rename(columns={"scope": "family"})
    sums["gap"] = sums["budget"] - sums["plan"]
    return sums[(sums["gap"] > 0) & (sums["family"] != COMPANY)]


def _cells(book, behind, bucket):
    """The demand plan of one bucket in the families that are behind, with the margin of a unit."""
    plan = book.demand_plan[book.demand_plan["bucket"] == bucket]
    cells = book.by_family(book.priced(plan))
    cells["margin"] = cells["price"] - per_item(cells, book.cost)
    return cells[cells["family"].isin(behind["family"])]


def _launches(book, behind):
    """A launch of a family that is behind, one bucket earlier: one more bucket at full ramp (its
    last planned one).
    """
    cells = _cells(book, behind, book.buckets[-1])
    ahead = book.launches.loc[book.launches["launched_on"] > book.first, "item"]
    cells = cells[cells["item"].isin(ahead)].rename(columns={"launches": "closes"})
    cells["gain"] = cells["closes"] * cells["margin"]
    rows = cells.groupby(["item", "family"], as_index=False)[["closes", "gain"]].sum()
    words = [f"Launch {item} one {book.calendar.size} earlier" for item in rows["item"]]
    return rows.assign(option=words, cost=np.nan)  # nobody has priced it


def _promotions(book, behind):
    """A promotion over the family's next bucket outside the fence, with the mean uplift and price
    cut of those known.
    """
    known = book.events.query("uplift > 0 and kind == 'promotion'")
    usual = per_item(known, book.item_prices.groupby("item")["price"].max())
    cut = np.nan_to_num((1 - known["price"] / usual.where(usual > 0)).clip(lower=0).mean())
    uplift, off = known["uplift"].mean(), f" at {100 * cut:.0f} % off" if cut else ""
    target = book.buckets[min(book.settings["planning_fence"], len(book.buckets) - 1)]
    cells = _cells(book, behind, target)
    cells["closes"] = cells["baseline"] * uplift
    cells["cost"] = (cells["baseline"] + cells["closes"]) * cells["price"] * cut
    cells["gain"] = cells["closes"] * cells["margin"] - cells["cost"]
    rows = cells.groupby("family", as_index=False)[["closes", "cost", "gain"]].sum()
    rows["cost"] = rows["cost"].where(rows["cost"] > 0)  # no price cut is known: not priced
    words = [
        f"Promote {name}: +{100 * uplift:.0f} % in {target:%b %y}{off}" for name in rows["family"]
    ]
    return rows.assign(option=words)


def _price_rise(book, behind):
    words = [
        f"Raise prices of {name} by {100 * RISE:g} %, volume unchanged" for name in behind["family"]
    ]
    gain = np.minimum(behind["plan"] * RISE, behind["gap"])
    return behind.assign(option=words, closes=0.0, cost=np.nan, gain=gain)


SUPPLY = [_overtime, _more_hours, _sources]
DEMAND = {_launches: "marketing", _promotions: "marketing", _price_rise: "sales"}
