"""Tables on pages: numbers right-aligned, units in the header, months as words, every text escaped,
the rest one file away.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from sopkit.charts.words import BLANK, clean, escape, matter, months, number, scale
from sopkit.tables import PLANS

CSS = f"<style>{(Path(__file__).parent / 'tables.css').read_text(encoding='utf-8')}</style>"

_LONGEST = 90


@dataclass(frozen=True)
class Block:
    """A piece of a page: ``html`` for notebooks and pages, ``text`` for terminals."""

    html: str
    text: str

    def _repr_html_(self):
        return CSS + self.html

    def __repr__(self):
        return self.text


def show(
    frame: pd.DataFrame,
    units=None,
    rows: int = 15,
    *,
    total=(),
    columns=None,
    currency: str = "EUR",
    more: str = "",
    note: str = "",
) -> Block:
    """The first ``rows`` of a frame as a page table.

    ``units``: {column: unit} or a plan table's name (its declared units); ``fraction`` reads as
    percent and ``money`` in the currency's scale. ``columns``: {column: heading} picks and renames.
    ``total``: columns to add up over *all* rows of the frame. ``more``: file with the rest, named
    below the table ("tables/exceptions.parquet").

    >>> show(pd.DataFrame({"item": ["<b>"], "gap": [-1234.0]}), {"gap": "units"})
    item     gap
           units
    <b>   −1,234
    """
    units = _units(frame, units, currency)
    heads = columns or {column: str(column).replace("_", " ") for column in frame.columns}
    amounts = _one_scale(
        frame, [column for column in heads if units.get(column) == "money"], rows, currency
    )
    cells = {
        column: _column(frame[column], units.get(column, ""), rows, column in total, amounts)
        for column in heads
    }
    lines = [[values[i] for values, _, _ in cells.values()] for i in range(min(rows, len(frame)))]
    sums = (
        [cells[column][0][-1] if column in total else "" for column in heads]
        if total and len(frame)
        else None
    )
    head = [(clean(heads[column], 40), cells[column][1], cells[column][2]) for column in heads]
    foot = _foot(len(frame), rows, more, note)
    return Block(_html(head, lines, sums, foot), _text(head, lines, sums, foot))


def _units(frame, units, currency):
    if isinstance(units, str):
        units = {
            column.name: column.unit for column in PLANS[units].columns if column.name in frame
        }
        units = {
            name: unit
            for name, unit in units.items()
            if unit not in ("–", "date") and not unit.startswith("as ")
        }
    return {
        name: unit.replace("money", currency) if unit != "money" else "money"
        for name, unit in (units or {}).items()
    }


def _one_scale(frame, columns, rows, currency):
    """Divisor and unit of all money columns of a table: the finest that one of them needs, so that
    they can be compared.
    """
    largest = [
        values.max()
        for values in (frame[column].iloc[:rows].abs() for column in columns)
        if values.max() > 0
    ]
    return min((scale([value], currency) for value in largest), default=scale([0.0], currency))


def _column(values, unit, rows, add, amounts):
    """Cells (the sum last where wanted), unit and alignment of one column; ``amounts``: divisor and
    unit of money.
    """
    if pd.api.types.is_datetime64_any_dtype(values):
        return _dates(values.iloc[:rows]), "", "left"
    if pd.api.types.is_bool_dtype(values) or not pd.api.types.is_numeric_dtype(values):
        return (
            [clean(value, _LONGEST) or BLANK for value in values.iloc[:rows].astype(object)],
            unit,
            "left",
        )
    wanted = np.append(
        values.iloc[:rows].to_numpy(dtype=float), [values.sum(min_count=1)] if add else []
    )
    size, unit = (0.01, "%") if unit == "fraction" else amounts if unit == "money" else (1.0, unit)
    wanted = wanted / size
    decimals = 1 if unit == "%" else matter(wanted)
    return [number(value, decimals) for value in wanted], unit, "right"


def _dates(values):
    known = values.dropna()
    if len(known) and (known.dt.day != 1).any():
        return [BLANK if pd.isna(day) else f"{day:%Y-%m-%d}" for day in values]
    return months(values)


def _foot(count, rows, more, note):
    words = (
        [f"… {number(count - rows)} more{f' in {clean(more)}' if more else ''}"]
        if count > rows
        else ["no rows"]
        if not count
        else []
    )
    return ". ".join(words + ([clean(note)] if note else []))


def _html(head, lines, sums, foot):
    def row(cells, tag="td", css=""):
        inside = "".join(
            f'<{tag} style="text-align:{align}">{cell}</{tag}>'
            for cell, (_, _, align) in zip(cells, head)
        )
        return f"<tr{css}>{inside}</tr>"

    heads = row(
        [
            (
                f"{escape(name)}<small>{escape(unit) or '&nbsp;'}</small>"
                if any(u for _, u, _ in head)
                else escape(name)
            )
            for name, unit, _ in head
        ],
        "th",
    )
    body = "".join(row([escape(cell) for cell in line]) for line in lines)
    body += (
        row(
            [escape(cell) if i or cell else "Total" for i, cell in enumerate(sums)],
            css=' class="total"',
        )
        if sums
        else ""
    )
    note = f'<p class="note">{escape(foot)}</p>' if foot else ""
    return (
        f'<div class="sop"><table><thead>{heads}</thead><tbody>{body}</tbody></table>{note}</div>'
    )


def _text(head, lines, sums, foot):
    grid = (
        [[name for name, _, _ in head]]
        + ([[unit for _, unit, _ in head]] if any(u for _, u, _ in head) else [])
        + lines
    )
    grid += (
        [["Total" if not i and not cell else cell for i, cell in enumerate(sums)]] if sums else []
    )
    wide = [max(len(line[i]) for line in grid) for i in range(len(head))]
    out = [
        "  ".join(
            cell.rjust(w) if head[i][2] == "right" else cell.ljust(w)
            for i, (cell, w) in enumerate(zip(line, wide))
        ).rstrip()
        for line in grid
    ]
    return "\n".join(out + ([foot] if foot else []))
