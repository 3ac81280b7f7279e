"""The methods by name. A company adds its own with one function: ``register("ours",
our_function)``.

A method takes a window of complete series, the horizon and optional parameters, and returns
forecasts (series, horizon) in the same units.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from sopkit.errors import PlanError
from sopkit.forecast.arrays import counts, flat, line, row_mean, trust_in_slope
from sopkit.forecast.rare_methods import tsb
from sopkit.forecast.seasonal import (
    Window,
    additive,
    along,
    by_season,
    learnt,
    learnt_factors,
    logarithmic,
    multiplicative,
    plain,
    seen,
)
from sopkit.forecast.smoothing import ALPHAS, smooth, smooth_from_first
from sopkit.metrics.stages import NAIVE


def mean(values: np.ndarray, horizon: int) -> np.ndarray:
    """The mean of each series' known values, repeated, (series, horizon).

    >>> mean(np.array([[np.nan, 1.0, 3.0]]), 1).tolist()
    [[2.0]]
    """
    return flat(row_mean(values), horizon)


def seasonal_naive(values: np.ndarray, horizon: int, season: int) -> np.ndarray:
    """The last season repeated, (series, horizon); the last value where a series is shorter than a
    season.

    Hyndman & Athanasopoulos (2021), Forecasting: Principles and Practice, 5.2.

    >>> seasonal_naive(np.array([[1.0, 2.0, 3.0, 4.0]]), 3, season=2).tolist()
    [[3.0, 4.0, 3.0]]
    """
    if values.shape[1] < season:
        return flat(values[:, -1], horizon)
    tail = values[:, -season:]
    tail = np.where(np.isnan(tail).any(axis=1, keepdims=True), values[:, -1:], tail)
    return along(tail, 0, horizon)


def theta(values: np.ndarray, horizon: int, alpha=ALPHAS) -> np.ndarray:
    """Theta forecasts (series, horizon) of series without season: simple smoothing with half the
    slope of the trend line as drift.

    Assimakopoulos & Nikolopoulos (2000), IJF 16, in the form of Hyndman & Billah (2003), Unmasking
    the Theta method, IJF 19: level + slope/2 · (h − 1 + (1 − (1 − α)ⁿ)/α); but a slope short of
    evidence is drawn toward 0.

    >>> theta(np.arange(1.0, 9.0)[None], 1, alpha=0.95).round(3).tolist()
    [[8.474]]
    """
    states = smooth_from_first(values, alpha)
    slope = line(values)[1] * trust_in_slope(values)
    reach = (1 - (1 - np.asarray(alpha)) ** states.count[:, None]) / alpha
    level, reach = states.expected(states.level), states.expected(reach)
    return level[:, None] + 0.5 * slope[:, None] * (np.arange(horizon) + reach[:, None])


COARSE_ALPHAS = (0.05, 0.15, 0.3, 0.5, 0.7, 0.9)


def aggregated(values: np.ndarray, horizon: int) -> np.ndarray:
    """Mean of damped-trend and Theta forecasts of the buckets and of sums over 2, 3 and 6,
    spread back to buckets, (series, horizon).

    ``values`` (series, bucket) have no season. Widths that leave a series fewer than 6 sums are
    left out for it. Kourentzes, Petropoulos & Trapero (2014), Improving forecasting by estimating
    time series structural components, IJF 30.

    >>> aggregated(np.full((1, 48), 5.0), 2).round(9).tolist()
    [[5.0, 5.0]]
    """
    total, number = np.zeros((len(values), horizon)), np.zeros(len(values))
    for width in (1, 2, 3, 6):
        sums = by_season(values, width).sum(axis=2)  # counted back from the end
        rows = (counts(sums) >= 6) | (width == 1)
        if rows.any():
            ahead = -(-horizon // width)
            coarse = 0.5 * (
                theta(sums[rows], ahead, COARSE_ALPHAS)
                + smooth(sums[rows], ahead, COARSE_ALPHAS, 0.1, (0.85, 0.95))
            )
            total[rows] += np.repeat(coarse / width, width, axis=1)[:, :horizon]
            number[rows] += 1
    return total / number[:, None]


@dataclass(frozen=True)
class Method:
    """A method on offer: ``season`` says what ``ahead`` is given (the window, or values adjusted
    for the season, which is put back), ``sliders`` which parameters a person may set.
    """

    season: Callable
    ahead: Callable
    sliders: tuple[str, ...] = ()

    def __call__(self, window: Window, horizon: int, **parameters) -> np.ndarray:
        """The forecast (series, horizon), in the values' units."""
        return self.season(partial(self.ahead, **parameters), window, horizon)


LEVEL, TREND, DAMPED = ("level",), ("level", "trend"), ("level", "trend", "damping")
ALL = (*DAMPED, "season")
_holt = partial(smooth, alpha=(0.05, 0.1, 0.2, 0.3, 0.45, 0.6, 0.8), beta=(0.01, 0.05, 0.2))
_damped = partial(smooth, beta=(0.03, 0.2), phi=(0.8, 0.9, 0.97))
_winters = partial(
    smooth, alpha=(0.05, 0.2, 0.4, 0.7), beta=0.05, phi=(0.9, 0.97), gamma=(0.0, 0.1, 0.3)
)

METHODS = {
    NAIVE: Method(seen, lambda window, n: seasonal_naive(window.values, n, window.season)),
    "mean": Method(plain, mean),
    "mean 12": Method(plain, lambda values, horizon: mean(values[:, -12:], horizon)),
    "seasonal mean": Method(multiplicative, mean),
    "simple": Method(multiplicative, smooth, LEVEL),
    "holt": Method(multiplicative, _holt, TREND),
    "damped": Method(multiplicative, _damped, DAMPED),
    "damped log": Method(logarithmic, _damped, DAMPED),
    "theta": Method(multiplicative, theta, LEVEL),
    "theta additive": Method(additive, theta, LEVEL),
    "winters": Method(learnt_factors, _winters, ALL),
    "winters additive": Method(learnt, _winters, ALL),
    "aggregated log": Method(logarithmic, aggregated),
    "tsb": Method(plain, partial(tsb, beta=0.02), LEVEL),
}

CANDIDATES = {
    "regular": [
        NAIVE,
        "mean",
        "mean 12",
        "seasonal mean",
        "simple",
        "holt",
        "damped log",
        "theta additive",
        "winters",
        "aggregated log",
    ],
    "rare": [NAIVE, "mean", "tsb"],
}


# What rare demand is graded by, but no part of its combination unless a person asks for it.
COMPARED = (("rare", NAIVE),)


def register(name: str, method, kinds=("regular", "rare")) -> None:
    """Adds ``method(window, horizon) → (series, horizon)`` under a name, as a candidate for regular
    and/or rare demand.

    >>> register("nothing", lambda window, horizon: np.zeros((len(window.values), horizon)), ())
    >>> METHODS.pop("nothing") is not None
    True
    """
    METHODS[name] = method
    for kind in kinds:
        if name not in CANDIDATES[kind]:
            CANDIDATES[kind].append(name)


def chosen_methods(method=None, parameters=None) -> dict:
    """The methods to try for each kind of demand, kind → {name: function}: the candidates, or only
    the named one (or several), or those given as {name: function}.

    Raises ``PlanError`` for an unknown name and for parameters without a single method.
    """
    if parameters and not isinstance(method, str):
        raise PlanError(
            "parameters need one method; name it, for example method='damped', parameters={'alpha':"
            " 0.3}"
        )
    if method is None:
        return {kind: {name: METHODS[name] for name in names} for kind, names in CANDIDATES.items()}
    if isinstance(method, dict):
        return dict.fromkeys(CANDIDATES, method)
    names = [method] if isinstance(method, str) else list(method)
    unknown = [name for name in names if name not in METHODS]
    if unknown or not names:
        raise PlanError(
            f"method {', '.join(map(repr, unknown or [method]))} is not known; use one or more of:"
            f" {', '.join(METHODS)}"
        )
    functions = {name: partial(METHODS[name], **(parameters or {})) for name in names}
    return dict.fromkeys(CANDIDATES, functions)
