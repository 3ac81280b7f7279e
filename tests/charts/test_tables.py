"""Page tables: units, alignment, scales, signs, blanks, limits, escaping."""

import re

import numpy as np
import pandas as pd

from sopkit.buckets import Calendar
from sopkit.charts import answer, family_sheet_html, headline, kpi_facts, latest_kpis, show
from tests.charts import small

NASTY = '<img src=x onerror="alert(1)">'


def test_numbers_stand_right_with_units_in_the_header():
    block = show(
        pd.DataFrame(
            {
                "item": ["A", "B", "C"],
                "gap": [-1234.0, np.nan, 7.0],
                "share": [0.125, 1.0, 0.0],
                "nil": [0.0, np.nan, 0.0],
            }
        ),
        columns="item | gap [pcs] | share [fraction] | nil: nothing",
    )
    right = '<td style="text-align:right">{}</td>'.format
    assert right("−1,234") in block.html and right("+7") in block.html, "a gap shows its sign"
    assert right("") in block.html, "a blank does not apply"
    assert right("–") in block.html, "none"
    assert "nothing" not in block.html, "nothing but 0 and blanks is left out"
    assert (
        "<small>pcs</small>" in block.html
        and "<small>%</small>" in block.html
        and ">12.5<" in block.html
    )


def test_declared_units_come_by_the_tables_name_and_money_is_scaled():
    block = show(
        small.exceptions(),
        "exceptions",
        currency="USD",
        columns="name: what | bucket: month | money: at stake",
    )
    assert "<small>k$</small>" in block.html and ">24.0<" in block.html and ">Mar 27<" in block.html


def test_at_most_fifteen_rows_then_the_rest_opens_in_place():
    block = show(pd.DataFrame({"n": np.arange(63)}), "exceptions", rows=40)
    before, rest = block.html.split('<tbody class="rest">')
    assert before.count("<tr>") == 16 and rest.count("<tr>") == 48
    assert '<details class="more"><summary>show 48 more</summary></details>' in rest
    assert "\n… 48 more" in block.text and "parquet" not in block.text + block.html
    assert len(block.text.splitlines()) == 1 + 15 + 1
    assert "<details" not in show(pd.DataFrame({"n": np.arange(15)})).html


def test_no_more_rows_than_a_page_bears_open():
    block = show(pd.DataFrame({"n": np.arange(2000)}))
    assert block.html.count("<tr>") == 1 + 315 and "show 300 more" in block.html
    assert "1,685 more are not listed" in block.text


def test_totals_add_every_row_and_come_first_then_the_largest_and_the_smaller_ones_together():
    block = show(
        pd.DataFrame({"item": list("abc"), "units": [1.0, 2.0, 4.0]}), rows=1, total="units"
    )
    assert block.text.split() == "item units Total 7 c 4 2 smaller 3 … 2 more".split()
    assert (
        '<tr class="total"><td style="text-align:left">Total</td><td'
        ' style="text-align:right">7</td></tr>' in block.html
    )
    assert 'class="smaller"' in block.html
    assert "smaller" not in show(pd.DataFrame({"a": ["x"], "n": [1.0]}), total="n").html


def test_the_largest_is_the_one_with_most_money_but_days_stay_in_order():
    frame = pd.DataFrame({"name": ["a", "b"], "count": [9, 1], "cost": [10.0, -500.0]})
    assert show(frame, columns="name | count | cost [money]", total="count cost").text.split()[
        -6:
    ] == ["b", "1", "−500", "a", "9", "10"]
    weeks = pd.DataFrame({"week": pd.date_range("2027-01-04", periods=3, freq="7D"), "n": 1.0})
    weeks["n"] = [1.0, 9.0, 2.0]
    told = show(weeks, rows=2, total="n").text
    assert told.index("4 Jan 27") < told.index("11 Jan 27") and "1 more" in told


def test_days_stay_days_and_months_become_words():
    frame = pd.DataFrame(
        {
            "day": pd.to_datetime(["2027-01-04", None]),
            "bucket": pd.to_datetime(["2027-01-01", "2027-02-01"]),
        }
    )
    assert show(frame).text.splitlines()[1].split() == ["4", "Jan", "27", "Jan", "27"]


def test_buckets_read_as_the_plans_calendar_says_however_few_are_shown():
    halves = pd.DataFrame({"bucket": pd.to_datetime(["2027-01-01", "2027-07-01", None])})
    assert show(halves).text.splitlines()[1:] == ["Jan 27", "Jul 27", "–"]
    quarters = show(halves, calendar=Calendar("quarter")).text
    assert quarters.splitlines()[1:] == ["Q1 27", "Q3 27", "–"]


def test_text_is_escaped_everywhere():
    frame = pd.DataFrame({NASTY: [NASTY]})
    sheet = family_sheet_html(
        pd.DataFrame({"block": [NASTY], "line": [NASTY], "unit": [NASTY], NASTY: [1.0]}), NASTY
    )
    kpis = small.kpis().assign(kpi=NASTY, status=NASTY, unit=NASTY)
    for block in (
        show(frame, note=NASTY),
        show(frame.set_axis(["told"], axis=1), columns=f"told: {NASTY} [{NASTY}]"),
        sheet,
        answer(NASTY, [(NASTY, 1.0, NASTY, {NASTY: 2.0}, "higher")]),
        headline(kpi_facts(kpis, kpis.iloc[:0])),
    ):
        assert "<img" not in block._repr_html_() and "&lt;img" in block.html


def test_an_empty_frame_says_so():
    assert "no rows" in show(small.exceptions().iloc[:0]).text


def test_headline_says_better_or_worse_in_words():
    block = headline(
        [
            ("Cycle time", 5.0, "days", {"last cycle": 4.0}, "lower"),
            ("Adherence", 0.93, "fraction", {"target": 0.9}, "higher"),
            ("Plain", 3),
        ]
    )
    assert (
        "▲ 1 days on last cycle, worse" in block.text
        and "✓ 3.0 points over 90.0 %" in block.text
        and "Plain: 3" in block.text
    )


def test_kpi_without_data_names_what_would_feed_it():
    block = headline(kpi_facts(latest_kpis(small.kpis()), small.kpis().iloc[:0]))
    assert (
        "Perfect order: – (no data: orders would feed it)" in block.text
        and "On time delivery: 96.8 % (✗ 0.2 points under 97.0 %)" in block.text
    )


def test_the_sheet_has_heading_rows_whole_pieces_and_no_empty_line():
    frame = pd.DataFrame(
        [
            ["Sales", "planned", "pcs", 4100.4, np.nan, np.nan],
            ["Sales", "sold", "pcs", np.nan, np.nan, np.nan],
            ["Sales", "difference", "pcs", -80.0, np.nan, np.nan],
            ["Inventory", "planned", "pcs", 2150.0, 1.0, np.nan],
            ["Inventory", "cover", "months", 0.52, np.nan, np.nan],
            ["Service", "on time", "fraction", 0.968, np.nan, np.nan],
            ["Money", "revenue", "money", 2.3e6, 24.7e6, -1e6],
        ],
        columns=["block", "line", "unit", "Jan 27", "FY27 est.", "difference"],
    )
    block = family_sheet_html(frame, "a foot")
    heads = [words for words in re.findall(r'<tr class="block">(.*?)</tr>', block.html)]
    assert [re.sub("<[^>]*>", "", head) for head in heads] == [
        "Sales pcs",
        "Inventory pcs at the end",
        "Service %",
        "Money M€",
    ]
    rows = re.findall(r"<tr[ >].*?</tr>", block.html)
    assert {row.count("</td>") + row.count("</th>") for row in rows} == {4}
    assert ">Jan<small>27</small>" in block.html and ">4,100<" in block.html
    assert "sold" not in block.html and ">cover, months<" in block.html and ">0.5<" in block.html
    assert ">97<" in block.html and ">2.30<" in block.html and "a foot" in block.text
    assert '<span class="worse">−1.00</span>' in block.html
