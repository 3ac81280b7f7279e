"""Every judgment has one current state, which KPI, page and release share."""

import pandas as pd

from sopkit.charts import View
from sopkit.metrics import Book, kpis
from sopkit.pages import review
from sopkit.tables import LEDGER
from sopkit.tables.judgments import current, is_open

FIRST = pd.Timestamp("2026-11-01")


def rows(table, *entered):
    frame = pd.DataFrame(
        [{"id": at, "cycle": "2026-11"} | row for at, row in enumerate(entered, 1)]
    )
    return LEDGER[table].typed(frame)


DECISIONS = rows(
    "decisions",
    {"text": "Second shift?"},
    {"text": "New press?"},
    {"text": "second  shift? ", "chosen": "yes, from May"},
)
ASSUMPTIONS = rows(
    "assumptions",
    {"text": "Steel stays available", "result": "broken"},
    {"text": "Steel stays available", "result": "held"},
    {"text": "No strike", "result": "broken"},
)


def kpi(name, **tables):
    book = Book({"items": pd.DataFrame({"item": ["A"]})} | tables, first=FIRST)
    return kpis.table(5, book).set_index("kpi").loc[name, "actual"]


def test_the_latest_row_of_a_decision_counts_and_it_may_be_opened_again():
    assert current(DECISIONS)["id"].tolist() == [2, 3]
    assert is_open(current(DECISIONS)).tolist() == [True, False]
    again = pd.concat([DECISIONS, rows("decisions", {"text": "SECOND SHIFT?"}).assign(id=4)])
    assert is_open(current(again)).tolist() == [True, True]


def test_kpi_and_page_tell_the_same_state():
    view = View(Book({"items": pd.DataFrame({"item": ["A"]})}, first=FIRST))
    assert kpi("open_decisions", decisions=DECISIONS) == 1
    text = review.decisions(DECISIONS, view).text
    assert text.count("hift?") == 1 and "yes, from May" in text and "New press?" in text
    assert kpi("assumptions_broken", assumptions=ASSUMPTIONS) == 1
    text = review.assumptions(ASSUMPTIONS, view).text
    assert text.count("Steel") == 1 and text.count("broken") == 1 and "held" in text


def test_a_sign_off_is_one_of_a_cycle_a_family_and_a_role():
    said = rows(
        "sign_offs",
        {"role": "finance", "status": "withheld"},
        {"role": "finance", "status": "approved"},
        {"role": "finance", "status": "withheld", "family": "Pumps"},
        {"role": "finance", "status": "withheld", "cycle": "2026-10"},
    )
    assert current(said)["id"].tolist() == [2, 3, 4]
    view = View(Book({"items": pd.DataFrame({"item": ["A"]})}, first=FIRST))
    text = review.sign_offs(said, view, "2026-11").text
    assert text.count("withheld") == 1 and text.count("approved") == 1


def test_nothing_entered_has_no_state():
    assert all(current(LEDGER[table].empty()).empty for table in ("decisions", "sign_offs"))
