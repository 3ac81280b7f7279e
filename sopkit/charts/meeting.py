"""What a meeting looks at first: the answer with three to five numbers, the KPI strip, the family
sheet.
"""

import pandas as pd

from sopkit.charts.table import Block, block, missing
from sopkit.charts.words import clean, escape, number, quantity, scale, spoken
from sopkit.metrics.kpis.registry import KPIS

_MARK = {"ok": "✓ ok", "watch": "! watch", "miss": "✗ miss"}


def answer(sentence: str, numbers=()) -> Block:
    """A page's opening: the answer in one sentence, and a strip of ``headline`` numbers below
    it.
    """
    strip = headline(numbers)
    return Block(
        f'<div class="sop"><p class="answer">{escape(sentence)}</p></div>{strip.html}',
        "\n".join(filter(None, [clean(sentence), strip.text])),
    )


def headline(facts) -> Block:
    """A strip of numbers, each ``(label, value, unit, against, better, status)``; whatever follows
    the value may be left out.

    ``unit``: "fraction" reads as percent, a currency code as money; ``against``: {"last cycle":
    value, "target": value}; ``better``: "higher" or "lower", anything else is neither; ``status``:
    ok, watch, miss, or what would feed a missing value.

    >>> against = {"last cycle": 0.96, "target": 0.97}
    >>> headline([("On-time delivery", 0.968, "fraction", against, "higher")])
    On-time delivery: 96.8 % (▲ +0.8 points on last cycle, better; target 97.0 %, missed)
    """
    html, text = [], []
    for fact in facts:
        label, value, words, tone = _card(*fact)
        told = "<br>".join(escape(word, 60) for word in words)
        html.append(
            f'<div class="card {tone}"><span>{escape(label, 34)}</span><b>{escape(value)}</b>'
            f"<small>{told or '&nbsp;'}</small></div>"
        )
        text.append(f"{clean(label)}: {value}" + (f" ({'; '.join(words)})" if words else ""))
    return Block(
        f'<div class="sop"><div class="cards">{"".join(html)}</div></div>', "\n".join(text)
    )


def _card(label, value, unit="", against=None, better="", status=""):
    words, tone = [], ""
    if status:
        words, tone = [_MARK.get(status, clean(status))], status if status in _MARK else ""
    for name, other in (against or {}).items():
        if other is None or pd.isna(other):
            continue
        told, felt = (_target if name == "target" else _change)(value, other, unit, better, name)
        words.append(told if name != "target" or not status else told.partition(",")[0])
        tone = tone if status else felt
    return label, quantity(value, unit), words, tone


def _change(value, other, unit, better, name):
    move = value - other
    if pd.isna(move) or abs(move) < 1e-9:
        return f"as {name}", ""
    size = quantity(move, unit, sign=True)
    if unit == "fraction":
        size = f"{number(100 * move, 1, sign=True)} points"
    words = f"{'▲' if move > 0 else '▼'} {size} on {clean(name)}"
    if better not in ("higher", "lower"):
        return words, ""
    tone = "better" if (move > 0) == (better == "higher") else "worse"
    return f"{words}, {tone}", tone


def _target(value, target, unit, better, name):
    words = f"target {quantity(target, unit)}"
    if better not in ("higher", "lower") or pd.isna(value):
        return words, ""
    met = value >= target - 1e-12 if better == "higher" else value <= target + 1e-12
    return f"{words}, {'met' if met else 'missed'}", "ok" if met else "miss"


def kpi_strip(kpis, *, first=(), most: int = 5, last=None) -> Block:
    """The company's latest value of each KPI that has one as cards, with target and status in
    words.

    ``first`` names the KPIs to show, in their order (all), ``last`` is last cycle's ``kpis``.
    """
    rows = latest_kpis(kpis, first).dropna(subset="actual")
    rows = rows[rows["kpi"].isin(first or rows["kpi"])].head(most)
    return headline(kpi_facts(rows, last)) if len(rows) else missing("No KPI has a value yet.")


def kpi_facts(rows, last=None) -> list[tuple]:
    """KPIs (rows of ``latest_kpis``) as numbers of a ``headline``, against target and last
    cycle.
    """
    before = {} if last is None else latest_kpis(last).set_index("kpi")["actual"]
    return [
        (
            spoken(row.kpi),
            row.actual,
            row.unit,
            {"target": row.target, "last cycle": before.get(row.kpi)},
            KPIS[row.kpi].better if row.kpi in KPIS else "",
            clean(row.status),
        )
        for row in rows.itertuples(index=False)
    ]


def latest_kpis(kpis, first=()) -> pd.DataFrame:
    """The company's newest row of each KPI: those named ``first`` in their order, then those with
    a value.
    """
    rows = kpis[kpis["scope"] == "company"].sort_values(["bucket", "step"], kind="stable")
    place = {name: at for at, name in enumerate(first)}
    rows = rows.drop_duplicates("kpi", keep="last").sort_values("kpi")
    order = rows["kpi"].map(place).astype(float).fillna(len(place)) + rows["actual"].isna() / 2
    return rows.loc[order.sort_values(kind="stable").index]


def family_sheet_html(frame, title: str = "", *, currency: str = "EUR") -> Block:
    """The Wallace–Stahl sheet: ``frame`` has block, line, unit, then one column per bucket, quarter
    or year in reading order, by its name.

    Fractions stand as percent, all money in one scale; blocks are set off by a
    line; blank cells stay empty.
    """
    units = frame.get("unit", pd.Series("", index=frame.index))
    told = frame.drop(columns=["block", "line", "unit"], errors="ignore")
    amounts = told[units == "money"].apply(pd.to_numeric, errors="coerce").to_numpy(float)
    size, shown = scale(amounts.ravel(), currency)
    how = {
        "money": (shown, lambda value: number(value / size, 1 if size > 1 else 0)),
        "fraction": ("%", lambda value: number(100 * value, 1)),
    }
    names = [clean(name, 24) for name in told]
    rows, before = [], None
    for part, line, unit, *cells in zip(
        frame["block"], frame["line"], units, *(told[column] for column in told)
    ):
        word, say = how.get(unit, (clean(unit), number))
        words = [_sheet_text(cell, say) for cell in cells]
        begins = part != before
        rows.append(
            ("block" * begins, [clean(part) * begins, clean(line), word, *words]),
        )
        before = part
    head = [("", "", "left")] * 3 + [(name, "", "right") for name in names]
    return block(head, rows, title=title)


def _sheet_text(value, say):
    if isinstance(value, str):
        return clean(value)
    return "" if pd.isna(value) else say(value)
