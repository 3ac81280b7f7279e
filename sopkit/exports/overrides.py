"""Overrides in a spreadsheet: out to Excel, edited there, back as differences to accept."""

from contextlib import closing
from pathlib import Path
from shlex import quote

import numpy as np
import pandas as pd

from sopkit.errors import PlanError
from sopkit.exports.schedule import text_workbook
from sopkit.sources.files import BROKEN, open_book, read_sheet

KEY = ["item", "market"]
WORDS = ["reason", "note"]
SHEETS = {
    "overrides": (
        "signed units that planners add; edit the numbers and give a reason on each row that you"
        " change"
    ),
    "consensus": "the demand plan with these overrides, for reading",
    "baseline": "statistical forecast, for reading",
    "as exported": "what stood in overrides when it was exported; leave it as it is",
}


def export_overrides(demand_plan: pd.DataFrame, path) -> Path:
    """The workbook written: one row per item and market, one column per bucket, overrides beside
    consensus and baseline.

    Text is written as text: nothing in it is ever a formula.
    """
    path = Path(path)
    beside = path.with_suffix(".writing.xlsx")
    with text_workbook(beside) as book:
        for sheet, words in SHEETS.items():
            values = sheet if sheet in demand_plan else "override"
            wide = demand_plan.pivot(index=KEY, columns="bucket", values=values).round(3)
            wide = wide.rename(columns="{:%Y-%m-%d}".format).reset_index()
            if sheet == "overrides":
                wide.insert(2, "reason", ""), wide.insert(3, "note", "")
            wide.to_excel(book, sheet_name=sheet, index=False, startrow=1)
            page = book.sheets[sheet]
            page.write_string("A1", words)
            page.set_column("A:CV", 14)
            page.freeze_panes("C3")
            if sheet == "as exported":
                page.hide()
    beside.replace(path)
    return path


def read_overrides(path) -> pd.DataFrame:
    """The differences between a workbook's overrides and what was exported, as rows for the ledger
    (kind ``units``).

    Raises ``PlanError`` naming sheet and cell where a number is none, a row is new or gone, or a
    change lacks its reason.
    """
    now, before = _sheet(path, "overrides"), _sheet(path, "as exported")
    missing = [column for column in [*before, *WORDS] if column not in now]
    if missing:
        raise PlanError(
            f"{Path(path).name}, sheet overrides: columns {missing} are gone; export again and edit"
            " that file"
        )
    now, before = now.set_index(KEY), before.set_index(KEY)
    here = now.index
    strange = here.symmetric_difference(before.index).append(here[here.duplicated()])
    if len(strange):
        raise PlanError(
            f"{Path(path).name}, sheet overrides: {len(strange)} rows were added, removed or"
            f" doubled, first {', '.join(strange[0])}; edit the numbers of the exported rows only"
        )
    change = _numbers(path, now[before.columns]) - _numbers(path, before).reindex(now.index)
    long = change.rename_axis(columns="bucket").stack().rename("value").reset_index()
    long = long[long["value"].abs() > 1e-9].join(now[WORDS], on=KEY)
    silent = long[long["reason"].str.strip() == ""]
    if len(silent):
        raise PlanError(
            f"{Path(path).name}, sheet overrides: {silent[KEY].drop_duplicates().shape[0]} changed"
            f" rows have no reason, first {silent.iloc[0]['item']}, {silent.iloc[0]['market']};"
            " fill in the column reason"
        )
    return long.assign(kind="units", bucket=pd.to_datetime(long["bucket"]))[
        ["item", "market", "bucket", "kind", "value", "reason", "note"]
    ]


def _sheet(path, sheet):
    try:
        with closing(open_book(path)) as book:
            _, names, *rows = read_sheet(path, book[sheet])
    except FileNotFoundError:
        raise PlanError(
            f"file {path} is not there; export one first: sopkit overrides export"
            f" {quote(str(path))}"
        ) from None
    except BROKEN as error:
        raise PlanError(
            f"{Path(path).name} has no sheet {sheet!r} or is no workbook ({error}); export again"
            " and edit that file"
        ) from None
    names = [str(name)[:10] for name in names]  # of a date only the day
    frame = pd.DataFrame(rows, columns=names, dtype=object).fillna("")
    frame = frame[(frame != "").any(axis=1)]
    told = frame.drop(columns=KEY).astype("str").stack()
    for (row, name), text in told[told.str.startswith("\0")].head(1).items():
        raise PlanError(
            f"{Path(path).name}, sheet {sheet}, row {row + 3}, column {name}: {text[1:]!r} is a"
            " formula that was never calculated; open the file in a spreadsheet and save it, or"
            " type the value"
        )
    return frame.astype({column: str for column in KEY + WORDS if column in frame})


def _numbers(path, frame):
    raw = frame.replace("", 0)
    numbers = raw.apply(pd.to_numeric, errors="coerce")
    bad = ~np.isfinite(numbers.to_numpy(dtype=float))
    if bad.any():
        row, column = np.argwhere(bad)[0]
        raise PlanError(
            f"{Path(path).name}, sheet overrides: {bad.sum()} cells are no number, first row"
            f" {row + 3}, column {raw.columns[column]}: {raw.iat[row, column]!r}; write units, for"
            " example 200 or -50"
        )
    return numbers.astype(float)
