"""The forecast of a history, as a frame."""

import numpy as np
import pandas as pd

from sopkit.errors import PlanError
from sopkit.forecast.bands import bands_of
from sopkit.forecast.fit import fit_panel
from sopkit.forecast.panel import check_horizon, panel_of
from sopkit.forecast.reasons import models_and_reasons
from sopkit.forecast.registry import chosen_methods


def forecast(
    history,
    horizon: int = 18,
    season: int | None = None,
    quantiles=(0.1, 0.9),
    client=None,
    *,
    method=None,
    parameters=None,
) -> pd.DataFrame:
    """The baseline forecast: item, [market,] bucket, baseline, p10, p90 (units per bucket), model,
    why; sorted by key.

    ``history`` has item, [market,] bucket, quantity; a bucket absent inside a series is 0, NaN is
    unknown, and each series' horizon starts after its own last row. ``season`` None = 12, 52 or 4
    by bucket size. ``method`` fixes one method of ``METHODS`` (or several to combine) with
    ``parameters`` such as {"alpha": 0.3}; by default they are weighted per series by their
    backtest. ``client`` spreads the work over dask workers. Raises ``PlanError`` for what a person
    must mend.

    >>> history = pd.DataFrame({"item": "A", "bucket": pd.date_range("2024-01-01", periods=24, freq="MS"), "quantity": 5.0})
    >>> forecast(history, horizon=2)["baseline"].round(9).tolist()
    [5.0, 5.0]
    """
    horizon, levels = check_horizon(horizon), check_levels(quantiles)
    check_season(season)
    methods = chosen_methods(method, parameters)
    panel = panel_of(history, season)
    return frame(fit_panel(panel, horizon, methods, client), levels)


def frame(fit, levels) -> pd.DataFrame:
    """A fit's forecast with its quantiles, as ``forecast`` returns it."""
    bands = bands_of(fit)
    count, horizon = bands.baseline.shape
    rows = np.repeat(np.arange(count), horizon)
    columns = {name: fit.panel.keys[name].array.take(rows) for name in fit.panel.keys}
    columns["bucket"] = fit.panel.future(horizon).ravel()
    columns["baseline"] = bands.baseline.ravel()
    for level in levels:
        columns[level_name(level)] = bands.at(level).ravel()
    for name, words in zip(("model", "why"), models_and_reasons(fit)):
        columns[name] = pd.array(words, dtype="str").take(rows)
    return pd.DataFrame(columns)


def level_name(level: float) -> str:
    """The column name of a quantile.

    >>> level_name(0.1), level_name(0.975)
    ('p10', 'p97_5')
    """
    return f"p{100 * level:.6f}".rstrip("0").rstrip(".").replace(".", "_")


def check_levels(quantiles) -> list[float]:
    """The quantiles in ascending order; ``PlanError`` unless each lies between 0 and 1."""
    levels = sorted({float(level) for level in quantiles})
    wrong = [level for level in levels if not 0 < level < 1]
    if wrong:
        raise PlanError(
            f"quantiles {wrong} are not between 0 and 1; give fractions, for example"
            " quantiles=(0.1, 0.9)"
        )
    return levels


def check_season(season) -> None:
    """``PlanError`` unless season is None or a whole number of at least 1."""
    if season is not None and (
        isinstance(season, bool) or not isinstance(season, (int, np.integer)) or season < 1
    ):
        raise PlanError(
            f"season is {season!r}; give the buckets in a season (12, 52, 4, or 1 for none)"
        )
