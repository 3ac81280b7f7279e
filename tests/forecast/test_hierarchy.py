"""One set of numbers at every level."""

import numpy as np
import pandas as pd
import pytest

from sopkit.errors import PlanError
from sopkit.forecast.hierarchy import (
    METHODS,
    Tree,
    bottom_up,
    reconciled_forecast,
    top_down,
    tree_of,
)
from sopkit.forecast.mint import Misfit, mint, shrinkage_of, summing_matrix
from tests.forecast.series import company, history


def markets(items=6):
    return pd.concat(
        [
            company(items).assign(market=name, quantity=lambda frame: frame["quantity"] * share)
            for name, share in (("east", 0.7), ("west", 0.3))
        ],
        ignore_index=True,
    )


FAMILIES = pd.DataFrame(
    {"item": [f"I{i:02d}" for i in range(6)], "family": ["a", "a", "b", "b", "c", "c"]}
)


@pytest.mark.parametrize("method", [*METHODS, None])
def test_coherent_and_not_negative_at_every_level(method):
    result = reconciled_forecast(markets(), 6, FAMILIES, method=method)
    assert result["level"].unique().tolist() == [
        "company",
        "family",
        "market",
        "item",
        "item × market",
    ]
    assert (
        not result.duplicated(["level", "name", "bucket"]).any() and (result["baseline"] >= 0).all()
    )
    bottom = result[result["level"] == "item × market"]
    for level, column in (("family", "family"), ("market", "market"), ("item", "item")):
        above = result[result["level"] == level].set_index(["name", "bucket"])["baseline"]
        summed = bottom.groupby([column, "bucket"])["baseline"].sum()
        np.testing.assert_allclose(above.sort_index(), summed.sort_index(), rtol=1e-9)
    total = result[result["level"] == "company"].set_index("bucket")["baseline"]
    np.testing.assert_allclose(total, bottom.groupby("bucket")["baseline"].sum(), rtol=1e-9)


def two_below_one():
    tree = tree_of(pd.DataFrame({"item": ["A", "B"]}))
    return tree, {"company": np.array([[12.0]]), "item": np.array([[6.0], [3.0]])}


def test_top_down_by_forecast_proportions():
    tree, base = two_below_one()
    np.testing.assert_allclose(top_down(base, tree), [[8.0], [4.0]])
    np.testing.assert_allclose(bottom_up(base, tree), [[6.0], [3.0]])


def test_mint_equals_the_dense_formula():
    """Against S (S'W⁻¹S)⁻¹ S'W⁻¹ ŷ on a tree of three levels with shrunk covariance."""
    rng = np.random.default_rng(0)
    tree = tree_of(
        pd.DataFrame({"item": list("ABCD")}),
        pd.DataFrame({"item": list("ABCD"), "family": ["x", "x", "y", "y"]}),
    )
    base = {
        "company": rng.uniform(90, 110, (1, 3)),
        "family": rng.uniform(40, 60, (2, 3)),
        "item": rng.uniform(10, 30, (4, 3)),
    }
    errors = {name: rng.normal(size=(len(values), 20)) for name, values in base.items()}
    variance = {name: rng.uniform(1, 9, len(values)) for name, values in base.items()}
    whole, spread = np.concatenate(list(errors.values())), np.concatenate(list(variance.values()))
    scaled = whole * np.sqrt(spread)[:, None]
    cover = 0.4 * np.diag(spread) + 0.6 * scaled @ scaled.T / 20
    summing = np.concatenate([summing_matrix(tree, ["company", "family"]).toarray(), np.eye(4)])
    inverse = np.linalg.inv(cover)
    dense = np.linalg.solve(
        summing.T @ inverse @ summing, summing.T @ inverse @ np.concatenate(list(base.values()))
    )
    np.testing.assert_allclose(mint(base, tree, Misfit(variance, errors, 0.4)), dense, rtol=1e-8)


def test_mint_leaves_coherent_forecasts_alone():
    tree, base = two_below_one()
    base["company"] = np.array([[9.0]])
    misfit = Misfit(
        {"company": np.array([4.0]), "item": np.array([1.0, 2.0])},
        {"company": np.zeros((1, 0)), "item": np.zeros((2, 0))},
        1.0,
    )
    np.testing.assert_allclose(mint(base, tree, misfit), base["item"])


def test_shrinkage_falls_with_evidence():
    rng = np.random.default_rng(0)
    common = rng.normal(size=(1, 400))
    errors = 0.8 * common + 0.6 * rng.normal(size=(10, 400))
    assert shrinkage_of(errors) < 0.05 < shrinkage_of(rng.normal(size=(10, 20)))


def test_the_choice_is_by_backtest():
    assert reconciled_forecast(markets(), 6, FAMILIES)["method"].iloc[0] in METHODS


def test_series_that_ended_early_count_as_zero_since():
    frame = pd.concat([history("A", np.full(24, 5.0)), history("B", np.full(12, 5.0))])
    total = reconciled_forecast(frame, 2, method="bottom up").query("level == 'company'")[
        "baseline"
    ]
    np.testing.assert_allclose(total, 5.0, rtol=1e-6)


def test_unknown_method_names_the_known():
    with pytest.raises(PlanError, match="bottom up, top down, mint"):
        reconciled_forecast(company(3), 2, method="magic")


def test_tree_is_a_frozen_value():
    with pytest.raises(AttributeError):
        Tree({}, {}).levels = {}
