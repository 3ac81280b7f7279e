"""Charts of the financial plan and of what needs people: revenue and margin against budget,
scenarios, exceptions.
"""

import pandas as pd

from sopkit.charts.axes import timeline
from sopkit.charts.measure import by_bucket
from sopkit.charts.spark import FAVOURABLE, MEASURED, UNFAVOURABLE
from sopkit.charts.style import COLOURS, HALF, WIDTH, nothing, styled
from sopkit.charts.words import clean, count, money, number, percent
from sopkit.metrics.scopes import within

LINES = "revenue", "margin"


@styled
def money_chart(financial_plan, view, family=None, *, last=None, line="revenue", half=False):
    """Revenue (or margin) of the last and the next year by bucket, and on a tier above it the
    difference to budget; last cycle's plan as triangles. ``half``: half as wide as a page.
    """
    rows, book = view.chosen(financial_plan, family=family), view.book
    where, size = clean(family or "Company", 40), view.calendar.size
    if rows.empty or not rows[line].notna().any():
        return nothing(
            f"{where}: no money can be shown",
            "feed items.price (or sales) and unit cost",
        )
    total = by_bucket(rows, [*LINES, "budget_revenue", "budget_margin"])
    count, year = view.calendar.per_year, view.calendar.next_year(total.index)
    before = view.calendar.range(view.calendar.shift(year[0], -count), count)
    sold = within(view.chosen(book.sales_history, family=family), before)
    sold = by_bucket(sold, "revenue").dropna() if line == "revenue" else total.iloc[:0][line]
    budget = view.chosen(book.budget, family=family).groupby("bucket")[line].sum(min_count=1)
    shown = pd.concat([sold, total.loc[year, line]]).rename(line)
    budget = budget.reindex(shown.index).dropna()
    chart, panels = timeline(
        view,
        shown,
        view.currency,
        _money_title(total, where, view, line),
        f"{line} per {size}, {where}; solid: sold, hatched: planned, outline: budget",
        many=2 if len(budget) else 1,
        height=1.2 if len(budget) else 2.4,
        ratios=[1, 2] if len(budget) else None,
        width=HALF if half else WIDTH,
        right=0.9,
    )
    panel, bars = panels[-1], {"width": 0.66, "zorder": 2}
    if len(budget):
        above, off = panels[0], shown[budget.index] - budget
        ink = [FAVOURABLE if value > 0 else UNFAVOURABLE for value in off]
        above.axes.bar(above.at(off.index), off / above.factor, color=ink, width=0.66)
        above.line(off, "quiet", "to budget", linewidth=0)
        above.at(shown.index)
        above.done(most=7 if half else 13)
        above.axes.tick_params(labelbottom=False, labelleft=False)
        above.axes.grid(False)
        above.axes.set_ylim(*(1.3 * end for end in above.axes.get_ylim()))  # room for its labels
        for value in {off.max(), off.min()}:
            words = number(value / above.factor, sign=True)
            at = above.at([off.idxmax() if value == off.max() else off.idxmin()])[0]
            high = value / above.factor
            va, drop = ("bottom", 2) if value > 0 else ("top", -2)
            above.axes.annotate(
                words,
                (at, high),
                (0, drop),
                textcoords="offset points",
                ha="center",
                va=va,
                size=8.5,
            )
        look = {"color": "white", "edgecolor": COLOURS["capacity"], "linewidth": 0.8}
        panel.axes.bar(panel.at(budget.index) + 0.18, budget / panel.factor, width=0.66, **look)
    for part, look in (
        (sold, {"color": MEASURED}),
        (total.loc[year, line], {"color": "#EDEEEF", "edgecolor": MEASURED, "hatch": "///"}),
    ):
        panel.axes.bar(panel.at(part.index), part / panel.factor, linewidth=0.6, **bars, **look)
    panel.line(shown, "history", "plan", linewidth=0)
    if last is not None and len(last):
        old = by_bucket(view.chosen(last, family=family), line).reindex(year).dropna()
        panel.axes.plot(
            panel.at(old.index) - 0.45, old / panel.factor, marker=9, linewidth=0,
            markerfacecolor="none", color=COLOURS["quiet"], markersize=5,
        )  # fmt: skip
    start = year[0] if len(sold) else None
    panel.done(start=start, word="planned", most=7 if half else 13)
    return chart


def _money_title(total, where, view, line):
    year = total.loc[view.calendar.next_year(total.index)]
    planned, size, currency = (
        year.dropna(subset=[f"budget_{line}"]),
        view.calendar.size,
        view.currency,
    )
    if planned.empty:
        return (
            f"{where}: {money(year[line].sum(), currency)} {line} in the next"
            f" {count(len(year), size)}; no budget to compare with"
        )
    budget = planned[f"budget_{line}"].sum()
    gap = planned[line].sum() - budget
    return (
        f"{where}: {line} of the next {count(len(planned), size)} is"
        f" {percent(abs(gap / budget) if budget else None)} {'above' if gap >= 0 else 'below'}"
        f" budget ({money(gap, currency, sign=True)})"
    )
