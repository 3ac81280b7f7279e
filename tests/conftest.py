"""What many tests need: the sample company's pack, built once per session, and a browser where there is one."""

import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
REAL = ROOT.parent / "shared" / "real"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]


@pytest.fixture(scope="session")
def packs(tmp_path_factory):
    """A folder of packs with the sample company's finished pack for 2026-11."""
    from sopkit.pack import build_pack

    folder = tmp_path_factory.mktemp("packs")
    build_pack("2026-11", ROOT / "data", folder, quiet=True)
    return folder


@pytest.fixture(scope="session")
def pack(packs):
    """The sample company's finished pack."""
    return packs / "2026-11"


@pytest.fixture(scope="session")
def real_packs(tmp_path_factory):
    """Packs of the real trading company, before and after its volume breaks."""
    from sopkit.pack import build_pack

    if not (REAL / "jit").is_dir():
        pytest.skip("needs the real data beside the project")
    folder = tmp_path_factory.mktemp("real")
    for month in ("2017-10", "2018-01"):
        build_pack(month, REAL / "jit", folder, quiet=True)
    return folder


@pytest.fixture(scope="session")
def browser():
    """A headless Chromium, driven by playwright."""
    if CHROMIUM is None:
        pytest.skip("needs chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()
