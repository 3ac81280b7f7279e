"""What a plan is asked with, and how its frames are read: blanks become defaults, and what
contradicts itself is named by table, row and column.
"""

import re
from math import inf

import numpy as np
import pandas as pd

from sopkit.buckets import local_stamps
from sopkit.errors import PlanError
from sopkit.metrics.scopes import SUPPLIED
from sopkit.tables import INPUTS, Table, settled
from sopkit.tables.declare import bucket, number, text

MOVES = "hired", "laid_off"
MADE = ["production", "overtime_production"]
FROZEN = SUPPLIED[:-1]  # what arrives, as a plan releases it


def _cells(name, doc, *columns, of="item", more=()):
    """A declared table by item (or what else it is ``of``) and bucket that a plan is asked with
    beside the facts.
    """
    key = text(of, f"{of} code", required=True), bucket()
    return Table(name, "input", doc, (of, "bucket", *more), (*key, *columns))


UNITS = number("quantity", "units", "units of the bucket", required=True, at_least=0, blank=0)
WANTED = number("quantity", "units", "never blank: 0 where nothing is", required=True, at_least=0)
MARKET = text("market", "who wants them; told beside lanes", blank="")
ASKED = [
    _cells("demand", "Units wanted; its buckets are the horizon", MARKET, WANTED, more=["market"]),
    _cells("safety_stock", "Units to hold at a bucket's end", UNITS),
    _cells("bookings", "Units booked before the horizon", MARKET, UNITS, more=["market"]),
    _cells(
        "frozen",
        "Units that stand as they are released",
        text("source", "whom they come from; blank = the cheapest first", blank=""),
        text("site", "where; blank = where the item is got first", blank=""),
        *(number(name, "units", "blank = not frozen", at_least=0) for name in FROZEN),
        more=["source", "site"],
    ),
    _cells(
        "added_hours",
        "Regular hours that initiatives add or take",
        number("change", "hours/bucket", "blank = 0", blank=0),
        of="resource",
    ),
    _cells(
        "announced",
        "Moves of people that are announced",
        *(
            number(name, "workers", "inside the notice; blank = 0", at_least=0, blank=0)
            for name in MOVES
        ),
        of="resource",
    ),
]
FACTS = """
    items resources bill_of_resources components sourcing lanes inventory receipts
""".split()
TABLES = {name: INPUTS[name] for name in FACTS} | {table.name: table for table in ASKED}
NEEDED = {  # where it is not what is declared as required: stock counted or owed, due some day
    "inventory": ["item"],
    "receipts": ["item", "due_on", "quantity"],
}
SENT = "transfer from "  # the source of what lanes bring
MAYBE = ("due_on",)  # a column that is needed, of which a cell may be blank: overdue
SIGNED = "extra_hours", "change"  # hours may be taken away
ENDLESS = """
    lead_time customer_lead_time backlog_cost lost_sales_cost maximum_stock shelf_life max_quantity
    hours workers overtime_hours overtime_per_worker hiring_cost layoff_cost
""".split()  # columns in which inf means something
UNREADABLE = {
    "text": ("", ""),
    "number": ("are not a number", "write a number or leave it blank"),
    "date": ("are no dates", "write dates as 2026-11-01"),
}


def given(frame, name: str) -> pd.DataFrame:
    """A table of a plan as declared, with a fresh RangeIndex and its blanks filled; None is a table
    without a row.

    A column that is missing, a word for a number, a value outside its rule, no date, a blank where
    one must be told and a repeated key are errors that name their rows.

    >>> given(pd.DataFrame({"item": ["A"], "lead_time": [None]}), "items")["lead_time"].tolist()
    [0.0]
    """
    return TABLES[name].filled(checked(frame, name))


def checked(frame, name: str) -> pd.DataFrame:
    """The table as ``given``, its blanks as they are (a word that is blank is NaN too)."""
    table = TABLES[name]
    needed = NEEDED.get(name, table.required)
    if frame is None:
        return table.empty()
    missing = [column for column in needed if column not in frame]
    if missing:
        raise PlanError(
            f"table {name} has no column {', '.join(missing)}; it has"
            f" {', '.join(map(str, frame)) or 'none'}; add it (contract: input tables)"
        )
    frame = frame[[c for c in table.names if c in frame]].reset_index(drop=True)
    words = frame.select_dtypes(exclude=["number", "datetime"])
    frame = frame.assign(**words.replace(r"^\s*$", np.nan, regex=True))
    read = pd.DataFrame({c: READ[table[c].kind](frame[c]) for c in frame}, frame.index)
    for column in frame:
        must = column in needed and table[column].default is None and column not in MAYBE
        for fault in _faults(table[column], frame[column], read[column], must):
            refuse(frame, name, column, *fault)
    read, key = table.typed(read), list(table.key)
    mend = f"keep one row per {' and '.join(key)}, or add them up"
    refuse(frame, name, key[0], read.duplicated(key), "appear more than once", mend)
    return read


def own_work(bill) -> pd.DataFrame:
    """The rows of a declared bill (of resources, or components) that are the company's own, not a
    source's.
    """
    return bill[bill["source"] == ""]


def made(bill, components) -> pd.Index:
    """The items that the company makes: what own work or parts are declared of."""
    return pd.Index(own_work(bill)["item"]).union(own_work(components)["parent"])


def fence(settings) -> int:
    """Whole buckets of the settings' planning fence."""
    return int(np.ceil(settled(settings)["planning_fence"]))


def _faults(column, cells, read, must):
    """(where, what, mend) of all that the cells of a column, as written and as read, may get
    wrong.
    """
    unread, (what, mend) = read.isna() & cells.notna(), UNREADABLE[column.kind]
    if column.kind == "date" and unread.any():
        mend += _readings(str(cells[unread].iloc[0]))
    yield unread, what, mend
    if column.kind == "number":
        if column.name not in SIGNED:
            yield read < 0, "are below 0", "mend the sign" + " or leave it blank" * (not must)
        if (most := column.at_most) is not None:
            mend = "write 0.95 for 95 %" if most <= 1 else f"write {most:g} or less"
            yield read > most, f"are above {most:g}", mend
        if column.name not in ENDLESS:
            yield read == inf, "are endless", f"write a finite {column.name}"
    if column.choices:
        unknown = read.notna() & ~read.isin(column.choices)
        yield unknown, "are unknown", f"write {column.rule}"
    if must:
        verb = "name" if column.kind == "text" else "write"
        yield read.isna(), "are blank", f"{verb} the {column.name}"


def _readings(text: str) -> str:
    """The days that a date in another notation may mean, in words; empty if none."""
    forms = ("%d.%m.%Y", "%m.%d.%Y")
    days = [pd.to_datetime(re.sub("[/-]", ".", text), format=f, errors="coerce") for f in forms]
    days = dict.fromkeys(f"{day:%Y-%m-%d}" for day in days if pd.notna(day))
    return f": {text} may be {' or '.join(days)}" if days else ""


def _dates(cells) -> pd.Series:
    """Days at midnight, where they were written if in a time zone; what is written otherwise, and
    any number, is blank.
    """
    words = cells.where(cells.isna()) if pd.api.types.is_numeric_dtype(cells) else cells
    return local_stamps(words).dt.normalize()


def _numbers(cells) -> pd.Series:
    written = cells if cells.dtype.kind in "iuf" else cells.astype("object")
    return pd.to_numeric(written, errors="coerce").astype("float64")


READ = {"text": pd.Series.copy, "number": _numbers, "date": _dates}


def known_codes(tables) -> None:
    """``PlanError`` for an item or resource of a declared table that its own table does not
    name.
    """
    for key in ("item", "resource"):
        for name, frame in tables.items():
            for column in frame.columns.intersection([key, *("parent", "child") * (key == "item")]):
                positions(tables[f"{key}s"][key].unique(), frame[column], name, column)


def item_rows(items, names, table: str) -> pd.DataFrame:
    """The declared facts of the items that ``table`` names, in the order of ``names``."""
    frame = given(items, "items")
    return frame.iloc[positions(frame["item"], names, table, "item")].reset_index(drop=True)


def refuse(frame, table: str, column: str, wrong, problem: str, mend: str) -> None:
    """Raise ``PlanError`` naming the first wrong rows of a table, if there are any."""
    rows = np.flatnonzero(wrong)
    if not len(rows):
        return
    keys = frame.filter("item parent child from to resource source bucket due_on".split())
    shown = "; ".join(
        f"row {row + 1} ({', '.join(map(str, keys.iloc[row].dropna()))}) has"
        f" {_plain(frame[column].iloc[row])!r}"
        for row in rows[:5]
    )
    raise PlanError(
        f"table {table}, column {column}: {len(rows)} value(s) {problem}: {shown}; {mend}",
        (table, column, rows, problem, mend),
    )


def positions(names, values, table: str, column: str) -> np.ndarray:
    """Where each value stands in ``names``; an unknown one is an error that names it.

    >>> positions(pd.Index(["A", "B"]), pd.Series(["B", "A"]), "demand", "item").tolist()
    [1, 0]
    """
    values = pd.Index(values).astype("str")
    found = pd.Index(names).astype("str").get_indexer(values)
    unknown = values[found < 0].unique()
    if len(unknown):
        raise PlanError(
            f"table {table}, column {column}: {len(unknown)} unknown value(s), first"
            f" {', '.join(unknown[:5])}; add them to their own table or take the rows out"
        )
    return found


def _plain(value):
    """The value as a person wrote it, not as an array holds it."""
    return value.item() if hasattr(value, "item") else value
