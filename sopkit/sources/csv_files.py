"""CSV files: encoding, separator, ragged rows; every cell stays the text that it is."""

import codecs
import csv
import io
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv

from sopkit.sources.issues import found
from sopkit.sources.raw import ragged, raw_table, unreadable

UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
SEPARATORS = ",;\t"


def read_csv(path):
    """One CSV file; separated by comma, semicolon (then with decimal comma) or tab, as its header
    shows.
    """
    path = Path(path)
    name = path.stem
    data, issues = _decode(path.read_bytes(), name)
    if data is None:
        return {}, issues
    if not data.strip():
        return {}, issues + [
            found("empty file", name, value=path.name, problem="the file holds nothing")
        ]
    first = data.split(b"\n", 1)[0].decode()
    separator = max(SEPARATORS, key=first.count)
    header = next(
        csv.reader(
            io.StringIO(data[:65536].decode(errors="ignore"), newline=""), delimiter=separator
        ),
        [],
    )
    if not any(header):
        return {}, issues + [
            unreadable(name, path.name, "row 1 must hold the column names, and is blank")
        ]
    try:
        cells, rows, bad = _cells(data, separator, len(header))
    except pa.ArrowInvalid as error:
        return {}, issues + [
            unreadable(
                name, path.name, f"cannot be cut into cells: {str(error).splitlines()[0][:200]}"
            )
        ]
    if bad:
        issues.append(
            ragged(name, [b[0] for b in bad], len(header), [b[1] for b in bad], [b[2] for b in bad])
        )
    return {
        name: raw_table(cells, header, rows, path.name, "," if separator == ";" else ".")
    }, issues


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
            column_types={name: pa.string() for name in names}, strings_can_be_null=False
        ),
    )
    rows = np.setdiff1d(np.arange(1, table.num_rows + len(bad) + 1), [row for row, *_ in bad])
    frame = pd.DataFrame({name: table[name].to_pandas().astype("str") for name in names})
    return frame.iloc[1:], rows[1:], bad


def _decode(data, name):
    """The file as UTF-8 without its byte-order mark; None where it is no text."""
    if data.startswith(UTF16):
        return _from_utf16(data, name)
    issues = []
    if data.startswith(codecs.BOM_UTF8):
        data = data[len(codecs.BOM_UTF8) :]
        issues.append(
            found("byte-order mark", name, problem="the file begins with a byte-order mark")
        )
    if b"\0" in data:
        return None, issues + [unreadable(name, name, "holds NUL bytes, so it is no text file")]
    try:
        data.decode()
    except UnicodeDecodeError as error:
        return _from_windows(data, error.start, name, issues)
    return data, issues


def _from_utf16(data, name):
    try:
        text = data.decode("utf-16").encode()
    except UnicodeDecodeError:
        return None, [unreadable(name, name, "begins as UTF-16 text and is cut off or broken")]
    return text, [
        found("not UTF-8", name, problem="the file is UTF-16 text", done="read as UTF-16")
    ]


def _from_windows(data, start, name, issues):
    row = data.count(b"\n", 0, start) + 1
    try:
        text = data.decode("cp1252")
    except UnicodeDecodeError:
        return None, issues + [
            unreadable(name, name, f"row {row} is neither UTF-8 nor cp1252 text")
        ]
    line = text.split("\n")[row - 1].strip()
    return text.encode(), issues + [
        found("not UTF-8", name, row, value=line, problem="first row that is not UTF-8")
    ]
