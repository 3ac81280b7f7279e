import pandas as pd

from sopkit.demand import assumed_receipts
from sopkit.tables import INPUTS


def _plan(calendar):
    buckets = calendar.range("2026-11-01", 3)
    return pd.DataFrame(
        [
            {"item": item, "market": market, "bucket": bucket, "consensus": 10.0}
            for item in "AB"
            for market in "NS"
            for bucket in buckets
        ]
    )


def test_consensus_arrives_until_something_new_can(calendar):
    items = pd.DataFrame({"item": ["A", "B"], "lead_time": [1.5, None]})
    receipts, issues = assumed_receipts(_plan(calendar), items, calendar)
    assert list(receipts.columns) == INPUTS["receipts"].names
    assert receipts[["item", "quantity"]].values.tolist() == [["A", 20.0], ["A", 20.0]]
    assert receipts["due_on"].dt.strftime("%Y-%m").tolist() == ["2026-11", "2026-12"]
    assert issues[["table", "value"]].values.tolist() == [["receipts", "40"]]


def test_no_lead_time_needs_no_pipeline(calendar):
    receipts, issues = assumed_receipts(
        _plan(calendar), pd.DataFrame({"item": ["A", "B"]}), calendar
    )
    assert receipts.empty and issues.empty
