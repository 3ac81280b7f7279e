"""A Θ Aᵀ y = r on the shape of a supply plan: blocks of items, which meet only in the rows of
resources.
"""

import numpy as np

from sopkit.supply.dense import Cholesky

CHUNK = 8192  # pairs of strands worked on at once


class NormalEquations:
    """Solves A Θ Aᵀ y = r: item blocks first, then rows that only resources have, last one dense
    system over hours.

    Rows stand in three groups: balance (own), hours and whatever else quantities enter (shared),
    workforce and overtime limits (local).
    """

    def __init__(self, matrix, items: int, buckets: int):
        self.items, self.buckets = items, buckets
        self.matrix, self.transposed = matrix, matrix.T.tocsr()
        count = self.items * self.buckets
        own, rest = matrix[:count], matrix[count:]
        self.square, self.chained = own.multiply(own).tocsr(), own[:-1].multiply(own[1:]).tocsr()
        own, by_column = own.tocsc(), rest.tocsc()
        touched = (np.diff(own.indptr) > 0) & (np.diff(by_column.indptr) > 0)
        meets = rest @ touched > 0
        self.own_rows, self.shared_rows, self.local_rows = (
            np.arange(count),
            count + np.flatnonzero(meets),
            count + np.flatnonzero(~meets),
        )
        self.shared, self.local = matrix[self.shared_rows], matrix[self.local_rows]
        self._meetings(
            matrix[:count].tocsc(),
            self.shared[:, np.flatnonzero(touched)].tocoo(),
            np.flatnonzero(touched),
        )

    def _meetings(self, own, shared, columns: np.ndarray) -> None:
        """Where items meet shared rows: strands (one item on one row in each bucket) and the pairs
        of strands that an item joins.
        """
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
        starts, ends = (
            np.searchsorted(self.strand_item, self.strand_item, side) for side in ("left", "right")
        )
        first = np.repeat(np.arange(len(strand)), ends - starts)
        second = (
            np.arange(len(first))
            - np.repeat(np.cumsum(ends - starts) - (ends - starts), ends - starts)
            + np.repeat(starts, ends - starts)
        )
        once = self.strand_lane[first] <= self.strand_lane[second]
        first, second = first[once], second[once]
        group = self.strand_lane[first] * self.lanes + self.strand_lane[second]
        order = np.argsort(group, kind="stable")
        self.first, self.second, self.group = first[order], second[order], group[order]

    def factor(self, theta: np.ndarray) -> None:
        """Prepare for one Θ."""
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
            self.inner = splu(
                (self.local.multiply(theta).tocsr() @ self.local.T).tocsc(),
                permc_spec="MMD_AT_PLUS_A",
                diag_pivot_thresh=0.0,
                options={"SymmetricMode": True},
            )
            dense -= self.beside @ self.inner.solve(self.beside.T.toarray())
        dense = (dense + dense.T) / 2
        self.scale = np.sqrt(np.maximum(np.diag(dense), 1e-300))
        dense /= self.scale[:, None] * self.scale[None, :]
        dense[np.diag_indices_from(dense)] += 1e-13
        self.cholesky = Cholesky(dense) if len(dense) else None

    def _through_items(self) -> np.ndarray:
        """(shared row, shared row): what the item blocks take off the dense system."""
        lanes, buckets = max(self.lanes, 1), self.buckets
        total = np.zeros((lanes * lanes, buckets, buckets))
        for start in range(0, len(self.first), CHUNK):
            first, second, group = (
                part[start : start + CHUNK] for part in (self.first, self.second, self.group)
            )
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
        solution = np.empty_like(right)
        first = self._blocks(right[self.own_rows])
        inner = self.inner.solve(right[self.local_rows]) if self.inner is not None else None
        if self.cholesky is not None:
            rest = right[self.shared_rows] - np.bincount(
                self.meeting_shared, self.meeting * first[self.meeting_row], len(self.shared_rows)
            )
            rest = rest - self.beside @ inner if inner is not None else rest
            middle = self.cholesky.solve(rest / self.scale) / self.scale
            solution[self.shared_rows] = middle
            first = first - self._blocks(
                np.bincount(
                    self.meeting_row, self.meeting * middle[self.meeting_shared], len(first)
                )
            )
            inner = inner - self.inner.solve(self.beside.T @ middle) if inner is not None else None
        solution[self.own_rows] = first
        if inner is not None:
            solution[self.local_rows] = inner
        return solution

    def _blocks(self, right: np.ndarray) -> np.ndarray:
        return (self.inverse @ right.reshape(self.items, self.buckets, 1)).ravel()


def _lanes(rows: np.ndarray, buckets: np.ndarray) -> tuple[np.ndarray, int]:
    """A number for each family of shared rows that holds one row per bucket: rows met in the order
    of their buckets.
    """
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
        inverse[:, t, t + 1 :] = -ratio[:, t + 1, None] * inverse[:, t + 1, t + 1 :]
        inverse[:, t + 1 :, t] = inverse[:, t, t + 1 :]
        inverse[:, t, t] = 1 / pivot[:, t] - ratio[:, t + 1] * inverse[:, t, t + 1]
    return inverse
