"""The tuner driven by code: worklist, methods, typing, saving, taking back, errors in words."""

import re

import numpy as np
import pandas as pd
import pytest

from sopkit import Plan
from sopkit.buckets import Calendar
from sopkit.charts import View
from sopkit.charts.words import percent
from sopkit.demand import forecastable
from sopkit.ledger import Ledger
from sopkit.metrics import Book
from sopkit.overrides import worklist as work
from sopkit.overrides.effect import effect, worth
from sopkit.overrides.worklist import CHECKED, OPEN, UNDECIDED
from sopkit.panels import trial, tuner
from sopkit.panels.opened import AS_LISTED, DRAFTS
from sopkit.panels.tuning import Tuner
from tests.charts import small
from tests.panels.fake import FakePlan, branded


@pytest.fixture(autouse=True)
def nothing_typed():
    DRAFTS.clear()


@pytest.fixture
def panel():
    return Tuner(FakePlan(), Ledger("sqlite://"), "Ada")


def at(panel, item, market):
    """Opens an item in a market by its first row of the list."""
    scope = next(scope for _, scope in panel.list.options if scope[0] == item)
    panel.list.value, panel.market.value = (scope,), market
    return panel


def place(panel, what):
    return next(n for n, line in enumerate(panel.draft.lines) if line.what == what)


def typed(panel, column, text, what="override"):
    """Types as the sheet in the browser tells it."""
    told = {"kind": "edit", "cells": [[place(panel, what), column, text]]}
    panel.sheet._handle_custom_msg(told, [])
    return panel.message.value


def line(panel, what):
    return panel.draft.lines[place(panel, what)].values


def click(panel, name):
    panel.buttons[name].click()
    return panel.message.value


def test_the_worklist_holds_what_moved_in_each_market_most_money_first():
    rows = work.worklist(FakePlan().book())
    assert rows["money"].is_monotonic_decreasing and not rows.duplicated(["item", "market"]).any()
    first = rows.iloc[0]
    now, was = (
        plan.groupby(["item", "market"])["consensus"].sum()[first["item"], first["market"]]
        for plan in (small.demand_plan(), small.demand_plan(0.9))
    )
    price = small.items().set_index("item")["price"][first["item"]]
    assert first["money"] == pytest.approx((now - was) * price)
    assert first["reason"].startswith("Consensus moved from ") and first["due"]
    supply = work.worklist(FakePlan().book(), supply=True).query("market == ''")
    assert supply["reason"].str.contains("late at the month's end").any()


def test_an_item_that_retires_says_when_it_is_made_last_and_who_follows():
    items = small.items().assign(retired_on=pd.NaT, successor="")
    items.loc[items["item"] == "V-110", ["retired_on", "successor"]] = small.AHEAD[5], "P-310"
    panel = Tuner(FakePlan(facts=FakePlan().facts | {"items": items}), Ledger("sqlite://"), "Ada")
    at(panel, "V-110", "")
    assert "retires 1 Jun 27: made last in " in panel.accuracy.value
    assert "; P-310 follows" in panel.accuracy.value and ">P-310<" in panel.picture.value


def test_only_few_items_are_open():
    plan = FakePlan()
    plan.facts["items"] = plan.facts["items"].assign(description="of cast iron")
    rows = work.worklist(plan.book())
    assert rows["due"].sum() <= work.FEWEST
    covered = rows["money"].cumsum().shift(fill_value=0) < 0.8 * rows["money"].sum()
    assert rows["due"].equals(covered & (rows["count"] > 0))


def test_the_worklist_is_searched_by_code_description_family_and_market():
    items = small.items().assign(description=["of cast iron", "of steel", "", ""])
    rows = work.worklist(FakePlan(facts=FakePlan().facts | {"items": items}).book())
    rows = pd.concat([rows, work.families(rows)], ignore_index=True).assign(status="")
    found = lambda text: {*work.filtered(rows, text=text)[["item", "market"]].agg(" ".join, axis=1)}
    assert found("x-9 north") == {"X-900 North"} and found("CAST south") == {"P-300 South"}
    assert found("valves") == {"V-110 North", "V-110 South"}
    whole = work.filtered(rows, family="pumps").iloc[0]
    mine = rows.query("family == 'pumps' and item != ''")
    assert whole["item"] == "" and whole["money"] == pytest.approx(mine["money"].sum())


def test_the_panel_opens_on_the_worst_and_shows_its_picture(panel):
    worst = panel.rows.iloc[0]
    assert panel.here == (worst["item"], "", worst["market"])
    assert panel.picture.value.startswith("<svg") and not panel.message.value
    assert panel.sheet.columns[0] == "Jan 27"


def test_a_family_is_planned_in_few_clicks_and_its_items_share_it(panel):
    panel.family.value = "pumps"
    panel.list.value = (panel.list.options[0][1],)
    assert panel.here == ("", "pumps", "") and panel.title.value == "pumps · 2 items"
    planned = line(panel, "consensus").copy()
    typed(panel, 2, "+10%")
    heads = [row.head for row in panel.draft.lines]
    assert heads[-2:] == ["of it P-300", "of it P-310"]
    shares = {row.head: row.values[2] for row in panel.draft.lines}
    assert sum(shares[head] for head in heads[-2:]) == pytest.approx(shares["Consensus"])
    sums = panel.stands.of(panel.here, panel.stands.before)[2]
    assert line(panel, "override")[2] == pytest.approx(0.1 * sums)
    panel.reason.value = "customer"
    assert "saved 1 row to the ledger for pumps" in click(panel, "save")
    row = panel.stands.rows.iloc[0]
    assert (row["item"], row["family"], row["market"]) == ("", "pumps", "")
    now = line(panel, "consensus")
    assert (row["kind"], row["value"]) == ("percent", 10.0)  # and moves with the next cycle's plan
    assert now[2] - planned[2] == pytest.approx(0.1 * sums)
    at(panel, "P-310", "")
    (words,) = [words for words, _ in panel.acting.options]
    assert "pumps, all markets" in words and line(panel, "override")[2] > 0
    assert "methods are tried item by item" not in panel.accuracy.value


def test_a_family_counted_in_two_units_is_not_added_up():
    items = small.items()
    items.loc[items["item"] == "P-310", "unit"] = "m"
    panel = Tuner(FakePlan(facts=FakePlan().facts | {"items": items}), Ledger("sqlite://"), "Ada")
    panel.family.value = "pumps"
    panel.list.value = (panel.list.options[0][1],)
    assert "counted in" in panel.message.value and panel.here[0]


def test_a_note_becomes_an_assumption_that_every_plan_tests(panel):
    at(panel, "P-310", "North")
    typed(panel, 1, "12")
    panel.reason.value, panel.holds.value = "customer", "demand of pumps >= 10 a month"
    assert "write it into the note" in click(panel, "save")
    panel.note.value, panel.holds.value = "The contract holds", "demand of"
    assert "bad" in click(panel, "save") and panel.stands.rows.empty
    panel.holds.value = "demand of pmps >= 10 a month"
    assert "nobody is called" in click(panel, "save") and panel.stands.rows.empty
    panel.holds.value = "demand of pumps >= 10 a month"
    assert "saved 1 row" in click(panel, "save")
    (row,) = panel.stands.ledger.read("assumptions").to_dict("records")
    assert (row["text"], row["condition"], row["owner"]) == (
        "The contract holds",
        "demand of pumps >= 10 a month",
        "Ada",
    )


def test_typing_and_saving_writes_the_number_to_the_ledger(panel):
    at(panel, "V-110", "South")
    before = line(panel, "consensus")
    typed(panel, 2, "40")
    panel.reason.value, panel.note.value = "promotion", "fair"
    panel.until.value = pd.Timestamp("2027-06-30").date()
    assert "saved 1 row" in click(panel, "save")
    row = panel.stands.rows.iloc[0]
    said = ["item", "market", "kind", "value", "reason", "note", "by", "owner", "cycle"]
    entered = ["V-110", "South", "units", 40.0, "promotion", "fair", "Ada", "Ada", "2027-01"]
    assert row[said].tolist() == entered
    assert row["bucket"] == small.AHEAD[2] and row["expires_on"] == pd.Timestamp("2027-06-30")
    assert np.allclose(line(panel, "consensus") - before, np.eye(18)[2] * 40)
    (words,) = [words for words, _ in panel.acting.options]
    assert "Ada, " in words and "promotion “fair” · until 30 Jun 27 · here +40" in words


def test_a_far_number_is_saved_only_when_it_was_confirmed(panel):
    at(panel, "P-310", "North")
    typed(panel, 0, "900", "consensus")
    panel.reason.value = "customer"
    asked = click(panel, "save")
    assert "Is this meant? P-310, North, Jan 27: 900 is +" in asked and "k€" in asked
    assert panel.stands.rows.empty and panel.buttons["anyway"].layout.visibility == "visible"
    typed(panel, 0, "901", "consensus")
    assert panel.buttons["anyway"].layout.visibility == "hidden"
    assert "Is this meant?" in click(panel, "anyway") and panel.stands.rows.empty
    assert "saved 1 row" in click(panel, "anyway") and not panel.list.options[0][0].count("✎")
    assert line(panel, "consensus")[0] == pytest.approx(901, abs=1e-5)


def test_a_save_is_taken_back_and_what_it_replaced_stands_again(panel):
    at(panel, "P-310", "North")
    panel.reason.value = "customer"
    for number in ("33", "44"):
        typed(panel, 0, number)
        panel.reason.value = "customer"
        click(panel, "save")
    assert "no row is chosen" in click(panel, "back")
    panel.acting.value = (panel.acting.options[0][1],)
    assert "taken back: 1 row" in click(panel, "back") and line(panel, "override")[0] == 33
    panel.acting.value = (panel.acting.options[0][1],)
    click(panel, "back")
    assert not line(panel, "override").any() and not panel.acting.options
    assert panel.stands.rows["kind"].tolist().count("units") == 2


def test_taking_back_asks_where_what_stands_then_is_far_off_or_reaches_beyond(panel):
    typed(panel, 0, "99999")
    panel.reason.value = "other"
    click(panel, "save")
    click(panel, "anyway")
    typed(panel, 0, "2")
    panel.reason.value = "other"
    click(panel, "save")
    panel.acting.value = [panel.acting.options[0][1]]
    assert "to be taken back?" in click(panel, "back") and "+100,005 pcs" in panel.message.value
    assert "taken back: 1 row" in click(panel, "anyway")
    assert line(panel, "override")[0] == 99999


def test_what_another_saved_is_there_when_an_item_is_opened(panel):
    first = panel.scopes[0]
    other = Tuner(FakePlan(), panel.stands.ledger, "Greta")
    other.list.value = (first,)
    typed(other, 0, "3")
    other.reason.value = "other"
    click(other, "save")
    panel.list.value = (panel.list.options[1][1],)
    panel.list.value = (first,)
    assert line(panel, "override")[0] == 3 and "In the ledger for" in panel.heading.value


def test_the_picture_is_drawn_for_its_room(panel):
    wide = panel.picture.value
    panel.sheet._handle_custom_msg({"kind": "room", "width": 480}, [])
    assert 'width="360pt"' in panel.picture.value and panel.picture.value != wide


def test_what_another_saved_is_shown_before_saving(panel):
    at(panel, "P-310", "North")
    other = Tuner(panel.plan, panel.stands.ledger, "Grace")
    at(other, "P-310", "North")
    other.reason.value = "price"
    typed(other, 1, "21")
    assert "saved 1 row" in click(other, "save")
    panel.reason.value = "customer"
    typed(panel, 1, "15")
    told = click(panel, "save")
    assert "entered since you looked" in told and "Grace, " in told and "+21 units Feb 27" in told
    assert len(panel.stands.rows) == 1 and "Grace" in panel.acting.options[0][0]
    assert line(panel, "override")[1] == 15 and panel.reason.value == "customer"
    assert "saved 1 row to the ledger for P-310 North in place of 1" in click(panel, "save")
    assert panel.stands.active["by"].tolist() == ["Ada"]
    other.acting.value = (other.acting.options[0][1],)
    assert "somebody took it back already" in click(other, "back")


def test_errors_are_said_in_words_and_nothing_typed_is_lost(panel):
    at(panel, "P-310", "North")
    assert "nothing was changed" in click(panel, "save")
    typed(panel, 1, "12")
    assert "no reason is given" in click(panel, "save") and line(panel, "override")[1] == 12
    panel.reason.value, panel.by.value = "price", " "
    assert "the field by is blank" in click(panel, "save") and line(panel, "override")[1] == 12
    panel.until.value = pd.Timestamp("2026-12-30").date()
    assert "before the plan starts" in click(panel, "save")
    assert "below zero" in typed(panel, 1, "-1000000") and panel.stands.rows.empty
    assert "Feb 27: &#x27;1 2&#x27; is no number" in typed(panel, 1, "1 2")
    assert line(panel, "override")[1] == -1e6
    text, marks, tip = panel.sheet.rows[place(panel, "override")]["cells"][1]
    assert text == "1 2" and "refused" in marks and "is no number" in tip
    assert "1 cell cannot be read, first Override, Feb 27" in click(panel, "save")
    for _ in range(2):
        panel.sheet._handle_custom_msg({"kind": "step", "source": "past", "other": "future"}, [])
    assert line(panel, "override")[1] == 12


def test_a_search_without_a_hit_opens_nothing(panel):
    (first,) = panel.chosen
    panel.search.value = "no such thing"
    assert not panel.list.options and panel.title.value.startswith("No row is like that")
    assert not panel.picture.value and not panel.sheet.rows and not panel.heading.value
    assert "nothing was changed" in click(panel, "save") and "end of the list" in click(
        panel, "next"
    )
    panel.method.value, panel.market.value = "damped", ""
    panel.sheet._handle_custom_msg({"kind": "room", "width": 480}, [])
    assert not panel.picture.value and not panel.message.value
    panel.search.value = ""
    assert panel.chosen == (first,) and panel.picture.value.startswith("<svg")
    assert first[0] in panel.title.value and panel.sheet.rows


def test_what_is_typed_and_not_saved_is_marked_and_outlives_the_page(panel):
    at(panel, "P-310", "North")
    typed(panel, 3, "9")
    panel.reason.value = "price"
    marked = lambda one: [words for words, _ in one.list.options if "✎" in words]
    assert len(marked(panel)) == 1 and "P-310 North" in marked(panel)[0]
    assert "1 unsaved" in panel.count.value
    again = Tuner(panel.plan, panel.stands.ledger, "Ada")  # the page is loaded again
    assert marked(again) == marked(panel) and not marked(
        Tuner(FakePlan(), Ledger("sqlite://"), "B")
    )
    at(again, "P-310", "North")
    assert line(again, "override")[3] == 9 and again.reason.value == "price"
    assert "saved 1 row" in click(again, "save") and not marked(again)
    typed(again, 3, "abc")
    assert len(marked(again)) == 1


def test_a_family_with_something_unsaved_is_in_the_list_of_all_families(panel):
    panel.family.value = "pumps"
    panel.list.value = (panel.list.options[0][1],)
    typed(panel, 3, "+9")
    again = Tuner(panel.plan, panel.stands.ledger, "Ada")
    assert "✎ pumps" in again.list.options[0][0] and again.here == ("", "pumps", "")
    assert line(again, "override")[3] == 9
    again.family.value = "valves"
    assert again.here == ("", "valves", "") and "pumps" not in str(again.list.options)
    again.family.value, again.search.value = "", "P-310"
    assert "pumps" not in str(again.lines.keys())


def test_a_tried_method_is_of_the_item_that_it_was_tried_for(panel):
    at(panel, "P-300", "North")
    panel.method.value = "damped"
    panel.sliders["level"].value, panel.start.value = 0.4, panel.start.options[1][1]
    at(panel, "V-110", "South")
    assert panel.sliders["level"].value == 0 and panel.start.value == ""


def test_a_bug_is_said_in_the_panel_too(panel, monkeypatch):
    monkeypatch.setattr(panel.stands.ledger, "append", lambda *a, **k: 1 / 0)
    panel.reason.value = "price"
    typed(panel, 0, "5")
    assert "ZeroDivisionError" in click(panel, "save") and line(panel, "override")[0] == 5


def test_numbers_and_words_belong_to_what_they_were_typed_for(panel):
    typed(at(panel, "P-310", "North"), 3, "9")
    panel.reason.value, panel.note.value = "price", "list of May"
    at(panel, "V-110", "South")
    assert panel.reason.value == "" and panel.note.value == ""
    typed(panel, 3, "4")
    at(panel, "P-310", "North")
    assert line(panel, "override")[3] == 9 and panel.note.value == "list of May"
    assert panel.reason.value == "price"


def test_several_items_and_each_market_are_a_row_each(panel):
    scopes = [("P-300", "", "North"), ("V-110", "", "South")]
    panel.list.value = scopes
    assert [line.head for line in panel.draft.lines] == ["P-300 North", "V-110 South"]
    panel.market.value = ""
    assert [line.head for line in panel.draft.lines] == ["P-300", "V-110"]
    panel.market.value = "each market"
    heads = ["P-300 North", "P-300 South", "V-110 North", "V-110 South"]
    assert [line.head for line in panel.draft.lines] == heads
    told = {"kind": "paste", "row": 2, "column": 0, "text": "600\t610\n400\t410"}
    panel.sheet._handle_custom_msg(told, [])
    assert not panel.message.value and len(panel.draft.cells) == 4
    panel.sheet._handle_custom_msg(told | {"kind": "paste", "text": "1\n2\n3"}, [])
    refused = panel.message.value
    assert "nothing was pasted" in refused
    panel.sheet._handle_custom_msg({"kind": "look", "row": 1, "first": 0, "last": 0}, [])
    assert panel.message.value == refused  # whoever moves on to the next row can still read it
    panel.reason.value = "customer"
    panel.sheet._handle_custom_msg({"kind": "look", "row": 3, "first": 1, "last": 2}, [])
    assert panel.here == ("V-110", "", "South") and "Feb 27–Mar 27" in panel.heading.value
    assert "V-110, South" in panel.picture.value
    assert "saved 4 rows" in click(panel, "save") and line(panel, "consensus")[0] > 0
    assert panel.stands.rows[["item", "market"]].drop_duplicates().values.tolist() == [
        ["V-110", "North"],
        ["V-110", "South"],
    ]


def test_the_title_follows_the_numbers(panel):
    at(panel, "P-310", "North")
    typed(panel, 0, "200")
    total = round(line(panel, "consensus")[:12].sum())
    assert f"sum to {total:,} pcs" in panel.picture.value


def test_numbers_are_written_as_the_settings_say():
    panel = Tuner(FakePlan(mark=","), Ledger("sqlite://"), "Ada")
    at(panel, "P-310", "North")
    typed(panel, 0, "9.000,5", "consensus")
    total = round(line(panel, "consensus")[:12].sum())
    assert f"sum to {total:,} pcs".replace(",", ".") in panel.picture.value
    assert ">10.000</text>" in panel.picture.value or "10.000" in panel.picture.value
    panel.reason.value = "customer"
    asked = click(panel, "save")
    assert "Jan 27: 9.000 is +8.8" in asked or "Jan 27: 9.001 is +8.8" in asked
    assert "+8.8" in panel.effect.value and "k€" in panel.effect.value
    assert percent(0.123) == "12.3 %"  # elsewhere nothing changed


@pytest.mark.parametrize("method", ["damped", "theta", "tsb", trial.ETS])
def test_methods_are_tried_and_taken_as_override(panel, method):
    at(panel, "P-310", "North")
    panel.method.value = method
    assert (
        not panel.message.value
        and method in panel.accuracy.value
        and "dashed" in panel.picture.value
    )
    assert "give a reason and save" in click(panel, "take")
    base = panel.stands.of(panel.here, panel.stands.parts["Statistical"])
    assert np.allclose(line(panel, "override"), (panel.tried - base).round())


def test_a_method_is_taken_nowhere_below_zero(panel):
    at(panel, "P-310", "North")
    panel.method.value = "damped"
    before = panel.stands.before
    panel.stands.before = before - 0.9 * before.max()  # events and sales take most away
    panel.trial.forecast["baseline"] *= 0.01
    least = -panel.stands.of(panel.here, panel.stands.before)
    click(panel, "take")
    wanted = [panel.draft.cells[*panel.here, at].units for at in panel.buckets]
    assert (np.array(wanted) >= least - 1e-9).all()


def test_sliders_move_the_forecast_and_are_off_where_they_mean_nothing(panel):
    at(panel, "P-300", "North")
    panel.method.value = "simple"
    one = panel.tried
    panel.sliders["level"].value = 0.9
    assert (
        not np.allclose(one, panel.tried)
        and panel.sliders["season"].disabled
        and not panel.sliders["level"].disabled
    )


def test_a_start_year_leaves_older_history_out(panel):
    at(panel, "P-300", "North")
    assert panel.start.index == 0
    panel.start.value = 2025
    panel.method.value = "seasonal naive"
    assert not panel.message.value and panel.tried.notna().all()


def test_checked_moves_on_and_others_see_it(panel):
    (first,) = panel.chosen
    click(panel, "check")
    assert panel.chosen != (first,) and "1 checked" in panel.count.value
    other = Tuner(panel.plan, panel.stands.ledger, "Grace")
    assert other.lines[first].status == CHECKED and "1 checked" in other.count.value
    other.list.value = (first,)
    click(other, "undecided")
    assert "1 undecided" in other.count.value and other.lines[first].status == UNDECIDED
    other.list.value = (first,)
    click(other, "undecided")
    assert "0 undecided" in other.count.value and other.lines[first].status == OPEN
    said = panel.stands.ledger.read("reviews")
    assert said["status"].tolist() == [CHECKED, UNDECIDED, OPEN]
    assert said["by"].tolist() == ["Ada", "Grace", "Grace"]
    other.by.value = ""
    assert "the field by is blank" in click(other, "check")


def test_a_family_is_reviewed_as_an_item_is(panel):
    panel.family.value = "pumps"
    panel.list.value = (panel.list.options[0][1],)
    click(panel, "check")
    assert panel.lines["", "pumps", ""].status == CHECKED
    assert panel.list.options[0][0].startswith("✓ pumps")


def test_packs_of_before_and_companies_without_prices_open(panel):
    plan = FakePlan()
    rows = {"stage": ["override"], "lag": 1, "value_added": 0.1, "source": "released"}
    plan.tables = plan.tables | {"value_added": pd.DataFrame(rows)}
    plan.facts = plan.facts | {"items": small.items().assign(price=0.0)}
    other = Tuner(plan, Ledger("sqlite://"), "Ada")
    assert not other.message.value and other.rows["status"].eq(OPEN).any()
    plan.tables = plan.tables | {"demand_plan": plan.tables["demand_plan"].head(0)}
    nothing = Tuner(plan, Ledger("sqlite://"), "Ada")
    assert all("end of the list" in click(nothing, button) for button in ("next", "check"))
    assert "nothing was changed" in click(nothing, "save")


def test_a_released_plan_sends_entries_to_the_next_cycle():
    panel = Tuner(FakePlan(state="released"), Ledger("sqlite://"), "Ada")
    panel.reason.value = "price"
    typed(panel, 0, "5")
    click(panel, "save")
    assert panel.stands.rows["cycle"].tolist() == ["2027-02"]


def test_effect_is_units_money_shares_and_load():
    change = {"item": ["P-300"], "market": ["North"], "bucket": small.AHEAD[:1], "units": [100.0]}
    hours = pd.DataFrame({"item": ["P-300"], "resource": ["LINE1"], "hours_per_unit": [0.5]})
    plan, view = FakePlan(facts={"bill_of_resources": hours}), View(Book({"items": small.items()}))
    planned = worth(view, small.demand_plan())
    found = effect(pd.DataFrame(change), plan, view, planned)
    before = small.capacity_plan().query("resource == 'LINE1'")["load"].iloc[0]
    load = f"LINE1 ▲ {percent((before + 50) / 640)} in Jan 27 (was {percent(before / 640)})"
    assert found[0] == "+100 pcs, +12.0 k€" and found[-1] == load
    money = small.demand_plan().merge(small.items()).eval("consensus * price")
    assert found[2] == f"company {percent(12000 / money.sum(), 2, sign=True)}"


def test_hostile_names_are_text_in_the_panel():
    nasty, plan = "<img src=x onerror=alert(1)>", FakePlan()
    plan.tables = {
        name: frame.replace({"P-300": nasty, "the forecast has been 18 % high": nasty})
        for name, frame in plan.tables.items()
    }
    plan.facts = plan.facts | {"items": small.items().replace({"P-300": nasty})}
    panel = Tuner(plan, Ledger("sqlite://"), nasty)
    panel._safely(panel.save)
    values = [
        panel.picture.value,
        panel.message.value,
        panel.effect.value,
        panel.accuracy.value,
        panel.count.value,
        panel.title.value,
        panel.heading.value,
    ]
    assert nasty in dict(panel.list.options).values().__str__() and not any(
        "<img" in value for value in values
    )


def test_tuner_returns_the_box_to_show():
    assert tuner(FakePlan(), "sqlite://").children


@pytest.mark.parametrize("method", trial.offered())
def test_every_slider_on_offer_is_understood_by_its_method(method):
    history = forecastable(small.history()).query("item == 'P-310' and market == 'North'")
    calendar, until = Calendar("month"), pd.Timestamp("2027-06-01")
    free = trial.try_method(history, method, calendar, until).forecast["baseline"]
    for name in trial.takes(method):
        tried = trial.try_method(history, method, calendar, until, **{name: 0.95})
        fixed = tried.forecast["baseline"]
        assert fixed.notna().all() and not fixed.equals(free), name


def test_checking_the_last_open_item_of_a_filtered_list_skips_none(panel):
    panel.status.value = OPEN
    scopes = [scope for _, scope in panel.list.options]
    click(panel, "check")
    assert panel.chosen == (scopes[1],) and scopes[0] not in dict(panel.list.options).values()
    for _ in scopes[1:]:
        click(panel, "check")
    assert "the end of the list" in panel.message.value and not panel.list.options


def test_a_tried_method_and_the_others_are_graded_on_the_same_cells(pack):
    plan = Plan(pack)
    panel = Tuner(plan, Ledger("sqlite://"), "Ada")
    at(panel, "D-110", "")
    before = dict(re.findall(r"<tr><td>([^<]*)<td>([^<]*)", panel.accuracy.value))
    assert len(before) >= 6 and len(panel._sold_in(panel.here)) > 1
    name = next(name for name in before if name != "chosen")
    panel.method.value = name
    cells = plan.read("backtest").query("item == 'D-110'")
    wape = (cells["forecast"] - cells["actual"]).abs().sum() / cells["actual"].sum()
    shown = dict(re.findall(r"<tr><td>([^<]*)<td>([^<]*)", panel.accuracy.value))
    assert shown["chosen"] == percent(wape, 0) == before["chosen"]
    mine = panel.backtest.cells("D-110", panel.buckets[-1]).query("model == @name")
    error = (mine["forecast"] - mine["actual"]).abs().sum() / mine["actual"].sum()
    assert shown.pop(f"{name}, tried") == before[name] == percent(error, 0)
    assert shown.keys() == before.keys() - {name}, "a method has one error"
    assert "the chosen" in panel.accuracy.value


def test_the_list_finds_and_opens_members_of_the_hierarchy():
    panel = Tuner(branded(["Alpha", "<b>x", "Alpha", None]), Ledger("sqlite://"), "Ada")
    offered = [value for _, value in panel.family.options]
    assert offered[1:] == ["brand: <b>x", "brand: Alpha", "brand: –", *offered[4:]]
    assert {*offered[4:]} == {"pumps", "valves", "specials"}
    panel.search.value = "alpha dach"
    found = [scope for _, scope in panel.list.options]
    assert {scope[0] for scope in found} == {"P-300", "V-110"} and {s[2] for s in found} == {
        "North"
    }
    panel.search.value, panel.family.value = "", "brand: Alpha"
    scopes = [scope for _, scope in panel.list.options]
    assert scopes[0] == ("", "brand: Alpha", "") and {s[0] for s in scopes} == {
        "",
        "P-300",
        "V-110",
    }
    panel.list.value = scopes[:1]
    assert [value for _, value in panel.market.options][2:] == [
        "each market",
        "North",
        "South",
        "group: DACH",
        "group: –",
    ]
    panel.market.value = "group: DACH"
    assert panel.scopes == (("", "brand: Alpha", "group: DACH"),)
    assert "not work" not in typed(panel, 2, "+50")
    panel.reason.value = "promotion"
    assert "saved" in click(panel, "save") or "saved" in click(panel, "anyway")
    row = panel.stands.ledger.read("overrides").iloc[-1]
    assert (row["family"], row["market"], row["value"]) == ("brand: Alpha", "group: DACH", 50.0)


def test_members_whose_items_differ_in_unit_are_opened_by_item():
    panel = Tuner(branded(["Alpha", None, None, "Alpha"]), Ledger("sqlite://"), "Ada")
    panel.family.value = "brand: Alpha"
    panel.list.value = [panel.list.options[0][1]]
    assert "cannot be added" in panel.message.value


def test_what_was_typed_in_another_market_is_opened_there(panel):
    panel.list.value = (next(scope for _, scope in panel.list.options if scope[2] == "North"),)
    item = panel.here[0]
    panel.market.value = ""
    typed(panel, 2, "7")
    other = next(scope for _, scope in panel.list.options if scope[0] != item)
    panel.list.value = (other,)
    assert panel.market.value == AS_LISTED
    again = next(scope for _, scope in panel.list.options if scope[0] == item)
    panel.list.value = (again,)
    assert panel.market.value == "" and len(panel.draft.cells) == 1


def test_what_another_planner_saves_meanwhile_is_shown_without_a_click(panel):
    panel.wake()
    assert panel.message.value == ""
    item, _, market = panel.here
    other = Tuner(FakePlan(), panel.stands.ledger, "Grace")
    at(other, item, market)
    typed(other, 1, "9")
    other.reason.value = other.reason.options[1][1]
    assert "saved 1 row" in click(other, "save")
    panel.wake()
    assert "entered meanwhile" in panel.message.value and "Grace" in panel.message.value
    assert panel.acting.options
