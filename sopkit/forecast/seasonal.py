"""Seasonal indices of a whole panel, shrunk where the evidence is thin, and the window that a
method may see: a block of complete series with its season worked out once.
"""

from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np

from sopkit.forecast.arrays import over


def centred_average(values: np.ndarray, season: int) -> np.ndarray:
    """Centred moving average over one season (2×m where m is even); NaN at the ends.

    >>> centred_average(np.array([[1.0, 2.0, 3.0, 4.0, 5.0]]), 2).tolist()
    [[nan, 2.0, 3.0, 4.0, nan]]
    """
    half, width = season // 2, 2 * (season // 2) + 1
    average = np.full_like(values, np.nan)
    if values.shape[1] >= width:
        total = np.cumsum(np.pad(np.where(np.isnan(values), 0, values), ((0, 0), (1, 0))), axis=1)
        inner = total[:, width:] - total[:, :-width]
        if season % 2 == 0:
            inner = inner - 0.5 * (
                values[:, : values.shape[1] - width + 1] + values[:, width - 1 :]
            )
        average[:, half : values.shape[1] - half] = inner / season
        started = np.isnan(values).sum(axis=1)[:, None] + half
        average[np.arange(values.shape[1])[None] < started] = np.nan
    return average


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
    deviation = values - _course(values, season)
    folded = by_season(deviation, season)
    known = ~np.isnan(folded)
    seen = known.sum(axis=1)
    means = np.where(known, folded, 0).sum(axis=1) / np.maximum(seen, 1)
    within = (np.where(known, folded - means[:, None], 0) ** 2).sum(axis=(1, 2)) / np.maximum(
        seen.sum(axis=1) - season, 1
    )
    means = means - means.mean(axis=1, keepdims=True)
    between = (means**2).sum(axis=1) / (season - 1) * seen.mean(axis=1)
    enough = (seen.min(axis=1) >= 1) & (seen.sum(axis=1) > season)
    strength = np.where(enough & (between > 0), np.maximum(0, 1 - over(within, between)), 0.0)
    return means * strength[:, None], strength


def by_season(values: np.ndarray, season: int) -> np.ndarray:
    """The values folded into whole seasons, (series, year, place in the season); NaN before them.

    >>> by_season(np.array([[1.0, 2.0, 3.0]]), 2).tolist()
    [[[nan, 1.0], [2.0, 3.0]]]
    """
    room = ((0, 0), (-values.shape[1] % season, 0))
    return np.pad(values, room, constant_values=np.nan).reshape(len(values), -1, season)


def _course(values, season):
    """The centred average; for histories below three seasons carried on flat to both ends, so that
    every bucket counts.
    """
    average = centred_average(values, season)
    known, columns = ~np.isnan(average), np.arange(values.shape[1])
    length = (~np.isnan(values)).sum(axis=1)
    short = np.flatnonzero((length < 3 * season) & (length >= 1.5 * season) & known.any(axis=1))
    if len(short):
        first, last = (
            known[short].argmax(axis=1),
            values.shape[1] - 1 - known[short][:, ::-1].argmax(axis=1),
        )
        nearest = np.clip(columns, first[:, None], last[:, None])
        carried = np.take_along_axis(average[short], nearest, axis=1)
        average[short] = np.where(np.isnan(values[short]), np.nan, carried)
    return average


def past_indices(index: np.ndarray, width: int) -> np.ndarray:
    """The indices laid along the ``width`` past buckets, (series, width)."""
    return index[:, (np.arange(width) - width) % index.shape[1]]


def future_indices(index: np.ndarray, horizon: int) -> np.ndarray:
    """The indices laid along the horizon, (series, horizon)."""
    return index[:, np.arange(horizon) % index.shape[1]]


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
    def logs(self) -> np.ndarray:
        """Log values; series that touch zero keep a small floor, but no method should use
        theirs.
        """
        return np.log(
            np.where(
                self.positive[:, None], self.values, np.where(np.isnan(self.values), np.nan, 1.0)
            )
        )

    @cached_property
    def log_season(self) -> tuple[np.ndarray, np.ndarray]:
        """Seasonal indices of the log values, and their strength."""
        return indices(self.logs, self.season)

    @cached_property
    def plain_season(self) -> tuple[np.ndarray, np.ndarray]:
        """Seasonal indices of the values, and their strength."""
        return indices(self.values, self.season)

    @cached_property
    def adjusted_logs(self) -> np.ndarray:
        """Log values without their season."""
        return self.logs - past_indices(self.log_season[0], self.values.shape[1])

    @cached_property
    def adjusted(self) -> np.ndarray:
        """Values without their additive season."""
        return self.values - past_indices(self.plain_season[0], self.values.shape[1])

    @cached_property
    def strength(self) -> np.ndarray:
        """Strength of the season, 0–1: multiplicative where the series is positive, else
        additive.
        """
        return np.where(self.positive, self.log_season[1], self.plain_season[1])


def seen(method, window: Window, horizon: int) -> np.ndarray:
    """``method(window, horizon)``, for a method that takes care of the season itself."""
    return method(window, horizon)


def plain(method, window: Window, horizon: int) -> np.ndarray:
    """``method(values, horizon)`` on the values as they are."""
    return method(window.values, horizon)


def additive(method, window: Window, horizon: int) -> np.ndarray:
    """``method(values, horizon)`` on additively adjusted values, the season put back."""
    return method(window.adjusted, horizon) + future_indices(window.plain_season[0], horizon)


def multiplicative(method, window: Window, horizon: int) -> np.ndarray:
    """``method(values, horizon)`` on multiplicatively adjusted values, the season put back;
    additive where a series touches zero.
    """
    forecast = method(np.exp(window.adjusted_logs), horizon) * np.exp(
        future_indices(window.log_season[0], horizon)
    )
    return where_positive(forecast, partial(additive, method), window, horizon)


def logarithmic(method, window: Window, horizon: int) -> np.ndarray:
    """``method(values, horizon)`` on adjusted log values: growth in per cent, medians; additive
    where a series touches zero.
    """
    forecast = method(window.adjusted_logs, horizon) + future_indices(window.log_season[0], horizon)
    forecast = np.exp(np.clip(forecast, -700, 700))
    return where_positive(forecast, partial(additive, method), window, horizon)


def where_positive(forecast, method, window: Window, horizon: int, **parameters) -> np.ndarray:
    """The forecast where a series is above zero throughout, that of ``method(window, horizon)``
    elsewhere.
    """
    rest = ~window.positive
    if rest.any():
        part = Window(window.values[rest], window.season)
        forecast[rest] = method(part, horizon, **parameters)
    return forecast
