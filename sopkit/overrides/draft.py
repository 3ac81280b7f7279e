"""What a planner has open and has typed there: what it makes of the plan, as a sheet shows it."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from sopkit.charts.words import matter
from sopkit.errors import PlanError
from sopkit.overrides.standing import CELL, NONE, doubtful
from sopkit.overrides.typed import block, read_number, written

TYPED = OVERRIDE, CONSENSUS = "override", "consensus"  # the lines that take numbers
SAID = 3  # refusals that are said at once


class Line(NamedTuple):
    """A line of the sheet: its name, scope, and what it shows of it by bucket."""

    head: str
    scope: tuple
    what: str
    values: np.ndarray


class Typed(NamedTuple):
    """The override that is wanted in a cell, in units, and as what it is said to the ledger."""

    units: float
    kind: str = "units"


class Draft:
    """The ``scopes`` that are open and the override wanted in their ``cells`` (``Typed`` by CELL),
    the texts ``refused`` there, and the words of both: reason, note, holds (the condition of an
    assumption), until; ``seen`` is the ledger's last row when they were typed. Moves change what is
    wanted; ``work`` then works out ``values``, what the plan makes of it, and ``lines``, the sheet.

    Both raise ``PlanError`` where it cannot be; what was typed stays, and can be undone.
    """

    def __init__(self, stands, scopes):
        self.scopes = scopes
        self.clear()
        self.upon(stands)

    def clear(self):
        """Nothing is wanted, and nothing said."""
        self.cells, self.refused, self.past, self.future, self.made = {}, {}, [], [], False
        self.reason, self.note, self.holds, self.until = "", "", "", None

    def upon(self, stands):
        """The draft, upon a plan and ledger that were read anew."""
        self.stands, self.mark = stands, stands.plan.settings["decimal_mark"]
        self.values, self.made = stands.values, False
        return self

    @property
    def typed(self) -> set:
        """The cells in which something was typed."""
        return {*self.cells, *(cell for _, cell in self.refused)}

    @property
    def wanted(self) -> pd.DataFrame:
        """What is wanted by cell: units and kind."""
        cells = pd.MultiIndex.from_tuples(self.cells, names=CELL)
        return pd.DataFrame([*self.cells.values()], cells, columns=Typed._fields)

    def entries(self) -> tuple[pd.DataFrame, dict]:
        """The ledger rows that make what is wanted, and the values that they make."""
        return self.stands.entries(self.wanted["units"], self.wanted["kind"])

    def work(self):
        """Works out what is wanted upon the ledger as it was read last."""
        self.values, problem, units = self.stands.values, None, self.wanted["units"]
        try:
            if self.cells:
                _, self.values = self.entries()
        except PlanError as error:
            problem = error
        self.made = problem is None
        told = self.stands.judged(units, self.values if self.made else None)
        self.doubtful = {*units.index[doubtful(told)]}
        self.lines = [*self._lines()]
        if problem:
            raise problem

    def put(self, wanted: dict, refused=None):
        """Wants overrides by cell (``Typed``); None is no change, and so is what stands already,
        unless another typed cell holds a part of it. ``refused`` texts take the place of others.
        """
        cells = pd.MultiIndex.from_tuples(wanted, names=CELL)
        (stands,) = self.stands.at(cells, self.stands.values[OVERRIDE])
        for cell, now in zip(cells, stands):
            if wanted[cell] is not None and abs(wanted[cell].units - now) < NONE:
                wanted[cell] = None if self._alone(cell, self.cells | wanted) else Typed(now)
        if not self.cells:
            self.seen = self.stands.seen
        self.past, self.future = [*self.past, (self.cells, self.refused)], []
        wanted, self.made = self.cells | wanted, False
        self.cells = {cell: typed for cell, typed in wanted.items() if typed is not None}
        self.refused = self.refused if refused is None else refused

    def _alone(self, cell, typed):
        inside, same = self.stands.inside, (c for c in typed if c[-1] == cell[-1] and c != cell)
        return not any((inside(cell[:-1]) & inside(other[:-1])).any() for other in same)

    def step(self, source: str, other: str):
        """Goes back (past, future) or forth (future, past) by one move, where there is one."""
        if getattr(self, source):
            getattr(self, other).append((self.cells, self.refused))
            (self.cells, self.refused), self.made = getattr(self, source).pop(), False

    def edit(self, cells):
        """Takes numbers as typed: ``[[line, column, text], …]``; a blank is what stands, a percent
        is of the sum before the overrides, what has a sign is beside it, a consensus is set. What
        is no number is ``refused``: it stays in its cell, and is told when all others are taken.
        """
        wanted, refused, problems = {}, {**self.refused}, []
        for place, column, text in cells:
            line, bucket = self.lines[place], self.stands.grid.buckets[column]
            where = f"{line.head}, {self.stands.plan.calendar.name(bucket)}"
            if line.what not in TYPED:
                raise PlanError(f"{where} is for reading; type into Override or Consensus")
            before = self.stands.of(line.scope, self.stands.before)[column]
            refused.pop(key := (line.what, (*line.scope, bucket)), None)
            try:
                wanted[*line.scope, bucket] = self._read(text, where, line.what, before)
            except PlanError as error:
                refused[key] = text, str(error)
                problems.append(error)
        self.put(wanted, refused)
        if problems:
            more = f" ({len(problems)} cells in all)" if len(problems) > SAID else ""
            raise PlanError("; ".join(map(str, problems[:SAID])) + more)

    def _read(self, text, where, what, before):
        of, part = text.strip().removesuffix("%"), text.strip().endswith("%")
        value = read_number(of, where, self.mark)
        if value is None:
            return None
        if part and not before > 0:
            raise PlanError(f"{where}: {text.strip()} of nothing is nothing; write units")
        if part:
            return Typed(value * before / 100, "percent")
        if what == OVERRIDE or of[:1] in "+-−":
            return Typed(value)
        return Typed(value - before, "set_to")

    def paste(self, row, column, text):
        """Takes a range as a spreadsheet copies it, its first cell at a line and column; blank
        cells stay as they are.
        """
        cells, buckets = block(text), self.stands.grid.buckets[column:]
        wide, fit = (
            max(map(len, cells)),
            {line.scope for line in self.lines[row:] if line.what in TYPED},
        )
        if wide > len(buckets) or len(cells) > len(fit):
            raise PlanError(
                f"{len(cells)} × {wide} cells were copied, and {len(fit)} × {len(buckets)} fit from"
                f" {self.lines[row].head}, {self.stands.plan.calendar.name(buckets[0])} on: nothing"
                " was pasted. Copy fewer cells, or open the items and markets of the block"
            )
        self.edit(
            [
                [row + down, column + right, cell]
                for down, texts in enumerate(cells)
                for right, cell in enumerate(texts)
                if cell.strip()
            ]
        )

    def asked(self, scope) -> np.ndarray:
        """The consensus of a scope by bucket; as what was typed asks, until that is worked out."""
        before, consensus = (
            self.stands.of(scope, each) for each in (self.stands.before, self.values[CONSENSUS])
        )
        typed = self._typed(scope)
        return consensus if self.made else np.where(np.isnan(typed), consensus, before + typed)

    def _typed(self, scope):
        none, buckets = Typed(np.nan), self.stands.grid.buckets
        return np.array([self.cells.get((*scope, bucket), none).units for bucket in buckets])

    def _lines(self):
        """Of one scope all that its consensus is made of, and what each of its series gets; of
        several the consensus of each.
        """
        of, one = self.stands.of, len(self.scopes) == 1
        for scope in self.scopes:
            parts = self.stands.parts if one else {}
            for head, values in parts.items():
                values = of(scope, values)
                if head == "Statistical" or np.nansum(np.abs(values)):
                    yield Line(head, scope, "", values)
            override, typed = of(scope, self.values[OVERRIDE]), self._typed(scope)
            override = np.where(np.isnan(typed), override, typed)
            consensus = self.asked(scope)
            if one:
                yield Line("Override", scope, OVERRIDE, override)
            if one and (excess := of(scope, self.values["order_excess"])).any():
                yield Line("Open orders beyond", scope, "", excess)
            head = "Consensus" if one else " ".join(filter(None, scope))
            yield Line(head, scope, CONSENSUS, consensus)
            yield from self._parts(scope) if one else ()

    def _parts(self, scope):
        """What each item of a scope gets, largest first, or each market of one item."""
        inside = np.flatnonzero(self.stands.inside(scope))
        series = self.stands.grid.series.iloc[inside]
        name = "market" if series["item"].nunique() == 1 else "item"
        if series[name].nunique() > 1:
            values = pd.DataFrame(self.values[CONSENSUS][inside]).groupby(series[name].to_numpy())
            sums = values.sum()
            for who in sums.sum(axis=1).sort_values(ascending=False, kind="stable").index:
                yield Line(f"of it {who}", scope, "", sums.loc[who].to_numpy())

    def sheet(self) -> list[dict]:
        """The lines as texts: id, head, whether it takes numbers (``edit``), and its cells: text,
        marks (acts, typed, below, doubt, refused) and the ledger's rows that act there, or why a
        text is refused.
        """
        decimals = matter([line.values for line in self.lines if line.what == CONSENSUS])
        return [
            {"id": place, "head": line.head, "edit": line.what in TYPED}
            | {"cells": [*self._cells(line, decimals)]}
            for place, line in enumerate(self.lines)
        ]

    def _cells(self, line, decimals):
        buckets = self.stands.grid.buckets
        rows = self.stands.acting(line.scope, buckets if line.what in TYPED else [])
        tips = {bucket: self.stands.told(part) for bucket, part in rows.groupby("bucket")}
        for bucket, value in zip(buckets, line.values):
            cell, tip = (*line.scope, bucket), tips.get(bucket, "")
            typed = line.what in TYPED and cell in self.cells
            marks = {line.what: True, "acts": tip, "typed": typed, "below": value < -1e-9}
            marks["doubt"] = typed and cell in self.doubtful
            text, why = self.refused.get((line.what, cell), ("", ""))
            marks["refused"] = why
            if not why and (line.what == CONSENSUS or typed or abs(value) >= NONE):
                text = self._written(value, decimals, line.what, typed)
            yield [text, " ".join(name for name, on in marks.items() if on), why or tip]

    def _written(self, value, decimals, what, typed):
        """A number with the decimals of the sheet; with more where it was typed with them, or an
        override would read 0.
        """
        exact = (n for n in range(decimals, 4) if abs(value - round(value, n)) < 1e-6)
        small = 3 if what == OVERRIDE and abs(value) < 0.5 / 10**decimals else decimals
        decimals = next(exact, small) if typed else small
        return written(value, decimals, self.mark, sign=what == OVERRIDE)
