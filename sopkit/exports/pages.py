"""An HTML page of each executed step: what people read, without code, script or anything fetched
from elsewhere.
"""

import sys
from html import escape
from pathlib import Path

sys.modules.setdefault("rfc3987_syntax", None)  # 2 s of every start, only to check links
import nbformat  # noqa: E402

STYLE = (Path(__file__).parent / "page.css").read_text()


def write_page(folder: Path, name: str, names) -> Path:
    """The page of an executed notebook of the pack in ``folder``, linked by relative paths to the
    others in ``names``.
    """
    target = folder / "pages" / f"{name}.html"
    target.parent.mkdir(exist_ok=True)
    body = _body(folder / "notebooks" / f"{name}.ipynb")
    target.write_text(page(_words(name), body, _links(name, names)))
    return target


def page(title: str, body: str, links: str = "") -> str:
    """A whole HTML document around a body; ``title`` is text, ``body`` and ``links`` are HTML.

    >>> "<title>a &lt; b</title>" in page("a < b", "<p>hello</p>")
    True
    """
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport"'
        ' content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>\n<body>\n<nav>{links}</nav>\n"
        f"<main>\n{body}\n</main>\n</body></html>\n"
    )


def _body(path):
    from nbconvert import HTMLExporter

    exporter = HTMLExporter(
        template_name="basic", exclude_input=True, exclude_output_prompt=True, embed_images=True
    )
    return exporter.from_notebook_node(_in_reading_order(nbformat.read(path, as_version=4)))[0]


def _in_reading_order(notebook):
    """Title, then the headline (computed last, read first), then the sections; parameters are for
    the record in the notebook.
    """
    told = {
        name: [cell for cell in notebook.cells if name in cell.metadata.get("tags", [])]
        for name in ("headline", "parameters", "injected-parameters")
    }
    silent = [cell["id"] for cells in told.values() for cell in cells]
    rest = [cell for cell in notebook.cells if cell["id"] not in silent]
    notebook.cells = rest[:1] + told["headline"] + rest[1:]
    return notebook


def _links(here, names):
    return " ".join(
        f"<b>{escape(_words(name))}</b>"
        if name == here
        else f'<a href="{name}.html">{escape(_words(name))}</a>'
        for name in names
    )


def _words(stem):
    return stem.replace("_", " ")
