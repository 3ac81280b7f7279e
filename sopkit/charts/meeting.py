"""What a meeting looks at first: the answer with three to five numbers, the KPI strip, the family
sheet.
"""

import pandas as pd

from sopkit.charts.table import SIGNED, Block, block
from sopkit.charts.words import (
    Html,
    clean,
    escape,
    is_money,
    number,
    percent,
    quantity,
    scale,
    spoken,
)
from sopkit.metrics.kpis.registry import KPIS

MARKS = {"ok": "✓ ", "watch": "! ", "miss": "✗ "}


def answer(sentence: str, numbers=()) -> Block:
    """A page's opening: the answer in one sentence, and a strip of ``headline`` numbers below
    it.
    """
    strip = headline(numbers)
    return Block(
        f'<div class="sop"><p class="answer">{escape(sentence)}</p></div>{strip.html}',
        "\n".join(filter(None, [clean(sentence), strip.text])),
    )


def card(label, value, unit="", state="", verdict="", more="", picture="", span="") -> str:
    """A number as HTML: its label, value and unit, the verdict (in the colour and with the mark of
    its state: ok, watch, miss), a line more, a sparkline and what that spans.
    """
    words = f"{MARKS.get(state, '')}{clean(verdict, 60)}"
    return (
        f'<div class="kpi {state}"><span>{escape(label, 40)}</span>'
        f"<b>{escape(value)} <small>{escape(unit)}</small></b><em>{escape(words) or '&nbsp;'}</em>"
        f"<i>{escape(more, 60) or '&nbsp;'}</i>{picture}{span and f'<i>{escape(span)}</i>'}</div>"
    )


def headline(facts) -> Block:
    """Cards of numbers, each ``(label, value, unit, against, better, status)``; whatever follows
    the value may be left out.

    ``unit``: "fraction" reads as percent, a currency code as money; ``against``: {"last cycle":
    value, "target": value}; ``better``: "higher" or "lower", anything else is neither; ``status``:
    ok, watch, miss, or what would feed a missing value.

    >>> against = {"last cycle": 0.96, "target": 0.97}
    >>> headline([("On-time delivery", 0.968, "fraction", against, "higher")])
    On-time delivery: 96.8 % (✗ 0.2 points under 97.0 %; ▲ 0.8 points on last cycle, better)
    """
    html, text = [], []
    for label, told, state, verdict, more in (_fact(*fact) for fact in facts):
        value, _, unit = told.partition(" ")
        html.append(card(label, value, unit, state, verdict, more))
        words = "; ".join(filter(None, [MARKS.get(state, "") + verdict, more]))
        text.append(f"{clean(label)}: {told}" + (f" ({words})" if words else ""))
    return Block(f'<div class="sop"><div class="kpis">{"".join(html)}</div></div>', "\n".join(text))


def _fact(label, value, unit="", against=None, better="", status=""):
    others, verdict = {**(against or {})}, "" if status in MARKS else clean(status)
    target = others.pop("target", None)
    if pd.notna(target) and pd.notna(value):
        verdict = off_target(value, target, unit)
        if better and status not in MARKS:
            status = "ok" if (value >= target) == (better == "higher") else "miss"
    state = status if status in MARKS else ""
    more = [compared(value, of, unit, better, name) for name, of in others.items() if pd.notna(of)]
    return label, quantity(value, unit), state, verdict, "; ".join(more)


def off_target(value, target, unit) -> str:
    """How far a value is from its target, in words.

    >>> off_target(0.918, 0.95, "fraction"), off_target(12.6, 10.0, "turns/year")
    ('3.2 points under 95.0 %', '2.6 over target 10')
    """
    off = value - target
    way, amount = "over" if off >= 0 else "under", unit if is_money(unit) else ""
    if unit == "fraction":
        return f"{number(100 * abs(off), 1)} points {way} {percent(target)}"
    return f"{quantity(abs(off), amount)} {way} target {quantity(target, amount)}"


def compared(value, other, unit, better, name) -> str:
    """How far a value moved from another of this name, and whether that is better.

    >>> compared(0.918, 0.878, "fraction", "higher", "Sep 26")
    '▲ 4.0 points on Sep 26, better'
    """
    move = value - other
    if pd.isna(move) or abs(move) < 1e-9:
        return f"as {name}"
    size = quantity(abs(move), unit)
    if unit == "fraction":
        size = f"{number(100 * abs(move), 1)} points"
    words = f"{'▲' if move > 0 else '▼'} {size} on {clean(name)}"
    if better not in ("higher", "lower"):
        return words
    return f"{words}, {'better' if (move > 0) == (better == 'higher') else 'worse'}"


def kpi_facts(rows, last) -> list[tuple]:
    """KPIs (rows of ``latest_kpis``) as numbers of a ``headline``, against target and last
    cycle.
    """
    before = latest_kpis(last).set_index("kpi")["actual"]
    return [
        (
            spoken(row.kpi),
            row.actual,
            row.unit,
            {"target": row.target, "last cycle": before.get(row.kpi)},
            KPIS[row.kpi].better if row.kpi in KPIS else "",
            row.status,
        )
        for row in rows.itertuples(index=False)
    ]


def latest_kpis(kpis, first=()) -> pd.DataFrame:
    """The company's newest row of each KPI: those named ``first`` in their order, then those with
    a value.
    """
    rows = kpis.query("scope == 'company'").sort_values(["bucket", "step"], kind="stable")
    place = {name: at for at, name in enumerate(first)}
    rows = rows.drop_duplicates("kpi", keep="last").sort_values("kpi")
    order = rows["kpi"].map(place).astype(float).fillna(len(place)) + rows["actual"].isna() / 2
    return rows.loc[order.sort_values(kind="stable").index]


def family_sheet_html(frame, foot: str = "", *, currency: str = "EUR") -> Block:
    """The Wallace–Stahl sheet's table: ``frame`` has block, line, unit, then one column per bucket,
    quarter or year in reading order, by its name.

    Each block stands under a row with its name and unit; a line in another unit names it. Pieces
    are whole, fractions stand as percent, all money in one scale; lines that hold nothing go.
    """
    told = frame.drop(columns=["block", "line", "unit"]).astype(float)
    priced = told[frame["unit"].str.startswith("money")].to_numpy().ravel()
    size, shown = scale(priced / 12, currency)  # of a month rather than a year
    parts = {"fraction": (0.01, 0), "money": (size, 2 if size > 1e3 else 0)}
    rows, before, names = [], "", [clean(name, 24) for name in told]
    for at in told.index[(told.fillna(0.0) != 0).any(axis=1)]:
        block_, line, unit = (clean(frame.at[at, name]) for name in ("block", "line", "unit"))
        word = unit.replace("fraction", "%").replace("money", shown)
        if block_ != before:
            before, whole = block_, word
            heading = f"<b>{escape(block_)}</b> {escape(word + _BESIDE.get(block_, ''))}"
            rows.append(("block", [Html(heading), *[""] * len(names)]))
        part, decimals = parts.get(unit.partition(" ")[0], (1.0, int(word != whole)))
        cells = [
            _sheet_cell(value / part, decimals, block_, SIGNED.search(line + name))
            for name, value in zip(names, told.loc[at])
        ]
        rows.append(("", [line if word == whole else f"{line}, {word}", *cells]))
    heads = [name.rpartition(" ") for name in names]
    head = [("", "", "left")] + [(over or last, over and last, "right") for over, _, last in heads]
    return block(head, rows, foot)


_BESIDE = {"Production": ", all that comes in", "Inventory": " at the end", "Backlog": " of orders"}


def _sheet_cell(value, decimals, block, signed):
    words = "" if pd.isna(value) else number(value, decimals, sign=bool(signed))
    ink = {"+": "better", "−": "worse"}.get(words[:1], "") if block != "Inventory" else ""
    return Html(f'<span class="{ink}">{words}</span>') if signed and ink else words
