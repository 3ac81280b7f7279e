"""What needs a look in the plans: demand (error, overrides, short history, change), supply (late,
lost, short, overloaded, too much) and money (budget, cash).
"""

import numpy as np
import pandas as pd

from sopkit.metrics.book import once
from sopkit.metrics.exceptions.rules import SOON, bucket_count, rule
from sopkit.metrics.scopes import CELL, per_item, share


@once
def _demand(book):
    """The demand plan with prices and the money of each cell."""
    return book.priced(book.demand_plan).assign(worth=lambda p: p["consensus"] * p["price"])


@rule(
    2,
    0.5,
    "fraction",
    "backtest error is high, weighed with the money of the next buckets",
    f"The statistics ({{model}}, lag {{lag}}) miss by {{value:.0%}}; the next {SOON} buckets are"
    " worth {worth:,.0f}.",
)
def forecast_error(book):
    """The error at the shortest lag of the method chosen (else of the best one) × the money of the
    next buckets.
    """
    graded = book.forecast_accuracy
    graded = graded[graded["source"] == "backtest"].dropna(subset=["wape"])
    order = ["item", "lag", "other", "wape"]
    best = graded.assign(other=graded["model"] != "chosen").sort_values(order, kind="stable")
    best = best.drop_duplicates("item")
    plan = _demand(book)
    soon = plan[plan["bucket"].isin(book.buckets[:SOON])].groupby("item")["worth"].sum()
    worth = per_item(best, soon)
    value = best["wape"]
    return best.assign(bucket=book.first, value=value, worth=worth, money=value * worth)


@rule(
    2,
    0.3,
    "fraction",
    "override large against the baseline",
    "Override of {override:+,.0f} on a baseline of {baseline:,.0f} units ({change}).",
)
def large_override(book):
    plan = _demand(book)
    sums = (
        plan.assign(money=(plan["override"] * plan["price"]).abs())
        .groupby(["item", "bucket"], as_index=False)[["override", "baseline", "money"]]
        .sum()
    )
    return sums.assign(value=share(sums["override"], sums["baseline"]))


@rule(
    2,
    0.0,
    "units",
    "baseline with override outside the statistics' p10–p90 band",
    "With its override {market} plans {judged:,.0f} units, outside {p10:,.0f}–{p90:,.0f}, where 8"
    " of 10 outcomes should fall.",
)
def outside_band(book):
    plan = _demand(book)
    cells = plan[plan["override"] != 0].merge(
        book.baseline_forecast[[*CELL, "p10", "p90"]], on=CELL
    )
    judged = cells["baseline"] + cells["override"]
    beyond = (judged - cells["p90"]).clip(lower=0) - (cells["p10"] - judged).clip(lower=0)
    return cells.assign(value=beyond, judged=judged, money=beyond.abs() * cells["price"])


@rule(
    2,
    3.0,
    "buckets",
    "planned with fewer buckets of history, a launch without a like item among them",
    "Only {length} of history behind {consensus:,.0f} units; name a like item or plan it by hand.",
    below=True,
)
def short_history(book):
    """Items with demand planned (or a launch) and few buckets of history; a like item's history
    counts.
    """
    sums = _demand(book).groupby("item", as_index=False)[["consensus", "worth"]].sum()
    known = book.history.groupby("item")["bucket"].nunique()
    like = book.launches.drop_duplicates("item").set_index("item")["like_item"]
    length = np.maximum(per_item(sums, known), per_item(sums, like.map(known)))
    wanted = (sums["consensus"] > 0) | sums["item"].isin(book.launches["item"])
    words = length.map(bucket_count)
    return sums.assign(bucket=book.first, value=length, length=words, money=sums["worth"])[wanted]


@rule(
    2,
    0.2,
    "fraction",
    "consensus changed against the last released plan",
    "Consensus moved from {was:,.0f} to {now:,.0f} units since the last release ({change}).",
)
def change(book):
    """Over the buckets that both plans cover, by item."""
    plan, last = _demand(book), book.last_demand_plan
    now = plan[plan["bucket"].isin(last["bucket"])]
    before = last[last["bucket"].isin(now["bucket"])].groupby("item")["consensus"].sum()
    named = {"now": ("consensus", "sum"), "price": ("price", "mean"), "bucket": ("bucket", "min")}
    sums = now.groupby("item").agg(**named).reset_index()
    was = per_item(sums, before)
    moved = sums["now"] - was
    return sums.assign(was=was, value=share(moved, was), money=moved.abs() * sums["price"])


@once
def _supply(book):
    return book.priced(book.supply_plan)


def _missed(book, name):
    """Units late or lost: in how many buckets, why, and their money."""
    plan = _supply(book)
    value = plan[name]
    often = per_item(plan, plan[value > 0].groupby("item")["bucket"].count())
    cause = [f" ({why})" if isinstance(why, str) and why else "" for why in plan["why"]]
    return plan.assign(
        value=value, money=value * plan["price"], often=often.map(bucket_count), cause=cause
    )


@rule(
    3,
    0.0,
    "units",
    "demand unserved when it is due",
    "{value:,.0f} units late at the bucket's end, {often} in all{cause}.",
)
def late(book):
    return _missed(book, "late")


@rule(
    3,
    0.0,
    "units",
    "demand that nothing serves by the horizon's end",
    "{value:,.0f} units never served, {often} in all{cause}.",
)
def lost(book):
    return _missed(book, "lost")


@rule(
    3,
    0.0,
    "units",
    "late before anything ordered now can arrive",
    "{value:,.0f} units late inside the lead time of {lead:,.0f} buckets: only open orders can be"
    " pulled in.",
)
def inside_lead_time(book):
    plan = _supply(book)
    lead = np.ceil(per_item(plan, book.items.set_index("item")["lead_time"]))
    early = book.buckets.get_indexer(plan["bucket"]) < lead
    return plan.assign(lead=lead, value=plan["late"], money=plan["late"] * plan["price"])[early]


@rule(
    3,
    0.2,
    "fraction",
    "stock below safety stock",
    "Stock of {projected_available:,.0f} is {short:,.0f} units ({value:.0%}) below the safety"
    " stock of {safety_stock:,.0f}.",
)
def below_safety_stock(book):
    plan = _supply(book)
    short = (plan["safety_stock"] - plan["projected_available"]).clip(lower=0)
    value = share(short, plan["safety_stock"])
    return plan.assign(short=short, value=value, money=short * plan["price"])


@rule(
    3,
    1.0,
    "fraction",
    "unconstrained load above regular and overtime hours",
    "Demand wants {unconstrained_load:,.0f} hours of {limit:,.0f} with overtime; the plan works"
    " {load:,.0f}, and one more hour saves {shadow_price:,.2f}.",
    level="resource",
)
def overload(book):
    plan = book.capacity_plan
    limit, wanted = plan["regular_capacity"] + plan["overtime_limit"], plan["unconstrained_load"]
    rows = plan.assign(
        name=plan["resource"],
        limit=limit,
        value=share(wanted, limit),
        money=(wanted - limit).clip(lower=0) * plan["shadow_price"],
    )
    return rows[np.isfinite(limit)]


@rule(
    3,
    6.0,
    "buckets",
    "stock lasts longer than this",
    "{units:,.0f} units last {value:.1f} buckets, worth {worth:,.0f}.",
)
def excess_stock(book):
    """Stock beyond the threshold's cover, in money; what has no demand at all is obsolete and not
    listed here.
    """
    plan = book.inventory_plan[lambda p: p["units"] > p["target"].fillna(0.0)]
    limit = book.settings["thresholds"].get("excess_stock", 6.0)
    beyond = (1 - limit / plan["cover"].where(plan["cover"] > limit)).fillna(0.0)
    money = (beyond * plan["value"]).fillna(0.0)
    return plan.assign(worth=plan["value"], value=plan["cover"], money=money)


@rule(
    3,
    0.0,
    "money",
    "stock without any demand left in the horizon",
    "{units:,.0f} units worth {money:,.0f} in stock and no demand in the horizon.",
)
def obsolete_stock(book):
    asked = book.supply_plan.groupby("item")["demand"].sum()
    left = book.inventory_plan[per_item(book.inventory_plan, asked) <= 0]
    return left.assign(money=left["value"].fillna(0.0))


def _gap(book, name):
    """The next year's shortfall of the families that have a budget of their own, and of the
    company, which also has what belongs to none.
    """
    year = book.financial_plan[book.financial_plan["bucket"].isin(book.year)]
    keys = ["level", "name", "bucket"]
    both = pd.concat(
        [
            year[year["family"] != "(company)"].assign(level="family", name=year["family"]),
            year.assign(level="company", name="company"),
        ]
    )
    rows = both.groupby(keys, as_index=False)[[name, f"budget_{name}"]].sum(min_count=1)
    rows = rows.rename(columns={name: "plan", f"budget_{name}": "budget"}).dropna(subset="budget")
    named = {"plan": ("plan", "sum"), "budget": ("budget", "sum"), "bucket": ("bucket", "min")}
    sums = rows.groupby(keys[:2]).agg(**named).reset_index()
    gap = sums["plan"] - sums["budget"]
    short = -gap
    return sums.assign(value=share(gap, sums["budget"].abs()), money=short)[short > 0]


BELOW = (
    "Planned {} of {{plan:,.0f}} is {{money:,.0f}} below the budget of {{budget:,.0f}}"
    " ({{change}})."
)


@rule(
    4,
    0.05,
    "fraction",
    "planned revenue of the next year below budget",
    BELOW.format("revenue"),
)
def revenue_gap(book):
    return _gap(book, "revenue")


@rule(4, 0.05, "fraction", "planned margin of the next year below budget", BELOW.format("margin"))
def margin_gap(book):
    return _gap(book, "margin")


@rule(
    4,
    0.0,
    "money",
    "a bucket pays out more than it collects, by more than this",
    "Pays {money:,.0f} more than it collects in the bucket.",
    level="company",
)
def cash(book):
    """Buckets in which the company pays more than it collects, once the plan's first receivables
    are in: what was owed before the plan is unknown.
    """
    paid = book.financial_plan.groupby("bucket", as_index=False)["cash"].sum()
    terms = pd.Timedelta(days=book.settings["receivable_days"])
    rows = paid[(paid["bucket"] >= paid["bucket"].min() + terms) & (paid["cash"] < 0)]
    return rows.assign(name="company", value=rows["cash"], money=-rows["cash"])
