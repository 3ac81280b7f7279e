import tomllib

import openpyxl
import pytest

from sopkit import PlanError
from sopkit.sample import write_templates
from sopkit.sources import check, read_facts
from sopkit.tables import INPUTS, SETTINGS


@pytest.fixture
def folder(tmp_path):
    write_templates(tmp_path)
    return tmp_path


@pytest.fixture
def book(folder):
    return openpyxl.load_workbook(folder / "workbook.xlsx")


def test_every_table_has_its_header_and_nothing_else(folder):
    for name, table in INPUTS.items():
        assert (folder / f"{name}.csv").read_text(encoding="utf-8") == ",".join(table.names) + "\n"


def test_the_workbook_has_a_sheet_for_every_table_with_a_comment_on_every_header(book):
    assert book.sheetnames == ["notes", *INPUTS]
    for name, table in INPUTS.items():
        header = book[name][1]
        assert [cell.value for cell in header] == table.names and book[name].max_row == 1
        for cell, column in zip(header, table.columns):
            assert column.doc in cell.comment.text and column.unit in cell.comment.text
            assert ("required" in cell.comment.text.splitlines()) == column.required


def test_the_notes_explain_every_column(book):
    rows = list(book["notes"].iter_rows(values_only=True))
    assert rows[0] == ("table", "column", "required", "unit", "rule", "meaning")
    assert [row[:2] for row in rows[1:]] == [
        (name, column.name) for name, table in INPUTS.items() for column in table.columns
    ]
    assert all(row[5] for row in rows) and {row[2] for row in rows[1:]} == {"yes", ""}


def test_no_cell_is_a_formula_and_codes_and_dates_are_text(book):
    assert {
        cell.data_type
        for sheet in book
        for row in sheet.iter_rows()
        for cell in row
        if cell.value is not None
    } == {"s"}
    items = book["items"]
    formats = {
        items.cell(1, place).value: (
            items.column_dimensions[items.cell(1, place).column_letter].number_format
        )
        for place in range(1, items.max_column + 1)
    }
    assert formats["item"] == formats["launched_on"] == "@" != formats["price"]


def test_every_setting_is_explained_and_none_is_set(folder):
    text = (folder / "settings.toml").read_text(encoding="utf-8")
    assert tomllib.loads(text) == {}
    for name, setting in SETTINGS.items():
        assert setting.doc in text and f"# {name} = " in text or f"# [{name}]" in text


def test_uncommented_defaults_are_the_defaults(folder):
    lines = (folder / "settings.toml").read_text(encoding="utf-8").splitlines()
    active = "\n".join(
        line[2:]
        for line in lines
        if line.startswith("# ") and " = " in line and line[2:].split(" = ")[0] in SETTINGS
    )
    assert tomllib.loads(active) == {
        name: s.default for name, s in SETTINGS.items() if s.kind is not dict
    } | {"service_level": 0.95, "layoff_notice": 2, "opening_cash": 2}


def test_items_and_sales_alone_make_a_company(folder):
    _fill(folder / "items.csv", "000123,Pumps" + "," * (len(INPUTS["items"].names) - 2))
    _fill(
        folder / "sales_history.csv",
        *(f"000123,North,2026-{month:02d}-01,10,1000" for month in range(1, 11)),
    )
    assert check(folder).query("severity == 'error'").empty
    assert read_facts(folder, "2026-11").tables["items"]["item"].tolist() == ["000123"]


def test_the_workbook_filled_instead_makes_the_same_company(folder, book):
    book["items"].append(["000123", "Pumps"])
    for month in range(1, 11):
        book["sales_history"].append(["000123", "North", f"2026-{month:02d}-01", 10, 1000])
    book.save(folder / "workbook.xlsx")
    assert check(folder).query("severity == 'error'").empty
    assert read_facts(folder, "2026-11").tables["items"]["item"].tolist() == ["000123"]


def test_templates_are_never_written_over_facts(folder):
    with pytest.raises(PlanError, match="already holds"):
        write_templates(folder)


def _fill(path, *lines):
    with path.open("a", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
