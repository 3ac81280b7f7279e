"""Every driver moves what it says and nothing else; what contradicts the facts is told."""

import numpy as np
import pandas as pd
import pytest

from sopkit.errors import PlanError
from sopkit.scenarios import DRIVERS, Inputs, applied, changes_of, in_base
from sopkit.sources import read_facts
from sopkit.tables import INPUTS, LEDGER
from tests.conftest import ROOT

YEAR_END = {"starts_on": "2026-12-01", "ends_on": "2027-01-31"}


@pytest.fixture(scope="module")
def inputs():
    facts = read_facts(ROOT / "data", "2026-11")
    return Inputs(facts, LEDGER["overrides"].empty(), {})


def changes(*rows, scenario="more"):
    told = [{"id": n, "scenario": scenario, "by": "Ada"} | row for n, row in enumerate(rows, 1)]
    return LEDGER["scenarios"].typed(pd.DataFrame(told))


def after(inputs, **change):
    return applied(inputs, changes(change))


def touched(before, then):
    """Names of the tables, settings and parameters that differ."""
    tables = {n for n in INPUTS if not before.facts[n].equals(then.facts[n])}
    settings = {n for n, v in then.facts.settings.items() if before.facts.settings[n] != v}
    overrides = set() if before.overrides.equals(then.overrides) else {"overrides"}
    return tables | settings | overrides | {*then.parameters}


CASES = [
    ({"driver": "demand", "family": "Pumps", "value": "+10 %"}, {"overrides"}),
    ({"driver": "price", "family": "Valves", "value": "-2 %"}, {"events"}),
    ({"driver": "event", "name": "Autumn seal sale", "value": "+1"}, {"events"}),
    ({"driver": "launch", "item": "P-150", "value": "-1"}, {"launches"}),
    ({"driver": "initiative", "name": "INITIATIVE", "value": "off"}, {"initiatives"}),
    ({"driver": "initiative", "name": "INITIATIVE", "value": "20 %"}, {"initiatives"}),
    ({"driver": "hours", "name": "South skid shop", "value": "+10 %"}, {"resources"}),
    ({"driver": "overtime", "name": "South skid shop", "value": "+50 %"}, {"resources"}),
    ({"driver": "source_cost", "name": "Merrow Castings", "value": "+8 %"}, {"sourcing"}),
    ({"driver": "source_limit", "name": "Merrow Castings", "value": "off"}, {"sourcing"}),
    ({"driver": "lead_time", "family": "Pumps", "value": "+1"}, {"items", "sourcing"}),
    ({"driver": "service_level", "value": "99 %"}, {"items"}),
    ({"driver": "unit_cost", "family": "Pumps", "value": "+5 %"}, {"items"}),
    ({"driver": "rule", "name": "receivable_days", "value": "60"}, {"receivable_days"}),
    ({"driver": "rule", "name": "strategy", "value": "level"}, {"strategy"}),
]


def named(inputs, change):
    """The change with names that the sample has."""
    facts = inputs.facts
    ahead = facts.events.loc[facts.events["starts_on"] >= facts.first, "event"]
    real = {
        "Autumn seal sale": ahead.iloc[0],
        "P-150": facts.launches["item"].iloc[-1],
        "INITIATIVE": facts.initiatives["initiative"].iloc[0],
    }
    return {key: real.get(value, value) for key, value in change.items()}


@pytest.mark.parametrize("change, tables", CASES, ids=lambda x: str(x)[:40])
def test_a_driver_moves_what_it_says(inputs, change, tables):
    then = after(inputs, **named(inputs, change))
    assert set() < touched(inputs, then) <= tables


def test_every_driver_is_tried():
    assert {change["driver"] for change, _ in CASES} == {*DRIVERS}


def test_demand_is_an_override_of_each_month_after_those_of_people(inputs):
    then = after(inputs, driver="demand", item="P-100", market="Nordic", value="+50", **YEAR_END)
    rows = then.overrides
    assert rows["bucket"].dt.strftime("%Y-%m").tolist() == ["2026-12", "2027-01"]
    assert set(rows["kind"]) == {"units"} and set(rows["value"]) == {50.0}
    assert set(rows["reason"]) == {"scenario more"} and rows["id"].min() > 10**9


def test_hours_move_in_their_months_only(inputs):
    then = after(inputs, driver="hours", name="North assembly", value="+40", **YEAR_END)
    rows = then.facts.resources.query("resource == 'North assembly'")
    moved = rows[rows["bucket"].between("2026-12-01", "2027-01-31")]
    assert moved["extra_hours"].tolist() == [40.0, 40.0]
    assert rows.drop(moved.index)["extra_hours"].fillna(0).eq(0).all()
    usual = inputs.facts.resources.query("resource == 'North assembly' and bucket.isna()")
    assert moved["regular_cost"].eq(usual["regular_cost"].iloc[0]).all()


def test_a_source_lost_for_a_time_sends_nothing_then(inputs):
    then = after(inputs, driver="source_limit", name="Merrow Castings", value="off", **YEAR_END)
    use = then.facts.bill_of_resources.query("source == 'Merrow Castings'")
    lines = then.facts.resources[then.facts.resources["resource"].isin(use["resource"])]
    assert np.isinf(lines.loc[lines["bucket"].isna(), "hours"]).all()
    assert lines.loc[lines["bucket"].notna(), "hours"].eq(0).all() and len(use) > 1


def test_changes_add_up_in_their_order(inputs):
    both = changes(
        {"driver": "unit_cost", "value": "+10 %"}, {"driver": "unit_cost", "value": "+10 %"}
    )
    ratio = applied(inputs, both).facts.items["unit_cost"] / inputs.facts.items["unit_cost"]
    assert ratio.dropna().to_numpy() == pytest.approx(1.21)


@pytest.mark.parametrize(
    "change, words",
    [
        ({"driver": "demnad", "value": "+1 %"}, "did you mean demand"),
        ({"driver": "demand", "value": "ten"}, "write one like +10 %"),
        ({"driver": "demand", "value": "+1 %", "item": "P-1OO"}, "no item 'P-1OO'; did you mean"),
        ({"driver": "demand", "value": "+1 %", "market": "Mars"}, "no market 'Mars'"),
        ({"driver": "demand", "value": "+1 %", "name": "x"}, "name 'x' means nothing here"),
        (
            {"driver": "demand", "value": "+1 %", "item": "P-100", "family": "Pumps"},
            "an item or a family, not both",
        ),
        ({"driver": "demand", "value": "+1 %", "ends_on": "2020-01-01"}, "is no time of the plan"),
        ({"driver": "hours", "value": "+5"}, "which resource? name one of: "),
        ({"driver": "hours", "value": "+5", "name": "Moon"}, "no resource 'Moon'; known are"),
        ({"driver": "hours", "value": "-1000000", "name": "South skid shop"}, "take away less"),
        ({"driver": "service_level", "value": "2"}, "service_level would be 2"),
        (
            {"driver": "service_level", "value": "99 %", "starts_on": "2027-01-01"},
            "for the whole horizon",
        ),
        ({"driver": "launch", "item": "P-100", "value": "+1"}, "is no launch; launches are"),
        ({"driver": "event", "name": "EVENT", "value": "+0.5"}, "no whole number"),
        ({"driver": "event", "name": "PAST", "value": "+1"}, "began before the plan"),
        ({"driver": "rule", "name": "horizon", "value": "many"}, "'many' is no int"),
        ({"driver": "rule", "name": "allocation", "value": "luck"}, "allocation 'luck' is not"),
        (
            {"driver": "source_cost", "name": "Merrow Castings", "value": "+1", "family": "Valves"},
            "sends nothing of Valves",
        ),
    ],
)
def test_what_contradicts_the_facts_is_told(inputs, change, words):
    events = inputs.facts.events
    past = events["starts_on"] < inputs.facts.first
    real = {"EVENT": events.loc[~past, "event"].iloc[0], "PAST": events.loc[past, "event"].iloc[0]}
    change = {key: real.get(value, value) for key, value in change.items()}
    with pytest.raises(PlanError) as error:
        after(inputs, **change)
    assert words in str(error.value)
    assert str(error.value).startswith(f"scenario more, {change['driver']}: ")


def test_the_latest_amount_of_a_change_counts_and_a_blank_one_takes_it_back():
    said = changes(
        {"driver": "demand", "value": "+5 %"},
        {"driver": "unit_cost", "value": "+1 %"},
        {"driver": "demand", "value": "+8 %"},
        {"driver": "unit_cost", "value": None},
    )
    assert changes_of(said, "more")[["driver", "value"]].values.tolist() == [["demand", "+8 %"]]
    with pytest.raises(PlanError, match="'other' is not in the ledger .there: more."):
        changes_of(said, "other")


def test_a_promoted_scenario_is_in_the_base_until_it_is_taken_out_and_is_told(inputs):
    rows = [
        {"driver": "demand", "value": "+8 %", **YEAR_END},
        {"driver": "promote", "value": "yes"},
    ]
    then = in_base(inputs, changes(*rows))
    assert then.overrides.equals(applied(inputs, changes(rows[0])).overrides)
    notice = then.facts.issues.query("rule == 'promoted scenario'")
    assert notice["problem"].tolist() == ["more: demand +8 %, entered by Ada"]
    assert in_base(inputs, changes(*rows, {"driver": "promote", "value": "off"})) is inputs
    over = {"driver": "demand", "value": "+8 %", "ends_on": "2026-10-31"}
    assert in_base(inputs, changes(over, rows[1])) is inputs
