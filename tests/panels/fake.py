"""A finished plan in memory, made of the small tables, for tests that need no pack."""

from dataclasses import dataclass, field
from types import SimpleNamespace

import pandas as pd

from sopkit.buckets import Calendar
from sopkit.metrics import Book
from sopkit.plan import Plan
from sopkit.tables import INPUTS, LEDGER, PLANS, SETTINGS
from tests.charts import small


def branded(brands=("Alpha", "a: b: c", "Alpha", None)) -> "FakePlan":
    """A plan whose items have a brand, and one of whose markets has a group."""
    plan = FakePlan(hierarchy={"items": ["brand"], "markets": ["group"]})
    plan.facts["items"] = small.items().assign(brand=[*brands])
    plan.facts["markets"] = pd.DataFrame({"market": ["North"], "group": ["DACH"]})
    return plan


@dataclass
class FakePlan:
    """What panels use of a ``Plan``; ``tables`` and ``before`` (last cycle's) can be changed by a
    test.
    """

    tables: dict = field(default_factory=small.tables)
    before: dict = field(
        default_factory=lambda: {
            "demand_plan": small.demand_plan(0.9),
            "kpis": small.kpis().assign(actual=0.9),
        }
    )
    facts: dict = field(
        default_factory=lambda: (
            {name: table.empty() for name, table in INPUTS.items()} | {"items": small.items()}
        )
    )
    month: str = "2027-01"
    first_bucket: pd.Timestamp = small.START
    named: str = f"{small.START:%B %Y}"
    calendar: Calendar = Calendar("month")
    folder: object = None
    state: str = "finished"
    mark: str = "."
    hierarchy: dict = field(default_factory=dict)
    entry_month = Plan.entry_month

    @property
    def settings(self):
        own = {
            "currency": "EUR",
            "thresholds": {"change": 0.1},
            "decimal_mark": self.mark,
            "hierarchy": self.hierarchy,
        }  # last cycle: 0.9 of each number
        return {name: setting.default for name, setting in SETTINGS.items()} | own

    def read(self, table):
        return self.tables.get(table, PLANS[table].empty())

    def judgments(self, table):
        return self.tables.get(table, LEDGER[table].empty())

    def book(self, **fresh):
        last = {f"last_{name}": frame for name, frame in self.before.items()}
        known = self.facts | self.tables | last | fresh
        return Book(known, first=self.first_bucket, settings=self.settings, calendar=self.calendar)

    @property
    def last(self):
        return SimpleNamespace(
            month="2026-12", read=lambda table: self.before.get(table, PLANS[table].empty())
        )

    def released_forecasts(self, table="demand_plan"):
        return PLANS[table].empty().assign(lag=pd.Series(dtype="int64"))
