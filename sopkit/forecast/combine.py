"""Weights of the methods for each series, from its own backtest and the panel's."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Rule:
    """How weights are learned: the errors' ``power`` (1 aims at the median, 2 at the mean), how
    many origins of its own a series needs before it counts as much as its panel, and how sharply
    the better method is preferred."""

    power: int
    own_evidence: float
    sharpness: float


RULES = {"regular": Rule(1, 2.0, 6.0), "rare": Rule(2, 30.0, 6.0)}


def losses(errors: np.ndarray, scale: np.ndarray, power: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Mean backtest error in usual moves, to a power, (series, method), and the number of origins
    that tested each series.

    ``errors`` is (series, origin, method, horizon) with NaN where nothing was tested; ``scale``
    (series, origin).
    """
    size = (np.abs(errors) / scale[:, :, None, None]) ** power
    tested = ~np.isnan(size)
    number = tested.sum(axis=(1, 3))
    mean = np.where(tested, size, 0).sum(axis=(1, 3)) / np.maximum(number, 1)
    return np.where(number > 0, mean, np.nan), tested.any(axis=(2, 3)).sum(axis=1)


def relative(loss: np.ndarray) -> np.ndarray:
    """Each method's loss against the mean of the series' methods; NaN where untested, 1 where every
    method is exact.
    """
    mean = loss.mean(axis=1, keepdims=True)
    return np.where(
        mean > 0, loss / np.where(mean > 0, mean, 1), np.where(np.isnan(mean), np.nan, 1.0)
    )


def pooled(relative_loss: np.ndarray, groups: np.ndarray) -> dict:
    """Mean relative loss of each method in each group of series (group → (method,)), each group
    drawn toward the whole panel.

    >>> pooled(np.array([[0.5, 1.5]]), np.array(["smooth"]))["smooth"].round(3).tolist()
    [0.954, 1.046]
    """
    tested = ~np.isnan(relative_loss).any(axis=1)
    size = relative_loss.shape[1]

    def toward(prior, rows, evidence=20):
        chosen = relative_loss[rows & tested]
        return (chosen.sum(axis=0) + evidence * prior) / (len(chosen) + evidence)

    whole = toward(np.ones(size), np.ones(len(groups), dtype=bool))
    return {str(group): toward(whole, groups == group) for group in np.unique(groups)}


def weights(relative_loss, origins, prior, rule: Rule = RULES["regular"]) -> np.ndarray:
    """Weights (series, method), rows sum to 1: a power of the loss, which is drawn toward the
    panel's ``prior`` (series, method) as if that had been seen at ``rule.own_evidence`` origins.
    Short histories therefore follow the panel and not their noise.

    >>> weights(np.array([[0.5, 1.5]]), np.array([0]), np.array([[1.0, 1.0]])).tolist()
    [[0.5, 0.5]]
    """
    own = np.where(np.isnan(relative_loss), prior, relative_loss)
    seen = origins[:, None] / (origins[:, None] + rule.own_evidence)
    loss = np.maximum(seen * own + (1 - seen) * prior, 1e-3)
    raw = loss**-rule.sharpness
    return raw / raw.sum(axis=1, keepdims=True)
