"""What a meeting looks at first: the answer with three to five numbers, the KPI strip, the family
sheet.
"""

import pandas as pd

from sopkit.charts.tables import Block
from sopkit.charts.words import BLANK, clean, escape, months, number, quantity, scale

_CARD = (
    '<td style="text-align:left;vertical-align:top;padding:6px 22px 6px 10px;border-left:3px solid'
    ' {edge};border-bottom:none;white-space:nowrap"><span'
    ' style="opacity:.75;font-size:12px">{label}</span><br><span'
    ' style="font-size:21px;font-weight:700">{value}</span><br><span'
    ' style="font-size:12px">{against}</span></td>'
)
_EDGE = {
    "ok": "#009E73",
    "better": "#009E73",
    "watch": "#E69F00",
    "miss": "#D55E00",
    "worse": "#D55E00",
}
_MARK = {"ok": "✓ ok", "watch": "! watch", "miss": "✗ miss"}


def answer(sentence: str, numbers=()) -> Block:
    """A page's opening: the answer in one sentence, and a strip of ``headline`` numbers below
    it.
    """
    strip = headline(numbers) if numbers else Block("", "")
    return Block(
        '<div class="sop"><p style="font-size:16px;font-weight:600;margin:.3em'
        f' 0">{escape(sentence)}</p></div>{strip.html}',
        "\n".join(filter(None, [clean(sentence), strip.text])),
    )


def headline(facts) -> Block:
    """A strip of numbers, each ``(label, value, unit, against, better)``; whatever follows the
    value may be left out.

    ``unit``: "fraction" reads as percent, a currency code as money; ``against``: {"last cycle":
    value, "target": value}; ``better``: "higher", "lower" or "" (neither is better).

    >>> headline([("On-time delivery", 0.968, "fraction", {"last cycle": 0.96, "target": 0.97}, "higher")])
    On-time delivery: 96.8 % (▲ +0.8 points on last cycle, better; target 97.0 %, missed)
    """
    cards = [_card(*(tuple(fact) + ("", None, "")[len(fact) - 2 :])) for fact in facts]
    html = "".join(
        _CARD.format(
            edge=_EDGE.get(tone, "#BBBBBB"),
            label=escape(label),
            value=escape(value),
            against=escape(words) or "&nbsp;",
        )
        for label, value, words, tone in cards
    )
    text = "\n".join(
        f"{clean(label)}: {value}{f' ({words})' if words else ''}"
        for label, value, words, _ in cards
    )
    return Block(f'<div class="sop"><table><tr>{html}</tr></table></div>', text)


def _card(label, value, unit, against, better):
    against = {
        name: other
        for name, other in (against or {}).items()
        if other is not None and not pd.isna(other)
    }
    parts, tone = [], ""
    for name, other in against.items():
        words, tone = (
            _target(value, other, unit, better)
            if name == "target"
            else _change(value, other, unit, better, name)
        )
        parts.append(words)
    return label, quantity(value, unit), "; ".join(parts), tone


def _change(value, other, unit, better, name):
    move = value - other
    if pd.isna(move) or abs(move) < 1e-9:
        return f"as {name}", ""
    size = (
        f"{number(100 * move, 1, sign=True)} points"
        if unit == "fraction"
        else quantity(move, unit, sign=True)
    )
    tone = (
        ""
        if better not in ("higher", "lower")
        else "better"
        if (move > 0) == (better == "higher")
        else "worse"
    )
    return f"{'▲' if move > 0 else '▼'} {size} on {clean(name)}{f', {tone}' if tone else ''}", tone


def _target(value, target, unit, better):
    words = f"target {quantity(target, unit)}"
    if better not in ("higher", "lower") or pd.isna(value):
        return words, ""
    met = value >= target - 1e-12 if better == "higher" else value <= target + 1e-12
    return f"{words}, {'met' if met else 'missed'}", "ok" if met else "miss"


def kpi_strip(
    kpis: pd.DataFrame,
    *,
    scope: str = "company",
    first=(),
    most: int = 5,
    last: pd.DataFrame | None = None,
) -> Block:
    """The latest value of each KPI of a scope as cards, with target and status in words; a KPI
    without data names what would feed it.

    ``first`` names the KPIs that come first, ``last`` is last cycle's ``kpis``.
    """
    latest = latest_kpis(kpis, scope, first, most)
    if latest.empty:
        return Block(
            '<div class="sop"><p class="note">no KPI yet: steps 1 and 5 write them</p></div>',
            "no KPI yet: steps 1 and 5 write them",
        )
    before = (
        {}
        if last is None or last.empty
        else latest_kpis(last, scope, (), len(last)).set_index("kpi")["actual"].to_dict()
    )
    cards = [_kpi_card(row, before.get(row.kpi)) for row in latest.itertuples(index=False)]
    html = "".join(
        _CARD.format(
            edge=_EDGE.get(tone, "#BBBBBB"),
            label=escape(label, 34),
            value=escape(value),
            against="<br>".join(escape(part, 60) for part in parts) or "&nbsp;",
        )
        for label, value, parts, tone in cards
    )
    return Block(
        f'<div class="sop"><table><tr>{html}</tr></table></div>',
        "\n".join(f"{label}: {value} ({'; '.join(parts)})" for label, value, parts, _ in cards),
    )


def latest_kpis(kpis, scope="company", first=(), most=5):
    """The newest row of each KPI of a scope: those named ``first`` in their order, then those with
    a value.
    """
    rows = (
        kpis[kpis["scope"] == scope]
        .sort_values(["bucket", "step"], kind="stable")
        .drop_duplicates("kpi", keep="last")
    )
    order = {name: place for place, name in enumerate(first)}
    rows = rows.assign(
        _place=rows["kpi"].map(order).fillna(len(order)), _blank=rows["actual"].isna()
    )
    return (
        rows.sort_values(["_place", "_blank", "kpi"], kind="stable")
        .head(most)
        .drop(columns=["_place", "_blank"])
    )


def _kpi_card(row, before):
    status = clean(row.status)
    parts = [] if pd.isna(row.target) else [f"target {quantity(row.target, row.unit)}"]
    if before is not None and not pd.isna(before) and not pd.isna(row.actual):
        parts.append(_change(row.actual, before, row.unit, "", "last cycle")[0])
    if status:
        parts.insert(0, _MARK.get(status, status))
    return (
        clean(row.kpi).replace("_", " "),
        BLANK if pd.isna(row.actual) else quantity(row.actual, row.unit),
        parts,
        status,
    )


def family_sheet_html(
    frame: pd.DataFrame, title: str = "", note: str = "", *, currency: str = "EUR"
) -> Block:
    """The Wallace–Stahl sheet: ``frame`` has block, line, unit, then one column per bucket, quarter
    or year in reading order.

    Buckets stand as "Jan 27", fractions as percent, all money in one scale; blocks are set off by a
    line; blank cells stay empty.
    """
    head = [column for column in frame.columns if column not in ("block", "line", "unit")]
    labels = [
        months([name])[0] if isinstance(name, pd.Timestamp) else clean(name, 24) for name in head
    ]
    rows = _sheet_rows(frame, head, currency)
    lines, before = [], None
    for block, line, unit, *cells in rows:
        edge = "border-top:1.5px solid #888;" if block != before else ""
        words = [
            escape(block) if block != before else "",
            escape(line),
            f'<span style="opacity:.7">{escape(unit)}</span>',
        ]
        left = "".join(f'<td style="text-align:left;{edge}">{word}</td>' for word in words)
        lines.append(
            f'<tr>{left}{"".join(f"""<td style="text-align:right;{edge}">{escape(cell)}</td>""" for cell in cells)}</tr>'
        )
        before = block
    heads = "<th></th>" * 3 + "".join(
        f'<th style="text-align:right">{escape(label)}</th>' for label in labels
    )
    top, foot = (
        f"<p{css}>{escape(words)}</p>" if words else ""
        for css, words in (
            (' style="font-weight:600;margin:.3em 0"', title),
            (' class="note"', note),
        )
    )
    text = pd.DataFrame(rows, columns=["", " ", "  ", *labels]).to_string(index=False)
    return Block(
        f'<div class="sop">{top}<div style="overflow-x:auto"><table'
        f' style="white-space:nowrap"><thead><tr>{heads}</tr></thead>'
        f"<tbody>{''.join(lines)}</tbody></table></div>{foot}</div>",
        "\n".join(filter(None, [clean(title), text, clean(note)])),
    )


def _sheet_rows(frame, head, currency):
    """Block, line, unit and the cells as words, for each row."""
    units = frame["unit"] if "unit" in frame else pd.Series("", index=frame.index)
    amounts = (
        frame.loc[units == "money", head].apply(pd.to_numeric, errors="coerce")
        if (units == "money").any()
        else pd.DataFrame([[0.0]])
    )
    size, shown = scale(amounts.to_numpy().ravel(), currency)
    how = {
        "money": (shown, lambda value: number(value / size, 1 if size > 1 else 0)),
        "fraction": ("%", lambda value: number(100 * value, 1)),
    }
    rows = []
    for unit, row in zip(units, frame.to_dict("records")):
        word, say = how.get(unit, (clean(unit), number))
        rows.append(
            [
                clean(row["block"]),
                clean(row["line"]),
                word,
                *(_sheet_text(row[name], say) for name in head),
            ]
        )
    return rows


def _sheet_text(value, say):
    if isinstance(value, str):
        return clean(value)
    return "" if value is None or pd.isna(value) else say(value)
