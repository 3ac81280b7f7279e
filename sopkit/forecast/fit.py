"""From a panel to a fit: every series prepared, classed, tried with every candidate method, and
given its weights.
"""

from dataclasses import dataclass, fields

import numpy as np

from sopkit.forecast.arrays import counts
from sopkit.forecast.panel import Panel
from sopkit.forecast.prepare import Prepared, classify, cut_silent_start, prepare
from sopkit.forecast.seasonal import Window
from sopkit.forecast.trial import (
    ORIGINS,
    RULES,
    Trial,
    losses,
    origins_for,
    pooled,
    relative,
    try_methods,
    weights,
)

CHUNK = 256
REACHES = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48)


@dataclass(frozen=True)
class Block:
    """The series of one kind (regular or rare): their rows in the panel, the methods' names, the
    trial, relative backtest losses (series, method), how many origins tested each series, the
    weights (series, method), and for the forecast at each origin those that its own errors had no
    part in (series, origin, method)."""

    rows: np.ndarray
    methods: tuple
    trial: Trial
    loss: np.ndarray
    origins: np.ndarray
    weights: np.ndarray
    fair_weights: np.ndarray

    @property
    def combined(self) -> np.ndarray:
        """The weighted forecast, (series, horizon)."""
        return np.einsum("sm,smh->sh", self.weights, self.trial.forecasts)

    @property
    def combined_tests(self) -> np.ndarray:
        """The weighted forecast at each origin, (series, origin, horizon), by the fair weights."""
        return np.einsum("som,somh->soh", self.fair_weights, self.trial.tests)


@dataclass(frozen=True)
class Fit:
    """A fitted panel: what went in, what was prepared, each series' class and seasonal strength,
    and the blocks by kind.
    """

    panel: Panel
    horizon: int
    prepared: Prepared
    classes: np.ndarray
    strength: np.ndarray
    blocks: dict

    @property
    def baseline(self) -> np.ndarray:
        """The forecast, (series, horizon), in units; 0 for dead items."""
        result = np.zeros((len(self.classes), self.horizon))
        for block in self.blocks.values():
            result[block.rows] = block.combined
        return np.where(self.classes[:, None] == "dead", 0.0, result)


def fit_panel(
    panel: Panel, horizon: int, methods: dict, client=None, origins: int = ORIGINS
) -> Fit:
    """The fit of a panel with methods by kind (see ``registry.chosen_methods``). Chunks and workers
    do not change a number.
    """
    kept = cut_silent_start(panel.values)
    order, tasks = [], []
    for reach, rows in rows_by_reach(counts(kept), horizon):
        for begin in range(0, max(len(rows), 1), CHUNK):
            part = rows[begin : begin + CHUNK]
            width = int(panel.lengths[part].max(initial=1))
            values = panel.values[part, panel.values.shape[1] - width :]
            order.append(part)
            tasks.append((values, horizon, panel.season, methods, origins_for(reach, origins)))
    return assemble(panel, horizon, methods, order, ordered_map(fit_chunk, tasks, client))


def ordered_map(function, tasks: list[tuple], client=None) -> list:
    """``[function(*task) for task in tasks]``; with ``client`` (a ``distributed.Client`` or a
    scheduler's address) on its workers.

    >>> ordered_map(pow, [(2, 3), (3, 2)])
    [8, 9]
    """
    if client is None:
        return [function(*task) for task in tasks]
    if isinstance(client, str):
        from distributed import Client

        with Client(client, set_as_default=False) as opened:
            return ordered_map(function, tasks, opened)
    return client.gather([client.submit(function, *task, pure=False) for task in tasks])


def rows_by_reach(lengths: np.ndarray, horizon: int):
    """Rows grouped by how far ahead their history lets a backtest look: the horizon, or a third of
    a shorter history.
    """
    reach, order = reaches(lengths, horizon), np.argsort(-lengths, kind="stable")
    steps = np.unique(reach)[::-1] if len(order) else [horizon]
    return [(int(step), order[reach[order] == step]) for step in steps]


def reaches(lengths: np.ndarray, horizon: int) -> np.ndarray:
    """How many buckets ahead each history's backtest looks: the step of a ladder up to the horizon
    below a third of the history.

    >>> reaches(np.array([5, 40, 100]), 18).tolist()
    [1, 12, 18]
    """
    ladder = np.array(sorted({step for step in REACHES if step < horizon} | {horizon}))
    return ladder[
        np.maximum(np.searchsorted(ladder, np.maximum(lengths // 3, 1), side="right") - 1, 0)
    ]


def fit_chunk(values, horizon, season, methods, held_back):
    """One chunk's part of the fit: prepared values, classes, strengths, and a trial for each kind
    with its rows in the chunk.
    """
    ready = prepare(values, season)
    trials = {}
    for kind, functions in methods.items():
        rows = np.flatnonzero(ready.regular if kind == "regular" else ~ready.regular)
        if len(rows):
            part = ready.values[rows], ready.known[rows]
            trials[kind] = rows, try_methods(*part, horizon, season, functions, held_back)
    return ready, classify(ready.values, season), Window(ready.values, season).strength, trials


def assemble(panel, horizon, methods, order, results) -> Fit:
    """The chunks' parts put back in the panel's order, with weights that know the whole panel."""
    back = np.argsort(np.concatenate(order))
    ready, kinds, strong, _ = zip(*results)
    prepared, classes = _joined(ready, back), np.concatenate(kinds)[back]
    blocks = {}
    for kind, functions in methods.items():
        parts = [
            (rows[trials[kind][0]], trials[kind][1])
            for rows, (*_, trials) in zip(order, results)
            if kind in trials
        ]
        if parts:
            rows, tried = zip(*parts)
            rows, trial = np.concatenate(rows), _joined(tried)
            blocks[kind] = _block(rows, tuple(functions), trial, classes, RULES[kind])
    return Fit(panel, horizon, prepared, classes, np.concatenate(strong)[back], blocks)


def _block(rows, methods, trial, classes, rule) -> Block:
    loss, origins = losses(trial.errors, trial.scale[:, :-1], rule.power)
    share = relative(loss)
    priors = pooled(share, classes[rows])
    prior = np.array([priors[name] for name in classes[rows]])
    return Block(
        rows,
        methods,
        trial,
        loss,
        origins,
        weights(share, origins, prior, rule),
        _fair_weights(trial, prior, rule),
    )


def _fair_weights(trial, prior, rule):
    """For each origin, the weights that the other origins' errors give."""
    errors, scale = trial.errors, trial.scale[:, :-1]
    fair = []
    for origin in range(errors.shape[1]):
        others = [place for place in range(errors.shape[1]) if place != origin]
        loss, count = losses(errors[:, others], scale[:, others], rule.power)
        fair.append(weights(relative(loss), count, prior, rule))
    return np.stack(fair, axis=1)


def _joined(parts, order=slice(None)):
    """One dataclass of the parts': each field's arrays below each other, shorter histories
    right-aligned with NaN before them, in ``order``.
    """

    def whole(name):
        blocks = [getattr(part, name) for part in parts]
        longest = max(block.shape[-1] for block in blocks)
        if blocks[0].ndim == 2 and any(block.shape[1] < longest for block in blocks):
            room = [((0, 0), (longest - block.shape[1], 0)) for block in blocks]
            blocks = [np.pad(block, r, constant_values=np.nan) for block, r in zip(blocks, room)]
        return np.concatenate(blocks)[order]

    return type(parts[0])(*(whole(field.name) for field in fields(parts[0])))
