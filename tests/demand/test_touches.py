"""Who moved the plan: every unit of a stage is somebody's, and what it brought is shared fairly."""

import numpy as np
import pandas as pd
import pytest

from sopkit.demand import touches
from sopkit.metrics import Book, graded_stages, value_added_table

CELL = ["item", "market", "bucket"]


@pytest.fixture
def touched(plan, calendar, items):
    """What each person moved of a plan with these sales inputs and overrides."""

    def make(baseline, **given):
        found = plan(baseline, **given)
        settings = {"sales_inputs": {"rule": given.pop("rule", "midpoint")}}
        known = {"items": items, "demand_plan": found.demand_plan, **given}
        first = found.demand_plan["bucket"].min()
        book = Book(known, first=first, calendar=calendar, settings=settings)
        return found.demand_plan, touches(book)

    return make


def override(number, by, value, reason="price", **row):
    told = {"id": number, "cycle": "2026-11", "by": by, "owner": "", "reason": reason}
    told |= {"item": None, "family": None, "market": None, "bucket": "2026-11-01"}
    return told | {"kind": "units", "value": value} | row


def insist_on_the_stages(plan, found):
    for stage in ("sales_input", "override"):
        of = found[found["stage"] == stage].groupby(CELL)["units"].sum()
        known = plan.set_index(CELL)[stage]
        assert np.allclose(of.reindex(known.index, fill_value=0.0), known)


@pytest.mark.parametrize("rule", ["midpoint", "mean", "latest"])
def test_they_sum_to_the_stages_whatever_the_levels(level, touched, table, rule):
    rng = np.random.default_rng(5)
    scopes = [{"item": "A", "market": "N"}, {"family": "F"}, {"item": "B"}, {"market": "S"}, {}]
    said = [
        {"item": None, "family": None, "market": None, "author": author, "bucket": "2026-11-01"}
        | scope
        | {"quantity": float(rng.integers(20, 300))}
        for author in ("Ann", "Bob")
        for scope in scopes
    ]
    kinds = ["units", "percent", "set_to"]
    rows = [
        override(n, rng.choice(["Ada", "Eve"]), float(rng.integers(-30, 60)), **scope)
        | {"kind": kinds[n % 3]}
        for n, scope in enumerate(scopes * 2, 1)
    ]
    rows = [row | {"value": abs(row["value"])} if row["kind"] == "set_to" else row for row in rows]
    levels = {"A N": 100, "A S": 40, "B N": 20, "C S": 70}
    told = {"sales_inputs": table(*said), "overrides": table(*rows), "rule": rule}
    plan, found = touched(level(levels), **told)
    insist_on_the_stages(plan, found)
    assert {"Ann", "Bob"} & {*found["person"]} and {"Ada", "Eve"} <= {*found["person"]}


def test_what_nobody_could_take_away_alone_is_shared(level, touched, table):
    rows = [override(1, "Ada", 30.0, item="A"), override(2, "Eve", 10.0, item="A")]
    _, found = touched(level({"A N": 100}), overrides=table(*rows))
    assert found.set_index("person")["units"].to_dict() == {"Ada": 30.0, "Eve": 10.0}
    rows = [override(n, by, 150.0, item="A", kind="set_to") for n, by in ((1, "Ada"), (2, "Eve"))]
    _, found = touched(level({"A N": 100}), overrides=table(*rows))
    assert found["units"].sum() == pytest.approx(50)


def test_the_owner_answers_not_who_entered(level, touched, table):
    row = override(1, "Ada", 30.0, item="A") | {"owner": "Bo"}
    _, found = touched(level({"A N": 100}), overrides=table(row))
    assert found[["person", "reason"]].values.tolist() == [["Bo", "price"]]


def test_a_cut_at_zero_cuts_what_people_brought(level, touched, table):
    plan, found = touched(
        level({"A N": 100}), overrides=table(override(1, "Ada", -130.0, item="A"))
    )
    assert plan["override"].tolist() == [-100] and found["units"].tolist() == [-100]


def test_what_persons_brought_sums_to_the_stage_and_has_their_sign():
    """Two planners pull in different directions; a third cancels himself out."""
    rng = np.random.default_rng(3)
    cells = pd.MultiIndex.from_product(
        [["A", "B"], ["N"], pd.date_range("2026-01-01", periods=6, freq="MS")], names=CELL
    ).to_frame(index=False)
    moved = {name: rng.normal(0, 20, len(cells)) for name in ("Ada", "Eve")}
    actual = 100 + rng.normal(0, 5, len(cells))
    base = actual - moved["Ada"]  # Ada is always right
    plan = cells.assign(lag=1, naive=90.0, baseline=base, override=sum(moved.values()))
    parts = [
        cells.assign(lag=1, stage="override", person=name, reason="price", units=units)
        for name, units in moved.items()
    ]
    graded = graded_stages(plan, cells.assign(actual=actual))
    items = pd.DataFrame({"item": ["A", "B"], "family": "F"})
    table = value_added_table(graded, items, pd.concat(parts))
    company = table.query("level == 'company' and stage == 'override'").set_index("person")
    brought = company["value_added"]
    assert brought[["Ada", "Eve"]].sum() == pytest.approx(brought[""])
    assert brought["Ada"] > 0 > brought["Eve"]
    assert (company["wape"].notna() == (company.index == "")).all()
