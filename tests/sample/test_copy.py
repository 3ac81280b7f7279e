import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sopkit import PlanError
from sopkit.sample import write_sample
from sopkit.sources import check, read_facts

DATA = Path(__file__).parents[2] / "data"


def test_the_sample_is_the_data_folder_to_the_byte(tmp_path):
    names = {path.relative_to(tmp_path) for path in write_sample(tmp_path)}
    there = {path.relative_to(DATA) for path in DATA.rglob("*") if path.is_file()}
    assert names == there - {Path("README.md")}
    assert all((tmp_path / name).read_bytes() == (DATA / name).read_bytes() for name in names)
    write_sample(tmp_path, items=30)
    assert not (tmp_path / "earlier").exists(), "the past is that of the 60 items"


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    folder = tmp_path_factory.mktemp("large")
    write_sample(folder, items=1140)
    return folder


def test_a_large_company_is_several_plants_that_share_nothing(large):
    issues = check(large)
    assert issues[issues["severity"] == "error"].empty
    facts = read_facts(large, "2026-11")
    assert len(facts.items) == 1140 and facts.items["item"].is_unique
    assert facts.items["family"].nunique() == 12
    made = facts.bill_of_resources.merge(facts.items[["item", "family"]])
    plants = made["resource"].str.extract(r"-(\d+)$")[0].fillna("1")
    assert set(plants) == {"1", "2"}
    assert (made["family"].str.extract(r"-(\d+)$")[0].fillna("1") == plants).all()


def test_a_large_company_is_as_loaded_as_the_small_one(large):
    def load(folder):
        facts = read_facts(folder, "2026-11")
        year = facts.sales_history[facts.sales_history["bucket"] >= "2025-11-01"]
        sold = year.groupby("item")["quantity"].sum()
        bill = facts.bill_of_resources
        hours = (bill["hours_per_unit"] * bill["item"].map(sold)).groupby(bill["resource"]).sum()
        first = facts.resources.drop_duplicates("resource").set_index("resource")
        workers = first["workers"] * first["hours_per_worker"]
        return hours / (12 * workers.fillna(first["hours"]))

    small, big = load(DATA), load(large)
    for resource, share in big.items():
        plain = small[resource.rsplit("-", 1)[0] if resource[-1].isdigit() else resource]
        assert share == pytest.approx(plain, rel=0.35), resource


def test_another_seed_is_other_luck_around_the_same_truth(tmp_path):
    write_sample(tmp_path, seed=7)
    sales, other = (pd.read_csv(path / "sales_history.csv") for path in (DATA, tmp_path))
    keys = ["item", "market", "bucket"]
    pd.testing.assert_frame_equal(sales[keys], other[keys])
    assert (sales["quantity"] != other["quantity"]).mean() > 0.8
    truth = json.loads((tmp_path / "truth.json").read_text())
    assert truth["seed"] == 7 and len(truth["items"]) == 60
    told = {row["item"]: np.mean(row["expected"]) for row in truth["items"]}
    known = {
        row["item"]: np.mean(row["expected"])
        for row in json.loads((DATA / "truth.json").read_text())["items"]
    }
    sold, now = (frame.groupby("item")["quantity"].sum() for frame in (sales, other))
    ratio = pd.DataFrame({"truth": pd.Series(told) / pd.Series(known), "sold": now / sold})
    assert (ratio["truth"] / ratio["sold"]).dropna().median() == pytest.approx(1, abs=0.02)
    again = tmp_path / "again"
    write_sample(again, seed=7)
    assert all(path.read_bytes() == (tmp_path / path.name).read_bytes() for path in again.iterdir())


def test_a_smaller_company_refers_to_nothing_that_it_left_out(tmp_path):
    write_sample(tmp_path, items=30)
    issues = check(tmp_path)
    assert issues[issues["severity"] == "error"].empty
    assert len(read_facts(tmp_path, "2026-11").items) == 30


def test_what_is_too_small_or_someones_is_refused(tmp_path):
    with pytest.raises(PlanError, match="at least 30 items"):
        write_sample(tmp_path / "small", items=29)
    (tmp_path / "items.csv").write_text("item\nA\n")
    with pytest.raises(PlanError, match="already holds 1 files of facts .items.csv.*empty folder"):
        write_sample(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["items.csv"]
