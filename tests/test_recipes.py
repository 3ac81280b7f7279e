"""The README's recipes for a team are tried as they stand there, with the paths of this machine."""

import getpass
import http.client
import re
import shlex
import shutil
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner

from sopkit.cli import main
from tests.conftest import ROOT
from tests.panels.test_serve import free_port, served

README = (ROOT / "README.md").read_text()


def recipes(kind):
    """The code blocks of a kind."""
    return re.findall(rf"```{kind}\n(.*?)```", README, re.S)


def commands(text):
    """The words of every ``sopkit`` command in a text."""
    for found in re.findall(r"(?:bin/sopkit|\bsopkit) ((?:pack|export|dashboard)[^&|\n\"]*)", text):
        words = shlex.split(found.split(">>")[0].replace("%h", ""))
        yield [word for word in words if word != "…"]


def test_every_command_of_a_recipe_is_one():
    found = 0
    for kind in ("cron", "ini", "python", "dockerfile"):
        for text in recipes(kind):
            text = text.replace('", "', " ").replace('"\n        "', "")
            for name, *words in commands(text):
                command = main.get_command(None, name)
                command.make_context(name, words)
                found += 1
    assert found >= 6


def test_cron_runs_its_line_and_tells_a_failure(tmp_path):
    (text,) = recipes("cron")
    line = next(line for line in text.splitlines() if line.startswith("0 6 3 * * "))
    line = line.removeprefix("0 6 3 * * ").replace("/srv/sop", str(tmp_path))
    line = line.replace(".venv/bin/sopkit", f"{sys.executable} -m sopkit")
    run = subprocess.run(
        ["sh", "-c", line.replace("/srv/facts", str(tmp_path / "none"))],
        capture_output=True,
        text=True,
    )
    assert "sopkit: " in run.stdout and "none" in run.stdout  # what cron mails
    assert run.stdout in (tmp_path / "packs.log").read_text()


def test_systemd_takes_its_units(tmp_path):
    if not shutil.which("systemd-analyze"):
        pytest.skip("needs systemd")
    units = []
    for text in recipes("ini"):
        name = re.match(r"# /etc/systemd/system/(\S+)", text)[1]
        text = text.replace("/srv/sop/.venv/bin/sopkit", shutil.which("true"))
        text = text.replace("/srv/sop", str(tmp_path)).replace(
            "User=sop", f"User={getpass.getuser()}"
        )
        units.append(tmp_path / name)
        units[-1].write_text(text)
    run = subprocess.run(
        ["systemd-analyze", "verify", *units], capture_output=True, text=True, cwd=tmp_path
    )
    told = [line for line in run.stderr.splitlines() if "sop-" in line]
    assert len(units) == 3 and told == [], run.stderr


class SignOn(BaseHTTPRequestHandler):
    """Stands for the sign-on: lets in who has its cookie."""

    def do_GET(self):
        known = "signed=on" in self.headers.get("Cookie", "")
        asked = self.path == "/oauth2/auth"
        self.send_response((202 if known else 401) if asked else 200)
        self.end_headers()
        self.wfile.write(b"" if asked else b"sign in here")

    def log_message(self, *_):
        pass


def test_nginx_passes_on_who_has_signed_on(tmp_path, packs):
    nginx = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
    if not nginx:
        pytest.skip("needs nginx")
    (text,) = recipes("nginx")
    door, signs = free_port(), HTTPServer(("127.0.0.1", 0), SignOn)
    threading.Thread(target=signs.serve_forever, daemon=True).start()
    with served(packs, "--host=plan.example.com") as (url, _):
        text = re.sub(r" +ssl_certificate.*\n", "", text).replace("443 ssl", f"127.0.0.1:{door}")
        text = text.replace(":8866", f":{urlsplit(url).port}")
        text = text.replace(":4180", f":{signs.server_port}")
        kinds = "client_body proxy fastcgi uwsgi scgi".split()
        paths = "".join(f"{kind}_temp_path {tmp_path}/{kind};\n" for kind in kinds)
        (tmp_path / "nginx.conf").write_text(
            f"daemon off; pid {tmp_path}/pid; error_log {tmp_path}/error.log;\nevents {{}}\n"
            f"http {{\naccess_log off;\n{paths}{text}}}\n"
        )
        server = subprocess.Popen(
            [nginx, "-c", tmp_path / "nginx.conf", "-p", tmp_path], stderr=subprocess.DEVNULL
        )
        try:

            def asked(path, **headers):
                for _ in range(50):
                    try:
                        connection = http.client.HTTPConnection("127.0.0.1", door, timeout=20)
                        headers = {"Host": "plan.example.com"} | headers
                        connection.request("GET", path, headers=headers)
                        answer = connection.getresponse()
                        return answer.status, answer.read().decode()
                    except ConnectionRefusedError:
                        time.sleep(0.1)

            told = asked("/")[1]
            assert told == "sign in here"
            status, told = asked("/", Cookie="signed=on")
            assert status == 200 and "S&amp;OP · November 2026" in told
            assert asked("/oauth2/auth")[0] == 404  # from inside only
            path = "/2026-11/2_demand_plan.html"
            assert asked(path)[1] == "sign in here"
            assert asked(path, Cookie="signed=on")[0] == 200
        finally:
            server.terminate()
            server.wait(10)
            signs.shutdown()


def test_the_hub_starts_a_board_that_asks_for_the_token(packs, monkeypatch):
    text = next(text for text in recipes("python") if text.startswith("# jupyterhub_config.py"))
    monkeypatch.setenv("SOPKIT_TOKEN", "a-long-secret")
    hub = SimpleNamespace(Spawner=SimpleNamespace(), JupyterHub=SimpleNamespace())
    exec(compile(text, "jupyterhub_config.py", "exec"), {"get_config": lambda: hub})
    (service,) = hub.JupyterHub.services
    assert service["environment"]["SOPKIT_LEDGER"] == hub.Spawner.environment["SOPKIT_LEDGER"]
    program, name, *words = service["command"]
    assert program.endswith("/.venv/bin/sopkit") and name == "dashboard"
    assert (ROOT / "notebooks" / hub.Spawner.default_url.rpartition("/")[2]).exists()
    with served(packs, *words, token=service["environment"]["SOPKIT_TOKEN"]) as (url, _):
        parts = urlsplit(url)
        assert parts.path == f"/services/{service['name']}/"
        for query, status in (("", 403), ("?token=a-long-secret", 302)):
            connection = http.client.HTTPConnection("127.0.0.1", parts.port, timeout=20)
            connection.request("GET", parts.path + query, headers={"Host": "hub.example.com"})
            assert connection.getresponse().status == status


def test_the_containers_lines_name_what_is_there():
    (text,) = recipes("dockerfile")
    assert "make .venv/ready" in text and ".venv/ready:" in (ROOT / "Makefile").read_text()
    words = re.search(r"CMD \[(.*)\]", text)[1].replace('"', "").split(", ")
    assert CliRunner().invoke(main, [words[1], "--help"]).exit_code == 0
    assert {"--listen", "0.0.0.0", "--host"} < {*words}  # others reach it: it asks for a token
