"""What was chosen for each series and why, in words for a planner."""

import numpy as np

from sopkit.forecast.arrays import over, row_median
from sopkit.forecast.prepare import buckets_without_demand
from sopkit.forecast.seasonal import Window
from sopkit.forecast.trial import combine
from sopkit.metrics.stages import NAIVE

ALONE = 0.6
FEWEST = 5  # units of a batch where units are whole: any small count is a multiple of one
SHOWN = 0.01  # a smaller move to agree with sums is not worth a word
SEASONS = ((0.8, "strong"), (0.5, "moderate"), (0.0, "weak"), (-1.0, "no"))


def models_and_reasons(fit) -> tuple[list[str], list[str]]:
    """The model's name and a sentence for each series of the fit."""
    models, reasons = [""] * len(fit.classes), [""] * len(fit.classes)
    gaps = buckets_without_demand(fit.prepared.values)
    notes = _notes(fit)
    strength = Window(fit.prepared.values, fit.panel.season).strength
    for block in fit.blocks.values():
        accuracy = _accuracy(block)
        weights = block.weights[:, -1]
        heavy = np.argsort(-weights, axis=1, kind="stable")[:, :3]
        for place, row in enumerate(block.rows):
            models[row] = _model(block.methods, weights[place], heavy[place])
            reasons[row] = "; ".join(
                [_class(fit, row, gaps[row], strength[row]), accuracy[place], *notes[row]]
            )
    for row in np.flatnonzero(fit.classes == "dead"):
        models[row] = "zero"
        reasons[row] = "; ".join([_dead(fit, row, gaps[row]), *notes[row]])
    return models, reasons


def _model(methods, weight, heavy) -> str:
    if weight[heavy[0]] >= ALONE:
        return methods[heavy[0]]
    return "combination: " + ", ".join(
        f"{methods[place]} {100 * weight[place]:.0f} %" for place in heavy if weight[place] > 0.005
    )


def _class(fit, row, gap, strength) -> str:
    kind = fit.classes[row]
    length = counted((~np.isnan(fit.prepared.values[row])).sum(), "bucket")
    words = {
        "new": f"new item, {length} of history: its methods are weighed as its panel's",
        "dying": f"dying demand, nothing sold in the last {counted(gap, 'bucket')}",
    }.get(kind, f"{kind} demand, {length}")
    if fit.prepared.regular[row]:
        words += (
            f", {next(word for least, word in SEASONS if strength > least)} season ({strength:.2f})"
        )
    return words


def _dead(fit, row, gap) -> str:
    if not (fit.prepared.values[row] > 0).any():
        return "no demand on record: forecast 0"
    return (
        f"dead: nothing sold in the last {counted(gap, 'bucket')}, unlikely at its earlier rate:"
        " forecast 0"
    )


def _accuracy(block) -> list[str]:
    def missed(forecasts):
        return np.nansum(np.abs(forecasts - block.trial.actual), axis=(1, 2))

    total, against = missed(0.0), [""] * len(block.rows)
    if NAIVE in block.methods:
        naive = missed(block.trial.tests[:, :, block.methods.index(NAIVE)])
        against = [f" (seasonal naive {share:.0f} %)" for share in over(100 * naive, total)]
    shares, words = over(100 * missed(block.combined_tests), total), []
    for tested, whole, share, other in zip(
        (block.trial.tested > 0).sum(axis=1), total, shares, against
    ):
        if not tested:
            words.append("too little history for a backtest")
        elif whole <= 0:
            words.append("no demand in the backtest")
        else:
            origins = counted(tested, "origin")
            words.append(f"backtest error {share:.0f} % of demand{other} from {origins}")
    return words


def _notes(fit) -> list[list[str]]:
    ready = fit.prepared
    notes = [[] for _ in fit.classes]
    size, batchy = batches(ready.known)
    for row in np.flatnonzero(batchy):
        notes[row].append(f"sells in batches of about {size[row]:,.0f}: none, one or more a bucket")
    sold, told = fit.panel.values[:, -1], ready.known[:, -1]
    for row in np.flatnonzero(np.abs(sold - told) > 1e-9 * np.abs(sold)):
        notes[row].append(
            f"the last bucket ({sold[row]:,.0f}) is unlike its level and season: counted as"
            f" {told[row]:,.0f} until the next one confirms it"
        )
    for row in np.flatnonzero(ready.shifted):
        notes[row].append(
            f"level changed by a factor of {ready.factor[row]:.2g}"
            f" {counted(ready.shifted[row], 'bucket')} ago; earlier history brought to the new"
            " level"
        )
    alone = fit.gathered(lambda each: combine(each.trial, each.weights))[:, -1].sum(axis=1)
    moved = over(fit.combined[:, -1].sum(axis=1), alone) - (alone > 0)
    for row, share in enumerate(moved):
        if abs(share) >= SHOWN:
            notes[row].append(
                f"moved by {100 * share:+.0f} % to agree with the forecasts of its sums"
            )
    for numbers, noun, text in (
        (ready.cut, "silent bucket", "before its first sale left out"),
        (ready.filled, "unknown bucket", "filled in"),
        (ready.bounded, "outlier", "bounded"),
        ((fit.panel.values < 0).sum(axis=1), "bucket", "with net returns"),
    ):
        for row in np.flatnonzero(numbers):
            notes[row].append(f"{counted(numbers[row], noun)} {text}")
    return notes


def batches(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The size of a usual batch, and which series sell in batches of it, (series,) each: nine
    buckets in ten hold none, one or a few of it (within a fifth), and not nearly all hold one.

    >>> size, batchy = batches(np.array([[10.0, 20, 10, 0, 11, 20, 9, 21], [10.0, 11, 9, 10] * 2]))
    >>> size.tolist(), batchy.tolist()
    ([10.0, 10.0], [True, False])
    """
    ordered = np.sort(np.where(values > 0, values, np.nan), axis=1)
    number, known = (~np.isnan(ordered)).sum(axis=1), (~np.isnan(values)).sum(axis=1)
    low = np.take_along_axis(
        ordered, (0.3 * np.maximum(number - 1, 0)).astype(int)[:, None], axis=1
    )
    size = row_median(np.where(np.abs(ordered / low - 1) < 0.3, ordered, np.nan))
    times = values / size[:, None]
    whole = np.rint(times)
    # Beyond a few batches any number is near a multiple; nearly always one is no batch to speak of.
    near = ((np.abs(times - whole) <= 0.2) & (whole <= 6)).sum(axis=1) >= 0.9 * known
    one = (whole == 1).sum(axis=1)
    return size, near & ((size >= FEWEST) | (values % 1 > 0).any(axis=1)) & (known >= 8) & (
        one >= 0.2 * known
    ) & (one <= np.minimum(0.96 * known, known - 2))


def counted(number: int, noun: str) -> str:
    """A number with its noun.

    >>> counted(1, "bucket"), counted(2, "bucket")
    ('1 bucket', '2 buckets')
    """
    return f"{number} {noun}{'' if number == 1 else 's'}"
