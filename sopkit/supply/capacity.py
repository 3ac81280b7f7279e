"""Constraints of resources: hours, overtime, the workforce, and the level strategy's equal
shares.
"""

import numpy as np


def capacity_constraints(book, strategy, whole_workers: bool) -> None:
    """All constraints of resources."""
    workforce_variables(book, strategy, whole_workers)
    hours(book, strategy)
    ceiling(book)
    overtime_per_worker(book)
    workforce(book)
    if strategy.level:
        equal_shares(book)


def workforce_variables(book, strategy, whole_workers: bool) -> None:
    """Workers, hired, laid off (both only before the first bucket in a level plan) and overtime
    hours.
    """
    staff = book.facts.resources
    movable = staff.movable[:, None]
    moves = np.where(movable, np.inf, 0.0) * np.ones(staff.hours.shape)
    if strategy.level:
        moves[:, 1:] = 0.0
    given = np.where(movable, 0.0, staff.workers)
    book.variable(
        "workers",
        given,
        np.where(movable, np.inf, given),
        "resource",
        "bucket",
        integer=whole_workers and bool(staff.movable.all()),
    )
    book.variable(
        "hired", 0, np.where(np.isnan(staff.hiring_cost), 0.0, moves), "resource", "bucket"
    )
    book.variable(
        "laid_off", 0, np.where(np.isnan(staff.layoff_cost), 0.0, moves), "resource", "bucket"
    )
    book.variable("overtime", 0, staff.overtime_hours, "resource", "bucket")
    if whole_workers and staff.movable.any() and not staff.movable.all():
        _whole(book, staff.movable)


def hours(book, strategy) -> None:
    """load ≤ regular hours + overtime."""
    staff = book.facts.resources
    fixed = np.where(staff.staffed[:, None], 0.0, staff.hours)
    limited = np.isfinite(fixed)
    spare = (
        load(book)
        - book["overtime"]
        - book.array(staff.hours_per_worker, "resource", "bucket") * book["workers"]
    )
    book.model.add_constraints(
        spare <= book.array(np.where(limited, fixed, 0.0), "resource", "bucket"),
        name="hours",
        mask=book.array(limited, "resource", "bucket").astype(bool),
    )
    cheaper = (
        ~staff.staffed[:, None]
        & (staff.overtime_cost < staff.regular_cost)
        & (staff.overtime_hours > 0)
    )
    if cheaper.any():
        book.model.add_constraints(
            load(book) - book["overtime"] >= 0,
            name="overtime_within_load",
            mask=book.array(cheaper, "resource", "bucket").astype(bool),
        )


def load(book):
    """Hours per resource and bucket = Σ hours per unit × quantity."""
    import xarray

    facts = book.facts
    entry = np.arange(len(facts.bill.way))
    way = xarray.DataArray(facts.bill.way, dims="entry", coords={"entry": entry})
    per_unit = xarray.DataArray(facts.bill.hours, dims="entry", coords={"entry": entry})
    resource = xarray.DataArray(
        facts.bill.resource, dims="entry", coords={"entry": entry}, name="resource"
    )
    made = (1 * book["quantity"]).sel(way=way).drop_vars("way")
    used = (made * per_unit).groupby(resource).sum()
    return used.reindex(resource=book.coords["resource"]).fillna(0)


def ceiling(book) -> None:
    """A workforce works no more regular hours than its plant is open."""
    staff = book.facts.resources
    capped = staff.staffed[:, None] & np.isfinite(staff.hours)
    if capped.any():
        book.model.add_constraints(
            load(book) - book["overtime"]
            <= book.array(np.where(capped, staff.hours, 0.0), "resource", "bucket"),
            name="ceiling",
            mask=book.array(capped, "resource", "bucket").astype(bool),
        )


def overtime_per_worker(book) -> None:
    """overtime ≤ overtime per worker × workers."""
    staff = book.facts.resources
    limited = ~np.isnan(staff.overtime_per_worker)
    if limited.any():
        each = book.array(np.nan_to_num(staff.overtime_per_worker), "resource", "bucket")
        book.model.add_constraints(
            book["overtime"] - each * book["workers"] <= 0,
            name="overtime_per_worker",
            mask=book.array(limited, "resource", "bucket").astype(bool),
        )


def workforce(book) -> None:
    """workers = workers a bucket ago + hired − laid off."""
    staff = book.facts.resources
    if not staff.movable.any():
        return
    opening = np.zeros(staff.workers.shape)
    opening[:, 0] = staff.workers[:, 0]
    book.model.add_constraints(
        book["workers"]
        - book["workers"].shift(bucket=1).fillna(0)
        - book["hired"]
        + book["laid_off"]
        == book.array(opening, "resource", "bucket"),
        name="workforce",
        mask=book.array(
            np.repeat(staff.movable[:, None], opening.shape[1], axis=1), "resource", "bucket"
        ).astype(bool),
    )


def equal_shares(book) -> None:
    """In a level plan every bucket uses the same share of its regular hours (buckets that fences or
    lead times hold are free).
    """
    staff = book.facts.resources
    share = book.model.add_variables(
        lower=book.array(np.zeros(len(staff)), "resource"), name="share"
    )
    free = level_buckets(book.facts, book.limits)
    book.model.add_constraints(
        load(book) - book["overtime"] - book.array(level_hours(staff), "resource", "bucket") * share
        == 0,
        name="equal_shares",
        mask=book.array(free, "resource", "bucket").astype(bool),
    )
    book.model.add_constraints(
        share - book["workers"].isel(bucket=0, drop=True) <= 0,
        name="share_of_workers",
        mask=book.array(staff.movable, "resource").astype(bool),
    )
    whole = ~staff.movable & np.isfinite(staff.hours).all(axis=1) | (staff.staffed & ~staff.movable)
    if whole.any():
        book.model.add_constraints(
            share <= 1, name="share_of_hours", mask=book.array(whole, "resource").astype(bool)
        )


def level_hours(staff) -> np.ndarray:
    """Regular hours per unit of share: of one worker where they move, of all that is there where
    not, 1 where endless.
    """
    given = np.where(staff.staffed[:, None], staff.regular_capacity(staff.workers), staff.hours)
    endless = ~np.isfinite(given).all(axis=1)[:, None]
    return np.where(staff.movable[:, None], staff.hours_per_worker, np.where(endless, 1.0, given))


def level_buckets(facts, limits) -> np.ndarray:
    """(resource, bucket): True where nothing is frozen and something can be finished."""
    used = np.zeros(facts.resources.hours.shape)
    held = np.zeros(facts.resources.hours.shape)
    np.add.at(used, facts.bill.resource, (limits.most[facts.bill.way] > 0).astype(float))
    np.add.at(held, facts.bill.resource, limits.frozen[facts.bill.way].astype(float))
    return (used > 0) & (held == 0)


def _whole(book, movable: np.ndarray) -> None:
    """Whole workers where only some resources can hire: those workers equal a whole number."""
    count = book.variable(
        "whole_workers",
        0,
        np.where(movable[:, None], np.inf, 0.0),
        "resource",
        "bucket",
        integer=True,
    )
    book.model.add_constraints(
        book["workers"] - count == 0,
        name="whole_workers",
        mask=book.array(
            np.repeat(movable[:, None], len(book.coords["bucket"]), axis=1), "resource", "bucket"
        ).astype(bool),
    )
