"""What an installation lacks is a line each."""

from click.testing import CliRunner

from sopkit import doctor
from sopkit.cli import main
from sopkit.ledger import Ledger


def told(packs, *more):
    result = CliRunner().invoke(main, ["doctor", "--packs", str(packs), *more])
    return result.exit_code, result.output.splitlines()


def test_a_whole_installation_is_well(tmp_path, monkeypatch):
    monkeypatch.setattr(doctor, "browser", lambda: "/usr/bin/chromium")
    for words in ("no ledger at ", "the ledger 'sqlite:///"):
        code, lines = told(tmp_path / "packs")
        assert code == 0 and all(line.startswith("✓ ") for line in lines), lines
        assert words in lines[-1]
        assert (tmp_path / "packs").exists() == ("is whole" in lines[-1])  # looking makes nothing
        Ledger.of(tmp_path / "packs")


def test_what_lacks_is_named_with_what_to_do(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setattr(doctor, "browser", lambda: "")
    monkeypatch.setattr(doctor, "requires", lambda _: ["pandas>=99", "nowhere", "tqdm>=4"])
    monkeypatch.setattr(doctor, "_memory", lambda: 0.5)
    code, lines = told(tmp_path / "file", "--ledger", "postgresql://a:secret@127.0.0.1:1/x")
    bad = "\n".join(line for line in lines if line.startswith("✗ "))
    assert code == 1
    for words in (
        "pandas>=99 (there: ",
        "nowhere (there: none)",
        "install one of them",
        "0.5 GB of memory: a month of",
        "cannot be written",
        "ledger 'postgresql+psycopg://a:***@",
    ):
        assert words in bad, words
    assert "tqdm" not in bad and "secret" not in bad
