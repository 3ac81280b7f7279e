"""Step 4's sections: money by family, options, initiatives, scenarios."""

import re

import numpy as np
import pandas as pd

from sopkit.charts.spark import difference, differences
from sopkit.charts.words import Html, count, escape, is_money, money, number, quantity
from sopkit.finance import COMPANY, by_family, since_last, to_actual, to_budget
from sopkit.finance.scenarios import BASE
from sopkit.metrics.currencies import worth
from sopkit.metrics.scopes import within

ABOUT_OPTIONS = (
    "next year less the plan's, each planned anew, the best choice of them together; what a move"
    " itself costs, as a campaign or a tool, is not in it"
)
# purpose: metrics of a scenario, + if more is better, - if less, = neither
SCORED = """
service: + service (fraction); - late (units × buckets); - lost (units)
service: - backlog at the end (units); + likely service, lowest bucket (fraction)
service: + service in 9 of 10 futures, lowest bucket (fraction)
money: + revenue (money); + margin (money); + revenue gap to budget (money)
cash: + cash (money); + lowest cash so far (money)
stock: - mean stock (money)
people: - overtime (hours); = highest utilisation (fraction); - hired (workers)
people: - laid off (workers); - subcontracted (units)
"""
MOVED = {  # effects of a bridge in words
    "volume": "volume, in the same mix",
    "mix": "mix of items",
    "people": "people: sales inputs and overrides",
    "supply": "shipped beyond or short of demand",
    "price": "prices",
    "cost": "standard cost and costs of the period",
}
LARGE = 0.1  # of the largest bar: it has a sentence
TIE = 1e-3  # of a row: nearer plans are as good, as one optimum may be told in two ways
PURPOSES = {
    metric[2:]: (purpose, {"+": 1, "-": -1, "=": 0}[metric[0]])
    for purpose, metrics in (line.split(": ") for line in SCORED.strip().splitlines())
    for metric in metrics.split("; ")
}
OFFERED = (
    "option | starts_on: from | closes | revenue | cost | gain: margin gained |"
    " lasting: over the whole plan | cash |"
    " service: service added | owner | agrees: must agree"
)


def families(financial_plan, view):
    """The next year by family: revenue and margin beside their budgets, cash, stock at its end."""
    year = view.next_year(financial_plan)
    names = ["revenue", "budget_revenue", "revenue_gap", "margin", "budget_margin", "margin_gap"]
    sums = by_family(year)[[*names, "cash"]]
    sums["inventory_value"] = year.groupby("family")["inventory_value"].last()
    sums = sums.dropna(axis=1, how="all")
    known = view.items["standard_cost"]
    return view.show(
        sums.rename({COMPANY: "not by family"}).reset_index(),
        "financial_plan",
        "family | revenue | budget_revenue: budget | revenue_gap: to budget | margin |"
        " budget_margin: budget | margin_gap: to budget | cash | inventory_value: stock at the end",
        total=" ".join(sums),
        empty="No money is planned: no item has a price or a cost.",
        note=f"the next {year['bucket'].nunique()} {view.calendar.size}s; {known.notna().sum()} of"
        f" {count(len(known), 'item')} at the standard cost given, others at unit cost + hours",
    )


def per_unit(view):
    """What a unit brought in the last year and brings in the next, by family, most revenue first:
    a price or a mix that nobody decided on shows here.
    """
    book = view.book
    last = within(book.invoiced, book.before(view.calendar.per_year))
    last = last[last["revenue"].notna()].assign(year="last year")
    plan = book.priced(within(book.supply_plan, book.year))
    plan = plan.assign(revenue=plan["shipments"] * plan["price"], quantity=plan["shipments"])
    rows = book.by_family(pd.concat([last, plan.assign(year="next year")]))
    sums = rows.groupby(["family", "year"])[["revenue", "quantity"]].sum().unstack()
    brings = sums["revenue"] / sums["quantity"].where(sums["quantity"] > 0)
    brings = brings.reindex(columns=["last year", "next year"])
    brings["change"] = brings["next year"] / brings["last year"] - 1
    order = sums["revenue"].sum(axis=1).sort_values(ascending=False).index
    return view.show(
        brings.loc[order].reset_index(),
        columns="family | last year: last year, a unit [money/unit] |"
        " next year: next year, a unit [money/unit] | change [fraction]",
        note="revenue ÷ units",
    )


def markets(view):
    """What the sales plan of the next year brings in each market, in its own money and in the
    company's; nothing where all sell in the company's.
    """
    book, own = view.book, view.currency
    told = book.markets.set_index("market")
    if told["currency"].isin(["", own]).all():
        return None
    plan = book.priced(within(book.demand_plan, book.year))
    plan["revenue"] = plan["consensus"] * plan["price"]
    revenue = plan.pivot_table("revenue", "market", "bucket", "sum", fill_value=0.0)
    rate = worth(book.markets, book.exchange_rates, revenue.index, revenue.columns, own)
    rows = pd.DataFrame({"company": revenue.sum(axis=1), "its": (revenue / rate).sum(axis=1)})
    rows = rows.join(told).replace({"currency": {"": own}}).fillna({"currency": own})
    return view.show(
        rows.sort_values("company", ascending=False).reset_index(),
        columns="market | group | currency | its: in its money | company: in the company's [money]",
        total="company",
        note="the sales plan at its prices, at the planned exchange rates",
    )


def options(gap_options, view, most=15, columns=OFFERED, note=ABOUT_OPTIONS):
    """Ways to close a gap, best first."""
    best = gap_options.nlargest(most, "gain")
    none = "No option is planned: there is no gap, or the company is too large for it."
    return view.show(best, "gap_options", columns, empty=none, note=note)


def initiatives(initiative_plan, view):
    """Each initiative over the horizon: units, hours, margin, investment and what is left if it
    happens, and weighted by its probability.
    """
    known = view.book.initiatives
    about = known.drop_duplicates("initiative").set_index("initiative")
    sums = initiative_plan.groupby("initiative").agg(
        {"bucket": "min", **dict.fromkeys(["units", "hours", "money", "weighted"], "sum")}
    )
    ahead = known[known["starts_on"] >= view.book.buckets.min()]  # others are paid
    sums["investment"] = ahead.groupby("initiative")["investment"].sum()
    sums["margin"] = sums["money"] + sums["investment"].fillna(0.0)
    return view.show(
        sums.join(about[["stage", "gate_on", "probability", "owner"]]).reset_index(),
        "initiative_plan",
        "initiative | stage | gate_on: next gate | owner | bucket: from | units | hours |"
        " margin [money] | investment [money] | money: margin less investment |"
        " probability: chance [fraction] | weighted: times chance",
        total="margin investment money weighted",
        empty="No strategic initiative is known.",
        note=f"over the whole horizon, {count(len(view.book.buckets), view.calendar.size)}, if it"
        " happens",
    )


def budget_bridge(book, view):
    """What moves the margin from the budget to the plan of the next year."""
    return _bridge(to_budget(book), view, "from the budget to the plan", "no budget is known")


def release_bridge(book, view):
    """What moved the margin since last cycle's release."""
    none = "no earlier plan is released; from the first release on, changes are explained here"
    words = "over the next year, as far as both plans hold it"
    return _bridge(since_last(book), view, words, none, "since last cycle's plan")


def actual_bridge(book, view):
    """What moved the margin from last cycle's release to what was then invoiced."""
    none = "no month that an earlier plan released has passed"
    words = "months of last cycle's plan that have passed, before the costs of the period"
    return _bridge(to_actual(book), view, words, none, "from last cycle's plan to sales")


def _bridge(moved, view, words, none, head="from the budget"):
    """What moved the margin, largest first, as differences only."""
    sums = moved.groupby("effect")["money"].sum()
    rows = sums.sort_values(key=abs, ascending=False, kind="stable").reset_index()
    size, by = rows["money"].abs(), moved.query("family != @COMPANY")
    rows["why"] = [
        _most_in(by.query("effect == @row.effect").set_index("family")["money"], row.money, view)
        if abs(row.money) >= LARGE * size.max()
        else ""
        for row in rows.itertuples()
    ]
    rows["effect"] = rows["effect"].map(MOVED)
    return view.show(
        rows.assign(bar=differences(rows["money"])),
        columns=f"effect: what moved the margin {head} | money: change [money] | bar: less / more |"
        " why: where",
        total="money",
        empty=f"What moved the margin cannot be told: {none}.",
        note=f"{words}; the effects add up exactly, whatever their order",
    )


def _most_in(by, whole, view):
    """A sentence: the family with most of an effect, and the one that went most against it; only
    those that have a part to speak of.
    """
    along = by * np.sign(whole)
    ends = [("Most in", along.nlargest(1)), ("against it", -along.nsmallest(1))]
    return "; ".join(
        f"{word} {name}, {money(by[name], view.currency, sign=True)}"
        for word, part in ends
        for name in part.index[part >= LARGE * abs(whole)]
    )


def scenarios(scenarios, view, note: str = ""):
    """The scorecard by purpose: the base plan's metrics, how far from them each scenario is, the
    best of each row bold.
    """
    by = {"index": "metric", "columns": "scenario"}
    wide, off = (scenarios.pivot(**by, values=of) for of in ("value", "difference"))
    others = [name for name in wide if name != BASE]
    rows, before = [], ""
    for metric, (purpose, better) in PURPOSES.items():
        if metric not in wide.index or not wide.loc[metric].any():
            continue
        told = metric.removesuffix(")").replace("bucket", view.calendar.size)
        name, _, unit = told.partition(" (")
        unit = {"money": view.currency}.get(unit, unit)
        told = [wide.at[metric, BASE], *off.loc[metric, others]]
        told = [_reads(value, unit, sign=at > 0) for at, value in enumerate(told)]
        good = better * wide.loc[metric, [BASE, *others]]
        best = good.max() - good <= TIE * good.abs().max()
        moved = off.loc[metric].where(off.loc[metric].abs() > TIE * good.abs().max(), 0.0)
        bars = (difference(moved[n], moved.abs().max(), better * moved[n], 64) for n in others)
        cells = [
            Html(f"<b>{escape(word)}</b>{bar}" if first and not best.all() else escape(word) + bar)
            for word, first, bar in zip(told, best, ["", *bars])
        ]
        rows.append([purpose if purpose != before else "", name, *cells])
        before = purpose
    heads = [BASE, *(f"{n}: {n.replace('_', ' ')}, to base" for n in others)]
    return view.show(
        pd.DataFrame(rows, columns=["purpose", "metric", BASE, *others], dtype=object),
        columns=" | ".join(["purpose", "metric", *(f"{head} [told]" for head in heads)]),
        empty="No scenario was compared in this cycle.",
        note=note
        or f"the next {count(len(view.book.year), view.calendar.size)}; bold: best of its row",
    )


def _reads(value, unit, sign):
    """A value as its unit reads (pieces and people whole), a difference of fractions in points."""
    if unit == "fraction" and sign:
        return f"{number(100 * value, 1, sign=True)} points"
    if unit == "fraction" or is_money(unit):
        return quantity(value, unit, sign=sign)
    return re.sub(r"^(\D?1 \w+)s\b", r"\1", f"{number(value, 0, sign=sign)} {unit}")
