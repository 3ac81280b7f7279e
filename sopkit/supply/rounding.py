"""A first plan in whole lots and workers: the fractional plan rounded, and the rest planned around it."""

import numpy as np


def whole_guess(programme, cost: np.ndarray, relaxed: np.ndarray, solve) -> np.ndarray | None:
    """Column values of a feasible plan near the fractional one, or None where no rounding is feasible.

    Workers are rounded up; lots to the nearest number, down if that fits nowhere; what is late or lost then absorbs the difference.
    """
    for lots in (np.round, np.floor):
        values = relaxed.copy()
        for name, at in programme.columns.items():
            if programme.whole[at].any():
                values[at] = np.ceil(values[at] - 1e-6) if name in ("workers", "whole_workers", "runs") else lots(values[at])
        _settle_minimum_lots(programme, values)
        found = solve(programme.fixed(np.clip(values, programme.lower, programme.upper)), cost)
        if found is not None:
            return found.values
    return None


def _settle_minimum_lots(programme, values: np.ndarray) -> None:
    """A run where anything is got, and no run where nothing is."""
    if "runs" in programme.columns and "lots" in programme.columns:
        runs, lots = programme.columns["runs"], programme.columns["lots"]
        counted = programme.upper[lots] > 0
        values[runs] = np.where(counted, np.where(values[lots] > 0, 1.0, 0.0), values[runs])
        values[runs] = np.minimum(values[runs], programme.upper[runs])
