"""The tuner: a planner works through the worklist, tries methods, types numbers into the sheet and
saves them to the ledger.

What is open is one or several scopes: an item or a family, in a market or in all of them. What is
typed there is a ``Draft``; what stands there is read from the ledger (``Standing``), whoever
entered it.
"""

from contextlib import suppress
from functools import cached_property, partial
from html import escape

import numpy as np
import pandas as pd
from ipywidgets import Box

from sopkit.charts.measure import by_bucket
from sopkit.charts.words import clean, count, number
from sopkit.errors import PlanError
from sopkit.grid import WHO
from sopkit.metrics.stages import CHOSEN
from sopkit.overrides import CONSENSUS, OVERRIDE, TINY, Typed, entry
from sopkit.overrides import worklist as work
from sopkit.overrides.effect import effect, last_year, so_far, worth
from sopkit.panels.desk import running, said
from sopkit.panels.opened import Opened
from sopkit.panels.picture import Picture
from sopkit.panels.trial import Backtest, grades, takes, try_method

WIDTH, NARROWEST = 8.0, 4.0  # inches of the picture: until its room is known, and at least
FINE = 20  # units a bucket, below which parts of one matter
SLACK = 0.08  # of its width before it is drawn anew


def tuner(plan, ledger, by: str = "") -> Box:
    """The tuner over a plan; ``ledger`` is a ``Ledger``, a path or a database URL, ``by`` the name
    that entries carry.
    """
    return Tuner(plan, ledger, by).box


class Tuner(Opened):
    """The desk at work: a button asks for the method of its name. ``box`` is shown, everything else
    can be driven by code.
    """

    def __init__(self, plan, ledger, by=""):
        self.backtest, self.trial, self.asked, self.shown = Backtest(plan), None, None, None
        self.inches, self._places = WIDTH, {}
        super().__init__(plan, ledger, by)
        self.sheet.corner, self.sheet.columns = "", [*plan.calendar.label(self.buckets)]
        self._on(self._try, self.method, self.start, *self.sliders.values())
        moves = {name: partial(self._move, name) for name in ("edit", "paste", "step")}
        self.sheet.on(self._safely, look=self.look, room=self.room, wake=self.wake, **moves)
        self._on(self._show_effect, self.by)
        for name, button in self.buttons.items():
            button.on_click(partial(self._safely, getattr(self, name)))
        self._safely(self._list)

    # The picture and the numbers beside it

    @cached_property
    def planned(self):
        """What a change is a share of."""
        return worth(self.view, self.book.demand_plan)

    @cached_property
    def past(self):
        """What touches brought, worked out in the background (a future)."""
        return self.backtest.worker.submit(last_year, self.plan)

    def _turn(self, scope):
        """Shows the history and the methods of one of the open scopes."""
        self.here, (item, family, _) = scope, scope
        names = "history", "baseline_forecast", "demand_plan"
        self.tables, heir = {name: self._rows_of(name) for name in names}, None
        last, planned = self._rows_of("last_demand_plan"), self.tables["demand_plan"]
        words = [family, f"{planned['item'].nunique()} items"]
        if item:
            row = self.view.items.set_index("item").loc[item]
            words = [item, row.get("description"), row["family"], row["unit"]]
            if clean(row["successor"]):
                heir = self._rows_of("demand_plan", item=row["successor"], market="")
                heir = heir[heir["market"].isin(planned["market"])]
        tables = self.tables | {"last": last, "heir": heir}
        self.picture_of = partial(Picture, tables, self.view, self.choice)
        self.drawn = self.picture_of(self.inches)
        self._set(self.method, value=CHOSEN, disabled=not item)
        for slider in self.sliders.values():
            self._set(slider, value=0)
        self._set(self.start, value="")
        self.shown = None
        self._try()
        try:
            self._settle()
        finally:  # the title last: who reads it can type
            self._list_acting()
            self.title.value = " · ".join(escape(clean(word)) for word in words if clean(word))

    @property
    def choice(self) -> dict:
        """The scope that is looked at, as charts name it."""
        return dict(zip(WHO, self.here))

    def _rows_of(self, name, **choice):
        """The rows of a table in the scope that is looked at, or in another."""
        rows, choice = getattr(self.book, name), self.choice | choice
        if choice["item"]:
            if name not in self._places:
                self._places[name] = rows.groupby("item").indices
            rows = rows.iloc[self._places[name].get(choice["item"], [])]
        return self.view.chosen(rows, **choice)

    def _close(self):
        """Nothing is open, because nothing is in the list."""
        self.shown, self.sheet.rows = None, []
        for part in (self.picture, self.accuracy, self.effect, self.heading):
            part.value = ""
        self._set(self.acting, options=[], value=())
        self.title.value = "No row is like that; change the search"

    def _try(self):
        method, self.trial = self.method.value, None
        if not self.scopes:
            return
        for name, slider in self.sliders.items():
            slider.disabled = name not in takes(method)
        if method not in self.accuracy.value:
            self.accuracy.value = said(f"the backtest of {method} is being worked out …")
        if method != CHOSEN:
            self.trial = try_method(
                self.backtest.history(self.here[0], self.start.value or 0),
                method,
                self.plan.calendar,
                self.buckets[-1],
                **{name: slider.value for name, slider in self.sliders.items()},
            )
        self._draw()
        self._later(self._show_accuracy)

    def room(self, width):
        """Draws the picture for its ``width`` on the screen, in pixels."""
        if abs(width / 96 / self.inches - 1) > SLACK:
            self.inches, self.shown = max(width / 96, NARROWEST), None
            self.drawn = self.scopes and self.picture_of(self.inches)
            self._draw()

    def _draw(self):
        """Draws the picture, if it is another than the one that is shown."""
        if not self.scopes:
            return
        consensus, tried = self.draft.asked(self.here).tolist(), self.tried.dropna()
        if (consensus, [*tried], self.method.value) != self.shown:
            self.shown = consensus, [*tried], self.method.value
            consensus = pd.Series(consensus, self.buckets)
            self.picture.value = self.drawn.moved(consensus, tried, self.method.value)

    def _show_effect(self):
        if not self.scopes:
            return
        more = self.draft.values[CONSENSUS] - self.stands.values[CONSENSUS]
        change = self.grid.frame(units=more, price=self.stands.price)
        change = change[change["units"].abs() >= TINY / 2]
        found = effect(change, self.plan, self.view, self.planned)
        open_ = np.any([self.stands.inside(scope) for scope in self.draft.scopes], axis=0)
        if (beside := np.abs(more[~open_]).sum()) >= TINY:
            found.insert(1, f"{number(beside)} of it beside it: wider rows are spread anew")
        known = ""
        if not running() or self.past.done():
            months = f"last {count(self.plan.calendar.per_year, self.plan.calendar.size)}"
            told = so_far(self.past.result(), self.by.value.strip(), self.draft.reason)
            known = f"<b>Such touches, {months}</b>{''.join(map(said, told))}" if told else ""
        else:
            self._later(self._show_effect)
        self.effect.value = f"<b>If saved</b>{''.join(map(said, found))}{known}"

    def _show_accuracy(self):
        if not self.scopes:
            return
        if self.here[0] and running() and not self.backtest.series.done():
            return self._later(self._show_accuracy)
        tried = self.trial, self.method.value
        self.accuracy.value = grades(self.backtest, self.view, self.here, self.forecast, *tried)

    @property
    def forecast(self) -> pd.DataFrame:
        """The forecast of the scope by market: what is tried, else the pack's."""
        pack = self.tables["baseline_forecast"]
        return self.view.chosen(self.trial.forecast, **self.choice) if self.trial else pack

    @property
    def tried(self) -> pd.Series:
        """What is tried, by bucket; NaN where nothing is."""
        rows = self.forecast if self.trial else self.forecast.head(0)
        return by_bucket(rows, "baseline").reindex(self.buckets)

    # The sheet

    def _move(self, move, **told):
        """Makes a move of the draft: the picture shows it at once, then what the plan makes of it
        is worked out.
        """
        self._calm()
        try:
            getattr(self.draft, move)(**told)
        finally:
            self._draw()
            self._later(self._settle)

    def _calm(self):
        """Nothing is asked, and nothing is said."""
        self.asked, self.message.value = None, ""
        self.buttons["anyway"].layout.visibility = "hidden"

    def _settle(self):
        """Works out what the plan makes of the draft, and shows it."""
        try:
            self.draft.work()
        finally:
            self.sheet.rows = self.draft.sheet()
            self._mark()
            self._draw()
            self._later(self._show_effect)

    def take(self):
        if self.trial is None:
            raise PlanError("nothing is tried, so there is no difference to take; try a method")
        stands = self.stands.of(self.here, self.stands.values[OVERRIDE])
        base = self.stands.of(self.here, self.stands.parts["Statistical"])
        digits, method = 2 * int(self.tried.max() < FINE), self.method.value
        least = -self.stands.of(self.here, self.stands.before)  # a consensus of nothing
        wanted = np.maximum((self.tried + stands - base).round(digits), least)
        if not (wanted - stands).abs().max() >= TINY:
            raise PlanError(f"{method} says what the override row holds already; nothing to take")
        self._move("put", wanted={(*self.here, at): Typed(value) for at, value in wanted.items()})
        self._say(f"{method} is in the override row, nowhere below zero; give a reason and save")

    def look(self, row, first, last):
        """Turns to the scope and the buckets that are selected in the sheet."""
        self.looked, scope = self.buckets[first : last + 1], self.draft.lines[row].scope
        if scope != self.here:
            self._turn(scope)
        self._list_acting()

    # The ledger

    def _list_acting(self):
        """Lists the rows of the ledger that act where the planner looks, by save."""
        rows = self.stands.acting(self.here, self.looked)
        saves = self.stands.saves(rows)
        options = [(self.stands.told(part, self.here), tuple(part["id"])) for part in saves]
        self._set(self.acting, options=options, value=())
        words = "In the ledger for" if options else "No override in the ledger acts on"
        where = f"{' '.join(filter(None, self.here))}, {self.stands.span(self.looked)}"
        self.heading.value = f"<b>{words}</b> {escape(clean(where))}"

    def wake(self):
        """Shows what others entered on what is open, if they did."""
        stands, asked = self.stands, self.scopes and self.asked is None
        if asked and stands.ledger.read("overrides")["id"].max() > stands.seen:
            cells = [(*scope, bucket) for scope in self.scopes for bucket in self.buckets]
            if len(others := stands.since(cells, stands.seen)):
                self._settle()
                self._list_acting()
                self._say(f"entered meanwhile:\n{stands.told(others)}", "ask")

    def save(self):
        self._enter(partial(entry.save, self.draft, self.by.value))

    def back(self):
        """Ends the chosen rows of the ledger; what their save replaced stands again."""
        ids = {number for save in self.acting.value for number in save}
        self._enter(partial(entry.take_back, self.stands, ids, self.here, self.by.value))

    def _enter(self, action):
        """Does what the ledger is asked for, once it is sure; shows what it holds then."""
        try:
            told = action()
        except entry.Unsure as question:
            self.asked = partial(action, sure=True)
            self.buttons["anyway"].layout.visibility = "visible"
            return self._say(question, "ask")
        finally:
            if self.scopes:
                with suppress(PlanError):  # said when it was typed
                    self._settle()
                self._list_acting()
        self._tell_words()
        self._calm()
        self._say(told)

    def anyway(self):
        """Does what was asked about."""
        self._enter(self.asked) if self.asked else self.save()

    def check(self):
        self._review(work.CHECKED)

    def undecided(self):
        self._review(work.UNDECIDED)

    def _review(self, status):
        """Tells the ledger how the chosen rows stand, once more: that they are open again."""
        stood = {self.lines[scope].status for scope in self.chosen if scope in self.lines}
        status = work.OPEN if stood == {status} else status
        entry.review(self.stands, self.chosen, status, self.by.value)
        try:
            self.next()
        finally:
            self._list()

    def next(self):
        scopes = [scope for _, scope in self.list.options]
        after = max(
            (scopes.index(scope) + 1 for scope in self.chosen if scope in scopes), default=0
        )
        if after >= len(scopes):
            raise PlanError("this is the end of the list; change the filters, or take a break")
        self.list.value = (scopes[after],)
