"""The demand plan: from baseline to consensus, stage by stage, each the signed units added to the
sum before it; and what changed since the last plan.
"""

from dataclasses import dataclass, fields

import numpy as np
import pandas as pd

from sopkit.demand.cleanse import ESTIMATE
from sopkit.demand.events import event_units, initiative_units
from sopkit.demand.issues import counted, issue, issues_frame, named
from sopkit.demand.launches import launch_parts, launch_units, product_plan
from sopkit.demand.orders import order_excess
from sopkit.demand.said import active_overrides, override_issues, override_units, sales_input_units
from sopkit.grid import NONE, WHO, Grid, attribute, grid_of
from sopkit.metrics.scopes import priced
from sopkit.tables import PLANS, declared

# Each stage: (given, sum before) → (signed units, issues). The order is the order of application
# and of the columns.
STAGES = {
    "events": event_units,
    "launches": launch_units,
    "initiatives": initiative_units,
    "sales_input": lambda given, before: _settled(
        given, "sales_inputs", sales_input_units(given, before)
    ),
    "override": lambda given, before: _settled(
        given, "overrides", override_units(given, before), override_issues(given.overrides)
    ),
    "order_excess": order_excess,
}


@dataclass(frozen=True)
class Given:
    """What the demand plan is made of: the ``grid``, the ``baseline`` on it, and the facts and
    judgments of one cycle, each table as declared.
    """

    grid: Grid
    baseline: np.ndarray
    items: pd.DataFrame
    history: pd.DataFrame
    events: pd.DataFrame
    launches: pd.DataFrame
    initiatives: pd.DataFrame
    sales_inputs: pd.DataFrame
    overrides: pd.DataFrame
    orders: pd.DataFrame
    rule: str
    demand_fence: int

    def reference(self, items, markets) -> np.ndarray:
        """Demand of each (item, market) as a like item: its baseline, else its last year of history
        again.
        """
        row = self.grid.find(items, markets)
        values = np.where((row >= 0)[:, None], self.baseline[row], 0.0)
        silent = ~(values > 0).any(axis=1)
        pairs = pd.DataFrame({"item": items, "market": markets})[silent]
        past = grid_of(pairs, self.grid.buckets, self.items, self.grid.calendar)
        at = past.find(pairs["item"], pairs["market"])
        values[silent] = seasonal_naive(past, self.history)[at]
        return values


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
    >>> row = {"id": 1, "cycle": "2026-11", "item": "A", "kind": "set_to", "value": 90.0}
    >>> ours = pd.DataFrame([row]).assign(bucket=month)
    >>> item = pd.DataFrame({"item": ["A"]})
    >>> plan, products, issues = consensus(baseline, month, item, Calendar("month"),
    ...                                    sales_inputs=says, overrides=ours)
    >>> plan[["baseline", "sales_input", "override", "consensus"]].values.tolist()
    [[100.0, 20.0, -30.0, 90.0]]
    """
    items, launches = declared(items, "items"), declared(launches, "launches")
    sales_inputs, orders = declared(sales_inputs, "sales_inputs"), declared(orders, "orders")
    orders = orders[orders["shipped_on"].isna()]
    active = active_overrides(overrides, cycle or f"{buckets[0]:%Y-%m}", buckets[0], calendar)
    pairs = _pairs(baseline[["item", "market"]].drop_duplicates(), items, launches)
    pairs = _named(pairs, items, sales_inputs, active, orders, launches)
    grid = grid_of(pairs, buckets, items, calendar)
    if not grid.shape[0]:
        tables = ("demand_plan", "product_plan", "data_issues")
        return Consensus(*(PLANS[name].empty() for name in tables))
    silent = baseline["item"][baseline["baseline"].isna()]
    start = grid.array(baseline.fillna({"baseline": 0.0}), "baseline")
    before, issues = _cut("baseline", grid, start, np.zeros(grid.shape))
    issues += counted(
        silent, "baseline_forecast", "baseline", "unknown", "cells have no baseline", "counted as 0"
    )
    given = Given(
        grid,
        before,
        items,
        PLANS["history"].typed(history),
        declared(events, "events"),
        launches,
        declared(initiatives, "initiatives"),
        sales_inputs,
        active,
        orders,
        rule,
        demand_fence,
    )
    values = {"naive": seasonal_naive(grid, given.history), "baseline": before}
    for name, stage in STAGES.items():
        units, found = stage(given, before)
        values[name], cut = _cut(name, grid, units, before)
        before, issues = before + values[name], issues + found + cut
    plan = PLANS["demand_plan"].conform(grid.frame(**values, consensus=np.maximum(before, 0)))
    products = product_plan(given, launch_parts(given, given.baseline + values["events"]))
    return Consensus(plan, products, issues_frame(issues))


def bridge(plan_now, plan_last, prices=None) -> pd.DataFrame:
    """Per stage the total of both plans and the change, over the buckets that both hold: columns
    stage, last, now, change.

    The changes of the stages add up to that of consensus. In units, or in money where the
    plan's ``prices`` are given.

    >>> stages = ["baseline", *STAGES, "consensus"]
    >>> cell = {"item": "A", "bucket": pd.Timestamp("2026-11-01")} | dict.fromkeys(stages, 0.0)
    >>> last = pd.DataFrame([cell | {"baseline": 10.0, "consensus": 10.0}])
    >>> now = pd.DataFrame([cell | {"baseline": 12.0, "consensus": 12.0}])
    >>> bridge(now, last).iloc[[0, -1]].values.tolist()
    [['baseline', 10.0, 12.0, 2.0], ['consensus', 10.0, 12.0, 2.0]]
    """
    stages, sums = ["baseline", *STAGES, "consensus"], {}
    for name, plan, other in (("last", plan_last, plan_now), ("now", plan_now, plan_last)):
        shared = plan[plan["bucket"].isin(other["bucket"])]
        cells = shared.assign(price=1.0) if prices is None else priced(shared, prices)
        sums[name] = cells[stages].mul(cells["price"], axis=0).sum()
    table = pd.DataFrame(sums).rename_axis("stage").reset_index()
    return table.assign(change=table["now"] - table["last"])


def seasonal_naive(grid: Grid, history) -> np.ndarray:
    """The same bucket of each series' last year again (series × bucket): what every other number is
    compared with. A younger series' last demand; else 0.

    Estimates of buckets that are not complete yet do not count as history.
    """
    season, first = grid.calendar.per_year, grid.numbers[0]
    past = history[(history["flag"] != ESTIMATE) & history["demand"].notna()]
    depth = max(season, first - grid.calendar.number(past["bucket"]).min(initial=first))
    back = grid.over(np.arange(first - depth, first))
    demand, told = back.array(past, "demand"), back.array(past, 1.0) > 0
    last = np.where(told.any(axis=1), depth - 1 - told[:, ::-1].argmax(axis=1), -1)
    # What is not told yet is the year before, so that every series reaches the plan's first bucket.
    for t in range(max(int(last.min(initial=depth)) + 1, 1), depth):
        late, year = (last >= 0) & (last < t), told[:, t - season] & (t >= season)
        again = np.where(year, demand[:, t - season], demand[:, t - 1])
        demand[:, t] = np.where(late, again, demand[:, t])
        told[:, t] |= late & year
    place = depth - season + np.arange(grid.shape[1]) % season
    return np.where(told[:, place], demand[:, place], demand[:, -1:])


def _pairs(known, items, launches):
    """The baseline's series, and those of launched items and successors in the markets of what they
    follow.
    """
    follows = pd.DataFrame(
        np.concatenate([launches[["like_item", "item"]], items[["item", "successor"]]]),
        columns=["old", "item"],
    )
    follows = follows[follows["item"].notna() & (follows["item"] != "")]
    heirs = follows.merge(known.rename(columns={"item": "old"}).astype("object"), on="old")
    return pd.concat([known, heirs[["item", "market"]]], ignore_index=True)


def _named(known, items, *tables):
    """The ``known`` series, and every item that a table names though it has none: in the market
    that the table names, or else in the markets of its family (of the company, if it has none;
    ``(none)`` if nobody has).
    """
    said = pd.concat([table.reindex(columns=["item", "market"]) for table in tables])
    said = said.astype("object").replace(["", NONE], None)
    said = said[said["item"].isin(items["item"])].drop_duplicates()
    exact = said.dropna(subset=["market"])
    vague = said.loc[said["market"].isna(), ["item"]]
    vague = vague[~vague["item"].isin([*known["item"], *exact["item"]])]
    vague, homes = (
        rows.assign(family=attribute(items, "family", rows["item"]).fillna(NONE).to_numpy())
        for rows in (vague, known)
    )
    at_home = vague.merge(homes[["family", "market"]].drop_duplicates(), on="family")
    anywhere = known[["market"]].drop_duplicates() if len(known) else pd.DataFrame([NONE])
    strangers = vague.loc[~vague["item"].isin(at_home["item"]), ["item"]]
    strangers = strangers.merge(anywhere.set_axis(["market"], axis=1), how="cross")
    return pd.concat([known, exact, at_home, strangers], ignore_index=True)[["item", "market"]]


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
    held = np.zeros(len(rows), dtype=bool)
    for level in given.grid.levels(rows):
        held[level.rows] = np.isin(level.scope, level.member)
    scopes = rows.loc[~held, list(WHO)].fillna("").to_numpy()
    return settled.units, found + counted(
        [" ".join(filter(None, scope)) or "everything" for scope in scopes],
        table,
        "item",
        "nothing to spread on",
        "rows speak of cells that the plan does not have",
        "they changed nothing; check item, family and market",
    )
