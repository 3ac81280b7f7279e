"""What a pack is made from is judged before any step runs; it takes its place in one step, and what
a killed run left is found.
"""

import errno
import os
import signal
import subprocess
import sys
from multiprocessing import get_context

import pytest

from sopkit.errors import PlanError
from sopkit.ledger import Ledger
from sopkit.pack import stage
from sopkit.pack.stage import put_in_place, stage_inputs, staging, sweep
from sopkit.plan import packs_in
from sopkit.scenarios import Inputs
from sopkit.sources import read_facts
from tests.sources.company import MONTH, write


def test_an_override_of_an_unknown_market_stops_the_pack_until_it_is_taken_back(tmp_path):
    facts, ledger = read_facts(write(tmp_path / "data"), MONTH), Ledger("sqlite://")

    def given():
        return Inputs(facts, ledger.read("overrides", MONTH), {})

    row = {"item": "P1", "bucket": "2026-12-01", "kind": "units", "value": 5, "reason": "price"}
    ledger.append("overrides", [row, row | {"market": "Norht"}], by="Ada", cycle=MONTH)
    with pytest.raises(PlanError, match="override 2: 'Norht' is no market .*did you mean North"):
        stage_inputs(tmp_path / "pack", given(), ledger, [], {"month": MONTH})
    back = row | {"market": "Norht", "kind": "remove"}
    ledger.append("overrides", [back], by="Ada", cycle=MONTH)
    stage_inputs(tmp_path / "pack", given(), ledger, [], {"month": MONTH})
    assert (tmp_path / "pack" / "inputs" / "cycle.json").exists()


def _folder(path, words, files=8):
    """A small folder that stands for a pack."""
    (path / "tables").mkdir(parents=True, exist_ok=True)
    for number in range(files):
        (path / "tables" / f"{number}.parquet").write_text(words)
    (path / "manifest.json").write_text(words)
    return path


def _killed_after(number, packs, calls):
    """Puts a new pack in place, and dies after so many calls of the system."""
    done = [0]

    def counted(call):
        def wrapped(*args, **kwargs):
            result = call(*args, **kwargs)
            done[0] += 1
            if done[0] == number:
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        return wrapped

    for owner, name in calls:
        setattr(owner, name, counted(getattr(owner, name)))
    with staging(packs, "2026-11") as folder:
        put_in_place(_folder(folder, "new"), packs / "2026-11")


@pytest.mark.parametrize("exchange", [True, False], ids=["exchanged", "where folders cannot be"])
def test_a_swap_that_is_killed_anywhere_leaves_a_whole_pack(tmp_path, monkeypatch, exchange):
    if not exchange:
        monkeypatch.setattr(stage, "exchanged", lambda one, other: False)
    calls = [(os, name) for name in ("rename", "unlink", "rmdir", "mkdir", "open", "close")]
    calls += [(stage, "exchanged"), (os, "chmod")]
    seen, number, code = set(), 0, -signal.SIGKILL
    while code == -signal.SIGKILL:
        number += 1
        packs = tmp_path / str(number)
        _folder(packs / "2026-11", "old")
        run = get_context("fork").Process(target=_killed_after, args=(number, packs, calls))
        run.start()
        run.join()
        code = run.exitcode
        if not exchange:
            sweep(packs)  # the next start
        (pack,) = packs_in(packs)
        held = {path.read_text() for path in pack.rglob("*") if path.is_file()}
        assert pack.name == "2026-11" and held in ({"old"}, {"new"}), number
        assert len([*pack.glob("tables/*")]) == 8
        seen |= held
        sweep(packs)
        assert {path.name for path in packs.iterdir()} == {"2026-11"}
    assert code == 0 and number > 20 and seen == {"old", "new"}


def test_what_a_killed_run_left_is_swept_and_named_and_nothing_else(tmp_path, caplog):
    packs, waits = tmp_path / "packs", "import time; time.sleep(60)"
    for name in (".git", ".ipynb_checkpoints", "failed"):
        _folder(packs / name, "kept")
    code = (
        "from pathlib import Path; from sopkit.pack.stage import staging\nwith"
        f" staging(Path({str(packs)!r}), '2026-11') as folder: print(folder.name, flush=True); {waits}"
    )
    run = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    working = run.stdout.readline().strip()
    _folder(packs / ".2026-10-old.building", "left")
    with staging(packs, "2026-12") as folder:
        assert {path.name for path in packs.iterdir()} == {
            ".git",
            ".ipynb_checkpoints",
            "failed",
            working,
            folder.name,
        }
    assert ".2026-10-old.building, which a run that was killed left" in caplog.text
    assert working not in caplog.text and packs_in(packs) == []
    run.kill()
    run.wait()
    assert sweep(packs) == [working] and not (packs / working).exists()


def test_a_full_disk_is_a_sentence(tmp_path):
    _folder(tmp_path / "2026-11", "old")
    with pytest.raises(PlanError, match="no space is left .* the last good pack is untouched"):
        with staging(tmp_path, "2026-11"):
            raise OSError(errno.ENOSPC, "No space left on device")
    assert [path.name for path in tmp_path.iterdir()] == ["2026-11"]
