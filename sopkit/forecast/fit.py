"""From a panel to a fit: every series prepared, classed, tried with every candidate method, and
given its weights.
"""

from dataclasses import dataclass, fields, replace
from functools import partial

import numpy as np
import pandas as pd

from sopkit.forecast.arrays import counts
from sopkit.forecast.panel import Panel
from sopkit.forecast.prepare import (
    Prepared,
    alive,
    classify,
    cut_silent_start,
    prepare,
    rates,
    regular,
)
from sopkit.forecast.trial import (
    ORIGINS,
    RULES,
    Lessons,
    Trial,
    combine,
    learned_weights,
    reaches,
    try_methods,
)
from sopkit.workers import spread

CHUNK = 256
MOST = 10_000  # series that teach the others


@dataclass(frozen=True)
class Block:
    """The series of one kind (regular or rare): their rows in the panel, the methods' names, the
    trial, the weights (series, origin + 1, method) of the forecast now and, learned without its
    own errors, of that at each origin; and the ``combined`` forecast at each origin and, last, now,
    (series, origin + 1, horizon).
    """

    rows: np.ndarray
    methods: tuple
    trial: Trial
    weights: np.ndarray
    combined: np.ndarray

    @property
    def combined_tests(self) -> np.ndarray:
        """The weighted forecast at each origin, (series, origin, horizon)."""
        return self.combined[:, :-1]


@dataclass(frozen=True)
class Fit:
    """A fitted panel: what went in, what was prepared, each series' class, the blocks by kind, and
    what its series taught each other.
    """

    panel: Panel
    horizon: int
    prepared: Prepared
    classes: np.ndarray
    blocks: dict
    lessons: Lessons

    @property
    def baseline(self) -> np.ndarray:
        """The forecast, (series, horizon), in units; 0 for dead items."""
        return np.where(self.classes[:, None] == "dead", 0.0, self.combined[:, -1])

    @property
    def combined(self) -> np.ndarray:
        """The combined forecasts of every series, (series, origin + 1, horizon)."""
        return self.gathered(lambda block: block.combined)

    def gathered(self, of) -> np.ndarray:
        """What ``of`` a block says row by row, in the order of the panel."""
        if not self.blocks:
            return np.zeros((0, 1, self.horizon))
        rows = np.concatenate([block.rows for block in self.blocks.values()])
        return np.concatenate([of(block) for block in self.blocks.values()])[np.argsort(rows)]


def marks_of(keys: pd.DataFrame) -> np.ndarray:
    """A number for each key, (series,), the same in every panel, and in no order."""
    return pd.util.hash_pandas_object(keys, index=False).to_numpy()


def teachers(marks: np.ndarray) -> np.ndarray:
    """The marks, ascending, of the series that teach the others: of any panel so many that more
    would teach the same.

    >>> teachers(np.array([7, 3], dtype="uint64")).tolist()
    [3, 7]
    """
    return np.sort(marks)[:MOST]


def fit_panel(
    panel: Panel,
    horizon: int,
    methods: dict,
    client=None,
    origins: int = ORIGINS,
    compared=(),
    learned: dict | None = None,
) -> Fit:
    """The fit of a panel with methods by kind (see ``chosen_methods``), of which some (kind, name)
    are only ``compared`` with; ``client`` is a ``distributed.Client`` or a scheduler's address;
    ``learned`` are the lessons of the panel that this one is a part of.
    Chunks, parts and workers do not change a number.
    """
    marks = marks_of(panel.keys)
    heard = (
        marks <= teachers(marks).max(initial=0) if learned is None else np.zeros(len(marks), bool)
    )
    lessons = Lessons({} if learned is None else dict(learned), heard)
    season, kept, blocks = panel.season, cut_silent_start(panel.values), {}
    rate = partial(rates, season=season)
    lengths, often = counts(kept), regular(kept, season, lessons("rates", rate, kept))
    whole = [panel.values, often, panel.lengths]
    ready = in_chunks(client, lengths, horizon, prepare_chunk, whole, season)
    rows_of = {kind: np.flatnonzero(often == (kind == "regular")) for kind in methods}
    usual_of, still = (
        {
            kind: lessons.among(rows)(f"rates, {kind}", rate, kept[rows])
            for kind, rows in rows_of.items()
        },
        1.0 * often,
    )
    for kind, rows in rows_of.items():
        still[rows] = alive(kept[rows], season if kind == "regular" else 1, usual_of[kind])
    classes = classify(ready.values, season, still)
    for kind, functions in methods.items():
        if len(rows := rows_of[kind]):
            complete, how = [ready.values[rows], ready.known[rows]], (season, functions, origins)
            how += (usual_of[kind], kind == "rare")
            trial = in_chunks(client, lengths[rows], horizon, try_methods, complete, horizon, *how)
            taught = lessons.among(rows), f"weights, {kind}"
            weights = learned_weights(trial, classes[rows], *taught, **RULES[kind])
            weights[:, :, [(kind, name) in compared for name in functions]] = 0.0
            weights /= weights.sum(axis=2, keepdims=True)
            combined = combine(trial, weights)
            blocks[kind] = Block(rows, tuple(functions), trial, weights, combined)
    return Fit(panel, horizon, ready, classes, blocks, lessons)


def in_chunks(client, lengths, horizon, function, series: list[np.ndarray], *fixed):
    """``function(*series, *fixed)``, which gives a dataclass of arrays by series, worked out a
    chunk of series of like length at a time, here or on the client's workers.
    """
    order = np.argsort(-lengths, kind="stable")
    alike = np.split(order, np.flatnonzero(np.diff(reaches(lengths[order], horizon))) + 1)
    parts = [
        rows[begin : begin + CHUNK] for rows in alike for begin in range(0, len(rows) or 1, CHUNK)
    ]
    tasks = ((*(each[rows] for each in series), *fixed) for rows in parts)
    found = list(spread(function, tasks, client))
    joined = (
        np.concatenate([getattr(part, field.name) for part in found]) for field in fields(found[0])
    )
    return type(found[0])(*(values[np.argsort(order)] for values in joined))


def prepare_chunk(values, often, lengths, season) -> Prepared:
    """The series prepared on the columns that hold any of them."""
    begin = values.shape[1] - lengths.max(initial=1)
    ready, room = prepare(values[:, begin:], often, season), ((0, 0), (begin, 0))
    wide = (np.pad(each, room, constant_values=np.nan) for each in (ready.values, ready.known))
    return replace(ready, **dict(zip(("values", "known"), wide)))
