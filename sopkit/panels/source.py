"""What the board reads of a plan, once: tables, prices, families by size, and sums by family,
market and bucket.
"""

from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from sopkit.charts.measure import with_family
from sopkit.charts.words import clean

DEMAND = ["baseline", "consensus"]
MOST_FAMILIES, MOST_MARKETS = 24, 8


@dataclass(frozen=True)
class Source:
    """A finished plan as the board sees it; ``items`` carry the price that money is counted at."""

    plan: object
    items: pd.DataFrame
    currency: str

    @classmethod
    def of(cls, plan) -> "Source":
        """The source of a plan."""
        items = plan.facts["items"]
        return cls(plan, _priced(items, plan), plan.settings["currency"])

    def read(self, table: str) -> pd.DataFrame:
        """A plan table."""
        return (
            self._tables[table]
            if table in self._tables
            else self._tables.setdefault(table, self.plan.read(table))
        )

    def last(self, table: str) -> pd.DataFrame:
        """The table of the plan released before; empty if there is none."""
        return (
            self._before[table]
            if table in self._before
            else self._before.setdefault(table, self.plan.last.read(table))
        )

    @cached_property
    def _before(self):
        return {}

    @cached_property
    def _tables(self):
        return {}

    @property
    def calendar(self):
        """How time is cut."""
        return self.plan.calendar

    def rows(self, table: str, family: int = 0) -> pd.DataFrame:
        """A plan table's rows of the family at a place (0 = all), with their family; history only
        of the last three years.
        """
        parts = self._split(table, self._recent(table))
        return (
            parts[None]
            if not family
            else parts.get(self.families[family - 1], parts[None].iloc[:0])
        )

    def last_rows(self, table: str, family: int = 0) -> pd.DataFrame:
        """The same of the plan released before."""
        parts = self._split(f"last {table}", self.last(table))
        return (
            parts[None]
            if not family
            else parts.get(self.families[family - 1], parts[None].iloc[:0])
        )

    def _recent(self, table):
        rows = self.read(table)
        return (
            rows[
                rows["bucket"]
                >= self.calendar.shift(self.plan.first_bucket, -3 * self.calendar.per_year)
            ]
            if table == "history"
            else rows
        )

    def _split(self, name, frame):
        if name not in self._parts:
            words = [
                column
                for column in frame
                if pd.api.types.is_string_dtype(frame[column]) and column not in ("item", "market")
            ]
            whole = with_family(
                frame.drop(columns=words), self.items
            )  # sentences are heavy to copy and no sum needs them
            self._parts[name] = {None: whole} | dict(list(whole.groupby("family")))
        return self._parts[name]

    @cached_property
    def _parts(self):
        return {}

    @cached_property
    def families(self) -> list[str]:
        """Families by planned money, largest first."""
        demand = with_family(self.read("demand_plan"), self.items)
        worth = demand["consensus"] * demand["item"].map(
            self.items.set_index("item")["price"]
        ).astype(float).fillna(0)
        return (
            worth.groupby(demand["family"])
            .sum()
            .sort_values(ascending=False, kind="stable")
            .index[:MOST_FAMILIES]
            .tolist()
        )

    @cached_property
    def markets(self) -> list[str]:
        """Markets by name."""
        return sorted(self.read("demand_plan")["market"].unique())[:MOST_MARKETS]

    def words(self) -> dict[str, list[str]]:
        """The choices of the board by name; the first of each is everything, units, the plan's own
        buckets.
        """
        size = f"{self.calendar.size}s"
        return {
            "family": ["all families", *map(clean, self.families)],
            "market": ["all markets", *map(clean, self.markets)],
            "measure": ["units", f"money ({self.currency})"],
            "size": [size] if size == "quarters" else [size, "quarters"],
        }

    def family(self, at: int):
        """The family at a place of ``words``; None = all."""
        return self.families[at - 1] if at else None

    def market(self, at: int):
        """The market at a place of ``words``; None = all."""
        return self.markets[at - 1] if at else None


def _priced(items, plan):
    """Items with the mean price that the plan sells at, where the list price is blank."""
    planned = plan.read("prices")
    mean = planned.groupby("item")["price"].mean()
    return items.assign(price=items["price"].fillna(items["item"].map(mean.where(mean > 0))))
