"""What the last cycle says about data and forecasts: bias, tracking signal, stock-outs, late
orders, adherence.
"""

import numpy as np
import pandas as pd

from sopkit.buckets import infer_calendar
from sopkit.metrics import service
from sopkit.metrics.exceptions.rules import (
    COLUMNS,
    SOON,
    exceptions_table,
    flag,
    percent,
    share,
    some,
    usual_prices,
)
from sopkit.metrics.scopes import per_item, setting
from sopkit.metrics.stages import CELL


def data(
    items,
    first,
    *,
    released_forecasts=None,
    sales_history=None,
    inventory_history=None,
    orders=None,
    production_history=None,
    prices=None,
    settings=None,
    calendar=None,
) -> pd.DataFrame:
    """Step 1's exceptions over the buckets before ``first``: bias, tracking signal, stock-outs,
    late orders, adherence.

    Tables are as declared (absent ones find nothing); ``released_forecasts``: item, market, bucket,
    lag, consensus; ``prices``: item, bucket, price. Returns the declared rows, most money first.
    """
    calendar = calendar or infer_calendar([first])
    last, price = calendar.shift(first, -1), usual_prices(items, prices)
    found = []
    if some(released_forecasts) and some(sales_history):
        cells = _misses(
            released_forecasts, sales_history, calendar.range(calendar.shift(first, -12), 12), price
        )
        found += [
            _bias(cells, calendar.shift(first, -SOON), last, settings),
            _tracking(cells, last, settings),
        ]
    if some(inventory_history):
        found.append(_stock_outs(inventory_history, sales_history, last, calendar, price, settings))
    if some(orders):
        found.append(_late_orders(orders, first, last, calendar, price, settings))
    if some(production_history):
        found.append(_made(production_history, last, price, settings))
    return exceptions_table(1, found)


def _misses(released_forecasts, sales_history, buckets, price):
    """Lag-1 consensus and sales by item and bucket, with the price; a forecast cell without a sales
    row sold nothing.
    """
    actual = sales_history.groupby(CELL, as_index=False, dropna=False)["quantity"].sum()
    cells = released_forecasts[
        (released_forecasts["lag"] == 1) & released_forecasts["bucket"].isin(buckets)
    ]
    cells = (
        cells.merge(actual, on=CELL, how="left")
        .fillna({"quantity": 0.0})
        .groupby(["item", "bucket"], as_index=False)[["consensus", "quantity"]]
        .sum()
    )
    return cells.assign(
        error=cells["consensus"] - cells["quantity"],
        size=(cells["consensus"] - cells["quantity"]).abs(),
        price=per_item(cells, price),
    )


def _bias(cells, since, last, settings):
    sums = (
        cells[cells["bucket"] >= since]
        .groupby("item")
        .agg(error=("error", "sum"), sold=("quantity", "sum"), price=("price", "first"))
        .reset_index()
    )
    rows = sums.assign(
        name=sums["item"],
        bucket=last,
        value=share(sums["error"], sums["sold"]),
        money=sums["error"].abs() * sums["price"],
    )
    return flag(
        rows[np.isfinite(rows["value"])],
        "item",
        "bias",
        settings,
        lambda r: (
            f"Forecast {abs(r.error):,.0f} units too {'high' if r.error > 0 else 'low'} over the"
            f" last {SOON} buckets ({percent(r.value)} of {r.sold:,.0f} sold)."
        ),
    )


def _tracking(cells, last, settings):
    sums = (
        cells.groupby("item")
        .agg(
            error=("error", "sum"),
            size=("size", "mean"),
            price=("price", "first"),
            buckets=("size", "count"),
        )
        .reset_index()
    )
    rows = sums.assign(
        name=sums["item"],
        bucket=last,
        value=sums["error"] / sums["size"].where(sums["size"] > 0),
        money=sums["error"].abs() * sums["price"],
    )
    return flag(
        rows,
        "item",
        "tracking_signal",
        settings,
        lambda r: (
            f"Forecasts missed on the {'high' if r.error > 0 else 'low'} side: tracking signal"
            f" {r.value:+.1f} over {r.buckets} buckets."
        ),
    )


def _stock_outs(inventory_history, sales_history, last, calendar, price, settings):
    """Days without stock (the whole bucket where days are not counted) of items that sold in the
    last year.
    """
    counts = inventory_history[inventory_history["bucket"] == last]
    length = (calendar.last_day([last])[0] - last).days + 1
    days = (
        counts["stocked_out"] if "stocked_out" in counts else pd.Series(np.nan, index=counts.index)
    )
    days = days.fillna(
        pd.Series(np.where(counts["on_hand"] <= 0, float(length), 0.0), index=counts.index)
    )
    if not some(sales_history):
        return counts.iloc[:0].reindex(columns=COLUMNS)
    year = sales_history[
        sales_history["bucket"].between(calendar.shift(last, 1 - calendar.per_year), last)
    ]
    pace = (
        per_item(counts, year.groupby("item")["quantity"].sum()).clip(lower=0) / calendar.per_year
    )
    rows = counts.assign(
        name=counts["item"],
        value=days,
        pace=pace,
        money=pace * days / length * per_item(counts, price),
    )
    return flag(
        rows[rows["pace"] > 0],
        "item",
        "stock_out",
        settings,
        lambda r: (
            f"Without stock for {r.value:,.0f} days at a demand of {r.pace:,.1f} units a bucket."
        ),
    )


def _late_orders(orders, first, last, calendar, price, settings):
    basis = setting(settings, "on_time_basis")
    due_on = service.BASES[basis]
    if due_on not in orders:
        return orders.iloc[:0].reindex(columns=COLUMNS)
    known = orders[orders[due_on].notna() & ~service.shipped_before_ordered(orders)]
    lines = known[calendar.start(known[due_on]) == last] if len(known) else known
    late = lines["shipped_on"].isna() | (
        (lines["shipped_on"] - lines[due_on]).dt.days > setting(settings, "on_time_late")
    )
    sums = (
        lines.assign(late=late, units=lines["quantity"] * late)
        .groupby("item")
        .agg(late=("late", "sum"), lines=("late", "count"), units=("units", "sum"))
        .reset_index()
    )
    rows = sums.assign(
        name=sums["item"],
        bucket=last,
        value=sums["late"] / sums["lines"],
        money=sums["units"] * per_item(sums, price),
    )
    return flag(
        rows,
        "item",
        "late_orders",
        settings,
        lambda r: (
            f"{r.late} of {r.lines} lines due were late or are still open ({r.units:,.0f} units)."
        ),
    )


def _made(production_history, last, price, settings):
    made = production_history[
        (production_history["bucket"] == last) & production_history["planned"].notna()
    ]
    off = made["actual"] - made["planned"]
    rows = made.assign(
        name=made["item"],
        value=share(off, made["planned"]),
        money=off.abs() * per_item(made, price),
    )
    return flag(
        rows,
        "item",
        "adherence",
        settings,
        lambda r: f"Made {r.actual:,.0f} of {r.planned:,.0f} planned ({percent(r.value)}).",
    )
