"""What the plan promises for the year ahead: service, stock, load, money, stability, process."""

import numpy as np
import pandas as pd

from sopkit.metrics import flow, service
from sopkit.metrics.kpis.registry import grouped, kpi, within
from sopkit.metrics.scopes import CELL, COMPANY, per_item, scopes, weights, wide


@kpi(5, "fraction", "higher", "demand of the next year served when it is due", "supply_plan")
def planned_service(book):
    plan = book.by_scope(within(book.supply_plan, book.year))
    return grouped(plan, lambda part: service.planned_service(part, book.items))


def _flows(book, measure):
    """A measure of the next year's money, summed over the families of a scope."""
    plan = within(book.financial_plan, book.year)
    both = scopes(plan)
    of = lambda part: measure(part.drop(columns=["scope", "family"]).groupby("bucket"))
    return grouped(both[both["scope"] != "(company)"], of)


@kpi(
    5,
    "turns/year",
    "higher",
    "planned cost of sales ÷ planned stock at cost, next year",
    "financial_plan",
)
def planned_turns(book):
    def turns(part):
        sums = part.sum()
        return flow.inventory_turns(
            sums["cost_of_sales"], sums["inventory_value"], book.calendar.per_year
        )

    return _flows(book, turns)


@kpi(
    5,
    "buckets",
    "lower",
    "buckets of demand that the first bucket's closing stock lasts, at cost",
    "inventory_plan",
)
def planned_cover(book):
    if book.inventory_plan.empty or book.supply_plan.empty:
        return None
    worth = book.cost if book.cost.any() else weights(book.items)
    stock, demand = (
        wide(
            book.by_scope(frame.assign(value=frame[name] * per_item(frame, worth))),
            "value",
            book.buckets,
        ).fillna(0.0)
        for frame, name in ((book.inventory_plan, "units"), (book.supply_plan, "demand"))
    )
    demand = demand.reindex(stock.index).fillna(0.0)
    lasts = flow.cover(stock, demand, per_year=book.calendar.per_year)
    return pd.Series(lasts[:, 0], stock.index)


@kpi(5, "fraction", "lower", "load ÷ regular hours, next year", "capacity_plan")
def planned_utilisation(book):
    hours = within(book.capacity_plan, book.year)
    hours = hours[np.isfinite(hours["regular_capacity"])]
    return pd.Series({COMPANY: flow.utilisation(hours["load"], hours["regular_capacity"])})


@kpi(5, "days", "lower", "inventory days + receivable days − payable days", "financial_plan")
def cash_to_cash(book):
    def days(part):
        sums, terms = part.sum(), book.settings
        return flow.cash_to_cash(
            sums["inventory_value"],
            sums["cost_of_sales"],
            terms["receivable_days"],
            terms["payable_days"],
            book.calendar.per_year,
        )

    return _flows(book, days)


def _to_budget(book, name):
    """Planned ÷ budgeted over the buckets that have a budget."""

    def ratio(part):
        sums = part[[name, f"budget_{name}"]].sum(min_count=1).dropna().sum()
        budget = sums[f"budget_{name}"]
        return sums[name] / budget if budget > 0 else np.nan

    return _flows(book, ratio)


@kpi(5, "fraction", "higher", "planned ÷ budgeted revenue, next year, where budgeted", "budget")
def revenue_to_budget(book):
    return _to_budget(book, "revenue")


@kpi(5, "fraction", "higher", "planned ÷ budgeted margin, next year, where budgeted", "budget")
def margin_to_budget(book):
    return _to_budget(book, "margin")


@kpi(
    5,
    "fraction",
    "lower",
    "Σ|plan now − last cycle| ÷ Σ last cycle inside the planning fence",
    "released plans",
)
def plan_stability(book):
    fence = book.calendar.range(book.first, book.settings["planning_fence"])
    now, before = (
        within(plan, fence)[[*CELL, "consensus"]]
        for plan in (book.demand_plan, book.last_demand_plan)
    )
    if before.empty:
        return None
    both = now.merge(before, on=CELL, how="outer", suffixes=("", "_before")).fillna(0.0)
    moved = lambda part: flow.plan_stability(part["consensus"], part["consensus_before"])
    return grouped(book.by_scope(both), moved)


@kpi(5, "decisions", "lower", "decisions without a chosen option", "decisions")
def open_decisions(book):
    if "decisions" in book:
        return pd.Series({COMPANY: (book.decisions["chosen"].fillna("") == "").sum()})


@kpi(5, "assumptions", "lower", "assumptions that were found broken", "assumptions")
def assumptions_broken(book):
    if "assumptions" in book:
        return pd.Series({COMPANY: (book.assumptions["result"] == "broken").sum()})
