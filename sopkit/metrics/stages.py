"""Graded forecasts: how good each one was, and what each touch added to the one before.

The one graded table has a row per item, market, bucket, lag, model and source with forecast and
actual (units): ``sopkit.forecast.graded`` makes it of a backtest, ``graded_stages`` of the plans
released so far. Errors are measured in its cells and pooled up, so that misses of two items never
net out.
"""

import numpy as np
import pandas as pd

from sopkit.errors import PlanError
from sopkit.metrics.forecast_errors import naive_scales
from sopkit.tables import PLANS, declared

CELL = ["item", "market", "bucket"]
INCREMENTS = ["events", "launches", "initiatives", "sales_input", "override"]
STAGES = ["naive", "baseline", *INCREMENTS, "consensus", "released"]
NAIVE, CHOSEN = "seasonal naive", "chosen"
WHO = ["person", "reason"]
NOBODY = dict.fromkeys(WHO, "")
STAGE_OF = {NAIVE: "naive", CHOSEN: "baseline"}  # the backtest's models as stages
NEAR = 3  # lags by which methods are compared: what comes later can still be replanned
LAGS = (1, NEAR)  # that pages tell of
COMPANY, SUMS = "company", "sums"
LEVELS = [["item", "market"], ["item"], ["market"], ["family"], ["line"], [COMPANY]]


def graded_stages(released_forecasts, actuals, season: int = 12) -> pd.DataFrame:
    """Earlier plans beside what then happened: item, market, bucket, lag, model (the stage), source
    (released), forecast, actual, and the scales of MASE and RMSSE.

    ``released_forecasts``: item, market, bucket, lag and the demand plan's columns (those present),
    where baseline and the increments are added up stage by stage; ``released`` is what the
    executive meeting released, if it says so. ``actuals``: item, market, bucket, actual; an item's
    absent cell is unknown and is not graded. ``season`` is the lag, in buckets, of MASE's scale.

    >>> cell = {"item": "A", "market": "N", "bucket": pd.Timestamp("2026-01-01"), "lag": 1}
    >>> plan = pd.DataFrame([cell | {"naive": 8.0, "baseline": 10.0, "override": 3.0}])
    >>> graded = graded_stages(plan, plan[CELL].assign(actual=12.0))
    >>> graded[["model", "forecast", "actual"]].values.tolist()
    [['naive', 8.0, 12.0], ['baseline', 10.0, 12.0], ['override', 13.0, 12.0]]
    """
    present = [stage for stage in STAGES if stage in released_forecasts]
    summed = [stage for stage in present if stage == "baseline" or stage in INCREMENTS]
    forecasts = released_forecasts[[*CELL, "lag", *present]].copy()
    forecasts[summed] = forecasts[summed].cumsum(axis=1)
    known = forecasts.merge(actuals[[*CELL, "actual"]], on=CELL, validate="many_to_one")
    known = known.merge(_scales(actuals, season), on=CELL[:2], how="left").assign(source="released")
    keys = [*CELL, "lag", "source", "actual", "scale", "square_scale"]
    return known.melt(keys, present, "model", "forecast")


def _scales(actuals, season):
    """The ``naive_scales`` of each item and market."""
    wide = actuals.set_index(CELL)["actual"].unstack()
    scale, square = naive_scales(wide, season)
    return wide.index.to_frame(index=False).assign(scale=scale, square_scale=square)


def accuracy_by(graded, by) -> pd.DataFrame:
    """Accuracy of graded cells by the columns ``by``: wape, bias (fractions of demand; positive =
    over-forecast), mase, rmsse, pinball (units), coverage (0–1), demand (units), cells.

    WAPE and bias pool by demand, the rest by cells. Blank where unknown: without ``scale`` and
    ``square_scale`` MASE and RMSSE, without ``p10`` and ``p90`` pinball and coverage.
    """
    names = ["p10", "p90", "scale", "square_scale"]
    blank = {name: np.nan for name in names if name not in graded}
    cells = graded.assign(**blank).dropna(subset=["forecast", "actual"])
    error, demand = cells["forecast"] - cells["actual"], cells["actual"]
    below, above = demand - cells["p10"], demand - cells["p90"]
    cells = cells[by].assign(
        demand=demand,
        missed=error.abs(),
        error=error,
        mase=error.abs() / cells["scale"].where(cells["scale"] > 0),
        rmsse=error**2 / cells["square_scale"].where(cells["square_scale"] > 0),
        pinball=(np.maximum(0.1 * below, -0.9 * below) + np.maximum(0.9 * above, -0.1 * above)) / 2,
        coverage=((below >= 0) & (above <= 0)).where((below - above).notna()).astype(float),
    )
    groups = cells.groupby(by, sort=True, observed=True)
    sums = groups[["demand", "missed", "error"]].sum()
    found = groups[["mase", "rmsse", "pinball", "coverage"]].mean()
    positive = sums["demand"].where(sums["demand"] > 0)
    found.insert(0, "wape", sums["missed"] / positive)
    found.insert(1, "bias", sums["error"] / positive)
    found["rmsse"] **= 0.5
    return found.assign(demand=sums["demand"], cells=groups.size()).reset_index()


def kept_backtest(graded) -> pd.DataFrame:
    """The declared ``backtest`` table: the graded cells of the chosen forecast at near lags."""
    table, near = PLANS["backtest"], graded["lag"] <= NEAR
    return table.conform(graded.loc[near & (graded["model"] == CHOSEN), table.names])


def accuracy_table(graded) -> pd.DataFrame:
    """The declared ``forecast_accuracy`` table of graded cells; an item's markets are pooled, and a
    model that forecast only some of them is left out.

    >>> months = pd.to_datetime(["2026-01-01", "2026-02-01"])
    >>> cells = {"item": "A", "market": "N", "bucket": months, "lag": 1, "model": "theta"}
    >>> cells |= {"source": "backtest", "forecast": [12.0, 9.0], "actual": [10.0, 10.0]}
    >>> accuracy_table(pd.DataFrame(cells))[["model", "wape", "bias"]].values.tolist()
    [['theta', 0.15, 0.05]]
    """
    table = PLANS["forecast_accuracy"]
    found = accuracy_by(graded, ["item", "model", "lag", "source"])
    whole = found.groupby(["item", "lag", "source"])["cells"].transform("max") == found["cells"]
    return table.conform(found.loc[whole, table.names])


def value_added_table(
    graded, items, touches=None, *, levels=("company", "family", "item", SUMS)
) -> pd.DataFrame:
    """The declared ``value_added`` table: WAPE by stage and what the stage took off the error of
    the one before, for each source. At the level "sums" misses do net out: there the error is that
    of the sums by item × market, item, market, family, line and company.

    Stages follow the chain naive → baseline → … → consensus → released; those that are absent are
    skipped, and only cells that every present stage has forecast count. The first stage's
    value_added is blank. ``items`` gives families. ``touches`` (item, market, bucket, lag, stage,
    person, reason, units: who moved the released plans) give rows for the company that say what
    part of a stage is whose; they sum to it.

    >>> cells = {"item": "A", "market": "N", "bucket": pd.Timestamp("2026-01-01"), "lag": 1}
    >>> cells |= {"model": ["naive", "baseline"], "forecast": [14.0, 11.0], "actual": 10.0}
    >>> graded = pd.DataFrame(cells | {"source": "released"})
    >>> items = pd.DataFrame({"item": ["A"], "family": ["F"]})
    >>> table = value_added_table(graded, items, levels=["family"])
    >>> table[["stage", "name", "wape", "value_added"]].round(6).values.tolist()
    [['baseline', 'F', 0.1, 0.3], ['naive', 'F', 0.4, nan]]
    """
    groups = declared(items, "items").set_index("item")[["family", "line"]].replace("", np.nan)
    stage = graded["model"].replace(STAGE_OF)
    graded, tables = graded.assign(stage=stage)[stage.isin(STAGES)].dropna(subset="actual"), []
    for source, part in graded.groupby("source"):
        chain = [stage for stage in STAGES if stage in set(part["stage"])]
        known = _cells(part)[chain].dropna().reset_index("actual")
        known = known.reset_index().join(groups, on="item").assign(company=COMPANY)
        for level in levels:
            errors = _summed(known, chain) if level == SUMS else _missed(known, chain, level)
            tables.append(_steps_down(errors, chain).assign(level=level, source=source, **NOBODY))
        if touches is not None and source == "released":
            tables += _parts(known, chain, touches)
    table = PLANS["value_added"]
    return table.conform(pd.concat(tables)) if tables else table.empty()


def _cells(graded):
    """One row per item, market, bucket and lag with what was sold, and a column per stage."""
    repeated = int((graded.groupby([*CELL, "lag", "stage"], dropna=False).size() > 1).sum())
    if repeated:
        raise PlanError(
            f"graded forecasts: {repeated} cells have more than one forecast of a stage; give one"
            " row per item, market, bucket, lag and stage"
        )
    return graded.pivot(index=[*CELL, "lag", "actual"], columns="stage", values="forecast")


def _missed(known, chain, name):
    """Absolute errors of the chain's forecasts, beside what was sold, under the name that a column
    gives."""
    missed = known[chain].sub(known["actual"], axis=0).abs()
    return missed.assign(actual=known["actual"], lag=known["lag"], name=known[name])


def _summed(known, chain):
    """The errors of sums at every level of summing, under the level's name."""
    figures = [*chain, "actual"]
    sums = (
        known.groupby([*names, "bucket", "lag"])[figures].sum().assign(name=" × ".join(names))
        for names in LEVELS
    )
    sums = pd.concat(each.reset_index("lag") for each in sums)
    return _missed(sums, chain, "name")


def _parts(known, chain, touches):
    """What each person and reason took off the error of the company: of a cell's, in proportion to
    the signed units (the Aumann–Shapley value of a stage that grows evenly).
    """
    sold = known.groupby("lag")["actual"].sum()
    for stage in sorted(set(touches["stage"]) & {*chain[1:]}):
        cells = known.merge(touches[touches["stage"] == stage], on=[*CELL, "lag"])
        off = cells[chain[chain.index(stage) - 1]] - cells["actual"]
        after = cells[stage] - cells["actual"]
        moved = (after - off).where((after - off).abs() > 1e-9)
        gained = cells["units"] * ((off.abs() - after.abs()) / moved).fillna(-np.sign(off))
        sums = gained.groupby([cells[name] for name in ("lag", *WHO)]).sum()
        part = sums.div(sold.where(sold > 0), level="lag").rename("value_added").reset_index()
        yield part.assign(stage=stage, level=COMPANY, name=COMPANY, source="released", wape=np.nan)


def _steps_down(errors, chain):
    """Per name and lag: WAPE of each stage and the step down from the stage before."""
    sums = errors.groupby(["name", "lag"])[[*chain, "actual"]].sum()
    wapes = sums[chain].div(sums["actual"].where(sums["actual"] > 0), axis=0)
    steps = wapes.shift(1, axis=1) - wapes
    long = pd.DataFrame(
        {"wape": wapes.stack(future_stack=True), "value_added": steps.stack(future_stack=True)}
    )
    return long.rename_axis(["name", "lag", "stage"]).reset_index()
