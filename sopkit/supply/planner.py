"""``plan_supply``: facts in, the cheapest feasible plan out."""

from dataclasses import dataclass

import pandas as pd

from sopkit.errors import PlanError
from sopkit.grid import at_buckets
from sopkit.supply.checks import check_facts, explain_infeasible
from sopkit.supply.costs import costs_of, plan_costs, sourcing_plan
from sopkit.supply.facts import read_facts
from sopkit.supply.flows import capacity_plan, flows_of, supply_plan, workforce_plan
from sopkit.supply.limits import limits_of, without_idle
from sopkit.supply.model import build, objective_prices, steering
from sopkit.supply.parts import within_parts
from sopkit.supply.reading import TABLES
from sopkit.supply.sharing import ALLOCATIONS, averaged, shared
from sopkit.supply.sites import at_sites, moved
from sopkit.supply.solve import solve
from sopkit.supply.strategies import STRATEGIES, chase, follow_demand
from sopkit.supply.why import reasons
from sopkit.supply.worth import limit_prices, worth_of
from sopkit.tables import PLANS


@dataclass(frozen=True)
class SupplyResult:
    """One plan: the contract's tables and its costs by kind (their sum is the objective)."""

    supply_plan: pd.DataFrame
    capacity_plan: pd.DataFrame
    workforce_plan: pd.DataFrame
    sourcing_plan: pd.DataFrame
    plan_costs: pd.DataFrame
    limit_prices: pd.DataFrame
    costs: pd.Series
    idle: list[str]  # sources that deliver nothing, as their smallest lot is above their limit
    cut: (
        pd.DataFrame
    )  # item, bucket, units that stand (frozen; parts of open orders), not to be had
    held_back: pd.DataFrame  # part, items, units that are late or lost for want of it
    steering: float  # money of even stock: part of what was minimised, of no cost
    gap: float  # achieved relative gap in whole lots or workers; 0 for a linear plan
    site_plan: pd.DataFrame  # without a row where no lane is told
    transfer_plan: pd.DataFrame

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """The declared tables by name."""
        return {name: table for name, table in vars(self).items() if name in PLANS}

    @property
    def objective(self) -> float:
        """Money of the whole plan."""
        return float(self.costs.sum())


def plan_supply(
    demand,
    items,
    *,
    strategy="optimal",
    whole_workers=False,
    lots=False,
    holding="end",
    gap=1e-3,
    time_limit=60,
    settings=None,
    allocation="margin",
    firm=True,
    scheduler=None,
    **tables,
) -> SupplyResult:
    """The cheapest plan that capacity, sources, stock and the workforce allow, as a
    ``SupplyResult``.

    ``demand`` is item, bucket, quantity (units; its buckets are the horizon); every other frame is
    the contract's input table and may be absent; ``frozen`` holds item, bucket and the supply
    columns to keep. ``strategy`` is optimal, level or chase; ``holding`` charges stock and backlog
    at the ``end`` of a bucket or on the ``average`` of its start and end; ``gap`` and
    ``time_limit`` (seconds) bound the search for whole lots and workers. ``bookings`` (item,
    bucket, quantity before the horizon) tells how much opening backlog is not late yet;
    ``settings`` is settings.toml as a mapping; without settings and safety_stock the model is asked
    alone: it ends with its horizon and knows no notice. A level plan moves its people once, at
    first, without notice. Where hours are short, ``allocation`` serves what is
    dearest to lose (``margin``), or lets like items share in proportion to demand (``fair``;
    whole lots are not shared).
    ``announced`` (resource, bucket, hired, laid_off) are moves that stand inside the notice. What
    is ``frozen`` and cannot be got is an error, or, where it is not ``firm``, cut and told. What
    shares nothing may be planned by the workers of a dask ``scheduler`` (address or client).
    Raises ``PlanError`` where the facts contradict themselves, naming the rows.

    Source: the multi-item aggregate planning model, Nahmias & Olsen, Production and Operations
    Analysis, ch. 3.

    >>> months = pd.date_range("2026-01-01", periods=3, freq="MS")
    >>> demand = pd.DataFrame({"item": "pump", "bucket": months, "quantity": [80, 100, 130]})
    >>> items = pd.DataFrame({"item": ["pump"], "unit_cost": [10.0], "holding_cost": [1.0],
    ...                       "backlog_cost": [5.0], "price": [50.0]})
    >>> line = pd.DataFrame({"resource": ["line"], "hours": [105.0]})
    >>> bill = pd.DataFrame({"item": ["pump"], "resource": ["line"], "hours_per_unit": [1.0]})
    >>> result = plan_supply(demand, items, resources=line, bill_of_resources=bill)
    >>> result.supply_plan["production"].round(6).tolist(), round(result.objective, 6)
    ([100.0, 105.0, 105.0], 3145.0)
    """
    for name, value, known in (
        ("strategy", strategy, STRATEGIES),
        ("holding", holding, ("end", "average")),
        ("allocation", allocation, ALLOCATIONS),
    ):
        if value not in known:
            raise PlanError(f"{name} {value!r} is not known; use one of: {', '.join(known)}")
    for name, value in (("gap", gap), ("time_limit", time_limit)):
        if not isinstance(value, int | float) or not value >= 0:
            raise PlanError(f"{name} {value!r} is no number of 0 or more; write one, such as 0.01")
    if unknown := tables.keys() - TABLES.keys():
        raise TypeError(f"no table of a plan: {', '.join(unknown)}; use {', '.join(TABLES)}")
    asked, sites = at_sites({"demand": demand, "items": items, **tables})
    facts = read_facts(asked, settings)
    facts, idle = without_idle(facts, lots)
    limits = limits_of(facts, firm)
    check_facts(facts, limits)

    def priced(facts, limits, whole=False):
        programme = build(facts, limits, strategy, whole_workers=whole, lots=lots)
        prices = objective_prices(programme.facts, holding, programme.facts.prices.lost)
        if strategy == "chase":
            prices = follow_demand(prices, programme)
        return programme, prices

    def run(programme, prices):
        how, cost = {"gap": gap, "time_limit": time_limit}, programme.costs(prices)
        if strategy == "chase":
            return chase(programme, cost, **how)
        return solve(programme.parts, cost, **how, scheduler=scheduler)

    programme, prices = priced(facts, limits, whole_workers)
    solved = run(programme, prices)
    if solved is None and len(facts.parts.way):
        limits = within_parts(facts, limits, priced(facts, limits, whole_workers)[0], firm)
        programme, prices = priced(facts, limits, whole_workers)
        solved = run(programme, prices)
    if solved is None:
        raise explain_infeasible(facts, limits)
    values = programme.values(solved)
    if allocation == "fair" and not lots:
        values = shared(facts, limits, values, priced, run)
    values = averaged(programme, values)
    flows = flows_of(facts, limits, values)
    worth = worth_of(programme, values, holding, solved)
    steered = steering(facts, values)
    (why, held_back), shown = reasons(facts, limits, flows, worth), slice(facts.shown)
    moves = moved(facts, flows)
    flows, limits, worth = (at_buckets(record, shown) for record in (flows, limits, worth))
    facts = facts.until(facts.shown)
    result = SupplyResult(
        supply_plan=supply_plan(facts, flows, why[:, shown]),
        capacity_plan=capacity_plan(facts, flows, worth.hour),
        workforce_plan=workforce_plan(facts, flows),
        sourcing_plan=sourcing_plan(facts, flows),
        plan_costs=plan_costs(facts, flows, holding),
        limit_prices=limit_prices(facts, limits, worth),
        costs=costs_of(facts, flows, holding),
        idle=idle,
        cut=facts.grid.frame(units=limits.cut).query("units > 1e-6"),
        held_back=held_back,
        steering=steered,
        gap=solved.gap,
        site_plan=PLANS["site_plan"].empty(),
        transfer_plan=PLANS["transfer_plan"].empty(),
    )
    return sites.folded(result, moves) if sites else result
