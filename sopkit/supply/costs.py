"""Prices that steer the plan, and what a finished plan costs by kind."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from sopkit.grid import fold
from sopkit.tables import PLANS


@dataclass(frozen=True)
class Prices:
    """Money per unit (and bucket, for holding and backlog): columns, one row per item."""

    holding: np.ndarray
    backlog: np.ndarray  # inf = may not be late
    lost: np.ndarray  # inf = may not be lost
    shortfall: np.ndarray  # of safety stock
    ending: np.ndarray  # of an explicit ending stock: more than anything it could be sold for
    kept: np.ndarray  # of safety stock where the plan's hidden part ends: more than it cost to get
    price: np.ndarray  # what a lost unit would have brought; unknown: what losing it costs


def steering_prices(items, ways, bill, resources, settings, grid) -> Prices:
    """The contract's default prices where a cell is blank.

    Holding = unit_cost × holding_rate ÷ buckets a year; backlog = max(2 × holding, price ×
    backlog_rate ÷ buckets a year); lost sales = 10 × max(price, dearest way to get a unit) +
    horizon × (holding + backlog); a unit short of safety stock costs half of (holding + backlog).
    An explicit ending stock is worth more than what its hours could serve instead.
    """
    known, per_year = items["price"].fillna(0.0), grid.calendar.per_year
    usual = items["unit_cost"] * settings["holding_rate"] / per_year
    holding = items["holding_cost"].fillna(usual)
    usual = np.maximum(2 * holding, known * settings["backlog_rate"] / per_year)
    backlog = items["backlog_cost"].fillna(usual)
    late = backlog.where(np.isfinite(backlog), holding)
    cost, count = dearest(ways, bill, resources), grid.shape[1]
    usual = 10 * np.maximum(known, cost)
    usual = (usual + count * (holding + late)).replace(0.0, 1.0)
    lost = items["lost_sales_cost"].fillna(usual)
    finite = lost.where(np.isfinite(lost), usual)
    price = items["price"].fillna(finite)
    ending = np.maximum(finite, instead(finite.to_numpy(), bill, len(resources)))
    ending, kept = ending + cost + (count + 1) * (holding + late), cost + holding
    prices = holding, backlog, lost, (holding + late) / 2, ending, kept, price
    return Prices(*(money.to_numpy()[:, None] for money in prices))


def instead(lost, bill, resources: int) -> np.ndarray:
    """Money/unit (by item) of what the hours of a unit could save from being lost."""
    most = np.zeros(resources)
    np.maximum.at(most, bill.resource, per(lost[bill.item], bill.hours))
    return np.bincount(bill.item, bill.hours * most[bill.resource], len(lost))


def per(part, whole) -> np.ndarray:
    """part ÷ whole, 0 where the whole is nothing or endless."""
    return part / np.where(whole > 0, whole, np.inf)


def dearest(ways, bill, resources) -> np.ndarray:
    """Money/unit of the dearest way to get each item, hours at the dearer of regular and
    overtime.
    """
    hour = np.maximum(resources.regular_cost, resources.overtime_cost).max(axis=1, initial=0.0)
    cost = ways.unit_cost.copy()
    np.add.at(cost, bill.way, bill.hours * hour[bill.resource])
    return pd.Series(cost).groupby(ways.item).max().to_numpy()


def charged(quantity, opening, holding: str) -> np.ndarray:
    """What a bucket is charged for: its end, or the mean of its start and end
    (``holding="average"``).

    >>> charged(np.array([[100.0, 0.0]]), np.array([0.0]), "average").tolist()
    [[50.0, 50.0]]
    """
    if holding == "end":
        return quantity
    return (quantity + before(quantity, opening)) / 2


def before(quantity, opening) -> np.ndarray:
    """What stood at the end of the bucket before each, in the first one the ``opening``.

    >>> before(np.array([[1.0, 2.0]]), np.array([5.0])).tolist()
    [[5.0, 1.0]]
    """
    return np.column_stack([opening, quantity[:, :-1]])


def _of_items(facts, flows, holding) -> dict[str, np.ndarray]:
    """Money of a finished plan by kind, item × bucket; what is bought at what its source asks."""
    ways, prices = facts.ways, facts.prices
    bought = ways.unit_cost[:, None] * flows.quantity
    made, subcontract, purchase, transport = (
        facts.by_item(bought, kind)
        for kind in ("production", "subcontracted", "purchased", "transferred")
    )
    missing = np.fmax(facts.required - flows.stock, 0)
    # an order customer's opening backlog counts as late only when it is
    opening = np.where(facts.to_order, 0.0, facts.backlog)
    late, stock = charged(flows.late, opening, holding), flows.stock + flows.expired
    # what may not be late or lost is not: only the backlog before the plan was late
    waiting, losing = (np.nan_to_num(one, posinf=0.0) for one in (prices.backlog, prices.lost))
    return {
        "material": made,
        "subcontract": subcontract,
        "purchase": purchase,
        "transport": transport,
        "holding": prices.holding * charged(stock, facts.on_hand, holding)
        + facts.by_item(facts.in_transit * flows.quantity),
        "backlog": waiting * late,
        "lost_sales": losing * flows.lost,
        "safety_stock": prices.shortfall * np.maximum(facts.safety_stock - flows.stock, 0),
        "ending_stock": prices.ending * missing,
    }


def _of_resources(facts, flows) -> dict[str, np.ndarray]:
    """Money of a finished plan by kind, resource × bucket: the hours paid, overtime, moves."""
    staff = facts.resources
    worked = np.maximum(flows.load - flows.overtime, 0)
    crew = flows.workers * staff.hours_per_worker + np.maximum(staff.extra, 0.0)
    paid = np.where(staff.staffed, crew, worked)
    return {
        "regular_labour": staff.regular_cost * paid,
        "overtime": staff.overtime_cost * flows.overtime,
        "hiring": np.nan_to_num(staff.hiring_cost) * flows.hired,
        "layoff": np.nan_to_num(staff.layoff_cost) * flows.laid_off,
    }


def costs_of(facts, flows, holding: str) -> pd.Series:
    """Money of a finished plan by kind: the sum of all is the objective."""
    kinds = _of_items(facts, flows, holding) | _of_resources(facts, flows)
    sums = {kind: money.sum(axis=0).sum() for kind, money in kinds.items()}
    return pd.Series(sums, name="cost").rename_axis("kind")


def plan_costs(facts, flows, holding: str) -> pd.DataFrame:
    """The declared ``plan_costs``: the same money by what it is for and whose it is.

    What is bought costs its standard cost, and what its source asks and
    takes of own hours beyond that is the source_premium; other hours worked cost their regular
    rate, overtime is a premium on it, and hours paid but not worked are idle. What is less than a
    millionth is nothing.
    """
    items, staff = _of_items(facts, flows, holding), _of_resources(facts, flows)
    regular, made = facts.resources.regular_cost, facts.ways.own[:, None]
    theirs, bill = np.where(made, 0.0, flows.quantity), facts.bill
    standard = facts.standard_cost[:, None]
    hours = bill.hours[:, None] * theirs[bill.way] * regular[bill.resource]
    premium = fold(hours, bill.item, facts.shape[0])
    for kind, bought in (("subcontract", "subcontracted"), ("purchase", "purchased")):
        paid, items[kind] = items[kind], standard * facts.by_item(flows.quantity, bought)
        premium = premium + paid - items[kind]
    items["source_premium"] = premium
    worked = regular * np.maximum(flows.load, flows.overtime)
    premium = staff.pop("overtime") - regular * flows.overtime
    idle = staff["regular_labour"] - worked + regular * flows.overtime
    worked = worked - regular * facts.load(theirs)
    staff |= {"regular_labour": worked, "overtime_premium": premium, "idle": idle}
    parts = [
        grid.frame(**money)
        .rename(columns={grid.keys[0]: "name"})
        .melt(["name", "bucket"], var_name="kind", value_name="money")
        for grid, money in ((facts.grid, items), (facts.resources.grid, staff))
    ]
    return PLANS["plan_costs"].conform(pd.concat(parts).query("abs(money) > 1e-6"))


def order_by(bucket, lead, calendar, first) -> pd.Series:
    """The day to order what arrives in a bucket, ``lead`` buckets before it begins (a part of one
    in days), and not before the ``first`` day of the plan.

    >>> from sopkit.buckets import Calendar
    >>> months = pd.Series(pd.to_datetime(["2026-11-01", "2027-02-01"]))
    >>> days = order_by(months, np.array([2.0, 1.5]), Calendar("month"), pd.Timestamp("2026-11-01"))
    >>> days.dt.strftime("%d %b %Y").tolist()
    ['01 Nov 2026', '16 Dec 2026']
    """
    whole = np.ceil(lead)
    begins = calendar.stamp(calendar.number(bucket) - whole.astype(int))
    days = (calendar.last_day(begins) - begins).days + 1
    late = begins + pd.to_timedelta(np.floor((whole - lead) * days), unit="D")
    return pd.Series(np.maximum(late, first), bucket.index)


def sourcing_plan(facts, flows) -> pd.DataFrame:
    """The declared ``sourcing_plan``: every unit that is subcontracted or purchased, by its source
    ((none) where it has none), where it arrives, when to order it by the source's lead time, and
    what the source asks for it.
    """
    ways = facts.ways
    theirs = np.isin(ways.kind, ["subcontracted", "purchased"])
    bought = np.where(theirs[:, None], flows.quantity, 0.0)
    table = facts.by_way(quantity=bought, cost=ways.unit_cost[:, None] * bought)
    lead = ways.lead.repeat(facts.shape[1])
    table["order_by"] = order_by(table["bucket"], lead, facts.grid.calendar, facts.buckets[0])
    return PLANS["sourcing_plan"].conform(table.query("quantity != 0"))
