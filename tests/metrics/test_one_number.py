"""What two rooms say of one plan is one number."""

import re

import numpy as np
import pandas as pd
import pytest

from sopkit import metrics
from sopkit.buckets import Calendar
from sopkit.finance import scenario_metrics
from sopkit.metrics import Book
from sopkit.supply import plan_under_uncertainty
from tests.metrics.test_identities import plan_table

MONTHS = Calendar("month").range("2026-11-01", 18)
ITEMS = pd.DataFrame({"item": ["A", "B"], "price": [2.0, 90.0], "unit_cost": [1.0, 40.0]})


@pytest.fixture
def stressed():
    """A is a hundred units short for three months, B for one; the year after, everything is
    well.
    """
    late = np.zeros((2, 18))
    late[0, 2:5], late[1, 4] = 100.0, 80.0
    demand = np.full((2, 18), 150.0)
    made = demand - np.diff(late, axis=1, prepend=0.0)
    return plan_table(
        "supply_plan",
        item=np.repeat(["A", "B"], 18),
        bucket=np.tile(MONTHS, 2),
        demand=demand.ravel(),
        production=made.ravel(),
        shipments=made.ravel(),
        backlog=late.ravel(),
        late=late.ravel(),
    )


def test_an_item_whose_cost_is_its_hours_counts_in_the_service_of_unlike_units(stressed):
    items = ITEMS.assign(unit=["pcs", "m"], unit_cost=[None, 1.0])
    hours = pd.DataFrame({"item": ["A"], "resource": ["line"], "hours_per_unit": [2.0]})
    tables = {
        "items": items,
        "supply_plan": stressed,
        "bill_of_resources": hours,
        "resources": pd.DataFrame({"resource": ["line"], "regular_cost": [20.0]}),
    }
    book = metrics.Book(tables, first=MONTHS[0])
    kpis = metrics.kpis.table(5, book).set_index(["kpi", "scope"])["actual"]
    service = metrics.planned_service(stressed[stressed["bucket"] < MONTHS[12]], items, book.cost)
    assert kpis["planned_service", "company"] == service
    assert scenario_metrics(book).set_index("metric")["value"]["service (fraction)"] == service
    assert service != pytest.approx(metrics.planned_service(stressed, items))
    paths = stressed["demand"].to_numpy().reshape(2, 1, 18)
    risk = plan_under_uncertainty(stressed, items, paths, standard_cost=book.cost).plan_risk
    now = metrics.planned_service(stressed[stressed["bucket"] == MONTHS[0]], items, book.cost)
    assert risk.query("metric == 'service'")["p50"].iloc[0] == pytest.approx(now)


def test_unlike_units_that_nobody_costed_are_added_up_as_they_are(stressed):
    unknown = ITEMS.assign(unit=["pcs", "m"], unit_cost=np.nan)
    assert metrics.planned_service(stressed, unknown) == metrics.planned_service(stressed)
    paths = stressed["demand"].to_numpy().reshape(2, 1, 18)
    risk = plan_under_uncertainty(stressed, unknown, paths).plan_risk
    assert risk.query("metric == 'service'")["p50"].min() < 1


@pytest.mark.parametrize("units", [["pcs", "pcs"], ["pcs", "m"]])
def test_one_stressed_plan_has_one_service(stressed, units):
    items = ITEMS.assign(unit=units)
    year = stressed[stressed["bucket"].isin(MONTHS[:12])]
    service = metrics.planned_service(year, items)
    assert service == pytest.approx(
        1 - (380 / 3600 if units[0] == units[1] else (300 + 80 * 40) / (1800 * 41))
    )
    book = metrics.Book({"items": items, "supply_plan": stressed}, first=MONTHS[0])
    kpis = metrics.kpis.table(5, book).set_index(["kpi", "scope"])
    assert kpis.loc[("planned_service", "company"), "actual"] == service
    scored = scenario_metrics(book).set_index("metric")["value"]
    assert scored["service (fraction)"] == service
    paths = stressed["demand"].to_numpy().reshape(2, 1, 18)
    risk = plan_under_uncertainty(stressed, items, paths).plan_risk.set_index(["metric", "bucket"])
    for bucket in MONTHS:
        now = metrics.planned_service(stressed[stressed["bucket"] == bucket], items)
        assert risk.loc[("service", bucket), "p50"] == pytest.approx(now)


def test_the_page_says_the_same_service(stressed):
    from sopkit.charts import View
    from sopkit.charts.words import percent
    from sopkit.pages.supply import answer

    view = View(Book({"items": ITEMS}, first=MONTHS[0]))
    empty = {
        name: plan_table(name, bucket=MONTHS, **{key: "x"})
        for name, key in (("capacity_plan", "resource"), ("inventory_plan", "item"))
    }
    page = answer(stressed, *empty.values(), pd.DataFrame({"money": [1.0]}), view)
    year = stressed[stressed["bucket"].isin(MONTHS[:12])]
    said = re.search(r"[\d.]+ %", str(page._repr_html_()))[0]
    assert said == percent(metrics.planned_service(year))
