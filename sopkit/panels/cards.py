"""The first screen's six numbers, each against its target, the last cycle and the months around."""

import numpy as np
import pandas as pd

from sopkit.charts.meeting import card, compared, off_target
from sopkit.charts.spark import MEASURED, UNFAVOURABLE, ink, spark
from sopkit.charts.words import clean, money, number, percent, scale
from sopkit.finance import company, year_estimate
from sopkit.metrics.kpis.registry import KPIS, status
from sopkit.metrics.scopes import at_cost
from sopkit.metrics.stages import COMPANY as WHOLE
from sopkit.panels.figures import (
    HOT,
    MOVES,
    NEAR,
    asked_load,
    likely_service,
    many,
    monthly,
    moved_since,
    span,
)

DASHED = "#5F6368", "4 3"
UNSET = "no target set"


def cards(source) -> str:
    """Six numbers, each against its target, the last cycle and the months around it."""
    drawn = [draw(source) for draw in (_delivery, _revenue, _margin, _stock, _service, _load)]
    return f'<div class="kpis">{"".join(filter(None, drawn))}</div>'


def _delivery(source):
    book = source.book
    rows = monthly(book, "on_time_delivery")
    if rows.empty:
        return ""
    last, name, change = rows.iloc[-1], book.calendar.name, ""
    if len(rows) > 1:
        before = rows.iloc[-2]
        told = before["actual"], "fraction", "higher", name(before["bucket"])
        change = compared(last["actual"], *told)
    lines = [(rows["actual"], MEASURED, ""), (rows["target"], *DASHED)]
    label = f"On-time delivery, {name(last['bucket'])}"
    target = ", target dashed" if pd.notna(last["target"]) else ""
    around = f"{span(rows['bucket'], book)}{target}"
    value = number(100 * last["actual"], 1)
    return card(label, value, "%", *_against(last), change, spark(lines), around)


def _against(row):
    """State and words of a KPI's row beside its target."""
    if pd.isna(row["target"]):
        return "", UNSET
    return row["status"], off_target(row["actual"], row["target"], row["unit"])


def _revenue(source):
    name, estimate, budget = year_estimate(source.book)
    gap = estimate - budget
    words = f"{name} est. {money(estimate, source.view.currency)}" if pd.notna(estimate) else ""
    words += f", {money(gap, source.view.currency, sign=True)}" if pd.notna(gap) else ""
    return _budgeted(source, "revenue", words)


def _margin(source):
    shared, moved = moved_since(source, *MOVES["Margin"])
    words = "first cycle: no last plan yet"
    if shared:
        words = f"{money(moved.sum(), source.view.currency, sign=True)} on last cycle's plan"
    return _budgeted(source, "margin", words)


def _budgeted(source, line, more):
    view = source.view
    year = view.next_year(company(source.book.financial_plan))
    planned, gap = year[line].sum(min_count=1), year[f"{line}_gap"]
    if pd.isna(planned):
        return ""
    size, unit = scale([planned], view.currency)
    label, total = f"{line.capitalize()}, next {many(year, view)}", gap.sum(min_count=1)
    if pd.isna(total):
        picture, verdict, state = spark(bars=year[line]), UNSET, ""
        what = f"by {view.calendar.size}"
    else:
        budget = year[f"budget_{line}"].sum()
        state = str(status(1 + total / budget, 1.0, KPIS[f"{line}_to_budget"])) if budget else ""
        share = f" ({percent(total / budget, sign=True)})" if budget else ""
        verdict = f"{money(total, view.currency, sign=True)}{share} to budget"
        picture, what = spark(bars=gap, colours=[*map(ink, gap)]), "to budget"
    around = f"{what}, {span(year['bucket'], source.book)}"
    return card(
        label, number(planned / size, int(size > 1)), unit, state, verdict, more, picture, around
    )


def _stock(source):
    book, view = source.book, source.view
    past = at_cost(book, book.inventory_history, "on_hand", book.before(book.calendar.per_year))
    ahead = at_cost(book, book.inventory_plan, "units", book.year)
    if WHOLE not in ahead.index:
        return ""
    past = past.reindex([WHOLE]).loc[WHOLE].dropna()
    ahead, name = ahead.loc[WHOLE], book.calendar.name
    now = past if len(past) else ahead[:1]
    size, unit = scale([now.iloc[-1]], view.currency)
    turns = monthly(book, "inventory_turns")
    state, verdict = "", UNSET
    if len(turns):
        state = str(turns["status"].iloc[-1])
        verdict = f"{number(turns['actual'].iloc[-1])} turns"
        target = turns["target"].iloc[-1]
        verdict += f", target {number(target)}" if pd.notna(target) else ""
    end, moved = money(ahead.iloc[-1], view.currency), ahead.iloc[-1] - now.iloc[-1]
    way = (
        "stays at"
        if abs(moved) <= 0.005 * now.iloc[-1]
        else "▲ rises to"
        if moved > 0
        else "▼ falls to"
    )
    picture = spark(
        bars=[*past, *ahead],
        colours=[MEASURED] * len(past) + ["#56B4E9"] * len(ahead),
        hatched=len(ahead),
    )
    return card(
        f"Stock at cost, {name(now.index[-1])}",
        number(now.iloc[-1] / size, int(size > 1)),
        unit,
        state,
        verdict,
        f"{way} {end} in {name(ahead.index[-1])}",
        picture,
        f"{len(past)} past, {len(ahead)} planned" if len(past) else f"{len(ahead)} planned",
    )


def _service(source):
    book, rows = source.book, likely_service(source.book)
    if len(rows) < NEAR:
        return ""
    at = rows.iloc[NEAR - 1]
    target = book.settings["targets"].get("planned_service", np.nan)
    row = {"actual": at["p50"], "target": target, "unit": "fraction"}
    row["status"] = str(status(at["p50"], target, KPIS["planned_service"]))
    least = rows.loc[rows["p50"].idxmin()]
    low, high = (number(100 * at[level], 0) for level in ("p10", "p90"))
    lines = [(rows["p50"], MEASURED, ""), (np.full(len(rows), target), *DASHED)]
    return card(
        f"Service, {book.calendar.name(at['bucket'])}",
        number(100 * at["p50"], 0),
        "% likely",
        *_against(row),
        f"{low}–{high} %; lowest {percent(least['p50'], 0)}, {book.calendar.name(least['bucket'])}",
        spark(lines, band=(rows["p10"], rows["p90"])),
        f"{span(rows['bucket'], book)}, 8 of 10 futures",
    )


def _load(source):
    rows = asked_load(source)
    if rows.empty:
        return ""
    worst, name = rows.loc[rows["asked"].idxmax()], source.book.calendar.name
    own = rows.query("resource == @worst.resource")
    runs = worst["load"] / worst["regular_capacity"]
    earlier = ", pre-builds" if worst["load"] < worst["unconstrained_load"] - 0.5 else ""
    colours = [UNFAVOURABLE if asked > HOT else "#9AA0A6" for asked in own["asked"]]
    return card(
        "Bottleneck, asked load",
        number(100 * worst["asked"], 0),
        "%",
        "watch" if worst["asked"] > 1 else "ok",
        f"{clean(worst['resource'], 26)}, {name(worst['bucket'])}",
        f"plan runs {percent(runs, 0)}{earlier}",
        spark(bars=own["asked"], colours=colours),
        f"of regular hours, to {name(own['bucket'].iloc[-1])}",
    )
