"""Charts and page tables: a plan table in, a picture out, drawn alike in notebooks, pages, decks and boards.

Every chart function returns a ``Chart``, every table function a ``Block``; both show themselves as the last line of a cell
(no backend, no ``%matplotlib``): a chart as SVG with a PNG beside it, a block as HTML with plain text beside it.
``chart.svg``, ``chart.png``, ``chart.figure``, ``block.html`` and ``block.text`` are there for exports.
"""

from sopkit.charts.answers import data_answer, demand_answer, money_answer, review_answer, supply_answer
from sopkit.charts.demand import demand_chart, forecast_chart, history_chart, stages_chart, waterfall
from sopkit.charts.meeting import answer, family_sheet_html, headline, kpi_strip
from sopkit.charts.money import exceptions_chart, money_chart, scenarios_chart
from sopkit.charts.pages import (families_of, kpi_table, largest_families, missing, show_assumptions, show_bridge, show_changes, show_costs,
                                 show_decisions, show_exceptions, show_families, show_initiatives, show_issues, show_models, show_money, show_options,
                                 show_products, show_promises, show_risk, show_safety, show_scenarios, show_schedule, show_sign_offs, show_stock,
                                 show_stock_risk, show_uplifts, show_value_added, show_workforce, stack)
from sopkit.charts.style import COLOURS, Chart
from sopkit.charts.supply import backlog_chart, capacity_chart, inventory_chart, supply_chart
from sopkit.charts.tables import Block, show

__all__ = [
    "Block", "COLOURS", "Chart", "answer", "backlog_chart", "capacity_chart", "data_answer", "demand_answer", "demand_chart",
    "exceptions_chart", "families_of", "family_sheet_html", "forecast_chart", "headline", "history_chart", "inventory_chart", "kpi_strip",
    "kpi_table", "largest_families", "missing", "money_answer", "money_chart", "review_answer", "scenarios_chart", "show",
    "show_assumptions", "show_bridge", "show_changes", "show_costs", "show_decisions", "show_exceptions", "show_families",
    "show_initiatives", "show_issues", "show_models", "show_money", "show_options", "show_products", "show_promises", "show_risk",
    "show_safety", "show_scenarios", "show_schedule", "show_sign_offs", "show_stock", "show_stock_risk", "show_uplifts", "show_value_added",
    "show_workforce", "stack", "stages_chart", "supply_answer", "supply_chart", "waterfall",
]
