"""What touches were worth: graded over the last year, told of a person and a reason."""

import pandas as pd
import pytest

from sopkit import Plan
from sopkit.overrides.effect import last_year, so_far
from tests.charts import small
from tests.panels.fake import FakePlan


def test_the_last_year_of_a_young_company_is_all_that_its_plans_measured(pack):
    plan = Plan(pack)
    measured = plan.read("value_added").query("person != '' and lag == 1")
    keys = ["stage", "person", "reason"]
    found = last_year(plan).set_index(keys)["value_added"]
    known = measured.set_index(keys)["value_added"]
    assert found.to_dict() == pytest.approx(known.to_dict()) and len(found)


def test_what_is_older_than_a_year_is_not_told():
    def released(month):
        """A forecast of 90 that Ada made 100, where 100 were sold."""
        cell = {"item": ["P-300"], "market": "North", "bucket": pd.Timestamp(month), "lag": 1}
        stages = {"baseline": 90.0, "override": 10.0, "consensus": 100.0}
        return pd.DataFrame(cell | stages), pd.DataFrame(
            cell | {"stage": "override", "person": "Ada", "reason": "price", "units": 10.0}
        )

    months = "2025-11-01", "2026-11-01"
    sold = pd.DataFrame({"item": "P-300", "market": "North", "bucket": pd.to_datetime(months)})
    sold["quantity"] = 100.0
    for kept, points in ((months[:1], ""), (months[1:], "10.00"), (months, "10.00")):
        plan, parts = FakePlan(), [released(month) for month in kept]
        plan.facts |= {"sales_history": sold, "items": small.items()}
        tables = dict(zip(("demand_plan", "touches"), map(pd.concat, zip(*parts))))
        plan.released_forecasts = tables.get
        found = so_far(last_year(plan), "Ada", "price")
        who = ("you", "you, price", "everybody, price") if points else ()
        assert found == [f"{name}: error {points} points lower" for name in who]
