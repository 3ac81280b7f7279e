"""Every candidate method on a block of series: its forecasts at earlier origins and now, and the
weights that what came of them gives the methods for each series.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from sopkit.forecast.arrays import counts, over, row_mean, starts
from sopkit.forecast.prepare import alive
from sopkit.forecast.seasonal import Window

ORIGINS = 4
ALL = "all"
SURE = 0.999  # a silence that its season does not explain leaves it to all methods
ASTRAY = 1.5  # times the middle of several methods: one that runs wild moves no mean
# Few steps, so that series of about one length are tried in one run.
REACHES = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48)
# How weights are learned: the errors' power (1 aims at the median, 2 at the mean), and how many
# origins of its own a series needs before it counts as much as its panel.
RULES = {
    "regular": {"power": 1.5, "own_evidence": 3.0},
    "rare": {"power": 2, "own_evidence": 30.0},
}


@dataclass(frozen=True)
class Trial:
    """Forecasts at each origin and, last, now (series, origin + 1, method, horizon; NaN where too
    little history was left), the actuals that the origins' met (series, origin, horizon; NaN where
    unknown), each series' usual one-bucket move at every origin and now (series, origin + 1), how
    many buckets each origin holds back (series, origin), and how likely the item still sold at
    every origin and now (series, origin + 1)."""

    forecasts: np.ndarray
    actual: np.ndarray
    scale: np.ndarray
    back: np.ndarray
    alive: np.ndarray

    @property
    def tests(self) -> np.ndarray:
        """The forecasts at the origins, (series, origin, method, horizon)."""
        return self.forecasts[:, :-1]

    @cached_property
    def agreed(self) -> np.ndarray:
        """The forecasts as a combination takes them: where there are five or more, none strays from
        their middle by more than half of it, or a third below, while the item surely sells.
        """
        if self.forecasts.shape[2] < 5:
            return self.forecasts
        middle = np.median(self.forecasts, axis=2, keepdims=True)
        near = np.clip(self.forecasts, middle / ASTRAY, middle * ASTRAY)
        return np.where(self.alive[:, :, None, None] > SURE, near, self.forecasts)

    @property
    def tested(self) -> np.ndarray:
        """How many leads were tested at each origin, (series, origin)."""
        return (~np.isnan(self.actual)).sum(axis=2)

    def moved(self, tests: np.ndarray) -> np.ndarray:
        """Actual minus forecasts at the origins, both (series, origin, horizon), in usual moves."""
        return (self.actual - tests) / self.scale[:, :-1, None]


def reaches(lengths: np.ndarray, horizon: int) -> np.ndarray:
    """How many buckets ahead each history lets a backtest look: up to the horizon, or the step of
    a ladder below a third of a shorter history.

    >>> reaches(np.array([5, 40, 100]), 18).tolist()
    [1, 12, 18]
    """
    ladder = np.array([step for step in REACHES if step < horizon] + [horizon])
    place = np.searchsorted(ladder, np.maximum(lengths // 3, 1), side="right") - 1
    return ladder[np.maximum(place, 0)]


def held_back(reach: np.ndarray, origins: int = ORIGINS) -> np.ndarray:
    """How many buckets each origin holds back, (series, origin), so that some origin tests every
    lead up to ``reach``.

    >>> held_back(np.array([18, 1])).tolist()
    [[6, 12, 18, 24], [1, 2, 3, 4]]
    """
    step = -(-reach // max(origins - 1, 1))
    return step[:, None] * np.arange(1, origins + 1)


def try_methods(values, known, horizon, season, methods, origins, usual, rare) -> Trial:
    """The trial of ``methods`` (name → function) on complete ``values``; ``known`` has NaN where a
    value was only filled in.

    An origin counts for a series that keeps at least 3 buckets before it, and a third of its
    history.
    """
    begin = starts(values).min(initial=values.shape[1] - 1)
    values, known = values[:, begin:], known[:, begin:]
    (count, width), length = values.shape, counts(values)[:, None]
    back = held_back(reaches(length[:, 0], horizon), origins)
    enough = length - back >= np.maximum(3, length / 3)
    # Every series is forecast at its origins and, last, at the present.
    ago = np.pad(back, ((0, 0), (0, 1)))
    rows, place = np.nonzero(np.pad(enough, ((0, 0), (0, 1)), constant_values=True))
    columns = np.arange(width) - ago[rows, place, None]
    stacked = np.where(columns < 0, np.nan, values[rows[:, None], columns])
    forecasts = np.full((*ago.shape, len(methods), horizon), np.nan)
    scale, still = np.full(ago.shape, np.nan), np.ones(ago.shape)
    forecasts[rows, place] = run(stacked, horizon, season, methods)
    scale[rows, place], still[rows, place] = (
        usual_move(stacked),
        alive(stacked, 1 if rare else season, usual),
    )
    if rare:
        still[rows, place] *= lean(stacked, usual)
    later = np.pad(known, ((0, 0), (0, horizon)), constant_values=np.nan)
    came = np.maximum(width - back[:, :, None] + np.arange(horizon), 0)
    actual = later[np.arange(count)[:, None, None], came]
    return Trial(forecasts, np.where(enough[:, :, None], actual, np.nan), scale, back, still)


def run(values, horizon, season, methods) -> np.ndarray:
    """Non-negative forecasts (series, method, horizon); a method that fails to give a number falls
    back to the series' mean.
    """
    window = Window(values, season)
    made = np.stack([method(window, horizon) for method in methods.values()], axis=1)
    return np.maximum(np.where(np.isfinite(made), made, row_mean(values)[:, None, None]), 0.0)


def lean(values, usual) -> np.ndarray:
    """What a forecast from each series alone is multiplied by, (series,), so that how often it
    sells leans on its panel.
    """
    own = row_mean(np.where(np.isnan(values), np.nan, values != 0))
    return np.where(own > 0, over(usual.of(values), own), 1.0)


def usual_move(values: np.ndarray) -> np.ndarray:
    """Mean absolute move from bucket to bucket, (series,): the unit errors are counted in.

    One move of 30 % of the mean size is added, for histories too short to show any; it is not below
    1 % of that size.

    >>> usual_move(np.array([[10.0, 12.0, 10.0, 12.0]])).round(3).tolist()
    [2.325]
    """
    move, size = np.abs(np.diff(values, axis=1)), row_mean(np.abs(values))
    number = (~np.isnan(move)).sum(axis=1)
    mean = np.maximum((np.nansum(move, axis=1) + 0.3 * size) / (number + 1), 0.01 * size)
    return np.where(mean > 0, mean, 1.0)


@dataclass(frozen=True)
class Lessons:
    """What the series of a panel teach each other: each lesson is learned once, from the series
    that are ``heard`` (series,), and then stands under its name in ``learned``, for every part of
    the panel.
    """

    learned: dict
    heard: np.ndarray = ...

    def among(self, rows) -> "Lessons":
        """The same lessons, for some of the series."""
        return replace(self, heard=self.heard[rows])

    def __call__(self, name, learn, *series):
        """What ``learn`` learns from arrays by series."""
        if name not in self.learned:
            self.learned[name] = learn(*(each[self.heard] for each in series))
        return self.learned[name]


def learned_weights(trial: Trial, groups, lessons: Lessons, name, power, own_evidence):
    """Weights (series, origin + 1, method): for the forecast at each origin learned from the errors
    at the other origins, for that of now from all; ``groups`` (series,) are pooled, in the lesson
    of that ``name``.
    """
    tests, actual = trial.agreed[:, :-1], trial.actual[:, :, None]
    size = (np.abs(tests - actual) / trial.scale[:, :-1, None, None]) ** power
    number = trial.tested
    origins = number.shape[1]
    heard = others(origins)
    total = np.einsum("lo,som->slm", heard, np.nansum(size, axis=3))
    loss = over(total, (number @ heard.T)[:, :, None])
    mean, seen = loss.mean(axis=2, keepdims=True), (number > 0) @ heard.T
    # Relative to the mean of the methods: 1 where every one is exact, or untested.
    share = np.where(mean > 0, over(loss, mean), 1.0)
    priors = lessons(name, pooled, share[:, -1], seen[:, -1] > 0, groups)
    prior = np.stack([priors.get(group, priors[ALL]) for group in groups])
    return weights(share, seen, prior[:, None], own_evidence)


def others(origins: int) -> np.ndarray:
    """Which origins the forecast at each origin and, last, now may learn from: all but itself.

    >>> others(2).tolist()
    [[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
    """
    return np.concatenate([1 - np.eye(origins), np.ones((1, origins))])


def combine(trial: Trial, weights: np.ndarray) -> np.ndarray:
    """The weighted forecast at each origin and, last, now, (series, origin + 1, horizon)."""
    forecasts = np.einsum("som,somh->soh", weights, trial.agreed)
    return forecasts * trial.alive[:, :, None]


def pooled(share: np.ndarray, tested: np.ndarray, groups: np.ndarray, evidence=20) -> dict:
    """Mean relative loss of each method (method,) in each group, drawn toward that of the whole
    panel, ``ALL``; ``tested`` (series,) says which series count.

    >>> found = pooled(np.array([[0.5, 1.5]]), np.array([True]), np.array(["smooth"]))
    >>> found["smooth"].round(3).tolist()
    [0.954, 1.046]
    """

    def toward(prior, rows):
        return (share[rows].sum(axis=0) + evidence * prior) / (rows.sum() + evidence)

    whole = toward(1.0, tested)
    each = {group: toward(whole, tested & (groups == group)) for group in np.unique(groups)}
    return {ALL: toward(whole, np.zeros_like(tested))} | each


def weights(share, origins, prior, own_evidence=2.0, sharpness=6.0) -> np.ndarray:
    """Weights (…, method), rows sum to 1: a power of the relative loss ``share``, which is drawn
    toward the panel's ``prior`` as if that had been seen at ``own_evidence`` origins beside the
    series' own ``origins`` (…). Short histories therefore follow the panel and not their noise.

    >>> weights(np.array([[0.5, 1.5]]), np.array([0]), np.array([[1.0, 1.0]])).tolist()
    [[0.5, 0.5]]
    """
    # Sharp: a method that errs by a tenth more than another has about half its weight.
    seen = (origins / (origins + own_evidence))[..., None]
    raw = np.maximum(seen * share + (1 - seen) * prior, 1e-3) ** -sharpness
    return raw / raw.sum(axis=-1, keepdims=True)
