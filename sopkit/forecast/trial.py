"""Every candidate method on a block of series: its forecast, what it would have forecast at earlier
origins, and the weights that this gives the methods for each series.
"""

from dataclasses import dataclass

import numpy as np

from sopkit.forecast.arrays import over, row_mean
from sopkit.forecast.seasonal import Window

ORIGINS = 4


@dataclass(frozen=True)
class Trial:
    """Forecasts (series, method, horizon), the same made at each origin (series, origin, method,
    horizon), the actuals they met (series, origin, horizon; NaN where unknown), each series' usual
    one-bucket move at every origin and now (series, origin + 1), and how many buckets each origin
    holds back (series, origin)."""

    forecasts: np.ndarray
    tests: np.ndarray
    actual: np.ndarray
    scale: np.ndarray
    back: np.ndarray

    @property
    def errors(self) -> np.ndarray:
        """Forecast minus actual, (series, origin, method, horizon); positive = over-forecast."""
        return self.tests - self.actual[:, :, None]


def origins_for(reach: int, count: int = ORIGINS) -> tuple[int, ...]:
    """How many buckets each origin holds back, so that some origin tests every lead up to
    ``reach``.

    >>> origins_for(18), origins_for(1)
    ((6, 12, 18, 24), (1, 2, 3, 4))
    """
    step = -(-reach // max(count - 1, 1))
    return tuple(step * (number + 1) for number in range(count))


def try_methods(values, known, horizon, season, methods, held_back) -> Trial:
    """The trial of ``methods`` (name → function) on complete ``values``; ``known`` has NaN where a
    value was only filled in.

    An origin counts for a series that keeps at least 3 buckets before it, and a third of its
    history.
    """
    (count, width), length = values.shape, (~np.isnan(values)).sum(axis=1)
    # The origins, and last the present, at which every series is forecast.
    ago = np.array((*held_back, 0))
    enough = length[:, None] - ago >= np.maximum(3, length / 3)[:, None]
    enough[:, -1] = True
    place, rows = np.nonzero(enough.T)
    stacked = np.full((len(rows), width), np.nan)
    for number, cut in enumerate(ago):
        own = place == number
        stacked[own, cut:] = values[rows[own], : max(width - cut, 0)]
    tests = np.full((*enough.shape, len(methods), horizon), np.nan)
    scale = np.full(enough.shape, np.nan)
    tests[rows, place] = run(stacked, horizon, season, methods)
    scale[rows, place] = usual_move(stacked)
    came = width - ago[:-1, None] + np.arange(horizon)
    later = np.pad(known, ((0, 0), (0, horizon)), constant_values=np.nan)
    actual = np.where(enough[:, :-1, None], later[:, np.maximum(came, 0)], np.nan)
    return Trial(tests[:, -1], tests[:, :-1], actual, scale, np.tile(ago[:-1], (count, 1)))


def run(values, horizon, season, methods) -> np.ndarray:
    """Non-negative forecasts (series, method, horizon); a method that fails to give a number falls
    back to the series' mean.
    """
    window = Window(values, season)
    result = np.empty((len(values), len(methods), horizon))
    for place, method in enumerate(methods.values()):
        result[:, place] = method(window, horizon)
    broken = ~np.isfinite(result)
    if broken.any():
        result = np.where(broken, row_mean(values)[:, None, None], result)
    return np.maximum(result, 0.0)


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
class Rule:
    """How weights are learned: the errors' ``power`` (1 aims at the median, 2 at the mean), how
    many origins of its own a series needs before it counts as much as its panel, and how sharply
    the better method is preferred."""

    power: int
    own_evidence: float
    sharpness: float


RULES = {"regular": Rule(1, 2.0, 6.0), "rare": Rule(2, 30.0, 6.0)}


def losses(errors: np.ndarray, scale: np.ndarray, power: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Mean backtest error in usual moves, to a power, (series, method), and the number of origins
    that tested each series.

    ``errors`` is (series, origin, method, horizon) with NaN where nothing was tested; ``scale``
    (series, origin).
    """
    size = (np.abs(errors) / scale[:, :, None, None]) ** power
    tested = ~np.isnan(size)
    number = tested.sum(axis=(1, 3))
    mean = np.where(tested, size, 0).sum(axis=(1, 3)) / np.maximum(number, 1)
    return np.where(number > 0, mean, np.nan), tested.any(axis=(2, 3)).sum(axis=1)


def relative(loss: np.ndarray) -> np.ndarray:
    """Each method's loss against the mean of the series' methods; NaN where untested, 1 where every
    method is exact.
    """
    mean = loss.mean(axis=1, keepdims=True)
    return np.where(mean > 0, over(loss, mean), np.where(np.isnan(mean), np.nan, 1.0))


def pooled(relative_loss: np.ndarray, groups: np.ndarray) -> dict:
    """Mean relative loss of each method in each group of series (group → (method,)), each group
    drawn toward the whole panel.

    >>> pooled(np.array([[0.5, 1.5]]), np.array(["smooth"]))["smooth"].round(3).tolist()
    [0.954, 1.046]
    """
    tested = ~np.isnan(relative_loss).any(axis=1)
    size = relative_loss.shape[1]

    def toward(prior, rows, evidence=20):
        chosen = relative_loss[rows & tested]
        return (chosen.sum(axis=0) + evidence * prior) / (len(chosen) + evidence)

    whole = toward(np.ones(size), np.ones(len(groups), dtype=bool))
    return {str(group): toward(whole, groups == group) for group in np.unique(groups)}


def weights(relative_loss, origins, prior, rule: Rule = RULES["regular"]) -> np.ndarray:
    """Weights (series, method), rows sum to 1: a power of the loss, which is drawn toward the
    panel's ``prior`` (series, method) as if that had been seen at ``rule.own_evidence`` origins.
    Short histories therefore follow the panel and not their noise.

    >>> weights(np.array([[0.5, 1.5]]), np.array([0]), np.array([[1.0, 1.0]])).tolist()
    [[0.5, 0.5]]
    """
    own = np.where(np.isnan(relative_loss), prior, relative_loss)
    seen = origins[:, None] / (origins[:, None] + rule.own_evidence)
    loss = np.maximum(seen * own + (1 - seen) * prior, 1e-3)
    raw = loss**-rule.sharpness
    return raw / raw.sum(axis=1, keepdims=True)
