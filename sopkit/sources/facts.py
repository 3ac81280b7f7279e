"""Facts: what a company brought, typed, repaired and cut, with the issues that were found on the
way.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from sopkit.buckets import Calendar
from sopkit.errors import PlanError
from sopkit.sources.opening import opening
from sopkit.sources.settings import read_settings, write_settings
from sopkit.tables import INPUTS, PLANS

MARK = "facts.json"


@dataclass(frozen=True)
class Facts:
    """Every input table (empty where absent), every setting, the issues, and the calendar that they
    are cut by.

    ``facts.items`` and ``facts["items"]`` are the same table; ``present`` names the tables that the
    source had; ``first`` is the plan's first bucket (without ``month``: the one after the history).
    """

    tables: dict[str, pd.DataFrame]
    settings: dict
    issues: pd.DataFrame
    present: frozenset[str]
    calendar: Calendar
    first: pd.Timestamp
    month: str | None = None

    def __getitem__(self, name) -> pd.DataFrame:
        if name not in self.tables:
            raise PlanError(
                f"facts have no table {name!r}; the tables are: {', '.join(self.tables)}"
            )
        return self.tables[name]

    def __getattr__(self, name):
        if name in INPUTS:
            return self.tables[name]
        raise AttributeError(f"Facts has no attribute {name!r}")

    @property
    def horizon(self) -> pd.DatetimeIndex:
        """The buckets of the plan: as many as the settings' horizon says, from ``first``."""
        return self.calendar.range(self.first, self.settings["horizon"])

    def write(self, folder) -> Path:
        """The folder, filled with parquet files, settings.toml and the issues: it loads again to
        the same facts.
        """
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        for name in sorted(self.present):
            self.tables[name].to_parquet(folder / f"{name}.parquet", index=False)
        self.issues.to_parquet(folder / "data_issues.parquet", index=False)
        write_settings(self.settings, folder / "settings.toml")
        mark = {
            "month": self.month,
            "first": f"{self.first:%Y-%m-%d}",
            "bucket": self.calendar.size,
            "first_day": self.calendar.first_day,
            "present": sorted(self.present),
        }
        (folder / MARK).write_text(json.dumps(mark, indent=1) + "\n", encoding="utf-8")
        return folder

    @classmethod
    def load(cls, folder) -> "Facts":
        """The facts that ``write`` put into the folder, without judging them again."""
        folder = Path(folder)
        if not (folder / MARK).is_file():
            raise PlanError(
                f"{folder} holds no facts as written ({MARK} is missing); read it with read_facts"
            )
        mark = json.loads((folder / MARK).read_text(encoding="utf-8"))
        tables = {
            name: (
                pd.read_parquet(folder / f"{name}.parquet").astype(
                    {c.name: c.dtype for c in table.columns}
                )
                if name in mark["present"]
                else table.empty()
            )
            for name, table in INPUTS.items()
        }
        return cls(
            tables,
            read_settings(folder / "settings.toml")[0],
            PLANS["data_issues"].conform(pd.read_parquet(folder / "data_issues.parquet")),
            frozenset(mark["present"]),
            Calendar(mark["bucket"], mark["first_day"]),
            pd.Timestamp(mark["first"]).as_unit("us"),
            mark["month"],
        )


def opening_stock(facts) -> pd.DataFrame:
    """The ``opening_stock`` table on the eve of ``facts.first``: item, on_hand, backlog (units),
    as_of, source.

    The latest count of the bucket before, else one up to ``stock_count_days`` into the plan, else
    an older one; backlog as counted, else overdue open order lines (all open lines of items made to
    order). No count: 0, source "none".
    """
    return opening(facts.tables, facts.settings, facts.calendar, facts.first)[0]
