"""Trying another method on an item: its forecast, and its backtest beside the others'."""

import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
import pandas as pd

from sopkit.charts.words import clean, day, escape, number, percent
from sopkit.demand import forecastable
from sopkit.errors import PlanError
from sopkit.forecast import METHODS, fit, forecast, graded, learn_events, without_events
from sopkit.forecast.fit import Fit
from sopkit.forecast.methods import Method, seen
from sopkit.metrics.scopes import leaving
from sopkit.metrics.stages import CHOSEN, NEAR

ETS = "ETS (statsmodels)"
SLIDERS = {"level": "alpha", "trend": "beta", "damping": "phi", "season": "gamma"}
TRIED = "tried here"
FEW = 4  # buckets from which a difference is told
FEWEST = 10  # values that statsmodels needs to start from


@dataclass(frozen=True)
class Trial:
    """A method's ``forecast`` by market, and the graded ``cells`` of its backtest."""

    found: Fit

    @cached_property
    def forecast(self) -> pd.DataFrame:
        return forecast(self.found)

    @cached_property
    def cells(self) -> pd.DataFrame:
        cells = graded(self.found, NEAR)
        return cells.query("model == @CHOSEN").assign(model=TRIED)


def takes(method: str) -> tuple[str, ...]:
    """The sliders that a method understands."""
    return getattr(offered().get(method), "sliders", ())


def offered() -> dict:
    """The methods that a planner may try, by name: the forecast's own, and one of a peer."""
    return METHODS | {ETS: Method(seen, _holt_winters, ("level", "trend", "season"))}


def try_method(history, method, calendar, until, **sliders: float) -> Trial:
    """The trial of a method on one item: ``history`` is item, market, bucket, quantity; of the
    ``sliders`` those that the method understands count, 0 = automatic; it is forecast ``until`` a
    bucket of the ``calendar``, as the pack forecasts it.

    Raises ``PlanError`` where the history is too short or empty.
    """
    if (buckets := history["bucket"].nunique()) < NEAR:
        raise PlanError(
            f"{buckets} buckets of history are too few to try a method; start from an earlier"
            " year, or choose another item"
        )
    set_to = {SLIDERS[name]: sliders[name] for name in takes(method) if sliders.get(name)}
    tried = {method: partial(offered()[method], **set_to)}
    return Trial(_fitted(history, calendar, until, method=tried))


class Backtest:
    """The backtest of a pack cell by cell; ``series``, what the pack forecasts, is worked out by
    the ``worker`` in the background once it is asked for (a future): what was sold, without what
    events brought.
    """

    def __init__(self, plan):
        self.plan, self.known, self.worker = plan, {}, ThreadPoolExecutor(1)

    @cached_property
    def series(self):
        return self.worker.submit(self._series)

    @cached_property
    def chosen(self):
        return self.plan.book().backtest.assign(model=CHOSEN)

    def _series(self):
        book, facts = self.plan.book(), self.plan.facts
        sold = forecastable(self.plan.read("history"), book)
        learned = learn_events(
            sold, facts["events"], facts["items"], calendar=book.calendar, members=book.members
        )
        return without_events(sold, learned)

    @cached_property
    def _leaving(self):
        return leaving(self.plan.book()).set_index("item")

    def leaves(self, item) -> list[str]:
        """When an item that retires is made last, how long its stock lasts and what is left."""
        name, told = self.plan.calendar.name, []
        for row in self._leaving[self._leaving.index == item].itertuples():
            words = [f"retires {day(row.retired_on)}"]
            words += [] if pd.isna(row.last_made) else [f": made last in {name(row.last_made)}"]
            words += [] if pd.isna(row.runs_out) else [f", stock runs out in {name(row.runs_out)}"]
            words += [f", {number(row.left)} left for good"] if row.left else []
            words += [f"; {clean(row.successor)} follows"] if clean(row.successor) else []
            told.append("".join(words))
        return told

    def history(self, item, since: int = 0) -> pd.DataFrame:
        """What an item is forecast from, since a year."""
        rows = self.series.result()
        return rows.query("item == @item and bucket.dt.year >= @since")

    def cells(self, item, until, trial=None) -> pd.DataFrame:
        """Forecasts and actuals of an item by market, bucket, lag and model: the chosen one, the
        pack's methods (tested as a trial is), and what is tried.
        """
        if item not in self.known:
            sold = self.history(item)
            fitted = _fitted(sold, self.plan.calendar, until) if len(sold) else None
            self.known[item] = graded(fitted, NEAR) if fitted else self.chosen.head(0)
        tried = [trial.cells] if trial else []
        cells = pd.concat([self.chosen.query("item == @item"), *tried, self.known[item]])
        return cells.drop_duplicates(["market", "bucket", "lag", "model"])


def _fitted(history, calendar, until, **how):
    last, end = calendar.number([history["bucket"].max(), until])
    return fit(history, end - last, calendar=calendar, **how)


def compared(cells: pd.DataFrame) -> tuple[pd.Series, str]:
    """The WAPE (fraction) of every model that forecast all the cells which the chosen one (and what
    is tried) did, best first; and whether these two differ, in words. ``cells``: market, bucket,
    lag, model, forecast, actual.

    They differ where the mean gap of their errors, bucket by bucket, is beyond twice its standard
    error.

    >>> months = pd.date_range("2026-01-01", periods=6, freq="MS")
    >>> cells = pd.DataFrame({"market": "N", "bucket": months, "lag": 1, "actual": 100.0})
    >>> tried = cells.assign(model=TRIED, forecast=[104.0, 96.0] * 3)
    >>> chosen = cells.assign(model=CHOSEN, forecast=[110.0, 91.0] * 3)
    >>> errors, words = compared(pd.concat([tried, chosen]))
    >>> errors.round(3).to_dict(), words
    ({'tried here': 0.04, 'chosen': 0.095}, '5.5 points better than the chosen')
    """
    known, names = ["market", "bucket", "lag"], {CHOSEN, *cells["model"]}
    wide = cells.pivot_table("forecast", known, "model").reindex(columns=sorted(names))
    wide = wide.dropna(subset=[*{TRIED, CHOSEN} & names])
    actual = cells.groupby(known)["actual"].first().reindex(wide.index)
    missed = wide.dropna(axis=1).sub(actual, axis=0).abs()
    errors = missed.sum() / (actual.sum() if actual.sum() > 0 else np.nan)
    errors = errors.dropna().sort_values(kind="stable")
    if TRIED not in errors:
        return errors, ""
    gap = (missed[TRIED] - missed[CHOSEN]).groupby("bucket").sum()
    noise = gap.std() / len(gap) ** 0.5 if len(gap) >= FEW else np.inf
    if not abs(gap.mean()) > 2 * noise:
        return errors, "no clear difference to the chosen"
    points, way = 100 * (errors[TRIED] - errors[CHOSEN]), "worse" if gap.mean() > 0 else "better"
    return errors, f"{number(abs(points), 1)} points {way} than the chosen"


def grades(backtest, view, here, forecast, trial, method) -> str:
    """The errors of the methods in a scope, what is tried among them, and why the forecast is as it
    is, as HTML.
    """
    (item, name, market), of, verdict = here, "", ""
    if item:
        cells = backtest.cells(item, forecast["bucket"].max(), trial)
        lines, verdict = compared(view.chosen(cells, item=item, market=market))
        if trial:  # a method has one error: as it would be planned with
            lines = lines.drop(method, errors="ignore").rename({TRIED: f"{method}, tried"})
        of = f" in {escape(market)}" if market else ""
        words = [*backtest.leaves(item), reasons(forecast)]
    else:
        rows = backtest.plan.read("value_added").query("source == 'backtest' and lag <= @NEAR")
        rows = rows[(rows["level"] == "family") & (rows["name"] == name)]
        lines = rows.groupby("stage")["wape"].mean().sort_values()
        lines = lines.rename({"naive": "as a year before"})
        words = ["methods are tried item by item"]
    lines = dict(lines) or {"no backtest: too little history, or no family": None}
    rows = (f"<tr><td>{escape(name)}<td>{percent(value, 0)}" for name, value in lines.items())
    words = escape("\n".join(filter(None, [*words])))
    return (
        f"<b>Backtest error</b>, 1–{NEAR} ahead{of}<div>{escape(verdict)}</div>"
        f'<table>{"".join(rows)}</table><div class="say">{words}</div>'
    )


def reasons(forecast: pd.DataFrame) -> str:
    """Why a forecast is as it is, market by market where there are several; without its error,
    which ``compared`` tells on the cells of all methods.
    """
    told = forecast.drop_duplicates("market")
    told = told.assign(why=told["why"].str.replace(r"; backtest error [^;]*", "", regex=True))
    named = [f"{row.market}: {row.why}" for row in told.itertuples()]
    return "\n".join(named if len(told) > 1 else told["why"])


def _holt_winters(window, horizon, alpha=None, beta=None, gamma=None):
    """Holt-Winters of statsmodels, additive, damped trend; the last value where that is not
    enough to start from.
    """
    from statsmodels.tsa.holtwinters import ExponentialSmoothing

    ahead = np.repeat(window.values[:, -1:], horizon, axis=1)
    for row, values in enumerate(window.values):
        values = values[~np.isnan(values)]
        if len(values) < FEWEST:
            continue
        season = window.season if 1 < window.season <= len(values) // 2 - 1 else None
        model = ExponentialSmoothing(
            values,
            trend="add",
            damped_trend=True,
            seasonal=season and "add",
            seasonal_periods=season,
        )
        with warnings.catch_warnings():
            # its optimiser grumbles on short series; the backtest beside it shows how good it is
            warnings.simplefilter("ignore")
            fitted = model.fit(alpha, beta, season and gamma)
            ahead[row] = np.maximum(fitted.forecast(horizon), 0)
    return ahead
