"""Assumptions that test themselves: a condition is a sentence in a small language, read by a
grammar and held against the tables of every plan.
"""

import re
from typing import NamedTuple

import numpy as np
import pandas as pd
from lark import Lark, Token, Transformer, UnexpectedInput

from sopkit.buckets import parse_month
from sopkit.errors import PlanError, nearest
from sopkit.grid import belonging, cell_of
from sopkit.metrics.kpis import KPIS
from sopkit.metrics.scopes import actuals
from sopkit.metrics.stages import COMPANY
from sopkit.tables.judgments import current

GRAMMAR = r"""
start: MEASURE ("of" scope)? ("in" market)? COMPARE amount size? since? until?
scope: QUOTED | NAME
market: QUOTED | NAME
amount: NUMBER PERCENT?
size: "a" SIZE
since: "from" MONTH
until: "until" MONTH
MEASURE: /[A-Za-z][\w -]*?(?=\s+(of|in)\s|\s*[<>≤≥=])/
NAME: /[^\s<>≤≥="][^<>≤≥="]*?(?=\s+in\s|\s*[<>≤≥=])/
QUOTED: /"[^"]+"/
COMPARE: "<=" | ">=" | "≤" | "≥" | "<" | ">" | "="
NUMBER: /[-−]?\d+(\.\d+)?/
PERCENT: "%"
SIZE: "week" | "month" | "quarter"
MONTH: /\d{4}-\d{2}/
%ignore /\s+/
"""
EXAMPLE = "demand of Pumps in North >= 1200 a month until 2027-03"
CITES = {"text", "options", "note"}  # columns in which people quote an assumption
WHOLE = np.inf  # below a value that is a sum, not a share
HOLDS = {
    "<=": np.less_equal,
    "≤": np.less_equal,
    ">=": np.greater_equal,
    "≥": np.greater_equal,
    "<": np.less,
    ">": np.greater,
    "=": np.isclose,
}


PARSER = Lark(GRAMMAR, parser="lalr")


class Condition(NamedTuple):
    """A condition, read: ``measure`` of a ``scope`` in a ``market`` compared with an amount, in the
    buckets ``since`` (None: the cycle that it was entered for) … ``until`` (the plan's last).
    """

    measure: str
    compare: str
    amount: float
    scope: str = ""
    market: str = ""
    size: str | None = None
    since: pd.Timestamp | None = None
    until: pd.Timestamp | None = None
    percent: bool = False


def condition(text: str) -> Condition:
    """The condition that a text says; ``PlanError`` with what to write where it says none.

    >>> condition("price of Pumps <= 12 until 2027-03")[:4]
    ('price', '<=', 12.0, 'Pumps')
    """
    try:
        said = _Read().transform(PARSER.parse(text))
    except UnexpectedInput as error:
        over = getattr(getattr(error, "token", None), "type", "") == "$END"
        at = "" if over else text[max(error.column - 1, 0) :][:20]
        raise PlanError(
            f"condition {text!r} is not understood at {at or 'its end'!r}; write a measure, whom it"
            f" is of, a comparison and an amount, like: {EXAMPLE}"
        ) from None
    if said.measure not in MEASURES and said.measure not in KPIS:
        known = ", ".join([*MEASURES, *(name.replace("_", " ") for name in KPIS)])
        raise PlanError(f"condition {text!r}: no measure {said.measure!r}; known are: {known}")
    return said


def testable(text: str, book) -> None:
    """``PlanError`` for a condition that no plan could test, and for one of somebody whom the book
    does not know.
    """
    known = {*book.items["item"], *book.known("family"), *book.resources["resource"]}
    said, markets = condition(text), {*book.demand_plan["market"], *book.history["market"]}
    markets |= {*book.known("market")}
    for name, names in ((said.scope, known), (said.market, markets)):
        if name and name not in names:
            raise PlanError(f"condition: nobody is called {name!r}{nearest(name, names)}")


def verdicts(assumptions, book) -> pd.DataFrame:
    """The rows of the ledger; in those that stand and whose condition can be read, what the tables
    say: ``result`` held, broken, not yet (nothing of its time has passed, the plan keeps it)
    or no data, and ``seen`` the value that decides and its bucket. Of others people judge.
    """
    rows = assumptions.assign(seen=None)
    for at, row in current(rows).dropna(subset=["condition"]).iterrows():
        try:
            said = condition(row["condition"])
        except PlanError:
            continue
        rows.loc[at, ["result", "seen"]] = _verdict(said, row["cycle"], book)
    return rows


def citing(assumptions, book) -> pd.Series:
    """What rests on each assumption: the rows of the ledger that quote its words, as "override 12,
    decision 4"; empty where none does.
    """
    plain = lambda words: words.astype("str").str.replace(r"\s+", " ", regex=True).str.casefold()
    told = {}
    for name in ("overrides", "decisions", "sign_offs"):
        rows = getattr(book, name)
        words = [plain(rows[column].fillna("")) for column in CITES & {*rows}]
        told |= {
            f"{name.replace('_', '-')[:-1]} {number}": " · ".join(cells)
            for number, *cells in zip(rows["id"], *words)
        }
    return plain(assumptions["text"]).map(
        lambda text: ", ".join(name for name, words in told.items() if text in words)
    )


class _Read(Transformer):
    """A parsed condition as a ``Condition``."""

    def start(self, parts):
        measure, *parts = parts
        compare = next(str(part) for part in parts if isinstance(part, Token))
        said = dict(part for part in parts if isinstance(part, tuple))
        said["amount"], said["percent"] = said["amount"]
        return Condition(re.sub(r"[\s-]+", "_", measure.strip()), compare, **said)

    def amount(self, parts):
        value = float(parts[0].replace("−", "-"))
        return "amount", (value / 100, True) if len(parts) > 1 else (value, False)

    def __default__(self, data, children, meta):
        word = str(children[0]).strip().strip('"')
        return data, parse_month(word) if data in ("since", "until") else word


def _verdict(said, cycle, book):
    """The result in a word, and the value that decides."""
    calendar, whom = book.calendar, said.scope
    if said.size not in (None, calendar.size):
        return "no data", f"planned by {calendar.size}"
    if said.measure in MEASURES:
        values = MEASURES[said.measure](book).assign(bottom=lambda v: v.get("bottom", WHOLE))
        values = belonging(values, book.members)
    else:
        values, whom = _kpi(said.measure, book), said.scope or COMPANY
    if whom:
        cells = ("item", "family", "resource", "scope")
        named = [name for name in values if cell_of(name) in cells]
        values = values[(values[named].astype("str") == whom).any(axis=1)]
    if said.market:
        values = values[book.inside(values, "market", said.market)]
    since, until = said.since or calendar.first_in(cycle), said.until or book.buckets[-1]
    values = values[values["bucket"].between(since, until)]
    sums = values.groupby("bucket")[["top", "bottom"]].sum(min_count=1)
    found = (sums["top"] / sums["bottom"].mask(np.isinf(sums["bottom"]), 1.0)).dropna()
    near = np.isclose(found, said.amount) & ("<" != said.compare != ">")
    broken = found[~(HOLDS[said.compare](found, said.amount) | near)]
    past = found[found.index < book.first]
    if len(broken):
        return "broken", _seen(broken.index[0], broken.iloc[0], said, book)
    if len(past):
        return "held", _seen(past.index[-1], past.iloc[-1], said, book)
    return ("not yet", None) if len(found) else ("no data", None)


def _seen(bucket, value, said, book):
    told = f"{100 * value:.1f} %" if said.percent else f"{value:,.4g}"
    planned = " asked" if said.measure == "load" else " planned"
    planned = "" if bucket < book.first else planned
    return f"{told}{planned} in {book.calendar.name(bucket)}"


def _kpi(name, book):
    """A KPI's values by scope, each at its bucket."""
    values = pd.Series(KPIS[name].of(book), dtype="float64")
    rows = values.rename_axis(["scope", "bucket"][: values.index.nlevels]).reset_index(name="top")
    if "bucket" not in rows:
        rows["bucket"] = book.at(KPIS[name].step)
    return rows.assign(bottom=WHOLE)


def _demand(book):
    sold = actuals(book).rename(columns={"actual": "top"})
    return _joined(book, sold, book.demand_plan.rename(columns={"consensus": "top"}))


def _revenue(book):
    plan = book.priced(book.demand_plan)
    plan = plan.assign(top=plan["consensus"] * plan["price"])
    return _joined(book, book.sales_history.rename(columns={"revenue": "top"}), plan)


def _price(book):
    sold = book.sales_history.dropna(subset=["revenue"])
    sold = sold.assign(top=sold["revenue"], bottom=sold["quantity"])
    plan = book.priced(book.demand_plan).rename(columns={"consensus": "bottom"})
    return _joined(book, sold, plan.assign(top=plan["bottom"] * plan["price"]))


def _stock(book):
    counted = book.inventory_history.rename(columns={"on_hand": "top"})
    return _joined(book, counted, book.supply_plan.rename(columns={"projected_available": "top"}))


def _joined(book, past, plan):
    """Rows of before the plan, and the plan's."""
    return pd.concat([past[past["bucket"] < book.first], plan], ignore_index=True)


def _planned(table, top, bottom=None):
    """A measure that only the plan knows: a column of a table, over another."""

    def values(book):
        rows = getattr(book, table)
        return rows.assign(top=rows[top], bottom=rows[bottom] if bottom else WHOLE)

    return values


MEASURES = {
    "demand": _demand,
    "revenue": _revenue,
    "price": _price,
    "stock": _stock,
    "backlog": _planned("supply_plan", "backlog"),
    "late": _planned("supply_plan", "late"),
    "shipments": _planned("supply_plan", "shipments"),
    "load": _planned("capacity_plan", "unconstrained_load", "regular_capacity"),
    "overtime": _planned("capacity_plan", "overtime"),
    "workers": _planned("workforce_plan", "workers"),
}
