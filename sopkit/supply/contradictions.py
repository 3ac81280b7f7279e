"""Facts that contradict each other, found before and, if need be, after solving; the message names
the rows.
"""

import numpy as np

from sopkit.errors import PlanError


def check_facts(facts, limits, lots: bool) -> None:
    """Raise ``PlanError`` where a minimum is above a maximum or frozen production is above
    capacity.
    """
    items, ways = facts.items, facts.ways
    _refuse_items(
        facts,
        np.nan_to_num(items.ending_stock) > items.maximum_stock,
        "ending_stock",
        items.ending_stock,
        "maximum_stock",
        items.maximum_stock,
    )
    if lots:
        for name, least in (("minimum_lot", items.minimum_lot), ("lot_size", items.lot_size)):
            below = least[ways.item] > ways.limit * (1 + 1e-9)
            if below.any():
                shown = "; ".join(
                    f"{items.names[ways.item[w]]} from {ways.source[w]}: {name}"
                    f" {least[ways.item[w]]:g}, max_quantity {ways.limit[w]:g}"
                    for w in np.flatnonzero(below)[:5]
                )
                raise PlanError(
                    f"table sourcing: {int(below.sum())} max_quantity value(s) below the {name} of"
                    f" table items: {shown}; lower {name} or raise max_quantity"
                )
    frozen_load(facts, limits)


def frozen_load(facts, limits) -> None:
    """Raise ``PlanError`` where frozen production needs more hours than a resource can ever
    have.
    """
    staff = facts.resources
    held = facts.bill.load(limits.least, len(staff))
    most = most_hours(staff)
    over = held > most * (1 + 1e-9) + 1e-9
    if not over.any():
        return
    shown = []
    for resource, bucket in np.argwhere(over)[:5]:
        entries = np.flatnonzero(facts.bill.resource == resource)
        entries = entries[limits.least[facts.bill.way[entries], bucket] > 0]
        products = ", ".join(str(facts.items.names[facts.bill.item[e]]) for e in entries[:5])
        shown.append(
            f"{staff.names[resource]} in {facts.buckets[bucket].date()}: {held[resource, bucket]:g}"
            f" h frozen ({products}), {most[resource, bucket]:g} h there"
        )
    raise PlanError(
        f"table frozen, column production: {int(over.sum())} resource bucket(s) above capacity:"
        f" {'; '.join(shown)}; lower the frozen production or add hours, overtime or workers in"
        " resources"
    )


def most_hours(staff) -> np.ndarray:
    """The most hours each resource can ever work in each bucket: all overtime, and endless workers
    where hiring is possible.
    """
    hiring = staff.movable[:, None] & (~np.isnan(staff.hiring_cost)).cumsum(axis=1).astype(bool)
    start = np.where(staff.movable[:, None], staff.workers[:, :1], staff.workers)
    workers = np.where(hiring, 1e12, start)
    return staff.regular_capacity(workers) + staff.overtime_limit(workers)


def explain_infeasible(book, programme) -> PlanError:
    """The ``PlanError`` for facts that leave no plan at all: what may neither be late nor lost, or
    the hours that are missing.
    """
    facts = book.facts
    rigid = np.flatnonzero(np.isinf(facts.prices.lost))
    if len(rigid):
        shown = ", ".join(str(facts.items.names[i]) for i in rigid[:5])
        return PlanError(
            f"table items, column lost_sales_cost: {len(rigid)} item(s) may never be lost (inf) and"
            f" cannot all be served: {shown}; give lost_sales_cost a finite price, or add capacity,"
            " sources or stock"
        )
    held = np.argwhere(book.limits.frozen & (book.limits.least > 0))
    shown = "; ".join(
        f"{facts.items.names[facts.ways.item[w]]} in {facts.buckets[t].date()}:"
        f" {book.limits.least[w, t]:g}"
        for w, t in held[:5]
    )
    return PlanError(
        f"table frozen: {len(held)} frozen quantity(ies) cannot all be made with the hours and"
        f" workers there are: {shown or 'none'}; lower the frozen quantities or add hours, overtime"
        " or workers in resources"
    )


def _refuse_items(
    facts, wrong: np.ndarray, low_name: str, low: np.ndarray, high_name: str, high: np.ndarray
) -> None:
    if wrong.any():
        shown = "; ".join(
            f"{facts.items.names[i]}: {low_name} {low[i]:g}, {high_name} {high[i]:g}"
            for i in np.flatnonzero(wrong)[:5]
        )
        raise PlanError(
            f"table items: {int(wrong.sum())} item(s) with {low_name} above {high_name}: {shown};"
            f" lower {low_name} or raise {high_name}"
        )
