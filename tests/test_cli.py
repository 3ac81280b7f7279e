"""The commands say what they did, and what a person must mend, in words; exit code 1 on errors."""

import os
import re
import signal
import subprocess
import sys

import pytest
from click.testing import CliRunner

from sopkit.cli import main
from sopkit.errors import PlanError
from sopkit.exports import read_overrides
from sopkit.sources import read_facts
from tests.conftest import ROOT


def run(*words):
    return CliRunner().invoke(main, [str(word) for word in words])


def test_check_lists_problems_and_fails_on_errors(tmp_path):
    (tmp_path / "items.csv").write_text("item\nA\n")
    (tmp_path / "sales_history.csv").write_text("item,bucket,quantity\nB,2026-13-01,five\n")
    result = run("check", tmp_path)
    assert result.exit_code == 1
    assert all(word in result.output for word in ("sales_history", "2026-13-01", "five", "B"))


def test_check_passes_the_sample():
    assert run("check", ROOT / "data").exit_code == 0


PARTIAL = "".join(f"A,2026-{month:02}-01,9\n" for month in range(1, 11))


@pytest.mark.parametrize(
    "last, partial",
    [
        ("".join(f"A,2026-11-{day:02},9\n" for day in range(1, 31)), False),
        ("".join(f"A,2026-11-{day:02},1\n" for day in range(1, 13)), True),
        ("A,2026-11-01,2\n", True),  # stamped by month: it looks so, by its volume
        ("A,2026-11-01,2\nA,2026-12-01,2\n", False),  # a break, not a file that was cut
    ],
)
def test_check_proposes_the_month_before_a_partial_bucket_by_the_exact_command(
    last, partial, tmp_path
):
    folder = tmp_path / "my data"
    folder.mkdir()
    (folder / "items.csv").write_text("item\nA\n")
    days = "".join(f"A,2026-{month:02}-{day:02},9\n" for month in range(5, 11) for day in (1, 30))
    sales = PARTIAL if last.startswith("A,2026-11-01,2") else days
    (folder / "sales_history.csv").write_text("item,bucket,quantity\n" + sales + last)
    result = run("check", folder, "--packs", tmp_path / "packs")
    assert result.exit_code == 0
    command = f"sopkit pack 2026-11 --data '{folder}' --packs {tmp_path / 'packs'}"
    assert (command in result.output) == partial, result.output
    assert ("month before" in result.output) == partial


def test_pack_proposes_it_too(tmp_path, monkeypatch):
    from types import SimpleNamespace

    import pandas as pd

    import sopkit.pack
    import sopkit.plan
    from sopkit.sources.issues import found

    issue = found("incomplete bucket", "sales_history", done="MONTH 2026-11 plans it whole")
    built = SimpleNamespace(
        folder=tmp_path / "2026-12",
        manifest={"identities": [], "tables": [], "seconds": {"total": 1.0}},
    )
    monkeypatch.setattr(sopkit.pack, "build_pack", lambda *given, **named: built)
    plan = SimpleNamespace(read=lambda table: pd.DataFrame(issue))
    monkeypatch.setattr(sopkit.plan, "Plan", lambda folder: plan)
    result = run("pack", "2026-12", "--data", "facts")
    assert result.exit_code == 0
    assert "the month before: sopkit pack 2026-11 --data facts --packs packs\n" in result.output


def test_empty_templates_are_written(tmp_path):
    assert run("sample", tmp_path / "mine", "--empty").exit_code == 0
    assert (tmp_path / "mine" / "items.csv").read_text().startswith("item,")


@pytest.mark.parametrize(
    "words, message",
    [
        (["pack", "2026-11", "--data", "nowhere"], "nowhere"),
        (["pack", "november", "--data", ROOT / "data"], "YYYY-MM"),
        (
            ["pack", "2026-11", "--data", ROOT / "data", "-p", "horizn", "18"],
            "did you mean 'horizon'",
        ),
        (
            ["pack", "2026-11", "--data", ROOT / "data", "--scenario", "boom"],
            "'boom' is not in the ledger",
        ),
        (["dashboard", "2026-11"], "no finished pack"),
        (["release", "2026-11", "--by", "Ada"], "no finished pack"),
        (["overrides", "import", "none.xlsx"], "build it with: sopkit pack MONTH"),
    ],
)
def test_what_must_be_mended_is_said_without_a_traceback(tmp_path, words, message):
    result = run(*words, "--packs", tmp_path / "packs")
    assert result.exit_code == 1 and message in result.output and "Traceback" not in result.output
    assert result.output.startswith("sopkit: ")


def test_overrides_go_out_and_come_back_as_differences(packs, tmp_path):
    import openpyxl

    from sopkit.ledger import Ledger

    file, ledger = tmp_path / "overrides.xlsx", tmp_path / "ledger.db"
    where = ("--packs", packs, "--ledger", ledger)
    assert run("overrides", "export", file, *where).exit_code == 0
    book = openpyxl.load_workbook(file)
    sheet = book["overrides"]
    sheet["J3"], sheet["F3"] = 9000, "promotion"
    book.save(file)
    result = run("overrides", "import", file, *where, "--by", "Ada", "--accept")
    assert result.exit_code == 0 and "1 overrides entered for 2026-11" in result.output
    assert f"{sheet['B3'].value}, {sheet['D3'].value}, Nov 26: 9," in result.output  # far off
    assert Ledger(ledger).read("overrides")[["value", "owner"]].values.tolist() == [[9000.0, "Ada"]]
    again = run("overrides", "import", file, *where, "--by", "Ada", "--accept")
    assert again.output == "Nothing changed.\n" and len(Ledger(ledger).read("overrides")) == 1


def test_overrides_imported_after_a_release_are_for_the_next_month(packs, tmp_path):
    import openpyxl

    (tmp_path / "2026-10").symlink_to(packs / "2026-10")  # which is released
    file, words = tmp_path / "overrides.xlsx", ("--packs", tmp_path, "--by", "Ada", "--accept")
    run("overrides", "export", file, "--packs", tmp_path)
    book = openpyxl.load_workbook(file)
    sheet = book["overrides"]
    for value, told in ((-1e9, "would be below zero"), (9, "1 overrides entered for 2026-11")):
        sheet["J3"], sheet["F3"] = value, "promotion"
        book.save(file)
        assert told in run("overrides", "import", file, *words).output


def test_a_path_with_blanks_is_quoted_in_the_hint(tmp_path):
    folder = tmp_path / "my data"
    assert f"sopkit check '{folder}'" in run("sample", folder, "--empty").output
    (folder / "workbook.xlsx").unlink()
    with pytest.raises(PlanError, match=f"run `sopkit check '{folder}'`"):
        read_facts(folder)
    with pytest.raises(PlanError, match=f"sopkit overrides export '{folder}/none.xlsx'"):
        read_overrides(folder / "none.xlsx", None)


@pytest.mark.parametrize("number, code", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_build_that_is_stopped_says_so_and_leaves_nothing(tmp_path, number, code):
    run = subprocess.Popen(
        [sys.executable, "-m", "sopkit", "pack", "2026-11", "--packs", tmp_path / "packs"],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    said = next(line for line in run.stderr if "step 1 gather data: " in line)
    assert re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d step 1 gather data: \d+\.\d s$", said)
    # A terminal tells all processes of Ctrl-C, a scheduler the one that it started.
    os.killpg(run.pid, number) if number == signal.SIGINT else run.send_signal(number)
    _, told = run.communicate(timeout=60)
    assert run.returncode == code and told.endswith(
        "sopkit: stopped; what was finished before stands\n"
    )
    assert "Traceback" not in told
    assert {path.name for path in (tmp_path / "packs").iterdir()} <= {".lock", "ledger.db"}
