"""The tuner: a planner works through the worklist, tries methods, types overrides and saves them to
the ledger.
"""

import asyncio
from functools import cached_property, partial
from html import escape

import pandas as pd
from ipywidgets import HTML, Box, FloatText, VBox

from sopkit.charts import View
from sopkit.charts.measure import by_bucket
from sopkit.charts.words import number, percent
from sopkit.demand import forecastable
from sopkit.errors import PlanError
from sopkit.forecast import learn_events, without_events
from sopkit.ledger import Ledger
from sopkit.metrics.stages import CHOSEN
from sopkit.panels import worklist as work
from sopkit.panels.cell import cell_of, rows_of
from sopkit.panels.desk import OVERRIDES, ROWS, Desk, choices, said
from sopkit.panels.entries import parse_range, placed, rows_to_save, rows_to_undo
from sopkit.panels.picture import Picture
from sopkit.panels.trial import effect, reasons, takes, try_method, worth

LISTED = 300
PAUSE = 0.05  # seconds of silence after the last move of a slider before the picture is drawn


def tuner(plan, ledger, by: str = "") -> Box:
    """The tuner over a plan; ``ledger`` is a ``Ledger``, a path or a database URL, ``by`` the name
    that entries carry.
    """
    return Tuner(plan, ledger, by).box


class Tuner(Desk):
    """The desk at work: a button asks for the method of its name. ``box`` is shown, everything else
    can be driven by code.
    """

    def __init__(self, plan, ledger, by=""):
        self.plan, self.ledger = plan, ledger if isinstance(ledger, Ledger) else Ledger(ledger)
        demand_plan = plan.read("demand_plan")
        self.view = View(plan.book())
        self.planned = worth(self.view, demand_plan)
        self.rows = work.worklist(demand_plan, work.each(plan), self.view.items)
        self.markets = demand_plan.groupby("item")["market"].unique()
        self.typed, self.saved, self.waiting = {}, [], pd.Series()
        self.cell = self._timer = self._quiet = None
        super().__init__(sorted(self.rows["family"].unique()), by)
        self._on(self._list, self.family, self.status, self.search)
        self._on(self._select, self.list)
        self._on(self._open, self.market)
        tried = (self.method, self.start, *self.sliders.values())
        self._on(partial(self._later, self._try), *tried)
        for name, button in self.buttons.items():
            button.on_click(partial(self._safely, getattr(self, name)))
        self._list()

    def _later(self, action):
        """Runs the action once the sliders rest; at once where no event loop runs."""
        if self._timer:
            self._timer.cancel()
        try:
            self._timer = asyncio.get_running_loop().call_later(PAUSE, self._safely, action)
        except RuntimeError:
            self._safely(action)

    # The worklist

    def _list(self):
        asked = {"family": self.family.value, "status": self.status.value}
        rows = work.filtered(self.rows, **asked, text=self.search.value).head(LISTED)
        items, here = rows["item"].tolist(), self.cell.item if self.cell else ""
        self._quiet = True
        labels = [work.line(row, self.view.currency) for row in rows.itertuples()]
        self.list.options = list(zip(labels, items))
        if items:
            self.list.value = here if here in items else items[0]
        self._quiet = False
        states = [f"{(self.rows['status'] == state).sum()} {state}" for state in work.STATES]
        self.count.value = said(" · ".join([*states, f"{len(rows)} shown"]))
        self._select()

    def _select(self):
        item = self.list.value
        if item is None or (self.cell and self.cell.item == item):
            return
        markets = sorted(self.markets[item])
        self._quiet = True
        self.market.options = choices("all markets", markets)
        self.market.index = int(len(markets) == 1)
        self._quiet = False
        self._open()

    def _open(self):
        self._look(self.list.value, self.market.value)
        self.drawn = Picture(self.cell, self.view)
        years = sorted(set(self.cell.tables["history"]["bucket"].dt.year))[1:-1]
        self._quiet = True
        self.method.value = CHOSEN
        self.start.options = choices("all history", years)
        self.start.index = 0
        for slider in self.sliders.values():
            slider.value = 0
        self._quiet = False
        self.message.value = ""
        self._try()

    # The picture and the numbers beside it

    def _try(self):
        method, self.trial = self.method.value, None
        for name, slider in self.sliders.items():
            slider.disabled = name not in takes(method)
        if method != CHOSEN:
            history = rows_of(self.series, self.cell.item)
            self.trial = try_method(
                history[history["bucket"].dt.year >= (self.start.value or 0)],
                method,
                self.plan.calendar,
                self.cell.buckets[-1],
                **{name: slider.value for name, slider in self.sliders.items()},
            )
        self._draw()
        self._show_accuracy()

    def _draw(self):
        consensus, tried = self.cell.consensus(self.override), self.tried.dropna()
        self.picture.value = self.drawn.moved(consensus, tried, self.method.value)
        found = effect(self.change, self.cell.item, self.plan, self.view, self.planned)
        self.effect.value = "".join(map(said, found))

    def _show_accuracy(self):
        known = work.accuracy_of(self.plan.read("forecast_accuracy"), self.cell.item)
        lines = {f"{self.method.value}, tried here": self.trial.wape} if self.trial else {}
        lines |= known
        rows = "".join(
            f"<tr><td>{escape(name)}<td>{percent(value, 0)}"
            for name, value in (lines or {"no backtest: too little history": None}).items()
        )
        of = "errors of its markets, added up" if len(self.markets[self.cell.item]) > 1 else ""
        why = reasons(self.forecast)
        self.accuracy.value = f'{said(of)}<table class="say">{rows}</table>{said(why)}'

    @cached_property
    def series(self) -> pd.DataFrame:
        """The series that the pack forecasts: what was sold without what events brought."""
        facts = self.plan.facts
        sold = forecastable(self.plan.read("history"), facts["items"])
        calendar = self.plan.calendar
        learned = learn_events(sold, facts["events"], facts["items"], calendar=calendar)
        return without_events(sold, learned)

    @property
    def forecast(self) -> pd.DataFrame:
        """The forecast of the cell by market: what is tried, else the pack's."""
        pack = self.cell.tables["baseline_forecast"]
        return rows_of(self.trial.forecast, *self.cell.key) if self.trial else pack

    @property
    def tried(self) -> pd.Series:
        """What is tried, by bucket; NaN where nothing is."""
        rows = self.forecast if self.trial else self.forecast.head(0)
        return by_bucket(rows, "baseline").reindex(self.cell.buckets)

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

    def _look(self, item, market):
        """Reads the cell, as the ledger has it by now, and fills the grid with it."""
        self.cell = cell_of(self.plan, self.ledger, item, market)
        numbers, kept = self.cell.numbers, self.typed.get(self.cell.key, {})
        others = numbers["consensus"] - numbers["baseline"] - numbers["override"]
        labels = self.plan.calendar.label(numbers.index)
        self.tops = [
            HTML(f"<b>{label}</b><br>{number(base, 0)}<br>{number(more, 0, sign=True)}")
            for label, base, more in zip(labels, numbers["baseline"], others)
        ]
        self.fields = [
            FloatText(round(kept.get(bucket, value), 6))
            for bucket, value in numbers["override"].items()
        ]
        self.bottoms = [HTML() for _ in self.fields]
        self._on(self._typed, *self.fields)
        self.grid.children = [HTML(ROWS), *map(VBox, zip(self.tops, self.fields, self.bottoms))]
        self._show_consensus()

    def _typed(self):
        self.typed[self.cell.key] = self.override[self.change != 0]
        self._show_consensus()
        self._later(self._draw)

    def _show_consensus(self):
        for bottom, value in zip(self.bottoms, self.cell.consensus(self.override)):
            bottom.value = f"<b>{number(value, 0)}</b>{' ✗' if value < -1e-9 else ''}"

    def _set(self, wanted):
        """Puts numbers by bucket into the override row; other buckets stay."""
        row = wanted.reindex(self.cell.buckets).fillna(self.override)
        self._quiet = True
        for field, value in zip(self.fields, row):
            field.value = round(value, 6)
        self._quiet = False
        self._typed()

    def take(self):
        if self.trial is None:
            raise PlanError("nothing is tried, so there is no difference to take; try a method")
        numbers = self.cell.numbers
        self._set((self.tried + numbers["override"] - numbers["baseline"]).round())
        self._say(
            f"{self.method.value} is in the override row as the difference to the baseline; give a"
            " reason and save"
        )

    # Paste, difference, accept

    def read(self):
        values = placed(parse_range(self.pasted.value), self.cell.buckets)
        before = self.override
        already = before if self.meaning.value == OVERRIDES else self.cell.consensus(before)
        self.waiting = (before + (values - already)).dropna()
        after = self.waiting.combine_first(before)
        told = {"now": before, "then": after, "consensus": self.cell.consensus(after)}
        shown = pd.DataFrame(told).assign(change=after - before).query("abs(change) > 1e-9")
        self.preview.value = self.view.show(
            shown.rename_axis("bucket").reset_index(),
            columns="bucket: month | now: override now [units] | then: pasted [units] |"
            " change [units] | consensus: consensus then [units]",
            rows=24,
        )._repr_html_()
        self._say(f"{len(shown)} of {len(values)} pasted cells differ; look, then Accept or Drop")

    def accept(self):
        if self.waiting.empty:
            raise PlanError("no range was read; paste one and press Read range")
        self._set(self.waiting)
        self.drop("the pasted numbers are in the override row; give a reason and save")

    def drop(self, words="the pasted range was dropped"):
        self.waiting, self.preview.value, self.pasted.value = pd.Series(), "", ""
        self._say(words)

    # The ledger

    def _enter(self, rows):
        """Numbers of the rows entered in the ledger; raises ``PlanError`` if nobody signs them."""
        if not self.by.value.strip():
            raise PlanError(
                "the field by is blank; write your name there, so that the ledger knows who entered"
                " the rows"
            )
        cycle = self.plan.entry_month
        return self.ledger.append("overrides", rows, by=self.by.value, cycle=cycle)

    def save(self):
        rows = rows_to_save(
            self.change,
            self.cell.consensus(self.override),
            self.plan.calendar,
            item=self.cell.item,
            market=self.cell.market,
            reason=self.reason.value,
            note=self.note.value,
            owner=self.by.value.strip(),
            expires_on=self.until.value,
        )
        self.saved.append(self._enter(rows))
        self._settle(self.cell.key)
        self._say(
            f"saved {len(rows)} rows to the ledger for {self.cell.item}; the next pack of"
            f" {self.plan.entry_month} carries them"
        )

    def undo(self):
        if not self.saved:
            raise PlanError(
                "nothing was saved in this session, so there is nothing to undo; older rows are"
                " taken back by typing the old number and saving"
            )
        rows = rows_to_undo(self.saved[-1], self.ledger.read("overrides"), self.plan)
        self._enter(rows)
        self.saved.pop()
        item, market = rows[["item", "market"]].iloc[0]
        self._settle((item, market))
        self._say(f"took back {len(rows)} rows of {item}; both stay in the ledger for the record")

    def _settle(self, key):
        """Reads the open cell again after the ledger changed; of ``key`` nothing is only typed."""
        self.typed.pop(key, None)
        self._look(*self.cell.key)
        self._draw()

    def check(self):
        self.rows.loc[self.rows["item"] == self.cell.item, "status"] = work.CHECKED
        try:
            self.next()
        finally:
            self._list()

    def next(self):
        if (self.list.index or 0) + 1 >= len(self.list.options):
            raise PlanError("this is the end of the list; change the filters, or take a break")
        self.list.index += 1
