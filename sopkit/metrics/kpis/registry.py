"""What every KPI means, and how values become declared rows with their targets and status."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from sopkit.metrics.scopes import COMPANY, item_values, setting
from sopkit.tables import PLANS


@dataclass(frozen=True)
class Kpi:
    """What a KPI means: unit in words, which way is better (higher, lower or zero), and the tables
    that feed it.
    """

    step: int
    unit: str
    better: str
    doc: str
    feeds: tuple[str, ...]


KPIS = {
    "on_time_delivery": Kpi(
        1, "fraction", "higher", "lines shipped within the window ÷ lines due", ("orders",)
    ),
    "otif": Kpi(1, "fraction", "higher", "orders on time and complete ÷ orders due", ("orders",)),
    "fill_rate": Kpi(
        1, "fraction", "higher", "units shipped at the first try ÷ units ordered", ("orders",)
    ),
    "order_cycle_time": Kpi(1, "days", "lower", "median days from order to shipment", ("orders",)),
    "order_cycle_time_p90": Kpi(
        1, "days", "lower", "days within which 90 % of the lines shipped", ("orders",)
    ),
    "order_cycle_time_net": Kpi(
        1,
        "days",
        "lower",
        "median days beyond the wait that customers asked for",
        ("orders.requested_on",),
    ),
    "order_cycle_time_net_p90": Kpi(
        1, "days", "lower", "P90 of the days beyond the wait asked for", ("orders.requested_on",)
    ),
    "lines_left_out": Kpi(
        1,
        "lines",
        "lower",
        "lines shipped before they were ordered, left out of every service KPI",
        ("orders",),
    ),
    "backlog_lead_time": Kpi(
        1,
        "buckets",
        "lower",
        "open orders ÷ shipments per bucket, last 3 (order-driven items)",
        ("orders",),
    ),
    "plan_adherence": Kpi(
        1,
        "fraction",
        "higher",
        "Σ min(actual, planned) ÷ Σ planned, by item",
        ("production_history",),
    ),
    "volume_adherence": Kpi(
        1, "fraction", "higher", "1 − |Σ planned − Σ actual| ÷ Σ planned", ("production_history",)
    ),
    "forecast_accuracy_lag_1": Kpi(
        1,
        "fraction",
        "higher",
        "1 − WAPE of the consensus made one bucket ahead, item × market",
        ("released plans",),
    ),
    "forecast_accuracy_lag_3": Kpi(
        1,
        "fraction",
        "higher",
        "1 − WAPE of the consensus made three buckets ahead, item × market",
        ("released plans",),
    ),
    "forecast_bias_lag_1": Kpi(
        1,
        "fraction",
        "zero",
        "Σ(F − A) ÷ ΣA one bucket ahead, positive = over-forecast",
        ("released plans",),
    ),
    "inventory_turns": Kpi(
        1,
        "turns/year",
        "higher",
        "annualised cost of sales ÷ average stock at cost, last 12 months",
        ("inventory_history",),
    ),
    "cover": Kpi(
        1,
        "buckets",
        "lower",
        "buckets of the demand that followed that the stock would last",
        ("inventory_history",),
    ),
    "stocked_out_share": Kpi(
        1, "fraction", "lower", "share of counted items without stock", ("inventory_history",)
    ),
    "planned_service": Kpi(
        5, "fraction", "higher", "demand of the next year served when it is due", ("supply_plan",)
    ),
    "planned_turns": Kpi(
        5,
        "turns/year",
        "higher",
        "planned cost of sales ÷ planned stock at cost, next year",
        ("financial_plan",),
    ),
    "planned_cover": Kpi(
        5,
        "buckets",
        "lower",
        "buckets of demand that the first bucket's closing stock lasts, at cost",
        ("inventory_plan",),
    ),
    "planned_utilisation": Kpi(
        5, "fraction", "lower", "load ÷ regular hours, next year", ("capacity_plan",)
    ),
    "cash_to_cash": Kpi(
        5, "days", "lower", "inventory days + receivable days − payable days", ("financial_plan",)
    ),
    "revenue_to_budget": Kpi(
        5,
        "fraction",
        "higher",
        "planned ÷ budgeted revenue, next year, where budgeted",
        ("budget",),
    ),
    "margin_to_budget": Kpi(
        5, "fraction", "higher", "planned ÷ budgeted margin, next year, where budgeted", ("budget",)
    ),
    "plan_stability": Kpi(
        5,
        "fraction",
        "lower",
        "Σ|plan now − last cycle| ÷ Σ last cycle inside the planning fence",
        ("released plans",),
    ),
    "open_decisions": Kpi(
        5, "decisions", "lower", "decisions without a chosen option", ("decisions",)
    ),
    "assumptions_broken": Kpi(
        5, "assumptions", "lower", "assumptions that were found broken", ("assumptions",)
    ),
}


def table(step, found, blank_bucket, settings=None) -> pd.DataFrame:
    """The declared rows of one step from ``found``: KPI name → Series by (scope, bucket); what
    lacks is "no data".

    >>> first = pd.Timestamp("2026-11-01")
    >>> found = {"open_decisions": pd.Series({("company", first): 2.0})}
    >>> row = table(5, found, first, {"targets": {"open_decisions": 3}}).set_index("kpi").loc["open_decisions"]
    >>> float(row["actual"]), float(row["target"]), row["status"]
    (2.0, 3.0, 'ok')
    """
    rows = [
        _rows(name, kpi, found.get(name), blank_bucket, setting(settings, "targets").get(name))
        for name, kpi in KPIS.items()
        if kpi.step == step
    ]
    return PLANS["kpis"].conform(pd.concat(rows, ignore_index=True).assign(step=step))


def status(actual, target, kpi) -> np.ndarray:
    """ok, watch (missed by at most 2 points of a fraction, 10 % of any other unit) or miss; "no
    target" without one.

    >>> status([0.96, 0.94, 0.90], 0.95, KPIS["on_time_delivery"]).tolist()
    ['ok', 'watch', 'miss']
    """
    actual = np.asarray(actual, dtype="float64")
    if target is None or np.isnan(target):
        return np.full(actual.shape, "no target", dtype=object)
    short = {"higher": target - actual, "lower": actual - target, "zero": np.abs(actual) - target}[
        kpi.better
    ]
    slack = 0.02 if kpi.unit == "fraction" else 0.1 * abs(target)
    return np.select([short <= 1e-12, short <= slack + 1e-12], ["ok", "watch"], "miss").astype(
        object
    )


def _rows(name, kpi, values, blank_bucket, target):
    values = pd.Series(dtype="float64") if values is None else values.dropna()
    if values.empty:
        words = "no data: would come from table " + ", ".join(kpi.feeds)
        return pd.DataFrame(
            [[name, COMPANY, blank_bucket, kpi.unit, np.nan, target, words]],
            columns=["kpi", "scope", "bucket", "unit", "actual", "target", "status"],
        ).astype({"target": "float64"})
    return pd.DataFrame(
        {
            "kpi": name,
            "scope": values.index.get_level_values(0),
            "bucket": values.index.get_level_values(1),
            "unit": kpi.unit,
            "actual": values.to_numpy(),
            "target": np.nan if target is None else float(target),
            "status": status(values.to_numpy(), target, kpi),
        }
    )


def some(frame) -> bool:
    """Whether there is a table with a row in it."""
    return frame is not None and len(frame) > 0


def within(frame, buckets):
    """The rows of these buckets."""
    return frame[frame["bucket"].isin(buckets)]


def grouped(frame, function, keys=("scope",)):
    """A Series of function(group) by scope (and bucket)."""
    if frame.empty:
        return pd.Series(dtype="float64")
    return pd.Series(
        {
            key if len(keys) > 1 else key[0]: function(group)
            for key, group in frame.groupby(list(keys))
        }
    )


def unit_costs(items, standard_cost):
    """Cost of a unit by item: the standard cost where given, else the items' unit_cost."""
    return (
        item_values(items, standard_cost, "standard_cost")
        if standard_cost is not None
        else item_values(items, None, "unit_cost")
    )
