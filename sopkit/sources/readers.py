"""Readers: any source of facts becomes tables of text and the issues met on the way.

``READERS`` names them by the kind of source; a database becomes a source by one more line: its
URL's scheme and a function.
"""

from pathlib import Path

from sopkit.errors import PlanError
from sopkit.sources.csv_files import read_csv
from sopkit.sources.issues import found
from sopkit.sources.parquet_files import read_parquet
from sopkit.sources.raw import unknown_table
from sopkit.sources.workbooks import read_workbook
from sopkit.tables import INPUTS

OURS = "data_issues"  # what Facts.write puts beside the facts
FILES = {"csv": read_csv, "parquet": read_parquet, "xlsx": read_workbook, "xlsm": read_workbook}


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
    return READERS[kind](source)


def settings_file(source) -> Path:
    """Where the settings of a source stand: in its folder, or beside its file."""
    path = Path(source)
    return (path if path.is_dir() else path.parent) / "settings.toml"


def read_folder(folder):
    """Every table file of a folder: CSV and parquet by name, and workbook.xlsx."""
    tables, issues = {}, []
    for path in sorted(Path(folder).iterdir()):
        if path.name.startswith((".", "~$")) or path.stem == OURS or _kind(path) not in FILES:
            continue
        if path.stem not in INPUTS and not (
            path.stem == "workbook" and _kind(path) in ("xlsx", "xlsm")
        ):
            issues.append(unknown_table(path.name, path.stem))
            continue
        more, said = FILES[_kind(path)](path)
        issues += said + [
            found(
                "table given twice",
                name,
                value=f"{tables[name].origin} and {more[name].origin}",
                problem="the same table stands in two places",
            )
            for name in more
            if name in tables and len(tables[name].frame) and len(more[name].frame)
        ]
        # A blank template beside a table that is filled in says nothing.
        tables |= {name: raw for name, raw in more.items() if len(raw.frame) or name not in tables}
    return tables, issues


def _kind(source) -> str:
    text = str(source)
    if "://" in text:
        return text.split("://")[0].split("+")[0]
    return "folder" if Path(source).is_dir() else Path(source).suffix.lower().lstrip(".")


READERS = {"folder": read_folder, **FILES}
