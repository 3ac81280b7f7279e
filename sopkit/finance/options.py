"""Ways to close a gap: each with the units it closes, its cost, its gain and who answers for it."""

import numpy as np
import pandas as pd

from sopkit.buckets import infer_calendar
from sopkit.finance.costs import rates
from sopkit.metrics.scopes import declared, per_item, priced, setting
from sopkit.metrics.stages import families
from sopkit.tables import PLANS

COLUMNS = ["option", "closes", "cost", "gain", "owner"]
RISE = 0.01
TRIFLE = 0.001


def gap_options(
    supply_plan,
    items,
    prices,
    standard_cost,
    *,
    capacity_plan=None,
    bill_of_resources=None,
    resources=None,
    sourcing=None,
    demand_plan=None,
    launches=None,
    events=None,
    financial_plan=None,
    settings=None,
    calendar=None,
) -> pd.DataFrame:
    """The declared ``gap_options``, best gain first: what would serve late and lost units, or lift
    revenue to budget.

    *Supply* (where units are late or lost): overtime left on a resource; more hours at the shadow
    price (an upper bound: the price holds for the first hours); subcontracting or buying more,
    within each source's limit. *Demand* (families whose revenue of the next year is below budget):
    a launch one bucket earlier, a promotion like those known, a price 1 % higher at the same volume
    (closes money, no units). gain = margin brought, cost deducted; value_per_unit = gain ÷ units.
    Options do not add up: several may serve the same units. Empty where there is no gap.
    """
    calendar = calendar or infer_calendar(supply_plan["bucket"])
    short = _short(supply_plan, prices, standard_cost)
    found = []
    if len(short):
        owner = _owner(settings, "supply_plan", "head of supply planning")
        if all(_some(table) for table in (capacity_plan, bill_of_resources, resources)):
            found += [
                _overtime(short, capacity_plan, bill_of_resources, resources, owner),
                _more_hours(short, capacity_plan, bill_of_resources, resources, owner),
            ]
        if _some(sourcing):
            found.append(_sources(short, supply_plan, sourcing, items, bill_of_resources, owner))
    behind = _behind(financial_plan, calendar)
    if len(behind) and _some(demand_plan):
        found += [
            _launches(behind, demand_plan, launches, items, prices, standard_cost, settings),
            _promotions(behind, demand_plan, events, items, prices, standard_cost, settings),
            _price_rise(behind, settings),
        ]
    rows = pd.concat(
        [frame[COLUMNS] for frame in found if len(frame)]
        or [PLANS["gap_options"].empty()[COLUMNS]],
        ignore_index=True,
    )
    rows = rows[rows["gain"] > 1e-6].assign(
        value_per_unit=lambda r: r["gain"] / r["closes"].where(r["closes"] > 0)
    )
    return (
        PLANS["gap_options"]
        .conform(rows)
        .sort_values("gain", ascending=False, kind="stable", ignore_index=True)
    )


def _some(frame):
    return frame is not None and len(frame) > 0


def _owner(settings, name, otherwise):
    return setting(settings, "owners").get(name, otherwise)


def _short(supply_plan, prices, standard_cost):
    """Items late or lost by more than a trifle: units (the worst bucket's late + all lost), price,
    margin, until (worst bucket).
    """
    sums = supply_plan.groupby("item").agg(
        late=("late", "max"), lost=("lost", "sum"), demand=("demand", "sum")
    )
    late = (sums["late"] + sums["lost"])[
        lambda units: units > np.maximum(TRIFLE * sums["demand"], 1e-6)
    ]
    worst = supply_plan.assign(worst=supply_plan["late"] + supply_plan["lost"]).sort_values(
        ["worst", "bucket"], ascending=[False, True], kind="stable"
    )
    until = worst.drop_duplicates("item").set_index("item")["bucket"]
    price = prices.groupby("item")["price"].mean().reindex(late.index).fillna(0.0)
    cost = standard_cost.set_index("item")["standard_cost"].reindex(late.index).fillna(0.0)
    return (
        pd.DataFrame(
            {
                "units": late,
                "price": price,
                "margin": price - cost,
                "until": until.reindex(late.index),
            }
        )
        .rename_axis("item")
        .reset_index()
    )


def _needs(short, bill_of_resources):
    """Short items on each of their resources: hours that their units need."""
    needs = short.merge(bill_of_resources[["item", "resource", "hours_per_unit"]], on="item")
    needs = needs[needs["hours_per_unit"] > 0]
    return needs.assign(hours=needs["units"] * needs["hours_per_unit"])


def _per_resource(needs):
    """Hours, units and margin short by resource, and the worst bucket."""
    sums = (
        needs.assign(margin=needs["units"] * needs["margin"])
        .groupby("resource")
        .agg(
            hours=("hours", "sum"),
            units=("units", "sum"),
            margin=("margin", "sum"),
            until=("until", "max"),
        )
    )
    return sums.reset_index()


def _overtime(short, capacity_plan, bill_of_resources, resources, owner):
    """Overtime that is left up to the worst bucket, on resources that demand would overload."""
    rate = rates(resources, capacity_plan)
    left = capacity_plan.assign(
        left=(capacity_plan["overtime_limit"] - capacity_plan["overtime"]).clip(lower=0),
        premium=rate["overtime_cost"].to_numpy() - rate["regular_cost"].to_numpy(),
        rate=rate["overtime_cost"].to_numpy(),
    )
    left = left.merge(_per_resource(_needs(short, bill_of_resources)), on="resource")
    left = left[left["bucket"] <= left["until"]]
    overloaded = left.loc[left["unconstrained_load"] > left["regular_capacity"], "resource"]
    left = left[left["resource"].isin(overloaded) & (left["left"] > 1e-6)]
    sums = (
        left.groupby("resource")
        .agg(
            left=("left", "sum"),
            rate=("rate", "mean"),
            premium=("premium", "mean"),
            hours=("hours", "first"),
            units=("units", "first"),
            margin=("margin", "first"),
        )
        .reset_index()
    )
    used = np.minimum(sums["left"], sums["hours"])
    share = used / sums["hours"]
    return sums.assign(
        option=[
            f"Overtime on {name}: {hours:,.0f} hours" for name, hours in zip(sums["resource"], used)
        ],
        owner=owner,
        closes=sums["units"] * share,
        cost=used * sums["rate"],
        gain=sums["margin"] * share - used * sums["premium"],
    )


def _more_hours(short, capacity_plan, bill_of_resources, resources, owner):
    """Regular hours added where one more hour saves something, as many as the unconstrained load
    lacks.
    """
    plan = capacity_plan.assign(rate=rates(resources, capacity_plan)["regular_cost"].to_numpy())
    plan["wanted"] = (
        plan["unconstrained_load"] - plan["regular_capacity"] - plan["overtime_limit"]
    ).clip(lower=0)
    plan = plan[(plan["shadow_price"] > 0) & (plan["wanted"] > 1e-6)]
    sums = (
        plan.assign(saved=plan["wanted"] * plan["shadow_price"], paid=plan["wanted"] * plan["rate"])
        .groupby("resource", as_index=False)[["wanted", "saved", "paid"]]
        .sum()
    )
    sums = sums.merge(_per_resource(_needs(short, bill_of_resources)), on="resource")
    used = np.minimum(sums["wanted"], sums["hours"])
    part = used / sums["wanted"]
    return sums.assign(
        option=[
            f"More capacity on {name}: {hours:,.0f} regular hours"
            for name, hours in zip(sums["resource"], used)
        ],
        owner=owner,
        closes=sums["units"] * used / sums["hours"],
        cost=sums["paid"] * part,
        gain=sums["saved"] * part,
    )


def _sources(short, supply_plan, sourcing, items, bill_of_resources, owner):
    """What each source could still send between its lead time and the worst bucket."""
    offers = declared(sourcing, "sourcing").merge(short, on="item")
    own = items.set_index("item").reindex(offers["item"]).reset_index()
    offers["unit_cost"] = (
        offers["unit_cost"]
        .fillna(own.get("unit_cost", pd.Series(0.0, index=own.index)))
        .fillna(0.0)
    )
    lead = np.ceil(
        offers["lead_time"]
        .fillna(own.get("lead_time", pd.Series(0.0, index=own.index)))
        .fillna(0.0)
    )
    buckets = pd.Index(sorted(supply_plan["bucket"].unique()))
    open_buckets = (buckets.get_indexer(offers["until"]) + 1 - lead).clip(lower=0)
    got = supply_plan.groupby("item")[["subcontracted", "purchased"]].sum().sum(axis=1)
    most = np.where(
        open_buckets > 0,
        offers["max_quantity"].fillna(np.inf) * open_buckets.where(open_buckets > 0, 1),
        0.0,
    )
    spare = (most - np.where(np.isfinite(most), per_item(offers, got), 0.0)).clip(min=0)
    units = np.minimum(offers["units"], spare)
    made = set() if bill_of_resources is None else set(bill_of_resources["item"])
    words = [
        f"{'Subcontract' if item in made else 'Buy'} {item} from {source}"
        for item, source in zip(offers["item"], offers["source"])
    ]
    return offers.assign(
        option=words,
        owner=owner,
        closes=units,
        cost=units * offers["unit_cost"],
        gain=units * (offers["price"] - offers["unit_cost"]),
    )


def _behind(financial_plan, calendar):
    """Families whose revenue of the next year is below budget: family, gap (money, positive),
    revenue.
    """
    if not _some(financial_plan):
        return pd.DataFrame(columns=["family", "gap", "revenue"])
    year = financial_plan[
        financial_plan["bucket"].isin(calendar.next_year(financial_plan["bucket"]))
    ]
    sums = (
        year[year["revenue_gap"].notna()]
        .groupby("family")[["revenue_gap", "revenue"]]
        .sum()
        .reset_index()
    )
    return sums[(sums["revenue_gap"] < 0) & (sums["family"] != "(company)")].assign(
        gap=-sums["revenue_gap"]
    )


def _margins(demand_plan, items, prices, standard_cost):
    """The demand plan with family, price and the margin of a unit."""
    cells = priced(demand_plan, prices)
    cost = per_item(cells, standard_cost.set_index("item")["standard_cost"])
    return cells.assign(family=cells["item"].map(families(items)), margin=cells["price"] - cost)


def _launches(behind, demand_plan, launches, items, prices, standard_cost, settings):
    """A launch of a family that is behind, one bucket earlier: one more bucket at full ramp (its
    last planned one).
    """
    if not _some(launches):
        return behind.iloc[:0].reindex(columns=COLUMNS)
    first, last = demand_plan["bucket"].min(), demand_plan["bucket"].max()
    ahead = launches.loc[launches["launched_on"] > first, "item"]
    cells = _margins(
        demand_plan[demand_plan["item"].isin(ahead) & (demand_plan["bucket"] == last)],
        items,
        prices,
        standard_cost,
    )
    cells = cells[cells["family"].isin(behind["family"])]
    rows = (
        cells.assign(gain=cells["launches"] * cells["margin"])
        .groupby(["item", "family"], as_index=False)[["launches", "gain"]]
        .sum()
    )
    return rows.assign(
        option=[f"Launch {item} one bucket earlier" for item in rows["item"]],
        closes=rows["launches"],
        cost=0.0,
        owner=[_owner(settings, family, "marketing") for family in rows["family"]],
    )


def _promotions(behind, demand_plan, events, items, prices, standard_cost, settings):
    """A promotion over the family's next bucket outside the fence, with the mean uplift and price
    cut of those known.
    """
    if not _some(events) or "uplift" not in events:
        return behind.iloc[:0].reindex(columns=COLUMNS)
    known = events[
        (events["uplift"] > 0)
        & (
            events["kind"].fillna("promotion").replace("", "promotion") == "promotion"
            if "kind" in events
            else True
        )
    ]
    buckets = sorted(demand_plan["bucket"].unique())
    target = buckets[min(setting(settings, "planning_fence"), len(buckets) - 1)]
    cells = _margins(demand_plan[demand_plan["bucket"] == target], items, prices, standard_cost)
    cells = cells[cells["family"].isin(behind["family"])]
    if known.empty or cells.empty:
        return behind.iloc[:0].reindex(columns=COLUMNS)
    uplift, cut = known["uplift"].mean(), _price_cut(known, prices)
    cells = cells.assign(
        units=cells["baseline"] * uplift,
        spent=cells["baseline"] * (1 + uplift) * cells["price"] * cut,
    )
    rows = (
        cells.assign(gain=cells["units"] * cells["margin"] - cells["spent"])
        .groupby("family", as_index=False)[["units", "spent", "gain"]]
        .sum()
    )
    return rows.assign(
        option=[
            f"Promote {family}: +{uplift:.0%} in {target:%b %y}"
            + (f" at {cut:.0%} off" if cut else "")
            for family in rows["family"]
        ],
        closes=rows["units"],
        cost=rows["spent"],
        owner=[_owner(settings, family, "marketing") for family in rows["family"]],
    )


def _price_cut(known, prices):
    """Mean fraction off the usual price of the events that name an item and a price; 0 where none
    does.
    """
    if "price" not in known or "item" not in known:
        return 0.0
    usual = known["item"].map(prices.groupby("item")["price"].max())
    cut = (1 - known["price"] / usual.where(usual > 0)).clip(lower=0)
    return float(cut.mean()) if cut.notna().any() else 0.0


def _price_rise(behind, settings):
    gain = np.minimum(behind["revenue"] * RISE, behind["gap"])
    return behind.assign(
        option=[
            f"Raise prices of {family} by {RISE:.0%}, volume unchanged"
            for family in behind["family"]
        ],
        closes=0.0,
        cost=0.0,
        gain=gain,
        owner=[_owner(settings, family, "sales") for family in behind["family"]],
    )
