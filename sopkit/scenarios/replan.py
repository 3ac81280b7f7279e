"""Another plan: steps 2 to 4 without pages, from changed inputs, on a pack's baseline."""

import copy

from sopkit import demand, finance, supply
from sopkit.forecast import fill_uplifts, learn_events, sample_paths, without_events
from sopkit.processes import drawers
from sopkit.scenarios.changes import applied
from sopkit.scenarios.drivers import DRIVERS, RULES, Inputs

SIDE_BY_SIDE = 2  # plans at a time
REPLANNED = (
    *("demand_plan", "product_plan", "prices", "supply_plan", "sourcing_plan", "capacity_plan"),
    *("workforce_plan", "inventory_plan", "backlog_plan", "plan_costs", "plan_risk"),
    *("financial_plan", "initiative_plan"),
)
NOT_REPLANNED = ("exceptions", "gap_options", "kpis", "master_schedule", "scenarios")


def replan(plan, changes):
    """The ``Book`` of the plan that the ``changes`` (rows of the ledger's scenarios) make of a
    pack's ``plan``: every table of steps 2 to 4 that follows from the numbers; exceptions, options
    and the schedule have no row.

    The baseline stays, as no driver touches what was sold. Raises ``PlanError`` where a change
    contradicts the facts.
    """
    step = min((DRIVERS[name].step for name in changes["driver"] if name in DRIVERS), default=3)
    other, inputs = _asked(plan, changes)
    facts, calendar = inputs.facts, plan.calendar
    items, settings = facts.items, facts.settings
    history, buckets = plan.read("history"), plan.book().buckets
    learned = learn_events(
        sold := demand.forecastable(history, items), facts.events, items, calendar=calendar
    )
    series = without_events(sold, learned)
    book = other.book(overrides=inputs.overrides, **dict.fromkeys(NOT_REPLANNED))
    if step == 2:
        book.also(events=fill_uplifts(facts.events, learned, series, items))
        said = demand.consensus(book, buckets)
        book.also(demand_plan=said.demand_plan, product_plan=said.product_plan)
        book.also(events=facts.events)
        book.also(prices=finance.prices(book))
    ahead = len(demand.unfinished(history, calendar, plan.first_bucket))
    paths = inputs.parameters.get("paths", 500)
    drawn = sample_paths(series, ahead + len(buckets), paths, calendar=calendar, groups=items)
    drawn, names = drawn[:, :, ahead:], sorted(series["item"].unique())
    told = {"bill_of_resources": facts.bill_of_resources, "settings": settings}
    asked = supply.supply_inputs(
        book.demand_plan,
        plan.read("opening_stock"),
        facts,
        settings,
        safety_stock=supply.safety_stock(
            drawn, names, buckets, items, sourcing=facts.sourcing, **told
        ),
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
        drawn,
        names=names,
        standard_cost=book.cost,
        prices=book.item_prices,
        inputs=asked,
        capacity_plan=result.capacity_plan,
        around_plan=True,
    )
    book.also(plan_risk=risk.plan_risk, financial_plan=finance.financial_plan(book))
    return book.also(initiative_plan=finance.initiative_plan(book))


def compared(plan, scenarios: dict) -> dict:
    """The replanned ``Book`` of each scenario, by name; ``scenarios`` maps names to changes. More
    than two are planned side by side.
    """
    if len(scenarios) <= SIDE_BY_SIDE:
        return {name: replan(plan, changes) for name, changes in scenarios.items()}
    none = dict.fromkeys(NOT_REPLANNED)
    with drawers(SIDE_BY_SIDE) as pool:
        waiting = {name: pool.submit(_tables, plan, rows) for name, rows in scenarios.items()}
        return {
            name: _asked(plan, scenarios[name])[0].book(**tables.result(), **none)
            for name, tables in waiting.items()
        }


def _asked(plan, changes):
    """The plan as if its facts were the changed ones, and all its inputs."""
    inputs, other = applied(Inputs.of(plan), changes), copy.copy(plan)
    other.__dict__["facts"] = inputs.facts
    return other, inputs


def _tables(plan, changes):
    book = replan(plan, changes)
    return {name: getattr(book, name) for name in REPLANNED}
