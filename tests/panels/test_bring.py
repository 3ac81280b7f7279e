"""The page that brings data, driven by code: what is open is chosen there, then written."""

from pathlib import Path

import pytest

from sopkit.pack.stage import fill_in_place
from sopkit.panels.bring import Bring


@pytest.fixture
def panel(tmp_path):
    path = tmp_path / "open.csv"
    path.write_text("Artikel,Tag,Wert,Ort\nA,01/02/2026,5,x\nA,03/04/2026,6,<b>\n")
    return Bring([path], tmp_path / "to", fill_in_place)


def test_every_column_says_what_it_is_taken_for(panel):
    taken = {head: what.value for head, (what, _) in panel.fields["open"].items()}
    assert taken["Artikel"] == "sales_history.item" and taken["Tag"] == "sales_history.bucket"
    assert "reads in two ways" in panel.checked.value and "not an ISO date" in panel.checked.value
    assert "<b>" not in panel.box.children[4].children[0].value.partition("</b>")[2]


def test_nothing_is_written_while_something_is_open(panel):
    panel.bring()
    assert "Nothing was written" in panel.message.value and not Path(panel.folder).exists()


def test_a_choice_is_checked_at_once_and_kept_for_the_command(panel):
    fields = panel.fields["open"]
    fields["Wert"][0].value, fields["Tag"][1].value = "sales_history.quantity", "mdy"
    assert "0 errors" in panel.checked.value
    panel.bring()
    assert "Written to" in panel.message.value
    made = Path(panel.folder, "sales_history.csv").read_text()
    assert made == "item,bucket,quantity\nA,2026-01-02,5\nA,2026-03-04,6\n"
    assert '"Tag" = "sales_history.bucket mdy"' in Path(panel.folder, "settings.toml").read_text()


def test_two_columns_that_are_one_are_refused(panel):
    fields = panel.fields["open"]
    fields["Ort"][0].value = "sales_history.item"
    assert "two columns are sales_history.item" in panel.message.value
    fields["Ort"][0].value = "sales_history.market"
    assert "two columns" not in panel.message.value


def test_a_file_that_cannot_be_read_is_a_sentence_on_the_page(tmp_path):
    path = tmp_path / "broken.csv"
    path.write_text("Date,Item,Qty,Amount\n2026-01-05,A,5,€50\n2026-01-06,A,5,¥90\n")
    panel = Bring([path], tmp_path / "to", fill_in_place)
    assert "amounts in ¥, €" in panel.message.value and panel.box.children == (panel.message,)
