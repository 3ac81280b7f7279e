"""The answer that opens each step's page: one sentence computed from the tables, three to five
numbers against last cycle and target.
"""

import pandas as pd

from sopkit.charts.meeting import answer
from sopkit.charts.tables import Block
from sopkit.charts.words import listing, money, number, percent
from sopkit.metrics import planned_service
from sopkit.metrics.scopes import priced

COMPANY = "company"


def data_answer(issues: pd.DataFrame, history: pd.DataFrame, kpis: pd.DataFrame, plan) -> Block:
    """Step 1: how far the data can be trusted, and how good last cycle was."""
    warnings, cells = (
        int((issues["severity"] == "warning").sum()),
        history["flag"].isin(["stocked out", "outlier", "returns", "missing"]),
    )
    estimates = int(history.loc[history["flag"] == "estimate", "bucket"].nunique())
    sentence = (
        f"The data can be planned with: {number(warnings)}"
        f" {'warning was' if warnings == 1 else 'warnings were'} repaired visibly,"
        f" {number(int(cells.sum()))} of {number(len(history))} cells of history"
        f" ({percent(cells.mean())}) were flagged"
        + (
            f", and {estimates} {'bucket' if estimates == 1 else 'buckets'} before the plan had to"
            " be estimated."
            if estimates
            else "."
        )
    )
    series = history[["item", "market"]].drop_duplicates()
    facts = [
        ("Items sold", float(series["item"].nunique())),
        ("History", float(history["bucket"].nunique()), "buckets"),
    ]
    return answer(
        sentence,
        facts
        + _kpis(kpis, plan, ["on_time_delivery", "forecast_accuracy_lag_1", "plan_adherence"]),
    )


def demand_answer(demand_plan: pd.DataFrame, prices: pd.DataFrame, plan) -> Block:
    """Step 2: what the next year's sales plan is worth, and what moved it."""
    currency, year = plan.settings["currency"], _year(demand_plan, plan)
    worth = _worth(demand_plan, prices, year)
    last = plan.last.read("demand_plan")
    shared = year[year.isin(last["bucket"])] if len(last) else year[:0]
    change = (
        f", {_against(_worth(demand_plan, prices, shared)['consensus'], _worth(last, prices, shared)['consensus'])}"
        " last cycle's plan"
        if len(shared)
        else ""
    )
    stages = worth[["events", "launches", "initiatives", "sales_input", "override", "order_excess"]]
    largest = stages.abs().idxmax()
    moved = (
        f"; {largest.replace('_', ' ')} moved it most"
        f" ({money(stages[largest], currency, sign=True)})"
        if stages.abs().max() > 0
        else ""
    )
    sentence = (
        f"Customers are expected to want {money(worth['consensus'], currency)} in the next"
        f" {len(year)} buckets{change}{moved}."
    )
    return answer(
        sentence,
        [
            ("Sales plan, next year", worth["consensus"], currency, {"naive": worth["naive"]}),
            ("Baseline", worth["baseline"], currency),
            ("Added by people and events", worth["consensus"] - worth["baseline"], currency),
        ],
    )


def supply_answer(
    supply_plan: pd.DataFrame,
    capacity_plan: pd.DataFrame,
    inventory_plan: pd.DataFrame,
    costs: pd.Series,
    plan,
) -> Block:
    """Step 3: whether demand can be served, and what is in the way."""
    currency, year = plan.settings["currency"], _year(supply_plan, plan)
    now = supply_plan[supply_plan["bucket"].isin(year)]
    missed = now[["late", "lost"]].sum(axis=1)
    late = now[missed > 1e-6]
    sentence = (
        "Everything that customers want can be shipped when it is due."
        if late.empty
        else (
            f"{percent(planned_service(now, plan.facts.items))}"
            f" of next year's demand can be served in time; {number(late['item'].nunique())} items"
            " run late, most in"
            f" {plan.calendar.label([missed.groupby(now['bucket']).sum().idxmax()])[0]}."
        )
    )
    tight = capacity_plan[
        capacity_plan["bucket"].isin(year) & (capacity_plan["shadow_price"] > 1e-6)
    ]
    if len(tight):
        names = tight.groupby("resource")["shadow_price"].max().sort_values(ascending=False)
        sentence += (
            f" The bottleneck is {names.index[0]}: one more hour there saves up to"
            f" {money(names.iloc[0], currency)}."
        )
    stock = inventory_plan.groupby("bucket")["value"].sum()
    hours = capacity_plan[capacity_plan["bucket"].isin(year)]
    used = (
        hours["load"].sum() / hours["regular_capacity"].sum()
        if hours["regular_capacity"].sum() > 0
        else float("nan")
    )
    return answer(
        sentence,
        [
            (
                "Late or lost, at most",
                missed.groupby(now["bucket"]).sum().max() if len(now) else 0.0,
                "units",
            ),
            ("Utilisation, next year", used, "fraction"),
            (
                "Stock at the end of next year",
                stock.reindex(year).dropna().iloc[-1] if len(stock) else 0.0,
                currency,
            ),
            ("Plan cost, whole horizon", costs.sum(), currency),
        ],
    )


def money_answer(company: pd.DataFrame, gap_options: pd.DataFrame, plan) -> Block:
    """Step 4: the gap to budget and the best way to close it. ``company`` is
    ``finance.company(financial_plan)``.
    """
    currency, year = (
        plan.settings["currency"],
        company[company["bucket"].isin(_year(company, plan))],
    )
    revenue, margin, cash = year["revenue"].sum(), year["margin"].sum(), year["cash"].sum()
    budget = year["budget_revenue"].sum(min_count=1)
    sentence = (
        f"Next year's plan brings {money(revenue, currency)} of revenue and"
        f" {money(margin, currency)} of margin"
    )
    sentence += (
        f", {_against(year.loc[year['budget_revenue'].notna(), 'revenue'].sum(), budget)} the"
        " budget."
        if pd.notna(budget)
        else "; no budget is known (the table budget would feed it)."
    )
    if len(gap_options):
        best = gap_options.sort_values("gain", ascending=False).iloc[0]
        sentence += (
            f" The best option to close a gap: {best['option']}"
            f" ({money(best['gain'], currency, sign=True)})."
        )
    return answer(
        sentence,
        [
            ("Revenue", revenue, currency, {"target": budget}, "higher"),
            (
                "Margin",
                margin,
                currency,
                {"target": year["budget_margin"].sum(min_count=1)},
                "higher",
            ),
            ("Cash", cash, currency),
            ("Stock at the end", year["inventory_value"].iloc[-1] if len(year) else 0.0, currency),
        ],
    )


def review_answer(
    kpis: pd.DataFrame, decisions: pd.DataFrame, exceptions: pd.DataFrame, plan
) -> Block:
    """Step 5: what is asked of the meeting, and the plan's promises against their targets."""
    open_ones = decisions[decisions["chosen"].fillna("") == ""]
    missed = (
        kpis[(kpis["scope"] == COMPANY) & (kpis["status"] == "miss")]
        .sort_values("bucket")
        .drop_duplicates("kpi", keep="last")
    )
    asked = (
        f"{number(len(open_ones))} {'decision is' if len(open_ones) == 1 else 'decisions are'}"
        " wanted"
        if len(open_ones)
        else "No decision is entered yet"
    )
    at_stake = (
        f"; {number(len(exceptions))} exceptions put"
        f" {money(exceptions['money'].sum(), plan.settings['currency'])} at stake"
        if len(exceptions)
        else ""
    )
    behind = (
        f"; behind target: {listing([_spoken(name) for name in missed['kpi']])}"
        if len(missed)
        else "; every KPI with a target meets it"
    )
    return answer(
        asked + at_stake + behind + ".",
        _kpis(
            kpis,
            plan,
            [
                "planned_service",
                "revenue_to_budget",
                "planned_utilisation",
                "planned_turns",
                "on_time_delivery",
            ],
        ),
    )


def _year(table, plan):
    """The planned buckets of the next year; fewer where the horizon is shorter."""
    return plan.calendar.next_year(table["bucket"])


def _kpis(kpis, plan, names):
    """The latest company value of each KPI against its target and last cycle's value, as headline
    numbers.
    """
    known = (
        kpis[(kpis["scope"] == COMPANY) & kpis["actual"].notna()]
        .sort_values("bucket")
        .drop_duplicates("kpi", keep="last")
        .set_index("kpi")
    )
    before = plan.last.read("kpis")
    before = (
        before[(before["scope"] == COMPANY)]
        .sort_values("bucket")
        .drop_duplicates("kpi", keep="last")
        .set_index("kpi")["actual"]
    )
    better = {"order_cycle_time": "lower", "planned_utilisation": "", "planned_cover": ""}
    return [
        (
            _spoken(name),
            known.at[name, "actual"],
            known.at[name, "unit"],
            {"last cycle": before.get(name), "target": known.at[name, "target"]},
            better.get(name, "higher"),
        )
        for name in names
        if name in known.index
    ]


def _spoken(name):
    words = name.replace("_", " ")
    return words.upper() if words == "otif" else words[:1].upper() + words[1:]


def _worth(demand_plan, prices, buckets):
    """Money of every stage over some buckets."""
    stages = [
        "naive",
        "baseline",
        "events",
        "launches",
        "initiatives",
        "sales_input",
        "override",
        "order_excess",
        "consensus",
    ]
    cells = priced(demand_plan[demand_plan["bucket"].isin(buckets)], prices)
    return cells[stages].mul(cells["price"], axis=0).sum()


def _against(value, other):
    if not other:
        return "beside"
    change = value / other - 1
    return (
        "as"
        if abs(change) < 0.0005
        else f"{percent(abs(change))} {'above' if change > 0 else 'below'}"
    )
