"""The ``kpis`` table: how the last cycles went (step 1) and what the plan promises (step 5),
against targets. A KPI is one registered function: its meaning and its values.
"""

from sopkit.metrics.kpis import ahead, past  # noqa: F401  they register their KPIs
from sopkit.metrics.kpis.registry import KPIS, Kpi, status, table

__all__ = ["KPIS", "Kpi", "status", "table"]
