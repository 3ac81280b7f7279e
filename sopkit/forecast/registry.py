"""The methods by name. A company adds its own with one function: ``register("ours",
our_function)``.

A method takes a window of complete series, the horizon and optional parameters, and returns
forecasts (series, horizon).
"""

from functools import partial

import numpy as np

from sopkit.errors import PlanError
from sopkit.forecast import intermittent
from sopkit.forecast.aggregation import aggregated
from sopkit.forecast.autoregression import autoregression
from sopkit.forecast.naive import mean, seasonal_naive
from sopkit.forecast.smoothing import smooth
from sopkit.forecast.theta import theta
from sopkit.forecast.window import additive, logarithmic, multiplicative
from sopkit.forecast.winters import winters


def _seasonal(adjustment, method):
    return lambda window, horizon, **parameters: adjustment(
        partial(method, **parameters), window, horizon
    )


def _flat(method):
    return lambda window, horizon, **parameters: method(window.values, horizon, **parameters)


def _holt(values, horizon, alpha=(0.05, 0.1, 0.2, 0.3, 0.45, 0.6, 0.8), beta=(0.01, 0.05, 0.2)):
    return smooth(values, horizon, alpha, beta)


def _damped(values, horizon, alpha=smooth.__defaults__[0], beta=(0.03, 0.2), phi=(0.8, 0.9, 0.97)):
    return smooth(values, horizon, alpha, beta, phi)


def _simple(values, horizon, alpha=smooth.__defaults__[0]):
    return smooth(values, horizon, alpha)


def _zero(window, horizon):
    return np.zeros((len(window.values), horizon))


def _winters(window, horizon, **parameters):
    """Multiplicative season; additive where a series touches zero."""
    index = np.where(window.positive[:, None], np.exp(window.log_season[0]), 1.0)
    forecast = winters(window.values, index, horizon, multiplicative=True, **parameters)
    return _additive_where(~window.positive, forecast, window, horizon, parameters)


def _winters_log(window, horizon, **parameters):
    """Season and growth in per cent, states on log values; additive where a series touches zero."""
    forecast = np.exp(
        np.clip(winters(window.logs, window.log_season[0], horizon, **parameters), -700, 700)
    )
    return _additive_where(~window.positive, forecast, window, horizon, parameters)


def _additive_where(rows, forecast, window, horizon, parameters):
    if rows.any():
        forecast[rows] = winters(
            window.values[rows], window.plain_season[0][rows], horizon, **parameters
        )
    return forecast


METHODS = {
    "seasonal naive": lambda window, horizon: seasonal_naive(window.values, horizon, window.season),
    "mean": _flat(mean),
    "seasonal mean": _seasonal(multiplicative, mean),
    "simple": _seasonal(multiplicative, _simple),
    "simple additive": _seasonal(additive, _simple),
    "holt": _seasonal(multiplicative, _holt),
    "damped": _seasonal(multiplicative, _damped),
    "damped additive": _seasonal(additive, _damped),
    "damped log": _seasonal(logarithmic, _damped),
    "theta": _seasonal(multiplicative, theta),
    "theta additive": _seasonal(additive, theta),
    "theta log": _seasonal(logarithmic, theta),
    "winters": _winters,
    "winters additive": lambda window, horizon, **parameters: winters(
        window.values, window.plain_season[0], horizon, **parameters
    ),
    "winters log": _winters_log,
    "autoregression": _seasonal(logarithmic, autoregression),
    "aggregated": _seasonal(multiplicative, aggregated),
    "aggregated log": _seasonal(logarithmic, aggregated),
    "croston": _flat(intermittent.croston),
    "sba": _flat(intermittent.sba),
    "tsb": _flat(intermittent.tsb),
    "adida": _flat(intermittent.adida),
    "imapa": _flat(intermittent.imapa),
    "zero": _zero,
}

CANDIDATES = {
    "regular": [
        "seasonal naive",
        "seasonal mean",
        "simple",
        "damped log",
        "theta additive",
        "theta log",
        "winters",
        "aggregated log",
    ],
    "rare": ["seasonal naive", "mean", "tsb", "adida"],
}


def register(name: str, method, kinds=("regular", "rare")) -> None:
    """Adds ``method(window, horizon) → (series, horizon)`` under a name, as a candidate for regular
    and/or rare demand.

    >>> register("last value", lambda window, horizon: np.repeat(window.values[:, -1:], horizon, axis=1), kinds=())
    >>> METHODS.pop("last value") is not None
    True
    """
    METHODS[name] = method
    for kind in kinds:
        if name not in CANDIDATES[kind]:
            CANDIDATES[kind].append(name)


def chosen_methods(method=None, parameters=None) -> dict:
    """The methods to try for each kind of demand, kind → {name: function}: the candidates, or only
    the named one (or several).

    Raises ``PlanError`` for an unknown name and for parameters without a single method.
    """
    if parameters and not isinstance(method, str):
        raise PlanError(
            "parameters need one method; name it, for example method='damped', parameters={'alpha':"
            " 0.3}"
        )
    if method is None:
        return {kind: {name: METHODS[name] for name in names} for kind, names in CANDIDATES.items()}
    names = [method] if isinstance(method, str) else list(method)
    unknown = [name for name in names if name not in METHODS]
    if unknown or not names:
        raise PlanError(
            f"method {', '.join(map(repr, unknown or [method]))} is not known; use one or more of:"
            f" {', '.join(METHODS)}"
        )
    functions = {name: partial(METHODS[name], **(parameters or {})) for name in names}
    return {kind: functions for kind in CANDIDATES}
