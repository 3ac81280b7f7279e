import pandas as pd

from sopkit.demand import forecastable, unfinished


def _history(calendar, **ends):
    return pd.concat(
        [
            pd.DataFrame(
                {
                    "item": item,
                    "market": "N",
                    "bucket": calendar.range("2026-01-01", months),
                    "demand": 1.0,
                    "flag": "",
                }
            )
            for item, months in ends.items()
        ]
    )


def test_ended_series_and_estimates_are_not_forecast(calendar):
    estimate = pd.DataFrame(
        {
            "item": ["A"],
            "market": "N",
            "bucket": calendar.range("2026-07-01", 1),
            "demand": 9.0,
            "flag": "estimate",
        }
    )
    rows = forecastable(pd.concat([_history(calendar, A=6, B=4), estimate]))
    assert (
        rows["item"].unique().tolist() == ["A"]
        and len(rows) == 6
        and list(rows.columns) == ["item", "market", "bucket", "quantity"]
    )


def test_unfinished_buckets_lie_between_history_and_plan(calendar):
    assert len(unfinished(_history(calendar, A=6), calendar, "2026-07-01")) == 0
    assert unfinished(_history(calendar, A=6), calendar, "2026-09-01").month.tolist() == [7, 8]
    assert len(unfinished(_history(calendar, A=0), calendar, "2026-09-01")) == 0
