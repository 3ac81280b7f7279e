"""The demand plan: from baseline to consensus, stage by stage, each the signed units added to the
sum before it.
"""

from dataclasses import dataclass, fields

import numpy as np
import pandas as pd

from sopkit.demand.events import effect, event_issues
from sopkit.demand.given import Given, plan_grid
from sopkit.demand.initiatives import initiative_issues, initiative_units
from sopkit.demand.issues import issue, issues_frame, named
from sopkit.demand.launches import launch_issues, launch_parts, product_plan
from sopkit.demand.naive import seasonal_naive
from sopkit.demand.orders import order_excess
from sopkit.demand.overrides import active_overrides, override_issues, override_units
from sopkit.demand.sales_inputs import sales_input_units
from sopkit.tables import PLANS

# Each stage: (given, sum before) → (signed units, issues). The order is the order of application
# and of the columns.
STAGES = {
    "events": lambda given, before: (
        effect(given.grid, given.baseline, given.events),
        event_issues(given.grid, given.events),
    ),
    "launches": lambda given, before: (launch_parts(given, before).units, launch_issues(given)),
    "initiatives": lambda given, before: (
        initiative_units(given, before),
        initiative_issues(given),
    ),
    "sales_input": lambda given, before: _settled(
        given, "sales_inputs", sales_input_units(given, before)
    ),
    "override": lambda given, before: _settled(
        given, "overrides", override_units(given, before), override_issues(given)
    ),
    "order_excess": lambda given, before: (order_excess(given, before), []),
}


@dataclass(frozen=True)
class Consensus:
    """What ``consensus`` returns: three declared tables, which unpack in this order."""

    demand_plan: pd.DataFrame
    product_plan: pd.DataFrame
    issues: pd.DataFrame

    def __iter__(self):
        return iter(getattr(self, field.name) for field in fields(self))


def consensus(
    baseline,
    buckets,
    items,
    calendar,
    *,
    history=None,
    events=None,
    launches=None,
    initiatives=None,
    sales_inputs=None,
    overrides=None,
    orders=None,
    cycle=None,
    rule="midpoint",
    demand_fence=1,
) -> Consensus:
    """The tables ``demand_plan`` and ``product_plan`` over ``buckets``, and the ``data_issues``
    rows of what was cut or left out.

    ``baseline`` has item, market, bucket, baseline; every other table is the declared one or None.
    ``overrides`` are the ledger's rows, of which those active in ``cycle`` ("2026-11") count (None:
    in the month of the first bucket). A stage that would take a cell below 0 is cut there, with an
    issue. consensus = baseline + the stages, exactly.

    >>> from sopkit.buckets import Calendar
    >>> month = Calendar("month").range("2026-11-01", 1)
    >>> baseline = pd.DataFrame({"item": "A", "market": "N", "bucket": month, "baseline": 100.0})
    >>> says = pd.DataFrame({"author": "Ann", "item": "A", "bucket": month, "quantity": 140.0})
    >>> rows = pd.DataFrame({"id": [1], "cycle": "2026-11", "item": "A", "bucket": month, "kind": "set_to", "value": 90.0})
    >>> plan, products, issues = consensus(baseline, month, pd.DataFrame({"item": ["A"]}), Calendar("month"), sales_inputs=says, overrides=rows)
    >>> plan[["baseline", "sales_input", "override", "consensus"]].values.tolist()
    [[100.0, 20.0, -30.0, 90.0]]
    """
    active = active_overrides(overrides, cycle or f"{buckets[0]:%Y-%m}", buckets[0], calendar)
    grid = plan_grid(
        baseline, buckets, items, calendar, sales_inputs, active, _open(orders), launches=launches
    )
    if not grid.shape[0]:
        return Consensus(
            PLANS["demand_plan"].empty(),
            PLANS["product_plan"].empty(),
            PLANS["data_issues"].empty(),
        )
    start, issues = _cut(
        "baseline",
        grid,
        grid.array(baseline.fillna({"baseline": 0.0}), "baseline"),
        np.zeros(grid.shape),
    )
    issues += _unknown(baseline)
    given = Given(
        grid,
        start,
        items,
        history,
        events,
        launches,
        initiatives,
        sales_inputs,
        active,
        orders,
        rule,
        demand_fence,
    )
    values = {"naive": seasonal_naive(grid, history), "baseline": start}
    before, parts = start, None
    for name, stage in STAGES.items():
        parts = launch_parts(given, before) if name == "launches" else parts
        units, found = stage(given, before)
        values[name], cut = _cut(name, grid, units, before)
        before, issues = before + values[name], issues + found + cut
    plan = PLANS["demand_plan"].conform(grid.frame(**values, consensus=np.maximum(before, 0)))
    return Consensus(plan, product_plan(given, parts), issues_frame(issues))


def _cut(stage, grid, units, before):
    """The units of a stage, none of which takes its cell below 0, and the issue that says what was
    cut.
    """
    short = np.maximum(-(before + units), 0)
    short[short <= 1e-9 * np.maximum(1, np.abs(before))] = 0
    kept = np.maximum(units, -before) + 0.0  # no minus zeros
    if not short.any():
        return kept, []
    row, at = np.unravel_index(short.argmax(), short.shape)
    worst = grid.series.iloc[row]
    return kept, [
        issue(
            "demand_plan",
            stage,
            "below zero",
            f"{stage} took {int((short > 0).sum())} cells of"
            f" {named(grid.series['item'][(short > 0).any(axis=1)])} below 0 by {short.sum():,.10g}"
            f" units, most {worst['item']} {worst['market']}"
            f" {grid.calendar.label(grid.buckets[[at]])[0]} by {short[row, at]:,.10g}",
            "cut to 0 at that stage; mend the row that asks for it",
            value=f"{-short.sum():,.10g}",
        )
    ]


def _settled(given, table, settled, found=()):
    """The units of a spread stage with its issues: finer rows that gave way, and rows that speak of
    nothing in the plan.
    """
    found, rows, gave_way = list(found), getattr(given, table), settled.gave_way
    if gave_way.any():
        found.append(
            issue(
                table,
                "item",
                "finer gave way",
                f"coarser rows left no other cell to move, so {int(gave_way.sum())} cells with rows"
                " of their own were moved too:"
                f" {named(given.grid.series['item'][gave_way.any(axis=1)])}",
                "the coarser totals were kept; make the rows agree",
                value=int(gave_way.sum()),
            )
        )
    if rows is not None and len(rows):
        held = np.zeros(len(rows), dtype=bool)
        for level in given.grid.levels(rows):
            held[level.rows] = np.isin(level.scope, level.member)
        if not held.all():
            found.append(
                issue(
                    table,
                    "item",
                    "nothing to spread on",
                    f"{int((~held).sum())} rows speak of cells that the plan does not have: "
                    f"{named(_scope(rows[~held]))}",
                    "they changed nothing; check item, family and market",
                    value=int((~held).sum()),
                )
            )
    return settled.units, found


def _scope(rows):
    columns = [
        rows[name].astype("object").where(rows[name].notna(), "")
        for name in ("item", "family", "market")
        if name in rows
    ]
    return [
        " ".join(str(part) for part in parts if part) or "everything" for parts in zip(*columns)
    ]


def _open(orders):
    """The lines that are not shipped: only they may bring a series of their own."""
    if orders is None or orders.empty or "shipped_on" not in orders:
        return orders
    return orders[pd.to_datetime(orders["shipped_on"]).isna()]


def _unknown(baseline):
    silent = baseline[baseline["baseline"].isna()]
    return (
        []
        if silent.empty
        else [
            issue(
                "baseline_forecast",
                "baseline",
                "unknown",
                f"{len(silent)} cells have no baseline: {named(silent['item'])}",
                "counted as 0",
                value=len(silent),
            )
        ]
    )
