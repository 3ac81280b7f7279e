"""The meeting in a real JupyterLab, as people run it: the notebook opened, its cells run, clicked."""

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest

from sopkit.ledger import Ledger
from tests.panels.test_browser import page  # noqa: F401 a fixture
from tests.panels.test_serve import free_port

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "run_meeting.ipynb"


@contextmanager
def jupyter(folder, *options):
    """JupyterLab over a folder of notebooks: its address."""
    port = free_port()
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", f"--ServerApp.port={port}"]
    command += ["--ServerApp.ip=127.0.0.1", f"--ServerApp.root_dir={folder}", "--allow-root"]
    command += ["--IdentityProvider.token=shown", *options]
    paths = {"PYTHONPATH": os.pathsep.join(filter(None, [str(NOTEBOOK.parents[1]), *sys.path]))}
    paths |= {
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "IPYTHONDIR": str(folder / "ipython"),
    }
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    server = subprocess.Popen(command, env=os.environ | paths, **quiet)
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(240):
            try:
                urllib.request.urlopen(f"{address}/api?token=shown", timeout=5)
                break
            except OSError:
                time.sleep(0.25)
        yield address
    finally:
        server.terminate()
        server.wait(20)


def written(notebook, path, **told):
    """The notebook written to a path with these parameters."""
    notebook = json.loads(notebook.read_text())
    (parameters,) = [cell for cell in notebook["cells"] if cell["metadata"].get("tags")]
    parameters["source"] = [f"{name} = {value!r}\n" for name, value in told.items()]
    path.write_text(json.dumps(notebook))


@pytest.fixture
def lab(packs, tmp_path):
    """JupyterLab over the notebook, set to the packs and a ledger of its own: (address, ledger)."""
    told = {"packs": str(packs), "ledger": str(tmp_path / "ledger.db"), "by": "Ines Marlow"}
    written(NOTEBOOK, tmp_path / NOTEBOOK.name, **told)
    shutil.copy(packs / "ledger.db", tmp_path)
    with jupyter(tmp_path) as address:
        yield f"{address}/doc/tree/{NOTEBOOK.name}?token=shown&reset", Ledger(told["ledger"])


def run_all(page):  # noqa: F811
    """Runs all cells until the panel stands; the menu's click can be lost, and a kernel that is
    slow to come is asked for.
    """
    page.wait_for_selector('.jp-Notebook-ExecutionIndicator[data-status="idle"]', state="attached")
    for _ in range(30):
        if page.locator(".jp-Dialog .jp-mod-accept").count():
            page.locator(".jp-Dialog .jp-mod-accept").first.click()
        elif not page.get_by_text("[*]:").count():
            page.get_by_role("menuitem", name="Run", exact=True).click()
            page.get_by_text("Run All Cells", exact=True).click()
        page.wait_for_timeout(3_000)
        if page.locator(".meeting .item").count():
            return
    raise AssertionError("the panel did not open")


def test_a_meeting_is_run(page, lab):  # noqa: F811
    address, book = lab
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto(address)
    run_all(page)
    panel = page.locator(".meeting")
    panel.get_by_role("button", name="Second shift?").click()
    began = time.perf_counter()
    panel.get_by_text("yes", exact=True).click()
    panel.get_by_label("due").fill("2026-12-15")
    panel.get_by_role("button", name="Save", exact=True).click()
    panel.get_by_text("of decisions entered for 2026-11 by Ines Marlow").wait_for()
    assert time.perf_counter() - began < 30
    row = book.read("decisions").iloc[-1]
    assert row[["chosen", "owner", "by"]].tolist() == ["yes", "Greta Holm", "Ines Marlow"]
    assert f"{row['due']:%Y-%m-%d}" == "2026-12-15"

    panel.get_by_role("button", name="Who signed").click()
    panel.get_by_label("role").fill("finance")
    panel.get_by_label("status").select_option("approved")
    panel.get_by_role("button", name="Save", exact=True).click()
    panel.get_by_text("Ines Marlow is not finance; Greta Holm may sign").wait_for()
    assert panel.get_by_label("role").input_value() == "finance"
    panel.get_by_label("role").fill("supply")
    panel.get_by_role("button", name="Save", exact=True).click()
    panel.get_by_text("of sign_offs entered").wait_for()
    assert panel.get_by_role("cell", name="approved, Ines Marlow").count() == 1

    panel.get_by_role("button", name="The board").click()
    board = page.frame_locator(".meeting iframe")
    board.get_by_role("tab", name="Money", exact=True).click()
    assert board.locator('[role=tab][aria-selected="true"]').inner_text() == "Money"
    board.locator("#tab svg").first.wait_for()

    panel.get_by_role("button", name="Add a change").click()
    panel.get_by_role("button", name="Compare with the base").click()
    panel.get_by_text("boom, to base").wait_for()
    assert not page.get_by_text("Traceback").count() and page.foreign == []
