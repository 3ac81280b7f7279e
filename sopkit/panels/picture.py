"""The tuner's picture: the forecast chart of a cell, of which only two lines move while a planner
tunes.
"""

from dataclasses import dataclass

from sopkit.buckets import Calendar
from sopkit.charts import COLOURS, Chart, View, forecast_chart
from sopkit.charts.style import styled


@dataclass(frozen=True)
class Picture:
    """A drawn chart whose consensus and tried forecast can be moved without drawing the rest
    again.
    """

    chart: Chart
    calendar: Calendar
    consensus: object
    tried: object

    @styled
    def moved(self, consensus, tried=None, name="") -> str:
        """The picture as SVG with these lines (units by bucket); ``tried`` None = no line, ``name``
        says what was tried.
        """
        axes = self.chart.figure.axes[0]
        self.consensus.set_data(self.calendar.number(consensus.index), consensus)
        self.tried.set_data(
            (self.calendar.number(tried.index), tried)
            if tried is not None and len(tried)
            else ([], [])
        )
        highest = max(
            float(values.max())
            for values in (consensus, tried)
            if values is not None and len(values)
        )
        if highest > axes.get_ylim()[1]:
            axes.set_ylim(axes.get_ylim()[0], highest * 1.06)
        words = (
            f"{self.chart.subtitle}; dashed: {name}"
            if name and tried is not None
            else self.chart.subtitle
        )
        self.chart.figure.texts[1].set_text(words)
        return Chart(self.chart.figure, self.chart.title, words).svg


@styled
def picture(plan, item, market, tables) -> Picture:
    """The picture of an item in a market ("" = all) from the tables history, baseline_forecast,
    demand_plan and last.
    """
    chart = forecast_chart(
        tables["history"],
        tables["baseline_forecast"],
        tables["demand_plan"],
        View(plan.facts["items"].assign(price=float("nan")), calendar=plan.calendar),
        item=item,
        market=market or None,
        last=tables["last"],
    )
    axes = chart.figure.axes
    lines = {line.get_gid(): line for line in (axes[0].lines if axes else [])}
    (tried,) = axes[0].plot([], [], color=COLOURS["baseline"], linewidth=1.8, linestyle=(0, (4, 2)))
    return Picture(
        chart,
        plan.calendar,
        lines.get("consensus") or axes[0].plot([], [], color=COLOURS["consensus"])[0],
        tried,
    )
