"""The ``kpis`` table: how the last cycles went (step 1) and what the plan promises (step 5),
against targets.
"""

from sopkit.metrics.kpis.ahead import forward
from sopkit.metrics.kpis.past import last_cycle
from sopkit.metrics.kpis.registry import KPIS, Kpi, status, table

__all__ = ["KPIS", "Kpi", "forward", "last_cycle", "status", "table"]
