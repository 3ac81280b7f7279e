"""The board without a kernel: one self-contained page that works from a file, zipped or mailed;
nothing is fetched.
"""

import json
from html import escape
from pathlib import Path

from sopkit.panels.reading import CHOICES, read_board, title

_ROOMS = Path(__file__).parents[1]
# Read as files: importing the charts would load what the board does not need.
STYLE = "".join(
    (_ROOMS / path).read_text(encoding="utf-8")
    for path in ("charts/tables.css", "panels/board.css")
)
SCRIPT = """
const board = JSON.parse(document.getElementById("board").textContent);
let tab = 0;
const places = board.choices;
const chosen = () => Object.fromEntries(places.map(n => [n, Number((document.getElementById(n) || {value: 0}).value)]));
function part(p, choice) {
  const key = p.by.map(n => choice[n] || 0), all = p.by.map(n => n === "market" ? 0 : choice[n] || 0);
  return p.html[key.join("|")] ?? p.html[all.join("|")] ?? "";
}
function draw() {
  const choice = chosen();
  document.getElementById("tab").innerHTML = board.tabs[tab].parts.map(p => `<section class="part">${part(p, choice)}</section>`).join("");
  document.querySelectorAll(".tabs button").forEach((b, i) => b.setAttribute("aria-selected", i === tab));
}
document.querySelectorAll(".tabs button").forEach((b, i) => b.addEventListener("click", () => { tab = i; draw(); }));
document.querySelectorAll(".filters select").forEach(s => s.addEventListener("change", draw));
draw();
"""


def write_page(folder) -> Path:
    """``pages/board.html`` of a pack, from its ``board/board.json`` and, once it is released,
    ``release.json``.
    """
    folder = Path(folder)
    target = folder / "pages" / "board.html"
    target.parent.mkdir(exist_ok=True)
    target.write_text(page_html(read_board(folder)), encoding="utf-8")
    return target


def page_html(board: dict) -> str:
    """The whole page: head, filters, tabs, and every part as data."""
    data = (
        json.dumps({"choices": CHOICES, "tabs": board["tabs"]}, ensure_ascii=False)
        .replace("</", "<\\/")
        .replace("<!--", "<\\u0021--")
    )
    filters = "".join(
        _select(name, words) for name, words in board["words"].items() if len(words) > 1
    )
    tabs = "".join(
        f'<button role="tab" type="button">{escape(tab["name"])}</button>' for tab in board["tabs"]
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport"'
        f' content="width=device-width, initial-scale=1"><title>{escape(title(board))}</title><link'
        ' rel="icon"'
        f' href="data:,"><style>body{{margin:0;background:#fff}}\n{STYLE}</style></head>\n<body><div'
        f' class="board">{head_html(board)}<div class="filters">{filters}</div><div class="tabs"'
        f' role="tablist">{tabs}</div><div id="tab"></div></div>\n<script type="application/json"'
        f' id="board">{data}</script><script>{SCRIPT}</script></body></html>\n'
    )


def head_html(board: dict) -> str:
    """Month and state, then what everybody must see: KPIs, what changed, what is asked, decisions
    wanted.
    """
    words = title(board)
    month, _, state = words.rpartition(" · ")
    css = "state released" if board.get("release") else "state"
    return f'<h1>{escape(month)} <span class="{css}">{escape(state)}</span></h1>{board["head"]}'


def _select(name, words):
    options = "".join(
        f'<option value="{at}">{escape(word)}</option>' for at, word in enumerate(words)
    )
    return f'<label>{escape(name)} <select id="{name}">{options}</select></label>'
