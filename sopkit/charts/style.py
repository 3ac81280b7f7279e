"""How every chart looks: colours with fixed meanings, type, and the chart as a value that shows
itself.
"""

import hashlib
import io
import textwrap
import warnings
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from sopkit.charts.table import Block, missing
from sopkit.charts.words import clean, escape

# Okabe and Ito's palette: the colours stay apart for every common kind of colour blindness.
COLOURS = {
    "history": "#333333",
    "baseline": "#0072B2",
    "consensus": "#E69F00",
    "supply": "#009E73",
    "stock": "#56B4E9",
    "backlog": "#D55E00",
    "capacity": "#6F6F6F",
    "budget": "#8A8A8A",
    "last": "#8A8A8A",
    "overtime": "#66C4A8",
    "purchased": "#9FB8AD",
    "text": "#222222",
    "quiet": "#6B6B6B",
    "grid": "#E6E6E6",
    "naive": "#BDBDBD",
    "thread": "#B5B5B5",  # the line through cleansed history
}
# Ink: the same hues, dark enough to be read as words on white.
INK = COLOURS | {
    "consensus": "#A86F00",
    "baseline": "#005A8F",
    "supply": "#00694D",
    "stock": "#2476A8",
    "backlog": "#A84A00",
    "overtime": "#2C7A61",
    "purchased": "#54705F",
}
RC = mpl.rc_params_from_file(Path(__file__).with_suffix(".mplstyle"), use_default_template=False)
WIDTH, HALF = 11.0, 6.4
TITLE, SMALL = 9.6, 13.7  # letters to an inch of a title and of what stands below it
_LINE = 0.21  # inches that a line of a title needs


styled = mpl.rc_context(
    RC
)  # decorates whatever draws: texts take their style (and that $ is no formula) when they are made


@dataclass(frozen=True)
class Chart:
    """A drawn chart: shows itself in notebooks and pages as SVG (and as PNG, which Jupyter also
    shows of a notebook it does not trust).

    ``title`` is the sentence, ``subtitle`` the unit and scope; ``svg`` and ``png`` are the same
    every time.
    """

    figure: Figure = field(repr=False, compare=False)
    title: str
    subtitle: str
    head: float = 0.0  # inches above the plot, of the two

    @cached_property
    def svg(self) -> str:
        """The chart as SVG that can stand in a page: no XML header, no date, ids of its own, its
        sentence as label.
        """
        told = {"title": self.title, "sub": self.subtitle, "head": f"{72 * self.head:.1f}"}
        said = " ".join(f'data-{name}="{escape(words)}"' for name, words in told.items())
        text = self._printed(
            "svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None}
        ).decode()
        body = text[text.index("<svg") :]
        return body.replace(
            "<svg ",
            f'<svg role="img" aria-label="{escape(repr(self))}" {said}'
            ' style="max-width:100%;height:auto" ',
            1,
        )

    @cached_property
    def png(self) -> bytes:
        """The chart as PNG, 110 dots to the inch."""
        return self._printed("png", dpi=110)

    def _printed(self, kind, **options):
        page = io.BytesIO()
        salt = hashlib.sha256(f"{self.title}|{self.subtitle}".encode()).hexdigest()[:12]
        with mpl.rc_context(RC | {"svg.hashsalt": salt}), warnings.catch_warnings():
            warnings.filterwarnings(
                "ignore", message="Glyph"
            )  # the browser has the letters that our font lacks
            self.figure.savefig(page, format=kind, **options)
        return page.getvalue()

    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"image/svg+xml": self.svg, "image/png": self.png, "text/plain": repr(self)}

    def __repr__(self):
        return f"{self.title} ({self.subtitle})"


def sheet(
    title: str,
    subtitle: str,
    *,
    many: int = 1,
    columns: int = 1,
    height: float = 2.6,
    right: float = 1.25,
    headed: bool = False,
    ratios=None,
    width: float = WIDTH,
):
    """An empty chart and its grid of ``many`` axes in at most so many ``columns``, each row
    ``height`` inches tall, with room for titles above and labels at the right.

    ``headed`` leaves room for a heading over each of the axes; ``ratios`` are the rows' heights.
    """
    title, subtitle = clean(title), clean(subtitle)
    words = textwrap.wrap(title, int(TITLE * width)) or [""]
    small = textwrap.wrap(subtitle, int(SMALL * width)) or [""]
    columns = min(columns, max(many, 1))
    rows = -(-many // columns) or 1
    gap = 0.45 + 0.22 * headed
    head = 0.14 + _LINE * len(words) + 0.17 * len(small)
    top, bottom = head + 0.16 + 0.24 * headed, 0.34
    tall = top + bottom + rows * height + (rows - 1) * gap
    figure = Figure(figsize=(width, tall))
    axes = figure.subplots(rows, columns, squeeze=False, height_ratios=ratios)
    figure.subplots_adjust(
        left=0.8 / width,
        right=1 - right / width,
        top=1 - top / tall,
        bottom=bottom / tall,
        hspace=gap / height,
        wspace=0.26,
    )
    for ax in axes.flat[many:]:
        ax.set_axis_off()
    for lines, down, look in (
        (words, 0.1, {"size": 11.5, "weight": "bold"}),
        (small, 0.15 + _LINE * len(words), {"size": 9, "color": COLOURS["quiet"]}),
    ):
        place = 0.0, 1 - down / tall
        look |= {"va": "top", "linespacing": 1.25, "gid": "heading"}
        figure.text(*place, "\n".join(lines), **look)
    return Chart(figure, title, subtitle, head - 0.06), axes


def nothing(title: str, feed: str) -> Block:
    """What stands for a chart that has nothing to show: a quiet line that says what would feed
    it.
    """
    return missing(f"{title}: {feed}.")
