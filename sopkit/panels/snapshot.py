"""Writing a board: every part of it drawn once, when the pack is finished, into
``board/board.json`` and ``pages/board.html``.
"""

import json
from itertools import product
from pathlib import Path

from sopkit.charts import Block, Chart
from sopkit.charts.words import escape
from sopkit.panels import parts
from sopkit.panels.meeting import head
from sopkit.panels.page import write_page
from sopkit.panels.source import Source

TABS = {
    "Demand & supply": [parts.FORECAST, parts.SUPPLY, parts.LINES, parts.SHEET],
    "Inventory & backlog": [parts.INVENTORY, parts.BACKLOG, parts.STOCK_EXCEPTIONS],
    "Capacity": [parts.CAPACITY, parts.PEAKS, parts.WORKFORCE],
    "Money": [parts.MONEY, parts.FAMILIES, parts.GAP_OPTIONS],
    "Scenarios": [parts.SCENARIOS_CHART, parts.SCENARIOS],
    "Risks & assumptions": [parts.EXCEPTIONS_CHART, parts.EXCEPTIONS, parts.ASSUMPTIONS],
    "New products & initiatives": [parts.PRODUCTS, parts.INITIATIVES],
    "Log": [parts.DECISIONS, parts.SIGN_OFFS, parts.OVERRIDES, parts.ISSUES],
}
MOST = 40  # charts of a family in a market; beyond it, families are shown over all markets


def write_board(plan, folder) -> Path:
    """``board/board.json`` of a finished plan, written into its pack folder with the page that
    needs no kernel.

    A part that fails is written as failed, with its error, and the rest of the board stands.
    """
    source = Source.of(plan)
    words = source.words()
    board = {
        "month": plan.month,
        "title": f"{plan.first_bucket:%B %Y}",
        "words": words,
        "head": _guarded("head", lambda: head(source)),
        "tabs": [
            {"name": name, "parts": [_drawn(part, source, words) for part in wanted]}
            for name, wanted in TABS.items()
        ],
    }
    target = Path(folder) / "board" / "board.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(board, ensure_ascii=False), encoding="utf-8")
    write_page(folder)
    return target


def _drawn(part, source, words):
    """A part for every choice that it depends on."""
    ranges = [range(len(words[name])) for name in part.by]
    html = {
        "|".join(map(str, at)): _guarded(part.name, lambda at=at: part.draw(source, *at))
        for at in product(*ranges)
        if _wanted(part, at, words)
    }
    return {
        "name": part.name,
        "by": list(part.by),
        "html": {at: text for at, text in html.items() if text},
    }


def _wanted(part, at, words):
    choice = dict(zip(part.by, at))
    return not choice.get("market") or len(words["family"]) * len(words["market"]) <= MOST


def _guarded(name, draw) -> str:
    try:
        return _html(draw())
    except Exception as error:  # one part that fails must not take the board away from a meeting: it is shown as failed
        return (
            f'<p class="failed">✗ {escape(name)} could not be drawn:'
            f" {escape(type(error).__name__)}: {escape(str(error), 300)}. The rest of the board"
            " stands.</p>"
        )


def _html(drawn) -> str:
    if isinstance(drawn, Chart):
        return drawn.svg
    return drawn.html if isinstance(drawn, Block) else drawn or ""
