"""The family page's data: Wallace & Stahl's sheet of sales, production, inventory or backlog,
service and money.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from sopkit.buckets import Calendar, infer_calendar
from sopkit.finance.plan import fiscal_year
from sopkit.metrics.flow import backlog_lead_time, cover
from sopkit.metrics.scopes import per_item, setting, weights
from sopkit.metrics.stages import families

PAST, NEXT = 3, 6
INCOMING = ["production", "overtime_production", "subcontracted", "purchased", "receipts"]


@dataclass(frozen=True)
class Line:
    """One row: values by bucket, how a wider column takes them (sum, last), and its fiscal-year
    estimate and budget by bucket.
    """

    block: str
    line: str
    unit: str
    values: pd.Series
    how: str = "sum"
    estimate: pd.Series | None = None
    budget: pd.Series | None = None


def family_sheet(
    family,
    items,
    first,
    *,
    demand_plan=None,
    supply_plan=None,
    inventory_plan=None,
    financial_plan=None,
    sales_history=None,
    production_history=None,
    inventory_history=None,
    released_forecasts=None,
    kpis=None,
    budget=None,
    standard_cost=None,
    settings=None,
    calendar=None,
) -> pd.DataFrame:
    """The sheet of one family: block, line, unit, then a number per column: three past buckets, the
    current one, the next six, then quarters, the fiscal year's latest estimate (sold so far +
    planned) and its budget; blank = no data or no meaning.

    Tables are as declared, ``first`` the plan's first bucket, ``released_forecasts`` gives what was
    planned (lag 1). Blocks: SALES, PRODUCTION (all that comes in), INVENTORY with cover (stock
    items), BACKLOG with lead time (order items), SERVICE, MONEY. Units are units where the family
    has one unit of measure, else money at standard cost. Wider columns hold the sum, of stocks and
    backlog the last value; cumulative differences run over the past columns.
    """
    calendar = calendar or infer_calendar([first])
    mine = items[families(items).to_numpy() == family]
    book = _Book(mine, weights(mine, standard_cost), _unit(mine), pd.Timestamp(first), calendar)
    lines = [
        *_sales(book, family, demand_plan, sales_history, released_forecasts, budget),
        *_production(book, supply_plan, production_history),
        *_inventory(book, inventory_plan, inventory_history, demand_plan),
        *_backlog(book, supply_plan, sales_history),
        *_service(family, kpis),
        *_money(book, family, financial_plan, sales_history, budget),
    ]
    spans = _spans(book, _horizon(demand_plan, supply_plan, financial_plan))
    year = fiscal_year([first], setting(settings, "fiscal_year_start"))[0]
    rows = [
        _row(line, spans, year, setting(settings, "fiscal_year_start"), book.first)
        for line in lines
    ]
    return pd.DataFrame(
        rows,
        columns=[
            "block",
            "line",
            "unit",
            *spans,
            f"FY{year % 100:02d} est.",
            f"FY{year % 100:02d} budget",
        ],
    )


@dataclass(frozen=True)
class _Book:
    """What a family's lines are read with."""

    items: pd.DataFrame
    weight: pd.Series
    unit: str
    first: pd.Timestamp
    calendar: Calendar

    def sums(self, frame, *columns, strategy=None) -> pd.Series:
        """Weighted units of the family by bucket (of its stock or order items only, if asked);
        empty without a table.
        """
        if frame is None or frame.empty:
            return _nothing()
        names = (
            self.items["item"] if strategy is None else self.items.loc[self._is(strategy), "item"]
        )
        rows = frame[frame["item"].isin(names)]
        units = rows[list(columns)].sum(axis=1, min_count=1) * per_item(rows, self.weight)
        return units.groupby(rows["bucket"]).sum(min_count=1)

    def has(self, strategy) -> bool:
        """Whether the family has items of that strategy."""
        return bool(self._is(strategy).any())

    def _is(self, strategy):
        given = (
            self.items["strategy"].fillna("stock").replace("", "stock")
            if "strategy" in self.items
            else pd.Series("stock", index=self.items.index)
        )
        return given == strategy

    def past(self, values) -> pd.Series:
        """The values before the plan."""
        return values[values.index < self.first]

    def future(self, values) -> pd.Series:
        """The values from the plan's first bucket."""
        return values[values.index >= self.first]


def _nothing():
    return pd.Series(dtype="float64", index=pd.DatetimeIndex([]))


def _unit(items):
    units = items["unit"].dropna().unique() if "unit" in items else []
    return "units" if len(units) == 0 else str(units[0]) if len(units) == 1 else "money at cost"


def _joined(past, future):
    parts = [part for part in (past, future) if len(part)]
    return pd.concat(parts) if parts else _nothing()


def _plan_and_actual(block, book, planned, actual, ahead, how="sum", budget=None):
    """The lines plan, actual, difference (and its cumulative sum for flows) of a block."""
    done = book.past(actual)
    plan = _joined(book.past(planned), book.future(ahead))
    off = (done - book.past(planned)).dropna()
    lines = [
        Line(block, "plan", book.unit, plan, how, _joined(done, book.future(ahead)), budget),
        Line(block, "actual", book.unit, done, how),
        Line(block, "difference", book.unit, off, how),
    ]
    return lines + (
        [Line(block, "cumulative", book.unit, off.iloc[-PAST:].cumsum(), "last")]
        if how == "sum"
        else []
    )


def _sales(book, family, demand_plan, sales_history, released_forecasts, budget):
    some = released_forecasts is not None and len(released_forecasts) > 0
    released = book.sums(
        released_forecasts[released_forecasts["lag"] == 1] if some else None, "consensus"
    )
    budgeted = (
        None
        if budget is None or book.unit == "money at cost"
        else budget[budget["family"] == family].set_index("bucket")["quantity"]
    )
    return _plan_and_actual(
        "SALES",
        book,
        released,
        book.sums(sales_history, "quantity"),
        book.sums(demand_plan, "consensus"),
        budget=budgeted,
    )


def _production(book, supply_plan, production_history):
    return _plan_and_actual(
        "PRODUCTION",
        book,
        book.sums(production_history, "planned"),
        book.sums(production_history, "actual"),
        book.sums(supply_plan, *INCOMING),
    )


def _inventory(book, inventory_plan, inventory_history, demand_plan):
    if not book.has("stock"):
        return []
    ahead = book.sums(inventory_plan, "units", strategy="stock")
    demand = book.sums(demand_plan, "consensus", strategy="stock").reindex(ahead.index).fillna(0.0)
    lasts = (
        pd.Series(
            cover(ahead.to_numpy(), demand.to_numpy(), per_year=book.calendar.per_year),
            index=ahead.index,
        )
        if len(ahead)
        else ahead
    )
    lines = _plan_and_actual(
        "INVENTORY",
        book,
        _nothing(),
        book.sums(inventory_history, "on_hand", strategy="stock"),
        ahead,
        how="last",
    )
    return lines[:2] + [Line("INVENTORY", "cover", "buckets", lasts, "last", lasts)]


def _backlog(book, supply_plan, sales_history):
    if not book.has("order") or supply_plan is None or supply_plan.empty:
        return []
    bookings, shipments, closing, late = (
        book.sums(supply_plan, name, strategy="order")
        for name in ("demand", "shipments", "backlog", "late")
    )
    lost = book.sums(supply_plan, "lost", strategy="order")
    opening = closing - bookings + lost + shipments
    wait = pd.Series(
        backlog_lead_time(
            closing.to_numpy(), shipments.rolling(3, min_periods=1).mean().to_numpy()
        ),
        index=closing.index,
    )
    booked = book.past(book.sums(sales_history, "quantity", strategy="order"))
    return [
        Line("BACKLOG", "opening", book.unit, opening, "first"),
        Line(
            "BACKLOG",
            "bookings",
            book.unit,
            _joined(booked, bookings),
            "sum",
            _joined(booked, bookings),
        ),
        Line("BACKLOG", "shipments", book.unit, shipments, "sum"),
        Line("BACKLOG", "closing", book.unit, closing, "last", closing),
        Line("BACKLOG", "late", book.unit, late, "last", late),
        Line("BACKLOG", "lead time", "buckets", wait, "last", wait),
    ]


def _service(family, kpis):
    rows = (
        kpis[(kpis["kpi"] == "on_time_delivery") & (kpis["scope"] == family)]
        if kpis is not None and len(kpis)
        else None
    )
    if rows is None or rows.empty:
        return [Line("SERVICE", "on time", "fraction", _nothing(), "last")]
    by_bucket = rows.set_index("bucket")
    return [
        Line("SERVICE", "on time", "fraction", by_bucket["actual"], "last"),
        Line("SERVICE", "target", "fraction", by_bucket["target"], "last"),
    ]


def _money(book, family, financial_plan, sales_history, budget):
    """Revenue (invoiced, then planned), margin and their gaps to budget, stock; past margins are
    not known here.
    """
    if financial_plan is None or financial_plan.empty:
        return []
    plan = financial_plan[financial_plan["family"] == family].set_index("bucket")
    some = sales_history is not None and "revenue" in sales_history
    mine = sales_history[sales_history["item"].isin(book.items["item"])] if some else None
    invoiced = (
        book.past(mine.groupby("bucket")["revenue"].sum(min_count=1).dropna())
        if some
        else _nothing()
    )
    revenue = _joined(invoiced, plan["revenue"])
    year = {
        name: (
            None if budget is None else budget[budget["family"] == family].set_index("bucket")[name]
        )
        for name in ("revenue", "margin")
    }
    return [
        Line(
            "MONEY",
            "revenue",
            "money",
            revenue,
            "sum",
            revenue if len(invoiced) else None,
            year["revenue"],
        ),
        Line("MONEY", "revenue gap", "money", plan["revenue_gap"]),
        Line("MONEY", "margin", "money", plan["margin"], "sum", None, year["margin"]),
        Line("MONEY", "margin gap", "money", plan["margin_gap"]),
        Line("MONEY", "stock", "money", plan["inventory_value"], "last", plan["inventory_value"]),
    ]


def _horizon(*tables):
    known = [table["bucket"].unique() for table in tables if table is not None and len(table)]
    return pd.DatetimeIndex(sorted(set(np.concatenate(known)))) if known else pd.DatetimeIndex([])


def _spans(book, horizon) -> dict:
    """Column label → the buckets it holds: single buckets, then quarters (a part of one is named by
    its buckets).
    """
    near = book.calendar.range(book.calendar.shift(book.first, -PAST), PAST + 1 + NEXT)
    near = near[(near < book.first) | near.isin(horizon)]
    spans = {label: near[[place]] for place, label in enumerate(book.calendar.label(near))}
    far = horizon[horizon > near[-1]]
    for quarter in pd.unique(far.to_period("Q")):
        inside = far[far.to_period("Q") == quarter]
        spans[_span_label(inside, quarter, book.calendar)] = inside
    return spans


def _span_label(inside, quarter, calendar):
    whole = calendar.start(pd.date_range(quarter.start_time, quarter.end_time.normalize()))
    if set(inside) >= {day for day in whole if day >= quarter.start_time}:
        return f"Q{quarter.quarter} {quarter.year % 100:02d}"
    labels = calendar.label(inside[[0, -1]])
    return labels[0] if len(inside) == 1 else "–".join(labels)


def _row(line, spans, year, start, first):
    estimate, budget = (
        _estimate(line, year, start, first),
        _year_total(line.budget, line.how, year, start),
    )
    return [
        line.block,
        line.line,
        line.unit,
        *(_take(line.values.reindex(span), line.how) for span in spans.values()),
        estimate,
        budget,
    ]


def _estimate(line, year, start, first):
    """What was done of the fiscal year and what is planned of it; blank where its elapsed part is
    not known.
    """
    if line.estimate is None or line.estimate.empty:
        return np.nan
    inside = line.estimate[fiscal_year(line.estimate.index, start) == year]
    begun = fiscal_year([first - pd.Timedelta(days=1)], start)[0] == year
    unknown = line.how == "sum" and begun and not (inside.index < first).any()
    return np.nan if unknown else _take(inside, line.how)


def _year_total(values, how, year, start):
    if values is None or values.empty:
        return np.nan
    return _take(values[fiscal_year(values.index, start) == year], how)


def _take(values, how):
    known = values.dropna()
    if known.empty:
        return np.nan
    return {"sum": known.sum(), "last": known.iloc[-1], "first": known.iloc[0]}[how]
