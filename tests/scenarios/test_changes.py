"""Every driver moves what it says and nothing else; what contradicts the facts is told."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from sopkit.errors import PlanError
from sopkit.scenarios import DRIVERS, Inputs, applied, asked_beside, beside, changes_of, in_base
from sopkit.scenarios.changes import promotions
from sopkit.sources import read_facts
from sopkit.tables import INPUTS, LEDGER
from tests.conftest import ROOT

OVERTIME = ("resources", "overtime_per_worker", lambda old: 1.5 * old)
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
    ({"driver": "workers", "name": "South skid shop", "value": "+2"}, {"resources"}),
    ({"driver": "overtime", "name": "South skid shop", "value": "+50 %"}, {"resources"}),
    ({"driver": "source_cost", "name": "Merrow Castings", "value": "+8 %"}, {"sourcing"}),
    ({"driver": "source_limit", "name": "Merrow Castings", "value": "off"}, {"sourcing"}),
    ({"driver": "lead_time", "family": "Pumps", "value": "+1"}, {"items", "sourcing"}),
    ({"driver": "service_level", "value": "99 %"}, {"items"}),
    ({"driver": "stock_limit", "item": "LIMITED", "value": "+50 %"}, {"items"}),
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
        "P-150": facts.launches.loc[facts.launches["launched_on"] >= facts.first, "item"].iloc[0],
        "LIMITED": facts.items.dropna(subset="maximum_stock")["item"].iloc[0],
        "INITIATIVE": facts.initiatives["initiative"].iloc[0],
    }
    return {key: real.get(value, value) for key, value in change.items()}


@pytest.mark.parametrize(
    "change, tables", CASES, ids=lambda x: x["driver"] if isinstance(x, dict) else ""
)
def test_a_driver_moves_what_it_says(inputs, change, tables):
    then = after(inputs, **named(inputs, change))
    assert touched(inputs, then) == tables


def test_every_driver_is_tried():
    assert {change["driver"] for change, _ in CASES} == {*DRIVERS}


def test_demand_is_an_override_of_each_month_after_those_of_people(inputs):
    then = after(inputs, driver="demand", item="P-100", market="Nordic", value="+50", **YEAR_END)
    rows = then.overrides
    assert rows["bucket"].dt.strftime("%Y-%m").tolist() == ["2026-12", "2027-01"]
    assert set(rows["kind"]) == {"units"} and set(rows["value"]) == {50.0}
    assert set(rows["reason"]) == {"scenario more"} and rows["id"].min() >= 10**9


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


def test_fewer_hours_bind_however_many_work(inputs):
    """A crew that the plan may enlarge works no longer than its plant is open."""
    then = after(inputs, driver="hours", name="South skid shop", value="100", **YEAR_END)
    shut = then.facts.resources.query("resource == 'South skid shop' and hours == 100")
    assert shut["bucket"].dt.strftime("%Y-%m").tolist() == ["2026-12", "2027-01"]
    assert shut["extra_hours"].eq(0).all() and shut["workers"].notna().all()


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
        (
            {"driver": "stock_limit", "item": "P-100", "value": "+1"},
            "no maximum_stock of these items could change",
        ),
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
        ({"driver": "event", "name": "EVENT", "value": "+99999999"}, "no whole number"),
        ({"driver": "event", "name": "EVENT", "value": "-20"}, "would begin before the plan"),
        ({"driver": "demand", "value": "-150 %"}, "is no amount for it"),
        ({"driver": "demand", "value": "+" + "9" * 400}, "is no amount for it"),
        ({"driver": "demand", "value": "+٥ %"}, "is no amount for it"),
        ({"driver": "rule", "name": "review", "value": "inf"}, "review inf is not"),
        ({"driver": "event", "name": "PAST", "value": "+1"}, "began before the plan"),
        ({"driver": "rule", "name": "horizon", "value": "36"}, "no rule 'horizon'; known are"),
        ({"driver": "rule", "name": "review", "value": "many"}, "review 'many' is no number"),
        ({"driver": "rule", "name": "strategy", "value": "levle"}, "is not one of: optimal"),
        ({"driver": "rule", "name": "lots", "value": "yes"}, "is not one of: true, false"),
        ({"driver": "demand", "value": "10 %"}, "'10 %' is no amount for it; write one like +10 %"),
        ({"driver": "source_cost", "name": "Merrow Castings", "value": "8 %"}, "like +8 %"),
        ({"driver": "launch", "item": "P-210", "value": "+1"}, "is launched already"),
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
    with pytest.raises(PlanError, match="'other' is not in the ledger.*there: more"):
        changes_of(said, "other")


def test_a_promoted_scenario_is_in_the_base_until_it_is_taken_out_and_is_told(inputs):
    rows = [
        {"driver": "demand", "value": "+8 %", **YEAR_END},
        {"driver": "promote", "value": "yes"},
    ]
    then = in_base(inputs, changes(*rows))
    assert then.overrides.equals(applied(inputs, changes(rows[0])).overrides)
    notice = then.facts.issues.query("rule == 'promoted scenario'")
    assert notice["problem"].tolist() == [
        "more: demand +8 % from 2026-12-01 to 2027-01-31, entered by Ada"
    ]
    assert in_base(inputs, changes(*rows, {"driver": "promote", "value": "off"})) is inputs
    over = {"driver": "demand", "value": "+8 %", "ends_on": "2026-10-31"}
    assert in_base(inputs, changes(over, rows[1])) is inputs


def test_what_is_entered_for_the_month_is_planned_beside_it(inputs):
    now = changes({"driver": "demand", "value": "+8 %"}).assign(cycle="2026-11")
    assert asked_beside(inputs, now) == (inputs, ["more"])
    assert asked_beside(inputs, now.assign(cycle="2026-10")) == (inputs, [])
    assert asked_beside(inputs, now.assign(cycle="2026-10"), ["more"]) == (inputs, ["more"])
    few = replace(inputs, parameters=inputs.parameters | {"most_items": 1})
    assert asked_beside(few, now)[1] == [] and asked_beside(few, now, ["more"])[1] == ["more"]


def test_a_scenario_of_the_month_that_the_facts_do_not_bear_is_left_out_and_told(inputs):
    now = changes({"driver": "demand", "value": "+8 %", "item": "X"}).assign(cycle="2026-11")
    left, asked = asked_beside(inputs, now)
    (told,) = left.facts.issues.query("rule == 'scenario left out'")["problem"]
    assert asked == [] and told.startswith("more: scenario more, demand: no item 'X'")


def test_a_scenario_that_is_promoted_again_keeps_its_place():
    rows = [
        {"scenario": name, "driver": "promote", "value": value}
        for name, value in (("a", "yes"), ("b", "yes"), ("c", "yes"), ("a", "yes"), ("c", "off"))
    ]
    assert [*promotions(changes(*rows)).items()] == [("a", 4), ("b", 2)]


def test_what_is_changed_after_a_scenario_was_promoted_waits_for_the_next_time(inputs):
    eight = {"driver": "unit_cost", "value": "+8 %"}
    yes, nine = {"driver": "promote", "value": "yes"}, eight | {"value": "+9 %"}
    then = in_base(inputs, changes(eight, yes, nine)).facts.items
    assert then.equals(after(inputs, **eight).facts.items)
    then = in_base(inputs, changes(eight, yes, nine, yes)).facts.items
    assert then.equals(after(inputs, **nine).facts.items)


def test_a_promoted_change_that_the_facts_no_longer_bear_says_how_to_take_it_out(inputs):
    gone = {"driver": "event", "name": "Long over", "value": "+1"}
    with pytest.raises(PlanError, match="scenario more, event: no event.*promote more --undo"):
        in_base(inputs, changes(gone, {"driver": "promote", "value": "yes"}))
    back = changes(gone, gone | {"value": None}, {"driver": "promote", "value": "yes"})
    assert in_base(inputs, back) is inputs, "nothing stands, nothing is in the way"


def test_what_is_in_the_base_is_not_planned_beside_it_again():
    base = changes({"driver": "demand", "value": "+8 %"}, {"driver": "promote", "value": "yes"})
    now = pd.concat([base, changes({"driver": "price", "value": "+1 %"}, scenario="dear")])
    assert [*beside(base, now)] == ["dear"] and [*beside(base[:0], now)] == ["more", "dear"]
    with pytest.raises(PlanError, match="'more' is in the base already; take it out first"):
        beside(base, now, ["more"])


def test_a_source_may_fail_twice_and_prices_move_in_two_periods(inputs):
    june = {"starts_on": "2027-06-01", "ends_on": "2027-06-30"}
    lost = {"driver": "source_limit", "name": "Merrow Castings", "value": "off"}
    rise = {"driver": "price", "family": "Valves", "value": "+1 %"}
    then = applied(
        inputs, changes(lost | YEAR_END, lost | june, rise | YEAR_END, rise | june)
    ).facts
    for name in ("resources", "bill_of_resources", "events"):
        assert not then[name].duplicated([*INPUTS[name].key]).any(), name
    use = then.bill_of_resources.query("source == 'Merrow Castings'")["resource"].iloc[0]
    shut = then.resources[(then.resources["resource"] == use) & (then.resources["hours"] == 0)]
    assert shut["bucket"].dt.strftime("%Y-%m").tolist() == ["2026-12", "2027-01", "2027-06"]


@pytest.mark.parametrize(
    "change, table, column, moved",
    [
        ({"driver": "overtime", "name": "North assembly", "value": "+50 %"}, *OVERTIME),
        ({"driver": "lead_time", "value": "+1"}, "items", "lead_time", lambda old: old + 1),
        ({"driver": "unit_cost", "value": "-5 %"}, "items", "unit_cost", lambda old: 0.95 * old),
        ({"driver": "service_level", "value": "99 %"}, "items", "service_level", lambda old: 0.99),
    ],
    ids=lambda x: x["driver"] if isinstance(x, dict) else "",
)
def test_how_far_a_driver_goes(inputs, change, table, column, moved):
    then, before = after(inputs, **change).facts[table], inputs.facts[table]
    rows = then["resource"] == change["name"] if "name" in change else slice(None)
    then = then[rows][column].dropna()
    if table == "items":
        expected = np.broadcast_to(moved(before[column].fillna(0.0)), len(before))
        assert then.to_numpy() == pytest.approx(np.asarray(expected))
    else:
        usual = before.query("resource == @change['name'] and bucket.isna()")[column].iloc[0]
        assert moved(usual) in then.round(9).tolist()


def test_days_move_by_whole_buckets(inputs):
    facts = inputs.facts
    event = facts.events[facts.events["starts_on"] >= facts.first].iloc[0]
    then = after(inputs, driver="event", name=event["event"], value="+1").facts.events
    moved = then[then["event"] == event["event"]].iloc[0]
    assert moved["starts_on"] == event["starts_on"] + pd.DateOffset(months=1)
    name = facts.initiatives["initiative"].iloc[0]
    then = after(inputs, driver="initiative", name=name, value="20 %").facts.initiatives
    assert set(then.loc[then["initiative"] == name, "probability"]) == {0.2}
