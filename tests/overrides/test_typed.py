"""Numbers as planners type and paste them: exact, or refused by cell."""

import pytest

from sopkit.errors import PlanError
from sopkit.overrides.typed import block, read_number, written


@pytest.mark.parametrize(
    "text, mark, value",
    [
        ("1200", ".", 1200),
        ("1,200", ".", 1200),
        ("1,234,567.25", ".", 1234567.25),
        (".5", ".", 0.5),
        ("+5", ".", 5),
        ("−7", ".", -7),
        ("(40)", ".", -40),
        ("1\u00a0200", ".", 1200),
        ("1\u202f234\u202f567", ",", 1234567),
        ("1'200", ".", 1200),
        ("1.200", ".", 1.2),
        ("1.200", ",", 1200),
        ("1.200,5", ",", 1200.5),
        ("-0,125", ",", -0.125),
        ("12.345.678", ",", 12345678),
        (" 17\r", ",", 17),
        ("", ".", None),
        ("  ", ",", None),
    ],
)
def test_a_number_is_read_exactly(text, mark, value):
    assert read_number(text, "Mar 27", mark) == value


@pytest.mark.parametrize(
    "text, mark",
    [
        ("100 110 120 130", "."),
        ("1 200", "."),
        ("1,2", "."),
        ("1,2,3", "."),
        ("1,2000", "."),
        ("1.200,5", "."),
        ("1,200.5", ","),
        ("1.2", ","),
        ("12e3", "."),
        ("nan", "."),
        ("inf", "."),
        ("-", "."),
        (".", "."),
        ("=SUM(A1)", "."),
        ("12 €", "."),
        ("10 %", "."),
        ("1,200'300", "."),
        ("٣", "."),
        ("9" * 16, "."),
    ],
)
def test_what_is_no_number_is_refused_where_it_stands(text, mark):
    with pytest.raises(PlanError, match="^Mar 27: .* is no number; write it like 1.200.5") as told:
        read_number(text, "Mar 27", mark)
    assert repr(text) in str(told.value)


@pytest.mark.parametrize("mark", [".", ","])
@pytest.mark.parametrize("value", [0.0, 5.0, -1200.5, 1234567.125])
def test_what_is_written_is_read_again(value, mark):
    assert read_number(written(value, 3, mark), "", mark) == value


@pytest.mark.parametrize(
    "text, cells",
    [
        ("1", [["1"]]),
        ("1\t2\r\n", [["1", "2"]]),
        ("1\n2\n", [["1"], ["2"]]),
        ("1\t\n\t4", [["1", ""], ["", "4"]]),
        ("", [[""]]),
    ],
)
def test_a_range_is_cut_into_its_cells(text, cells):
    assert block(text) == cells
