"""Ten assumptions with ten right verdicts on a company of two items; conditions that say nothing."""

import pandas as pd
import pytest

from sopkit.errors import PlanError
from sopkit.metrics import Book, condition, verdicts
from sopkit.metrics.assumptions import citing
from sopkit.metrics.assumptions import testable as known_names
from sopkit.tables import LEDGER

FIRST = pd.Timestamp("2026-11-01")
PAST = pd.date_range("2026-08-01", "2026-10-01", freq="MS")
AHEAD = pd.date_range("2026-11-01", "2027-04-01", freq="MS")


def book():
    """A sells 10, 20, 30 in N at 5 and 100 a month in the plan; B is booked nowhere yet."""
    sales = pd.DataFrame({"item": "A", "market": "N", "bucket": PAST, "quantity": [10.0, 20, 30]})
    plan = pd.DataFrame({"item": "A", "market": "N", "bucket": AHEAD, "consensus": 100.0})
    load = pd.DataFrame({"resource": "line 1", "bucket": AHEAD, "regular_capacity": 50.0})
    load["unconstrained_load"] = [40.0, 40, 60, 40, 40, 40]
    return Book(
        {
            "items": pd.DataFrame({"item": ["A", "B"], "family": ["Drives & co", "F"]}),
            "sales_history": sales.assign(revenue=5 * sales["quantity"]),
            "demand_plan": plan,
            "prices": plan[["item", "market", "bucket"]].assign(price=6.0),
            "inventory_history": pd.DataFrame(
                {"item": "A", "bucket": PAST, "on_hand": [9.0, 8, 7]}
            ),
            "supply_plan": plan.groupby(["item", "bucket"], as_index=False)[["consensus"]]
            .sum()
            .assign(projected_available=3.0, backlog=0.0, late=0.0, shipments=100.0),
            "capacity_plan": load.assign(load=40.0, overtime=0.0, overtime_limit=0.0),
            "decisions": pd.DataFrame({"text": ["Build?"], "chosen": [None]}),
        },
        first=FIRST,
    )


VERDICTS = {
    "demand of A in N >= 10 a month until 2026-10": ("held", "30 in Oct 26"),
    "demand of Drives & co >= 15": ("broken", "10 in Aug 26"),
    "demand of A >= 99 from 2026-11": ("not yet", None),
    "demand of A in S >= 1": ("no data", None),
    "demand of A >= 1 a week": ("no data", "planned by month"),
    "price of A <= 5.5": ("broken", "6 planned in Nov 26"),
    "price of A <= 5.5 until 2026-10": ("held", "5 in Oct 26"),
    "stock of A > 7.5": ("broken", "7 in Oct 26"),
    'load of "line 1" <= 110 %': ("broken", "120.0 % asked in Jan 27"),
    "open decisions <= 0": ("broken", "1 planned in Nov 26"),
}


def assumptions(*conditions):
    rows = {"id": range(len(conditions)), "cycle": "2026-08", "result": "open"}
    return pd.DataFrame(rows | {"condition": conditions, "text": [*map(str, conditions)]})


def test_ten_assumptions_get_ten_right_verdicts():
    rows = verdicts(assumptions(*VERDICTS), book())
    found = dict(zip(rows["condition"], zip(rows["result"], rows["seen"])))
    assert found == VERDICTS


def test_a_condition_may_be_of_a_member_of_the_hierarchy_in_a_group_of_markets():
    known = book()
    known.settings |= {"hierarchy": {"items": ["brand"], "markets": ["group"]}}
    known.also(
        items=pd.DataFrame({"item": ["A", "B"], "family": "F", "brand": ["x: <y>", None]}),
        markets=pd.DataFrame({"market": ["N"], "group": ["DACH"]}),
    )
    told = {
        "demand of brand: x: <y> in group: DACH >= 1": None,
        'demand of "brand: x: <y>" in group: DACH >= 10 until 2026-10': "held",
        "demand in group: DACH >= 15 until 2026-10": "broken",
        "demand of brand: – in group: DACH >= 1": "no data",
        "demand of F in group: – >= 1": "no data",
    }
    for text, verdict in told.items():
        row = {"id": [1], "cycle": "2026-08", "text": text, "condition": text}
        found = verdicts(LEDGER["assumptions"].typed(pd.DataFrame(row)), known)["result"].item()
        assert found == verdict or (verdict is None and pd.isna(found)), text
    known_names('demand of "brand: x: <y>" in group: DACH >= 1', known)
    with pytest.raises(PlanError, match="nobody is called 'brand: z'"):
        known_names("demand of brand: z >= 1", known)


def test_what_people_judge_stays_as_they_said():
    rows = verdicts(assumptions("an enquiry from them", None), book())
    assert rows["result"].tolist() == ["open", "open"] and rows["seen"].isna().all()


def test_what_quotes_an_assumption_rests_on_it():
    said = {"overrides": ["The wholesaler  is calm", "As A Sells well"], "sign_offs": ["a sells"]}
    given = {
        name: LEDGER[name].typed(pd.DataFrame({"id": [7, 8][: len(notes)], "note": notes}))
        for name, notes in said.items()
    }
    rows = pd.DataFrame({"text": ["A sells", "B sells"]})
    assert citing(rows, Book(given)).tolist() == ["override 8, sign-off 7", ""]


def test_only_the_row_that_stands_is_tested():
    rows = assumptions("demand of A >= 15", "demand of A >= 1").assign(text="A sells")
    assert verdicts(rows, book())["result"].tolist() == ["open", "held"]


@pytest.mark.parametrize(
    "text, words",
    [
        ("steel is dear", "is not understood at 'steel is dear'"),
        ("demand of A >= many", "is not understood at 'many'"),
        ("demand of A >=", "is not understood at 'its end'"),
        ("price <= 5 until 2027", "is not understood at '2027'"),
        ("luck >= 5", "no measure 'luck'; known are: demand, revenue, price"),
        ("__import__('os') > 1", "is not understood"),
        ("", "is not understood at 'its end'"),
    ],
)
def test_a_condition_that_says_nothing_is_told(text, words):
    with pytest.raises(PlanError) as error:
        condition(text)
    assert words in str(error.value)


def test_names_with_words_of_the_language_stand_in_quotes():
    assert condition('demand of "A in B" in "North > South" < 5')[3:5] == (
        "A in B",
        "North > South",
    )
    assert condition("on-time delivery of Drives & co ≥ 95 %")[:4] == (
        *("on_time_delivery", "≥", 0.95, "Drives & co"),
    )
