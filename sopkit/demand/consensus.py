"""The demand plan: from baseline to consensus, stage by stage, each the signed units added to the
sum before it; and what changed since the last plan.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pandas as pd

from sopkit.demand.cleanse import ESTIMATE
from sopkit.demand.events import event_units, initiative_units
from sopkit.demand.issues import counted, issue, issues_frame, named
from sopkit.demand.launches import ALWAYS, launch_parts, launch_units, product_plan
from sopkit.demand.orders import order_excess
from sopkit.demand.said import active_overrides, override_units, sales_input_units
from sopkit.grid import NONE, Grid, attribute, grid_of
from sopkit.metrics import Book
from sopkit.tables import LEDGER, PLANS

# Each stage: (given, sum before) → (signed units, issues). The order is the order of application
# and of the columns.
STAGES = {
    "events": event_units,
    "launches": launch_units,
    "initiatives": initiative_units,
    "sales_input": sales_input_units,
    "override": override_units,
    "order_excess": order_excess,
}


@dataclass(frozen=True)
class Given:
    """What a stage knows beside the sum before it: the plan's ``book``, the ``grid``, the
    ``baseline`` on it, the ``overrides`` that count, and the open ``orders``.
    """

    book: Book
    grid: Grid
    baseline: np.ndarray
    overrides: pd.DataFrame
    orders: pd.DataFrame

    @cached_property
    def weight(self) -> np.ndarray:
        """What coarser numbers are spread by: the baseline, as far as an item has not retired."""
        retired = attribute(self.book.items, "retired_on", self.grid.series["item"])
        return self.baseline * self.grid.covered([ALWAYS], retired)

    def reference(self, items, markets) -> np.ndarray:
        """Demand of each (item, market) as a like item: its baseline, else its last year of history
        again.
        """
        row = self.grid.find(items, markets)
        values = np.where((row >= 0)[:, None], self.baseline[row], 0.0)
        silent = ~(values > 0).any(axis=1)
        pairs = pd.DataFrame({"item": items, "market": markets})[silent]
        past = grid_of(pairs, self.grid.buckets, self.book.members, self.grid.calendar)
        at = past.find(pairs["item"], pairs["market"])
        values[silent] = seasonal_naive(past, self.book.history)[at]
        return values


class Consensus(NamedTuple):
    """What ``consensus`` returns: three declared tables, which unpack in this order."""

    demand_plan: pd.DataFrame
    product_plan: pd.DataFrame
    issues: pd.DataFrame


def consensus(book, buckets) -> Consensus:
    """The tables ``demand_plan`` and ``product_plan`` over ``buckets``, and the ``data_issues``
    rows of what was cut or left out.

    Of the ``book`` count its baseline_forecast (item, market, bucket, baseline), history, items,
    events, launches, initiatives, sales_inputs, orders, the ledger's overrides that are active in
    the first bucket, and the settings ``sales_inputs`` (rule) and ``demand_fence``. A stage that
    would take a cell below 0 is cut there, with an issue. consensus = baseline + the stages,
    exactly.

    >>> month = pd.DatetimeIndex(["2026-11-01"])
    >>> cell = pd.DataFrame({"item": "A", "market": "N", "bucket": month})
    >>> row = {"id": 1, "cycle": "2026-11", "kind": "set_to", "value": 90.0}
    >>> plan, products, issues = consensus(Book({
    ...     "items": pd.DataFrame({"item": ["A"]}),
    ...     "baseline_forecast": cell.assign(baseline=100.0),
    ...     "sales_inputs": cell.assign(author="Ann", quantity=140.0),
    ...     "overrides": cell.assign(**row)}, first=month[0]), month)
    >>> plan[["baseline", "sales_input", "override", "consensus"]].values.tolist()
    [[100.0, 20.0, -30.0, 90.0]]
    """
    calendar, baseline, items = book.calendar, book.baseline_forecast, book.items
    orders = book.orders[book.orders["shipped_on"].isna()]
    active = active_overrides(
        book.overrides, f"{calendar.month(buckets[0]):%Y-%m}", buckets[0], calendar
    )
    pairs = _pairs(baseline[["item", "market"]].drop_duplicates(), items, book.launches)
    pairs = _named(pairs, book, book.sales_inputs, active, orders, book.launches)
    grid = grid_of(pairs, buckets, book.members, calendar)
    silent = baseline["item"][baseline["baseline"].isna()]
    start = grid.array(baseline.fillna({"baseline": 0.0}), "baseline")
    before, issues = _cut("baseline", grid, start, np.zeros(grid.shape))
    issues += counted(
        silent, "baseline_forecast", "baseline", "unknown", "cells have no baseline", "counted as 0"
    )
    given = Given(book, grid, before, active, orders)
    values = {"naive": seasonal_naive(grid, book.history), "baseline": before}
    added, found = _staged(given, before, STAGES)
    values, issues = values | added, issues + found
    plan = PLANS["demand_plan"].conform(grid.frame(**values))
    products = product_plan(given, launch_parts(given, given.baseline + values["events"]))
    return Consensus(plan, products, issues_frame(issues))


def before_stage(book, stage="override") -> tuple[Given, np.ndarray]:
    """What the stages of a finished plan were given, and the sum before one of them (series ×
    bucket); its overrides are none.
    """
    plan, names = book.demand_plan, [*STAGES]
    earlier = ["baseline", *names[: names.index(stage)]]
    buckets = pd.DatetimeIndex(np.unique(pd.DatetimeIndex(plan["bucket"])))
    grid = grid_of(plan, buckets, book.members, book.calendar)
    orders = book.orders[book.orders["shipped_on"].isna()]
    given = Given(book, grid, grid.array(plan, "baseline"), LEDGER["overrides"].empty(), orders)
    return given, grid.array(plan.assign(sum=plan[earlier].sum(axis=1)), "sum")


def overridden(given, before, overrides) -> dict[str, np.ndarray]:
    """The last columns of the demand plan (override, order_excess, consensus: series × bucket) that
    these active overrides make of the sum ``before`` them.
    """
    stages = {name: STAGES[name] for name in ("override", "order_excess")}
    return _staged(replace(given, overrides=overrides), before, stages)[0]


def _staged(given, before, stages):
    """The signed units of the stages upon the sum before, the consensus that they make, and the
    issues found.
    """
    values, issues = {}, []
    for name, stage in stages.items():
        units, found = stage(given, before)
        values[name], cut = _cut(name, given.grid, units, before)
        before, issues = before + values[name], issues + found + cut
    return values | {"consensus": np.maximum(before, 0)}, issues


def seasonal_naive(grid: Grid, history) -> np.ndarray:
    """The same bucket of each series' last year again (series × bucket): what every other number is
    compared with. A younger series' last demand; else 0.

    Estimates of buckets that are not complete yet do not count as history.
    """
    season, first = grid.calendar.per_year, grid.numbers[0]
    past = history[(history["flag"] != ESTIMATE) & history["demand"].notna()]
    depth = max(season, first - grid.calendar.number(past["bucket"]).min(initial=first))
    back, place = grid.over(np.arange(first - depth, first)), np.arange(depth)
    demand, told = back.array(past, "demand"), back.array(past, 1.0) > 0
    last = (told * (place + 1)).max(axis=1, keepdims=True) - 1
    # What is not told yet is the year before, so that every series reaches the plan's first bucket.
    source = place - season * np.maximum(-((last - place) // season), 0)
    told = np.take_along_axis(told, np.maximum(source, 0), axis=1) & (source >= 0)
    demand = np.take_along_axis(demand, np.maximum(source, 0), axis=1)
    latest = np.take_along_axis(demand, (told * place).max(axis=1, keepdims=True), axis=1)
    year = depth - season + np.arange(grid.shape[1]) % season
    return np.where(told[:, year], demand[:, year], latest)


def _pairs(known, items, launches):
    """The baseline's series, and those of launched items and successors in the markets of what they
    follow.
    """
    follows = pd.DataFrame(
        np.concatenate([launches[["like_item", "item"]], items[["item", "successor"]]]),
        columns=["old", "item"],
    )
    follows = follows[follows["item"].notna() & (follows["item"] != "")]
    pairs, count = known.astype("object"), 0
    while len(pairs) > count:
        count = len(pairs)
        heirs = follows.merge(pairs.rename(columns={"item": "old"}), on="old")
        pairs = pd.concat([pairs, heirs[["item", "market"]]]).drop_duplicates(ignore_index=True)
    return pairs


def _named(known, book, *tables):
    """The ``known`` series, and every item that a table names though it has none: in the market
    that the table names, or else in the markets of its family (of the company, if it has none;
    ``(none)`` if nobody has).
    """
    said = pd.concat([table.reindex(columns=["item", "market"]) for table in tables])
    said = said.astype("object").replace(["", NONE, *book.known("market")], None)
    said = said[said["item"].isin(book.items["item"])].drop_duplicates()
    exact = said.dropna(subset=["market"])
    vague = said.loc[said["market"].isna(), ["item"]]
    vague = vague[~vague["item"].isin([*known["item"], *exact["item"]])]
    vague, homes = (
        rows.assign(family=attribute(book.items, "family", rows["item"]).fillna(NONE).to_numpy())
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
