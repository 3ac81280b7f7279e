"""Charts of the sales plan: history, forecast with its band, consensus, and the stages between
them.
"""

from sopkit.charts.axes import Panel, readable, timeline
from sopkit.charts.measure import amount, by_bucket, lacking, opening, readable_unit, scope
from sopkit.charts.style import COLOURS, nothing, sheet, styled
from sopkit.charts.words import clean, count, listing, number, percent
from sopkit.demand import STAGES as ADDED

STAGES = ["naive", "baseline", *ADDED, "consensus"]
FACTS = "feed sales_history"


@styled
def history_chart(history, view, **choice):
    """Demand as sold and as cleansed, by bucket; ``choice``: item, family, market."""
    rows, unit = view.addable(history, ["quantity", "demand"], **choice)
    where = scope(**choice)
    if rows.empty or not unit:
        return nothing(f"No history to show for {where}", lacking(rows, FACTS))
    total = by_bucket(rows, ["quantity", "demand"])
    chart, (panel,) = timeline(
        view,
        total.to_numpy(),
        unit,
        _history_title(rows, where),
        f"per {view.calendar.size}, {where}; solid points as sold, hollow points cleansed",
        right=0.3,
    )
    _history(panel, total)
    panel.done()
    return chart


@styled
def forecast_chart(
    history, baseline_forecast, demand_plan, view, *, last=None, back: int = 36, **choice
):
    """History, baseline with its p10–p90 band, consensus and last cycle's consensus (``last``: that
    plan's demand_plan).

    The band is drawn for a single series only: quantiles of several series cannot be added.
    """
    past, unit = view.addable(history, ["quantity", "demand"], **choice)
    plan, unit_plan = view.addable(demand_plan, ["consensus", "baseline"], **choice)
    base, _ = view.addable(baseline_forecast, ["baseline", "p10", "p90"], **choice)
    where, unit = scope(**choice), unit_plan if len(plan) else unit
    if (past.empty and plan.empty) or not unit:
        return nothing(f"Nothing to forecast for {where}", lacking(plan, FACTS))
    single = not base.duplicated("bucket").any() and len(base)
    past, plan = by_bucket(past, ["quantity", "demand"]), by_bucket(plan, "consensus")
    base, shown_past = by_bucket(base, ["baseline", "p10", "p90"]), past.iloc[-back:]
    band = "hollow = cleansed, band = p10–p90"
    chart, (panel,) = timeline(
        view,
        [*plan, *shown_past.to_numpy().ravel()],
        unit,
        _forecast_title(past["demand"], plan, unit, where, view.calendar),
        f"per {view.calendar.size}, {where}; "
        + (band if single else "the p10–p90 band is shown for single series"),
    )
    _history(panel, shown_past)
    if single:
        look = {"color": COLOURS["baseline"], "alpha": 0.16, "linewidth": 0}
        panel.axes.fill_between(
            panel.at(base.index), base["p10"] / panel.factor, base["p90"] / panel.factor, **look
        )
        for edge in ("p10", "p90"):
            panel.line(base[edge], "baseline", edge, linewidth=0)
    if last is not None:
        before = by_bucket(view.addable(last, ["consensus"], **choice)[0], "consensus")
        panel.last(before[before.index >= [*shown_past.index, *plan.index][0]])
    panel.line(base["baseline"], "baseline", "baseline", linewidth=1.6)
    panel.line(plan, "consensus", "consensus", linewidth=2.4, gid="consensus")
    panel.done(start=plan.index[0] if len(plan) else None)
    return chart


@styled
def demand_chart(
    history, demand_plan, view, by="family", *, last=None, money=False, most=12, back=24
):
    """Small multiples, one per family (or market): history, consensus and last cycle; the largest
    by plan, at most ``most``.
    """
    past, plan = view.with_family(history), view.with_family(demand_plan)
    if plan.empty and past.empty:
        return nothing(f"No demand to show by {by}", FACTS)
    worth = (
        view.valued(plan, ["consensus"]).groupby(by)["consensus"].sum()
        if len(plan)
        else past.groupby(by)["demand"].sum()
    ).sort_values(ascending=False, kind="stable")
    names, rest = worth.index[:most], len(worth) - most
    word = view.calendar.size
    chart, grid = sheet(
        _demand_title(past, plan, by, view),
        f"{'money' if money else 'each in its own unit'} per {word},"
        f" {'all markets' if by == 'family' else 'all items'}; black history, orange consensus,"
        f" dotted last cycle{f'; {rest} smaller left out' if rest > 0 else ''}",
        many=len(names),
        columns=3,
        height=1.3,
        right=0.2,
        headed=True,
    )
    for ax, name in zip(grid.flat, names):
        sold, unit = view.addable(past, ["demand"], money=money, **{by: name})
        ahead, unit = view.addable(plan, ["consensus"], money=money, **{by: name})
        sold, ahead = by_bucket(sold, "demand").iloc[-back:], by_bucket(ahead, "consensus")
        factor, shown = readable_unit([*ahead, *sold], unit)
        panel = Panel(ax, view.calendar, factor)
        panel.line(sold, "history", linewidth=1.1)
        panel.line(ahead, "consensus", linewidth=2)
        if last is not None:
            before, _ = view.addable(last, ["consensus"], money=money, **{by: name})
            panel.last(by_bucket(before, "consensus"), "", 1.3)
        panel.done(
            f"{clean(name, 22)}, {shown or 'mixed units'}",
            most=4,
            start=ahead.index[0] if len(ahead) else None,
            word="",
        )
    return chart


@styled
def stages_chart(demand_plan, view, **choice):
    """Waterfall over the whole horizon: what each stage adds on the way from naive and baseline to
    consensus.
    """
    rows, unit = view.addable(demand_plan, STAGES, **choice)
    where = scope(**choice)
    if rows.empty or not unit:
        return nothing(f"No demand plan for {where}", lacking(rows, FACTS))
    total = rows[STAGES].sum()
    steps = [stage for stage in STAGES[2:-1] if abs(total[stage]) > 1e-9]
    factor, shown = readable_unit(total.to_numpy(), unit)
    chart, axes = sheet(
        _stages_title(total, steps, unit),
        f"{shown}, {where}, whole horizon ({count(rows['bucket'].nunique(), view.calendar.size)})",
        right=0.3,
    )
    names = ["naive", "baseline", *steps, "consensus"]
    level = total[["baseline", *steps]].cumsum()  # what the sum is after each step
    bottom = [min(level[n], level[n] - total[n]) / factor if n in steps else 0 for n in names]
    height = [abs(total[n]) / factor if n in steps else total[n] / factor for n in names]
    colours = {"naive": "#BDBDBD"} | {n: COLOURS[n] for n in ("baseline", "consensus")}
    colours |= {n: COLOURS["supply" if total[n] > 0 else "backlog"] for n in steps}
    ax = axes[0, 0]
    bars = ax.bar(names, height, bottom=bottom, width=0.62, color=[colours[n] for n in names])
    labels = [amount(total[n], unit, sign=n in steps) for n in names]
    ax.bar_label(bars, labels, padding=3, size=8.5)
    ax.set_xticks(range(len(names)), [name.replace("_", " ") for name in names])
    ax.margins(y=0.12)
    readable(ax)
    return chart


def _history(panel, total):
    quantity, demand = total["quantity"], total["demand"]
    changed = (quantity - demand).abs() > 1e-9 + 1e-6 * quantity.abs()
    panel.line(demand, "thread", linewidth=1)
    panel.line(quantity, "history", linewidth=0, marker="o", markersize=3.2)
    panel.line(
        demand[changed],
        "history",
        linewidth=0,
        marker="o",
        markersize=5,
        markerfacecolor="white",
        markeredgewidth=1.1,
    )


def _history_title(rows, where):
    change = rows["demand"] - rows["quantity"]
    changed = rows["flag"].fillna("").ne("") & change.abs().gt(1e-9)
    if not changed.any():
        return f"{opening(where)}: no point of history needed cleansing"
    sold = rows["quantity"].sum()
    moved = f" and moved the total by {percent(change.sum() / sold, sign=True)}" if sold > 0 else ""
    return (
        f"{opening(where)}: cleansing changed {number(changed.sum())} of"
        f" {count(len(rows), 'point')}{moved}"
    )


def _forecast_title(past, plan, unit, where, calendar):
    if plan.empty:
        return f"{opening(where)}: no plan yet"
    year = plan.loc[calendar.next_year(plan.index)]
    sold = past.iloc[-len(year) :]
    text = (
        f"{opening(where)}: the next {count(len(year), calendar.size)} sum to"
        f" {amount(year.sum(), unit)}"
    )
    if len(sold) < len(year) or sold.sum() <= 0:
        return text
    change = year.sum() / sold.sum() - 1
    return (
        f"{text}, {percent(abs(change), 0)} {'above' if change >= 0 else 'below'} the last"
        f" {len(year)}"
    )


def _demand_title(past, plan, by, view):
    if plan.empty:
        return f"History by {by}; no plan yet"
    year = view.calendar.next_year(plan["bucket"])
    before = sorted(past["bucket"].unique())[-len(year) :]
    ahead = plan[plan["bucket"].isin(year)].groupby(by)["consensus"].sum()
    behind = past[past["bucket"].isin(before)].groupby(by)["demand"].sum()
    change = (ahead / behind.where(behind > 0) - 1).dropna().sort_values()
    moved = {"up": change[change > 0.02][::-1], "down": change[change < -0.02]}
    parts = [
        f"{way}: {listing(f'{name} {percent(c, 0, sign=True)}' for name, c in some.items())}"
        for way, some in moved.items()
        if len(some)
    ]
    return f"The next {count(len(year), view.calendar.size)} against the last {len(year)}: " + (
        "; ".join(parts) or f"every {by} within ±2 %"
    )


def _stages_title(total, steps, unit):
    if not steps or total["baseline"] == 0:
        told = "" if steps else "; nobody changed the baseline"
        return f"Consensus is {amount(total['consensus'], unit)}{told}"
    largest = max(steps, key=lambda step: abs(total[step]))
    share = total["consensus"] / total["baseline"] - 1
    return (
        f"People and events change the baseline by {percent(share, sign=True)}; most through"
        f" {largest.replace('_', ' ')} ({amount(total[largest], unit, sign=True)})"
    )
