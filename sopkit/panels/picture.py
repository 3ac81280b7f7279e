"""The tuner's picture: the forecast chart of a cell, of which only two lines move while a planner
tunes.
"""

import pandas as pd

from sopkit.charts import COLOURS, Chart, forecast_chart
from sopkit.charts.style import styled


class Picture:
    """The drawn chart of a cell, whose consensus and tried forecast can be moved without drawing
    the rest again.
    """

    @styled
    def __init__(self, cell, view):
        choice = {"item": cell.item, "market": cell.market or None}
        self.chart = forecast_chart(**cell.tables, view=view, last=cell.last, **choice)
        (self.axes,) = self.chart.figure.axes
        (self.consensus,) = (line for line in self.axes.lines if line.get_gid() == "consensus")
        dashed = {"linewidth": 1.8, "linestyle": (0, (4, 2))}
        (self.tried,) = self.axes.plot([], [], color=COLOURS["baseline"], **dashed)
        self.number = view.calendar.number

    @styled
    def moved(self, consensus: pd.Series, tried: pd.Series, name: str) -> str:
        """The picture as SVG with these lines (units by bucket); a ``tried`` without values is no
        line, ``name`` says what was tried.
        """
        self.consensus.set_data(self.number(consensus.index), consensus)
        self.tried.set_data(self.number(tried.index), tried)
        low, high = self.axes.get_ylim()
        highest = max([*consensus, *tried])
        if highest > high:
            self.axes.set_ylim(low, highest * 1.06)
        words = self.chart.subtitle + (f"; dashed: {name}" if len(tried) else "")
        self.chart.figure.texts[1].set_text(words)
        return Chart(self.chart.figure, self.chart.title, words).svg
