import math

import numpy as np
import pandas as pd
import pytest

from sopkit.metrics import (
    backlog_lead_time,
    cash_to_cash,
    cover,
    inventory_turns,
    plan_adherence,
    volume_adherence,
)
from tests.metrics.test_exports import cover as walked


def test_cover_of_the_textbook_walk():
    # 120 in stock against 50, 40, 60: two whole buckets and half of the third.
    assert cover(120, [50, 40, 60, 60]) == 2.5


def test_cover_edge_cases():
    assert cover(0, [10, 10]) == 0
    assert cover(5, [10, 10], backlog=3) == 0
    assert cover(1000, [10, 10, 10]) == 3, "capped at the horizon"
    assert cover(10, [0, 0, 0]) == 3, "no demand: the whole horizon"
    assert cover(10, [10, 0, 10]) == 1, "used up at a bucket's end"
    assert math.isnan(cover(np.nan, [1.0, 1.0]))


def test_cover_at_bucket_ends_repeats_the_last_year():
    demand = [10.0] * 11 + [40.0] + [20.0] * 12
    stock = np.zeros(24)
    stock[-1] = 50
    assert cover(stock, demand)[-1] == 2.5, "beyond the horizon comes the last year's 20 a bucket"
    stock[-1], short = 15, [10.0, 20.0, 30.0]
    assert cover([0.0, 0.0, 15.0], short)[-1] == pytest.approx(1.25), (
        "a horizon shorter than a year repeats whole: 10, then 5 of 20"
    )


def test_cover_agrees_with_walking_each_series_by_hand():
    rng = np.random.default_rng(3)
    demand, stock, late = (
        rng.integers(0, 9, (40, 18)).astype(float),
        rng.integers(0, 60, (40, 18)).astype(float),
        rng.integers(0, 2, (40, 18)),
    )
    lasts = cover(stock, demand, late, per_year=12)
    for i in range(40):
        future = list(demand[i]) + list(demand[i, 6:]) * 3
        for t in range(18):
            assert lasts[i, t] == pytest.approx(
                walked(stock[i, t], future[t + 1 : t + 19], late[i, t])
            )
    assert cover(stock[:, 0], demand).tolist() == pytest.approx(
        [walked(s, d) for s, d in zip(stock[:, 0], demand)]
    )


def test_plan_adherence_does_not_net_items():
    made = pd.DataFrame(
        {"item": ["A", "B", "C"], "planned": [100.0, 100.0, np.nan], "actual": [150.0, 50.0, 999.0]}
    )
    assert plan_adherence(made) == 0.75
    assert volume_adherence(made) == 1.0
    assert plan_adherence(made.assign(planned=0.0)) != plan_adherence(made)
    assert math.isnan(plan_adherence(made.assign(planned=0.0)))


def test_turns_and_cash_to_cash_by_hand():
    # 1,200 a year on an average stock of 200: 6 turns, 60.8 days in stock.
    assert inventory_turns([100] * 12, [150, 250] * 6) == 6
    assert inventory_turns([300] * 4, [200] * 4, per_year=4) == 6
    assert cash_to_cash([200], [100], 45, 30) == pytest.approx(365 / 6 + 15)
    assert math.isnan(inventory_turns([100], [0]))


def test_backlog_lead_time_where_nothing_ships_is_unknown():
    assert math.isnan(backlog_lead_time(10, 0))
    assert backlog_lead_time([10, 20], [5, 5]).tolist() == [2, 4]
