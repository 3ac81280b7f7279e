"""Cells: text becomes text, numbers and dates by the contract's rules; what cannot be read is
named, never guessed.
"""

import datetime
import re

import numpy as np
import pandas as pd

SPACES = " \t\r\n\v\f\u00a0\u200b\u2007\u202f\u3000\ufeff"
WORDS = {"nan", "null", "none", "na", "n/a", "#n/a", "inf", "+inf", "-inf", "infinity", "-infinity"}
PLAIN = {
    ".": r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?",
    ",": r"[+-]?([0-9]+,?[0-9]*|,[0-9]+)([eE][+-]?[0-9]+)?",
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
    r" ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?)?"
)
ISO_MONTH = re.compile(r"([0-9]{4})-([0-9]{2})()")
SLASHED = re.compile(r"([0-9]{1,4})[./-]([0-9]{1,2})[./-]([0-9]{1,4})")
YEARS = range(1900, 10000)
BUCKET_YEARS = range(1900, 2200)  # a bucket in 9999 is a slip, an end date of 9999-12-31 is a habit


def strip(cells):
    """The cells without spaces around them, and the row numbers of those that had some."""
    bare = cells.str.strip(SPACES)
    return bare, cells.index[(bare != cells).to_numpy(dtype=bool)]


def to_text(cells, mark=".", bucketed=False):
    """Text as written, NaN where blank; nothing can be odd about it."""
    return cells.where(cells != ""), {}


def to_number(cells, mark=".", bucketed=False):
    """float64, NaN where blank or not readable, and the odd cells: {text: (rule, problem)}."""
    plain = cells.str.fullmatch(PLAIN[mark]).to_numpy(dtype=bool)
    values = np.full(len(cells), np.nan)
    clean = cells[plain] if mark == "." else cells[plain].str.replace(",", ".", regex=False)
    values[plain] = clean.astype("float64")
    rest = cells[~plain & (cells != "").to_numpy(dtype=bool)]
    odd = {text: _odd_number(text, mark) for text in rest.unique()}
    values[~plain] = (
        cells[~plain].map({text: value for text, (value, *_) in odd.items()}).astype("float64")
    )
    report = {text: (rule, problem) for text, (_, rule, problem) in odd.items()}
    report |= {
        text: ("NaN or infinity", "is too large for a number")
        for text in cells[np.isinf(values)].unique()
    }
    return pd.Series(np.where(np.isinf(values), np.nan, values), index=cells.index), report


def to_date(cells, mark=".", bucketed=False):
    """datetime64, NaT where blank or not readable, and the odd cells; a bucket may be written
    2026-11.
    """
    codes, texts = pd.factorize(cells)
    read = [_read_date(text, bucketed) for text in texts]
    days = np.array([day for day, *_ in read] + ["NaT"], dtype="datetime64[us]")
    odd = {
        text: (rule, problem) for text, (_, rule, problem) in zip(texts, read, strict=True) if rule
    }
    return pd.Series(days[codes], index=cells.index), odd


TYPES = {"text": to_text, "number": to_number, "date": to_date}


def _odd_number(text, mark):
    """(value, rule, problem) of a cell that is no plain number."""
    if text.lower() in WORDS:
        return (
            np.nan,
            "NaN or infinity",
            "is a word, not a number; leave the cell empty where it is not known",
        )
    grouped = GROUPED[mark].fullmatch(text)
    if grouped:
        value = float(text.replace(grouped[2], "").replace(mark, "."))
        return value, "thousands separator", f"is read as {value:,.10g}".replace(",", "")
    other = "," if mark == "." else "."
    if re.fullmatch(PLAIN[other], text):
        problem = (
            f"could be {text.replace(',', '.')} or {re.sub('[.,]', '', text)}: this file's decimal"
            f" mark is '{mark}'"
        )
        return np.nan, "not a number", problem
    return np.nan, "not a number", "is not a number"


def _read_date(text, bucketed):
    """(day, rule, problem); rule is empty where the text is a date or blank."""
    if text == "":
        return "NaT", "", ""
    iso = ISO.fullmatch(text) or (bucketed and ISO_MONTH.fullmatch(text))
    if iso:
        day = _day(iso[1], iso[2], iso[3] or 1, BUCKET_YEARS if bucketed else YEARS)
        return (
            (day, "", "")
            if day
            else ("NaT", "impossible date", "is no day that can be planned with")
        )
    readings = _readings(text)
    problem = "is not YYYY-MM-DD"
    if readings:
        problem = "could be " + " or ".join(
            f"{d.day} {d:%B} {d.year} ({d.isoformat()})" for d in readings
        )
    return "NaT", "not an ISO date", problem


def _readings(text):
    """Days that a date in another notation may mean, the day-first reading first."""
    parts = SLASHED.fullmatch(text)
    if parts:
        a, b, c = parts.groups()
        orders = [(a, b, c)] if len(a) == 4 else [(c, b, a), (c, a, b)]
        days = [_day(int(y) + (2000 if len(y) <= 2 else 0), m, d) for y, m, d in orders]
    elif re.fullmatch(r"[0-9]{8}", text):
        days = [_day(text[:4], text[4:6], text[6:])]
    elif re.fullmatch(r"[2-7][0-9]{4}(\.0+)?", text):  # Excel counts days from 1899-12-30
        days = [datetime.date(1899, 12, 30) + datetime.timedelta(days=int(float(text)))]
    else:
        days = []
    return list(dict.fromkeys(day for day in days if day))


def _day(year, month, day, years=YEARS):
    try:
        found = datetime.date(int(year), int(month), int(day))
    except ValueError:
        return None
    return found if found.year in years else None
