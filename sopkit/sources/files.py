"""Files: CSV, parquet and Excel become tables of text, every row numbered as a person counts.

``READERS`` names by the kind of source what tells its tables, unread: (name, origin, ``read``),
where ``read(say)`` gives the cells and the file's decimal mark, ``say`` notes an issue of the
table, and None is a name that no table has.
"""

import codecs
import contextlib
import csv
import io
import re
import warnings
from dataclasses import dataclass
from functools import partial
from itertools import chain, repeat
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from sopkit.errors import PlanError, nearest
from sopkit.sources.issues import found
from sopkit.sources.typed import NAMES
from sopkit.tables import INPUTS

UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
OURS = "data_issues"  # what Facts.write puts beside the facts
NOTES = ("readme", "notes", "columns")  # sheets for people
WIDEST = 1000  # columns of a table
ZEROS = re.compile("00+")  # a format of a sheet's numbers that are codes: 00123
STRAY = "[\udc80-\udcff]"  # a byte that is no UTF-8, where it is kept
DATABASE = "database"  # how a table read from one ends, as a file


@dataclass(frozen=True)
class Raw:
    """A table as text: "" is a blank cell, the index is the row in the file, ``decimal`` the file's
    decimal mark.
    """

    origin: str
    frame: pd.DataFrame
    decimal: str


def read_source(source):
    """Every input table of a source, {name: Raw}, and the list of issue frames; ``PlanError`` if it
    is no source.
    """
    path = Path(source)
    if _kind(path) not in READERS or not (path.exists() or path.is_symlink()):
        raise PlanError(
            f"data {str(source)!r} is not there or cannot be read; "
            "give a folder of CSV or parquet files, the path of a workbook.xlsx, or a URL"
        )
    tables, issues = {}, []
    for name, origin, read in READERS[_kind(path)](path):

        def say(rule, problem, value=origin, rows=0, done=None, name=name):
            issues.append(found(rule, name, rows, "", value, problem, done))

        if read is None:
            say("unknown table", f"is no input table{nearest(name, INPUTS)}")
            continue
        try:
            frame, decimal = read(say)
        except Exception as error:  # of pyarrow, openpyxl, zip, XML, codecs: the file is broken
            why, *_ = str(error).split("\n")
            say("unreadable file", f"cannot be read: {why[:200]}")
            continue
        if not len(frame.columns):
            say("empty file", "holds nothing")
            continue
        raw = Raw(origin, frame[(frame != "").any(axis=1)], decimal)
        other = tables.get(name)
        if other and len(other.frame) and len(raw.frame):
            both = f"{other.origin} and {origin}"
            say("table given twice", "the same table stands in two places", both)
        # A blank template beside a table that is filled in says nothing.
        if len(raw.frame) or not other:
            tables[name] = raw
    return tables, issues


def regular(path: Path) -> Path:
    """The path of a file that ends; ``OSError`` for a pipe, a device, a folder, a broken link,
    which are never opened.
    """
    if not path.exists():
        raise FileNotFoundError("it is a link to nowhere")
    if not path.is_file():
        raise OSError("it is no file: a folder, a pipe or a device")
    return path


def settings_file(source) -> Path:
    """Where the settings of a source stand: in its folder, or beside its file."""
    path = Path(source)
    return (path if path.is_dir() else path.parent) / "settings.toml"


def _folder(folder):
    """Every table file of a folder: CSV and parquet by name, and workbook.xlsx."""
    for path in sorted(folder.iterdir()):
        kind = suffix_of(path)
        if not path.name.startswith((".", "~$", OURS)) and kind in FILES:
            known = path.stem in (*INPUTS, "workbook")
            yield from FILES[kind](path) if known else [(path.stem, path.name, None)]
        elif path.name.partition(".")[0] in INPUTS:
            yield path.name, path.name, None


def _file(read, path):
    """The one table of a file."""
    yield path.stem, path.name, partial(read, path) if path.stem in INPUTS else None


def _workbook(path):
    """Every sheet that bears a table's name."""
    try:
        book = open_book(path)
    except Exception as error:
        yield path.stem, path.name, partial(_broken_book, error)
        return
    with contextlib.closing(book):
        for name in book.sheetnames:
            if name.lower() not in NOTES:
                read = partial(_sheet, path, book[name]) if name in INPUTS else None
                yield name, f"{path.name}, sheet {name}", read


def open_book(path, **how):
    """The workbook, to be read and closed."""
    import openpyxl

    with warnings.catch_warnings():
        # openpyxl speaks of styles and extensions, which hold no facts
        warnings.simplefilter("ignore")
        return openpyxl.load_workbook(regular(Path(path)), read_only=True, **how)


def read_sheet(path, sheet) -> list[list]:
    """The rows of a sheet of the workbook at ``path``: a formula as its last value, or, where no
    program ever calculated it, as it is written, after a NUL (which no text file may hold).
    """
    written, values = _cells(sheet), None
    if any(cell.data_type == "f" for line in written for cell in line):
        with contextlib.closing(open_book(path, data_only=True)) as book:
            values = _cells(book[sheet.title])
    return [[*map(_value, *both)] for both in zip(written, values or written)]


def _cells(sheet):
    sheet.reset_dimensions()  # some programs write a wrong one
    return [_narrow(number, row) for number, row in enumerate(sheet.iter_rows(), 1)]


def _narrow(number, row):
    if any(cell.value is not None for cell in row[WIDEST:]):
        raise ValueError(f"row {number} holds more than {WIDEST} columns; delete what is beyond")
    return row[:WIDEST]


def _value(written, cell):
    # A text that is empty was calculated too.
    lost = cell.value is None and cell.data_type != "str" and written.value
    if isinstance(cell.value, int) and ZEROS.fullmatch(cell.number_format):
        return str(cell.value).zfill(len(cell.number_format))
    return f"\0{getattr(lost, 'text', lost)}" if lost else cell.value


def _broken_book(error, say):
    raise ValueError(f"it is no Excel workbook: {error}")


def _csv(path, say):
    """One CSV file; separated by comma, semicolon (then with decimal comma) or tab, as its header
    shows.
    """
    text = decode(regular(path).read_bytes(), say)
    return _cut(text, max(",;\t", key=text.split("\n", 1)[0].count), say)


def _cut(text, separator, say):
    """The cells of CSV text below its header, and its decimal mark; rows that do not fit are
    issues.
    """
    if not text.strip():
        return pd.DataFrame(), ""
    header = next(csv.reader(io.StringIO(text[:131072], newline=""), delimiter=separator), [])
    if not any(header):
        raise ValueError("row 1 must hold the column names, and is blank")
    if len(header) > WIDEST:
        raise ValueError(f"row 1 holds more than {WIDEST} columns; delete those that are no facts")
    bad = {}

    def skip(row):
        bad[row.number] = row
        return "skip"

    data, names = text.encode(), [str(place) for place in range(len(header))]
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
    said = {at: row for at, row in bad.items() if row.text.strip(f" {separator}")}  # else blank
    say(
        "ragged row",
        [
            f"has {row.actual_columns} cells where the header has {len(header)}"
            for row in said.values()
        ],
        [row.text[:200] for row in said.values()],
        [*said],
    )
    rows = np.setdiff1d(np.arange(1, table.num_rows + len(bad) + 1), [*bad])
    cells = table.to_pandas().astype("str").set_axis(header, axis=1).set_axis(rows)
    cells = cells.iloc[1:]
    if '"' in text:  # else no cell can hold a line break
        broken = cells.apply(lambda column: column.str.contains("\n", regex=False)).any(axis=1)
        told = [" · ".join(row)[:200] for row in cells[broken].to_numpy()]
        say("line break", "a cell goes on over several lines", told, cells.index[broken])
    return cells, "," if separator == ";" else "."


def decode(data, say):
    """The file as text without its byte-order mark."""
    if data.startswith(UTF16):
        try:
            text = data.decode("utf-16")
        except UnicodeDecodeError:
            raise ValueError("it begins as UTF-16 text and is cut off or broken") from None
        say("not UTF-8", "the file is UTF-16 text", "", done="read as UTF-16")
        return text
    if data.startswith(codecs.BOM_UTF8):
        say("byte-order mark", "the file begins with a byte-order mark", "")
    if b"\0" in data:
        raise ValueError("it holds NUL bytes, so it is no text file")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = error.object.count(b"\n", 0, error.start) + 1
    text = data.decode("utf-8", "surrogateescape")
    odd, done = re.findall(STRAY, text), None
    try:
        if len(odd) > len(re.findall(rf"(?!{STRAY})[^\0-\x7f]", text)):
            text = data.decode("cp1252")
        else:
            text = re.sub(
                STRAY, lambda one: one[0].encode("utf-8", "surrogateescape").decode("cp1252"), text
            )
            done = f"{len(odd)} such bytes are read as cp1252, the rest as UTF-8"
    except UnicodeDecodeError:
        raise ValueError(f"row {row} is neither UTF-8 nor cp1252 text") from None
    line = text.split("\n")[row - 1].strip()
    say("not UTF-8", "first row that is not UTF-8", line, row, done)
    return text.removeprefix("\ufeff")


def read_parquet(path, say):
    """One parquet file; a null is a blank cell, a NaN inside a number column stays a NaN."""
    table = pq.read_table(regular(path))
    cells = pa.table([_plain(column) for column in table.columns], names=table.column_names)
    frame = cells.to_pandas().astype("str")
    return frame.set_axis(frame.index + 2), "."


def _plain(column):
    """Text without losing a digit; whole numbers as integers: an item code 4006381333931.0 reads as
    4006381333931.
    """
    if pa.types.is_floating(column.type):
        most = pc.max(pc.abs(column)).as_py() or 0.0
        with contextlib.suppress(pa.ArrowInvalid):  # a fraction or a NaN
            column = column.cast(pa.int64()) if most < 2**53 else column
    return pc.fill_null(column.cast(pa.string()), "")


def _sheet(path, sheet, say):
    """A sheet, cut as if it were CSV: 123.0 is 123, a date YYYY-MM-DD, a formula its last value."""
    lines = read_sheet(path, sheet)
    codes = [str(name).strip() in NAMES for name in (lines or [[]])[0]]
    lines = [_trim(map(as_text, line, chain(codes, repeat(False)))) for line in lines]
    width = max(map(len, lines[:1]), default=0)
    text = io.StringIO()
    csv.writer(text).writerows(line + [""] * (width - len(line)) for line in lines)
    return _cut(text.getvalue(), ",", say)


def _trim(cells):
    line = list(cells)
    while line and line[-1] in (None, ""):
        line.pop()
    return line


def as_text(cell, code):
    """A cell of a sheet as CSV would hold it; ``code``: in a column of codes."""
    if isinstance(cell, bool):
        return str(cell).upper()
    # Excel keeps 15 digits, and no 0 at the end of 1.10: such a code is lost, and must show it.
    if isinstance(cell, float) and (abs(cell) >= 1e15 or (code and not cell.is_integer())):
        return f"{cell:.14E}"
    return int(cell) if isinstance(cell, float) and cell.is_integer() else cell


def _kind(path) -> str:
    return "folder" if path.is_dir() else suffix_of(path)


def suffix_of(path) -> str:
    """What a file's name ends with, in lower case, without the dot."""
    return path.suffix.lower().lstrip(".")


FILES = {
    "csv": partial(_file, _csv),
    "parquet": partial(_file, read_parquet),
    DATABASE: partial(_file, read_parquet),
    "xlsx": _workbook,
    "xlsm": _workbook,
}
READERS = {"folder": _folder, **FILES}
