"""What stands: the overrides of a plan as its ledger has them by now, what they make of every
series, the rows that other numbers become, and which numbers must be confirmed.

A *scope* is (item, family, market), "" = all of them; a *cell* is a scope in a bucket.
"""

from dataclasses import replace

import numpy as np
import pandas as pd

from sopkit.charts import View
from sopkit.charts.words import clean, day, money, number, percent
from sopkit.demand import active_overrides, before_stage, overridden, scoped
from sopkit.demand.said import SCENARIO_ROWS, override_units
from sopkit.errors import PlanError
from sopkit.grid import WHO
from sopkit.metrics.forecast_errors import ratio

CELL = [*WHO, "bucket"]
SAVE = ["by", "entered_at", *WHO, "kind", "reason", "note", "expires_on"]
KINDS = {"units": "{} units", "percent": "{} %", "set_to": "to {}", "remove": "took back a row"}
KNOWN = ("baseline", "events", "launches", "initiatives")  # the statistics: nobody's opinion
TINY = 1e-3  # of a unit: less is no override
NONE = TINY / 2  # less is no difference
ROUNDS = 20  # in which rows within one another find their numbers
FAR = 0.5  # of the statistics: a consensus farther away must be confirmed
BANDS = 2  # and one beyond so many times its band of 8 of 10 outcomes
HELD = " ({} was asked for; firm orders hold it there)"
TOLD = 3  # cells named in such a question, the largest in money
REASONS = (
    "promotion",
    "customer",
    "price",
    "competitor",
    "new product",
    "end of life",
    "supply",
    "correction of history",
    "other",
)


class Standing:
    """The ledger's overrides upon a plan: ``rows`` are all, ``active`` those that count, ``values``
    the override, order_excess and consensus (series × bucket of the ``grid``) that they make of the
    sum ``before`` them; ``statistics`` and their ``band`` (p10, p90) hold what events bring too;
    ``parts`` are what a consensus is made of and compared with, by name.
    """

    def __init__(self, plan, ledger):
        self.plan, self.ledger, self.view = plan, ledger, View(book := plan.book())
        self.given, self.before = before_stage(book)
        array, forecast = self.given.grid.array, book.baseline_forecast
        self.grid = self.given.grid
        self.untouched = overridden(self.given, self.before, self.given.overrides)
        self.statistics = sum(array(book.demand_plan, name) for name in KNOWN)
        known = self.statistics - array(forecast, "baseline")
        self.band = [array(forecast, name) + known for name in ("p10", "p90")]
        past = self.grid.over(self.grid.numbers - plan.calendar.per_year)
        sold = past.array(book.history, "demand")
        sold[:, past.buckets > book.history["bucket"].max()] = np.nan
        self.price = self.view.price(self.grid.frame()).to_numpy().reshape(self.grid.shape)
        self.parts = {
            "A year before": sold,
            "Last cycle": array(book.last_demand_plan, "consensus"),
            "Statistical": array(forecast, "baseline"),
            "Events, launches": known,
            "Sales inputs": self.before - self.statistics,
        }
        self._inside = {}
        promoted = plan.judgments("overrides").query("id >= @SCENARIO_ROWS")
        self.promoted = scoped(promoted, plan.calendar)  # changes of scenarios in the base
        self.read()

    def read(self):
        """Reads what the ledger holds by now."""
        plan = self.plan
        self.rows = scoped(self.ledger.read("overrides"), plan.calendar)
        rows = self._counting(self.rows)
        self.active, self.values = scoped(rows, plan.calendar), self.made_by(rows)
        self._held, self._rank = self.grid.holds(self.active), self._ranked(self.active)

    def _ranked(self, rows):
        """The place of each row's save in which the plan takes them: finer before coarser, the
        base's scenarios last.
        """
        level = np.zeros(len(rows))
        for place, each in enumerate(self.grid.levels(rows)):
            level[each.rows] = place
        first = rows.groupby(SAVE, dropna=False)["id"].transform("min")
        keys = [rows["id"] // SCENARIO_ROWS, level, first]
        return rows.groupby(keys).ngroup()

    def _counting(self, rows):
        """Those of the ledger's rows that count in the next pack, with the base's scenarios."""
        plan, rows = self.plan, pd.concat([rows, self.promoted], ignore_index=True)
        return active_overrides(rows, plan.entry_month, plan.first_bucket, plan.calendar)

    @property
    def seen(self) -> int:
        """The number of the last row that was read."""
        return self.rows["id"].max() if len(self.rows) else 0

    def made_by(self, rows) -> dict[str, np.ndarray]:
        """What active rows make of the plan, as its next pack will have it."""
        items = self.grid.series["item"]
        here = np.flatnonzero(items.isin(items[self.grid.reached(rows)]))
        given = replace(self.given, grid=self.grid.only(here), baseline=self.given.baseline[here])
        made = {name: values.copy() for name, values in self.untouched.items()}
        if len(here):
            for name, values in overridden(given, self.before[here], rows).items():
                made[name][here] = values
        return made

    def brings(self, save) -> np.ndarray:
        """What a save (rows that were entered together) adds to the override (series × bucket),
        upon finer rows and earlier ones: all saves together make it.
        """
        rank = self._rank[self.active["id"].isin(save["id"])].min()
        upto, before = (
            self.made_by(self.active[rows])["override"]
            for rows in (self._rank <= rank, self._rank < rank)
        )
        return upto - before

    def inside(self, scope) -> np.ndarray:
        """Which series a scope holds."""
        if scope not in self._inside:
            rows = pd.DataFrame([scope], columns=list(WHO))
            self._inside[scope] = self.grid.holds(rows)[0]
        return self._inside[scope]

    def unit(self, scope) -> str:
        """What the items of a scope are counted in."""
        return self.view.unit(self.grid.series[self.inside(scope)])

    def of(self, scope, values) -> np.ndarray:
        """The sum of a scope by bucket."""
        return values[self.inside(scope)].sum(axis=0)

    def at(self, cells: pd.MultiIndex, *values) -> list[np.ndarray]:
        """The sum of each of the values (series × bucket) in each cell."""
        cells = cells.to_frame(index=False)
        held, column = self.grid.holds(cells), self.grid.column(cells["bucket"])
        return [np.where(held, each[:, column].T, 0.0).sum(axis=1) for each in values]

    def acting(self, scope, buckets, rows=None) -> pd.DataFrame:
        """The rows, else those that count, which act from whatever level on a scope in these
        buckets.
        """
        held = self._held if rows is None else self.grid.holds(rows)
        rows = self.active if rows is None else rows
        held = held[:, self.inside(scope)].any(axis=1)
        return rows[held & rows["bucket"].isin(buckets)]

    def since(self, cells, seen) -> pd.DataFrame:
        """The rows that were entered on these cells after the row ``seen``; the ledger is read."""
        self.read()
        fresh = self.rows[self.rows["id"] > seen]
        parts = [self.acting(tuple(scope), [bucket], fresh) for *scope, bucket in cells]
        return pd.concat([fresh.head(0), *parts]).drop_duplicates("id")

    def saves(self, rows) -> list[pd.DataFrame]:
        """The rows that were entered together, with the same words."""
        return [part for _, part in rows.groupby(SAVE, dropna=False, sort=False)]

    def told(self, rows, here=None) -> str:
        """Rows in words, a line for each save; with a scope ``here``, what they bring there."""
        lines = []
        for part in self.saves(rows):
            row, until = part.iloc[0], day(part["expires_on"].iloc[0])
            values = [part["value"].sum()] if row["kind"] == "units" else part["value"]
            values = sorted({round(value, 3) for value in (min(values), max(values))})
            told = (number(value, sign=row["kind"] != "set_to") for value in values)
            words = [
                f"{row['by']}, {day(row['entered_at'])}:",
                KINDS[row["kind"]].format(" … ".join(told)),
                f"{self.span(part['bucket'])} · {called(row)} · {row['reason']}",
                f"“{row['note']}”" if clean(row["note"]) else "",
                f"· until {until}" if until else "",
            ]
            if here:
                at = self.grid.column(part["bucket"].unique())
                brings = self.of(here, self.brings(part))[at].sum()
                words.append(f"· here {number(brings, sign=True)}")
            lines.append(" ".join(clean(word, 70) for word in words if word))
        return "\n".join(lines)

    def span(self, buckets) -> str:
        """The first and the last of some buckets, in words."""
        ends = [self.plan.calendar.name(bucket) for bucket in (min(buckets), max(buckets))]
        return "–".join(dict.fromkeys(ends))

    def entries(self, wanted: pd.Series, kind="units") -> tuple[pd.DataFrame, dict]:
        """The ledger rows (without their words) that make the override of each cell the ``wanted``
        units, and the values that they make; each says it as its ``kind`` (units, percent, set_to),
        so that the next cycle's plan moves with a percent, and what is set stays.

        The rows of exactly these cells are ended; a row is entered where the others do not make the
        number. Raises ``PlanError`` where a consensus would fall below zero or where the numbers
        cannot stand beside each other or the others' rows.
        """
        own = pd.MultiIndex.from_frame(self.active[CELL]).isin(wanted.index)
        own &= self.active["id"] < SCENARIO_ROWS
        others, cells = self.active[~own], wanted.index.to_frame(index=False)
        self._refuse_below_zero(wanted)
        without = np.zeros(len(wanted))
        if self._touching(~own, cells):
            (without,) = self.at(wanted.index, self.made_by(others)["override"])
        said, values = self._solved(
            wanted, kind, others, np.abs(wanted.to_numpy() - without) >= NONE
        )
        ended = self.ending(self.active.loc[own, "id"])
        return pd.concat([ended, said.drop(columns="id")], ignore_index=True), values

    def _solved(self, wanted, kind, others, needed):
        """The rows of the ``needed`` cells, and of any more that it takes, which beside the others
        make the wanted override of every cell; and the values that they make.

        What a cell misses is put into its row until none misses any: rows within one another and
        the scenarios in the base move what a row brings. A row that brings nothing itself, but
        keeps a wider one out, says what stands there.
        """
        want, (before,) = wanted.to_numpy(), self.at(wanted.index, self.before)
        said = wanted.index.to_frame(index=False).assign(id=0, kind=np.asarray(kind), value=want)
        said["value"] += np.where(said["kind"] == "set_to", before, 0.0)
        each = np.divide(100, before, where=said["kind"] == "percent", out=np.ones(len(want)))
        said["value"] = (said["value"] * each).round(9)
        slope, step, got, first = np.ones(len(want)), np.zeros(len(want)), np.nan, None
        for _ in range(ROUNDS):
            none = (said["kind"] != "set_to") & (said["value"].abs() < TINY * each)
            said.loc[none, "kind"], said.loc[none, "value"] = "set_to", (before + want)[none]
            each = np.where(none, 1.0, each)
            values, last = self.made_by(pd.concat([others, said[needed]])), got
            (got,) = self.at(wanted.index, values["override"])
            first = got if first is None else first
            if (missed := np.abs(want - got) >= NONE).sum() == 0:
                return said[needed], values
            if len(self.promoted):
                moved = (got - last) / np.where(step != 0, step, np.nan)
                slope = np.where(moved > TINY, moved, slope)
            step = np.where(needed, (want - got) / slope, 0.0).round(6)
            said["value"] += step * each
            needed = needed | missed
        cell = said[missed].iloc[0]
        rows = self.acting(tuple(cell[[*WHO]]), [cell["bucket"]], others)
        raise PlanError(
            f"{called(cell)}: {number(want[missed][0], sign=True)} units in"
            f" {self.plan.calendar.name(cell['bucket'])} cannot stand beside the other numbers,"
            f" which make it {number(first[missed][0], sign=True)} ({missed.sum()} of {len(want)}"
            f" cells in all); change one of them{':' if len(rows) else ''}\n{self.told(rows)}"
        )

    def _touching(self, others, cells):
        """Whether any of the other active rows, or two of the cells, speak of one series."""
        here = self._held[others & self.active["bucket"].isin(cells["bucket"]).to_numpy()]
        inside = [self.inside(scope) for scope in {*cells[[*WHO]].itertuples(False, None)}]
        many = np.sum(inside, axis=0)
        return many.max() > 1 or (here.any(axis=0) & (many > 0)).any()

    def _refuse_below_zero(self, wanted):
        (before,) = self.at(wanted.index, self.before)
        below = wanted[before + wanted.to_numpy() < -1e-9]
        for cell in below.head(1).index.to_frame().to_dict("records"):
            raise PlanError(
                f"{called(cell)}: the consensus of {self.plan.calendar.name(cell['bucket'])} would"
                f" be below zero ({len(below)} of {len(wanted)} cells in all); take away less"
            )

    def ending(self, ids) -> pd.DataFrame:
        """The ledger rows that end the rows of these ids, and nothing else; ``PlanError`` where one
        is a scenario's.
        """
        for row in self.promoted[self.promoted["id"].isin(ids)].head(1).itertuples():
            name = row.reason.removeprefix("scenario ")
            raise PlanError(
                f"{row.reason} is in the base; take it out with: sopkit scenario promote {name}"
                " --undo --by YOU"
            )
        rows = self.rows[self.rows["id"].isin(ids)]
        return rows[CELL].assign(kind="remove", takes_back=rows["id"].astype(float))

    def without(self, ended) -> tuple[pd.Series, dict]:
        """The override of their cells once the rows of ``ending`` are in the ledger, and the values
        then.
        """
        ids, cycle = self.seen + 1 + np.arange(len(ended)), self.plan.entry_month
        rows = pd.concat([self.rows, ended.assign(id=ids, cycle=cycle)], ignore_index=True)
        cells = pd.MultiIndex.from_frame(ended[CELL].drop_duplicates())
        made = self.made_by(self._counting(rows))
        return pd.Series(self.at(cells, made["override"])[0], cells), made

    def with_rows(self, rows) -> pd.Series:
        """The override that other ledger rows would make of the cells that they speak of."""
        kept = self.active[~self.active["id"].isin(rows["takes_back"])]
        new = rows[rows["kind"] != "remove"].assign(id=SCENARIO_ROWS - 1)
        cells = pd.MultiIndex.from_frame(new[CELL].drop_duplicates())
        given = replace(self.given, overrides=pd.concat([kept, new]))
        made, _ = override_units(given, self.before)
        wanted = pd.Series(self.at(cells, made)[0], cells)
        self._refuse_below_zero(wanted)
        return wanted

    def with_replaced(self, ids) -> set:
        """The ids, and those by which the same saves ended what stood in these cells before."""
        same = [*CELL, "by", "entered_at"]
        chosen = self.rows.loc[self.rows["id"].isin(ids), same]
        return {*ids} | {*self.rows.merge(chosen.drop_duplicates())["id"]}

    def question(self, wanted: pd.Series, made=None) -> str:
        """Which cells must be confirmed, in units and money; "" where none is doubtful. What
        results is that of the values ``made``, if they are known: firm orders may hold more.
        """
        cells = self.judged(wanted, made)
        cells = cells[doubtful(cells)].assign(away=lambda c: c["results"] - c["statistics"])
        cells["money"] = cells["away"] * cells["price"]
        cells = cells.sort_values("money", key=lambda money: -money.abs(), kind="stable")
        name, currency = self.plan.calendar.name, self.view.currency
        told = [
            f"{called(row)}, {name(row['bucket'])}: {number(row['results'])} is"
            f" {number(row['away'], sign=True)} {row['unit']},"
            f" {money(row['money'], currency, sign=True)}"
            f" ({percent(ratio(row['away'], row['statistics']), 0, sign=True)}) off the statistics"
            f" of {number(row['statistics'])}{HELD.format(number(row['consensus'])) * row['held']}"
            for row in cells.head(TOLD).to_dict("records")
        ]
        rest = cells.iloc[TOLD:]
        if len(rest):
            unit = rest["unit"].iloc[0] if rest["unit"].nunique() == 1 else "units"
            told.append(
                f"{len(rest)} more cells: {number(rest['away'].sum(), sign=True)} {unit},"
                f" {money(rest['money'].sum(), currency, sign=True)}"
            )
        return "\n".join(told)

    def judged(self, wanted: pd.Series, made=None) -> pd.DataFrame:
        """The cells with the consensus that they want, what results (of the values ``made``) and
        whether orders hold it up, what it is compared with (a band is told of single series only),
        the unit and its price.
        """
        cells, weight = wanted.index.to_frame(index=False), self.statistics + TINY
        single = self.grid.holds(cells).sum(axis=1) == 1
        before, known, low, high, worth, size = self.at(
            wanted.index, self.before, self.statistics, *self.band, self.price * weight, weight
        )
        consensus = before + wanted.to_numpy()
        results = self.at(wanted.index, made["consensus"])[0] if made else consensus
        return cells.assign(
            consensus=consensus,
            results=results,
            held=results - consensus >= TINY,
            unit=[self.unit(scope) for scope in cells[[*WHO]].itertuples(False, None)],
            statistics=known,
            p10=np.where(single, low, np.nan),
            p90=np.where(single, high, np.nan),
            price=worth / size,
        )

    def enter(self, rows, by, **words) -> list[int]:
        """Numbers of the rows entered with these words, ``by`` a person; then the ledger is read.

        Raises ``PlanError`` if nobody signs them.
        """
        rows, by, month = rows.assign(**words), signed(by), self.plan.entry_month
        owner = rows.get("owner", pd.Series("", rows.index)).fillna("")
        rows = rows.assign(owner=owner.where(owner != "", by))
        rows.loc[rows["kind"] == "remove", "reason"] = rows["reason"].fillna("taken back")
        ids = self.ledger.append("overrides", rows, by=by, cycle=month)
        self.read()
        return ids


def signed(by: str) -> str:
    """The name under what is entered; ``PlanError`` where it is blank."""
    if not by.strip():
        raise PlanError(
            "the field by is blank; write your name there, so that the ledger knows who entered the"
            " rows"
        )
    return by.strip()


def doubtful(cells: pd.DataFrame) -> np.ndarray:
    """Which ``consensus`` is farther from its ``statistics`` than half of them, or beyond twice its
    band ``p10`` to ``p90`` (NaN = none).

    >>> cell = {"statistics": 100.0, "p10": 90.0, "p90": 120.0}
    >>> doubtful(pd.DataFrame([cell | {"consensus": 139.0}, cell | {"consensus": 141.0}])).tolist()
    [False, True]
    """
    away = cells["consensus"] - cells["statistics"]
    width = np.where(away > 0, cells["p90"], cells["p10"]) - cells["statistics"]
    far = (away.abs() > FAR * cells["statistics"]) | (away.abs() > BANDS * np.abs(width))
    return far.to_numpy()


def called(cell) -> str:
    """A scope or cell in words.

    >>> called({"item": "P-300", "family": "", "market": ""})
    'P-300, all markets'
    """
    who = cell["item"] or cell["family"] or "everything"
    return f"{who}, {cell['market'] or 'all markets'}"
