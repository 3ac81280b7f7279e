"""How the last cycles went, for the last 13 buckets before the plan: service, adherence, forecasts,
stock.
"""

import pandas as pd

from sopkit.metrics import flow, service
from sopkit.metrics.book import once
from sopkit.metrics.forecast_errors import accuracy, bias
from sopkit.metrics.kpis.registry import BY, grouped, kpi
from sopkit.metrics.scopes import (
    against_production,
    against_sales,
    at_cost,
    per_item,
    wide,
    within,
)

SHOWN = 13  # this bucket of last year, and a year after it
PACE = 3  # buckets whose shipments say how fast a backlog goes


def _shown(book):
    return book.before(SHOWN)


def _lines(book, orders, date, buckets):
    """Order lines in each scope, by the bucket of a date."""
    known = orders[orders[date].notna()]
    known = known.assign(bucket=book.calendar.start(known[date]))
    return book.by_scope(within(known, buckets))


@once
def _due(book):
    due = service.BASES[book.settings["on_time_basis"]]
    return _lines(book, book.orders, due, _shown(book))


@once
def _shipped(book):
    return _lines(book, book.orders, "shipped_on", _shown(book))


def _window(book):
    """How on time is judged; early 0 in the settings means any earlier day."""
    given = book.settings
    early = given["on_time_early"] or None
    return {"basis": given["on_time_basis"], "late": given["on_time_late"], "early": early}


@kpi(1, "fraction", "higher", "orders")
def on_time_delivery(book):
    """Lines shipped within the window ÷ lines due."""
    return service.on_time_delivery(_due(book), by=BY, **_window(book))


@kpi(1, "fraction", "higher", "orders")
def otif(book):
    """Orders on time and complete ÷ orders due."""
    return service.otif(_due(book), by=BY, **_window(book))


@kpi(1, "fraction", "higher", "orders")
def fill_rate(book):
    """Units shipped at the first try ÷ units ordered."""
    return service.fill_rate(_due(book), by=BY, **_window(book) | {"early": None})


@once
def _gross(book):
    return service.order_cycle_time(_shipped(book), by=BY)


@once
def _net(book):
    lines = _shipped(book).dropna(subset="requested_on")
    return service.order_cycle_time(lines, net=True, by=BY)


@kpi(1, "days", "lower", "orders")
def order_cycle_time(book):
    """Median days from order to shipment."""
    return _gross(book)["median"]


@kpi(1, "days", "lower", "orders")
def order_cycle_time_p90(book):
    """Days within which 90 % of the lines shipped."""
    return _gross(book)["p90"]


@kpi(1, "days", "lower", "orders.requested_on")
def order_cycle_time_net(book):
    """Median days beyond the wait that customers asked for."""
    return _net(book)["median"]


@kpi(1, "days", "lower", "orders.requested_on")
def order_cycle_time_net_p90(book):
    """P90 of the days beyond the wait asked for."""
    return _net(book)["p90"]


@kpi(1, "lines", "lower", "orders")
def lines_left_out(book):
    """Lines shipped before they were ordered, left out of every service KPI."""
    lines = _shipped(book)
    return lines.assign(out=service.shipped_before_ordered(lines)).groupby(BY)["out"].sum()


@kpi(1, "buckets", "lower", "orders")
def backlog_lead_time(book):
    """Open orders ÷ shipments per bucket, last 3 (order-driven items)."""
    driven = book.items.query("strategy == 'order'")["item"]
    orders = book.orders[book.orders["item"].isin(driven)]
    orders = orders[~service.shipped_before_ordered(orders)]
    if orders.empty:
        return None
    orders = orders.assign(units=orders["quantity"] * per_item(orders, book.weight))
    begun, first = book.calendar.number([orders["ordered_on"].min(), book.first])
    span = book.before(first - begun)
    came, went = (
        wide(_lines(book, orders, date, span), "units", span).fillna(0.0)
        for date in ("ordered_on", "shipped_on")
    )
    went = went.reindex(came.index).fillna(0.0)
    pace = went.T.rolling(PACE, min_periods=1).mean().T
    wait = flow.backlog_lead_time((came - went).cumsum(axis=1), pace)
    table = pd.DataFrame(wait, came.index, span)
    return table.reindex(columns=_shown(book)).stack(future_stack=True)


def _made(book, measure):
    made = within(against_production(book), _shown(book))
    return grouped(book.by_scope(made), measure, BY)


@kpi(1, "fraction", "higher", "production_history")
def plan_adherence(book):
    """Σ min(actual, planned) ÷ Σ planned, by item, against the plan released for the bucket; the
    production file's own only where none was.
    """
    return _made(book, flow.plan_adherence)


@kpi(1, "fraction", "higher", "production_history")
def volume_adherence(book):
    """1 − |Σ planned − Σ actual| ÷ Σ planned."""
    return _made(book, flow.volume_adherence)


@once
def _forecast(book):
    return book.by_scope(against_sales(book, _shown(book)))


def _graded(book, lag, measure):
    cells = _forecast(book)
    judge = lambda part: measure(part["quantity"], part["consensus"])
    return grouped(cells[cells["lag"] == lag], judge, BY)


@kpi(1, "fraction", "higher", "released plans")
def forecast_accuracy_lag_1(book):
    """1 − WAPE of the consensus made one bucket ahead, item × market."""
    return _graded(book, 1, accuracy)


@kpi(1, "fraction", "higher", "released plans")
def forecast_accuracy_lag_3(book):
    """1 − WAPE of the consensus made three buckets ahead, item × market."""
    return _graded(book, 3, accuracy)


@kpi(1, "fraction", "zero", "released plans")
def forecast_bias_lag_1(book):
    """Σ(F − A) ÷ ΣA one bucket ahead, positive = over-forecast."""
    return _graded(book, 1, bias)


@once
def _stock(book):
    """Stock counted at the buckets' ends and sales, at cost, scope × bucket, from a year before the
    first bucket shown; no row where sales or costs are unknown.
    """
    span = book.before(SHOWN + book.calendar.per_year)
    known = book.cost.any() and len(book.sales_history)
    counted = book.inventory_history if known else book.inventory_history[:0]
    held = at_cost(book, counted, "on_hand", span)
    used = at_cost(book, book.sales_history, "quantity", span)
    return held, used.reindex(held.index).fillna(0.0)


@kpi(1, "turns/year", "higher", "inventory_history")
def inventory_turns(book):
    """Annualised cost of sales ÷ average stock at cost, last 12 months."""
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


@kpi(1, "buckets", "lower", "inventory_history")
def cover(book):
    """Buckets of the demand that followed that the stock would last."""
    held, used = _stock(book)
    lasts = flow.cover(held, used, per_year=book.calendar.per_year)
    return pd.DataFrame(lasts, held.index, held.columns)[_shown(book)].stack(future_stack=True)


@kpi(1, "fraction", "lower", "inventory_history")
def stocked_out_share(book):
    """Share of counted items without stock."""
    counts = book.by_scope(within(book.inventory_history, _shown(book)))
    out = (counts["on_hand"] <= 0) | (counts["stocked_out"].fillna(0) > 0)
    return counts.assign(out=out).groupby(BY)["out"].mean()
