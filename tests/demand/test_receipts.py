import pandas as pd

from sopkit.demand import assumed_receipts
from sopkit.metrics import Book
from sopkit.tables import INPUTS


def _book(calendar, items):
    buckets = calendar.range("2026-11-01", 3)
    plan = pd.DataFrame(
        [
            {"item": item, "market": market, "bucket": bucket, "consensus": 10.0}
            for item in "AB"
            for market in "NS"
            for bucket in buckets
        ]
    )
    return Book({"demand_plan": plan, "items": items}, calendar=calendar)


def test_consensus_arrives_until_something_new_can(calendar):
    items = pd.DataFrame({"item": ["A", "B"], "lead_time": [1.5, None]})
    receipts, issues = assumed_receipts(_book(calendar, items))
    assert list(receipts.columns) == INPUTS["receipts"].names
    assert receipts[["item", "quantity"]].values.tolist() == [["A", 20.0], ["A", 20.0]]
    assert receipts["due_on"].dt.strftime("%Y-%m").tolist() == ["2026-11", "2026-12"]
    assert issues[["table", "value"]].values.tolist() == [["receipts", "40"]]


def test_no_lead_time_needs_no_pipeline(calendar):
    receipts, issues = assumed_receipts(_book(calendar, pd.DataFrame({"item": ["A", "B"]})))
    assert receipts.empty and issues.empty
