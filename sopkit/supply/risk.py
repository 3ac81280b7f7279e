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
from sopkit.supply.inventory import wide
from sopkit.supply.settings import Settings, buckets_a_year

QUANTILES = {"p10": 0.1, "p50": 0.5, "p90": 0.9}
SUPPLY = ("production", "overtime_production", "subcontracted", "purchased", "receipts")


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
    ``service`` (fraction of new demand served in its bucket, as ``metrics.planned_service``), ``stock`` and ``backlog`` (money at
    standard cost and at price), ``cost`` (money: what the plan spends, ``spend`` by bucket, plus
    holding and lateness) and ``cash`` (money: shipments at price less ``spend``). ``around_plan``
    scales each item's paths so that their mean is the plan's demand (events and overrides
    included); ``settings`` is settings.toml as a mapping. ``by_item`` says which items carry the
    risk: the expected shortage at price and its share.

    >>> plan = pd.DataFrame({"item": "A", "bucket": pd.to_datetime(["2026-01-01"]), "demand": 10.0, "production": 10.0, "overtime_production": 0.0,
    ...                      "subcontracted": 0.0, "purchased": 0.0, "receipts": 0.0, "lost": 0.0, "projected_available": 0.0, "backlog": 0.0})
    >>> risk = plan_under_uncertainty(plan, pd.DataFrame({"item": ["A"], "price": [2.0]}), np.array([[[8.0], [10.0], [20.0]]]))
    >>> risk.by_bucket.set_index("metric").loc["service", ["p10", "p50", "p90"]].tolist()
    [0.6, 1.0, 1.0]
    """
    plan_names, buckets, cells = wide(
        supply_plan, "demand", "lost", "projected_available", "backlog", *SUPPLY
    )
    paths = _ordered(paths, names, plan_names, len(buckets))
    frame = reading.frame_of(items, "items", ("item",))
    frame = frame.iloc[
        reading.positions(frame["item"], pd.Series(plan_names), "items", "item")
    ].reset_index(drop=True)
    if around_plan:
        paths = _around(paths, cells["demand"])
    money = _unit_money(
        frame, plan_names, standard_cost, Settings.of(settings), buckets_a_year(buckets, settings)
    )
    got = sum(cells[name] for name in SUPPLY)
    opening = (
        cells["projected_available"] - cells["backlog"] - got - cells["lost"] + cells["demand"]
    )[:, 0]
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


def _unit_money(
    frame: pd.DataFrame, names: pd.Index, standard_cost, settings: Settings, per_year: int
) -> dict[str, np.ndarray]:
    cost = reading.numbers(frame, "items", "unit_cost", 0.0)
    if standard_cost is not None:
        cost = pd.Series(standard_cost).reindex(names).fillna(pd.Series(cost, names)).to_numpy()
    price = reading.numbers(frame, "items", "price", np.where(cost > 0, cost, 1.0))
    holding = reading.numbers(
        frame, "items", "holding_cost", cost * settings.holding_rate / per_year
    )
    return {
        "cost": cost,
        "price": price,
        "weight": weights(frame).to_numpy(),
        "holding": holding,
        "late": reading.numbers(
            frame,
            "items",
            "backlog_cost",
            np.maximum(2 * holding, price * settings.backlog_rate / per_year),
        ),
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
