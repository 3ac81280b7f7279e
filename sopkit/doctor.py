"""What an installation has and lacks: libraries, programs, the folder of packs, the ledger."""

import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from packaging.requirements import Requirement

from sopkit.errors import PlanError
from sopkit.exports.room import browser
from sopkit.ledger import AT, Ledger
from sopkit.pack.stage import exchanged
from sopkit.plan import packs_in

ROOM, FREE = 2.0, 1.0  # GB of memory and of disk that a month takes
CORES = 2  # processes side by side


def examined(packs, ledger=None) -> Iterator[tuple[bool, str]]:
    """Whether each thing that a month needs is there, and a sentence about it: what was found, or
    what to do.
    """
    yield True, f"Python {sys.version.split()[0]}"
    yield from _libraries()
    yield _browser()
    yield _machine()
    yield from _folder(Path(packs))
    yield _judgments(packs, ledger)


def _libraries():
    """Each library that is missing or out of its bounds, or one line that all are there."""
    lacking = []
    for wanted in map(Requirement, requires("sopkit") or []):
        optional = re.search(r"extra == .(\w+).", str(wanted.marker))
        if optional and optional[1] == "test":
            continue
        try:
            there = version(wanted.name)
        except PackageNotFoundError:
            there = None
        if there is None and optional:
            yield True, f"without {wanted.name}: pip install 'sopkit[{optional[1]}]' adds it"
        elif there is None or not wanted.specifier.contains(there, prereleases=True):
            lacking.append(f"{wanted.name}{wanted.specifier} (there: {there or 'none'})")
    if lacking:
        yield False, f"libraries: {', '.join(lacking)}; pip install -c constraints.txt -e ."
    else:
        yield True, "libraries are those that pyproject.toml asks for"


def _browser():
    if found := browser():
        return True, f"{Path(found).name} prints pack.pdf"
    return False, "no Chromium, Chrome or Edge: pack.pdf is not written; install one of them"


def _machine():
    cores, memory = os.cpu_count() or 1, _memory()
    told = f"{cores} cores, {memory:.1f} GB of memory"
    if cores >= CORES and memory >= ROOM:
        return True, told
    return False, f"{told}: a month of 1,000 items takes {CORES} cores and {ROOM:g} GB"


def _memory():
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    except (AttributeError, ValueError, OSError):  # a system that does not say
        return ROOM


def _folder(packs):
    """The folder of packs: can be written, has room, swaps folders in one step."""
    there = next(at for at in (packs, *packs.absolute().parents) if at.exists())
    try:
        with tempfile.TemporaryDirectory(prefix=".doctor-", dir=there) as scratch:
            one, other = Path(scratch, "one"), Path(scratch, "other")
            one.mkdir()
            other.mkdir()
            swaps = exchanged(one, other)
    except OSError as error:
        yield (
            False,
            f"packs {packs} cannot be written ({error.strerror}); give another with --packs",
        )
        return
    yield True, f"packs {packs} can be written; it holds {len(packs_in(packs))} packs"
    free = shutil.disk_usage(there).free / 1e9
    enough = free >= FREE
    yield (
        enough,
        f"{free:.0f} GB are free there" + ("" if enough else f"; make it {FREE:g} at least"),
    )
    slow = "a pack is away for a moment while it is replaced: folders cannot be exchanged here"
    yield True, "a pack takes its place in one step" if swaps else slow


def _judgments(packs, ledger):
    where = ledger or os.environ.get(AT) or Path(packs) / "ledger.db"
    if "://" not in str(where) and not Path(where).exists():
        return True, f"no ledger at {where} yet; the first judgment makes it"
    try:
        book = Ledger.of(packs, ledger)
        forged = book.forged()
    except (PlanError, OSError) as error:
        return False, str(error)
    if forged:
        return False, f"{forged[0]}; bring back the ledger as it was"
    return True, f"the ledger {book.name} is whole"
