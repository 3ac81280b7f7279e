"""The tuner driven by code: worklist, methods, typing, saving, undoing, errors in words."""

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
from sopkit.panels import trial, tuner
from sopkit.panels.tuning import Tuner
from sopkit.panels.worklist import CHECKED, OPEN, accuracy_of, filtered, worklist
from tests.charts import small
from tests.panels.fake import FakePlan


@pytest.fixture
def panel():
    return Tuner(FakePlan(), Ledger("sqlite://"), "Ada")


def at(panel, item, market):
    panel.list.value, panel.market.value = item, market
    return panel


def click(panel, name):
    panel.buttons[name].click()
    return panel.message.value


def test_worst_exceptions_come_first():
    rows = worklist(small.demand_plan(), small.exceptions(), small.items())
    assert (
        rows["item"].tolist() == ["P-300", "V-110", "X-900", "P-310"]
        and rows["money"].iloc[0] == 9600 + 24000
    )
    assert filtered(rows, family="pumps")["item"].tolist() == ["P-300", "P-310"] and filtered(
        rows, text="x-9"
    )["item"].tolist() == ["X-900"]


def test_the_panel_opens_on_the_worst_and_shows_its_picture(panel):
    assert (
        panel.cell.item == "P-300"
        and panel.picture.value.startswith("<svg")
        and not panel.message.value
    )


def test_typing_and_saving_writes_the_difference_to_the_ledger(panel):
    at(panel, "V-110", "South")
    before = panel.cell.consensus(panel.override)
    panel.fields[2].value = 40.0
    panel.reason.value, panel.note.value, panel.until.value = (
        "promotion",
        "fair",
        pd.Timestamp("2027-06-30").date(),
    )
    assert "saved 1 rows" in click(panel, "save")
    row = panel.ledger.read("overrides").iloc[0]
    assert (
        row["item"],
        row["market"],
        row["kind"],
        row["value"],
        row["reason"],
        row["note"],
        row["by"],
        row["cycle"],
    ) == ("V-110", "South", "units", 100.0, "promotion", "fair", "Ada", "2027-01")
    assert row["bucket"] == small.AHEAD[2] and row["expires_on"] == pd.Timestamp("2027-06-30")
    after = panel.cell.consensus(panel.override)
    assert after.iloc[2] == pytest.approx(before.iloc[2] + 100) and after.drop(
        small.AHEAD[2]
    ).equals(before.drop(small.AHEAD[2]))


def test_what_the_field_only_rounds_is_no_change(panel):
    at(panel, "P-310", "North")
    panel.reason.value, panel.fields[0].value = "price", 0.1 + 1e-7
    click(panel, "save")
    panel.fields[0].value = 0.1
    assert "nothing was changed" in click(panel, "save") and not panel.change.any()


def test_undo_takes_the_last_save_back(panel):
    at(panel, "P-310", "North")
    before = panel.cell.consensus(panel.override)
    panel.fields[0].value, panel.reason.value = 33.0, "customer"
    click(panel, "save")
    assert "took back 1 rows" in click(panel, "undo")
    assert (
        panel.cell.consensus(panel.override).equals(before)
        and len(panel.ledger.read("overrides")) == 2
    )
    assert "nothing was saved" in click(panel, "undo")


def test_errors_are_said_in_words_and_nothing_typed_is_lost(panel):
    at(panel, "P-310", "North")
    panel.fields[1].value = 12.0
    assert "no reason is given" in click(panel, "save") and panel.fields[1].value == 12.0
    panel.reason.value, panel.by.value = "price", " "
    assert "the field by is blank" in click(panel, "save") and panel.fields[1].value == 12.0
    panel.by.value, panel.fields[1].value = "Ada", -1e6
    assert "below zero" in click(panel, "save") and panel.ledger.read("overrides").empty


def test_a_bug_is_said_in_the_panel_too(panel, monkeypatch):
    monkeypatch.setattr(panel.ledger, "append", lambda *a, **k: 1 / 0)
    panel.fields[0].value, panel.reason.value = 5.0, "price"
    assert "ZeroDivisionError" in click(panel, "save") and panel.fields[0].value == 5.0


def test_numbers_typed_elsewhere_are_kept(panel):
    at(panel, "P-310", "North").fields[3].value = 9.0
    at(panel, "V-110", "South")
    assert at(panel, "P-310", "North").fields[3].value == 9.0


def test_paste_difference_accept(panel):
    at(panel, "P-310", "North")
    panel.pasted.value, panel.meaning.value = "300\t\t310", "these are the consensus"
    panel.buttons["read"].click()
    assert (
        "2 of 2 pasted cells differ" in panel.message.value
        and "Jan 27" in panel.preview.value
        and panel.change.abs().sum() == 0
    )
    panel.buttons["accept"].click()
    consensus = panel.cell.consensus(panel.override)
    assert (
        consensus.iloc[0] == pytest.approx(300, abs=1e-5)
        and consensus.iloc[2] == pytest.approx(310, abs=1e-5)
        and panel.fields[1].value == 0
    )


def test_a_bad_paste_names_its_cell_and_keeps_the_text(panel):
    panel.pasted.value = "1\tabc"
    panel.buttons["read"].click()
    assert "cell 2" in panel.message.value and panel.pasted.value == "1\tabc"


@pytest.mark.parametrize("method", ["damped", "theta", "tsb", trial.ETS])
def test_methods_are_tried_and_taken_as_override(panel, method):
    at(panel, "P-310", "North")
    panel.method.value = method
    assert (
        not panel.message.value
        and method in panel.accuracy.value
        and "dashed" in panel.picture.value
    )
    panel.buttons["take"].click()
    assert np.allclose(panel.change, (panel.tried - panel.cell.numbers["baseline"]).round())


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


def test_checked_moves_on_and_counts(panel):
    first = panel.cell.item
    click(panel, "check")
    assert (
        panel.cell.item != first
        and panel.rows.set_index("item").loc[first, "status"] == CHECKED
        and "1 checked" in panel.count.value
    )


def test_a_released_plan_sends_entries_to_the_next_cycle():
    panel = Tuner(FakePlan(state="released"), Ledger("sqlite://"), "Ada")
    panel.fields[0].value, panel.reason.value = 5.0, "price"
    click(panel, "save")
    assert panel.ledger.read("overrides")["cycle"].tolist() == ["2027-02"]


def test_the_rows_of_the_grid_add_up(panel):
    at(panel, "P-300", "North")
    number = lambda text: float(re.sub(r"<[^>]*>|,", "", text.split("<br>")[-1]).replace("−", "-"))  # noqa: E731
    others, consensus = (
        number(panel.tops[2].value),
        float(re.sub(r"<[^>]*>|,", "", panel.bottoms[2].value)),
    )
    assert others > 100 and consensus == pytest.approx(
        panel.cell.numbers["baseline"].iloc[2] + others + panel.fields[2].value, abs=1.5
    )


def test_effect_is_units_money_shares_and_load():
    change = pd.Series([100.0], index=[small.AHEAD[0]])
    hours = pd.DataFrame({"item": ["P-300"], "resource": ["LINE1"], "hours_per_unit": [0.5]})
    plan, view = FakePlan(facts={"bill_of_resources": hours}), View(Book({"items": small.items()}))
    planned = trial.worth(view, small.demand_plan())
    found = trial.effect(change, "P-300", plan, view, planned)
    before = small.capacity_plan().query("resource == 'LINE1'")["load"].iloc[0]
    load = f"LINE1 ▲ {percent((before + 50) / 640)} in Jan 27 (was {percent(before / 640)})"
    assert found[0] == "+100 units, +12.0 k€" and found[-1] == load
    worth = small.demand_plan().merge(small.items()).eval("consensus * price")
    assert found[2] == f"company {percent(12000 / worth.sum(), 2, sign=True)}"


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
    ]
    assert panel.cell.item == nasty and not any("<img" in value for value in values)


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
    items = [item for _, item in panel.list.options]
    click(panel, "check")
    assert panel.cell.item == items[1] and items[0] not in dict(panel.list.options).values()
    for _ in items[1:]:
        click(panel, "check")
    assert "the end of the list" in panel.message.value and not panel.list.options


def test_a_method_tried_on_all_markets_is_graded_as_the_pack_graded_it(pack):
    plan = Plan(pack)
    panel = Tuner(plan, Ledger("sqlite://"), "Ada")
    at(panel, "D-110", "")
    known = accuracy_of(plan.read("forecast_accuracy"), "D-110").drop("chosen")
    assert len(known) >= 6 and len(panel.markets["D-110"]) > 1
    for method, wape in known.items():
        panel.method.value = method
        assert panel.trial.wape == pytest.approx(wape, rel=1e-9), method
        assert f"{method}, tried here<td>{percent(wape, 0)}" in panel.accuracy.value
    assert all(f"{market}: " in panel.accuracy.value for market in panel.markets["D-110"])
