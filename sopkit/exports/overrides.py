"""Overrides in a spreadsheet: out to Excel what the ledger holds now, edited there, back as
differences to accept.
"""

from contextlib import closing
from itertools import zip_longest
from pathlib import Path
from shlex import quote

import numpy as np
import pandas as pd

from sopkit.demand.said import superseded
from sopkit.errors import PlanError
from sopkit.exports.schedule import text_workbook
from sopkit.grid import WHO
from sopkit.overrides import CELL, REASONS, TINY
from sopkit.sources.files import open_book, read_sheet
from sopkit.tables.judgments import KINDS

WORDS = ["reason", "note", "owner", "expires_on"]
NAMES = [*WHO, "kind", *WORDS]
SHEETS = {
    "overrides": (
        "what the ledger holds now, a line for each scope and its words (blank item and family ="
        " everything, blank market = all); edit numbers and words, or add lines below"
    ),
    "consensus": "the demand plan with these overrides, for reading",
    "baseline": "statistical forecast, for reading",
    "as exported": "what stood in overrides when it was exported; leave it as it is",
}


def export_overrides(stands, path) -> Path:
    """The workbook written: the active overrides at every level by scope and words, a column per
    bucket; then an empty line per item and market; beside them consensus and baseline.

    Text is written as text: nothing in it is ever a formula.
    """
    path = Path(path)
    beside, grid = path.with_suffix(".writing.xlsx"), stands.grid
    consensus = grid.frame(
        consensus=stands.values["consensus"], baseline=stands.parts["Statistical"]
    )
    days = _days(stands)
    lines = _lines(stands).pivot_table(
        index=NAMES, columns="bucket", values="value", aggfunc="sum", sort=False
    )
    lines = lines.rename(columns="{:%Y-%m-%d}".format).reindex(columns=days).reset_index()
    empty = grid.series[["item", "market"]].assign(kind="units")
    lines = (
        pd.concat([lines, empty]).reindex(columns=[*NAMES, *days]).fillna(dict.fromkeys(NAMES, ""))
    )
    lines.insert(0, "line", [*range(1, len(lines) + 1)])
    with text_workbook(beside) as book:
        for sheet, words in SHEETS.items():
            wide = lines
            if sheet in consensus:
                wide = consensus.pivot(index=["item", "market"], columns="bucket", values=sheet)
                wide = wide.round(3).rename(columns="{:%Y-%m-%d}".format).reset_index()
            wide.to_excel(book, sheet_name=sheet, index=False, startrow=1)
            page = book.sheets[sheet]
            page.write_string("A1", words)
            page.set_column("A:CV", 14)
            page.freeze_panes("E3" if sheet == "overrides" else "C3")
            if sheet == "as exported":
                page.hide()
    beside.replace(path)
    return path


def read_overrides(path, stands) -> pd.DataFrame:
    """The ledger rows (kind, value, words, and a ``remove`` for each row that they take the place
    of) that a workbook's edited lines say and the ledger does not; none for one imported before.

    Raises ``PlanError`` naming sheet, row and column where a number, kind, reason or day is none, a
    scope is unknown or a line is gone, and where the ledger moved since on what was edited.
    """
    now, before = _long(path, "overrides", stands), _long(path, "as exported", stands)
    gone = sorted({*before["line"]} - {*now["line"]})
    if gone:
        raise PlanError(
            f"{Path(path).name}, sheet overrides: {len(gone)} lines were removed, first line"
            f" {gone[0]}; empty a line's numbers to end them"
        )
    edited = now.reset_index().merge(before, how="left", indicator="was").set_index("index")
    edited = edited.query("was == 'left_only'")
    old = edited[["line", "bucket"]].merge(before, how="left")
    empty = edited["value"].isna().to_numpy()
    _refuse(path, edited[~empty], stands)
    held = _lines(stands)
    blank = held.assign(owner="")  # a blank owner is who enters it
    told = _sums(now, edited)
    there = np.any([np.isclose(told, _sums(rows, edited)) for rows in (held, blank)], axis=0)
    stood = np.isclose(_sums(held, old), old["value"])
    done = there | (empty & np.isnan(_sums(held, old)))
    lost = old[~stood & ~done & old["value"].notna()]
    for row in lost.head(1).itertuples():
        raise PlanError(
            f"{Path(path).name}, line {row.line}: the ledger no longer holds the {row.value:g} of"
            f" {row.bucket:%Y-%m} that was exported ({len(lost)} cells in all); export again and"
            " edit that file"
        )
    gone, new = old[stood], edited[(stood | ~there) & ~empty]
    reset = new.loc[new["kind"] == "set_to", CELL].drop_duplicates()
    again = now.drop(new.index).dropna(subset=["value"]).merge(reset)  # what comes on top of it
    gone, new = pd.concat([gone, again]), pd.concat([new, again])
    new = new.sort_values("kind", key=lambda kind: kind != "set_to", kind="stable")
    ended = held.merge(gone[[*NAMES, "bucket"]].drop_duplicates())
    hidden = stands.active[~stands.active["id"].isin(held["id"])]
    hidden = hidden.merge(ended.loc[ended["kind"] == "set_to", CELL].drop_duplicates())
    ended = stands.ending([*ended["id"], *hidden["id"]])
    return pd.concat([ended, new[[*CELL, "kind", "value", *WORDS]]], ignore_index=True)


def _days(stands):
    return [f"{bucket:%Y-%m-%d}" for bucket in stands.grid.buckets]


def _lines(stands):
    """The active rows in the words of a workbook; a later number that is set hides the rows before
    it.
    """
    rows = stands.active.dropna(subset=["value"])
    rows = rows[~superseded(rows, stands.plan.calendar)]
    days, owner = rows["expires_on"].dt.strftime("%Y-%m-%d"), rows["owner"].replace("", np.nan)
    rows = rows.assign(expires_on=days, owner=owner.fillna(rows["by"]))
    return rows.fillna(dict.fromkeys(NAMES, "")).astype(dict.fromkeys(NAMES, "str"))


def _sums(rows, cells):
    """The sum of the rows of each cell with its words; NaN where there is none."""
    names = [*NAMES, "bucket"]
    sums = rows.groupby(names)["value"].sum()
    return sums.reindex(pd.MultiIndex.from_frame(cells[names])).to_numpy()


def _long(path, sheet, stands):
    """A sheet's lines, a row for each bucket; what a person adds is numbered as it stands."""
    frame = _sheet(path, sheet)
    names = ["line", *NAMES, *_days(stands)]
    for words, odd in (
        ("are gone; export again and edit that file", [n for n in names if n not in frame]),
        (
            "stand there, not once in an export; take them out",
            [*frame.drop(columns=names, errors="ignore")],
        ),
    ):
        if odd:
            raise PlanError(f"{Path(path).name}, sheet {sheet}: columns {odd} {words}")
    twice = frame.loc[(frame["line"] != "") & frame["line"].duplicated(), "line"]
    if len(twice):
        raise PlanError(
            f"{Path(path).name}, sheet {sheet}: {len(twice)} numbers of lines stand there again,"
            f" first line {twice.iloc[0]}; empty the column line of the line that was added"
        )
    frame["line"] = frame["line"].where(
        frame["line"] != "", "new, row " + (frame.index + 3).astype(str)
    )
    frame["expires_on"] = frame["expires_on"].str[:10]
    numbers = frame.drop(columns=["line", *NAMES])
    frame[numbers.columns] = _numbers(path, numbers)
    long = frame.melt(["line", *NAMES], var_name="bucket")
    return long.assign(bucket=pd.to_datetime(long["bucket"]), value=long["value"].round(6))


def _refuse(path, rows, stands):
    """``PlanError`` for the first edited row that the ledger cannot take."""
    known = stands.grid.holds(rows).any(axis=1)
    days = pd.to_datetime(rows["expires_on"].where(rows["expires_on"] != ""), errors="coerce")
    first, size = stands.plan.first_bucket, rows["value"].abs()
    problems = {
        "item": (
            ~known,
            "is nothing that is planned, with its family and market; mend one of them",
        ),
        "kind": (~rows["kind"].isin(KINDS[:3]), f"is no kind; write {', '.join(KINDS[:3])}"),
        "reason": (
            ~rows["reason"].isin([*REASONS, *stands.active["reason"].unique()]),
            f"is no reason; choose {', '.join(REASONS)}",
        ),
        "expires_on": (
            (rows["expires_on"] != "") & ~(days >= first),
            f"is no day from {first:%Y-%m-%d} on; write it like that, or leave it blank",
        ),
        "value": (
            (size < TINY) & (rows["kind"] != "set_to"),
            "is less than a thousandth of a unit",
        ),
    }
    for column, (wrong, words) in problems.items():
        for row in rows[wrong].head(1).to_dict("records"):
            raise PlanError(
                f"{Path(path).name}, sheet overrides, line {row['line']}, column {column}:"
                f" {row[column]!r} {words} ({wrong.sum()} cells in all)"
            )


def _sheet(path, sheet):
    try:
        with closing(open_book(path)) as book:
            _, names, *rows = read_sheet(path, book[sheet])
    except FileNotFoundError:
        raise PlanError(
            f"file {path} is not there; export one first: sopkit overrides export"
            f" {quote(str(path))}"
        ) from None
    except Exception as error:
        raise PlanError(
            f"{Path(path).name} has no sheet {sheet!r} or is no workbook ({error}); export again"
            " and edit that file"
        ) from None
    names = [str(name or "")[:10] for name in names]  # of a date only the day
    names, *rows = zip(*zip_longest(names, *rows, fillvalue=""))  # lines may end early
    frame = pd.DataFrame(rows, columns=names, dtype=object).fillna("")
    frame = frame.loc[(frame != "").any(axis=1), (frame != "").any() | (frame.columns != "")]
    if twice := [*frame.columns[frame.columns.duplicated()]]:
        raise PlanError(
            f"{Path(path).name}, sheet {sheet}: columns {twice} stand there twice; take one out"
        )
    told = frame.astype("str").stack()
    for (row, name), text in told[told.str.startswith("\0")].head(1).items():
        raise PlanError(
            f"{Path(path).name}, sheet {sheet}, row {row + 3}, column {name}: {text[1:]!r} is a"
            " formula that was never calculated; open the file in a spreadsheet and save it, or"
            " type the value"
        )
    return frame.astype({column: str for column in [*NAMES, "line"] if column in frame})


def _numbers(path, frame):
    raw = frame.replace("", np.nan)
    numbers = raw.apply(pd.to_numeric, errors="coerce")
    bad = raw.notna().to_numpy() & ~np.isfinite(numbers.to_numpy(dtype=float))
    if bad.any():
        row, column = np.argwhere(bad)[0]
        raise PlanError(
            f"{Path(path).name}, sheet overrides: {bad.sum()} cells are no number, first row"
            f" {frame.index[row] + 3}, column {raw.columns[column]}: {raw.iat[row, column]!r};"
            " write units, for example 200 or -50"
        )
    return numbers.astype(float)
