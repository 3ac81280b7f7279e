"""Charts of the production, capacity, inventory and customer lead-time plans."""

import numpy as np

from sopkit.charts.axes import Panel, timeline
from sopkit.charts.measure import by_bucket, lacking, year_before
from sopkit.charts.style import COLOURS, nothing, sheet, styled
from sopkit.charts.words import (
    clean,
    count,
    is_money,
    listing,
    money,
    number,
    percent,
    quantity,
)
from sopkit.metrics.scopes import SUPPLIED, per_item, used

SOURCES = {
    "made": ("supply", ["production", "overtime_production"]),
    "bought": ("purchased", ["subcontracted", "purchased"]),
    "on order": ("capacity", ["receipts"]),
}
LEVELS = ["projected_available", "backlog", "late", "safety_stock"]
FEW = 0.01  # of a bucket's demand: what is late beyond it is more than an exception


@styled
def supply_chart(supply_plan, view, family=None):
    """Demand against what is made and bought, and below it the stock and backlog that follow."""
    flows = ["demand", "used", *SUPPLIED, "lost", *LEVELS]
    rows, unit = view.addable(used(view.next_year(supply_plan)), flows, family=family)
    where = clean(family or "All items", 40)
    if rows.empty or not unit:
        feed = "run step 3: its supply plan feeds this chart"
        return nothing(f"{where}: nothing to plan", lacking(rows, feed))
    total = by_bucket(rows, flows)
    size, start = view.calendar.size, total.index[0]
    sold, held = (
        by_bucket(view.addable(year_before(view, table), [of], family=family)[0], of)
        for table, of in (("history", "demand"), ("inventory_history", "on_hand"))
    )
    chart, (above, below) = timeline(
        view,
        [*total.to_numpy().ravel(), *sold],
        unit,
        _supply_title(rows, total, unit, where, view.calendar),
        f"per {size}, {where}; above demand and sources, below stock{' at cost' * is_money(unit)}"
        f" and backlog (solid: late) at the {size}'s end; dark: sold and counted",
        many=2,
        height=1.5,
    )
    above.bars(sold, "history", planned=False)
    bottom = 0.0
    for name, (colour, columns) in SOURCES.items():
        units = total[columns].sum(axis=1)
        if units.sum() > 1e-9:
            above.bars(units, colour, name, bottom)
            bottom = bottom + units.to_numpy()
    words = "demand" if (total["used"] == total["demand"]).all() else "demand and use"
    above.line(total["used"], "consensus", words, linewidth=2.2, marker="o", markersize=3)
    above.extremes(total["used"])
    above.done(start=start, word="sold | planned")
    below.at(sold.index)
    below.bars(held, "history", planned=False)
    below.bars(total["projected_available"], "stock", "stock")
    if total["backlog"].sum() > 1e-9:
        below.bars(-total["backlog"], "backlog", "− backlog")
        below.bars(-total["late"], "backlog", planned=False)
    if total["safety_stock"].sum() > 1e-9:
        dashes = {"drawstyle": "steps-mid", "linewidth": 1.2, "linestyle": "--"}
        below.line(total["safety_stock"], "quiet", "safety stock", **dashes)
    below.done(start=start, word="")
    return chart


@styled
def capacity_chart(capacity_plan, view):
    """Load against capacity of the six fullest resources, as small multiples."""
    if capacity_plan.empty:
        return nothing(
            "Capacity is unlimited in this plan",
            "feed resources and their hours per unit to plan with capacity",
        )
    capacity_plan = view.next_year(capacity_plan)
    regular = capacity_plan["regular_capacity"]
    rows = capacity_plan.assign(
        ratio=(capacity_plan["load"] / regular.where(regular > 0)).fillna(0.0),
        limit=regular + capacity_plan["overtime_limit"].fillna(0),
    ).replace(np.inf, np.nan)
    full = rows.groupby("resource")["ratio"].max().sort_values(ascending=False, kind="stable")
    names, rest = full.index[:6], len(full) - 6
    left_out = f"; {count(rest, 'other resource')} less loaded" if rest > 0 else ""
    chart, grid = sheet(
        _capacity_title(rows, view.calendar),
        f"hours per {view.calendar.size}; bars load (light: overtime), step regular"
        f" capacity, dashes with overtime, rings load without limits{left_out}",
        many=len(names),
        columns=2,
        height=1.4,
        right=0.25,
        headed=True,
    )
    for ax, name in zip(grid.flat, names):
        _capacity(ax, rows.query("resource == @name").set_index("bucket"), name, view)
    return chart


def _capacity(ax, rows, name, view):
    panel = Panel(ax, view.calendar)
    overtime = np.minimum(rows["overtime"].fillna(0), rows["load"])
    panel.bars(rows["load"] - overtime, "supply")
    panel.bars(overtime, "overtime", bottom=rows["load"] - overtime)
    x = panel.at(rows.index)
    edges = np.append(x - 0.5, x[-1] + 0.5)
    for column, width, style in (("regular_capacity", 1.8, "-"), ("limit", 1.1, (0, (4, 2)))):
        look = {"color": COLOURS["capacity"], "linewidth": width, "linestyle": style}
        ax.stairs(rows[column], edges, baseline=None, **look)
    wanted, rings = rows["unconstrained_load"], {"marker": "o", "markersize": 3}
    panel.line(wanted, "consensus", linewidth=0, markerfacecolor="white", **rings)
    worth = rows["shadow_price"].max()
    hour = f", one more hour saves up to {money(worth, view.currency)}" if worth > 1e-6 else ""
    peak = percent(rows["ratio"].max(), 0)
    panel.done(f"{clean(name, 24)}: peak {peak}{hour}", most=6)


@styled
def inventory_chart(inventory_plan, view, family=None, *, last):
    """Stock in money at the end of every bucket, last cycle's plan dotted."""
    rows = view.chosen(view.next_year(inventory_plan), family=family)
    where = clean(family or "All items", 40)
    if rows.empty:
        return nothing(f"{where}: no stock is planned", "feed items and inventory")
    total = by_bucket(rows, "value")
    triangles = "" if last.empty else "; triangles: last cycle"
    chart, (panel,) = timeline(
        view,
        total.to_numpy(),
        view.currency,
        _inventory_title(total, where, view),
        f"at the {view.calendar.size}'s end, at standard cost, {where}{triangles}",
        height=2.1,
    )
    past = view.chosen(year_before(view, "inventory_history"), family=family)
    past = past.assign(value=past["on_hand"].clip(lower=0) * per_item(past, view.book.cost))
    panel.bars(by_bucket(past, "value"), "history", planned=False)
    panel.bars(total, "stock", "stock")
    before = by_bucket(view.chosen(last, family=family), "value")
    panel.before(before[before.index.isin(total.index)])
    panel.extremes(total)
    panel.done(start=total.index[0], word="counted | planned")
    return chart


def _supply_title(rows, total, unit, where, calendar):
    lost = total["lost"].sum()
    if lost > 0.5:
        end = calendar.name(total.index[-1])
        return f"{where}: {quantity(round(lost), unit)} of demand cannot be served by {end}"
    least = max(0.5, 1e-6 * total["demand"].max())
    late = total["late"]
    most = f"{quantity(round(late.max()), unit)} late, in {calendar.name(late.idxmax())}"
    if (late > FEW * total["demand"]).any():
        when = _lasting(late, least, calendar)
        return f"{where}: supply is late {when}; up to {most}"
    if (late > least).any():
        return f"{where}: nearly every demand is met on time; at most {most}"
    short = rows[rows["projected_available"] < 0.99 * rows["safety_stock"] - 1e-6]
    if len(short):
        return (
            f"{where}: every demand is met on time; {count(short['item'].nunique(), 'item')} below"
            f" safety stock, in {short['bucket'].nunique()} of {count(len(total), calendar.size)}"
        )
    asked = total["safety_stock"].sum() > least
    held = "stock stays at or above safety stock" if asked else "no safety stock is asked for"
    return f"{where}: every demand is met on time and {held}"


def _lasting(late, least, calendar):
    """Since when something is late where that lasts, else in how many buckets."""
    if late.iloc[-1] > least:
        return f"from {calendar.name(late.index[late > least][0])}"
    return f"in {(late > least).sum()} of {count(len(late), calendar.size)}"


def _capacity_title(rows, calendar):
    excess = rows["unconstrained_load"] - rows["limit"]
    beyond, over = rows[excess > 0.5], rows[rows["load"] > rows["regular_capacity"] + 0.5]
    if len(beyond):
        worst, first = rows.loc[excess.idxmax()], beyond["bucket"].min()
        return (
            f"Demand exceeds capacity first in {calendar.name(first)}, on"
            f" {listing(sorted(beyond.loc[beyond['bucket'] == first, 'resource']))}, at most by"
            f" {number(excess.max(), 0)} h ({clean(worst['resource'], 30)},"
            f" {calendar.name(worst['bucket'])})"
        )
    if len(over):
        return (
            f"The plan needs overtime on {listing(sorted(over['resource'].unique()))}, first in"
            f" {calendar.name(over['bucket'].min())}"
        )
    peak = rows.loc[rows["ratio"].idxmax()]
    return (
        f"Load stays within regular capacity; the peak is {percent(peak['ratio'], 0)}"
        f" ({clean(peak['resource'], 30)}, {calendar.name(peak['bucket'])})"
    )


def _inventory_title(total, where, view):
    currency, named = view.currency, view.calendar.name
    begins, ends = total.iloc[0], total.iloc[-1]
    text = f"{where}: stock stays at {money(begins, currency)}"
    if abs(ends - begins) > 0.02 * begins:
        text = (
            f"{where}: stock {'rises' if ends > begins else 'falls'} from"
            f" {money(begins, currency)} in {named(total.index[0])} to {money(ends, currency)} in"
            f" {named(total.index[-1])}"
        )
    return text
