"""The plan under uncertainty: a thousand demand paths rolled through the fixed plan, no
re-solve.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from sopkit.errors import PlanError
from sopkit.metrics.scopes import weights
from sopkit.metrics.service import unserved
from sopkit.supply import reading
from sopkit.supply.after import Finished
from sopkit.supply.costs import carrying
from sopkit.tables import settled

QUANTILES = {"p10": 0.1, "p50": 0.5, "p90": 0.9}


@dataclass(frozen=True)
class RiskResult:
    """``by_bucket``: metric, bucket, p10, p50, p90; ``by_item``: item, service, short (money),
    share, worst first.
    """

    by_bucket: pd.DataFrame
    by_item: pd.DataFrame


def plan_under_uncertainty(
    supply_plan,
    items,
    paths,
    *,
    names=None,
    spend=None,
    standard_cost=None,
    around_plan=False,
    settings=None,
) -> RiskResult:
    """What demand may do to a plan that stands: ``RiskResult``.

    ``paths`` is the array (item, path, bucket) of ``sample_paths`` over the plan's buckets, in the
    order of ``names`` (default the plan's items, sorted). Metrics by bucket over all items:
    ``service`` (fraction of new demand served in its bucket, as ``metrics.planned_service``),
    ``stock`` and ``backlog`` (money at standard cost and at price), ``cost`` (money: what the plan
    spends, ``spend`` by bucket, plus holding and lateness) and ``cash`` (money: shipments at price
    less ``spend``). ``around_plan`` scales each item's paths so that their mean is the plan's
    demand (events and overrides included); ``settings`` is settings.toml as a mapping. ``by_item``
    says which items carry the risk: the expected shortage at price and its share.

    >>> plan = pd.DataFrame({"item": "A", "bucket": pd.to_datetime(["2026-01-01"]), "demand": 10.0,
    ...     "production": 10.0, "overtime_production": 0.0,
    ...     "subcontracted": 0.0, "purchased": 0.0, "receipts": 0.0, "lost": 0.0,
    ...     "projected_available": 0.0, "backlog": 0.0})
    >>> risk = plan_under_uncertainty(plan, pd.DataFrame({"item": ["A"], "price": [2.0]}),
    ...     np.array([[[8.0], [10.0], [20.0]]]))
    >>> risk.by_bucket.set_index("metric").loc["service", ["p10", "p50", "p90"]].tolist()
    [0.6, 1.0, 1.0]
    """
    plan = Finished(supply_plan, items, standard_cost)
    plan_names, buckets = plan.names, plan.buckets
    paths = _ordered(paths, names, plan_names, len(buckets))
    if around_plan:
        paths = _around(paths, plan["demand"])
    money, got, opening = _unit_money(plan, settled(settings)), plan.got, plan.opening[:, 0]
    totals = np.zeros((6, paths.shape[1], len(buckets)))
    items_short, items_served = np.zeros(len(plan_names)), np.ones(len(plan_names))
    for item in range(len(plan_names)):
        served = _roll_item(
            opening[item],
            got[item],
            paths[item],
            {key: value[item] for key, value in money.items()},
            totals,
        )
        items_short[item], items_served[item] = served
    service, stock, backlog, carrying, revenue = _metrics(totals)
    spent = np.zeros(len(buckets)) if spend is None else np.asarray(spend, dtype="float64")
    metrics = {
        "service": service,
        "stock": stock,
        "backlog": backlog,
        "cost": carrying + spent,
        "cash": revenue - spent,
    }
    return RiskResult(_by_bucket(metrics, buckets), _by_item(plan_names, items_short, items_served))


def _roll_item(
    opening: float, got: np.ndarray, paths: np.ndarray, money: dict[str, float], totals: np.ndarray
) -> tuple[float, float]:
    """Add one item's paths to the totals; its expected shortage in money and its mean service."""
    net = opening + np.cumsum(got - paths, axis=1)
    stock, backlog = np.maximum(net, 0.0), np.maximum(-net, 0.0)
    before = np.empty_like(backlog)
    before[:, 0], before[:, 1:] = max(-opening, 0.0), backlog[:, :-1]
    missed = unserved(paths, backlog)
    totals[0] += missed * money["weight"]
    totals[1] += paths * money["weight"]
    totals[2] += stock * money["cost"]
    totals[3] += backlog * money["price"]
    totals[4] += stock * money["holding"] + backlog * money["late"]
    totals[5] += (paths + before - backlog) * money["price"]
    asked = paths.sum()
    return float(missed.sum(axis=1).mean() * money["price"]), (
        float(1 - missed.sum() / asked) if asked > 0 else 1.0
    )


def _metrics(totals: np.ndarray):
    missed, asked, stock, backlog, carrying, revenue = totals
    service = 1 - np.divide(missed, asked, out=np.zeros_like(asked), where=asked > 0)
    return service, stock, backlog, carrying, revenue


def _around(paths: np.ndarray, demand: np.ndarray) -> np.ndarray:
    """Paths scaled bucket by bucket so that their mean is the plan's demand; where their mean is 0
    the demand itself.
    """
    mean = paths.mean(axis=1)
    scale = np.divide(demand, mean, out=np.zeros_like(demand), where=mean > 0)
    return paths * scale[:, None, :] + np.where(mean > 0, 0.0, demand)[:, None, :]


def _unit_money(plan: Finished, settings) -> dict[str, np.ndarray]:
    """Money per unit (and bucket) by item; what has no price is worth its cost, or 1."""
    price = plan.items["price"].fillna(pd.Series(np.where(plan.cost > 0, plan.cost, 1.0)))
    holding, late = carrying(plan.items, plan.cost, price.to_numpy(), settings, plan.per_year)
    weight = weights(plan.items).to_numpy()
    return {
        "cost": plan.cost,
        "price": price.to_numpy(),
        "weight": weight,
        "holding": holding,
        "late": late,
    }


def _ordered(paths, names, plan_names: pd.Index, buckets: int) -> np.ndarray:
    paths = np.asarray(paths)
    order = (
        np.arange(len(plan_names))
        if names is None
        else reading.positions(names, pd.Series(plan_names), "paths", "item")
    )
    if paths.ndim != 3 or len(paths) < len(plan_names) or paths.shape[2] < buckets:
        raise PlanError(
            f"paths has shape {paths.shape}; give (item, path, bucket) with the plan's"
            f" {len(plan_names)} items and {buckets} buckets"
        )
    return paths if names is None and paths.shape[2] == buckets else paths[order][:, :, :buckets]


def _by_bucket(metrics: dict[str, np.ndarray], buckets: pd.DatetimeIndex) -> pd.DataFrame:
    parts = []
    for metric, values in metrics.items():
        levels = np.quantile(values, list(QUANTILES.values()), axis=0)
        parts.append(
            pd.DataFrame({"metric": metric, "bucket": buckets, **dict(zip(QUANTILES, levels))})
        )
    return pd.concat(parts, ignore_index=True)


def _by_item(names: pd.Index, short: np.ndarray, service: np.ndarray) -> pd.DataFrame:
    share = short / short.sum() if short.sum() > 0 else np.zeros(len(short))
    table = pd.DataFrame({"item": names, "service": service, "short": short, "share": share})
    return table.sort_values(["short", "item"], ascending=[False, True], ignore_index=True)
