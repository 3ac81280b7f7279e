"""What people said of a cell: sales inputs with the rule that blends them, and the ledger's
overrides.
"""

import numpy as np
import pandas as pd

from sopkit.demand.issues import counted
from sopkit.demand.spread import settle
from sopkit.errors import PlanError
from sopkit.grid import WHO
from sopkit.metrics.scopes import author_bias
from sopkit.tables import LEDGER

SCOPE = [*WHO, "bucket"]
RULES = ("midpoint", "sum", "mean", "latest")
WANTED = ("set_to", "units", "percent")
SCENARIO_ROWS = 10**9  # an override's number in billions: 0 in the ledger, else a scenario's change


def sales_input_units(given, before) -> tuple[np.ndarray, list[dict]]:
    """What the rule makes of the authors, as signed units on the sum before, and the issues of rows
    that moved finer ones or nothing.

    Each author's rows make one view of the plan: the finer rows stand, the coarser are spread by
    baseline over the rest, totals exact. In the cells that authors speak of, ``mean`` takes the
    mean of their views, ``midpoint`` goes half the way there from the sum before, ``latest`` lets
    the last row of a cell win as the table stands, an author's name takes that view alone, and
    ``sum`` hears nobody. ``PlanError`` where the rule is neither a rule nor, among authors, one.
    """
    total, inputs = np.zeros(given.grid.shape), given.book.sales_inputs
    gave_way = np.zeros(given.grid.shape, dtype=bool)
    heard, weight = voices(given, before)
    for _, here, view in heard:
        total[here] += view.units
        gave_way[here] |= view.gave_way
    return weight * total, _issues(given.grid, "sales_inputs", inputs, gave_way)


def voices(given, before) -> tuple[list, np.ndarray]:
    """The views that the rule listens to (their cells, the series that they hold, what they settle
    there), and the weight of each of them in every cell (series × bucket).
    """
    inputs = given.book.sales_inputs
    rule = given.book.settings["sales_inputs"].get("rule", RULES[0])
    authors = sorted(inputs["author"].unique())
    if given.book.settings["sales_inputs"].get("correct_bias"):
        off = author_bias(given.book).set_index("author")["corrected"]
        right = 1 + inputs["author"].map(off).astype(float).fillna(0.0)
        inputs = inputs.assign(quantity=inputs["quantity"] / right)
    if authors and rule not in (*RULES, *authors):
        raise PlanError(
            f"settings, sales_inputs.rule: {rule!r} is neither a rule nor an author; "
            f"use one of: {', '.join(RULES)}; or an author: {', '.join(authors)}"
        )
    heard, told = [], np.zeros(given.grid.shape)
    for cells in views(inputs, rule, given.grid.calendar):
        here = np.flatnonzero(given.grid.reached(cells))
        view = settle(given.grid.only(here), before[here], given.weight[here], cells)
        heard.append((cells, here, view))
        told[here] += view.told
    return heard, (0.5 if rule == "midpoint" else 1.0) / np.maximum(told, 1)


def views(sales_inputs, rule, calendar) -> list[pd.DataFrame]:
    """The cells of each view that the rule listens to, in the words of ``settle``; one per author
    for midpoint and mean. What an author says of several days of a bucket is added up.

    >>> from sopkit.buckets import Calendar
    >>> from sopkit.tables import declared
    >>> inputs = pd.DataFrame({"author": ["Ann", "Bob"], "item": "A", "bucket": "2026-11-01",
    ...                        "quantity": [130.0, 150.0]})
    >>> each = views(declared(inputs, "sales_inputs"), "midpoint", Calendar("month"))
    >>> [view["set_to"].tolist() for view in each]
    [[130.0], [150.0]]
    """
    said = scoped(sales_inputs.dropna(subset=["quantity"]), calendar).reset_index(drop=True)
    cells = said.reset_index().groupby(["author", *SCOPE], sort=False)
    said = cells.agg(set_to=("quantity", "sum"), last=("index", "max")).reset_index()
    said = said.assign(units=0.0, percent=0.0)
    if rule == "latest":
        return [said.sort_values("last").drop_duplicates(SCOPE, keep="last")] if len(said) else []
    heard = said if rule in ("midpoint", "mean") else said[said["author"] == rule]
    return [rows for _, rows in heard.groupby("author")]


def active_overrides(overrides, cycle, first_bucket, calendar) -> pd.DataFrame:
    """The ledger rows that count in the pack of ``cycle`` ("2026-11"), by id.

    Entered for this cycle or an earlier one, their bucket not passed, not expired before
    ``first_bucket`` and not taken back: a ``remove`` takes back the row that it names, which may
    be a ``remove``, or else the earlier rows of its own cell (item, family, market, bucket), and
    counts no further itself.
    """
    rows = LEDGER["overrides"].typed(overrides).sort_values("id", kind="stable")
    entered = rows["cycle"].str[:7] <= str(cycle)[:7]
    rows = rows[entered & (rows["bucket"] >= calendar.start([first_bucket])[0])]
    named, ended = rows[rows["kind"].eq("remove") & rows["takes_back"].notna()], set()
    for row in named[::-1].itertuples():  # the latest first: what is ended itself ends nothing
        ended |= {row.takes_back} - {row.id} if row.id not in ended else set()
    rows = rows[~rows["id"].isin([*ended, *named["id"]])]
    removed = _latest(rows, "remove", calendar)
    return rows[~(rows["id"] <= removed) & ~(rows["expires_on"] < pd.Timestamp(first_bucket))]


def override_units(given, before) -> tuple[np.ndarray, list[dict]]:
    """What the active overrides add to the sum before, and the issues of rows without a value, and
    of those that moved finer ones or nothing.

    People's rows are spread by baseline; then each change of a scenario by what stands so far, one
    upon another: two of +10 % make 21 %.
    """
    grid, rows, units = given.grid, given.overrides, np.zeros(before.shape)
    gave_way = np.zeros(grid.shape, dtype=bool)
    for change, part in rows.groupby(rows["id"] // SCENARIO_ROWS):
        after = before + units
        weight = after if change else given.weight
        settled = settle(grid, after, weight, wanted(part, grid.calendar))
        units, gave_way = units + settled.units, gave_way | settled.gave_way
    return units, counted(
        rows.loc[rows["value"].isna(), "id"],
        "overrides",
        "value",
        "no value",
        "overrides have no value, by id",
        "they changed nothing; enter them again with a value, and a remove for the blank ones",
    ) + _issues(grid, "overrides", rows, gave_way)


def wanted(overrides, calendar) -> pd.DataFrame:
    """What the rows want of each cell, in the words of ``settle``.

    Within a cell the latest ``set_to`` counts, with the units and percents entered after it on top;
    without one, all add up. A percent is of the sum before the overrides.

    >>> from sopkit.buckets import Calendar
    >>> rows = pd.DataFrame({"id": [1, 2, 3], "item": "A", "bucket": "2026-11-01",
    ...                      "kind": ["units", "set_to", "units"], "value": [5.0, 90.0, 10.0]})
    >>> cells = wanted(LEDGER["overrides"].typed(rows), Calendar("month"))
    >>> cells[["set_to", "units", "percent"]].values.tolist()
    [[90.0, 10.0, 0.0]]
    """
    rows = scoped(overrides.dropna(subset=["value"]), calendar).sort_values("id", kind="stable")
    rows = rows[~superseded(rows, calendar)]
    by_kind = {kind: rows["value"].where(rows["kind"] == kind) for kind in WANTED}
    cells = rows[SCOPE].assign(**by_kind).groupby(SCOPE, sort=False)
    return cells.agg({"set_to": "last", "units": "sum", "percent": "sum"}).reset_index()


def scoped(rows, calendar) -> pd.DataFrame:
    """The rows with the bucket that holds their day, and "" where they name nothing, or a family
    beside an item.
    """
    rows = rows.fillna(dict.fromkeys(WHO, "")).assign(bucket=calendar.start(rows["bucket"]))
    return rows.assign(family=rows["family"].where(rows["item"] == "", ""))


def superseded(rows, calendar) -> pd.Series:
    """Which rows a later ``set_to`` of their cell replaces, a person's or a scenario's."""
    return rows["id"] < _latest(rows, "set_to", calendar)


def _latest(rows, kind, calendar):
    """The id of the last row of that kind in the cell of each row; NaN where it has none."""
    rows = rows.assign(said_by=rows["id"] // SCENARIO_ROWS)
    cell = scoped(rows, calendar).groupby([*SCOPE, "said_by"], sort=False).ngroup()
    return rows["id"].where(rows["kind"] == kind).groupby(cell).transform("max")


def _issues(grid, table, rows, gave_way):
    """The finer rows that gave way, and the rows that speak of nothing in the plan."""
    held = np.zeros(len(rows), dtype=bool)
    for level in grid.levels(rows):
        held[level.rows] = np.isin(level.scope, level.member)
    scopes = rows.loc[~held, list(WHO)].fillna("").to_numpy()
    return counted(
        grid.series["item"].iloc[np.nonzero(gave_way)[0]],
        table,
        "item",
        "finer gave way",
        "cells with rows of their own were moved too, as coarser rows left no other cell to move",
        "the coarser totals were kept; make the rows agree",
    ) + counted(
        [" ".join(filter(None, scope)) or "everything" for scope in scopes],
        table,
        "item",
        "nothing to spread on",
        "rows speak of cells that the plan does not have",
        "they changed nothing; check item, family and market",
    )
