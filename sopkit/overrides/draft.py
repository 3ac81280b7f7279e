"""What a planner has open and has typed there: what it makes of the plan, as a sheet shows it."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from sopkit.charts.words import matter
from sopkit.errors import PlanError
from sopkit.overrides.standing import CELL, NONE, doubtful
from sopkit.overrides.typed import block, read_number, written

TYPED = OVERRIDE, CONSENSUS = "override", "consensus"  # the lines that take numbers


class Line(NamedTuple):
    """A line of the sheet: its name, scope, and what it shows of it by bucket."""

    head: str
    scope: tuple
    what: str
    values: np.ndarray


class Draft:
    """The ``scopes`` that are open and the override wanted in their ``cells`` (units by CELL), with
    its words: reason, note, holds (the condition of an assumption), until; ``seen`` is the ledger's
    last row when they were typed. Moves change what is
    wanted; ``work`` then works out ``values``, what the plan makes of it, and ``lines``, the sheet.

    Both raise ``PlanError`` where it cannot be; what was typed stays, and can be undone.
    """

    reason, note, holds, until = "", "", "", None

    def __init__(self, stands, scopes):
        self.stands, self.scopes, self.mark = stands, scopes, stands.plan.settings["decimal_mark"]
        self.cells, self.past, self.future, self.values = {}, [], [], stands.values

    @property
    def wanted(self) -> pd.Series:
        """The wanted override by cell."""
        cells = pd.MultiIndex.from_tuples(self.cells, names=CELL)
        return pd.Series([*self.cells.values()], cells, dtype=float)

    def work(self):
        """Works out what is wanted upon the ledger as it was read last."""
        self.values, problem, wanted = self.stands.values, None, self.wanted
        try:
            if self.cells:
                _, self.values = self.stands.entries(wanted)
        except PlanError as error:
            problem = error
        self.doubtful = {*wanted.index[doubtful(self.stands.judged(wanted))]}
        self.lines = [*self._lines(fails=problem is not None)]
        if problem:
            raise problem

    def put(self, wanted: dict):
        """Wants overrides by cell; None is no change, and so is what stands already, unless
        another typed cell holds a part of it.
        """
        cells = pd.MultiIndex.from_tuples(wanted, names=CELL)
        (stands,) = self.stands.at(cells, self.stands.values[OVERRIDE])
        for cell, now in zip(cells, stands):
            if wanted[cell] is not None and abs(wanted[cell] - now) < NONE:
                wanted[cell] = None if self._alone(cell, self.cells | wanted) else now
        if not self.cells:
            self.seen = self.stands.seen
        self.past, self.future = [*self.past, self.cells], []
        wanted = self.cells | wanted
        self.cells = {cell: value for cell, value in wanted.items() if value is not None}

    def _alone(self, cell, typed):
        inside, same = self.stands.inside, (c for c in typed if c[-1] == cell[-1] and c != cell)
        return not any((inside(cell[:-1]) & inside(other[:-1])).any() for other in same)

    def step(self, source: str, other: str):
        """Goes back (past, future) or forth (future, past) by one move, where there is one."""
        if getattr(self, source):
            getattr(self, other).append(self.cells)
            self.cells = getattr(self, source).pop()

    def edit(self, cells):
        """Takes numbers as typed: ``[[line, column, text], …]``; a blank is what stands, a percent
        is of the sum before the overrides.
        """
        wanted = {}
        for place, column, text in cells:
            line, bucket = self.lines[place], self.stands.grid.buckets[column]
            where = f"{line.head}, {self.stands.plan.calendar.name(bucket)}"
            if line.what not in TYPED:
                raise PlanError(f"{where} is for reading; type into Override or Consensus")
            before = self.stands.of(line.scope, self.stands.before)[column]
            of, part = text.strip().removesuffix("%"), text.strip().endswith("%")
            value = read_number(of, where, self.mark)
            if value is not None and part:
                value *= before / 100
            elif value is not None and line.what == CONSENSUS:
                value -= before
            wanted[*line.scope, bucket] = value
        self.put(wanted)

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
        """The consensus of a scope by bucket, where it was typed as that asks."""
        before, consensus = (
            self.stands.of(scope, each) for each in (self.stands.before, self.values[CONSENSUS])
        )
        return np.where(np.isnan(typed := self._typed(scope)), consensus, before + typed)

    def _typed(self, scope):
        buckets = self.stands.grid.buckets
        return np.array([self.cells.get((*scope, bucket), np.nan) for bucket in buckets])

    def _lines(self, fails):
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
            consensus = self.asked(scope) if fails else of(scope, self.values[CONSENSUS])
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
        marks (acts, typed, below, doubt) and the ledger's rows that act there.
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
            zero = line.what != CONSENSUS and not typed and abs(value) < NONE
            exact = (n for n in range(decimals, 4) if abs(value - round(value, n)) < 1e-6)
            places = next(exact, decimals) if typed else decimals
            text = "" if zero else written(value, places, self.mark, sign=line.what == OVERRIDE)
            yield [text, " ".join(name for name, on in marks.items() if on), tip]
