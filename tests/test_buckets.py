"""Calendars: stamps and numbers are two faces of one bucket, and mixed sizes are refused."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sopkit import PlanError
from sopkit.buckets import PER_YEAR, Calendar, infer_calendar, parse_month

DAYS = st.dates(
    min_value=pd.Timestamp("1950-01-01").date(), max_value=pd.Timestamp("2099-12-31").date()
)


@settings(derandomize=True, max_examples=60)
@given(
    day=DAYS,
    size=st.sampled_from(list(PER_YEAR)),
    begins=st.integers(0, 2),
    count=st.integers(-200, 200),
)
def test_a_day_lies_in_its_bucket_and_shifts_come_back(day, size, begins, count):
    calendar = Calendar(size, 0 if size == "month" else begins)
    start = calendar.start([day])[0]
    assert start <= pd.Timestamp(day) <= calendar.last_day([day])[0]
    assert calendar.stamp(calendar.number([start]))[0] == start
    assert calendar.shift(calendar.shift(start, count), -count) == start


@pytest.mark.parametrize(
    "size, freq", [("month", "MS"), ("quarter", "QS"), ("week", "W-MON"), ("year", "YS")]
)
def test_range_agrees_with_pandas(size, freq):
    expected = pd.date_range("2024-01-01", periods=60, freq=freq)
    assert (Calendar(size).range(expected[0], 60) == expected).all()
    assert infer_calendar(expected) == Calendar(size)


def periods(first, weeks, count):
    """First days of periods whose lengths in weeks come round."""
    steps = pd.to_timedelta(7 * np.resize(weeks, count - 1).cumsum(), unit="D")
    return pd.DatetimeIndex([pd.Timestamp(first), *(pd.Timestamp(first) + steps)])


@pytest.mark.parametrize("weeks, many", [((4, 4, 5), 12), ((5, 4, 4), 12), ((4,), 13)])
def test_periods_go_on_before_and_after_those_that_are_told(weeks, many):
    whole = periods("2019-12-30", weeks, 120)
    for told in (whole[:12], whole[60:85], whole[36:]):
        calendar = infer_calendar(told)
        assert (calendar.size, calendar.per_year) == ("period", many)
        assert (calendar.range(whole[0], 120) == whole).all()
        days = pd.date_range(whole[0], whole[-1] - pd.Timedelta(days=1), freq="D")
        expected = whole[whole.searchsorted(days, side="right") - 1]
        assert (calendar.start(days) == expected).all()


def test_periods_may_begin_on_a_day_of_the_month():
    told = pd.date_range("2025-01-01", periods=30, freq="MS") + pd.Timedelta(days=25)
    calendar = infer_calendar(told)
    assert calendar.size == "period" and (calendar.range("2025-01-27", 30) == told).all()
    assert calendar.first_in("2026-11") == pd.Timestamp("2026-10-26")


def test_a_period_is_of_the_month_in_its_middle_and_has_its_name():
    told = tuple(periods("2026-10-26", (4, 4, 5), 13).strftime("%Y-%m-%d"))
    calendar = Calendar("period", told, ("P01", "P02", "", *"abcdefghij"))
    months = [f"{calendar.month(day):%Y-%m}" for day in told]
    assert [calendar.first_in(month) for month in months] == [pd.Timestamp(day) for day in told]
    assert calendar.label(told[:3]) == ["P01", "P02", "21 Dec 26"]
    assert calendar.name("2026-09-21") == "21 Sep 26"  # none that is told


def test_weeks_may_begin_on_any_weekday():
    sundays = pd.date_range("2024-01-07", periods=30, freq="W-SUN")
    calendar = infer_calendar(sundays)
    assert calendar == Calendar("week", 6) and (calendar.range(sundays[0], 30) == sundays).all()


@pytest.mark.parametrize(
    "stamps",
    [
        ["2026-01-01", "2026-02-01", "2026-02-09", "2026-03-01"],
        ["2026-01-05", "2026-01-12", "2026-01-20"],
        ["2026-01-31", "2026-02-28", "2026-03-31"],
    ],
)
def test_mixed_bucket_sizes_are_refused(stamps):
    with pytest.raises(PlanError, match="mixes bucket sizes"):
        infer_calendar(stamps)


def test_season_settles_what_the_stamps_leave_open():
    quarters = ["2026-01-01", "2026-04-01"]
    assert (
        infer_calendar(quarters, season=12).size == "month"
        and infer_calendar(quarters).size == "quarter"
    )


def test_a_season_settles_years_too():
    years = ["2024-02-01", "2025-02-01", "2027-02-01"]
    assert infer_calendar(years) == Calendar("year", 1)
    assert infer_calendar(years, season=4) == Calendar("quarter", 1)
    assert infer_calendar(years, season=12) == Calendar("month")


def test_the_first_bucket_begins_in_the_month():
    assert Calendar("week").first_in("2026-06") == pd.Timestamp("2026-06-01")
    assert Calendar("week").first_in("2026-11") == pd.Timestamp("2026-11-02")
    assert Calendar("quarter").first_in("2026-11") == pd.Timestamp("2027-01-01")


def test_labels_are_what_people_say():
    assert Calendar().label(pd.to_datetime(["2027-01-01", "2027-12-01"])) == ["Jan 27", "Dec 27"]
    assert Calendar("week").label(["2027-01-04"]) == ["4 Jan 27"]


@pytest.mark.parametrize("text", ["2026", "2026-1", "11-2026", "2026-00", "", None, "2026-11-01"])
def test_a_month_that_is_none_shows_how_to_write_it(text):
    with pytest.raises(PlanError, match="YYYY-MM"):
        parse_month(text)


def test_an_unknown_size_names_the_known():
    with pytest.raises(PlanError, match="month, week, quarter"):
        Calendar("day")


def test_numbers_are_integers_of_whole_arrays():
    numbers = Calendar().number(pd.Series(pd.date_range("2020-01-31", periods=5, freq="ME")))
    assert numbers.dtype == np.int64 and np.diff(numbers).tolist() == [1, 1, 1, 1]
