"""Programmes that share nothing, the methods that solve them, and that neither moves the plan."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest

from sopkit import PlanError
from sopkit.supply import STRATEGIES, plan_supply
from sopkit.supply import solve as solving
from sopkit.supply.facts import read_facts
from sopkit.supply.limits import limits_of
from sopkit.supply.model import build
from tests.benchmarks.supply_case import bought, company
from tests.supply.oracle import as_arguments, random_case


def renamed(case: dict, mark: str) -> dict:
    """The same company with other names for its items and resources."""
    keys = ["item", "resource"]
    return {
        name: table.assign(**{key: table[key] + mark for key in keys if key in table})
        for name, table in case.items()
    }


def together(*cases: dict) -> dict:
    return {name: pd.concat([case[name] for case in cases]) for name in cases[0]}


def programmes(case: dict) -> list[int]:
    """Items in each programme of a case."""
    facts = read_facts(case)
    book = build(facts, limits_of(facts))
    labels = book.labels("above_0")[:, 0]
    return [int(np.isin(labels, part[1]).sum()) for part in solving.blocks(book.model.matrices.A)]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_plants_that_share_nothing_cost_what_each_costs_alone(strategy):
    plants = [renamed(as_arguments(random_case(seed)), f" {seed}") for seed in (1, 4, 5)]
    alone = [plan_supply(**plant, strategy=strategy) for plant in plants]
    result = plan_supply(**together(*plants), strategy=strategy)
    assert result.objective == pytest.approx(sum(plan.objective for plan in alone), rel=1e-9)
    late = sum(plan.supply_plan["late"].sum() for plan in alone)
    assert result.supply_plan["late"].sum() == pytest.approx(late, abs=1e-6)


def test_whole_workers_and_lots_of_plants_keep_the_gap_of_the_company():
    plants = [renamed(as_arguments(random_case(seed)), f" {seed}") for seed in (1, 4)]
    for plant in plants:
        plant["items"] = plant["items"].assign(lot_size=10.0)
    options = {"lots": True, "whole_workers": True, "gap": 1e-6}
    alone = [plan_supply(**plant, **options).objective for plant in plants]
    result = plan_supply(**together(*plants), **options)
    assert result.objective == pytest.approx(sum(alone), rel=2e-6) and 0 <= result.gap <= 1e-6


def test_a_company_is_as_many_programmes_as_it_has_plants():
    plants = [renamed(company(50, 3, seed=seed), f" {seed}") for seed in range(4)]
    assert programmes(together(*plants)) == [50, 50, 50, 50]
    shared = programmes(bought(100))
    assert sum(shared) == 100 and len(shared) < 5  # tiny parts are joined


def test_an_interior_point_finds_the_plan_of_the_simplex_method(monkeypatch):
    case = company(30, 3)
    exact = plan_supply(**case)
    monkeypatch.setattr(solving, "MANY", -1)
    inside = plan_supply(**case)
    assert inside.objective == pytest.approx(exact.objective, rel=1e-9)
    prices = [plan.capacity_plan["shadow_price"] for plan in (exact, inside)]
    np.testing.assert_allclose(*prices, atol=1e-3)


def test_a_plan_does_not_depend_on_threads(monkeypatch):
    plants = [renamed(as_arguments(random_case(seed)), f" {seed}") for seed in range(4)]
    many = plan_supply(**together(*plants))
    monkeypatch.setattr(solving, "BATCH", 1)
    each = plan_supply(**together(*plants))
    monkeypatch.setattr(solving, "ThreadPoolExecutor", lambda: ThreadPoolExecutor(1))
    one = plan_supply(**together(*plants))
    pd.testing.assert_frame_equal(each.supply_plan, one.supply_plan)
    pd.testing.assert_frame_equal(each.capacity_plan, one.capacity_plan)
    assert many.objective == pytest.approx(one.objective, rel=1e-9)


class Settled:
    """A solver that ends without a plan, as HiGHS does where numbers lie too far apart."""

    def __getattr__(self, name):
        return lambda *_: self

    def modelStatusToString(self, _):
        return "Unknown"


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({}, "no plan was found .Unknown.: numbers lie too far apart; look for a wrong unit"),
        ({"lots": True}, "no plan was found in time .Unknown.; raise time_limit or widen gap"),
    ],
)
def test_a_plan_that_is_not_found_says_what_helps(asked, words, monkeypatch):
    monkeypatch.setattr("highspy.Highs", Settled)
    demand = pd.DataFrame({"item": "A", "bucket": pd.to_datetime(["2026-01-01"]), "quantity": 5.0})
    with pytest.raises(PlanError, match=words):
        plan_supply(demand, pd.DataFrame({"item": ["A"], "lot_size": [2.0]}), **asked)


@pytest.mark.parametrize("units", [None, 3.0])
def test_facts_that_leave_no_plan_name_what_is_frozen_or_say_that_nothing_is(units, monkeypatch):
    demand = pd.DataFrame({"item": "A", "bucket": pd.to_datetime(["2026-01-01"]), "quantity": 5.0})
    frozen = None if units is None else demand.assign(purchased=units)
    monkeypatch.setattr("sopkit.supply.planner.solve", lambda *_, **__: None)
    words = (
        "none is frozen: numbers may lie too far" if frozen is None else "table frozen: 1 .*: 3;"
    )
    with pytest.raises(PlanError, match=words):
        plan_supply(demand, pd.DataFrame({"item": ["A"]}), frozen=frozen)


@pytest.mark.parametrize("how", [{}, {"lots": True}, {"strategy": "chase"}])
def test_the_workers_of_a_scheduler_come_to_the_same_plan(cluster, how, monkeypatch):
    monkeypatch.setattr(solving, "BATCH", 1)  # many programmes, of which some lack hours
    plants = together(*(renamed(as_arguments(random_case(seed)), f" {seed}") for seed in range(6)))
    here = plan_supply(**plants, **how)
    there = plan_supply(**plants, **how, scheduler=cluster.scheduler_address)
    assert here.supply_plan["late"].sum() > 0  # then it is solved again, from where it ended
    for name, table in here.tables.items():
        pd.testing.assert_frame_equal(there.tables[name], table, check_exact=True)
