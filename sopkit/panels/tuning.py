"""The tuner: a planner works through the worklist, tries methods, types numbers into the sheet and
saves them to the ledger.

What is open is one or several scopes: an item or a family, in a market or in all of them. What is
typed there is a ``Draft``; what stands there is read from the ledger (``Standing``), whoever
entered it.
"""

import asyncio
from functools import partial
from html import escape

import numpy as np
import pandas as pd
from ipywidgets import Box

from sopkit.charts import View
from sopkit.charts.measure import by_bucket
from sopkit.charts.words import clean, count, day, listing, number, percent
from sopkit.errors import PlanError
from sopkit.grid import WHO
from sopkit.ledger import Ledger
from sopkit.metrics.assumptions import testable
from sopkit.metrics.scopes import leaving
from sopkit.metrics.stages import CHOSEN, NEAR
from sopkit.overrides import (
    CONSENSUS,
    OVERRIDE,
    TINY,
    Draft,
    Standing,
    called,
    effect,
    signed,
    so_far,
    worth,
)
from sopkit.overrides import worklist as work
from sopkit.panels.desk import Desk, choices, said
from sopkit.panels.picture import Picture
from sopkit.panels.trial import TRIED, Backtest, compared, reasons, takes, try_method
from sopkit.tables import PLANS

LISTED = 300
OPENED = 40  # rows that can be typed at once
WIDTH, NARROWEST = 8.0, 4.0  # inches of the picture: until its room is known, and at least
FINE = 20  # units a bucket, below which parts of one matter
SLACK = 0.08  # of its width before it is drawn anew
PAUSE = 0.15  # seconds of silence after the last move before more than the picture is worked out
AS_LISTED, EACH = "as listed", "each market"
WORDS = "reason", "note", "holds", "until"


def tuner(plan, ledger, by: str = "") -> Box:
    """The tuner over a plan; ``ledger`` is a ``Ledger``, a path or a database URL, ``by`` the name
    that entries carry.
    """
    return Tuner(plan, ledger, by).box


def _loop():
    """The running event loop; None where none runs."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


class Tuner(Desk):
    """The desk at work: a button asks for the method of its name. ``box`` is shown, everything else
    can be driven by code.
    """

    def __init__(self, plan, ledger, by=""):
        ledger = ledger if isinstance(ledger, Ledger) else Ledger(ledger)
        self.plan, self.stands, self.view = plan, Standing(plan, ledger), View(plan.book())
        self.grid, self.buckets = self.stands.grid, self.stands.grid.buckets
        demand = plan.read("demand_plan")
        self.leaving = leaving(plan.book())
        self.planned, self.listed = worth(self.view, demand), {}
        self.drafts, self.chosen, self.scopes = {}, (), ()
        self._timer = self._quiet = self.trial = self.asked = self.shown = None
        self.inches = WIDTH
        self._due = {}
        years = sorted(set(plan.read("history")["bucket"].dt.year))[1:-1]
        families = self.grid.series["family"].unique()
        super().__init__(sorted(families), years, by)
        self.sheet.corner, self.sheet.columns = "", [*plan.calendar.label(self.buckets)]
        self._on(self._list, self.family, self.status, self.search, self.supply)
        self._on(self._select, self.list)
        self._on(self._open, self.market)
        self._on(self._word, *(getattr(self, name) for name in WORDS))
        tried = (self.method, self.start, *self.sliders.values())
        self._on(self._try, *tried)
        moves = {name: partial(self._move, name) for name in ("edit", "paste", "step")}
        self.sheet.on(self._safely, look=self.look, room=self.room, **moves)
        self._on(self._show_effect, self.by)
        for name, button in self.buttons.items():
            button.on_click(partial(self._safely, getattr(self, name)))
        self.backtest = Backtest(plan)
        self._list()

    def _later(self, *actions):
        """Runs the actions once the planner rests; at once where no event loop runs."""
        self._due |= dict.fromkeys(actions)
        if self._timer:
            self._timer.cancel()
        if loop := _loop():
            self._timer = loop.call_later(PAUSE, self._rest)
        else:
            self._rest()

    def _rest(self):
        due, self._due = self._due, {}
        for action in due:
            self._safely(action)

    def _set(self, widget, **traits):
        """Changes a widget as nobody's wish."""
        self._quiet = True
        for name, value in traits.items():
            setattr(widget, name, value)
        self._quiet = False

    # The worklist

    @property
    def rows(self) -> pd.DataFrame:
        """The worklist, as far as the review has come by now, whoever reviewed."""
        supply = self.supply.value
        if supply not in self.listed:
            rows = work.worklist(self.plan, supply)
            self.listed[supply] = pd.concat([rows, work.families(rows)], ignore_index=True)
        rows, said = self.listed[supply], self.stands.ledger.read("reviews")
        return rows.assign(status=work.reviewed(rows, said, self.plan.entry_month))

    def _list(self):
        rows, asked = self.rows, {"family": self.family.value, "status": self.status.value}
        shown = work.filtered(rows, **asked, text=self.search.value).head(LISTED)
        scopes = [
            (row.item, "" if row.item else row.family, row.market) for row in shown.itertuples()
        ]
        self.states = dict(zip(scopes, shown["status"]))
        labels = [work.line(row, self.view.currency) for row in shown.itertuples()]
        here = [scope for scope in self.chosen if scope in scopes] or scopes[:1]
        self._set(self.list, options=list(zip(labels, scopes)), value=tuple(here))
        states = [f"{(rows['status'] == state).sum()} {state}" for state in work.STATES]
        self.count.value = said(" · ".join([*states, f"{len(shown)} shown"]))
        self._select()

    def _select(self):
        if not self.list.value or self.list.value == self.chosen:
            return
        self.chosen = self.list.value
        markets = sorted({market for scope in self.chosen for market in self._sold_in(scope)})
        options = [(AS_LISTED, AS_LISTED), *choices("all markets", [EACH, *markets])]
        self._set(self.market, options=options, value=AS_LISTED)
        self._open()

    def _sold_in(self, scope):
        inside = self.stands.inside((*scope[:2], ""))
        return sorted(self.grid.series["market"][inside].unique())

    def _open(self):
        """Opens the chosen scopes in the chosen market, with what was typed there before."""
        asked, scopes = self.market.value, []
        for item, family, market in self.chosen:
            own = self._sold_in((item, family))
            of = {AS_LISTED: [market], EACH: own, "": [""]}
            scopes += [(item, family, each) for each in of.get(asked, [asked] * (asked in own))]
            units = self.view.items.loc[self.view.items["family"] == family, "unit"].unique()
            if len(units) > 1:
                raise PlanError(
                    f"the items of {family} are counted in {listing(units)}, which cannot be added"
                    " up; open its items"
                )
        self.scopes = tuple(dict.fromkeys(scopes))[:OPENED]
        self.stands.read()
        self.looked, self.message.value = self.buckets, ""
        for name in WORDS:
            self._set(getattr(self, name), value=getattr(self.draft, name))
        self._turn(self.scopes[0])

    # The picture and the numbers beside it

    def _turn(self, scope):
        """Shows the history and the methods of one of the open scopes."""
        self.here, (item, family, _) = scope, scope
        names = "history", "baseline_forecast", "demand_plan"
        self.tables = {name: self._rows_of(self.plan.read(name)) for name in names}
        last = self._rows_of(self.plan.last.read("demand_plan"))
        heir = None
        words = [family, f"{self.tables['demand_plan']['item'].nunique()} items"]
        if item:
            row = self.view.items.set_index("item").loc[item]
            words = [item, row.get("description"), row["family"], row["unit"]]
            heir = self.plan.read("demand_plan").query("item == @row['successor']")
            heir = heir[heir["market"].isin(self.tables["demand_plan"]["market"])]
        tables = self.tables | {"last": last, "heir": heir}
        self.picture_of = partial(Picture, tables, self.view, self.choice)
        self.drawn = self.picture_of(self.inches)
        self._set(self.method, value=CHOSEN, disabled=not item)
        self.shown = None
        self._calm()
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

    def _rows_of(self, rows):
        """The rows of the scope that is looked at."""
        return self.view.chosen(rows, **self.choice)

    def _try(self):
        method, self.trial = self.method.value, None
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
            self.drawn = self.picture_of(self.inches)
            self._draw()

    def _draw(self):
        """Draws the picture, if it is another than the one that is shown."""
        consensus, tried = self.draft.asked(self.here).tolist(), self.tried.dropna()
        if (consensus, [*tried], self.method.value) != self.shown:
            self.shown = consensus, [*tried], self.method.value
            consensus = pd.Series(consensus, self.buckets)
            self.picture.value = self.drawn.moved(consensus, tried, self.method.value)

    def _show_effect(self):
        more = self.draft.values[CONSENSUS] - self.stands.values[CONSENSUS]
        change = self.grid.frame(units=more)
        change = change[change["units"].abs() >= TINY / 2]
        found = effect(change, self.plan, self.view, self.planned)
        open_ = np.any([self.stands.inside(scope) for scope in self.draft.scopes], axis=0)
        if (beside := np.abs(more[~open_]).sum()) >= TINY:
            found.insert(1, f"of it {number(beside)} beside it: wider rows are spread anew")
        added = PLANS["value_added"].typed(self.plan.read("value_added"))
        known = so_far(added, self.by.value.strip(), self.draft.reason)
        before = f"<b>Such touches so far</b>{''.join(map(said, known))}" if known else ""
        self.effect.value = f"<b>If saved</b>{''.join(map(said, found))}{before}"

    def _show_accuracy(self):
        item, family, market = self.here
        if item and _loop() and not self.backtest.series.done():
            return self._later(self._show_accuracy)
        of = verdict = ""
        words = reasons(self.forecast) if item else "methods are tried item by item"
        words = "\n".join(
            [*map(self._leaves, self.leaving.query("item == @item").itertuples()), words]
        )
        if item:
            cells = self.backtest.cells(item, self.buckets[-1], self.trial)
            lines, verdict = compared(self._rows_of(cells))
            lines = lines.rename({TRIED: f"{self.method.value}, tried"})
            of = f" in {market}" if market else ""
        else:
            rows = self.plan.read("value_added").query("source == 'backtest' and lag <= @NEAR")
            rows = rows.query("level == 'family' and name == @family")
            lines = rows.groupby("stage")["wape"].mean().sort_values()
            lines = lines.rename({"naive": "as a year before"})
        rows = "".join(
            f"<tr><td>{escape(name)}<td>{percent(value, 0)}"
            for name, value in (dict(lines) or {"no backtest: too little history": None}).items()
        )
        head = f"<b>Backtest error</b>, 1–{NEAR} ahead{escape(of)}"
        self.accuracy.value = f"{head}{said(verdict)}<table>{rows}</table>{said(words)}"

    def _leaves(self, row):
        """When an item that retires is made last, how long its stock lasts and what is left."""
        ends, name = f"retires {day(row.retired_on)}", self.plan.calendar.name
        made = "" if pd.isna(row.last_made) else f": made last in {name(row.last_made)}"
        lasts = "" if pd.isna(row.runs_out) else f", stock runs out in {name(row.runs_out)}"
        left = f", {number(row.left)} left for good" if row.left else ""
        follows = f"; {clean(row.successor)} follows" if clean(row.successor) else ""
        return f"{ends}{made}{lasts}{left}{follows}"

    @property
    def forecast(self) -> pd.DataFrame:
        """The forecast of the scope by market: what is tried, else the pack's."""
        pack = self.tables["baseline_forecast"]
        return self._rows_of(self.trial.forecast) if self.trial else pack

    @property
    def tried(self) -> pd.Series:
        """What is tried, by bucket; NaN where nothing is."""
        rows = self.forecast if self.trial else self.forecast.head(0)
        return by_bucket(rows, "baseline").reindex(self.buckets)

    # The sheet

    @property
    def draft(self) -> Draft:
        """What was typed for what is open."""
        return self.drafts.setdefault(self.scopes, Draft(self.stands, self.scopes))

    def _word(self):
        """Reason, note and expiry belong to what they were typed for."""
        for name in WORDS:
            setattr(self.draft, name, getattr(self, name).value)
        self._show_effect()

    def _move(self, move, **told):
        """Makes a move of the draft: the picture shows it at once, then what the plan makes of it
        is worked out.
        """
        self._calm()
        getattr(self.draft, move)(**told)
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
            self._draw()
            self._later(self._show_effect)

    def take(self):
        if self.trial is None:
            raise PlanError("nothing is tried, so there is no difference to take; try a method")
        stands = self.stands.of(self.here, self.stands.values[OVERRIDE])
        base = self.stands.of(self.here, self.stands.parts["Statistical"])
        digits, method = 2 * int(self.tried.max() < FINE), self.method.value
        wanted = (self.tried + stands - base).round(digits)
        if not (wanted - stands).abs().max() >= TINY:
            raise PlanError(f"{method} says what the override row holds already; nothing to take")
        self._move("put", wanted={(*self.here, bucket): value for bucket, value in wanted.items()})
        self._say(f"{method} is in the override row; give a reason and save")

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

    def save(self, sure=False):
        draft = self.draft
        if not draft.cells:
            raise PlanError("nothing was changed; type a number into the override row, then save")
        if not draft.reason:
            raise PlanError(
                "no reason is given; choose one, so that next cycle can learn whether it held"
            )
        if draft.holds and not draft.note:
            raise PlanError("an assumption is asked for, but not said; write it into the note")
        testable(draft.holds, self.plan.book()) if draft.holds else None
        if draft.until and pd.Timestamp(draft.until) < self.plan.first_bucket:
            raise PlanError(
                f"until {day(draft.until)} is before the plan starts; choose a later day"
            )
        if len(others := self.stands.since(draft.cells, draft.seen)):
            draft.seen = self.stands.seen
            self._settle()
            self._list_acting()
            raise PlanError(
                f"entered since you looked:\n{self.stands.told(others)}\nThe sheet shows it, and"
                " still what you typed; look, then save again"
            )
        rows, _ = self.stands.entries(draft.wanted)
        if (question := self.stands.question(draft.wanted)) and not sure:
            self.asked, self.buttons["anyway"].layout.visibility = draft.cells, "visible"
            return self._say(f"Is this meant? {question}", "ask")
        words = {"reason": draft.reason, "note": draft.note, "expires_on": draft.until}
        self.stands.enter(rows, self.by.value, **words)
        if draft.holds:
            assumed = {"text": draft.note, "condition": draft.holds, "owner": self.by.value.strip()}
            self.stands.ledger.append(
                "assumptions", [assumed], by=self.by.value, cycle=self.plan.entry_month
            )
        self.drafts.pop(self.scopes)
        self._open()
        ended = (rows["kind"] == "remove").sum()
        names = (" ".join(filter(None, scope)) for scope in self.scopes)
        self._say(
            f"saved {len(rows) - ended} rows to the ledger for {listing(names)}"
            f"{f' in place of {ended}' if ended else ''}; the next pack of {self.plan.entry_month}"
            " carries them"
        )

    def anyway(self):
        """Does what was asked about."""
        back = isinstance(self.asked, set)
        (self.back if back else self.save)(sure=back or self.asked is self.draft.cells)

    def back(self, sure=False):
        """Ends the chosen rows of the ledger; what their save replaced stands again."""
        ids = {number for save in self.acting.value for number in save}
        if not ids:
            raise PlanError("no row is chosen; click one in the list, then take it back")
        self.stands.read()
        if not ids <= {*self.stands.active["id"]}:
            self._settle()
            self._list_acting()
            raise PlanError("somebody took it back already; the list shows what stands now")
        rows = self.stands.ending(self.stands.with_replaced(ids))
        wide = sorted({called(row) for row in rows.to_dict("records")} - {called(self.choice)})
        told = f"They are also of {listing(wide)}.\n" if wide else ""
        told += self.stands.question(self.stands.without(rows))
        if told and not (sure and self.asked == ids):
            self.asked, self.buttons["anyway"].layout.visibility = ids, "visible"
            return self._say(f"{count(len(ids), 'row')} to be taken back? {told}", "ask")
        self.stands.enter(rows, self.by.value, reason="taken back")
        self._calm()
        self._settle()
        self._list_acting()
        self._say(f"taken back: {count(len(ids), 'row')}; what stood there before stands again")

    def check(self):
        self._review(work.CHECKED)

    def undecided(self):
        self._review(work.UNDECIDED)

    def _review(self, status):
        """Tells the ledger how the chosen rows stand, once more: that they are open again."""
        by, stood = signed(self.by.value), {self.states.get(scope) for scope in self.chosen}
        rows = pd.DataFrame(self.chosen, columns=list(WHO))
        rows["status"] = work.OPEN if stood == {status} else status
        self.stands.ledger.append("reviews", rows, by=by, cycle=self.plan.entry_month)
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
