"""A cell that a planner works on, an item in a market or in all of them: its numbers, and what the
ledger says of it by now.
"""

from dataclasses import dataclass

import pandas as pd

from sopkit.charts.measure import by_bucket
from sopkit.panels.entries import own_units


@dataclass(frozen=True)
class Cell:
    """History (bucket, quantity: cleansed demand), by bucket of the plan baseline, override,
    consensus (units), and the plan tables that they were read from, with last cycle's plan.
    """

    item: str
    market: str
    history: pd.DataFrame
    numbers: pd.DataFrame
    tables: dict
    last: pd.DataFrame

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
        return self.numbers.index

    def consensus(self, override: pd.Series) -> pd.Series:
        """The consensus with this override in place of the one that counts now."""
        return self.numbers["consensus"] + override - self.numbers["override"]


def cell_of(plan, ledger, item: str, market: str = "") -> Cell:
    """The cell as the pack planned it, moved by what was entered for exactly this cell since."""

    def mine(source, table):
        rows = source.read(table)
        return rows[rows["item"].eq(item) & (rows["market"].eq(market) | (not market))]

    tables = {name: mine(plan, name) for name in ("history", "baseline_forecast", "demand_plan")}
    history = by_bucket(tables["history"], "demand").rename("quantity").reset_index()
    numbers = by_bucket(tables["demand_plan"], ["baseline", "override", "consensus"])
    now, then = (
        own_units(rows, item, market, plan).reindex(numbers.index, fill_value=0.0)
        for rows in (ledger.read("overrides"), plan.judgments("overrides"))
    )
    numbers[["override", "consensus"]] = numbers[["override", "consensus"]].add(now - then, axis=0)
    return Cell(item, market, history, numbers, tables, mine(plan.last, "demand_plan"))
