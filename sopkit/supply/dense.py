"""Cholesky factors of dense symmetric matrices in small blocks.

The blocks stay below the size at which linear-algebra libraries start threads of their own, which
stall where processors are shared.
"""

import numpy as np

BLOCK = 48


class Cholesky:
    """L with L Lᵀ = A for a symmetric positive definite A; raises ``numpy.linalg.LinAlgError``
    where A is not.

    >>> Cholesky(np.array([[4.0, 2.0], [2.0, 3.0]])).solve(np.array([8.0, 7.0])).round(9).tolist()
    [1.25, 1.5]
    """

    def __init__(self, matrix: np.ndarray):
        self.size = len(matrix)
        self.count = -(-self.size // BLOCK)
        padded = np.eye(self.count * BLOCK)
        padded[: self.size, : self.size] = matrix
        self.factor = np.ascontiguousarray(
            padded.reshape(self.count, BLOCK, self.count, BLOCK).transpose(0, 2, 1, 3)
        )
        self.inverse = np.zeros((self.count, BLOCK, BLOCK))  # of the blocks on the diagonal
        for k in range(self.count):
            self._eliminate(k)

    def _eliminate(self, k: int) -> None:
        blocks = self.factor
        corner = np.linalg.cholesky(blocks[k, k])
        self.inverse[k] = np.linalg.solve(corner, np.eye(BLOCK))
        below = np.matmul(blocks[k + 1 :, k], self.inverse[k].T)
        blocks[k + 1 :, k], blocks[k, k] = below, corner
        across = np.ascontiguousarray(below.transpose(0, 2, 1))
        for i in range(len(below)):  # row by row of what remains, its lower triangle
            blocks[k + 1 + i, k + 1 : k + 2 + i] -= np.matmul(below[i], across[: i + 1])

    def solve(self, right: np.ndarray) -> np.ndarray:
        """x with A x = right."""
        x = np.zeros((self.count, BLOCK))
        x.reshape(-1)[: self.size] = right
        for k in range(self.count):
            x[k] = self.inverse[k] @ x[k]
            x[k + 1 :] -= np.matmul(self.factor[k + 1 :, k], x[k])
        for k in range(self.count - 1, -1, -1):
            x[k] = self.inverse[k].T @ x[k]
            x[:k] -= np.matmul(self.factor[k, :k].transpose(0, 2, 1), x[k])
        return x.reshape(-1)[: self.size]
