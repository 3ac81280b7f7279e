"""How numbers, months and names read on pages and charts: one place, so that they read alike
everywhere.
"""

import html
import math
import unicodedata
from contextlib import contextmanager
from contextvars import ContextVar

import numpy as np
import pandas as pd

BLANK = "–"
SYMBOLS = {"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥", "CNY": "¥", "INR": "₹"}
_SCALES = ((1e9, "bn"), (1e6, "M"), (1e3, "k"))

_MARK = ContextVar("decimal mark", default=".")
_SWAPPED = str.maketrans(",.", ".,")


@contextmanager
def decimal_mark(mark: str):
    """Within it every number is written with this decimal mark, and thousands with the other.

    >>> with decimal_mark(","):
    ...     number(1200.5, 1), money(-1_240_000)
    ('1.200,5', '−1,24 M€')
    """
    before = _MARK.set(mark)
    try:
        yield
    finally:
        _MARK.reset(before)


class Html(str):
    """Words that are HTML already."""


def number(value, decimals: int | None = None, *, sign: bool = False) -> str:
    """A number with thousands separators, a true minus sign and no more decimals than matter; "–"
    where there is none.

    >>> number(-1234.4), number(0.256), number(12, sign=True), number(float("nan"))
    ('−1,234', '0.26', '+12', '–')
    """
    if pd.isna(value):
        return BLANK
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    decimals = matter([value]) if decimals is None else decimals
    rounded = round(float(value), decimals) + 0.0
    text = f"{abs(rounded):,.{decimals}f}"
    text = text if _MARK.get() == "." else text.translate(_SWAPPED)
    return ("−" if rounded < 0 else "+" if sign and rounded > 0 else "") + text


def matter(values) -> int:
    """How many decimals matter in a column of numbers: none for whole or large ones, one below 100,
    two below 1.

    >>> matter([1200.5, 3]), matter([12.25]), matter([3.0, 4.0])
    (0, 1, 0)
    """
    values = np.asarray(values, dtype=float)
    values = np.abs(values[np.isfinite(values)])
    if not len(values) or values.max() >= 100 or (values == np.round(values)).all():
        return 0
    return 1 if values.max() >= 1 else 2


def percent(fraction, decimals: int = 1, *, sign: bool = False) -> str:
    """A fraction in percent.

    >>> percent(0.9684), percent(-0.02, sign=True)
    ('96.8 %', '−2.0 %')
    """
    return BLANK if pd.isna(fraction) else f"{number(100 * fraction, decimals, sign=sign)} %"


def against(value, other, decimals=1) -> str:
    """A value beside another in words: "2.4 % above", "as", or "beside" where the other is 0."""
    if not other:
        return "beside"
    change = value / other - 1
    words = f"{percent(abs(change), decimals)} {'above' if change > 0 else 'below'}"
    return "as" if abs(change) < 0.005 / 10**decimals else words


def scale(values, currency: str = "EUR") -> tuple[float, str]:
    """Divisor and unit in which an amount of money, or a column of them, is read.

    >>> scale([12_500_000], "EUR"), scale([900], "CHF")
    ((1000000.0, 'M€'), (1.0, 'CHF'))
    """
    largest = np.nanmax(np.abs(np.append(np.asarray(values, dtype=float), 0.0)))
    symbol = SYMBOLS.get(currency, currency)
    for size, prefix in _SCALES:
        if largest >= 10 * size or (size > 1e3 and largest >= size):
            return size, f"{prefix}{symbol}"
    return 1.0, symbol


def money(value, currency: str = "EUR", *, sign: bool = False) -> str:
    """An amount with its currency and scale.

    >>> money(-38_400), money(2_430_000, "USD", sign=True)
    ('−38.4 k€', '+2.43 M$')
    """
    if pd.isna(value):
        return BLANK
    size, unit = scale([value], currency)
    amount = value / size
    decimals = (
        0 if size == 1.0 or abs(amount) >= 100 else 2 if size > 1e3 and abs(amount) < 10 else 1
    )
    return f"{number(amount, decimals, sign=sign)} {unit}"


def is_money(unit: str) -> bool:
    """Whether a unit is a currency code."""
    return len(unit) == 3 and unit.isupper()


def quantity(value, unit: str = "", *, sign: bool = False) -> str:
    """A value as its unit is read: ``fraction`` as percent, a currency code as money, anything else
    with its unit after it.

    >>> quantity(0.968, "fraction"), quantity(12500, "EUR"), quantity(4.21, "days")
    ('96.8 %', '12.5 k€', '4.2 days')
    """
    if isinstance(value, str):
        return clean(value)
    if unit == "fraction":
        return percent(value, sign=sign)
    if is_money(unit):
        return money(value, unit, sign=sign)
    text = number(value, sign=sign)
    return f"{text} {unit}" if unit and text != BLANK else text


def day(stamp) -> str:
    """A day as people write it, blank where there is none.

    >>> day("2027-01-04"), day(None)
    ('4 Jan 27', '')
    """
    stamp = pd.to_datetime(stamp, errors="coerce")
    return "" if pd.isna(stamp) else f"{stamp.day} {stamp:%b %y}"


def clean(text, longest: int | None = None) -> str:
    """A name or note as one line that can be drawn: no control or direction marks, shortened at
    ``longest``.

    >>> clean("bolt\\x00\\nM8"), clean("a long name", 7)
    ('bolt M8', 'a long…')
    """
    if isinstance(text, Html):
        return text
    if pd.isna(text):
        return ""
    kept = "".join(
        " " if c in "\n\r\t" else c
        for c in str(text)
        if c in "\n\r\t" or unicodedata.category(c)[0] != "C"
    )
    kept = " ".join(kept.split())
    return kept if longest is None or len(kept) <= longest else kept[: longest - 1].rstrip() + "…"


def escape(text, longest: int | None = None) -> str:
    """``clean`` text that is safe inside HTML, quotes too.

    >>> escape('<b onclick="x">')
    '&lt;b onclick=&quot;x&quot;&gt;'
    """
    text = clean(text, longest)
    return text if isinstance(text, Html) else html.escape(text, quote=True)


def listing(names, most: int = 3) -> str:
    """Names in a sentence, the rest counted.

    >>> listing(["pumps", "valves"]), listing(list("abcde"))
    ('pumps and valves', 'a, b, c and 2 more')
    """
    names = [clean(name, 40) for name in names]
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)


def count(many: int, name: str) -> str:
    """A number of things, one or many.

    >>> count(1, "item"), count(2300, "month"), count(2, "family")
    ('1 item', '2,300 months', '2 families')
    """
    plural = f"{name[:-1]}ies" if name[-1:] == "y" and name[-2] not in "aeiou" else f"{name}s"
    return f"{number(many)} {name if many == 1 else plural}"


def spoken(name: str) -> str:
    """A KPI's or rule's name as people say it.

    >>> spoken("on_time_delivery"), spoken("otif")
    ('On time delivery', 'OTIF')
    """
    words = clean(name, 40).replace("_", " ")
    return words.upper() if words == "otif" else words[:1].upper() + words[1:]
