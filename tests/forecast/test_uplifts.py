"""What is learned of events is true on the whole: nothing where there is nothing, and planted
uplifts, pull-forwards and elasticities found in every class of demand.
"""

import numpy as np
import pandas as pd
import pytest

from sopkit.forecast.events import (
    expected_demand,
    fill_uplifts,
    learn_events,
)
from sopkit.forecast.panel import panel_of
from sopkit.forecast.prepare import classify
from tests.forecast.series import history, seasonal

LAST = pd.offsets.MonthEnd(0)

DRAWS = {  # mean demand of a bucket → demand, by class
    "smooth": lambda rng, mean: mean * rng.lognormal(-0.0072, 0.12, len(mean)),
    "erratic": lambda rng, mean: mean * rng.lognormal(-0.405, 0.9, len(mean)),
    "intermittent": lambda rng, mean: now_and_then(rng, mean, 0.35, 0.3),
    "lumpy": lambda rng, mean: now_and_then(rng, mean, 0.3, 0.95),
}


def now_and_then(rng, mean, chance, rough):
    sizes = mean / chance * rng.lognormal(-(rough**2) / 2, rough, len(mean))
    return np.round(np.where(rng.random(len(mean)) < chance, sizes, 0))


def promoted(kind, seed, series=25, uplift=0.0, pulled=0.0):
    """48 months of a demand class with five promotions of each series and one to come for all."""
    rng = np.random.default_rng(seed)
    months = pd.date_range("2022-01-01", periods=49, freq="MS")
    parts = []
    events = [{"event": "next", "starts_on": months[48], "ends_on": months[48] + LAST}]
    for place in range(series):
        mean = rng.uniform(50, 500) * (1 + 0.25 * np.sin(2 * np.pi * np.arange(48) / 12))
        columns = rng.choice(np.arange(2, 47, 2), 5, replace=False)
        mean[columns] *= 1 + uplift
        mean[columns + 1] *= 1 - pulled * uplift
        name = f"I{place:02d}"
        parts.append(history(name, DRAWS[kind](rng, mean)))
        events += [
            {"event": "sale", "item": name, "starts_on": month, "ends_on": month + LAST}
            for month in months[columns]
        ]
    return pd.concat(parts, ignore_index=True), pd.DataFrame(events)


def planned(frame, events):
    """The coming promotion's uplift and pull-forward, weighted by demand."""
    filled = fill_uplifts(events, learn_events(frame, events), frame)
    coming = filled[filled["event"] == "next"].set_index("item")
    demand = frame.groupby("item")["quantity"].sum()
    told = coming[["uplift", "pull_forward"]].astype(float)
    return told.mul(demand, axis=0).sum() / demand.sum()


def planned_mean(kind, seeds=10, **truth):
    return pd.DataFrame([planned(*promoted(kind, seed, **truth)) for seed in range(seeds)]).mean()


@pytest.mark.parametrize("kind", DRAWS)
def test_promotions_without_effect_are_planned_as_none(kind):
    frame, _ = promoted(kind, 0)
    classes = classify(panel_of(frame).values, 12, 1.0)
    assert (classes == kind).mean() > 0.6
    assert planned_mean(kind)["uplift"] == pytest.approx(0, abs=0.03)


@pytest.mark.parametrize("kind, within", [("smooth", 0.05), ("erratic", 0.12)])
def test_a_true_uplift_is_found(kind, within):
    assert planned_mean(kind, uplift=0.5)["uplift"] == pytest.approx(0.5, abs=within)


@pytest.mark.parametrize("kind", DRAWS)
def test_of_a_series_alone_only_what_is_clear_is_planned(kind):
    """Five noisy buckets cannot tell an effect of a fifth: what is not clear is planned as none."""
    frames = [promoted(kind, seed, series=1) for seed in range(20)]
    uplifts = np.array([planned(*frame)["uplift"] for frame in frames])
    assert abs(uplifts.mean()) < 0.1 and (np.abs(uplifts) < 0.15).mean() >= 0.8


def test_a_series_alone_shows_a_clear_uplift():
    assert planned_mean("smooth", seeds=20, series=1, uplift=0.5)["uplift"] == pytest.approx(
        0.5, abs=0.08
    )


def test_pull_forward_is_found():
    found = planned_mean("smooth", seeds=4, uplift=0.5, pulled=0.5)
    assert found["pull_forward"] == pytest.approx(0.5, abs=0.1)
    assert planned_mean("smooth", seeds=4, uplift=0.5)["pull_forward"] < 0.1


def overlapping(first, second, effects, seed=0):
    """20 smooth items; each has four events of the first kind and four of the second, two of them
    in the same months.
    """
    rng, parts, events = np.random.default_rng(seed), [], []
    months = pd.date_range("2022-01-01", periods=48, freq="MS")
    for place in range(20):
        name, values = f"I{place:02d}", seasonal(48, 100.0, 0.08, seed + place)
        columns, lift = rng.choice(np.arange(2, 46, 3), 6, replace=False), np.ones(48)
        for kind, effect, at in zip((first, second), effects, (columns[:4], columns[2:])):
            lift[at] += effect
            events += [
                {
                    "event": f"{kind} {effect}",
                    "item": name,
                    "kind": kind,
                    "starts_on": month,
                    "ends_on": month + LAST,
                }
                for month in months[at]
            ]
        parts.append(history(name, values * lift))
    return pd.concat(parts, ignore_index=True), pd.DataFrame(events)


def test_overlapping_events_of_two_kinds_are_told_apart():
    frame, events = overlapping("promotion", "holiday", (0.5, -0.3))
    uplift = learn_events(frame, events).uplifts.groupby("kind")["uplift"].mean()
    assert uplift["promotion"] == pytest.approx(0.5, abs=0.05)
    assert uplift["holiday"] == pytest.approx(-0.3, abs=0.05)


def test_overlapping_events_of_one_kind_add():
    frame, events = overlapping("promotion", "promotion", (0.4, 0.4))
    assert learn_events(frame, events).uplifts["uplift"].mean() == pytest.approx(0.4, abs=0.05)


def test_a_short_event_is_its_share_of_the_bucket():
    """Ten days of +150 % in a month of 30 days: half as much again in the month."""
    frame, events = promoted("smooth", 0, uplift=0.5)
    short = events.assign(ends_on=events["starts_on"] + pd.Timedelta(days=9))
    assert planned(frame, short)["uplift"] == pytest.approx(1.5, abs=0.15)


def test_months_without_demand_in_an_items_season_say_nothing_of_an_uplift():
    """Nothing is sold from November to February, promotion or not; in summer it brings +50 %."""
    rng, months = np.random.default_rng(0), pd.date_range("2022-01-01", periods=48, freq="MS")
    parts, events = [], []
    for place in range(20):
        name, open_months = f"I{place:02d}", ~months.month.isin([11, 12, 1, 2])
        values = 100 * open_months * rng.lognormal(0, 0.1, 48)
        columns = rng.choice(np.arange(1, 46, 2), 6, replace=False)
        values[columns] *= 1.5
        parts.append(history(name, values))
        events += [
            {"event": "sale", "item": name, "starts_on": month, "ends_on": month + LAST}
            for month in months[columns]
        ]
    uplifts = learn_events(pd.concat(parts), pd.DataFrame(events)).uplifts
    assert uplifts["uplift"].mean() == pytest.approx(0.5, abs=0.08)


def cuts(elasticity, price=8.0, noise=0.1, columns=(8, 20, 30)):
    """Ten items at a list price of 10, each with price cuts."""
    rng, months = np.random.default_rng(1), pd.date_range("2022-01-01", periods=36, freq="MS")
    values = 100 * rng.lognormal(0, noise, (10, 36))
    values[:, columns] *= (price / 10) ** elasticity
    frame = pd.concat([history(f"P{place}", row) for place, row in enumerate(values)])
    cut = {"event": "cut", "kind": "price", "price": price}
    events = [cut | {"starts_on": months[at], "ends_on": months[at] + LAST} for at in columns]
    items = pd.DataFrame({"item": frame["item"].unique(), "price": 10.0})
    return frame.reset_index(drop=True), pd.DataFrame(events), items


def test_an_elasticity_is_bounded_by_its_evidence():
    uplift = learn_events(*cuts(-2.0)).uplifts["uplift"]
    assert uplift.between(-2.5, -1.5).all()
    frame, events, items = cuts(0.0, price=9.9)
    model = learn_events(frame, events, items)
    assert (model.uplifts["own_uplift"].abs() > 2).any() and (
        model.uplifts["uplift"].abs() < 1
    ).all()
    frame, events, items = cuts(-2.0)
    model, deep = learn_events(frame, events, items), events.head(1).assign(price=0.01)
    assert fill_uplifts(deep, model, frame, items)["uplift"].astype(float).max() <= np.exp(3)


def test_no_event_takes_more_than_all_demand():
    """Returns exceed sales in promoted months: the uplift planned is −1, as the table allows."""
    frame, events = promoted("smooth", 0, series=1)
    frame.loc[frame["bucket"].isin(events["starts_on"]), "quantity"] *= -0.1
    filled = fill_uplifts(events, learn_events(frame, events), frame)
    assert filled["uplift"].astype(float).min() == -1


def test_the_regression_is_quasi_poisson_with_a_log_link():
    """Own estimates and their standard errors are those of statsmodels' GLM."""
    from statsmodels.api import GLM, families

    frame, events = promoted("smooth", 3, series=1, uplift=0.5)
    own = learn_events(frame, events).uplifts.iloc[0]
    months, told = frame["bucket"], events[events["event"] == "sale"]
    during = months.isin(told["starts_on"]).to_numpy(dtype=float)
    after = months.isin(told["starts_on"] + pd.DateOffset(months=1)).to_numpy() * (1 - during)
    sold = frame["quantity"].to_numpy()
    expected = expected_demand(np.where(during + after > 0, np.nan, sold)[None], 12)[0]
    causes = np.column_stack([during, after])
    model = GLM(sold, causes, families.Poisson(), offset=np.log(expected)).fit(scale="X2")
    assert own["own_uplift"] == pytest.approx(np.expm1(model.params[0]), rel=1e-6)
    error = np.exp(model.params[0]) * model.bse[0]
    assert own["standard_error"] == pytest.approx(error, rel=0.2)
