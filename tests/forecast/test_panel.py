"""Reading a history into a panel, and what is refused."""

import numpy as np
import pandas as pd
import pytest

from sopkit.errors import PlanError
from sopkit.forecast import forecast
from sopkit.forecast.panel import panel_of, total_over_markets
from tests.forecast.series import history, seasonal


def test_absent_is_zero_and_nan_is_unknown():
    frame = history("A", [1, 2, 3, 4]).drop(index=1)
    frame.loc[2, "quantity"] = np.nan
    np.testing.assert_array_equal(panel_of(frame).values, [[1, 0, np.nan, 4]])


def test_rows_in_any_order_and_index_give_the_same_panel():
    frame = pd.concat([history("B", seasonal(30)), history("A", seasonal(20))])
    mixed = frame.sample(frac=1, random_state=0)
    np.testing.assert_array_equal(panel_of(frame).values, panel_of(mixed).values)
    assert panel_of(mixed).keys["item"].tolist() == ["A", "B"]


@pytest.mark.parametrize(
    "freq, size, season",
    [("MS", "month", 12), ("QS", "quarter", 4), ("W-MON", "week", 52), ("W-SUN", "week", 52)],
)
def test_bucket_sizes(freq, size, season):
    panel = panel_of(history("A", seasonal(60), freq=freq))
    assert (panel.calendar.size, panel.season) == (size, season)
    expected = pd.date_range(panel.past()[0][-1], periods=4, freq=freq)[1:]
    np.testing.assert_array_equal(panel.future(3)[0], expected.to_numpy())


def test_markets_sum_and_keep_the_unknown():
    frame = pd.concat(
        [history("A", [1, np.nan, np.nan], market="x"), history("A", [2, 5, np.nan], market="y")]
    )
    np.testing.assert_array_equal(total_over_markets(frame)["quantity"], [3, 5, np.nan])


def broken():
    frame = history("A", seasonal(24))
    return {
        "duplicate": (
            pd.concat([frame, frame.tail(1)]),
            {},
            r"1 duplicate \(item, bucket\).*item 'A', bucket 2023-12-01",
        ),
        "text": (
            frame.astype({"quantity": object}).assign(quantity=["x", *[1] * 23]),
            {},
            r"1 value.*not finite numbers, first 'x' in row 0",
        ),
        "infinite": (frame.assign(quantity=np.inf), {}, "24 value"),
        "mixed": (
            pd.concat([frame, history("B", [1, 2, 3], freq="W-WED")]),
            {},
            "mixes bucket sizes",
        ),
        "column": (frame.drop(columns="quantity"), {}, "no column quantity"),
        "date": (frame.assign(bucket="soon"), {}, "24 value.*not dates"),
        "blank": (frame.assign(item=None), {}, "blank item"),
        "horizon": (frame, {"horizon": 0}, "horizon is 0"),
        "method": (
            frame,
            {"method": "prophet"},
            "method 'prophet' is not known; use one or more of: seasonal naive, ",
        ),
        "quantiles": (frame, {"quantiles": (0.1, 1.0)}, "not between 0 and 1"),
        "season": (frame, {"season": 0}, "season is 0"),
        "parameters": (frame, {"parameters": {"alpha": 0.1}}, "need one method"),
    }


@pytest.mark.parametrize("name", list(broken()))
def test_refusals_say_what_where_and_the_mend(name):
    frame, options, message = broken()[name]
    with pytest.raises(PlanError, match=message):
        forecast(frame, **options)


def test_duplicates_with_markets_name_the_market():
    frame = history("A", [1, 2, 3], market="x")
    assert len(forecast(pd.concat([frame, frame.assign(market="y")]), 2)) == 4
    with pytest.raises(PlanError, match="market 'x'"):
        forecast(pd.concat([frame, frame.head(1)]), 2)
