"""The served board: who is let in, what is answered, how many at once, and that no visitor costs a
kernel.
"""

import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest

from sopkit.panels.page import PAGES
from sopkit.seal import seal

CLOSED = [
    "/2026-11/manifest.json",
    "/2026-11/board/board.json",
    "/2026-11/pages/board.html",
    "/2026-11/../../pyproject.toml",
    "/2026-11/%2e%2e%2fpyproject.html",
    "/..%2f..%2fboard.html",
    "/nobody.html",
    "/2031-01/board.html",
    "/.lock/board.html",
    "/api/kernels",
    "/api/contents",
    "/api/kernels/0/channels",
    "/voila/api/shutdown/0",
    "/voila/files/board/board.json",
    "/voila/render/1_gather_data.ipynb",
    "/voila/static/voila.js",
    "/login",
    "/tree",
]


def free_port():
    """A port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@contextmanager
def served(packs, *options, token=""):
    """The address that ``sopkit dashboard`` tells, and its process."""
    server = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "sopkit",
            "dashboard",
            f"--packs={packs}",
            f"--port={free_port()}",
            *options,
        ],
        env=os.environ | ({"SOPKIT_TOKEN": token} if token else {}),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield server.stdout.readline().split(" ")[0], server
    finally:
        server.terminate()
        server.wait(20)


def asked(url, path=None, method="GET", **headers):
    """Status, headers and text of an answer, as it comes."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection("127.0.0.1", parts.port, timeout=60)
    connection.request(method, path or f"{parts.path}?{parts.query}", headers=headers)
    answer = connection.getresponse()
    return answer.status, answer.headers, answer.read().decode()


@pytest.fixture(scope="module")
def server(packs):
    with served(packs) as (url, process):
        yield url, process


@pytest.fixture(scope="module")
def url(server):
    return server[0]


def test_the_newest_board_is_at_the_door_with_its_pages_and_the_others_beside_it(url, pack):
    status, headers, text = asked(url)
    assert status == 200 and "<option selected>2026-11</option><option>2026-10</option>" in text
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "Set-Cookie" not in headers
    older = asked(url, "/?month=2026-10")
    assert (older[0], older[1]["Location"]) == (302, "2026-10/board.html")
    back = asked(url, "/2026-10/board.html?month=2026-11")
    assert (back[0], back[1]["Location"]) == (302, "../2026-11/board.html")
    assert "<option selected>2026-10</option>" in asked(url, "/2026-10/board.html")[2]
    for page in PAGES:
        held = (pack / "pages" / f"{page}.html").read_text(encoding="utf-8")
        assert asked(url, f"/{page}.html")[2] == asked(url, f"/2026-11/{page}.html")[2] == held
    known = asked(url, "/", **{"If-None-Match": headers["Etag"]})
    assert known[0] == 304 and known[2] == ""


@pytest.mark.parametrize("path", CLOSED)
def test_nothing_else_is_answered(url, path):
    assert asked(url, path)[0] == 404
    assert asked(url, path, "POST")[0] in (404, 405)


def test_only_names_on_the_list_are_answered_and_only_their_own_pages_ask(url, packs):
    port = urlsplit(url).port
    for good in ("127.0.0.1", "localhost", f"localhost:{port}", "[::1]", "LOCALHOST"):
        assert asked(url, Host=good)[0] == 200, good
    for bad in (
        "evil.example",
        "127.0.0.1.evil.example",
        "localhost@evil.example",
        "",
        "[",
        "a:b:c",
    ):
        assert asked(url, Host=bad)[0] in (400, 403), bad
    for bad in ("http://evil.example", "null", "http://[", "http://localhost.evil.example"):
        assert asked(url, Origin=bad)[0] == 403, bad
    assert asked(url, Origin=f"http://localhost:{port}")[0] == 200
    with served(packs, "--host=Plan.Example.com", "--prefix=sop") as (named, _):
        assert re.fullmatch(r"http://plan.example.com:\d+/sop/", named)
        assert asked(named, Host="plan.example.com", Origin="https://plan.example.com")[0] == 200
        assert asked(named, "/")[0] == 404


def test_more_than_this_machine_is_asked_for_a_token(packs):
    with served(packs, "--listen=0.0.0.0") as (told, _):
        token = urlsplit(told).query.partition("=")[2]
        assert len(token) >= 32 and asked(told, Host=urlsplit(told).netloc)[0] == 302
        for path in ("/", "/?token=", "/?token=wrong", "/1_gather_data.html", "/?token=%00%ff"):
            status, _, text = asked(told, path)
            assert status in (400, 403) and "S&amp;OP" not in text, path
        status, headers, _ = asked(told, f"/2026-10/?token={token}")
        assert (status, headers["Location"]) == (302, "/2026-10/")  # the token leaves the address
        kept, rules = headers["Set-Cookie"].split(";", 1)
        assert "HttpOnly" in rules and "SameSite=Strict" in rules
        assert asked(told, "/", Cookie=kept, Host=urlsplit(told).netloc)[0] == 200
        assert asked(told, "/", Cookie=kept[:-2] + "00")[0] == 403
    with served(packs, "--listen=0.0.0.0", token="ours") as (told, _):
        assert "ours" not in told and asked(told, "/?token=ours")[0] == 302


def _memory(process):
    """MB that a server holds, with all that it started."""
    rows = subprocess.run(["ps", "-eo", "pid=,ppid=,rss="], capture_output=True, text=True).stdout
    rows = [tuple(map(int, row.split())) for row in rows.splitlines()]
    mine = {process.pid}
    for _ in range(3):
        mine |= {pid for pid, parent, _ in rows if parent in mine}
    return sum(size for pid, _, size in rows if pid in mine) / 1024, len(mine)


def test_a_hundred_visitors_at_once_and_two_hundred_visits_start_nothing(server):
    url, process = server
    one = lambda _: (time.perf_counter(), asked(url)[0], time.perf_counter())
    first = one(0)
    before, alone = _memory(process)
    with ThreadPoolExecutor(100) as pool:
        visits = [*pool.map(one, range(200))]
    held, processes = _memory(process)
    took = sorted(end - begin for begin, _, end in visits)
    print(
        f"one visitor {first[2] - first[0]:.3f} s; 200 visits, 100 at once: median"
        f" {took[100]:.2f} s, slowest {took[-1]:.2f} s; {before:.0f} MB before, {held:.0f} after"
    )
    assert {status for _, status, _ in visits} == {200}
    assert processes == alone == 1 and held < 1500 and held - before < 100


def test_a_pack_that_is_not_what_was_built_or_released_is_not_shown(packs, tmp_path):
    shutil.copytree(packs, tmp_path / "packs")
    with served(tmp_path / "packs") as (url, _):
        assert asked(url, "/2026-10/board.html")[0] == 200
        for name, page in (("2026-10", "board"), ("2026-11", "3_supply_plan")):
            path = tmp_path / "packs" / name / "pages" / f"{page}.html"
            path.chmod(0o644)
            before = path.read_text()
            path.write_text(before.replace("2026", "2025", 1) + "<!-- % -->")
            status, _, told = asked(url, f"/{name}/{page}.html")
            assert status == 409 and f"built: pages/{page}.html" in told
            path.write_text(before)
            assert asked(url, f"/{name}/{page}.html")[0] == 200
        pack = tmp_path / "packs" / "2026-10"
        for path in (pack / "release.json", pack / "manifest.json"):
            path.chmod(0o644)
        (pack / "release.json").write_text('{"by": "Eve", "at": "2026-10-20T10:00:00+00:00"}')
        seal(pack, json.loads((pack / "manifest.json").read_text()))
        told = asked(url, "/2026-10/board.html")
        assert told[0] == 409 and "the ledger knows no release of it" in told[2]


def test_an_open_tab_learns_that_a_newer_pack_stands(browser, pack, tmp_path):
    shutil.copytree(pack / "pages", tmp_path / "2026-11" / "pages")
    shutil.copytree(pack / "board", tmp_path / "2026-11" / "board")
    seal(tmp_path / "2026-11", {})
    with served(tmp_path) as (url, _):
        page = browser.new_page()
        page.clock.install()
        page.goto(url)
        page.wait_for_selector(".board section svg")
        told = page.locator(".newer")
        for _ in range(3):
            page.clock.run_for(61_000)
            page.wait_for_load_state("networkidle")
        assert told.count() == 0
        shutil.copytree(tmp_path / "2026-11", tmp_path / "2026-12")
        seal(tmp_path / "2026-12", {})
        for _ in range(3):
            page.clock.run_for(61_000)
            page.wait_for_load_state("networkidle")
        told.first.click()
        page.wait_for_selector(".board section svg")
        assert page.locator("#month option:checked").inner_text() == "2026-12"
        page.select_option("#month", "2026-11")
        page.get_by_role("link", name="2 Demand").click()
        page.wait_for_url("**/2026-11/2_demand_plan.html")
        page.close()
