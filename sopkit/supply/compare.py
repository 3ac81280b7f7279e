"""Strategies side by side on the same facts."""

import pandas as pd

from sopkit.supply.planner import SupplyResult, plan_supply
from sopkit.supply.strategies import STRATEGIES


def compare_strategies(
    demand, items, *, strategies=tuple(STRATEGIES), plans=None, **facts
) -> pd.DataFrame:
    """One row per strategy: cost (money), service (fraction), late, lost, workers moved, peak load
    and mean stock (units).

    ``plans`` maps names to frames to keep (item, bucket and supply columns), each priced with
    ``strategy="optimal"`` around it; every other argument is that of ``plan_supply``. The row's
    ``cost`` and the cost kinds beside it are money over the horizon.

    >>> months = pd.date_range("2026-01-01", periods=2, freq="MS")
    >>> demand = pd.DataFrame({"item": "pump", "bucket": months, "quantity": [50, 150]})
    >>> items = pd.DataFrame({"item": ["pump"], "unit_cost": [10.0], "holding_cost": [1.0], "price": [50.0]})
    >>> crew = pd.DataFrame({"resource": ["crew"], "workers": [10], "hours_per_worker": [10.0], "hiring_cost": [40.0], "layoff_cost": [40.0]})
    >>> bill = pd.DataFrame({"item": ["pump"], "resource": ["crew"], "hours_per_unit": [1.0]})
    >>> table = compare_strategies(demand, items, resources=crew, bill_of_resources=bill)
    >>> table[["cost", "workers_moved"]].round(6).to_dict("index")["chase"]
    {'cost': 2600.0, 'workers_moved': 15.0}
    >>> float(table.loc["level", "cost"])
    2050.0
    """
    results = {name: plan_supply(demand, items, strategy=name, **facts) for name in strategies}
    for name, frozen in (plans or {}).items():
        results[name] = plan_supply(demand, items, **{**facts, "frozen": frozen})
    return scorecard(results)


def scorecard(results: dict[str, SupplyResult]) -> pd.DataFrame:
    """The comparison of finished plans, one row per name; columns as in ``compare_strategies``,
    then every cost kind.
    """
    rows = {name: {**_score(result), **result.costs.to_dict()} for name, result in results.items()}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("strategy")


def _score(result: SupplyResult) -> dict[str, float]:
    plan, capacity, crew = result.supply_plan, result.capacity_plan, result.workforce_plan
    demand = plan["demand"].sum()
    fresh = (plan["demand"] - _newly_late(plan) - plan["lost"]).clip(lower=0).sum()
    available = capacity["regular_capacity"].where(capacity["regular_capacity"] > 0)
    return {
        "cost": result.objective,
        "service": fresh / demand if demand else 1.0,
        "late": plan["late"].sum(),
        "lost": plan["lost"].sum(),
        "workers_moved": crew["hired"].sum() + crew["laid_off"].sum(),
        "peak_load": float((capacity["load"] / available).max()) if len(capacity) else 0.0,
        "overtime_hours": capacity["overtime"].sum(),
        "mean_stock": plan.groupby("bucket")["projected_available"].sum().mean(),
    }


def _newly_late(plan: pd.DataFrame) -> pd.Series:
    """Units of each bucket's demand that are not shipped when due: the rise of the late backlog, at
    most the demand.
    """
    rise = plan["late"] - plan.groupby("item")["late"].shift(fill_value=0.0)
    return rise.clip(lower=0).clip(upper=plan["demand"])
