"""What is open on the tuner's desk: the worklist that is chosen from, the scopes that were chosen
there in a market, and the draft of what is typed into them.
"""

import pandas as pd

from sopkit.charts.words import listing
from sopkit.errors import PlanError
from sopkit.ledger import Ledger
from sopkit.overrides import Draft, Standing
from sopkit.overrides import worklist as work
from sopkit.panels.desk import Desk, choices, said

LISTED = 300
OPENED = 40  # rows that can be typed at once
AS_LISTED, EACH = "as listed", "each market"
WORDS = "reason", "note", "holds", "until"
DRAFTS = {}  # by ledger, pack and name: what is typed outlives the page, as long as the kernel


class Opened(Desk):
    """The desk with its list over a plan and ledger: ``scopes`` are open, and ``here`` is looked
    at. Who shows them says how: ``_turn(scope)``, ``_close()``, ``_calm()``, ``_show_effect()``.
    """

    def __init__(self, plan, ledger, by):
        ledger = ledger if isinstance(ledger, Ledger) else Ledger(ledger)
        self.plan, self.stands, self.listed = plan, Standing(plan, ledger), {}
        self.view, self.grid = self.stands.view, self.stands.grid
        self.book, self.buckets = self.view.book, self.grid.buckets
        kept = ledger.name, str(plan.folder), by, *self.grid.shape
        self.drafts, self.chosen, self.scopes = DRAFTS.setdefault(kept, {}), (), ()
        for draft in self.drafts.values():
            draft.upon(self.stands)
        self.mark = plan.settings["decimal_mark"]
        years = sorted(set(self.book.history["bucket"].dt.year))[1:-1]
        super().__init__(
            sorted({*self.grid.series.filter(regex="^family").to_numpy().flat}), years, by
        )
        self._on(self._list, self.family, self.status, self.search, self.supply)
        self._on(self._select, self.list)
        self._on(self._open, self.market)
        self._on(self._word, *(getattr(self, name) for name in WORDS))

    @property
    def rows(self) -> pd.DataFrame:
        """The worklist, as far as the review has come by now, whoever reviewed."""
        supply = self.supply.value
        if supply not in self.listed:
            rows = work.worklist(self.book, supply)
            self.listed[supply] = pd.concat([rows, work.families(rows)], ignore_index=True)
        rows, said = self.listed[supply], self.stands.ledger.read("reviews")
        return rows.assign(status=work.reviewed(rows, said, self.plan.entry_month))

    def _list(self):
        rows, asked = self.rows, {"family": self.family.value, "status": self.status.value}
        asked["text"] = self.search.value
        unsaved = () if any(asked.values()) else {family for _, family, _ in self.typed}
        shown = work.filtered(rows, **asked, whole=unsaved).head(LISTED)
        self.lines = dict(zip(work.scopes(shown), shown.itertuples()))
        states = [f"{(rows['status'] == state).sum()} {state}" for state in work.STATES]
        self.told = " · ".join(states), f" · {len(shown)} shown"
        self.unsaved = None
        self._mark()
        self._select()

    @property
    def typed(self) -> set:
        """The scopes in which something is typed that is not saved."""
        return {cell[:-1] for draft in self.drafts.values() for cell in draft.typed}

    def _mark(self):
        """Names the rows of the list, and marks those with something typed that is not saved."""
        typed = self.typed
        if typed == self.unsaved:
            return
        self.unsaved, currency = typed, self.view.currency
        labels = [
            (work.line(row, currency, unsaved=any(work.same(scope, each) for each in typed)), scope)
            for scope, row in self.lines.items()
        ]
        here = [scope for scope in self.chosen if scope in self.lines] or [*self.lines][:1]
        self._set(self.list, options=labels, value=tuple(here))
        states, shown = self.told
        self.count.value = said(f"✎ {len(typed)} unsaved · {states}" if typed else states + shown)

    def _select(self):
        if self.list.value == self.chosen and self.scopes:
            return
        self.chosen = self.list.value
        sold = (self._sold_in(scope, "^market") for scope in self.chosen)
        markets = sorted({market for markets in sold for market in markets})
        options = [(AS_LISTED, AS_LISTED), *choices("all markets", [EACH, *markets])]
        self._set(self.market, options=options, value=self._left_in())
        self._open()

    def _left_in(self):
        """The market in which something was typed for the chosen rows and not saved."""
        who = {scope[:2] for scope in self.chosen}
        typed = [scopes for scopes, draft in self.drafts.items() if draft.typed]
        typed = [scopes for scopes in typed if who == {scope[:2] for scope in scopes}]
        if not typed or tuple(self.chosen) in typed:
            return AS_LISTED
        return EACH if len(typed[0]) > len(who) else typed[0][0][2]

    def _sold_in(self, scope, columns="^market$"):
        inside = self.stands.inside((*scope[:2], ""))
        return sorted({*self.grid.series[inside].filter(regex=columns).to_numpy().flat})

    def _open(self):
        """Opens the chosen scopes in the chosen market, with what was typed there before."""
        asked, scopes = self.market.value, []
        for item, family, market in self.chosen:
            own = self._sold_in((item, family))
            of = {AS_LISTED: [market], EACH: own, "": [""]}
            sold = asked in self._sold_in((item, family), "^market")
            scopes += [(item, family, each) for each in of.get(asked, [asked] * sold)]
            inside = self.book.inside(self.view.items, "family", family)
            units = self.view.items.loc[inside, "unit"].unique()
            if len(units) > 1:
                raise PlanError(
                    f"the items of {family} are counted in {listing(units)}, which cannot be added"
                    " up; open its items"
                )
        self.scopes = tuple(dict.fromkeys(scopes))[:OPENED]
        self.stands.read()
        self.looked = self.buckets
        self._calm()
        self._tell_words()
        self._turn(self.scopes[0]) if scopes else self._close()

    @property
    def draft(self) -> Draft:
        """What was typed for what is open."""
        return self.drafts.setdefault(self.scopes, Draft(self.stands, self.scopes))

    def _word(self):
        """Reason, note and expiry belong to what they were typed for."""
        for name in WORDS:
            setattr(self.draft, name, getattr(self, name).value)
        self._show_effect()

    def _tell_words(self):
        for name in WORDS:
            self._set(getattr(self, name), value=getattr(self.draft, name))
