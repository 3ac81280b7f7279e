"""Excel workbooks: one sheet per table, the same cells as the CSV file would hold."""

import datetime
import warnings
import zipfile
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
from openpyxl.utils.exceptions import InvalidFileException

from sopkit.sources.issues import found
from sopkit.sources.raw import ragged, raw_table, unknown_table, unreadable
from sopkit.tables import INPUTS

NOTES = ("readme", "notes", "columns")  # sheets for people


def read_workbook(path):
    """Every sheet that bears a table's name; 123.0 reads as 123, a date as YYYY-MM-DD, a formula as
    its last value.
    """
    path = Path(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # openpyxl speaks of styles and extensions, which hold no facts
            book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except (
        zipfile.BadZipFile,
        InvalidFileException,
        KeyError,
        OSError,
        ValueError,
        SyntaxError,
    ) as error:
        return {}, [unreadable(path.stem, path.name, f"is no Excel workbook: {error}")]
    tables, issues = {}, []
    for name in book.sheetnames:
        if name in INPUTS:
            more, said = _sheet(book[name], name, f"{path.name}, sheet {name}")
            tables, issues = tables | more, issues + said
        elif name.lower() not in NOTES:
            issues.append(unknown_table(f"{path.name}, sheet {name}", name))
    book.close()
    return tables, issues


def _sheet(sheet, name, origin):
    sheet.reset_dimensions()  # some programs write a wrong one
    lines = list(sheet.iter_rows(values_only=True))
    header = _trim(list(lines[0])) if lines else []
    if not any(_text(cell) for line in lines for cell in line):
        return {}, [found("empty file", name, value=origin, problem="the sheet holds nothing")]
    if not header:
        return {}, [unreadable(name, origin, "row 1 must hold the column names, and is blank")]
    width = len(header)
    cells = [
        [_text(cell) for cell in line[:width]] + [""] * (width - len(line)) for line in lines[1:]
    ]
    frame = pd.DataFrame(cells, columns=range(width), dtype="str")
    issues = [
        ragged(
            name, [row], width, [len(_trim(list(line)))], " ".join(map(_text, line[width:])).strip()
        )
        for row, line in enumerate(lines[1:], 2)
        if len(_trim(list(line))) > width
    ]
    return {
        name: raw_table(
            frame, [_text(cell) for cell in header], np.arange(2, len(frame) + 2), origin
        )
    }, issues


def _trim(line):
    while line and line[-1] in (None, ""):
        line.pop()
    return line


def _text(cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime.datetime):
        return cell.isoformat(" ")
    return str(cell).upper() if isinstance(cell, bool) else str(cell)
