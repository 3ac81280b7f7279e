"""Whole lots and workers: the fractional plan, a first whole plan near it, and the linear plan
around whole numbers that stand.
"""

from dataclasses import replace

import numpy as np

LOT_ROWS = ("whole_lots", "minimum_lot", "nothing_or_more")


def fractional(programme):
    """The programme where anything may be a fraction; lots then ask nothing of quantities."""
    loose = programme.without(LOT_ROWS)
    return replace(loose, whole=np.zeros_like(programme.whole))


def settled(programme, values: np.ndarray):
    """The linear programme around whole numbers that stand as in ``values``: lots become limits of
    their quantities.
    """
    fixed = programme.fixed(values)
    whole = np.round(values)
    low, high = fixed.lower.copy(), fixed.upper.copy()
    for name, number, limit in (
        ("minimum_lot", "runs", low),
        ("nothing_or_more", "runs", high),
        ("whole_lots", "lots", None),
    ):
        if name not in programme.rows:
            continue
        at = programme.rows[name] >= 0
        quantity, count = programme.columns["quantity"][at], programme.columns[number][at]
        size = -np.asarray(programme.matrix.tocsr()[programme.rows[name][at], count]).ravel()
        for limits in (low, high) if limit is None else (limit,):
            limits[quantity] = size * whole[count]
    return replace(
        fixed.without(LOT_ROWS),
        lower=low,
        upper=np.minimum(np.maximum(high, low), np.maximum(programme.upper, low)),
    )


def whole_guess(programme, cost: np.ndarray, relaxed: np.ndarray, solve) -> np.ndarray | None:
    """Column values of a feasible plan near the fractional one, or None where no rounding is
    feasible.

    Workers are rounded up; lots to the nearest number, down if that fits nowhere; what is late or
    lost then absorbs the difference.
    """
    for nearest in (np.round, np.floor):
        values = relaxed.copy()
        for name in {"workers", "whole_workers"} & set(programme.columns):
            at = programme.columns[name]
            at = at[programme.whole[at]]
            values[at] = np.ceil(values[at] - 1e-6)
        if "whole_workers" in programme.columns:
            counted, at = programme.columns["whole_workers"], programme.columns["workers"]
            values[counted] = np.where(
                programme.upper[counted] > 0, np.ceil(values[at] - 1e-6), 0.0
            )
        _round_lots(programme, values, nearest)
        found = solve(settled(programme, np.clip(values, programme.lower, programme.upper)), cost)
        if found is not None:
            guess = found.values.copy()
            guess[programme.whole] = np.clip(values, programme.lower, programme.upper)[
                programme.whole
            ]
            return guess
    return None


def _round_lots(programme, values: np.ndarray, nearest) -> None:
    """Whole lots and runs for the fractional quantities: all or nothing below the minimum lot."""
    quantity = values[programme.columns["quantity"]].copy()
    least = _size(programme, "minimum_lot", "runs")
    run = nearest(np.divide(quantity, least, out=np.zeros_like(quantity), where=least > 0)) >= 1
    size = _size(programme, "whole_lots", "lots")
    lots = nearest(np.divide(quantity, size, out=np.zeros_like(quantity), where=size > 0))
    with_least = (least > 0) & (size > 0)
    enough = np.ceil(np.divide(least, size, out=np.zeros_like(least), where=size > 0) - 1e-9)
    lots = np.where(with_least, np.where(run, np.maximum(lots, enough), 0.0), lots)
    if "lots" in programme.columns:
        values[programme.columns["lots"]] = lots
    if "runs" in programme.columns:
        values[programme.columns["runs"]] = run & ((lots > 0) | (size == 0))


def _size(programme, row: str, number: str) -> np.ndarray:
    """Units per lot or run of each quantity, 0 where it has none."""
    sizes = np.zeros(programme.columns["quantity"].shape)
    if row in programme.rows:
        at = programme.rows[row] >= 0
        sizes[at] = -np.asarray(
            programme.matrix.tocsr()[programme.rows[row][at], programme.columns[number][at]]
        ).ravel()
    return sizes
