"""Pasted ranges and the ledger rows that a save and an undo become."""

import pandas as pd
import pytest

from sopkit.buckets import Calendar
from sopkit.errors import PlanError
from sopkit.ledger import Ledger
from sopkit.panels.entries import (
    own_units,
    parse_range,
    placed,
    rows_to_import,
    rows_to_save,
    rows_to_undo,
)
from tests.panels.fake import FakePlan

BUCKETS = Calendar("month").range("2027-01-01", 4)
PLAN = FakePlan()


@pytest.mark.parametrize(
    "text, values",
    [
        ("1\t2\t3", [1, 2, 3]),
        ("1\r\n2\r\n", [1, 2]),
        ("1,200\t-3.5", [1200, -3.5]),
        ("+5\t\t−7", [5, None, -7]),
        ("1 200\t(40)", [1200, -40]),
        ("12,345,678", [12345678]),
    ],
)
def test_ranges_as_spreadsheets_paste_them(text, values):
    assert parse_range(text) == values


@pytest.mark.parametrize(
    "text, cell",
    [
        ("1\tx\t3", "cell 2"),
        ("nan", "cell 1"),
        ("1\tinf", "cell 2"),
        ("1,2,3", "cell 1"),
        ("1.200,50", "cell 1"),
        ("=SUM(A1)", "cell 1"),
    ],
)
def test_what_is_no_number_is_named_by_its_cell(text, cell):
    with pytest.raises(PlanError, match=cell):
        parse_range(text)


def test_an_empty_paste_and_one_too_long_are_refused():
    with pytest.raises(PlanError, match="nothing was pasted"):
        parse_range(" \n")
    with pytest.raises(PlanError, match="paste at most 4"):
        placed([1.0] * 5, BUCKETS)


def test_only_changed_buckets_are_saved():
    change = pd.Series([0.0, 0, 20, -1], BUCKETS)
    rows = rows_to_save(
        change, pd.Series(100.0, index=BUCKETS), PLAN.calendar, item="A", market="N", reason="price"
    )
    assert rows[["bucket", "value", "kind"]].values.tolist() == [
        [BUCKETS[2], 20.0, "units"],
        [BUCKETS[3], -1.0, "units"],
    ]


def test_a_save_needs_a_change_a_reason_and_a_consensus_above_zero():
    change, fine = pd.Series([0.0, 0, -9, 0], BUCKETS), pd.Series(5.0, BUCKETS)
    with pytest.raises(PlanError, match="nothing was changed"):
        rows_to_save(change.iloc[:0], fine, PLAN.calendar, item="A", market="", reason="price")
    with pytest.raises(PlanError, match="no reason"):
        rows_to_save(change, fine, PLAN.calendar, item="A", market="", reason="")
    with pytest.raises(PlanError, match="A : the consensus of Mar 27 would be below zero"):
        rows_to_save(change, fine - 9, PLAN.calendar, item="A", market="", reason="price")


def _save(ledger, values, by="Ada"):
    rows = [
        {
            "item": "A",
            "market": "N",
            "bucket": bucket,
            "kind": "units",
            "value": value,
            "reason": "price",
            "expires_on": None,
        }
        for bucket, value in zip(BUCKETS, values)
    ]
    return ledger.append("overrides", rows, by=by, cycle="2027-01")


def test_undo_removes_and_leaves_what_others_entered():
    ledger = Ledger("sqlite://")
    _save(ledger, [7.0], by="Grace")
    saved = _save(ledger, [10.0, 20.0])
    rows = rows_to_undo(saved, ledger.read("overrides"), PLAN)
    assert rows["kind"].tolist() == ["units", "remove"]
    ledger.append("overrides", rows, by="Ada", cycle="2027-01")
    units = own_units(ledger.read("overrides"), PLAN)
    assert units.to_dict() == {("A", "N", BUCKETS[0]): 7.0}


def test_own_units_are_of_exactly_this_cell():
    ledger = Ledger("sqlite://")
    _save(ledger, [10.0])
    rows = ledger.read("overrides")
    assert own_units(rows, PLAN).to_dict() == {("A", "N", BUCKETS[0]): 10.0}
    assert own_units(rows, FakePlan(month="2026-12")).empty


def test_an_import_counts_what_was_entered_since_the_pack():
    ledger, plan = Ledger("sqlite://"), FakePlan()
    cell = plan.read("demand_plan").iloc[[0]]
    rows = cell[["item", "market", "bucket"]].assign(
        value=-cell["consensus"], kind="units", reason="price"
    )
    assert rows_to_import(rows, plan, ledger) is rows
    ledger.append("overrides", rows.assign(value=-1.0), by="Ada", cycle=plan.month)
    with pytest.raises(PlanError, match="below zero .1 cells in all"):
        rows_to_import(rows, plan, ledger)
