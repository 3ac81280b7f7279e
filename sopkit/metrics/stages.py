"""What each touch added to the forecast: value added along the chain, and accuracy by method.

Both take tidy *graded* forecasts, one row per item, market, bucket, lag and stage (or model), with
forecast and actual. Errors are measured at item × market × bucket and pooled up, so that misses of
two items never net out.
"""

import numpy as np
import pandas as pd

from sopkit.errors import PlanError
from sopkit.tables import PLANS

CELL = ["item", "market", "bucket"]
INCREMENTS = ["events", "launches", "initiatives", "sales_input", "override"]
STAGES = ["naive", "baseline", *INCREMENTS, "consensus", "released"]
COMPANY = "company"


def graded_stages(released_forecasts, actuals) -> pd.DataFrame:
    """Earlier plans beside what then happened: item, market, bucket, lag, stage, forecast, actual.

    ``released_forecasts``: item, market, bucket, lag and the demand plan's columns (those present),
    where baseline and the increments are added up stage by stage; ``released`` is what the
    executive meeting released, if it says so. ``actuals``: item, market, bucket, actual; an item's
    absent cell is unknown and is not graded.

    >>> plan = pd.DataFrame({"item": ["A"], "market": ["N"], "bucket": pd.to_datetime(["2026-01-01"]), "lag": [1],
    ...                      "naive": [8.0], "baseline": [10.0], "override": [3.0], "consensus": [13.0]})
    >>> graded_stages(plan, plan[CELL].assign(actual=12.0))[["stage", "forecast", "actual"]].values.tolist()
    [['naive', 8.0, 12.0], ['baseline', 10.0, 12.0], ['override', 13.0, 12.0], ['consensus', 13.0, 12.0]]
    """
    present = [stage for stage in STAGES if stage in released_forecasts]
    summed = [stage for stage in present if stage == "baseline" or stage in INCREMENTS]
    forecasts = released_forecasts[[*CELL, "lag", *present]].copy()
    forecasts[summed] = forecasts[summed].cumsum(axis=1)
    known = forecasts.merge(actuals[[*CELL, "actual"]], on=CELL, validate="many_to_one")
    return known.melt([*CELL, "lag", "actual"], present, "stage", "forecast")[
        [*CELL, "lag", "stage", "forecast", "actual"]
    ]


def value_added_table(
    graded, items, *, source="released", levels=("company", "family", "item")
) -> pd.DataFrame:
    """The declared ``value_added`` table: WAPE by stage and what the stage took off the error of
    the one before.

    Stages follow the chain naive → baseline → … → consensus → released; those that are absent are
    skipped, and only cells that every present stage has forecast count. The first stage's
    value_added is blank. ``items`` gives families.

    >>> cells = pd.DataFrame({"item": "A", "market": "N", "bucket": pd.Timestamp("2026-01-01"), "lag": 1,
    ...                       "stage": ["naive", "baseline"], "forecast": [14.0, 11.0], "actual": 10.0})
    >>> value_added_table(cells, pd.DataFrame({"item": ["A"], "family": ["F"]}), levels=["family"])[["stage", "name", "wape", "value_added"]].values.tolist()
    [['baseline', 'F', 0.1, 0.30000000000000004], ['naive', 'F', 0.4, nan]]
    """
    if graded.empty:
        return PLANS["value_added"].empty()
    chain = [stage for stage in STAGES if stage in set(graded["stage"].unique())]
    cells = _cells(graded, chain)
    known = cells.dropna(subset=[*chain, "actual"])
    missed = known[chain].sub(known["actual"], axis=0).abs().assign(actual=known["actual"])
    errors = missed.groupby([known["item"], known["lag"]]).sum().reset_index()
    return _chain(errors, chain, items, source, levels)


def accuracy_table(graded, *, source="backtest", history=None, season=12) -> pd.DataFrame:
    """The declared ``forecast_accuracy`` table from item, market, bucket, lag, model, forecast,
    actual [, p10, p90].

    ``history`` (item, market, bucket, demand) gives the in-sample scales of MASE and RMSSE, which
    stay blank without it; coverage stays blank without p10 and p90. An item's markets are pooled.

    >>> cells = pd.DataFrame({"item": "A", "market": "N", "bucket": pd.to_datetime(["2026-01-01", "2026-02-01"]), "lag": 1,
    ...                       "model": "theta", "forecast": [12.0, 9.0], "actual": [10.0, 10.0]})
    >>> accuracy_table(cells)[["model", "wape", "bias"]].values.tolist()
    [['theta', 0.15, 0.05]]
    """
    if graded.empty:
        return PLANS["forecast_accuracy"].empty()
    cells = graded.assign(**{name: graded.get(name, np.nan) for name in ("p10", "p90")}).dropna(
        subset=["forecast", "actual"]
    )
    cells = _scaled(cells, history, season)
    error = cells["forecast"] - cells["actual"]
    inside = (
        cells["actual"]
        .between(cells["p10"], cells["p90"])
        .astype("float64")
        .where(cells[["p10", "p90"]].notna().all(axis=1))
    )
    cells = cells.assign(error=error, size=error.abs(), square=error**2, inside=inside)
    sums = (
        cells.groupby(["item", "model", "lag"])
        .agg(
            error=("error", "sum"),
            size=("size", "sum"),
            actual=("actual", "sum"),
            mean_size=("size", "mean"),
            square=("square", "mean"),
            scale=("scale", "mean"),
            square_scale=("square_scale", "mean"),
            coverage=("inside", "mean"),
        )
        .reset_index()
    )
    positive = {
        name: sums[name].where(sums[name] > 0) for name in ("actual", "scale", "square_scale")
    }
    return PLANS["forecast_accuracy"].conform(
        sums[["item", "model", "lag", "coverage"]].assign(
            source=source,
            wape=sums["size"] / positive["actual"],
            bias=sums["error"] / positive["actual"],
            mase=sums["mean_size"] / positive["scale"],
            rmsse=np.sqrt(sums["square"] / positive["square_scale"]),
        )
    )


def _cells(graded, chain):
    """One row per item, market, bucket and lag, with a column per stage: a pivot that stays quick
    for millions of rows.
    """
    graded = graded[graded["stage"].isin(chain)]
    cell = graded.groupby([*CELL, "lag"], sort=False, dropna=False).ngroup().to_numpy()
    stage = pd.Categorical(graded["stage"], categories=chain).codes.astype("int64")
    repeated = int((np.bincount(cell * len(chain) + stage) > 1).sum()) if len(cell) else 0
    if repeated:
        raise PlanError(
            f"graded forecasts: {repeated} cells have more than one forecast of a stage; give one"
            " row per item, market, bucket, lag and stage"
        )
    first = np.unique(cell, return_index=True)[1]
    forecasts = np.full((len(first), len(chain)), np.nan)
    forecasts[cell, stage] = graded["forecast"].to_numpy(dtype="float64")
    return (
        graded.iloc[first][["item", "lag", "actual"]]
        .reset_index(drop=True)
        .assign(**dict(zip(chain, forecasts.T)))
    )


def _chain(errors, chain, items, source, levels):
    """The declared table from missed units by item and lag: one column per stage, and actual."""
    names = {
        "item": errors["item"],
        "family": errors["item"].map(families(items)),
        "company": COMPANY,
    }
    tables = [
        _steps_down(errors.assign(name=names[level]), chain).assign(level=level) for level in levels
    ]
    return PLANS["value_added"].conform(pd.concat(tables, ignore_index=True).assign(source=source))


def families(items) -> pd.Series:
    """Family by item (index item); a blank or absent family is ``(none)``.

    >>> families(pd.DataFrame({"item": ["A", "B"], "family": ["Pumps", None]})).to_dict()
    {'A': 'Pumps', 'B': '(none)'}
    """
    named = (
        items["family"] if "family" in items else pd.Series(None, index=items.index, dtype="str")
    )
    return pd.Series(
        named.astype("str").replace("", None).fillna("(none)").to_numpy(),
        index=items["item"].to_numpy(),
        name="family",
    )


def _steps_down(errors, chain):
    """Per name and lag: WAPE of each stage and the step down from the stage before."""
    sums = errors.groupby(["name", "lag"])[[*chain, "actual"]].sum()
    wapes = sums[chain].div(sums["actual"].where(sums["actual"] > 0), axis=0)
    steps = wapes.shift(1, axis=1) - wapes
    long = pd.DataFrame(
        {"wape": wapes.stack(future_stack=True), "value_added": steps.stack(future_stack=True)}
    )
    return long.rename_axis(["name", "lag", "stage"]).reset_index()


def _scaled(cells, history, season):
    """Adds the in-sample mean |A[t] − A[t−m]| and mean (A[t] − A[t−1])² of each item and market."""
    if history is None:
        return cells.assign(scale=np.nan, square_scale=np.nan)
    ordered = history.sort_values(CELL)
    series = ordered.groupby(["item", "market"])["demand"]
    scales = pd.DataFrame(
        {
            "item": ordered["item"],
            "market": ordered["market"],
            "scale": (ordered["demand"] - series.shift(season)).abs(),
            "square_scale": series.diff() ** 2,
        }
    )
    return cells.merge(
        scales.groupby(["item", "market"], as_index=False).mean(), on=["item", "market"], how="left"
    )
