"""The plan under uncertainty: every month of a demand path re-planned by the rule that the plan
follows, no LP.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

from sopkit.grid import Grid, grid_of
from sopkit.metrics.scopes import weights
from sopkit.metrics.service import unserved
from sopkit.supply import reading
from sopkit.supply.after import Finished
from sopkit.supply.costs import per
from sopkit.supply.facts import ways_of
from sopkit.supply.inventory import demand_paths
from sopkit.supply.shelf import sold_within
from sopkit.tables import PLANS

QUANTILES = {"p10": 0.1, "p50": 0.5, "p90": 0.9}
METRICS = ("service", "stock", "revenue", "margin", "cash")
BELIEVED = 0.2  # of what a bucket's demand brings beyond its forecast, by the next forecast
CELLS = 2**18  # items × paths that are rolled at once


@dataclass(frozen=True)
class RiskResult:
    """``plan_risk``: metric, bucket, p10, p50, p90; ``by_item``: item, service, short (money),
    share, worst first.
    """

    plan_risk: pd.DataFrame
    by_item: pd.DataFrame


def plan_under_uncertainty(
    supply_plan,
    items,
    paths,
    *,
    names=None,
    standard_cost=None,
    prices=None,
    inputs=None,
    capacity_plan=None,
    around_plan=False,
) -> RiskResult:
    """What demand may do to a plan that is re-planned every bucket: ``RiskResult``.

    The rule is order-up-to: the plan's own stock less backlog is the target. What a path's demand
    took from it by the end of a bucket, and is forecast to take until then (the plan's demand,
    raised or lowered by exponential smoothing of what came, a fifth each bucket), is added to (or
    taken from) what arrives in the first bucket that the item's fastest way and the planning fence
    leave open; never below 0, never above what its ways deliver, and what is made shares the hours
    that ``capacity_plan`` leaves (regular and overtime) in proportion. What stays short waits; what
    the plan gives up as lost is lost.

    ``paths`` is the array (item, path, bucket) of ``sample_paths`` over the plan's buckets, in the
    order of ``names`` (default the plan's items, sorted); order-driven items and those without a
    path keep the plan's demand. ``around_plan`` scales each item's paths so that their mean is the
    plan's demand (events and overrides included). ``inputs`` is what the plan was asked with
    (``supply_inputs``): its bill of resources, sourcing and settings bind. ``prices``: item,
    bucket, price (default the items').

    Metrics by bucket over all items: ``service`` (fraction of new demand served in its bucket, as
    ``metrics.planned_service``) and in money ``stock`` (at standard cost), ``revenue`` (shipments ×
    price), ``margin`` (revenue less shipments at standard cost, before period costs), ``cash``
    (revenue less all that arrives at standard cost, without terms of payment). ``by_item`` says
    which items carry the risk: the expected shortage at price and its share.

    Source: Silver, Pyke & Thomas, Inventory and Production Management in Supply Chains, ch. 6
    (periodic review, order-up-to level); Graves (1999), A single-item inventory model for a
    nonstationary demand process (order-up-to with re-forecasts).

    >>> plan = pd.DataFrame({"item": "A", "bucket": pd.to_datetime(["2026-01-01"]), "demand": 10.0,
    ...     "production": 10.0, "overtime_production": 0.0, "subcontracted": 0.0, "purchased": 0.0,
    ...     "receipts": 0.0, "lost": 0.0, "shipments": 10.0,
    ...     "projected_available": 0.0, "backlog": 0.0, "late": 0.0})
    >>> risk = plan_under_uncertainty(plan, pd.DataFrame({"item": ["A"], "price": [2.0]}),
    ...     np.array([[[8.0], [10.0], [20.0]]]))
    >>> table = risk.plan_risk.set_index("metric")[["p10", "p50", "p90"]]
    >>> table.loc["service"].tolist(), table.loc["revenue"].tolist()
    ([0.6, 1.0, 1.0], [16.8, 20.0, 20.0])
    """
    plan = Finished(supply_plan, items, standard_cost)
    names = plan.names if names is None else names
    paths = demand_paths(paths, names, plan.buckets)[:, :, : plan.shape[1]]
    own = np.where(plan.fact("strategy") == "order", -1, pd.Index(names).get_indexer(plan.names))
    scale = np.ones(plan.shape)
    if around_plan:
        mean = paths.mean(axis=1)[own]
        scale = plan["demand"] / np.where(mean > 0, mean, np.nan)
    varies = (own >= 0)[:, None] & ~np.isnan(scale)
    rule, count = _Rule.of(plan, inputs or {}, capacity_plan), paths.shape[1]
    price = plan.price(0.0)[:, None] if prices is None else plan.grid.array(prices, "price")
    price = price + np.zeros(plan.shape)
    came, missed = np.empty((len(METRICS), plan.shape[1], count)), np.zeros(plan.shape[0])
    wanted = np.zeros(plan.shape[0])
    for part in np.array_split(np.arange(count), max(1, len(own) * count // CELLS)):
        asked = paths[np.ix_(own, part)] * scale[:, None]
        asked = np.where(varies[:, None], asked, plan["demand"][:, None])
        came[..., part], short = _rolled(plan, rule, price, asked)
        missed += short
        wanted += asked.sum(axis=(1, 2))
    levels = np.quantile(came, list(QUANTILES.values()), axis=2)
    metrics = pd.DataFrame({"metric": METRICS})
    table = Grid(metrics, plan.buckets, plan.calendar, ("metric",)).frame(
        **dict(zip(QUANTILES, levels))
    )
    short = missed / max(count, 1) * plan.price(1.0)
    by_item = pd.DataFrame({"item": plan.names, "service": 1 - per(missed, wanted), "short": short})
    by_item["share"] = per(by_item["short"], by_item["short"].sum())
    return RiskResult(
        PLANS["plan_risk"].conform(table),
        by_item.sort_values(["short", "item"], ascending=[False, True], ignore_index=True),
    )


def _rolled(plan: Finished, rule: "_Rule", price, asked) -> tuple[np.ndarray, np.ndarray]:
    """The ``METRICS`` (metric, bucket, path) of a plan in which what is ``asked`` (item, path,
    bucket) comes instead of its demand, and the units unserved by item.
    """
    columns = ("demand", "lost", "projected_available", "backlog", "late")
    demand, given_up, stock, backlog, late = (plan[name] for name in columns)
    aim, both, agreed, cost = stock - backlog, np.minimum(stock, backlog), backlog - late, plan.cost
    weight = weights(plan.items, pd.Series(cost)).to_numpy()
    there, owed = (one[:, :1].sum(axis=1, keepdims=True) for one in (plan.opening, plan.owed))
    beyond = np.zeros(asked.shape[:2])  # demand beyond the plan's, as a share of it, smoothed
    added = np.zeros_like(beyond)  # corrections that have arrived so far
    called = np.zeros((demand.shape[1], *beyond.shape))  # …and should have, by what is seen
    came, missed = np.empty((len(METRICS), demand.shape[1], beyond.shape[1])), 0.0 * cost
    arriving = plan.got + plan["demand"] - plan["used"]
    for bucket in range(demand.shape[1]):
        now, wanted = [bucket], asked[:, :, bucket]
        seen = bucket - rule.lag - 1
        change = called[seen.clip(0), np.arange(len(seen))] * (seen >= 0)[:, None] - added
        change = rule.possible(change, bucket)
        got = arriving[:, now] + change
        net = there + got - wanted
        spared = np.maximum(net - (aim - given_up)[:, now], 0.0)
        lost = np.clip(given_up[:, now] - spared, 0.0, owed + wanted)
        there, added = net + lost, added + change
        beyond += BELIEVED * (per(wanted - demand[:, now], demand[:, now]) - beyond)
        called[bucket] = aim[:, now] - there + beyond * rule.following[:, now] + added
        before, owed = owed, np.maximum(-there, 0.0) + both[:, now]
        shipped = before + wanted - lost - owed
        short = unserved(wanted, np.maximum(owed - agreed[:, now], 0.0), lost)
        missed += short.sum(axis=1)
        revenue = price[:, bucket] @ shipped
        came[:, bucket] = [
            1 - per(weight @ short, weight @ wanted),
            cost @ (np.maximum(there, 0.0) + both[:, now]),
            revenue,
            revenue - cost @ shipped,
            revenue - cost @ got,
        ]
    return came, missed


@dataclass(frozen=True)
class _Rule:
    """What binds a correction: when the fastest way can bring it, and how much ways and hours do
    beside the plan. Arrays (item, bucket) where nothing else is said.
    """

    lag: np.ndarray  # (item,) buckets
    following: np.ndarray  # the plan's demand until a correction has come
    flexible: np.ndarray  # units that may be left out
    made: np.ndarray
    room: np.ndarray  # units that the ways have left
    hours: sparse.csr_array  # (resource, item) per unit
    free: np.ndarray  # (resource, bucket) hours that the plan leaves

    @classmethod
    def of(cls, plan: Finished, inputs, capacity_plan):
        """The rule of a plan that was asked with ``inputs``."""
        names = "bill_of_resources", "components", "sourcing"
        bill, *others = (reading.given(inputs.get(name), name) for name in names)
        ways = ways_of(plan.items, bill, *others, plan.grid)
        bill = reading.own_work(bill.merge(plan.items[["item"]])).query("hours_per_unit > 0")
        grid = grid_of(bill, plan.buckets, None, plan.calendar, ("resource",))
        cells = grid.find(bill["resource"]), plan.grid.find(bill["item"])
        lag = np.full(plan.shape[0], plan.shape[1])
        np.minimum.at(lag, ways.item, ways.opens)
        lag, flexible = (
            np.maximum(lag, reading.fence(inputs.get("settings"))),
            plan.got - plan["receipts"],
        )
        limit, free = np.bincount(ways.item, ways.limit)[:, None], np.full(grid.shape, np.inf)
        if capacity_plan is not None:
            most = capacity_plan["regular_capacity"] + capacity_plan["overtime_limit"]
            left = (most - capacity_plan["load"]).clip(lower=0.0)
            free = grid.array(capacity_plan.assign(free=left), "free")
        return cls(
            lag=lag,
            following=sold_within(plan["demand"], lag + 1.0, plan.per_year),
            flexible=flexible,
            made=plan.made,
            room=np.maximum(limit - flexible, 0.0),
            hours=sparse.csr_array((bill["hours_per_unit"], cells), (len(free), plan.shape[0])),
            free=free,
        )

    def possible(self, change, bucket: int) -> np.ndarray:
        """As much of a ``change`` (item, path) as a bucket allows; what is made more shares the
        hours in proportion.
        """
        now = [bucket]
        change = np.clip(change, -self.flexible[:, now], self.room[:, now])
        more, less = np.maximum(change, 0.0), np.clip(-change, 0.0, self.made[:, now])
        share, needed = self.free[:, now] + self.hours @ less, self.hours @ more
        share = np.divide(share, needed, out=np.ones_like(needed), where=needed > share)
        each = np.ones_like(change)
        for users, part in zip(np.split(self.hours.indices, self.hours.indptr[1:-1]), share):
            each[users] = np.minimum(each[users], part)
        return np.where(change > 0, change * each, change)
