"""Pages of executed notebooks: the answer first, month and state on each printed sheet, no code,
nothing fetched from elsewhere.
"""

import json
from types import SimpleNamespace

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from sopkit.buckets import Calendar
from sopkit.exports import write_page


def cell(source, html, *tags):
    made = new_code_cell(source, outputs=[new_output("display_data", data={"text/html": html})])
    made.metadata["tags"] = list(tags)
    return made


@pytest.fixture
def plan(tmp_path):
    (tmp_path / "notebooks").mkdir()
    cells = [
        new_markdown_cell("# 1 Gather data"),
        cell("pack = ''", "", "parameters"),
        cell("pack = '..'", "", "injected-parameters"),
        cell("evidence()", "<p>evidence</p>"),
        cell("answer()", "<p>the answer</p>", "headline"),
        new_markdown_cell("Reads the facts.", metadata={"tags": ["foot"]}),
    ]
    nbformat.write(new_notebook(cells=cells), tmp_path / "notebooks" / "1_gather_data.ipynb")
    return SimpleNamespace(
        folder=tmp_path,
        calendar=Calendar(),
        cycle={"parameters": {"horizon": 12}},
        buckets=lambda horizon: Calendar().range("2026-11-01", horizon),
        named="November 2026",
        settings={"currency": "EUR"},
    )


def test_a_page_opens_with_its_header_then_answer_evidence_and_foot_and_shows_no_code(plan):
    text = write_page(plan, "1_gather_data").read_text()
    told = [
        "S&amp;OP · November 2026</h1>",
        "Draft – not released</span>",
        "plans Nov 26 – Oct 27 · money in EUR",
        "Gather data",
        "the answer",
        "evidence",
        "Reads the facts",
    ]
    body = text[text.index("<body>") :]
    assert [body.index(words) for words in told] == sorted(body.index(words) for words in told)
    assert "evidence()" not in text and "pack =" not in text


def test_month_state_and_page_number_stand_on_each_printed_sheet(plan):
    said = {"by": 'Ada "</style>"', "at": "2026-11-20T10:00:00+00:00"}
    assert '@bottom-left{content:"S&OP · November 2026 · Draft – not released"}' in (
        text := write_page(plan, "1_gather_data").read_text()
    )
    assert "counter(page)" in text and "size:A4 landscape;margin:8mm" in text
    (plan.folder / "release.json").write_text(json.dumps(said))
    text = write_page(plan, "1_gather_data").read_text()
    assert "on 20 Nov 26" in text and 'class="state released"' in text
    assert text.count("</style>") == 1, "a name closes no style"


def test_pages_link_to_the_board_and_the_others_by_relative_paths_and_fetch_nothing(plan):
    text = write_page(plan, "1_gather_data").read_text()
    assert 'href="2_demand_plan.html"' in text and 'href="board.html"' in text
    assert str(plan.folder) not in text and "<b>1 Data</b>" in text
    assert "<script" not in text and "http://" not in text and "https://" not in text
