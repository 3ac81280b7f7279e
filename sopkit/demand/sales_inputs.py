"""Sales inputs: what sales, marketing and key accounts expect of a cell, and the rule that blends
them with the plan.
"""

import numpy as np
import pandas as pd

from sopkit.demand.given import Given
from sopkit.demand.spread import Settled, settle
from sopkit.errors import PlanError
from sopkit.grid import Grid

SCOPE = ["item", "family", "market", "bucket"]
RULES = ("midpoint", "sum", "mean", "latest")


def sales_input_units(given: Given, before) -> Settled:
    """What the rule makes of the authors, as signed units on the sum before.

    Each author's rows make one view of the plan: the finer rows stand, the coarser are spread by
    baseline over the rest, totals exact. In the cells that authors speak of, ``mean`` takes the
    mean of their views, ``midpoint`` goes half the way there from the sum before, ``latest`` lets
    the last row of a cell win as the table stands, an author's name takes that view alone, and
    ``sum`` hears nobody.
    """
    check_rule(given.rule, given.sales_inputs)
    total, voices, gave_way = (
        np.zeros(given.grid.shape),
        np.zeros(given.grid.shape),
        np.zeros(given.grid.shape, dtype=bool),
    )
    for cells in views(given.sales_inputs, given.rule, given.grid.calendar):
        here, view = _view(given, before, cells)
        total[here] += view.units
        voices[here] += view.told
        gave_way[here] |= view.gave_way
    part = 0.5 if given.rule == "midpoint" else 1.0
    return Settled(part * total / np.maximum(voices, 1), voices > 0, gave_way)


def check_rule(rule, sales_inputs) -> None:
    """Raise ``PlanError`` unless ``rule`` is a known rule or an author in the table (any name,
    where nobody wrote).
    """
    authors = (
        []
        if sales_inputs is None or sales_inputs.empty
        else sorted(sales_inputs["author"].astype(str).unique())
    )
    if rule not in RULES and authors and rule not in authors:
        raise PlanError(
            f"settings, sales_inputs.rule: {rule!r} is neither a rule nor an author; "
            f"use one of: {', '.join(RULES)}; or an author: {', '.join(authors)}"
        )


def views(sales_inputs, rule, calendar) -> list[pd.DataFrame]:
    """The cells of each view that the rule listens to, in the words of ``settle``; one per author
    for midpoint and mean.

    >>> from sopkit.buckets import Calendar
    >>> inputs = pd.DataFrame({"author": ["Ann", "Bob"], "item": ["A", "A"], "bucket": ["2026-11-01"] * 2, "quantity": [130.0, 150.0]})
    >>> [view["set_to"].tolist() for view in views(inputs, "midpoint", Calendar("month"))], len(views(inputs, "sum", Calendar("month")))
    ([[130.0], [150.0]], 0)
    """
    if sales_inputs is None or sales_inputs.empty or rule == "sum":
        return []
    said = pd.DataFrame(
        {
            name: (
                sales_inputs[name].astype("object").where(sales_inputs[name].notna(), "")
                if name in sales_inputs
                else ""
            )
            for name in SCOPE[:3]
        },
        index=sales_inputs.index,
    )
    said["bucket"], said["author"] = (
        calendar.start(sales_inputs["bucket"]),
        sales_inputs["author"].astype("object"),
    )
    said = said.assign(
        set_to=sales_inputs["quantity"].astype(float), units=0.0, percent=0.0
    ).dropna(subset=["set_to"])
    if rule == "latest":
        return [said.drop_duplicates(SCOPE, keep="last")]
    return [
        rows
        for author, rows in said.groupby("author", sort=True)
        if rule in RULES or author == rule
    ]


def _view(given, before, cells):
    """The series that a view speaks of, and the view settled on them alone."""
    grid = given.grid
    members = [np.isin(level.member, level.scope) for level in grid.levels(cells)]
    here = np.flatnonzero(np.logical_or.reduce(members)) if members else np.array([], dtype=int)
    part = Grid(grid.series.iloc[here].reset_index(drop=True), grid.buckets, grid.calendar)
    return here, settle(part, before[here], given.baseline[here], cells)
