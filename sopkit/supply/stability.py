"""Plan stability: what changed inside the fence against the last released plan, measured and
priced.
"""

import numpy as np
import pandas as pd

from sopkit.supply import reading
from sopkit.supply.settings import Settings

FLOWS = ("production", "overtime_production", "subcontracted", "purchased")


def plan_changes(
    supply_plan, released, items=None, *, fence=None, settings=None, standard_cost=None
) -> pd.DataFrame:
    """Item, bucket, released, planned, change (units), money (|change| at standard cost), largest
    money first.

    Compares made, subcontracted and bought units in the first ``fence`` buckets of the plan
    (default the setting planning_fence); what only one of the two plans holds counts as 0 in the
    other. Σ|change| ÷ Σ released is the plan's instability (``plan_stability``).

    >>> old = pd.DataFrame({"item": ["A"], "bucket": pd.to_datetime(["2026-11-01"]), "production": [100.0]})
    >>> new = old.assign(production=90.0)
    >>> plan_changes(new, old, pd.DataFrame({"item": ["A"], "unit_cost": [3.0]}))[["change", "money"]].iloc[0].tolist()
    [-10.0, 30.0]
    """
    chosen = Settings.of(settings)
    reach = int(np.ceil(chosen.planning_fence if fence is None else fence))
    buckets = np.sort(pd.unique(supply_plan["bucket"]))[:reach]
    both = pd.concat(
        [
            _output(released, buckets).rename("released"),
            _output(supply_plan, buckets).rename("planned"),
        ],
        axis=1,
    ).fillna(0.0)
    table = both.reset_index()
    table["change"] = table["planned"] - table["released"]
    table["money"] = table["change"].abs() * _cost(table["item"], items, standard_cost)
    return table.sort_values(
        ["money", "item", "bucket"], ascending=[False, True, True], ignore_index=True
    )


def _output(plan: pd.DataFrame, buckets: np.ndarray) -> pd.Series:
    inside = plan[plan["bucket"].isin(buckets)]
    flows = [column for column in FLOWS if column in inside.columns]
    return (
        inside.assign(units=inside[flows].fillna(0.0).sum(axis=1))
        .groupby(["item", "bucket"])["units"]
        .sum()
    )


def _cost(names: pd.Series, items, standard_cost) -> np.ndarray:
    if standard_cost is not None:
        return names.map(pd.Series(standard_cost)).fillna(0.0).to_numpy()
    if items is None:
        return np.ones(len(names))
    frame = reading.frame_of(items, "items", ("item",))
    own = pd.Series(reading.numbers(frame, "items", "unit_cost", 0.0), index=frame["item"])
    return names.map(own).fillna(0.0).to_numpy()
