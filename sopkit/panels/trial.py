"""Trying another method on one series: its forecast and its backtest."""

import warnings
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from sopkit.errors import PlanError
from sopkit.forecast import METHODS, fit, forecast, graded
from sopkit.forecast.methods import Method, seen
from sopkit.metrics import accuracy_table
from sopkit.metrics.stages import CHOSEN, NEAR
from sopkit.panels.worklist import accuracy_of

ETS = "ETS (statsmodels)"
SLIDERS = {"level": "alpha", "trend": "beta", "damping": "phi", "season": "gamma"}
FEWEST = 10  # values that statsmodels needs to start from


@dataclass(frozen=True)
class Trial:
    """A method's ``forecast`` by market, and its backtest error over lags 1–3 as the accuracy of
    the pack's own methods is read (``accuracy_of``; NaN where it has none).
    """

    forecast: pd.DataFrame
    wape: float


def takes(method: str) -> tuple[str, ...]:
    """The sliders that a method understands."""
    return getattr(offered().get(method), "sliders", ())


def offered() -> dict:
    """The methods that a planner may try, by name: the forecast's own, and one of a peer."""
    return METHODS | {ETS: Method(seen, _holt_winters, ("level", "trend", "season"))}


def try_method(history, method, calendar, until, **sliders: float) -> Trial:
    """The trial of a method on one item: ``history`` is item, market, bucket, quantity; of the
    ``sliders`` those that the method understands count, 0 = automatic; it is forecast ``until`` a
    bucket of the ``calendar``, as the pack forecasts it.

    Raises ``PlanError`` where the history is too short or empty.
    """
    if (buckets := history["bucket"].nunique()) < NEAR:
        raise PlanError(
            f"{buckets} buckets of history are too few to try a method; start from an earlier"
            " year, or choose another item"
        )
    last, end = calendar.number([history["bucket"].max(), until])
    set_to = {SLIDERS[name]: sliders[name] for name in takes(method) if sliders.get(name)}
    tried = {method: partial(offered()[method], **set_to)}
    found = fit(history, end - last, calendar=calendar, method=tried)
    known = accuracy_of(accuracy_table(graded(found, NEAR)), history["item"].iloc[0])
    return Trial(forecast(found), known.get(CHOSEN, np.nan))


def reasons(forecast: pd.DataFrame) -> str:
    """Why a forecast is as it is, market by market where there are several."""
    told = forecast.drop_duplicates("market")
    named = [f"{row.market}: {row.why}" for row in told.itertuples()]
    return "\n".join(named if len(told) > 1 else told["why"])


def _holt_winters(window, horizon, alpha=None, beta=None, gamma=None):
    """Holt-Winters of statsmodels, additive, damped trend; the last value where that is not
    enough to start from.
    """
    from statsmodels.tsa.holtwinters import ExponentialSmoothing

    ahead = np.repeat(window.values[:, -1:], horizon, axis=1)
    for row, values in enumerate(window.values):
        values = values[~np.isnan(values)]
        if len(values) < FEWEST:
            continue
        season = window.season if 1 < window.season <= len(values) // 2 - 1 else None
        model = ExponentialSmoothing(
            values,
            trend="add",
            damped_trend=True,
            seasonal=season and "add",
            seasonal_periods=season,
        )
        with warnings.catch_warnings():
            # its optimiser grumbles on short series; the backtest beside it shows how good it is
            warnings.simplefilter("ignore")
            fitted = model.fit(alpha, beta, season and gamma)
            ahead[row] = np.maximum(fitted.forecast(horizon), 0)
    return ahead
