"""What people see in a browser: the page from a file, the board in Voilà, the tuner; skipped where
there is no Chromium.
"""

import os
import re
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

import nbformat
import pytest

from sopkit.ledger import Ledger
from sopkit.panels import voila_command, voila_environment

FILES = [
    "voila/files/board/board.json",
    "voila/files/../packs/2026-11/board/board.json",
    "voila/files/manifest.json",
    "voila/files/dashboard.ipynb",
    "voila/files/1_gather_data.ipynb",
    "voila/files/%2e%2e/pyproject.toml",
    "files/dashboard.ipynb",
    "api/contents",
    "api/kernels",
    "tree",
    "voila/tree",
    "voila/render/1_gather_data.ipynb",
]


def _port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def _serve(pack, notebook=None, environment=()):
    """A served notebook: (address, process), once it answers."""
    port = _port()
    command = voila_command(pack, port, **({"notebook": notebook} if notebook else {}))
    server = subprocess.Popen(
        command,
        env=os.environ | voila_environment(pack) | dict(environment),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=notebook.parent if notebook else None,
    )
    for _ in range(240):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/voila/static/voila.js", timeout=5)
            return f"http://127.0.0.1:{port}/", server
        except OSError:
            time.sleep(0.25)
    server.kill()
    raise AssertionError("the board did not answer within a minute")


@pytest.fixture(scope="module")
def address(pack):
    url, server = _serve(pack)
    yield url
    server.terminate()
    server.wait(20)


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


def test_the_page_works_from_a_moved_file(page, pack, tmp_path):
    moved = shutil.copyfile(pack / "pages" / "board.html", tmp_path / "somewhere else.html")
    page.goto(Path(moved).as_uri())
    page.wait_for_selector("section svg")
    for name in page.get_by_role("tab").all_inner_texts():
        page.get_by_role("tab", name=name, exact=True).click()
        assert page.locator("#tab").inner_text().strip(), name
        _clean(page)
    page.get_by_role("tab", name="Demand & supply", exact=True).click()
    page.select_option("#family", index=1)
    assert (
        "Family page" in page.inner_text("#tab")
        and page.locator("#family option").nth(1).inner_text()
        in page.locator("section").first.inner_text()
    )


def test_the_board_opens_in_voila_and_its_tabs_and_filters_work(page, address):
    page.goto(address)
    page.wait_for_selector(".board section svg")
    assert (
        "S&OP · November 2026" in page.inner_text(".board h1")
        and page.inner_text(".mod-active") == "Demand & supply"
    )
    for name in ("Inventory & backlog", "Capacity", "Money", "Log", "Demand & supply"):
        page.get_by_role("button", name=name, exact=True).click()
        page.wait_for_function(
            "name => document.querySelector('.mod-active')?.innerText === name", arg=name
        )
        _clean(page)
    before = page.inner_html(".board section")
    page.locator("select").nth(1).select_option(index=1)
    page.wait_for_function(
        "before => document.querySelector('.board section').innerHTML !== before", arg=before
    )
    _clean(page)


@pytest.mark.parametrize("path", FILES)
def test_no_file_is_reachable_but_the_page(address, path):
    opener = urllib.request.build_opener(
        type("Stay", (urllib.request.HTTPRedirectHandler,), {"redirect_request": lambda *a: None})
    )
    try:
        status = opener.open(address + path, timeout=20).status
    except urllib.error.HTTPError as error:
        status = error.code
    assert status in (302, 400, 403, 404, 405), status


def test_the_source_is_not_sent(address):
    assert "from sopkit.panels" not in urllib.request.urlopen(address, timeout=60).read().decode()


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
    nbformat.write(book, tmp_path / "tuner.ipynb")
    url, server = _serve(pack, tmp_path / "tuner.ipynb")
    try:
        page.goto(url)
        page.wait_for_selector(".tuner svg")
        page.get_by_role("button", name="Save").click()
        page.get_by_text("nothing was changed").wait_for()
        field = page.locator(".tuner input[type=number]").nth(2)
        field.fill("25")
        field.press("Enter")
        page.get_by_label("reason").select_option(label="promotion")
        page.get_by_role("button", name="Save").click()
        page.get_by_text("saved 1 rows to the ledger").wait_for()
    finally:
        server.terminate()
        server.wait(20)
    rows = Ledger(where).read("overrides")
    assert rows[["by", "kind", "reason"]].values.tolist() == [
        ["Ada", "units", "promotion"]
    ] and rows["cycle"].tolist() == ["2026-11"]
    _clean(page)


def test_the_tuner_page_reads_without_a_kernel(pack, tmp_path):
    """Run in batch, the page still shows the worklist and the worst item's chart, and no error."""
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
    assert {"image/svg+xml", "text/html"} <= kinds and not [
        output for output in outputs if output.output_type in ("error", "stream")
    ]
