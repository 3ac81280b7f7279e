"""What planners type and paste: numbers as they write them, exact or refused."""

import re

import pandas as pd

from sopkit.charts.words import decimal_mark, number
from sopkit.errors import PlanError


def read_number(text: str, where: str, mark: str = ".") -> float | None:
    """The number that a person wrote with this decimal ``mark``; None of a blank cell.

    Thousands stand in groups of three, parted by the other mark, ' or the narrow blanks of a
    spreadsheet; the signs − and ( ) are understood. Raises ``PlanError`` that names ``where``.

    >>> read_number("1.200,5", "Mar 27", ","), read_number("(1,200)", "Mar 27")
    (1200.5, -1200.0)
    """
    plain = re.sub(r"^\((.*)\)$", r"-\1", text.strip(" \t\r")).replace("−", "-")
    if not plain:
        return None
    other, mark = ("," if mark == "." else "."), re.escape(mark)
    parted = rf"\d{{1,3}}(?:([{other}'’\u00a0\u2009\u202f])\d{{3}})?(?:\1\d{{3}}){{0,3}}"
    if not re.fullmatch(rf"[+-]?(?=.*\d)(?:\d{{1,15}}|{parted})?(?:{mark}\d*)?", plain, re.ASCII):
        example = "1.200,5" if other == "." else "1,200.5"
        raise PlanError(
            f"{where}: {text.strip()[:30]!r} is no number; write it like {example}, one number"
            " in a cell"
        )
    return float(re.sub(rf"(?!{mark})[^\d+-]", "", plain).replace(",", "."))


def written(value: float, decimals: int, mark: str = ".", *, sign: bool = False) -> str:
    """A number as ``read_number`` reads it; "" where there is none.

    >>> written(-1200.5, 1, ",")
    '−1.200,5'
    """
    with decimal_mark(mark):
        return "" if pd.isna(value) else number(value, decimals, sign=sign)


def block(text: str) -> list[list[str]]:
    """The cells of a range as a spreadsheet copies it, row by row.

    >>> block("1\\t2\\r\\n3\\t4\\r\\n")
    [['1', '2'], ['3', '4']]
    """
    rows = [line.split("\t") for line in re.split(r"\r?\n", text)]
    return rows[:-1] if len(rows) > 1 and rows[-1] == [""] else rows
