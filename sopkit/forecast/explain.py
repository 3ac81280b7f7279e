"""One series of a fit taken out and put in words, for the tuner and the pages."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from sopkit.errors import PlanError
from sopkit.forecast.baseline import forecast
from sopkit.forecast.fit import Fit, fit
from sopkit.forecast.panel import total_over_markets


@dataclass(frozen=True)
class Explanation:
    """Why a series is forecast as it is: ``demand_class``, ``model`` and ``why`` are the words.

    ``forecast``: bucket, baseline and quantiles; ``weights``: method, weight, loss (backtest error
    against the mean of the methods); ``backtest``: origin, bucket, lag, actual, baseline (units).
    """

    item: str
    market: str | None
    demand_class: str
    model: str
    why: str
    forecast: pd.DataFrame
    weights: pd.DataFrame
    backtest: pd.DataFrame


def explain(history, item, market=None, *, quantiles=(0.1, 0.9), **settings) -> Explanation:
    """The ``Explanation`` of one item (and market), as ``forecast`` of the same history would
    forecast it.

    ``history`` is a history frame or an earlier ``fit``; ``settings`` are those of ``fit``. With
    markets and no ``market`` the item's markets are summed first. Raises ``PlanError`` for an item
    or market that is not in the history.

    >>> history = pd.DataFrame({"item": "A", "bucket": pd.date_range("2024-01-01", periods=24, freq="MS"), "quantity": 5.0})
    >>> explain(history, "A").demand_class
    'smooth'
    """
    if not isinstance(history, Fit):
        history = fit(total_over_markets(history) if market is None else history, **settings)
    row = _row(history.panel.keys, item, market)
    block = history.blocks["regular" if history.prepared.regular[row] else "rare"]
    place = int(np.flatnonzero(block.rows == row)[0])
    ahead = forecast(history, quantiles=quantiles)
    own = ahead.iloc[row * history.horizon : (row + 1) * history.horizon].reset_index(drop=True)
    return Explanation(
        item,
        market,
        str(history.classes[row]),
        own["model"].iloc[0],
        own["why"].iloc[0],
        own.drop(columns=[*history.panel.keys, "model", "why"]),
        _weights(block, place),
        _backtest(history, row, block, place),
    )


def _row(keys, item, market) -> int:
    found = keys["item"] == item
    if not found.any():
        near = ", ".join(map(str, keys["item"].unique()[:5]))
        raise PlanError(
            f"item {item!r} is not in the history, which has {keys['item'].nunique()} items"
            f" ({near}, …); name one of them"
        )
    if "market" in keys:
        if market is None or not (found & (keys["market"] == market)).any():
            raise PlanError(
                f"market {market!r} is not in the history of item {item!r}; name one of:"
                f" {', '.join(map(str, keys.loc[found, 'market']))}"
            )
        found &= keys["market"] == market
    return int(np.flatnonzero(found)[0])


def _weights(block, place) -> pd.DataFrame:
    loss = block.loss[place]
    frame = pd.DataFrame(
        {
            "method": block.methods,
            "weight": block.weights[place],
            "loss": loss / loss.mean() if loss.mean() > 0 else loss,
        }
    )
    return frame.sort_values("weight", ascending=False, kind="stable", ignore_index=True)


def _backtest(fit, row, block, place) -> pd.DataFrame:
    actual, forecast = block.trial.actual[place], block.combined_tests[place]
    origin, lag = np.nonzero(~np.isnan(actual) & ~np.isnan(forecast))
    numbers = fit.panel.last[row] - block.trial.back[place][origin]
    return pd.DataFrame(
        {
            "origin": fit.panel.calendar.stamp(numbers),
            "bucket": fit.panel.calendar.stamp(numbers + 1 + lag),
            "lag": lag + 1,
            "actual": actual[origin, lag],
            "baseline": forecast[origin, lag],
        }
    )
