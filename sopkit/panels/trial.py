"""Trying another method on one series: its forecast, its backtest, and what a change would do to
family, company and capacity.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from sopkit.charts.measure import with_family
from sopkit.errors import PlanError
from sopkit.forecast import METHODS, explain
from sopkit.metrics import wape

CHOSEN, ETS = "chosen", "ETS (statsmodels)"
SLIDERS = {"level": "alpha", "trend": "beta", "damping": "phi", "season": "gamma"}
_LEVEL, _TREND, _DAMPED = ("level",), ("level", "trend"), ("level", "trend", "damping")
_ALL = (*_DAMPED, "season")
TAKES = {
    "simple": _LEVEL,
    "simple additive": _LEVEL,
    "holt": _TREND,
    "damped": _DAMPED,
    "damped additive": _DAMPED,
    "damped log": _DAMPED,
    "winters": _ALL,
    "winters additive": _ALL,
    "winters log": _ALL,
    "theta": _LEVEL,
    "theta additive": _LEVEL,
    "theta log": _LEVEL,
    "croston": _LEVEL,
    "sba": _LEVEL,
    "tsb": _LEVEL,
    "adida": _LEVEL,
    "imapa": _LEVEL,
    ETS: ("level", "trend", "season"),
}
LAGS = 3


@dataclass(frozen=True)
class Trial:
    """A method's forecast by bucket, its band if it has one, its backtest error over lags 1–3, and
    why in words.
    """

    baseline: pd.Series
    band: pd.DataFrame | None
    wape: float
    why: str


def methods() -> list[str]:
    """The methods on offer: the pack's own choice, every registered one, and statsmodels' as an
    independent opinion.
    """
    return [CHOSEN, *METHODS, ETS]


def try_method(history, method, horizon: int, settings=None, season: int = 12) -> Trial:
    """The trial of a method on one series: ``history`` is bucket, quantity; ``settings`` maps
    slider to value, 0 = automatic.

    Raises ``PlanError`` where the history is too short or empty.
    """
    if len(history) < 3:
        raise PlanError(
            f"{len(history)} buckets of history are too few to try a method; start from an earlier"
            " bucket"
        )
    fixed = {
        SLIDERS[name]: value
        for name, value in (settings or {}).items()
        if value and name in TAKES.get(method, ())
    }
    if method == ETS:
        return _ets(history, horizon, fixed, season)
    found = explain(
        history.assign(item="x"),
        "x",
        horizon=horizon,
        method=None if method == CHOSEN else method,
        parameters=fixed or None,
    )
    near = found.backtest[found.backtest["lag"] <= LAGS]
    error = (
        wape(near["actual"], near["baseline"]) if len(near) and near["actual"].sum() > 0 else np.nan
    )
    return Trial(
        found.forecast.set_index("bucket")["baseline"],
        found.forecast.set_index("bucket")[["p10", "p90"]],
        error,
        found.why,
    )


def _ets(history, horizon, fixed, season):
    values = history["quantity"].to_numpy(dtype=float)
    future = pd.date_range(
        history["bucket"].iloc[-1], periods=horizon + 1, freq=_step(history["bucket"])
    )[1:]
    missed = [
        _fit(values[:-back], min(back, LAGS), fixed, season) - values[-back:][:LAGS]
        for back in (LAGS, 2 * LAGS)
        if len(values) - back >= 8
    ]
    actual = sum(
        values[-back:][:LAGS].sum() for back in (LAGS, 2 * LAGS) if len(values) - back >= 8
    )
    error = sum(np.abs(miss).sum() for miss in missed) / actual if actual > 0 else np.nan
    return Trial(
        pd.Series(_fit(values, horizon, fixed, season), index=future),
        None,
        error,
        "Holt-Winters of statsmodels, additive, damped trend",
    )


def _fit(values, horizon, fixed, season):
    import warnings

    from statsmodels.tsa.holtwinters import ExponentialSmoothing

    names = {"alpha": "smoothing_level", "beta": "smoothing_trend", "gamma": "smoothing_seasonal"}
    seasonal = (
        {"seasonal": "add", "seasonal_periods": season}
        if season > 1 and len(values) >= 2 * season + 2
        else {}
    )
    wanted = {names[name]: value for name, value in fixed.items() if name != "gamma" or seasonal}
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore"
        )  # its optimiser grumbles on short series; the backtest beside it shows how good it is
        model = ExponentialSmoothing(
            values, trend="add", damped_trend=True, initialization_method="estimated", **seasonal
        )
        return np.maximum(model.fit(**wanted).forecast(horizon), 0)


def _step(buckets):
    from sopkit.buckets import infer_calendar

    calendar = infer_calendar(buckets)
    return {"month": "MS", "quarter": "QS"}.get(calendar.size, pd.Timedelta(days=7))


@dataclass(frozen=True)
class Effect:
    """What a change of units would do: to the family and the company (units, money, share), and to
    the fullest resource.
    """

    units: float
    money: float
    family_share: float
    company_share: float
    resource: str = ""
    bucket: pd.Timestamp | None = None
    load_before: float = np.nan
    load_after: float = np.nan


def effect(
    change: pd.Series, item, demand_plan, items, capacity_plan=None, bill_of_resources=None
) -> Effect:
    """The effect of ``change`` (units by bucket) on one item; the load by rough cut, as if it were
    made when it falls due.
    """
    price = items.set_index("item")["price"].fillna(0.0)
    worth = with_family(demand_plan[["item", "consensus"]], items).assign(
        worth=lambda f: f["consensus"] * f["item"].map(price).fillna(0.0)
    )
    family = worth.loc[worth["item"] == item, "family"]
    money = float(change.sum() * price.get(item, 0.0))
    in_family = worth.loc[worth["family"] == (family.iloc[0] if len(family) else ""), "worth"].sum()
    shares = [money / total if total > 0 else np.nan for total in (in_family, worth["worth"].sum())]
    return Effect(
        float(change.sum()),
        money,
        *shares,
        **_loads(change, item, capacity_plan, bill_of_resources),
    )


def _loads(change, item, capacity_plan, bill_of_resources):
    if capacity_plan is None or bill_of_resources is None or capacity_plan.empty:
        return {}
    hours = (
        bill_of_resources[bill_of_resources["item"] == item]
        .set_index("resource")["hours_per_unit"]
        .astype(float)
    )
    rows = capacity_plan[
        capacity_plan["resource"].isin(hours.index) & (capacity_plan["regular_capacity"] > 0)
    ]
    added = rows["bucket"].map(change).astype(float).fillna(0.0) * rows["resource"].map(
        hours
    ).astype(float)
    rows = rows.assign(
        before=rows["load"] / rows["regular_capacity"],
        after=(rows["load"] + added) / rows["regular_capacity"],
    )[added != 0]
    if rows.empty:
        return {}
    worst = rows.loc[rows["after"].idxmax()]
    return {
        "resource": worst["resource"],
        "bucket": worst["bucket"],
        "load_before": worst["before"],
        "load_after": worst["after"],
    }
