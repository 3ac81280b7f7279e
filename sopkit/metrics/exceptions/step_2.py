"""What needs a look in the demand plan: forecast error, overrides, short history, change."""

import numpy as np
import pandas as pd

from sopkit.metrics.exceptions.rules import (
    SOON,
    bucket_count,
    exceptions_table,
    flag,
    percent,
    priced_plan,
    share,
    some,
    threshold,
)
from sopkit.metrics.scopes import per_item
from sopkit.metrics.stages import CELL


def demand(
    items,
    demand_plan,
    *,
    baseline_forecast=None,
    forecast_accuracy=None,
    history=None,
    launches=None,
    last_demand_plan=None,
    prices=None,
    settings=None,
) -> pd.DataFrame:
    """Step 2's exceptions: forecast error, large overrides, outside the band, short history, change
    against last cycle.

    Tables are as declared; ``last_demand_plan`` is that of the latest release. Returns the declared
    rows, most money first.
    """
    if not some(demand_plan):
        return exceptions_table(2, [])
    priced = priced_plan(demand_plan, items, prices)
    found = [_overrides(priced, settings), _short_history(priced, history, launches, settings)]
    if some(forecast_accuracy):
        found.append(_forecast_error(priced, forecast_accuracy, settings))
    if some(baseline_forecast):
        found.append(_outside_band(priced, baseline_forecast, settings))
    if some(last_demand_plan):
        found.append(_changes(priced, last_demand_plan, settings))
    return exceptions_table(2, found)


def _forecast_error(priced, forecast_accuracy, settings):
    """The error at the shortest lag of the method chosen (else of the best one) × the money of the
    next three buckets.
    """
    backtest = forecast_accuracy[forecast_accuracy["source"] == "backtest"].dropna(subset=["wape"])
    best = (
        backtest.assign(other=backtest["model"] != "chosen")
        .sort_values(["item", "lag", "other", "wape"], kind="stable")
        .drop_duplicates("item")
    )
    soon = priced[priced["bucket"].isin(sorted(priced["bucket"].unique())[:SOON])]
    stake = soon.assign(money=soon["consensus"] * soon["price"]).groupby("item")["money"].sum()
    worth = per_item(best, stake)
    rows = best.assign(
        name=best["item"],
        bucket=priced["bucket"].min(),
        value=best["wape"],
        money=best["wape"] * worth,
        worth=worth,
    )
    return flag(
        rows,
        "item",
        "forecast_error",
        settings,
        lambda r: (
            f"The statistics ({r.model}, lag {r.lag}) miss by {r.value:.0%}; the next {SOON}"
            f" buckets are worth {r.worth:,.0f}."
        ),
    )


def _overrides(priced, settings):
    sums = (
        priced.assign(money=(priced["override"] * priced["price"]).abs())
        .groupby(["item", "bucket"], as_index=False)[["override", "baseline", "money"]]
        .sum()
    )
    rows = sums.assign(name=sums["item"], value=share(sums["override"], sums["baseline"]))
    return flag(
        rows,
        "item",
        "large_override",
        settings,
        lambda r: (
            f"Override of {r.override:+,.0f} on a baseline of {r.baseline:,.0f} units"
            f" ({percent(r.value)})."
        ),
    )


def _outside_band(priced, baseline_forecast, settings):
    cells = priced[priced["override"] != 0].merge(baseline_forecast[[*CELL, "p10", "p90"]], on=CELL)
    judged = cells["baseline"] + cells["override"]
    beyond = (judged - cells["p90"]).clip(lower=0) - (cells["p10"] - judged).clip(lower=0)
    rows = cells.assign(
        name=cells["item"], value=beyond, judged=judged, money=beyond.abs() * cells["price"]
    )
    return flag(
        rows,
        "item",
        "outside_band",
        settings,
        lambda r: (
            f"With its override {r.market} plans {r.judged:,.0f} units, outside"
            f" {r.p10:,.0f}–{r.p90:,.0f}, where 8 of 10 outcomes should fall."
        ),
    )


def _short_history(priced, history, launches, settings):
    """Items with demand planned (or a launch) and few buckets of history; a like item's history
    counts.
    """
    worth = (
        priced.assign(money=priced["consensus"] * priced["price"])
        .groupby("item")[["consensus", "money"]]
        .sum()
    )
    known = (
        pd.Series(dtype="int64") if history is None else history.groupby("item")["bucket"].nunique()
    )
    length = pd.Series(
        worth.index.map(known).to_numpy(dtype="float64", na_value=0.0), index=worth.index
    )
    launched = launches is not None and len(launches) > 0
    like = (
        launches.set_index("item")["like_item"].dropna()
        if launched and "like_item" in launches
        else pd.Series(dtype="str")
    )
    covered = (
        worth.index.map(like[like != ""]).map(known).to_numpy(dtype="float64", na_value=0.0)
        if len(like)
        else 0.0
    )
    wanted = (worth["consensus"] > 0) | worth.index.isin(launches["item"] if launched else [])
    rows = worth.assign(
        name=worth.index, bucket=priced["bucket"].min(), value=np.maximum(length, covered)
    )[wanted]
    limit = threshold(settings, "short_history")
    few = rows[rows["value"] < limit]
    words = [
        f"Only {bucket_count(int(row.value))} of history behind {row.consensus:,.0f} units; name a"
        " like item or plan it by hand."
        for row in few.itertuples()
    ]
    return few.assign(
        level="item",
        rule="short_history",
        threshold=limit,
        reason=pd.Series(words, index=few.index, dtype="str"),
    )


def _changes(priced, last_demand_plan, settings):
    """Change of the consensus over the buckets that both plans cover, by item."""
    now = priced[priced["bucket"].isin(last_demand_plan["bucket"])]
    before = (
        last_demand_plan[last_demand_plan["bucket"].isin(now["bucket"])]
        .groupby("item")["consensus"]
        .sum()
    )
    sums = (
        now.groupby("item")
        .agg(now=("consensus", "sum"), price=("price", "mean"), bucket=("bucket", "min"))
        .reset_index()
    )
    was = per_item(sums, before)
    rows = sums.assign(
        name=sums["item"],
        was=was,
        value=share(sums["now"] - was, was),
        money=(sums["now"] - was).abs() * sums["price"],
    )
    return flag(
        rows,
        "item",
        "change",
        settings,
        lambda r: (
            f"Consensus moved from {r.was:,.0f} to {r.now:,.0f} units since the last release"
            f" ({percent(r.value)})."
        ),
    )
