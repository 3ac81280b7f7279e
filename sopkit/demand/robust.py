"""What a bucket should have sold, by its neighbours and its season, and how far it strayed: series
× bucket, NaN = unknown.

Everything is measured on the square root of demand, where the noise of counts is about as wide at
any level and zero is a number like others, with medians, which a few odd buckets cannot move
(Hampel 1974; Anscombe 1948). Runs of odd buckets in a series, and odd buckets that many series
share, are no outliers.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.ndimage import label

MAD_TO_SIGMA = 1.4826
ENOUGH = 5
CLEARLY = 0.6  # three or four years fit themselves: noise alone brings the ratio to about 0.75
OUTLIER, UNUSUAL = 6.0, 4.0  # robust standard deviations: changed, only shown
NEAR = 3.0  # deviations from which a neighbour strays too
LONGEST = (
    2  # buckets in a row that may be a rise out of line; more are a new level, and so are two falls
)
TOGETHER = 0.2  # share of the company's series that stray together: not an outlier


@dataclass(frozen=True)
class Expectation:
    """``expected`` units and ``score``, the robust distance from it in standard deviations (0 where
    unknown).
    """

    expected: np.ndarray
    score: np.ndarray


def expectation(demand, season, groups, usable) -> Expectation:
    """Expected units of every bucket and the score of what was sold; ``usable`` cells alone shape
    the expectation.

    >>> demand = np.array([[10., 11., 9., 10., 90., 10., 9., 11., 10.]])
    >>> found = expectation(demand, 1, np.zeros(1), demand > 0)
    >>> round(found.expected[0, 4]), int(found.score[0].argmax())
    (10, 4)
    """
    root = np.sqrt(np.maximum(demand, 0))
    known = np.where(usable, root, np.nan)
    level = local_level(known, max(season, 6))
    pattern = _pattern(known - level, level, season, groups)
    centre = np.maximum(level + pattern, 0)
    score = (root - centre) / _sigma(known - centre, centre, demand)
    short = (np.isfinite(known).sum(axis=1) < ENOUGH)[:, None]
    return Expectation(centre**2, np.where(np.isfinite(score) & ~short, score, 0.0))


def local_level(values, season) -> np.ndarray:
    """Centred running median over a season and its middle; over all the known values of a short
    series.
    """
    window = season + 1 - season % 2
    running = (
        pd.DataFrame(values.T).rolling(window, center=True, min_periods=3).median().to_numpy().T
    )
    overall = median(values)[:, None]
    return np.where(np.isfinite(running), running, overall)


def _pattern(residual, level, season, groups):
    """Seasonal pattern: the group's, in proportion to level; a series' own where three years of it
    fit clearly better.
    """
    own, shared = np.zeros(residual.shape), np.zeros(residual.shape)
    if season <= 1 or residual.shape[1] < season:
        return own
    relative = residual / np.maximum(level, 0.5)
    for place in range(season):
        at = slice(place, None, season)
        few = np.isfinite(residual[:, at]).sum(axis=1) < 3
        shared[:, at] = _by_group(relative[:, at], groups)[:, None] * level[:, at]
        own[:, at] = np.where(few[:, None], shared[:, at], median(residual[:, at])[:, None])
    fits = _mad(residual - own) < CLEARLY * _mad(residual - shared)
    return np.nan_to_num(np.where(fits[:, None], own, shared))


def _by_group(values, groups):
    """Median of each row's group, 0 where the group has fewer than nine values to say so."""
    tall = pd.Series(values.ravel()).groupby(np.repeat(groups, values.shape[1]))
    return tall.median().where(tall.count() >= 9, 0.0)[groups].to_numpy()


def _sigma(residual, centre, demand):
    """Robust spread per series, not below counting noise and a few per cent of level."""
    sold = np.nan_to_num(demand)
    whole = (np.abs(sold - np.round(sold)) < 1e-9).all(axis=1)
    unit = np.where(whole, 1.0, np.minimum(1.0, 0.01 * np.nan_to_num(median(demand))))
    floor = 0.5 * np.sqrt(np.maximum(unit, 1e-9))[:, None] + 0.02 * centre
    return np.maximum(MAD_TO_SIGMA * np.nan_to_num(_mad(residual))[:, None], floor)


def _mad(residual):
    return median(np.abs(residual))


def median(values) -> np.ndarray:
    """Median of the known values of each row, NaN where there is none."""
    return pd.DataFrame(values).median(axis=1).to_numpy()


def common(score, live) -> np.ndarray:
    """Cells of buckets in which many series stray to the same side: the company's news, not one
    series' outlier.
    """
    shared = np.zeros(score.shape, dtype=bool)
    enough = max(3.0, TOGETHER * len(score))
    for side in (1, -1):
        astray = (score * side >= UNUSUAL) & live
        shared |= astray & (astray.sum(axis=0) >= enough)
    return shared


def run(score, limit) -> np.ndarray:
    """Length of the run of buckets beyond ``limit`` on the same side in which each cell stands."""
    length = np.zeros(score.shape)
    for side in (1, -1):
        runs, _ = label(score * side >= limit, structure=[[0, 0, 0], [1, 1, 1], [0, 0, 0]])
        length += np.where(runs > 0, np.bincount(runs.ravel())[runs], 0)
    return length
