"""The tuner's picture: the forecast chart of a scope, of which only what a planner moves is drawn
anew while they tune.
"""

from functools import partial
from textwrap import fill

import pandas as pd

from sopkit.charts import COLOURS, Chart, forecast_chart
from sopkit.charts.axes import Panel
from sopkit.charts.demand import forecast_title
from sopkit.charts.measure import by_bucket, scope
from sopkit.charts.style import SMALL, TITLE, styled

HEIGHT = 2.05  # inches of the axes, to fill the desk


class Picture:
    """The drawn chart of ``tables`` (history, baseline_forecast, demand_plan, last) and a
    ``choice`` (item, market), whose consensus, title and tried forecast move.
    """

    def __init__(self, tables, view, choice, width):
        room = {"height": HEIGHT, "width": width}  # inches
        self.width, self.drawn = (
            width,
            partial(forecast_chart, **tables, view=view, **room, **choice),
        )
        self.view = view
        past, unit = view.addable(tables["history"], ["demand"], **choice)
        told = {"unit": unit, "where": scope(**choice), "calendar": view.calendar}
        self.title = partial(forecast_title, by_bucket(past, "demand"), **told)
        self._draw(0.0)

    @styled
    def _draw(self, top):
        """Draws the chart with room up to ``top``."""
        self.top, self.chart = top, self.drawn(top=top)
        (self.axes,) = self.chart.figure.axes
        (self.consensus,) = self._marked("consensus")
        dashed = {"linewidth": 1.8, "linestyle": (0, (4, 2))}
        (self.tried,) = self.axes.plot([], [], color=COLOURS["baseline"], **dashed)
        self.still = None  # the picture without what moves
        self.panel = Panel(self.axes, self.view.calendar)

    def _marked(self, gid):
        return self.axes.findobj(lambda part: part.get_gid() == gid)

    @styled
    def moved(self, consensus: pd.Series, tried: pd.Series, name: str) -> str:
        """The picture as SVG with these lines (units by bucket); a ``tried`` without values is no
        line, ``name`` says what was tried.

        What stands still is drawn again only where the axis grows or shrinks.
        """
        highest = max([*consensus, *tried])
        if highest > self.axes.get_ylim()[1] or highest < self.top / 2:
            self._draw(highest)
        number = self.view.calendar.number
        self.consensus.set_data(number(consensus.index), consensus)
        self.tried.set_data(number(tried.index), tried)
        for text in self._marked("extreme"):
            text.remove()
        self.panel.extremes(consensus)
        title, figure = self.title(consensus), self.chart.figure
        words = self.chart.subtitle + (f"; dashed: {name}" if len(tried) else "")
        for text, said, letters in zip(figure.texts, (title, words), (TITLE, SMALL)):
            text.set_text(fill(said, int(letters * self.width)))
        moving = {self.consensus, self.tried, *self._marked("extreme"), *figure.texts}
        parts = {*self.axes.get_children(), *figure.texts, figure.patch}
        parts = {part for part in parts if part.get_visible()}
        if self.still is None:
            self.still = _without(moving, figure, "")
        moved = _without(parts - moving, figure, title)
        return self.still.removesuffix("</svg>") + moved[moved.index(">") + 1 :]


def _without(parts, figure, title) -> str:
    """The figure as SVG without some of its parts."""
    for part in parts:
        part.set_visible(False)
    try:
        return Chart(figure, title, "").svg.rstrip()
    finally:
        for part in parts:
            part.set_visible(True)
