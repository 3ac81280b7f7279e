"""One series' forecast taken apart, for the tuner and the pages."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from sopkit.errors import PlanError
from sopkit.forecast.bands import bands_of
from sopkit.forecast.baseline import check_levels, check_season, level_name
from sopkit.forecast.drivers import event_effects, learn_events, without_events
from sopkit.forecast.fit import Fit, fit_panel
from sopkit.forecast.panel import check_horizon, panel_of, total_over_markets
from sopkit.forecast.reasons import models_and_reasons
from sopkit.forecast.registry import chosen_methods
from sopkit.forecast.seasonal import past_indices
from sopkit.forecast.smoothing import ALPHAS, initial_states, likelihood_weights, recursion
from sopkit.forecast.trial import ORIGINS
from sopkit.forecast.window import Window


@dataclass(frozen=True)
class Explanation:
    """Why a series is forecast as it is.

    ``history``: bucket, quantity (as given), cleansed, level, trend (units per bucket), season
    (factor − or + units), remainder; ``forecast``: bucket, baseline and quantiles; ``members``:
    method, bucket, quantity of each method; ``weights``: method, weight, loss (backtest error
    against the mean of the methods); ``backtest``: origin, bucket, lag, actual, baseline;
    ``by_origin``: origin, wape, bias, naive_wape; ``events``: bucket, effect (units, past and to
    come). ``demand_class``, ``seasonal`` ("multiplicative" or "additive"), ``strength`` 0–1,
    ``model`` and ``why`` are the words.
    """

    item: str
    market: str | None
    demand_class: str
    seasonal: str
    strength: float
    model: str
    why: str
    history: pd.DataFrame
    forecast: pd.DataFrame
    members: pd.DataFrame
    weights: pd.DataFrame
    backtest: pd.DataFrame
    by_origin: pd.DataFrame
    events: pd.DataFrame


def fit(
    history,
    horizon: int = 18,
    season=None,
    client=None,
    *,
    method=None,
    parameters=None,
    origins: int = ORIGINS,
) -> Fit:
    """The fit of a history, to be explained item by item without fitting again:
    ``explain(fit(history), item)``.
    """
    check_season(season)
    return fit_panel(
        panel_of(history, season),
        check_horizon(horizon),
        chosen_methods(method, parameters),
        client,
        origins,
    )


def explain(
    history,
    item,
    market=None,
    *,
    horizon: int = 18,
    season=None,
    quantiles=(0.1, 0.9),
    method=None,
    parameters=None,
    events=None,
    items=None,
) -> Explanation:
    """The ``Explanation`` of one item (and market), as ``forecast`` of the same history would
    forecast it.

    ``history`` is a history frame or an earlier ``fit``. With markets and no ``market`` the item's
    markets are summed first. With ``events`` (and ``items`` for families and prices) their effects
    are taken out of a history frame before it is forecast, and shown. Raises ``PlanError`` for an
    item or market that is not in the history.

    >>> history = pd.DataFrame({"item": "A", "bucket": pd.date_range("2024-01-01", periods=24, freq="MS"), "quantity": 5.0})
    >>> explain(history, "A").demand_class
    'smooth'
    """
    levels, model = check_levels(quantiles), None
    if not isinstance(history, Fit):
        source = total_over_markets(history) if market is None else history
        if events is not None:
            model = learn_events(source, events, items, season)
            source = without_events(source, model)
        history = fit(source, horizon, season, method=method, parameters=parameters)
    row = _row(history.panel.keys, item, market)
    bands = bands_of(history)
    models, reasons = models_and_reasons(history)
    kind = "regular" if history.prepared.regular[row] else "rare"
    block = history.blocks[kind]
    place = int(np.flatnonzero(block.rows == row)[0])
    window = Window(history.prepared.values[row : row + 1], history.panel.season)
    ahead = _forecast(history, row, bands, levels)
    return Explanation(
        item,
        market,
        str(history.classes[row]),
        "multiplicative" if window.positive[0] else "additive",
        float(history.strength[row]),
        models[row],
        reasons[row],
        _history(history, row, window),
        ahead,
        _members(history, row, block, place),
        _weights(block, place),
        *_backtest(history, row, block, place),
        _events(history.panel.keys.iloc[[row]], ahead, model, events, items),
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


def _history(fit, row, window) -> pd.DataFrame:
    values, width = window.values, window.values.shape[1]
    known = np.arange(width) >= width - fit.panel.lengths[row]
    if window.positive[0]:
        season = np.exp(past_indices(window.log_season[0], width))
        adjusted = values / season
    else:
        season = past_indices(window.plain_season[0], width)
        adjusted = values - season
    level, trend = level_and_trend(adjusted)
    fitted = level * season if window.positive[0] else level + season
    frame = pd.DataFrame(
        {
            "bucket": fit.panel.past()[row],
            "quantity": fit.panel.values[row],
            "cleansed": values[0],
            "level": level[0],
            "trend": trend[0],
            "season": season[0],
            "remainder": (values - fitted)[0],
        }
    )
    return frame[known].reset_index(drop=True)


def level_and_trend(adjusted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The smoothed level and its move at each bucket (series, bucket), by simple smoothing at its
    likelihood's weights.

    >>> level_and_trend(np.full((1, 4), 2.0))[0].round(9).tolist()
    [[2.0, 2.0, 2.0, 2.0]]
    """
    alpha = np.array(ALPHAS)
    states = recursion(
        adjusted, alpha, 0 * alpha, 0 * alpha + 1, *initial_states(adjusted, flat=True), keep=True
    )
    weights = likelihood_weights(states.squares, states.count)
    ahead = np.einsum("sg,sgt->st", weights, states.fitted)
    last = np.sum(weights * states.level, axis=1, keepdims=True)
    level = np.concatenate([ahead[:, 1:], last], axis=1)
    return level, np.diff(level, axis=1, prepend=level[:, :1])


def _forecast(fit, row, bands, levels) -> pd.DataFrame:
    rows = np.array([row])
    columns = {"bucket": fit.panel.future(fit.horizon)[row], "baseline": bands.baseline[row]}
    for level in levels:
        columns[level_name(level)] = bands.values(rows, np.full((1, fit.horizon), level))[0]
    return pd.DataFrame(columns)


def _members(fit, row, block, place) -> pd.DataFrame:
    future = fit.panel.future(fit.horizon)[row]
    return pd.DataFrame(
        {
            "method": np.repeat(block.methods, fit.horizon),
            "bucket": np.tile(future, len(block.methods)),
            "quantity": block.trial.forecasts[place].ravel(),
        }
    )


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


def _backtest(fit, row, block, place):
    actual, forecast = block.trial.actual[place], block.combined_tests[place]
    naive = (
        block.trial.tests[place, :, block.methods.index("seasonal naive")]
        if "seasonal naive" in block.methods
        else forecast * np.nan
    )
    origin, lag = np.nonzero(~np.isnan(actual) & ~np.isnan(forecast))
    numbers = fit.panel.last[row] - block.trial.back[place][origin]
    cells = pd.DataFrame(
        {
            "origin": fit.panel.calendar.stamp(numbers),
            "bucket": fit.panel.calendar.stamp(numbers + 1 + lag),
            "lag": lag + 1,
            "actual": actual[origin, lag],
            "baseline": forecast[origin, lag],
            "naive": naive[origin, lag],
        }
    )
    return cells.drop(columns="naive"), _by_origin(cells)


def _events(key, ahead, model, events, items) -> pd.DataFrame:
    """The effects of events on one series, past and to come."""
    if model is None:
        return pd.DataFrame({"bucket": pd.DatetimeIndex([]), "effect": pd.Series(dtype=float)})
    baseline = ahead[["bucket", "baseline"]].assign(**{name: key[name].iloc[0] for name in key})
    coming = event_effects(None, events, baseline, items, model=model)
    past = model.past.merge(key, on=list(key.columns))
    return pd.concat([past, coming[coming["effect"] != 0]], ignore_index=True)[["bucket", "effect"]]


def _by_origin(cells) -> pd.DataFrame:
    sums = (
        cells.assign(
            missed=(cells["baseline"] - cells["actual"]).abs(),
            error=cells["baseline"] - cells["actual"],
            naive_missed=(cells["naive"] - cells["actual"]).abs(),
        )
        .groupby("origin")[["actual", "missed", "error", "naive_missed"]]
        .sum()
    )
    demand = sums["actual"].where(sums["actual"] > 0)
    return pd.DataFrame(
        {
            "wape": sums["missed"] / demand,
            "bias": sums["error"] / demand,
            "naive_wape": sums["naive_missed"] / demand,
        }
    ).reset_index()
