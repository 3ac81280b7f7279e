"""The sheet: Tabulator's spreadsheet of texts, kept beside this file with its licence. It shows
what Python says and tells what a person does; it understands no number.
"""

import re
from functools import partial
from pathlib import Path

import anywidget
from traitlets import List, Unicode

HERE = Path(__file__).parent
KEPT = HERE / "tabulator"


def _module() -> str:
    """Tabulator and ``sheet.js`` as one module, because a widget brings one."""
    kept = (KEPT / "tabulator.js").read_text(encoding="utf-8")
    names = re.search(r"export\{.*?\b(\w+) as TabulatorFull\b.*?\};?\s*$", kept, re.DOTALL)
    kept = f"{kept[: names.start()]}const TabulatorFull = {names[1]};\n"
    return kept + (HERE / "sheet.js").read_text(encoding="utf-8")


class Sheet(anywidget.AnyWidget):
    """``rows`` of ``{id, head, edit, cells: [[text, marks, tip], …]}`` under ``columns``.

    ``on(edit=…, paste=…, step=…, look=…, room=…, wake=…)`` names who is told: of edited cells
    ``[[id, column, text], …]``, of ``id, column, text`` of a pasted range, of a ``source, other``
    to undo or redo (see ``Draft.step``), of the ``id, first, last`` column looked at, of the
    ``width`` of the picture's room in pixels, and, three times a minute, that time goes by.
    """

    _esm, _css = _module(), (KEPT / "tabulator.css").read_text(encoding="utf-8")
    corner, columns, rows = Unicode().tag(sync=True), List().tag(sync=True), List().tag(sync=True)

    def on(self, safely, **actions):
        """Has ``safely`` run the actions when they are asked for."""

        def told(_sheet, content, _buffers):
            action = actions[content.pop("kind")]
            safely(partial(action, **content))

        self.on_msg(told)
