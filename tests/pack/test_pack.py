"""The sample company's pack, end to end: every table, every identity, pages that can be shown, and
a plan that stays put.
"""

import json
import re
import shutil
import zipfile

import nbformat
import pandas as pd
import pytest
from click.testing import CliRunner

from sopkit import Plan, PlanError
from sopkit.cli import main
from sopkit.pack import build_pack, find_pack, find_steps, release
from sopkit.pack.manifest import plan_digest
from sopkit.plan import packs_in, write_table
from sopkit.seal import hashes, seal
from sopkit.tables import PLANS
from tests.company.signing import BOSS, sign, signed_release
from tests.conftest import ROOT
from tests.pack.toys import write_notebook


def test_every_plan_table_is_there_as_declared(pack):
    plan = Plan(pack)
    for name, table in PLANS.items():
        frame = plan.read(name)
        pd.testing.assert_frame_equal(frame, table.conform(frame))
    must_hold = set(PLANS) - {"sign_offs", "decision_effects"}  # nobody has decided yet
    must_hold -= {"site_plan", "transfer_plan"}  # no lane is told
    assert {name for name in must_hold if plan.read(name).empty} == set()


def test_every_identity_holds(pack):
    manifest = json.loads((pack / "manifest.json").read_text())
    assert len(manifest["identities"]) >= 12
    assert [row for row in manifest["identities"] if not row["holds"]] == []


def test_the_plan_covers_the_horizon_from_its_month_on(pack):
    plan = Plan(pack)
    for name in (
        "baseline_forecast",
        "demand_plan",
        "supply_plan",
        "inventory_plan",
        "financial_plan",
    ):
        assert sorted(plan.read(name)["bucket"].unique()) == list(plan.buckets()), name


def test_tables_agree_with_the_facts_they_come_from(pack):
    plan = Plan(pack)
    sold = plan.facts.sales_history.groupby(["item", "market", "bucket"])["quantity"].sum()
    history = plan.read("history").set_index(["item", "market", "bucket"])["quantity"]
    assert history.reindex(sold.index).sub(sold).abs().max() == 0
    assert (
        plan.read("opening_stock")["on_hand"].sum()
        == plan.facts.inventory.query("on_hand > 0")["on_hand"].sum()
    )


@pytest.mark.parametrize("step", find_steps(), ids=lambda step: step.name)
def test_executed_notebooks_are_pleasant_to_read(pack, step):
    notebook = nbformat.read(pack / "notebooks" / step.path.name, as_version=4)
    outputs = [
        output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs
    ]
    assert outputs and not [
        output for output in outputs if output.output_type in ("error", "stream")
    ], "no warning, print or traceback"
    page = (pack / "pages" / f"{step.name}.html").read_text()
    assert not re.search(r"Traceback|Warning|&lt;Figure|Axes:|\bnan\b|NaT\b|\[\[", page)
    assert "http://" not in page.replace("http://www.w3.org", "") and "https://" not in page


def test_a_pack_is_self_contained(pack, tmp_path):
    for path in pack.rglob("*"):
        if path.suffix in (".json", ".ipynb", ".html", ".toml"):
            assert str(pack.parent) not in path.read_text() and str(ROOT) not in path.read_text(), (
                path
            )
    with zipfile.ZipFile(
        shutil.make_archive(str(tmp_path / "moved"), "zip", pack.parent, pack.name)
    ) as archive:
        archive.extractall(tmp_path / "elsewhere")
    moved = Plan(tmp_path / "elsewhere" / pack.name)
    pd.testing.assert_frame_equal(moved.read("demand_plan"), Plan(pack).read("demand_plan"))


def test_a_finished_pack_is_only_read(pack, capsys):
    plan = Plan(pack)
    before = plan.read("demand_plan")
    plan.write(step=2, demand_plan=before.assign(consensus=0.0))
    assert "only reads it" in capsys.readouterr().out
    pd.testing.assert_frame_equal(plan.read("demand_plan"), before)


def copied(pack, tmp_path):
    packs = tmp_path / "packs"
    shutil.copytree(pack, packs / pack.name)
    return packs


def test_a_release_freezes(pack, tmp_path):
    packs = copied(pack, tmp_path)
    released = signed_release(packs, "2026-11", note="as discussed")
    plan = Plan(released)
    assert (
        plan.state == "released"
        and json.loads((released / "release.json").read_text())["by"] == BOSS
    )
    pages = sorted((released / "pages").glob("*.html"))
    assert len(pages) == 6 and all(f"Released by {BOSS} on" in page.read_text() for page in pages)
    with pytest.raises(PlanError, match="never changes"):
        plan.write(step=2, demand_plan=plan.read("demand_plan"))
    with pytest.raises(PlanError, match="released already"):
        release(packs, "2026-11", by=BOSS)
    with pytest.raises(PlanError, match="--revise"):
        build_pack("2026-11", ROOT / "data", packs)


def test_a_released_pack_holds_the_judgments_as_of_its_release(pack, tmp_path):
    from sopkit.ledger import Ledger

    packs = copied(pack, tmp_path)
    shutil.copyfile(pack.parent / "ledger.db", packs / "ledger.db")
    Ledger(packs / "ledger.db").append(
        "decisions",
        [{"text": "Second shift?", "chosen": "from <May> on"}],
        by="Ada",
        cycle="2026-11",
    )
    plan = Plan(signed_release(packs, "2026-11"))
    assert plan.read("decisions")["chosen"].tolist()[-1] == "from <May> on"
    kpis = plan.read("kpis").set_index("kpi")["actual"]
    assert kpis["open_decisions"] == 0 and Plan(pack).state == "finished"
    pages = plan.folder / "pages"
    for name in ("5_executive_review.html", "board.html"):
        text = (pages / name).read_text() + (pages.parent / "board" / "board.json").read_text()
        assert "from &lt;May&gt; on" in text, name
    manifest = json.loads((plan.folder / "manifest.json").read_text())
    assert manifest["inputs"] == hashes(plan.folder / "inputs")
    assert manifest["tables"] == hashes(plan.folder / "tables")
    assert {"release.json", "pages/board.html"} < {*manifest["files"]}


def test_a_release_asks_whether_anything_changed_or_is_withheld(pack, tmp_path):
    from sopkit.ledger import Ledger

    packs = copied(pack, tmp_path)
    book = Ledger(packs / "ledger.db")
    book.append(
        "sign_offs", [{"role": "finance", "status": "withheld"}], by="Grace", cycle="2026-11"
    )
    with pytest.raises(PlanError, match=r"withheld by Grace \(finance\)"):
        release(packs, "2026-11", by=BOSS)
    book.append(
        "sign_offs", [{"role": "finance", "status": "approved"}], by="Grace", cycle="2026-11"
    )
    table = packs / "2026-11" / "tables" / "kpis.parquet"
    table.write_bytes(table.read_bytes() + b" ")
    with pytest.raises(PlanError, match="changed since it was built: tables/kpis.parquet"):
        release(packs, "2026-11", by=BOSS)


def test_a_broken_identity_cannot_be_released(pack, tmp_path):
    packs = copied(pack, tmp_path)
    path = packs / "2026-11" / "tables" / "supply_plan.parquet"
    plan = pd.read_parquet(path)
    plan.loc[0, "shipments"] += 300
    write_table(plan, path)
    said = packs / "2026-11" / "manifest.json"
    seal(said.parent, json.loads(said.read_text()))  # even where the manifest agrees
    with pytest.raises(PlanError, match="identities are broken.*off by 300 at"):
        release(packs, "2026-11", by=BOSS)


def test_a_release_wants_the_right_names_under_this_very_plan(pack, tmp_path, monkeypatch):
    from sopkit.ledger import Ledger
    from tests.golden import leave_out_kernels_and_pages

    leave_out_kernels_and_pages(monkeypatch.setattr)

    packs = copied(pack, tmp_path)
    digest = plan_digest(json.loads((packs / "2026-11" / "manifest.json").read_text()))
    book = Ledger(packs / "ledger.db")

    def signed(role, by, plan, **more):
        row = {"role": role, "status": "approved", "plan": plan} | more
        book.append("sign_offs", [row], by=by, cycle="2026-11")

    def lacking(by=BOSS):
        with pytest.raises(PlanError) as error:
            release(packs, "2026-11", by=by)
        return str(error.value)

    asked = {"text": "Second shift?", "options": "yes; no"}
    book.append("decisions", [asked], by="Grace", cycle="2026-11")
    said = lacking("Ada")
    assert "Ada is not accountable for the review; Dr. Ada Kessel releases" in said
    assert "finance has not signed (Greta Holm)" in said and "'Second shift?'" in said
    sign(packs, "2026-11", but=["finance"])
    signed("finance", "Bo", digest)  # who is not finance
    assert "finance has not signed" in (said := lacking()) and "supply" not in said
    signed("finance", "Greta Holm", "another plan")
    assert "finance signed another plan than this" in lacking()
    signed("finance", "Greta Holm", digest, family="Pumps")
    assert "finance has signed Pumps, but not Booster sets, " in lacking()
    signed("finance", "Greta Holm", digest)
    assert "finance" not in (said := lacking()) and "'Second shift?' is not decided" in said
    decided = {"text": "Second shift?", "chosen": "deferred"}
    book.append("decisions", [decided], by="Ada", cycle="2026-11")
    assert Plan(release(packs, "2026-11", by=BOSS)).state == "released"


def test_a_company_without_roles_releases_with_one_name(pack, tmp_path):
    packs = copied(pack, tmp_path)
    path, said = (packs / "2026-11" / name for name in ("inputs/settings.toml", "manifest.json"))
    path.write_text(path.read_text().partition("\n[roles]")[0] + "\n")
    seal(said.parent, json.loads(said.read_text()))
    words = ["release", "2026-11", "--by", "Ada", "--packs", str(packs)]
    told = CliRunner().invoke(main, words).output
    assert "Released" in told and "name no [roles]" in told, told


def test_a_failing_step_leaves_the_last_good_pack_and_keeps_its_notebook(pack, tmp_path):
    packs = copied(pack, tmp_path)
    before = (packs / "2026-11" / "manifest.json").read_bytes()
    steps = tmp_path / "notebooks"
    write_notebook(steps / "1_gather_data.ipynb", "raise ValueError('no such luck')")
    with pytest.raises(
        PlanError,
        match=(
            r"step 1 gather data stopped in cell 3: ValueError: no such luck\nread it in"
            r" .*failed/2026-11/1_gather_data.ipynb"
        ),
    ):
        build_pack("2026-11", ROOT / "data", packs, notebooks=steps)
    assert (packs / "2026-11" / "manifest.json").read_bytes() == before
    assert "no such luck" in (packs / "failed" / "2026-11" / "1_gather_data.ipynb").read_text()
    assert [path.name for path in packs_in(packs)] == ["2026-11"] and not list(
        packs.glob(".2026-11*")
    )


def test_errors_in_the_facts_stop_the_pack_before_any_notebook_runs(tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    (data / "items.csv").write_text("item\nA\n")
    (data / "sales_history.csv").write_text("item,bucket,quantity\nB,2026-01-01,5\n")
    with pytest.raises(PlanError, match="unknown"):
        build_pack("2026-02", data, tmp_path / "packs")
    assert not list((tmp_path / "packs").glob("*/notebooks"))


def test_an_unknown_pack_says_which_are_there(packs):
    with pytest.raises(PlanError, match=r"no finished pack 2020-01 .*there: 2026-10, 2026-11"):
        find_pack(packs, "2020-01")
