"""Series agree with the forecasts of their sums, and nothing is permuted or made absurd by it."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from sopkit import PlanError
from sopkit.forecast import fit, forecast, sample_paths
from sopkit.forecast.reconcile import agreed, sums_of
from sopkit.forecast.trial import combine
from tests.benchmarks.kinds import companies

MARKETS = ["N", "S", "W"]


def panel(values, names, markets=None) -> pd.DataFrame:
    months = pd.date_range("2019-01-01", periods=values.shape[1], freq="MS")
    keys = {"item": np.repeat(names, len(months))}
    if markets is not None:
        keys["market"] = np.repeat(markets, len(months))
    return pd.DataFrame(keys | {"bucket": np.tile(months, len(values)), "quantity": values.ravel()})


def by_market(seed=0, names=None, months=60) -> pd.DataFrame:
    """Twelve items that sell little in each of three markets and grow together."""
    rng = np.random.default_rng(seed)
    names = names or [f"I{n:02d}" for n in range(12)]
    level = rng.uniform(2, 12, (12, 3, 1)) * np.exp(0.02 * np.arange(months))
    sold = rng.poisson(level).astype(float).reshape(36, months)
    return panel(sold, np.repeat(np.array(names, dtype=object), 3), MARKETS * 12)


def sum_of_weights(fitted):
    """What the methods alone forecast, without the sums."""
    return fitted.gathered(lambda block: combine(block.trial, block.weights))


def by_sum(frame, names, figure):
    return frame.groupby([*names, "bucket"])[figure].sum()


@pytest.mark.parametrize("seed", range(3))
def test_every_level_gains_where_all_grow_together(seed):
    history = by_market(seed)
    start = history["bucket"].unique()[-12]
    past, later = history[history["bucket"] < start], history[history["bucket"] >= start]
    alone = fit(past, 12)
    alone = forecast(past, 12).assign(baseline=sum_of_weights(alone)[:, -1].ravel())
    shared = forecast(past, 12)
    missed = {
        tuple(names): [
            (by_sum(each, names, "baseline") - by_sum(later, names, "quantity")).abs().sum()
            for each in (shared, alone)
        ]
        for names in (["item"], ["market"], ["item", "market"])
    }
    for names, (with_sums, without) in missed.items():
        assert with_sums < 1.01 * without, names
    assert missed[("market",)][0] < 0.95 * missed[("market",)][1]


@pytest.mark.parametrize(
    "names", [list(range(95, 107)), ["Bike", *(f"Bike {n}" for n in range(11))]]
)
def test_names_permute_nothing(names):
    plain, other = forecast(by_market(), 6), forecast(by_market(names=names), 6)
    renamed = dict(zip([f"I{n:02d}" for n in range(12)], names))
    expected = plain.assign(item=plain["item"].map(renamed)).set_index(["item", "market", "bucket"])
    found = other.set_index(["item", "market", "bucket"]).loc[expected.index]
    np.testing.assert_allclose(found["baseline"], expected["baseline"], rtol=1e-9)
    shuffled = forecast(by_market().sample(frac=1, random_state=1), 6)
    pd.testing.assert_frame_equal(shuffled, plain)


def test_agreement_is_weighted_least_squares():
    rng = np.random.default_rng(2)
    sums = sparse.csr_matrix([[1.0, 1, 0, 0], [0, 0, 1, 1], [1, 1, 1, 1]])
    own, asked = rng.uniform(5, 9, (4, 2)), rng.uniform(12, 20, (3, 2))
    wide, firm = rng.uniform(1, 3, 4), rng.uniform(1, 3, 3)
    every = np.vstack([np.eye(4), sums.toarray()])
    weighed = every.T / np.concatenate([wide, firm])
    expected = np.linalg.solve(weighed @ every, weighed @ np.vstack([own, asked]))
    np.testing.assert_allclose(agreed(own, wide, asked, firm, sums), expected)


def test_families_and_lines_are_sums_too():
    keys = pd.DataFrame({"item": ["A", "B", "C", "D"]})
    groups = keys.assign(family=["F", "F", "G", "G"], line=["L", "L", "L", None])
    sums, levels = sums_of(keys, groups)
    assert levels.tolist() == ["family", "family", "line", "company"]
    assert sums.toarray().tolist() == [[1, 1, 0, 0], [0, 0, 1, 1], [1, 1, 1, 0], [1, 1, 1, 1]]
    assert sums_of(keys.iloc[:1], groups)[0].shape == (0, 1)


def test_paths_and_markets_tell_one_story():
    history = by_market()
    paths = sample_paths(history, 12, paths=4000)
    expected = forecast(history, 12).groupby(["item", "bucket"])["baseline"].sum()
    np.testing.assert_allclose(paths.mean(axis=1).ravel(), expected, rtol=0.06)
    assert paths.mean() == pytest.approx(expected.mean(), rel=2e-3)


def test_no_series_is_moved_beyond_a_half_and_the_dead_stay_dead():
    history = by_market()
    ended = (history["item"] == "I03") & (history["bucket"] >= "2021-01-01")
    history.loc[ended, "quantity"] = 0.0
    fitted = fit(history, 12)
    dead = fitted.panel.keys["item"] == "I03"
    assert (fitted.baseline[dead] == 0).all()
    own = sum_of_weights(fitted)
    moved = fitted.combined[~dead][:, -1] / own[~dead][:, -1]
    assert 1 / 1.5 - 1e-9 <= moved.min() and moved.max() <= 1.5 + 1e-9
    assert abs(moved - 1).max() > 0.01


def test_where_sums_teach_nothing_series_stay_as_they_are():
    level = companies()["level"]
    names = [f"{row:02d}" for row in range(len(level))]
    groups = pd.DataFrame({"item": names, "family": np.arange(len(level)) % 6})
    plain, shared = (forecast(panel(level, names), 12, groups=each) for each in (None, groups))
    assert (plain["baseline"] / shared["baseline"] - 1).abs().max() < 0.03


def test_a_method_that_a_person_chose_is_left_alone():
    history = by_market()
    named = forecast(history, 6, method="mean")
    expected = history.groupby(["item", "market"])["quantity"].mean()
    first = named.groupby(["item", "market"])["baseline"].first()
    np.testing.assert_allclose(first, expected)


def test_an_empty_history_of_markets_has_an_empty_forecast():
    empty = by_market().iloc[:0]
    assert forecast(empty, 6).empty


def test_groups_that_say_too_much_or_nothing_are_named():
    twice = pd.DataFrame({"item": ["I00", "I00"], "family": ["F", "F"]})
    for groups in (twice, twice.rename(columns={"item": "sku"})):
        with pytest.raises(PlanError, match="groups names an item twice, or has no column item"):
            forecast(by_market(), 6, groups=groups)
