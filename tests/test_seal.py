"""The seal of a pack: no byte of it changes unseen, and it is released once."""

import json
import shutil
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from sopkit import PlanError
from sopkit.ledger import Ledger
from sopkit.pack import release, verify
from sopkit.pack.release import export
from sopkit.plan import Plan
from sopkit.seal import changed, digest_of, seal
from tests.company.signing import BOSS, sign, signed_release
from tests.golden import leave_out_kernels_and_pages

EDITS = 100


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
            with pytest.raises(
                PlanError, match=f"1 files changed since it was built, first {name}"
            ):
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
