"""Charts of the sales plan: history, forecast with its band, consensus."""

from sopkit.charts.axes import Panel, timeline
from sopkit.charts.measure import by_bucket, lacking, readable_unit, scope
from sopkit.charts.style import COLOURS, WIDTH, nothing, sheet, styled
from sopkit.charts.words import against, clean, count, listing, number, percent, quantity
from sopkit.demand import STAGES as ADDED
from sopkit.metrics.scopes import within

STAGES = ["naive", "baseline", *ADDED, "consensus"]
FACTS = "feed sales_history"


@styled
def history_chart(history, view):
    """Demand of all items as sold and as cleansed, by bucket."""
    rows, unit = view.addable(history, ["quantity", "demand"])
    where = scope()
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
    history,
    baseline_forecast,
    demand_plan,
    view,
    *,
    last=None,
    heir=None,
    top=0.0,
    height=2.6,
    width=WIDTH,
    **choice,
):
    """History, baseline with its p10–p90 band, consensus, the year before it, last cycle's
    consensus (``last``: that plan's demand_plan) and that of a successor (``heir``: its rows) of
    the ``choice``: item, family, market; marks where events act; ``height`` inches of axes, with
    room up to ``top``.

    The band of several series is that of their sum if they vary apart from each other.
    """
    past, unit = view.addable(history, ["quantity", "demand"], **choice)
    plan, unit_plan = view.addable(demand_plan, ["consensus", "baseline"], **choice)
    base, _ = view.addable(baseline_forecast, ["baseline", "p10", "p90"], **choice)
    where, unit = scope(**choice), unit_plan if len(plan) else unit
    if (past.empty and plan.empty) or not unit:
        return nothing(f"Nothing to forecast for {where}", lacking(plan, FACTS))
    acts = by_bucket(plan.assign(acts=plan["events"].abs()), "acts")
    single = not base.duplicated("bucket").any()
    past, plan = by_bucket(past, ["quantity", "demand"]), by_bucket(plan, "consensus")
    base, shown_past = _summed(base), past.iloc[-3 * view.calendar.per_year :]
    words = ["hollow = cleansed, band = 8 of 10 outcomes"]
    words += [] if single else ["if the series vary apart"]
    words += ["▾ = events"] if acts.max() > 0 else []
    chart, (panel,) = timeline(
        view,
        [*plan, *shown_past.to_numpy().ravel()],
        unit,
        forecast_title(past["demand"], plan, unit, where, view.calendar),
        f"per {view.calendar.size}, {where}; {', '.join(words)}",
        height=height,
        width=width,
    )
    _history(panel, shown_past)
    look = {"color": COLOURS["baseline"], "alpha": 0.16, "linewidth": 0}
    panel.axes.fill_between(
        panel.at(base.index), base["p10"] / panel.factor, base["p90"] / panel.factor, **look
    )
    panel.line(base["p90"], "baseline", "8 of 10", linewidth=0)
    back = view.calendar.stamp(view.calendar.number(plan.index) - view.calendar.per_year)
    year = past["demand"].reindex(back).set_axis(plan.index).dropna()
    panel.line(year, "quiet", "a year before", linewidth=0.9)
    if heir is not None and len(heir):
        taken = by_bucket(view.addable(heir, ["consensus"])[0], "consensus")
        panel.line(taken, "text", clean(heir["item"].iloc[0], 16), linewidth=1.2, linestyle="--")
    if last is not None:
        before = by_bucket(view.addable(last, ["consensus"], **choice)[0], "consensus")
        panel.last(before[before.index >= [*shown_past.index, *plan.index][0]])
    panel.line(base["baseline"], "baseline", "baseline", linewidth=1.6)
    panel.line(plan, "consensus", "consensus", linewidth=2.4, gid="consensus")
    panel.extremes(plan)
    panel.axes.update_datalim([(panel.drawn[0], top / panel.factor)] if top else [])
    marks = panel.at(acts[acts > 0].index)
    look = {"color": COLOURS["text"], "transform": panel.axes.get_xaxis_transform()}
    panel.axes.plot(marks, 0.985 + 0 * marks, "v", markersize=4, **look)
    panel.done(start=plan.index[0] if len(plan) else None, most=min(13, int(1.3 * width)))
    return chart


def _summed(base):
    """Baseline, p10 and p90 by bucket: of independent series the squares of the band add up."""
    sides = {name: (base[name] - base["baseline"]) ** 2 for name in ("p10", "p90")}
    sums = by_bucket(base.assign(**sides), ["baseline", *sides])
    low, high = sums["baseline"] - sums["p10"] ** 0.5, sums["baseline"] + sums["p90"] ** 0.5
    return sums.assign(p10=low.clip(lower=0), p90=high)


@styled
def demand_chart(history, demand_plan, view, *, last):
    """Small multiples, one per family: history, consensus and last cycle; the twelve largest by
    planned money.
    """
    past, plan = view.book.by_family(history), view.book.by_family(demand_plan)
    if plan.empty and past.empty:
        return nothing("No demand to show by family", FACTS)
    names = view.families(plan) or sorted(past["family"].unique())[:12]
    rest = len(set(plan["family"]) | set(past["family"])) - len(names)
    chart, grid = sheet(
        _demand_title(past, plan, view),
        f"each in its own unit per {view.calendar.size}, all markets; black history, orange"
        f" consensus, dotted last cycle{f'; {rest} smaller left out' if rest > 0 else ''}",
        many=len(names),
        columns=3,
        height=1.3,
        right=0.2,
        headed=True,
    )
    for ax, name in zip(grid.flat, names):
        sold, unit = view.addable(past, ["demand"], family=name)
        ahead, unit = view.addable(plan, ["consensus"], family=name)
        sold, ahead = by_bucket(sold, "demand"), by_bucket(ahead, "consensus")
        sold = sold.iloc[-2 * view.calendar.per_year :]
        factor, shown = readable_unit([*ahead, *sold], unit)
        panel = Panel(ax, view.calendar, factor)
        panel.line(sold, "history", linewidth=1.1)
        panel.line(ahead, "consensus", linewidth=2)
        before, _ = view.addable(last, ["consensus"], family=name)
        panel.last(by_bucket(before, "consensus"), "", 1.3)
        start = ahead.index.min() if len(ahead) else None
        title = f"{clean(name, 22)}, {shown or 'mixed units'}"
        panel.done(title, most=4, start=start, word="")
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
        return f"{where}: no point of history needed cleansing"
    sold = rows["quantity"].sum()
    moved = f" and moved the total by {percent(change.sum() / sold, sign=True)}" if sold > 0 else ""
    return (
        f"{where}: cleansing changed {number(changed.sum())} of {count(len(rows), 'point')}{moved}"
    )


def forecast_title(past, plan, unit, where, calendar) -> str:
    """What the plan (units by bucket) of the next year says beside the ``past`` one."""
    if plan.empty:
        return f"{where}: no plan yet"
    year = plan.loc[calendar.next_year(plan.index)]
    sold = past.iloc[-len(year) :]
    text = (
        f"{where}: the next {count(len(year), calendar.size)} sum to"
        f" {quantity(round(year.sum()), unit)}"
    )
    if len(sold) < len(year) or sold.sum() <= 0:
        return text
    return f"{text}, {against(year.sum(), sold.sum(), 0)} the last {len(year)}"


def _demand_title(past, plan, view):
    if plan.empty:
        return "History by family; no plan yet"
    year = view.calendar.next_year(plan["bucket"])
    before = sorted(past["bucket"].unique())[-len(year) :]
    ahead = within(plan, year).groupby("family")["consensus"].sum()
    behind = within(past, before).groupby("family")["demand"].sum()
    change = (ahead / behind.where(behind > 0) - 1).sort_values(key=abs, ascending=False)
    moved = change[change.abs() > 0.02].items()
    told = listing(f"{name} {percent(c, 0, sign=True)}" for name, c in moved)
    return (
        f"The next {count(len(year), view.calendar.size)} against the last {len(year)}:"
        f" {told or 'every family within ±2 %'}"
    )
