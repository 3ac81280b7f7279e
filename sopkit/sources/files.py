"""Files: CSV, parquet and Excel become tables of text, every row numbered as a person counts.

A reader takes the source and ``say``, which notes an issue, and yields ``Raw`` tables. ``READERS``
names the readers by the kind of source; a database becomes a source by one more line: its URL's
scheme and a function.
"""

import codecs
import csv
import datetime
import io
import warnings
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq
from openpyxl.utils.exceptions import InvalidFileException

from sopkit.errors import PlanError
from sopkit.sources.issues import found, nearest
from sopkit.tables import INPUTS

UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
OURS = "data_issues"  # what Facts.write puts beside the facts
NOTES = ("readme", "notes", "columns")  # sheets for people
NO_HEADER = "row 1 must hold the column names, and is blank"
NO_BOOK = (*(zipfile.BadZipFile, InvalidFileException, KeyError, OSError, ValueError, SyntaxError),)


@dataclass(frozen=True)
class Raw:
    """A table as text: "" is a blank cell, the index is the row in the file, ``decimal`` the file's
    decimal mark.
    """

    name: str
    frame: pd.DataFrame
    origin: str
    decimal: str = "."


def read_source(source):
    """Every input table of a source, {name: Raw}, and the list of issue frames; ``PlanError`` if it
    is no source.
    """
    kind = _kind(source)
    if kind not in READERS or (kind in FILES and not Path(source).is_file()):
        raise PlanError(
            f"data {str(source)!r} is not there or cannot be read; "
            "give a folder of CSV or parquet files, or the path of a workbook.xlsx"
        )
    tables, issues = {}, []

    def say(*words, **more):
        issues.append(found(*words, **more))

    for raw in READERS[kind](source, say):
        other = tables.get(raw.name)
        if other and len(other.frame) and len(raw.frame):
            both = f"{other.origin} and {raw.origin}"
            say("table given twice", raw.name, 0, "", both, "the same table stands in two places")
        # A blank template beside a table that is filled in says nothing.
        if len(raw.frame) or not other:
            tables[raw.name] = raw
    return tables, issues


def settings_file(source) -> Path:
    """Where the settings of a source stand: in its folder, or beside its file."""
    path = Path(source)
    return (path if path.is_dir() else path.parent) / "settings.toml"


def read_folder(folder, say):
    """Every table file of a folder: CSV and parquet by name, and workbook.xlsx."""
    for path in sorted(Path(folder).iterdir()):
        kind = _kind(path)
        if path.name.startswith((".", "~$")) or path.stem == OURS or kind not in FILES:
            continue
        if path.stem in INPUTS or (path.stem == "workbook" and FILES[kind] is read_workbook):
            yield from FILES[kind](path, say)
        else:
            _unknown(path.stem, path.name, say)


def read_csv(path, say):
    """One CSV file; separated by comma, semicolon (then with decimal comma) or tab, as its header
    shows.
    """
    path = Path(path)
    name = path.stem
    data = _decode(path.read_bytes(), name, say)
    if data is None:
        return
    if not data.strip():
        return say("empty file", name, 0, "", path.name, "the file holds nothing")
    separator = max(",;\t", key=data.split(b"\n", 1)[0].decode().count)
    head = io.StringIO(data[:65536].decode(errors="ignore"), newline="")
    header = next(csv.reader(head, delimiter=separator), [])
    if not any(header):
        return say("unreadable file", name, 0, "", path.name, NO_HEADER)
    try:
        cells, rows, bad = _cells(data, separator, len(header))
    except pa.ArrowInvalid as error:
        why = f"cannot be cut into cells: {str(error).splitlines()[0][:200]}"
        return say("unreadable file", name, 0, "", path.name, why)
    for row, count, text in bad:
        _ragged(name, row, count, header, text, say)
    yield _raw(name, cells, header, rows, path.name, "," if separator == ";" else ".")


def _cells(data, separator, width):
    """Cells below the header as text, their row numbers, and the rows that do not fit: (row, cells,
    text).
    """
    bad = []

    def skip(row):
        bad.append((row.number, row.actual_columns, row.text[:200]))
        return "skip"

    names = [str(place) for place in range(width)]
    table = pyarrow.csv.read_csv(
        io.BytesIO(data),
        # One thread and one block: only then does pyarrow number the rows that it skips.
        read_options=pyarrow.csv.ReadOptions(
            use_threads=False, column_names=names, block_size=min(len(data) + 1, 2**31 - 1)
        ),
        parse_options=pyarrow.csv.ParseOptions(
            delimiter=separator,
            newlines_in_values=True,
            ignore_empty_lines=False,
            invalid_row_handler=skip,
        ),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
        ),
    )
    rows = np.setdiff1d(np.arange(1, table.num_rows + len(bad) + 1), [row for row, *_ in bad])
    return table.to_pandas().astype("str").iloc[1:], rows[1:], bad


def _decode(data, name, say):
    """The file as UTF-8 without its byte-order mark; None where it is no text."""
    if data.startswith(UTF16):
        try:
            text = data.decode("utf-16")
        except UnicodeDecodeError:
            why = "begins as UTF-16 text and is cut off or broken"
            return say("unreadable file", name, 0, "", name, why)
        say("not UTF-8", name, problem="the file is UTF-16 text", done="read as UTF-16")
        return text.encode()
    if data.startswith(codecs.BOM_UTF8):
        say("byte-order mark", name, problem="the file begins with a byte-order mark")
        data = data.removeprefix(codecs.BOM_UTF8)
    if b"\0" in data:
        why = "holds NUL bytes, so it is no text file"
        return say("unreadable file", name, 0, "", name, why)
    try:
        data.decode()
        return data
    except UnicodeDecodeError as error:
        row = data.count(b"\n", 0, error.start) + 1
    try:
        text = data.decode("cp1252")
    except UnicodeDecodeError:
        why = f"row {row} is neither UTF-8 nor cp1252 text"
        return say("unreadable file", name, 0, "", name, why)
    line = text.split("\n")[row - 1].strip()
    say("not UTF-8", name, row, "", line, "first row that is not UTF-8")
    return text.encode()


def read_parquet(path, say):
    """One parquet file; a null is a blank cell, a NaN inside a number column stays a NaN."""
    path = Path(path)
    try:
        table = pq.read_table(path)
        cells = [_plain(column).to_pandas().astype("str") for column in table.columns]
    except (pa.ArrowException, OSError) as error:
        why = f"cannot be read: {str(error).splitlines()[0][:200]}"
        return say("unreadable file", path.stem, 0, "", path.name, why)
    frame = pd.concat(cells, axis=1) if cells else pd.DataFrame()
    rows = np.arange(2, len(frame) + 2)
    yield _raw(path.stem, frame, table.column_names, rows, path.name)


def _plain(column):
    """Text without losing a digit; whole numbers as integers: an item code 4006381333931.0 reads as
    4006381333931.
    """
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_floating(column.type):
        column = column.cast(pa.float64())
        size = pc.max(pc.abs(column)).as_py()
        whole = size is not None and size < 2**53
        if whole and pc.all(pc.equal(column, pc.round(column))).as_py():
            column = column.cast(pa.int64())
    return pc.fill_null(column.cast(pa.string()), "")


def read_workbook(path, say):
    """Every sheet that bears a table's name; 123.0 reads as 123, a date as YYYY-MM-DD, a formula as
    its last value.
    """
    path = Path(path)
    try:
        with warnings.catch_warnings():
            # openpyxl speaks of styles and extensions, which hold no facts
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except NO_BOOK as error:
        why = f"is no Excel workbook: {error}"
        return say("unreadable file", path.stem, 0, "", path.name, why)
    for name in book.sheetnames:
        origin = f"{path.name}, sheet {name}"
        if name in INPUTS:
            yield from _sheet(book[name], name, origin, say)
        elif name.lower() not in NOTES:
            _unknown(name, origin, say)
    book.close()


def _sheet(sheet, name, origin, say):
    sheet.reset_dimensions()  # some programs write a wrong one
    lines = [_trim(map(_text, line)) for line in sheet.iter_rows(values_only=True)]
    if not any(lines):
        return say("empty file", name, 0, "", origin, "the sheet holds nothing")
    header, *lines = lines
    if not header:
        return say("unreadable file", name, 0, "", origin, NO_HEADER)
    width = len(header)
    for row, line in enumerate(lines, 2):
        if len(line) > width:
            _ragged(name, row, len(line), header, " ".join(line[width:]).strip(), say)
    cells = [line[:width] + [""] * (width - len(line)) for line in lines]
    frame = pd.DataFrame(cells, columns=range(width), dtype="str")
    yield _raw(name, frame, header, np.arange(2, len(frame) + 2), origin)


def _trim(cells):
    line = list(cells)
    while line and line[-1] == "":
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


def _raw(name, frame, header, rows, origin, decimal=".") -> Raw:
    """A Raw from cells, their header and their row numbers; rows without a single cell filled are
    left out.
    """
    frame = frame.set_axis(header, axis=1).set_axis(np.asarray(rows, dtype="int64"), axis=0)
    return Raw(name, frame[(frame != "").any(axis=1)], origin, decimal)


def _ragged(name, row, count, header, text, say):
    say("ragged row", name, row, "", text, f"has {count} cells where the header has {len(header)}")


def _unknown(name, origin, say):
    say("unknown table", name, 0, "", origin, f"is no input table{nearest(name, INPUTS)}")


def _kind(source) -> str:
    text = str(source)
    if "://" in text:
        return text.split("://")[0].split("+")[0]
    return "folder" if Path(source).is_dir() else Path(source).suffix.lower().lstrip(".")


FILES = {"csv": read_csv, "parquet": read_parquet, "xlsx": read_workbook, "xlsm": read_workbook}
READERS = {"folder": read_folder, **FILES}
