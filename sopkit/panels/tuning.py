"""The tuner: a planner works through the worklist, tries methods, types overrides and saves them to
the ledger.
"""

import asyncio
from html import escape

import ipywidgets as widgets
import pandas as pd

from sopkit.charts import View, show
from sopkit.charts.words import money, month, months, number, percent
from sopkit.errors import PlanError
from sopkit.forecast import METHODS
from sopkit.ledger import Ledger
from sopkit.panels import worklist as work
from sopkit.panels.cell import cell_of
from sopkit.panels.entries import (
    REASONS,
    difference,
    entry_month,
    parse_range,
    placed,
    rows_to_save,
    rows_to_undo,
)
from sopkit.panels.picture import Picture
from sopkit.panels.trial import CHOSEN, SLIDERS, effect, takes, try_method, worth

LISTED = 300
PAUSE = 0.05  # seconds of silence after the last move of a slider before the picture is drawn
OVERRIDES, CONSENSUS = "these are overrides", "these are the consensus"
_STYLE = """<style>
.tuner .widget-label { min-width: 0 }
.tuner .say, .tuner .cellhead { font: 13px "DejaVu Sans", Verdana, sans-serif; margin: 2px 0 }
.tuner .cellhead { font-size: 12px; text-align: right; line-height: 1.5; padding-right: 4px }
.tuner .cellhead b { font-weight: 600 }
.tuner .bad { border-left: 4px solid #d55e00; background: #fdf3ec; padding: 5px 9px }
.tuner .good { border-left: 4px solid #009e73; background: #eef8f4; padding: 5px 9px }
.tuner input { text-align: right }
.tuner .wide input { text-align: left }
</style>"""
_ROWS = """<div class="cellhead" style="width:104px"
 title="events, launches, initiatives, sales inputs, orders"><b>&nbsp;</b><br>baseline<br>other
 stages<div style="height:34px;line-height:34px">override</div><b>consensus</b></div>"""


def tuner(plan, ledger, by: str = "") -> widgets.VBox:
    """The tuner over a plan; ``ledger`` is a ``Ledger``, a path or a database URL, ``by`` the name
    that entries carry.
    """
    return Tuner(plan, ledger, by).box


class Tuner:
    """The tuner's widgets and what they do; ``box`` is shown, everything else can be driven by
    code.
    """

    def __init__(self, plan, ledger, by=""):
        self.plan, self.ledger = plan, ledger if hasattr(ledger, "append") else Ledger(ledger)
        self.demand_plan = plan.read("demand_plan")
        self.view = View.of(plan, plan.read("prices"), self.demand_plan)
        self.planned = worth(self.view, self.demand_plan)
        self.rows = work.worklist(self.demand_plan, plan.read("exceptions"), self.view.items)
        self.typed, self.saved, self.cell, self._waiting = {}, [], None, None
        self._timer, self._quiet = None, False
        self._build(by)
        self._wire()
        self.box = self._laid_out()
        self._list()
        self.list.index = 0 if self.list.options else None

    # The widgets

    def _build(self, by):
        families = sorted(self.rows["family"].unique())
        states = {"open and checked": "", work.OPEN: work.OPEN, work.CHECKED: work.CHECKED}
        self.family = _sized(widgets.Dropdown, options=_choices("all families", families))
        self.status = _sized(widgets.Dropdown, options=states)
        self.search = _sized(widgets.Text, placeholder="item …")
        self.list = _sized(widgets.Select, rows=18)
        self.market = _sized(widgets.Dropdown, "260px", description="market")
        self.method = _sized(widgets.Dropdown, options=[CHOSEN, *METHODS], value=CHOSEN)
        self.sliders = {
            name: _sized(widgets.FloatSlider, max=1, step=0.05, description=name)
            for name in SLIDERS
        }
        self.start = _sized(widgets.Dropdown, description="from")
        self.by = _sized(widgets.Text, "230px", description="by", value=by, placeholder="your name")
        reasons = _choices("choose a reason", REASONS)
        self.reason = _sized(widgets.Dropdown, "250px", description="reason", options=reasons)
        self.note = _sized(widgets.Text, "420px", description="note", placeholder="in words")
        self.until = _sized(widgets.DatePicker, "230px", description="until")
        self.until.tooltip = "blank = until its month has passed"
        self.pasted = _sized(widgets.Textarea, "520px", "54px")
        self.pasted.placeholder = "paste a range from a spreadsheet here"
        self.meaning = _sized(widgets.Dropdown, "200px", options=[OVERRIDES, CONSENSUS])
        self.take = widgets.Button(description="Take as override")
        self.take.tooltip = "fills the override row with the difference to what counts now"
        self.read, self.accept, self.drop = (
            widgets.Button(description=name) for name in ("Read range", "Accept", "Drop")
        )
        self.buttons = {
            name: widgets.Button(description=name)
            for name in ("Save", "Undo", "Checked ✓", "Next ▸")
        }
        self.buttons["Save"].button_style = "primary"
        said = [widgets.HTML() for _ in range(6)]
        self.count, self.picture, self.message, self.effect, self.accuracy, self.preview = said
        self.grid = widgets.HBox(layout=widgets.Layout(overflow="auto", width="100%"))

    def _wire(self):
        self._on(self._list, self.family, self.status, self.search)
        self._on(self._select, self.list)
        self._on(self._open, self.market)
        tried = [self.method, self.start, *self.sliders.values()]
        self._on(lambda: self._later(self._try), *tried)
        actions = (self._save, self._undo, self._check, self._next)
        clicks = dict(zip(self.buttons.values(), actions)) | {
            self.take: self._take,
            self.read: self._read,
            self.accept: self._accept,
            self.drop: self._drop,
        }
        for button, action in clicks.items():
            button.on_click(lambda _, action=action: self._safely(action))

    def _laid_out(self):
        title = widgets.HTML("<b>Worklist</b>")
        asked = (title, self.family, self.status, self.search, self.list, self.count)
        head = widgets.HTML("<b>Method</b> (0 = automatic)")
        method = (head, self.method, *self.sliders.values(), self.start, self.take)
        backtest = (widgets.HTML("<b>Backtest error</b> (WAPE, 1–3 ahead)"), self.accuracy)
        saved = (widgets.HTML("<b>If saved</b>"), self.effect)
        tools = [_column("330px", method), _column("280px", backtest), _column("300px", saved)]
        right = (self.market, self.picture, widgets.HBox(tools))
        entry = widgets.HBox([self.by, self.reason, self.note, self.until])
        entry.layout.flex_flow = "row wrap"
        parts = [
            widgets.HTML(_STYLE),
            widgets.HBox([_column("290px", asked), _column("calc(100% - 300px)", right)]),
            self.grid,
            entry,
            widgets.HBox(list(self.buttons.values())),
            self.message,
        ]
        pasting = [
            widgets.HBox([self.pasted, self.meaning, self.read]),
            self.preview,
            widgets.HBox([self.accept, self.drop]),
        ]
        paste = widgets.Accordion([widgets.VBox(pasting)], titles=["Paste from a spreadsheet"])
        for one in (self.by, self.note, self.search):
            one.add_class("wide")
        return widgets.VBox([*parts, paste]).add_class("tuner")

    def _on(self, action, *ones):
        """Has the action run when one of them changes, except by the tuner itself."""
        for one in ones:
            one.observe(lambda change: self._quiet or self._safely(action), "value")

    def _safely(self, action):
        """Runs what a click asks for; whatever goes wrong is said in the panel, and nothing typed
        is lost.
        """
        try:
            action()
        except PlanError as error:
            self._say(str(error), "bad")
        except Exception as error:  # a planner reads the panel, not the kernel's log
            words = f"this did not work: {type(error).__name__}: {error}; nothing was saved by it"
            self._say(words, "bad")

    def _later(self, action):
        """Runs the action once the sliders rest; at once where no event loop runs."""
        if self._timer:
            self._timer.cancel()
        try:
            self._timer = asyncio.get_running_loop().call_later(PAUSE, self._safely, action)
        except RuntimeError:
            self._safely(action)

    def _say(self, words, css="good"):
        self.message.value = _said(words, css)

    # The worklist

    def _list(self):
        rows = work.filtered(
            self.rows, family=self.family.value, status=self.status.value, text=self.search.value
        ).head(LISTED)
        here = self.list.value
        self.list.options = [
            (work.line(row, self.view.currency), row.item) for row in rows.itertuples()
        ]
        if (rows["item"] == here).any():
            self.list.value = here
        counts = self.rows["status"].value_counts()
        parts = [f"{counts.get(state, 0)} {state}" for state in (work.OPEN, work.CHECKED)]
        self.count.value = _said(" · ".join([*parts, f"{len(rows)} shown"]))

    def _select(self):
        item = self.list.value
        if item is None or (self.cell and self.cell.item == item):
            return
        markets = sorted(set(self.demand_plan.loc[self.demand_plan["item"] == item, "market"]))
        self._quiet = True
        self.market.options = _choices("all markets", markets)
        self.market.value = markets[0] if len(markets) == 1 else ""
        self._quiet = False
        self._open()

    def _open(self):
        self._look(self.list.value, self.market.value)
        self.drawn = Picture(self.cell, self.view)
        years = sorted(set(self.cell.history["bucket"].dt.year))[1:-1]
        self._quiet = True
        self.method.value = CHOSEN
        self.start.options = _choices("all history", years, everything=0)
        self.start.value = 0
        for slider in self.sliders.values():
            slider.value = 0
        self._quiet = False
        self.message.value = ""
        self._try()

    def _look(self, item, market):
        """Reads the cell, as the ledger has it by now."""
        self.cell = cell_of(self.plan, self.ledger, item, market)
        self._fill()

    # The picture and the numbers beside it

    def _try(self):
        method, history, self.trial = self.method.value, self.cell.history, None
        for name, slider in self.sliders.items():
            slider.disabled = name not in takes(method)
        if method != CHOSEN:
            self.trial = try_method(
                history[history["bucket"].dt.year >= self.start.value],
                method,
                len(self.cell.buckets),
                self.plan.calendar.per_year,
                **{name: slider.value for name, slider in self.sliders.items()},
            )
        self._draw()
        self._show_accuracy()

    def _draw(self):
        tried = self.trial.baseline if self.trial else pd.Series(dtype=float)
        tried = tried.reindex(self.cell.buckets).dropna()
        consensus = self.cell.consensus(self.override)
        self.picture.value = self.drawn.moved(consensus, tried, self.method.value)
        self._show_effect()

    def _show_accuracy(self):
        known = work.accuracy_of(self.plan.read("forecast_accuracy"), self.cell.item).head(6)
        where = ", all markets" if self.cell.market else ""
        lines = [(f"{self.method.value}, tried here", self.trial.wape)] if self.trial else []
        lines += [(name + where, value) for name, value in known.items()]
        rows = "".join(
            f'<tr><td>{escape(name)}<td style="text-align:right">{percent(value, 0)}'
            for name, value in lines or [("no backtest: too little history", None)]
        )
        why = self.trial.why if self.trial else self.cell.why
        self.accuracy.value = f'<table class="say">{rows}</table>{_said(why)}'

    def _show_effect(self):
        found = effect(
            self.change,
            self.cell.item,
            self.view,
            self.planned,
            self.plan.read("capacity_plan"),
            self.plan.facts["bill_of_resources"],
        )
        worth = money(found.money, self.view.currency, sign=True)
        parts = [
            f"{number(found.units, sign=True)} units, {worth}",
            f"family {percent(found.family_share, sign=True)}",
            f"company {percent(found.company_share, 2, sign=True)}",
        ]
        if found.resource:
            way = "▲" if found.load_after > found.load_before else "▼"
            then, before = percent(found.load_after), percent(found.load_before)
            parts.append(f"{found.resource} {way} {then} in {month(found.bucket)} (was {before})")
        shown = parts if self.change.any() else ["nothing changed yet"]
        self.effect.value = "".join(map(_said, shown))

    # The grid of overrides

    @property
    def override(self) -> pd.Series:
        """The override row as typed, by bucket."""
        typed = [field.value for field in self.fields]
        return pd.Series(typed, index=self.cell.buckets, dtype=float)

    @property
    def change(self) -> pd.Series:
        """What is typed less what counts now; 0 where that is only rounding."""
        change = self.override - self.cell.numbers["override"]
        return change.where(change.abs() > 1e-6, 0.0)

    def _fill(self):
        numbers, kept = self.cell.numbers, self.typed.get(self.cell.key, {})
        others = numbers["consensus"] - numbers["baseline"] - numbers["override"]
        self.tops = [
            widgets.HTML(
                _head(f"<b>{label}</b><br>{number(base, 0)}<br>{number(more, 0, sign=True)}")
            )
            for label, base, more in zip(months(numbers.index), numbers["baseline"], others)
        ]
        self.fields = [
            _sized(widgets.FloatText, "78px", value=round(kept.get(bucket, value), 6))
            for bucket, value in numbers["override"].items()
        ]
        self.bottoms = [widgets.HTML() for _ in numbers.index]
        self._on(self._typed, *self.fields)
        columns = zip(self.tops, self.fields, self.bottoms)
        self.grid.children = [
            widgets.HTML(_ROWS),
            *(widgets.VBox(one, layout=widgets.Layout(min_width="82px")) for one in columns),
        ]
        self._show_consensus()

    def _typed(self):
        self.typed[self.cell.key] = self.override[self.change != 0]
        self._show_consensus()
        self._later(self._draw)

    def _show_consensus(self):
        for bottom, value in zip(self.bottoms, self.cell.consensus(self.override)):
            bottom.value = _head(f"<b>{number(value, 0)}</b>{' ✗' if value < -1e-9 else ''}")

    def _set(self, values):
        """Puts numbers into the override row, by place."""
        self._quiet = True
        for place, value in values.items():
            self.fields[place].value = round(float(value), 6)
        self._quiet = False
        self._typed()

    def _take(self):
        if self.trial is None:
            raise PlanError(
                "the method is the pack's own choice, so there is no difference to take; choose"
                " another method first"
            )
        numbers = self.cell.numbers
        wanted = (self.trial.baseline + numbers["override"] - numbers["baseline"]).round()
        wanted = wanted.reindex(numbers.index).reset_index(drop=True)
        self._set(wanted.dropna())
        self._say(
            f"{self.method.value} is in the override row as the difference to the baseline; give a"
            " reason and save"
        )

    # Paste, difference, accept

    def _read(self):
        values = placed(parse_range(self.pasted.value), len(self.fields))
        before, after = self.override, self.override
        already = before if self.meaning.value == OVERRIDES else self.cell.consensus(before)
        for place, value in values.items():
            after.iloc[place] += value - already.iloc[place]
        self._waiting = {place: after.iloc[place] for place in values}
        shown = difference(before, after)
        consensus = self.cell.consensus(after).reindex(shown["bucket"]).to_numpy()
        heads = {"bucket": "month", "now": "override now", "then": "pasted"}
        self.preview.value = show(
            shown.assign(consensus=consensus),
            rows=24,
            units=dict.fromkeys(["now", "then", "change", "consensus"], "units"),
            columns="bucket now then change consensus",
            heads=heads | {"consensus": "consensus then"},
        ).html
        self._say(f"{len(shown)} of {len(values)} pasted cells differ; look, then Accept or Drop")

    def _accept(self):
        if not self._waiting:
            raise PlanError("no range was read; paste one and press Read range")
        self._set(self._waiting)
        self._drop("the pasted numbers are in the override row; give a reason and save")

    def _drop(self, words="the pasted range was dropped"):
        self._waiting, self.preview.value, self.pasted.value = None, "", ""
        self._say(words)

    # The ledger

    def _enter(self, rows):
        """Numbers of the rows entered in the ledger; raises ``PlanError`` if nobody signs them."""
        if not self.by.value.strip():
            raise PlanError(
                "the field by is blank; write your name there, so that the ledger knows who entered"
                " the rows"
            )
        cycle = entry_month(self.plan)
        return self.ledger.append("overrides", rows, by=self.by.value, cycle=cycle)

    def _save(self):
        rows = rows_to_save(
            difference(self.cell.numbers["override"], self.override),
            self.cell.consensus(self.override),
            item=self.cell.item,
            market=self.cell.market,
            reason=self.reason.value,
            note=self.note.value,
            owner=self.by.value.strip(),
            expires_on=pd.Timestamp(self.until.value) if self.until.value else None,
        )
        self.saved.append([row | {"id": id} for row, id in zip(rows, self._enter(rows))])
        self._settle(self.cell.key)
        self._say(
            f"saved {len(rows)} rows to the ledger for {self.cell.item}; the next pack of"
            f" {entry_month(self.plan)} carries them"
        )

    def _undo(self):
        if not self.saved:
            raise PlanError(
                "nothing was saved in this session, so there is nothing to undo; older rows are"
                " taken back by typing the old number and saving"
            )
        rows = rows_to_undo(self.saved[-1], self.ledger.read("overrides"), self.plan)
        self._enter(rows)
        undone = self.saved.pop()[0]
        self._settle((undone["item"], undone["market"]))
        self._say(
            f"took back {len(rows)} rows of {undone['item']}; both stay in the ledger for the"
            " record"
        )

    def _settle(self, key):
        """Reads the open cell again after the ledger changed; of ``key`` nothing is only typed."""
        self.typed.pop(key, None)
        self._look(*self.cell.key)
        self._draw()

    def _check(self):
        self.rows.loc[self.rows["item"] == self.cell.item, "status"] = work.CHECKED
        self._list()
        self._next()

    def _next(self):
        items = [item for _, item in self.list.options]
        after = items[items.index(self.cell.item) + 1 :] if self.cell.item in items else items
        if not after:
            raise PlanError("this is the end of the list; change the filters, or take a break")
        self.list.value = after[0]


def _sized(kind, width="96%", height=None, **traits):
    return kind(layout=widgets.Layout(width=width, height=height), **traits)


def _column(width, parts):
    return widgets.VBox(parts, layout=widgets.Layout(width=width))


def _choices(first, names, everything=""):
    return [(first, everything), *((str(name), name) for name in names)]


def _said(words, css=""):
    return f'<div class="say {css}">{escape(str(words))}</div>'


def _head(html):
    return f'<div class="cellhead">{html}</div>'
