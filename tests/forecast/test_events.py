"""Events and prices: planted uplifts are found, and kept apart from the baseline."""

import numpy as np
import pandas as pd
import pytest

from sopkit.buckets import infer_calendar
from sopkit.demand import consensus
from sopkit.errors import PlanError
from sopkit.forecast import forecast
from sopkit.forecast.events import (
    fill_uplifts,
    learn_events,
    shrunk,
    without_events,
)
from sopkit.metrics import Book
from tests.forecast.series import history, seasonal

LAST = pd.offsets.MonthEnd(0)


def event_effects(history, events, baseline, items=None, model=None):
    """What the plan adds for events: learned, filled in, planned."""
    filled = fill_uplifts(events, model or learn_events(history, events, items), baseline, items)
    full = baseline if "market" in baseline else baseline.assign(market="(none)")
    buckets = pd.DatetimeIndex(baseline["bucket"].sort_values().unique())
    given = {"baseline_forecast": full, "items": items, "events": filled}
    plan = consensus(Book(given, calendar=infer_calendar(buckets)), buckets).demand_plan
    return plan[["item", "market", "bucket", "events"]].rename(columns={"events": "effect"})


def planted(items=20, uplift=0.5, pulled=0.3, seed=0):
    """Histories with three promotions each, and one promotion to come in the third bucket of the
    horizon.
    """
    rng, parts, events = np.random.default_rng(seed), [], []
    for place in range(items):
        name, values = f"I{place:02d}", seasonal(48, rng.uniform(50, 500), 0.08, seed + place)
        months = pd.date_range("2022-01-01", periods=51, freq="MS")
        for column in (*sorted(rng.choice(np.arange(3, 45, 3), 3, replace=False)), 50):
            if column < 48:
                values[column] *= 1 + uplift
                values[column + 1] *= 1 - pulled * uplift
            events.append(
                {
                    "event": f"sale {column}",
                    "item": name,
                    "starts_on": months[column],
                    "ends_on": months[column] + LAST,
                }
            )
        parts.append(history(name, values))
    return pd.concat(parts, ignore_index=True), pd.DataFrame(events)


def test_planted_uplift_and_pull_forward_are_found():
    model = learn_events(*planted())
    assert model.uplifts["uplift"].mean() == pytest.approx(0.5, abs=0.05)
    assert 0.1 < model.uplifts["pull_forward"].mean() < 0.4
    assert (model.uplifts["evidence"] == 3).all()


def test_cleaned_history_has_no_events_left():
    frame, events = planted()
    plain, _ = planted(uplift=0.0)
    cleaned = without_events(frame, learn_events(frame, events))
    before = np.abs(frame["quantity"] - plain["quantity"]).sum()
    assert np.abs(cleaned["quantity"] - plain["quantity"]).sum() < 0.35 * before


def test_the_effect_is_its_own_column():
    frame, events = planted()
    model = learn_events(frame, events)
    baseline = forecast(without_events(frame, model), 6)
    effect = event_effects(frame, events, baseline, model=model)
    share = (effect["effect"] / baseline["baseline"]).groupby(effect["bucket"]).mean()
    assert share.iloc[2] == pytest.approx(0.5, abs=0.06) and share.iloc[3] < -0.03
    assert (share.iloc[[0, 1, 4, 5]] == 0).all() and len(effect) == len(baseline)


def test_given_uplift_and_pull_forward_are_taken_as_they_are():
    baseline = pd.DataFrame(
        {
            "item": "A",
            "bucket": pd.date_range("2026-01-01", periods=4, freq="MS"),
            "baseline": 100.0,
        }
    )
    events = pd.DataFrame(
        {
            "event": ["x"],
            "item": ["A"],
            "starts_on": ["2026-02-01"],
            "ends_on": ["2026-02-14"],
            "uplift": [0.4],
            "pull_forward": [0.5],
        }
    )
    effect = event_effects(history("A", np.full(24, 100.0), start="2024-01-01"), events, baseline)[
        "effect"
    ]
    np.testing.assert_allclose(effect, [0, 20, -10, 0])


def test_thin_evidence_is_drawn_toward_the_rest():
    frame, events = planted()
    lone = events[events["item"] == "I00"].head(1)
    own = learn_events(frame[frame["item"] == "I00"], lone).uplifts.iloc[0]
    assert abs(own["uplift"]) < abs(own["own_uplift"])


def test_series_share_what_is_sure_and_keep_what_is_clearly_theirs():
    like, _ = shrunk(np.full((50, 1, 1), 100.0), np.full((50, 1, 1), 30.0))
    assert like.item() == pytest.approx(0.3, abs=0.01)
    information = np.full((50, 1, 1), 400.0)
    own = np.random.default_rng(0).normal(0.3, 0.4, (50, 1, 1))
    _, each = shrunk(information, information * own)
    np.testing.assert_allclose(each, own, atol=0.1)


def test_price_elasticity():
    """Price cuts of 20 % that sell 1.56 times as much: elasticity −2."""
    rng, parts, events = np.random.default_rng(0), [], []
    for place in range(10):
        values = 100 * np.exp(rng.normal(0, 0.05, 36))
        for column in (8, 20, 30):
            values[column] *= 0.8**-2
            month = pd.Timestamp("2022-01-01") + pd.DateOffset(months=column)
            events.append(
                {
                    "event": "cut",
                    "item": f"P{place}",
                    "kind": "price",
                    "starts_on": month,
                    "ends_on": month + LAST,
                    "price": 8.0,
                }
            )
        parts.append(history(f"P{place}", values))
    items = pd.DataFrame({"item": [f"P{i}" for i in range(10)], "price": 10.0})
    model = learn_events(pd.concat(parts), pd.DataFrame(events), items)
    assert model.uplifts["uplift"].mean() == pytest.approx(-2, abs=0.3)
    coming = pd.DataFrame(
        {
            "event": ["cut"],
            "kind": ["price"],
            "starts_on": ["2025-01-01"],
            "ends_on": ["2025-01-31"],
            "price": [8.0],
        }
    )
    baseline = forecast(without_events(pd.concat(parts), model), 2)
    effect = event_effects(pd.concat(parts), coming, baseline, items, model=model)
    assert (
        effect["effect"].iloc[0] / baseline["baseline"].iloc[0] == pytest.approx(0.56, abs=0.1)
        and effect["effect"].iloc[1] == 0
    )


def test_a_price_without_a_list_price_to_compare_with_stays_blank():
    frame = pd.concat([history(item, np.full(24, 10.0)) for item in "AB"], ignore_index=True)
    cut = {"event": "cut", "kind": "price", "price": 8.0}
    events = pd.DataFrame([cut | {"starts_on": "2025-01-01", "ends_on": "2025-01-31"}])
    items = pd.DataFrame({"item": ["A", "B"], "price": [10.0, np.nan]})
    model = learn_events(frame, events, items)
    filled = fill_uplifts(events, model, frame, items)
    assert filled["item"].tolist() == ["A"] and filled["uplift"].tolist() == [0.0]
    blank = fill_uplifts(events, model, frame, items[["item"]])
    assert len(blank) == 1 and blank["uplift"].isna().all() and blank["item"].isna().all()


def test_events_by_family_and_market():
    frame = pd.concat(
        [
            history("A", np.full(24, 10.0), market="x"),
            history("A", np.full(24, 10.0), market="y"),
            history("B", np.full(24, 10.0), market="x"),
        ]
    )
    events = pd.DataFrame(
        {
            "event": ["e"],
            "family": ["f"],
            "market": ["x"],
            "starts_on": ["2024-01-01"],
            "ends_on": ["2024-01-31"],
            "uplift": [0.5],
        }
    )
    items = pd.DataFrame({"item": ["A", "B"], "family": ["f", "g"]})
    effect = event_effects(frame, events, forecast(frame, 1), items)
    np.testing.assert_allclose(effect["effect"], [5, 0, 0], atol=1e-9)
    with pytest.raises(PlanError, match="names family 'f'"):
        learn_events(frame, events)


def test_refusals():
    frame = history("A", np.full(24, 10.0))
    with pytest.raises(PlanError, match="1 row.*lack a date.*'x'"):
        learn_events(frame, pd.DataFrame({"event": ["x"], "starts_on": ["2023-01-01"]}))
    with pytest.raises(PlanError, match="1 row.*end before they start.*'x'"):
        learn_events(
            frame,
            pd.DataFrame({"event": ["x"], "starts_on": ["2023-02-01"], "ends_on": ["2023-01-01"]}),
        )
