"""A whole month on the sample: pack, override, meeting, scenario promoted, decisions, sign-offs,
release, and the next month's pack, which grades it.
"""

import shutil

import pandas as pd
import pytest
from click.testing import CliRunner

from sopkit import Plan
from sopkit.cli import main
from sopkit.finance import company, since_last, to_actual
from sopkit.ledger import Ledger
from sopkit.metrics.scopes import MADE, within
from sopkit.pack import build_pack
from sopkit.tables.judgments import BROKEN, JUDGMENTS, current
from tests.company import without_past
from tests.company.signing import BOSS, sign
from tests.golden import leave_out_kernels_and_pages

NOVEMBER = pd.Timestamp("2026-11-01")
CELL = ["item", "market", "bucket"]
ASSUMED = {  # text: condition, and what the next month's pack says of it
    "Pumps sell": ("demand of Pumps >= 1 until 2026-12", "held"),
    "Nobody buys valves": ("demand of Valves <= 1 until 2026-12", "broken"),
    "Spring is not winter": ("demand of Pumps >= 1 from 2027-03", "not yet"),
    "Nordic buys drives": ("demand of Drives & controls in Nordic >= 1 a month", "held"),
    "Pumps are cheap": ("price of Pumps <= 1", "broken"),
    "Prices of pumps stand in 2027": ("price of Pumps >= 1 from 2027-01 until 2027-06", "not yet"),
    "The plant does what it planned": ("plan adherence >= 99 %", "held"),
    "The forecast is perfect": ("forecast accuracy lag 1 >= 99 %", "broken"),
    "Far away": ("demand of Pumps >= 1 from 2040-01", "no data"),
    "Hours are plenty": ("load of North assembly <= 1 %", "broken"),
}


@pytest.fixture
def room(packs, tmp_path, monkeypatch):
    """A month's packs of its own, October released, November built; what is built from now on has
    no kernels and pages.
    """
    leave_out_kernels_and_pages(monkeypatch.setattr)
    own = tmp_path / "packs"
    for month in ("2026-10", "2026-11"):
        shutil.copytree(packs / month, own / month, copy_function=shutil.copyfile)
    shutil.copyfile(packs / "ledger.db", own / "ledger.db")
    return own, without_past(tmp_path / "data")


def test_a_month_from_pack_to_pack(room):
    packs, data = room
    book = Ledger(packs / "ledger.db")

    def pack(month="2026-11"):
        return Plan(build_pack(month, data, packs, parameters={"most_items": 0}).folder)

    def run(*words):
        result = CliRunner().invoke(main, [*words, "--packs", str(packs)])
        return result.output if result.exit_code == 0 else f"refused: {result.output}"

    def override(units):
        row = {"item": "P-110", "bucket": "2027-02-01", "kind": "units", "value": units}
        book.append("overrides", [row | {"reason": "customer"}], by="Tom Adler", cycle="2026-11")

    # the pack, an override, what the reviews say, a scenario that becomes the base
    before = Plan(packs / "2026-11").read("demand_plan").set_index(CELL)["consensus"]
    override(40)
    run("note", "Nordic asks for more", "--by", "Tom Adler")
    for text, (condition, _) in ASSUMED.items():
        said = run("assume", text, "--condition", condition, "--by", "Greta Holm")
        assert "entered" in said, said
    run("scenario", "add", "push", "demand", "+10 %", "--family", "Valves", "--by", "Tom Adler")
    assert "counts in the base" in run("scenario", "promote", "push", "--by", BOSS)
    plan = pack()
    after = plan.read("demand_plan").set_index(CELL)["consensus"]
    family = plan.facts.items.set_index("item")["family"]
    sums = pd.DataFrame({"before": before, "after": after}).groupby("item").sum()
    sums = sums.groupby(family).sum().eval("after / before")
    assert sums["Valves"] == pytest.approx(1.1) and sums["Seal kits"] == pytest.approx(1.0)
    assert (after - before).loc["P-110"].sum() == pytest.approx(40)

    # decisions and sign-offs: what is refused, and why
    sign(packs, "2026-11", but=["finance"])
    release = ["release", "2026-11", "--by", BOSS]
    assert "Bo is not finance" in run("sign", "finance", "approved", "--by", "Bo")
    lacks = run(*release)
    assert "finance has not signed" in lacks and "'Second shift?' is not decided" in lacks
    broken = current(plan.read("assumptions")).query("result == 'broken'")["text"]
    assert len(broken) > 1 and lacks.count("is broken, and nothing is decided on it") == len(broken)
    for text in broken:
        run("decide", f"{BROKEN}{text}", "--chosen", "deferred", "--by", BOSS)
    decided = ["--chosen", "yes", "--owner", "Ines Marlow", "--due", "2026-12-15"]
    run("decide", "Second shift?", *decided, "--expected", "9000", "--by", BOSS)
    run("sign", "finance", "approved", "--by", "Greta Holm")
    override(60)
    plan = pack()  # other numbers than those that were signed
    lacks = run(*release)
    assert lacks.count("signed another plan than this") == 4, lacks
    sign(packs, "2026-11")
    assert "Ada is not accountable" in run("release", "2026-11", "--by", "Ada")
    assert "Released" in run(*release)

    # what was released is what the ledger said by then
    for table in JUDGMENTS:
        kept = plan.read(table.name).drop(columns=["seen", "result"], errors="ignore")
        said = book.read(table.name, "2026-11")[[*kept]]
        pd.testing.assert_frame_equal(kept, said.astype(kept.dtypes))
    assert book.read("releases")["pack"].tolist() == ["2026-10", "2026-11"]

    # the next month: nine tenths were sold, as much was made as was planned
    released = plan.read("demand_plan").query("bucket == @NOVEMBER")
    sold = released[CELL].assign(quantity=(0.9 * released["consensus"]).round())
    price = plan.read("prices").set_index(CELL)["price"].rename("revenue")
    sold = sold.join(price, on=CELL)
    sold["revenue"] = (sold["revenue"] * sold["quantity"]).round(2)
    _more(data, "sales_history", sold)
    supply = plan.read("supply_plan").query("bucket == @NOVEMBER")
    made = supply[["item", "bucket"]].assign(actual=supply[MADE].sum(axis=1))
    _more(data, "production_history", made[made["actual"] > 0])
    later = pack("2026-12")
    assert later.last.month == "2026-11"
    kpis = later.read("kpis").query("scope == 'company' and bucket == @NOVEMBER")
    kpis = kpis.set_index("kpi")["actual"]
    missed = (released["consensus"] - sold["quantity"]).abs().sum() / sold["quantity"].sum()
    assert kpis["forecast_accuracy_lag_1"] == pytest.approx(1 - missed)
    assert kpis["plan_adherence"] == pytest.approx(1.0)
    told = current(later.read("assumptions")).set_index("text")["result"]
    assert told[[*ASSUMED]].to_dict() == {text: said for text, (_, said) in ASSUMED.items()}
    assert later.judgments("decisions")["chosen"].tolist()[-1] == "yes"

    # what moved the margin, from plan to plan and from plan to what was sold, to the cent
    now, then = later.book(), plan.book()
    both = now.year.intersection(then.financial_plan["bucket"])
    margin = lambda book: within(company(book.financial_plan), both)["margin"].sum()
    assert since_last(now)["money"].sum() == pytest.approx(margin(now) - margin(then), abs=0.005)
    planned = company(then.financial_plan).set_index("bucket").loc[NOVEMBER]
    earned = sold["revenue"].sum() - (sold["quantity"] * sold["item"].map(now.cost)).sum()
    moved = earned - (planned["revenue"] - planned["cost_of_sales"])
    assert to_actual(now)["money"].sum() == pytest.approx(moved, abs=0.005)

    # a correction of what was released is a revision, signed and released anew
    assert "--revise" in run("pack", "2026-11", "--data", str(data))
    override(10)
    how = {"parameters": {"most_items": 0}, "revise": True}
    revision = Plan(build_pack("2026-11", data, packs, **how).folder)
    assert revision.folder.name == "2026-11-r2" and plan.state == "released"
    assert "Released" not in run(*release)
    sign(packs, "2026-11")
    assert "Released" in run(*release)
    last = pack("2026-12").last.read("demand_plan")
    pd.testing.assert_frame_equal(last, revision.read("demand_plan"))


def _more(data, table, rows):
    path = data / f"{table}.csv"
    known = pd.read_csv(path, dtype="str", keep_default_na=False)
    rows = rows.assign(bucket=f"{NOVEMBER:%Y-%m-%d}").astype("str").reindex(columns=known.columns)
    pd.concat([known, rows]).to_csv(path, index=False)
