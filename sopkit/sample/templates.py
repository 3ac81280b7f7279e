"""Blank templates: every table's header as CSV, one workbook with the column notes, and the
settings explained.
"""

import json
from datetime import datetime
from pathlib import Path

from sopkit.errors import PlanError
from sopkit.tables import INPUTS, SETTINGS

NOTES = ("table", "column", "required", "unit", "rule", "meaning")
_FIXED = datetime(2026, 1, 1)  # so that the same templates are the same bytes


def write_templates(folder) -> list[Path]:
    """Write headers, ``workbook.xlsx`` and ``settings.toml`` into ``folder`` and return the files.

    Fill in ``items`` and ``sales_history``, as CSV or in the workbook, and the company can be
    planned. Raises ``PlanError`` where the folder already holds facts.
    """
    folder = Path(folder)
    refuse_filled(folder)
    folder.mkdir(parents=True, exist_ok=True)
    texts = {f"{name}.csv": ",".join(table.names) + "\n" for name, table in INPUTS.items()}
    paths = write_texts(folder, texts | {"settings.toml": settings_template()})
    return [*paths, _workbook(folder / "workbook.xlsx")]


def _workbook(path):
    import xlsxwriter

    with xlsxwriter.Workbook(
        path, {"strings_to_formulas": False, "strings_to_numbers": False, "strings_to_urls": False}
    ) as book:
        book.set_properties({"title": "Facts for the S&OP workbook", "created": _FIXED})
        styles = {
            "head": book.add_format({"bold": True, "bottom": 1}),
            "needed": book.add_format({"bold": True, "bottom": 1, "bg_color": "#FCE8C8"}),
            "text": book.add_format({"num_format": "@"}),
            "wrap": book.add_format({"text_wrap": True, "valign": "top"}),
        }
        _notes(book.add_worksheet("notes"), styles)
        for name, table in INPUTS.items():
            _sheet(book.add_worksheet(name), table, styles)
    return path


def _notes(sheet, styles):
    rows = [
        (name, column.name, "yes" if column.required else "", column.unit, column.rule, column.doc)
        for name, table in INPUTS.items()
        for column in table.columns
    ]
    for place, head in enumerate(NOTES):
        sheet.write_string(0, place, head, styles["head"])
    for line, row in enumerate(rows, start=1):
        for place, cell in enumerate(row):
            sheet.write_string(line, place, cell, styles["wrap"])
    for place, width in enumerate((19, 19, 9, 20, 22, 80)):
        sheet.set_column(place, place, width)
    sheet.freeze_panes(1, 0)


def _sheet(sheet, table, styles):
    """A header with a comment on each cell; codes and dates are text cells, so that Excel leaves
    000123 and 2026-11-01 alone.
    """
    for place, column in enumerate(table.columns):
        sheet.set_column(
            place,
            place,
            max(12, len(column.name) + 3),
            None if column.kind == "number" else styles["text"],
        )
        sheet.write_string(0, place, column.name, styles["needed" if column.required else "head"])
        said = [
            column.doc,
            f"unit: {column.unit}",
            column.rule,
            "required" if column.required else "may stay blank",
        ]
        sheet.write_comment(0, place, "\n".join(filter(None, said)), {"x_scale": 1.6, "author": ""})
    sheet.freeze_panes(1, 0)


def write_texts(folder: Path, texts: dict[str, str]) -> list[Path]:
    """Write each text as UTF-8 with line feeds, whatever the machine; returns the paths."""
    paths = [folder / name for name in texts]
    for path, text in zip(paths, texts.values()):
        path.write_text(text, encoding="utf-8", newline="\n")
    return paths


def refuse_filled(folder: Path) -> None:
    """Raise ``PlanError`` where the folder already holds input tables or settings: someone's facts
    are never written over.
    """
    names = [f"{name}.{ending}" for name in INPUTS for ending in ("csv", "parquet")] + [
        "settings.toml",
        "workbook.xlsx",
    ]
    found = [name for name in names if (folder / name).exists()]
    if found:
        raise PlanError(
            f"folder {folder} already holds {len(found)} files of facts"
            f" ({', '.join(found[:3])}{' …' if len(found) > 3 else ''}), which would be written"
            " over; give an empty folder"
        )


def settings_template() -> str:
    """Every setting commented out: its meaning, its choices or bounds, its default."""
    lines = ["# Settings of the company. Remove the # in front of what you want to change."]
    for setting in sorted(SETTINGS.values(), key=lambda setting: setting.kind is dict):
        allowed = f" ({' | '.join(map(str, setting.choices))})" if setting.choices else ""
        lines += ["", f"# {setting.doc}{allowed}"]
        default = json.dumps(setting.default)
        if setting.default is None:
            default = f"{0.95 if setting.at_most == 1 else 2}  # no default"
        lines.append(
            f"# [{setting.name}]" if setting.kind is dict else f"# {setting.name} = {default}"
        )
    return "\n".join(lines) + "\n"
