"""Excel round trip: what comes back are differences, with their reasons, and nothing else."""

import openpyxl
import pandas as pd
import pytest

from sopkit import PlanError
from sopkit.exports import export_overrides, read_overrides

BUCKETS = pd.to_datetime(["2026-11-01", "2026-12-01"])


@pytest.fixture
def file(tmp_path):
    cells = [("000123", "NA"), ("=1+1", "North")]
    plan = pd.DataFrame(
        [
            {
                "item": i,
                "market": m,
                "bucket": b,
                "baseline": 100.0,
                "override": 5.0,
                "consensus": 105.0,
            }
            for i, m in cells
            for b in BUCKETS
        ]
    )
    return export_overrides(plan, tmp_path / "overrides.xlsx")


def edit(file, **cells):
    book = openpyxl.load_workbook(file)
    for cell, value in cells.items():
        book["overrides"][cell] = value
    book.save(file)


def test_an_untouched_file_changes_nothing(file):
    assert read_overrides(file).empty


def test_keys_stay_text_and_nothing_is_a_formula(file):
    sheet = openpyxl.load_workbook(file)["overrides"]
    assert [sheet["A3"].value, sheet["B3"].value, sheet["A4"].value] == ["000123", "NA", "=1+1"]
    assert sheet["A4"].data_type == "s"


def test_a_changed_cell_is_the_difference_with_its_reason(file):
    edit(file, E3=25, F4=None, C3="promotion", C4="customer", D3="fair in <Ulm>")
    assert read_overrides(file).to_dict("records") == [
        {
            "item": "000123",
            "market": "NA",
            "bucket": BUCKETS[0],
            "kind": "units",
            "value": 20.0,
            "reason": "promotion",
            "note": "fair in <Ulm>",
        },
        {
            "item": "=1+1",
            "market": "North",
            "bucket": BUCKETS[1],
            "kind": "units",
            "value": -5.0,
            "reason": "customer",
            "note": "",
        },
    ]


@pytest.mark.parametrize(
    "cells, message",
    [
        ({"E3": 25}, "1 changed rows have no reason, first 000123, NA"),
        ({"E3": "lots", "C3": "x"}, "first row 3, column 2026-11-01: 'lots'"),
        ({"A3": "123"}, "rows were added, removed or doubled"),
        ({"E2": "2030-01-01"}, "are gone"),
    ],
)
def test_refusals_name_the_cell(file, cells, message):
    edit(file, **cells)
    with pytest.raises(PlanError, match=message):
        read_overrides(file)


@pytest.mark.parametrize("cell, column", [("E3", "2026-11-01"), ("C3", "reason"), ("D4", "note")])
def test_a_formula_that_was_never_calculated_is_named(file, cell, column):
    edit(file, **{cell: "=10+15"})
    row = cell[1]
    with pytest.raises(PlanError, match=rf"row {row}, column {column}: '=10\+15' is a formula"):
        read_overrides(file)


def test_a_missing_or_foreign_file_says_how_to_get_one(tmp_path):
    with pytest.raises(PlanError, match="export one first"):
        read_overrides(tmp_path / "none.xlsx")
    pd.DataFrame({"a": [1]}).to_excel(tmp_path / "other.xlsx")
    with pytest.raises(PlanError, match="no sheet 'overrides'"):
        read_overrides(tmp_path / "other.xlsx")
