"""Weights: the better method gains, thin evidence follows the panel."""

import numpy as np
import pytest

from sopkit.errors import PlanError
from sopkit.forecast import METHODS, fit, forecast, graded, register
from sopkit.forecast.methods import CANDIDATES
from sopkit.forecast.trial import pooled, weights
from tests.forecast.series import company, history, seasonal


def test_more_origins_move_the_weights_further_from_the_panel():
    own, prior = np.array([[0.5, 1.5]] * 3), np.ones((3, 2))
    first = weights(own, np.array([0, 2, 20]), prior)[:, 0]
    assert first[0] == 0.5 and 0.5 < first[1] < first[2]


def test_untested_series_take_the_panel():
    prior = np.array([[0.8, 1.2]])
    np.testing.assert_allclose(
        weights(np.ones((1, 2)), np.array([0]), prior), weights(prior, np.array([9]), prior)
    )


def test_sharpness_prefers_the_best():
    own = np.array([[0.9, 1.1]])
    assert weights(own, np.array([4]), own, sharpness=50)[0, 0] > 0.99


def test_small_groups_lean_on_the_panel():
    share = np.array([[1.0, 1.0]] * 200 + [[0.2, 1.8]])
    groups = np.array(["smooth"] * 200 + ["erratic"])
    assert pooled(share, np.ones(201, dtype=bool), groups)["erratic"][0] > 0.9


def test_origins_where_history_allows():
    blocks = fit(company()).blocks
    assert all(((block.trial.tested > 0).sum(axis=1) >= 3).all() for block in blocks.values())


def test_a_company_method_wins_where_it_is_right():
    """A registered oracle of this very history takes nearly all the weight."""
    values = np.random.default_rng(0).lognormal(3, 0.5, 60)

    def oracle(window, horizon):
        whole = np.concatenate([values, np.full(horizon, values.mean())])
        lengths = (~np.isnan(window.values)).sum(axis=1)
        return np.stack([whole[length : length + horizon] for length in lengths])

    register("oracle", oracle, kinds=("regular",))
    try:
        result = forecast(history("A", values), 6)
        assert result["model"].iloc[0] == "oracle"
    finally:
        METHODS.pop("oracle")
        CANDIDATES["regular"].remove("oracle")


def test_one_method_with_parameters():
    values = seasonal(48)
    slow, quick = (
        forecast(history("A", values), 3, method="simple", parameters={"alpha": alpha})[
            "baseline"
        ].iloc[0]
        for alpha in (0.05, 0.9)
    )
    assert slow != quick
    assert forecast(history("A", values), 3, method="theta")["model"].unique().tolist() == ["theta"]
    with pytest.raises(PlanError):
        forecast(history("A", values), 3, method=[])


def test_rare_demand_is_graded_by_seasonal_naive_and_combines_it_only_when_asked():
    rng = np.random.default_rng(0)
    rare = history("A", np.where(rng.random(60) < 0.3, rng.poisson(5, 60) + 1, 0))
    fitted = fit(rare, 6)
    place = fitted.blocks["rare"].methods.index("seasonal naive")
    assert (fitted.blocks["rare"].weights[:, :, place] == 0).all()
    assert "seasonal naive" in set(graded(fitted)["model"])
    asked = fit(rare, 6, method=["seasonal naive", "tsb"]).blocks["rare"]
    assert (asked.weights > 0).all()
    assert asked.weights.sum(axis=2) == pytest.approx(1)
