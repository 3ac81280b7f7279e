"""Excel round trip: out goes what the ledger holds, what comes back are differences with reasons."""

import openpyxl
import pandas as pd
import pytest

from sopkit import PlanError
from sopkit.exports import export_overrides, read_overrides
from tests.charts import small
from tests.overrides.test_standing import FAMILY, NORTH, override, row, stands
from tests.panels.fake import branded

MAR = "L"  # its column in the sheet: after line, names and words


@pytest.fixture
def standing():
    return stands(
        row(value=30.0, note="fair in <Ulm>", owner="Grace", expires_on="2027-06-30"),
        row(FAMILY, value=5.0, kind="percent", reason="season"),
    )


@pytest.fixture
def file(standing, tmp_path):
    return export_overrides(standing, tmp_path / "overrides.xlsx")


def edit(file, **cells):
    book = openpyxl.load_workbook(file)
    for cell, value in cells.items():
        book["overrides"][cell] = value
    book.save(file)
    return file


def cells(file, number):
    return [cell.value for cell in openpyxl.load_workbook(file)["overrides"][number]]


def test_it_holds_what_the_ledger_holds_now_at_every_level(file, standing):
    head = ["line", "item", "family", "market", "kind", "reason", "note", "owner", "expires_on"]
    assert cells(file, 2)[:12] == [*head, "2027-01-01", "2027-02-01", "2027-03-01"]
    words = ["units", "promotion", "fair in <Ulm>", "Grace", "2027-06-30", None, None, 30]
    assert cells(file, 3)[:12] == [1, "P-300", None, "North", *words]
    assert cells(file, 4)[1:6] == [None, "pumps", None, "percent", "season"]
    assert cells(file, 5)[:5] == [3, "P-300", None, "North", "units"]
    book = openpyxl.load_workbook(file)
    assert book["overrides"].max_row == 2 + 2 + 8 and book["as exported"].sheet_state == "hidden"
    share = standing.values["consensus"][standing.inside(NORTH)][0, 2]
    assert book["consensus"]["E3"].value == pytest.approx(share, abs=1e-3)


def test_an_untouched_file_changes_nothing_even_with_words_no_longer_declared(file, standing):
    assert read_overrides(file, standing).empty


def test_a_new_number_enters_once_and_a_changed_one_replaces(file, standing):
    edit(file, L3=44, F6="customer", J6=7, G6="a, b")
    for rows_then in (3, 0, 0):
        rows = read_overrides(file, standing)
        assert len(rows) == rows_then
        if len(rows):
            standing.enter(rows, "Ada")
    assert override(standing, NORTH) == 44
    new = standing.active.sort_values("id").tail(2)
    assert new[["by", "owner", "reason", "value"]].values.tolist() == [
        ["Ada", "Ada", "customer", 7.0],
        ["Ada", "Grace", "promotion", 44.0],
    ] or new[["by", "owner", "reason", "value"]].values.tolist() == [
        ["Ada", "Grace", "promotion", 44.0],
        ["Ada", "Ada", "customer", 7.0],
    ]
    assert new["expires_on"].dropna().tolist() == [pd.Timestamp("2027-06-30")]
    assert standing.rows["kind"].tolist().count("remove") == 1


def test_words_alone_replace_the_row_and_an_emptied_cell_ends_it(file, standing):
    rows = read_overrides(edit(file, F3="price"), standing)
    assert rows["kind"].tolist() == ["remove", "units"] and rows["reason"].tolist()[1] == "price"
    rows = read_overrides(edit(file, L3=None), standing)
    assert rows["kind"].tolist() == ["remove"]
    standing.enter(rows, "Ada")
    assert len(standing.active) == 1
    assert read_overrides(file, standing).empty


@pytest.mark.parametrize("words", [{"H3": None}, {"F4": "promotion"}, {"F3": "price"}])
def test_whatever_words_change_the_number_stays(tmp_path, words):
    """Also where they become those of another line, or of whoever imports."""
    standing = stands(
        row(value=30.0, owner="Grace"), row(value=12.0, owner="Grace", reason="price")
    )
    file = edit(export_overrides(standing, tmp_path / "overrides.xlsx"), **words)
    rows = read_overrides(file, standing)
    assert rows["kind"].tolist() == ["remove", "units"]
    standing.enter(rows, "Ada")
    assert override(standing, NORTH) == pytest.approx(42)
    assert read_overrides(file, standing).empty


def test_a_number_that_was_set_anew_hides_the_one_before(tmp_path):
    standing = stands(*(row(value=v, kind="set_to") for v in (90.0, 70.0)), row(value=5.0))
    file = export_overrides(standing, tmp_path / "overrides.xlsx")
    assert [cells(file, line)[11] for line in (3, 4)] == [70, 5]
    rows = read_overrides(edit(file, L3=60), standing)
    standing.enter(rows, "Ada")
    before = standing.of(NORTH, standing.before)[2]
    assert override(standing, NORTH) == pytest.approx(65 - before)
    assert read_overrides(file, standing).empty
    assert {*standing.active["owner"]} == {"Grace"}
    with pytest.raises(PlanError, match="no longer holds the 70 of 2027-03"):
        read_overrides(edit(file, L3=None), standing)


def test_a_line_at_another_level_is_added_below(file, standing):
    edit(file, C13="pumps", D13="South", E13="units", F13="customer", L13=60)
    rows = read_overrides(file, standing)
    assert rows[["family", "market", "value"]].values.tolist() == [["pumps", "South", 60.0]]


def test_a_member_of_the_hierarchy_goes_out_and_comes_back(tmp_path):
    scope = "", "brand: a: b: c", "group: DACH"
    standing = stands(row(scope, value=30.0), plan=branded())
    file = export_overrides(standing, tmp_path / "overrides.xlsx")
    assert cells(file, 3)[1:4] == [None, *scope[1:]] and read_overrides(file, standing).empty
    rows = read_overrides(edit(file, **{f"{MAR}3": 44}), standing)
    standing.enter(rows, "Ada")
    assert override(standing, scope) == pytest.approx(44)
    edit(file, C3="brand: Gone")
    with pytest.raises(PlanError, match="is nothing that is planned"):
        read_overrides(file, standing)


def test_what_another_changed_since_the_export_is_refused(file, standing):
    standing.enter(standing.ending([1]), "Karl", reason="taken back")
    with pytest.raises(PlanError, match="line 1: the ledger no longer holds the 30 of 2027-03"):
        read_overrides(edit(file, J3=7, L3=44), standing)


@pytest.mark.parametrize(
    "change, message",
    [
        ({"L5": 25}, "line 3, column reason: '' is no reason; choose promotion, customer"),
        ({"L5": 25, "F5": "because"}, "column reason: 'because' is no reason"),
        ({"L4": 6, "F4": "sea"}, "column reason: 'sea' is no reason"),
        ({"L5": "lots", "F5": "price"}, "first row 5, column 2027-03-01: 'lots'"),
        (
            {"B5": "P-999", "L5": 5, "F5": "price"},
            "column item: 'P-999' is nothing that is planned",
        ),
        (
            {"E5": "boxes", "L5": 5, "F5": "price"},
            "'boxes' is no kind; write units, percent, set_to",
        ),
        ({"I5": "2026-01-01", "L5": 5, "F5": "price"}, "is no day from 2027-01-01 on"),
        ({"I5": "soon", "L5": 5, "F5": "price"}, "column expires_on: 'soon' is no day"),
        ({"L5": 0.0004, "F5": "price"}, "column value: 0.0004 is less than a thousandth"),
        ({"A3": None}, "1 lines were removed, first line 1"),
        ({"F2": "why"}, "columns .'reason'. are gone"),
        ({"L2": "Mar 27"}, "columns .'2027-03-01'. are gone"),
        ({"AB2": "Sum", "AB3": 4}, "columns .'Sum'. stand there, not once in an export"),
        ({"AB3": "my remark"}, "columns .''. stand there, not once in an export"),
        ({"AB2": "2031-01-01", "AB3": 4}, "columns .'2031-01-01'. stand there, not"),
        ({"AB2": "2027-03-01", "AB3": 4}, "columns .'2027-03-01'. stand there twice"),
        ({"A13": 1, "B13": "P-300"}, "1 numbers of lines stand there again, first line 1; empty"),
    ],
)
def test_refusals_name_the_cell(file, standing, change, message):
    with pytest.raises(PlanError, match=message):
        read_overrides(edit(file, **change), standing)


@pytest.mark.parametrize("cell, column", [("L3", "2027-03-01"), ("F3", "reason"), ("G4", "note")])
def test_a_formula_that_was_never_calculated_is_named(file, standing, cell, column):
    edit(file, **{cell: "=10+15"})
    with pytest.raises(PlanError, match=rf"row {cell[1]}, column {column}: '=10\+15' is a formula"):
        read_overrides(file, standing)


def test_keys_stay_text_and_nothing_is_a_formula(tmp_path):
    standing = stands(row(note="=1+1"))
    sheet = openpyxl.load_workbook(export_overrides(standing, tmp_path / "o.xlsx"))["overrides"]
    assert sheet["G3"].value == "=1+1" and sheet["G3"].data_type == "s"


def test_a_missing_or_foreign_file_says_how_to_get_one(tmp_path, standing):
    with pytest.raises(PlanError, match="export one first"):
        read_overrides(tmp_path / "none.xlsx", standing)
    pd.DataFrame({"a": [1]}).to_excel(tmp_path / "other.xlsx")
    with pytest.raises(PlanError, match="no sheet 'overrides'"):
        read_overrides(tmp_path / "other.xlsx", standing)
    assert len(small.AHEAD) == 18
