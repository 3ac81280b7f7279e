"""The plan under uncertainty: a thousand demand paths rolled through the fixed plan, no
re-solve.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from sopkit.metrics.scopes import weights
from sopkit.metrics.service import unserved
from sopkit.supply import reading
from sopkit.supply.after import Finished
from sopkit.supply.inventory import demand_paths

QUANTILES = {"p10": 0.1, "p50": 0.5, "p90": 0.9}


@dataclass(frozen=True)
class RiskResult:
    """``by_bucket``: metric, bucket, p10, p50, p90; ``by_item``: item, service, short (money),
    share, worst first.
    """

    by_bucket: pd.DataFrame
    by_item: pd.DataFrame


def plan_under_uncertainty(
    supply_plan, items, paths, *, names=None, standard_cost=None, around_plan=False
) -> RiskResult:
    """What demand may do to a plan that stands: ``RiskResult``.

    ``paths`` is the array (item, path, bucket) of ``sample_paths`` over the plan's buckets, in the
    order of ``names`` (default the plan's items, sorted). Metrics by bucket over all items:
    ``service`` (fraction of new demand served in its bucket, as ``metrics.planned_service``),
    ``stock`` and ``backlog`` (money at standard cost and at price). ``around_plan`` scales each
    item's paths so that their mean is the plan's demand (events and overrides included).
    ``by_item`` says which items carry the risk: the expected shortage at price and its share.

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
    names = plan.names if names is None else names
    paths = demand_paths(paths, names, plan.buckets)
    order = reading.positions(names, plan.names, "paths", "item")
    weight, price = weights(plan.items, pd.Series(plan.cost)).to_numpy(), plan.price(1.0)
    metrics = {metric: [] for metric in ("service", "stock", "backlog")}
    all_asked, all_missed = np.zeros((2, len(order)))
    net, got, demand = plan.opening[:, :1], plan.got, plan["demand"]
    for bucket in range(plan.shape[1]):
        asked = paths[order, :, bucket]
        if around_plan:
            asked = _around(asked, demand[:, bucket])
        net = net + got[:, [bucket]] - asked
        backlog = np.maximum(-net, 0.0)
        missed = unserved(asked, backlog)
        metrics["service"].append(1 - _per(weight @ missed, weight @ asked))
        metrics["stock"].append(plan.cost @ np.maximum(net, 0.0))
        metrics["backlog"].append(price @ backlog)
        all_asked += asked.sum(axis=1)
        all_missed += missed.sum(axis=1)
    came = np.reshape([*metrics.values()], (len(metrics), plan.shape[1], paths.shape[1]))
    levels = np.quantile(came, list(QUANTILES.values()), axis=2)
    by_item = pd.DataFrame(
        {
            "item": plan.names,
            "service": 1 - _per(all_missed, all_asked),
            "short": all_missed / paths.shape[1] * price,
        }
    )
    by_item["share"] = _per(by_item["short"], by_item["short"].sum())
    return RiskResult(
        reading.long(pd.Index(metrics, name="metric"), plan.buckets, dict(zip(QUANTILES, levels))),
        by_item.sort_values(["short", "item"], ascending=[False, True], ignore_index=True),
    )


def _per(part, whole):
    """part ÷ whole, 0 where the whole is nothing."""
    return part / np.where(whole > 0, whole, np.inf)


def _around(asked: np.ndarray, demand: np.ndarray) -> np.ndarray:
    """(item, path) demand scaled so that its mean is the plan's; where its mean is 0 the plan's
    demand itself.
    """
    mean = asked.mean(axis=1)
    return asked * _per(demand, mean)[:, None] + np.where(mean > 0, 0.0, demand)[:, None]
