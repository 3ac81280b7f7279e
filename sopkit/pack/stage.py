"""Staging: a new pack grows in a hidden folder beside the finished ones and takes its place in one
step at the end.
"""

import ctypes
import errno
import json
import os
import shutil
import sqlite3
import sys
import tempfile
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pandas as pd

from sopkit.demand import active_overrides
from sopkit.errors import PlanError, nearest
from sopkit.plan import write_table
from sopkit.progress import LOG
from sopkit.seal import refuse_changed
from sopkit.tables import INPUTS, LEDGER
from sopkit.tables.inputs import NONE

try:
    import fcntl
except ImportError:  # Windows: nobody can tell there what a killed run left
    fcntl = None

BUILDING, BEFORE = ".building", ".before"  # how the folders of a run end, and one being replaced
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
WAIT = 600  # seconds for others who put a pack in place
GRADED = 13  # earlier releases kept for grading: a year of lags


@contextmanager
def staging(packs: Path, name: str):
    """A hidden folder that is gone afterwards, unless it was moved into place; what killed runs
    left beside it is gone too, and named in the log.

    Raises ``PlanError`` where the disk is full.
    """
    packs.mkdir(parents=True, exist_ok=True)
    try:
        with ExitStack() as working:
            with _held(packs):  # nobody sweeps what is just being made
                for stray in sweep(packs):
                    LOG.warning("swept %s, which a run that was killed left in %s", stray, packs)
                folder = Path(tempfile.mkdtemp(prefix=f".{name}-", suffix=BUILDING, dir=packs))
                working.enter_context(_held(folder))
                working.callback(shutil.rmtree, folder, ignore_errors=True)
            folder.chmod(0o755)
            yield folder
    except (OSError, BrokenProcessPool) as error:
        if isinstance(error, OSError) and error.errno not in FULL:
            raise
        lost = "a process was killed, as where memory is short, or"
        raise PlanError(
            f"{lost * isinstance(error, BrokenProcessPool)} no space is left on the disk of"
            f" {packs}; the last good pack is untouched; free some, then run it again".strip()
        ) from None


def sweep(packs: Path) -> list[str]:
    """Names of the folders that killed runs left and that are gone now; a pack that was being
    replaced where folders cannot be exchanged stands again.
    """
    swept = []
    for before in packs.glob(f".*{BEFORE}"):
        target = before.with_name(before.name[1:].removesuffix(BEFORE))
        if not target.exists():
            os.rename(before, target)
            swept.append(f"{target.name} (as it was)")
    for stray in sorted([*packs.glob(f".*{BUILDING}"), *packs.glob(f".*{BEFORE}")]):
        with _held(stray, wait=False) as held:
            if held:
                shutil.rmtree(stray, ignore_errors=True)
                swept.append(stray.name)
    return swept


@contextmanager
def _held(folder, wait=True):
    """Whether a folder is held for this run alone, until it ends or is killed; not where it is gone
    or the system cannot hold one: nothing is swept then.
    """
    handle = None
    try:
        handle = os.open(folder, os.O_RDONLY)
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        held = True
    except (AttributeError, OSError):
        held = False
    try:
        yield held
    finally:
        if handle is not None:
            os.close(handle)


@contextmanager
def alone(packs: Path):
    """Nobody else changes a finished pack meanwhile: SQLite's lock of a file, which every system
    has and which ends with its process; ``PlanError`` where others take longer than ten minutes.
    """
    packs.mkdir(parents=True, exist_ok=True)
    with ExitStack() as held:
        try:
            lock = sqlite3.connect(packs / ".lock", timeout=WAIT, isolation_level=None)
            held.enter_context(closing(lock))
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.Error as error:
            raise PlanError(
                f"{packs / '.lock'}: {error}: somebody else is changing a pack there, or the file"
                " is broken; try again once they are done, or remove it"
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
    _copy_releases(folder, packs, cycle["month"], facts, ledger)
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


def _copy_releases(folder, packs, month, facts, ledger):
    """Earlier releases (those beside the new pack as the ledger knows them): the latest whole, of
    the others what came true since.
    """
    target = folder / "inputs" / "released"
    released = [pack for pack in packs if (pack / "release.json").exists()]
    # a later one takes its month's place
    known = {pack.name[:7]: pack for pack in released if pack.name[:7] < month}
    first = facts.calendar.first_in(month)
    for earlier in (months := sorted(known)[-GRADED:]):
        refuse_changed(known[earlier], ledger if known[earlier].parent == folder.parent else None)
        (target / earlier).mkdir(parents=True)
        for path in (known[earlier] / "tables").glob("*.parquet"):
            if earlier == months[-1]:
                shutil.copyfile(path, target / earlier / path.name)
            elif path.stem in ("demand_plan", "touches", "supply_plan", "decision_effects"):
                frame = pd.read_parquet(path)
                past = frame[frame["bucket"] < first].reset_index(drop=True)
                write_table(past, target / earlier / path.name)


def put_in_place(folder: Path, target: Path) -> None:
    """Gives the staged pack its name, in one step of the system: what stood there is in ``folder``
    then. Where folders cannot be exchanged, it is out of the way for a moment (see ``sweep``).
    """
    if (target / "release.json").exists():
        raise PlanError(
            f"pack {target.name} was released meanwhile and never changes; build a revision with"
            " --revise"
        )
    if not target.exists():
        os.rename(folder, target)
    elif not exchanged(folder, target):
        before = target.with_name(f".{target.name}{BEFORE}")
        with _held(target.parent):  # or a run that begins now would bring back what is away
            shutil.rmtree(before, ignore_errors=True)
            os.rename(target, before)
            try:
                os.rename(folder, target)
            except OSError:
                os.rename(before, target)
                raise
        shutil.rmtree(before, ignore_errors=True)


def fill_in_place(folder: Path, fill):
    """What ``fill(folder)`` returns, given a hidden copy of a folder of facts that then takes its
    place in one step: nobody sees half of it, and a killed run leaves it as it was. The folder that
    one stands in is given new tables one by one; ``PlanError`` where it holds some.
    """
    folder = Path(folder).resolve()
    here = folder in (Path.cwd(), *Path.cwd().parents)  # which cannot be exchanged under one's feet
    tables = [path.name for path in sorted(folder.glob("*")) if path.name.split(".")[0] in INPUTS]
    if here and tables:
        raise PlanError(
            f"you stand in {folder}, and {', '.join(tables)} would be overwritten; run it from"
            " beside the folder, or give another one"
        )
    with staging(folder if here else folder.parent, folder.name) as copy:
        if here:
            for path in folder.glob("settings.toml"):
                shutil.copy2(path, copy)
        elif folder.exists():
            shutil.copytree(folder, copy, symlinks=True, dirs_exist_ok=True)
        filled = fill(copy)
        if not here:
            put_in_place(copy, folder)
        for path in sorted(copy.iterdir()) if here else ():
            os.replace(path, folder / path.name)
    return filled


def exchanged(one, other) -> bool:
    """Whether the system swapped two folders: Linux and macOS do, on their own file systems."""
    try:
        calls = ctypes.CDLL(None)
        swap, here = (
            (calls.renameatx_np, -2) if sys.platform == "darwin" else (calls.renameat2, -100)
        )
        return swap(here, os.fsencode(one), here, os.fsencode(other), 2) == 0
    except (TypeError, AttributeError, OSError):
        return False


def keep_failure(notebook: Path, packs: Path, name: str) -> Path:
    """The executed copy of a failed step, kept in ``packs/failed/NAME`` for reading."""
    kept = packs / "failed" / name / notebook.name
    shutil.rmtree(kept.parent, ignore_errors=True)
    kept.parent.mkdir(parents=True)
    if notebook.exists():
        shutil.copyfile(notebook, kept)
    return kept
