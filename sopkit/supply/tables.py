"""A finished plan as the contract's tables, each with its key columns and a RangeIndex."""

import numpy as np
import pandas as pd

from sopkit.supply.flows import Flows, overtime_share
from sopkit.supply.reading import long

SUPPLY = (
    "demand",
    "production",
    "overtime_production",
    "subcontracted",
    "purchased",
    "receipts",
    "lost",
    "shipments",
    "projected_available",
    "backlog",
    "late",
    "safety_stock",
)


def supply_plan(facts, flows: Flows, why: np.ndarray) -> pd.DataFrame:
    """``supply_plan``: item, bucket, units, and why anything is late, lost or short."""
    made = facts.by_item(flows.quantity, "production")
    share = overtime_share(facts, flows)
    before = np.concatenate([facts.backlog[:, None], flows.backlog[:, :-1]], axis=1)
    columns = {
        "demand": facts.demand,
        "production": made * (1 - share),
        "overtime_production": made * share,
        "subcontracted": facts.by_item(flows.quantity, "subcontracted"),
        "purchased": facts.by_item(flows.quantity, "purchased"),
        "receipts": facts.receipts,
        "lost": flows.lost,
        "shipments": np.maximum(facts.demand - flows.lost + before - flows.backlog, 0.0),
        "projected_available": flows.stock,
        "backlog": flows.backlog,
        "late": flows.late,
        "safety_stock": facts.safety_stock,
    }
    return long(facts.items.names, facts.buckets, {**columns, "why": why})


def capacity_plan(
    facts, flows: Flows, unconstrained: np.ndarray, shadow_price: np.ndarray
) -> pd.DataFrame:
    """``capacity_plan``: resource, bucket, hours, utilisation (of regular hours; of overtime where
    there are none) and what one more hour saves.
    """
    staff = facts.resources
    regular = staff.regular_capacity(flows.workers)
    limit = staff.overtime_limit(flows.workers)
    available = np.where(regular > 0, regular, limit)
    utilisation = np.divide(
        flows.load,
        available,
        out=np.zeros_like(flows.load),
        where=(available > 0) & np.isfinite(available),
    )
    return long(
        staff.names,
        facts.buckets,
        {
            "load": flows.load,
            "unconstrained_load": unconstrained,
            "regular_capacity": regular,
            "overtime": flows.overtime,
            "overtime_limit": limit,
            "utilisation": utilisation,
            "shadow_price": shadow_price,
        },
    )


def workforce_plan(facts, flows: Flows) -> pd.DataFrame:
    """``workforce_plan``: resource, bucket, workers, hired, laid off; only resources that have
    workers.
    """
    staff = facts.resources
    chosen = staff.staffed
    return long(
        staff.names[chosen],
        facts.buckets,
        {
            "workers": flows.workers[chosen],
            "hired": flows.hired[chosen],
            "laid_off": flows.laid_off[chosen],
        },
    )
