"""What the last cycle says about data and forecasts: bias, tracking signal, stock-outs, late
orders, adherence.
"""

import numpy as np

from sopkit.metrics import service
from sopkit.metrics.exceptions.rules import SOON, rule
from sopkit.metrics.scopes import against_production, against_sales, per_item, share, within

TRACKED = 12  # buckets of the tracking signal


def _missed(book, count):
    """Errors at lag 1 by item over the last buckets, and their side; markets are added up first."""
    cells = against_sales(book, book.before(count)).query("lag == 1")
    cells = cells.groupby(["item", "bucket"], as_index=False)[["consensus", "quantity"]].sum()
    error = cells["consensus"] - cells["quantity"]
    sums = cells.assign(units=error, size=error.abs(), buckets=1).groupby("item", as_index=False)
    sums = sums[["units", "quantity", "size", "buckets"]].sum()
    side = np.where(sums["units"] > 0, "high", "low")
    return sums.assign(off=sums["units"].abs(), side=side)


@rule(
    1,
    0.2,
    f"Forecast {{off:,.0f}} units too {{side}} over the last {SOON} buckets ({{change}} of"
    " {quantity:,.0f} sold).",
)
def bias(book):
    """Released forecasts of the last 3 buckets too high or too low, lag 1: a fraction."""
    sums = _missed(book, SOON)
    sums = sums.assign(value=share(sums["units"], sums["quantity"]))
    return sums[np.isfinite(sums["value"])]


@rule(
    1,
    4.0,
    "Forecasts missed on the {side} side: tracking signal {value:+.1f} over {buckets} buckets.",
)
def tracking_signal(book):
    """Forecasts of the last 12 buckets miss on one side, lag 1: in mean errors."""
    sums = _missed(book, TRACKED)
    mean = sums["size"] / sums["buckets"]
    return sums.assign(value=sums["units"] / mean.where(mean > 0))


@rule(1, 0.0, "Without stock for {value:,.0f} days at a demand of {pace:,.1f} units a bucket.")
def stock_out(book):
    """Without stock in the last closed bucket, in days (the whole bucket where days are not
    counted), of items that sold in the last year.
    """
    calendar, last = book.calendar, book.before(1)
    counts = within(book.inventory_history, last)
    length = (calendar.last_day(last)[0] - last[0]).days + 1.0
    days = counts["stocked_out"].fillna(length * (counts["on_hand"] <= 0))
    year = within(book.sales_history, book.before(calendar.per_year))
    sold = per_item(counts, year.groupby("item")["quantity"].sum()).clip(lower=0)
    pace = sold / calendar.per_year
    return counts.assign(value=days, pace=pace, units=pace * days / length)[pace > 0]


@rule(1, 0.1, "{late} of {lines} lines due were late or are still open ({units:,.0f} units).")
def late_orders(book):
    """Lines due in the last closed bucket that were late or are still open: a fraction."""
    basis, late = book.settings["on_time_basis"], book.settings["on_time_late"]
    due = service.judged(book.orders, basis=basis, late=late)
    due = due[book.calendar.start(due[service.BASES[basis]]) == book.at(1)]
    due = due.assign(late=~due["on_time"], lines=1, units=due["quantity"] * ~due["on_time"])
    sums = due.groupby("item", as_index=False)[["late", "lines", "units"]].sum()
    return sums.assign(value=sums["late"] / sums["lines"])


@rule(1, 0.1, "Made {actual:,.0f} of {planned:,.0f} planned ({change}).")
def adherence(book):
    """Made less than planned in the last closed bucket: a fraction."""
    return _made(book, beyond=False)


@rule(1, 0.1, "Made {actual:,.0f} where {planned:,.0f} were planned.")
def over_production(book):
    """Made more than planned in the last closed bucket: a fraction; the money is the units beyond
    at standard cost.
    """
    made = _made(book, beyond=True)
    return made.assign(money=made["units"] * per_item(made, book.cost))


def _made(book, beyond):
    made = within(against_production(book), book.before(1)).dropna(subset="planned")
    off = made["actual"] - made["planned"]
    return made.assign(value=share(off, made["planned"]), units=off)[(off > 0) == beyond]
