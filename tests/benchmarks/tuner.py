"""Seconds of the tuner in a real browser, at the sample's 60 items and at 5,000: from opening,
picking, a key and a slider to the picture that shows it.
"""

import shutil
import tempfile
import time
from pathlib import Path
from statistics import median, quantiles

import nbformat
import pandas as pd
from playwright.sync_api import sync_playwright

from sopkit.ledger import Ledger
from sopkit.pack import build_pack
from sopkit.plan import Plan, write_table
from tests.conftest import CHROMIUM, FLAGS
from tests.golden import leave_out_kernels_and_pages
from tests.panels.test_browser import voila

SIZES = 60, 5000
GOALS = {"open": 3.0, "pick": 0.3, "key": 0.1, "slider": 0.1}
SEEN = """before => document.querySelector('.tuner .picture svg')?.outerHTML !== before"""


def main():
    """Prints the median and the 95th percentile of each, beside the goal."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        leave_out_kernels_and_pages(board=True)
        build_pack("2026-11", "data", folder / "60", parameters={"most_items": 0})
        print(f"{'items':>6} {'what':8} {'median':>8} {'p95':>8} {'goal':>6}")
        for size in SIZES:
            pack = folder / str(size) / "2026-11"
            if not pack.exists():
                tiled(folder / "60" / "2026-11", pack, size)
            for what, seconds in timed(pack, folder / f"{size}.ipynb").items():
                high = quantiles([*seconds, *seconds], n=20)[-1]
                print(f"{size:6} {what:8} {median(seconds):8.3f} {high:8.3f} {GOALS[what]:6}")


def tiled(pack: Path, target: Path, size: int) -> None:
    """A pack of ``size`` items: the sample's, again and again under other names."""
    shutil.copytree(pack, target)
    items = Plan(pack).facts["items"]["item"]
    for path in [*target.glob("tables/*.parquet"), *target.glob("inputs/**/*.parquet")]:
        frame = pd.read_parquet(path)
        if "item" in frame:
            copies = [
                frame.assign(item=frame["item"] + (f"/{n}" if n else ""))
                for n in range(size // len(items) + 1)
            ]
            write_table(pd.concat(copies, ignore_index=True), path)


def timed(pack: Path, notebook: Path) -> dict[str, list[float]]:
    """Seconds of each move in Chromium, as a planner sees them."""
    ledger = notebook.with_suffix(".db")
    Ledger(ledger)
    code = f"from sopkit import Plan\nfrom sopkit.panels import tuner\n\ntuner(Plan({str(pack)!r}),"
    book = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(f"{code} {str(ledger)!r}, by='Ada')")]
    )
    book.metadata["kernelspec"] = {"name": "python3", "display_name": "", "language": "python"}
    book.metadata["voila"] = {"template": "tuner"}
    nbformat.write(book, notebook)
    url, server = voila(notebook)
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            return _moves(page, url)
    finally:
        server.terminate()
        server.wait(20)


def _moves(page, url):
    def until_drawn(move):
        picture = page.locator(".tuner .picture svg").first
        before = picture.evaluate("svg => svg.outerHTML")
        began = time.perf_counter()
        move()
        page.wait_for_function(SEEN, arg=before, polling=5)
        return time.perf_counter() - began

    began = time.perf_counter()
    page.goto(url)
    page.wait_for_selector(".tuner .picture svg", timeout=120_000)
    found = {"open": [time.perf_counter() - began]}
    options = page.locator(".tuner .list select")
    found["pick"] = [until_drawn(lambda n=n: options.select_option(index=n)) for n in range(1, 11)]
    exact = page.get_by_text("Override", exact=True)
    row = page.locator(".tuner .tabulator-row", has=exact).locator(".tabulator-cell")
    found["key"] = []
    for number in range(10):
        row.nth(3).click()
        page.keyboard.type(str(number + 5))
        found["key"].append(until_drawn(lambda: page.keyboard.press("Enter")))
    page.locator(".tuner .method select").select_option("damped")
    page.wait_for_timeout(1500)
    handle = page.locator(".tuner .level .noUi-handle")
    handle.focus()
    found["slider"] = [until_drawn(lambda: page.keyboard.press("ArrowRight")) for _ in range(10)]
    return found


if __name__ == "__main__":
    main()
