"""Facts: what a company brought, typed, repaired and cut, with the issues that were found on the
way; and the stock that the plan opens with.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from sopkit.buckets import Calendar, shared_start
from sopkit.errors import PlanError
from sopkit.metrics import Book
from sopkit.sources.issues import found
from sopkit.sources.settings import read_settings, write_settings
from sopkit.tables import INPUTS, PLANS, inputs_of

MARK = "facts.json"
BASES = {
    "promised": ["promised_on", "requested_on"],
    "requested": ["requested_on", "promised_on"],
}


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

    @property
    def markets(self) -> list[str]:
        """What a market may be called: those of the history and of the settings, and groups of
        the hierarchy.
        """
        told = self["sales_history"]["market"].unique()
        return [*told, *self.settings["markets"], *self.book.known("market")]

    @property
    def book(self) -> Book:
        """The book of the facts alone."""
        return Book(self.tables, settings=self.settings)

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
        try:
            mark = json.loads((folder / MARK).read_text(encoding="utf-8"))
            settings = read_settings(folder / "settings.toml")[0]
            read = lambda name: pd.read_parquet(folder / f"{name}.parquet")
            present = {name: read(name) for name in mark["present"]}
            inputs = inputs_of(settings)
            tables = {name: table.typed(present.get(name)) for name, table in inputs.items()}
            return cls(
                tables,
                settings,
                PLANS["data_issues"].conform(read("data_issues")),
                frozenset(present),
                calendar_of(tables, settings),
                pd.Timestamp(mark["first"]).as_unit("us"),
                mark["month"],
            )
        except (ValueError, KeyError, TypeError, OSError) as error:
            raise PlanError(
                f"{folder} is not as it was written ({error}); build the pack again, or take"
                f" {MARK} out of a folder of facts"
            ) from None


def calendar_of(tables, settings) -> Calendar:
    """The calendar of the facts: the told periods, else that of the settings, whose weeks and
    quarters begin as every row of history is stamped.
    """
    told = tables["calendar"].dropna(subset="starts_on").sort_values("starts_on")
    told = told.drop_duplicates("starts_on")
    if len(told) > 1:
        days = told["starts_on"].dt.strftime("%Y-%m-%d")
        return Calendar("period", tuple(days), tuple(told["period"].fillna("")))
    size, buckets = settings["bucket"], tables["sales_history"]["bucket"].dropna()
    size = "month" if size == "period" else size  # told by check_calendar
    return Calendar(size, shared_start(size, buckets))


def opening_stock(facts) -> pd.DataFrame:
    """The ``opening_stock`` table on the eve of ``facts.first``: item, on_hand, backlog (units),
    as_of, source.

    The latest count of the bucket before, else one up to ``stock_count_days`` into the plan, else
    an older one; backlog as counted, else overdue open order lines (all open lines of items made to
    order). No count: 0, source "none".
    """
    chosen = _chosen(facts)
    frame = chosen[["item", "on_hand", "as_of", "source"]].fillna({"on_hand": 0.0})
    return PLANS["opening_stock"].conform(
        frame.assign(
            backlog=chosen["item"].map(_backlog(facts)).fillna(0.0),
            source=chosen["source"].fillna("none"),
        )
    )


def opening_issues(facts) -> list[pd.DataFrame]:
    """What to say of counts that are missing (of items made to order none is expected), old (and by
    how much they may be off) or a few days late; ``facts`` may be a reading.
    """
    chosen, items = _chosen(facts), facts.tables["items"]
    uncounted = chosen["source"].isna().to_numpy()
    missing = items["item"][uncounted & (items["strategy"] != "order").to_numpy()]
    problem = "has no count before the plan"
    issues = [found("no stock count", "items", missing.index, "item", missing, problem)]
    if not len(_counts(facts)):
        problem = "neither inventory nor inventory_history has a count before the plan"
        issues = [found("no stock count", "inventory", problem=problem)]
    for rank, rule in ((1, "count after the plan's start"), (2, "stale count")):
        for source, its in chosen[chosen["rank"] == rank].groupby("source"):
            said = "counted on " + its["as_of"].dt.strftime("%Y-%m-%d")
            if rule == "stale count":
                said = said + _off(facts, its)
            issues.append(found(rule, source, its["row"], "on_hand", its["item"], said))
    return issues


def _off(facts, counts):
    """Words by count: what was sold and made in the whole buckets since, and how far off it may
    be.
    """
    since = []
    for name, column in (("sales_history", "quantity"), ("production_history", "actual")):
        rows = facts.tables[name]
        counted = rows["item"].map(counts.set_index("item")["as_of"])
        rows = rows[(rows["bucket"] > counted) & (rows["bucket"] < facts.first)]
        since.append(counts["item"].map(rows.groupby("item")[column].sum()).fillna(0.0))
    return [
        f"; since then {sold:,.10g} units were sold and {made:,.10g} made: it may be off by"
        f" {made - sold:+,.10g} units and by what was bought"
        for sold, made in zip(*since)
    ]


def _chosen(facts):
    """Every item with its one count: the latest of the bucket before the plan, else one shortly
    into it, else the latest older one.
    """
    counts = _counts(facts)
    late = counts["as_of"] >= facts.first
    old = counts["as_of"] < facts.calendar.shift(facts.first, -1)
    ranked = counts.assign(
        rank=np.select([late, old], [1, 2], 0), age=facts.first - counts["as_of"]
    ).sort_values(["item", "rank", "age", "source"], kind="stable")
    return facts.tables["items"][["item"]].merge(
        ranked.drop_duplicates("item"), on="item", how="left"
    )


def _counts(facts):
    """Every count that may serve, over all sites, with its day, its table and its first row."""
    now, past = facts.tables["inventory"], facts.tables["inventory_history"]
    past = past.assign(as_of=facts.calendar.last_day(past["bucket"]))
    now = now.reset_index(names="row").groupby(["item", "as_of"], as_index=False)
    now = now.agg({"on_hand": "sum", "row": "first"}).set_index("row")  # over sites
    both = {"inventory": now, "inventory_history": past}
    counts = pd.concat(both, names=["source", "row"]).reset_index()
    limit = facts.first + pd.Timedelta(days=facts.settings["stock_count_days"])
    return counts.loc[counts["as_of"] < limit, ["item", "on_hand", "as_of", "source", "row"]]


def _backlog(facts):
    """Units by item: as counted, else overdue open order lines (all open lines of items made to
    order).
    """
    orders, items = facts.tables["orders"], facts.tables["items"]
    counted = facts.tables["inventory"].groupby("item")["backlog"].sum(min_count=1).dropna()
    wanted, other = BASES[facts.settings["on_time_basis"]]
    due = orders[wanted].fillna(orders[other]).fillna(orders["ordered_on"])
    to_order = orders["item"].isin(items.loc[items["strategy"] == "order", "item"])
    still = orders["shipped_on"].isna() & (to_order | (due < facts.first))
    units = (orders["quantity"] - orders["shipped_quantity"].fillna(0.0)).clip(lower=0.0)
    return counted.combine_first(units[still].groupby(orders["item"]).sum())
