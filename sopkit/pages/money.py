"""Step 4's sections: money by family, options, initiatives, scenarios."""

import pandas as pd

from sopkit.charts.words import money, quantity
from sopkit.finance import COMPANY, by_family
from sopkit.metrics.scopes import within

TOGETHER = "options do not add up: several may serve the same units"
OFFERED = (
    "option | closes | cost: cost [told] | gain: margin gained | value_per_unit: per unit | owner"
)


def families(financial_plan, view):
    """The next year by family: revenue and margin beside their budgets, cash, stock at its end."""
    year = view.next_year(financial_plan)
    names = ["revenue", "budget_revenue", "revenue_gap", "margin", "budget_margin", "margin_gap"]
    sums = by_family(year)[[*names, "cash"]]
    sums["inventory_value"] = year.groupby("family")["inventory_value"].last()
    sums = sums.dropna(axis=1, how="all")
    return view.show(
        sums.rename({COMPANY: "not by family"}).reset_index(),
        "financial_plan",
        "family | revenue | budget_revenue: budget | revenue_gap: to budget | margin |"
        " budget_margin: budget | margin_gap: to budget | cash | inventory_value: stock at the end",
        total=" ".join(sums),
        empty="No money is planned: no item has a price or a cost.",
        note=f"the next {year['bucket'].nunique()} {view.calendar.size}s",
    )


def per_unit(view):
    """What a unit brought in the last year and brings in the next, by family, most revenue first:
    a price or a mix that nobody decided on shows here.
    """
    book = view.book
    last = within(book.sales_history, book.before(view.calendar.per_year))
    last = last[last["revenue"].notna()].assign(year="last year")
    plan = book.priced(within(book.supply_plan, book.year))
    plan = plan.assign(revenue=plan["shipments"] * plan["price"], quantity=plan["shipments"])
    rows = book.by_scope(pd.concat([last, plan.assign(year="next year")]))
    sums = rows.groupby(["scope", "year"])[["revenue", "quantity"]].sum().unstack()
    brings = sums["revenue"] / sums["quantity"].where(sums["quantity"] > 0)
    brings = brings.reindex(columns=["last year", "next year"])
    brings["change"] = brings["next year"] / brings["last year"] - 1
    order = sums["revenue"].sum(axis=1).sort_values(ascending=False).index
    return view.show(
        brings.loc[order].rename_axis("family").reset_index(),
        columns="family | last year: last year, a unit [money/unit] |"
        " next year: next year, a unit [money/unit] | change [fraction]",
        note="revenue ÷ units; company includes every family",
    )


def options(gap_options, view, most=15, columns=OFFERED, note=TOGETHER):
    """Ways to close a gap, best first; one whose cost nobody knows says so."""
    best = gap_options[gap_options["gain"] > 0.5].nlargest(most, "gain")
    cost = [money(value, view.currency) if value >= 0 else "not priced" for value in best["cost"]]
    return view.show(
        best.assign(cost=cost),
        "gap_options",
        columns,
        empty="The plan shows no gap that an option would close.",
        note=note,
    )


def initiatives(initiative_plan, view):
    """Each initiative over the horizon: units, hours, money if it happens and weighted by its
    probability.
    """
    about = view.book.initiatives.drop_duplicates("initiative")
    sums = initiative_plan.groupby("initiative").agg(
        {"bucket": "min", **dict.fromkeys(["units", "hours", "money", "weighted"], "sum")}
    )
    return view.show(
        sums.join(about.set_index("initiative")[["stage", "probability", "owner"]]).reset_index(),
        "initiative_plan",
        "initiative | stage | owner | bucket: from | units | hours | money: margin if it happens |"
        " probability: chance [fraction] | weighted",
        total="money weighted",
        empty="No strategic initiative is known.",
    )


def scenarios(scenarios, view, note: str = ""):
    """The metrics of every scenario side by side, in the unit that each names."""
    named = [metric.removesuffix(")").partition(" (") for metric in scenarios["metric"]]
    size = view.calendar.size
    units = [{"money": view.currency}.get(u, u.replace("bucket", size)) for *_, u in named]
    rows = scenarios.assign(
        metric=[name for name, *_ in named], shown=[*map(quantity, scenarios["value"], units)]
    )
    order = sorted(set(scenarios["scenario"]), key=lambda name: (name != "base", name))
    wide = rows.pivot(index="metric", columns="scenario", values="shown")[order]
    return view.show(
        wide.reset_index(),
        columns=" | ".join(["metric", *(f"{name} [told]" for name in order)]),
        rows=20,
        empty="No scenario was compared in this cycle.",
        note=note,
    )
