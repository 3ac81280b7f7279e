"""Step 4's tables: money by family, options, initiatives, scenarios."""

import pandas as pd

from sopkit.charts.pages.common import missing
from sopkit.charts.tables import Block, show
from sopkit.charts.words import quantity


def show_money(financial_plan: pd.DataFrame, plan) -> Block:
    """The next year by family: revenue, margin, stock at its end, cash, and the gaps to budget."""
    currency, year = (
        plan.settings["currency"],
        plan.calendar.next_year(financial_plan["bucket"]),
    )
    rows = financial_plan[financial_plan["bucket"].isin(year)]
    sums = rows.groupby("family")[["revenue", "margin", "cash", "revenue_gap", "margin_gap"]].sum(
        min_count=1
    )
    stock = (
        rows[rows["bucket"] == rows["bucket"].max()]
        .set_index("family")["inventory_value"]
        .rename("stock")
    )
    table = sums.join(stock).reset_index().sort_values("revenue", ascending=False, kind="stable")
    money = ["revenue", "revenue_gap", "margin", "margin_gap", "cash", "stock"]
    return show(
        table,
        dict.fromkeys(money, "money"),
        total=money,
        currency=currency,
        more="tables/financial_plan.parquet",
        columns={
            "family": "family",
            "revenue": "revenue",
            "revenue_gap": "to budget",
            "margin": "margin",
            "margin_gap": "to budget ",
            "cash": "cash",
            "stock": "stock at the end",
        },
        note="the next year; (company) holds what belongs to no family",
    )


def show_options(options: pd.DataFrame, currency: str) -> Block:
    """Ways to close a gap, best first."""
    if options.empty:
        return missing("The plan shows no gap that an option would close.")
    rows = options.sort_values("gain", ascending=False, kind="stable")
    return show(
        rows,
        {"closes": "units", "cost": "money", "gain": "money"},
        8,
        currency=currency,
        more="tables/gap_options.parquet",
        columns={
            "option": "option",
            "closes": "closes",
            "cost": "cost",
            "gain": "margin gained",
            "owner": "owner",
        },
        note="options do not add up: several may serve the same units",
    )


def show_initiatives(
    initiative_plan: pd.DataFrame, initiatives: pd.DataFrame, currency: str
) -> Block:
    """Each initiative over the horizon: units, hours, money if it happens and weighted by its
    probability.
    """
    if initiative_plan.empty:
        return missing("No strategic initiative is known; the table initiatives would feed this.")
    sums = initiative_plan.groupby("initiative", as_index=False)[
        ["units", "hours", "money", "weighted"]
    ].sum()
    about = initiatives.drop_duplicates("initiative")[
        ["initiative", "stage", "probability", "owner"]
    ]
    return show(
        sums.merge(about, on="initiative", how="left"),
        {
            "units": "units",
            "hours": "hours",
            "money": "money",
            "weighted": "money",
            "probability": "fraction",
        },
        currency=currency,
        more="tables/initiative_plan.parquet",
        columns={
            "initiative": "initiative",
            "stage": "stage",
            "owner": "owner",
            "units": "units",
            "hours": "hours",
            "money": "money",
            "probability": "chance",
            "weighted": "weighted",
        },
    )


def show_scenarios(scenarios: pd.DataFrame, currency: str, note: str = "") -> Block:
    """The metrics of every scenario side by side, in the unit that each names."""
    if scenarios.empty:
        return missing("No scenario was run; sopkit pack --scenario NAME runs one of the ledger.")
    rows = scenarios.assign(
        shown=[
            quantity(v, {"money": currency}.get(_unit(m), _unit(m)))
            for v, m in zip(scenarios["value"], scenarios["metric"])
        ]
    )
    order = ["base", *sorted(set(scenarios["scenario"]) - {"base"})]
    wide = rows.pivot(index="metric", columns="scenario", values="shown").reindex(columns=order)
    return show(
        wide.set_axis([m.split(" (")[0] for m in wide.index], axis=0)
        .rename_axis("metric")
        .reset_index(),
        rows=20,
        more="tables/scenarios.parquet",
        note=note,
    )


def _unit(metric):
    return metric.rsplit("(", 1)[1].rstrip(")") if "(" in metric else ""
