"""A cell that a planner works on, an item in a market or in all of them: its numbers, and what the
ledger says of it by now.
"""

from dataclasses import dataclass

import pandas as pd

from sopkit.charts.measure import by_bucket
from sopkit.panels.entries import entered_since


@dataclass(frozen=True)
class Cell:
    """By bucket of the plan baseline, override, consensus (units), and the plan tables that they
    were read from, with last cycle's plan.
    """

    item: str
    market: str
    numbers: pd.DataFrame
    tables: dict
    last: pd.DataFrame

    @property
    def key(self) -> tuple[str, str]:
        """Item and market ("" = all)."""
        return self.item, self.market

    @property
    def buckets(self) -> pd.DatetimeIndex:
        """The planned buckets."""
        return self.numbers.index

    def consensus(self, override: pd.Series) -> pd.Series:
        """The consensus with this override in place of the one that counts now."""
        return self.numbers["consensus"] + override - self.numbers["override"]


def rows_of(rows: pd.DataFrame, item: str, market: str = "") -> pd.DataFrame:
    """The rows of an item in a market; "" = in all of them."""
    return rows[rows["item"].eq(item) & (rows["market"].eq(market) | (not market))]


def cell_of(plan, ledger, item: str, market: str = "") -> Cell:
    """The cell as the pack planned it, moved by what was entered for exactly this cell since."""
    names = "history", "baseline_forecast", "demand_plan"
    tables = {name: rows_of(plan.read(name), item, market) for name in names}
    numbers = by_bucket(tables["demand_plan"], ["baseline", "override", "consensus"])
    cells = pd.MultiIndex.from_product([[item], [market], numbers.index])
    since = entered_since(plan, ledger).reindex(cells, fill_value=0.0).to_numpy()
    numbers[["override", "consensus"]] = numbers[["override", "consensus"]].add(since, axis=0)
    return Cell(item, market, numbers, tables, rows_of(plan.last.read("demand_plan"), item, market))
