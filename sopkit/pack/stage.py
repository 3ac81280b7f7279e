"""Staging: a new pack grows in a hidden folder beside the finished ones and is renamed into place
at the end.
"""

import json
import os
import shutil
import sqlite3
import tempfile
from contextlib import closing, contextmanager
from pathlib import Path

import pandas as pd

from sopkit.demand import active_overrides
from sopkit.errors import PlanError, nearest
from sopkit.plan import write_table
from sopkit.tables import LEDGER
from sopkit.tables.inputs import NONE

WAIT = 60  # seconds for others who put a pack in place
GRADED = 13  # earlier releases kept for grading: a year of lags


@contextmanager
def staging(packs: Path, name: str):
    """A hidden folder that is gone afterwards, unless it was moved into place."""
    packs.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=packs))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def alone(packs: Path):
    """Nobody else changes a finished pack meanwhile: SQLite's lock of a file, which every system
    has and which ends with its process; ``PlanError`` where others take longer than a minute.
    """
    packs.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(packs / ".lock", timeout=WAIT, isolation_level=None)) as lock:
        try:
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError:
            raise PlanError(
                f"somebody else is changing a pack in {packs}; try again once they are done"
            ) from None
        yield


def stage_inputs(folder: Path, given, ledger, packs: list[Path], cycle: dict) -> None:
    """Copies what the plan is made from into the pack: the facts and overrides that are ``given``,
    judgments, the earlier releases among ``packs``, the question asked.
    """
    facts, inputs = given.facts, folder / "inputs"
    _refuse_unknown_markets(given.overrides, facts)
    facts.write(inputs)
    (inputs / "ledger").mkdir()
    for table in LEDGER:
        rows = ledger.read(table, cycle["month"]) if table != "overrides" else given.overrides
        write_table(rows, inputs / "ledger" / f"{table}.parquet")
    _copy_releases(inputs / "released", packs, cycle["month"], facts)
    (inputs / "cycle.json").write_text(json.dumps(cycle, indent=2, sort_keys=True) + "\n")


def _refuse_unknown_markets(overrides, facts):
    rows = active_overrides(overrides, facts.month, facts.first, facts.calendar)
    known = [*facts.markets, "", NONE]
    odd = rows[~rows["market"].fillna("").isin(known)]
    for row in odd.head(1).itertuples():
        raise PlanError(
            f"ledger, override {row.id}: {row.market!r} is no market of sales_history"
            f"{nearest(row.market, known)} ({len(odd)} rows in all); enter a remove for its cell,"
            " or add the market to markets in settings.toml"
        )


def _copy_releases(target, packs, month, facts):
    """Earlier releases: the latest whole, of the others what came true since."""
    released = [pack for pack in packs if (pack / "release.json").exists()]
    # a later one takes its month's place
    known = {pack.name[:7]: pack for pack in released if pack.name[:7] < month}
    first = facts.calendar.first_in(month)
    for earlier in (months := sorted(known)[-GRADED:]):
        (target / earlier).mkdir(parents=True)
        for path in (known[earlier] / "tables").glob("*.parquet"):
            if earlier == months[-1]:
                shutil.copyfile(path, target / earlier / path.name)
            elif path.stem in ("demand_plan", "touches", "supply_plan", "decision_effects"):
                frame = pd.read_parquet(path)
                past = frame[frame["bucket"] < first].reset_index(drop=True)
                write_table(past, target / earlier / path.name)


def put_in_place(folder: Path, target: Path) -> None:
    """Renames the staged pack to its name; what stood there is replaced only now."""
    if (target / "release.json").exists():
        raise PlanError(
            f"pack {target.name} was released meanwhile and never changes; build a revision with"
            " --revise"
        )
    before = target.with_name(f".{target.name}-before-{os.getpid()}")
    if target.exists():
        os.rename(target, before)
    try:
        os.rename(folder, target)
    except OSError:
        if before.exists():
            os.rename(before, target)
        raise
    shutil.rmtree(before, ignore_errors=True)


def keep_failure(notebook: Path, packs: Path, name: str) -> Path:
    """The executed copy of a failed step, kept in ``packs/failed/NAME`` for reading."""
    kept = packs / "failed" / name / notebook.name
    shutil.rmtree(kept.parent, ignore_errors=True)
    kept.parent.mkdir(parents=True)
    if notebook.exists():
        shutil.copyfile(notebook, kept)
    return kept
