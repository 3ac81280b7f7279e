"""What needs a look in the plans: demand (error, overrides, short history, change), supply (late,
lost, short, overloaded, too much) and money (budget, cash).
"""

import numpy as np
import pandas as pd

from sopkit.metrics.book import once
from sopkit.metrics.exceptions.rules import SOON, bucket_count, rule, threshold
from sopkit.metrics.scopes import against_budget, per_item, realised_price, share, used, within
from sopkit.metrics.stages import CELL, CHOSEN, COMPANY


@once
def _demand(book):
    """The demand plan with prices and the money of each cell."""
    return book.priced(book.demand_plan).assign(worth=lambda p: p["consensus"] * p["price"])


@rule(
    2,
    0.5,
    f"The statistics ({{model}}, lag {{lag}}) miss by {{value:.0%}}; the next {SOON} buckets are"
    " worth {worth:,.0f}.",
)
def forecast_error(book):
    """Backtest error is high (a fraction), weighed with the money of the next buckets: at the
    shortest lag of the method chosen, else of the best one.
    """
    graded = book.forecast_accuracy.query("source == 'backtest'").dropna(subset="wape")
    order = ["item", "lag", "other", "wape"]
    best = graded.assign(other=graded["model"] != CHOSEN).sort_values(order, kind="stable")
    best = best.drop_duplicates("item")
    soon = within(_demand(book), book.buckets[:SOON]).groupby("item")["worth"].sum()
    worth, value = per_item(best, soon), best["wape"]
    return best.assign(value=value, worth=worth, money=value * worth)


@rule(
    2,
    0.05,
    "The list price of {price:,.2f} is not what the last year brought, {realised:,.2f} a unit:"
    " the plan counts the realised price.",
)
def price_difference(book):
    """List price beside the realised one of the last year, a fraction of what was realised; the
    money is the difference on the demand of the next year.
    """
    both = pd.concat(
        [book.list_price.rename("price"), realised_price(book).rename("realised")], axis=1
    )
    both = both.query("price > 0 and realised > 0").rename_axis("item").reset_index()
    year = within(book.demand_plan, book.year).groupby("item")["consensus"].sum()
    apart = both["price"] - both["realised"]
    return both.assign(value=apart / both["realised"], money=(apart * per_item(both, year)).abs())


@rule(2, 0.3, "Override of {override:+,.0f} on a baseline of {baseline:,.0f} units ({change}).")
def large_override(book):
    """Override large against the baseline: a fraction."""
    plan = _demand(book).assign(money=lambda p: (p["override"] * p["price"]).abs())
    sums = plan.groupby(["item", "bucket"], as_index=False)[["override", "baseline", "money"]].sum()
    return sums.assign(value=share(sums["override"], sums["baseline"]))


@rule(
    2,
    0.0,
    "With its override {market} plans {judged:,.0f} units, outside {p10:,.0f}–{p90:,.0f}, where 8"
    " of 10 outcomes should fall.",
)
def outside_band(book):
    """Baseline with override outside the statistics' p10–p90 band: in units."""
    band = book.baseline_forecast[[*CELL, "p10", "p90"]]
    cells = _demand(book).query("override != 0").merge(band, on=CELL)
    judged = cells["baseline"] + cells["override"]
    beyond = judged - judged.clip(cells["p10"], cells["p90"])
    return cells.assign(value=beyond, judged=judged, units=beyond)


@rule(
    2,
    3.0,
    "Only {length} of history behind {consensus:,.0f} units; name a like item or plan it by hand.",
    below=True,
)
def short_history(book):
    """Planned with fewer buckets of history, a launch without a like item among them; a like item's
    history counts.
    """
    sums = _demand(book).groupby("item", as_index=False)[["consensus", "worth"]].sum()
    known = book.history.groupby("item")["bucket"].nunique()
    like = book.launches.drop_duplicates("item").set_index("item")["like_item"]
    length = np.maximum(per_item(sums, known), per_item(sums, like.map(known)))
    wanted = (sums["consensus"] > 0) | sums["item"].isin(book.launches["item"])
    words = bucket_count(length, book)
    return sums.assign(value=length, length=words, money=sums["worth"])[wanted]


@rule(
    2,
    0.2,
    "Consensus moved from {was:,.0f} to {now:,.0f} units since the last release ({change}).",
)
def change(book):
    """Consensus changed against the last released plan, over the buckets that both plans cover, by
    item: a fraction.
    """
    last = book.last_demand_plan
    plan = within(_demand(book), last["bucket"])
    before = within(last, plan["bucket"]).groupby("item")["consensus"].sum()
    named = {"now": ("consensus", "sum"), "price": ("price", "mean"), "bucket": ("bucket", "min")}
    sums = plan.groupby("item", as_index=False).agg(**named)
    was = per_item(sums, before)
    moved = sums["now"] - was
    return sums.assign(was=was, value=share(moved, was), units=moved)


@once
def _supply(book):
    """The supply plan with prices and, where something is late or short, the resource that holds
    most of it.
    """
    plan = book.priced(book.supply_plan)
    held = plan["why"].str.extract(r"^[^:]*: resource (.+?) full")[0].fillna("")
    return plan.assign(holder=held)


def _missed(book, name):
    """Units late or lost: in how many buckets, and why."""
    plan = _supply(book)
    often = per_item(plan, plan[plan[name] > 0].groupby("item")["bucket"].count())
    cause = [f" ({why})" if isinstance(why, str) and why else "" for why in plan["why"]]
    return plan.assign(
        value=plan[name], units=plan[name], often=bucket_count(often, book), cause=cause
    )


@rule(3, 0.0, "{value:,.0f} units late at the bucket's end, {often} in all{cause}.")
def late(book):
    """Demand unserved when it is due: in units."""
    return _missed(book, "late")


@rule(3, 0.0, "{value:,.0f} units never served, {often} in all{cause}.")
def lost(book):
    """Demand that nothing serves by the horizon's end: in units."""
    return _missed(book, "lost")


@rule(
    3,
    0.0,
    "{value:,.0f} units late inside the lead time of {lead:,.0f} buckets: only open orders can be"
    " pulled in.",
)
def inside_lead_time(book):
    """Late before anything ordered now can arrive: in units."""
    plan = _supply(book)
    lead = np.ceil(per_item(plan, book.items.set_index("item")["lead_time"]))
    early = book.buckets.get_indexer(plan["bucket"]) < lead
    return plan.assign(lead=lead, value=plan["late"], units=plan["late"])[early]


@rule(
    3,
    0.2,
    "Stock of {projected_available:,.0f} is {units:,.0f} units ({value:.0%}) below the safety"
    " stock of {safety_stock:,.0f}.",
)
def below_safety_stock(book):
    """Stock below safety stock: a fraction."""
    plan = _supply(book)
    short = (plan["safety_stock"] - plan["projected_available"]).clip(lower=0)
    return plan.assign(value=share(short, plan["safety_stock"]), units=short)


@rule(
    3,
    1.0,
    "Demand wants {unconstrained_load:,.0f} hours of {limit:,.0f} with overtime; the plan works"
    " {load:,.0f}, and one more hour saves {shadow_price:,.2f}.",
    level="resource",
)
def overload(book):
    """Unconstrained load above regular and overtime hours: a fraction."""
    plan = book.capacity_plan.rename(columns={"resource": "name"})
    limit, wanted = plan["regular_capacity"] + plan["overtime_limit"], plan["unconstrained_load"]
    money = (wanted - limit) * plan["shadow_price"]
    return plan.assign(limit=limit, value=share(wanted, limit), money=money)[np.isfinite(limit)]


def _left(book, plan):
    """What each row's item is still asked for, in the whole horizon."""
    return per_item(plan, used(book.supply_plan).groupby("item")["used"].sum())


@rule(3, 6.0, "{units:,.0f} units last {value:.1f} buckets, worth {worth:,.0f}.")
def excess_stock(book):
    """Stock lasts longer than this, in buckets; the money is that of the stock beyond. What has no
    demand left is obsolete and not listed here.
    """
    plan = book.inventory_plan[lambda p: p["units"] - p["target"].fillna(0.0) > 1e-6]
    plan = plan[_left(book, plan) > 0]
    worth, cover = plan["value"].fillna(0.0), plan["cover"]
    beyond = (1 - threshold(book.settings, "excess_stock") / cover).fillna(0.0)
    return plan.assign(worth=worth, value=cover, money=beyond * worth)


@rule(3, 0.0, "{units:,.0f} units worth {money:,.0f} in stock and no demand in the horizon.")
def obsolete_stock(book):
    """Stock without any demand left in the horizon: in money."""
    left = book.inventory_plan[_left(book, book.inventory_plan) <= 0]
    return left.assign(money=left["value"].fillna(0.0))


@rule(3, 0.0, "{value:,.0f} units worth {money:,.0f} pass their shelf life unsold.")
def unsaleable_stock(book):
    """Stock past its shelf life: in units."""
    plan = book.inventory_plan[lambda p: p["unsaleable"] > 0]
    value = plan["unsaleable"]
    return plan.assign(value=value, money=(plan["value"] * value / plan["units"]).fillna(0.0))


@rule(
    4,
    0.0,
    "No cost is known of {items:,.0f} of its items, which bring {money:,.0f} next year: the margin"
    " counts them as free, or is blank where none is known.",
    level="family",
)
def no_cost(book):
    """Revenue of the next year from items without any cost: a fraction of the family's."""
    sold = book.by_family(book.priced(within(book.supply_plan, book.year)))
    sold["revenue"] = sold["shipments"] * sold["price"]
    sold = sold.groupby(["family", "item"], as_index=False)["revenue"].sum().query("revenue > 0")
    free = sold[per_item(sold, book.cost) == 0].groupby("family")["revenue"].agg(["count", "sum"])
    value = free["sum"] / sold.groupby("family")["revenue"].sum()
    free = free.assign(value=value).rename(columns={"count": "items", "sum": "money"})
    return free.rename_axis("name").reset_index()


def _gap(book, name):
    """The shortfall of the families that have a budget of their own, and of the company."""
    sums = against_budget(book, name)
    gap = sums["plan"] - sums["budget"]
    level = np.where(sums["scope"] == COMPANY, COMPANY, "family")
    value = share(gap, sums["budget"].abs())
    return sums.assign(level=level, name=sums["scope"], value=value, money=-gap)[gap < 0]


BELOW = (
    "Planned {} of {{plan:,.0f}} is {{money:,.0f}} below the budget of {{budget:,.0f}}"
    " ({{change}})."
)


@rule(4, 0.05, BELOW.format("revenue"))
def revenue_gap(book):
    """Planned revenue of the next year below budget: a fraction."""
    return _gap(book, "revenue")


@rule(4, 0.05, BELOW.format("margin"))
def margin_gap(book):
    """Planned margin of the next year below budget: a fraction."""
    return _gap(book, "margin")


@rule(4, 0.0, "Pays {money:,.0f} more than it collects in the bucket.", level="company")
def cash(book):
    """A bucket in which the company pays out more than it collects, by more than this (money)."""
    paid = book.financial_plan.groupby("bucket", as_index=False)["cash"].sum()
    rows = paid[paid["cash"] < 0]
    return rows.assign(name=COMPANY, value=rows["cash"], money=-rows["cash"])
