"""The meeting's panel driven by code: its agenda, its forms, what is refused, what the room sees."""

import shutil

import pandas as pd
import pytest

from sopkit import Plan, meeting
from sopkit.ledger import Ledger
from sopkit.panels.meeting import Meeting
from sopkit.tables.judgments import current


@pytest.fixture
def panel(packs, tmp_path):
    shutil.copy(packs / "ledger.db", tmp_path)
    return Meeting(Plan(packs / "2026-11"), Ledger(tmp_path / "ledger.db"), meeting, "Ines Marlow")


def opened(panel, words):
    """The fields of the item whose words begin so."""
    (key,) = [key for key, shown in labels(panel).items() if shown.startswith(words)]
    panel.open(key)
    return panel.fields.get(key, {})


def labels(panel):
    buttons = [one for one in panel.agenda.children if hasattr(one, "click")]
    return dict(zip(panel.items, [button.description for button in buttons]))


def press(panel, words):
    def below(box):
        for one in getattr(box, "children", ()):
            yield one
            yield from below(one)

    (button,) = [one for one in below(panel.room) if getattr(one, "description", "") == words]
    button.click()
    return panel.message.value


def test_the_agenda_asks_first_for_what_is_wanted(panel):
    heads = [one.value for one in panel.agenda.children if not hasattr(one, "click")]
    assert [head[4] for head in heads] == ["1", "2", "3", "4", "5", "6"]
    first, second, *_ = labels(panel).values()
    assert first == "Second shift? · Greta Holm" and second.startswith("the plan offers · ")
    opened(panel, "The board")
    assert "S&amp;amp;OP · November 2026" in panel.room.children[0].value


def test_a_decision_is_taken_and_moves_to_what_was_promised(panel):
    fields = opened(panel, "Second shift?")
    assert [name for _, name in fields["chosen"].options] == ["", "yes", "no", "deferred"]
    fields["chosen"].value, fields["expected"].value = "yes", "12000"
    fields["due"].value = pd.Timestamp("2026-12-15").date()
    assert "of decisions entered for 2026-11 by Ines Marlow" in press(panel, "Save")
    row = current(panel.book.read("decisions")).iloc[-1]
    assert row[["chosen", "owner", "expected"]].tolist() == ["yes", "Greta Holm", 12000]
    assert "due 15 Dec 26" in labels(panel)[panel.here] and "12.0 k€" in labels(panel)[panel.here]
    opened(panel, "Second shift?")["owner"].value = ""
    press(panel, "Save")
    assert pd.isna(panel.book.read("decisions")["owner"].iloc[-1])


def test_what_the_plan_offers_becomes_a_decision(panel):
    words = list(labels(panel).values())[1]
    fields = opened(panel, words)
    assert fields["text"].value.endswith("?") and float(fields["expected"].value) > 0
    fields["chosen"].value = "deferred"
    press(panel, "Save")
    assert words not in labels(panel).values() and "deferred" in labels(panel)[panel.here]


def test_what_is_refused_stays_as_it_was_typed(panel):
    panel.by.value = " "
    fields = opened(panel, "Second shift?")
    fields["chosen"].value = "no"
    assert "choose or write your name at the top" in press(panel, "Save")
    panel.by.value, fields["expected"].value = "Ada", "a lot"
    assert "a lot&#x27; is not a number" in press(panel, "Save")
    assert opened(panel, "Second shift?")["chosen"].value == "no"
    assert len(panel.book.read("decisions")) == 1


def test_a_condition_is_tried_while_it_is_typed(panel):
    fields = opened(panel, "+ An assumption")
    fields["text"].value, fields["condition"].value = "Steel", "price of Pmups <= 1"
    assert "nobody is called" in panel.message.value and "did you mean Pumps" in panel.message.value
    fields["condition"].value = "demand of Pumps >= 1 from 2026-01"
    assert "in this plan: held" in panel.message.value
    press(panel, "Save")
    assert panel.book.read("assumptions")["kind"].tolist()[-1] == "assumption"
    assert any(words.startswith("Steel · held · ") for words in labels(panel).values())


def test_only_who_holds_the_role_signs(panel):
    fields = opened(panel, "Who signed")
    assert "finance has not signed" in panel.room.children[-1].value
    fields["role"].value, fields["status"].value = "finance", "approved"
    assert "Ines Marlow is not finance; Greta Holm may sign" in press(panel, "Save")
    fields["role"].value = "supply"
    press(panel, "Save")
    told = panel.room.children[-1].value
    assert "approved, Ines Marlow" in told and "supply has not signed" not in told


def test_a_scenario_is_made_compared_and_promoted(panel):
    fields = opened(panel, "Add a change")
    fields["scenario"].value, fields["driver"].value = "dip", "demand"
    fields["value"].value = "much"
    assert "write one like +10 %" in panel.message.value
    fields["value"].value = "-5 %"
    assert "understood: Demand" in panel.message.value
    press(panel, "Save")
    assert len(panel.found.value) == 0
    panel.fields["add"]["scenario"].value = "dip"
    press(panel, "Compare with the base")
    assert "dip, to base" in panel.found.value and panel.bar.value == panel.bar.max == 1
    assert "counts in the base from 2026-11 on" in press(panel, "Put into the base")
    assert panel.book.read("scenarios")["value"].tolist()[-2:] == ["-5 %", "yes"]


def test_hostile_words_are_text(panel):
    fields = opened(panel, "+ A note of the demand review")
    fields["text"].value = "<img src=x onerror=alert(1)>"
    assert "<img" not in press(panel, "Save")
    assert panel.book.read("assumptions")["kind"].tolist()[-1] == "note"
