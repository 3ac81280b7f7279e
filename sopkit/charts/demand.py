"""Charts of the sales plan: history, forecast with its band, consensus, and the stages between
them.
"""

import numpy as np
import pandas as pd

from sopkit.buckets import infer_calendar
from sopkit.charts.axes import TimeAxis, name_lines, readable
from sopkit.charts.measure import (
    addable,
    amount,
    by_bucket,
    chosen,
    opening,
    readable_unit,
    scope,
    with_family,
)
from sopkit.charts.style import COLOURS, INK, nothing, sheet, styled
from sopkit.charts.words import clean, count, listing, number, percent

STAGES = [
    "naive",
    "baseline",
    "events",
    "launches",
    "initiatives",
    "sales_input",
    "override",
    "order_excess",
    "consensus",
]


@styled
def history_chart(history, items=None, *, item=None, family=None, market=None, currency="EUR"):
    """Demand as sold and as cleansed, by bucket."""
    rows, unit = addable(
        chosen(history, items, item=item, family=family, market=market),
        ["quantity", "demand"],
        items,
        currency,
    )
    where = scope(item, family, market)
    if rows.empty or not unit:
        return nothing(f"No history to show for {where}", _lacking(rows, "sales_history"))
    changed = rows["flag"].fillna("").ne("") & (rows["quantity"] - rows["demand"]).abs().gt(1e-9)
    total = by_bucket(rows, ["quantity", "demand"])
    factor, shown = readable_unit(total.to_numpy(), unit)
    axis = TimeAxis(total.index)
    chart, axes = sheet(
        _history_title(rows, changed, where),
        f"{shown} per {axis.word}, {where}; solid points as sold, hollow points cleansed",
        right=0.3,
    )
    ax = axes[0, 0]
    _history(ax, axis, total["quantity"] / factor, total["demand"] / factor)
    axis.draw(ax)
    readable(ax)
    return chart


@styled
def forecast_chart(
    history,
    baseline_forecast,
    demand_plan,
    items=None,
    *,
    item=None,
    family=None,
    market=None,
    last=None,
    currency="EUR",
    back: int = 36,
):
    """History, baseline with its p10–p90 band, consensus and last cycle's consensus (``last``: that
    plan's demand_plan).

    The band is drawn for a single series only: quantiles of several series cannot be added.
    """
    pick = dict(item=item, family=family, market=market)
    past, unit = addable(chosen(history, items, **pick), ["quantity", "demand"], items, currency)
    plan, unit_plan = addable(
        chosen(demand_plan, items, **pick), ["consensus", "baseline"], items, currency
    )
    base, _ = addable(
        chosen(baseline_forecast, items, **pick), ["baseline", "p10", "p90"], items, currency
    )
    where, unit = scope(**pick), unit_plan if len(plan) else unit
    if (past.empty and plan.empty) or not unit:
        return nothing(f"Nothing to forecast for {where}", _lacking(plan, "sales_history"))
    before = (
        addable(chosen(last, items, **pick), ["consensus"], items, currency)[0]
        if last is not None
        else None
    )
    single = len(base) and not base.duplicated("bucket").any()
    past_total = by_bucket(past, ["quantity", "demand"]).iloc[-back:]
    factor, shown = readable_unit(
        np.append(_consensus(plan).to_numpy(), past_total.to_numpy()), unit
    )
    axis = TimeAxis(past_total.index, plan["bucket"], base["bucket"])
    chart, axes = sheet(
        _forecast_title(past, plan, unit, where, axis.word),
        f"{shown} per {axis.word}, {where}"
        + (
            "; hollow = cleansed, band = p10–p90"
            if single
            else "; the p10–p90 band is shown for single series"
        ),
    )
    _draw_forecast(
        axes[0, 0],
        axis,
        past_total,
        _forecast(base, single),
        _consensus(plan),
        _consensus(before),
        factor,
    )
    return chart


def _draw_forecast(ax, axis, past, base, plan, before, factor):
    _history(ax, axis, past["quantity"] / factor, past["demand"] / factor)
    names = []
    if {"p10", "p90"} <= set(base):
        ax.fill_between(
            axis.at(base.index),
            base["p10"] / factor,
            base["p90"] / factor,
            color=COLOURS["baseline"],
            alpha=0.16,
            linewidth=0,
        )
        names.append((base["p90"].iloc[-1] / factor, "p90", INK["baseline"]))
        names.append((base["p10"].iloc[-1] / factor, "p10", INK["baseline"]))
    if before is not None and len(before):
        before = before[before.index >= axis.stamps[0]]
        ax.plot(
            axis.at(before.index),
            before / factor,
            color=COLOURS["last"],
            linestyle=":",
            linewidth=1.6,
        )
        names.append((before.iloc[-1] / factor, "last cycle", INK["quiet"]))
    for series, name, width in ((base.get("baseline"), "baseline", 1.6), (plan, "consensus", 2.4)):
        if series is not None and len(series):
            ax.plot(
                axis.at(series.index),
                series / factor,
                color=COLOURS[name],
                linewidth=width,
                gid=name,
            )
            names.append((series.iloc[-1] / factor, name, INK[name]))
    axis.draw(ax, start=plan.index[0] if len(plan) else None)
    readable(ax)
    name_lines(ax, names)


@styled
def demand_chart(
    history,
    demand_plan,
    items,
    by="family",
    *,
    last=None,
    currency="EUR",
    money=False,
    most=12,
    back=24,
):
    """Small multiples, one per family (or market): history, consensus and last cycle; the largest
    by plan, at most ``most``.
    """
    plan, past = (_grouped(frame, items, by) for frame in (demand_plan, history))
    if plan.empty and past.empty:
        return nothing(f"No demand to show by {by}", "feed sales_history")
    before = _grouped(last, items, by) if last is not None and len(last) else None
    worth = (
        addable(plan, ["consensus"], items, currency, money=True)[0].groupby(by)["consensus"].sum()
        if len(plan)
        else past.groupby(by)["demand"].sum()
    )
    names = worth.sort_values(ascending=False, kind="stable").index[:most]
    word = TimeAxis(past["bucket"], plan["bucket"]).word
    chart, grid = sheet(
        _demand_title(past, plan, worth, by, word),
        f"{'money' if money else 'each in its own unit'} per {word},"
        f" {'all markets' if by == 'family' else 'all items'}; black history, orange consensus,"
        " dotted last cycle"
        + (f"; {len(worth) - len(names)} smaller left out" if len(worth) > len(names) else ""),
        rows=-(-len(names) // 3),
        columns=min(3, max(len(names), 1)),
        height=1.3,
        right=0.2,
        headed=True,
    )
    for ax, name in zip(grid.flat, names):
        _panel(
            ax,
            name,
            *(
                frame[frame[by] == name] if frame is not None else None
                for frame in (past, plan, before)
            ),
            items,
            currency,
            money,
            back,
        )
    for ax in grid.flat[len(names) :]:
        ax.set_axis_off()
    return chart


def _panel(ax, name, past, plan, before, items, currency, money, back):
    past, unit = addable(past, ["demand"], items, currency, money=money)
    plan, unit = addable(plan, ["consensus"], items, currency, money=money)
    past, plan = by_bucket(past, ["demand"])["demand"].iloc[-back:], _consensus(plan)
    axis = TimeAxis(past.index, plan.index)
    factor, shown = readable_unit(np.append(plan.to_numpy(), past.to_numpy()), unit)
    ax.plot(axis.at(past.index), past / factor, color=COLOURS["history"], linewidth=1.1)
    ax.plot(axis.at(plan.index), plan / factor, color=COLOURS["consensus"], linewidth=2)
    if before is not None and len(before):
        before = _consensus(addable(before, ["consensus"], items, currency, money=money)[0])
        ax.plot(
            axis.at(before.index),
            before / factor,
            color=COLOURS["last"],
            linestyle=":",
            linewidth=1.3,
        )
    axis.draw(ax, most=4, start=plan.index[0] if len(plan) else None, word="")
    readable(ax)
    ax.set_title(f"{clean(name, 22)}, {shown or 'mixed units'}", loc="left", size=9, pad=4)


@styled
def stages_chart(demand_plan, items=None, *, item=None, family=None, market=None, currency="EUR"):
    """Waterfall over the whole horizon: what each stage adds on the way from naive and baseline to
    consensus.
    """
    rows, unit = addable(
        chosen(demand_plan, items, item=item, family=family, market=market), STAGES, items, currency
    )
    where = scope(item, family, market)
    if rows.empty or not unit:
        return nothing(f"No demand plan for {where}", _lacking(rows, "sales_history"))
    total = rows[STAGES].sum()
    steps = [stage for stage in STAGES[2:-1] if abs(total[stage]) > 1e-9]
    factor, shown = readable_unit(total.to_numpy(), unit)
    chart, axes = sheet(
        _stages_title(total, steps, unit),
        f"{shown}, {where}, whole horizon"
        f" ({count(rows['bucket'].nunique(), TimeAxis(rows['bucket']).word)})",
        right=0.3,
    )
    _waterfall(
        axes[0, 0],
        total / factor,
        steps,
        [
            amount(total[n], unit, sign=n in steps)
            for n in ("naive", "baseline", *steps, "consensus")
        ],
    )
    return chart


waterfall = stages_chart


def _waterfall(ax, total, steps, labels):
    names = ["naive", "baseline", *steps, "consensus"]
    bottoms, heights, level = [], [], total["baseline"]
    for name in names:
        full = name in ("naive", "baseline", "consensus")
        bottoms.append(0 if full else min(level, level + total[name]))
        heights.append(total[name] if full else abs(total[name]))
        level += 0 if full else total[name]
    colours = {
        "naive": "#BDBDBD",
        "baseline": COLOURS["baseline"],
        "consensus": COLOURS["consensus"],
    }
    bars = ax.bar(
        range(len(names)),
        heights,
        bottom=bottoms,
        width=0.62,
        color=[
            colours.get(n, COLOURS["supply"] if total[n] > 0 else COLOURS["backlog"]) for n in names
        ],
    )
    for bar, label in zip(bars, labels):
        ax.annotate(
            label,
            (bar.get_x() + bar.get_width() / 2, bar.get_y() + bar.get_height()),
            xytext=(0, 3),
            textcoords="offset points",
            ha="center",
            size=8.5,
        )
    ax.set_xticks(range(len(names)), [name.replace("_", " ") for name in names])
    ax.margins(y=0.12)
    readable(ax)


def _history(ax, axis, quantity, demand):
    x = axis.at(quantity.index)
    changed = (quantity - demand).abs() > 1e-9 + 1e-6 * quantity.abs()
    ax.plot(x, demand, color="#B5B5B5", linewidth=1)
    ax.plot(x, quantity, "o", color=COLOURS["history"], markersize=3.2)
    ax.plot(
        x[changed],
        demand[changed],
        "o",
        markersize=5,
        markerfacecolor="white",
        markeredgecolor=COLOURS["history"],
        markeredgewidth=1.1,
    )


def _forecast(base, single):
    if not len(base):
        return pd.DataFrame({"baseline": pd.Series(dtype=float)}, index=pd.DatetimeIndex([]))
    return by_bucket(base, ["baseline", "p10", "p90"] if single else ["baseline"])


def _consensus(plan):
    return (
        pd.Series(dtype=float, index=pd.DatetimeIndex([]))
        if plan is None
        else by_bucket(plan, ["consensus"])["consensus"]
    )


def _grouped(frame, items, by):
    return with_family(frame, items) if by == "family" else frame


def _lacking(rows, table):
    return (
        f"feed {table}"
        if not len(rows)
        else "items differ in unit and have no price: fill items.price, or look at one family"
    )


def _history_title(rows, changed, where):
    if not changed.any():
        return f"{opening(where)}: no point of history needed cleansing"
    moved = rows["demand"].sum() - rows["quantity"].sum()
    share = (
        f" and moved the total by {percent(moved / rows['quantity'].sum(), sign=True)}"
        if rows["quantity"].sum() > 0
        else ""
    )
    return (
        f"{opening(where)}: cleansing changed {number(changed.sum())} of"
        f" {count(len(rows), 'point')}{share}"
    )


def _forecast_title(past, plan, unit, where, word):
    if plan.empty:
        return f"{opening(where)}: no plan yet"
    total = _consensus(plan)
    year = total.iloc[: min(12, len(total))]
    sold = (
        by_bucket(past, ["demand"])["demand"].iloc[-len(year) :]
        if len(past)
        else pd.Series(dtype=float)
    )
    text = f"{opening(where)}: the next {count(len(year), word)} sum to {amount(year.sum(), unit)}"
    if len(sold) < len(year) or sold.sum() <= 0:
        return text
    change = year.sum() / sold.sum() - 1
    return (
        f"{text}, {percent(abs(change), 0)} {'above' if change >= 0 else 'below'} the last"
        f" {len(year)}"
    )


def _demand_title(past, plan, worth, by, word):
    if plan.empty:
        return f"History by {by}; no plan yet"
    year = infer_calendar(plan["bucket"]).next_year(plan["bucket"])
    ahead = plan[plan["bucket"].isin(year)].groupby(by)["consensus"].sum()
    behind = (
        past[past["bucket"].isin(sorted(past["bucket"].unique())[-len(year) :])]
        .groupby(by)["demand"]
        .sum()
    )
    change = (ahead / behind.where(behind > 0) - 1).dropna()
    up, down = (
        change[change > 0.02].sort_values(ascending=False),
        change[change < -0.02].sort_values(),
    )
    parts = (
        [f"up: {listing(f'{n} {percent(c, 0, sign=True)}' for n, c in up.items())}"]
        if len(up)
        else []
    )
    parts += (
        [f"down: {listing(f'{n} {percent(c, 0, sign=True)}' for n, c in down.items())}"]
        if len(down)
        else []
    )
    return f"The next {count(len(year), word)} against the last {len(year)}: " + (
        "; ".join(parts) if parts else f"every {by} within ±2 %"
    )


def _stages_title(total, steps, unit):
    gap = total["consensus"] - total["baseline"]
    if not steps or total["baseline"] == 0:
        return f"Consensus is {amount(total['consensus'], unit)}" + (
            "; nobody changed the baseline" if not steps else ""
        )
    largest = max(steps, key=lambda step: abs(total[step]))
    return (
        f"People and events change the baseline by {percent(gap / total['baseline'], sign=True)}; "
        f"most through {largest.replace('_', ' ')} ({amount(total[largest], unit, sign=True)})"
    )
