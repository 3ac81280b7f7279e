"""Metrics by the conventions of the README's glossary: accuracy, service, flow, value added, KPIs,
exceptions, identities.
"""

from sopkit.metrics import exceptions, kpis
from sopkit.metrics.assumptions import condition, verdicts
from sopkit.metrics.book import Book
from sopkit.metrics.cost import standard_cost
from sopkit.metrics.flow import (
    backlog_lead_time,
    cash_to_cash,
    cover,
    inventory_turns,
    plan_adherence,
    plan_stability,
    utilisation,
    volume_adherence,
)
from sopkit.metrics.forecast_errors import (
    accuracy,
    bias,
    coverage,
    mape,
    mase,
    pinball,
    rmsse,
    smape,
    tracking_signal,
    value_added,
    wape,
)
from sopkit.metrics.identities import identities
from sopkit.metrics.service import (
    fill_rate,
    on_time_delivery,
    order_cycle_time,
    otif,
    perfect_order,
    planned_service,
    shipped_before_ordered,
    short_by_market,
    unserved,
)
from sopkit.metrics.stages import (
    accuracy_table,
    graded_stages,
    kept_backtest,
    value_added_table,
)

__all__ = [
    "Book",
    "accuracy",
    "accuracy_table",
    "backlog_lead_time",
    "bias",
    "cash_to_cash",
    "condition",
    "cover",
    "coverage",
    "exceptions",
    "fill_rate",
    "graded_stages",
    "identities",
    "inventory_turns",
    "kept_backtest",
    "kpis",
    "mape",
    "mase",
    "on_time_delivery",
    "order_cycle_time",
    "otif",
    "perfect_order",
    "pinball",
    "plan_adherence",
    "plan_stability",
    "planned_service",
    "rmsse",
    "shipped_before_ordered",
    "short_by_market",
    "smape",
    "standard_cost",
    "tracking_signal",
    "unserved",
    "utilisation",
    "value_added",
    "value_added_table",
    "verdicts",
    "volume_adherence",
    "wape",
]
