"""The same tables give the same facts, whatever file they come in."""

import io
import zipfile
from datetime import datetime, time

import numpy as np
import openpyxl
import pandas as pd
import pytest
import xlsxwriter

from sopkit.errors import PlanError
from sopkit.sources import check, read_facts
from sopkit.sources.files import read_source
from sopkit.tables import INPUTS
from tests.sources.company import COMPANY, MONTH, issues_of, small, spoiled, write


def same(facts, others):
    for name in INPUTS:
        pd.testing.assert_frame_equal(facts[name], others[name])
    assert (
        facts.settings == others.settings
        and facts.present == others.present
        and facts.first == others.first
    )
    return True


@pytest.fixture
def facts(tmp_path):
    return read_facts(write(tmp_path / "csv"), MONTH)


def workbook(path, tables=None):
    """The company as a workbook: numbers as numbers, dates as dates, as Excel would hold them; item
    codes with zeros as text.
    """
    book = openpyxl.Workbook()
    book.active.title = "notes"
    for name, text in (tables or COMPANY).items():
        sheet = book.create_sheet(name)
        for line in pd.read_csv(
            io.StringIO(text), header=None, dtype=str, keep_default_na=False
        ).itertuples(index=False):
            sheet.append([_cell(cell) for cell in line])
    path.parent.mkdir(exist_ok=True)
    book.save(path)
    return path


def _cell(text):
    if (
        text.isdigit()
        and not text.startswith("0")
        or text.replace(".", "", 1).isdigit()
        and "." in text
    ):
        return float(text)
    return (
        pd.Timestamp(text).to_pydatetime()
        if len(text) == 10 and text[4] == text[7] == "-"
        else text or None
    )


def test_semicolon_files_have_a_decimal_comma(facts, tmp_path):
    tables = {
        name: ";".join(text.replace(";", "|").split(",")).replace(".", ",").replace("|", ";")
        for name, text in COMPANY.items()
    }
    tables["launches"] = tables["launches"].replace("0,5;1", '"0.5;1"')
    assert same(facts, read_facts(write(tmp_path / "semicolon", tables), MONTH))


def test_tabs_and_utf16_as_excel_saves_unicode_text(facts, tmp_path):
    tables = {name: text.replace(",", "\t").encode("utf-16") for name, text in COMPANY.items()}
    assert same(facts, read_facts(write(tmp_path / "tabs", tables), MONTH))


def test_windows_line_ends_quotes_and_blank_lines_change_nothing(facts, tmp_path):
    tables = {
        name: (
            text.replace("\n", "\r\n").replace("Pumps", '"Pumps"')
            + "\r\n,,\r\n" * (text.split("\n")[0].count(",") == 2)
        )
        for name, text in COMPANY.items()
    }
    assert same(facts, read_facts(write(tmp_path / "windows", tables), MONTH))


def test_blank_lines_count_as_rows(tmp_path):
    orders = COMPANY["orders"].replace("\n2,1,P1", "\n\n,,,,,,,,,\n2,1,X9")
    assert issues_of(small(tmp_path / "data", orders=orders), "unknown item")["row"].tolist() == [5]


def test_a_quoted_line_break_is_one_row(tmp_path):
    items = (
        COMPANY["items"]
        .replace("P1,Pumps,", 'P1,"Pumps\nbig",')
        .replace("004,Valves,order,50", "004,Valves,order,x")
    )
    issues = check(small(tmp_path / "data", items=items), MONTH)
    assert issues.loc[issues["rule"] == "not a number", "row"].tolist() == [4]


def test_parquet_typed_or_text(facts, tmp_path):
    (tmp_path / "parquet").mkdir()
    for name in INPUTS:
        facts[name].to_parquet(tmp_path / "parquet" / f"{name}.parquet")
    assert same(facts, read_facts(tmp_path / "parquet", MONTH))


def test_parquet_numbers_survive_to_the_last_bit(tmp_path):
    folder = write(tmp_path / "data", sales_history=None, events=None)
    prices = [1 / 3, 0.1 + 0.2, 1e-9 + 1, 2.0**43 + 1 / 64]
    pd.DataFrame(
        {
            "item": "P1",
            "bucket": pd.date_range("2026-06-01", periods=4, freq="MS"),
            "quantity": prices,
        }
    ).to_parquet(folder / "sales_history.parquet")
    assert read_facts(folder, MONTH).sales_history["quantity"].tolist() == prices


def test_parquet_codes_that_became_floats_read_whole(tmp_path):
    folder = write(tmp_path / "data", **dict.fromkeys(set(COMPANY) - {"items"}))
    pd.DataFrame({"item": [4006381333931.0], "price": [5.0]}).to_parquet(folder / "items.parquet")
    (folder / "items.csv").unlink()
    pd.DataFrame({"item": [4006381333931.0], "bucket": ["2026-10-01"], "quantity": [5]}).to_parquet(
        folder / "sales_history.parquet"
    )
    assert read_facts(folder, MONTH).items["item"].tolist() == ["4006381333931"]


def test_parquet_nan_is_not_a_blank(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    folder = write(tmp_path / "data", budget=None)
    pq.write_table(
        pa.table(
            {
                "family": ["Pumps", "Pumps"],
                "bucket": ["2026-11-01", "2026-12-01"],
                "revenue": pa.array([None, float("nan")]),
            }
        ),
        folder / "budget.parquet",
    )
    assert issues_of(folder, "NaN or infinity")["row"].tolist() == [3]


def test_a_workbook_in_a_folder_or_by_its_path(facts, tmp_path):
    path = workbook(tmp_path / "excel" / "workbook.xlsx")
    assert same(facts, read_facts(path.parent, MONTH)) and same(facts, read_facts(path, MONTH))


def test_a_workbook_counts_rows_as_excel_does(tmp_path):
    path = workbook(tmp_path / "excel" / "workbook.xlsx")
    book = openpyxl.load_workbook(path)
    book["items"]["D3"] = "abc"
    book["items"].insert_rows(2, 2)  # two blank rows
    book["orders"]["L4"] = "beyond the header"
    book.create_sheet("item")
    book.save(path)
    issues = check(path, MONTH)
    assert issues.loc[issues["rule"] == "not a number", "row"].tolist() == [5]
    assert issues.loc[issues["rule"] == "ragged row", "row"].tolist() == [4]
    assert issues.loc[issues["rule"] == "unknown table", "table"].tolist() == ["item"]


def test_numbers_in_excel_keep_no_decimals_in_codes(tmp_path):
    tables = {
        "items": "item,price\n123,5\n",
        "sales_history": "item,bucket,quantity\n123,2026-10-01,5\n",
    }
    facts = read_facts(workbook(tmp_path / "excel" / "workbook.xlsx", tables), MONTH)
    assert facts.items["item"].tolist() == ["123"]


def spoiled_workbook(folder, table, cell, value):
    path = workbook(folder / "workbook.xlsx")
    book = openpyxl.load_workbook(path)
    book[table][cell] = value
    book.save(path)
    return path


def test_a_formula_without_a_value_is_named_in_every_column_of_every_sheet(tmp_path):
    path = workbook(tmp_path / "workbook.xlsx")
    book = openpyxl.load_workbook(path)
    wanted = {}
    for name in COMPANY:
        for column, cell in enumerate(book[name][2], start=1):
            wanted[name, book[name].cell(1, column).value] = cell.value = f"=A{column}+1"
    book.save(path)
    issues = issues_of(path, "not as typed")
    assert issues.set_index(["table", "column"])["value"].to_dict() == wanted
    assert set(issues["row"]) == {2} and issues["problem"].str.contains("never calculated").all()
    assert not (check(path, MONTH)["rule"] == "not a number").any(), "one cause, one message"
    with pytest.raises(PlanError, match="never calculated"):
        read_facts(path, MONTH)


def test_a_formula_that_was_calculated_is_its_value_be_it_empty(tmp_path):
    with xlsxwriter.Workbook(tmp_path / "made.xlsx") as book:
        items, sales = book.add_worksheet("items"), book.add_worksheet("sales_history")
        items.write_row(0, 0, ["item", "price", "family"])
        items.write(1, 0, "P1")
        items.write_formula(1, 1, "=2*5", None, 10)
        items.write_formula(1, 2, '=IF(1,"","x")', None, "gone")
        sales.write_row(0, 0, ["item", "bucket", "quantity"])
        sales.write_row(1, 0, ["P1", "2026-10-01", 5])
    with (
        zipfile.ZipFile(tmp_path / "made.xlsx") as made,
        zipfile.ZipFile(tmp_path / "workbook.xlsx", "w") as saved,
    ):
        for part in made.namelist():  # an empty text, as a spreadsheet saves it
            saved.writestr(part, made.read(part).replace(b"<v>gone</v>", b"<v></v>"))
    facts = read_facts(tmp_path / "workbook.xlsx", MONTH)
    assert facts.items[["price", "family"]].values.tolist() == [[10.0, "(none)"]]


@pytest.mark.parametrize(
    "value, shown",
    [
        (datetime(2026, 6, 10), "2026-06-10 00:00:00"),
        (time(10, 30), "10:30:00"),
        (1.1, "1.10000000000000E+00"),
        (4.00638133393123e18, "4.00638133393123E+18"),
    ],
)
def test_a_code_that_excel_made_a_date_or_a_float_is_named(tmp_path, value, shown):
    issues = issues_of(spoiled_workbook(tmp_path, "items", "A2", value), "not as typed")
    assert issues[["table", "row", "column", "value"]].values.tolist() == [
        ["items", 2, "item", shown]
    ]


def test_a_number_that_is_no_code_may_have_decimals(tmp_path):
    path = spoiled_workbook(tmp_path, "launches", "D2", 0.5)  # a ramp of one fraction
    assert read_facts(path, MONTH).launches["ramp"].tolist() == ["0.5"]


def test_settings_stand_beside_the_workbook(tmp_path):
    path = workbook(tmp_path / "excel" / "workbook.xlsx")
    (path.parent / "settings.toml").write_text("horizon = 7\n")
    assert read_facts(path, MONTH).settings["horizon"] == 7


def test_a_table_in_two_files_is_an_error(tmp_path):
    folder = write(tmp_path / "data")
    pd.DataFrame({"item": ["P1"]}).to_parquet(folder / "items.parquet")
    workbook(folder / "workbook.xlsx", {"budget": COMPANY["budget"]})
    assert issues_of(folder, "table given twice")["table"].tolist() == ["budget", "items"]


def test_a_blank_template_beside_a_filled_table_is_none(facts, tmp_path):
    folder = write(tmp_path / "data")
    workbook(
        folder / "workbook.xlsx",
        {name: text.split("\n")[0] + "\n" for name, text in COMPANY.items()},
    )
    assert same(facts, read_facts(folder, MONTH))


@pytest.mark.parametrize("name", ["orders.parquet", "workbook.xlsx"])
def test_a_broken_file_is_an_issue_not_a_crash(name, tmp_path):
    folder = write(tmp_path / "data", orders=None)
    (folder / name).write_bytes(b"PK\x03\x04 not really")
    with pytest.raises(PlanError, match="unreadable file"):
        read_facts(folder, MONTH)


@pytest.mark.parametrize("name", ["orders.parquet", "workbook.xlsx"])
def test_a_damaged_byte_is_an_issue_or_harmless(name, tmp_path):
    folder = write(tmp_path / "data", orders=None)
    if name.endswith("parquet"):
        pd.read_csv(io.StringIO(COMPANY["orders"])).to_parquet(folder / name)
    else:
        workbook(folder / name, {"orders": COMPANY["orders"]})
    whole, rng = (folder / name).read_bytes(), np.random.default_rng(1)
    for at in rng.integers(0, len(whole), 150):
        (folder / name).write_bytes(whole[:at] + bytes([whole[at] ^ 255]) + whole[at + 1 :])
        read_source(folder)


def test_keys_stay_as_written(tmp_path):
    folder = write(
        tmp_path / "data",
        {name: None for name in COMPANY},
        items="item,family\n000123,NA\nNA,null\n1e5,00\n",
        sales_history="item,market,bucket,quantity\n000123,NA,2026-10-01,5\n",
    )
    facts = read_facts(folder, MONTH)
    assert facts.items["item"].tolist() == ["000123", "1e5", "NA"] and set(
        facts.items["family"]
    ) == {"NA", "null", "00"}
    assert facts.sales_history["market"].tolist() == ["NA"]


@pytest.mark.parametrize(
    "text",
    [
        "=cmd|' /C calc'!A0",
        "<script>alert(1)</script>",
        "'; DROP TABLE items; --",
        "../../etc/passwd",
        "\x1b[2J\x07",
        "Ünïcødé 漢字 🚀",
        "a" * 5000,
        "{{ 7 * 7 }}",
        "None",
        "true",
    ],
)
def test_hostile_text_is_only_text(text, tmp_path):
    facts = read_facts(
        small(tmp_path / "data", **spoiled("items", "P2,Pumps", f"P2,{text}")), MONTH
    )
    assert facts.items.set_index("item").loc["P2", "family"] == text


def test_a_hostile_name_cannot_steer_the_terminal(tmp_path):
    from sopkit.sources import report

    issues = check(small(tmp_path / "data", **spoiled("orders", "P1", "\x1b[2JP1\x07")), MONTH)
    assert "\\x1b[2JP1\\x07" in report(issues) and "\x1b" not in report(issues)


def test_dates_with_a_time_are_days(tmp_path):
    orders = (
        COMPANY["orders"]
        .replace("2026-09-11", "2026-09-11T14:30:00Z")
        .replace("2026-09-01", "2026-09-01 00:00:00")
    )
    first = read_facts(small(tmp_path / "data", orders=orders), MONTH).orders.iloc[0]
    assert (first["ordered_on"], first["shipped_on"]) == (
        pd.Timestamp("2026-09-01"),
        pd.Timestamp("2026-09-11"),
    )


@pytest.mark.parametrize(
    "text, number",
    [
        ('"1,234"', 1234.0),
        ('"1,234,567.5"', 1234567.5),
        ("1 234", 1234.0),
        ("1'234.5", 1234.5),
        ("+5", 5.0),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("5.", 5.0),
        (" 7 ", 7.0),
    ],
)
def test_numbers_in_a_comma_file(text, number, tmp_path):
    assert (
        read_facts(small(tmp_path / "data", **spoiled("items", "100", text)), MONTH)
        .items.set_index("item")
        .loc["P1", "price"]
        == number
    )


@pytest.mark.parametrize(
    "text",
    ['"0,123"', '"1,23"', '"1,2345"', "12%", "(5)", "1_000", "0x10", "５", "--5", "1.2.3", "#REF!"],
)
def test_what_is_no_number(text, tmp_path):
    with pytest.raises(PlanError, match="items, price: not a number"):
        read_facts(small(tmp_path / "data", **spoiled("items", "100", text)), MONTH)


@pytest.mark.parametrize(
    "text", ["20260901", "1/9/26", "2026/09/01", "01.09.2026", "1-Sep-2026", "46266", "2026-9-1"]
)
def test_what_is_no_iso_date(text, tmp_path):
    with pytest.raises(PlanError, match="orders, ordered_on: not an ISO date"):
        read_facts(small(tmp_path / "data", **spoiled("orders", "2026-09-01", text)), MONTH)


def test_a_bucket_may_be_a_month(tmp_path):
    facts = read_facts(
        small(tmp_path / "data", **spoiled("budget", "2026-11-01", "2026-11")), MONTH
    )
    assert facts.budget["bucket"].tolist() == [pd.Timestamp("2026-11-01")]


@pytest.mark.parametrize(
    "name, content, why",
    [
        ("items.csv", "item\nA\n".encode("utf-16") + b"x", "UTF-16 text and is cut off or broken"),
        ("workbook.xlsx", b"PK\3\4junk", "it is no Excel workbook"),
    ],
)
def test_a_broken_file_says_what_it_is_not(tmp_path, name, content, why):
    (tmp_path / name).write_bytes(content)
    issues = check(tmp_path)
    assert issues.loc[issues["rule"] == "unreadable file", "problem"].str.contains(why).all()
    assert "unreadable file" in set(issues["rule"])
