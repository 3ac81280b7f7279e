"""Charts of the financial plan and of what needs people: revenue and margin against budget,
scenarios, exceptions.
"""

import numpy as np

from sopkit.charts.axes import TimeAxis, bars, name_lines, readable
from sopkit.charts.measure import by_bucket, readable_unit
from sopkit.charts.style import COLOURS, INK, nothing, sheet, styled
from sopkit.charts.words import clean, count, money, month, number, percent

_LINES = ["revenue", "margin", "budget_revenue", "budget_margin"]


@styled
def money_chart(financial_plan, family=None, *, currency="EUR", last=None):
    """Revenue and margin by bucket, the budget dashed beside them."""
    rows = financial_plan if family is None else financial_plan[financial_plan["family"] == family]
    where = clean(family or "Company", 40)
    if rows.empty or not rows["revenue"].notna().any():
        return nothing(
            f"{where}: no money can be shown",
            "feed items.price (or sales_history.revenue) and unit_cost",
        )
    total = by_bucket(rows, _LINES)
    factor, shown = readable_unit(total["revenue"].to_numpy(), currency)
    chart, axes = sheet(
        _money_title(total, where, currency),
        f"{shown} per {TimeAxis(total.index).word}, {where}; bars plan, dashes budget",
        rows=2,
        height=1.35,
    )
    axis = TimeAxis(total.index)
    before = (
        None
        if last is None
        else by_bucket(
            last if family is None else last[last["family"] == family], ["revenue", "margin"]
        )
    )
    for ax, line, colour in zip(axes.flat, ("revenue", "margin"), ("supply", "stock")):
        _against_budget(
            ax,
            axis,
            total / factor,
            line,
            colour,
            (
                None
                if before is None
                else before[line].loc[lambda s: s.index.isin(total.index)] / factor
            ),
        )
    return chart


def _against_budget(ax, axis, total, line, colour, before):
    x = axis.at(total.index)
    bars(ax, x, total[line], color=COLOURS[colour])
    names = [(total[line].iloc[-1] / 2, line, INK[colour])]
    budget = total[f"budget_{line}"].dropna()
    if len(budget):
        at = axis.at(budget.index)
        ax.hlines(
            budget, at - 0.45, at + 0.45, color=INK["quiet"], linewidth=1.3, linestyle=(0, (3, 1.5))
        )
        names.append(
            (
                budget.iloc[-1],
                (
                    "budget"
                    if budget.index[-1] == total.index[-1]
                    else f"budget (to {month(budget.index[-1])})"
                ),
                INK["quiet"],
            )
        )
    if before is not None and len(before):
        ax.plot(axis.at(before.index), before, color=COLOURS["last"], linestyle=":", linewidth=1.6)
        names.append((before.iloc[-1], "last cycle", INK["quiet"]))
    axis.draw(ax)
    readable(ax)
    name_lines(ax, names)


def _money_title(total, where, currency):
    year = total[total.index.isin(TimeAxis(total.index).calendar.next_year(total.index))]
    planned = year.dropna(subset=["budget_revenue"])
    if planned.empty:
        return (
            f"{where}: {money(total['revenue'].sum(), currency)} revenue and"
            f" {money(total['margin'].sum(), currency)} margin over"
            f" {count(len(total), TimeAxis(total.index).word)}; no budget to compare with"
        )
    gap = planned["revenue"].sum() - planned["budget_revenue"].sum()
    share = gap / planned["budget_revenue"].sum() if planned["budget_revenue"].sum() else np.nan
    text = (
        f"{where}: revenue of the next {count(len(planned), TimeAxis(total.index).word)} is"
        f" {percent(abs(share))} {'above' if gap >= 0 else 'below'} budget"
        f" ({money(gap, currency, sign=True)})"
    )
    both = year.dropna(subset=["budget_margin"])
    more = both["margin"].sum() - both["budget_margin"].sum()
    return (
        f"{text}, margin {money(abs(more), currency)} {'above' if more >= 0 else 'below'}"
        if len(both)
        else text
    )


@styled
def exceptions_chart(exceptions, *, currency="EUR", most=8):
    """Money at stake by rule, worst first, with the number of exceptions."""
    if exceptions.empty:
        return nothing("Nothing needs a person in this plan", "no exception was found")
    grouped = (
        exceptions.assign(money=exceptions["money"].fillna(0))
        .groupby("rule")["money"]
        .agg(["sum", "size"])
        .sort_values("sum", ascending=False, kind="stable")
    )
    shown_rows = grouped.head(most).iloc[::-1]
    factor, shown = readable_unit(grouped["sum"].to_numpy(), currency)
    worst = grouped.index[0]
    chart, axes = sheet(
        f"{count(len(exceptions), 'exception')}, {money(grouped['sum'].sum(), currency)} at stake,"
        f" most through “{_words(worst)}”",
        f"{shown} at stake by rule (number of exceptions in brackets)",
        left=2.6,
        right=0.9,
        height=0.3 * len(shown_rows),
    )
    ax = axes[0, 0]
    ax.barh(
        range(len(shown_rows)), shown_rows["sum"] / factor, height=0.62, color=COLOURS["backlog"]
    )
    ax.set_yticks(range(len(shown_rows)), [_words(rule) for rule in shown_rows.index])
    for y, (total, many) in enumerate(zip(shown_rows["sum"] / factor, shown_rows["size"])):
        ax.annotate(
            f"{money(total * factor, currency)} ({number(many)})",
            (total, y),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            size=8.5,
        )
    ax.grid(False)
    ax.set_xticks([])
    ax.spines["bottom"].set_visible(False)
    return chart


@styled
def scenarios_chart(scenarios, metric, *, currency="EUR"):
    """One metric of every scenario, with its difference to the base plan."""
    rows = scenarios[scenarios["metric"] == metric].reset_index(drop=True)
    if rows.empty:
        return nothing(
            f"No scenario has {clean(metric, 60)}", "ask one with sopkit pack MONTH --scenario NAME"
        )
    best = rows.loc[rows["value"].idxmax()]
    unit = (
        currency
        if metric in ("revenue", "margin", "cash", "cost", "inventory_value") or currency in metric
        else ""
    )
    factor, shown = (
        readable_unit(rows["value"].to_numpy(), unit) if unit else (1.0, clean(metric, 40))
    )
    chart, axes = sheet(
        f"{_words(metric).capitalize()} is highest in “{clean(best['scenario'], 40)}”",
        f"{shown}; difference to the base plan in brackets",
        left=2.6,
        right=1.6,
        height=0.32 * len(rows),
    )
    ax, rows = axes[0, 0], rows.iloc[::-1]
    ax.barh(
        range(len(rows)),
        rows["value"] / factor,
        height=0.6,
        color=[
            COLOURS["capacity"] if abs(d or 0) < 1e-9 else COLOURS["baseline"]
            for d in rows["difference"].fillna(0)
        ],
    )
    ax.set_yticks(range(len(rows)), [clean(name, 28) for name in rows["scenario"]])
    for y, (value, difference) in enumerate(
        zip(rows["value"] / factor, rows["difference"] / factor)
    ):
        ax.annotate(
            f"{number(value)} ({number(difference, sign=True)})",
            (max(value, 0), y),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            size=8.5,
        )
    ax.grid(False)
    ax.set_xticks([])
    ax.spines["bottom"].set_visible(False)
    return chart


def _words(name):
    return clean(name, 40).replace("_", " ")
