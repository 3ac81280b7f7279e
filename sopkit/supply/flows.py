"""What a plan does, in arrays and as the contract's tables: rolled forward from the quantities, so
that stock, backlog and shipments agree to the last digit.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from sopkit.supply.costs import before, per
from sopkit.supply.limits import unconstrained_load
from sopkit.supply.model import OWED, lot_sizes
from sopkit.supply.shelf import expiring
from sopkit.tables import PLANS

TINY = 1e-9  # what a solver leaves behind, relative to a usual quantity


@dataclass(frozen=True)
class Flows:
    """Units by (way, bucket) or (item, bucket), hours and workers by (resource, bucket)."""

    quantity: np.ndarray
    issued: np.ndarray  # to parents
    lost: np.ndarray
    stock: np.ndarray  # within its shelf life
    expired: np.ndarray  # stock past it
    backlog: np.ndarray
    late: np.ndarray
    load: np.ndarray
    overtime: np.ndarray
    workers: np.ndarray
    hired: np.ndarray
    laid_off: np.ndarray


def flows_of(facts, limits, values) -> Flows:
    """``Flows`` of a solution: arrays by the name of the model's variables."""
    units, workers = facts.units, values["workers"]
    quantity = np.clip(tidy(values["quantity"], units["way"]), limits.least, limits.most)
    if "lots" in values:
        size = lot_sizes(facts, limits, facts.lot_size)
        quantity = np.where(size > 0, size * np.round(values["lots"]), quantity)
    lost = np.clip(tidy(values["lost"], units["item"]), 0.0, None)
    issued = facts.parts_for(quantity) + limits.reserved
    owed = sum((values[name] for name in OWED if name in values), np.zeros(facts.shape))
    owed[np.setdiff1d(np.arange(len(owed)), facts.parts.item)] = 0.0
    parts = issued, tidy(owed, units["item"])
    stock, expired, backlog, late, lost = roll(facts, facts.by_item(quantity), lost, *parts)
    staff, load = facts.resources, facts.load(quantity) + limits.taken
    most = max(1.0, workers.max(initial=0.0))
    workers = tidy(workers, most)
    if "whole_workers" in values:
        workers = np.where(staff.movable, np.round(workers), workers)
    change = workers - before(workers, staff.workers[:, :1])
    change = tidy(np.where(staff.staffed, change, 0.0), 100 * most)
    overtime = _overtime(staff, load, values["overtime"], workers, "share" in values)
    return Flows(
        quantity=quantity,
        issued=issued,
        lost=lost,
        stock=stock,
        expired=expired,
        backlog=backlog,
        late=late,
        load=load,
        overtime=overtime,
        workers=workers,
        hired=np.maximum(change, 0.0),
        laid_off=np.maximum(-change, 0.0),
    )


def roll(facts, got, lost, issued=0.0, owed=0.0):
    """Saleable stock, stock past its shelf life, backlog, its late part and lost units when ``got``
    arrives and parents take what is ``issued``: what is not on hand is backlog, as is what is
    ``owed`` while stock is kept for parents; what remains at the end is lost.
    """
    lost, asked = lost.copy(), facts.demand - lost + issued
    gone = expiring(got + facts.receipts, asked, facts.opening, facts.shelf_life)
    net = facts.net(got, lost, facts.expiring - gone, -issued)
    backlog = np.maximum(-net, owed)
    stock = np.maximum(net + backlog, 0.0)
    backlog = np.maximum(backlog, 0.0)
    late = np.maximum(backlog - facts.recent, 0.0)
    end = np.s_[:, -1]
    # what an order customer still agrees to wait for is not lost
    spared = np.where(facts.to_order & (stock[end] == 0), -lost[end], 0.0)
    given_up = np.maximum(backlog[end] - facts.recent[end], spared)
    lost[end] += given_up
    backlog[end] -= given_up
    late[end] = 0.0
    rolled = stock, np.cumsum(gone, axis=1), backlog, late, lost
    return tuple(tidy(values, facts.units["item"]) for values in rolled)


def tidy(values, size) -> np.ndarray:
    """Values without solver dust: what is tiny against a usual ``size`` is 0."""
    return np.where(np.abs(values) < TINY * size, 0.0, values)


def _overtime(staff, load, planned, workers, level: bool) -> np.ndarray:
    """Overtime hours worked: no more than the load asks for beyond regular hours, unless overtime
    is planned on purpose.
    """
    needed, usual = np.maximum(load - staff.regular_capacity(workers), 0.0), np.maximum(1.0, load)
    wanted = np.maximum(tidy(planned, usual), needed)
    worked = np.where(level | staff.overtime_first, wanted, needed)
    return np.minimum(tidy(worked, usual), load)


def overtime_share(facts, flows: Flows) -> np.ndarray:
    """(item, bucket): the largest share of overtime among the resources that an item loads."""
    share, bill, largest = per(flows.overtime, flows.load), facts.bill, np.zeros(facts.shape)
    own = facts.ways.own[bill.way] & (bill.hours > 0)
    np.maximum.at(largest, bill.item[own], share[bill.resource[own]])
    return largest


def supply_plan(facts, flows: Flows, why) -> pd.DataFrame:
    """``supply_plan``: item, bucket, units, and why anything is late, lost or short."""
    made = facts.by_item(flows.quantity, "production")
    share = overtime_share(facts, flows)
    owed = facts.demand - flows.lost + before(flows.backlog, facts.backlog)
    columns = {
        "demand": facts.demand,
        "production": made * (1 - share),
        "overtime_production": made * share,
        "subcontracted": facts.by_item(flows.quantity, "subcontracted"),
        "purchased": facts.by_item(flows.quantity, "purchased"),
        "receipts": facts.receipts,
        "lost": flows.lost,
        "shipments": np.maximum(owed - flows.backlog, 0.0),
        "issued": flows.issued,
        "projected_available": flows.stock + flows.expired,
        "backlog": flows.backlog,
        "late": flows.late,
        "safety_stock": facts.safety_stock,
    }
    return facts.grid.frame(**columns, why=why)


def capacity_plan(facts, flows: Flows, shadow_price) -> pd.DataFrame:
    """``capacity_plan``: resource, bucket, hours, utilisation (of regular hours; of overtime where
    there are none) and what one more hour saves.
    """
    staff = facts.resources
    regular = staff.regular_capacity(flows.workers)
    limit = staff.overtime_limit(flows.workers)
    available = np.where(regular > 0, regular, limit)
    table = staff.grid.frame(
        load=flows.load,
        unconstrained_load=unconstrained_load(facts),
        regular_capacity=regular,
        overtime=flows.overtime,
        overtime_limit=limit,
        utilisation=per(flows.load, available),
        shadow_price=shadow_price,
    )
    return PLANS["capacity_plan"].conform(table)


def workforce_plan(facts, flows: Flows) -> pd.DataFrame:
    """``workforce_plan``: resource, bucket, workers, hired, laid off; only resources that have
    workers.
    """
    grid, staffed = facts.resources.grid, facts.resources.staffed
    moves = {name: getattr(flows, name) for name in ("workers", "hired", "laid_off")}
    return PLANS["workforce_plan"].conform(grid.frame(**moves)[staffed.ravel()])
