"""What the last cycle says about data and forecasts: bias, tracking signal, stock-outs, late
orders, adherence.
"""

import numpy as np

from sopkit.metrics import service
from sopkit.metrics.book import once
from sopkit.metrics.exceptions.rules import SOON, rule
from sopkit.metrics.scopes import CELL, per_item, share

TRACKED = 12  # buckets of the tracking signal


def _last(book):
    return book.calendar.shift(book.first, -1)


@once
def _misses(book):
    """Lag-1 consensus and sales by item and bucket; a forecast cell without a sales row sold
    nothing.
    """
    buckets = book.calendar.range(book.calendar.shift(book.first, -TRACKED), TRACKED)
    plans = book.released_forecasts if len(book.sales_history) else book.released_forecasts[:0]
    plans = plans[(plans["lag"] == 1) & plans["bucket"].isin(buckets)]
    sold = book.sales_history.groupby(CELL, as_index=False)["quantity"].sum()
    cells = plans.merge(sold, on=CELL, how="left").fillna({"quantity": 0.0})
    cells = cells.groupby(["item", "bucket"], as_index=False)[["consensus", "quantity"]].sum()
    error = cells["consensus"] - cells["quantity"]
    return cells.assign(error=error, size=error.abs())


def _sums(book, cells, **columns):
    """Errors by item at the last closed bucket, their money and their side."""
    sums = cells.groupby("item").agg(error=("error", "sum"), **columns).reset_index()
    return sums.assign(
        bucket=_last(book),
        off=sums["error"].abs(),
        side=np.where(sums["error"] > 0, "high", "low"),
        money=sums["error"].abs() * per_item(sums, book.list_price),
    )


@rule(
    1,
    0.2,
    "fraction",
    "released forecasts of the last 3 buckets too high or too low, lag 1",
    f"Forecast {{off:,.0f}} units too {{side}} over the last {SOON} buckets ({{change}} of"
    " {sold:,.0f} sold).",
)
def bias(book):
    cells = _misses(book)
    recent = cells[cells["bucket"] >= book.calendar.shift(book.first, -SOON)]
    sums = _sums(book, recent, sold=("quantity", "sum"))
    rows = sums.assign(value=share(sums["error"], sums["sold"]))
    return rows[np.isfinite(rows["value"])]


@rule(
    1,
    4.0,
    "mean errors",
    "forecasts of the last 12 buckets miss on one side, lag 1",
    "Forecasts missed on the {side} side: tracking signal {value:+.1f} over {buckets} buckets.",
)
def tracking_signal(book):
    sums = _sums(book, _misses(book), size=("size", "mean"), buckets=("size", "count"))
    return sums.assign(value=sums["error"] / sums["size"].where(sums["size"] > 0))


@rule(
    1,
    0.0,
    "days",
    "without stock in the last closed bucket",
    "Without stock for {value:,.0f} days at a demand of {pace:,.1f} units a bucket.",
)
def stock_out(book):
    """Days without stock (the whole bucket where days are not counted) of items that sold in the
    last year.
    """
    calendar, last = book.calendar, _last(book)
    counts = book.inventory_history[book.inventory_history["bucket"] == last]
    length = (calendar.last_day([last])[0] - last).days + 1.0
    days = counts["stocked_out"].fillna(length * (counts["on_hand"] <= 0))
    since = calendar.shift(last, 1 - calendar.per_year)
    year = book.sales_history[book.sales_history["bucket"].between(since, last)]
    sold = per_item(counts, year.groupby("item")["quantity"].sum()).clip(lower=0)
    pace = sold / calendar.per_year
    money = pace * days / length * per_item(counts, book.list_price)
    return counts.assign(value=days, pace=pace, money=money)[pace > 0]


@rule(
    1,
    0.1,
    "fraction",
    "lines due in the last closed bucket that were late or are still open",
    "{late} of {lines} lines due were late or are still open ({units:,.0f} units).",
)
def late_orders(book):
    last, due_on = _last(book), service.BASES[book.settings["on_time_basis"]]
    known = book.orders[book.orders[due_on].notna() & ~service.shipped_before_ordered(book.orders)]
    lines = known[book.calendar.start(known[due_on]) == last]
    days = (lines["shipped_on"] - lines[due_on]).dt.days
    late = lines["shipped_on"].isna() | (days > book.settings["on_time_late"])
    sums = (
        lines.assign(late=late, units=lines["quantity"] * late)
        .groupby("item")
        .agg(late=("late", "sum"), lines=("late", "count"), units=("units", "sum"))
        .reset_index()
    )
    money = sums["units"] * per_item(sums, book.list_price)
    return sums.assign(bucket=last, value=sums["late"] / sums["lines"], money=money)


@rule(
    1,
    0.1,
    "fraction",
    "made more or less than planned in the last closed bucket",
    "Made {actual:,.0f} of {planned:,.0f} planned ({change}).",
)
def adherence(book):
    made = book.production_history
    made = made[(made["bucket"] == _last(book)) & made["planned"].notna()]
    off = made["actual"] - made["planned"]
    money = off.abs() * per_item(made, book.list_price)
    return made.assign(value=share(off, made["planned"]), money=money)
