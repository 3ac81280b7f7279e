"""The tables that the step pages show: plan tables, summed up to what a meeting reads; one module
per step.
"""

from sopkit.charts.pages.common import kpi_table, missing, show_exceptions, stack
from sopkit.charts.pages.data import show_issues, show_stock
from sopkit.charts.pages.demand import (
    show_families,
    show_models,
    show_products,
    show_uplifts,
    show_value_added,
)
from sopkit.charts.pages.money import show_initiatives, show_money, show_options, show_scenarios
from sopkit.charts.pages.review import (
    largest_families,
    show_assumptions,
    show_bridge,
    show_decisions,
    show_sign_offs,
)
from sopkit.charts.pages.supply import (
    families_of,
    show_changes,
    show_costs,
    show_promises,
    show_risk,
    show_safety,
    show_schedule,
    show_stock_risk,
    show_workforce,
)

__all__ = [
    "kpi_table",
    "missing",
    "show_exceptions",
    "stack",
    "show_issues",
    "show_stock",
    "show_families",
    "show_models",
    "show_products",
    "show_uplifts",
    "show_value_added",
    "families_of",
    "show_changes",
    "show_costs",
    "show_promises",
    "show_risk",
    "show_safety",
    "show_schedule",
    "show_stock_risk",
    "show_workforce",
    "show_initiatives",
    "show_money",
    "show_options",
    "show_scenarios",
    "largest_families",
    "show_assumptions",
    "show_bridge",
    "show_decisions",
    "show_sign_offs",
]
