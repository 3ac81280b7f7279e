"""What the plan promises for the year ahead: service, stock, load, money, stability, process."""

import numpy as np
import pandas as pd

from sopkit.buckets import infer_calendar
from sopkit.metrics import flow
from sopkit.metrics.kpis.registry import grouped, some, table, unit_costs, within
from sopkit.metrics.scopes import COMPANY, by_scope, per_item, scope_of, setting, weights, wide
from sopkit.metrics.service import planned_service


def forward(
    items,
    first,
    *,
    supply_plan=None,
    inventory_plan=None,
    capacity_plan=None,
    financial_plan=None,
    demand_plan=None,
    last_demand_plan=None,
    decisions=None,
    assumptions=None,
    standard_cost=None,
    settings=None,
    calendar=None,
) -> pd.DataFrame:
    """Step 5's rows of ``kpis``: what the plan promises for the year from ``first``, for the
    company and each family.

    ``last_demand_plan`` is the demand plan of the latest release. Rows stand at the plan's first
    bucket.
    """
    calendar = calendar or infer_calendar([first])
    year = calendar.range(first, calendar.per_year)
    found = {}
    if some(supply_plan):
        found["planned_service"] = _at(
            first,
            grouped(
                by_scope(within(supply_plan, year), items), lambda p: planned_service(p, items)
            ),
        )
    if some(inventory_plan) and some(supply_plan):
        found["planned_cover"] = _at(
            first, _planned_cover(inventory_plan, supply_plan, items, standard_cost, calendar)
        )
    if some(capacity_plan):
        hours = within(capacity_plan, year)[lambda h: np.isfinite(h["regular_capacity"])]
        found["planned_utilisation"] = _at(
            first, pd.Series({COMPANY: flow.utilisation(hours["load"], hours["regular_capacity"])})
        )
    if some(financial_plan):
        found |= {
            name: _at(first, values)
            for name, values in _money(within(financial_plan, year), calendar, settings).items()
        }
    if some(last_demand_plan) and some(demand_plan):
        fence = calendar.range(first, setting(settings, "planning_fence"))
        found["plan_stability"] = _at(
            first, _stability(within(demand_plan, fence), within(last_demand_plan, fence), items)
        )
    if decisions is not None:
        found["open_decisions"] = _at(
            first, pd.Series({COMPANY: float((decisions["chosen"].fillna("") == "").sum())})
        )
    if assumptions is not None:
        found["assumptions_broken"] = _at(
            first, pd.Series({COMPANY: float((assumptions["result"] == "broken").sum())})
        )
    return table(5, found, pd.Timestamp(first), settings)


def _at(bucket, values):
    """A Series by scope, moved to one bucket."""
    return pd.Series(
        values.to_numpy(dtype="float64"),
        index=pd.MultiIndex.from_product([values.index, [pd.Timestamp(bucket)]]),
    )


def _planned_cover(inventory_plan, supply_plan, items, standard_cost, calendar):
    """The first bucket's closing stock at cost against the demand at cost that follows."""
    cost = unit_costs(items, standard_cost)
    cost = cost if cost.any() else weights(items)
    buckets = pd.DatetimeIndex(sorted(supply_plan["bucket"].unique()))
    stock, demand = (
        by_scope(frame.assign(value=frame[name] * per_item(frame, cost)), items)
        for frame, name in ((inventory_plan, "units"), (supply_plan, "demand"))
    )
    scopes = sorted(stock["scope"].unique())
    lasts = flow.cover(
        *(wide(part, "value", scopes, buckets, key="scope") for part in (stock, demand)),
        per_year=calendar.per_year,
    )
    return pd.Series(lasts[:, 0], index=scopes)


def _money(plan, calendar, settings):
    """Turns, cash-to-cash and the budget comparisons of the next year, by family and for the
    company.
    """
    both = pd.concat(
        [plan.assign(scope=COMPANY), plan.assign(scope=scope_of(plan["family"]))], ignore_index=True
    )
    both = both[both["scope"] != "(company)"]
    flows = lambda part: part.groupby("bucket")[["cost_of_sales", "inventory_value"]].sum()
    terms = setting(settings, "receivable_days"), setting(settings, "payable_days")
    turns = lambda part: flow.inventory_turns(
        flows(part)["cost_of_sales"], flows(part)["inventory_value"], calendar.per_year
    )
    days = lambda part: flow.cash_to_cash(
        flows(part)["inventory_value"], flows(part)["cost_of_sales"], *terms, calendar.per_year
    )
    return {
        "planned_turns": grouped(both, turns),
        "cash_to_cash": grouped(both, days),
        "revenue_to_budget": grouped(both, lambda part: _to_budget(part, "revenue")),
        "margin_to_budget": grouped(both, lambda part: _to_budget(part, "margin")),
    }


def _to_budget(part, name):
    """Planned ÷ budgeted over the buckets that have a budget."""
    sums = part.groupby("bucket")[[name, f"budget_{name}"]].sum(min_count=1).dropna()
    budget = sums[f"budget_{name}"].sum()
    return sums[name].sum() / budget if budget > 0 else np.nan


def _stability(now, before, items):
    key = ["item", "market", "bucket"]
    both = (
        now[[*key, "consensus"]]
        .merge(before[[*key, "consensus"]], on=key, how="outer", suffixes=("_now", "_before"))
        .fillna(0.0)
    )
    return grouped(
        by_scope(both, items),
        lambda part: flow.plan_stability(part["consensus_now"], part["consensus_before"]),
    )
