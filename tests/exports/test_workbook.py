"""plan.xlsx: the tables again, what rolls forward recalculates to them, and no text is a formula."""

import openpyxl
import pandas as pd
import pytest

from sopkit.exports import workbook
from sopkit.exports.workbook import LIVE, SHEETS, write_workbook
from sopkit.plan import Plan
from sopkit.tables import PLANS
from tests.charts import small
from tests.panels.fake import FakePlan

HOSTILE = [
    "=cmd|' /C calc'!A0",
    "it's [a/b:c*d?]\\e",
    "a family whose name is longer than a sheet's may be, first",
    "a family whose name is longer than a sheet's may be, second",
]


def table_of(sheet):
    """A plan sheet's rows by the words of their heads, without units."""
    rows = list(sheet.iter_rows(min_row=3, values_only=True))
    wide = sum(head is not None for head in rows[0])  # LibreOffice keeps formats beyond
    rows = [row[:wide] for row in rows if any(cell is not None for cell in row)]
    return pd.DataFrame(rows[1:], columns=[head.partition(",")[0] for head in rows[0]])


def sheets(book):
    """The plan sheets of a workbook by their table."""
    named = {sheet.title.partition(" ")[2]: sheet for sheet in book}
    return {table: named[name] for table, name in SHEETS.items() if name in named}


def insist_it_holds_the_tables(book, plan):
    """Every number of every plan sheet adds up to its table's."""
    told = sheets(book)
    assert set(LIVE) <= set(told)
    for name, sheet in told.items():
        shown, table = table_of(sheet), plan.read(name)
        assert len(shown) == len(table)
        for column in PLANS[name].columns:
            if column.kind == "number":
                total = table[column.name].sum()
                there = pd.to_numeric(shown[column.name.replace("_", " ")]).sum()
                assert there == pytest.approx(total, rel=1e-9, abs=1e-6), (name, column.name)


def test_stored_values_are_the_tables(carried, books):
    insist_it_holds_the_tables(books[1], Plan(carried[0]))


@pytest.fixture(scope="module")
def books(carried):
    """The workbook with its formulas, and with its stored values."""
    path = carried[0] / "exports" / "plan.xlsx"
    return [openpyxl.load_workbook(path, data_only=stored) for stored in (False, True)]


@pytest.fixture(scope="module")
def recalculated(books, office, tmp_path_factory):
    """The workbook without any stored value, and with 100 more of the first item's production in
    the first month, both recalculated by LibreOffice.
    """
    folder, (book, _) = tmp_path_factory.mktemp("books"), books
    book.save(folder / "bare.xlsx")
    cell = sheets(book)["supply_plan"]["F4"]
    cell.value += 100
    book.save(folder / "more.xlsx")
    cell.value -= 100
    done = office(folder / "bare.xlsx", folder / "more.xlsx")
    return [openpyxl.load_workbook(path, data_only=True) for path in done]


def test_recalculated_by_libreoffice_the_formulas_give_the_tables(carried, books, recalculated):
    live = {
        name: sum(c.data_type == "f" for row in sheet.iter_rows() for c in row)
        for name, sheet in sheets(books[0]).items()
    }
    assert live["supply_plan"] > 2.5 * live["demand_plan"] / 3 and live["financial_plan"] > 300
    insist_it_holds_the_tables(recalculated[0], Plan(carried[0]))
    for sheet in list(recalculated[0])[-6:]:
        rows = list(sheet.iter_rows(values_only=True))
        (top,) = [at for at, row in enumerate(rows) if row[0] == "rolled forward"]
        heads = [head for head in rows[top] if head is not None]
        roll = pd.DataFrame([row[: len(heads)] for row in rows[top + 1 :] if row[0]], columns=heads)
        came = roll[["production", "in overtime", "subcontracted", "purchased", "receipts"]].sum(
            axis=1
        )
        ends = roll["opening"] + came - roll["− shipments"]
        assert (ends - roll["stock at the end"]).abs().max() < 1e-6, sheet.title
        assert (roll["opening"].iloc[1:].values == roll["stock at the end"].iloc[:-1].values).all()


def test_a_change_rolls_through_every_later_month(books, recalculated):
    before, after = (table_of(sheets(b)["supply_plan"]) for b in (books[1], recalculated[1]))
    moved = after["projected available"] - before["projected available"]
    mine = before["item"] == before["item"][0]
    assert moved[mine].round(6).eq(100).all() and moved[~mine].abs().max() < 1e-6


def test_plan_sheets_filter_freeze_date_and_link(books):
    book = books[0]
    cover = book["Contents"]
    assert cover["A1"].value == "S&OP · November 2026 · Draft – not released"
    linked = [
        cell.hyperlink.location for row in cover.iter_rows() for cell in row if cell.hyperlink
    ]
    assert linked == [f"'{sheet.title}'!A1" for sheet in list(book)[1:]]
    for sheet in sheets(book).values():
        assert sheet.auto_filter.ref.startswith("A3:") and sheet.freeze_panes == "B4"
    money = sheets(book)["financial_plan"]
    assert money["C3"].value == "revenue, EUR" and money["B3"].value == "month"
    assert money["B4"].is_date and money["B4"].value == pd.Timestamp("2026-11-01")


def hostile_plan(folder):
    tables = small.tables()
    names = dict(zip(small.ITEMS, HOSTILE))
    facts = FakePlan().facts
    facts["items"] = small.items().assign(family=[names[item] for item in small.ITEMS])
    for table in PLANS:
        tables.setdefault(table, PLANS[table].empty())
    folder.mkdir(exist_ok=True)
    return FakePlan(tables=tables, facts=facts, folder=folder)


def test_hostile_family_names_make_legal_sheets_and_no_formula(tmp_path):
    plan = hostile_plan(tmp_path / "pack")
    write_workbook(plan, tmp_path / "plan.xlsx")
    book = openpyxl.load_workbook(tmp_path / "plan.xlsx")
    names = [sheet.title for sheet in book]
    assert all(len(name) <= 31 and not set(name) & set("[]:*?/\\'") for name in names)
    assert len({name.casefold() for name in names}) == len(names)
    items = sheets(book)["supply_plan"]
    family = [cell for cell in items["B"] if cell.value == HOSTILE[0]]
    assert family and all(cell.data_type == "s" for cell in family)
    for sheet in book:
        for row in sheet.iter_rows():
            assert not any(c.data_type == "f" and "cmd" in str(c.value) for c in row)


def test_what_the_hierarchy_names_stands_in_a_column_of_its_own(tmp_path):
    plan = hostile_plan(tmp_path / "pack")
    plan.hierarchy = {"items": ["brand"]}
    plan.facts["items"] = plan.facts["items"].assign(brand=["=cmd", None, "Alpha", "Alpha"])
    write_workbook(plan, tmp_path / "plan.xlsx")
    page = sheets(openpyxl.load_workbook(tmp_path / "plan.xlsx"))["supply_plan"]
    (column,) = (cells for cells in page.iter_cols(min_row=3) if cells[0].value == "family: brand")
    assert {cell.value for cell in column[1:]} == {"brand: =cmd", "brand: –", "brand: Alpha"}
    assert all(cell.data_type == "s" for cell in column)


def test_a_table_longer_than_a_sheet_is_cut_and_the_cover_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(workbook, "ROWS", 5)
    write_workbook(hostile_plan(tmp_path / "pack"), tmp_path / "plan.xlsx")
    book = openpyxl.load_workbook(tmp_path / "plan.xlsx")
    told = [str(row[0].value) for row in book["Contents"].iter_rows()]
    rows = len(small.tables()["demand_plan"])
    assert any(line.endswith(f"the first 5 of {rows:,} rows") for line in told)
