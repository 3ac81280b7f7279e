"""Why a unit is late, lost or short of safety stock: what holds it, and with what share."""

import numpy as np

VISIBLE = 0.005  # shares below half a per cent are left out


def reasons(facts, limits, flows, worth) -> np.ndarray:
    """(item, bucket) text, empty where nothing is late, lost or short: the binding limits with
    their share of the unit's price.

    A unit of an item is worth what it saves; that worth, less what the cheapest way to get it
    costs, is exactly the sum of the prices of the hours it would take and of the limits on that
    way.
    """
    text = np.full(facts.shape, "", dtype="object")
    scale = 1e-6 * max(1.0, float(facts.demand.max(initial=0.0)))
    short = np.maximum(facts.safety_stock - flows.stock, 0.0)
    cells = np.argwhere((flows.late > scale) | (flows.lost > scale) | (short > scale))
    if not len(cells):
        return text
    entries = _by_way(facts)
    ways = (
        [np.flatnonzero(facts.ways.item == i) for i in range(facts.shape[0])]
        if facts.shape[0] < 50
        else _ways_by_item(facts)
    )
    for item, bucket in cells:
        what = (
            "lost"
            if flows.lost[item, bucket] > scale
            else "late"
            if flows.late[item, bucket] > scale
            else "below safety stock"
        )
        text[item, bucket] = (
            f"{what}: {_held(facts, limits, flows, worth, entries, ways[item], bucket)}"
        )
    return text


def _held(facts, limits, flows, worth, entries, ways, bucket) -> str:
    """The parts of one cell's price, largest first."""
    parts: dict[str, float] = {}
    for way in ways:
        for resource, hours in entries.get(way, ()):
            _add(
                parts,
                _resource_phrase(facts, flows, resource, bucket),
                hours * worth.hour[resource, bucket],
            )
        _add(
            parts,
            _limit_phrase(facts, limits, way, bucket),
            (
                -worth.quantity[way, bucket]
                if not limits.frozen[way, bucket]
                else abs(worth.quantity[way, bucket])
            ),
        )
    total = sum(parts.values())
    if total <= 0:
        return "cheaper than more stock, overtime, hiring or a dearer source"
    ranked = sorted(parts.items(), key=lambda part: (-part[1], part[0]))
    return ", ".join(
        f"{name} {price / total:.0%}" for name, price in ranked if price / total >= VISIBLE
    )


def _resource_phrase(facts, flows, resource: int, bucket: int) -> str:
    staff = facts.resources
    name = f"resource {staff.names[resource]} full"
    if staff.movable[resource]:
        return f"{name} (workforce)"
    limit = staff.overtime_limit(flows.workers)[resource, bucket]
    return (
        f"{name} with overtime"
        if limit > 0 and flows.overtime[resource, bucket] >= limit * (1 - 1e-6)
        else name
    )


def _limit_phrase(facts, limits, way: int, bucket: int) -> str:
    if limits.frozen[way, bucket]:
        return "planning fence"
    source = facts.ways.source[way]
    if bucket < facts.ways.opens[way]:
        return f"lead time of {source}" if source else "lead time"
    return f"supplier {source} at its limit" if source else "limit"


def _add(parts: dict[str, float], name: str, price: float) -> None:
    if price > 1e-9:
        parts[name] = parts.get(name, 0.0) + price


def _by_way(facts) -> dict[int, list[tuple[int, float]]]:
    entries: dict[int, list[tuple[int, float]]] = {}
    for way, resource, hours in zip(
        facts.bill.way.tolist(), facts.bill.resource.tolist(), facts.bill.hours.tolist()
    ):
        entries.setdefault(way, []).append((resource, hours))
    return entries


def _ways_by_item(facts) -> list[np.ndarray]:
    ends = np.searchsorted(facts.ways.item, np.arange(facts.shape[0] + 1))
    return [np.arange(ends[i], ends[i + 1]) for i in range(facts.shape[0])]
