"""The plan as a workbook: a sheet per plan and per family; what rolls forward are live formulas."""

import re
import tomllib
from pathlib import Path

import numpy as np

from sopkit.charts import View
from sopkit.exports.pages import state
from sopkit.exports.schedule import text_workbook
from sopkit.finance import family_lines, family_sheet
from sopkit.grid import belonging
from sopkit.tables import PLANS

OPENING, SMALL, LOOKS, FLOWS, SHEETS, LIVE = tomllib.loads(
    Path(__file__).with_suffix(".toml").read_text(encoding="utf-8")
).values()
TOP, ROWS = 2, 1_048_573  # the head's row, rows that fit below it


def write_workbook(plan, path) -> None:
    """``plan.xlsx``: a cover with links, every plan table that has rows (heads with units, filters,
    true dates) and the sheets of the 60 largest families, their stock rolled forward. What follows
    from other cells is a formula whose stored value is the plan's; text is never a formula.

    Of a table that is longer than a sheet the first rows stand there, and the cover says so.
    """
    book = plan.book()
    with text_workbook(path) as writer:
        writer.book.add_worksheet("Contents").write_string(
            "A1", f"S&OP · {plan.named} · {state(plan.folder)}"
        )
        for name, sheet in SHEETS.items():
            frame, table = plan.read(name), PLANS[name]
            if name == "supply_plan":
                frame.insert(2, "opening", frame.eval(OPENING)["opening"])
            if "item" in frame:
                frame.insert(1, "family", book.by_family(frame)["family"])
                frame = belonging(frame, book.members)
            if len(frame):
                page = _sheet(writer, plan, sheet, table.doc, frame, table.columns)
                _roll(page, TOP, frame, LIVE.get(name, {}))
        for family in View(book).families(book.demand_plan, 60):
            mine, frame = book.of_family(family), family_sheet(family_lines(family, book), book)
            page, top = _sheet(writer, plan, family, family, frame), len(frame) + TOP + 3
            flows = mine.supply_plan.eval(OPENING)
            sums = flows[[*FLOWS]].mul(flows["item"].map(mine.weight), axis=0)
            sums = sums.groupby(flows["bucket"].rename("from")).sum().reset_index()
            sums.insert(0, "rolled forward", family)
            sums.rename(columns=FLOWS).to_excel(
                writer, sheet_name=page.name, startrow=top, index=False
            )
            _roll(page, top, sums, LIVE["supply_plan"])


def _sheet(writer, plan, name, about, frame, columns=()):
    """A numbered sheet of a frame, told on the cover."""
    sheets, size, currency = writer.book.sheetnames, plan.calendar.size, plan.settings["currency"]
    name = re.sub(r"[][:*?/\\']|[^ -\uffff]", " ", f"{len(sheets)} {name}")[:31]
    units = {
        of.name: f", {of.unit.replace('money', currency).replace('bucket', size)}"
        for of in columns
        if of.kind == "number"
    }
    heads = [f"{of.replace('_', ' ').replace('bucket', size)}{units.get(of, '')}" for of in frame]
    sheets["Contents"].write_url(
        f"A{len(sheets) + 1}",
        f"internal:'{name}'!A1",
        None,
        f"{name}: {about}; {f'the first {ROWS:,} of ' * (len(frame) > ROWS)}{len(frame):,} rows",
    )
    words = {
        "unit": {"money": currency, "fraction": "share"},
        "rule": {"_": " "},
        "kpi": {"_": " "},
    }
    frame = frame.replace(words, regex=True).head(ROWS)
    frame.to_excel(writer, sheet_name=name, startrow=TOP, header=heads, inf_rep="∞", index=False)
    page = sheets[name]
    page.write_url("A1", "internal:Contents!A1", None, about)
    page.autofilter(TOP, 0, len(frame) + TOP, len(heads) - 1)
    whole, small, bold = map(writer.book.add_format, LOOKS)
    page.set_column("A:CV", 15, whole)
    page.autofit(300)
    page.set_row(TOP, 45, bold)
    page.conditional_format("A4:CV9999", {"type": "formula", "criteria": SMALL, "format": small})
    page.freeze_panes("B4")
    return page


def _roll(page, top, frame, live):
    """Puts formulas over those cells of ``live`` columns whose value they give; the rows of a first
    cell's name follow each other.
    """
    told = frame.join(frame.groupby(frame.columns[0]).shift().add_suffix("_above"))
    at = [*frame].index
    for name, formula in live.items():
        for row in np.flatnonzero(np.isclose(told.eval(formula), frame[name])):
            cell = lambda of, row=row: f"{chr(65 + at(of[1]))}{top + 2 + row - bool(of[2])}"
            page.write_formula(
                f"{chr(65 + at(name))}{top + 2 + row}",
                "=" + re.sub(r"([a-z]\w+?)(_above)?\b", cell, formula),
                None,
                frame[name].iat[row],
            )
