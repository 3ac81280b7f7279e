"""Forecast, backtest, paths and reasons: views of one fit.

Each takes a history, or an earlier ``fit`` of it: then nothing is computed twice, and the accuracy
shown is that of the combination that makes the baseline.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from sopkit.errors import PlanError
from sopkit.forecast.arrays import over
from sopkit.forecast.bands import around, bands_of
from sopkit.forecast.fit import ORIGINS, Fit, fit_panel
from sopkit.forecast.methods import COMPARED, chosen_methods
from sopkit.forecast.panel import check_horizon, check_season, panel_of, total_over_markets, whole
from sopkit.forecast.reasons import models_and_reasons
from sopkit.metrics.forecast_errors import naive_scales
from sopkit.metrics.stages import CHOSEN


def fit(
    history,
    horizon: int = 18,
    season=None,
    client=None,
    *,
    method=None,
    parameters=None,
    origins: int = ORIGINS,
    calendar=None,
    groups=None,
    sums=True,
    learned=None,
) -> Fit:
    """The fit of a history (item, [market,] bucket, quantity), to be seen from several sides
    without fitting again; an earlier fit is handed back as it is.

    ``method`` fixes one of ``METHODS`` (or several to combine) with ``parameters``; ``client`` is
    a dask client or a scheduler's address; ``origins`` is how many times the past is forecast.
    ``calendar`` is the plan's, where it is known; else it is inferred from the buckets. Sums over
    markets, and over the families and lines of ``groups`` (item, family, line), are forecast too,
    and the series agree with them (see ``reconciled``) unless methods are fixed, or ``sums`` are
    not asked for. ``learned`` are the lessons of a fit (``lessons.learned``) that this history is a
    part of. Raises ``PlanError`` for what a person must mend, and for fewer than 2 origins.
    """
    if isinstance(history, Fit):
        return history
    check_season(season)
    if not whole(origins, 2):
        raise PlanError(
            f"origins is {origins!r}; give a whole number of at least 2, for example"
            f" origins={ORIGINS}"
        )
    horizon, methods = check_horizon(horizon), chosen_methods(method, parameters)
    panel, compared = panel_of(history, season, calendar), COMPARED if method is None else ()
    fit_it = partial(
        fit_panel, horizon=horizon, methods=methods, origins=int(origins), compared=compared
    )
    fitted = fit_it(panel, client=client, learned=learned)
    if (
        sums
        and method is None
        and len(panel.keys)
        and ("market" in panel.keys or groups is not None)
    ):
        from sopkit.forecast.reconcile import reconciled

        return reconciled(fitted, groups, fit_it)
    return fitted


def forecast(
    history,
    horizon: int = 18,
    season: int | None = None,
    quantiles=(0.1, 0.9),
    client=None,
    **how,
) -> pd.DataFrame:
    """The baseline forecast: item, [market,] bucket, baseline, p10, p90 (units per bucket), model,
    why; sorted by key.

    ``history`` has item, [market,] bucket, quantity; a bucket absent inside a series is 0, NaN is
    unknown, and each series' horizon starts after its own last row. ``season`` None = 12, 52 or 4
    by bucket size. ``method`` fixes one method of ``METHODS`` (or several to combine) with
    ``parameters`` such as {"alpha": 0.3}; by default they are weighted per series by their
    backtest (``how``: see ``fit``). ``client`` spreads the work over dask workers. Raises
    ``PlanError`` for what a person must mend.

    >>> months = pd.date_range("2024-01-01", periods=24, freq="MS")
    >>> history = pd.DataFrame({"item": "A", "bucket": months, "quantity": 5.0})
    >>> forecast(history, horizon=2)["baseline"].round(9).tolist()
    [5.0, 5.0]
    """
    levels = check_levels(quantiles)
    fitted = fit(history, horizon, season, client, **how)
    bands, keys = bands_of(fitted), fitted.panel.keys
    models, reasons = models_and_reasons(fitted)
    told = {"model": pd.array(models, dtype="str"), "why": pd.array(reasons, dtype="str")}
    rows = np.repeat(np.arange(len(keys)), fitted.horizon)
    frame = keys.assign(**told).iloc[rows].reset_index(drop=True)
    shown = {"bucket": fitted.panel.future(fitted.horizon).ravel()}
    shown |= {"baseline": bands.baseline.ravel()}
    shown |= {level_name(level): bands.at(level).ravel() for level in levels}
    return frame.assign(**shown)[[*keys, *shown, *told]]


def backtest(
    history,
    horizon: int = 18,
    origins: int = ORIGINS,
    *,
    by=("item", "method", "lag"),
    families=None,
    **how,
) -> pd.DataFrame:
    """Accuracy by any of item, market, class, family, method, lag: wape, bias (fractions of demand;
    positive = over-forecast), mase, rmsse, pinball (p10 and p90, units), coverage of p10–p90 (0–1),
    demand (units) and cells; sorted by ``by``.

    Every method is forecast from ``origins`` earlier buckets with only what was known then; method
    "chosen" is the combination, its weights and bands at each origin learned from the other
    origins. ``families`` is a frame with item and family, ``how`` as ``fit`` takes it. A history
    with markets adds market to an item key. Raises ``PlanError`` as ``forecast`` does, and for
    fewer than 2 origins.

    >>> months = pd.date_range("2022-01-01", periods=48, freq="MS")
    >>> history = pd.DataFrame({"item": "A", "bucket": months, "quantity": 5.0})
    >>> tested = backtest(history, 3, by=("method",))
    >>> tested.query("method == 'chosen'")["wape"].round(6).tolist()
    [0.0]
    """
    from sopkit.metrics.stages import accuracy_by

    cells = graded(history, horizon=horizon, origins=origins, **how)
    cells = cells.rename(columns={"model": "method"})
    by, known = [by] if isinstance(by, str) else list(by), ["item", "class", "method", "lag"]
    known += ["market"] if "market" in cells or len(by) > 1 else []
    if wrong := [name for name in by if name not in ("family", *known)] or not by:
        raise PlanError(
            f"by names {wrong if by else 'nothing'}; use one or more of: item, market, class,"
            " family, method, lag"
        )
    if "family" in by:
        if families is None:
            raise PlanError(
                "backtest by family needs families: a frame with the columns item and family"
            )
        named = cells["item"].map(dict(zip(families["item"], families["family"])))
        cells["family"] = named.fillna("(none)")
    if "item" in by and "market" in cells and "market" not in by:
        by.insert(by.index("item") + 1, "market")
    return accuracy_by(cells, [name for name in by if name in cells])


def graded(history, lags: int | None = None, **how) -> pd.DataFrame:
    """The backtest cell by cell: item, [market,] class, bucket, lag, model, source (backtest),
    forecast, actual, p10, p90 (units), and the in-sample ``scale`` and ``square_scale`` of MASE and
    RMSSE; one row per series, origin, method and lag (up to ``lags``) that met a known bucket.

    ``history`` is a history, fitted as ``how`` says (see ``fit``), or a fit of it. Bands at an
    origin are learned from the other origins' errors; model "chosen" is the combination.
    """
    fitted = fit(history, **how)
    parts = [_graded_block(fitted, block, lags) for block in fitted.blocks.values()]
    keys = [*fitted.panel.keys.columns, "class", "bucket", "lag", "model", "source"]
    numbers = ["forecast", "actual", "p10", "p90", "scale", "square_scale"]
    empty = pd.DataFrame(columns=[*keys, *numbers])
    return pd.concat(parts, ignore_index=True) if parts else empty


def _graded_block(fitted, block, lags) -> pd.DataFrame:
    """One block's cells, worked out on arrays (series, origin, method, lag)."""
    trial, panel = block.trial, fitted.panel
    tests = np.concatenate([trial.tests, block.combined_tests[:, :, None]], axis=2)
    bands = [_bands(trial, tests[:, :, place]) for place in range(tests.shape[2])]
    low, high = (np.stack(side, axis=2) for side in zip(*bands))
    tested = ~np.isnan(tests) & ~np.isnan(trial.actual)[:, :, None]
    tested[..., lags:] &= lags is None
    series, origin, method, lag = at = np.nonzero(tested)
    row = block.rows[series]
    scale, square = naive_scales(fitted.prepared.known[block.rows], panel.season)
    columns = {
        "class": fitted.classes[row].astype(object),
        "bucket": panel.calendar.stamp(panel.last[row] - trial.back[series, origin] + 1 + lag),
        "lag": lag + 1,
        "model": np.array([*block.methods, CHOSEN], dtype=object)[method],
        "source": "backtest",
        "forecast": tests[at],
        "actual": trial.actual[series, origin, lag],
        "p10": low[at],
        "p90": high[at],
        "scale": scale[series],
        "square_scale": square[series],
    }
    return panel.keys.iloc[row].reset_index(drop=True).assign(**columns)


def _bands(trial, tests):
    """p10 and p90 of each origin's forecast (series, origin, lag), from the errors at the other
    origins.
    """
    moved, bands = trial.moved(tests), np.empty((2, *tests.shape))
    for origin in range(tests.shape[1]):
        others = np.delete(moved, origin, axis=1)
        band = around(tests[:, origin], trial.scale[:, origin], others)
        bands[:, :, origin] = band.at(0.1), band.at(0.9)
    return bands


def sample_paths(
    history,
    horizon: int = 18,
    paths: int = 1000,
    seed: int = 0,
    **how,
) -> np.ndarray:
    """Possible demand, array (item, path, bucket) in units, items sorted; of a history with markets
    their sum, around the sum of their baselines; of an earlier fit, series by series.

    Each bucket follows the forecast's own quantiles; buckets move together as the backtest's errors
    did. An item's paths depend on the seed and its name, not on the other items' order.
    ``how`` is as ``fit`` takes it. Raises ``PlanError`` as ``forecast`` does, and for paths < 1.

    >>> months = pd.date_range("2024-01-01", periods=24, freq="MS")
    >>> history = pd.DataFrame({"item": "A", "bucket": months, "quantity": 5.0})
    >>> sample_paths(history, 3, paths=10).shape
    (1, 10, 3)
    """
    if not whole(paths, 1):
        raise PlanError(
            f"paths is {paths!r}; give a whole number of at least 1, for example paths=1000"
        )
    fitted = total = fit(history, horizon, **how)
    if fitted is not history and "market" in fitted.panel.keys:
        total = fit(total_over_markets(history), horizon, **how)
    drawn = bands_of(total).paths(total.panel.keys["item"].tolist(), int(paths), seed)
    if total is fitted:
        return drawn
    parts = pd.DataFrame(fitted.baseline).groupby(fitted.panel.keys["item"]).sum().to_numpy()
    return drawn * over(parts, total.baseline)[:, None]


@dataclass(frozen=True)
class Explanation:
    """Why a series is forecast as it is: ``model`` and ``why`` in words; ``forecast``: bucket,
    baseline and quantiles; ``backtest``: bucket, lag, actual, baseline (all units).
    """

    model: str
    why: str
    forecast: pd.DataFrame
    backtest: pd.DataFrame


def explain(
    history,
    item,
    market=None,
    *,
    quantiles=(0.1, 0.9),
    **how,
) -> Explanation:
    """The ``Explanation`` of one item (and market), as ``forecast`` of the same history would
    forecast it.

    ``history`` is a history, fitted as ``how`` says (see ``fit``), or an earlier fit. With markets
    and no ``market`` a history's markets are summed first (of a fit, name one). Raises
    ``PlanError`` for an item or market that is not in the history.

    >>> months = pd.date_range("2024-01-01", periods=24, freq="MS")
    >>> history = pd.DataFrame({"item": "A", "bucket": months, "quantity": 5.0})
    >>> explain(history, "A").why.split(";")[0]
    'smooth demand, 24 buckets, no season (0.00)'
    """
    fitted = fit(total_over_markets(history) if market is None else history, **how)
    key = _key(fitted.panel.keys, item, market)
    ahead = forecast(fitted, quantiles=quantiles).merge(key)
    cells = graded(fitted).query("model == @CHOSEN").merge(key)
    cells = cells.rename(columns={"forecast": "baseline"})
    return Explanation(
        ahead["model"].iloc[0],
        ahead["why"].iloc[0],
        ahead.drop(columns=[*key, "model", "why"]),
        cells[["bucket", "lag", "actual", "baseline"]],
    )


def _key(keys, item, market) -> pd.DataFrame:
    """The one row of ``keys`` that is asked for."""
    found = keys[keys["item"] == item]
    if found.empty:
        near = ", ".join(map(str, keys["item"].unique()[:5]))
        raise PlanError(
            f"item {item!r} is not in the history, which has {keys['item'].nunique()} items"
            f" ({near}, …); name one of them"
        )
    if "market" in keys:
        named = found[found["market"] == market]
        if named.empty:
            raise PlanError(
                f"market {market!r} is not in the history of item {item!r}; name one of:"
                f" {', '.join(map(str, found['market']))}"
            )
        return named
    return found


def level_name(level: float) -> str:
    """The column name of a quantile.

    >>> level_name(0.1), level_name(0.975)
    ('p10', 'p97_5')
    """
    return f"p{100 * level:.6f}".rstrip("0").rstrip(".").replace(".", "_")


def check_levels(quantiles) -> list[float]:
    """The quantiles in ascending order; ``PlanError`` unless each lies between 0 and 1."""
    levels = sorted({float(level) for level in quantiles})
    if wrong := [level for level in levels if not 0 < level < 1]:
        raise PlanError(
            f"quantiles {wrong} are not between 0 and 1; give fractions, for example"
            " quantiles=(0.1, 0.9)"
        )
    return levels
