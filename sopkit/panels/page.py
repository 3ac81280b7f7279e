"""The board as one page: self-contained, so that it works from a file, zipped or mailed, and as
Voilà serves it; nothing is fetched. Standard library only, so that it opens at once.

``board.json`` holds, for every tab, parts; a part holds HTML by the choices it depends on (family,
market, measure, size), each choice being the place of a word in the board's list of them; place 0
is "all", units, and the plan's own buckets.
"""

import json
import re
import zlib
from base64 import b64encode
from html import escape
from pathlib import Path

PAGES = {
    "1_gather_data": "1 Data",
    "2_demand_plan": "2 Demand",
    "3_supply_plan": "3 Supply",
    "4_reconcile": "4 Reconcile",
    "5_executive_review": "5 Review",
}
FILTERS = '<div class="filters">'
LABELS = {"measure": "in", "size": "by"}
_ROOMS = Path(__file__).parents[1]
# Read as files: importing the charts would load what the board does not need.
TABLE, BOARD, SCRIPT = (
    (_ROOMS / path).read_text(encoding="utf-8")
    for path in ("charts/table.css", "panels/board.css", "panels/board.js")
)


def headed(svg: str) -> str:
    """A chart as a figure: its title and subtitle as text of the page, below them the plot, which
    grows to 1.15 times its size at most.

    >>> headed('<svg data-title="a" data-sub="b" data-head="9" style="" height="49pt"'
    ...        ' viewBox="0 0 96 49"/>')
    '<figure><h2>a</h2><p class="sub">b</p><div><svg data-title="a" data-sub="b" data-head="9" \
style="width:100%;max-width:147px;height:auto" height="40pt" viewBox="0 9 96 40"/></div></figure>'
    """
    told = dict(re.findall(r'([\w-]+)="([^"]*)"', svg[: svg.index(">")]))
    _, _, width, height = map(float, told["viewBox"].split())
    head = float(told["data-head"])
    for name, new in (
        ("height", f"{height - head:g}pt"),
        ("viewBox", f"0 {head:g} {width:g} {height - head:g}"),
        ("style", f"width:100%;max-width:{1.15 * width * 4 / 3:.0f}px;height:auto"),
    ):
        svg = svg.replace(f' {name}="{told[name]}"', f' {name}="{new}"', 1)
    plot = re.sub('<g id="heading">.*?</g>', "", svg, flags=re.S)
    title, sub = told["data-title"], told["data-sub"]
    return f'<figure><h2>{title}</h2><p class="sub">{sub}</p><div>{plot}</div></figure>'


def board(pack=None):
    """The board in a notebook, an object that displays itself as the page: of a pack, by default
    the newest.
    """
    from IPython.display import HTML

    pack = Path(pack or next(iter([*boards_in("packs"), *boards_in("../packs")]), "packs/none"))
    try:
        return HTML(framed(pack))
    except (OSError, ValueError) as error:
        words = f"pack {pack.name} cannot be read: {error!r}; build it again: sopkit pack"
        return HTML(_document("S&OP", f'<p class="failed">✗ {escape(words)}</p>'))


def framed(pack) -> str:
    """A pack's board in a frame of its own, out of reach of a notebook's styles."""
    page = (Path(pack) / "pages" / "board.html").read_text(encoding="utf-8")
    page = page.replace("<head>", '<head><base href="about:srcdoc">', 1)  # for its #tabs
    return (
        f'<div><iframe srcdoc="{escape(page)}" title="The board"'
        ' style="width:100%;height:95vh;border:0"></iframe></div>'
    )


def write_page(folder) -> Path:
    """``pages/board.html`` of a pack, from its ``board/board.json`` and, once it is released,
    ``release.json``.
    """
    target = Path(folder) / "pages" / "board.html"
    target.parent.mkdir(exist_ok=True)
    target.write_text(page_html(read_board(folder)), encoding="utf-8")
    return target


def read_board(folder) -> dict:
    """The board of a pack folder, with its release if there is one."""
    folder = Path(folder)
    held = json.loads((folder / "board" / "board.json").read_text(encoding="utf-8"))
    released = folder / "release.json"
    release = json.loads(released.read_text(encoding="utf-8")) if released.exists() else None
    name = folder.name  # a staged one is called .NAME-something
    name = name[1:].rpartition("-")[0] if name.startswith(".") else name
    return held | {"pack": name, "release": release}


def boards_in(folder) -> list[Path]:
    """The packs in a folder that have a board, newest month first."""
    found = [path.parents[1] for path in Path(folder).glob("*/pages/board.html")]
    found = [pack for pack in found if re.fullmatch(r"\d{4}-\d\d(-r\d+)?", pack.name)]
    return sorted(found, key=lambda pack: (pack.name[:7], len(pack.name), pack.name), reverse=True)


def title(board: dict) -> tuple[str, str]:
    """Month and state: "S&OP · November 2026" and "Released by Ada on 2026-11-20", or draft."""
    release, revision = board["release"], board["pack"].partition("-r")[2]
    month = f"S&OP · {board['title']}{f' (revision {revision})' if revision else ''}"
    if not release:
        return month, "Draft – not released"
    return month, f"Released by {release['by']} on {release['at'][:10]}"


def page_html(board: dict) -> str:
    """The whole page: month and state, filters, tabs, and every part as data, packed: pictures are
    a tenth then, and one file holds a large company.
    """
    month, state = title(board)
    css = "state released" if board["release"] else "state"
    selects = [_select(name, words) for name, words in board["words"].items()]
    tabs = "".join(
        f'<button role="tab" type="button">{escape(tab["name"])}</button>' for tab in board["tabs"]
    )
    pages = "".join(f'<a href="{file}.html">{words}</a>' for file, words in PAGES.items())
    data = zlib.compress(json.dumps(board["tabs"], ensure_ascii=False).encode(), 9)
    return _document(
        f"{month} · {state}",
        f'<header><div class="line"><h1>{escape(month)}</h1><span class="{css}">{escape(state)}'
        f'</span><span class="quiet">{escape(board["about"])}</span>'
        f"{FILTERS}{''.join(selects)}</div></div>"
        f'<div class="line"><div class="tabs" role="tablist">{tabs}</div>'
        f'<nav class="pages">Pages {pages}</nav></div></header><div id="tab"></div>'
        f'<script type="text/plain" id="board">{b64encode(data).decode()}</script>'
        f"<script>{SCRIPT}</script>",
    )


def with_months(page: str, name: str, packs) -> str:
    """A board's page as a server shows it: with the ``packs`` to choose from, ``name`` chosen."""
    served = FILTERS.replace(">", " data-served>")
    return page.replace(FILTERS, served + _select("month", packs, name), 1)


def _document(name, body):
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport"'
        f' content="width=device-width, initial-scale=1"><title>{escape(name)}</title>'
        f'<link rel="icon" href="data:,"><style>{TABLE}{BOARD}</style></head>\n'
        f'<body><div class="board">{body}</div></body></html>\n'
    )


def _select(name, words, chosen=None):
    options = "".join(
        f"<option{' selected' if word == chosen else ''}>{escape(word)}</option>" for word in words
    )
    shown = f'<label>{LABELS.get(name, name)} <select id="{name}">{options}</select></label>'
    return shown if len(words) > 1 else ""
