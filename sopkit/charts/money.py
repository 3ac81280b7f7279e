"""Charts of the financial plan and of what needs people: revenue and margin against budget,
scenarios, exceptions.
"""

from sopkit.charts.axes import ranking, timeline
from sopkit.charts.measure import by_bucket, readable_unit
from sopkit.charts.style import COLOURS, INK, nothing, styled
from sopkit.charts.words import clean, count, money, number, percent

LINES = {"revenue": "supply", "margin": "stock"}


@styled
def money_chart(financial_plan, view, family=None, *, last=None):
    """Revenue and margin by bucket, the budget dashed beside them, last cycle's plan dotted."""
    rows = view.chosen(financial_plan, family=family)
    where = clean(family or "Company", 40)
    if rows.empty or not rows["revenue"].notna().any():
        return nothing(
            f"{where}: no money can be shown",
            "feed items.price (or sales_history.revenue) and unit_cost",
        )
    total = by_bucket(rows, [*LINES, "budget_revenue", "budget_margin"])
    chart, panels = timeline(
        view,
        total["revenue"],
        view.currency,
        _money_title(total, where, view),
        f"per {view.calendar.size}, {where}; bars plan, dashes budget",
        many=2,
        height=1.35,
    )
    for panel, (line, colour) in zip(panels, LINES.items()):
        panel.bars(total[line], colour, line)
        budget = total[f"budget_{line}"].dropna()
        if len(budget):
            x, end = panel.at(budget.index), budget.index[-1]
            dashes = {"color": INK["quiet"], "linewidth": 1.3, "linestyle": (0, (3, 1.5))}
            panel.axes.hlines(budget / panel.factor, x - 0.45, x + 0.45, **dashes)
            name = "budget" if end == total.index[-1] else f"budget (to {view.calendar.name(end)})"
            panel.line(budget, "quiet", name, linewidth=0)
        if last is not None:
            before = by_bucket(view.chosen(last, family=family), line)
            panel.last(before[before.index.isin(total.index)])
        panel.done()
    return chart


def _money_title(total, where, view):
    year = total.loc[view.calendar.next_year(total.index)]
    planned, both = year.dropna(subset=["budget_revenue"]), year.dropna(subset=["budget_margin"])
    size, currency = view.calendar.size, view.currency
    if planned.empty:
        return (
            f"{where}: {money(total['revenue'].sum(), currency)} revenue and"
            f" {money(total['margin'].sum(), currency)} margin over {count(len(total), size)}; no"
            " budget to compare with"
        )
    budget = planned["budget_revenue"].sum()
    gap = planned["revenue"].sum() - budget
    text = (
        f"{where}: revenue of the next {count(len(planned), size)} is"
        f" {percent(abs(gap / budget) if budget else None)} {'above' if gap >= 0 else 'below'}"
        f" budget ({money(gap, currency, sign=True)})"
    )
    more = (both["margin"] - both["budget_margin"]).sum()
    way = "above" if more >= 0 else "below"
    return f"{text}, margin {money(abs(more), currency)} {way}" if len(both) else text


@styled
def exceptions_chart(exceptions, view):
    """Money at stake by rule, worst first, with the number of exceptions."""
    if exceptions.empty:
        return nothing("Nothing needs a person in this plan", "no exception was found")
    rules = exceptions.groupby("rule")["money"].agg(["sum", "size"])
    rules = rules.sort_values("sum", ascending=False, kind="stable")
    factor, shown = readable_unit(rules["sum"].to_numpy(), view.currency)
    rows, worst = rules.head(8), _rule(rules.index[0])
    return ranking(
        f"{count(len(exceptions), 'exception')}, {money(rules['sum'].sum(), view.currency)} at"
        f" stake, most through “{worst}”",
        f"{shown} at stake by rule (number of exceptions in brackets)",
        [_rule(rule) for rule in rows.index],
        rows["sum"] / factor,
        [f"{money(total, view.currency)} ({number(many)})" for total, many in rows.to_numpy()],
        COLOURS["backlog"],
        right=0.9,
        height=0.3 * len(rows),
    )


@styled
def scenarios_chart(scenarios, view):
    """The margin (or else the first metric) of every scenario, with its difference to the base
    plan.
    """
    known = sorted(scenarios["metric"].unique(), key=lambda name: not name.startswith("margin"))
    metric = known[0] if known else "margin"
    rows = scenarios[scenarios["metric"] == metric]
    if rows.empty:
        return nothing(
            f"No scenario has {clean(metric, 60)}", "ask one with sopkit pack MONTH --scenario NAME"
        )
    name, _, unit = metric.removesuffix(")").partition(" (")
    best = rows.loc[rows["value"].idxmax()]
    factor, shown = readable_unit(
        rows["value"].to_numpy(), view.currency if unit in ("", "money") else unit
    )
    values, differences = rows["value"] / factor, rows["difference"] / factor
    return ranking(
        f"{_rule(name).capitalize()} is highest in “{clean(best['scenario'], 40)}”",
        f"{shown}; difference to the base plan in brackets",
        [clean(scenario, 28) for scenario in rows["scenario"]],
        values,
        [f"{number(v)} ({number(d, sign=True)})" for v, d in zip(values, differences)],
        [COLOURS["baseline" if d and abs(d) > 1e-9 else "capacity"] for d in differences.fillna(0)],
        right=1.6,
        height=0.32 * len(rows),
    )


def _rule(name):
    return clean(name, 40).replace("_", " ")
