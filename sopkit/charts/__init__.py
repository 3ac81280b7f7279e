"""Charts and page tables: a plan table in, a picture out, drawn alike in notebooks, pages, decks
and boards.

Every chart function returns a ``Chart``, every table function a ``Block``; both show themselves as
the last line of a cell (no backend, no ``%matplotlib``): a chart as SVG with a PNG beside it, a
block as HTML with plain text beside it. ``chart.svg``, ``chart.png``, ``chart.figure``,
``block.html`` and ``block.text`` are there for exports. ``View`` holds what they know beside the
frame that they show.
"""

from sopkit.charts.demand import demand_chart, forecast_chart, history_chart
from sopkit.charts.measure import View
from sopkit.charts.meeting import (
    answer,
    family_sheet_html,
    headline,
    kpi_facts,
    latest_kpis,
)
from sopkit.charts.money import money_chart
from sopkit.charts.style import COLOURS, Chart
from sopkit.charts.supply import capacity_chart, inventory_chart, supply_chart
from sopkit.charts.table import Block, missing, show, stack

__all__ = [
    "Block",
    "COLOURS",
    "Chart",
    "View",
    "answer",
    "capacity_chart",
    "demand_chart",
    "family_sheet_html",
    "forecast_chart",
    "headline",
    "history_chart",
    "inventory_chart",
    "kpi_facts",
    "latest_kpis",
    "missing",
    "money_chart",
    "show",
    "stack",
    "supply_chart",
]
