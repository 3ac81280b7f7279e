"""Made-up companies of several kinds, so that the forecasting engine is not fitted to one data set:
each is (series, month), 60 series over 84 months, seeded.
"""

import numpy as np

COUNT, MONTHS = 60, 84


def companies(seed=0) -> dict[str, np.ndarray]:
    """Units by kind of company."""
    rng, months = np.random.default_rng(seed), np.arange(MONTHS)
    shape = COUNT, MONTHS
    level = np.exp(rng.normal(4.5, 1, (COUNT, 1)))
    turn = 2 * np.pi * (months + rng.integers(0, 12, (COUNT, 1))) / 12
    season = np.exp(
        rng.uniform(0.2, 1.0, (COUNT, 1)) * np.sin(turn)
        + rng.uniform(0, 0.5, (COUNT, 1)) * np.sin(2 * turn)
    )
    pace = rng.uniform(0.01, 0.03, (COUNT, 1))

    def noisy(expected, noise, wander=0.0):
        path = np.cumsum(rng.normal(0, wander, shape), axis=1) + rng.normal(0, noise, shape)
        return rng.poisson(expected * np.exp(path)).astype(float)

    projects = (rng.random(shape) < 0.08) * level * rng.gamma(1.5, 3, shape)
    return {
        "retail season": noisy(level * season, 0.15, 0.02),
        "project sales": np.round(noisy(level * 0.3, 0.0) + projects),
        "batch orders": _batches(rng, level),
        "growth": noisy(level * 0.5 * np.exp(pace * months) * season**0.3, 0.1),
        "linear growth": noisy(level * (1 + 1.5 * pace * months), 0.1),
        "decline": noisy(level * 2 * np.exp(-pace * months), 0.12),
        "level": noisy(level, 0.25),
        "wandering level": noisy(level, 0.1, 0.08),
        "spare parts": _spares(rng, shape),
    }


def _batches(rng, level):
    """One to three customers who order every four weeks, sometimes every eight."""
    sold = np.zeros((COUNT, MONTHS))
    for row, size in enumerate(level[:, 0] / 2):
        for _ in range(rng.integers(1, 4)):
            day = rng.uniform(0, 28)
            while day < MONTHS * 30.44:
                sold[row, int(day // 30.44)] += size * rng.uniform(0.85, 1.15)
                day += 28 * rng.choice([1, 1, 1, 1, 2])
    return np.round(sold)


def _spares(rng, shape):
    often = rng.uniform(0.05, 0.5, (shape[0], 1))
    return np.where(rng.random(shape) < often, rng.poisson(3, shape) + 1, 0).astype(float)
