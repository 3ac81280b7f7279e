"""Charts of the production, capacity, inventory and customer lead-time plans."""

import numpy as np

from sopkit.charts.axes import TimeAxis, bars, name_lines, readable
from sopkit.charts.measure import addable, amount, by_bucket, chosen, readable_unit
from sopkit.charts.style import COLOURS, INK, nothing, sheet, styled
from sopkit.charts.words import clean, count, listing, money, month, number, percent

SOURCES = {
    "production": ("production", "supply"),
    "overtime_production": ("overtime", "overtime"),
    "subcontracted": ("subcontracted", "subcontracted"),
    "purchased": ("purchased", "purchased"),
    "receipts": ("receipts", "capacity"),
}
_PALE = "#F0B48C"  # backlog that the customer agreed to wait for
_FLOWS = [
    "demand",
    *SOURCES,
    "lost",
    "shipments",
    "projected_available",
    "backlog",
    "late",
    "safety_stock",
]


@styled
def supply_chart(supply_plan, items=None, family=None, *, item=None, currency="EUR"):
    """Demand against what is made and bought, and below it the stock and backlog that follow."""
    rows, unit = addable(
        chosen(supply_plan, items, item=item, family=family), _FLOWS, items, currency
    )
    where = clean(item or family or "All items", 40)
    if rows.empty or not unit:
        return nothing(f"{where}: nothing to plan", _lacking(rows))
    total = by_bucket(rows, _FLOWS)
    factor, shown = readable_unit(total.to_numpy(), unit)
    axis = TimeAxis(total.index)
    chart, axes = sheet(
        _supply_title(total, unit, where, axis.word),
        f"{shown} per {axis.word}, {where}; above demand and sources, below stock and backlog"
        f" (hatched: late) at the {axis.word}'s end",
        rows=2,
        height=1.5,
    )
    total = total / factor
    _sources(axes[0, 0], axis, total)
    _balance(axes[1, 0], axis, total)
    return chart


def _sources(ax, axis, total):
    x, bottom, names = axis.at(total.index), np.zeros(len(total)), []
    for column, (name, colour) in SOURCES.items():
        if total[column].sum() > 1e-9:
            bars(ax, x, total[column], bottom, color=COLOURS[colour])
            names.append((bottom[-1] + total[column].iloc[-1] / 2, name, INK[colour]))
            bottom = bottom + total[column].to_numpy()
    ax.plot(x, total["demand"], color=COLOURS["consensus"], linewidth=2.2, marker="o", markersize=3)
    axis.draw(ax)
    readable(ax)
    name_lines(ax, [*names, (total["demand"].iloc[-1], "demand", INK["consensus"])])


def _balance(ax, axis, total):
    x = axis.at(total.index)
    bars(ax, x, total["projected_available"], color=COLOURS["stock"])
    names = [(total["projected_available"].iloc[-1] / 2, "stock", INK["stock"])]
    if total["backlog"].sum() > 1e-9:
        bars(ax, x, -total["backlog"], color=_PALE)
        bars(ax, x, -total["late"], color=COLOURS["backlog"], hatch="///")
        names.append((-total["backlog"].iloc[-1] / 2, "− backlog", INK["backlog"]))
    if total["safety_stock"].sum() > 1e-9:
        ax.step(
            x,
            total["safety_stock"],
            where="mid",
            color=COLOURS["quiet"],
            linewidth=1.2,
            linestyle="--",
        )
        names.append((total["safety_stock"].iloc[-1], "safety stock", INK["quiet"]))
    axis.draw(ax)
    readable(ax)
    name_lines(ax, names)


@styled
def capacity_chart(capacity_plan, resource=None, *, currency="EUR", most=6):
    """Load against capacity for one resource, or for the fullest ``most`` resources as small
    multiples.
    """
    rows = (
        capacity_plan if resource is None else capacity_plan[capacity_plan["resource"] == resource]
    )
    if rows.empty:
        return nothing(
            (
                "Capacity is unlimited in this plan"
                if resource is None
                else f"{clean(resource, 40)} has no plan"
            ),
            "feed resources and bill_of_resources to plan with capacity",
        )
    full = (
        rows.assign(ratio=_ratio(rows))
        .groupby("resource")["ratio"]
        .max()
        .sort_values(ascending=False, kind="stable")
    )
    names = full.index[:most]
    columns = 1 if len(names) == 1 else 2
    left_out = (
        f"; {count(len(full) - len(names), 'other resource')} less loaded"
        if len(full) > len(names)
        else ""
    )
    chart, grid = sheet(
        _capacity_title(rows, currency),
        f"hours per {TimeAxis(rows['bucket']).word}; bars load (light: overtime), step regular"
        f" capacity, dashes with overtime, rings load without limits{left_out}",
        rows=-(-len(names) // columns),
        columns=columns,
        height=2.0 if columns == 1 else 1.4,
        right=0.25 if columns == 2 else 1.25,
        headed=True,
    )
    for ax, name in zip(grid.flat, names):
        _capacity(
            ax,
            rows[rows["resource"] == name].set_index("bucket"),
            name,
            currency,
            label=columns == 1,
        )
    for ax in grid.flat[len(names) :]:
        ax.set_axis_off()
    return chart


def _capacity(ax, rows, name, currency, label):
    axis = TimeAxis(rows.index)
    x = axis.at(rows.index)
    overtime = np.minimum(rows["overtime"].fillna(0), rows["load"])
    bars(ax, x, rows["load"] - overtime, color=COLOURS["supply"])
    bars(ax, x, overtime, rows["load"] - overtime, color=COLOURS["overtime"])
    edges = np.append(x - 0.5, x[-1] + 0.5)
    ax.stairs(
        _finite(rows["regular_capacity"]),
        edges,
        baseline=None,
        color=COLOURS["capacity"],
        linewidth=1.8,
    )
    ax.stairs(
        _finite(rows["regular_capacity"] + rows["overtime_limit"].fillna(0)),
        edges,
        baseline=None,
        color=COLOURS["capacity"],
        linewidth=1.1,
        linestyle=(0, (4, 2)),
    )
    ax.plot(
        x,
        rows["unconstrained_load"],
        color=COLOURS["consensus"],
        linewidth=0,
        marker="o",
        markersize=3,
        markerfacecolor="white",
    )
    axis.draw(ax, most=13 if label else 6)
    readable(ax)
    if label:
        name_lines(
            ax,
            [
                (rows["regular_capacity"].iloc[-1], "regular", INK["quiet"]),
                (rows["unconstrained_load"].iloc[-1], "without limits", INK["consensus"]),
                (
                    (rows["regular_capacity"] + rows["overtime_limit"].fillna(0)).iloc[-1],
                    "with overtime",
                    INK["quiet"],
                ),
            ],
        )
    worth = rows["shadow_price"].max()
    note = f", one more hour is worth up to {money(worth, currency)}" if worth > 1e-6 else ""
    ax.set_title(
        f"{clean(name, 24)}: peak {percent(_ratio(rows).max(), 0)}{note}", loc="left", size=9, pad=4
    )


@styled
def inventory_chart(inventory_plan, items=None, family=None, *, currency="EUR", last=None):
    """Stock in money at the end of every bucket, and how long it covers demand on average (weighted
    by value).
    """
    rows = chosen(inventory_plan, items, family=family)
    where = clean(family or "All items", 40)
    if rows.empty:
        return nothing(f"{where}: no stock is planned", "feed items and inventory")
    total = by_bucket(rows, ["value"])["value"]
    factor, shown = readable_unit(total.to_numpy(), currency)
    chart, axes = sheet(
        _inventory_title(rows, total, where, currency),
        (
            f"{shown} at the {TimeAxis(total.index).word}'s end, at standard cost, {where}; dotted:"
            " last cycle"
            if last is not None and len(last)
            else f"{shown} at the {TimeAxis(total.index).word}'s end, at standard cost, {where}"
        ),
        height=2.1,
    )
    ax, axis = axes[0, 0], TimeAxis(total.index)
    bars(ax, axis.at(total.index), total / factor, color=COLOURS["stock"])
    names = [(total.iloc[-1] / factor / 2, "stock", INK["stock"])]
    if last is not None and len(
        before := by_bucket(chosen(last, items, family=family), ["value"])["value"]
    ):
        before = before[before.index.isin(total.index)]
        ax.plot(
            axis.at(before.index),
            before / factor,
            color=COLOURS["last"],
            linestyle=":",
            linewidth=1.6,
        )
        names.append(
            (before.iloc[-1] / factor if len(before) else None, "last cycle", INK["quiet"])
        )
    axis.draw(ax)
    readable(ax)
    name_lines(ax, names)
    return chart


@styled
def backlog_chart(backlog_plan, family=None):
    """Backlog at the end of every bucket (late part hatched), bookings and shipments, of
    order-driven families.
    """
    rows = backlog_plan if family is None else backlog_plan[backlog_plan["family"] == family]
    if rows.empty:
        return nothing(
            "No order-driven family has a backlog to plan",
            "items with strategy = order feed this plan",
        )
    families = sorted(rows["family"].unique())
    columns = ["bookings", "shipments", "closing", "late"]
    chart, grid = sheet(
        _backlog_title(rows),
        f"units, {listing(families)}; bars backlog at the {TimeAxis(rows['bucket']).word}'s end,"
        " hatched the part later than agreed",
        rows=len(families),
        height=2.0 if len(families) == 1 else 1.4,
        headed=len(families) > 1,
    )
    for ax, name in zip(grid.flat, families):
        total = by_bucket(rows[rows["family"] == name], columns)
        _backlog(ax, TimeAxis(total.index), total)
        if len(families) > 1:
            ax.set_title(clean(name, 30), loc="left", size=9, pad=4)
    return chart


def _backlog(ax, axis, total):
    x = axis.at(total.index)
    bars(ax, x, total["closing"], color=_PALE)
    bars(ax, x, total["late"], color=COLOURS["backlog"], hatch="///")
    ax.plot(x, total["bookings"], color=COLOURS["consensus"], linewidth=2)
    ax.plot(x, total["shipments"], color=COLOURS["supply"], linewidth=2)
    axis.draw(ax)
    readable(ax)
    name_lines(
        ax,
        [
            (total["closing"].iloc[-1] / 2, "backlog", INK["backlog"]),
            (total["bookings"].iloc[-1], "bookings", INK["consensus"]),
            (total["shipments"].iloc[-1], "shipments", INK["supply"]),
        ],
    )


def _finite(values):
    return values.replace([np.inf, -np.inf], np.nan)


def _ratio(rows):
    capacity = rows["regular_capacity"].where(rows["regular_capacity"] > 0)
    return (rows["load"] / capacity).fillna(0.0)


def _lacking(rows):
    return (
        "run step 3: its supply plan feeds this chart"
        if rows.empty
        else "items differ in unit and have no price: fill items.price, or look at one family"
    )


def _supply_title(total, unit, where, word):
    if total["lost"].sum() > 0.5:
        return (
            f"{where}: {amount(total['lost'].sum(), unit)} of demand cannot be served by"
            f" {month(total.index[-1])}"
        )
    least = max(0.5, 1e-6 * total["demand"].max())
    late = total["late"] > least
    if late.any():
        return (
            f"{where}: demand outruns supply from {month(total.index[late][0])}; up to"
            f" {amount(total['late'].max(), unit)} late, in {month(total['late'].idxmax())}"
        )
    short = total["projected_available"] < total["safety_stock"] - least
    if short.any():
        return (
            f"{where}: every demand is met on time, but stock is below safety stock in"
            f" {int(short.sum())} of {count(len(total), word)}"
        )
    held = (
        "stock stays at or above safety stock"
        if total["safety_stock"].sum() > least
        else "no safety stock is asked for"
    )
    return f"{where}: every demand is met on time and {held}"


def _capacity_title(rows, currency):
    over = rows[rows["load"] > rows["regular_capacity"] + 0.5]
    wanted = rows.assign(
        excess=rows["unconstrained_load"]
        - rows["regular_capacity"]
        - rows["overtime_limit"].fillna(0)
    )
    beyond = wanted[wanted["excess"] > 0.5]
    if len(beyond):
        worst = beyond.loc[beyond["excess"].idxmax()]
        return (
            f"Demand exceeds capacity from {month(beyond['bucket'].min())} on"
            f" {listing(sorted(beyond['resource'].unique()))}, by up to"
            f" {number(worst['excess'], 0)} h ({clean(worst['resource'], 30)},"
            f" {month(worst['bucket'])})"
        )
    if len(over):
        return (
            f"The plan needs overtime on {listing(sorted(over['resource'].unique()))}, first in"
            f" {month(over['bucket'].min())}"
        )
    peak = rows.loc[_ratio(rows).idxmax()]
    return (
        f"Load stays within regular capacity; the peak is {percent(_ratio(rows).max(), 0)}"
        f" ({clean(peak['resource'], 30)}, {month(peak['bucket'])})"
    )


def _inventory_title(rows, total, where, currency):
    verb = (
        "rises"
        if total.iloc[-1] > 1.02 * total.iloc[0]
        else "falls"
        if total.iloc[-1] < 0.98 * total.iloc[0]
        else "stays"
    )
    first = (
        f"{where}: stock {verb} at {money(total.iloc[0], currency)}"
        if verb == "stays"
        else (
            f"{where}: stock {verb} from {money(total.iloc[0], currency)} in"
            f" {month(total.index[0])} to {money(total.iloc[-1], currency)} in"
            f" {month(total.index[-1])}"
        )
    )
    below = rows[
        (rows["target"] > 0)
        & (rows["units"] < rows["target"] - 0.5)
        & (rows["bucket"] == total.index[0])
    ]
    return (
        f"{first}; {count(len(below), 'item')} below target at the start" if len(below) else first
    )


def _backlog_title(rows):
    total = by_bucket(rows, ["closing", "late"])
    if total["late"].max() > 0.5:
        return (
            f"Customers wait longer than agreed from {month(total.index[total['late'] > 0.5][0])}:"
            f" up to {number(total['late'].max(), 0)} units are late"
        )
    return (
        f"No order is later than agreed; backlog goes from {number(total['closing'].iloc[0], 0)} to"
        f" {number(total['closing'].iloc[-1], 0)} units"
    )
