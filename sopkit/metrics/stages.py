"""What each touch added to the forecast: accuracy by model, and value added along the chain.

Both read one *graded* table: errors at item × market × bucket, summed by item, model and lag, so
that misses of two items never net out. A stage of the demand plan is a model too; the backtest of
``sopkit.forecast`` and the plans released so far are graded alike.
"""

import numpy as np
import pandas as pd

from sopkit.errors import PlanError
from sopkit.tables import PLANS

CELL = ["item", "market", "bucket"]
INCREMENTS = ["events", "launches", "initiatives", "sales_input", "override"]
STAGES = ["naive", "baseline", *INCREMENTS, "consensus", "released"]
STAGE_OF = {"seasonal naive": "naive", "chosen": "baseline"}  # model of the backtest → stage
COMPANY = "company"
SUMS = [
    *("cells", "demand", "missed", "error", "scaled", "scaled_cells", "squared", "squared_cells"),
    *("pinball", "covered"),
]


def graded_stages(released_forecasts, actuals) -> pd.DataFrame:
    """Earlier plans beside what then happened: item, market, bucket, lag, model (the
    stage), forecast, actual.

    ``released_forecasts``: item, market, bucket, lag and the demand plan's columns (those present),
    where baseline and the increments are added up stage by stage; ``released`` is what the
    executive meeting released, if it says so. ``actuals``: item, market, bucket, actual; an item's
    absent cell is unknown and is not graded.

    >>> plan = pd.DataFrame({"item": ["A"], "market": ["N"], "bucket": pd.to_datetime(["2026-01-01"]), "lag": [1],
    ...                      "naive": [8.0], "baseline": [10.0], "override": [3.0], "consensus": [13.0]})
    >>> graded_stages(plan, plan[CELL].assign(actual=12.0))[["model", "forecast", "actual"]].values.tolist()
    [['naive', 8.0, 12.0], ['baseline', 10.0, 12.0], ['override', 13.0, 12.0], ['consensus', 13.0, 12.0]]
    """
    present = [stage for stage in STAGES if stage in released_forecasts]
    summed = [stage for stage in present if stage == "baseline" or stage in INCREMENTS]
    forecasts = released_forecasts[[*CELL, "lag", *present]].copy()
    forecasts[summed] = forecasts[summed].cumsum(axis=1)
    known = forecasts.merge(actuals[[*CELL, "actual"]], on=CELL, validate="many_to_one")
    return known.melt([*CELL, "lag", "actual"], present, "model", "forecast")[
        [*CELL, "lag", "model", "forecast", "actual"]
    ]


def graded(cells, history=None, season=12) -> pd.DataFrame:
    """The graded table (item, model, lag and ``SUMS``) of item, market, bucket, lag, model,
    forecast, actual [, p10, p90]; only cells that every model has forecast count.

    ``history`` (item, market, bucket, demand) gives the in-sample scales of MASE and RMSSE, which
    stay unknown without it; coverage stays unknown without p10 and p90. Raises ``PlanError`` where
    a model has two forecasts of a cell.
    """
    bands = {name: cells.get(name, np.nan) for name in ("p10", "p90")}
    cells = cells.assign(**bands).dropna(subset=["forecast", "actual"])
    number = cells.groupby([*CELL, "lag"], dropna=False)["model"].transform("size")
    models = cells["model"].nunique()
    if (number > models).any():
        raise PlanError(
            f"graded forecasts: {(number > models).sum() // (models + 1)} cells have more than one"
            " forecast of a stage; give one row per item, market, bucket, lag and stage"
        )
    cells = _scaled(cells[number == models], history, season)
    error, actual = cells["forecast"] - cells["actual"], cells["actual"]
    inside = actual.between(cells["p10"], cells["p90"]).where(cells["p10"].notna())
    scaled, squared = error.abs() / cells["scale"], error**2 / cells["square_scale"]
    sums = {"cells": 1.0, "demand": actual, "missed": error.abs(), "error": error}
    sums |= {"scaled": scaled, "scaled_cells": scaled.notna(), "squared": squared}
    sums |= {"squared_cells": squared.notna(), "pinball": np.nan, "covered": inside}
    keys = ["item", "model", "lag"]
    return (
        cells[keys]
        .assign(**sums)
        .astype(dict.fromkeys(SUMS, float))
        .groupby(keys)[SUMS]
        .sum(min_count=1)
        .reset_index()
    )


def rates(graded, by) -> pd.DataFrame:
    """A graded table by the keys ``by``: wape, bias (fractions of demand; positive =
    over-forecast), mase, rmsse, pinball (units), coverage (0–1), demand (units) and cells.

    >>> cells = pd.DataFrame({"item": "A", "market": "N", "bucket": pd.to_datetime(["2026-01-01", "2026-02-01"]), "lag": 1,
    ...                       "model": "theta", "forecast": [12.0, 9.0], "actual": [10.0, 10.0]})
    >>> rates(graded(cells), ["model"])[["model", "wape", "bias"]].values.tolist()
    [['theta', 0.15, 0.05]]
    """
    sums = graded.groupby(by, sort=True, observed=True)[SUMS].sum(min_count=1)
    sums = sums[sums["cells"] > 0]
    per = sums.where(sums > 0)
    table = {
        "wape": sums["missed"] / per["demand"],
        "bias": sums["error"] / per["demand"],
        "mase": sums["scaled"] / per["scaled_cells"],
        "rmsse": np.sqrt(sums["squared"] / per["squared_cells"]),
        "pinball": sums["pinball"] / sums["cells"],
        "coverage": sums["covered"] / sums["cells"],
        "demand": sums["demand"],
        "cells": sums["cells"].astype(int),
    }
    return pd.DataFrame(table).reset_index()


def accuracy_table(graded, *, source="backtest") -> pd.DataFrame:
    """The declared ``forecast_accuracy`` table of a graded one; an item's markets are pooled."""
    if graded.empty:
        return PLANS["forecast_accuracy"].empty()
    table = rates(graded, ["item", "model", "lag"]).assign(source=source)
    return PLANS["forecast_accuracy"].conform(table[PLANS["forecast_accuracy"].names])


def value_added_table(
    graded, items, *, source="released", levels=("company", "family", "item")
) -> pd.DataFrame:
    """The declared ``value_added`` table: WAPE by stage and what the stage took off the error of
    the one before.

    Stages follow the chain naive → baseline → … → consensus → released; those that are absent are
    skipped, and the first one's value_added is blank. ``items`` gives families.

    >>> sums = pd.DataFrame({"item": "A", "lag": 1, "model": ["seasonal naive", "chosen"], "missed": [4.0, 1.0], "demand": 10.0})
    >>> value_added_table(sums, pd.DataFrame({"item": ["A"], "family": ["F"]}), levels=["family"])[["stage", "name", "wape", "value_added"]].values.tolist()
    [['baseline', 'F', 0.1, 0.30000000000000004], ['naive', 'F', 0.4, nan]]
    """
    rows = graded.assign(stage=graded["model"].replace(STAGE_OF))
    chain = [stage for stage in STAGES if stage in set(rows["stage"])]
    rows = rows[rows["stage"].isin(chain)]
    if rows.empty:
        return PLANS["value_added"].empty()
    names = {"item": rows["item"], "family": rows["item"].map(families(items)), "company": COMPANY}
    tables = [_steps(rows.assign(name=names[level]), chain).assign(level=level) for level in levels]
    return PLANS["value_added"].conform(pd.concat(tables, ignore_index=True).assign(source=source))


def _steps(rows, chain):
    """Per name and lag: WAPE of each stage and the step down from the stage before."""
    sums = rows.groupby(["name", "lag", "stage"])[["missed", "demand"]].sum()
    wapes = (sums["missed"] / sums["demand"].where(sums["demand"] > 0)).unstack("stage")[chain]
    long = {"wape": wapes, "value_added": wapes.shift(1, axis=1) - wapes}
    table = pd.DataFrame({name: part.stack(future_stack=True) for name, part in long.items()})
    return table.rename_axis(["name", "lag", "stage"]).reset_index()


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
