"""An interior-point start for large plans, built on their shape: items touch each other only through resources.

The balance rows of one item form a small block that is tridiagonal over the buckets; all blocks are inverted at once, and what is left
is one dense system over the rows of resources. HiGHS takes the result over, makes a corner of it and certifies it.

Source: Mehrotra (1992), On the implementation of a primal-dual interior point method.
"""

from dataclasses import dataclass

import numpy as np

STEPS = 100
CLOSE = 1e-8  # relative error of both sides and of their difference
SHORT = 0.9995  # never quite to the wall
CHUNK = 8192  # pairs of strands worked on at once


@dataclass(frozen=True)
class Point:
    """Values of the programme's columns, prices of its rows and columns, and how far from optimal."""

    values: np.ndarray
    row_prices: np.ndarray
    column_prices: np.ndarray
    error: float


@dataclass(frozen=True)
class Standard:
    """minimise c · x with A x = b, 0 ≤ x ≤ u; the first ``items`` × ``buckets`` rows are balance rows, item by item."""

    matrix: object
    b: np.ndarray
    c: np.ndarray
    u: np.ndarray
    columns: np.ndarray  # programme columns of the first entries of x; the rest are slacks
    rows: np.ndarray  # programme rows
    items: int
    buckets: int


def interior_point(programme, cost: np.ndarray) -> Point | None:
    """The optimum of a linear programme with balance rows to about eight digits, or None where the method does not get there."""
    if not np.isfinite(programme.lower).all():
        return None
    form = standard_form(programme, cost)
    found = _iterate(form)
    if found is None:
        return None
    x, y, error = found
    values = programme.lower.copy()
    values[form.columns] += x[:len(form.columns)]
    row_prices = np.zeros(len(programme.row_lower))
    row_prices[form.rows] = y
    column_prices = cost - programme.matrix.T @ row_prices
    held = (column_prices > 0) & (values - programme.lower <= column_prices)
    values = np.where(held, programme.lower, np.clip(values, programme.lower, programme.upper))
    return Point(values, row_prices, column_prices, error)


def standard_form(programme, cost: np.ndarray) -> Standard:
    """``Standard`` of a programme: fixed columns out, lower limits at 0, a slack for every row that is not an equation."""
    from scipy import sparse

    balance = programme.rows["balance"]
    bound = np.isfinite(programme.row_lower) | np.isfinite(programme.row_upper)
    other = np.setdiff1d(np.flatnonzero(bound), balance.ravel())
    rows = np.concatenate([balance.ravel(), other])
    columns = np.flatnonzero(programme.upper > programme.lower)
    by_row = programme.matrix.tocsr()[rows]
    right = np.where(np.isfinite(programme.row_upper[rows]), programme.row_upper[rows], programme.row_lower[rows]) - by_row @ programme.lower
    loose = np.flatnonzero(programme.row_lower[rows] < programme.row_upper[rows])
    sign = np.where(np.isfinite(programme.row_upper[rows[loose]]), 1.0, -1.0)
    width = programme.row_upper[rows[loose]] - programme.row_lower[rows[loose]]
    slacks = sparse.csc_matrix((sign, (loose, np.arange(len(loose)))), shape=(len(rows), len(loose)))
    return Standard(
        matrix=sparse.hstack([by_row.tocsc()[:, columns], slacks], format="csr"), b=right,
        c=np.concatenate([cost[columns], np.zeros(len(loose))]),
        u=np.concatenate([programme.upper[columns] - programme.lower[columns], width]),
        columns=columns, rows=rows, items=balance.shape[0], buckets=balance.shape[1],
    )


class NormalEquations:
    """Solves A Θ Aᵀ y = r: item blocks first, then rows that only resources have, last one dense system over hours.

    Rows stand in three groups: balance (own), hours and whatever else quantities enter (shared), workforce and overtime limits (local).
    """

    def __init__(self, form: Standard):
        self.items, self.buckets = form.items, form.buckets
        self.matrix, self.transposed = form.matrix, form.matrix.T.tocsr()
        count = self.items * self.buckets
        own, rest = form.matrix[:count], form.matrix[count:]
        self.square, self.chained = own.multiply(own).tocsr(), own[:-1].multiply(own[1:]).tocsr()
        own, by_column = own.tocsc(), rest.tocsc()
        touched = (np.diff(own.indptr) > 0) & (np.diff(by_column.indptr) > 0)
        meets = rest @ touched > 0
        self.own_rows, self.shared_rows, self.local_rows = np.arange(count), count + np.flatnonzero(meets), count + np.flatnonzero(~meets)
        self.shared, self.local = form.matrix[self.shared_rows], form.matrix[self.local_rows]
        self._meetings(form.matrix[:count].tocsc(), self.shared[:, np.flatnonzero(touched)].tocoo(), np.flatnonzero(touched))

    def _meetings(self, own, shared, columns: np.ndarray) -> None:
        """Where items meet shared rows: strands (one item on one row in each bucket) and the pairs of strands that an item joins."""
        row = own.indices[own.indptr[columns]]
        value = own.data[own.indptr[columns]]
        self.meeting_column, self.meeting_row = columns[shared.col], row[shared.col]
        self.meeting_value, self.meeting_shared = shared.data * value[shared.col], shared.row
        item, bucket = np.divmod(self.meeting_row, self.buckets)
        lane, self.lanes = _lanes(shared.row, bucket)
        strand, self.strand_of = np.unique(item * (self.lanes + 1) + lane, return_inverse=True)
        self.strand_item, self.strand_lane = np.divmod(strand, self.lanes + 1)
        self.meeting_bucket = bucket
        self.position = np.full((max(self.lanes, 1), self.buckets), -1)
        self.position[lane, bucket] = shared.row
        starts, ends = (np.searchsorted(self.strand_item, self.strand_item, side) for side in ("left", "right"))
        first = np.repeat(np.arange(len(strand)), ends - starts)
        second = np.arange(len(first)) - np.repeat(np.cumsum(ends - starts) - (ends - starts), ends - starts) + np.repeat(starts, ends - starts)
        once = self.strand_lane[first] <= self.strand_lane[second]
        first, second = first[once], second[once]
        group = self.strand_lane[first] * self.lanes + self.strand_lane[second]
        order = np.argsort(group, kind="stable")
        self.first, self.second, self.group = first[order], second[order], group[order]

    def factor(self, theta: np.ndarray) -> None:
        """Prepare for one Θ."""
        from scipy.linalg import cho_factor
        from scipy.sparse.linalg import splu

        self.theta = theta
        shape = (self.items, self.buckets)
        beside = np.concatenate([self.chained @ theta, [0.0]]).reshape(shape)[:, :-1]
        self.inverse = invert_tridiagonal((self.square @ theta).reshape(shape), beside)
        self.strands = np.zeros((len(self.strand_item), self.buckets))
        meeting = self.meeting_value * theta[self.meeting_column]
        np.add.at(self.strands, (self.strand_of, self.meeting_bucket), meeting)
        self.meeting = meeting
        weighted = self.shared.multiply(theta).tocsr()
        dense = (weighted @ self.shared.T).toarray() - self._through_items()
        self.inner = None
        if len(self.local_rows):
            self.beside = (weighted @ self.local.T).tocsr()
            self.inner = splu((self.local.multiply(theta).tocsr() @ self.local.T).tocsc(), permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0,
                              options={"SymmetricMode": True})
            dense -= self.beside @ self.inner.solve(self.beside.T.toarray())
        dense = (dense + dense.T) / 2
        self.scale = np.sqrt(np.maximum(np.diag(dense), 1e-300))
        dense /= self.scale[:, None] * self.scale[None, :]
        dense[np.diag_indices_from(dense)] += 1e-13
        self.cholesky = cho_factor(dense, lower=True, overwrite_a=True, check_finite=False) if len(dense) else None

    def _through_items(self) -> np.ndarray:
        """(shared row, shared row): what the item blocks take off the dense system."""
        lanes, buckets = max(self.lanes, 1), self.buckets
        total = np.zeros((lanes * lanes, buckets, buckets))
        for start in range(0, len(self.first), CHUNK):
            first, second, group = (part[start:start + CHUNK] for part in (self.first, self.second, self.group))
            blocks = self.inverse[self.strand_item[first]]
            blocks *= self.strands[first][:, :, None]
            blocks *= self.strands[second][:, None, :]
            heads = np.flatnonzero(np.diff(group, prepend=-1))
            total[group[heads]] += np.add.reduceat(blocks, heads, axis=0)
        both = total.reshape(lanes, lanes, buckets, buckets)
        low, high = np.tril_indices(lanes, -1)
        both[low, high] = both[high, low].transpose(0, 2, 1)
        spread = both.transpose(0, 2, 1, 3).reshape(lanes * buckets, lanes * buckets)
        known = np.flatnonzero(self.position.ravel() >= 0)
        dense = np.zeros((len(self.shared_rows),) * 2)
        at = self.position.ravel()[known]
        dense[np.ix_(at, at)] = spread[np.ix_(known, known)]
        return dense

    def solve(self, right: np.ndarray) -> np.ndarray:
        """One solve, refined until the rest is small."""
        solution = self._once(right)
        goal = 1e-11 * np.abs(right).max(initial=0.0)
        for _ in range(3):
            rest = right - self.matrix @ (self.theta * (self.transposed @ solution))
            if np.abs(rest).max(initial=0.0) <= goal:
                break
            solution = solution + self._once(rest)
        return solution

    def _once(self, right: np.ndarray) -> np.ndarray:
        from scipy.linalg import cho_solve

        solution = np.empty_like(right)
        first = self._blocks(right[self.own_rows])
        inner = self.inner.solve(right[self.local_rows]) if self.inner is not None else None
        if self.cholesky is not None:
            rest = right[self.shared_rows] - np.bincount(self.meeting_shared, self.meeting * first[self.meeting_row], len(self.shared_rows))
            rest = rest - self.beside @ inner if inner is not None else rest
            middle = cho_solve(self.cholesky, rest / self.scale, check_finite=False) / self.scale
            solution[self.shared_rows] = middle
            first = first - self._blocks(np.bincount(self.meeting_row, self.meeting * middle[self.meeting_shared], len(first)))
            inner = inner - self.inner.solve(self.beside.T @ middle) if inner is not None else None
        solution[self.own_rows] = first
        if inner is not None:
            solution[self.local_rows] = inner
        return solution

    def _blocks(self, right: np.ndarray) -> np.ndarray:
        return (self.inverse @ right.reshape(self.items, self.buckets, 1)).ravel()


def _lanes(rows: np.ndarray, buckets: np.ndarray) -> tuple[np.ndarray, int]:
    """A number for each family of shared rows that holds one row per bucket: rows met in the order of their buckets."""
    known, at = np.unique(rows, return_index=True)
    bucket = buckets[at]
    rank = np.zeros(len(known), dtype=int)
    for value in np.unique(bucket):
        same = bucket == value
        rank[same] = np.arange(same.sum())
    lane = rank[np.searchsorted(known, rows)] if len(rows) else np.zeros(0, dtype=int)
    return lane, int(rank.max(initial=-1)) + 1


def invert_tridiagonal(diagonal: np.ndarray, beside: np.ndarray) -> np.ndarray:
    """(item, bucket, bucket) inverses of symmetric positive tridiagonal blocks, all items at once.

    >>> invert_tridiagonal(np.array([[2.0, 2.0]]), np.array([[-1.0]])).round(4).tolist()
    [[[0.6667, 0.3333], [0.3333, 0.6667]]]
    """
    items, size = diagonal.shape
    pivot, ratio = diagonal.copy(), np.zeros_like(diagonal)
    for t in range(1, size):
        ratio[:, t] = beside[:, t - 1] / pivot[:, t - 1]
        pivot[:, t] = diagonal[:, t] - ratio[:, t] * beside[:, t - 1]
    inverse = np.zeros((items, size, size))
    inverse[:, -1, -1] = 1 / pivot[:, -1]
    for t in range(size - 2, -1, -1):
        inverse[:, t, t + 1:] = -ratio[:, t + 1, None] * inverse[:, t + 1, t + 1:]
        inverse[:, t + 1:, t] = inverse[:, t, t + 1:]
        inverse[:, t, t] = 1 / pivot[:, t] - ratio[:, t + 1] * inverse[:, t, t + 1]
    return inverse


def _iterate(form: Standard):
    """Mehrotra's predictor and corrector until both sides agree: x, y and the error reached; None where it stalls."""
    A, At, b, c, u = form.matrix, form.matrix.T.tocsr(), form.b, form.c, form.u
    norm_b, norm_c = 1 + np.abs(b).max(initial=0.0), 1 + np.abs(c).max(initial=0.0)
    limited = np.isfinite(u)
    equations = NormalEquations(form)
    x, w, y, z, v = _start(A, At, b, c, u, limited, equations)
    for _ in range(STEPS):
        rp, rd = b - A @ x, c - At @ y - z + v
        ru = np.where(limited, u - x - w, 0.0)
        mu = (x @ z + w[limited] @ v[limited]) / (len(x) + limited.sum())
        primal, dual = c @ x, b @ y - u[limited] @ v[limited]
        error = max(np.abs(rp).max(initial=0) / norm_b, np.abs(ru).max(initial=0) / norm_b, np.abs(rd).max(initial=0) / norm_c,
                    abs(primal - dual) / (1 + abs(primal)))
        if error < CLOSE:
            return x, y, error
        theta = 1 / (z / x + np.where(limited, v / w, 0.0))
        try:
            equations.factor(theta)
        except np.linalg.LinAlgError:
            return None

        def direction(rxz, rwv):
            h = rd - rxz / x + np.where(limited, rwv / w - v / w * ru, 0.0)
            dy = equations.solve(rp + A @ (theta * h))
            dx = theta * (At @ dy - h)
            dw = np.where(limited, ru - dx, 0.0)
            dz = (rxz - z * dx) / x
            dv = np.where(limited, (rwv - v * dw) / w, 0.0)
            return dx, dw, dy, dz, dv

        dx, dw, dy, dz, dv = direction(-x * z, np.where(limited, -w * v, 0.0))
        ap, ad = _reach(x, dx, w, dw, limited), _reach(z, dz, v, dv, limited)
        ahead = ((x + ap * dx) @ (z + ad * dz) + (w + ap * dw)[limited] @ (v + ad * dv)[limited]) / (len(x) + limited.sum())
        sigma = (ahead / mu) ** 3
        dx, dw, dy, dz, dv = direction(sigma * mu - x * z - dx * dz, np.where(limited, sigma * mu - w * v - dw * dv, 0.0))
        ap, ad = SHORT * _reach(x, dx, w, dw, limited), SHORT * _reach(z, dz, v, dv, limited)
        ap, ad = min(ap, 1.0), min(ad, 1.0)
        x, w, y, z, v = x + ap * dx, np.where(limited, w + ap * dw, 1.0), y + ad * dy, z + ad * dz, np.where(limited, v + ad * dv, 0.0)
    return None


def _reach(first, d_first, second, d_second, limited) -> float:
    """The longest step that keeps both positive, at most 1 ÷ SHORT."""
    with np.errstate(divide="ignore", invalid="ignore"):
        one = np.where(d_first < 0, -first / d_first, np.inf).min(initial=np.inf)
        two = np.where(limited & (d_second < 0), -second / d_second, np.inf).min(initial=np.inf)
    return min(one, two, 1 / SHORT)


def _start(A, At, b, c, u, limited, equations):
    """Mehrotra's starting point, pushed inside the limits."""
    equations.factor(np.where(limited, 0.5, 1.0))
    half = np.where(limited, u / 2, 0.0)
    y = equations.solve(b - A @ half)
    x = half + np.where(limited, 0.5, 1.0) * (At @ y)
    w = np.where(limited, u - x, 1.0)
    shift = max(-1.5 * x.min(initial=0.0), -1.5 * w[limited].min(initial=0.0), 0.0)
    spread = np.abs(x).mean() + 1.0
    x = np.maximum(x, 0.1 * spread + 0 * shift)
    w = np.where(limited, np.maximum(u - x, 0.1 * spread), 1.0)
    y = equations.solve(A @ (np.where(limited, 0.5, 1.0) * c))
    rest = c - At @ y
    scale = np.abs(rest).mean() + 1.0
    z = np.where(limited, np.maximum(rest, 0) + scale, np.maximum(rest, scale))
    v = np.where(limited, np.maximum(-rest, 0) + scale, 0.0)
    return x, w, y, z, v
