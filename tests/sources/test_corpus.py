"""A corpus of wrong and odd inputs: each is refused with a ``PlanError`` or named by an issue at its
table, column and row, soon and without a crash; what is harmless is read as it is meant.

Cases of one wound are tried together, each in its own column of one company, and alone only where
that leaves open whether the case is named. What fails today stands in ``KNOWN_GAPS`` at the end.
"""

import contextlib
import csv
import functools
import io
import os
import re
import resource
import signal
import tempfile
import zipfile
from collections import namedtuple
from math import inf
from pathlib import Path

import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sopkit.errors import PlanError
from sopkit.sources import check, read_facts
from sopkit.sources.typed import NAMES
from sopkit.tables import INPUTS, SETTINGS
from tests.sources.company import BUCKETS, COMPANY, MONTH, small

SECONDS, MEMORY = 30, 2**31  # what one case may take
PAIRS = {"starts_on": "ends_on", "launched_on": "retired_on", "ordered_on": "shipped_on"}
# make(folder) fills it; an issue must stand at table, column, row (None = any; 0 = the table).
Case = namedtuple("Case", "make table column row group besides month")
CASES, GROUPS = {}, {}  # GROUPS: what fills a folder with all cases of a group


def case(name, make, table, column=None, row=None, group=None, besides=(), month=MONTH):
    """``besides``: rules that are no answer; an absent table never is."""
    assert name not in CASES, name
    CASES[name] = Case(make, table, column, row, group, besides, month)


def named(its, issues) -> bool:
    rows = issues[
        (issues["table"] == its.table) & ~issues["rule"].isin(["absent table", *its.besides])
    ]
    if its.row is not None:
        rows = rows[rows["row"].isin([its.row, 0])]
    wanted = {its.column, PAIRS.get(its.column)}
    return any(its.column is None or wanted & {*text.split(" + ")} for text in rows["column"])


class Hang(BaseException):
    """Not an OSError, which the intake may catch."""


@contextlib.contextmanager
def bounded(seconds=SECONDS):
    """Neither for ever nor with all the memory there is."""

    def stop(*_):
        raise Hang(f"still reading after {seconds} s")

    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    before = signal.signal(signal.SIGALRM, stop)
    resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, hard))
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def read(folder, month=MONTH):
    """The facts, or what a ``PlanError`` says; whatever else is raised escapes."""
    try:
        return read_facts(folder, month)
    except PlanError as error:
        assert str(error) and "Traceback" not in str(error)
        return str(error)


RARELY = {
    "calendar": "starts_on,period\n"
    + "".join(
        f"{day:%Y-%m-%d},P{day:%m %y}\n"
        for day in pd.date_range("2024-11-01", periods=60, freq="MS")
    ),
    "components": "parent,child,quantity_per\nP1,004,0.1\n",
    "lanes": "from,to,item\nNorth,South,P1\n",
    "markets": "market,currency\nSouth,EUR\n",
    "exchange_rates": "currency,bucket,rate\nUSD,2024-11-01,0.5\n",
}
# Cells and headers: every declared column of every table, in the company's first row
ROWS = {name: [*csv.reader(io.StringIO(text))] for name, text in (COMPANY | RARELY).items()}
for _name, _rows in ROWS.items():
    _more = [column for column in INPUTS[_name].names if column not in _rows[0]]
    _rows[:] = [_rows[0] + _more, *(row + [""] * len(_more) for row in _rows[1:])]


def drop(rows, at):
    rows[:] = [row[:at] + row[at + 1 :] for row in rows]


def misspell(rows, at):
    rows[0][at] += "_x"


def twice(rows, at):
    rows[:] = [[*row, row[at]] for row in rows]


HOMES = ["items.item", "items.family", "resources.resource", "sales_history.market"]
HOMES += ["orders.market"]
cell = lambda text: lambda rows, at: rows[1].__setitem__(at, text)
again = lambda rows, at: rows.append([*rows[1]])
of = lambda kind="", test=lambda c: True: lambda t, c: kind in ("", c.kind) and test(c)
naming = lambda *kinds: (
    lambda t, c: NAMES.get(c.name) in kinds and f"{t.name}.{c.name}" not in HOMES
)
NUMBERS = "twelve,12 €,NaN,-inf,1e999,0x1F,١٢,-".split(",")
DAYS = "1066-10-14,2026-02-31,31.02.2026,01/02/2026,46327,next week,2026-W45-1".split(",")
DAYS += ["2026-11-01T25:61:00", "２０２６-１１-０１"]
LARGE = of("number", lambda c: c.at_most is None and c.default != inf and "lead" not in c.name)
WOUNDS = {  # what is done, to which columns, and the row at which it is told
    **{f"number {text}": (cell(text), of("number"), 2) for text in NUMBERS},
    **{f"date {text}": (cell(text), of("date"), 2) for text in DAYS},
    # Ends of 9999 and starts of 1900 are habits that do no harm.
    "date 9999-12-31": (cell("9999-12-31"), of("date", lambda c: c.name not in PAIRS.values()), 2),
    "date 1900-01-01": (cell("1900-01-01"), of("date", lambda c: c.name not in PAIRS), 2),
    "bucket 2199-12-01": (cell("2199-12-01"), of("date", lambda c: c.bucketed), 2),
    "below -5": (cell("-5"), of("number", lambda c: c.at_least is not None), 2),
    "fraction 1e6": (cell("1000000"), of("number", lambda c: c.at_most is not None), 2),
    "change 1e6": (cell("1e6"), of("number", lambda c: c.unit == "fraction" and not c.at_most), 2),
    "large 1e300": (cell("1e300"), LARGE, 2),
    "large 1e15": (cell("1000000000000000"), LARGE, 2),
    "long 100000": (cell("100000"), of("number", lambda c: c.name.endswith("lead_time")), 2),
    "error #REF!": (cell("#REF!"), of(), 2),
    "code 10-Jun": (cell("10-Jun"), of("text", lambda c: c.name in NAMES), 2),
    "blank": (cell("\u200b"), of("", lambda c: c.required), 2),
    "unknown GHOST": (cell("GHOST"), naming("item", "family", "market", "resource"), 2),
    "unknown Cyrillic Р1": (cell("Р1"), naming("item"), 2),
    "column missing": (drop, of("", lambda c: c.required), 1),
    "column misspelt": (misspell, of("", lambda c: not c.required), 1),
    "column repeated": (twice, of(), 1),
    "row repeated": (again, lambda t, c: c.name == t.key[0], None),
}


def lines(rows):
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


def wounded(folder, wound, places, only=ROWS):
    """The company with a wound in each place (table, column)."""
    tables = {name: [[*row] for row in ROWS[name]] for name in only}
    for table, column in places:
        WOUNDS[wound][0](tables[table], tables[table][0].index(column))
    folder.mkdir(exist_ok=True)
    for name, rows in tables.items():
        (folder / f"{name}.csv").write_text(lines(rows), encoding="utf-8", newline="")


for _wound, (_change, _fits, _row) in WOUNDS.items():
    _places = [(t.name, c.name) for t in INPUTS.values() for c in t.columns if _fits(t, c)]
    GROUPS[_wound] = functools.partial(wounded, wound=_wound, places=_places)
    for _table, _column in _places:
        _only = {"items", "sales_history", "resources", "sourcing", _table}
        _make = functools.partial(wounded, wound=_wound, places=[(_table, _column)], only=_only)
        _told = _column + "_x" * (_change is misspell)
        case(f"{_wound}: {_table}.{_column}", _make, _table, _told, _row, _wound)


# The company with this settings.toml and these tables
company = lambda text=None, **changes: lambda folder: small(folder, text, **changes)

# Settings
WRONG = {str: "5", int: '"x"', float: '"x"', bool: '"yes"', list: '"x"', dict: "3"}
COUNTED = [s for s in SETTINGS.values() if s.kind in (int, float) and s.name != "opening_cash"]
VALUES = [(s, "type", WRONG[s.kind]) for s in SETTINGS.values()]
VALUES += [(s, "date", "2026-11-01") for s in SETTINGS.values()]
for _word in ("-1", "nan", "inf", "1000000000", "1e9", "1" + "0" * 400):
    VALUES += [(s, _word[:12], _word) for s in COUNTED]
for _word in {word for _, word, _ in VALUES}:
    _lines = "\n".join(f"{s.name} = {value}" for s, word, value in VALUES if word == _word)
    GROUPS[f"setting {_word}"] = company(_lines)
for _s, _word, _value in VALUES:
    _make = company(f"{_s.name} = {_value}")
    case(f"setting {_word}: {_s.name}", _make, "settings", _s.name, None, f"setting {_word}")
TEXT = """
targets nonsense = 0.5|targets on_time_delivery = 1e9|targets on_time_delivery = -5
targets on_time_delivery = inf|thresholds nonsense = 0.5|thresholds bias = -1e9
thresholds bias = true|sales_inputs nonsense = "x"|sales_inputs rule = "nonsense"
sales_inputs correct_bias = "perhaps"|roles nonsense = 3|roles must_sign = ["ghost"]
roles must_sign = "finance"|roles reconcile = { nonsense = ["finance"] }|market_priority Ghost = 1
market_priority North = -1|market_priority North = "first"|owners Ghost = "Ann"|owners Pumps = 1
nonsense x = 1|= horizn = 3|= markets = [""]|= markets = ["North", "North"]|= markets = [1]
= currency = ""|= currency = "E\\u001b[2J"|= horizon = 2.5|= bucket = "MONTH"|= decimal_mark = ""
"""
for _line in re.split(r"[|\n]", TEXT.strip()):
    _section, _entry = _line.split(" ", 1)
    _name = _entry.split(" ")[0] if _section == "=" else _section
    _make = company(_entry if _section == "=" else f"[{_section}]\n{_entry}")
    case(f"settings {_line}", _make, "settings", _name)
for _what, _text in {
    "twice": "horizon = 3\nhorizon = 4",
    "5000 digits": "horizon = " + "9" * 5000,
    "nested arrays": "x = " + "[" * 2000 + "]" * 2000,
    "nested tables": "x = " + "{a=" * 2000 + "1" + "}" * 2000,
    "nested names": f"[{'.'.join('a' * 2000)}]",
    "no TOML": "horizon: 3",
}.items():
    case(f"settings {_what}", company(_text), "settings")


# Files
def standing(name, put, **changes):
    """The company and, in its folder, what a function of the path puts there, or these bytes."""

    def make(folder):
        small(folder, **changes)
        (folder / name).unlink(missing_ok=True)
        put(folder / name) if callable(put) else (folder / name).write_bytes(put)

    return make


def locked(path):
    path.write_text("item\n")
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("root reads everything")


def parquet(columns):
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out)
    return out.getvalue()


price = lambda *values: parquet({"item": ["P1", "P2", "004"], "price": pa.array(*values)})
link = lambda target: lambda path: path.symlink_to(target or path)


def zipped(parts):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return out.getvalue()


GARBAGE = bytes((number * 7919 + number // 256) % 256 for number in range(5000))
PUT = {"FIFO": os.mkfifo, "zeros": link("/dev/zero"), "null device": link("/dev/null")}
PUT |= {"broken link": link("nowhere"), "link to itself": link(None), "folder": Path.mkdir}
PUT |= {"locked": locked, "empty": b"", "garbage": GARBAGE, "cut UTF-16": b"\xff\xfeitem"}
for _what, _put in PUT.items():
    for _file in ("orders.csv", "workbook.xlsx", "settings.toml"):
        if (_what, _file) != ("empty", "settings.toml"):
            case(f"file {_what}: {_file}", standing(_file, _put), _file.split(".")[0])
WHOLE = price([1.0, 2.0, 3.0])
PARTS = {"[Content_Types].xml": b"<Types", "xl/workbook.xml": b"<"}
ODD = {"list": price([[1], [2], [3]]), "binary": price([b"\xff", b"1", b"2"], pa.binary())}
ODD |= {"truth": price([True, False, True]), "time": price([0, 1, 2], pa.time64("us"))}
ODD |= {"NaN": price([float("nan"), 1, 2]), "infinity": price([inf, 1, 2]), "cut": WHOLE[:-20]}
ODD |= {"day": price([0, 1, 2], pa.date32()), "duration": price([10**9] * 3, pa.duration("us"))}
ODD |= {"spoilt": WHOLE[:20] + b"\xff" * 60 + WHOLE[80:], "no columns": parquet({})}
ODD |= {"two of a name": parquet(pa.table([["P1"], ["P2"]], names=["item", "item"]))}
for _what, _data in ODD.items():
    _make = standing("items.parquet", _data, items=None)
    case(f"parquet {_what}", _make, "items", besides=["absent column"])
BOOKS = {"no zip": b"PK\3\4 no zip", "another zip": zipped({"a": b"b"}), "XML": zipped(PARTS)}
for _what, _data in BOOKS.items():
    case(f"workbook {_what}", standing("workbook.xlsx", _data), "workbook")


def sheet(values):
    """The company with its items on a sheet; these cells of row 2 differ."""

    def make(folder):
        small(folder, items=None)
        book = openpyxl.Workbook()
        book.active.title = "items"
        for row in ROWS["items"]:
            book.active.append([cell or None for cell in row])
        for column, value in values.items():
            book.active.cell(2, ROWS["items"][0].index(column) + 1, value)
        book.save(folder / "workbook.xlsx")

    return make


GROUPS["formula"] = sheet(dict.fromkeys(INPUTS["items"].names, "=A9&1"))
for _column in INPUTS["items"].names:
    case(f"formula: {_column}", sheet({_column: "=A9&1"}), "items", _column, 2, "formula")
CELLS = {"price": True, "launched_on": 46327, "successor": 1.5, "lot_size": "#DIV/0!"}
CELLS |= {"unit_cost": pd.Timestamp(BUCKETS[0]), "retired_on": pd.Timestamp(BUCKETS[0]).time()}
GROUPS["sheet"] = sheet(CELLS)
for _column, _value in CELLS.items():
    case(f"sheet {_value}: {_column}", sheet({_column: _value}), "items", _column, 2, "sheet")


def far(folder):
    sheet({})(folder)
    book = openpyxl.load_workbook(folder / "workbook.xlsx")
    book.active.cell(3, 16384, 1)
    book.save(folder / "workbook.xlsx")


case("sheet with a cell in XFD", far, "items")


# Text files as a whole, time zones, bucket sizes, loops
def spoilt(table, old, new):
    assert old in COMPANY[table]
    return company(**{table: COMPANY[table].replace(old, new)})


def history(stamps):
    lines = (f"{item},{stamp},100\n" for item in ("P1", "P2", "004") for stamp in stamps)
    return "item,bucket,quantity\n" + "".join(lines)


def zoned(freq, pattern):
    days = pd.date_range("2025-06-01", "2026-10-31", freq=freq, tz="Europe/Berlin")
    return company(sales_history=history(f"{day:{pattern}}" for day in days.tz_convert("UTC")))


HEADS = {name: text.split("\n")[0] + "\n" for name, text in COMPANY.items()}
launches = lambda *rows: company(launches=HEADS["launches"] + "\n".join(rows) + "\n")
BILL, LINES = "item,resource,source,hours_per_unit\n", COMPANY["resources"]
bill = lambda row: company(bill_of_resources=BILL + row, resources=LINES)
WIDE = ",".join(f"c{n:04}" for n in range(12000))
LATE = ["history ends early", "bucket absent", "blank market", "absent column"]
case("csv only separators", company(items=",,,\n,,,\n"), "items")
case("csv 10 MB header", company(items="x" * 10**7), "items")
case("csv 10 MB date", spoilt("orders", "2026-09-01", "2" * 10**7), "orders", "ordered_on", 2)
case("csv 10 MB number", spoilt("items", "100", "1" * 10**7), "items", "price", 2)
case("csv 10 MB item", spoilt("orders", "1,1,P1", "1,1," + "x" * 10**7), "orders", "item", 2)
case("csv 12000 columns", company(orders=f"{WIDE}\n{WIDE}\n"), "orders")
case("csv open quote", spoilt("items", "P2,", '"P2,'), "items")
case("csv colons", spoilt("items", ",", ":"), "items")
case("csv HTML", company(items="<html><body>Log in</body></html>\n"), "items")
case("csv merge marks", spoilt("items", "P2,", "<<<<<<< HEAD\nP2,"), "items", None, 3)
case("csv header twice", spoilt("items", "004,", "item,family,strategy,price,,,,,\n004,"), "items")
for _freq, _pattern in [("MS", "T%H:%M:%SZ"), ("MS", " %H:%M+00:00"), ("D", "T%H:%M:%SZ")]:
    _make = zoned(_freq, "%Y-%m-%d" + _pattern)
    case(f"zone {_freq} {_pattern}", _make, "sales_history", "bucket", besides=LATE)
case("months as weeks", company('bucket = "week"'), "sales_history", "bucket")
_make = company(sales_history=history(BUCKETS[::3]))
case("quarters as months", _make, "sales_history", "bucket")
_make = company(items="item,successor\nP1,P2\nP2,004\n004,P1\n")
case("loop of successors", _make, "items", "successor", 2)
_make = launches("P1,P2,2026-12-01,,,,,", "P2,P1,2026-12-01,,,,,")
case("loop of likes", _make, "launches", "like_item")
case("eats itself", launches("P2,P1,2026-12-01,,,P2,,0.5"), "launches", "cannibalised_item", 2)
case("eats two", launches("P2,P1,2026-12-01,,,P1,Valves,0.5"), "launches", None, 2)
for _ramp in (";;", "inf", "-1;1", "1e300;1", "0.5|1", '"0,5;1"', "NaN"):
    case(f"ramp {_ramp}", launches(f"P2,P1,2026-12-01,{_ramp},,,,"), "launches", "ramp", 2)
case("bill of its own item", bill("P1,P1,,1\n"), "bill_of_resources", "resource", 2)
case("bill of no source", bill("P1,Line 1,Ghost,1\n"), "bill_of_resources", "source", 2)
for _what, _mark in {"empty": b"", "list": b"[]", "no keys": b"{}", "garbage": GARBAGE}.items():
    case(f"facts.json {_what}", standing("facts.json", _mark), "facts.json")
MONTHS = "2026-13 ２０２６-１１ 1899-12 2201-01 2026-1 2026-11-01 November 0000-01 9999-12 2026/11"
for _month in [*MONTHS.split(), " 2026-11", "", "2026-11\n", "2026-11\0", 202611]:
    case(f"month {_month!r}", small, "", month=_month)


@functools.cache
def together(group):
    """The issues of a group's cases together, and whether nothing was left unread; or None."""
    with tempfile.TemporaryDirectory() as folder, contextlib.suppress(Exception, Hang), bounded():
        GROUPS[group](Path(folder) / "data")
        issues = check(Path(folder) / "data", MONTH)
        whole = not (issues["severity"] == "error").any()
        return issues, whole and not isinstance(read(Path(folder) / "data"), str)
    return None, False


@pytest.mark.parametrize("name", CASES)
def test_is_refused_or_named(name, tmp_path, request):
    if name in KNOWN_GAPS:
        request.applymarker(pytest.mark.xfail(strict=True, reason=KNOWN_GAPS[name]))
    its, folder = CASES[name], tmp_path / "data"
    issues, whole = together(its.group) if its.group else (None, False)
    if issues is not None and named(its, issues):
        return
    assert not whole, "accepted without a word"
    its.make(folder)
    with bounded():
        try:
            issues = check(folder, its.month)
        except PlanError as error:
            assert str(error) and "Traceback" not in str(error)
            return
        errors = (issues["severity"] == "error").any()
        if its.table == "facts.json":  # which check does not read
            assert isinstance(read(folder), str)
            return
        assert named(its, issues), issues[issues["rule"] != "absent table"].to_string()
        assert errors == isinstance(read(folder, its.month), str), "check and read_facts differ"


commas = lambda text: text.replace(",", ";").replace(".", ",")
COLUMNS = dict(zip(ROWS["items"][0], zip(*ROWS["items"][1:])))
ITEMS = COMPANY["items"]
HARMLESS = {"BOM": company(items="\ufeff" + ITEMS), "CRLF": spoilt("items", "\n", "\r\n")}
HARMLESS |= {"CR": spoilt("items", "\n", "\r"), "semicolons": company(items=commas(ITEMS))}
HARMLESS |= {"tabs": spoilt("items", ",", "\t"), "blank": company(items=ITEMS + ",,,,,,,,\n\n")}
HARMLESS |= {"cut": company(items=ITEMS.rstrip()), "16": company(items=ITEMS.encode("utf-16"))}
HARMLESS |= {"parquet": standing("items.parquet", parquet(COLUMNS), items=None), "sheet": sheet({})}
HARMLESS |= {"no setting": company(""), "settings": company("\ufeffhorizon = 24\r\n")}
HARMLESS |= {"bias": company("[sales_inputs]\ncorrect_bias = true")}


@functools.cache
def meant():
    with tempfile.TemporaryDirectory() as folder:
        return read_facts(small(Path(folder) / "data"), MONTH)


@pytest.mark.parametrize("name", HARMLESS)
def test_harmless_is_read_as_meant(name, tmp_path):
    HARMLESS[name](tmp_path / "data")
    facts = read_facts(tmp_path / "data", MONTH)
    for table in ("items", "sales_history"):
        pd.testing.assert_frame_equal(facts[table], meant()[table])


def test_umlauts_of_windows(tmp_path):
    text = COMPANY["items"].replace("Pumps", "Ümläute ß")
    facts = read_facts(small(tmp_path / "data", items=text.encode("cp1252")), MONTH)
    assert set(facts["items"]["family"]) == {"Ümläute ß", "Valves"}


WORDS = [*NUMBERS, *DAYS, *BUCKETS[:3], *"P1 P2 0 1 -1 1e300 Pumps ; =1".split(), ""]
TEXTS = st.sampled_from(WORDS)
TEXTS |= st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(data=st.data())
def test_random_text_is_an_issue_or_refused(data):
    table = INPUTS[data.draw(st.sampled_from([*INPUTS]))]
    columns = data.draw(st.lists(st.sampled_from(table.names), min_size=1, unique=True))
    columns = [*dict.fromkeys(table.required + columns)]
    line = st.lists(TEXTS, min_size=len(columns), max_size=len(columns))
    rows = data.draw(st.lists(line, min_size=1, max_size=4))
    with tempfile.TemporaryDirectory() as folder, bounded():
        small(Path(folder), **{table.name: lines([columns, *rows])})
        errors = (check(folder, MONTH)["severity"] == "error").any()
        assert errors or not isinstance(read(folder), str)


def test_there_are_many():
    assert len(CASES) >= 300 and set(KNOWN_GAPS) <= set(CASES)


GAPS = {  # what happens now: the cases, as a pattern
    "a duration is read as its number": "parquet duration",
    "of a role without people anybody signs": r"settings roles must_sign = \[.*",
    "a market given twice is one": r'settings = markets = \["N.*',
}
KNOWN_GAPS = {
    name: why for why, which in GAPS.items() for name in CASES if re.fullmatch(which, name)
}
