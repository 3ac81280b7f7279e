"""A company that begins with a past: released cycles and a ledger that lie beside its facts."""

import json
import re
import shutil

import pandas as pd
import pytest

from sopkit import Plan
from sopkit.errors import PlanError
from sopkit.ledger import Ledger
from sopkit.metrics import Book, graded_stages, value_added_table
from sopkit.metrics.scopes import actuals, author_bias
from sopkit.pack import build_pack
from sopkit.pack.stage import stage_inputs
from sopkit.plan import packs_in
from sopkit.scenarios import Inputs, followed
from sopkit.seal import changed, digest_of, seal
from sopkit.sources import read_facts
from sopkit.tables import INPUTS, LEDGER, PLANS, RARE
from tests.company import company
from tests.company.earlier import KEPT, NOTES, as_of, write_facts
from tests.company.outlook import AUTHORS
from tests.conftest import ROOT
from tests.golden import leave_out_kernels_and_pages
from tests.pack.toys import write_notebook

PAST = ROOT / "data" / "earlier"
STAGES = ["baseline", "events", "launches", "initiatives", "sales_input"]


@pytest.fixture(scope="module")
def made():
    return company()


@pytest.fixture(scope="module")
def facts():
    return read_facts(ROOT / "data", "2026-11")


def staged(folder, facts, *packs, ledger=None):
    given, ledger = Inputs(facts, LEDGER["overrides"].empty(), {}), ledger or Ledger("sqlite://")
    stage_inputs(folder, given, ledger, packs_in(*packs), {"month": "2026-11"})
    return Plan(folder)


def test_releases_beside_the_facts_are_last_cycles(tmp_path, facts):
    plan = staged(tmp_path / "pack", facts, PAST, tmp_path)
    assert list(plan.releases) == list(NOTES) and plan.last.month == "2026-10"
    assert plan.last.read("financial_plan").equals(_kept("2026-10", "financial_plan"))
    lags = plan.released_forecasts().query("bucket < '2026-11-01'").groupby("lag")["bucket"]
    assert lags.nunique().to_dict() == {lag: 7 - lag for lag in range(1, 7)}


def test_a_pack_of_ones_own_takes_its_months_place_if_the_ledger_knows_it(tmp_path, facts):
    pack, ledger = tmp_path / "2026-10", Ledger("sqlite://")
    shutil.copytree(PAST / "2026-10", pack)
    own = pack / "tables" / "kpis.parquet"
    pd.read_parquet(own).head(1).to_parquet(own)
    with pytest.raises(PlanError, match="changed .*: tables/kpis.parquet"):
        staged(tmp_path / ".changed", facts, PAST, tmp_path, ledger=ledger)
    seal(pack, json.loads((pack / "manifest.json").read_text()))
    with pytest.raises(PlanError, match="pack 2026-10: the ledger knows no release of it"):
        staged(tmp_path / ".unknown", facts, PAST, tmp_path, ledger=ledger)
    row = {"pack": "2026-10", "manifest": digest_of(pack), "note": ""}
    ledger.append("releases", [row], by="Ada", cycle="2026-10")
    plan = staged(tmp_path / ".pack", facts, PAST, tmp_path, ledger=ledger)
    assert len(plan.last.read("kpis")) == 1 and len(plan.releases) == len(NOTES)


@pytest.mark.parametrize("there, entered", [("nothing", True), ("a pack", False)])
def test_only_packs_that_begin_start_their_ledger(tmp_path, monkeypatch, there, entered):
    leave_out_kernels_and_pages(monkeypatch.setattr)
    packs = tmp_path / "packs"
    if there == "a pack":
        shutil.copytree(PAST / "2026-10", packs / "2026-10")
        (packs / "2026-10" / "release.json").unlink()
    write_notebook(tmp_path / "steps" / "1_gather_data.ipynb", "raise ValueError('far enough')")
    with pytest.raises(ValueError, match="far enough"):
        build_pack("2026-11", ROOT / "data", packs, notebooks=tmp_path / "steps")
    found = Ledger(packs / "ledger.db").read("decisions")
    assert len(found) == (len(_judged("decisions")) if entered else 0)


def test_what_is_kept_is_what_was_released(tmp_path):
    said = _judged("releases").set_index("pack")
    assert list(said.index) == list(NOTES) == [path.name for path in packs_in(PAST)]
    for month in NOTES:
        told = json.loads((PAST / month / "manifest.json").read_bytes())
        assert changed(PAST / month) == [] and digest_of(PAST / month) == said.manifest[month]
        assert all(row["holds"] for row in told["identities"]) and told["month"] == month
        assert set(told["tables"]) == {f"{name}.parquet" for name in KEPT}
        for path in (PAST / month / "tables").iterdir():
            frame = pd.read_parquet(path)
            whole = frame.assign(issued=0.0) if path.stem == "supply_plan" else frame  # since then
            pd.testing.assert_frame_equal(PLANS[path.stem].conform(whole)[frame.columns], frame)
    files = [path for path in PAST.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 2.5e6


def test_every_table_that_later_cycles_read_is_kept():
    code = [*(ROOT / "sopkit").rglob("*.py"), *(ROOT / "notebooks").glob("*.ipynb")]
    read = re.compile(r"(?:\blast_|\blast\.read\(\W*|\breleased\.read\(\W*)(\w+)")
    found = {name for path in code for name in read.findall(path.read_text())}
    shared = {"inventory_plan", "financial_plan"}  # by sections that take a table's name
    assert (found & set(PLANS)) | shared <= set(KEPT)


def test_no_past_cycle_knew_what_came_later(made, tmp_path):
    for month in ("2026-05", "2026-10"):
        write_facts(tmp_path / month, as_of(made, month), made.settings)
        facts, first = read_facts(tmp_path / month, month), pd.Timestamp(month)
        for name in ("sales_history", "inventory_history", "production_history"):
            assert facts[name]["bucket"].max() < first
        days = facts["orders"][["ordered_on", "shipped_on"]].max()
        assert (days < first).all() and (facts["receipts"]["ordered_on"] < first).all()
        ahead = facts["sales_inputs"].groupby("author")["bucket"].max()
        assert ahead["Mara Voss"] == first + pd.DateOffset(months=5)
        assert facts["inventory"].empty
        plan = _kept(month, "demand_plan")
        assert plan["bucket"].min() == first


def test_every_column_of_the_data_is_filled_somewhere():
    blank = [
        f"{name}.{column}"
        for name in {*INPUTS} - RARE
        for column, cells in pd.read_csv(ROOT / "data" / f"{name}.csv").items()
        if cells.isna().all()
    ]
    blank += [
        f"{name}.{column}"
        for name, table in LEDGER.items()
        for column in set(table.names) - {"id"}
        if column not in (rows := _judged(name)) or rows[column].isna().all()
    ]
    assert blank == []


def test_three_planners_help_harm_and_change_nothing(facts):
    """Of what each planner moved, how much nearer the plans came to what was sold."""
    rows = _judged("overrides").query("kind != 'remove'")
    sold = facts.sales_history.groupby(["item", "market", "bucket"])["quantity"].sum()
    plans = pd.concat(_kept(month, "demand_plan") for month in NOTES)
    plans = plans[plans["override"].ne(0) & (plans["bucket"] < facts.first)]
    plans = plans.merge(facts.items[["item", "family"]])
    by = {(row.item, row.market): row.by for row in rows.dropna(subset="item").itertuples()}
    wide = {(row.family, row.market): row.by for row in rows.dropna(subset="family").itertuples()}
    plans["by"] = [
        by.get((row.item, row.market)) or wide.get((row.family, row.market))
        for row in plans.itertuples()
    ]
    bundle = plans["by"].isna() & (plans["item"] == "D-100")  # what the meeting decided
    plans = plans[~bundle]
    actual = sold.reindex(pd.MultiIndex.from_frame(plans[["item", "market", "bucket"]])).fillna(0)
    before = plans[STAGES].sum(axis=1) - actual.to_numpy()
    better = before.abs() - (before + plans["override"]).abs()
    sums = better.groupby(plans["by"]).sum() / actual.groupby(plans["by"].to_numpy()).sum()
    assert sums["Greta Holm"] > 0.1 and sums["Mara Voss"] < -0.05
    assert abs(sums["Tom Adler"]) < 0.01 and plans["by"].notna().all()


def test_what_each_person_brought_sums_to_the_stage(facts):
    """The released plans graded again, each cell's gain by who moved it."""
    first = facts.calendar.number([facts.first])[0]
    plans, moved = (
        pd.concat(
            _kept(month, name).assign(
                lag=lambda p, n=number: facts.calendar.number(p["bucket"]) - n + 1
            )
            for number, month in enumerate(NOTES, first - len(NOTES))
        )
        for name in ("demand_plan", "touches")
    )
    actual = actuals(Book({"sales_history": facts.sales_history, "released_forecasts": plans}))
    table = value_added_table(graded_stages(plans, actual), facts.items, moved)
    near = table.query("level == 'company' and lag == 1").set_index(["stage", "person", "reason"])
    for stage in ("override", "sales_input"):
        of = near.loc[stage]["value_added"]
        parts = of.drop(index=("", ""))
        assert parts.sum() == pytest.approx(of["", ""]) and len(parts) >= 4
    by = near.loc["override"].drop(index=("", ""))["value_added"].groupby("person").sum()
    assert by["Greta Holm"] > 0 > by["Mara Voss"] and abs(by["Tom Adler"]) < 1e-3


def test_planted_biases_of_authors_are_found(facts):
    """Within three points, from what they said of the last year."""
    book = Book(facts.tables, first=facts.first, calendar=facts.calendar, settings=facts.settings)
    found = author_bias(book).set_index("author")["bias"]
    for author in AUTHORS:
        assert found[author.name] == pytest.approx(author.bias, abs=0.03), author.name


def test_the_bundle_brought_what_the_ledger_says(facts):
    decision = _judged("decisions").query("text.str.contains('bundle')").iloc[-1]
    plan, sold = (
        table[(table["item"] == "D-100") & (table["bucket"] == pd.Timestamp("2026-10-01"))]
        for table in (_kept("2026-08", "demand_plan"), facts.sales_history)
    )
    item = facts.items.set_index("item").loc["D-100"]
    worth = (sold["quantity"].sum() - plan["baseline"].sum()) * (item["price"] - item["unit_cost"])
    assert decision["realised"] == pytest.approx(worth, abs=100)
    frozen = _kept("2026-08", "decision_effects").query("item == 'D-100'")
    expected = (frozen["planned"] - frozen["without"]).sum()
    assert decision["expected"] == pytest.approx(expected, abs=150)


def test_the_bundle_is_followed_by_the_frozen_plan_without_it(first_pack):
    """The Izmir decision acts from November on: nothing of it has passed yet."""
    plan = first_pack
    (row,) = followed(plan).to_dict("records")
    frozen = _kept("2026-08", "decision_effects").query("item == 'D-100'")
    frozen = frozen[frozen["bucket"] == pd.Timestamp("2026-10-01")]
    sold = plan.facts.sales_history
    sold = sold[(sold["item"] == "D-100") & (sold["bucket"] == pd.Timestamp("2026-10-01"))]
    came = sold["revenue"].sum() - sold["quantity"].sum() * plan.book().cost["D-100"]
    assert "bundle" in row["text"] and row["months"] == 1
    assert row["planned"] == pytest.approx((frozen["planned"] - frozen["without"]).sum())
    assert row["brought"] == pytest.approx(came - frozen["without"].sum())


@pytest.fixture(scope="module")
def first_pack(tmp_path_factory):
    """What a newcomer builds first, without kernels and pages."""
    with pytest.MonkeyPatch.context() as patch:
        leave_out_kernels_and_pages(patch.setattr)
        packs = tmp_path_factory.mktemp("first") / "packs"
        return Plan(build_pack("2026-11", ROOT / "data", packs).folder)


def test_the_first_pack_shows_a_company_in_the_middle_of_its_year(first_pack):
    plan, company = first_pack, "scope == 'company' and actual == actual"
    released = plan.read("forecast_accuracy").query("source == 'released'")
    assert set(released["lag"]) == set(range(1, 7))
    added = plan.read("value_added").query("source == 'released' and level == 'company'")
    assert {"naive", "baseline", "sales_input", "override", "consensus"} <= set(added["stage"])
    kpis = set(plan.read("kpis").query(company)["kpi"])
    assert {"forecast_accuracy_lag_1", "forecast_accuracy_lag_3", "plan_adherence"} <= kpis
    assert "plan_stability" in kpis
    assert plan.read("demand_plan")["override"].ne(0).any()
    decisions = plan.read("decisions")
    latest = decisions.drop_duplicates("text", keep="last")
    assert latest["chosen"].isna().any() and (latest["realised"] > 0).any()
    told = plan.read("assumptions")
    assert {"held", "broken", "not yet", "open"} == set(told["result"].dropna())
    assert {"risk", "note", "position"} == set(told["kind"].dropna())
    assert set(NOTES) < set(plan.read("sign_offs")["cycle"])
    assert plan.judgments("scenarios")["scenario"].tolist() == [
        *("drive-bundle", "drive-bundle", "saturdays", "saturdays"),
        *("strong-spring", "nordic-push", "casting-strike"),
    ]


def test_no_table_or_column_of_the_first_pack_is_blank(first_pack):
    blank = []
    for name in PLANS.keys() - {"site_plan", "transfer_plan"}:  # no lane is told
        rows = first_pack.read(name).replace("", None)
        blank += [f"{name}.{column}" for column in rows if rows[column].isna().all()]
    assert blank == []


def test_the_first_pack_remembers_without_the_facts(first_pack):
    """The past is in the pack, so that it rebuilds wherever it lies."""
    assert list(first_pack.releases) == list(NOTES)
    assert len(first_pack.judgments("overrides")) == len(_judged("overrides"))


def _kept(month, table):
    return pd.read_parquet(PAST / month / "tables" / f"{table}.parquet")


def _judged(table):
    return pd.read_csv(PAST / "ledger" / f"{table}.csv", dtype={"item": "str"})
