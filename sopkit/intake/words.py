"""Words and styles: what exports call our columns, and how they write days and numbers, as
``words.toml`` lists them.
"""

import datetime
import re
import tomllib
import unicodedata
from functools import cache
from pathlib import Path

from sopkit.sources.typed import ISO
from sopkit.tables import INPUTS

TOLD = tomllib.loads(Path(__file__).with_name("words.toml").read_text(encoding="utf-8"))
CLOCK, SIGNS = (re.compile(pattern, re.I) for pattern in TOLD["cut"].values())
GROUPS = re.compile(r"(?<=\d)[ \u00a0\u202f'’](?=\d{3}(?!\d))")
ZERO = datetime.date(1899, 12, 30)  # a spreadsheet's day 0
MONTHS = {name: int(month) for month, names in TOLD["months"].items() for name in names.split()}
DATES, NUMBERS = ("dmy", "mdy", "ymd"), (*TOLD["numbers"],)
TOTAL = TOLD["left_out"]["total"].split(", ")
LONG = 4  # letters of a word that may end a longer one, and of a year


@cache
def bare(text) -> str:
    """A header without case, accents, signs and what stands in brackets; words stay apart.

    >>> bare("Menge [ST]"), bare("Lineitem sku"), bare("InvoiceDate"), bare("Größe")
    ('menge', 'lineitem sku', 'invoice date', 'grosse')
    """
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])|\(.*\)|\[.*\]", " ", text)
    marked = unicodedata.normalize("NFKD", apart.casefold())
    return " ".join(re.findall(r"[^\W_]+", re.sub(r"[\u0300-\u036f]", "", marked)))


@cache
def words(table, column) -> list[str]:
    """What a column of a table is called; "names": what its files are."""
    told = TOLD.get(table, {}).get(column) or TOLD["any"].get(column, column.replace("_", " "))
    return told.split(", ")


ALL = {word for table in INPUTS for c in INPUTS[table].names for word in [c, *words(table, c)]}


def rank(header, table, column) -> float:
    """How well a header fits a column: 0 is its own name, below 1000 a known word, below 2000 one
    that begins or ends the header (of a date or number), infinite no fit.

    >>> rank("bucket", "sales_history", "bucket"), rank("Colour", "sales_history", "bucket")
    (0, inf)
    """
    known, head = words(table, column), bare(header)
    if column == "revenue" and {*head.split()} & {*words("left_out", "revenue")}:
        return float("inf")
    loose = INPUTS[table][column].kind != "text"
    fits = [
        at + 1 if head == word else at + 1000
        for at, word in enumerate(known)
        if head == word
        or (loose and f" {head} ".startswith(f" {word} "))
        or (loose and f" {head}".endswith(word if len(word) >= LONG else f" {word}"))
    ]
    return 0 if header == column else min(fits, default=float("inf"))


def read_day(text, style="") -> str:
    """The day as ISO text (a time stamp keeps its time), empty if it is none in this style; a
    month or an ISO week is its first day.

    >>> read_day("31/05/2026", "dmy"), read_day("31/05/2026", "mdy"), read_day("03-NOV-26")
    ('2026-05-31', '', '2026-11-03')
    >>> read_day("2026-W07"), read_day("11.2026"), read_day("2026-11-03 10:12:44 +0100")
    ('2026-02-09', '2026-11-01', '2026-11-03 10:12:44+0100')
    """
    stamp = re.sub(r"(?<=\d) (?=[+-]\d{4}$)| ?UTC$", "", text)
    if ISO.fullmatch(stamp):
        return stamp
    for pattern in TOLD["dates"]["any"] + TOLD["dates"].get(style, []):
        if found := re.fullmatch(pattern, CLOCK.sub("", text), re.I):
            if day := _day(**found.groupdict()):
                return day
    return ""


def _day(y="", m=1, d=1, mon="", w="", serial=""):
    try:
        if serial:
            return str(ZERO + datetime.timedelta(int(serial)))
        year = int(y) + 2000 * (len(y) < LONG)
        if w:
            return str(datetime.date.fromisocalendar(year, int(w), 1))
        return str(datetime.date(year, MONTHS[bare(mon)] if mon else int(m), int(d)))
    except (ValueError, KeyError):
        return ""


def read_amount(text, style) -> str:
    """The number with a decimal point and nothing else, empty if it is none in this style.

    >>> [read_amount(text, "1.234,5") for text in ("1.200,50 €", "(20)", "12-", "1.5", "EUR 7")]
    ['1200.50', '-20', '-12', '', '7']
    """
    found = re.fullmatch(
        TOLD["numbers"].get(style, ""), GROUPS.sub("", SIGNS.sub("", text)).strip()
    )
    if not found or not re.search(r"\d", text) or (found[1] == "(") != (found[3] == ")"):
        return ""
    minus = "-" * bool(re.search("[-−(]", found[1] + found[3]))
    return minus + found[2].replace(style[1], "").replace(style[-2], ".")


READERS = {"date": (DATES, read_day), "number": (NUMBERS, read_amount)}


def settle(kind, texts):
    """The style in which all texts are dates or numbers, "" where every style reads them alike, or
    a list: what two styles read differently, or what each alone can read.

    >>> settle("date", ["03/04/2026", "31/05/2026"]), settle("date", ["03/04/2026"])
    ('dmy', ['03/04/2026'])
    >>> settle("number", ["1.200,50", "3"]), settle("number", ["1,5", "1.5"])
    ('1.234,5', ['1.5', '1,5'])
    """
    (one, other, *_), read = READERS[kind]
    readings = [(read(text, one), read(text, other), text) for text in texts]
    first = [text for a, b, text in readings if a and not b]
    second = [text for a, b, text in readings if b and not a]
    if first and second:
        return [first[0], second[0]]
    return one if first else other if second else [t for a, b, t in readings if a != b][:1] or ""
