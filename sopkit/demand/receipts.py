"""The pipeline that is assumed where nobody brought open purchase and work orders."""

import numpy as np
import pandas as pd

from sopkit.demand.issues import issue, issues_frame, named
from sopkit.grid import attribute
from sopkit.tables import INPUTS, PLANS


def assumed_receipts(demand_plan, items, calendar) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Receipts equal to consensus in the buckets that nothing new can reach (lead_time rounded up),
    and the issue that says so.

    >>> from sopkit.buckets import Calendar
    >>> plan = pd.DataFrame({"item": "A", "market": "N", "bucket": pd.to_datetime(["2026-11-01", "2026-12-01"]), "consensus": [10.0, 20.0]})
    >>> assumed_receipts(plan, pd.DataFrame({"item": ["A"], "lead_time": [0.5]}), Calendar("month"))[0]["quantity"].tolist()
    [10.0]
    """
    if demand_plan.empty:
        return INPUTS["receipts"].empty(), PLANS["data_issues"].empty()
    total = demand_plan.groupby(["item", "bucket"], as_index=False)["consensus"].sum()
    wait = np.ceil(
        pd.to_numeric(attribute(items, "lead_time", total["item"])).fillna(0).to_numpy(dtype=float)
    )
    ahead = calendar.number(total["bucket"]) - calendar.number([total["bucket"].min()])[0]
    coming = total[(ahead < wait) & (total["consensus"] > 0)]
    receipts = pd.DataFrame(
        {
            "item": coming["item"],
            "due_on": coming["bucket"],
            "quantity": coming["consensus"],
            "ordered_on": pd.NaT,
        }
    )
    if receipts.empty:
        return INPUTS["receipts"].empty(), PLANS["data_issues"].empty()
    return INPUTS["receipts"].conform(receipts), issues_frame(
        [
            issue(
                "receipts",
                "",
                "absent",
                f"no open orders were given; {receipts['item'].nunique()} items cannot get anything"
                f" new inside their lead time: {named(receipts['item'])}",
                "assumed receipts equal to consensus inside the lead time; bring receipts to plan"
                " with the real ones",
                value=f"{receipts['quantity'].sum():,.10g}",
            )
        ]
    )
