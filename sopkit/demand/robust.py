"""What a bucket should have sold, by its neighbours and its season, and how far it strayed: series × bucket, NaN = unknown.

Everything is measured on the square root of demand, where the noise of counts is about as wide at any level and zero
is a number like others, with medians, which a few odd buckets cannot move (Hampel 1974; Anscombe 1948).
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

MAD_TO_SIGMA = 1.4826
ENOUGH = 5


@dataclass(frozen=True)
class Expectation:
    """``expected`` units and ``score``, the robust distance from it in standard deviations (0 where unknown)."""

    expected: np.ndarray
    score: np.ndarray


def expectation(demand, season, groups, usable=None) -> Expectation:
    """Expected units of every bucket and the score of what was sold; ``usable`` cells alone shape the expectation.

    >>> demand = np.array([[10., 11., 9., 10., 90., 10., 9., 11., 10.]])
    >>> found = expectation(demand, 1, np.zeros(1))
    >>> round(found.expected[0, 4]), int(found.score[0].argmax())
    (10, 4)
    """
    root = np.sqrt(np.maximum(demand, 0))
    known = np.where(usable, root, np.nan) if usable is not None else root
    level = local_level(known, max(season, 6))
    pattern, years = _season(known - level, level, season, groups)
    centre = np.maximum(level + pattern, 0)
    sigma = _sigma(known - centre, centre, demand, years)
    score = (root - centre) / sigma
    short = (np.isfinite(known).sum(axis=1) < ENOUGH)[:, None]
    return Expectation(centre**2, np.where(np.isfinite(score) & ~short, score, 0.0))


def local_level(values, season) -> np.ndarray:
    """Centred running median over a season and its middle; over all the known values of a short series."""
    window = season + 1 - season % 2
    running = pd.DataFrame(values.T).rolling(window, center=True, min_periods=3).median().to_numpy().T
    overall = _median(values, axis=1)[:, None]
    return np.where(np.isfinite(running), running, overall)


def _season(residual, level, season, groups):
    """Seasonal pattern: a series' own from three years on, else its group's, in proportion to level; and years used."""
    pattern = np.zeros(residual.shape)
    years = np.zeros(len(residual))
    if season <= 1 or residual.shape[1] < season:
        return pattern, years
    relative = residual / np.maximum(level, 0.5)
    for place in range(min(season, residual.shape[1])):
        at = slice(place, None, season)
        own = _median(residual[:, at], axis=1)
        count = np.isfinite(residual[:, at]).sum(axis=1)
        shared = _by_group(relative[:, at], groups)
        pattern[:, at] = np.where((count >= 3)[:, None], own[:, None], shared[:, None] * level[:, at])
        years = np.maximum(years, count)
    return np.nan_to_num(pattern), np.where(years >= 3, years, 0)


def _by_group(values, groups):
    """Median of each row's group, 0 where the group has fewer than nine values to say so."""
    tall = pd.DataFrame({"group": np.repeat(groups, values.shape[1]), "value": values.ravel()}).groupby("group")["value"]
    median = tall.median().where(tall.count() >= 9, 0.0)
    return pd.Series(groups).map(median).to_numpy(dtype=float)


def _sigma(residual, centre, demand, years):
    """Robust spread per series, not below counting noise and a few per cent of level; freed of the seasons' own fit."""
    spread = MAD_TO_SIGMA * _median(np.abs(residual), axis=1)
    fitted = np.sqrt(np.where(years > 0, years / np.maximum(years - 1, 1), 1.0))
    whole = np.nanmax(np.abs(np.nan_to_num(demand) - np.round(np.nan_to_num(demand))), axis=1, initial=0) < 1e-9
    unit = np.where(whole, 1.0, np.minimum(1.0, 0.01 * np.nan_to_num(_median(demand, axis=1))))
    return np.maximum(np.nan_to_num(spread * fitted)[:, None], 0.5 * np.sqrt(np.maximum(unit, 1e-9))[:, None] + 0.02 * centre)


def _median(values, axis):
    """Median of the known values, NaN where there is none."""
    return pd.DataFrame(values if axis == 1 else values.T).median(axis=1).to_numpy()
