"""The meeting's panel: an agenda made from the pack and the ledger, and beside it the form or the
evidence that is chosen on it; how it looks is said in ``meeting.css``.

A form is made of an entry: its columns as the ledger declares them, its checks, its words.
"""

from functools import partial
from html import escape
from pathlib import Path

import pandas as pd
from ipywidgets import (
    HTML,
    Box,
    Combobox,
    DatePicker,
    Dropdown,
    FloatProgress,
    RadioButtons,
    Textarea,
)

from sopkit.charts import View
from sopkit.charts.words import clean, day, quantity
from sopkit.errors import PlanError
from sopkit.metrics import verdicts
from sopkit.panels.desk import Panel, choices
from sopkit.panels.page import framed
from sopkit.scenarios import DRIVERS
from sopkit.tables.judgments import BROKEN, DEFERRED, current, is_open, subject
from sopkit.tables.settings import people, who

STYLE = Path(__file__).with_name("meeting.css").read_text(encoding="utf-8")
PROPOSED = 5  # of the plan's own options
TESTED = {"condition", "value"}  # columns that are tried as they are typed
LONG = ("text", "options", "condition", "note")
CHANGES = (
    "scenario | driver | item | family | market | name: what | starts_on: from | ends_on: until |"
    " value: how far | note: why | by"
)


class Meeting(Panel):
    """The panel at work over a ``plan`` and its ledger (``book``); ``box`` is shown, everything
    else can be driven by code. ``run`` says what can be entered and done: ``sopkit.meeting``.
    """

    def __init__(self, plan, book, run, by=""):
        self.plan, self.book, self.run, self.fields = plan, book, run, {}
        self.pack, self.roles = plan.book(), plan.settings["roles"]
        self.view = View(self.pack)
        names = {*sum(people(self.roles).values(), []), *plan.settings["owners"].values()}
        self.offered = {
            "owner": sorted(names),
            "role": [*people(self.roles)],
            "family": sorted({*plan.facts.items["family"].dropna()}),
            "driver": [*DRIVERS],
        }
        self.by = Combobox(value=by, options=self.offered["owner"], placeholder="your name, once")
        self.head, self.message, self.found, self.bar = HTML(), HTML(), HTML(), FloatProgress(max=1)
        self.agenda, self.room = Box().add_class("agenda"), Box().add_class("room")
        top, both = Box([self.head, self.by]).add_class("top"), Box([self.agenda, self.room])
        self.box = Box([HTML(f"<style>{STYLE}</style>"), top, both]).add_class("meeting")
        self.list()
        self.open(next(iter(self.items)))

    # The agenda

    def list(self):
        """Makes the agenda anew, as pack and ledger stand."""
        self.items, rows = {}, []
        for title, items in self._sections().items():
            rows.append(HTML(f"<h3>{title}</h3>"))
            for key, words, opens in items:
                self.items[key] = opens
                rows.append(self._button(words, partial(self.open, key), "item"))
        self.agenda.children = rows
        title = f"S&OP · {self.plan.named} · {self.plan.state}"
        self.head.value = f"<h2>{escape(title)}</h2>entries count for {self.plan.entry_month}"

    def open(self, key):
        """Opens an item of the agenda."""
        self.message.value = self.found.value = ""
        self.here, self.room.children = key, tuple(self.items[key]())

    def _sections(self):
        asked = current(self.book.read("decisions")).sort_values("due", kind="stable")
        seen = verdicts(self.book.read("assumptions"), self.pack)
        seen = current(seen).sort_values("result", kind="stable")  # broken comes first
        kinds = {entry.kind: name for name, entry in self.run.ENTRIES.items()}
        told = [self._item(kinds[row.get("kind", "assumption")], row) for row in _rows(seen)]
        wanted, lacks = is_open(asked), self.run.unsettled(self.plan, self.book)
        decide, new = partial(self._item, "decide"), ("assume", "risk", "note", "agree")
        return {
            "1 Decisions wanted": [
                *map(decide, [*_rows(asked[wanted]), *self._proposed(asked, seen)]),
                self._new("decide"),
            ],
            "2 Evidence": [("board", "The board: what changed, gaps, what to watch", self._board)],
            "3 Promised so far": [*map(decide, _rows(asked[~wanted]))],
            "4 Assumptions, risks, what reviews agreed": [*told, *map(self._new, new)],
            "5 Scenarios": [("add", "Add a change, compare, promote", self._scenarios)],
            f"6 Sign-offs and release: {len(lacks)} open": [
                ("sign", "Who signed, what lacks; sign", partial(self._signing, lacks))
            ],
        }

    def _new(self, name):
        return name, f"+ {self.run.ENTRIES[name].title}", partial(self._ask, name, name, {})

    def _item(self, name, row):
        """A row of the ledger on the agenda: its key, its cells in words, what opens."""
        words, key = [row.get("mark")], " ".join(subject(pd.DataFrame([row])).iloc[0])
        for column in self.run.ENTRIES[name].columns:
            if column.name in row and column.name not in ("options", "condition"):
                value = row[column.name]
                unit = self.view.currency if column.unit == "money" else column.unit
                told = day(value) if column.kind == "date" else value
                told = quantity(value, unit) if column.kind == "number" else told
                words.append(told if column.kind == "text" else f"{column.name} {told}")
        told = " · ".join(filter(None, [*words, row.get("seen")]))
        return key, told, partial(self._ask, key, name, row)

    def _proposed(self, asked, seen):
        """What broken assumptions ask, and the plan's best options, as decisions that it wants."""
        broken = seen.query("result == 'broken'")[["text", "owner"]]
        broken = broken.assign(text=BROKEN + broken["text"], mark="the plan asks")
        rows = self.plan.read("gap_options").nlargest(PROPOSED, "gain")[["option", "owner", "gain"]]
        rows = rows.rename(columns={"option": "text", "gain": "expected"})
        rows = rows.assign(mark="the plan offers", text=rows["text"] + "?", options="yes; no")
        rows = pd.concat([broken, rows])
        return _rows(rows[~subject(rows)["text"].isin(subject(asked)["text"])])

    def _board(self):
        """The pack's board, as it is served."""
        return [HTML(framed(self.plan.folder)).add_class("board")]

    # The forms

    def _ask(self, key, name, given):
        """The form of an entry, with what was typed into it before."""
        entry = self.run.ENTRIES[name]
        if key not in self.fields:
            fields = {column.name: self._field(column, given) for column in entry.columns}
            self.fields[key] = fields
            self._on(partial(self._try, key, entry), *map(fields.get, fields.keys() & TESTED))
        known = self.roles.get(entry.step, ())
        asked = [f"{part}: {', '.join(who(self.roles, entry.step, part))}" for part in known]
        words = f"<h2>{entry.title}</h2><small>{escape(' · '.join(asked))}</small>"
        form = Box([*self.fields[key].values()]).add_class("form")
        save = self._button("Save", partial(self.save, key, entry), "save")
        return [HTML(words), form, Box([save, self.message])]

    def _field(self, column, given):
        """The widget that asks for a column, as it is declared."""
        value, words = given.get(column.name), {"description": column.name.replace("_", " ")}
        words["tooltip"] = column.doc
        if column.kind == "date":
            return DatePicker(value=value and value.date(), **words)
        if column.choices:
            return Dropdown(options=choices("–", column.choices), value=value or "", **words)
        if column.name == "chosen" and "options" in given:
            names = [name.strip() for name in given["options"].split(";")]
            names = [*dict.fromkeys([*names, DEFERRED, value or DEFERRED])]
            options = choices("(open)", names)
            return RadioButtons(options=options, value=value or "", **words).add_class("long")
        words["placeholder"] = column.doc
        words["value"] = f"{value:.10g}" if isinstance(value, float) else value or ""
        if column.name in LONG:
            return Textarea(continuous_update=False, **words).add_class("long")
        offered = self.offered.get(column.name, [])
        return Combobox(options=offered, continuous_update=False, **words)

    def _given(self, key):
        return {name: field.value or "" for name, field in self.fields[key].items()}

    def _try(self, key, entry):
        """Says what the plan makes of what is typed."""
        about = self._given(key), self.by.value, self.plan.entry_month
        self._say(entry.say(self.plan, entry.rows(self.plan, self.book, *about)))

    def _name(self):
        if not self.by.value.strip():
            raise PlanError("nobody says this yet: choose or write your name at the top, once")
        return self.by.value.strip()

    def save(self, key, entry):
        """Enters what the form holds."""
        done = entry.enter(self.plan, self.book, self._given(key), self._name())
        self.fields.pop(key)
        self._settle(done)

    def _settle(self, done):
        self.list()
        self.open(self.here if self.here in self.items else "decide")
        self._say(done)

    # Scenarios, sign-offs, release

    def _scenarios(self):
        rows = self.book.read("scenarios", self.plan.entry_month)
        self.offered["scenario"] = [*rows["scenario"].unique()]
        buttons = [
            self._button("Compare with the base", self.compare, "save"),
            self._button("Put into the base", self.promote),
            self._button("Take out of the base", partial(self.promote, True)),
        ]
        table = HTML(self.view.show(rows, columns=CHANGES)._repr_html_())
        return [*self._ask("add", "add", {}), Box([*buttons, self.bar]), self.found, table]

    def compare(self):
        """Plans the scenario that the form names, else each, beside the base."""
        name, self.found.value, self.bar.value = self._given("add")["scenario"], "", 0
        self._say(f"planning {name or 'each'} anew …")
        done = partial(self.bar.set_trait, "value")
        table = self.run.scorecard(self.plan, self.book, name and [name], done)
        self.found.value = table._repr_html_()
        self._say("planned; below, each by what it changes")

    def promote(self, undo=False):
        """Puts the scenario that the form names into the base, or takes it out again."""
        given = self._given("add")
        by, note = self._name(), given["note"]
        self._settle(self.run.promoted(self.plan, self.book, given["scenario"], by, note, undo))

    def _signing(self, lacks):
        told = self.run.signed(self.plan, self.book).assign(
            told=lambda r: r["state"] + ", " + r["by"]
        )
        told = told.pivot(index="role", columns="family", values="told")
        must, families = self.roles.get("must_sign", told.index), self.offered["family"]
        told = told.reindex(index=must, columns=["", *families]).astype("object").fillna("–")
        told = told.rename(columns={"": "whole plan"}).rename_axis("role").reset_index()
        left = "".join(f"<li>{escape(clean(words))}</li>" for words in lacks) or "nothing lacks"
        if not self.roles:
            left = "The settings name no [roles]: nobody must sign, and one name releases."
        table = f"{self.view.show(told)._repr_html_()}<h2>To be released</h2><ol>{left}</ol>"
        return [*self._ask("sign", "sign", {}), HTML(table)]


def _rows(frame):
    """The rows, each by the cells that it has."""
    rows = frame.to_dict("records")
    return [{name: cell for name, cell in row.items() if pd.notna(cell)} for row in rows]
