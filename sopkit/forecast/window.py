"""What a method may see: a block of complete series, with their seasonal adjustment worked out
once.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sopkit.forecast.seasonal import future_indices, indices, past_indices


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
    return _where_positive(forecast, method, window, horizon)


def logarithmic(method, window: Window, horizon: int) -> np.ndarray:
    """``method(values, horizon)`` on adjusted log values: growth in per cent, medians; additive
    where a series touches zero.
    """
    forecast = method(window.adjusted_logs, horizon) + future_indices(window.log_season[0], horizon)
    return _where_positive(np.exp(np.clip(forecast, -700, 700)), method, window, horizon)


def _where_positive(forecast, method, window, horizon):
    rest = ~window.positive
    if rest.any():
        part = Window(window.values[rest], window.season)
        forecast[rest] = additive(method, part, horizon)
    return forecast
