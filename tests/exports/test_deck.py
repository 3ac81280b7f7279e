"""deck.pptx: slides that say a finding, with native tables and charts of the plan's own numbers."""

import re

import pytest
from lxml import etree, html
from pptx import Presentation

from sopkit.exports.deck import HERE, write_deck
from sopkit.finance import company
from sopkit.panels.sections import TABS
from sopkit.plan import Plan
from tests.exports.test_workbook import HOSTILE, hostile_plan
from tests.panels.fake import FakePlan

PARTS = {part.name for tab in TABS.values() for part in tab}


def titles(deck):
    return [slide.shapes.title.text for slide in deck.slides]


def told(slide):
    """What stands in a slide's tables."""
    return [
        [cell.text for cell in row.cells]
        for shape in slide.shapes
        if shape.has_table
        for row in shape.table.rows
    ]


@pytest.fixture(scope="module")
def deck(carried):
    return Presentation(carried[0] / "exports" / "deck.pptx")


def test_the_template_names_parts_of_the_board():
    names = [title.split(" + ") for title in titles(Presentation(HERE.with_suffix(".pptx")))]
    assert 10 <= len(names) <= 15 and {name for name, *_ in names} <= PARTS


def test_the_sample_fills_ten_to_fifteen_wide_slides_each_with_a_finding(deck):
    said = titles(deck)
    assert 10 <= len(said) <= 15 and len({*said}) == len(said)
    assert deck.slide_width * 9 == deck.slide_height * 16
    for slide, title in zip(deck.slides, said):
        assert len(title) > 10 and title not in PARTS and " + " not in title
        shown = [shape for shape in slide.shapes if shape.has_table or shape.has_chart]
        assert len(shown) == 1, title
        assert all(any(row) for row in told(slide)), title
        assert len(told(slide)) != 1, f"{title}: a head without a row"
        assert shown[0].top + shown[0].height <= deck.slide_height, title


def test_it_opens_with_the_boards_answer_and_the_state_stands_on_each_slide(deck, carried):
    board = re.sub("<[^>]*>", "", (carried[0] / "board" / "board.json").read_text())
    answer = titles(deck)[0]
    assert answer.rstrip(".") in board and answer[-1] == "."
    state = deck.slide_master.shapes[-1].text_frame.text
    assert state == "S&OP · November 2026 · Draft – not released"


def test_charts_are_native_and_hold_the_plans_numbers(deck, carried):
    charts = [shape.chart for slide in deck.slides for shape in slide.shapes if shape.has_chart]
    assert len(charts) == 3
    book = Plan(carried[0]).book()
    year = company(book.financial_plan).head(12)
    sold, planned, budget = ([v or 0 for v in series.values] for series in charts[0].series)
    assert sum(planned) == pytest.approx(year["revenue"].sum() / 1e6)
    assert sum(budget[12:]) == pytest.approx(year["budget_revenue"].sum() / 1e6)
    assert not any(sold[12:]) and not any(planned[:12]) and len(planned) == 24
    stock = [series.values for series in charts[2].series][1]
    held = book.inventory_plan.groupby("bucket")["value"].sum().head(12)
    ordered = book.items["item"][book.items["strategy"] == "order"]
    held -= (
        book.inventory_plan[book.inventory_plan["item"].isin(ordered)]
        .groupby("bucket")["value"]
        .sum()
        .reindex(held.index, fill_value=0)
    )
    assert stock[12:] == pytest.approx(list(held / 1e6))


def test_libreoffice_shows_every_slide(carried, office):
    (page,) = office(carried[0] / "exports" / "deck.pptx", ending="pdf")
    assert page.read_bytes()[:4] == b"%PDF" and page.stat().st_size > 30_000


def test_a_first_cycle_has_no_slide_of_changes_and_none_that_is_empty(tmp_path):
    (tmp_path / "pack").mkdir()
    write_deck(FakePlan(before={}, folder=tmp_path / "pack"), tmp_path / "deck.pptx")
    deck = Presentation(tmp_path / "deck.pptx")
    assert not [title for title in titles(deck) if "last cycle" in title]
    assert titles(deck) and len({*titles(deck)}) == len(deck.slides)
    assert all(
        len(shape.chart.series) for s in deck.slides for shape in s.shapes if shape.has_chart
    )


def test_hostile_names_are_text(tmp_path):
    write_deck(hostile_plan(tmp_path / "pack"), tmp_path / "deck.pptx")
    words = [
        cell for s in Presentation(tmp_path / "deck.pptx").slides for row in told(s) for cell in row
    ]
    assert HOSTILE[0] in words


def test_a_long_list_is_cut_to_what_a_slide_holds_and_its_title_counts_all():
    read = etree.XSLT(etree.parse(HERE.with_suffix(".xsl")))
    head = "<th>state</th><th>question</th><th>brought, as entered</th>"
    rows = "".join(
        f"<tr><td>{'open' if at < 2 else 'taken'}</td><td>question {at}</td>"
        f"<td>{at if at % 2 else ''}</td></tr>"
        for at in range(30)
    )
    page = html.fromstring(
        f"<div><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )
    slide = read(page, part="'Decisions'").getroot()
    words = slide.xpath("//*[local-name()='t']/text()")
    assert slide.get("title") == "Decided before: 28; the effect of 14 is seen"
    assert words[:2] == ["Question", "Brought, as entered"]
    assert [word for word in words if word[0] == "q"] == [f"question {at}" for at in range(24, 30)]
