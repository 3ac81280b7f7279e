"""The plan under uncertainty: every month of a demand path re-planned by the rule that the plan
follows, no LP.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

from sopkit.grid import Grid
from sopkit.metrics.scopes import weights
from sopkit.metrics.service import unserved
from sopkit.supply.after import Finished
from sopkit.supply.costs import per
from sopkit.supply.facts import read_facts
from sopkit.supply.inventory import demand_paths
from sopkit.supply.limits import sold_within
from sopkit.supply.reading import fence
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
    paths = demand_paths(paths, names, plan.buckets)
    own = np.where(plan.fact("strategy") == "order", -1, pd.Index(names).get_indexer(plan.names))
    scale = _scale(paths, own, plan["demand"]) if around_plan else np.ones(plan.shape)
    varies = (own >= 0)[:, None] & ~np.isnan(scale)
    rolled, count = _Rolled(plan, prices, inputs or {}, capacity_plan), paths.shape[1]
    came, missed = np.empty((len(METRICS), plan.shape[1], count)), np.zeros(plan.shape[0])
    wanted = np.zeros(plan.shape[0])
    for part in np.array_split(np.arange(count), max(1, len(own) * count // CELLS)):
        rolled.start(len(part))
        for bucket in range(plan.shape[1]):
            asked = np.repeat(plan["demand"][:, [bucket]], len(part), axis=1)
            at = varies[:, bucket]
            asked[at] = paths[own[at][:, None], part, bucket] * scale[at, bucket][:, None]
            came[:, bucket, part], short = rolled.next(bucket, asked)
            missed += short.sum(axis=1)
            wanted += asked.sum(axis=1)
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


class _Rolled:
    """Some paths rolled through a plan, bucket by bucket; (item, path) arrays within a bucket."""

    def __init__(self, plan, prices, inputs, capacity_plan):
        self.cost, self.price = plan.cost, np.repeat(plan.price(0.0)[:, None], plan.shape[1], 1)
        self.weight = weights(plan.items, pd.Series(plan.cost)).to_numpy()
        self.demand, self.got, self.lost = plan["demand"], plan.got, plan["lost"]
        stock, self.backlog = plan["projected_available"], plan["backlog"]
        self.both, self.net = np.minimum(stock, self.backlog), stock - self.backlog
        self.agreed = self.backlog - plan["late"]
        self.opening, self.owed_before = (
            start[:, :1].sum(axis=1, keepdims=True) for start in (plan.opening, plan.owed)
        )
        self.made = plan.made
        self.flexible = self.got - plan["receipts"]
        if len(plan.names):
            self._bounds(plan, inputs, capacity_plan)
        if prices is not None:
            self.price = self.grid.array(prices, "price")

    def _bounds(self, plan, inputs, capacity_plan):
        """How late a correction arrives, units that ways have left, hours that resources have."""
        asked = {"items": plan.items, "demand": plan.table(quantity=plan["demand"])}
        for name in ("bill_of_resources", "sourcing"):
            if inputs.get(name) is not None:
                asked[name] = inputs[name][inputs[name]["item"].isin(plan.names)]
        settings = inputs.get("settings")
        facts = read_facts(asked, settings)
        self.grid, ways, (item, resource, hours) = facts.grid, facts.ways, facts.own_bill
        self.lag = np.full(plan.shape[0], plan.shape[1])
        np.minimum.at(self.lag, ways.item, ways.opens)
        self.lag = np.maximum(self.lag, fence(settings))
        self.following = sold_within(self.demand, self.lag + 1.0, plan.per_year)
        limit = np.bincount(ways.item, ways.limit, plan.shape[0])[:, None]
        self.room = np.maximum(limit - self.flexible, 0.0)
        shape = len(facts.resources), plan.shape[0]
        self.hours = sparse.csr_array((hours, (resource, item)), shape)
        self.users = [item[resource == one] for one in range(shape[0])]
        self.free = np.full(facts.resources.grid.shape, np.inf)
        if capacity_plan is not None:
            limit = capacity_plan["regular_capacity"] + capacity_plan["overtime_limit"]
            rows = capacity_plan.assign(free=(limit - capacity_plan["load"]).clip(lower=0.0))
            self.free = facts.resources.grid.array(rows, "free")

    def start(self, paths: int) -> None:
        """Back to the plan's opening."""
        shape = len(self.demand), paths
        self.there, self.owed = self.opening + np.zeros(shape), self.owed_before + np.zeros(shape)
        self.beyond = np.zeros(shape)  # demand beyond the plan's, as a share of it, smoothed
        self.added = np.zeros(shape)  # corrections that have arrived so far
        self.called = np.zeros((self.demand.shape[1], *shape))  # …and should have, by what is seen

    def next(self, bucket: int, asked: np.ndarray) -> tuple[list, np.ndarray]:
        """The ``METRICS`` of a bucket by path, and the units unserved."""
        change, planned = self._correction(bucket), self.demand[:, [bucket]]
        self.added += change
        got = self.got[:, [bucket]] + change
        net = self.there + got - asked
        spared = np.maximum(net - (self.net - self.lost)[:, [bucket]], 0.0)
        lost = np.clip(self.lost[:, [bucket]] - spared, 0.0, self.owed + asked)
        self.there = net + lost
        self.beyond += BELIEVED * (per(asked - planned, planned) - self.beyond)
        expected = self.beyond * self.following[:, [bucket]]
        self.called[bucket] = self.net[:, [bucket]] - self.there + expected + self.added
        backlog = np.maximum(-self.there, 0.0) + self.both[:, [bucket]]
        shipped = self.owed + asked - lost - backlog
        self.owed = backlog
        late = np.maximum(backlog - self.agreed[:, [bucket]], 0.0)
        missed = unserved(asked, late, lost)
        service = 1 - per(self.weight @ missed, self.weight @ asked)
        stock = np.maximum(self.there, 0.0) + self.both[:, [bucket]]
        revenue = self.price[:, bucket] @ shipped
        margin, cash = (revenue - self.cost @ units for units in (shipped, got))
        return [service, self.cost @ stock, revenue, margin, cash], missed

    def _correction(self, bucket: int) -> np.ndarray:
        """Units to arrive beside the plan's, by what was seen before the item's lag."""
        seen = bucket - self.lag - 1
        called = self.called[seen.clip(0), np.arange(len(seen))] * (seen >= 0)[:, None]
        change = np.clip(called - self.added, -self.flexible[:, [bucket]], self.room[:, [bucket]])
        more, less = np.maximum(change, 0.0), np.clip(-change, 0.0, self.made[:, [bucket]])
        share = self.free[:, [bucket]] + self.hours @ less
        needed = self.hours @ more
        share = np.divide(share, needed, out=np.ones_like(needed), where=needed > share)
        each = np.ones_like(change)
        for users, part in zip(self.users, share):
            each[users] = np.minimum(each[users], part)
        return np.where(change > 0, change * each, change)


def _scale(paths, own, demand) -> np.ndarray:
    """(item, bucket) factors that put the mean of the paths on the plan's demand; NaN where that
    mean is 0.
    """
    mean = paths.mean(axis=1)[own, : demand.shape[1]]
    return np.divide(demand, mean, out=np.full(demand.shape, np.nan), where=mean > 0)
