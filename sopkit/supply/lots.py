"""Lot sizes and minimum lots: whole numbers of lots, all or nothing up to the minimum."""

import numpy as np


def lot_constraints(book) -> None:
    """What is got is a whole number of lots, and either nothing or at least the minimum lot (frozen
    buckets stay as they are).
    """
    items, ways, limits = book.facts.items, book.facts.ways, book.limits
    free = ~limits.frozen & (limits.most > 0)
    size = np.where(free, items.lot_size[ways.item][:, None], 0.0)
    if (size > 0).any():
        most = most_lots(book.facts, limits, np.where(size > 0, size, 1.0))
        number = book.variable(
            "lots", 0, np.where(size > 0, most, 0.0), "way", "bucket", integer=True
        )
        book.model.add_constraints(
            book["quantity"] - book.array(size, "way", "bucket") * number == 0,
            name="whole_lots",
            mask=book.array(size > 0, "way", "bucket").astype(bool),
        )
    least = np.where(free, items.minimum_lot[ways.item][:, None], 0.0)
    if (least > 0).any():
        step = np.where(size > 0, size, 1.0)
        most = np.maximum(most_lots(book.facts, limits, step) * step, least)
        runs = book.variable(
            "runs", 0, np.where(least > 0, 1.0, 0.0), "way", "bucket", integer=True
        )
        mask = book.array(least > 0, "way", "bucket").astype(bool)
        book.model.add_constraints(
            book["quantity"] - book.array(least, "way", "bucket") * runs >= 0,
            name="minimum_lot",
            mask=mask,
        )
        book.model.add_constraints(
            book["quantity"] - book.array(most, "way", "bucket") * runs <= 0,
            name="nothing_or_more",
            mask=mask,
        )


def most_lots(facts, limits, size: np.ndarray) -> np.ndarray:
    """More lots than any sensible bucket needs: all demand from here on and the highest stock asked
    for, in one bucket.
    """
    wanted = (
        facts.demand.sum(axis=1)
        + facts.backlog
        + np.maximum(facts.safety_stock.max(axis=1), np.nan_to_num(facts.items.ending_stock))
    )
    wanted = (wanted + facts.items.minimum_lot)[facts.ways.item][:, None]
    return (
        np.ceil(np.minimum(np.where(np.isfinite(limits.most), limits.most, np.inf), wanted) / size)
        + 1
    )
