"""Told periods: what is dated lies in them, from the reading of facts to the supply plan."""

import numpy as np
import pandas as pd
import pytest

from sopkit.demand import cleanse
from sopkit.forecast import forecast
from sopkit.metrics import Book
from sopkit.sources import Facts, read_facts
from sopkit.supply import inventory_plan, plan_supply, supply_inputs
from tests.sources.company import issues_of, small
from tests.test_buckets import periods

STARTS = periods("2023-10-30", (4, 4, 5), 64)  # the plan of November 2026 begins with P37
NAMES = [f"P{number % 12 + 1:02d} FY{24 + number // 12}" for number in range(64)]
ROWS = [f"{name},{day:%Y-%m-%d}\n" for name, day in zip(NAMES, STARTS)]
WEEKS = pd.date_range(STARTS[0], STARTS[36] - pd.Timedelta(days=1), freq="7D")
SOLD = [f"P1,South,{day:%Y-%m-%d},{10 + number % 5}\n" for number, day in enumerate(WEEKS)]
TABLES = {
    "calendar": "period,starts_on\n" + "".join(ROWS),
    "items": "item,unit_cost,price,lead_time,service_level\nP1,40,100,1,0.95\n",
    "sales_history": "item,market,bucket,quantity\n" + "".join(SOLD),
    "inventory": f"item,on_hand,as_of\nP1,90,{STARTS[36] - pd.Timedelta(days=1):%Y-%m-%d}\n",
}


@pytest.fixture
def facts(tmp_path):
    return read_facts(small(tmp_path / "data", **TABLES), "next")


def test_weeks_are_added_up_in_their_period(facts, tmp_path):
    units = pd.Series([10 + number % 5 for number in range(len(WEEKS))], WEEKS)
    place = STARTS.searchsorted(WEEKS, side="right") - 1
    expected = units.groupby(STARTS[place]).sum()
    sold = facts.sales_history.set_index("bucket")["quantity"]
    assert sold.to_dict() == expected.to_dict()
    assert (facts.month, facts.first) == ("2026-11", STARTS[36])
    assert facts.calendar.label([facts.first]) == ["P01 FY27"]
    again = Facts.load(facts.write(tmp_path / "kept"))
    assert again.calendar == facts.calendar and again.settings["bucket"] == "period"


def test_a_plan_is_made_in_periods(facts):
    history = cleanse(Book(facts.tables, first=facts.first, calendar=facts.calendar))
    ahead = forecast(history, 24, calendar=facts.calendar)
    assert ahead["bucket"].tolist() == STARTS[36:60].tolist()
    plan = ahead.rename(columns={"baseline": "consensus"}).assign(market="South")
    stock = pd.DataFrame({"item": ["P1"], "on_hand": [90.0], "backlog": [0.0]})
    result = plan_supply(**supply_inputs(plan, stock, facts, facts.settings))
    assert result.supply_plan["bucket"].tolist() == STARTS[36:60].tolist()
    money = result.plan_costs.query("kind == 'holding'").set_index("bucket")["money"]
    stock = result.supply_plan.set_index("bucket")["projected_available"]
    each = 40 * facts.settings["holding_rate"] / 12
    assert money.to_numpy() == pytest.approx(each * stock[stock > 1e-6].to_numpy())
    cover = inventory_plan(result.supply_plan, facts.items)
    assert cover["bucket"].nunique() == 24 and np.isfinite(cover["cover"]).all()


@pytest.mark.parametrize(
    "rows, settings, said",
    [
        (ROWS[:50], None, "is the last; the plan ends before 2028-10-23"),
        (ROWS[3:], None, "sales_history begins on 2023-10-30"),
        ([*ROWS[:9], *ROWS[10:]], None, "neither 4 to 6 weeks long"),
        (ROWS[:1], None, "has no two periods"),
        ([], 'bucket = "period"', "has no two periods"),
        (ROWS, 'bucket = "week"\nhorizon = 24', "beside bucket = week"),
        (ROWS, None, "is stamped by month"),
    ],
)
def test_a_calendar_that_does_not_reach_or_follow_is_an_error(rows, settings, said, tmp_path):
    calendar = {"calendar": "period,starts_on\n" + "".join(rows)} if rows else {"calendar": None}
    if "month" in said:
        stamps = pd.date_range("2023-11-01", "2026-09-01", freq="MS").strftime("%Y-%m-%d")
        sold = "".join(f"P1,South,{day},9\n" for day in stamps)
        calendar["sales_history"] = "item,market,bucket,quantity\n" + sold
    found = issues_of(
        small(tmp_path / "data", settings, **TABLES | calendar), "wrong calendar", "2026-11"
    )
    assert said in found["problem"].iloc[0] and set(found["severity"]) == {"error"}
