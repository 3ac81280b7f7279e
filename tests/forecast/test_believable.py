"""No forecast is absurd: seasons whatever month a history ends in, silence, sparse demand, odd last
buckets, and one mean everywhere.
"""

import numpy as np
import pandas as pd
import pytest

from sopkit.forecast import fit, forecast, sample_paths
from sopkit.forecast.reasons import batches
from tests.forecast.series import history, m1, needs_real

PLACES = np.arange(12)
PROFILES = {
    "mild": 100 + 30 * np.sin(2 * np.pi * PLACES / 12),
    "strong": 100 * np.exp(np.sin(2 * np.pi * PLACES / 12)),
    "3 to 200": np.array([3, 3, 4, 8, 30, 90, 160, 200, 150, 60, 15, 5.0]),
    "months of zero": np.array([0, 0, 20, 80, 150, 200, 150, 60, 20, 0, 0, 0.0]),
    "Christmas": np.array([20.0] * 9 + [40, 150, 200]),
}


def panel(rows, **more) -> pd.DataFrame:
    return pd.concat([history(f"{place:03d}", row, **more) for place, row in enumerate(rows)])


def totals(frame) -> np.ndarray:
    return forecast(frame, 12).groupby("item")["baseline"].sum().to_numpy()


def alone(values, horizon=12) -> np.ndarray:
    return forecast(history("A", values), horizon)["baseline"].to_numpy()


@pytest.mark.parametrize("noise, off", [(0.0, 0.1), (0.05, 0.1), (0.1, 0.15)])
@pytest.mark.parametrize("profile", list(PROFILES))
def test_a_season_is_a_season_in_whatever_month_its_history_ends(profile, noise, off):
    level, rows, truth = PROFILES[profile], [], []
    for end in range(12):
        place, rng = np.arange(60 + end) % 12, np.random.default_rng(end)
        values = level[place] * np.exp(rng.normal(0, noise, len(place)) - noise**2 / 2)
        rows.append(values[:-12])
        truth.append(level.sum())
    assert totals(panel(rows)) / truth == pytest.approx(1, abs=off)


@pytest.mark.parametrize("factor", [0.1, 10])
@pytest.mark.parametrize("column", [47, 40, 31])
def test_a_wild_value_is_contained(factor, column):
    noise = np.random.default_rng(1).normal(0, 0.08, 48)
    values = 100 * (1 + 0.3 * np.sin(2 * np.pi * np.arange(48) / 12)) * np.exp(noise)
    usual = alone(values).sum()
    values[column] *= factor
    assert alone(values).sum() / usual == pytest.approx(1, abs=0.16)


SEASONS = {
    **PROFILES,
    "garden": np.array([0, 0, 200, 400, 500, 300, 0, 0, 0, 0, 0, 0.0]),
    "December": np.array([0.0] * 11 + [500]),
}


@pytest.mark.parametrize("noise", [0, 0.1])
@pytest.mark.parametrize("name", list(SEASONS))
def test_a_wild_value_anywhere_in_a_season_is_contained(name, noise):
    profile, rng = SEASONS[name], np.random.default_rng(3)
    values = profile[np.arange(60) % 12] * (1 + noise * rng.normal(size=60)).clip(0.1)
    for end in range(48, 60):
        wild = [values[:end].copy() for _ in range(3)]
        within = [at for at in range(end - 20, end - 2) if values[at] > 0]
        wild[0][-1] *= 10
        wild[1][-1] *= 0.1
        wild[2][within[len(within) // 2]] *= 10
        found = [alone(each).sum() / profile.sum() for each in wild]
        assert 0.45 < min(found) and max(found) < 2.05, (end, found)


def test_silence_lowers_a_forecast_beside_others_too():
    rng = np.random.default_rng(0)
    others = [history(f"o{n}", 200 + 10 * rng.normal(size=48)) for n in range(20)]
    means = []
    for silent in range(13):
        own = history("A", [1000.0] * 24 + [0.0] * silent)
        ahead = forecast(pd.concat([own, *others]), 12)
        means.append(ahead.loc[ahead["item"] == "A", "baseline"].mean())
    assert all(after <= before for before, after in zip(means, means[1:]))
    assert means[3] > 100 and means[12] < 1


def test_nothing_is_said_to_agree_with_sums_where_there_are_none():
    garden = np.tile(SEASONS["garden"], 5)
    assert "agree" not in forecast(history("A", garden), 12)["why"].iloc[0]


@pytest.mark.parametrize("last", [0, 0.33])
def test_a_suspicious_last_bucket_is_named_and_does_not_drag_the_level_down(last):
    values = 100 * np.exp(np.random.default_rng(2).normal(0, 0.08, 48))
    usual = alone(values).sum()
    values[-1] *= last
    told = forecast(history("A", values), 12)
    assert told["baseline"].sum() > 0.85 * usual
    assert "the last bucket" in told["why"].iloc[0] and "unlike" in told["why"].iloc[0]


@pytest.mark.parametrize("months", [18, 24, 36])
def test_silence_lowers_a_forecast(months):
    means = [alone([1000.0] * months + [0.0] * silent).mean() for silent in range(14)]
    assert all(later <= sooner * 1.001 + 1 for sooner, later in zip(means, means[1:]))
    assert max(means[8:]) <= 100 and means[12] < 5


@pytest.mark.parametrize("values", [[10] + [0] * 4 + [10] + [0] * 5, [10, 0, 0], [10, 0, 0] * 3])
def test_zeros_before_the_first_sale_change_nothing(values):
    short = alone(values)
    assert 0.5 <= short[0] <= 3
    assert alone([0] * 48 + values) == pytest.approx(short)
    busy = [np.random.default_rng(seed).poisson(50, 60) for seed in range(5)]
    beside = forecast(panel([np.concatenate([np.zeros(60 - len(values)), values]), *busy]), 12)
    assert beside["baseline"].head(12).to_numpy() == pytest.approx(short)


def test_a_season_with_months_of_zero_stays_a_season():
    december = alone(([0.0] * 11 + [500.0]) * 4)
    assert 400 <= december[11] <= 600 and december[:11].sum() < 60
    garden, off = np.array([0, 0, 200, 400, 500, 300, 0, 0, 0, 0, 0, 0.0]), []
    for seed in range(10):
        sold = np.random.default_rng(seed).poisson(np.tile(garden, 4))
        off.append([np.abs(alone(sold) - garden).sum(), np.abs(sold[-12:] - garden).sum()])
    ours, naive = np.mean(off, axis=0)
    assert ours <= naive


@pytest.mark.parametrize("share", [0.2, 0.1, 0.05])
def test_sparse_demand_is_forecast_no_worse_than_by_its_plain_mean(share):
    off = []
    for seed in range(10):
        rng = np.random.default_rng(seed)
        sold = np.where(rng.random((40, 48)) < share, rng.poisson(5, (40, 48)) + 1, 0)
        sold = sold[sold.any(axis=1)]
        means = totals(panel(sold)) / 12, sold.mean(axis=1)
        off.append([((mean - 6 * share) ** 2).mean() for mean in means])
    ours, plain = np.mean(off, axis=0)
    assert ours <= plain


def test_the_border_between_regular_and_rare_is_no_cliff():
    means = []
    for silent in range(6, 18):  # ADI 1.32 lies at about 12 of 48
        rows = []
        for seed in range(12):
            rng = np.random.default_rng(seed)
            sold = rng.poisson(50, 48)
            sold[rng.permutation(46)[:silent]] = 0
            rows.append(sold)
        means.append(np.mean([alone(sold).mean() / sold.mean() for sold in rows]))
    assert np.abs(np.diff(means)).max() < 0.1 and np.abs(np.array(means) - 1).max() < 0.15


def test_batches_are_recognised_and_said():
    rng, day, values = np.random.default_rng(0), 5.0, np.zeros(36)
    while day < 36 * 30.44:  # one customer, every four weeks
        values[int(day // 30.44)] += 100 * rng.uniform(0.95, 1.05)
        day += 28
    assert "batches of about 10" in forecast(history("A", values), 3)["why"].iloc[0]
    assert batches(values[None] / 50)[1].all()  # thousands are batches too, small counts are none
    assert not batches(np.rint(values[None] / 100))[1].any()


def test_projects_are_not_cut_away_as_outliers():
    rng = np.random.default_rng(5)
    base = rng.poisson(30, (60, 60)) + (rng.random((60, 60)) < 0.1) * rng.gamma(1.5, 200, (60, 60))
    assert totals(panel(base)).sum() / (60 * 12 * 60) == pytest.approx(1, abs=0.13)


@needs_real
def test_paths_have_the_mean_of_the_baseline_and_bands_are_centred():
    frame, actual, _ = m1()
    fitted = fit(frame, 18)
    paths = sample_paths(fitted, 18, paths=300)
    kinds = fitted.classes
    for kind in ("smooth", "erratic"):
        rows = kinds == kind
        for third in np.split(np.arange(18), 3):
            mean = paths[rows][:, :, third].mean() / fitted.baseline[rows][:, third].mean()
            assert mean == pytest.approx(1, abs=0.02 if kind == "smooth" else 0.1)
    told = forecast(fitted)
    low, high = (told[name].to_numpy().reshape(-1, 18)[:, 12:] for name in ("p10", "p90"))
    missed = (actual[:, 12:] < low).mean(), (actual[:, 12:] > high).mean()
    assert missed == pytest.approx((0.09, 0.09), abs=0.03)
