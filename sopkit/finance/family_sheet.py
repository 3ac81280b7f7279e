"""The family page's data: Wallace & Stahl's sheet of sales, production, inventory or backlog,
service and money.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pandas as pd

from sopkit.finance.plan import fiscal_year
from sopkit.metrics.book import Book
from sopkit.metrics.flow import backlog_lead_time, cover
from sopkit.metrics.scopes import per_item, weights

PAST, NEXT = 3, 6  # buckets shown one by one, before and after the current one
INCOMING = ["production", "overtime_production", "subcontracted", "purchased", "receipts"]
MONEY = "money at cost"
NOTHING = pd.Series(dtype="float64", index=pd.DatetimeIndex([]))


class Line(NamedTuple):
    """One row: values by bucket, how a wider column takes them (sum, last, first), and its
    fiscal-year estimate and budget by bucket.
    """

    block: str
    line: str
    unit: str
    values: pd.Series
    how: str = "sum"
    estimate: pd.Series = NOTHING
    budget: pd.Series = NOTHING


def family_sheet(family, book) -> pd.DataFrame:
    """The sheet of one family: block, line, unit, then a number per column: three past buckets, the
    current one, the next six, then quarters, the fiscal year's latest estimate (sold so far +
    planned) and its budget; blank = no data or no meaning.

    The book's ``released_forecasts`` give what was planned (lag 1). Blocks: SALES, PRODUCTION (all
    that comes in), INVENTORY with cover (stock items), BACKLOG with lead time (order items),
    SERVICE, MONEY. Units are units where the family has one unit of measure, else money at standard
    cost. Wider columns hold the sum, of stocks and backlog the last value; cumulative differences
    run over the past columns.
    """
    sheet = _Sheet(family, book)
    lines = [line for block in BLOCKS for line in block(sheet)]
    spans = _spans(book)
    start = book.settings["fiscal_year_start"]
    year = fiscal_year([book.first], start)[0]
    rows = [
        [
            line.block,
            line.line,
            line.unit,
            *(_take(line.values.reindex(span), line.how) for span in spans.values()),
            _estimate(line, year, start, book.first),
            _take(line.budget[fiscal_year(line.budget.index, start) == year], line.how),
        ]
        for line in lines
    ]
    named = [f"FY{year % 100:02d} est.", f"FY{year % 100:02d} budget"]
    return pd.DataFrame(rows, columns=["block", "line", "unit", *spans, *named])


@dataclass(frozen=True)
class _Sheet:
    """A family and the book that its lines are read from."""

    family: str
    book: Book

    @cached_property
    def items(self) -> pd.DataFrame:
        """The family's items."""
        return self.book.items[(self.book.family == self.family).to_numpy()]

    @cached_property
    def unit(self) -> str:
        """What the lines are counted in."""
        units = self.items["unit"][self.items["unit"] != ""].unique()
        return MONEY if len(units) > 1 else "".join(units) or "units"

    @cached_property
    def weight(self) -> pd.Series:
        """What a unit of each item counts."""
        return weights(self.items, self.book.cost)

    def of(self, strategy) -> pd.Series:
        """The items that are made to stock, or to order."""
        return self.items.loc[self.items["strategy"] == strategy, "item"]

    def sums(self, frame, *columns, strategy=None) -> pd.Series:
        """Weighted units of the family by bucket (of its stock or order items only, if asked)."""
        names = self.items["item"] if strategy is None else self.of(strategy)
        rows = frame[frame["item"].isin(names)]
        units = rows[list(columns)].sum(axis=1, min_count=1) * per_item(rows, self.weight)
        return units.groupby(rows["bucket"]).sum(min_count=1)

    def own(self, frame, column) -> pd.Series:
        """A column of a family × bucket table, by bucket."""
        return frame[frame["family"] == self.family].set_index("bucket")[column]

    def joined(self, past, ahead) -> pd.Series:
        """What was before the plan, then what is planned."""
        first = self.book.first
        return pd.concat([past[past.index < first], ahead[ahead.index >= first]])

    def plan_and_actual(self, block, planned, actual, ahead, how="sum", budget=NOTHING):
        """The lines plan, actual, difference (and its cumulative sum for flows) of a block."""
        done = self.joined(actual, NOTHING)
        off = (done - self.joined(planned, NOTHING)).dropna()
        plan, estimate = self.joined(planned, ahead), self.joined(actual, ahead)
        lines = [
            Line(block, "plan", self.unit, plan, how, estimate, budget),
            Line(block, "actual", self.unit, done, how),
            Line(block, "difference", self.unit, off, how),
        ]
        if how == "sum":
            lines.append(Line(block, "cumulative", self.unit, off.iloc[-PAST:].cumsum(), "last"))
        return lines


def _sales(sheet):
    book = sheet.book
    released = book.released_forecasts[book.released_forecasts["lag"] == 1]
    return sheet.plan_and_actual(
        "SALES",
        sheet.sums(released, "consensus"),
        sheet.sums(book.sales_history, "quantity"),
        sheet.sums(book.demand_plan, "consensus"),
        budget=NOTHING if sheet.unit == MONEY else sheet.own(book.budget, "quantity"),
    )


def _production(sheet):
    made = sheet.book.production_history
    return sheet.plan_and_actual(
        "PRODUCTION",
        sheet.sums(made, "planned"),
        sheet.sums(made, "actual"),
        sheet.sums(sheet.book.supply_plan, *INCOMING),
    )


def _inventory(sheet):
    if sheet.of("stock").empty:
        return []
    book = sheet.book
    ahead = sheet.sums(book.inventory_plan, "units", strategy="stock")
    demand = sheet.sums(book.demand_plan, "consensus", strategy="stock")
    demand = demand.reindex(ahead.index).fillna(0.0)
    lasts = pd.Series(cover(ahead, demand, per_year=book.calendar.per_year), ahead.index)
    held = sheet.sums(book.inventory_history, "on_hand", strategy="stock")
    lines = sheet.plan_and_actual("INVENTORY", NOTHING, held, ahead, how="last")
    return [*lines[:2], Line("INVENTORY", "cover", "buckets", lasts, "last", lasts)]


def _backlog(sheet):
    plan, unit = sheet.book.supply_plan, sheet.unit
    if sheet.of("order").empty or plan.empty:
        return []
    names = ("demand", "shipments", "backlog", "late", "lost")
    demand, shipments, closing, late, lost = (
        sheet.sums(plan, name, strategy="order") for name in names
    )
    opening = closing - demand + lost + shipments
    pace = shipments.rolling(PAST, min_periods=1).mean()
    wait = pd.Series(backlog_lead_time(closing, pace), closing.index)
    booked = sheet.sums(sheet.book.sales_history, "quantity", strategy="order")
    bookings = sheet.joined(booked, demand)
    return [
        Line("BACKLOG", "opening", unit, opening, "first"),
        Line("BACKLOG", "bookings", unit, bookings, "sum", bookings),
        Line("BACKLOG", "shipments", unit, shipments),
        Line("BACKLOG", "closing", unit, closing, "last", closing),
        Line("BACKLOG", "late", unit, late, "last", late),
        Line("BACKLOG", "lead time", "buckets", wait, "last", wait),
    ]


def _service(sheet):
    kpis = sheet.book.kpis
    rows = kpis[(kpis["kpi"] == "on_time_delivery") & (kpis["scope"] == sheet.family)]
    lines = {"on time": "actual", "target": "target"} if len(rows) else {"on time": "actual"}
    values = rows.set_index(pd.DatetimeIndex(rows["bucket"]))
    return [Line("SERVICE", name, "fraction", values[of], "last") for name, of in lines.items()]


def _money(sheet):
    """Revenue (invoiced, then planned), margin and their gaps to budget, stock; past margins are
    not known here.
    """
    book = sheet.book
    if book.financial_plan.empty:
        return []
    plan = book.financial_plan[book.financial_plan["family"] == sheet.family].set_index("bucket")
    mine = book.sales_history[book.sales_history["item"].isin(sheet.items["item"])]
    invoiced = mine.groupby("bucket")["revenue"].sum(min_count=1).dropna()
    known = len(sheet.joined(invoiced, NOTHING))
    revenue = sheet.joined(invoiced, plan["revenue"])
    estimate, stock = revenue if known else NOTHING, plan["inventory_value"]
    budget = {name: sheet.own(book.budget, name) for name in ("revenue", "margin")}
    return [
        Line("MONEY", "revenue", "money", revenue, "sum", estimate, budget["revenue"]),
        Line("MONEY", "revenue gap", "money", plan["revenue_gap"]),
        Line("MONEY", "margin", "money", plan["margin"], budget=budget["margin"]),
        Line("MONEY", "margin gap", "money", plan["margin_gap"]),
        Line("MONEY", "stock", "money", stock, "last", stock),
    ]


BLOCKS = [_sales, _production, _inventory, _backlog, _service, _money]


def _spans(book) -> dict:
    """Column label → the buckets it holds: single buckets, then quarters (a part of one is named by
    its buckets).
    """
    calendar, horizon = book.calendar, book.buckets
    near = calendar.range(calendar.shift(book.first, -PAST), PAST + 1 + NEXT)
    near = near[(near < book.first) | near.isin(horizon)]
    spans = {label: near[[place]] for place, label in enumerate(calendar.label(near))}
    far = horizon[horizon > near[-1]]
    for quarter in pd.unique(far.to_period("Q")):
        inside = far[far.to_period("Q") == quarter]
        spans[_span_label(inside, quarter, calendar)] = inside
    return spans


def _span_label(inside, quarter, calendar):
    whole = calendar.start(pd.date_range(quarter.start_time, quarter.end_time.normalize()))
    if set(inside) >= {day for day in whole if day >= quarter.start_time}:
        return f"Q{quarter.quarter} {quarter.year % 100:02d}"
    labels = calendar.label(inside[[0, -1]])
    return labels[0] if len(inside) == 1 else "–".join(labels)


def _estimate(line, year, start, first):
    """What was done of the fiscal year and what is planned of it; blank where its elapsed part is
    not known.
    """
    inside = line.estimate[fiscal_year(line.estimate.index, start) == year]
    begun = fiscal_year([first - pd.Timedelta(days=1)], start)[0] == year
    unknown = line.how == "sum" and begun and not (inside.index < first).any()
    return np.nan if unknown else _take(inside, line.how)


def _take(values, how):
    known = values.dropna()
    if known.empty:
        return np.nan
    return known.sum() if how == "sum" else known.iloc[0 if how == "first" else -1]
