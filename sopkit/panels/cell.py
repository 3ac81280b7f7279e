"""A cell that a planner works on, an item in a market or in all of them: its numbers, and what the
ledger says of it by now.
"""

from dataclasses import dataclass

import pandas as pd

from sopkit.panels.entries import own_units


@dataclass(frozen=True)
class Cell:
    """History (bucket, quantity: cleansed demand), and by bucket of the plan: baseline, override,
    consensus (units).
    """

    item: str
    market: str
    history: pd.DataFrame
    numbers: pd.DataFrame
    tables: dict

    @property
    def key(self) -> tuple[str, str]:
        """Item and market ("" = all)."""
        return self.item, self.market

    @property
    def why(self) -> str:
        """Why the baseline is as it is, in words."""
        return next(iter(self.tables["baseline_forecast"]["why"]), "")

    @property
    def buckets(self) -> pd.DatetimeIndex:
        """The planned buckets."""
        return pd.DatetimeIndex(self.numbers.index)

    def consensus(self, override: pd.Series) -> pd.Series:
        """The consensus with this override in place of the one that counts now."""
        return self.numbers["consensus"] + override - self.numbers["override"]


def cell_of(plan, ledger, item: str, market: str = "") -> Cell:
    """The cell as the pack planned it, moved by what was entered in the ledger since."""
    tables = {
        name: _mine(plan.read(name), item, market)
        for name in ("history", "baseline_forecast", "demand_plan")
    }
    tables["last"] = _mine(plan.last.read("demand_plan"), item, market)
    numbers = tables["demand_plan"].groupby("bucket")[["baseline", "override", "consensus"]].sum()
    since = _since(plan, ledger, item, market, pd.DatetimeIndex(numbers.index))
    numbers = numbers.assign(
        override=numbers["override"] + since, consensus=numbers["consensus"] + since
    )
    history = (
        tables["history"]
        .groupby("bucket", as_index=False)["demand"]
        .sum(min_count=1)
        .rename(columns={"demand": "quantity"})
    )
    return Cell(item, market, history, numbers, tables)


def _since(plan, ledger, item, market, buckets):
    """Units entered for exactly this cell after the pack was built."""
    when = {
        "month": entry_month(plan),
        "first_bucket": plan.first_bucket,
        "calendar": plan.calendar,
    }
    return (
        own_units(ledger.read("overrides"), item, market, buckets, **when)
        - own_units(plan.judgments("overrides"), item, market, buckets, **when)
    ).to_numpy()


def entry_month(plan) -> str:
    """The cycle that an entry belongs to: the plan's month, or the next one once it is released."""
    return plan.month if plan.state != "released" else f"{pd.Period(plan.month) + 1}"


def _mine(frame, item, market):
    rows = frame[frame["item"] == item]
    return rows[rows["market"] == market] if market else rows
