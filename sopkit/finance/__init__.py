"""Money: prices, standard cost, the financial plan, initiatives, scenarios, the family sheet."""

from sopkit.finance.bridge import bridge, budget_cells, plan_cells, since_last, to_actual, to_budget
from sopkit.finance.family_sheet import family_lines, family_sheet, sheet_columns, year_estimate
from sopkit.finance.initiatives import initiative_plan
from sopkit.finance.plan import (
    COMPANY,
    by_family,
    company,
    financial_plan,
    fiscal_quarters,
    fiscal_year,
)
from sopkit.finance.prices import prices
from sopkit.finance.scenarios import scenario_metrics, scenarios_table
from sopkit.metrics.book import standard_cost
from sopkit.metrics.scopes import item_prices

__all__ = [
    "COMPANY",
    "bridge",
    "budget_cells",
    "by_family",
    "company",
    "family_lines",
    "family_sheet",
    "financial_plan",
    "fiscal_quarters",
    "fiscal_year",
    "initiative_plan",
    "item_prices",
    "plan_cells",
    "prices",
    "scenario_metrics",
    "scenarios_table",
    "sheet_columns",
    "since_last",
    "standard_cost",
    "to_actual",
    "to_budget",
    "year_estimate",
]
