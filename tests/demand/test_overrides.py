import pandas as pd
import pytest

from sopkit.demand import active_overrides
from sopkit.demand.said import SCENARIO_ROWS

NOV = "2026-11-01"


def _rows(table, *rows):
    return table(
        *(
            {
                "id": number,
                "cycle": "2026-11",
                "item": "A",
                "family": None,
                "market": None,
                "bucket": NOV,
                "kind": kind,
                "value": value,
                "expires_on": None,
            }
            | more
            for number, (kind, value, more) in enumerate(rows, start=1)
        )
    )


def _consensus(plan, level, overrides, **tables):
    return plan(level({"A N": 100}), overrides=overrides, **tables).demand_plan.iloc[0]


@pytest.mark.parametrize(
    "rows, consensus",
    [
        ([("units", 20.0, {})], 120),
        ([("percent", 10.0, {})], 110),
        ([("set_to", 90.0, {})], 90),
        ([("units", 20.0, {}), ("percent", 10.0, {})], 130),
        ([("units", 20.0, {}), ("set_to", 90.0, {})], 90),
        ([("set_to", 90.0, {}), ("units", 20.0, {})], 110),
        ([("set_to", 90.0, {}), ("set_to", 70.0, {})], 70),
        ([("set_to", 90.0, {}), ("remove", None, {})], 100),
        ([("remove", None, {}), ("units", 5.0, {})], 105),
        ([("units", 5.0, {}), ("remove", None, {"market": "N"})], 105),
    ],
)
def test_what_the_rows_of_a_cell_come_to(level, plan, table, rows, consensus):
    assert _consensus(plan, level, _rows(table, *rows))["consensus"] == pytest.approx(consensus)


def test_changes_of_a_scenario_multiply_what_people_made_of_it(level, plan, table):
    first, second = ({"id": n * SCENARIO_ROWS, "item": None} for n in (1, 2))
    rows = _rows(table, ("units", 20.0, {}), ("percent", 10.0, first), ("percent", 10.0, second))
    both = plan(level({"A N": 100, "B N": 300}), overrides=rows).demand_plan
    assert both["consensus"].tolist() == pytest.approx([120 * 1.21, 300 * 1.21])


def test_a_finer_change_comes_upon_a_coarser_one(level, plan, table):
    of_all, of_a = {"id": SCENARIO_ROWS, "item": None}, {"id": 2 * SCENARIO_ROWS}
    rows = _rows(table, ("percent", 10.0, of_all), ("percent", -50.0, of_a))
    both = plan(level({"A N": 100, "B N": 300}), overrides=rows).demand_plan
    assert both["consensus"].tolist() == pytest.approx([55, 330])


def test_set_to_90_after_an_author_made_it_120_is_minus_30(level, plan, table):
    says = table({"author": "Ann", "item": "A", "bucket": NOV, "quantity": 140.0})
    row = _consensus(plan, level, _rows(table, ("set_to", 90.0, {})), sales_inputs=says)
    assert (row["baseline"], row["sales_input"], row["override"], row["consensus"]) == (
        100,
        20,
        -30,
        90,
    )


def test_a_family_override_respects_the_items_own(level, plan, table, look):
    rows = _rows(table, ("set_to", 30.0, {}), ("set_to", 100.0, {"item": None, "family": "F"}))
    frame = plan(level({"A N": 60, "B N": 20, "B S": 20}), overrides=rows).demand_plan
    assert look(frame) == {"A N": [30], "B N": [35], "B S": [35]}


def test_which_rows_count_in_a_cycle(table, calendar):
    rows = _rows(
        table,
        ("units", 1.0, {}),
        ("units", 2.0, {"cycle": "2026-12"}),
        ("units", 3.0, {"bucket": "2026-10-01"}),
        ("units", 4.0, {"expires_on": "2026-10-31"}),
        ("units", 5.0, {"expires_on": "2026-11-01"}),
        ("units", 6.0, {"cycle": "2026-08"}),
    )
    assert active_overrides(rows, "2026-11", pd.Timestamp(NOV), calendar)["value"].tolist() == [
        1,
        5,
        6,
    ]


def test_a_remove_of_a_later_cycle_does_not_count_yet(table, calendar):
    rows = _rows(table, ("units", 1.0, {}), ("remove", None, {"cycle": "2026-12"}))
    assert active_overrides(rows, "2026-11", pd.Timestamp(NOV), calendar)["id"].tolist() == [1]
    assert active_overrides(rows, "2026-12", pd.Timestamp(NOV), calendar).empty


def test_rows_are_read_by_id_wherever_they_stand(level, plan, table):
    rows = _rows(table, ("set_to", 90.0, {}), ("set_to", 70.0, {}), ("units", 1.0, {}))
    assert _consensus(plan, level, rows.iloc[::-1])["consensus"] == pytest.approx(71)


def test_a_cell_below_zero_is_cut_there_with_an_issue(level, plan, table):
    found = plan(level({"A N": 100}), overrides=_rows(table, ("units", -130.0, {})))
    assert found.demand_plan["override"].tolist() == [-100] and found.demand_plan[
        "consensus"
    ].tolist() == [0]
    assert found.issues[["column", "rule", "value"]].values.tolist() == [
        ["override", "below zero", "-30"]
    ]


def test_a_row_without_a_value_changes_nothing_and_is_named(level, plan, table):
    found = plan(
        level({"A N": 100}), overrides=_rows(table, ("units", 5.0, {}), ("set_to", None, {}))
    )
    assert found.demand_plan["override"].tolist() == [5] and found.issues[
        ["rule", "value"]
    ].values.tolist() == [["no value", "1"]]


def test_a_row_that_speaks_of_nothing_is_named(level, plan, table):
    found = plan(
        level({"A N": 100}),
        overrides=_rows(table, ("units", 5.0, {"item": None, "family": "Ghosts"})),
    )
    assert found.demand_plan["override"].sum() == 0 and "Ghosts" in found.issues["problem"].iloc[0]
