import json
from pathlib import Path

import pandas as pd
import pytest

from sopkit import PlanError
from sopkit.sources import check, read_facts
from sopkit.tables import INPUTS, RARE
from tests.company import write_company

DATA = Path(__file__).parents[2] / "data"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sample")
    write_company(folder)
    return folder


def test_data_is_what_the_sample_writes(folder):
    names = {path.name for path in folder.iterdir()}
    assert names == {f"{name}.csv" for name in {*INPUTS} - RARE} | {"settings.toml", "truth.json"}
    assert {path.name for path in DATA.iterdir()} - {"README.md", "earlier"} == names
    different = [
        name for name in sorted(names) if (folder / name).read_bytes() != (DATA / name).read_bytes()
    ]
    assert different == [], "run: make sample"


def test_another_seed_writes_other_bytes(folder, tmp_path):
    write_company(tmp_path / "other", seed=1)
    assert (tmp_path / "other" / "sales_history.csv").read_bytes() != (
        folder / "sales_history.csv"
    ).read_bytes()


def test_files_are_small_and_plain(folder):
    sizes = [path.stat().st_size for path in folder.iterdir()]
    assert max(sizes) < 1.4e6 and sum(sizes) < 6e6
    for path in folder.glob("*.csv"):
        text = path.read_bytes()
        assert (
            b"\r" not in text
            and not text.startswith(b"\xef\xbb\xbf")
            and b"nan" not in text.lower().replace(b"finance", b"")
        )
        assert (
            pd.read_csv(path, dtype=str, keep_default_na=False).columns.tolist()
            == [name for name in INPUTS[path.stem].names if name != "site"]  # no lane is told
        )


def test_quantities_are_whole_pieces_and_money_has_cents(folder):
    sales = pd.read_csv(folder / "sales_history.csv", dtype=str)
    assert (
        sales["quantity"].str.fullmatch(r"-?\d+").all()
        and sales["revenue"].str.fullmatch(r"-?\d+(\.\d{1,2})?").all()
    )
    assert sales["bucket"].str.fullmatch(r"\d{4}-\d{2}-01").all()


def test_what_was_written_reads_back_as_it_was_made(folder, tables):
    facts = read_facts(folder, "2026-11").tables
    for name in ("items", "events", "sourcing", "bill_of_resources", "budget", "sales_inputs"):
        pd.testing.assert_frame_equal(INPUTS[name].conform(facts[name]), tables[name], obj=name)


def test_check_finds_the_planted_dirt_and_no_error(folder, truth):
    issues = check(folder)
    assert issues[issues["severity"] == "error"].empty
    found = issues[issues["severity"] == "warning"].groupby("rule").size().to_dict()
    planted = pd.Series([row["rule"] for row in truth["dirt"]]).value_counts().to_dict()
    assert found == planted | {
        "overdue receipt": len(truth["overdue_receipts"]),
        "unit jump": len(truth["unit_slips"]),
    }


def test_the_truth_is_no_table(folder):
    assert "truth" not in set(check(folder)["table"])
    told = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    assert told["seed"] == 2026 and len(told["items"]) == 60


def test_a_folder_with_someones_facts_is_not_written_over(tmp_path):
    (tmp_path / "items.csv").write_text("item\nA\n")
    with pytest.raises(PlanError, match="already holds 1 files of facts .items.csv.*empty folder"):
        write_company(tmp_path)
    assert (tmp_path / "items.csv").read_text() == "item\nA\n" and len(
        list(tmp_path.iterdir())
    ) == 1


def test_a_sample_may_be_written_again(folder):
    assert write_company(folder)
