import pandas as pd
import pytest

from sopkit import PlanError
from sopkit.metrics import Book
from sopkit.metrics.scopes import author_bias

MONTH = "2026-11-01"


def _says(table, *rows):
    return table(
        *(
            {
                "author": author,
                "bucket": MONTH,
                "quantity": quantity,
                "item": None,
                "family": None,
                "market": None,
            }
            | scope
            for author, scope, quantity in rows
        )
    )


@pytest.mark.parametrize(
    "rule, expected",
    [("midpoint", 120), ("mean", 140), ("sum", 100), ("latest", 130), ("Ann", 150)],
)
def test_the_rules_on_one_cell(level, plan, table, rule, expected):
    says = _says(table, ("Ann", {"item": "A"}, 150.0), ("Bob", {"item": "A"}, 130.0))
    row = plan(level({"A N": 100}), sales_inputs=says, rule=rule).demand_plan.iloc[0]
    assert row["consensus"] == pytest.approx(expected) and row["sales_input"] == pytest.approx(
        expected - 100
    )


@pytest.mark.parametrize("rule, made", [("mean", 130), ("Ann", 100), ("latest", 160)])
def test_the_days_of_a_bucket_add_up_in_whatever_order(level, plan, table, look, rule, made):
    weeks = [("Ann", {"item": "A", "bucket": f"2026-11-{day:02}"}, 25.0) for day in (2, 9, 16, 23)]
    says = _says(table, *weeks, ("Bob", {"item": "A"}, 160.0))
    for rows in (says, says.loc[[2, 0, 3, 1, 4]]):
        assert look(plan(level({"A N": 80}), sales_inputs=rows, rule=rule).demand_plan) == {
            "A N": [made]
        }


def test_a_coarse_input_is_spread_by_baseline_and_its_total_is_exact(level, plan, table, look):
    says = _says(table, ("Ann", {"family": "F"}, 200.0))
    frame = plan(
        level({"A N": 60, "A S": 20, "B N": 20, "C N": 9}), sales_inputs=says, rule="mean"
    ).demand_plan
    assert look(frame) == {"A N": [120], "A S": [40], "B N": [40], "C N": [9]}


def test_a_coarse_input_is_not_spread_on_what_has_retired(level, plan, table, look, items):
    says = _says(table, ("Ann", {"family": "F"}, 200.0))
    gone = items.assign(retired_on=pd.to_datetime([None, "2026-10-31", None]))
    frame = plan(
        level({"A N": 60, "B N": 20}), items=gone, sales_inputs=says, rule="mean"
    ).demand_plan
    assert look(frame) == {"A N": [200], "B N": [0]}


def test_a_clear_bias_of_an_author_is_taken_off_where_the_settings_say_so(
    level, plan, table, look, calendar
):
    months = calendar.range("2025-11-01", 12)
    past = pd.DataFrame({"item": "A", "market": "N", "bucket": months, "quantity": 100.0})
    ann = past.assign(author="Ann", quantity=[119.0, 121.0] * 6)
    ahead = _says(table, ("Ann", {"item": "A", "market": "N"}, 120.0))
    says = pd.concat([ann, ahead.assign(bucket=pd.Timestamp("2026-11-01"))])
    given = {"sales_inputs": says, "sales_history": past}
    as_said = plan(level({"A N": 90}), **given, rule="mean").demand_plan
    righted = plan(level({"A N": 90}), **given, rule="mean", correct_bias=True).demand_plan
    assert look(as_said) == {"A N": [120]} and look(righted) == {"A N": [100]}


def test_who_can_not_be_graded_is_not_and_zeros_are_doubled_at_most(calendar):
    months = calendar.range("2025-11-01", 10)  # the last two of the year are not known yet
    sold = pd.DataFrame({"item": "A", "market": "N", "bucket": months, "quantity": 100.0})
    ahead = calendar.range("2025-11-01", 12)
    said = [
        pd.DataFrame({"item": item, "market": "N", "bucket": ahead, "quantity": units})
        for item, units in (("A", 100.0), ("new", 50.0), ("A", 0.0))
    ]
    says = pd.concat(s.assign(author=name) for s, name in zip(said, ("Ann", "Bob", "Eve")))
    book = Book({"sales_history": sold, "sales_inputs": says}, first="2026-11-01")
    found = author_bias(book).set_index("author")
    assert found.index.tolist() == ["Ann", "Eve"] and found["cells"].tolist() == [10, 10]
    assert found["bias"].tolist() == [0, -1] and found["corrected"].tolist() == [0, -0.5]


def test_an_authors_finer_number_is_respected_and_the_total_kept(level, plan, table, look):
    says = _says(
        table, ("Ann", {"family": "F"}, 200.0), ("Ann", {"item": "A", "market": "N"}, 80.0)
    )
    frame = plan(
        level({"A N": 60, "A S": 20, "B N": 20}), sales_inputs=says, rule="mean"
    ).demand_plan
    assert look(frame) == {"A N": [80], "A S": [60], "B N": [60]}


def test_authors_of_different_levels_are_averaged_cell_by_cell(level, plan, table, look):
    says = _says(table, ("Ann", {"item": "A"}, 80.0), ("Bob", {"family": "F"}, 200.0))
    frame = plan(level({"A N": 60, "B N": 40}), sales_inputs=says, rule="mean").demand_plan
    assert look(frame) == {"A N": [100], "B N": [80]}


def test_a_blank_item_and_family_is_everything(level, plan, table):
    says = _says(table, ("Ann", {}, 300.0), ("Ann", {"market": "N"}, 120.0))
    frame = plan(
        level({"A N": 60, "B S": 40, "C N": 0}), sales_inputs=says, rule="mean"
    ).demand_plan
    assert frame["consensus"].sum() == pytest.approx(300) and frame.loc[
        frame["market"] == "N", "consensus"
    ].sum() == pytest.approx(120)


def test_who_speaks_of_an_item_without_series_gets_one(level, plan, table, look):
    frame = plan(
        level({"A N": 60, "A S": 20}),
        sales_inputs=_says(table, ("Ann", {"item": "B"}, 30.0)),
        rule="mean",
    ).demand_plan
    assert look(frame) == {"A N": [60], "A S": [20], "B N": [15], "B S": [15]}


def test_an_unknown_rule_names_the_known_ones(level, plan, table):
    with pytest.raises(
        PlanError, match="'Zoe' is neither a rule nor an author; use one of: midpoint.*Ann"
    ):
        plan(
            level({"A N": 60}), sales_inputs=_says(table, ("Ann", {"item": "A"}, 80.0)), rule="Zoe"
        )


def test_the_order_of_rows_plays_no_part(level, plan, table):
    says = _says(
        table,
        ("Ann", {"item": "A"}, 80.0),
        ("Bob", {"family": "F"}, 200.0),
        ("Ann", {"market": "N"}, 90.0),
    )
    baseline = level({"A N": 60, "B N": 40, "C S": 5})
    forth, back = plan(baseline, sales_inputs=says), plan(baseline, sales_inputs=says.iloc[::-1])
    pd.testing.assert_frame_equal(forth.demand_plan, back.demand_plan)
