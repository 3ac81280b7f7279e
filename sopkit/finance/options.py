"""Ways to close a gap: each with the units it closes, its cost, its gain and who answers for it."""

import numpy as np
import pandas as pd

from sopkit.metrics.scopes import per_item
from sopkit.tables import INPUTS, PLANS

COLUMNS = ["option", "closes", "cost", "gain", "owner"]
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
    short, behind = _short(book), _behind(book)
    owners = book.settings["owners"]
    supply = owners.get("supply_plan", "head of supply planning")
    found = [measure(book, short).assign(owner=supply) for measure in SUPPLY if len(short)]
    for measure, owner in DEMAND.items() if len(behind) and len(book.demand_plan) else ():
        rows = measure(book, behind)
        found.append(rows.assign(owner=[owners.get(name, owner) for name in rows["family"]]))
    rows = pd.concat([PLANS["gap_options"].empty(), *found], ignore_index=True)[COLUMNS]
    rows = rows[rows["gain"] > 1e-6]
    rows = rows.assign(value_per_unit=rows["gain"] / rows["closes"].where(rows["closes"] > 0))
    best = PLANS["gap_options"].conform(rows)
    return best.sort_values("gain", ascending=False, kind="stable", ignore_index=True)


def _short(book):
    """Items late or lost by more than a trifle: item, units (the worst bucket's late + all lost),
    price, margin, until (worst bucket).
    """
    plan = book.supply_plan.assign(worst=lambda p: p["late"] + p["lost"])
    worst = plan.sort_values(["worst", "bucket"], ascending=[False, True], kind="stable")
    named = {"late": ("late", "max"), "lost": ("lost", "sum"), "demand": ("demand", "sum")}
    sums = worst.groupby("item").agg(**named, until=("bucket", "first")).reset_index()
    sums["units"] = sums["late"] + sums["lost"]
    rows = sums[sums["units"] > np.maximum(TRIFLE * sums["demand"], 1e-6)]
    price = per_item(rows, book.item_prices.groupby("item")["price"].mean())
    rows = rows.assign(price=price, margin=price - per_item(rows, book.cost))
    return rows[["item", "units", "price", "margin", "until"]]


def _per_resource(book, short):
    """Hours, units and margin short by resource, and the worst bucket."""
    needs = short.merge(book.bill_of_resources, on="item")
    needs = needs[needs["hours_per_unit"] > 0]
    return (
        needs.assign(
            hours=needs["units"] * needs["hours_per_unit"],
            margin=needs["units"] * needs["margin"],
        )
        .groupby("resource", as_index=False)
        .agg({"hours": "sum", "units": "sum", "margin": "sum", "until": "max"})
    )


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
    plan = _rates(book)
    left = plan.assign(
        left=(plan["overtime_limit"] - plan["overtime"]).clip(lower=0),
        premium=plan["overtime_cost"] - plan["regular_cost"],
    ).merge(_per_resource(book, short), on="resource")
    left = left[left["bucket"] <= left["until"]]
    over = left.loc[left["unconstrained_load"] > left["regular_capacity"], "resource"]
    left = left[left["resource"].isin(over) & (left["left"] > 1e-6)]
    how = {"left": "sum", "overtime_cost": "mean", "premium": "mean"}
    sums = left.groupby("resource", as_index=False).agg(
        how | dict.fromkeys(["hours", "units", "margin"], "first")
    )
    used = np.minimum(sums["left"], sums["hours"])
    part = used / sums["hours"]
    return sums.assign(
        option=[f"Overtime on {name}: {h:,.0f} hours" for name, h in zip(sums["resource"], used)],
        closes=sums["units"] * part,
        cost=used * sums["overtime_cost"],
        gain=sums["margin"] * part - used * sums["premium"],
    )


def _more_hours(book, short):
    """Regular hours added where one more hour saves something, as many as the unconstrained load
    lacks.
    """
    plan = _rates(book)
    wanted = plan["unconstrained_load"] - plan["regular_capacity"] - plan["overtime_limit"]
    plan = plan.assign(
        wanted=wanted.clip(lower=0),
        saved=wanted * plan["shadow_price"],
        paid=wanted * plan["regular_cost"],
    )[(plan["shadow_price"] > 0) & (wanted > 1e-6)]
    sums = plan.groupby("resource", as_index=False)[["wanted", "saved", "paid"]].sum()
    sums = sums.merge(_per_resource(book, short), on="resource")
    used = np.minimum(sums["wanted"], sums["hours"])
    part = used / sums["wanted"]
    return sums.assign(
        option=[
            f"More capacity on {name}: {hours:,.0f} regular hours"
            for name, hours in zip(sums["resource"], used)
        ],
        closes=sums["units"] * used / sums["hours"],
        cost=sums["paid"] * part,
        gain=sums["saved"] * part,
    )


def _sources(book, short):
    """What each source could still send between its lead time and the worst bucket."""
    offers, own = book.sourcing.merge(short, on="item"), book.items.set_index("item")
    cost = offers["unit_cost"].fillna(per_item(offers, own["unit_cost"]))
    lead = np.ceil(offers["lead_time"].fillna(per_item(offers, own["lead_time"])))
    ready = (book.buckets.get_indexer(offers["until"]) + 1 - lead).clip(lower=0)
    got = book.supply_plan.groupby("item")[["subcontracted", "purchased"]].sum().sum(axis=1)
    most = (offers["max_quantity"] * ready).where(ready > 0, 0.0)
    got = per_item(offers, got).where(np.isfinite(most), 0.0)
    units = np.minimum(offers["units"], (most - got).clip(lower=0))
    verb = np.where(offers["item"].isin(book.bill_of_resources["item"]), "Subcontract", "Buy")
    words = [f"{v} {i} from {s}" for v, i, s in zip(verb, offers["item"], offers["source"])]
    gain = units * (offers["price"] - cost)
    return offers.assign(option=words, closes=units, cost=units * cost, gain=gain)


def _behind(book):
    """Families whose revenue of the next year is below budget: family, gap (money, positive),
    revenue.
    """
    plan = book.financial_plan
    year = plan[plan["bucket"].isin(book.calendar.next_year(plan["bucket"]))]
    year = year[year["revenue_gap"].notna() & (year["family"] != "(company)")]
    sums = year.groupby("family", as_index=False)[["revenue_gap", "revenue"]].sum()
    return sums.assign(gap=-sums["revenue_gap"])[sums["revenue_gap"] < 0]


def _cells(book, behind, bucket):
    """The demand plan of one bucket in the families that are behind, with the margin of a unit."""
    plan = book.demand_plan[book.demand_plan["bucket"] == bucket]
    cells = book.priced(plan).assign(family=plan["item"].map(book.family).to_numpy())
    cells["margin"] = cells["price"] - per_item(cells, book.cost)
    return cells[cells["family"].isin(behind["family"])]


def _launches(book, behind):
    """A launch of a family that is behind, one bucket earlier: one more bucket at full ramp (its
    last planned one).
    """
    cells = _cells(book, behind, book.buckets[-1])
    ahead = book.launches.loc[book.launches["launched_on"] > book.first, "item"]
    cells = cells[cells["item"].isin(ahead)].assign(
        closes=lambda c: c["launches"], gain=lambda c: c["launches"] * c["margin"]
    )
    rows = cells.groupby(["item", "family"], as_index=False)[["closes", "gain"]].sum()
    return rows.assign(
        option=[f"Launch {item} one bucket earlier" for item in rows["item"]], cost=0.0
    )


def _promotions(book, behind):
    """A promotion over the family's next bucket outside the fence, with the mean uplift and price
    cut of those known.
    """
    events = book.events
    known = events[(events["uplift"] > 0) & (events["kind"] == "promotion")]
    target = book.buckets[min(book.settings["planning_fence"], len(book.buckets) - 1)]
    cells = _cells(book, behind, target)[: None if len(known) else 0]
    uplift, cut = known["uplift"].mean(), _price_cut(book, known)
    cells = cells.assign(
        closes=cells["baseline"] * uplift,
        cost=cells["baseline"] * (1 + uplift) * cells["price"] * cut,
    )
    cells["gain"] = cells["closes"] * cells["margin"] - cells["cost"]
    rows = cells.groupby("family", as_index=False)[["closes", "cost", "gain"]].sum()
    off = f" at {cut:.0%} off" if cut else ""
    words = [f"Promote {name}: +{uplift:.0%} in {target:%b %y}{off}" for name in rows["family"]]
    return rows.assign(option=words)


def _price_cut(book, known):
    """Mean fraction off the usual price of the events that name an item and a price; 0 where none
    does.
    """
    usual = per_item(known, book.item_prices.groupby("item")["price"].max())
    cut = (1 - known["price"] / usual.where(usual > 0)).clip(lower=0).mean()
    return 0.0 if np.isnan(cut) else float(cut)


def _price_rise(book, behind):
    words = [f"Raise prices of {name} by {RISE:.0%}, volume unchanged" for name in behind["family"]]
    gain = np.minimum(behind["revenue"] * RISE, behind["gap"])
    return behind.assign(option=words, closes=0.0, cost=0.0, gain=gain)


SUPPLY = [_overtime, _more_hours, _sources]
DEMAND = {_launches: "marketing", _promotions: "marketing", _price_rise: "sales"}
