"""What is carried to the room stands beside the board: whole, or a sentence says why not."""

import json
import shutil

import pytest
from pptx import Presentation

from sopkit.exports import room
from sopkit.exports.room import FILES, carry
from sopkit.seal import seal
from tests.company.signing import signed_release


def test_the_three_files_stand_beside_the_schedule(carried):
    folder, said = carried
    there = {path.name for path in (folder / "exports").iterdir()}
    assert there - {"pack.pdf"} == {"plan.xlsx", "deck.pptx"} | {
        f"master_schedule.{e}" for e in ("csv", "xlsx")
    }
    assert said[:2] == [str(folder / "exports" / name) for name in list(FILES)[:2]]


def test_page_5_is_printed_where_there_is_a_browser(carried):
    folder, said = carried
    if "needs Chromium" in said[2]:
        pytest.skip("needs chromium")
    printed = (folder / "exports" / "pack.pdf").read_bytes()
    assert printed[:4] == b"%PDF" and len(printed) > 100_000


def test_without_a_browser_the_others_stand_and_a_sentence_says_what_to_do(
    carried, tmp_path, monkeypatch
):
    folder = tmp_path / "2026-11"
    shutil.copytree(carried[0], folder)
    monkeypatch.setattr(room, "which", lambda name: None)
    monkeypatch.setitem(FILES, "deck.pptx", lambda plan, path: path.write_text("half") / 0)
    workbook, deck, pdf = carry(folder)
    assert workbook.endswith("plan.xlsx") and deck.startswith("deck.pptx is not written: ")
    assert "it needs Chromium, Chrome or Edge; print" in pdf
    assert not (folder / "exports" / "pack.pdf").exists(), "an old print would tell an old state"
    assert not (folder / "exports" / "deck.pptx").exists(), "nothing is half written"


def test_release_writes_them_again_with_its_state(carried, tmp_path):
    packs = tmp_path / "packs"
    shutil.copytree(carried[0], packs / "2026-11")
    seal(packs / "2026-11", json.loads((packs / "2026-11" / "manifest.json").read_text()))
    pack = signed_release(packs, "2026-11")
    deck = Presentation(pack / "exports" / "deck.pptx")
    assert "Released by Dr. Ada" in deck.slide_master.shapes[-1].text_frame.text
    assert (pack / "exports" / "deck.pptx").stat().st_mode & 0o222 == 0
