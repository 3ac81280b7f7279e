"""Facts that contradict each other, found before and, if need be, after solving; the message names
the rows.
"""

import numpy as np

from sopkit.errors import PlanError
from sopkit.supply.limits import most_hours


def check_facts(facts, limits) -> None:
    """Raise ``PlanError`` where frozen production is above capacity."""
    held = facts.load(limits.least)
    most = most_hours(facts)
    over = [
        f"{facts.resources.names[r]} in {facts.buckets[t].date()}: {held[r, t]:g} h frozen"
        f" ({_frozen_items(facts, limits, r, t)}), {most[r, t]:g} h there"
        for r, t in np.argwhere(held > most * (1 + 1e-9) + 1e-9)
    ]
    if over:
        raise PlanError(
            f"table frozen, column production: {len(over)} resource bucket(s) above capacity:"
            f" {'; '.join(over[:5])}; lower the frozen production or add hours, overtime or workers"
            " in resources"
        )


def explain_infeasible(facts, limits) -> PlanError:
    """The ``PlanError`` for facts that leave no plan at all: what may neither be late nor lost, or
    the hours that are missing.
    """
    names = facts.names
    rigid = names[np.isinf(facts.prices.lost)[:, 0]]
    if len(rigid):
        return PlanError(
            f"table items, column lost_sales_cost: {len(rigid)} item(s) may never be lost (inf) and"
            f" cannot all be served: {', '.join(map(str, rigid[:5]))}; give lost_sales_cost a"
            " finite price, or add capacity, sources or stock"
        )
    held = np.argwhere(limits.frozen & (limits.least > 0))
    if not len(held):
        return PlanError(
            "no plan meets all limits, and none is frozen: numbers may lie too far apart; look for"
            " a wrong unit in demand, hours_per_unit, hours or workers, or try strategy optimal"
        )
    shown = "; ".join(
        f"{names[facts.ways.item[w]]} in {facts.buckets[t].date()}: {limits.least[w, t]:g}"
        for w, t in held[:5]
    )
    return PlanError(
        f"table frozen: {len(held)} frozen quantity(ies) cannot all be made with the hours,"
        f" workers{' and parts' * bool(len(facts.parts.way))} there are: {shown}; lower the frozen"
        " quantities or add hours, overtime or workers in resources, or stock of their parts"
    )


def _frozen_items(facts, limits, resource: int, bucket: int) -> str:
    bill = facts.bill
    held = bill.item[(bill.resource == resource) & (limits.least[bill.way, bucket] > 0)]
    return ", ".join(map(str, facts.names[held[:5]]))
