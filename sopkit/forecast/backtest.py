"""The backtest as a product: how good each method, and their weighted combination, would have
been.
"""

import numpy as np
import pandas as pd

from sopkit.errors import PlanError
from sopkit.forecast.fit import Fit, fit_panel
from sopkit.forecast.intervals import learn, own_spread, quantile
from sopkit.forecast.panel import check_horizon, panel_of
from sopkit.forecast.registry import chosen_methods
from sopkit.forecast.scores import naive_scales
from sopkit.forecast.trial import ORIGINS

CHOSEN = "chosen"
LEVELS = (0.1, 0.9)
SUMS = (
    "cells",
    "demand",
    "missed",
    "error",
    "scaled",
    "scaled_cells",
    "squared",
    "squared_cells",
    "pinball",
    "covered",
)


def backtest(
    history,
    horizon: int = 18,
    origins: int = ORIGINS,
    *,
    by=("item", "method", "lag"),
    families=None,
    season=None,
    method=None,
    parameters=None,
    client=None,
) -> pd.DataFrame:
    """Accuracy by any of item, market, class, family, method, lag: wape, bias (fractions of demand;
    positive = over-forecast), mase, rmsse, pinball (p10 and p90, units), coverage of p10–p90 (0–1),
    demand (units) and cells; sorted by ``by``.

    Every method is forecast from ``origins`` earlier buckets with only what was known then; method
    "chosen" is the combination, its weights and bands at each origin learned from the other
    origins. ``families`` is a frame with item and family. A history with markets adds market to an
    item key. Raises ``PlanError`` as ``forecast`` does, and for fewer than 2 origins.

    >>> history = pd.DataFrame({"item": "A", "bucket": pd.date_range("2022-01-01", periods=48, freq="MS"), "quantity": 5.0})
    >>> backtest(history, 3, by=("method",)).query("method == 'chosen'")["wape"].round(6).tolist()
    [0.0]
    """
    horizon = check_horizon(horizon)
    if not isinstance(origins, (int, np.integer)) or origins < 2:
        raise PlanError(
            f"origins is {origins!r}; give a whole number of at least 2, for example"
            f" origins={ORIGINS}"
        )
    panel = panel_of(history, season)
    return accuracy(
        fit_panel(panel, horizon, chosen_methods(method, parameters), client, int(origins)),
        by,
        families,
    )


def accuracy(fit: Fit, by=("item", "method", "lag"), families=None) -> pd.DataFrame:
    """A fit's backtest summed over everything that ``by`` does not name."""
    by = _keys(fit, by)
    parts = [_block_sums(fit, block, by, families) for block in fit.blocks.values()]
    if not parts:
        return pd.DataFrame(
            columns=[*by, "wape", "bias", "mase", "rmsse", "pinball", "coverage", "demand", "cells"]
        )
    sums = (
        pd.concat(parts, ignore_index=True).groupby(by, sort=True, observed=True)[list(SUMS)].sum()
    )
    sums = sums[sums["cells"] > 0]
    demand = sums["demand"].where(sums["demand"] > 0)
    return pd.DataFrame(
        {
            "wape": sums["missed"] / demand,
            "bias": sums["error"] / demand,
            "mase": sums["scaled"] / sums["scaled_cells"].where(sums["scaled_cells"] > 0),
            "rmsse": np.sqrt(
                sums["squared"] / sums["squared_cells"].where(sums["squared_cells"] > 0)
            ),
            "pinball": sums["pinball"] / sums["cells"],
            "coverage": sums["covered"] / sums["cells"],
            "demand": sums["demand"],
            "cells": sums["cells"].astype(int),
        }
    ).reset_index()


def _keys(fit, by):
    by = [by] if isinstance(by, str) else list(by)
    known = ["item", "market", "class", "family", "method", "lag"]
    unknown = [name for name in by if name not in known]
    if unknown or not by:
        raise PlanError(f"by names {unknown or 'nothing'}; use one or more of: {', '.join(known)}")
    if "item" in by and "market" in fit.panel.keys and "market" not in by:
        by.insert(by.index("item") + 1, "market")
    return [name for name in by if name != "market" or "market" in fit.panel.keys]


def _block_sums(fit, block, by, families) -> pd.DataFrame:
    """Sums of one block by the keys, worked out on arrays (series, method, lag)."""
    sums = [np.stack(columns, axis=1) for columns in zip(*_method_sums(fit, block))]
    shape = sums[0].shape
    names = {
        "method": np.array([*block.methods, CHOSEN], dtype=object),
        "lag": np.arange(1, fit.horizon + 1),
    }
    series = {
        name: fit.panel.keys[name].to_numpy(dtype=object)[block.rows] for name in fit.panel.keys
    }
    series["class"] = fit.classes[block.rows].astype(object)
    if "family" in by:
        series["family"] = _family_of(series["item"], families)
    axes = [0 if name in series else 1 if name == "method" else 2 for name in by]
    code, labels = np.zeros(shape, dtype=np.int64), {}
    for name, axis in zip(by, axes):
        place, labels[name] = pd.factorize(series.get(name, names.get(name)), sort=False)
        code = code * len(labels[name]) + place.reshape(
            [-1 if axis == at else 1 for at in range(3)]
        )
    groups, inverse = np.unique(code.ravel(), return_inverse=True)
    result = pd.DataFrame(
        {
            name: np.bincount(inverse, weights=values.ravel(), minlength=len(groups))
            for name, values in zip(SUMS, sums)
        }
    )
    for name in reversed(by):
        result.insert(0, name, pd.Series(labels[name]).take(groups % len(labels[name])).to_numpy())
        groups = groups // len(labels[name])
    return result


def _family_of(items, families):
    if families is None:
        raise PlanError(
            "backtest by family needs families: a frame with the columns item and family"
        )
    lookup = dict(zip(families["item"], families["family"]))
    return np.array([lookup.get(item, "(none)") for item in items], dtype=object)


def _method_sums(fit, block):
    """For each method and the combination, the SUMS over origins as arrays (series, lag)."""
    absolute, square = _scales(fit, block)
    combined = block.combined_tests
    for place in range(len(block.methods) + 1):
        tests = combined if place == len(block.methods) else block.trial.tests[:, :, place]
        yield _sums(block.trial.actual, tests, *_bands(block.trial, tests), absolute, square)


def _scales(fit, block):
    """The naive scales of MASE and RMSSE at each origin's own history, (series, origin)."""
    values = fit.prepared.known[block.rows]
    absolute, square = naive_scales(values, fit.panel.season)
    return absolute[:, None], square[:, None]


def _bands(trial, tests):
    """p10 and p90 of each origin's forecast (series, origin, lag), from the errors at the other
    origins.
    """
    scale = trial.scale[:, :-1, None]
    moved = (trial.actual - tests) / scale
    low, high = np.empty_like(tests), np.empty_like(tests)
    for origin in range(tests.shape[1]):
        others = np.delete(moved, origin, axis=1)
        taught = learn(others)
        unit = scale[:, origin] * taught.growth * own_spread(others, taught.growth)[:, None]
        low[:, origin] = np.maximum(
            tests[:, origin] + unit * quantile(taught.shape, np.array(LEVELS[0])), 0
        )
        high[:, origin] = np.maximum(
            tests[:, origin] + unit * quantile(taught.shape, np.array(LEVELS[1])), 0
        )
    return low, high


def _sums(actual, forecast, low, high, absolute, square):
    known = ~np.isnan(actual) & ~np.isnan(forecast)

    def total(values, where=known):
        return np.where(where, values, 0.0).sum(axis=1)

    error = forecast - actual
    below, above = actual - low, actual - high
    pinball = (
        np.maximum(LEVELS[0] * below, (LEVELS[0] - 1) * below)
        + np.maximum(LEVELS[1] * above, (LEVELS[1] - 1) * above)
    ) / 2
    scaled, squared = np.abs(error) / absolute[..., None], error**2 / square[..., None]
    return (
        total(1.0),
        total(actual),
        total(np.abs(error)),
        total(error),
        total(scaled, known & ~np.isnan(scaled)),
        total(1.0, known & ~np.isnan(scaled)),
        total(squared, known & ~np.isnan(squared)),
        total(1.0, known & ~np.isnan(squared)),
        total(pinball),
        total((actual >= low) & (actual <= high)),
    )
