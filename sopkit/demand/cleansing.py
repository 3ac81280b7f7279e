"""From sales history to demand history: what was sold beside what was wanted, every change with its
reason.
"""

import numpy as np
import pandas as pd

from sopkit.demand.findings import Findings, families, units
from sopkit.demand.issues import issue, issues_frame, named
from sopkit.demand.outliers import outliers
from sopkit.demand.robust import expectation
from sopkit.demand.stock_outs import stocked_out
from sopkit.grid import NONE, attribute, grid_of
from sopkit.tables import PLANS


def cleanse(
    sales_history,
    items,
    calendar,
    first_bucket,
    *,
    inventory_history=None,
    events=None,
    last_complete=None,
    history_basis="orders",
) -> pd.DataFrame:
    """The table ``history``: every bucket from a series' first sale to the last complete one before
    ``first_bucket``.

    ``quantity`` is what was sold (0 where no row stands; a retired item ends with its retirement),
    ``demand`` the cleansed number ≥ 0, ``flag`` and ``reason`` what was found: returns (below 0
    counts as 0), missing (no item has a row), stocked out, outlier (changed on strong evidence
    only), unusual (shown, not changed). Known past events are no outliers; the normal spikes of
    intermittent series neither. An empty shelf counts as evidence of lost demand only where it is
    rare; ``history_basis`` (orders or shipments) says how strong.

    >>> sales = pd.DataFrame({"item": "A", "market": "N", "bucket": pd.to_datetime(["2026-01-01", "2026-03-01"]), "quantity": [5.0, -2.0]})
    >>> from sopkit.buckets import Calendar
    >>> cleanse(sales, pd.DataFrame({"item": ["A"]}), Calendar("month"), "2026-04-01")[["quantity", "demand", "flag"]].values.tolist()
    [[5.0, 5.0, ''], [0.0, 0.0, ''], [-2.0, 0.0, 'returns']]
    """
    eve = calendar.shift(first_bucket, -1)
    last = eve if pd.isna(last_complete) else min(eve, calendar.start([last_complete])[0])
    sales = _within(sales_history, calendar, last)
    if sales.empty:
        return PLANS["history"].empty()
    grid, quantity, live, rows = _panel(sales, items, calendar, last)
    blank = np.full(grid.shape, "", dtype=object)
    found = Findings(np.where(live, np.maximum(quantity, 0), np.nan), blank, blank)
    found = found.note(
        live & (quantity < 0),
        found.demand,
        "returns",
        lambda s, t: f"returns exceed sales by {-quantity[s, t]:,.10g}; demand counts as 0",
    )
    found = _missing(found, grid, live, rows)
    found = stocked_out(found, grid, live, inventory_history, history_basis)
    found = outliers(found, grid, live, events)
    history = grid.frame(
        quantity=quantity, demand=found.demand, flag=found.flag, reason=found.reason
    )[live.ravel()]
    return PLANS["history"].conform(history)


def with_estimates(history, estimates) -> pd.DataFrame:
    """History with a row per ``estimates`` (item, market, bucket, baseline): quantity unknown,
    demand the forecast, flag estimate.

    They stand for the buckets between the last complete one and the plan's first.
    """
    added = estimates[["item", "market", "bucket"]].assign(
        quantity=np.nan,
        demand=estimates["baseline"].clip(lower=0),
        flag="estimate",
        reason="the bucket is not complete yet; demand is its forecast",
    )
    return PLANS["history"].conform(
        pd.concat([history, added[PLANS["history"].names]], ignore_index=True)
    )


def history_issues(history) -> pd.DataFrame:
    """One row of ``data_issues`` per flag in ``history``: how many cells of which items, and what
    was done.
    """
    done = {
        "returns": "demand counts as 0; quantity and revenue keep the returns",
        "missing": "demand is the expected level",
        "stocked out": "the demand that stock could not serve was added",
        "outlier": "demand was set to the expected level",
        "unusual": "nothing changed; look at it in the tuner",
        "estimate": "demand is the forecast of the bucket",
    }
    return issues_frame(
        [
            issue(
                "sales_history",
                "quantity",
                flag,
                f"{len(cells)} cells of {cells['item'].nunique()} items: {named(cells['item'])}",
                f"{done[flag]}; table history gives each reason",
                value=len(cells),
                severity="notice" if flag in ("unusual", "estimate") else "warning",
            )
            for flag, cells in history[history["flag"].isin(done)].groupby("flag")
        ]
    )


def _within(sales_history, calendar, last):
    sales = (
        sales_history[["item", "market", "bucket", "quantity"]].copy()
        if "market" in sales_history
        else sales_history[["item", "bucket", "quantity"]].assign(market=NONE)
    )
    sales["bucket"] = calendar.start(sales["bucket"])
    return sales[sales["bucket"] <= last].assign(
        market=lambda f: f["market"].astype("object").where(f["market"].notna(), NONE)
    )


def _panel(sales, items, calendar, last):
    """Grid of history, what was sold, which cells live (first sale to last complete bucket or
    retirement), rows per bucket.
    """
    first = sales["bucket"].min()
    numbers = calendar.number([first, last])
    grid = grid_of(sales, calendar.range(first, int(numbers[1] - numbers[0] + 1)), items, calendar)
    quantity = grid.array(sales, "quantity")
    present = grid.array(sales.assign(row=1.0), "row") > 0
    position = np.arange(len(grid.buckets))
    opens = present.argmax(axis=1)
    latest = len(position) - 1 - present[:, ::-1].argmax(axis=1)
    retired = pd.DatetimeIndex(pd.to_datetime(attribute(items, "retired_on", grid.series["item"])))
    ends = np.where(
        retired.isna(), len(position) - 1, calendar.number(retired.fillna(first)) - numbers[0]
    )
    ends = np.minimum(np.maximum(ends, latest), len(position) - 1)
    live = (position >= opens[:, None]) & (position <= ends[:, None])
    return grid, np.where(live, quantity, np.nan), live, present


def _missing(found, grid, live, rows):
    """A bucket in which nobody sold anything, amid buckets in which many did, is a hole in the data
    and not a zero.
    """
    count = rows.sum(axis=0)
    usual = (
        pd.Series(count)
        .where(count > 0)
        .rolling(7, center=True, min_periods=2)
        .median()
        .fillna(0)
        .to_numpy()
    )
    holes = (count == 0) & (usual >= 5)
    if not holes.any():
        return found
    expected = expectation(
        found.demand, grid.calendar.per_year, families(grid), live & ~holes
    ).expected
    where = live & holes & np.isfinite(expected)
    return found.note(
        where,
        np.where(where, expected, 0),
        "missing",
        lambda s, t: (
            f"no item has a row in this bucket; demand is the expected {units(expected[s, t])}"
        ),
    )
