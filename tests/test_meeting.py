"""What a meeting enters by command: rows of the ledger, checked against the plan."""

import re
import shlex
import shutil

import pytest
from click.testing import CliRunner

from sopkit.cli import main
from sopkit.ledger import Ledger
from sopkit.tables.judgments import current
from tests.conftest import ROOT

SIGN = ["sign", "finance", "approved"]


@pytest.fixture
def run(packs, tmp_path):
    """A command beside the packs, on a ledger of its own."""
    book = tmp_path / "ledger.db"
    shutil.copy(packs / "ledger.db", book)

    def call(*words):
        where = ["--packs", str(packs), "--ledger", str(book)]
        return CliRunner().invoke(main, [*map(str, words), *where])

    call.ledger = Ledger(book)
    return call


def test_a_decision_is_asked_and_taken_and_keeps_what_was_said_before(run):
    asked = run(
        "decide",
        "Third line?",
        "--options",
        "yes; no",
        "--owner",
        "Ines Marlow",
        "--by",
        "Tom Adler",
    )
    assert asked.exit_code == 0 and "entered for 2026-11 by Tom Adler" in asked.output, asked.output
    run("decide", "third  line?", "--chosen", "yes", "--due", "2026-12-15", "--by", "Mara Voss")
    row = run.ledger.read("decisions").iloc[-1]
    assert row[["by", "options", "chosen", "owner"]].tolist() == [
        "Mara Voss",
        "yes; no",
        "yes",
        "Ines Marlow",
    ]
    assert f"{row['due']:%Y-%m-%d}" == "2026-12-15"


def test_assumptions_and_sign_offs_are_entered(run):
    assert (
        run(
            "assume", "Steel holds", "--condition", "price of Pumps <= 1200", "--by", "Tom Adler"
        ).exit_code
        == 0
    )
    signed = run("sign", "finance", "approved", "--family", "Pumps", "--by", "Greta Holm")
    assert signed.exit_code == 0, signed.output
    assert run.ledger.read("assumptions")["text"].iloc[-1] == "Steel holds"
    last = run.ledger.read("sign_offs").iloc[-1]
    assert last[["family", "role", "status"]].tolist() == ["Pumps", "finance", "approved"]


def test_a_scenario_is_entered_compared_and_promoted(run):
    added = run(
        "scenario", "add", "dip", "demand", "-5 %", "--family", "Pumps", "--by", "Tom Adler"
    )
    assert added.exit_code == 0, added.output
    compared = run("scenario", "compare", "dip")
    assert compared.exit_code == 0, compared.output
    (revenue,) = (line for line in compared.output.splitlines() if " revenue  " in line)
    assert "−" in revenue.split()[-2] and "dip, to base" in compared.output
    assert run("scenario", "promote", "dip", "--by", "Tom Adler").exit_code == 0
    assert run("scenario", "promote", "dip", "--undo", "--by", "Tom Adler").exit_code == 0
    rows = run.ledger.read("scenarios")
    assert rows["driver"].tolist()[-3:] == ["demand", "promote", "promote"]
    assert rows["value"].tolist()[-3:] == ["-5 %", "yes", "off"]


@pytest.mark.parametrize(
    "words, message",
    [
        (["scenario", "add", "x", "demnad", "+1 %", "--by", "A"], "did you mean demand"),
        (["scenario", "add", "x", "demand", "much", "--by", "A"], "write one like +10 %"),
        (["scenario", "add", "x", "promote", "yes", "--by", "A"], "sopkit scenario promote NAME"),
        (["scenario", "add", "a b", "demand", "+1 %", "--by", "A"], "cannot name a scenario"),
        (["scenario", "add", "base", "demand", "+1 %", "--by", "A"], "none of: base, optimal"),
        (["scenario", "add", "../x", "demand", "+1 %", "--by", "A"], "cannot name a scenario"),
        (["scenario", "compare", "x"], "'x' is not in the ledger"),
        (["scenario", "promote", "x", "--by", "A"], "'x' is not in the ledger"),
        (
            ["assume", "x", "--condition", "demand of Pmups >= 1", "--by", "A"],
            "nobody is called 'Pmups'; did you mean Pumps?",
        ),
        (["sign", "finance", "perhaps", "--by", "A"], "expected approved or withheld"),
        (["assume", "x", "--condition", "steel is dear", "--by", "A"], "is not understood at"),
        (
            ["note", "x", "--by", "Greta Holmes"],
            "no role in settings.toml; did you mean Greta Holm?",
        ),
        (["decide", "x", "--owner", "Nobody", "--by", "Greta Holm"], "Nobody has no role"),
        (["scenario", "add", "x", "price", "-100 %", "--by", "A"], "write a smaller fall"),
        (["decide", "What?", "--by", " "], "who enters the rows is blank"),
        (["decide", "Q?", "--scenario", "nosuch", "--by", "A"], "no scenario 'nosuch'"),
        (["scenario", "promote", "x", "--undo", "--by", "A"], "'x' is not in the base"),
        (["scenario", "add", "BOOM", "demand", "+1 %", "--by", "A"], "'boom' is there already"),
        (
            ["decide", "Q?", "--options", "build; buy", "--chosen", "bild", "--by", "A"],
            "chosen 'bild' is none of the options; did you mean build",
        ),
        (["risk", "x", "--probability", "nan", "--by", "A"], "nan is not a number"),
        (["note", b"caf\xe9".decode(errors="surrogateescape"), "--by", "A"], "is not a text"),
    ],
)
def test_what_must_be_mended_is_said(run, words, message):
    before = len(run.ledger.read("scenarios"))
    result = run(*words)
    assert result.exit_code == 1 and message in result.output, result.output
    assert len(run.ledger.read("scenarios")) == before


def test_an_option_that_nobody_knows_is_no_text(run):
    result = run("decide", "Q?", "--ownr=Bo", "--by", "A")
    assert result.exit_code == 2 and "--ownr" in result.output


def test_a_note_with_the_words_of_an_assumption_stands_beside_it(run):
    for entry in ("assume", "note"):
        assert run(entry, "Steel holds", "--by", "Tom Adler").exit_code == 0
    rows = current(run.ledger.read("assumptions")).query("text == 'Steel holds'")
    assert rows["kind"].tolist() == ["assumption", "note"]


@pytest.mark.parametrize("words", ["decide", "assume", "sign", "scenario add"])
def test_the_help_shows_an_example_that_runs(run, words):
    shown = CliRunner().invoke(main, [*words.split(), "--help"], terminal_width=200).output
    (example,) = re.findall(r"Example:\n\s+sopkit (.*)", shown)
    result = run(*shlex.split(example))
    assert result.exit_code == 0 and example.startswith(words), result.output


def test_a_change_is_tried_with_the_others_of_its_scenario(run):
    def add(*words):
        return run("scenario", "add", "busy", *words, "--by", "Tom Adler")

    assert add("service_level", "99 %").exit_code == 0
    more = add("service_level", "+3 %", "--family", "Pumps")  # 97.9 % without the other
    assert more.exit_code == 1 and "service_level would be 1.0197" in more.output
    took = add("demand", "")
    assert took.exit_code == 1 and "no such change to take back" in took.output
    assert "as it was entered: service_level" in took.output


def test_a_change_is_taken_back_by_a_blank_amount(run):
    for value in ("+5 %", ""):
        added = run("scenario", "add", "more", "demand", value, "--by", "Tom Adler")
        assert added.exit_code == 0, added.output
    assert "all of it is taken back" in run("scenario", "compare", "more").output


def test_only_who_holds_a_role_signs_for_it(run):
    assert "Bo is not finance; Greta Holm may sign" in run(*SIGN, "--by", "Bo").output
    odd = run("sign", "finanec", "approved", "--by", "Bo").output
    assert "no role 'finanec'; the settings know: demand, finance, " in odd
    assert run(*SIGN, "--by", "Greta Holm").exit_code == 0
    row = run.ledger.read("sign_offs").iloc[-1]
    assert row["by"] == "Greta Holm" and len(row["plan"]) == 64


def test_risks_notes_and_positions_stand_beside_the_assumptions(run):
    for words in (
        ["risk", "Strike", "--probability", "0.3", "--effect", "-120000", "--by", "Tom Adler"],
        ["risk", "A tender", "--effect", "5000", "--by", "Tom Adler"],
        ["note", "Export as last month", "--by", "Tom Adler"],
        ["agree", "Booster sets by promised date", "--owner", "Greta Holm", "--by", "Tom Adler"],
    ):
        assert (result := run(*words)).exit_code == 0, result.output
    rows = run.ledger.read("assumptions").tail(4)
    assert rows["kind"].tolist() == ["risk", "risk", "note", "position"]
    assert rows["effect"].tolist()[:2] == [-120000, 5000]
    assert "between 0 and 1" in run("risk", "x", "--probability", "3", "--by", "A").output


def test_the_readme_says_the_same_commands():
    readme = (ROOT / "README.md").read_text()
    assert all(f"sopkit scenario {verb} " in readme for verb in ("add", "compare", "promote"))
