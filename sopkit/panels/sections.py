"""The board: which sections stand on it, under which tabs and for which choices. Every one is drawn
once, when the pack is finished, into ``board/board.json`` and ``pages/board.html``.
"""

import json
from collections.abc import Callable
from functools import cache, cached_property, partial
from itertools import product
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from sopkit import charts
from sopkit.charts import Block, Chart, View, missing
from sopkit.charts.measure import last_and_next
from sopkit.charts.words import clean, escape
from sopkit.grid import belonging
from sopkit.metrics import exceptions
from sopkit.pages import common, data, demand, families, review, supply
from sopkit.pages import money as finance
from sopkit.panels import overview
from sopkit.panels.cards import cards
from sopkit.panels.lines import lines
from sopkit.panels.page import headed, write_page

MOST_FAMILIES, MOST_MARKETS = 60, 30
MOST = 60  # charts of a family in a market; beyond it, of a family or of a market
EVERY = ("family", "market", "measure", "size")
FAMILY, MARKET = EVERY[:1], EVERY[:2]
STOCK = ["Delivery or production missed", "Too little capacity", "Late or short", "Too much stock"]


class Source:
    """What the board reads of a finished plan, once."""

    def __init__(self, plan):
        self.plan, self.view = plan, View(plan.book())
        self.book = plan.book()
        self.read = cache(self._read)

    def _read(self, table):
        """A table of the book, by item with what it belongs to and prices, looked up once for all
        choices.
        """
        frame = getattr(self.book, table)
        if "item" not in frame or "bucket" not in frame:
            return frame
        return belonging(frame, self.view.book.members).assign(price=self.view.price)

    @cached_property
    def choices(self) -> dict[str, dict]:
        """What each choice of the board may be, by its word; the first is everything, units, the
        plan's own buckets.
        """
        view, demand_plan = self.view, self.read("demand_plan")
        size = f"{view.calendar.size}s"

        def named(cell, most, every):
            columns = [cell, *(name for name in view.book.members if name.startswith(f"{cell}: "))]
            each = (view.families(demand_plan, most // len(columns), by) for by in columns)
            return {every: None} | {clean(name): name for names in each for name in names}

        offered = (
            named("family", MOST_FAMILIES, "all families"),
            named("market", MOST_MARKETS, "all markets"),
            {"units": False, f"money ({view.currency})": True},
            {size: False} | {"quarters": size != "quarters"},
        )
        return dict(zip(EVERY, offered))


class Section(NamedTuple):
    """One chart or table of the board: ``draw(source, *chosen)`` for every value of the choices
    named in ``by`` returns a Chart, a Block (shown under the section's name), HTML, or None where
    it does not offer a choice.
    """

    name: str
    draw: Callable
    by: tuple[str, ...] = ()
    half: bool = False  # as wide as half the page


def _table(title, draw, *tables):
    """A section that is one table of the pages."""
    return Section(title, lambda s: draw(*map(s.read, tables), s.view))


def _forecast(s, family, market):
    past, plan, last = s.read("history"), s.read("demand_plan"), s.read("last_demand_plan")
    if (
        family
        and market
        and len(s.choices["family"]) * len(s.choices["market"]) > MOST * len(s.book.members)
    ):
        return None
    if family is None and market is None:
        return charts.demand_chart(past, plan, s.view, last=last)
    base, choice = s.read("baseline_forecast"), {"family": family, "market": market}
    return charts.forecast_chart(past, base, plan, s.view, last=last, **choice)


def _sheet(s, family):
    if family is None:
        return missing("Choose a family above to read its page.")
    return families.sheet(family, s.book, s.view)


def _members(s):
    """The hierarchy's members side by side: what was sold, and what is planned."""
    names = [name for name in s.choices["family"].values() if name not in {None, *s.book.family}]
    rows = [[name, *last_and_next(s.view, name)] for name in names]
    rows = [(name, sold.sum(), ahead.sum(), unit) for name, sold, ahead, unit in rows]
    table = pd.DataFrame(rows, columns=["member", "sold last year", "next year", "in"])
    table["change"] = table["next year"] / table["sold last year"] - 1
    columns = "member | sold last year | next year | in | change [fraction]"
    return s.view.show(table, columns=columns) if names else ""


def _stock(s):
    """Every item that is late, short or too much, also where the watch counts it elsewhere."""
    rows = pd.concat([exceptions.each(step, s.book) for step in (1, 3)])
    rows = rows.query("cause in @STOCK and level == 'item'")
    return common.exceptions(rows, s.view, 15)


def _chart(name, draw, table, by=FAMILY, last=False, half=False):
    """A section that is one chart of a plan table; ``last``: with last cycle's beside it."""
    more = lambda s: {"last": s.read(f"last_{table}")} if last else {}

    def drawn(s, *at):
        rows = s.read(table)
        if "item" in rows or {*at} <= {None, *rows.get("family", ())}:  # money is not by brand
            return draw(rows, s.view, *at, **more(s))

    return Section(name, drawn, by, half)


BUDGETED = {"table": "financial_plan", "last": True, "half": True}
REVENUE = _chart("Revenue", charts.money_chart, **BUDGETED)
SUPPLY = _chart("Supply", charts.supply_chart, "supply_plan")


TABS = {
    "Overview": [
        Section("Answer", overview.answer),
        Section("Numbers", cards),
        Section("Process", overview.process),
        Section("Decisions wanted", overview.asked, half=True),
        Section("What changed", overview.changes, half=True),
        Section("Families", overview.families),
        REVENUE,
        Section("Load", overview.load, half=True),
        Section("Watch", overview.watch_below),
    ],
    "Demand & supply": [
        Section("Forecast", _forecast, MARKET),
        SUPPLY,
        Section("Members of the hierarchy", _members),
        Section("Numbers of the plan", lines, EVERY),
        Section("Family page", _sheet, FAMILY),
    ],
    "Stock & backlog": [
        _chart("Stock", charts.inventory_chart, "inventory_plan", last=True),
        SUPPLY,
        Section("Late, short and surplus items, worst first", _stock),
    ],
    "Capacity": [
        Section("Load", overview.load),
        _chart("Capacity", charts.capacity_chart, "capacity_plan", ()),
        _table("Workers", supply.workforce, "workforce_plan"),
    ],
    "Money": [
        REVENUE,
        _chart("Margin", partial(charts.money_chart, line="margin"), **BUDGETED),
        Section(
            "What moves the margin from budget to plan",
            lambda s: finance.budget_bridge(s.book, s.view),
            half=True,
        ),
        Section(
            "What moved the margin since last cycle",
            lambda s: finance.release_bridge(s.book, s.view),
            half=True,
        ),
        _table("The next year by family", finance.families, "financial_plan"),
        _table("Ways to close the gaps", finance.options, "gap_options"),
    ],
    "Scenarios": [
        _table("Scenarios side by side", finance.scenarios, "scenarios"),
    ],
    "Risks & assumptions": [
        Section("Watch", overview.watch),
        _table("Exceptions, worst first", common.exceptions, "exceptions"),
        _table("Assumptions", review.assumptions, "assumptions"),
    ],
    "New items & initiatives": [
        _table("New products", demand.products, "product_plan"),
        _table("Strategic initiatives", finance.initiatives, "initiative_plan"),
    ],
    "Log": [
        _table("Decisions", review.decisions, "decisions"),
        _table("Sign-offs", review.sign_offs, "sign_offs"),
        _table("Overrides, latest first", review.overrides, "overrides"),
        _table("Data issues by rule", data.issues, "data_issues"),
    ],
}


def draw_board(plan, share: int = 0, of: int = 1) -> dict:
    """The choices' words and every ``of``-th part, by its place on the board: the shares of
    a board may be drawn side by side.
    """
    source = Source(plan)
    parts = [section for tab in TABS.values() for section in tab]
    view, name = source.view, source.view.calendar.name
    ends = source.book.buckets[[0, -1][: len(source.book.buckets)]]
    return {
        "about": f"plans {' – '.join(map(name, ends))} · money in {view.currency}",
        "words": {name: list(words) for name, words in source.choices.items()},
        "parts": {place: _drawn(parts[place], source) for place in range(share, len(parts), of)},
    }


def first_screen(plan, parts=None) -> Block:
    """The board's first screen, of the whole company, as pages 4 and 5 open with it; ``parts``: so
    many of its parts (2: the answer and its numbers).
    """
    source = Source(plan)
    drawn = "".join(
        f'<section class="part{" half" * section.half}">'
        f"{_guarded(section, source, *[None] * len(section.by))}</section>"
        for section in TABS["Overview"][:parts]
    )
    return Block(f'<div id="tab">{drawn}</div>', "The board's first screen")


def write_board(plan, folder, shares=None) -> Path:
    """``board/board.json`` of a finished plan, written into its pack folder with the page;
    ``shares``: of ``draw_board``, where they were drawn elsewhere.

    A section that fails is written as failed, with its error, and the rest of the board stands.
    """
    shares = shares or [draw_board(plan)]
    drawn = iter(part for _, part in sorted(p for share in shares for p in share["parts"].items()))
    held = {
        "title": plan.named,
        "about": shares[0]["about"],
        "words": shares[0]["words"],
        "tabs": [
            {"name": name, "parts": [next(drawn) for _ in sections]}
            for name, sections in TABS.items()
        ],
    }
    target = Path(folder) / "board" / "board.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(held, ensure_ascii=False), encoding="utf-8")
    write_page(folder)
    return target


def _drawn(section, source):
    """A section for every choice that it depends on."""
    html = {}
    for picked in product(*(enumerate(source.choices[name].values()) for name in section.by)):
        places = "|".join(str(place) for place, _ in picked)
        drawn = _guarded(section, source, *(value for _, value in picked))
        html |= {} if drawn is None else {places: drawn}
    return {"name": section.name, "by": section.by, "half": section.half, "html": html}


def _guarded(section, source, *chosen) -> str:
    try:
        drawn = section.draw(source, *chosen)
    except Exception as error:  # a meeting must not lose its board to one section: it says so
        return (
            f'<p class="failed">✗ {escape(section.name)} could not be drawn:'
            f" {escape(type(error).__name__)}: {escape(str(error), 300)}. The rest of the board"
            " stands.</p>"
        )
    if isinstance(drawn, Block):  # what is missing is a quiet line
        return f"<h2>{section.name}</h2>" * ("<table" in drawn.html) + drawn.html
    return headed(drawn.svg) if isinstance(drawn, Chart) else drawn
