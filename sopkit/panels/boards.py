"""The board in Voilà: reads what packs hold, changes nothing. It loads neither pandas nor
matplotlib, so that it opens at once.
"""

import os
from html import escape
from pathlib import Path

import ipywidgets as widgets

from sopkit.panels.page import STYLE, head_html
from sopkit.panels.reading import boards_in, read_board, tab_html
from sopkit.panels.serve import PACK


def board(pack=None) -> widgets.VBox:
    """The board of a pack, by default the one named in the environment; the packs beside it are in
    its month list.
    """
    return Board(pack or os.environ.get(PACK) or _newest()).box


class Board:
    """The widgets of the board, and what happens when one is moved."""

    def __init__(self, pack):
        self.pack = Path(pack)
        packs = boards_in(self.pack.parent) or [self.pack]
        self.month = widgets.Dropdown(
            options=[(path.name, path.name) for path in packs],
            value=self.pack.name,
            description="month",
        )
        self.head, self.body = widgets.HTML(), widgets.HTML()
        self.filters, self.tabs = {}, widgets.ToggleButtons()
        self.row = widgets.HBox(layout=widgets.Layout(flex_flow="row wrap"))
        self.box = widgets.VBox(
            [widgets.HTML(f"<style>{STYLE}</style>"), self.head, self.row, self.tabs, self.body]
        )
        self.box.add_class("board-widgets")
        self.box.add_class("board")
        self.month.observe(self._open, "value")
        self.tabs.observe(self._show, "value")
        self._quiet = False
        self._open()

    def _open(self, change=None):
        try:
            self.data = read_board(self.pack.parent / self.month.value)
        except (OSError, ValueError) as error:
            self.head.value = _failed(
                f"pack {self.month.value} cannot be read: {error}; build it again: sopkit pack"
                f" {self.month.value}"
            )
            return
        self.head.value = head_html(self.data)
        self.filters = {
            name: widgets.Dropdown(
                options=[(word, at) for at, word in enumerate(words)], value=0, description=name
            )
            for name, words in self.data["words"].items()
            if len(words) > 1
        }
        for one in self.filters.values():
            one.observe(self._show, "value")
        self.row.children = [self.month, *self.filters.values()]
        names, before = [tab["name"] for tab in self.data["tabs"]], self.tabs.value
        self._quiet = True
        self.tabs.options = names
        self.tabs.value = before if before in names else names[0]
        self._quiet = False
        self._show()

    def _show(self, change=None):
        if self._quiet:
            return
        choice = {name: one.value for name, one in self.filters.items()}
        try:
            self.body.value = tab_html(self.data, self.tabs.value, choice)
        except (KeyError, TypeError, StopIteration) as error:
            self.body.value = _failed(
                f"this part cannot be shown: {error!r}; the rest of the board stands"
            )


def _failed(words):
    return f'<p class="failed">✗ {escape(words)}</p>'


def _newest():
    found = boards_in(Path("packs")) or boards_in(Path("../packs"))
    return found[0] if found else Path("packs/none")
