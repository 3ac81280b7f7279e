"""Charts of the financial plan and of what needs people: revenue and margin against budget,
scenarios, exceptions.
"""

import pandas as pd

from sopkit.charts.axes import BAR, timeline
from sopkit.charts.measure import by_bucket, year_before
from sopkit.charts.spark import ink
from sopkit.charts.style import COLOURS, HALF, nothing, styled
from sopkit.charts.words import clean, count, money, percent

LINES = "revenue", "margin"


@styled
def money_chart(financial_plan, view, family=None, *, last=None, line="revenue"):
    """Revenue (or margin) of the last and the next year by bucket, and on a tier above it the
    difference to budget; last cycle's plan as triangles. Half as wide as a page.
    """
    rows, book = view.chosen(financial_plan, family=family), view.book
    where, size = clean(family or "Company", 40), view.calendar.size
    if rows.empty or not rows[line].notna().any():
        return nothing(
            f"{where}: no money can be shown",
            "feed items.price (or sales) and unit cost",
        )
    total = by_bucket(rows, [*LINES, "budget_revenue", "budget_margin"])
    year = view.calendar.next_year(total.index)
    sold = view.chosen(year_before(view, "invoiced"), family=family)
    sold = by_bucket(sold, "revenue").dropna() if line == "revenue" else total.iloc[:0][line]
    budget = view.chosen(book.budget, family=family).groupby("bucket")[line].sum(min_count=1)
    shown = pd.concat([sold, total.loc[year, line]]).rename(line)
    budget = budget.reindex(shown.index).dropna()
    triangles = "" if last is None or last.empty else ", triangle: last cycle"
    chart, panels = timeline(
        view,
        shown,
        view.currency,
        _money_title(total, where, view, line),
        f"{line} per {size}, {where}; solid: invoiced, hatched:"
        f" planned{', outline: budget' * bool(len(budget))}{triangles}",
        many=2 if len(budget) else 1,
        height=1.2 if len(budget) else 2.4,
        ratios=[1, 2] if len(budget) else None,
        width=HALF,
        right=0.9,
    )
    panel = panels[-1]
    if len(budget):
        above, off = panels[0], shown[budget.index] - budget
        look = {"color": [*map(ink, off)], "width": BAR}
        above.axes.bar(above.at(off.index), off / above.factor, **look)
        above.line(off, "quiet", "to budget", linewidth=0)
        above.at(shown.index)
        above.extremes(off, sign=True)
        above.done(most=7)
        above.axes.tick_params(labelbottom=False, labelleft=False)
        above.axes.grid(False)
        look = {"color": "white", "edgecolor": COLOURS["capacity"], "linewidth": 0.8}
        panel.axes.bar(panel.at(budget.index) + 0.18, budget / panel.factor, width=BAR, **look)
    panel.bars(sold, "history", planned=False)
    panel.bars(total.loc[year, line], "history")
    panel.extremes(shown)
    if last is not None:
        old = by_bucket(view.chosen(last, family=family), line)
        panel.before(old[old.index.isin(year)])
    panel.done(start=year[0] if len(sold) else None, word="planned", most=7)
    return chart


def _money_title(total, where, view, line):
    year = total.loc[view.calendar.next_year(total.index)]
    planned = year.dropna(subset=[f"budget_{line}"])
    size, currency = view.calendar.size, view.currency
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
