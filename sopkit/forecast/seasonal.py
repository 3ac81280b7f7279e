"""Seasonal indices of a whole panel, shrunk where the evidence is thin, and the window that a
method may see: a block of complete series with its season worked out once.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.lib.stride_tricks import sliding_window_view

from sopkit.forecast.arrays import over, row_mean

ROUGH = 0.25  # variance of logs beyond which their mean says little about the mean


def centred_average(values: np.ndarray, season: int) -> np.ndarray:
    """Centred moving average over one season (2×m where m is even); NaN at the ends.

    >>> centred_average(np.array([[1.0, 2.0, 3.0, 4.0, 5.0]]), 2).tolist()
    [[nan, 2.0, 3.0, 4.0, nan]]
    """
    kernel = np.ones(season // 2 * 2 + 1)
    if season % 2 == 0:
        kernel[[0, -1]] = 0.5
    room = ((0, 0), (len(kernel) // 2,) * 2)
    padded = np.pad(values, room, constant_values=np.nan)
    return sliding_window_view(padded, len(kernel), axis=1) @ (kernel / season)


def indices(values: np.ndarray, season: int) -> tuple[np.ndarray, np.ndarray]:
    """Additive seasonal indices (series, season) in the order of the coming buckets, and the
    strength 0–1 they were shrunk by.

    Ratios to the centred average are averaged by position and centred, then multiplied by 1 − 1/F
    (not below 0), F being the variance between positions over that within: without evidence of a
    season the indices are 0. Multiplicative indices are these of log values. Miller & Williams
    (2003), Shrinkage estimators of time series seasonal factors, IJF 19.

    >>> wave = np.tile([1.0, -1.0], 6)[None]
    >>> indices(wave, 2)[0].round(6).tolist()
    [[1.0, -1.0]]
    """
    count, width = values.shape
    if season < 2 or width < season + 2:
        return np.zeros((count, max(season, 1))), np.zeros(count)
    folded = by_season(values - _course(values, season), season).swapaxes(1, 2)
    seen = (~np.isnan(folded)).sum(axis=2)
    total = seen.sum(axis=1)
    means = row_mean(folded)
    within = np.nansum((folded - means[:, :, None]) ** 2, axis=(1, 2)) / np.maximum(
        total - season, 1
    )
    means -= means.mean(axis=1, keepdims=True)
    between = (means**2).sum(axis=1) / (season - 1) * seen.mean(axis=1)
    enough = (seen.min(axis=1) >= 1) & (total > season) & (between > 0)
    strength = np.where(enough, np.maximum(0, 1 - over(within, between)), 0.0)
    return means * strength[:, None], strength


YEAR_OF = {52: 365.2425 / 7}  # buckets in a year, where a season is not quite one


def places(begin: int, end: int, season: int) -> np.ndarray:
    """The buckets from ``begin`` to before ``end``, 0 being the first to come, counted in places of
    the season: those that are a whole season apart meet. A season of 52 weeks follows the date:
    once in five or six years two neighbours share a place, so that each week of the coming year
    meets those that began within five days of its date.

    >>> places(-2, 2, 12).tolist(), places(-158, -156, 52).tolist()
    ([-2, -1, 0, 1], [-157, -156])
    """
    pace = season / YEAR_OF.get(season, season)
    return np.floor((np.arange(begin, end) + 0.5) * pace).astype(int)


def by_season(values: np.ndarray, season: int) -> np.ndarray:
    """The values folded into whole seasons, (series, year, place in the season); NaN before them.
    Of two that share a place the later one.

    >>> by_season(np.array([[1.0, 2.0, 3.0]]), 2).tolist()
    [[[nan, 1.0], [2.0, 3.0]]]
    """
    values = values[:, np.diff(places(-values.shape[1], 0, season), append=0) > 0]
    room = ((0, 0), (-values.shape[1] % season, 0))
    folded = len(values), -(-values.shape[1] // season), season
    return np.pad(values, room, constant_values=np.nan).reshape(folded)


def _course(values, season):
    """The centred average; for histories below three seasons carried on flat to both ends, so that
    every bucket counts.
    """
    average, known = centred_average(values, season), ~np.isnan(values)
    length = known.sum(axis=1)
    short = (length < 3 * season) & (length >= 1.5 * season)
    carried = pd.DataFrame(average).ffill(axis=1).bfill(axis=1).to_numpy()
    return np.where(short[:, None] & known, carried, average)


def along(index: np.ndarray, begin: int, end: int) -> np.ndarray:
    """The indices laid along the buckets from ``begin`` to before ``end``, 0 being the first to
    come, (series, end − begin).

    >>> along(np.array([[1.0, 2.0]]), -3, 0).tolist()
    [[2.0, 1.0, 2.0]]
    """
    return index[:, places(begin, end, index.shape[1]) % index.shape[1]]


@dataclass(frozen=True)
class Window:
    """Series (series, bucket), right-aligned, complete from their first bucket on (NaN before it),
    and the season's length.

    A method is a function of a window and a horizon that returns forecasts (series, horizon) in the
    same units.
    """

    values: np.ndarray
    season: int

    @cached_property
    def positive(self) -> np.ndarray:
        """Which series are above zero throughout, so that ratios and logs make sense."""
        return ~(self.values <= 0).any(axis=1)

    @cached_property
    def noise(self) -> np.ndarray:
        """Variance of one bucket about its level without the season, (series,), from moves."""
        return row_mean(np.diff(self.adjusted, axis=1) ** 2) / 2

    @cached_property
    def seasonal(self) -> tuple[np.ndarray, np.ndarray]:
        """Seasonal indices of the values, and their strength."""
        return indices(self.values, self.season)

    @cached_property
    def adjusted(self) -> np.ndarray:
        """Values without their additive season."""
        return self.values - along(self.seasonal[0], -self.values.shape[1], 0)

    @cached_property
    def logs(self) -> "Window":
        """The window of the log values; series that touch zero keep a small floor, but no method
        should use theirs.
        """
        usable = self.positive[:, None] | np.isnan(self.values)
        return Window(np.log(np.where(usable, self.values, 1.0)), self.season)

    @cached_property
    def strength(self) -> np.ndarray:
        """Strength of the season, 0–1: multiplicative where the series is positive, else
        additive.
        """
        return np.where(self.positive, self.logs.seasonal[1], self.seasonal[1])


def seen(method, window: Window, horizon: int) -> np.ndarray:
    """``method(window, horizon)``, for a method that takes care of the season itself."""
    return method(window, horizon)


def plain(method, window: Window, horizon: int) -> np.ndarray:
    """``method(values, horizon)`` on the values as they are."""
    return method(window.values, horizon)


def additive(method, window: Window, horizon: int) -> np.ndarray:
    """``method(values, horizon)`` on additively adjusted values, the season put back."""
    return method(window.adjusted, horizon) + along(window.seasonal[0], 0, horizon)


def multiplicative(method, window: Window, horizon: int) -> np.ndarray:
    """``method(values, horizon)`` on multiplicatively adjusted values, the season put back;
    additive where a series touches zero.
    """
    season = np.exp(along(window.logs.seasonal[0], 0, horizon))
    forecast = method(np.exp(window.logs.adjusted), horizon) * season
    return _where(window.positive, forecast, additive, method, window)


def learnt(method, window: Window, horizon: int) -> np.ndarray:
    """``method(values, horizon, season=indices)``, for a method that goes on learning the additive
    season.
    """
    return method(window.values, horizon, season=window.seasonal[0])


def learnt_factors(method, window: Window, horizon: int) -> np.ndarray:
    """As ``learnt`` with a multiplicative season; additive where a series touches zero."""
    factors = np.where(window.positive[:, None], np.exp(window.logs.seasonal[0]), 1.0)
    forecast = method(window.values, horizon, season=factors, multiplicative=True)
    return _where(window.positive, forecast, learnt, method, window)


def logarithmic(method, window: Window, horizon: int) -> np.ndarray:
    """As ``additive`` of log values: season and growth in per cent, lifted from median to mean; of
    the values where a series touches zero or is so rough that its logs say little about its mean.
    """
    noise = window.logs.noise
    logs = additive(method, window.logs, horizon) + np.minimum(noise, ROUGH)[:, None] / 2
    fit = window.positive & (noise < ROUGH)
    return _where(fit, np.exp(np.clip(logs, -700, 700)), additive, method, window)


def _where(fit, forecast, otherwise, method, window):
    """The forecast where a series is ``fit`` for it, that of the ``otherwise`` season elsewhere."""
    rest = ~fit
    if rest.any():
        part = Window(window.values[rest], window.season)
        forecast[rest] = otherwise(method, part, forecast.shape[1])
    return forecast
