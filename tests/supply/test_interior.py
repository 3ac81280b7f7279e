"""The interior start against HiGHS on the same programme."""

import numpy as np
import pytest

from sopkit.supply import interior, plan_supply
from sopkit.supply.dense import Cholesky
from sopkit.supply.facts import read_facts
from sopkit.supply.highs import run
from sopkit.supply.limits import limits_of
from sopkit.supply.model import build, prices_of
from sopkit.supply.normal_equations import invert_tridiagonal
from sopkit.supply.solving import LARGE, programme_of
from sopkit.supply.strategies import strategy_named
from tests.benchmarks.supply_case import company
from tests.supply.oracle import as_arguments, random_case


def programme(arguments, strategy="optimal"):
    facts = read_facts(**arguments)
    book = build(facts, limits_of(facts), strategy_named(strategy))
    made = programme_of(book)
    return made, made.vector(prices_of(book, "end"))


@pytest.mark.parametrize(
    "seed, strategy", [(0, "optimal"), (1, "optimal"), (2, "optimal"), (3, "level"), (4, "level")]
)
def test_it_finds_the_same_optimum_and_valid_prices(seed, strategy):
    made, cost = programme(as_arguments(random_case(seed, items=6)), strategy)
    point, exact = interior.interior_point(made, cost), run(made, cost)
    best = cost @ exact.values
    assert cost @ point.values == pytest.approx(best, rel=1e-6)
    held = (
        np.where(point.column_prices > 0, made.lower, np.minimum(made.upper, 1e12))
        @ point.column_prices
    )
    rows = np.where(point.row_prices > 0, made.row_lower, made.row_upper)
    assert np.where(point.row_prices == 0, 0, rows) @ point.row_prices + held == pytest.approx(
        best, rel=1e-5
    )
    assert (made.matrix @ point.values <= made.row_upper + 1e-4).all()


def test_a_plan_solved_from_inside_is_the_plan():
    case = company(100, 5)
    made, cost = programme(case)
    assert len(made.row_lower) >= LARGE  # or this would not test it
    result = plan_supply(**case)
    exact = run(made, cost)
    constant = result.objective - cost @ exact.values
    wanted = sum(
        (
            result.supply_plan["safety_stock"].to_numpy().reshape(100, 24)
            * read_facts(**case).prices.shortfall[:, None]
        ).ravel()
    )
    assert constant == pytest.approx(wanted, rel=1e-6)


def test_inverses_of_blocks():
    draw = np.random.default_rng(0)
    diagonal, beside = draw.uniform(2, 3, (5, 7)), draw.uniform(-1, 1, (5, 6))
    dense = np.zeros((5, 7, 7))
    at = np.arange(7)
    dense[:, at, at] = diagonal
    dense[:, at[1:], at[:-1]] = dense[:, at[:-1], at[1:]] = beside
    np.testing.assert_allclose(
        invert_tridiagonal(diagonal, beside), np.linalg.inv(dense), rtol=1e-9, atol=1e-12
    )


@pytest.mark.parametrize("size", [1, 47, 48, 130])
def test_blocks_of_a_cholesky_factor(size):
    draw = np.random.default_rng(size)
    root = draw.normal(size=(size, size))
    matrix, right = root @ root.T + size * np.eye(size), draw.normal(size=size)
    np.testing.assert_allclose(
        Cholesky(matrix).solve(right), np.linalg.solve(matrix, right), rtol=1e-9, atol=1e-12
    )
    with pytest.raises(np.linalg.LinAlgError):
        Cholesky(-matrix)
