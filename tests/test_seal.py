"""The seal of a pack: no byte of it changes unseen, and it is released once."""

import json
import shutil
import sqlite3
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import numpy as np
import pytest

from sopkit import PlanError
from sopkit.ledger import Ledger
from sopkit.pack import release, verify
from sopkit.pack.release import export
from sopkit.pack.stage import alone, put_in_place, staging
from sopkit.plan import Plan
from sopkit.seal import changed, digest_of, refuse_changed, seal
from tests.company.signing import BOSS, sign, signed_release
from tests.golden import leave_out_kernels_and_pages

releasing = sys.modules["sopkit.pack.release"]  # the package names its function so, too
EDITS, MEETINGS = 100, 200


@pytest.fixture
def copied(pack, tmp_path, monkeypatch):
    leave_out_kernels_and_pages(monkeypatch.setattr)
    shutil.copytree(pack, tmp_path / "packs" / pack.name)
    return tmp_path / "packs"


def flipped(path, rng):
    """The bytes of a file before one of them was changed."""
    before = path.read_bytes()
    path.chmod(0o644)
    at = int(rng.integers(len(before)))
    path.write_bytes(
        before[:at] + bytes([before[at] ^ (1 << int(rng.integers(8)))]) + before[at + 1 :]
    )
    return before


def test_a_byte_that_changes_anywhere_is_refused_by_release_and_verify(copied):
    rng, folder = np.random.default_rng(7), copied / "2026-11"
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.stat().st_size)
    assert {path.relative_to(folder).parts[0] for path in files} > {"pages", "board", "notebooks"}
    refused = 0
    for number in range(EDITS):
        path = folder / "manifest.json" if number % 10 == 0 else files[rng.integers(len(files))]
        before, name = flipped(path, rng), path.relative_to(folder).as_posix()
        for check in (
            lambda: release(copied, "2026-11", by=BOSS),
            lambda: verify(copied, "2026-11"),
        ):
            with pytest.raises(PlanError, match=f"changed since it was built: {name}"):
                check()
            refused += 1
        path.write_bytes(before)
    assert refused == 2 * EDITS and changed(folder) == []


def test_of_two_who_release_at_once_one_wins_and_its_seal_stands_in_the_ledger(copied):
    sign(copied, "2026-11")

    def one(note):
        try:
            return release(copied, "2026-11", by=BOSS, note=note)
        except PlanError as error:
            return str(error)

    with ThreadPoolExecutor(2) as pool:
        told = [*pool.map(one, ("first", "second"))]
    assert sum("released already" in str(each) for each in told) == 1, told
    rows = Ledger(copied / "ledger.db").read("releases")
    assert rows["manifest"].tolist() == [digest_of(copied / "2026-11")]
    assert Plan(copied / "2026-11").state == "released" and changed(copied / "2026-11") == []


def test_a_released_pack_sealed_anew_is_not_what_the_ledger_says(copied):
    pack = signed_release(copied, "2026-11")
    with pytest.raises(PlanError, match="released and never changes"):
        list(export(copied, "2026-11"))
    for name in ("release.json", "manifest.json"):
        (pack / name).chmod(0o644)
    (pack / "release.json").write_text('{"by": "Eve", "at": "2026-11-20T10:00:00+00:00"}')
    seal(pack, json.loads((pack / "manifest.json").read_text()))
    with pytest.raises(PlanError, match="the ledger knows no release of it with this seal"):
        verify(copied, "2026-11")


def test_a_ledger_whose_history_was_changed_is_reported_by_verify(copied):
    pack = signed_release(copied, "2026-11")
    path = copied / "ledger.db"
    whole = path.read_bytes()

    def forge(*statements):
        path.write_bytes(whole)
        with closing(sqlite3.connect(path)) as connection, connection:
            for statement in statements:
                connection.execute(statement)
        with pytest.raises(PlanError, match="bring back the ledger as it was") as caught:
            verify(copied, "2026-11")
        return str(caught.value)

    off = "DROP TRIGGER sign_offs_no_update", "DROP TRIGGER sign_offs_no_delete"
    told = forge(*off, "UPDATE sign_offs SET status = 'withheld' WHERE id = 1")
    assert "table sign_offs, row 1 of" in told and "does not follow" in told
    last = "(SELECT max(id) FROM sign_offs)"  # who leaves no gap is told by the release
    told = forge(*off, f"DELETE FROM sign_offs WHERE id = {last}")
    assert "table sign_offs does not hold the" in told and "does not follow" not in told
    assert changed(pack) == []


def small(folder, number):
    """A sealed pack that says nothing but its number."""
    (folder / "tables").mkdir(exist_ok=True)
    for name in ("inputs", "notebooks"):
        (folder / name).mkdir(exist_ok=True)
    (folder / "tables" / "kpis.parquet").write_text(f"{number}")
    seal(folder, {"month": "2026-11", "number": number})
    return folder


@pytest.fixture
def frozen_only(monkeypatch):
    """``release`` of packs that hold nothing to judge or to draw."""
    for name in ("_broken", "unsettled"):
        monkeypatch.setattr(releasing, name, lambda *_: [])
    for name in ("review_again", "write_page", "draw_page"):
        monkeypatch.setattr(releasing, name, lambda *_: None)


def test_packs_and_releases_that_meet_leave_one_release_and_its_seal(tmp_path, frozen_only):
    rng, told = np.random.default_rng(3), Counter()

    def build(packs, number, wait):
        time.sleep(wait)
        try:
            with staging(packs, "2026-11") as folder:
                small(folder, number)
                with alone(packs):
                    put_in_place(folder, packs / "2026-11")
            return "built"
        except PlanError as error:
            return "refused" if "was released meanwhile" in str(error) else str(error)

    def freeze(packs, wait):
        time.sleep(wait)
        try:
            release(packs, "2026-11", by="Ada")
            return "released"
        except PlanError as error:
            return "refused" if "is released already" in str(error) else str(error)

    with ThreadPoolExecutor(4) as pool:
        for number in range(MEETINGS):
            packs = tmp_path / str(number)
            (packs / "2026-11").mkdir(parents=True)
            small(packs / "2026-11", "first")
            book, waits = Ledger(packs / "ledger.db"), rng.uniform(0, 0.05, 4)
            runs = [pool.submit(build, packs, at, waits[at]) for at in (0, 1)]
            runs += [pool.submit(freeze, packs, waits[at]) for at in (2, 3)]
            told.update(run.result() for run in runs)
            rows, pack = book.read("releases"), packs / "2026-11"
            assert rows["manifest"].tolist() == [digest_of(pack)] and changed(pack) == []
            assert {path.name for path in packs.iterdir()} == {"2026-11", ".lock", "ledger.db"}
            shutil.rmtree(packs)
    print(f"{MEETINGS} meetings of two packs and two releases: {dict(told)}")
    assert told["released"] == MEETINGS and told.keys() == {"built", "refused", "released"}
    assert min(told.values()) > MEETINGS / 4


def test_a_release_that_dies_before_its_pack_is_in_place_is_made_again(
    tmp_path, frozen_only, monkeypatch
):
    (tmp_path / "2026-11").mkdir()
    pack, swap = small(tmp_path / "2026-11", 1), releasing.put_in_place

    def die(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(releasing, "put_in_place", die)
    with pytest.raises(KeyboardInterrupt):
        release(tmp_path, "2026-11", by="Ada")
    assert changed(pack) == [] and Plan(pack).state == "finished"
    monkeypatch.setattr(releasing, "put_in_place", swap)
    release(tmp_path, "2026-11", by="Ada")
    rows = Ledger(tmp_path / "ledger.db").read("releases")
    assert rows["manifest"].tolist()[-1] == digest_of(pack) and Plan(pack).state == "released"
    refuse_changed(pack, Ledger(tmp_path / "ledger.db"))
