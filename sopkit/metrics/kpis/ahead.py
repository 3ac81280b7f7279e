"""What the plan promises for the year ahead: service, stock, load, money, stability, process."""

import numpy as np

from sopkit.metrics import flow, service
from sopkit.metrics.kpis.registry import grouped, kpi
from sopkit.metrics.scopes import against_budget, lasting, next_year_money, within
from sopkit.metrics.stages import CELL, COMPANY
from sopkit.tables.judgments import current, is_open


@kpi(5, "fraction", "higher", "supply_plan")
def planned_service(book):
    """Demand of the next year served when it is due."""
    plan = book.by_scope(within(book.supply_plan, book.year))
    return grouped(plan, lambda part: service.planned_service(part, book.items, book.cost))


def _turned(book, measure):
    """A measure of the next year's stock and cost of sales, summed over the families of a scope."""
    money = next_year_money(book).groupby(["scope", "bucket"])
    sums = money[["inventory_value", "cost_of_sales"]].sum()
    return grouped(sums, lambda part: measure(part["inventory_value"], part["cost_of_sales"]))


@kpi(5, "turns/year", "higher", "financial_plan")
def planned_turns(book):
    """Planned cost of sales ÷ planned stock at cost, next year."""
    year = book.calendar.per_year
    return _turned(book, lambda stock, cost: flow.inventory_turns(cost, stock, year))


@kpi(5, "buckets", "lower", "inventory_plan")
def planned_cover(book):
    """Buckets of demand that the first bucket's closing stock lasts, at cost."""
    if len(book.inventory_plan) and len(book.supply_plan):
        return lasting(book, ("stock", "order")).iloc[:, 0]


@kpi(5, "fraction", "lower", "capacity_plan")
def planned_utilisation(book):
    """Load ÷ regular hours of the fullest resource, next year."""
    hours = within(book.capacity_plan, book.year)
    hours = hours[np.isfinite(hours["regular_capacity"])].groupby("resource")
    used = [flow.utilisation(one["load"], one["regular_capacity"]) for _, one in hours]
    return {COMPANY: max(used, default=np.nan)}


@kpi(5, "days", "lower", "financial_plan")
def cash_to_cash(book):
    """Inventory days + receivable days − payable days."""
    terms = book.settings["receivable_days"], book.settings["payable_days"]
    year = book.calendar.per_year
    return _turned(book, lambda stock, cost: flow.cash_to_cash(stock, cost, *terms, year))


def _to_budget(book, name):
    sums = against_budget(book, name).set_index("scope")
    return sums["plan"] / sums["budget"].where(sums["budget"] > 0)


@kpi(5, "fraction", "higher", "budget")
def revenue_to_budget(book):
    """Planned ÷ budgeted revenue, next year, where budgeted."""
    return _to_budget(book, "revenue")


@kpi(5, "fraction", "higher", "budget")
def margin_to_budget(book):
    """Planned ÷ budgeted margin, next year, where budgeted."""
    return _to_budget(book, "margin")


@kpi(5, "fraction", "lower", "released plans")
def plan_stability(book):
    """Σ|plan now − last cycle| ÷ Σ last cycle inside the planning fence."""
    fence = book.calendar.range(book.first, book.settings["planning_fence"])
    now, before = (
        within(plan, fence)[[*CELL, "consensus"]]
        for plan in (book.demand_plan, book.last_demand_plan)
    )
    if len(before):
        both = now.merge(before, on=CELL, how="outer", suffixes=("", "_before")).fillna(0.0)
        moved = lambda part: flow.plan_stability(part["consensus"], part["consensus_before"])
        return grouped(book.by_scope(both), moved)


@kpi(5, "decisions", "lower", "decisions")
def open_decisions(book):
    """Decisions without a chosen option."""
    if "decisions" in book:
        return {COMPANY: is_open(current(book.decisions)).sum()}


@kpi(5, "assumptions", "lower", "assumptions")
def assumptions_broken(book):
    """Assumptions that were found broken."""
    if "assumptions" in book:
        return {COMPANY: (current(book.assumptions)["result"] == "broken").sum()}
