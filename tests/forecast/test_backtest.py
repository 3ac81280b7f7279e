"""The backtest as a product, and the explanation."""

import numpy as np
import pandas as pd
import pytest

from sopkit.errors import PlanError
from sopkit.forecast import backtest, explain, fit, forecast, graded, sample_paths
from tests.forecast.series import company, history


def test_one_series_by_hand():
    """A straight line under the seasonal naive: each forecast lags a year's growth behind."""
    values = 100.0 + np.arange(60)
    result = backtest(history("A", values), 3, method="seasonal naive", by=("method", "lag")).query(
        "method == 'seasonal naive'"
    )
    actual = [
        np.mean([values[60 - back + lag] for back in (1, 2, 3, 4) if lag < back])
        for lag in range(3)
    ]
    np.testing.assert_allclose(result["wape"], 12 / np.array(actual))
    np.testing.assert_allclose(result["bias"], -12 / np.array(actual))
    np.testing.assert_allclose(result["mase"], 1.0)
    assert result["cells"].tolist() == [4, 3, 2]


def test_groups_add_up():
    frame = company()
    whole, by_class = backtest(frame, 6, by=("method",)), backtest(frame, 6, by=("class", "method"))
    assert by_class["cells"].sum() == whole["cells"].sum()
    chosen = by_class[by_class["method"] == "chosen"]
    total = whole[whole["method"] == "chosen"].iloc[0]
    assert (chosen["wape"] * chosen["demand"]).sum() / chosen["demand"].sum() == pytest.approx(
        total["wape"]
    )


def test_keys_and_columns():
    result = backtest(company(4), 4)
    assert list(result.columns) == [
        "item",
        "method",
        "lag",
        "wape",
        "bias",
        "mase",
        "rmsse",
        "pinball",
        "coverage",
        "demand",
        "cells",
    ]
    assert not result.duplicated(["item", "method", "lag"]).any()
    with_market = backtest(company(2).assign(market="x"), 2)
    assert list(with_market.columns[:4]) == ["item", "market", "method", "lag"]


def test_by_family():
    families = pd.DataFrame({"item": ["I00", "I01"], "family": ["a", "b"]})
    assert set(backtest(company(3), 3, by=("family",), families=families)["family"]) == {
        "a",
        "b",
        "(none)",
    }
    with pytest.raises(PlanError, match="needs families"):
        backtest(company(3), 3, by=("family",))
    with pytest.raises(PlanError, match="use one or more of: item, market"):
        backtest(company(3), 3, by=("weather",))


def test_the_past_does_not_know_the_future():
    """Forecasts made at an origin do not change when later buckets do."""
    frame = company(6)
    late = frame["bucket"] > frame["bucket"].max() - pd.DateOffset(months=3)
    changed = frame.assign(quantity=frame["quantity"].where(~late, frame["quantity"] * 1.2))
    one, two = (fit(each, 3).blocks["regular"] for each in (frame, changed))
    np.testing.assert_allclose(one.trial.tests[:, 3], two.trial.tests[:, 3])
    assert not np.allclose(one.trial.tests[:, 0], two.trial.tests[:, 0])


def test_coverage_and_origins():
    result = backtest(company(12), 6, origins=3, by=("method",)).set_index("method")
    assert 0.6 < result.loc["chosen", "coverage"] < 0.95
    with pytest.raises(PlanError, match="origins is 1"):
        backtest(company(2), 6, origins=1)


def test_explanation_is_the_forecast_taken_apart():
    frame = company(6)
    told, result = explain(frame, "I01"), forecast(frame)
    own = result[result["item"] == "I01"]
    np.testing.assert_allclose(told.forecast["baseline"], own["baseline"])
    np.testing.assert_allclose(told.forecast["p90"], own["p90"])
    assert (told.model, told.why) == (own["model"].iloc[0], own["why"].iloc[0])
    tested = backtest(frame).query("item == 'I01' and method == 'chosen' and lag == 2")
    cells = told.backtest.query("lag == 2")
    missed = (cells["baseline"] - cells["actual"]).abs().sum()
    assert missed / cells["actual"].sum() == pytest.approx(tested["wape"].iloc[0])


def test_views_of_one_fit_are_those_of_the_history():
    frame = company(6)
    fitted = fit(frame, 6)
    pd.testing.assert_frame_equal(forecast(fitted), forecast(frame, 6))
    pd.testing.assert_frame_equal(backtest(fitted), backtest(frame, 6))
    np.testing.assert_array_equal(sample_paths(fitted, paths=9), sample_paths(frame, 6, paths=9))
    block = fitted.blocks["regular"]
    mixed = (block.weights[:, -1, :, None] * block.trial.agreed[:, -1]).sum(axis=1)
    np.testing.assert_allclose(mixed, fitted.baseline[block.rows])
    near = graded(fitted, lags=2)
    whole = graded(fitted).query("lag <= 2").reset_index(drop=True)
    pd.testing.assert_frame_equal(near, whole)


def test_a_fit_is_explained_without_fitting_again():
    frame = company(4)
    fitted = fit(frame, 6)
    assert explain(fitted, "I02").why == explain(frame, "I02", horizon=6).why


def test_markets():
    frame = pd.concat([company(2).assign(market="x"), company(2).assign(market="y")])
    assert (
        explain(frame, "I00").forecast["baseline"].sum()
        > 1.5 * explain(frame, "I00", "x").forecast["baseline"].sum()
    )
    with pytest.raises(PlanError, match="market 'z'.*x, y"):
        explain(frame, "I00", "z")
    with pytest.raises(PlanError, match="item 'nobody' is not in the history, which has 2 items"):
        explain(frame, "nobody")


@pytest.mark.parametrize("by", ["bucket", "market"])
def test_what_a_backtest_cannot_be_grouped_by_is_named(by):
    with pytest.raises(PlanError, match=f"by names .*{by}.*; use one or more of"):
        backtest(company(2), 3, by=by)
