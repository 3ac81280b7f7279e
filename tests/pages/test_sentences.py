"""Ten random small companies, with and without each optional table: every number of every sentence,
tile, title and footer of the five pages and the board is what pandas works out of the tables.

What this proves: each number stands in a claim whose words are known (``claims``), and the value
that those words promise, worked out from the pack's tables without ``metrics``, ``finance`` or
``charts``, rounds to the digits shown. A number in words that no claim knows fails. Totals of
tables are the sums of their rows. What it does not prove: that the tables are right (other tests
do), nor the cells of tables, which are cells of tables. A few numbers are definitions ("lags 1–3")
or have no table ("8 $ that steers to even stock"): they are listed, not checked.
"""

import random
import re
from html import unescape

import pytest

from tests.pages.claims import FIXED, Told, faults, read
from tests.pages.companies import COMPANIES, OPTIONAL, company, packs, words

PIECE = re.compile(
    r'<h3>(?P<family>[^<]* · )[^<]*(?P<about><small>.*?)</h3><p class="answer">(?P<answer>.*?)</p>'
    r'|<p class="(?:answer|sub|note|title|process|failed)">.*?</p>|<h2>.*?</h2>'
    r'|<div class="(?:kpi|card)[ "].*?</div>|aria-label="(?P<chart>[^"]*)"|<svg><text>.*?</svg>',
    re.S,
)
NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
CHANCE = 0.04  # of wrong numbers of the same form that may pass


def alone(number):
    """A company's number: one worker builds its pack and reads it."""
    return pytest.param(number, marks=pytest.mark.xdist_group(f"company {number}"))


@pytest.fixture(scope="module", params=map(alone, range(COMPANIES)))
def shown(request, tmp_path_factory):
    """A random company's pages and board, and its tables."""
    pages = packs(tmp_path_factory.mktemp("random"), request.param)
    return pages, Told(pages.folder)


def sentences(pages):
    """(place, words) of every sentence, tile, title and footer; of charts their name, as drawn on
    the board, and the heads of their parts.
    """
    for place, html in pages.html():
        for found in PIECE.finditer(html):
            own = [found[name] for name in ("family", "about", "answer")]
            text = " ".join(own) if own[0] else found["chart"] or found[0]
            yield place, words(text)
        for head in re.findall(r"<text[^>]*>([^<]*: peak [^<]*)</text>", html):
            yield place, unescape(head)


def test_every_number_of_every_sentence_is_in_the_tables(shown):
    pages, told = shown
    wrong, numbers = [], 0
    for place, text in dict.fromkeys(sentences(pages)):
        said, count, _ = faults(text, told)
        numbers += count
        wrong += [f"{place}: {text}\n   {fault}" for fault in said]
    assert not wrong, "\n".join(wrong)
    assert numbers > 60  # the smallest company has as many


def test_a_wrong_number_is_found(shown):
    """Numbers replaced by others of the same form: nearly all are found, so that what passes has
    not passed by chance.
    """
    pages, told = shown
    draw, tried, missed = random.Random(11), 0, []
    texts = [text for _, text in dict.fromkeys(sentences(pages)) if NUMBER.search(text)]
    for text in draw.sample(texts, min(len(texts), 40)):
        known = [found.span() for found in FIXED.finditer(text)]
        for found in NUMBER.finditer(text):
            if any(a <= found.start() < b for a, b in known):
                continue
            other = found[0]
            while other == found[0]:
                other = re.sub(r"\d", lambda _: str(draw.randrange(10)), found[0])
            tried += 1
            planted = text[: found.start()] + other + text[found.end() :]
            if not faults(planted, told)[0]:
                missed.append(f"{found[0]} → {other}: {planted}")
    assert tried and len(missed) <= max(1, CHANCE * tried), (tried, missed)


def test_totals_are_the_sums_of_their_rows(shown):
    pages, _ = shown
    for place, html in pages.html():
        for table in re.findall(r"<table>.*?</table>", html, re.S):
            rows = re.findall(r'<tr(?: class="(\w*)")?>(.*?)</tr>', table)
            cells = [
                (css, [*map(words, re.findall(r"<td[^>]*>(.*?)</td>", row))]) for css, row in rows
            ]
            total = [row for css, row in cells if css == "total"]
            parts = [row for css, row in cells if row and css not in ("total", "smaller")]
            for at, cell in enumerate(total[0] if total else ()):
                if not re.fullmatch(r"[+−]?\d[\d,]*(\.\d+)?", cell):
                    continue
                values = [read(row[at]) for row in parts if NUMBER.search(row[at])]
                sum_, slack = (sum(part) for part in zip(*values, read(cell)))
                sum_ -= read(cell)[0]
                assert sum_ == pytest.approx(read(cell)[0], abs=slack * 1.01), (place, total, parts)


MOVED = {
    "Demand": ("demand_plan", "consensus"),
    "Margin": ("financial_plan", "margin"),
    "Cash": ("financial_plan", "cash"),
    "Gap to budget": ("financial_plan", "revenue_gap"),
    "Stock at the end": ("financial_plan", "inventory_value"),
    "Late at its peak, or lost": ("supply_plan", ""),
}


def test_what_changed_is_the_difference_of_the_two_plans(shown):
    pages, told = shown
    (part,) = [part for part in pages.board["Overview"] if part["name"] == "What changed"]
    html = part["html"][""]
    if not told.released:
        assert "What changed" not in words(html)
        return
    shared = sorted(set(told.last("demand_plan")["bucket"]) & set(told.year))
    (unit,) = set(re.findall(r"<small>((?:bn|M|k)?(?:€|\$|¥|CHF))</small>", html))
    rows = [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in re.findall(r"<tr>(.*?)</tr>", html)]
    seen = 0
    for what, change, felt, *_ in (map(words, row) for row in filter(None, rows)):
        if what in MOVED:
            table, column = MOVED[what]
            sums = []
            for frame in (told.t(table), told.last(table)):
                until = shared[-1:] if what == "Stock at the end" else shared
                frame = frame[frame["bucket"].isin(until)].reset_index(drop=True)
                if table == "supply_plan":
                    frame = told.worth(frame, ["late", "lost"])
                    late = frame.groupby("bucket")["late"].sum().max()
                    sums.append(late + frame["lost"].sum())
                else:
                    frame = told.worth(frame, ["consensus"]) if what == "Demand" else frame
                    sums.append(frame[column].sum())
            seen += 1
            value, half = read(f"{change} {unit}")
            assert value == pytest.approx(sums[0] - sums[1], abs=half * 1.01), what
            less = what in ("Stock at the end", "Late at its peak, or lost")
            assert felt == ("better" if (value > 0) != less else "worse"), what
    assert seen


def test_what_needs_watching_is_the_money_of_each_cause(shown):
    pages, told = shown
    for part in pages.board["Risks & assumptions"]:
        if part["name"] != "Watch":
            continue
        html = part["html"][""]
        stake = told.t("exceptions").groupby("cause")["money"].sum()
        unit = re.findall(r"<small>((?:bn|M|k)?(?:€|\$|¥|CHF))</small>", html)
        for row in re.findall(r"<tr>(.*?)</tr>", html)[1:]:
            cause, _, money = map(words, re.findall(r"<td[^>]*>(.*?)</td>", row)[:3])
            if unit and NUMBER.search(money):
                value, half = read(f"{money} {unit[0]}")
                assert value == pytest.approx(stake[cause], abs=half * 1.01), cause


ODD = re.compile(
    r"Traceback|could not be drawn|Warning:|\b(?:nan|NaN|None|NaT|inf|undefined)\b|∞"
    r"|(?<![\d.,])1 (?!bits)(?:items|months|weeks|quarters|families|decisions|exceptions|warnings"
    r"|points|units|workers|resources|cells|markets|sources|days|hours)\b"
    r"|[A-Za-z]_[a-z]|\d{4}-\d\d-\d\d|T\d\d:\d\d"
)


def test_nothing_odd_is_shown(shown):
    """No trace, warning, nan, name with an underscore, "1 items", raw date, empty heading, bare
    card.
    """
    pages, _ = shown
    odd = []
    for place, html in pages.html():
        html = re.sub(r"<style.*?</style>|<svg class=.spark.*?</svg>", " ", html, flags=re.S)
        text = words(html.replace("</td>", " | </td>"))
        odd += [(place, text[max(m.start() - 40, 0) : m.end() + 20]) for m in ODD.finditer(text)]
        odd += [(place, m) for m in re.findall(r"<h2>(?!Nothing)[^<]*</h2>\s*(?:</div>|$)", html)]
        odd += [(place, m) for m in re.findall(r"<h2>\s*</h2>|<p class=.sub.>\s*</p>", html)]
        odd += [
            (place, words(m)) for m in re.findall(r"<b>\s*–\s*(?:<small>[^<]*</small>)?</b>", html)
        ]
    assert not odd, odd


def test_each_optional_table_is_there_and_is_not(tmp_path):
    there = [
        {path.stem for path in company(tmp_path / str(at), at).glob("*.csv")}
        for at in range(COMPANIES)
    ]
    for name in OPTIONAL:
        assert {name in tables for tables in there} == {True, False}, name
