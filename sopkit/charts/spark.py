"""Small drawings that stand in a card or a table cell: sparklines and bars, as SVG."""

import numpy as np
import pandas as pd

from sopkit.charts.words import Html, number

FAVOURABLE, UNFAVOURABLE, MEASURED = "#00795A", "#C4500A", "#333333"


def ink(value) -> str:
    """The colour of a difference: above 0 favourable."""
    return FAVOURABLE if value > 0 else UNFAVOURABLE


def spark(lines=(), bars=(), band=None, *, colours=(), size=(182, 34), hatched=0, dot=True) -> str:
    """A sparkline as SVG: ``bars`` from zero in their ``colours`` (the last ``hatched`` planned),
    a ``band`` (low, high), ``lines`` as (values, colour, dash), the last value of the first one
    with a ``dot``.

    >>> spark([([1.0, 2.0], "#333333", "")]).count("<path"), spark(bars=[1, -1]).count("<rect")
    (1, 2)
    """
    width, height = size
    rows = [np.asarray(values, float) for values, *_ in lines]
    heights = np.asarray(bars, float)
    every = np.concatenate(
        [*rows, heights, *(map(np.asarray, band or ())), [0.0] * bool(len(bars))]
    )
    every = every[np.isfinite(every)]
    if not len(every):
        return ""
    count = max(map(len, [*rows, heights]))
    low, span = every.min(), np.ptp(every) or 1.0
    x = (np.arange(count) + 0.5) * width / count
    y = lambda values: height - 4 - (np.asarray(values, float) - low) / span * (height - 8)
    parts = []
    if band is not None:
        edge = [*zip(x, y(band[1])), *zip(x[::-1], y(band[0])[::-1])]
        parts.append(f'<path d="{_path(edge)}Z" fill="#D9DCDF"/>')
    for at, value in enumerate(heights):
        top, zero = sorted([y(value), y(0.0)])
        if np.isfinite(value):
            look = "fill-opacity:.35;stroke-width:.8" if at >= count - hatched else ""
            parts.append(
                f'<rect x="{x[at] - 0.36 * width / count:.1f}" y="{top:.1f}"'
                f' width="{0.72 * width / count:.1f}" height="{max(zero - top, 0.5):.1f}"'
                f' fill="{colours[at] if len(colours) else MEASURED}" stroke="{MEASURED}"'
                f' style="stroke-width:0;{look}"/>'
            )
    if len(bars):
        parts.append(f'<path d="M0 {y(0.0):.1f}H{width}" stroke="#222"/>')
    for values, (_, colour, dash) in zip(rows, lines):
        there = np.isfinite(values)
        if not there.any():
            continue
        path = _path(zip(x[: len(values)][there], y(values[there])))
        look = f' stroke-dasharray="{dash}"' if dash else ""
        parts.append(f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="1.8"{look}/>')
    if dot and rows and np.isfinite(rows[0][-1]):
        at, colour = len(rows[0]) - 1, lines[0][1]
        parts.append(
            f'<circle cx="{x[at]:.1f}" cy="{y(rows[0][at]):.1f}" r="3.5" fill="{colour}"/>'
        )
    return (
        f'<svg class="spark" width="{width}" height="{height}" aria-hidden="true"'
        f' viewBox="0 0 {width} {height}">{"".join(parts)}</svg>'
    )


def plot(past, ahead, calendar, hue, level=()) -> str:
    """A third of a page's width (403 × 140) as SVG: bars by bucket of what was (solid) and what is
    planned (light, in the ``hue``), from 0 to the highest; dashed: a ``level`` beside the plan.
    """
    shown, step = pd.concat([past, ahead]), 353 / (len(past) + len(ahead))
    colours = [MEASURED] * len(past) + [hue] * len(ahead)
    lines = [([np.nan] * len(past) + [*level], "#222", "4 3")] if len(level) else ()
    look = {"colours": colours, "size": (353, 118), "hatched": len(ahead), "dot": False}
    most = max([*shown.dropna(), *level])
    words = "".join(
        f'<text x="{50 + step * (at + 0.5):.0f}" y="136" text-anchor="middle">{label}</text>'
        for at, label in enumerate(calendar.label(shown.index))
        if at % 6 == 2
    )
    return (
        '<svg class="plot" width="403" height="140" viewBox="0 0 403 140" font-size="12"'
        ' fill="#5F6368" aria-hidden="true"><text x="44" y="118" text-anchor="end">0</text>'
        f'<text x="44" y="10" text-anchor="end">{number(most)}</text>{words}'
        f'<svg x="50">{spark(lines, shown, **look)}</svg>'
        f'<path d="M{50 + step * len(past):.1f} 0V114" stroke="#5F6368" stroke-dasharray="1 3"/>'
        "</svg>"
    )


def difference(value: float, most: float, good=None, width: int = 96) -> str:
    """A bar to the left or right of an axis in its middle, as long as ``value`` is of ``most``, in
    the colour of what is ``good`` above 0 (the value itself; 0 is neither).
    """
    half = width / 2
    length = (half - 2) * abs(value) / most if np.isfinite(value) and most else 0.0
    colour = MEASURED if good == 0 else ink(value if good is None else good)
    return (
        f'<svg class="spark" width="{width}" height="26" aria-hidden="true"><rect y="6" height="13"'
        f' x="{half - length * (value < 0):.1f}" width="{length:.1f}" fill="{colour}"/>'
        f'<path d="M{half:g} 0V26" stroke="#222"/></svg>'
    )


def differences(values) -> pd.Series:
    """Each of some values as a ``difference``, as cells of a table."""
    most = values.abs().max()
    return pd.Series([Html(difference(value, most)) for value in values], values.index, object)


def _path(points):
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
