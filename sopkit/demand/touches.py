"""Touches: by how many units each person moved each cell of the demand plan, and why."""

from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd

from sopkit.demand.consensus import before_stage
from sopkit.demand.said import active_overrides, override_units, scoped, voices
from sopkit.demand.spread import settle
from sopkit.tables import PLANS

WHY = ["person", "reason"]


def touches(book) -> pd.DataFrame:
    """The table ``touches`` of a finished demand plan: the signed units that each author's sales
    inputs and each planner's overrides brought to a cell; they sum to its ``sales_input`` and
    ``override``.

    An author brings the own view's part of what the rule makes of all views. A planner brings what
    the override would lack without the own rows; what several bring only together is shared in
    proportion to that.

    >>> from sopkit.demand import STAGES
    >>> from sopkit.metrics import Book
    >>> cell = pd.DataFrame({"item": "A", "market": "N", "bucket": [pd.Timestamp("2026-11-01")]})
    >>> said = pd.concat([cell, cell]).assign(id=[1, 2], cycle="2026-11", kind="units",
    ...     value=[30.0, -10.0], by=["Ada", "Bob"], reason=["customer", "price"])
    >>> plan = cell.assign(baseline=100.0, **dict.fromkeys(STAGES, 0.0) | {"override": 20.0})
    >>> found = touches(Book({"demand_plan": plan, "overrides": said}, first=cell["bucket"][0]))
    >>> found[["stage", "person", "units"]].values.tolist()
    [['override', 'Ada', 30.0], ['override', 'Bob', -10.0]]
    """
    rows = [
        part.assign(stage=stage)
        for stage, of in (("sales_input", _authors), ("override", _planners))
        for part in _scaled(book, stage, of)
    ]
    table = PLANS["touches"]
    return table.conform(pd.concat(rows)) if rows else table.empty()


def _scaled(book, stage, of):
    """What ``of`` finds for each person, cut where the stage was cut, as rows of the table."""
    given, before = before_stage(book, stage)
    found = of(given, before)
    total = sum(found.values())
    kept = given.grid.array(book.demand_plan, stage)
    cut = np.divide(kept, total, where=np.abs(total) > 1e-9, out=np.ones(given.grid.shape))
    for who, units in found.items():
        rows = given.grid.frame(units=units * cut)
        yield rows[rows["units"].abs() > 1e-9].assign(**dict(zip(WHY, who)))


def _authors(given, before):
    """The units of each author's sales inputs, by author and a blank reason."""
    found, (heard, part) = {}, voices(given, before)
    for cells, here, _ in heard:
        grid, weight = given.grid.only(here), given.weight[here]
        said = cells.assign(person=cells["author"], reason="")
        of = partial(_settled, grid, before[here], weight)
        for who, units in _apart(grid, said, of).items():
            found.setdefault(who, np.zeros(given.grid.shape))[here] += part[here] * units
    return found


def _planners(given, before):
    """The units of each planner's overrides, by who answers for them (else entered them) and
    reason.
    """
    first, calendar = given.grid.buckets[0], given.grid.calendar
    rows = active_overrides(given.book.overrides, f"{calendar.month(first):%Y-%m}", first, calendar)
    rows = scoped(rows.dropna(subset=["value"]), calendar)
    person = rows["owner"].where(rows["owner"].fillna("") != "", rows["by"])
    rows = rows.assign(person=person.fillna(""), reason=rows["reason"].fillna(""))
    if not len(here := np.flatnonzero(given.grid.reached(rows))):
        return {}
    inside = replace(given, grid=given.grid.only(here), baseline=given.baseline[here])

    def units_of(rows):
        return override_units(replace(inside, overrides=rows), before[here])[0]

    found = {}
    for who, units in _apart(inside.grid, rows, units_of).items():
        found[who] = np.zeros(given.grid.shape)
        found[who][here] = units
    return found


def _settled(*given):
    return settle(*given).units


def _apart(grid, rows, units_of) -> dict:
    """The units of all rows together, by who said them: what is lacking without each one's rows,
    and the rest in proportion to that.
    """
    rows = rows[grid.column(rows["bucket"]) >= 0].reset_index(drop=True)
    whole, alone, mass = units_of(rows), {}, {}
    for who, own in rows.groupby(WHY):
        told = grid.gather(own, np.eye(grid.shape[1])[grid.column(own["bucket"])]) > 0
        alone[who] = whole - units_of(rows.drop(index=own.index))
        mass[who] = np.abs(alone[who]) + 1e-9 * told
    rest, sums = whole - sum(alone.values()), sum(mass.values())
    return {who: units + rest * mass[who] / np.maximum(sums, 1e-9) for who, units in alone.items()}
