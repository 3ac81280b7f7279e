"""Serving the board: Voilà as an application that answers with what finished packs hold already.

Nothing on the board needs a kernel, so no visitor starts one: a page is a file, and all that the
server does is to say which, to whom. It answers a list of hosts, and a token where more than this
machine can reach it.
"""

import os
import secrets
import socket
from functools import lru_cache
from hashlib import sha256
from hmac import compare_digest
from html import escape
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from tornado import web
from tornado.ioloop import IOLoop
from voila.app import Voila

from sopkit.errors import PlanError
from sopkit.ledger import Ledger
from sopkit.panels.page import PAGES, boards_in, with_months
from sopkit.seal import refuse_changed

NOTEBOOK = Path(__file__).resolve().parents[2] / "notebooks" / "dashboard.ipynb"
HERE = ("127.0.0.1", "localhost", "::1")
CHANGED = 409
TOKEN, COOKIE = "SOPKIT_TOKEN", "sopkit"
SAID = {
    403: "open the address that the server printed when it was started, with its token if it has"
    " one; a name that it does not know is given with --host",
    404: "no page of a plan is here",
}
HEADERS = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; script-src"
    " 'unsafe-inline'; img-src data:; connect-src 'self'; base-uri 'none'; form-action 'self';"
    " frame-ancestors 'none'",
    "Content-Type": "text/html; charset=utf-8",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class Page(web.RequestHandler):
    """``/`` is the board of the newest pack, ``/2026-10/board.html`` that of another one, beside it
    its pages; nothing else is answered.
    """

    def prepare(self):
        """Lets in who calls the server by a name on the list, from its own pages, with its token
        (kept in a cookie then, out of the address).
        """
        called = f"//{self.request.host}", self.request.headers.get("Origin", "//localhost")
        if not all(_host(address) in self.settings["hosts"] for address in called):
            raise web.HTTPError(403)
        given, token = self.get_query_argument("token", ""), self.settings["token"]
        if token and compare_digest(given.encode(), token.encode()):
            self.set_signed_cookie(COOKIE, token, httponly=True, samesite="Strict")
            self.redirect(self.request.path)
        elif token and self.get_signed_cookie(COOKIE) != token.encode():
            raise web.HTTPError(403)

    def get(self, name=None, page=None):
        """The page, or where it is."""
        packs = {pack.name: pack for pack in boards_in(self.settings["packs"])}
        if (asked := self.get_query_argument("month", "")) in packs:
            return self.redirect(f"{'../' if name else ''}{asked}/board.html")
        if asked:
            raise web.HTTPError(404)
        month, page = self.settings["month"], page or "board"
        newest = (each for each in packs if month in (None, each, each[:7]))
        name = name or next(newest, None)
        try:
            sealed(packs[name], self.settings["ledger"])
            path = packs[name] / "pages" / {p: f"{p}.html" for p in (*PAGES, "board")}[page]
            self.stamp = repr((path.stat().st_mtime_ns, *packs))
            text = path.read_text(encoding="utf-8")
        except (KeyError, OSError, UnicodeError):  # no such one, or replaced in this very moment
            raise web.HTTPError(404) from None
        except PlanError as error:
            self.set_status(CHANGED)
            return self.finish(f"{CHANGED}: {escape(str(error))}\n")
        self.finish(with_months(text, name, packs) if page == "board" else text)

    head = get

    def compute_etag(self):
        """What stands: another one tells an open tab that a newer pack does."""
        return f'"{sha256(self.stamp.encode()).hexdigest()}"' if hasattr(self, "stamp") else None

    def set_default_headers(self):
        """Nothing is fetched from elsewhere, framed or kept."""
        for name, value in HEADERS.items():
            self.set_header(name, value)

    def write_error(self, status_code, **_):
        """A line: what is wrong with the question."""
        self.finish(f"{status_code}: {SAID.get(status_code, self._reason)}\n")


class Board(Voila):
    """Voilà with the pages of the packs, and no kernel."""

    def init_handlers(self):
        """What is answered."""
        page = r"/(?:(?P<name>[^/.]+)/)?(?:(?P<page>\w+)\.html)?"
        bare = self.base_url.rstrip("/")
        return [(bare + page, Page), (bare, web.RedirectHandler, {"url": self.base_url})]


def sealed(pack: Path, ledger: Ledger) -> None:
    """``PlanError`` where a pack is not as it was built, or, as the ledger says, released; looked
    at once for each state of its files.
    """
    _sealed(pack, ledger, tuple(path.stat().st_ctime_ns for path in pack.rglob("*")))


@lru_cache(maxsize=100)
def _sealed(pack, ledger, _):
    refuse_changed(pack, ledger)


def _host(address):
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None


def serve(packs, ledger, month=None, port=8866, listen="127.0.0.1", hosts=(), prefix="/") -> None:
    """Serves the boards of a folder of packs, as the ``ledger`` knows them, until it is stopped;
    ``/`` is that of ``month``, or the newest. Visitors may call it by ``hosts`` too; a token is
    asked for where ``listen`` is more than this machine: the one in the environment
    (``SOPKIT_TOKEN``), or a new one.

    Raises ``PlanError`` if the port is taken, or ``listen`` is no address.
    """
    if not boards_in(packs):
        raise PlanError(f"no pack in {packs} has a board (pages/board.html); sopkit pack makes one")
    try:
        alone = ip_address(listen).is_loopback
    except ValueError:
        raise PlanError(
            f"--listen {listen!r} is no address; 127.0.0.1 is this machine alone, 0.0.0.0 every"
            " network that it is on; a name that visitors call it by is --host"
        ) from None
    family = socket.AF_INET6 if ":" in listen else socket.AF_INET
    try:
        socket.create_server((listen, port), family=family).close()
    except (OSError, OverflowError) as error:
        raise PlanError(
            f"port {port} on {listen} is taken or not ours ({error}); choose another with --port"
            " (8867) or --listen (127.0.0.1)"
        ) from None
    for host in hosts:
        if _host(f"//{host}") != host.lower():
            raise PlanError(f"--host {host!r} is a name alone, as plan.example.com")
    named = next(iter(hosts), listen if alone else socket.gethostname()).lower()
    token = os.environ.get(TOKEN) or ("" if alone else secrets.token_urlsafe(24))
    board = Board.instance(log_level="ERROR")
    board.tornado_settings = {
        "packs": Path(packs).resolve(),
        "ledger": ledger,
        "month": month,
        "token": token,
        "hosts": {*HERE, listen, named, *map(str.lower, hosts)},
    }
    board.initialize(
        [
            str(NOTEBOOK),
            "--no-browser",
            f"--Voila.ip={listen}",
            f"--port={port}",
            "--Voila.port_retries=0",
            f"--Voila.base_url=/{prefix.strip('/')}/".replace("//", "/"),
        ]
    )
    named = f"[{named}]" if ":" in named else named
    query = f"?token={f'${TOKEN}' if TOKEN in os.environ else token}" if token else ""
    told = f"http://{named}:{port}{board.base_url}{query} (stop with Ctrl-C)"
    IOLoop.current().add_callback(print, told, flush=True)  # once it listens
    board.start()
