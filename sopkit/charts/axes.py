"""What charts have in common: a time axis in months, the line where the plan starts, labels that
stand beside their lines.
"""

import numpy as np
import pandas as pd
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.ticker import FuncFormatter, MaxNLocator

from sopkit.buckets import Calendar, infer_calendar
from sopkit.charts.style import COLOURS
from sopkit.charts.words import matter, number

_STEPS = {
    "month": (1, 2, 3, 6, 12, 24, 36, 60),
    "week": (1, 2, 4, 13, 26, 52, 104),
    "quarter": (1, 2, 4, 8, 20),
}


class TimeAxis:
    """Buckets as whole numbers on the x axis, so that bars and lines stand exactly on their
    bucket.
    """

    def __init__(self, *columns):
        stamps = [
            pd.DatetimeIndex(column) for column in columns if column is not None and len(column)
        ]
        self.stamps = (
            stamps[0].append(stamps[1:]).unique().sort_values() if stamps else pd.DatetimeIndex([])
        )
        self.calendar = infer_calendar(self.stamps) if len(self.stamps) else Calendar()

    @property
    def word(self) -> str:
        """What a bucket is called: "month", "week" or "quarter"."""
        return self.calendar.size

    def at(self, buckets) -> np.ndarray:
        """Where the buckets stand."""
        return self.calendar.number(pd.DatetimeIndex(buckets))

    def draw(self, axes, *, most: int = 13, start=None, word: str = "plan"):
        """Labels the axis with at most about ``most`` buckets and marks where the plan starts."""
        if not len(self.stamps):
            return
        first, last = self.at(self.stamps[[0, -1]])
        step = next(
            (s for s in _STEPS[self.calendar.size] if (last - first) / s <= most),
            _STEPS[self.calendar.size][-1],
        )
        ticks = np.arange(first + (-first) % step, last + 1, step)
        axes.set_xticks(ticks, self.calendar.label(self.calendar.stamp(ticks)))
        axes.set_xlim(first - 0.7, last + 0.7)
        if start is not None and first < self.at([start])[0] <= last:
            self._mark(axes, self.at([start])[0] - 0.5, word)

    def _mark(self, axes, x, word):
        axes.axvline(x, color=COLOURS["quiet"], linewidth=0.9, linestyle=(0, (2, 2)), zorder=1)
        if not word:
            return
        axes.annotate(
            f"{word} →",
            (x, 1),
            xycoords=("data", "axes fraction"),
            xytext=(3, -1),
            textcoords="offset points",
            size=8,
            color=COLOURS["quiet"],
            va="top",
        )


def bars(axes, x, height, bottom=0.0, *, color, hatch=None, width: float = 0.72):
    """Bars as one shape: much quicker to draw than a patch for each."""
    x, height = np.asarray(x, dtype=float), np.nan_to_num(np.asarray(height, dtype=float))
    low = np.broadcast_to(np.asarray(bottom, dtype=float), height.shape)
    left, right, high = x - width / 2, x + width / 2, low + height
    corners = np.stack(
        [
            np.stack([left, low], 1),
            np.stack([left, high], 1),
            np.stack([right, high], 1),
            np.stack([right, low], 1),
            np.stack([left, low], 1),
        ],
        axis=1,
    )
    kept = corners[height != 0]
    codes = np.tile([Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY], len(kept))
    if len(kept):
        shape = PathPatch(
            Path(kept.reshape(-1, 2), codes),
            facecolor=color,
            edgecolor="white" if hatch else "none",
            hatch=hatch,
            linewidth=0,
        )
        shape.sticky_edges.y.append(0)
        axes.add_patch(shape)
        axes.autoscale_view()


def readable(axes):
    """Thousands separators, few ticks, zero in view, and room above the highest mark."""
    low, high = axes.get_ylim()
    axes.set_ylim(min(low, 0) * 1.02, high * 1.04 if high > 0 else 1)
    axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    decimals = matter([tick for tick in axes.get_yticks() if abs(tick) < 1e15])
    axes.yaxis.set_major_formatter(FuncFormatter(lambda v, _: number(v, decimals)))
    axes.axhline(0, color="#999999", linewidth=0.8, zorder=1.5)


def name_lines(axes, labels, *, size: float = 8.5):
    """Writes each (y, text, colour) at the right edge beside the line it names, pushed apart where
    they would overlap.
    """
    labels = sorted(
        (label for label in labels if label[0] is not None and np.isfinite(label[0])),
        key=lambda label: label[0],
    )
    if not labels:
        return
    low, high = axes.get_ylim()
    inches = axes.get_position().height * axes.figure.get_figheight()
    apart = (high - low) * size * 1.3 / 72 / max(inches, 0.1)
    wanted = np.array([label[0] for label in labels])
    placed = np.maximum.accumulate(wanted - apart * np.arange(len(labels))) + apart * np.arange(
        len(labels)
    )
    placed = np.minimum(placed, high - apart * (len(labels) - 1 - np.arange(len(labels))))
    for y, (_, text, colour) in zip(placed, labels):
        axes.annotate(
            text,
            (1, y),
            xycoords=("axes fraction", "data"),
            xytext=(5, 0),
            textcoords="offset points",
            size=size,
            color=colour,
            va="center",
            annotation_clip=False,
        )
