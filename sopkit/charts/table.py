"""Tables on pages: numbers right-aligned, units in the header, months as words, every text escaped,
the first rows shown and the rest opened in place.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from sopkit.buckets import Calendar
from sopkit.charts.words import BLANK, Html, clean, day, escape, matter, number, scale
from sopkit.tables import PLANS

CSS = f"<style>{(Path(__file__).parent / 'table.css').read_text(encoding='utf-8')}</style>"

MONTHS = Calendar()
_LONGEST = 300
WHOLE = ";white-space:nowrap"
_SHOWN, _OPENED = 15, 300  # rows shown at most, and those that open below them
SIGNED = re.compile(
    r"gap|differ|cumul|chang|overrid|to budget"
)  # columns of differences show their +
_DAY = re.compile(r"\b(?:19|20)\d\d-[01]\d-[0-3]\d\b")  # which people do not write
_TOLD = re.compile(r"([^:\[]+?)(?:: (.+?))?(?: \[(.*)\])?")  # name: heading [unit]


@dataclass(frozen=True)
class Block:
    """A piece of a page: ``html`` for notebooks and pages, ``text`` for terminals."""

    html: str
    text: str

    def _repr_html_(self):
        return CSS + self.html

    def __repr__(self):
        return self.text


def missing(sentence: str) -> Block:
    """What stands where a page lacks facts: which table would feed it."""
    return Block(f'<div class="sop"><p class="note">{escape(sentence)}</p></div>', clean(sentence))


def stack(pieces) -> Block:
    """Several blocks one below the other; charts come as their SVG."""
    pieces = list(pieces)
    return Block(
        "\n".join(getattr(piece, "html", None) or piece.svg for piece in pieces),
        "\n\n".join(map(str, pieces)),
    )


def show(
    frame: pd.DataFrame,
    table: str = "",
    columns: str = "",
    rows: int = _SHOWN,
    *,
    total: str = "",
    currency: str = "EUR",
    calendar: Calendar = MONTHS,
    empty: str = "",
    note: str = "",
) -> Block:
    """The first ``rows`` of a frame (15 at most) as a page table; the rest opens below them.

    ``table``: the plan table that it was made of; it declares units. ``columns``: those to show,
    "name: heading [unit] | …" (all; one that the frame lacks, or that holds only 0 and blanks, is
    left out), where the heading is not the name and the unit not the declared one: ``fraction``
    reads as percent, ``money`` in the currency's scale, ``words`` without underscores, ``told`` is
    a number in words; bucket and cycle read as the ``calendar`` says, other dates as days; a blank
    does not apply, "–" is none.
    ``total``: columns to add up over *all* rows of the frame, in a first row; rows then come
    largest first (weeks in order), and those that are not shown add up in a row of their
    own. ``empty``: the sentence that stands for a frame without rows.

    >>> frame = pd.DataFrame({"item": ["<b>"], "gap": [-1234.0]})
    >>> show(frame, columns="item: what | gap [units]")
    what     gap
           units
    <b>   −1,234
    """
    if frame.empty and empty:
        return missing(empty)
    told = [column for column in _columns(frame, table, columns) if column[0] in frame]
    if columns and len(frame):
        told = [column for column in told if _says(frame[column[0]])] or told[:1]
    summed = [name for name, *_ in told if len(frame) and name in total.split()]
    money = [name for name, _, unit in told if unit == "money"]
    ranked = summed and "week" not in frame
    if ranked:
        by = [name for name in money if name in summed] or summed
        frame = frame.sort_values(by[0], key=lambda size: -size.abs(), kind="stable")
    rows = min(rows, _SHOWN)
    first, rest = frame.iloc[: rows + _OPENED], frame.iloc[rows:]
    amounts = _one_scale(first[money], currency)
    for name in {"bucket", "cycle"} & {*first}:
        first = first.assign(**{name: calendar.label(pd.to_datetime(first[name]))})
    if summed:
        ends = [part[summed].sum(min_count=1).to_frame().T for part in (frame, rest)]
        first = pd.concat([first, *ends])
    cells, head = [], []
    for column, heading, unit in told:
        unit, heading = (word.replace("bucket", calendar.size) for word in (unit, heading))
        unit = unit if unit == "money" else unit.replace("money", currency)
        words, unit, align = _column(first[column], unit, amounts, f"{column} {heading}")
        cells.append(words)
        head.append((clean(heading, 40), unit, align))
    lines = [("", line) for line in zip(*cells)]
    if summed:
        *lines, (_, every), (_, smaller) = lines
        lines.insert(0, ("total", (every[0] or "Total", *every[1:])))
        rows += 1
    shown, hidden = lines[:rows], lines[rows:]
    if summed and hidden:
        words = f"{number(len(rest))} {'smaller' if ranked else 'more'}"
        shown.append(("smaller", (smaller[0] or words, *smaller[1:])))
    cut = f"{number(len(rest) - _OPENED)} more are not listed" if len(rest) > _OPENED else ""
    foot = ". ".join(filter(None, [cut if len(frame) else "no rows", clean(note)]))
    return block(head, shown, foot, rest=hidden)


def block(head, rows, foot: str = "", rest=()) -> Block:
    """A table of words: ``head`` has (name, unit, "left" or "right") of every column, ``rows`` a
    style class and the cells, ``rest`` those that open below them.
    """
    united = any(unit for _, unit, _ in head)

    def row(cells, tag="td", css=""):
        inside = "".join(
            f'<{tag} style="text-align:{align}{WHOLE * _short(cell)}">{cell}</{tag}>'
            for cell, (_, _, align) in zip(cells, head)
        )
        return f'<tr class="{css}">{inside}</tr>' if css else f"<tr>{inside}</tr>"

    below = "<small>{}</small>" if united else ""
    heads = [escape(name) + below.format(escape(unit) or "&nbsp;") for name, unit, _ in head]
    body, opened = (
        "".join(row(map(escape, cells), css=css) for css, cells in part) for part in (rows, rest)
    )
    more, opens = f"{number(len(rest))} more" if rest else "", ""
    if rest:
        body += f'</tbody><tbody class="rest">{opened}'
        opens = f'<details class="more"><summary>show {more}</summary></details>'
    note = f'<p class="note">{escape(foot)}</p>' if foot else ""
    grid = [[name for name, _, _ in head], *([[unit for _, unit, _ in head]] if united else [])]
    bare = lambda cell: re.sub("<[^>]*>", "", cell) if isinstance(cell, Html) else cell
    grid += [[*map(bare, cells)] for _, cells in rows]
    widths = [max(map(len, column)) for column in zip(*grid)]
    lines = [
        "  ".join(
            f"{cell:{'>' if align == 'right' else '<'}{width}}"
            for cell, width, (_, _, align) in zip(line, widths, head)
        ).rstrip()
        for line in grid
    ]
    return Block(
        f'<div class="sop"><div class="wide"><table><thead>{row(heads, "th")}</thead>'
        f"<tbody>{body}</tbody></table></div>{opens}{note}</div>",
        "\n".join(filter(None, [*lines, more and f"… {more}", clean(foot)])),
    )


def _short(cell):
    """Whether a cell is a day, a name or a code, which stays on one line."""
    return len(cell) <= 12 and not {*" -"}.isdisjoint(cell)


def _columns(frame, table, told):
    """Name, heading and unit of each column told; of all, where none is."""
    declared = PLANS[table].columns if table else ()
    units = {
        c.name: c.unit for c in declared if c.unit not in ("–", "date") and c.unit[:3] != "as "
    }
    parts = [_TOLD.fullmatch(part).groups() for part in told.split(" | ") if part]
    for name, heading, unit in parts or [(name, "", None) for name in frame]:
        # "make: quantity" is the declared quantity of what is made
        declared = units.get(str(name).rpartition(": ")[2], "")
        yield name, heading or str(name).replace("_", " "), declared if unit is None else unit


def _one_scale(frame, currency):
    """Divisor, unit and decimals of all money columns of a table: the finest that one of them
    needs, so that they can be compared; millions from five on.
    """
    most = [value / 5 if value >= 1e6 else value for value in frame.abs().max() if value > 0]
    sizes = [scale([value], currency) for value in most]
    size, unit = min(sizes, default=scale([0.0], currency))
    return size, unit, max([matter(frame[name] / size) for name in frame], default=0)


def _says(values):
    """Whether a column holds anything but 0 and blanks."""
    return not values.dropna().isin([0, ""]).all()


def _column(values, unit, amounts, name):
    """Cells, unit and alignment of one column of this name; ``amounts``: divisor, unit and
    decimals of money.
    """
    if pd.api.types.is_datetime64_any_dtype(values):
        return [*map(day, values)], "", "left"
    if pd.api.types.is_bool_dtype(values) or not pd.api.types.is_numeric_dtype(values):
        words = [clean(value, _LONGEST) for value in values.astype(object)]
        said = lambda found: day(found[0]) or found[0]
        words = [_DAY.sub(said, word) if _DAY.search(word) else word for word in words]
        if unit == "words":
            words = [word.replace("_", " ") for word in words]
        align = "right" if unit == "told" else "left"
        return words, "" if unit in ("words", "told") else unit, align
    known = {"fraction": (0.01, "%", 1), "money": amounts}
    size, unit, decimals = known.get(unit, (1.0, unit, matter(values.to_numpy(float))))
    cells = values.to_numpy(float) / size
    sign = bool(SIGNED.search(name.lower()))
    told = [number(cell, decimals, sign=sign) if cell else BLANK for cell in cells]
    return ["" if np.isnan(cell) else word for cell, word in zip(cells, told)], unit, "right"
