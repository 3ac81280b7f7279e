"""Sections that several pages have: exceptions, KPIs."""

import pandas as pd

from sopkit.charts import latest_kpis
from sopkit.charts.words import money, number, quantity, spoken
from sopkit.metrics.scopes import against_production, per_item, within


def assumed(supply_plan, view) -> str:
    """The sentence that says how much of a plan rests on receipts that nobody ordered but step 3
    assumed; empty where open orders were given or none had to be assumed.
    """
    units = 0.0 if "receipts" in view.book else supply_plan["receipts"].sum()
    if units < 1e-6:
        return ""
    worth = (supply_plan["receipts"] * per_item(supply_plan, view.book.cost)).sum()
    return (
        f" This rests on {number(units)} units ({money(worth, view.currency)} at standard cost)"
        " that are assumed to be on order: nothing said what is."
    )


def unreleased(view, buckets) -> str:
    """The sentence that names the buckets whose production is graded against the input file's own
    plan, as no release planned them; empty where a release planned each.
    """
    made = within(against_production(view.book), buckets)
    odd = ", ".join(view.calendar.label(sorted({*made["bucket"][~made["released"]]})))
    return odd and f"Adherence of {odd}: no plan was released, the file's own counts."


def exceptions(exceptions, view, rows: int = 12):
    """The worklist, most money first: what is wrong, where, what is at stake, what to do."""
    return view.show(
        exceptions.sort_values("money", ascending=False, kind="stable"),
        "exceptions",
        "cause: what | name: where | bucket: when | money: at stake | reason: why | action: next",
        rows,
        empty="Nothing needs a person here.",
    )


def kpis(kpis, view, brief=False):
    """The company's KPIs over the last six buckets, each row one KPI with its unit, its target and
    its latest status; those without data come last and name what would feed them;
    ``brief``: they are left out.
    """
    latest = latest_kpis(kpis).set_index("kpi")
    latest = latest[latest["actual"].notna() | (not brief)]
    known = kpis.query("scope == 'company'").dropna(subset="actual")
    buckets = sorted(known["bucket"].unique())[-6:]
    labels = view.calendar.label(buckets)
    shown = within(known, buckets)
    wide = shown.assign(shown=_reads(shown, "actual")).pivot(
        index="kpi", columns="bucket", values="shown"
    )
    latest["target"] = _reads(latest, "target")
    table = latest.replace({"unit": {"fraction": ""}})  # its values read as percent
    table = table.join(wide.set_axis(labels, axis=1))
    numbers = " | ".join(f"{name} [told]" for name in [*labels, "target"])
    return view.show(
        table.rename(spoken).reset_index(),
        columns=f"kpi: KPI | unit | {numbers} | status",
        note=assumed(view.book.supply_plan, view)
        if (kpis["step"] == 5).any()
        else unreleased(view, buckets),
    )


def _reads(kpis, column):
    return [
        "" if pd.isna(value) else quantity(value, "fraction" if unit == "fraction" else "")
        for value, unit in zip(kpis[column], kpis["unit"])
    ]
