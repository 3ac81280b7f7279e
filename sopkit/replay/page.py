"""What a replay says: the workbook beside two naive rules, and beside itself without a person."""

from pathlib import Path

import numpy as np
import pandas as pd

from sopkit.charts import View
from sopkit.charts.axes import timeline
from sopkit.charts.style import styled
from sopkit.charts.table import Block, missing, stack
from sopkit.charts.words import count, escape, money, percent
from sopkit.exports.pages import page
from sopkit.metrics import Book
from sopkit.replay.run import NAIVE, PLANNED, RUN, WITHOUT

HUES = dict(zip([PLANNED, *NAIVE], ["supply", "consensus", "quiet"]))


def write_page(grades, facts, target) -> str:
    """Writes the page of a replay's grades, and beside it their table as CSV: who was better and by
    how much, rule by rule, month by month, person by person. Returns the page in words.
    """
    months, target = grades["month"], Path(target)
    first = pd.Timestamp(months.iloc[0])
    view = View(Book(settings=facts.settings, calendar=facts.calendar, first=first))
    charts = [profit_chart(grades, view), missed_chart(grades, view)]
    said = stack([answer(grades, view), rules(grades, view), people(grades, view), *charts])
    target.parent.mkdir(parents=True, exist_ok=True)
    grades.to_csv(target.with_suffix(".csv"), index=False)
    about = f"plans of {months.iloc[0]} – {months.iloc[-1]} · money in {view.currency}"
    html = page("S&OP · replay of past months", "Against what happened", about, said.html)
    target.write_text(html, encoding="utf-8")
    return said.text


def means(grades) -> pd.DataFrame:
    """The mean month of each rule that planned every month, the workbook's first."""
    wide = grades.set_index("rule").loc[[PLANNED, *NAIVE]].drop(columns=["month", "touches"])
    return wide.groupby(level=0, sort=False).mean()


def answer(grades, view) -> Block:
    """What the plans earned beside the naive ones, in a sentence."""
    mean, many = means(grades)["profit"], grades["month"].nunique()
    apart = [
        f"{money(mean[PLANNED] - mean[name], view.currency, sign=True)}"
        f" ({percent(share, sign=True)}) against {name}"
        for name, share in (mean[PLANNED] / mean[[*NAIVE]].replace(0.0, np.nan) - 1).items()
    ]
    words = (
        f"Executed against what then happened, the plans of {count(many, 'past month')} earned"
        f" {money(mean[PLANNED], view.currency)} each in their first"
        f" {count(RUN, view.calendar.size)}: {' and '.join(apart)}."
    )
    return Block(f'<p class="answer">{escape(words)}</p>', words)


def rules(grades, view) -> Block:
    """Each rule's mean month."""
    rows = means(grades).reset_index()
    rows["more"] = rows["profit"] - rows.loc[0, "profit"]
    return view.show(
        rows,
        columns="rule | profit [money] | more: profit, difference to the plan [money] |"
        " service: served when due [fraction] | stock: mean stock [money] | revenue [money] |"
        " cost [money] | wape_1: forecast error, 1 bucket ahead [fraction] |"
        " wape_3: 3 buckets ahead [fraction] | wape_6: 6 buckets ahead [fraction]",
        note=f"mean of the first {count(RUN, view.calendar.size)} of each plan; every month opens"
        " with its own stock, and what is made and bought arrives as planned; all rules have the"
        " same hours, sources and prices; only the plan knows launches that are still to come",
    )


def people(grades, view) -> Block:
    """What each person's overrides brought: profit of the plan less that without them."""
    alone = grades[grades["rule"].str.startswith(WITHOUT)]
    if alone.empty:
        return missing("Nobody had overridden a forecast of these months.")
    whole = grades[grades["rule"] == PLANNED].set_index("month")
    rows = alone.assign(
        person=alone["rule"].str.removeprefix(WITHOUT),
        brought=alone["month"].map(whole["profit"]) - alone["profit"],
        error=alone["month"].map(whole["wape_1"]) - alone["wape_1"],
    )
    how = {"month": "nunique", "touches": "sum", "brought": "sum", "error": "mean"}
    sums = rows.groupby("person", as_index=False).agg(how)
    sums["each"] = sums["brought"] / sums["touches"]
    return view.show(
        sums,
        columns="person | month: months [plans] | touches [overrides] | brought: profit brought"
        " [money] | each: per override [money] | error: change of forecast error [fraction]",
        note="the plan less the same plan without this person's overrides; a negative change of the"
        " error is better",
    )


@styled
def profit_chart(grades, view):
    """Profit of the workbook's plan less that of each naive rule, by month."""
    profit = _wide(grades, "profit")
    apart = {name: profit[PLANNED] - profit[name] for name in NAIVE}
    better = ", ".join(f"than {name} in {(off > 0).sum()}" for name, off in apart.items())
    chart, panels = timeline(
        view,
        pd.concat(apart),
        view.currency,
        f"The plan earned more {better} of {count(len(profit), 'month')}",
        f"more profit than each rule, first {count(RUN, view.calendar.size)} of each month's plan",
        many=len(NAIVE),
        height=1.4,
        headed=True,
    )
    for panel, (name, off) in zip(panels, apart.items()):
        panel.bars(off, "capacity", planned=False)
        panel.done(f"against {name}")
    return chart


@styled
def missed_chart(grades, view):
    """What was late or lost, by month and rule."""
    missed = 100 * (1 - _wide(grades, "service").fillna(1.0))  # nothing asked is nothing missed
    best = (missed.idxmin(axis=1) == PLANNED).sum()
    title = f"The plan served best in {best} of {count(len(missed), 'month')}"
    words = "% of what was asked, late or lost"
    chart, (panel,) = timeline(view, missed[PLANNED], "", title, words)
    for name in missed:
        panel.line(missed[name], HUES[name], name)
    panel.done()
    return chart


def _wide(grades, column):
    wide = grades.pivot(index="month", columns="rule", values=column)[[PLANNED, *NAIVE]]
    return wide.set_axis(pd.to_datetime(wide.index))
