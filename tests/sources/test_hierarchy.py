"""Columns of the company's own by which people filter and plan: read, named, kept in the pack."""

import pandas as pd
import pytest

from sopkit import PlanError
from sopkit.scenarios.changes import applied
from sopkit.scenarios.drivers import Inputs
from sopkit.sources import Facts, check, read_facts
from tests.sources.company import COMPANY, MONTH, write

NAMED = '[hierarchy]\nitems = ["brand", "shelf", "price"]\nmarkets = ["group"]\n'
BRANDS = "brand", "<script>", "a: b: c", ""


def branded(folder, settings=NAMED, **changes):
    lines = COMPANY["items"].strip().split("\n")
    brands = ",".join((lines[0], "brand", "shelf"))
    rows = [f"{line},{brand},{at}0" for at, (line, brand) in enumerate(zip(lines[1:], BRANDS[1:]))]
    told = {"items": "\n".join([brands, *rows]) + "\n", "markets": "market,group\nNorth,DACH\n"}
    return write(folder, told | changes, settings)


def errors(folder):
    return check(folder).query("severity == 'error'")


def test_items_and_markets_belong_to_what_the_columns_say_and_a_blank_is_one_too(tmp_path):
    facts = read_facts(branded(tmp_path / "data"), MONTH)
    assert "unknown column" not in {*facts.issues["rule"]}
    members = {name: words.to_dict() for name, words in facts.book.members.items()}
    brands = {"P1": "brand: <script>", "P2": "brand: a: b: c", "004": "brand: –"}
    assert members["family: brand"] == brands
    assert members["family: shelf"] == {"P1": "shelf: 00", "P2": "shelf: 10", "004": "shelf: 20"}
    assert members["family: price"]["P1"] == "price: 100.0"
    assert members["market: group"] == {"North": "group: DACH"}
    assert {"group: DACH", "group: –"} < {*facts.markets}


def test_they_are_kept_with_the_facts(tmp_path):
    facts = read_facts(branded(tmp_path / "data"), MONTH)
    again = Facts.load(facts.write(tmp_path / "inputs"))
    pd.testing.assert_frame_equal(again["items"], facts["items"])
    assert again["items"]["brand"].notna().sum() == 2 and again.settings == facts.settings


def test_without_the_setting_a_column_of_ones_own_is_left_out_as_before(tmp_path):
    facts = read_facts(branded(tmp_path / "data", None), MONTH)
    assert [*facts.book.members] == ["family"] and "brand" not in facts["items"]
    assert facts.issues.query("rule == 'unknown column'")["column"].tolist() == ["brand", "shelf"]


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ('[hierarchy]\nitems = ["brnd"]', "is no column of items, which has: item, family"),
        (
            '[hierarchy]\nmarkets = ["group", "region"]',
            "is no column of markets, which has: market",
        ),
        ('[hierarchy]\nitems = "brand"', "expected a list of names"),
    ],
)
def test_a_column_that_is_not_there_is_an_error_that_says_which_there_are(settings, told, tmp_path):
    found = errors(branded(tmp_path / "data", settings))
    assert found[["table", "column"]].values.tolist() == [["settings", "hierarchy"]]
    assert told in found["problem"].item()


def test_columns_of_a_table_that_is_not_there_are_an_error_too(tmp_path):
    found = errors(branded(tmp_path / "data", markets=None))
    assert found["problem"].tolist() == ["is no column of markets, which has: no row"]


def test_a_column_named_twice_is_one_and_a_market_of_an_item_is_a_member(tmp_path):
    items = COMPANY["items"].replace("item,", "market,item,", 1)
    items = "\n".join(
        line if not at else f"North,{line}" for at, line in enumerate(items.strip().split("\n"))
    )
    settings = '[hierarchy]\nitems = ["market", "market", "item", "strategy"]'
    book = read_facts(write(tmp_path / "data", {"items": items + "\n"}, settings), MONTH).book
    assert {*book.members["family: market"]} == {"market: North"}
    assert book.members["family: strategy"]["004"] == "strategy: order"
    assert book.inside(book.items, "family", "item: P1").sum() == 1


def test_events_inputs_and_initiatives_may_name_members_and_a_budget_may_not(tmp_path):
    member = "brand: a: b: c,group: DACH"
    said = {
        "sales_inputs": f"author,family,market,bucket,quantity\nAnn,{member},2026-11-01,400\n",
        "events": f"event,family,market,starts_on,ends_on\nFair,{member},2026-12-01,2026-12-31\n",
        "initiatives": "initiative,family,starts_on\nGo west,brand: –,2027-01-01\n",
    }
    assert errors(branded(tmp_path / "data", **said)).empty
    budget = "family,bucket,quantity\nbrand: –,2026-11-01,400\n"
    found = errors(branded(tmp_path / "other", budget=budget))
    assert found["rule"].tolist() == ["unknown family"]
    gone = said["sales_inputs"].replace("a: b: c", "Gone")
    found = errors(branded(tmp_path / "gone", sales_inputs=gone))
    assert found[["rule", "value"]].values.tolist() == [["unknown family", "brand: Gone"]]


def test_a_scenario_changes_what_a_member_holds(tmp_path):
    facts = read_facts(branded(tmp_path / "data"), MONTH)
    row = dict.fromkeys(["item", "market", "name", "starts_on", "ends_on", "entered_at"])
    row |= {
        "scenario": "s",
        "driver": "unit_cost",
        "family": "brand: –",
        "value": "+10 %",
        "by": "A",
    }
    inputs = Inputs(facts, facts["events"], {})
    then = applied(inputs, pd.DataFrame([row])).facts["items"]["unit_cost"]
    assert (then / facts["items"]["unit_cost"]).round(3).tolist() == [1.1, 1.0, 1.0]
    with pytest.raises(PlanError, match="no family 'brand: Gone'"):
        applied(inputs, pd.DataFrame([row | {"family": "brand: Gone"}]))
