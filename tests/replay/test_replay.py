"""Past months planned again: what happened to them is worked out apart, bucket by bucket."""

import numpy as np
import pandas as pd
import pytest

from sopkit.errors import PlanError
from sopkit.replay import replay, write_page
from sopkit.replay.run import executed
from sopkit.sources import read_facts

SAMPLE = "data"


def test_what_is_executed_is_what_a_stockroom_would_do():
    draw = np.random.default_rng(3)
    for _ in range(200):
        many = int(draw.integers(1, 7))
        arrives, asked = draw.integers(0, 30, (2, 1, many)).astype(float)
        on_hand, backlog = draw.integers(0, 20, 2).astype(float)
        wait = int(draw.integers(0, 3))
        done = executed([on_hand], [backlog], arrives, asked, [float(wait)])
        stock, queue = on_hand, [(-1, backlog)]
        for bucket in range(many):
            stock += arrives[0, bucket]
            queue.append((bucket, asked[0, bucket]))
            left, shipped = [], 0.0
            for since, units in queue:
                gone = min(stock, units)
                stock, shipped = stock - gone, shipped + gone
                left.append((since, units - gone))
            queue = left
            late = sum(units for since, units in queue if since <= bucket - wait)
            assert done["shipped"][0, bucket] == pytest.approx(shipped)
            assert done["stock"][0, bucket] == pytest.approx(stock)
            assert done["missed"][0, bucket] == pytest.approx(min(asked[0, bucket], late))


@pytest.fixture(scope="module")
def grades():
    return replay(SAMPLE, "2026-08", "2026-08")


def test_the_workers_of_a_scheduler_plan_a_month_to_the_same_grades(grades, cluster):
    there = replay(SAMPLE, "2026-08", "2026-08", scheduler=cluster.scheduler_address)
    pd.testing.assert_frame_equal(there, grades, check_exact=True)


def test_a_month_is_planned_by_the_workbook_without_each_person_and_by_two_rules(grades):
    assert grades["rule"].tolist() == [
        "plan",
        *(f"without {name}" for name in ("Greta Holm", "Mara Voss", "Tom Adler")),
        "last year + trend",
        "moving average",
    ]
    by = grades.set_index("rule")
    alone = by[by.index.str.startswith("without")]
    assert by.loc["plan", "touches"] == alone["touches"].sum() > 0
    assert (by["revenue"] - by["cost"]).to_numpy() == pytest.approx(by["profit"].to_numpy())
    assert by["service"].between(0.8, 1).all() and by["wape_6"].isna().all()  # January to come
    # the forecast that people and events improved is closer than either rule's
    assert (by.loc["plan", ["wape_1", "wape_3"]] < by.iloc[-2:][["wape_1", "wape_3"]]).all(
        axis=None
    )


def test_nothing_of_what_came_later_is_in_a_plan(grades, tmp_path):
    """The naive rule's forecast of the first bucket, worked out from the file alone."""
    sold = read_facts(SAMPLE).sales_history
    wide = sold.pivot_table("quantity", ["item", "market"], "bucket", "sum", fill_value=0.0)
    came = wide[pd.Timestamp("2026-08-01")]
    before = wide.loc[:, wide.columns < "2026-08-01"]
    trend = (before.iloc[:, -12:].sum(axis=1) / before.iloc[:, -24:-12].sum(axis=1)).clip(0.5, 2)
    guess = before[pd.Timestamp("2025-08-01")] * trend.fillna(1.0)
    off = (came - guess.clip(lower=0)).abs().sum() / came.sum()
    told = grades.set_index("rule").loc["last year + trend", "wape_1"]
    assert told == pytest.approx(off, abs=0.02)  # cleansed history differs a little from the file's


@pytest.mark.parametrize(
    "start, end, words",
    [
        ("2026-08", "2026-05", "the start is after the end; swap them"),
        ("2026-10", "2026-10", "begin earlier"),
    ],
)
def test_months_that_cannot_be_graded_are_told(start, end, words):
    with pytest.raises(PlanError, match=words):
        replay(SAMPLE, start, end)


def test_the_page_says_who_was_better_and_by_how_much(grades, tmp_path):
    said = write_page(grades, read_facts(SAMPLE), tmp_path / "sub" / "replay.html")
    by = grades.set_index("rule")
    off = by.loc["plan", "profit"] - by.loc["moving average", "profit"]
    assert f"{off / 1e3:+.0f} k€" in said and "1 past month" in said
    html = (tmp_path / "sub" / "replay.html").read_text()
    assert html.count("<svg") == 2 and "Greta Holm" in html and "None" not in html
    assert len(pd.read_csv(tmp_path / "sub" / "replay.csv")) == len(grades)


def test_a_company_whose_people_and_prices_are_silent_has_its_page(grades, tmp_path):
    alone = grades[~grades["rule"].str.startswith("without")]
    alone = alone.assign(service=np.nan, revenue=0.0, cost=0.0, profit=0.0)
    said = write_page(alone, read_facts(SAMPLE), tmp_path / "replay.html")
    assert "Nobody had overridden a forecast of these months." in said
