"""Another plan: steps 2 to 4 without pages, from changed inputs, on a pack's baseline."""

import copy
from collections.abc import Iterator
from functools import partial
from typing import NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
import pandas as pd

from sopkit import demand, finance, supply
from sopkit.forecast import fill_uplifts, learn_events, sample_paths, without_events
from sopkit.plan import Plan
from sopkit.processes import drawers
from sopkit.scenarios.changes import applied
from sopkit.scenarios.drivers import DRIVERS, RULES, Inputs
from sopkit.workers import spread

SIDE_BY_SIDE = 2  # plans at a time
REPLANNED = (
    *("demand_plan", "product_plan", "prices", "supply_plan", "sourcing_plan", "capacity_plan"),
    *("limit_prices", "workforce_plan", "inventory_plan", "backlog_plan", "plan_costs"),
    *("plan_risk", "financial_plan", "initiative_plan"),
)
NOT_REPLANNED = ("exceptions", "gap_options", "kpis", "master_schedule", "scenarios")


class Ground(NamedTuple):
    """What every plan beside a pack's stands on, as no change touches what was sold."""

    learned: pd.DataFrame  # what events did
    series: pd.DataFrame  # what was sold without them
    buckets: pd.DatetimeIndex  # that are planned
    drawn: np.ndarray  # paths of demand, by series, bucket of the plan and path

    @classmethod
    def of(cls, plan) -> "Ground":
        """The ground of a pack's plan, worked out once."""
        if plan not in GROUNDS:
            facts, calendar, history = plan.facts, plan.calendar, plan.read("history")
            sold = demand.forecastable(history, plan.book())
            learned = learn_events(
                sold, facts.events, facts.items, calendar=calendar, members=facts.book.members
            )
            series = without_events(sold, learned)
            ahead = len(demand.unfinished(history, calendar, plan.first_bucket))
            told = plan.cycle["parameters"]
            buckets, paths = plan.buckets(told.get("horizon", 0)), told.get("paths", 500)
            until = ahead + len(buckets)
            drawn = sample_paths(series, until, paths, calendar=calendar, groups=facts.items)
            GROUNDS[plan] = cls(learned, series, buckets, drawn[:, :, ahead:])
        return GROUNDS[plan]


GROUNDS = WeakKeyDictionary()  # of the plans that live


def replan(plan, changes):
    """The ``Book`` of the plan that the ``changes`` (rows of the ledger's scenarios) make of a
    pack's ``plan``: every table of steps 2 to 4 that follows from the numbers; exceptions, options
    and the schedule have no row.

    The baseline stays, as no driver touches what was sold. Raises ``PlanError`` where a change
    contradicts the facts.
    """
    step = min((DRIVERS[name].step for name in changes["driver"] if name in DRIVERS), default=3)
    inputs = applied(Inputs.of(plan), changes)
    book = demanded(plan, inputs) if step == 2 else bare(plan, inputs)
    return supplied(plan, book, inputs)


def planned(plan, inputs):
    """The ``Book`` of the plan that other inputs make, as ``replan`` gives it."""
    return supplied(plan, demanded(plan, inputs), inputs)


def demanded(plan, inputs):
    """The book with the plan of step 2: what is asked, and at which price."""
    facts, book, ground = inputs.facts, bare(plan, inputs), Ground.of(plan)
    uplifts = fill_uplifts(
        facts.events, ground.learned, ground.series, facts.items, facts.book.members
    )
    said = demand.consensus(book.also(events=uplifts), ground.buckets)
    book.also(demand_plan=said.demand_plan, product_plan=said.product_plan, events=facts.events)
    return book.also(prices=finance.prices(book))


def supplied(plan, book, inputs, safety_stock=None):
    """The book with the plan of steps 3 and 4 for what it asks: supply, money, risk. The safety
    stock is that of the demand paths, unless one is given (item, bucket, quantity).
    """
    facts, history, ground = inputs.facts, plan.read("history"), Ground.of(plan)
    items, settings, names = facts.items, facts.settings, sorted(ground.series["item"].unique())
    told = {"bill_of_resources": facts.bill_of_resources, "settings": settings}
    if safety_stock is None:
        safety_stock = supply.safety_stock(
            ground.drawn, names, ground.buckets, items, sourcing=facts.sourcing, **told
        )
    asked = supply.supply_inputs(
        book.demand_plan,
        plan.read("opening_stock"),
        facts,
        settings,
        safety_stock=safety_stock,
        history=history,
        released=plan.last if inputs.parameters.get("keep_fence", True) else None,
    )
    if "receipts" not in facts.present:
        asked["receipts"], _ = supply.assumed_receipts(asked)
    how = {name: inputs.parameters[name] for name in RULES if name in inputs.parameters}
    result = supply.plan_supply(**asked, **how)
    book.also(
        **result.tables,
        inventory_plan=supply.inventory_plan(result.supply_plan, items, standard_cost=book.cost),
        backlog_plan=supply.backlog_plan(result.supply_plan, items),
    )
    risk = supply.plan_under_uncertainty(
        result.supply_plan,
        items,
        ground.drawn,
        names=names,
        standard_cost=book.cost,
        prices=book.item_prices,
        inputs=asked,
        capacity_plan=result.capacity_plan,
        around_plan=True,
    )
    book.also(plan_risk=risk.plan_risk, financial_plan=finance.financial_plan(book))
    return book.also(initiative_plan=finance.initiative_plan(book))


def compared(plan, scenarios: dict, scheduler=None) -> Iterator:
    """Each scenario's name and replanned ``Book``, in their order; ``scenarios`` maps names to
    changes. More than two are planned side by side; all are by the workers of a dask ``scheduler``,
    who see the pack's folder.
    """
    inputs = {name: applied(Inputs.of(plan), changes) for name, changes in scenarios.items()}
    few = len(scenarios) <= SIDE_BY_SIDE and not scheduler
    there = plan if few else Plan(plan.folder.absolute())  # without what was read of it
    tasks = [(there, changes) for changes in scenarios.values()]
    ground = partial(Ground.of, there if scheduler else plan)
    with drawers(SIDE_BY_SIDE) as pool:
        made = spread(_tables, tasks, scheduler, map if few else pool.map, ground)
        for name, tables in zip(scenarios, made):
            yield name, bare(plan, inputs[name]).also(**tables)


def bare(plan, inputs):
    """The book of the plan as if its inputs were these, without what only pages tell."""
    other = copy.copy(plan)
    other.__dict__["facts"] = inputs.facts
    return other.book(overrides=inputs.overrides, **dict.fromkeys(NOT_REPLANNED))


def _tables(ground, plan, changes):
    GROUNDS[plan] = ground
    book = replan(plan, changes)
    return {name: getattr(book, name) for name in REPLANNED}
