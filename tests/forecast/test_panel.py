"""Reading a history into a panel, and what is refused."""

import numpy as np
import pandas as pd
import pytest

from sopkit.buckets import Calendar
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


@pytest.mark.parametrize(
    "freq, calendar, season",
    [
        ("YS", Calendar("year"), 1),
        ("YS-FEB", Calendar("year", 1), 1),
        ("QS-FEB", Calendar("quarter", 1), 4),
        ("QS-MAR", Calendar("quarter", 2), 4),
    ],
)
def test_quarters_and_years_begin_in_any_month(freq, calendar, season):
    frame = history("A", np.full(16, 5.0), freq=freq)
    panel = panel_of(frame)
    assert (panel.calendar, panel.season, panel.lengths.tolist()) == (calendar, season, [16])
    result = forecast(frame, 3)
    expected = pd.date_range(frame["bucket"].iloc[-1], periods=4, freq=freq)[1:]
    assert result["bucket"].tolist() == expected.tolist()
    np.testing.assert_allclose(result["baseline"], 5.0, rtol=1e-6)


MONTHS = pd.date_range("2022-01-01", periods=24, freq="MS")
ZONES = ["UTC", "Europe/Berlin", "Asia/Kolkata", "America/New_York"]
WRITTEN = {
    "stamps": lambda zoned: zoned,
    "objects": lambda zoned: zoned.astype(object),
    "words": lambda zoned: [stamp.isoformat() for stamp in zoned],
}


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("written", WRITTEN)
def test_a_stamp_in_a_time_zone_is_the_month_written_there(zone, written):
    frame = history("A", seasonal(24))
    zoned = frame.assign(bucket=WRITTEN[written](MONTHS.tz_localize(zone)))
    pd.testing.assert_frame_equal(forecast(zoned, 3), forecast(frame, 3))


def test_markets_in_several_time_zones_meet_in_their_month():
    east, west = (
        history("A", seasonal(24), market=zone).assign(
            bucket=MONTHS.tz_localize(zone).astype(object)
        )
        for zone in ("Asia/Kolkata", "America/New_York")
    )
    total = total_over_markets(pd.concat([east, west]))
    assert total["bucket"].tolist() == MONTHS.tolist()


def test_an_empty_history_has_an_empty_forecast():
    frame = history("A", seasonal(24))
    for empty in (frame.head(0), pd.DataFrame(columns=frame.columns)):
        result = forecast(empty, 3)
        assert result.empty and result.columns.tolist() == forecast(frame, 3).columns.tolist()


def test_a_season_settles_that_the_months_between_sold_nothing():
    frame = history("A", [5.0, 6.0, 7.0], freq="2MS")
    np.testing.assert_array_equal(panel_of(frame, 12).values, [[5, 0, 6, 0, 7]])


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
        "two months": (
            history("A", seasonal(24), freq="2MS"),
            {},
            r"24 distinct stamps that lie 2 months apart, first 2022-01-01: .*season=12 if",
        ),
        "half years": (history("A", seasonal(24), freq="6MS"), {}, "lie 2 quarters apart"),
        "fortnights": (history("A", seasonal(24), freq="14D"), {}, "lie 2 weeks apart"),
        "year": (
            frame.assign(bucket=["2206-01-01", *frame["bucket"].astype(str)[1:]]),
            {},
            r"1 value\(s\) that are not dates of the years 1900 to 2200, first '2206-01-01' in row 0",
        ),
        "zone": (
            frame.assign(bucket=MONTHS.tz_localize("Europe/Berlin").tz_convert("UTC")),
            {},
            "20 of 24 distinct stamps.*first 2021-12-31; .*in a time zone, the day written there",
        ),
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
