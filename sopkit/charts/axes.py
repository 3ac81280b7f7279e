"""What charts have in common: a time axis in months, the line where the plan starts, and panels
whose lines and bars are named at their right edge.
"""

import numpy as np
import pandas as pd
from matplotlib.colors import to_rgb
from matplotlib.ticker import FuncFormatter, MaxNLocator

from sopkit.charts.measure import readable_unit
from sopkit.charts.style import COLOURS, INK, sheet
from sopkit.charts.words import matter, number

BAR = 0.72  # of a bucket


class Panel:
    """One of a chart's axes over time, a bucket being one wide. What is drawn into it (series by
    bucket, divided by ``factor``) is named at the right edge, beside its last value and in its
    colour.
    """

    def __init__(self, axes, calendar, factor: float = 1.0):
        self.axes, self.calendar, self.factor = axes, calendar, factor
        self.names, self.drawn = [], []

    def at(self, buckets) -> np.ndarray:
        """Where buckets stand: whole numbers, so that bars and lines stand exactly on theirs."""
        x = self.calendar.number(pd.DatetimeIndex(buckets))
        self.drawn += [*x[:1], *x[-1:]]
        return x

    def line(self, values, colour, name="", **style):
        """A line; nothing where there are no values."""
        if len(values):
            x, y = self.at(values.index), values / self.factor
            self.axes.plot(x, y, color=COLOURS[colour], **style)
            self._name(y.iloc[-1], name, colour)

    def last(self, values, name="last cycle", width=1.6):
        """Last cycle's values: dotted."""
        self.line(values, "last", name, linestyle=":", linewidth=width)

    def before(self, values):
        """Last cycle's values as hollow triangles, at the left of their bars."""
        x, y = self.at(values.index) - BAR / 2, values / self.factor
        look = {"color": COLOURS["quiet"], "markerfacecolor": "white", "markersize": 5}
        self.axes.plot(x, y, linewidth=0, marker=">", markeredgewidth=0.9, zorder=3, **look)

    def extremes(self, values, sign=False):
        """The highest and the lowest value as numbers beside their marks."""
        values = values[values != 0].dropna() / self.factor
        self.axes.margins(y=0.3 if sign else 0.12)  # room for them
        ends = [values.idxmax(), values.idxmin()] if len(values) else []
        if len(ends) and abs(np.diff(self.calendar.number(pd.DatetimeIndex(ends)))[0]) < 2:
            ends = ends[:1]  # neighbours would be written over each other
        for bucket in ends:
            high = values[bucket]
            look = {"ha": "center", "va": "bottom" if high >= 0 else "top", "zorder": 5}
            look["gid"] = "extreme"
            look["bbox"] = {"facecolor": "white", "alpha": 0.7, "pad": 0.5, "linewidth": 0}
            place, off = (self.at([bucket])[0], high), (0, 2 if high >= 0 else -2)
            words = number(high, sign=sign)
            _write(self.axes, words, place, off, "data", COLOURS["text"], **look)

    def bars(self, values, colour, name="", bottom=0.0, *, planned=True):
        """Bars as one shape: much quicker to draw than a patch for each; named at half height.
        What is ``planned`` is a hatched tint in its outline, what was counted is solid.
        """
        if not len(values):
            return
        x, height = self.at(values.index), np.nan_to_num(values / self.factor)
        low = np.broadcast_to(bottom / self.factor, height.shape)
        gap = np.full(height.shape, np.nan)  # between one bar and the next
        shape = self.axes.fill_between(
            np.stack([x - BAR / 2, x + BAR / 2, x], axis=1).ravel(),
            np.stack([low, low, gap], axis=1).ravel(),
            np.stack([low + height, low + height, gap], axis=1).ravel(),
            facecolor=1 - (0.3 if planned else 1) * (1 - np.array(to_rgb(COLOURS[colour]))),
            edgecolor=COLOURS[colour],
            hatch="///" if planned else None,
            linewidth=0.8 if planned else 0.0,
        )
        shape.sticky_edges.y.append(0)
        self._name(low[-1] + height[-1] / 2, name, colour)

    def done(self, title: str = "", *, most: int = 13, start=None, word: str = "plan →"):
        """Labels at most about ``most`` buckets, marks where the plan starts, makes the values
        ``readable``, and writes the names, pushed apart where they would overlap.
        """
        first, last, year = min(self.drawn), max(self.drawn), self.calendar.per_year
        steps = [step for step in range(1, 5 * year + 1) if year % step == 0 or step % year == 0]
        step = next((step for step in steps if last - first <= most * step), steps[-1])
        ticks = np.arange(first + (-first) % step, last + 1, step)
        self.axes.set_xticks(ticks, self.calendar.label(self.calendar.stamp(ticks)))
        self.axes.set_xlim(first - 0.7, last + 0.7)
        begins = self.calendar.number([start])[0] - 0.5 if start is not None else first
        if begins > first:
            look = {"color": COLOURS["quiet"], "linewidth": 0.9, "linestyle": (0, (2, 2))}
            self.axes.axvline(begins, zorder=1, gid="start", **look)
            place, within = (begins, 1), ("data", "axes fraction")
            look = {"va": "bottom", "ha": "center" if "|" in word else "left"}
            _write(self.axes, word, place, (0, 1), within, COLOURS["quiet"], **look)
        readable(self.axes)
        if title:
            self.axes.set_title(title, loc="left", size=9, pad=4)
        names = sorted((name for name in self.names if np.isfinite(name[0])), key=lambda n: n[0])
        if not names:
            return
        size, (low, high) = 8.5, self.axes.get_ylim()
        inches = self.axes.get_position().height * self.axes.figure.get_figheight()
        apart = (high - low) * size * 1.3 / 72 / max(inches, 0.1)
        rank = np.arange(len(names))
        placed = np.maximum.accumulate(np.array([y for y, *_ in names]) - apart * rank)
        placed = np.minimum(placed + apart * rank, high - apart * rank[::-1])
        for y, (_, text, colour) in zip(placed, names):
            _write(self.axes, text, (1, y), (5, 0), ("axes fraction", "data"), colour, size=size)

    def _name(self, y, name, colour):
        if name:
            self.names.append((y, name, INK[colour]))


def timeline(view, values, unit, title, subtitle, **layout):
    """An empty chart and its panels, for values in a unit: money is scaled, and the subtitle begins
    with what is shown; ``layout`` as for a ``sheet``.
    """
    factor, shown = readable_unit(values, unit)
    chart, axes = sheet(title, f"{shown} {subtitle}", **layout)
    return chart, [Panel(ax, view.calendar, factor) for ax in axes.flat]


def readable(axes):
    """Thousands separators, few ticks, zero in view, and room above the highest mark."""
    low, high = axes.get_ylim()
    axes.set_ylim(min(low, 0) * 1.02, high * 1.04 if high > 0 else 1)
    axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    decimals = matter([tick for tick in axes.get_yticks() if abs(tick) < 1e15])
    axes.yaxis.set_major_formatter(FuncFormatter(lambda v, _: number(v, decimals)))
    axes.axhline(0, color="#999999", linewidth=0.8, zorder=1.5)


def _write(axes, text, place, off, within, colour, **look):
    look = {"va": "center", "ha": "left", "size": 8.5} | look
    axes.annotate(
        text, place, xycoords=within, xytext=off, textcoords="offset points", color=colour,
        annotation_clip=False, **look,
    )  # fmt: skip
