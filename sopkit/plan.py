"""Plans: one cycle's folder of tables, read by pages, written by the steps, frozen by the
release.
"""

import json
import os
import re
from functools import cached_property
from pathlib import Path

import pandas as pd

from sopkit.buckets import Calendar
from sopkit.errors import PlanError
from sopkit.metrics import Book
from sopkit.metrics.book import OTHER
from sopkit.sources import Facts
from sopkit.tables import LEDGER, PLANS

NAME = re.compile(r"(\d{4}-\d\d)(?:-r(\d+))?")  # of a pack
# Several steps write these: each replaces its own rows.
SHARED = ("kpis", "exceptions", "data_issues")


class Plan:
    """The plan in a pack's folder (or in the newest pack of a folder of packs).

    ``read`` and ``write`` are the only ways in and out; ``facts``, ``judgments`` and ``last`` are
    what it was made from.
    """

    def __init__(self, folder):
        self.folder = _pack_folder(Path(folder))

    def __repr__(self):
        return f"Plan({self.month}, {self.state})"

    @cached_property
    def cycle(self) -> dict:
        """What this cycle was asked for: month, scenario, parameters."""
        return json.loads((self.folder / "inputs" / "cycle.json").read_text())

    @property
    def month(self) -> str:
        """The plan's month, "2026-11"."""
        return self.cycle["month"]

    @property
    def entry_month(self) -> str:
        """The cycle that an entry belongs to: this month, or the next one once it is released."""
        return self.month if self.state != "released" else f"{pd.Period(self.month) + 1}"

    @property
    def state(self) -> str:
        """draft (being built), finished or released."""
        if (self.folder / "release.json").exists():
            return "released"
        return "finished" if (self.folder / "manifest.json").exists() else "draft"

    @cached_property
    def facts(self) -> Facts:
        """The facts as used: every input table, the settings, and what reading them found."""
        return Facts.load(self.folder / "inputs")

    @property
    def settings(self) -> dict:
        """The company's settings, defaults filled in."""
        return self.facts.settings

    @property
    def calendar(self) -> Calendar:
        """How time is cut in this plan."""
        return self.facts.calendar

    @property
    def named(self) -> str:
        """The month that people call it by: November 2026."""
        return f"{self.calendar.month(self.first_bucket):%B %Y}"

    @property
    def first_bucket(self) -> pd.Timestamp:
        """The first planned bucket."""
        return self.calendar.first_in(self.month)

    def buckets(self, horizon: int = 0) -> pd.DatetimeIndex:
        """The planned buckets; ``horizon`` 0 = as many as the settings say."""
        return self.calendar.range(self.first_bucket, horizon or self.settings["horizon"])

    def judgments(self, table: str) -> pd.DataFrame:
        """The ledger's rows that count in this plan, as copied into the pack."""
        return _stored(self.folder / "inputs" / "ledger", LEDGER[table])

    @cached_property
    def releases(self) -> dict:
        """Earlier released plans that were used, by month, oldest first."""
        return {
            folder.name: Kept(folder)
            for folder in sorted((self.folder / "inputs" / "released").glob("*"))
        }

    @property
    def last(self):
        """The latest plan released before this month: "last cycle"; its tables are empty where
        there is none.
        """
        return next(
            reversed(self.releases.values()), Kept(self.folder / "inputs" / "released" / "none")
        )

    def released_forecasts(self, table: str = "demand_plan") -> pd.DataFrame:
        """Every stage of the demand plan (or the rows of another table) as released in earlier
        cycles, with its lag: item, market, bucket, lag (1 = the first bucket then planned), naive …
        consensus; the frame that accuracy and value added are graded on.
        """
        parts = [_with_lag(self.calendar, past, table) for past in self.releases.values()]
        empty = PLANS[table].empty().assign(lag=pd.Series(dtype="int64"))
        return pd.concat(parts, ignore_index=True) if parts else empty

    @property
    def scenarios(self) -> dict:
        """The scenarios planned beside this plan, by name: each is just another plan."""
        found = sorted((self.folder / "scenarios").glob("*/tables"))
        return {folder.parent.name: Kept(folder) for folder in found}

    def keep_scenarios(self, books: dict[str, Book], tables) -> None:
        """Stores these tables of scenarios' books beside this plan, while it is being built."""
        if self.state != "draft":
            return
        for name, book in books.items():
            folder = self.folder / "scenarios" / name / "tables"
            folder.mkdir(parents=True, exist_ok=True)
            for table in tables:
                write_table(PLANS[table].conform(getattr(book, table)), folder / f"{table}.parquet")

    def read(self, table: str) -> pd.DataFrame:
        """A plan table, sorted by key; raises ``PlanError`` if the step that writes it has not
        run.
        """
        declared = _declared(table)
        path = self.folder / "tables" / f"{table}.parquet"
        if not path.exists():
            raise PlanError(
                f"table {table} is not in {self.folder.name}: step {declared.steps[0]} writes it;"
                " run that notebook first"
            )
        return pd.read_parquet(path)

    def book(self, **fresh: pd.DataFrame) -> Book:
        """Every table by name, for metrics and finance: the ``fresh`` ones, else what the plan, its
        facts, the ledger and the last release hold; read when asked for.
        """
        when = {"first": self.first_bucket, "calendar": self.calendar}
        return Book(fresh, self._known, settings=self.settings, **when)

    def _known(self, name):
        if name in self.facts.tables:
            return self.facts[name] if name in self.facts.present else None
        if name in OTHER:
            return self.released_forecasts(OTHER[name])
        if name.startswith("last_"):
            return self.last.read(name.removeprefix("last_"))
        path = self.folder / "tables" / f"{name}.parquet"
        if path.exists():
            return self.read(name)
        return self.judgments(name) if name in LEDGER else None

    def write(self, *, step: int, **tables: pd.DataFrame) -> None:
        """Checks the tables against their declarations and stores them: all, or none if one is
        wrong.

        Of ``kpis``, ``exceptions`` and ``data_issues``, written by several steps, only the step's
        own rows are replaced. A finished pack is only read: then nothing is written, and a line
        says so. A released plan refuses.
        """
        if self.state == "released":
            raise PlanError(
                f"pack {self.folder.name} is released and never changes; build a revision with"
                f" sopkit pack {self.month} --revise"
            )
        ready = {name: self._merged(name, frame, step) for name, frame in tables.items()}
        if self.state == "finished":
            print(
                f"Pack {self.folder.name} is finished, so this page only reads it; sopkit pack"
                f" {self.month} builds it anew."
            )
            return
        (self.folder / "tables").mkdir(exist_ok=True)
        for name, frame in ready.items():
            write_table(frame, self.folder / "tables" / f"{name}.parquet")

    def _merged(self, name, frame, step):
        declared = _declared(name)
        if step not in declared.steps and name not in SHARED:
            raise PlanError(f"table {name} is written by step {declared.steps}, not by step {step}")
        path = self.folder / "tables" / f"{name}.parquet"
        if name in SHARED and path.exists():
            before = pd.read_parquet(path)
            replaced = before.get("step") == step
            if name == "data_issues":
                old, new = (rows.set_index(list(declared.key)).index for rows in (before, frame))
                replaced = old.isin(new)
            frame = pd.concat([before[~replaced], frame]) if len(frame) else before[~replaced]
        return declared.conform(frame)


class Kept:
    """Tables of another plan (an earlier release, a scenario) in a pack; one that it lacks is
    empty.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self.month = folder.name

    def __bool__(self):
        return self.folder.exists()

    def read(self, table: str) -> pd.DataFrame:
        """The table as it was released."""
        return _stored(self.folder, _declared(table))


def write_table(frame: pd.DataFrame, path: Path) -> None:
    """Stores a frame as parquet: the same frame gives the same bytes, and a reader never sees half
    of it.
    """
    beside = path.with_suffix(".writing")
    frame.to_parquet(beside, index=False)
    os.replace(beside, path)


def packs_in(*folders) -> list[Path]:
    """The finished packs in folders, oldest month first, revisions after their original; of one
    name, in the order of the folders.
    """
    found = [path.parent for folder in folders for path in Path(folder).glob("*/manifest.json")]
    return sorted((pack for pack in found if NAME.fullmatch(pack.name)), key=_pack_order)


def _with_lag(calendar, released, table):
    plan = released.read(table)
    first = calendar.number([calendar.first_in(released.month)])
    return plan.assign(lag=calendar.number(plan["bucket"]) - first + 1)


def _stored(folder, declared):
    """The table as it lies in the folder; without a row where it is not there."""
    path = folder / f"{declared.name}.parquet"
    return pd.read_parquet(path) if path.exists() else declared.empty()


def _pack_order(folder):
    month, revision = NAME.fullmatch(folder.name).groups()
    return month, int(revision or 1)


def _declared(table):
    if table not in PLANS:
        raise PlanError(f"plan table {table!r} is not known; known are: {', '.join(PLANS)}")
    return PLANS[table]


def _pack_folder(folder):
    if (folder / "inputs").is_dir():
        return folder
    packs = packs_in(folder)
    if packs:
        return packs[-1]
    raise PlanError(f"no pack in {folder}; build one with: sopkit pack MONTH --data data")
