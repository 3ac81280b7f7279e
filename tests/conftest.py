"""What many tests need: the sample company's pack, built once per session, and a browser and a
PostgreSQL server where there are such.
"""

import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
REAL = ROOT.parent / "shared" / "real"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


SHARED = {"packs", "real_packs", "first_pack", "grades", "monthly"}  # fixtures that take long


WHOLE = {"test_board.py"}  # modules with such a fixture of their own


@pytest.hookimpl(tryfirst=True)  # before the workers take the groups into the tests' names
def pytest_collection_modifyitems(items):
    """All that reads what takes long to make is tried by one worker, which makes it once."""
    for item in items:
        for name in SHARED & {*getattr(item, "fixturenames", ())}:
            item.add_marker(pytest.mark.xdist_group(name))
        if item.path.name in WHOLE:
            item.add_marker(pytest.mark.xdist_group(item.path.name))


@pytest.fixture(scope="session")
def cluster(tmp_path_factory):
    """Two workers of a dask scheduler on this machine, who stand in another folder."""
    from distributed import LocalCluster

    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("elsewhere"))
        patch.setenv("PYTHONPATH", str(ROOT))
        with LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=":0", protocol="tcp"
        ) as started:
            patch.undo()
            yield started


@pytest.fixture(scope="session")
def packs(tmp_path_factory):
    """The sample company over two cycles, built once from its facts alone: October released, of
    whose pages there is the board, then November with judgments in the ledger and a scenario.
    """
    from sopkit.ledger import Ledger
    from sopkit.pack import build_pack
    from tests.company import without_past
    from tests.company.signing import signed_release
    from tests.golden import leave_out_kernels_and_pages

    folder = tmp_path_factory.mktemp("packs")
    data = without_past(tmp_path_factory.mktemp("facts") / "data")
    with pytest.MonkeyPatch.context() as patch:
        leave_out_kernels_and_pages(patch.setattr, board=True)
        build_pack("2026-10", data, folder, parameters={"most_items": 0})
        signed_release(folder, "2026-10")
    book = Ledger(folder / "ledger.db")
    book.append(
        "overrides",
        [
            {
                "item": "P-100",
                "bucket": "2027-01-01",
                "kind": "units",
                "value": 50,
                "reason": "customer",
            }
        ],
        by="Ada",
        cycle="2026-11",
    )
    book.append(
        "decisions",
        [{"text": "Second shift?", "options": "yes; no", "owner": "Greta Holm"}],
        by="Ada",
        cycle="2026-11",
    )
    book.append(
        "assumptions",
        [
            {
                "text": "Steel stays available",
                "condition": "no delivery for a month",
                "result": "held",
            }
        ],
        by="Ada",
        cycle="2026-11",
    )
    book.append(
        "scenarios",
        [{"scenario": "boom", "driver": "demand", "value": "+10 %"}],
        by="Ada",
        cycle="2026-11",
    )
    build_pack("2026-11", data, folder, scenarios=["boom"])
    return folder


@pytest.fixture(scope="session")
def pack(packs):
    """The sample company's finished pack for November."""
    return packs / "2026-11"


@pytest.fixture(scope="session")
def real_packs(tmp_path_factory):
    """Packs of the real trading company, before its volume breaks (without pages) and after."""
    from sopkit.pack import build_pack
    from tests.golden import leave_out_kernels_and_pages

    if not (REAL / "jit").is_dir():
        pytest.skip("needs the real data beside the project")
    folder = tmp_path_factory.mktemp("real")
    with pytest.MonkeyPatch.context() as patch:
        leave_out_kernels_and_pages(patch.setattr)
        build_pack("2017-10", REAL / "jit", folder, parameters={"most_items": 0})
    build_pack("2018-01", REAL / "jit", folder)
    return folder


def _postgres():
    """Where a PostgreSQL server's programs are, or None."""
    found = shutil.which("pg_ctl")
    folders = [Path(found).resolve().parent] if found else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((folder for folder in folders if (folder / "initdb").exists()), None)


@pytest.fixture(scope="session")
def postgres():
    """The URL of a PostgreSQL server of its own, as its user, who is not root."""
    programs = _postgres()
    if programs is None:
        pytest.skip("needs postgresql")
    home = Path(tempfile.mkdtemp(prefix="postgres-"))
    user = {"user": "postgres", "group": "postgres"} if os.geteuid() == 0 else {}
    if user:
        shutil.chown(home, **user)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    def run(program, *options):
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        subprocess.run([programs / program, *options], check=True, cwd=home, **quiet, **user)

    run("initdb", "-D", home / "data", "-A", "trust", "-U", "planner", "-N")
    told = f"-p {port} -k {home} -c listen_addresses=127.0.0.1 -c max_connections=60"
    run("pg_ctl", "-D", home / "data", "-w", "-o", told, "-l", home / "log", "start")
    yield f"postgresql://planner@127.0.0.1:{port}"
    run("pg_ctl", "-D", home / "data", "-m", "immediate", "stop")
    shutil.rmtree(home)


@pytest.fixture(scope="module")
def browser():
    """A headless Chromium, driven by playwright, whose event loop runs no longer than a module's
    tests.
    """
    if CHROMIUM is None:
        pytest.skip("needs chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()
