"""The planner's worklist: every item in its markets with what the demand rules say of it, the money
at stake, and how far the demand review has come.
"""

import numpy as np
import pandas as pd

from sopkit.charts.words import clean, money
from sopkit.grid import WHO, belonging
from sopkit.metrics import exceptions
from sopkit.metrics.exceptions import COVERED, DEMAND, RULES

STATES = OPEN, CHECKED, UNDECIDED = "open", "checked", "undecided"
TOLD = ["name", "money", "reason"]
FEWEST = 12  # rows that may be open in a company of few items


def worklist(book, supply: bool = False) -> pd.DataFrame:
    """One row per item and market of the demand plan: item, family, market, description, money (at
    stake in all that the demand rules find), count, reason (of the worst), due (whether the review
    opens with it); what is due first, then by money. With ``supply`` what the other rules find is
    a row of the item in all markets, after what is due in demand.

    Of each, those are due that together cover most of the money, at most the setting ``worklist``
    of the items, or a dozen.
    """
    apart = book.of_markets()
    parts = [exceptions.each(step, apart, DEMAND) for step in (1, 2)]
    parts = [rows[TOLD].merge(apart.pairs, left_on="name", right_on="code") for rows in parts]
    others = [*RULES.keys() - DEMAND]
    for step in (1, 2, 3, 4) if supply else ():
        rows = exceptions.found(step, book, others).query("level == 'item'")
        parts.append(rows[TOLD].assign(item=rows["name"], market=""))
    found = pd.concat(parts).fillna({"money": 0.0})
    found = found[found["item"].isin(apart.pairs["item"])]
    found = found.sort_values("money", ascending=False, kind="stable").groupby(["item", "market"])
    worst = {"money": ("money", "sum"), "count": ("money", "size"), "reason": ("reason", "first")}
    rows = apart.pairs[["item", "market"]].merge(found.agg(**worst).reset_index(), how="outer")
    rows = rows.merge(book.items[["item", "family", "description"]], how="left")
    rows = rows.fillna({"money": 0.0, "count": 0, "reason": "", "family": "", "description": ""})
    order, keys = ["money", "count", "item", "market"], [False, False, True, True]
    rows = rows.assign(late=rows["market"] == "").sort_values(order, ascending=keys, kind="stable")
    by = rows.groupby("late")
    before, whole = by["money"].cumsum() - rows["money"], by["money"].transform("sum")
    most = max(FEWEST, book.settings["worklist"] * len(book.items))
    covers = (before < COVERED * whole) | (whole == 0)
    rows["due"] = (rows["count"] > 0) & covers & (by.cumcount() < most)
    rows = rows.sort_values(["due", "late"], ascending=[False, True], kind="stable")
    rows = rows.drop(columns="late").reset_index(drop=True)
    return belonging(rows, book.members)


def reviewed(rows, reviews, cycle) -> pd.Series:
    """How each row stands in the cycle: what the ledger's ``reviews`` said of it last, else open
    where it is due, else "".
    """
    said = reviews[reviews["cycle"] == cycle].fillna(dict.fromkeys(WHO, ""))
    latest = dict(zip(zip(*(said[name].astype("object") for name in WHO)), said["status"]))
    else_ = np.where(rows["due"], OPEN, "")
    words = [latest.get(scope, status) for scope, status in zip(scopes(rows), else_)]
    return pd.Series(words, rows.index, dtype=object)


def scopes(rows) -> list[tuple]:
    """The scope of each row: (item, family, market)."""
    family = rows["family"].where(rows["item"] == "", "")
    return [*zip(*(each.astype("object") for each in (rows["item"], family, rows["market"])))]


def same(scope, other) -> bool:
    """Whether two scopes are of the same item or family, in a market that both hold.

    >>> same(("A", "", ""), ("A", "", "North")), same(("A", "", "South"), ("A", "", "North"))
    (True, False)
    """
    return scope[:2] == other[:2] and (scope[2] == other[2] or not (scope[2] and other[2]))


def families(rows) -> pd.DataFrame:
    """A row per family, and member of the hierarchy, with the money of its items; none is due."""
    sums = [rows.groupby(name)["money"].sum() for name in rows.filter(regex="^family")]
    sums = pd.concat(sums).rename_axis("family").reset_index()
    words = {"item": "", "market": "", "description": "", "count": 0, "reason": "all its items"}
    return sums.assign(**words, due=False)


def filtered(rows, *, family="", status="", text="", whole=()) -> pd.DataFrame:
    """The rows of a family and status that hold every word of the text in their code, description,
    family, market or what else they belong to; blank = all. First are the own rows of the chosen
    family and of those in ``whole``.
    """
    words = rows["item"] + " " + rows["description"]
    for name in rows.filter(regex="^(family|market)"):
        words = words + " " + rows[name]
    wanted = [words.str.contains(word, case=False, regex=False, na=False) for word in text.split()]
    mine = rows.filter(regex="^family").eq(family).any(axis=1)
    wanted += [mine | (not family), rows["status"].eq(status) | (not status)]
    own = rows["item"].eq("")
    shown = rows[np.logical_and.reduce(wanted) & ~own]
    return pd.concat([rows[own & rows["family"].isin({family, *whole})], shown], ignore_index=True)


def line(row, currency="EUR", unsaved=False) -> str:
    """A row as the list shows it: "▸ P-300 North · 240 k€ · bias +18 %", with ✎ for what was typed
    and not saved.
    """
    mark = {OPEN: "▸", CHECKED: "✓", UNDECIDED: "?"}.get(row.status, " ") + "✎" * unsaved
    who = clean(" ".join(filter(None, (row.item or row.family, row.market))), 40)
    stake = f" · {money(row.money, currency)}" if row.money else ""
    return f"{mark} {who}{stake}{f' · {clean(row.reason, 60)}' if row.reason else ''}"
