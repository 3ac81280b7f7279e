"""What people see in a browser: the board from a file and in Voilà, the tuner; skipped where there
is no Chromium.
"""

import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import nbformat
import pytest

from sopkit.ledger import Ledger
from sopkit.panels.serve import NOTEBOOK
from tests.panels.test_serve import free_port, served

TEMPLATES = Path(__file__).with_name("jupyter")
WIDGETS = ("@jupyter-widgets/jupyterlab-manager", "@voila-dashboards/widgets-manager8", "anywidget")


def voila(notebook):
    """A notebook that Voilà serves, with widgets: (address, process), once it answers."""
    port = free_port()
    command = [sys.executable, "-m", "voila", notebook, "--no-browser", f"--port={port}"]
    command += [f"--VoilaConfiguration.extension_allowlist={name}" for name in WIDGETS]
    templates = os.pathsep.join(filter(None, [str(TEMPLATES), os.environ.get("JUPYTER_PATH")]))
    server = subprocess.Popen(
        command,
        env=os.environ | {"JUPYTER_PATH": templates},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=notebook.parent,
    )
    for _ in range(240):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/voila/static/voila.js", timeout=5)
            return f"http://127.0.0.1:{port}/", server
        except OSError:
            time.sleep(0.25)
    server.kill()
    raise AssertionError("Voilà did not answer within a minute")


@pytest.fixture(scope="module")
def address(packs):
    with served(packs) as (url, _):
        yield url


@pytest.fixture
def page(browser):
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    opened = context.new_page()
    opened.set_default_timeout(90_000)
    opened.foreign = []
    opened.on(
        "request",
        lambda request: (
            opened.foreign.append(request.url)
            if not re.match(
                r"(http://127\.0\.0\.1|ws://127\.0\.0\.1|file:|data:|blob:)", request.url
            )
            else None
        ),
    )
    yield opened
    context.close()


def _clean(page):
    text = page.inner_text("body")
    assert not re.search(r"Traceback|Warning|Error:|could not be drawn|Executing \d", text), text[
        :500
    ]
    assert page.foreign == []


@pytest.fixture(params=["a file moved elsewhere", "served"])
def board(request, page, pack, tmp_path):
    """The board opened in a browser, from a file and as it is served."""
    if request.param == "served":
        page.goto(request.getfixturevalue("address"))
    else:
        moved = shutil.copyfile(pack / "pages" / "board.html", tmp_path / "somewhere else.html")
        page.goto(moved.as_uri())
    page.wait_for_selector(".board section svg")
    return page


UNMOVED = """names => tabs[tab].parts.filter(p => part(p) && names.some(name =>
    !p.by.includes(name) && !(name === "family" && p.name === "Families"))).length"""
SAID = {"family": "family", "market": "market", "measure": "units or money", "size": "quarters"}


def test_the_board_opens_and_its_tabs_and_filters_work(board):
    assert "S&OP · November 2026" in board.inner_text("h1")
    tabs = board.get_by_role("tab")
    for name in tabs.all_inner_texts():
        board.get_by_role("tab", name=name, exact=True).click()
        assert board.locator('[role=tab][aria-selected="true"]').inner_text() == name
        assert board.locator("#tab").inner_text().strip(), name
        _clean(board)
        chosen = []
        for filter in ("family", "market", "measure", "size"):
            select = board.locator(f"#{filter}")
            if select.is_disabled():
                assert SAID[filter] in select.locator("..").get_attribute("title"), (name, filter)
                continue
            before = board.inner_html("#tab")
            select.select_option(index=1)
            assert board.inner_html("#tab") != before, (name, filter)
            _clean(board)
            chosen.append(filter)
            assert board.locator(".grey").count() == board.evaluate(UNMOVED, chosen)
            assert board.locator("tr.chosen").count() == (name == "Overview" and "family" in chosen)
        for filter in ("family", "market", "measure", "size"):
            board.evaluate("name => (document.getElementById(name).selectedIndex = 0)", filter)


def test_a_family_of_the_first_screen_opens_its_sheet(board):
    link = board.locator("a[data-family]").first
    name = link.inner_text()
    link.click()
    assert board.locator("#family option:checked").inner_text() == name
    assert "Family page" in board.inner_text("#tab")


TOP = """names => [...document.querySelectorAll('#tab tr')].filter(row =>
    row.getBoundingClientRect().bottom <= innerHeight && row.querySelector('a[data-family]')).length"""
SMALL = """() => [...document.querySelectorAll('body *')].filter(one => one.offsetParent !== null &&
    [...one.childNodes].some(node => node.nodeType === 3 && node.textContent.trim()) &&
    parseFloat(getComputedStyle(one).fontSize) *
    (one.getScreenCTM ? one.getScreenCTM().a : 1) < 11).map(one => one.outerHTML.slice(0, 80))"""


@pytest.mark.parametrize("width", [1440, 1280, 390])
def test_the_first_screen_fits(page, pack, width):
    page.set_viewport_size({"width": width, "height": 800})
    page.goto((pack / "pages" / "board.html").as_uri())
    page.wait_for_selector(".board section svg")
    for name in page.get_by_role("tab").all_inner_texts():
        page.get_by_role("tab", name=name, exact=True).click()
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
        assert page.evaluate(SMALL) == [], name
    page.get_by_role("tab").first.click()
    if width > 640:
        assert page.evaluate(TOP) >= 6


def test_another_month_opens_at_the_same_tab(page, address):
    page.goto(address)
    page.get_by_role("tab", name="Money", exact=True).click()
    page.select_option("#month", "2026-10")
    page.get_by_text("Released by Dr. Ada Kessel").wait_for()
    assert "S&OP · October 2026" in page.inner_text("h1")
    assert page.locator('[role=tab][aria-selected="true"]').inner_text() == "Money"
    _clean(page)


def test_the_notebook_in_voila_is_the_board(page, packs, tmp_path):
    (tmp_path / "packs").symlink_to(packs)
    shutil.copy(NOTEBOOK, tmp_path)
    url, server = voila(tmp_path / NOTEBOOK.name)
    try:
        page.goto(url)
        frame = page.frame_locator("iframe")
        frame.locator(".board section svg").first.wait_for()
        assert "S&OP · November 2026" in frame.locator("h1").inner_text()
        assert "Traceback" not in page.inner_text("body")
    finally:
        server.terminate()
        server.wait(20)


def test_a_planner_types_gives_a_reason_and_saves(page, pack, tmp_path):
    where = tmp_path / "ledger.db"
    Ledger(where)
    book = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_code_cell(
                "from sopkit import Plan\nfrom sopkit.panels import"
                f" tuner\n\ntuner(Plan({str(pack)!r}), {str(where)!r}, by='Ada')"
            )
        ]
    )
    book.metadata["kernelspec"] = {
        "name": "python3",
        "display_name": "Python 3",
        "language": "python",
    }
    book.metadata["voila"] = {"template": "tuner"}
    nbformat.write(book, tmp_path / "tuner.ipynb")
    url, server = voila(tmp_path / "tuner.ipynb")
    try:
        page.goto(url)
        page.wait_for_selector(".tuner svg")
        page.get_by_role("button", name="Save", exact=True).click()
        page.get_by_text("nothing was changed").wait_for()
        exact = page.get_by_text("Override", exact=True)
        row = page.locator(".tuner .tabulator-row", has=exact).locator(".tabulator-cell")
        row.nth(3).click()
        page.keyboard.type("2")
        page.keyboard.press("Enter")
        row.nth(3).get_by_text("+2").wait_for()
        page.get_by_label("reason").select_option(label="promotion")
        page.get_by_role("button", name="Save", exact=True).click()
        page.get_by_text("saved 1 row to the ledger").wait_for()
    finally:
        server.terminate()
        server.wait(20)
    rows = Ledger(where).read("overrides")
    assert rows[["by", "kind", "reason"]].values.tolist() == [
        ["Ada", "units", "promotion"]
    ] and rows["cycle"].tolist() == ["2026-11"]
    _clean(page)


def test_the_tuner_page_runs_in_batch(pack, tmp_path):
    """Run in batch, the page says no error."""
    import papermill

    source = Path(__file__).parents[2] / "notebooks" / "tune_forecasts.ipynb"
    out = tmp_path / "out.ipynb"
    papermill.execute_notebook(
        str(source),
        str(out),
        {"packs": str(pack), "ledger": str(tmp_path / "ledger.db")},
        progress_bar=False,
        kernel_name="python3",
    )
    outputs = [
        output
        for cell in nbformat.read(out, 4).cells
        if cell.cell_type == "code"
        for output in cell.outputs
    ]
    kinds = {kind for output in outputs for kind in output.get("data", {})}
    assert "application/vnd.jupyter.widget-view+json" in kinds and not [
        output for output in outputs if output.output_type in ("error", "stream")
    ]
