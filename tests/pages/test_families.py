"""The family sheet: one A4 page a family, the same on the review's page and on the board."""

import json
import re
from pathlib import Path

import pandas as pd
import pytest

from sopkit.charts import View
from sopkit.metrics import Book
from sopkit.pages import families
from tests.finance.test_family_sheet import AHEAD, FIRST, ITEMS, MONTH, tables  # noqa: F401

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "5_executive_review.ipynb"
A4 = (297 - 16) / 25.4 * 96, (210 - 16) / 25.4 * 96  # what one page bears, in px
ZOOM = 0.82


def book(tables, items=ITEMS):  # noqa: F811
    settings = {"owners": {"Pumps": "<Ada>"}, "planning_fence": 2}
    return Book({"items": items} | tables, first=FIRST, settings=settings, calendar=MONTH)


def test_a_sheet_says_whose_it_is_its_answer_its_numbers_and_what_was_assumed(tables):  # noqa: F811
    said = pd.DataFrame({"id": [1, 2], "text": ["Pump prices hold", "Steel stays"], "result": None})
    plan = book(tables | {"assumptions": said.assign(cycle="2026-11", by="Ada")})
    sheet = families.sheet("Pumps", plan, View(plan))
    head = "pcs · made to stock · made to order · firm for 2 months · owner &lt;Ada&gt;"
    assert head in sheet.html and "Pumps · November 2026" in sheet.html
    assert "FY26 closes 280 € under budget." in sheet.text, "10 × 110 + 2 × 150 of 12 × 140"
    assert "Stock lasts 2.0 months" in sheet.text and "A new order waits 2." in sheet.text
    assert "Assumed: Pump prices hold (not yet). Asked: nothing." in sheet.text
    assert "Apr 28, the horizon's end, is left out" in sheet.text
    assert sheet.html.count('class="plot"') == 3 and "<h4>Inventory</h4>" in sheet.html
    heads = re.findall(r"<th .*?>(.*?)</th>", sheet.html)
    told = [re.sub("<[^>]+>|&nbsp;", " ", words).strip() for words in heads]
    assert len(told) == 1 + 3 + 8 + 3 + 3 and told[-3:] == [
        "FY26 est.",
        "FY26 budget",
        "difference",
    ]
    assert sheet.html.count('class="block"') == 6 and "SALES" not in sheet.html


def test_twelve_families_have_a_sheet_and_the_rest_stands_in_one_table():
    names = [f"F{at:02d}" for at in range(15)]
    items = pd.DataFrame({"item": names, "family": names, "price": [*range(30, 0, -2)]})
    cells = pd.MultiIndex.from_product([names, AHEAD], names=["item", "bucket"]).to_frame(
        index=False
    )
    money = cells.rename(columns={"item": "family"}).assign(revenue=5.0, margin=1.0)
    plan = book(
        {
            "demand_plan": cells.assign(market="N", consensus=3.0),
            "financial_plan": money.assign(
                revenue_gap=float("nan"), margin_gap=float("nan"), inventory_value=2.0,
                budget_revenue=float("nan"), budget_margin=float("nan"), cash=1.0,
            ),
        },
        items,
    )  # fmt: skip
    text = families.sheets(plan, View(plan)).text
    assert len(re.findall(r"^F\d\d · November 2026", text, re.M)) == 12
    assert "F11 · Nov" in text and re.search(r"^F14 ", text, re.M) and "F14 · Nov" not in text


def test_the_review_is_in_print_order():
    cells = json.loads(NOTEBOOK.read_text())["cells"]
    text = "".join("".join(cell["source"]) for cell in cells)
    order = """
        bridge( money.families( review.decisions( money.options( money.scenarios(
        review.assumptions( exceptions( common.kpis( review.sign_offs( families.sheets(
        first_screen(plan)
    """.split()
    assert [text.index(call) for call in order] == sorted(text.index(call) for call in order)
    assert cells[-2]["metadata"]["tags"] == ["headline"], (
        "the first screen stands first on the page"
    )


@pytest.mark.parametrize("page", ["4_reconcile", "5_executive_review"])
def test_a_sheet_is_one_printed_page_and_shows_the_years_budget(browser, pack, page):
    opened = browser.new_page(viewport={"width": int(A4[0]), "height": int(A4[1])})
    opened.emulate_media(media="print")
    opened.goto((pack / "pages" / f"{page}.html").as_uri())
    for sheet in opened.query_selector_all(".sheet"):
        height, width = sheet.evaluate(
            "s => [s.offsetHeight, s.querySelector('table').offsetWidth]"
        )
        assert height <= A4[1] / ZOOM and width <= A4[0] / ZOOM, sheet.inner_text()[:50]
        assert re.search(r"FY26\s+budget", sheet.inner_text())
    opened.close()


def test_a_page_is_as_wide_as_its_window(browser, pack):
    for width in (1280, 390):
        opened = browser.new_page(viewport={"width": width, "height": 900})
        for path in sorted((pack / "pages").glob("[1-5]*.html")):
            opened.goto(path.as_uri())
            assert opened.evaluate("document.documentElement.scrollWidth") == width, path
        opened.close()
