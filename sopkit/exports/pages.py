"""An HTML page of each executed step: what people read, without code, script or anything fetched
from elsewhere.
"""

import json
import sys
from datetime import date
from html import escape
from itertools import chain
from pathlib import Path

sys.modules.setdefault("rfc3987_syntax", None)  # 2 s of every start, only to check links
import nbformat  # noqa: E402

from sopkit.panels.page import BOARD, PAGES, TABLE, headed  # noqa: E402

# The board's style, with which pages and board look alike, then what only pages have.
STYLE = TABLE + BOARD + Path(__file__).with_name("page.css").read_text(encoding="utf-8")


def write_page(plan, name: str) -> Path:
    """The page of an executed notebook of a plan's pack, linked by relative paths to the board and
    the other steps; month and state stand on it and on each printed sheet.
    """
    target = plan.folder / "pages" / f"{name}.html"
    target.parent.mkdir(exist_ok=True)
    body = _body(plan.folder / "notebooks" / f"{name}.ipynb")
    buckets = plan.buckets(plan.cycle["parameters"].get("horizon", 0))
    about = (
        f"plans {' – '.join(plan.calendar.label(buckets[[0, -1]]))} · money in"
        f" {plan.settings['currency']}"
    )
    title = f"S&OP · {plan.named}"
    target.write_text(page(title, state(plan.folder), about, body, _links(name)))
    return target


def page(title: str, state: str, about: str, body: str, links: str = "") -> str:
    """A whole HTML document around a body; ``title``, ``state`` and what it is ``about`` are text,
    ``body`` and ``links`` HTML.

    >>> "<title>a &lt; b · Draft</title>" in page("a < b", "Draft", "2027", "<p>hello</p>")
    True
    """
    foot = (
        f"@page{{@bottom-left{{content:{json.dumps(f'{title} · {state}', ensure_ascii=False)}}}}}"
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport"'
        f' content="width=device-width, initial-scale=1"><title>{escape(f"{title} · {state}")}'
        f'</title><link rel="icon" href="data:,"><style>{STYLE}{foot.replace("<", "")}</style>'
        '</head>\n<body><div class="board"><header><div class="line"><h1>'
        f'{escape(title)}</h1><span class="state {"released" * (state[0] == "R")}">{escape(state)}'
        f'</span><span class="quiet">{escape(about)}</span><nav class="pages">{links}</nav></div>'
        f"</header>\n<main>\n{body}\n</main></div></body></html>\n"
    )


def state(folder) -> str:
    """Whether the pack in the folder is a draft, or who released it and when, in words."""
    path = folder / "release.json"
    if not path.exists():
        return "Draft – not released"
    said = json.loads(path.read_text(encoding="utf-8"))
    day = date.fromisoformat(said["at"][:10])
    return f"Released by {said['by']} on {day.day} {day:%b %y}"


def _body(path):
    from nbconvert import HTMLExporter

    exporter = HTMLExporter(
        template_name="basic", exclude_input=True, exclude_output_prompt=True, embed_images=True
    )
    notebook = nbformat.read(path, as_version=4)
    # title, then the headline (computed last, read first), then the sections
    told = [cell for cell in notebook.cells if "headline" in cell.metadata.get("tags", [])]
    notebook.cells[1:] = told + [cell for cell in notebook.cells[1:] if cell not in told]
    for output in chain.from_iterable(cell.get("outputs", []) for cell in notebook.cells):
        if svg := output.get("data", {}).pop("image/svg+xml", ""):
            output.data["text/html"] = headed(svg)
    return exporter.from_notebook_node(notebook)[0]


def _links(here):
    return " ".join(
        f"<b>{words}</b>" if name == here else f'<a href="{name}.html">{words}</a>'
        for name, words in ({"board": "Board"} | PAGES).items()
    )
