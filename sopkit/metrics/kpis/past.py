"""How the last cycles went, for the last 13 buckets before the plan: service, adherence, forecasts,
stock.
"""

import numpy as np
import pandas as pd

from sopkit.metrics import flow, service
from sopkit.metrics.book import once
from sopkit.metrics.forecast_errors import accuracy, bias
from sopkit.metrics.kpis.registry import grouped, kpi, within
from sopkit.metrics.scopes import CELL, per_item, wide

SHOWN = 13  # this bucket of last year, and a year after it
BY = ["scope", "bucket"]
PACE = 3  # buckets whose shipments say how fast a backlog goes


def _shown(book):
    return book.calendar.range(book.calendar.shift(book.first, -SHOWN), SHOWN)


def _lines(book, date):
    """Order lines in each scope by the bucket of a date."""
    known = book.orders[book.orders[date].notna()]
    known = known.assign(bucket=book.calendar.start(known[date]))
    return book.by_scope(within(known, _shown(book)))


@once
def _due(book):
    return _lines(book, service.BASES[book.settings["on_time_basis"]])


@once
def _shipped(book):
    return _lines(book, "shipped_on")


def _window(book):
    """How on time is judged; early 0 in the settings means any earlier day."""
    given = book.settings
    early = given["on_time_early"] or None
    return {"basis": given["on_time_basis"], "late": given["on_time_late"], "early": early}


@kpi(1, "fraction", "higher", "lines shipped within the window ÷ lines due", "orders")
def on_time_delivery(book):
    return service.on_time_delivery(_due(book), by=BY, **_window(book))


@kpi(1, "fraction", "higher", "orders on time and complete ÷ orders due", "orders")
def otif(book):
    return service.otif(_due(book), by=BY, **_window(book))


@kpi(1, "fraction", "higher", "units shipped at the first try ÷ units ordered", "orders")
def fill_rate(book):
    window = _window(book)
    return service.fill_rate(_due(book), by=BY, basis=window["basis"], late=window["late"])


@once
def _gross(book):
    return service.order_cycle_time(_shipped(book), by=BY)


@once
def _net(book):
    lines = _shipped(book)
    return service.order_cycle_time(lines[lines["requested_on"].notna()], net=True, by=BY)


@kpi(1, "days", "lower", "median days from order to shipment", "orders")
def order_cycle_time(book):
    return _gross(book)["median"]


@kpi(1, "days", "lower", "days within which 90 % of the lines shipped", "orders")
def order_cycle_time_p90(book):
    return _gross(book)["p90"]


@kpi(
    1,
    "days",
    "lower",
    "median days beyond the wait that customers asked for",
    "orders.requested_on",
)
def order_cycle_time_net(book):
    return _net(book)["median"]


@kpi(1, "days", "lower", "P90 of the days beyond the wait asked for", "orders.requested_on")
def order_cycle_time_net_p90(book):
    return _net(book)["p90"]


LEFT_OUT = "lines shipped before they were ordered, left out of every service KPI"


@kpi(1, "lines", "lower", LEFT_OUT, "orders")
def lines_left_out(book):
    lines = _shipped(book)
    out = service.shipped_before_ordered(lines).astype("float64")
    return out.groupby([lines[name] for name in BY]).sum()


@kpi(
    1,
    "buckets",
    "lower",
    "open orders ÷ shipments per bucket, last 3 (order-driven items)",
    "orders",
)
def backlog_lead_time(book):
    driven = book.items.loc[book.items["strategy"] == "order", "item"]
    lines = book.orders[book.orders["item"].isin(driven)]
    lines = lines[~service.shipped_before_ordered(lines)]
    if lines.empty:
        return None
    start, shown = book.calendar.start, _shown(book)
    units = lines["quantity"] * per_item(lines, book.weight)
    lines = book.by_scope(lines.assign(units=units))
    begun = start(lines["ordered_on"]).min()
    span = book.calendar.stamp(np.arange(*book.calendar.number([begun, book.first])))
    done = lines[lines["shipped_on"].notna()]
    came = wide(lines.assign(bucket=start(lines["ordered_on"])), "units", span).fillna(0.0)
    went = wide(done.assign(bucket=start(done["shipped_on"])), "units", span)
    went = went.reindex(came.index).fillna(0.0)
    pace = went.T.rolling(PACE, min_periods=1).mean().T
    wait = flow.backlog_lead_time((came - went).cumsum(axis=1), pace)
    table = pd.DataFrame(wait, came.index, span)
    return table.reindex(columns=shown).stack(future_stack=True)


def _made(book, measure):
    made = within(book.production_history, _shown(book))
    return grouped(book.by_scope(made), measure, BY)


@kpi(1, "fraction", "higher", "Σ min(actual, planned) ÷ Σ planned, by item", "production_history")
def plan_adherence(book):
    return _made(book, flow.plan_adherence)


@kpi(1, "fraction", "higher", "1 − |Σ planned − Σ actual| ÷ Σ planned", "production_history")
def volume_adherence(book):
    return _made(book, flow.volume_adherence)


@once
def _forecast(book):
    """Earlier plans' consensus beside sales; a forecast cell without a sales row sold nothing."""
    sold = book.sales_history.groupby(CELL, as_index=False)["quantity"].sum()
    cells = within(book.released_forecasts, _shown(book)).merge(sold, on=CELL, how="left")
    return book.by_scope(cells.assign(quantity=cells["quantity"].fillna(0.0).clip(lower=0)))


def _graded(book, lag, measure):
    cells = _forecast(book)
    judge = lambda c: measure(c["quantity"], c["consensus"])
    return grouped(cells[cells["lag"] == lag], judge, BY)


AHEAD = "1 − WAPE of the consensus made {} ahead, item × market"


@kpi(1, "fraction", "higher", AHEAD.format("one bucket"), "released plans")
def forecast_accuracy_lag_1(book):
    return _graded(book, 1, accuracy)


@kpi(1, "fraction", "higher", AHEAD.format("three buckets"), "released plans")
def forecast_accuracy_lag_3(book):
    return _graded(book, 3, accuracy)


@kpi(
    1,
    "fraction",
    "zero",
    "Σ(F − A) ÷ ΣA one bucket ahead, positive = over-forecast",
    "released plans",
)
def forecast_bias_lag_1(book):
    return _graded(book, 1, bias)


def _at_cost(book, frame, column, span):
    rows = within(frame, span)
    value = rows[column].clip(lower=0) * per_item(rows, book.cost)
    return wide(book.by_scope(rows.assign(value=value)), "value", span)


@once
def _stock(book):
    """Stock counted at the buckets' ends and sales, at cost, scope × bucket, from a year before the
    first bucket shown; no row where sales or costs are unknown.
    """
    count = SHOWN + book.calendar.per_year
    span = book.calendar.range(book.calendar.shift(book.first, -count), count)
    known = book.cost.any() and len(book.sales_history)
    counted = book.inventory_history if known else book.inventory_history.iloc[:0]
    held = _at_cost(book, counted, "on_hand", span)
    used = _at_cost(book, book.sales_history, "quantity", span)
    return held, used.reindex(held.index).fillna(0.0)


@kpi(
    1,
    "turns/year",
    "higher",
    "annualised cost of sales ÷ average stock at cost, last 12 months",
    "inventory_history",
)
def inventory_turns(book):
    held, used = _stock(book)
    size = book.calendar.per_year
    return pd.Series(
        {
            (scope, end): flow.inventory_turns(
                used.loc[scope, :end].iloc[-size:], held.loc[scope, :end].iloc[-size:], size
            )
            for scope in held.index
            for end in _shown(book)
        }
    )


@kpi(
    1,
    "buckets",
    "lower",
    "buckets of the demand that followed that the stock would last",
    "inventory_history",
)
def cover(book):
    held, used = _stock(book)
    lasts = flow.cover(held, used, per_year=book.calendar.per_year)
    return pd.DataFrame(lasts, held.index, held.columns)[_shown(book)].stack(future_stack=True)


@kpi(1, "fraction", "lower", "share of counted items without stock", "inventory_history")
def stocked_out_share(book):
    counts = book.by_scope(within(book.inventory_history, _shown(book)))
    out = (counts["on_hand"] <= 0) | (counts["stocked_out"].fillna(0) > 0)
    return out.astype("float64").groupby([counts[name] for name in BY]).mean()
