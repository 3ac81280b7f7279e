"""An interior-point start for large plans, built on their shape: items touch each other only
through resources.

The balance rows of one item form a small block that is tridiagonal over the buckets; all blocks are
inverted at once, and what is left is one dense system over the rows of resources. HiGHS takes the
result over, makes a corner of it and certifies it.

Source: Mehrotra (1992), On the implementation of a primal-dual interior point method.
"""

from dataclasses import dataclass

import numpy as np

from sopkit.supply.normal_equations import NormalEquations

STEPS = 100
CLOSE = 1e-8  # relative error of both sides and of their difference
SHORT = 0.9995  # never quite to the wall


@dataclass(frozen=True)
class Point:
    """Values of the programme's columns, prices of its rows and columns, and how far from
    optimal.
    """

    values: np.ndarray
    row_prices: np.ndarray
    column_prices: np.ndarray
    error: float


@dataclass(frozen=True)
class Standard:
    """minimise c · x with A x = b, 0 ≤ x ≤ u; the first ``items`` × ``buckets`` rows are balance
    rows, item by item.
    """

    matrix: object
    b: np.ndarray
    c: np.ndarray
    u: np.ndarray
    columns: np.ndarray  # programme columns of the first entries of x; the rest are slacks
    rows: np.ndarray  # programme rows
    items: int
    buckets: int


def interior_point(programme, cost: np.ndarray) -> Point | None:
    """The optimum of a linear programme with balance rows to about eight digits, or None where the
    method does not get there.
    """
    if not np.isfinite(programme.lower).all():
        return None
    form = standard_form(programme, cost)
    found = _iterate(form)
    if found is None:
        return None
    x, y, error = found
    values = programme.lower.copy()
    values[form.columns] += x[: len(form.columns)]
    row_prices = np.zeros(len(programme.row_lower))
    row_prices[form.rows] = y
    column_prices = cost - programme.matrix.T @ row_prices
    held = (column_prices > 0) & (values - programme.lower <= column_prices)
    values = np.where(held, programme.lower, np.clip(values, programme.lower, programme.upper))
    return Point(values, row_prices, column_prices, error)


def standard_form(programme, cost: np.ndarray) -> Standard:
    """``Standard`` of a programme: fixed columns out, lower limits at 0, a slack for every row that
    is not an equation.
    """
    from scipy import sparse

    balance = programme.rows["balance"]
    bound = np.isfinite(programme.row_lower) | np.isfinite(programme.row_upper)
    other = np.setdiff1d(np.flatnonzero(bound), balance.ravel())
    rows = np.concatenate([balance.ravel(), other])
    columns = np.flatnonzero(programme.upper > programme.lower)
    by_row = programme.matrix.tocsr()[rows]
    right = (
        np.where(
            np.isfinite(programme.row_upper[rows]),
            programme.row_upper[rows],
            programme.row_lower[rows],
        )
        - by_row @ programme.lower
    )
    loose = np.flatnonzero(programme.row_lower[rows] < programme.row_upper[rows])
    sign = np.where(np.isfinite(programme.row_upper[rows[loose]]), 1.0, -1.0)
    width = programme.row_upper[rows[loose]] - programme.row_lower[rows[loose]]
    slacks = sparse.csc_matrix(
        (sign, (loose, np.arange(len(loose)))), shape=(len(rows), len(loose))
    )
    return Standard(
        matrix=sparse.hstack([by_row.tocsc()[:, columns], slacks], format="csr"),
        b=right,
        c=np.concatenate([cost[columns], np.zeros(len(loose))]),
        u=np.concatenate([programme.upper[columns] - programme.lower[columns], width]),
        columns=columns,
        rows=rows,
        items=balance.shape[0],
        buckets=balance.shape[1],
    )


@dataclass(frozen=True)
class _Iterate:
    """x and its room w up to u, prices y of rows, z of lower and v of upper limits; w = 1 and v = 0
    where u is endless.
    """

    x: np.ndarray
    w: np.ndarray
    y: np.ndarray
    z: np.ndarray
    v: np.ndarray


def _iterate(form: Standard):
    """Mehrotra's predictor and corrector until both sides agree: x, y and the error reached; None
    where it stalls.
    """
    transposed, limited = form.matrix.T.tocsr(), np.isfinite(form.u)
    room = np.where(limited, form.u, 0.0)
    equations = NormalEquations(form.matrix, form.items, form.buckets)
    with np.errstate(all="ignore"):
        at = _start(form, transposed, room, limited, equations)
        for _ in range(STEPS):
            rest = (
                form.b - form.matrix @ at.x,
                np.where(limited, room - at.x - at.w, 0.0),
                form.c - transposed @ at.y - at.z + at.v,
            )
            error = _error(form, room, at, rest)
            if error < CLOSE:
                return at.x, at.y, error
            try:
                equations.factor(1 / (at.z / at.x + np.where(limited, at.v / at.w, 0.0)))
            except (np.linalg.LinAlgError, RuntimeError):
                return None
            at = _step(form, transposed, limited, equations, at, rest)
            if not np.isfinite(at.x).all():
                return None
    return None


def _error(form: Standard, room, at: _Iterate, rest) -> float:
    """The largest of what rows, limits and prices miss, and of the gap between both sides, all
    relative.
    """
    missing = [
        np.abs(part).max(initial=0.0) / (1 + np.abs(scale).max(initial=0.0))
        for part, scale in zip(rest, (form.b, form.b, form.c))
    ]
    cost, worth = (form.c * at.x).sum(), (form.b * at.y).sum() - (room * at.v).sum()
    return max(*missing, abs(cost - worth) / (1 + abs(cost)))


def _step(form: Standard, transposed, limited, equations, at: _Iterate, rest) -> _Iterate:
    """One predictor and corrector step."""
    count = len(at.x) + limited.sum()
    x, w, z, v = at.x, at.w, at.z, at.v

    def direction(rxz, rwv):
        h = rest[2] - rxz / x + np.where(limited, rwv / w - v / w * rest[1], 0.0)
        dy = equations.solve(rest[0] + form.matrix @ (equations.theta * h))
        dx = equations.theta * (transposed @ dy - h)
        dw = np.where(limited, rest[1] - dx, 0.0)
        return _Iterate(dx, dw, dy, (rxz - z * dx) / x, np.where(limited, (rwv - v * dw) / w, 0.0))

    ahead = direction(-x * z, np.where(limited, -w * v, 0.0))
    ap, ad = _reach(x, ahead.x, w, ahead.w, limited), _reach(z, ahead.z, v, ahead.v, limited)
    now = ((x * z).sum() + (w * v).sum()) / count
    then = (
        ((x + ap * ahead.x) * (z + ad * ahead.z)).sum()
        + ((w + ap * ahead.w) * (v + ad * ahead.v)).sum()
    ) / count
    centre = (then / now) ** 3 * now
    d = direction(
        centre - x * z - ahead.x * ahead.z,
        np.where(limited, centre - w * v - ahead.w * ahead.v, 0.0),
    )
    ap, ad = (
        min(SHORT * _reach(x, d.x, w, d.w, limited), 1.0),
        min(SHORT * _reach(z, d.z, v, d.v, limited), 1.0),
    )
    return _Iterate(
        x + ap * d.x,
        np.where(limited, w + ap * d.w, 1.0),
        at.y + ad * d.y,
        z + ad * d.z,
        np.where(limited, v + ad * d.v, 0.0),
    )


def _reach(first, d_first, second, d_second, limited) -> float:
    """The longest step that keeps both positive, at most 1 ÷ SHORT."""
    one = np.where(d_first < 0, -first / d_first, np.inf).min(initial=np.inf)
    two = np.where(limited & (d_second < 0), -second / d_second, np.inf).min(initial=np.inf)
    return min(one, two, 1 / SHORT)


def _start(form: Standard, transposed, room, limited, equations) -> _Iterate:
    """A starting point well inside the limits: the shortest solutions of both sides, pushed off
    their walls.
    """
    theta = np.where(limited, 0.5, 1.0)
    equations.factor(theta)
    x = room / 2 + theta * (transposed @ equations.solve(form.b - form.matrix @ (room / 2)))
    inside = 0.1 * (np.abs(x).mean() + 1.0)
    x = np.maximum(x, inside)
    w = np.where(limited, np.maximum(room - x, inside), 1.0)
    y = equations.solve(form.matrix @ (theta * form.c))
    slope = form.c - transposed @ y
    scale = np.abs(slope).mean() + 1.0
    z = np.where(limited, np.maximum(slope, 0) + scale, np.maximum(slope, scale))
    return _Iterate(x, w, y, z, np.where(limited, np.maximum(-slope, 0) + scale, 0.0))
