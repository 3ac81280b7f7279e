"""The tuner: a planner works through the worklist, tries methods, types overrides and saves them to
the ledger.
"""

import asyncio
from html import escape

import ipywidgets as widgets
import pandas as pd

from sopkit.charts.words import money, month, months, number, percent
from sopkit.errors import PlanError
from sopkit.ledger import Ledger
from sopkit.panels import worklist as work
from sopkit.panels.cell import cell_of, entry_month
from sopkit.panels.entries import (
    REASONS,
    difference,
    parse_range,
    placed,
    rows_to_save,
    rows_to_undo,
)
from sopkit.panels.picture import picture
from sopkit.panels.trial import CHOSEN, SLIDERS, TAKES, effect, methods, try_method

LISTED = 300
PAUSE = 0.05  # seconds of silence after the last move of a slider before the picture is drawn
_STYLE = """<style>.tuner .widget-label{min-width:0}.tuner .cellhead{font:12px "DejaVu Sans",Verdana,sans-serif;text-align:right;line-height:1.5;padding-right:4px}
.tuner .cellhead b{font-weight:600}.tuner .say{font:13px "DejaVu Sans",Verdana,sans-serif;margin:2px 0}.tuner .bad{border-left:4px solid #d55e00;background:#fdf3ec;padding:5px 9px}
.tuner .good{border-left:4px solid #009e73;background:#eef8f4;padding:5px 9px}.tuner input{text-align:right}.tuner .wide input{text-align:left}</style>"""


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
        self.items, self.currency = plan.facts["items"], plan.settings["currency"]
        self.rows = work.worklist(plan.read("demand_plan"), plan.read("exceptions"), self.items)
        self.typed, self.saved, self.cell, self._timer, self._quiet = {}, [], None, None, False
        self._build(by)
        self._list()
        self.list.index = 0 if self.list.options else None

    # The widgets

    def _build(self, by):
        wide = widgets.Layout(width="96%")
        self.family = widgets.Dropdown(
            options=[
                ("all families", ""),
                *((name, name) for name in sorted(self.rows["family"].unique())),
            ],
            layout=wide,
        )
        self.status = widgets.Dropdown(
            options=[("open and checked", ""), ("open", work.OPEN), ("checked", work.CHECKED)],
            layout=wide,
        )
        self.search = widgets.Text(placeholder="item …", continuous_update=True, layout=wide)
        self.list = widgets.Select(rows=18, layout=wide)
        self.count = widgets.HTML()
        self.market = widgets.Dropdown(description="market", layout=widgets.Layout(width="260px"))
        self.picture, self.message, self.effect, self.accuracy = (widgets.HTML() for _ in range(4))
        self.method = widgets.Dropdown(options=methods(), value=CHOSEN, layout=wide)
        self.sliders = {
            name: widgets.FloatSlider(
                value=0,
                min=0,
                max=1,
                step=0.05,
                description=name,
                readout_format=".2f",
                layout=wide,
            )
            for name in SLIDERS
        }
        self.start = widgets.Dropdown(description="from", layout=wide)
        self.take = widgets.Button(
            description="Take as override",
            tooltip="fills the override row with the difference to what counts now",
        )
        self.by = widgets.Text(
            value=by,
            description="by",
            placeholder="your name",
            layout=widgets.Layout(width="230px"),
        )
        self.reason = widgets.Dropdown(
            options=[("choose a reason", ""), *((word, word) for word in REASONS)],
            description="reason",
            layout=widgets.Layout(width="250px"),
        )
        self.note = widgets.Text(
            description="note", placeholder="in words", layout=widgets.Layout(width="420px")
        )
        self.until = widgets.DatePicker(
            description="until",
            tooltip="blank = until its month has passed",
            layout=widgets.Layout(width="230px"),
        )
        self.buttons = {
            name: widgets.Button(description=name, button_style=style)
            for name, style in (
                ("Save", "primary"),
                ("Undo", ""),
                ("Checked ✓", ""),
                ("Next ▸", ""),
            )
        }
        self.pasted = widgets.Textarea(
            placeholder="paste a range from a spreadsheet here",
            layout=widgets.Layout(width="520px", height="54px"),
        )
        self.meaning = widgets.Dropdown(
            options=["these are overrides", "these are the consensus"],
            layout=widgets.Layout(width="200px"),
        )
        self.read, self.accept, self.drop = (
            widgets.Button(description=name) for name in ("Read range", "Accept", "Drop")
        )
        self.preview, self.grid = (
            widgets.HTML(),
            widgets.HBox(layout=widgets.Layout(overflow="auto", width="100%")),
        )
        self.tops, self.fields, self.bottoms = [], [], []
        self._wire()
        self.box = self._laid_out()

    def _laid_out(self):
        column = lambda *parts, width: widgets.VBox(parts, layout=widgets.Layout(width=width))  # noqa: E731
        left = column(
            widgets.HTML("<b>Worklist</b>"),
            self.family,
            self.status,
            self.search,
            self.list,
            self.count,
            width="290px",
        )
        tools = widgets.HBox(
            [
                column(
                    widgets.HTML("<b>Method</b> (0 = automatic)"),
                    self.method,
                    *self.sliders.values(),
                    self.start,
                    self.take,
                    width="330px",
                ),
                column(
                    widgets.HTML("<b>Backtest error</b> (WAPE, 1–3 ahead)"),
                    self.accuracy,
                    width="280px",
                ),
                column(widgets.HTML("<b>If saved</b>"), self.effect, width="300px"),
            ]
        )
        right = column(self.market, self.picture, tools, width="calc(100% - 300px)")
        entry = widgets.HBox(
            [self.by, self.reason, self.note, self.until],
            layout=widgets.Layout(flex_flow="row wrap"),
        )
        paste = widgets.Accordion(
            [
                widgets.VBox(
                    [
                        widgets.HBox([self.pasted, self.meaning, self.read]),
                        self.preview,
                        widgets.HBox([self.accept, self.drop]),
                    ]
                )
            ],
            titles=["Paste from a spreadsheet"],
        )
        box = widgets.VBox(
            [
                widgets.HTML(_STYLE),
                widgets.HBox([left, right]),
                self.grid,
                entry,
                widgets.HBox(list(self.buttons.values())),
                self.message,
                paste,
            ]
        )
        box.add_class("tuner")
        for one in (self.by, self.note, self.search):
            one.add_class("wide")
        return box

    def _wire(self):
        for one in (self.family, self.status, self.search):
            one.observe(lambda change: self._safely(self._list), "value")
        self.list.observe(lambda change: self._safely(self._select), "value")
        self.market.observe(lambda change: self._quiet or self._safely(self._open), "value")
        for one in (self.method, self.start, *self.sliders.values()):
            one.observe(lambda change: self._quiet or self._later(self._try), "value")
        for name, action in {
            "Save": self._save,
            "Undo": self._undo,
            "Checked ✓": self._check,
            "Next ▸": self._next,
        }.items():
            self.buttons[name].on_click(lambda button, action=action: self._safely(action))
        for button, action in (
            (self.take, self._take),
            (self.read, self._read),
            (self.accept, self._accept),
            (self.drop, self._drop),
        ):
            button.on_click(lambda button, action=action: self._safely(action))

    def _safely(self, action):
        """Runs what a click asks for; whatever goes wrong is said in the panel, and nothing typed
        is lost.
        """
        try:
            action()
        except PlanError as error:
            self._say(str(error), "bad")
        except Exception as error:  # a planner reads the panel, not the kernel's log
            self._say(
                f"this did not work: {type(error).__name__}: {error}; nothing was saved by it",
                "bad",
            )

    def _later(self, action):
        """Runs the action once the sliders rest; at once where no event loop runs."""
        if self._timer:
            self._timer.cancel()
        try:
            self._timer = asyncio.get_running_loop().call_later(PAUSE, self._safely, action)
        except RuntimeError:
            self._safely(action)

    def _say(self, words, css="good"):
        self.message.value = f'<div class="say {css}">{escape(words)}</div>'

    # The worklist

    def _list(self):
        rows = work.filtered(
            self.rows, family=self.family.value, status=self.status.value, text=self.search.value
        ).head(LISTED)
        here, options = (
            self.list.value,
            [(work.line(row, self.currency), row.item) for row in rows.itertuples()],
        )
        self.list.options = options
        if here in [value for _, value in options]:
            self.list.value = here
        counts = self.rows["status"].value_counts()
        self.count.value = (
            f'<div class="say">{counts.get(work.OPEN, 0)} open · {counts.get(work.CHECKED, 0)}'
            f" checked · {len(options)} shown</div>"
        )

    def _select(self):
        if self.list.value is None or (self.cell and self.cell.item == self.list.value):
            return
        rows = self.plan.read("demand_plan")
        markets = sorted(rows.loc[rows["item"] == self.list.value, "market"].unique())
        self._quiet = True
        self.market.options = [("all markets", ""), *((name, name) for name in markets)]
        self.market.value = markets[0] if len(markets) == 1 else ""
        self._quiet = False
        self._open()

    def _open(self):
        self.cell = cell_of(self.plan, self.ledger, self.list.value, self.market.value)
        self.drawn = picture(self.plan, self.cell.item, self.cell.market, self.cell.tables)
        self._quiet = True
        self.method.value = CHOSEN
        years = sorted({bucket.year for bucket in self.cell.history["bucket"]})
        self.start.options = [("all history", 0), *((str(year), year) for year in years[1:-1])]
        self.start.value = 0
        for slider in self.sliders.values():
            slider.value = 0
        self._quiet = False
        self.message.value = ""
        self._fill()
        self._try()

    # The picture and the numbers beside it

    def _try(self):
        for name, slider in self.sliders.items():
            slider.disabled = name not in TAKES.get(self.method.value, ())
        self.trial = None
        if self.method.value != CHOSEN:
            since = (
                self.cell.history[self.cell.history["bucket"].dt.year >= self.start.value]
                if self.start.value
                else self.cell.history
            )
            found = try_method(
                since,
                self.method.value,
                len(self.cell.buckets),
                {name: slider.value for name, slider in self.sliders.items()},
                self.plan.calendar.per_year,
            )
            self.trial = found
        self._draw()
        self._show_accuracy()

    def _draw(self):
        tried = self.trial.baseline.reindex(self.cell.buckets).dropna() if self.trial else None
        self.picture.value = self.drawn.moved(
            self.cell.consensus(self.override), tried, self.method.value
        )
        self._show_effect()

    def _show_accuracy(self):
        known = work.accuracy_of(self.plan.read("forecast_accuracy"), self.cell.item).head(6)
        lines = [(self.method.value + ", tried here", self.trial.wape)] if self.trial else []
        lines += [
            (f"{name}, all markets" if self.cell.market else name, value)
            for name, value in known.items()
        ]
        rows = "".join(
            f'<tr><td>{escape(name)}</td><td style="text-align:right">{percent(value, 0)}</td></tr>'
            for name, value in lines
        )
        why = (
            self.trial.why
            if self.trial
            else next(iter(self.cell.tables["baseline_forecast"]["why"]), "")
        )
        self.accuracy.value = (
            "<table"
            f' class="say">{rows or "<tr><td>no backtest: too little history</td></tr>"}</table><div'
            f' class="say">{escape(str(why))}</div>'
        )

    def _show_effect(self):
        found = effect(
            self.change,
            self.cell.item,
            self.plan.read("demand_plan"),
            self.items,
            self.plan.read("capacity_plan"),
            self.plan.facts["bill_of_resources"],
        )
        parts = [
            (
                f"{number(found.units, sign=True)} units,"
                f" {money(found.money, self.currency, sign=True)}"
            ),
            f"family {percent(found.family_share, sign=True)}",
            f"company {percent(found.company_share, 2, sign=True)}",
        ]
        if found.resource:
            parts.append(
                f"{found.resource} {'▲' if found.load_after > found.load_before else '▼'}"
                f" {percent(found.load_after)} in {month(found.bucket)} (was"
                f" {percent(found.load_before)})"
            )
        self.effect.value = "".join(
            f'<div class="say">{escape(part)}</div>'
            for part in (parts if self.change.abs().sum() > 0 else ["nothing changed yet"])
        )

    # The grid of overrides

    @property
    def override(self) -> pd.Series:
        """The override row as typed, by bucket."""
        return pd.Series(
            [field.value for field in self.fields], index=self.cell.buckets, dtype=float
        )

    @property
    def change(self) -> pd.Series:
        """What is typed less what counts now."""
        return self.override - self.cell.numbers["override"]

    def _fill(self):
        kept = self.typed.get((self.cell.item, self.cell.market), {})
        self.tops, self.bottoms = ([widgets.HTML() for _ in self.cell.buckets] for _ in range(2))
        self.fields = [
            widgets.FloatText(
                value=round(kept.get(bucket, value), 6), layout=widgets.Layout(width="78px")
            )
            for bucket, value in self.cell.numbers["override"].items()
        ]
        others = (
            self.cell.numbers["consensus"]
            - self.cell.numbers["baseline"]
            - self.cell.numbers["override"]
        )
        for top, label, value, more in zip(
            self.tops, months(self.cell.buckets), self.cell.numbers["baseline"], others
        ):
            top.value = (
                "<div"
                f' class="cellhead"><b>{escape(label)}</b><br>{number(value, 0)}<br>{number(more, 0, sign=True)}</div>'
            )
        for place, field in enumerate(self.fields):
            field.observe(
                lambda change, place=place: self._safely(lambda: self._typed(place)), "value"
            )
        names = widgets.HTML(
            '<div class="cellhead" style="width:104px" title="events, launches, initiatives, sales'
            ' inputs, orders"><b>&nbsp;</b><br>baseline<br>other stages<div'
            ' style="height:34px;line-height:34px">override</div><b>consensus</b></div>'
        )
        self.grid.children = [
            names,
            *(
                widgets.VBox(parts, layout=widgets.Layout(min_width="82px"))
                for parts in zip(self.tops, self.fields, self.bottoms)
            ),
        ]
        self._show_consensus()

    def _typed(self, place):
        self.typed.setdefault((self.cell.item, self.cell.market), {})[self.cell.buckets[place]] = (
            self.fields[place].value
        )
        self._show_consensus()
        if not self._quiet:
            self._later(self._draw)

    def _show_consensus(self):
        for bottom, value in zip(self.bottoms, self.cell.consensus(self.override)):
            text = (
                "<div"
                f' class="cellhead"><b>{number(value, 0)}</b>{" ✗" if value < -1e-9 else ""}</div>'
            )
            if bottom.value != text:
                bottom.value = text

    def _set(self, values):
        """Puts numbers into the override row, by place."""
        self._quiet = True
        for place, value in values.items():
            self.fields[place].value = round(float(value), 6)
        self._quiet = False
        self._draw()

    def _take(self):
        if self.trial is None:
            raise PlanError(
                "the method is the pack's own choice, so there is no difference to take; choose"
                " another method first"
            )
        tried = self.trial.baseline.reindex(self.cell.buckets)
        wanted = self.cell.numbers["override"] + tried - self.cell.numbers["baseline"]
        self._set({place: round(value) for place, value in enumerate(wanted) if value == value})
        self._say(
            f"{self.method.value} is in the override row as the difference to the baseline; give a"
            " reason and save"
        )

    # Paste, difference, accept

    def _read(self):
        values = placed(parse_range(self.pasted.value), len(self.fields))
        if self.meaning.value == "these are the consensus":
            now = self.cell.consensus(self.override)
            values = {
                place: self.fields[place].value + value - now.iloc[place]
                for place, value in values.items()
            }
        self._waiting = values
        after = self.override.copy()
        for place, value in values.items():
            after.iloc[place] = value
        shown = difference(self.cell.buckets, self.override.to_numpy(), after.to_numpy())
        from sopkit.charts import show

        self.preview.value = show(
            shown.assign(consensus=self.cell.consensus(after).reindex(shown["bucket"]).to_numpy()),
            rows=24,
            units=dict.fromkeys(["now", "then", "change", "consensus"], "units"),
            columns="bucket now then change consensus",
            heads={
                "bucket": "month",
                "now": "override now",
                "then": "pasted",
                "consensus": "consensus then",
            },
        ).html
        self._say(f"{len(shown)} of {len(values)} pasted cells differ; look, then Accept or Drop")

    def _accept(self):
        if not getattr(self, "_waiting", None):
            raise PlanError("no range was read; paste one and press Read range")
        self._set(self._waiting)
        self._drop("the pasted numbers are in the override row; give a reason and save")

    def _drop(self, words="the pasted range was dropped"):
        self._waiting, self.preview.value, self.pasted.value = None, "", ""
        self._say(words)

    # The ledger

    def _save(self):
        self._insist_on_a_name()
        change = difference(
            self.cell.buckets, self.cell.numbers["override"].to_numpy(), self.override.to_numpy()
        )
        until = pd.Timestamp(self.until.value) if self.until.value else None
        rows = rows_to_save(
            change,
            self.cell.consensus(self.override),
            item=self.cell.item,
            market=self.cell.market,
            reason=self.reason.value,
            note=self.note.value,
            owner=self.by.value.strip(),
            expires_on=until,
        )
        numbers = self.ledger.append(
            "overrides", rows, by=self.by.value, cycle=entry_month(self.plan)
        )
        self.saved.append([row | {"id": number} for row, number in zip(rows, numbers)])
        self._settled()
        self._say(
            f"saved {len(rows)} rows to the ledger for {self.cell.item}; the next pack of"
            f" {entry_month(self.plan)} carries them"
        )

    def _insist_on_a_name(self):
        if not self.by.value.strip():
            raise PlanError(
                "the field by is blank; write your name there, so that the ledger knows who entered"
                " the rows"
            )

    def _undo(self):
        self._insist_on_a_name()
        if not self.saved:
            raise PlanError(
                "nothing was saved in this session, so there is nothing to undo; older rows are"
                " taken back by typing the old number and saving"
            )
        rows = rows_to_undo(
            self.saved[-1],
            self.ledger.read("overrides"),
            month=entry_month(self.plan),
            first_bucket=self.plan.first_bucket,
            calendar=self.plan.calendar,
        )
        self.ledger.append("overrides", rows, by=self.by.value, cycle=entry_month(self.plan))
        undone = self.saved.pop()
        self.typed.pop((undone[0]["item"], undone[0]["market"]), None)
        self._settled()
        self._say(
            f"took back {len(rows)} rows of {undone[0]['item']}; both stay in the ledger for the"
            " record"
        )

    def _settled(self):
        """Reads the cell again after the ledger changed."""
        self.typed.pop((self.cell.item, self.cell.market), None)
        self.cell = cell_of(self.plan, self.ledger, self.cell.item, self.cell.market)
        self._fill()
        self._draw()

    def _check(self):
        self.rows.loc[self.rows["item"] == self.cell.item, "status"] = work.CHECKED
        self._list()
        self._next()

    def _next(self):
        values = [value for _, value in self.list.options]
        after = values[values.index(self.cell.item) + 1 :] if self.cell.item in values else values
        if not after:
            raise PlanError("this is the end of the list; change the filters, or take a break")
        self.list.value = after[0]
