import numpy as np
import pandas as pd

from tests.company import demand, events, families, lives
from tests.company.span import Span, stream

SPAN = Span(pd.Timestamp("2026-10-01"), 48)
TRAITS = families.assortment(60, stream(2026, "items"))
NOTHING = pd.DataFrame(columns=["item", "bucket", "factor"])


def _mean(happenings, born=(), gone=()):
    born = lives.launches(TRAITS, SPAN).iloc[list(born)]
    gone = lives.retirements(TRAITS, SPAN).iloc[list(gone)]
    return demand.expected(TRAITS, SPAN, happenings, born, gone, NOTHING, stream(1, "level"))


def test_an_event_adds_its_uplift_and_takes_back_what_it_pulled_forward():
    happenings = events.events(TRAITS, SPAN)
    offer = happenings[happenings["event"] == "Spring pump offer 2027"]
    ratio = _mean(offer) / _mean(happenings.iloc[:0])
    may = int(np.flatnonzero(SPAN.buckets == np.datetime64(offer["starts_on"].iloc[0]))[0])
    pumps = (TRAITS["family"] == "Pumps").to_numpy()
    assert np.allclose(ratio[pumps, 0, may], 1.22) and np.allclose(
        ratio[pumps, 0, may + 1], 1 - 0.3 * 0.22
    )
    assert np.allclose(ratio[pumps, 1:], 1) and np.allclose(ratio[~pumps], 1)


def test_easter_counts_by_the_days_it_takes_of_a_month():
    happenings = events.events(TRAITS, SPAN)
    ratio = _mean(happenings[happenings["event"] == "Easter 2027"]) / _mean(happenings.iloc[:0])
    march, april = (
        int(np.flatnonzero(SPAN.buckets == np.datetime64(day))[0])
        for day in ("2027-03-01", "2027-04-01")
    )
    assert np.allclose(ratio[:, :, march], 1 - 0.25 * 8 / 31) and np.allclose(
        ratio[:, :, april], 1 - 0.25 / 30
    )


def test_a_launch_follows_its_like_item_up_the_ramp_and_takes_from_another():
    without, launched = (
        _mean(events.events(TRAITS, SPAN).iloc[:0]),
        _mean(events.events(TRAITS, SPAN).iloc[:0], born=[0]),
    )
    row = lives.launches(TRAITS, SPAN).iloc[0]
    new, like, loser = (
        TRAITS.index[TRAITS["item"] == row[name]][0]
        for name in ("item", "like_item", "cannibalised_item")
    )
    start = int(np.flatnonzero(SPAN.buckets == np.datetime64(row["launched_on"]))[0])
    assert start == SPAN.past - 5 and not launched[new, :, :start].any()
    assert np.allclose(
        launched[new, :, start : start + 5] / launched[like, :, start : start + 5] / row["peak"],
        [0.25, 0.45, 0.7, 0.9, 1],
    )
    assert np.allclose(
        without[loser] - launched[loser], np.minimum(0.35 * launched[new], 0.8 * without[loser])
    )


def test_a_retired_item_hands_its_demand_to_its_successor():
    before, after = (
        _mean(events.events(TRAITS, SPAN).iloc[:0]),
        _mean(events.events(TRAITS, SPAN).iloc[:0], gone=[0]),
    )
    row = lives.retirements(TRAITS, SPAN).iloc[0]
    old, new = (TRAITS.index[TRAITS["item"] == row[name]][0] for name in ("item", "successor"))
    later = SPAN.buckets > np.datetime64(row["retired_on"])
    assert not after[old][:, later].any() and np.allclose(
        after[old] + after[new], before[old] + before[new]
    )


def test_promotions_move_about_so_that_they_can_be_told_from_the_season(tables):
    names = tables["events"]["event"].str.replace(r" \d{4}$", "", regex=True)
    months = tables["events"]["starts_on"].dt.month.groupby(names).nunique()
    assert (
        months[["Service weeks", "Spring pump offer", "Autumn drive bundle", "Dealer days"]] > 1
    ).all()


def test_events_are_past_and_planned_and_some_uplifts_are_left_to_estimate(tables, truth):
    happenings, plan = tables["events"], pd.Timestamp("2026-11-01")
    for blank in (True, False):
        shown = happenings[happenings["uplift"].isna() == blank]
        assert (shown["starts_on"] < plan).any() and (shown["starts_on"] >= plan).any()
    told = pd.DataFrame(truth["uplifts"])
    assert (
        told.set_index("event")["told"].groupby(level=0).first()
        == happenings.set_index("event")["uplift"].notna().groupby(level=0).first()
    ).all()
    assert told["true_uplift"].notna().all() and set(happenings["kind"]) == {
        "promotion",
        "price",
        "holiday",
        "one_off",
    }


def test_the_draw_keeps_the_mean_it_was_given():
    mean = np.full((len(TRAITS), 3, 4000), 20.0)
    drawn = demand.draw(mean, TRAITS, stream(5, "demand"))
    assert (
        np.allclose(drawn.mean(axis=(1, 2)), 20, rtol=0.1)
        and (drawn == np.round(drawn)).all()
        and drawn.min() >= 0
    )


def test_breaks_change_the_level_for_good(tables, truth):
    sales = tables["sales_history"].groupby(["item", "bucket"])["quantity"].sum()
    for row in truth["breaks"]:
        series = sales[row["item"]]
        year = pd.DateOffset(years=1)
        after = series[pd.Timestamp(row["bucket"]) :]
        before = series[after.index - year]
        assert abs(after.sum() / before.sum() / row["factor"] - 1) < 0.25
