"""How customers were served, from the order lines: on time, in full, at the first try, and how
fast; and how a supply plan will serve them.

Lines shipped before they were ordered are data issues: left out and counted. A late line that is
not shipped yet stays in the denominator. ``by`` names columns of ``orders`` ("item", or ["item",
"market"], or any that were added); with it the answer is a Series indexed by them, without it a
float that says in ``.left_out`` how many lines were left out. ``window`` says what was on time, as
``on_time_delivery`` takes it.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd

from sopkit.errors import PlanError
from sopkit.metrics.forecast_errors import Counted, ratio
from sopkit.metrics.scopes import per_item, weights
from sopkit.tables import INPUTS, declared

BASES = {"promised": "promised_on", "requested": "requested_on"}
COUNTS = ("line", "order", "quantity")


class CycleTime(NamedTuple):
    """Days from order to shipment: median, P90, lines measured, lines left out (open or
    impossible).
    """

    median: float
    p90: float
    lines: int
    left_out: int


def on_time_delivery(orders, *, count="line", by=None, **window):
    """Lines (orders, or units) shipped within the window of the due date ÷ those due, a fraction.

    ``count`` is line, order (late if one line is) or quantity (units shipped on time ÷ units due).
    ``window``: basis (promised or requested), early (days before the due date; None = any earlier
    day), late (days after it), as_of (only what was due before that day counts).

    >>> orders = pd.DataFrame({"order": ["1", "1", "2"], "line": ["1", "2", "1"],
    ...     "quantity": [10, 30, 10],
    ...     "ordered_on": ["2026-01-01"] * 3, "promised_on": ["2026-01-09"] * 3,
    ...     "shipped_on": ["2026-01-08", "2026-01-09", None]})
    >>> round(on_time_delivery(orders), 4), on_time_delivery(orders,
    ...     count="order"), on_time_delivery(orders, count="quantity")
    (0.6667, 0.5, 0.8)
    """
    return _share(judged(orders, **window), count, by)


def otif(orders, *, count="order", by=None, **window):
    """Orders (or lines) on time *and* complete ÷ those due, a fraction; an order counts only when
    every line of it does.

    >>> orders = pd.DataFrame({"order": ["1", "2"], "line": ["1", "1"], "quantity": [10, 10],
    ...     "shipped_quantity": [10, 9],
    ...     "ordered_on": ["2026-01-01"] * 2, "promised_on": ["2026-01-09"] * 2,
    ...     "shipped_on": ["2026-01-09"] * 2})
    >>> otif(orders)
    0.5
    """
    return _share(_whole(orders, window), count, by)


def fill_rate(orders, *, by=None, **window):
    """Units shipped at the first try (by the due date) ÷ units ordered, a fraction: β, not cycle
    service α.

    A line without a due date was tried when it was shipped.

    >>> orders = pd.DataFrame({"order": ["1", "2"], "line": ["1", "1"], "quantity": [10, 10],
    ...     "shipped_quantity": [7, 10],
    ...     "ordered_on": ["2026-01-01"] * 2, "promised_on": ["2026-01-09"] * 2,
    ...     "shipped_on": ["2026-01-09", "2026-01-12"]})
    >>> fill_rate(orders)
    0.35
    """
    return _share(judged(orders, undated=True, **window), "quantity", by)


def perfect_order(orders, *, passed=None, **window):
    """Orders that pass every test ÷ orders due, a fraction, per order (never the product of the
    parts).

    The tests are on time and complete; ``passed`` adds others: a frame of ``order`` and one
    true/false column per test (undamaged, invoiced right, …); an order absent from it fails.

    >>> orders = pd.DataFrame({"order": ["1", "2"], "line": ["1", "1"], "quantity": [10, 10],
    ...     "ordered_on": ["2026-01-01"] * 2, "promised_on": ["2026-01-09"] * 2,
    ...     "shipped_on": ["2026-01-09"] * 2})
    >>> perfect_order(orders), perfect_order(orders, passed=pd.DataFrame({"order": ["1", "2"],
    ...     "undamaged": [True, False]}))
    (1.0, 0.5)
    """
    lines = _whole(orders, window)
    if passed is not None:
        tests = passed.set_index("order").astype(bool).all(axis=1)
        lines["on_time"] &= lines["order"].map(tests.groupby(level=0).all()).eq(True)
    return _share(lines, "order")


def order_cycle_time(orders, *, net=False, by=None):
    """Median and P90 of the days from order to shipment: a ``CycleTime``, or with ``by`` a frame of
    the same columns.

    Gross, or ``net`` of the wait that the customer asked for: max(0, shipped − requested), where a
    line without a requested date asked for no wait. Open lines are left out and counted with the
    impossible ones.

    >>> orders = pd.DataFrame({"order": list("123"), "line": list("111"), "quantity": [1] * 3,
    ...     "ordered_on": ["2026-01-01"] * 3,
    ...     "requested_on": ["2026-01-03"] * 3, "shipped_on": ["2026-01-05", "2026-01-02", None]})
    >>> order_cycle_time(orders), order_cycle_time(orders, net=True).median
    (CycleTime(median=2.5, p90=3.7, lines=2, left_out=1), 1.0)
    """
    lines = _dated(orders)
    done = lines["shipped_on"].notna() & ~shipped_before_ordered(lines)
    since = lines["requested_on"].fillna(lines["ordered_on"]) if net else lines["ordered_on"]
    days = ((lines["shipped_on"] - since).dt.days.clip(lower=0)).where(done)
    lines = lines.assign(days=days, out=~done)
    parts = lines if by is None else lines.groupby(_columns(by, lines))
    days, out = parts["days"], parts["out"]
    time = CycleTime(days.median(), days.quantile(0.9), days.count(), out.sum())
    if by is None:
        return CycleTime(*(np.asarray(number).item() for number in time))
    return pd.DataFrame(time._asdict())


def unserved(demand, late, lost=0.0):
    """Units of a bucket's new demand that are not served when they are due: min(demand, late +
    lost), of the arguments' shape.

    Backlog of earlier buckets still late is not missed again.

    >>> unserved([10, 10], late=np.array([25, 2]), lost=1).tolist()
    [10, 3]
    """
    return np.minimum(demand, late + lost)


def planned_service(supply_plan, items=None, cost=None) -> float:
    """Share of a plan's demand that is served when it is due, a fraction: 1 − Σ unserved ÷ Σ demand
    (the fill rate β of Silver, Pyke & Peterson, 1998, on planned buckets); NaN without demand.

    Items are added up in units, or where ``items`` differ in their unit of measure at ``cost``
    (their standard cost, a Series by item; their unit_cost without one).

    >>> plan = pd.DataFrame({"item": "A", "demand": [10.0, 10.0], "late": [3.0, 0.0],
    ...     "lost": [0.0, 2.0]})
    >>> planned_service(plan)
    0.75
    """
    weight = (
        1.0 if items is None else per_item(supply_plan, weights(declared(items, "items"), cost))
    )
    missed = unserved(supply_plan["demand"], supply_plan["late"], supply_plan["lost"])
    return 1 - ratio((missed * weight).sum(), (supply_plan["demand"] * weight).sum())


def short_by_market(supply_plan, demand_plan, priority=None) -> pd.DataFrame:
    """Item, market, bucket, ``wanted`` and ``short`` (units to date) where part of an item's demand
    is late or lost: markets without a number in ``priority`` are cut first, then from the highest
    number down; markets of the same rank in proportion to what they wanted.

    >>> supply = pd.DataFrame({"item": ["A"], "bucket": ["2026-11"], "late": 30.0, "lost": 10.0})
    >>> demand = pd.DataFrame({"item": "A", "market": ["home", "north", "south"],
    ...     "bucket": "2026-11", "consensus": [50.0, 20.0, 10.0]})
    >>> short_by_market(supply, demand, {"home": 1})["short"].tolist()
    [10.0, 20.0, 10.0]
    """
    cell, by_item = ["item", "bucket"], supply_plan.sort_values(["item", "bucket"])
    short = by_item["late"] + by_item.groupby("item")["lost"].cumsum()
    rows = demand_plan[["item", "market", "bucket"]].assign(
        rank=-demand_plan["market"].map(priority or {}).astype(float).fillna(np.inf)
    )
    rows["wanted"] = demand_plan.groupby(["item", "market"])["consensus"].cumsum()
    rows = rows.merge(by_item[cell].assign(short=short)[short > 1e-6], on=cell)
    level = rows.groupby([*cell, "rank"])["wanted"].sum()
    before = level.groupby(cell).cumsum() - level
    rows = rows.join(level.rename("level"), on=[*cell, "rank"])
    rows = rows.join(before.rename("before"), on=[*cell, "rank"])
    cut = (rows["short"] - rows["before"]).clip(0, rows["level"])
    rows["short"] = cut * rows["wanted"] / rows["level"].where(rows["level"] > 0, 1.0)
    return rows[[*cell[:1], "market", "bucket", "wanted", "short"]]


def shipped_before_ordered(orders) -> pd.Series:
    """True for each line whose shipping date lies before its order date: a data issue, not an early
    delivery.

    >>> shipped_before_ordered(pd.DataFrame({"ordered_on": ["2026-01-05"],
    ...     "shipped_on": ["2026-01-01"]})).tolist()
    [True]
    """
    return pd.to_datetime(orders["shipped_on"]) < pd.to_datetime(orders["ordered_on"])


def _dated(orders) -> pd.DataFrame:
    """The lines with every date, and what was shipped, as declared; blank where not given."""
    names = ["ordered_on", "requested_on", "promised_on", "shipped_on", "shipped_quantity"]
    return orders.assign(**INPUTS["orders"].typed(orders)[names])


def judged(orders, *, basis="promised", early=None, late=0, as_of=None, undated=False):
    """The lines due, each with on_time, complete, units (that arrived on time or not) and quantity.

    ``basis`` is promised or requested; the window is ``early`` days before (None = any earlier day)
    to ``late`` days after; with ``as_of`` only what was due before that day counts; an ``undated``
    line was due when it was shipped, if asked.
    """
    if basis not in BASES:
        raise PlanError(f"basis is {basis!r}; use one of: {', '.join(BASES)}")
    lines = _dated(orders)
    due, impossible = lines[BASES[basis]], shipped_before_ordered(lines)
    due = due.fillna(lines["shipped_on"]).fillna(lines["ordered_on"]) if undated else due
    counted = ~impossible & (due < pd.Timestamp(as_of or pd.Timestamp.max))
    days = (lines["shipped_on"] - due).dt.days
    shipped = lines["shipped_quantity"].fillna(orders["quantity"])
    shipped = shipped.where(lines["shipped_on"].notna(), 0.0)
    found = lines.assign(
        on_time=days.between(-np.inf if early is None else -early, late),
        complete=shipped.ge(orders["quantity"]),
        units=np.minimum(shipped, orders["quantity"]),
    )[counted]
    found.attrs["left_out"] = int(impossible.sum())
    return found


def _whole(orders, window):
    """The lines due, on time only where they are complete too."""
    lines = judged(orders, **window)
    return lines.assign(on_time=lines["on_time"] & lines["complete"])


def _share(lines, count, by=None):
    """Share of lines, orders or units on time: a Counted float, or a Series by the ``by``
    columns.
    """
    if count not in COUNTS:
        raise PlanError(f"count is {count!r}; use one of: {', '.join(COUNTS)}")
    due = lines["quantity"].astype("float64") if count == "quantity" else 1.0
    came = lines["units"] if count == "quantity" else 1.0
    keys = _columns(by, lines)
    parts = lines[keys].assign(top=lines["on_time"] * came, bottom=due)
    if count == "order":
        parts = parts.groupby([*keys, lines["order"]]).min().reset_index()
    if not keys:
        return Counted(ratio(parts["top"].sum(), parts["bottom"].sum()), lines.attrs["left_out"])
    sums = parts.groupby(keys)[["top", "bottom"]].sum()
    return (sums["top"] / sums["bottom"].replace(0.0, np.nan)).rename("value")


def _columns(by, lines) -> list:
    """``by`` as a list of columns that the lines have."""
    keys = [by] if isinstance(by, str) else list(by or [])
    unknown = [key for key in keys if key not in lines]
    if unknown:
        raise PlanError(
            f"by names {unknown}, which the orders do not have; use columns of:"
            f" {', '.join(map(str, lines.columns))}"
        )
    return keys
