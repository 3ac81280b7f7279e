"""Grids: the tables of any file as text under one header, without what only people need: titles,
blank lines, totals; months in columns become rows.
"""

import csv
import io
import re
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import product

import pandas as pd

from sopkit.errors import PlanError
from sopkit.intake.words import ALL, DATES, TOTAL, bare, read_day, words
from sopkit.sources.files import (
    NOTES,
    as_text,
    decode,
    open_book,
    read_parquet,
    read_sheet,
    regular,
)
from sopkit.sources.typed import SPACES

TOP = 30  # rows among which the header is looked for
MONTHS = 3  # months among the headers make a table that is turned
SAMPLE = 300  # cells that tell what a column holds
WEEKS = {r"^(\d{4})[-/. ]?(\d\d?)$": r"\1-W\2", r"^0?(\d\d?)[-/. ](\d{4})$": r"\2-W\1"}
STARS = r"\*+( |$)"  # begins SAP's subtotals
FULL = 0.6  # of the cells of the fullest row make a header


@dataclass
class Grid:
    """A table as text: "" is a blank cell, the index the row in the file; ``written``: all its
    cells are text, so that they share a decimal mark.
    """

    name: str
    frame: pd.DataFrame
    written: bool


def read_grids(path, told) -> list[Grid]:
    """The grids of a file (CSV or text, xlsx, parquet) or of every such file in a folder; what is
    left out is added to ``told``; ``PlanError`` where one cannot be read.
    """
    inside = sorted(path.iterdir()) if path.is_dir() else []
    found = []
    for one in [p for p in inside if p.suffix.lower() in READERS and p.name[0] not in ".~"] or [
        path
    ]:
        try:
            sheets = READERS[regular(one).suffix.lower()](one, told)
        except (
            Exception
        ) as error:  # of csv, pyarrow, openpyxl, zip, XML, codecs: the file is broken
            raise PlanError(
                f"{one} cannot be read: {str(error)[:200]}; save it as {', '.join(READERS)}"
            ) from None
        for name, lines in sheets:
            if sum(map(any, lines)) > 1 and len((grid := _grid(name, lines, told)).frame):
                found.append(grid)
            else:
                told.append(f"{name} holds no row below a header; nothing is read from it")
    return found


def _csv(path, told):
    """The lines of a text, separated by the sign that most of them have equally often."""

    def say(rule, problem, line, row=0, done="read as cp1252 (Windows)"):
        told.extend([f"{path.stem}, row {row}: {problem}, {done}: {line[:60]}"] * bool(row))

    text = decode(path.read_bytes(), say)
    top = text[:65536].splitlines()
    equal = lambda sign: max(Counter(line.count(sign) for line in top if sign in line).values())
    sign = max((sign for sign in ";\t|," if sign in text), key=equal, default=",")
    lines = [*csv.reader(io.StringIO(text, newline=""), delimiter=sign)]
    most = max(map(len, lines), default=0)
    for line in lines:
        for cell in line:
            if "\n" in cell and cell.count(sign) >= most - 1 > 0:
                raise PlanError(
                    f"{path.stem}: the quote before {cell[:20]!r} holds whole lines; put two quotes"
                    " for one that is meant (an inch), or take it out"
                )
    return [(path.stem, lines)]


def _book(path, told):
    with closing(open_book(path)) as book:
        hidden = [sheet.title for sheet in book if sheet.sheet_state != "visible"]
        told += [f"{path.stem}, {name}: a hidden sheet, left out" for name in hidden]
        names = [n for n in book.sheetnames if n.lower() not in NOTES and n not in hidden]
        sheets = [(f"{path.stem}, {name}", read_sheet(path, book[name])) for name in names]
    wide = lambda lines: any(sum(map(bool, line)) > 1 for line in lines)  # else words for people
    return [sheet for sheet in sheets if len(sheets) == 1 or wide(sheet[1])]


def _parquet(path, told):
    frame, _ = read_parquet(path, None)
    return [(path.stem, [[*frame], *frame.to_numpy().tolist()])]


READERS = {
    ".csv": _csv,
    ".txt": _csv,
    ".tsv": _csv,
    ".xlsx": _book,
    ".xlsm": _book,
    ".parquet": _parquet,
}


def _text(cell, code=False):
    """A cell without spaces around it; a line of dashes is blank, a number no thousands."""
    text = "" if cell is None else str(as_text(cell, code)).strip(SPACES)
    end = "0" if isinstance(cell, float) and re.fullmatch(r"-?\d+\.\d{3}", text) else ""
    return text + end if text.strip("-=_") else ""


def _grid(name, lines, told):
    at = _header(name, [[*map(_text, line)] for line in lines[:TOP]])
    header = [*map(_text, lines[at])]
    most = max(map(len, lines))
    codes = [bare(cell) in words("items", "item") for cell in header] + [False] * most
    cells = [[*map(_text, line, codes)] + [""] * (most - len(line)) for line in lines[at + 1 :]]
    frame = pd.DataFrame(cells, range(at + 2, len(lines) + 1), range(most), dtype="str")
    width = max(place for place, cell in enumerate(header, 1) if cell)
    ragged = frame.index[(frame.iloc[:, width:] != "").any(axis=1)]
    if len(ragged):
        raise PlanError(
            f"{name}: row {ragged[0]} has more cells than row {at + 1} has names ({width}), as"
            f" {len(ragged)} rows in all; name every column, put quotes around text that holds the"
            " separator"
        )
    frame = frame.iloc[:, :width].set_axis(header[:width], axis=1)
    told += [f"{name}: lines left out above the header: {at}"] * bool(at)
    out = _left_out(frame)
    if len(out):
        where = ", ".join(map(str, out[:5])) + ", …" * (len(out) > 5)
        told.append(f"{name}: rows left out, blank or totals: {len(out):,} ({where})")
    names = [
        cell if cell and header.index(cell) == place else f"{cell} ({place + 1})".strip()
        for place, cell in enumerate(header[:width])
    ]
    written = all(isinstance(cell, str) for line in lines for cell in line)
    frame = frame.drop(out).set_axis(names, axis=1)
    weeks = [head for head in names if bare(head) in words("week", "names")]
    for head, (pattern, iso) in product(weeks, WEEKS.items()):
        frame[head] = frame[head].str.replace(pattern, iso, regex=True)
    return _turned(Grid(name, frame, written), told)


def _header(name, top):
    """Where the header is: the line that knows most words, else the first that is full."""
    months = [sum(map(_is_month, line)) for line in top]
    known = [sum(bare(cell) in ALL for cell in line) for line in top]
    known = [words + count * (count >= MONTHS) for words, count in zip(known, months)]
    if max(known) > 1:
        return known.index(max(known))
    full = [sum(map(bool, line)) for line in top]
    at = next(at for at, count in enumerate(full) if count >= FULL * max(full))
    if re.search(r"\0[\d.,:/ -]+\0", "\0\0".join(["", *top[at], ""])):
        raise PlanError(
            f"{name}: row {at + 1} should name the columns, and holds values; add names"
        )
    return at


def _left_out(frame):
    """Rows that are blank, a header again, totals wherever they are, or notes below the table."""
    filled = (frame != "").sum(axis=1)
    usual = filled[filled > 0].median()
    exact = frame.map(_is_sum)
    total = frame.map(lambda cell: bare(cell).split(" ")[0] in TOTAL).any(axis=1)
    dated = _dated(frame.mask(exact, ""))
    real = dated & (filled > 2)  # a row of a day is no note, whatever a product is called
    short = (filled < usual) & (exact.any(axis=1) | (total & ~real))
    first = frame.iloc[:, 0]  # of a table without days, a full row may be of a brand called Total
    sums = first.str.match(STARS) | (exact.iloc[:, 1:2].any(axis=1) & first.duplicated())
    short |= ~dated & (exact.any(axis=1) if dated.any() else sums)
    last = frame.loc[filled[filled > 0].index[-1:]]
    ends = last.apply(lambda line: _is_sum(next(filter(None, line))), axis=1)
    out = (filled == 0) | (frame == [*frame]).all(axis=1)
    out |= short | ends.reindex(out.index, fill_value=False)
    few = (out | ((filled <= usual / 2) & ~real))[::-1].cummin()[::-1]
    return frame.index[out | few]


def _dated(frame):
    """Rows with a cell in a column that holds days as people write them."""
    days = lambda text: any(read_day(text, style) for style in DATES)
    written = lambda cells: [t for t in cells.head(SAMPLE) if t and not t.isdigit()]
    held = [name for name in range(frame.shape[1]) if any(written(frame.iloc[:, name]))]
    held = [n for n in held if sum(map(days, (w := written(frame.iloc[:, n])))) >= len(w) / 2]
    return (frame.iloc[:, held] != "").any(axis=1)


def _is_sum(cell):
    return bare(cell) in TOTAL or re.match(STARS, cell) is not None


def _is_month(cell):
    """A header that is a month, week or day."""
    return len(cell) > 5 and read_day(cell) != ""


def _turned(grid, told):
    """The grid with a row per month where months are columns; a blank cell makes no row."""
    frame = grid.frame
    months = [*filter(_is_month, frame)]
    if len(months) < MONTHS:
        return grid
    stay = [name for name in frame if name not in months and bare(name) not in TOTAL]
    long = frame.melt(stay, months, "month", "quantity", ignore_index=False)
    long = long[long["quantity"] != ""].sort_index(kind="stable").reset_index(drop=True)
    long["month"] = long["month"].map(read_day)
    told.append(f"{grid.name}: a row for each of {len(months)} months")
    return replace(grid, frame=long)
