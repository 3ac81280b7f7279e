"""The demand bridge: what changed since the last released plan, stage by stage."""

import pandas as pd

from sopkit.metrics.scopes import priced

STAGES = [
    "baseline",
    "events",
    "launches",
    "initiatives",
    "sales_input",
    "override",
    "order_excess",
    "consensus",
]


def bridge(plan_now, plan_last, prices=None) -> pd.DataFrame:
    """Per stage the total of both plans and the change, over the buckets that both hold: columns
    stage, last, now, change.

    The changes of the stages add up to that of consensus. In units, or in money where the
    plan's ``prices`` are given.

    >>> now = pd.DataFrame({"item": ["A"], "bucket": pd.to_datetime(["2026-11-01"]), **{stage: 0.0 for stage in STAGES}})
    >>> bridge(now.assign(baseline=12.0, consensus=12.0), now.assign(baseline=10.0, consensus=10.0)).iloc[[0, -1]].values.tolist()
    [['baseline', 10.0, 12.0, 2.0], ['consensus', 10.0, 12.0, 2.0]]
    """
    shared = set(plan_now["bucket"]) & set(plan_last["bucket"])
    now, last = (
        _totals(plan[plan["bucket"].isin(shared)], prices) for plan in (plan_now, plan_last)
    )
    return pd.DataFrame(
        {
            "stage": STAGES,
            "last": last.to_numpy(),
            "now": now.to_numpy(),
            "change": (now - last).to_numpy(),
        }
    )


def _totals(plan, prices):
    if prices is None:
        return plan[STAGES].sum()
    cells = priced(plan, prices)
    return cells[STAGES].mul(cells["price"], axis=0).sum()
