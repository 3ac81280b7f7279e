"""The board without a browser: what is written, what happens when a part fails or a name is
hostile, what a server shows.
"""

import json
import re
import shutil
import subprocess
import sys

import pytest

from sopkit.charts import View, words
from sopkit.errors import PlanError
from sopkit.pages import common, money
from sopkit.panels import board, write_board, write_page
from sopkit.panels.page import boards_in, framed, read_board, title, with_months
from sopkit.panels.sections import EVERY, TABS
from sopkit.panels.serve import serve
from sopkit.tables import PLANS
from tests.charts import small
from tests.panels.fake import FakePlan, branded

HOSTILE = '</script><script>alert("x")</script><img src=x onerror=alert(1)>'


def tab_html(data, name, choice):
    """A tab's parts for a choice, as the page's script picks them; its own tests run in a
    browser."""
    parts = next(tab for tab in data["tabs"] if tab["name"] == name)["parts"]
    return "".join(
        part["html"]["|".join(str(choice.get(by, 0)) for by in part["by"])] for part in parts
    )


@pytest.fixture(scope="module")
def pack(tmp_path_factory):
    folder = tmp_path_factory.mktemp("packs") / "2027-01"
    folder.mkdir()
    write_board(FakePlan(), folder)
    return folder


def test_every_tab_shows_something_and_nothing_failed(pack):
    data = read_board(pack)
    assert [tab["name"] for tab in data["tabs"]] == list(TABS)
    for tab in data["tabs"]:
        html = tab_html(data, tab["name"], {})
        assert len(html) > 100 and "could not be drawn" not in html, tab["name"]
    assert "could not be drawn" not in (pack / "board" / "board.json").read_text()


def test_members_of_the_hierarchy_are_choices_and_stand_side_by_side(tmp_path):
    plan = branded(["Alpha", HOSTILE, "Alpha", None])
    write_board(plan, tmp_path)
    data, text = read_board(tmp_path), (tmp_path / "board" / "board.json").read_text()
    families, markets = data["words"]["family"], data["words"]["market"]
    assert {*families[4:]} == {"brand: –", "brand: Alpha", f"brand: {words.clean(HOSTILE)}"}
    assert markets == ["all markets", "North", "South", "group: DACH", "group: –"]
    assert "could not be drawn" not in text and "<img" not in "".join(
        html for tab in data["tabs"] for part in tab["parts"] for html in part["html"].values()
    )
    parts = {part["name"]: part for tab in data["tabs"] for part in tab["parts"]}
    choice = families.index("brand: Alpha"), markets.index("group: DACH")
    rows = small.demand_plan().query("item in ['P-300', 'V-110'] and market == 'North'")
    first = rows.groupby("bucket")["consensus"].sum().iloc[0]
    shown = re.sub(
        "<[^>]+>", " ", parts["Numbers of the plan"]["html"][f"{choice[0]}|{choice[1]}|0|0"]
    )
    assert words.number(round(first)) in shown
    assert "brand: Alpha" in parts["Members of the hierarchy"]["html"][""]
    assert str(choice[0]) not in parts["Revenue"]["html"]  # money is planned by family
    assert "brand: Alpha" in parts["Family page"]["html"][str(choice[0])]


def test_the_first_screen_names_what_changed_and_what_is_asked(pack):
    html = tab_html(read_board(pack), "Overview", {})
    now, before = small.demand_plan(), small.demand_plan(0.9)
    price = small.items().set_index("item")["price"]
    year = sorted(now["bucket"].unique())[:12]
    totals = [
        (frame["consensus"] * frame["item"].map(price))[frame["bucket"].isin(year)].sum()
        for frame in (now, before)
    ]
    changes = html[html.index("plan of Dec 26") :]
    shown = re.search(r">Demand</td><td[^>]*>([^<]+)<", changes)[1].replace(",", "")
    size = {"€": 1, "k€": 1e3, "M€": 1e6}[re.search(r"<small>([kM]?€)</small>", changes)[1]]
    assert float(shown) * size == pytest.approx(totals[0] - totals[1], rel=0.02)
    assert "1 decision wanted" in html and "1 Jan 27" in html and "Keep the" not in html


def test_every_number_of_the_first_screen_comes_from_the_plan(pack):
    plan, html = FakePlan(), tab_html(read_board(pack), "Overview", {})
    tables = plan.tables
    year = tables["financial_plan"]["bucket"].drop_duplicates().nsmallest(12)
    money_of = tables["financial_plan"][tables["financial_plan"]["bucket"].isin(year)]
    revenue, budget = money_of["revenue"].sum(), money_of["budget_revenue"].sum()
    size, _ = words.scale([revenue])
    assert f"<b>{words.number(revenue / size, 1)} " in html
    assert words.money(revenue - budget, sign=True) in html
    hours = tables["capacity_plan"]
    asked = (hours["unconstrained_load"] / hours["regular_capacity"])[hours["bucket"].isin(year)]
    assert f"<b>{100 * asked.max():.0f} " in html
    stake = tables["exceptions"].groupby("rule")["money"].sum()
    assert (
        stake.idxmax().replace("_", " ")
        in tab_html(read_board(pack), "Risks & assumptions", {}).lower()
    )


def test_board_and_pages_show_the_same_sections(pack):
    plan, data = FakePlan(), read_board(pack)
    view = View(plan.book())
    assert money.options(plan.read("gap_options"), view).html in tab_html(data, "Money", {})
    risks = tab_html(data, "Risks & assumptions", {})
    assert common.exceptions(plan.read("exceptions"), view).html in risks
    assert "What needs watching" in risks


def test_filters_change_what_is_shown(pack):
    data = read_board(pack)
    families, markets = data["words"]["family"], data["words"]["market"]
    one = tab_html(data, "Demand & supply", {"family": families.index("valves")})
    assert "valves, all markets" in one and "specials" not in one
    south = tab_html(
        data,
        "Demand & supply",
        {"family": families.index("valves"), "market": markets.index("South")},
    )
    assert "valves, South" in south and "supply is planned for all markets together" in south
    assert "Numbers, pcs" in one and "Numbers, k€" in tab_html(
        data, "Demand & supply", {"family": families.index("valves"), "measure": 1}
    )


def test_quarters_add_flows_and_take_stocks_at_the_end(pack):
    data = read_board(pack)
    html = tab_html(
        data, "Demand & supply", {"family": data["words"]["family"].index("valves"), "size": 1}
    )
    plan = small.supply_plan().query("item == 'V-110'").sort_values("bucket")
    assert (
        f">{plan['demand'].iloc[:3].sum():,.0f}<" in html
        and f">{plan['projected_available'].iloc[2]:,.0f}<" in html
        and "Q1 27" in html
    )


def test_one_failed_part_is_shown_as_failed_and_the_rest_stays(tmp_path):
    plan = FakePlan()
    plan.tables["capacity_plan"] = plan.tables["capacity_plan"].drop(columns="load")
    write_board(plan, tmp_path)
    data = read_board(tmp_path)
    assert "Capacity could not be drawn: KeyError" in tab_html(data, "Capacity", {})
    assert "could not be drawn" not in tab_html(data, "Money", {})


def test_an_empty_plan_says_what_would_feed_it(tmp_path):
    plan = FakePlan(tables={name: table.empty() for name, table in PLANS.items()}, before={})
    write_board(plan, tmp_path)
    data = read_board(tmp_path)
    assert "feed sales_history" in tab_html(
        data, "Demand & supply", {}
    ) and "feed resources" in tab_html(data, "Capacity", {})
    assert "could not be drawn" not in (tmp_path / "board" / "board.json").read_text()
    assert "Nothing needs a person" in tab_html(data, "Overview", {})


def test_hostile_names_are_text_on_board_and_page(tmp_path):
    plan = FakePlan()
    swap = {
        "pumps": HOSTILE,
        "P-300": HOSTILE,
        "North": HOSTILE,
        "LINE2": HOSTILE,
        "Ada": HOSTILE,
        "online shop": HOSTILE,
    }
    plan.tables = {name: frame.replace(swap) for name, frame in plan.tables.items()}
    plan.facts = plan.facts | {"items": small.items().replace(swap)}
    write_board(plan, tmp_path)
    page = (tmp_path / "pages" / "board.html").read_text()
    assert page.count("<script") == 2 and "<img" not in page
    data = read_board(tmp_path)
    shown = [
        html for tab in data["tabs"] for part in tab["parts"] for html in part["html"].values()
    ]
    assert not any("<script" in html or "<img" in html for html in shown)


def test_the_page_fetches_nothing(pack):
    page = (pack / "pages" / "board.html").read_text()
    outside = [part for part in page.split('"') if part.startswith(("http:", "https:", "//"))]
    assert all("w3.org" in part for part in outside)


def test_state_comes_from_the_release(pack, tmp_path):
    assert title(read_board(pack)) == ("S&OP · January 2027", "Draft – not released")
    (tmp_path / "board").mkdir()
    (tmp_path / "board" / "board.json").write_text((pack / "board" / "board.json").read_text())
    (tmp_path / "release.json").write_text(
        json.dumps({"by": "Grace", "at": "2027-01-20T10:00:00+00:00"})
    )
    assert "Released by Grace on 2027-01-20" in write_page(tmp_path).read_text()


def test_a_served_board_is_the_page_with_the_months_beside_it(pack, tmp_path):
    page = (pack / "pages" / "board.html").read_text()
    assert board(pack).data == framed(pack) and "<iframe" in framed(pack)
    for name in ("2026-12", "2027-01", "2027-01-r2", ".2027-01-new"):
        shutil.copytree(pack, tmp_path / name)
    names = [path.name for path in boards_in(tmp_path)]
    assert names == ["2027-01-r2", "2027-01", "2026-12"]
    page = with_months(page, "2027-01", names)
    assert "<option selected>2027-01</option>" in page and "<option>2026-12</option>" in page
    assert all(f'<select id="{name}">' in page for name in ("month", *EVERY))
    write_page(tmp_path / "2027-01-r2")
    revised = (tmp_path / "2027-01-r2" / "pages" / "board.html").read_text()
    assert "January 2027 (revision 2)" in revised


def test_a_pack_that_cannot_be_read_says_so(pack):
    assert "cannot be read" in board(pack / "gone").data


def test_the_board_opens_without_pandas_or_matplotlib():
    code = (
        "import sys; from sopkit.panels import board; board('gone'); print([m for m in"
        " ('pandas', 'matplotlib', 'numpy', 'sqlalchemy') if m in sys.modules])"
    )
    assert (
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout.strip()
        == "[]"
    )


def test_what_cannot_be_served_is_said(pack, tmp_path):
    import socket

    with pytest.raises(PlanError, match="has a board"):
        serve(tmp_path, None)
    with pytest.raises(PlanError, match="'plan.example.com' is no address.* --host"):
        serve(pack.parent, None, listen="plan.example.com")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(PlanError, match="choose another with --port"):
            serve(pack.parent, None, port=taken.getsockname()[1])
