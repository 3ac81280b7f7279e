"""Facts: every table there, cut as of a month, summed into buckets, written and loaded again."""

import pandas as pd
import pytest

from sopkit.buckets import Calendar
from sopkit.errors import PlanError
from sopkit.sources import Facts, check, read_facts
from sopkit.tables import INPUTS, PLANS, RARE, SETTINGS
from tests.conftest import REAL
from tests.sources.company import BUCKETS, COMPANY, MONTH, small, write

real = pytest.mark.skipif(not (REAL / "jit").is_dir(), reason="the real company is not here")


@pytest.fixture
def facts(tmp_path):
    return read_facts(write(tmp_path / "data"), MONTH)


def test_two_tables_are_enough(tmp_path):
    folder = write(
        tmp_path / "data",
        {name: None for name in COMPANY},
        items="item\nP1\n",
        sales_history="item,bucket,quantity\nP1,2026-10-01,5\n",
    )
    facts = read_facts(folder, MONTH)
    assert facts.present == {"items", "sales_history"} and set(facts.settings) == set(SETTINGS)
    for name, table in INPUTS.items():
        assert facts[name].dtypes.to_dict() == table.empty().dtypes.to_dict()
    assert facts.items.loc[0, ["family", "strategy"]].tolist() == ["(none)", "stock"]
    assert facts.sales_history["market"].tolist() == ["(none)"]
    assert (
        set(facts.issues.loc[facts.issues["rule"] == "absent table", "table"])
        == set(INPUTS) - facts.present - RARE
    )


def test_a_table_is_an_attribute_and_an_item(facts):
    assert facts.orders is facts["orders"]
    with pytest.raises(PlanError, match="no table 'oders'"):
        facts["oders"]
    with pytest.raises(AttributeError):
        facts.oders


def test_first_bucket_and_horizon(facts, tmp_path):
    assert (
        facts.first == pd.Timestamp("2026-11-01")
        and len(facts.horizon) == 24
        and facts.horizon[-1] == pd.Timestamp("2028-10-01")
    )
    assert (
        read_facts(tmp_path / "data").first == facts.first
        and read_facts(tmp_path / "data").month is None
    )


def test_weeks_begin_on_the_weekday_of_the_stamps(tmp_path):
    sundays = pd.date_range("2026-08-02", "2026-10-25", freq="W-SUN")
    sales = "item,bucket,quantity\n" + "".join(f"P1,{day:%Y-%m-%d},5\n" for day in sundays)
    facts = read_facts(
        small(tmp_path / "data", sales_history=sales, settings='bucket = "week"'), MONTH
    )
    assert (
        facts.calendar.begins == 6
        and facts.first == pd.Timestamp("2026-11-01")
        and facts.settings["horizon"] == 104
    )
    assert facts.sales_history["bucket"].tolist() == sundays.tolist()


def test_quarters_begin_in_the_month_of_the_stamps(tmp_path):
    quarters = pd.date_range("2024-02-01", "2026-08-01", freq="QS-FEB")
    sales = "item,bucket,quantity\n" + "".join(f"P1,{day:%Y-%m-%d},5\n" for day in quarters)
    folder = small(tmp_path / "data", sales_history=sales, settings='bucket = "quarter"')
    facts = read_facts(folder, MONTH)
    assert facts.calendar == Calendar("quarter", 1) and facts.first == pd.Timestamp("2026-11-01")
    assert facts.sales_history["bucket"].tolist() == quarters.tolist()
    assert Facts.load(facts.write(tmp_path / "written")).calendar == facts.calendar


@pytest.mark.parametrize("freq, apart", [("YS", 12), ("2MS", 2), ("QS-FEB", 3)])
def test_stamps_of_longer_buckets_are_no_months_full_of_zeros(freq, apart, tmp_path):
    days = pd.date_range("2018-01-01", "2026-10-01", freq=freq)
    sales = "item,bucket,quantity\n" + "".join(f"P1,{day:%Y-%m-%d},5\n" for day in days)
    with pytest.raises(PlanError, match=f"{len(days)} distinct stamps lie {apart} months apart"):
        read_facts(small(tmp_path / "data", sales_history=sales), MONTH)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Asia/Kolkata", "America/New_York"])
def test_a_stamp_in_a_time_zone_is_the_day_written_there(zone, tmp_path):
    months = pd.date_range("2025-11-01", "2026-10-01", freq="MS")
    sales = pd.DataFrame({"item": "P1", "bucket": months.tz_localize(zone), "quantity": 5.0})
    folder = small(tmp_path / "data", sales_history=None)
    sales.to_parquet(folder / "sales_history.parquet")
    assert read_facts(folder, MONTH).sales_history["bucket"].tolist() == months.tolist()


def test_daily_rows_are_summed_without_a_word(tmp_path):
    days = pd.date_range("2026-08-01", "2026-10-31")
    sales = "item,market,bucket,quantity,revenue\n" + "".join(
        f"P1,North,{day:%Y-%m-%d},2,{'' if day.day > 1 else 9}\n" for day in days
    )
    facts = read_facts(small(tmp_path / "data", sales_history=sales), MONTH)
    assert facts.sales_history["quantity"].tolist() == [62, 60, 62] and facts.sales_history[
        "revenue"
    ].tolist() == [9, 9, 9]
    assert facts.issues.loc[facts.issues["table"] == "sales_history", "rule"].tolist() == []


def test_the_last_count_of_a_bucket_stands(tmp_path):
    counts = "item,bucket,on_hand\nP1,2026-10-20,7\nP1,2026-10-05,9\nP1,2026-09-30,4\n"
    assert read_facts(small(tmp_path / "data", inventory_history=counts), MONTH).inventory_history[
        "on_hand"
    ].tolist() == [4, 7]


def test_duplicates_are_summed_when_settings_say_so(tmp_path):
    sales = COMPANY["sales_history"] + "P1,North,2026-10-01,1000,5\n"
    facts = read_facts(
        small(tmp_path / "data", sales_history=sales, settings="sum_duplicates = true"), MONTH
    )
    last = facts.sales_history.query("item == 'P1' and market == 'North'").iloc[-1]
    assert (last["quantity"], last["revenue"]) == (1111, 9028)


def test_repairs_are_made(tmp_path):
    folder = write(
        tmp_path / "data",
        inventory="item,on_hand,backlog,as_of\nP1,-5,-1,\n",
        receipts="item,due_on,quantity\nP1,2026-09-15,4\nP1,2026-11-01,3\n",
    )
    facts = read_facts(folder, MONTH)
    count = facts.inventory[["item", "on_hand", "backlog", "as_of"]].iloc[0]
    assert count.tolist() == ["P1", 0.0, 0.0, pd.Timestamp("2026-10-31")]
    assert facts.receipts[["due_on", "quantity"]].values.tolist() == [
        [pd.Timestamp("2026-11-01"), 7.0]
    ]
    assert {"negative stock", "blank as_of", "overdue receipt"} <= set(facts.issues["rule"])


def test_a_past_month_is_read_as_it_would_have_been(tmp_path):
    facts = read_facts(write(tmp_path / "data"), "2026-10")
    assert facts.sales_history["bucket"].max() == pd.Timestamp("2026-09-01")
    assert facts.orders["order"].tolist() == ["1"]  # ordered in September, shipped in September
    assert facts.inventory.empty and facts.inventory_history["bucket"].max() == pd.Timestamp(
        "2026-09-01"
    )
    assert facts.production_history.empty and facts.receipts.empty and len(facts.budget) == 1
    assert facts.present == frozenset(COMPANY)


def test_what_shipped_later_is_still_open(tmp_path):
    orders = "order,line,item,ordered_on,promised_on,shipped_on,quantity,shipped_quantity\n1,1,P1,2026-09-01,2026-09-20,2026-10-02,5,5\n"
    line = read_facts(small(tmp_path / "data", orders=orders), "2026-10").orders.iloc[0]
    assert (
        pd.isna(line["shipped_on"]) and pd.isna(line["shipped_quantity"]) and line["quantity"] == 5
    )


def test_issues_of_rows_not_yet_known_are_not_told(tmp_path):
    orders = COMPANY["orders"] + "9,1,P1 ,North,2026-11-05,,,2026-11-01,5,\n"
    folder = write(tmp_path / "data", orders=orders)
    assert check(folder, MONTH)["rule"].tolist() == ["after the plan's month"]
    assert {"stray space", "shipped before ordered"} <= set(check(folder)["rule"])


def test_a_month_before_the_history_is_refused(tmp_path):
    with pytest.raises(PlanError, match="no row is dated before 2020-01-01"):
        read_facts(write(tmp_path / "data"), "2020-01")


SPOILED = {
    "inventory": COMPANY["inventory"].replace("30", "-30"),
    "items": COMPANY["items"].replace("Valves", ' Väl"ves "x'.replace('"', "")),
}
TOML = (
    'currency = "k€"\nhorizon = 12\nservice_level = 0.97\n[targets]\non_time_delivery ='
    ' 0.95\n[owners]\n"Big \\"pumps\\"" = "Ann\\u007f"\n'
    '[roles]\nsales = ["Bo"]\nreconcile = { informed = ["sales"], accountable = [] }\n'
)


def test_written_facts_load_to_the_same(tmp_path):
    facts = read_facts(small(tmp_path / "data", **SPOILED, settings=TOML), MONTH)
    loaded = Facts.load(facts.write(tmp_path / "facts"))
    for name in INPUTS:
        pd.testing.assert_frame_equal(facts[name], loaded[name])
    pd.testing.assert_frame_equal(facts.issues, loaded.issues)
    for name in ("settings", "present", "calendar", "first", "month"):
        assert getattr(facts, name) == getattr(loaded, name)
    assert len(facts.issues) and facts.settings["owners"] == {'Big "pumps"': "Ann\x7f"}


def test_a_written_folder_is_a_data_folder(tmp_path):
    facts = read_facts(small(tmp_path / "data", **SPOILED), MONTH)
    folder = facts.write(tmp_path / "facts")
    pd.testing.assert_frame_equal(read_facts(folder, MONTH).issues, facts.issues)
    earlier = read_facts(folder, "2026-08")
    assert (
        earlier.sales_history["bucket"].max() == pd.Timestamp("2026-07-01")
        and earlier.month == "2026-08"
    )


def test_writing_twice_writes_the_same_bytes(facts, tmp_path):
    first, second = facts.write(tmp_path / "one"), facts.write(tmp_path / "two")
    assert sorted(p.name for p in first.iterdir()) == sorted(p.name for p in second.iterdir())
    assert all(path.read_bytes() == (second / path.name).read_bytes() for path in first.iterdir())


def test_a_folder_without_facts_says_what_to_do(tmp_path):
    with pytest.raises(PlanError, match="read_facts"):
        Facts.load(tmp_path)


def test_issues_are_the_plan_table(facts, tmp_path):
    issues = check(small(tmp_path / "data", items="item\nX\n"), MONTH)
    pd.testing.assert_frame_equal(issues, PLANS["data_issues"].conform(issues))
    assert len(BUCKETS) == 24


@real
def test_the_real_companys_dirt_is_listed():
    facts = read_facts(REAL / "jit", "2018-01")
    count = facts.issues["rule"].value_counts()
    assert (
        count["shipped before ordered"] == 2735
        and count["never sold"] == 5
        and count["stock not counted"] == 48
    )
    assert facts.issues.query("rule == 'unknown column'")["column"].tolist() == ["lead_time_days"]
    assert "82% below" in facts.issues.query("rule == 'low volume'")["problem"].item()
    assert facts.sales_history["quantity"].sum() == 66367 and len(facts.orders) == 30871
    assert not (facts.issues["severity"] == "error").any()


@real
def test_the_real_company_as_of_october():
    facts = read_facts(REAL / "jit", "2017-10")
    assert (
        facts.sales_history["bucket"].max() == pd.Timestamp("2017-09-01")
        and facts.orders["ordered_on"].max() < facts.first
    )
    assert (
        facts.orders["shipped_on"].max() < facts.first
        and facts.orders["shipped_on"].isna().sum() == 103
    )
