"""The family sheets: one A4 page for each family, the same on pages, board and print."""

import re

import pandas as pd

from sopkit.charts import Block, family_sheet_html, stack
from sopkit.charts.measure import last_and_next
from sopkit.charts.spark import plot
from sopkit.charts.words import against, count, escape, money, number, scale
from sopkit.finance import family_lines, family_sheet, sheet_columns
from sopkit.finance.family_sheet import NOTHING
from sopkit.pages.money import families
from sopkit.tables.judgments import current

MOST = 12  # sheets on a page; smaller families stand in one table
CHARTS = {  # by block: hue, places of the lines planned and done, what the bars are
    "Sales": ("#E69F00", 0, 1, "per {}; solid sold, light planned"),
    "Production": ("#009E73", 0, 1, "per {}; solid made, light planned"),
    "Inventory": (
        "#56B4E9",
        0,
        1,
        "at the {}’s end; solid counted, light planned, dashed safety stock",
    ),
    "Backlog": ("#D55E00", 3, 3, "of orders at the {}’s end, planned"),
}


def sheets(book, view) -> Block:
    """The sheets of the twelve largest families, largest first, and a table of all smaller ones."""
    names = view.families(book.demand_plan, len(book.items))
    rest = book.financial_plan[book.financial_plan["family"].isin(names[MOST:])]
    pieces = [sheet(family, book, view) for family in names[:MOST]]
    return stack(pieces + [families(rest, view)] * (len(names) > MOST))


def sheet(family, book, view) -> Block:
    """The sheet of one family: whose it is, its answer, sales, production and stock (or backlog) as
    charts, its numbers, what it takes for granted and what is decided about it.
    """
    mine, lines = book.of_family(family), family_lines(family, book)
    frame, columns = family_sheet(lines, book), sheet_columns(book)
    owner, fence = book.settings["owners"].get(family), book.settings["planning_fence"]
    about = [
        *(unit for unit in mine.items["unit"].unique() if unit),
        *(f"made to {how}" for how in mine.items["strategy"].unique()),
        f"firm for {count(fence, view.calendar.size)}",
    ] + [f"owner {owner}"] * bool(owner)
    title, told = (
        f"{family} · {book.calendar.month(book.first):%B %Y}",
        [*_answer(family, frame, lines, view)],
    )
    single = sum(name[0] != "Q" for name in columns.unique())
    table = family_sheet_html(frame, _foot(family, mine, columns, view), currency=view.currency)
    return Block(
        f'<div class="sheet m{single}"><h3>{escape(title)}'
        f'<small>{escape(" · ".join(about))}</small></h3><p class="answer"><b>'
        f"{escape(' '.join(told[:2]))}</b> {escape(' '.join(told[2:]))}</p>"
        f'<div class="plots">{"".join(_charts(lines, mine, view))}</div>{table.html}</div>',
        "\n".join([title, *told, table.text]),
    )


def _answer(family, frame, lines, view):
    """The year against its budget, demand against the last year, and what stock lasts or customers
    wait.
    """
    year, size = view.book.year, view.calendar.size
    of = {line.line: line.values.reindex(year) for rows in lines.values() for line in rows}
    fiscal, months = frame.set_index("line")["difference"], f"next {count(len(year), size)}"
    gaps = fiscal.get("revenue"), of.get("revenue to budget", NOTHING).sum(min_count=1)
    for told, gap in zip((f"{frame.columns[-2][:4]} closes", f"The {months} run"), gaps):
        if pd.notna(gap) and gap:
            way = "over" if gap > 0 else "under"
            yield f"{told} {money(abs(gap), view.currency)} {way} budget."
    sold, ahead, _ = last_and_next(view, family)
    if sold.sum() > 0:
        yield f"Demand of the {months}: {against(ahead.sum(), sold.sum(), 0)} the last."
    for line, what in ("cover", "Stock lasts"), ("lead time", "A new order waits"):
        if line in of and of[line].max() > 0.05:
            first, last = (number(value, 1) for value in of[line].dropna().iloc[[0, -1]])
            yield f"{what} {first} {size}s, in {view.calendar.name(year[-1])} {last}."


def _charts(lines, mine, view):
    """Sales, production, and stock or backlog of the last and the next year."""
    for block, (hue, planned, done, words) in CHARTS.items():
        rows = lines[block]
        if not rows or (block == "Backlog" and lines["Inventory"]):
            continue
        past = rows[done].values.reindex(mine.before(len(mine.year))).dropna()
        ahead, unit = rows[planned].values.reindex(mine.year), rows[0].unit
        if not past.any() and not ahead.fillna(0.0).any():
            continue
        size, unit = scale([*past, *ahead], view.currency) if "money" in unit else (1.0, unit)
        level = mine.supply_plan.groupby("bucket")["safety_stock"].sum().reindex(mine.year)
        if block != "Inventory" or "money" in rows[0].unit or not level.any():
            level = ()
        yield (
            f"<div><h4>{block}</h4><small>{escape(f'{unit} {words}'.format(view.calendar.size))}"
            f"</small>{plot(past / size, ahead / size, view.calendar, hue, level)}</div>"
        )


def _foot(family, mine, columns, view):
    """Assumptions and decisions that name the family or one of its items, and the buckets that the
    sheet leaves out.
    """
    names = "|".join(map(re.escape, [family.removesuffix("s"), *mine.items["item"]]))
    told, book = [], view.book
    for rows, word, state, blank in (
        (book.assumptions, "Assumed", "result", "not yet"),
        (book.decisions, "Asked", "chosen", "open"),
    ):
        rows = current(rows)[["text", state]].fillna(blank)
        rows = rows[rows["text"].str.contains(rf"\b(?:{names})", case=False)]
        told.append(f"{word}: {'; '.join(map('{} ({})'.format, *rows.T.values)) or 'nothing'}")
    if len(left := book.buckets.difference(columns.index)):
        ends = "–".join(dict.fromkeys(view.calendar.label(left[[0, -1]])))
        told.append(f"{ends}, the horizon's end, is left out: stock runs out there by design")
    return ". ".join(told)
