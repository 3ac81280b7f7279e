"""The planner's worklist: every item with what the exceptions say of it and the money at stake,
worst first.
"""

import numpy as np
import pandas as pd

from sopkit.charts.words import clean, money
from sopkit.metrics import Book, exceptions
from sopkit.metrics.stages import NEAR

STATES = OPEN, CHECKED = "open", "checked"


def each(plan) -> pd.DataFrame:
    """What the exceptions' rules find item by item, before many alike are rolled up."""
    return pd.concat([exceptions.found(step, plan.book()) for step in (1, 2, 3, 4)])


def worklist(demand_plan, found, items) -> pd.DataFrame:
    """One row per planned item: item, family, money (at stake in all its exceptions), count, reason
    (of the worst), status; worst first.

    >>> items = pd.DataFrame({"item": ["A", "B"], "family": "pumps"})
    >>> demand = items.assign(market="N", bucket=pd.Timestamp("2027-01-01"), consensus=1.0)
    >>> found = pd.DataFrame({"level": "item", "name": ["B"], "money": 90.0, "reason": "late"})
    >>> worklist(demand, found, items)[["item", "money", "status"]].values.tolist()
    [['B', 90.0, 'open'], ['A', 0.0, '']]
    """
    found = found[found["level"] == "item"].fillna({"money": 0.0})
    worst = (
        found.sort_values("money", ascending=False, kind="stable")
        .groupby("name")
        .agg(money=("money", "sum"), count=("money", "size"), reason=("reason", "first"))
    )
    rows = (
        Book({"items": items})
        .by_family(demand_plan[["item"]].drop_duplicates())
        .join(worst, on="item")
    )
    rows = rows.fillna({"money": 0.0, "count": 0, "reason": ""})
    return rows.assign(status=np.where(rows["count"] > 0, OPEN, "")).sort_values(
        ["money", "count", "item"], ascending=[False, False, True], kind="stable", ignore_index=True
    )


def filtered(rows, *, family="", status="", text="") -> pd.DataFrame:
    """The rows of a family and status whose item holds the text; blank = all."""
    return rows[
        rows["item"].str.contains(text, case=False, regex=False)
        & (rows["family"].eq(family) | (not family))
        & (rows["status"].eq(status) | (not status))
    ]


def line(row, currency="EUR") -> str:
    """A row as the list shows it: "▸ P-300 · 240 k€ · bias +18 %"."""
    mark = {OPEN: "▸", CHECKED: "✓"}.get(row.status, " ")
    stake = f" · {money(row.money, currency)}" if row.money else ""
    return (
        f"{mark} {clean(row.item, 24)}{stake}{f' · {clean(row.reason, 60)}' if row.reason else ''}"
    )


def accuracy_of(forecast_accuracy, item) -> pd.Series:
    """Backtest WAPE (fraction) of each model for an item, best first, averaged over lags 1–3."""
    rows = forecast_accuracy.query("item == @item and source == 'backtest'")
    rows = rows[rows["lag"] <= NEAR]
    return rows.groupby("model")["wape"].mean().dropna().sort_values(kind="stable")
