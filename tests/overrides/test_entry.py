"""What planners enter, without a widget: saved, asked about, taken back, reviewed, or refused."""

import pandas as pd
import pytest

from sopkit.errors import PlanError
from sopkit.ledger import Ledger
from sopkit.overrides import Draft, Standing, Typed, entry
from tests.charts import small
from tests.panels.fake import FakePlan

MAR = small.AHEAD[2]
NORTH, FAMILY = ("P-300", "", "North"), ("", "pumps", "")


def desk(ledger=None, **cells):
    """A draft of what is typed into scopes for March, with a reason."""
    stands = Standing(FakePlan(), ledger or Ledger("sqlite://"))
    draft = Draft(stands, tuple(scope for scope, _ in cells.values()) or (NORTH,))
    draft.put({(*scope, MAR): Typed(units) for scope, units in cells.values()})
    draft.work()
    draft.reason = "customer"
    return draft


def test_a_save_says_what_it_entered_and_the_draft_is_empty():
    draft = desk(one=(NORTH, 5.0), whole=(FAMILY, 20.0))
    told = entry.save(draft, "Ada")
    assert told.startswith(
        "saved 2 rows to the ledger for P-300 North and pumps, for the next pack"
    )
    assert not draft.typed and draft.reason == "" and not draft.past
    assert draft.stands.active["by"].tolist() == ["Ada", "Ada"]
    draft.put({(*NORTH, MAR): Typed(6.0)})
    draft.work()
    draft.reason = "price"
    assert "in place of 1," in entry.save(draft, "Ada")


@pytest.mark.parametrize(
    "change, told",
    [
        ({"cells": {}}, "nothing was changed"),
        ({"reason": ""}, "no reason is given"),
        ({"holds": "demand of pumps >= 1 a month"}, "write it into the note"),
        ({"holds": "demand of", "note": "n"}, "."),
        ({"until": pd.Timestamp("2026-12-30")}, "until 30 Dec 26 is before the plan starts"),
        (
            {"refused": {("override", (*NORTH, MAR)): ("x", "Mar 27: 'x' is no number")}},
            "first Mar",
        ),
    ],
)
def test_a_draft_that_cannot_be_saved_stays_as_it_is(change, told):
    draft = desk(one=(NORTH, 5.0))
    vars(draft).update(change)
    before = draft.typed, draft.note
    with pytest.raises(PlanError, match=told):
        entry.save(draft, "Ada")
    assert (draft.typed, draft.note) == before and draft.stands.ledger.read("overrides").empty
    assert draft.stands.ledger.read("assumptions").empty


def test_what_is_doubtful_is_asked_and_entered_once_it_is_sure():
    draft = desk(one=(NORTH, 5000.0))
    with pytest.raises(entry.Unsure, match="Is this meant.* pcs, .* off the statistics"):
        entry.save(draft, "Ada")
    assert draft.typed and draft.stands.ledger.read("overrides").empty
    assert "saved 1 row" in entry.save(draft, "Ada", sure=True)


def test_what_another_saved_since_is_told_once_and_then_replaced():
    mine = desk(one=(NORTH, 5.0))
    entry.save(desk(mine.stands.ledger, one=(NORTH, 7.0)), "Grace")
    with pytest.raises(PlanError, match="entered since you looked:\nGrace, .*: .7 units Mar 27"):
        entry.save(mine, "Ada", sure=True)
    assert "in place of 1" in entry.save(mine, "Ada")


def test_rows_are_taken_back_here_or_asked_about_where_they_reach_beyond():
    draft = desk(whole=(FAMILY, 20.0))
    entry.save(draft, "Ada")
    stands, ids = draft.stands, {*draft.stands.active["id"]}
    with pytest.raises(entry.Unsure, match="1 row to be taken back. They are also of pumps, all"):
        entry.take_back(stands, ids, NORTH, "Ada")
    assert not stands.active.empty
    assert "taken back: 1 row" in entry.take_back(stands, ids, FAMILY, "Ada")
    assert stands.active.empty
    with pytest.raises(PlanError, match="somebody took it back already"):
        entry.take_back(stands, ids, FAMILY, "Ada")
    with pytest.raises(PlanError, match="no row is chosen"):
        entry.take_back(stands, set(), FAMILY, "Ada")


def test_a_review_is_signed():
    stands = desk().stands
    entry.review(stands, [NORTH, FAMILY], "checked", " Ada ")
    rows = stands.ledger.read("reviews")
    assert rows["by"].tolist() == ["Ada", "Ada"] and rows["family"].tolist()[1] == "pumps"
    with pytest.raises(PlanError, match="the field by is blank"):
        entry.review(stands, [NORTH], "checked", " ")
