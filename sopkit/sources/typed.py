"""Typed tables: text against a declaration; every cell that cannot be what its column says is an
issue, named and never guessed.
"""

import datetime
import math
import re

import numpy as np
import pandas as pd
import pandera.errors

from sopkit import buckets
from sopkit.errors import nearest
from sopkit.sources.issues import found

SPACES = " \t\r\n\v\f\u00a0\u200b\u2007\u202f\u3000\ufeff"
WORDS = {"nan", "null", "none", "na", "n/a", "#n/a", "inf", "+inf", "-inf", "infinity", "-infinity"}
PLAIN = {
    mark: re.compile(rf"[+-]?([0-9]+[{mark}]?[0-9]*|[{mark}][0-9]+)([eE][+-]?[0-9]+)?")
    for mark in ".,"
}
GROUPED = {
    mark: re.compile(
        rf"([+-]?[1-9][0-9]{{0,2}})(?:([{group}"
        rf" \u00a0\u202f'’])[0-9]{{3}})(?:\2[0-9]{{3}})*([{mark}][0-9]*)?"
    )
    for mark, group in ((".", ","), (",", "."))
}
ISO = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[T"
    r" ]((?:[01][0-9]|2[0-3]):[0-5][0-9])(?::[0-5][0-9](?:\.[0-9]+)?)?"
    r"(?:Z|[+-][0-9]{2}:?[0-9]{2})?)?"
)
LATE = ("21:00", "22:00", "23:00")  # what midnight of the next day is in UTC, east of it
ZONED = re.compile(r"\S{10}[T ][12][0-9]:.*(Z|[+-]00:?00)")  # so it may be further east
ISO_MONTH = re.compile(r"([0-9]{4})-([0-9]{2})()")
SLASHED = re.compile(r"([0-9]{1,4})[./-]([0-9]{1,2})[./-]([0-9]{1,4})")
YEARS = range(1900, 10000)  # an end date of 9999-12-31 is a habit
ENDS, NOTHING = ("ends_on", "retired_on"), ("1899-12-30", "1899-12-31", "1900-01-00", "1900-01-01")
UNCALCULATED = "is a formula that was never calculated"
REMADE = "is what a spreadsheet made of a code"
# What a spreadsheet leaves: a formula anywhere; of a text also a time stamp or an error; of a code
# also a day or a number that lost digits.
FORMULA = r"\x00[\s\S]*"  # as read_sheet marks it
TEXT = FORMULA + r"|\d{4}-\d\d-\d\d[ T][\d:.]+|(\d+ days?, )?\d\d?:\d\d:\d\d|#(N/A|NV|[A-Z/0]+[!?])"
MONTH = "(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
CODE = TEXT + rf"|\d{{4}}-\d\d-\d\d|\d\d?-{MONTH}|{MONTH}-\d\d|\d([.,]\d+)?[Ee][+]\d+"
# column: what it names
NAMES = {
    "item": "item",
    "like_item": "item",
    "successor": "item",
    "cannibalised_item": "item",
    "parent": "item",
    "child": "item",
    "family": "family",
    "cannibalised_family": "family",
    "resource": "resource",
    "market": "market",
}
UNSEEN = "[\u00ad\u200b-\u200f\u202a-\u202e\u2060\ufeff]"
REPAIRED = ("orders", "quantity")  # out of range, but mended later instead of refused


def type_table(table, raw):
    """(frame with every declared column typed, issue frames); the index keeps the row numbers of
    the file.
    """
    texts, issues = _columns(table, raw)
    values = {}
    for name, cells in texts.items():
        bare = texts[name] = cells.str.replace(UNSEEN, "", regex=True).str.strip(SPACES)
        kind = CODE if name in NAMES else TEXT if table[name].kind == "text" else FORMULA
        lost = bare[bare.str.fullmatch(f"({kind})")]
        problem = [UNCALCULATED if text[0] == "\0" else REMADE for text in lost]
        issues.append(
            found("not as typed", table.name, lost.index, name, lost.str.strip("\0"), problem)
        )
        values[name], odd = _values(bare.drop(lost.index), table[name], raw.decimal)
        spaced = cells[bare != cells]
        problem = "has spaces around it, or characters that nobody sees"
        issues.append(found("stray space", table.name, spaced.index, name, spaced, problem))
        for text, (rule, problem) in odd.items():
            issues.append(found(rule, table.name, bare.index[bare == text], name, text, problem))
    frame = table.typed(pd.DataFrame(values, index=raw.frame.index))
    return frame, [*issues, *_broken(table, frame, texts)]


def _columns(table, raw):
    """The declared columns of a raw table by name, and what is wrong with its header."""
    columns, issues = {}, []

    def say(rule, name, text, problem):
        issues.append(found(rule, table.name, 1, name, text, problem))

    header = [str(name).strip() for name in raw.frame.columns]
    known = [name for name in table.names if name not in header]
    for place, (name, written) in enumerate(zip(header, raw.frame.columns)):
        if name != written:
            say("stray space", name, written, "has spaces around it")
        if name in columns:
            problem = f"column {place + 1} has the name of an earlier one"
            say("repeated column", name, name, problem)
        elif name in table.names:
            columns[name] = raw.frame.iloc[:, place]
        elif name or (raw.frame.iloc[:, place] != "").any():
            # A name that is nearly right may still count in other units.
            hint = nearest(name, known, lambda near: f"{near} ({table[near].unit})")
            say("unknown column", name, name, f"is no column of {table.name}{hint}")
    for name in table.required:
        if name not in columns:
            problem = f"{table.name} needs the column {name}: {table[name].doc}"
            say("missing column", name, "", problem)
    return columns, issues


def _broken(table, frame, texts):
    """Issues of the cells that break their column's rule: blank where a value is needed, a word
    that is not allowed, a number out of range. (Keys are checked once dates are buckets.)
    """
    try:
        table.schema.validate(frame, lazy=True)
    except pandera.errors.SchemaErrors as error:
        cases = error.failure_cases.query("check != 'multiple_fields_uniqueness'")
    else:
        return
    for (name, check), its in cases.groupby(["column", "check"]):
        if name not in texts:
            continue
        rows, column = its["index"].astype("int64"), table[name]
        cells = texts[name][rows]
        if check == "not_nullable":
            blank = cells.index[cells == ""]
            yield found("blank", table.name, blank, name, "", "a value is needed")
        elif column.choices:
            problem = [f"expected {column.rule}{nearest(v, column.choices)}" for v in cells]
            yield found("not one of", table.name, rows, name, cells, problem)
        elif "range" in check or (table.name, name) != REPAIRED:
            told = column.rule if "range" not in check else f"at most {column.most:g}"
            yield found("out of range", table.name, rows, name, cells, f"must be {told}")


def _values(cells, column, decimal):
    """The cells as their column's kind, blank where they cannot be read, and the odd ones: {text:
    (rule, problem)}.
    """
    if column.kind == "text":
        return cells.where(cells != ""), {}
    codes, texts = pd.factorize(cells)
    if column.kind == "number":
        read, blank, dtype = [read_number(text, decimal) for text in texts], math.nan, "float64"
    else:
        soon = column.name not in ENDS
        read, blank = [read_date(text, column.bucketed, soon) for text in texts], "NaT"
        dtype = column.dtype
    values = np.array([blank if value is None else value for value, *_ in read] + [blank], dtype)
    odd = {text: said for text, (_, *said) in zip(texts, read) if said[0]}
    return pd.Series(values[codes], index=cells.index), odd


def read_number(text, mark="."):
    """(value or None, rule, problem); rule is empty where the text is a number or blank.

    >>> read_number("12,5", ",")
    (12.5, '', '')
    """
    if PLAIN[mark].fullmatch(text):
        value = float(text.replace(mark, "."))
        if math.isinf(value):
            return None, "NaN or infinity", "is too large for a number"
        return value, "", ""
    if text == "":
        return None, "", ""
    if text.lower() in WORDS:
        problem = "is a word, not a number; leave the cell empty where it is not known"
        return None, "NaN or infinity", problem
    if grouped := GROUPED[mark].fullmatch(text):
        value = float(text.replace(grouped[2], "").replace(mark, "."))
        return value, "thousands separator", f"is read as {value:.10g}"
    problem = "is not a number"
    if PLAIN["," if mark == "." else "."].fullmatch(text):
        readings = f"{text.replace(',', '.')} or {re.sub('[.,]', '', text)}"
        problem = f"could be {readings}: this file's decimal mark is '{mark}'"
    return None, "not a number", problem


def read_date(text, bucketed=False, soon=True):
    """(day or None, rule, problem); rule is empty where the text is a date or blank; a bucket may
    be written 2026-11, and what need not be ``soon`` lie in 9999.
    """
    if text == "":
        return None, "", ""
    iso = ISO.fullmatch(text) or (bucketed and ISO_MONTH.fullmatch(text))
    if iso:
        day = _day(iso[1], iso[2], iso[3] or 1, buckets.YEARS if soon else YEARS)
        if text[:10] in NOTHING:
            return None, "impossible date", "is what a spreadsheet makes of an empty cell"
        if day is None:
            return None, "impossible date", "is no day that can be planned with"
        late = iso[iso.lastindex] in LATE or (
            bucketed and ZONED.fullmatch(text) and (day + datetime.timedelta(days=1)).day == 1
        )
        return day, "late hour" if late else "", f"is read as {day}" if late else ""
    days = dict.fromkeys(filter(None, _readings(text)))
    either = " or ".join(f"{day.day} {day:%B} {day.year} ({day.isoformat()})" for day in days)
    return None, "not an ISO date", f"could be {either}" if days else "is not YYYY-MM-DD"


def _readings(text):
    """Days that a date in another notation may mean, the day-first reading first."""
    if parts := SLASHED.fullmatch(text):
        a, b, c = parts.groups()
        orders = [(a, b, c)] if len(a) == 4 else [(c, b, a), (c, a, b)]
        return [_day(int(y) + (2000 if len(y) <= 2 else 0), m, d) for y, m, d in orders]
    if re.fullmatch(r"[0-9]{8}", text):
        return [_day(text[:4], text[4:6], text[6:])]
    if re.fullmatch(r"[2-7][0-9]{4}(\.0+)?", text):  # Excel counts days from 1899-12-30
        return [datetime.date(1899, 12, 30) + datetime.timedelta(days=int(float(text)))]
    return []


def _day(year, month, day, years=YEARS):
    try:
        found = datetime.date(int(year), int(month), int(day))
    except ValueError:
        return None
    return found if found.year in years else None
