import numpy as np
import pandas as pd
import pytest

from sopkit import PlanError
from sopkit.tables import INPUTS, RARE
from tests.company import company


def test_every_table_is_filled_and_as_declared(tables):
    assert set(tables) == set(INPUTS) - RARE
    for name, frame in tables.items():
        assert len(frame), name
        pd.testing.assert_frame_equal(INPUTS[name].conform(frame), frame)


def test_it_is_the_company_that_was_promised(tables):
    items, sales = tables["items"], tables["sales_history"]
    assert len(items) == 60 and items["family"].nunique() == 6 and sales["market"].nunique() == 3
    assert sales["bucket"].nunique() == 48 and sales["bucket"].max() == pd.Timestamp("2026-10-01")
    assert (
        set(items["strategy"]) == {"stock", "order"}
        and items["shelf_life"].notna().any()
        and items["maximum_stock"].notna().any()
    )
    assert items["item"].str.startswith("0").any(), "codes with leading zeros keep readers honest"


def test_columns_that_only_sometimes_matter_are_used_somewhere(tables):
    used = {
        "items": [
            "lot_size",
            "minimum_lot",
            "holding_cost",
            "standard_cost",
            "backlog_cost",
            "lost_sales_cost",
            "service_level",
            "customer_lead_time",
            "successor",
        ],
        "resources": [
            "hours",
            "overtime_hours",
            "workers",
            "overtime_per_worker",
            "hiring_cost",
            "layoff_cost",
            "bucket",
            "extra_hours",
        ],
        "bill_of_resources": ["source"],
        "events": ["item", "family", "market", "uplift", "pull_forward", "price"],
        "initiatives": ["demand_change", "capacity_change", "ends_on"],
        "launches": ["cannibalised_item", "cannibalised_family"],
        "inventory_history": ["stocked_out"],
        "receipts": ["ordered_on"],
    }
    assert [
        (name, column)
        for name, columns in used.items()
        for column in columns
        if tables[name][column].isna().all()
    ] == []


def test_names_refer_to_what_is_there(tables):
    items, families, resources = (
        set(tables["items"]["item"]),
        set(tables["items"]["family"]),
        set(tables["resources"]["resource"]),
    )
    for name, frame in tables.items():
        for column, known in (
            ("item", items),
            ("like_item", items),
            ("successor", items),
            ("cannibalised_item", items),
            ("family", families),
            ("cannibalised_family", families),
            ("resource", resources),
        ):
            if column in frame:
                assert set(frame[column].dropna()) <= known, (name, column)


def test_a_scope_names_an_item_or_a_family_or_neither(tables):
    for name in ("events", "sales_inputs", "initiatives"):
        assert not (tables[name]["item"].notna() & tables[name]["family"].notna()).any()


def test_another_seed_is_another_company_and_the_same_one_the_same(tables):
    again, other = company(), company(seed=7)
    for name, frame in tables.items():
        pd.testing.assert_frame_equal(again.tables[name], frame)
    for name in ("items", "sales_history", "orders", "budget"):
        assert not other.tables[name].equals(tables[name]), name


@pytest.mark.parametrize("wrong", [{"items": 29}, {"months": 12}])
def test_too_small_a_sample_is_refused(wrong):
    with pytest.raises(PlanError, match="give at least 30 items and 30 months"):
        company(**wrong)


def test_a_large_company_has_more_families_and_resources_and_unique_keys():
    large = company(items=1000, months=30).tables
    assert len(large["items"]) == 1000 and large["items"]["family"].nunique() == 10
    assert len(large["items"]["item"].unique()) == 1000
    assert company(items=30, months=30).tables["items"]["family"].nunique() == 6


def test_the_end_moves_everything_with_it():
    early = company(months=36, end="2025-03")
    assert early.tables["sales_history"]["bucket"].max() == pd.Timestamp("2025-03-01")
    assert early.tables["inventory"]["as_of"].eq(pd.Timestamp("2025-03-31")).all()
    assert early.tables["orders"]["ordered_on"].max() <= pd.Timestamp("2025-03-31")


def test_items_earn_a_believable_margin(tables):
    items = tables["items"].set_index("item")
    bill, rates = (
        tables["bill_of_resources"].query("source.isna() or source == ''"),
        tables["resources"].groupby("resource")["regular_cost"].first(),
    )
    labour = (bill["hours_per_unit"] * bill["resource"].map(rates)).groupby(bill["item"]).sum()
    margin = 1 - (items["unit_cost"] + labour.reindex(items.index).fillna(0)) / items["price"]
    assert margin.between(0.25, 0.46).all()


def test_a_year_of_sales_is_what_a_general_manager_expects(tables):
    sales = tables["sales_history"]
    year = sales[sales["bucket"] > pd.Timestamp("2025-10-01")].merge(
        tables["items"][["item", "family"]]
    )
    assert 60e6 < year["revenue"].sum() < 90e6
    assert (
        year.groupby("family")["revenue"].sum().div(year["revenue"].sum()).between(0.01, 0.45).all()
    )
    assert np.isfinite(year["revenue"]).all()
