"""The board: which sections stand on it, under which tabs and for which choices. Every one is drawn
once, when the pack is finished, into ``board/board.json`` and ``pages/board.html``.
"""

import json
from collections.abc import Callable
from functools import cache, cached_property
from itertools import product
from pathlib import Path
from typing import NamedTuple

from sopkit import charts
from sopkit.charts import Block, View, kpi_strip, missing
from sopkit.charts.words import clean, count, day, escape, money, percent
from sopkit.pages import common, data, demand, review, supply
from sopkit.pages import money as finance
from sopkit.panels.lines import lines
from sopkit.panels.page import write_page

MOST_FAMILIES, MOST_MARKETS = 24, 8
MOST = 40  # charts of a family in a market; beyond it, families are shown over all markets
EVERY = ("family", "market", "measure", "size")
FAMILY, MARKET = EVERY[:1], EVERY[:2]
KPIS = """
    on_time_delivery plan_adherence forecast_accuracy_lag_1 order_cycle_time revenue_to_budget
""".split()
STOCK = """
    below_safety_stock excess_stock obsolete_stock unsaleable_stock late lost inside_lead_time
    stock_out
""".split()


class Source:
    """What the board reads of a finished plan, once."""

    def __init__(self, plan):
        self.plan, self.view = plan, View(plan.book())
        self.book = plan.book()
        self.read = cache(self._read)

    def _read(self, table):
        """A table of the book, by item with its families and prices, looked up once for all
        choices.
        """
        frame = getattr(self.book, table)
        if "item" not in frame or "bucket" not in frame:
            return frame
        return self.view.book.by_family(frame).assign(price=self.view.price)

    @cached_property
    def choices(self) -> dict[str, dict]:
        """What each choice of the board may be, by its word; the first is everything, units, the
        plan's own buckets.
        """
        view, demand_plan = self.view, self.read("demand_plan")
        families = view.families(demand_plan, MOST_FAMILIES)
        families = {"all families": None} | {clean(name): name for name in families}
        markets = sorted(demand_plan["market"].unique())[:MOST_MARKETS]
        markets = markets if len(families) * (len(markets) + 1) <= MOST else []
        size = f"{view.calendar.size}s"
        offered = (
            families,
            {"all markets": None} | {clean(name): name for name in markets},
            {"units": False, f"money ({view.currency})": True},
            {size: False} | {"quarters": size != "quarters"},
        )
        return dict(zip(EVERY, offered))


class Section(NamedTuple):
    """One chart or table of the board: ``draw(source, *chosen)`` for every value of the choices
    named in ``by`` returns a Chart, a Block (shown under the section's name) or HTML.
    """

    name: str
    draw: Callable
    by: tuple[str, ...] = ()


def _table(title, draw, *tables):
    """A section that is one table of the pages."""
    return Section(title, lambda s: draw(*map(s.read, tables), s.view))


def _forecast(s, family, market):
    past, plan, last = s.read("history"), s.read("demand_plan"), s.read("last_demand_plan")
    if family is None and market is None:
        return charts.demand_chart(past, plan, s.view, last=last)
    base, choice = s.read("baseline_forecast"), {"family": family, "market": market}
    return charts.forecast_chart(past, base, plan, s.view, last=last, **choice)


def _sheet(s, family):
    if family is None:
        return missing("Choose a family above to read its page.")
    return common.sheet(family, s.book, s.view)


def _chart(draw, table, by=FAMILY, last=False):
    """A section that is one chart of a plan table; ``last``: with last cycle's beside it."""
    more = lambda s: {"last": s.read(f"last_{table}")} if last else {}
    return Section(table, lambda s, *at: draw(s.read(table), s.view, *at, **more(s)), by)


TABS = {
    "Demand & supply": [
        Section("forecast", _forecast, MARKET),
        _chart(charts.supply_chart, "supply_plan"),
        Section("numbers", lines, EVERY),
        Section("Family page", _sheet, FAMILY),
    ],
    "Inventory & backlog": [
        _chart(charts.inventory_chart, "inventory_plan", last=True),
        _chart(charts.backlog_chart, "backlog_plan"),
        _table(
            "Late, short and surplus items, worst first",
            lambda exceptions, view: common.exceptions(exceptions, view, STOCK, 15),
            "exceptions",
        ),
    ],
    "Capacity": [
        _chart(charts.capacity_chart, "capacity_plan", ()),
        _table("Peak of every resource", supply.peaks, "capacity_plan"),
        _table("Workers", supply.workforce, "workforce_plan"),
    ],
    "Money": [
        _chart(charts.money_chart, "financial_plan", last=True),
        _table("The next year by family", finance.families, "financial_plan"),
        _table("Ways to close the gaps", finance.options, "gap_options"),
    ],
    "Scenarios": [
        _chart(charts.scenarios_chart, "scenarios", ()),
        _table("Scenarios side by side", finance.scenarios, "scenarios"),
    ],
    "Risks & assumptions": [
        _chart(charts.exceptions_chart, "exceptions", ()),
        _table("Exceptions, worst first", common.exceptions, "exceptions"),
        _table("Assumptions", review.assumptions, "assumptions"),
    ],
    "New products & initiatives": [
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
    """The choices' words and every ``of``-th part, by its place on the board (0 is the head): the
    shares of a board may be drawn side by side.
    """
    source = Source(plan)
    parts = [Section("head", head), *(section for tab in TABS.values() for section in tab)]
    return {
        "words": {name: list(words) for name, words in source.choices.items()},
        "parts": {place: _drawn(parts[place], source) for place in range(share, len(parts), of)},
    }


def write_board(plan, folder, shares=None) -> Path:
    """``board/board.json`` of a finished plan, written into its pack folder with the page;
    ``shares``: of ``draw_board``, where they were drawn elsewhere.

    A section that fails is written as failed, with its error, and the rest of the board stands.
    """
    shares = shares or [draw_board(plan)]
    drawn = iter(part for _, part in sorted(p for share in shares for p in share["parts"].items()))
    held = {
        "title": f"{plan.first_bucket:%B %Y}",
        "words": shares[0]["words"],
        "head": next(drawn)["html"][""],
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
        html[places] = _guarded(section, source, *(value for _, value in picked))
    return {"name": section.name, "by": section.by, "html": html}


def _guarded(section, source, *chosen) -> str:
    try:
        drawn = section.draw(source, *chosen)
    except Exception as error:  # a meeting must not lose its board to one section: it says so
        return (
            f'<p class="failed">✗ {escape(section.name)} could not be drawn:'
            f" {escape(type(error).__name__)}: {escape(str(error), 300)}. The rest of the board"
            " stands.</p>"
        )
    if isinstance(drawn, Block):
        return f"<h2>{section.name}</h2>{drawn.html}"
    return getattr(drawn, "svg", drawn)


def head(source) -> str:
    """What everybody must see: KPIs, what changed since last cycle, what is asked, and the
    decisions wanted.
    """
    decisions = source.read("decisions")
    # Of several rows with one text the latest entry counts.
    wanted = decisions.sort_values("id", kind="stable").drop_duplicates("text", keep="last")
    wanted = wanted[review.is_open(wanted)].sort_values(["due", "id"], kind="stable")
    listed = "".join(_decision(row, source.view.currency) for row in wanted.head(5).itertuples())
    strip = kpi_strip(source.read("kpis"), last=source.read("last_kpis"), first=KPIS)
    return (
        f'{strip.html}<p class="said"><b>What changed</b> {escape(what_changed(source))}</p>'
        f'<p class="said"><b>What is asked</b> {escape(what_is_asked(wanted))}</p>'
        + (f'<h2>Decisions wanted</h2><ol class="wanted">{listed}</ol>' if listed else "")
    )


def what_changed(source) -> str:
    """Demand of the next year against last cycle's plan for the same buckets, in money, and the
    family that moved most.
    """
    view, month = source.view, source.plan.last.month
    now, before = source.read("demand_plan"), source.read("last_demand_plan")
    if before.empty:
        return "No plan was released before this one, so there is nothing to compare with yet."
    shared = set(view.next_year(now)["bucket"]) & set(before["bucket"])
    new, old = (
        view.valued(frame[frame["bucket"].isin(shared)], ["consensus"])
        .groupby("family")["consensus"]
        .sum()
        for frame in (now, before)
    )
    move = new.sub(old, fill_value=0.0)
    what = f"Demand of the next {count(len(shared), view.calendar.size)} is"
    if not old.sum() or move.abs().sum() < 1:
        return f"{what} as in the plan of {month}."
    moved, most = move.sum(), move.abs().idxmax()
    return (
        f"{what} {percent(moved / old.sum(), sign=True)}"
        f" ({money(moved, view.currency, sign=True)}) against the plan of {month},"
        f" most in {most} ({money(move[most], view.currency, sign=True)})."
    )


def what_is_asked(wanted) -> str:
    """How many decisions, and by when the first."""
    if wanted.empty:
        return "No decision is open in this cycle."
    due = wanted["due"].dropna()
    first = f", the first by {day(due.min())}" if len(due) else ""
    return f"{count(len(wanted), 'decision')} wanted{first}: {wanted['text'].iloc[0]}"


def _decision(row, currency):
    facts = {
        "options: ": row.options,
        "expected ": money(row.expected, currency, sign=True).strip("–"),
        "owner ": row.owner,
        "due ": day(row.due),
    }
    told = " · ".join(f"{name}{clean(fact)}" for name, fact in facts.items() if clean(fact))
    return f'<li><b>{escape(row.text, 160)}</b> <span class="note">{escape(told, 300)}</span></li>'
