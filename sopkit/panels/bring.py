"""The page that brings data: what each column of a raw export is, to be corrected by hand, and the
check of what it makes; an import is the command's.
"""

from html import escape
from shlex import quote

from ipywidgets import HTML, Box, Dropdown, Layout, VBox

from sopkit.errors import PlanError
from sopkit.intake import Import
from sopkit.intake.understand import NOTHING, OPEN
from sopkit.intake.words import DATES, NUMBERS
from sopkit.panels.desk import Panel, choices
from sopkit.sources import report
from sopkit.tables import INPUTS

TARGETS = [NOTHING, *(f"{table}.{name}" for table in INPUTS for name in INPUTS[table].names)]
STYLES = choices("as it stands", [OPEN, *DATES, *NUMBERS])


class Bring(Panel):
    """The panel over ``files`` (paths) for a ``folder`` of facts; ``box`` is shown. ``place(folder,
    fill)`` puts a filled folder in place: ``sopkit.pack.stage.fill_in_place``.
    """

    def __init__(self, files, folder, place):
        self.files, self.folder, self.place = files, folder, place
        self.message, self.checked, self.open = HTML(), HTML(), []
        self.box = VBox([self.message])
        try:
            self.found = Import(files, folder, self._ask)
        except PlanError as error:
            return self._say(error, "bad")
        self.fields = {grid.name: {} for grid in self.found.grids}
        rows = []
        for grid, uses in zip(self.found.grids, self.found.uses):
            rows.append(HTML(f"<h3>{escape(grid.name)}</h3>"))
            for head, use in uses.items():
                target, _, style = use.partition(" ")
                what = Dropdown(options=TARGETS, value=target)
                how = Dropdown(options=STYLES, value=style)
                self.fields[grid.name][head] = what, how
                self._on(self.check, what, how)
                shown = " · ".join(grid.frame[head].unique()[:3])
                words = HTML(f"<b>{escape(head)}</b> {escape(shown)}", layout=Layout(width="30em"))
                rows.append(Box([words, what, how]))
        buttons = Box([self._button("Import", self.bring)])
        self.box.children = [*rows, buttons, self.message, self.checked]
        self.check()

    def _ask(self, asked, answers, safe):
        """What is open is said in the panel, and chosen there."""
        self.open.append(asked)
        return safe or ""

    def check(self):
        """Reads the files as chosen, and says what is wrong."""
        chosen = {
            name: {head: f"{what.value} {how.value}".strip() for head, (what, how) in own.items()}
            for name, own in self.fields.items()
        }
        self.open = []
        self.found = Import(self.files, self.folder, self._ask, layouts=chosen)
        told = [*self.open, *self.found.told, report(self.found.problems())]
        self.checked.value = f"<pre>{escape(chr(10).join(told))}</pre>"
        self._say("")

    def bring(self):
        """Writes the tables, once nothing is open."""
        self.check()
        if self.open:
            return self._say(f"Nothing was written: {self.open[0]}", "bad")
        tables = self.place(self.folder, self.found.fill)
        told = f"Written to {self.folder}: {', '.join(tables)}"
        self._say(f"{told}. Next: sopkit pack --data {quote(str(self.folder))}")
