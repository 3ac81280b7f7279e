"""What a bucket should have sold, by its neighbours and its season, and how far it strayed: series
× bucket, NaN = unknown.

Everything is measured on the square root of demand, where the noise of counts is about as wide at
any level and zero is a number like others, with medians, which a few odd buckets cannot move
(Hampel 1974; Anscombe 1948).
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

MAD_TO_SIGMA = 1.4826
ENOUGH = 5
CLEARLY = 0.6  # three or four years fit themselves: noise alone brings the ratio to about 0.75


@dataclass(frozen=True)
class Expectation:
    """``expected`` units and ``score``, the robust distance from it in standard deviations (0 where
    unknown).
    """

    expected: np.ndarray
    score: np.ndarray


def expectation(demand, season, groups, usable=None) -> Expectation:
    """Expected units of every bucket and the score of what was sold; ``usable`` cells alone shape
    the expectation.

    >>> demand = np.array([[10., 11., 9., 10., 90., 10., 9., 11., 10.]])
    >>> found = expectation(demand, 1, np.zeros(1))
    >>> round(found.expected[0, 4]), int(found.score[0].argmax())
    (10, 4)
    """
    root = np.sqrt(np.maximum(demand, 0))
    known = np.where(usable, root, np.nan) if usable is not None else root
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
    overall = _median(values, axis=1)[:, None]
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
        own[:, at] = np.where(
            few[:, None], shared[:, at], _median(residual[:, at], axis=1)[:, None]
        )
    fits = _mad(residual - own) < CLEARLY * _mad(residual - shared)
    return np.nan_to_num(np.where(fits[:, None], own, shared))


def _by_group(values, groups):
    """Median of each row's group, 0 where the group has fewer than nine values to say so."""
    tall = pd.DataFrame(
        {"group": np.repeat(groups, values.shape[1]), "value": values.ravel()}
    ).groupby("group")["value"]
    median = tall.median().where(tall.count() >= 9, 0.0)
    return pd.Series(groups).map(median).to_numpy(dtype=float)


def _sigma(residual, centre, demand):
    """Robust spread per series, not below counting noise and a few per cent of level."""
    whole = (
        np.nanmax(
            np.abs(np.nan_to_num(demand) - np.round(np.nan_to_num(demand))), axis=1, initial=0
        )
        < 1e-9
    )
    unit = np.where(whole, 1.0, np.minimum(1.0, 0.01 * np.nan_to_num(_median(demand, axis=1))))
    floor = 0.5 * np.sqrt(np.maximum(unit, 1e-9))[:, None] + 0.02 * centre
    return np.maximum(MAD_TO_SIGMA * np.nan_to_num(_mad(residual))[:, None], floor)


def _mad(residual):
    return _median(np.abs(residual), axis=1)


def _median(values, axis):
    """Median of the known values, NaN where there is none."""
    return pd.DataFrame(values if axis == 1 else values.T).median(axis=1).to_numpy()
