"""Ways to close a gap: changes, each re-solved as a scenario, and the best of them together."""

from itertools import chain
from typing import NamedTuple

import numpy as np
import pandas as pd

from sopkit.errors import PlanError
from sopkit.finance import company
from sopkit.metrics import planned_service
from sopkit.metrics.scopes import against_budget, within
from sopkit.metrics.stages import COMPANY
from sopkit.scenarios.changes import applied, spoken
from sopkit.scenarios.drivers import Inputs
from sopkit.scenarios.replan import compared
from sopkit.tables import LEDGER, PLANS

TRIFLE = 0.001  # share of demand that may be late before it is worth an option
NOISE = 1e-4  # of revenue: plans of equal cost differ by as much in what they ship in a year
EACH = 2  # options of a kind that are planned, the most promising first
TRIED = 12  # options that may come together: every choice of them is looked at
TOGETHER = "Together: "


class Option(NamedTuple):
    """What could be done: in words, the object of which only one option counts, the day from which
    it acts, who answers for it, who else must agree, and the row of changes that it is.
    """

    words: str
    of: str
    day: pd.Timestamp
    owner: str
    agrees: str
    change: dict

    @property
    def changes(self) -> pd.DataFrame:
        """The change as a scenario's."""
        row = {"id": 0, "scenario": "option"} | self.change
        return LEDGER["scenarios"].typed(pd.DataFrame([row]))


def gap_options(plan, book, most_items: int = 1000, scheduler=None) -> pd.DataFrame:
    """The declared ``gap_options`` of a pack's ``plan``, whose ``book`` holds its money: each
    option re-solved as a scenario, and the choice of them that closes most of the gap at the best
    margin, re-solved together.

    *Supply* (where units are late or lost): more overtime, more hours, more from a source, more
    room for stock, less of a planning fence, the dearest limits first. *Demand*
    (families whose revenue of the next year is below budget): a price 1 % higher with its volume, a
    launch earlier. Promotions ahead, moved or dropped, and less safety stock wherever there is a
    gap. Money, units and service are those of the next year less the base plan's. Left out is what
    the facts do not bear, a price whose volume nothing in the past teaches, and what brings neither
    service nor, lasting, more margin than plans of equal cost differ by; empty where there is no
    gap, or in a company of more than ``most_items`` items. ``scheduler``: see ``compared``.
    """
    table = PLANS["gap_options"]
    options = offered(book) if len(book.items) <= most_items else {}
    options = {words: option for words, option in options.items() if _bears(plan, option)}
    if not options:
        return table.empty()
    changes = {words: option.changes for words, option in options.items()}
    solved = dict(compared(plan, changes, scheduler))
    base = _worth(book)
    worth = pd.DataFrame({words: _worth(other) - base for words, other in solved.items()}).T
    enough = NOISE * base["revenue"]
    lasts = worth[["gain", "lasting"]].min(axis=1) > enough
    asks = [options[words].change["driver"] == "price" for words in worth.index]
    free = asks & np.isclose([_asked(solved[words]) for words in worth.index], _asked(book))
    worth = worth[(lasts | (worth["service"] > TRIFLE)) & ~free]
    rows = [worth]
    best = _best(worth, [options[words].of for words in worth.index], book)
    parts = {words: (options[words],) for words in worth.index}
    if len(best) > 1:
        words = TOGETHER + "; ".join(best)
        parts[words] = tuple(options[name] for name in best)
        changes = pd.concat([option.changes for option in parts[words]], ignore_index=True)
        ((_, other),) = compared(plan, {words: changes})
        rows.append(pd.DataFrame({words: _worth(other) - base}).T)
    found = pd.concat(rows).rename_axis("option").reset_index()
    found["closes"] = found["closes"].round(6) + 0.0  # never −0
    found["cost"] = (found["revenue"] - found["gain"]).round(2) + 0.0
    found["value_per_unit"] = found["gain"] / found["closes"].where(found["closes"] > 0)
    told = [_told(parts[words]) for words in found["option"]]
    found = found.join(pd.DataFrame(told, columns=["starts_on", "owner", "agrees", "changes"]))
    return table.conform(found)


def offered(book) -> dict:
    """The options that a plan's gaps call for, by their words; none without a gap.

    >>> from sopkit.metrics import Book
    >>> offered(Book(first="2026-11-01"))
    {}
    """
    short, behind = _short(book), _behind(book)
    found = [find(book, short) for find in SUPPLY if len(short)]
    found += [find(book, behind) for find in DEMAND if len(behind)]
    found += [find(book) for find in EITHER if len(short) or len(behind)]
    return {option.words: option for option in chain(*found)}


def _bears(plan, option):
    """Whether the facts bear the option's change."""
    try:
        return bool(applied(Inputs.of(plan), option.changes))
    except PlanError:
        return False


def _worth(book):
    """A plan's next year: money, service, and units late or lost, less than none."""
    whole = company(book.financial_plan)
    money = within(whole, book.year)[["revenue", "margin", "cash"]].sum()
    plan = within(book.supply_plan, book.year)
    service = planned_service(plan, book.items, book.cost)
    closes = -_missed(plan)["units"].sum()
    others = {"closes": closes, "service": service, "lasting": whole["margin"].sum()}
    return pd.concat([money.rename({"margin": "gain"}), pd.Series(others)])


def _asked(book):
    return book.demand_plan["consensus"].sum()


def _missed(plan):
    """Units by item: late in its worst bucket and lost in all."""
    how = {"late": ("late", "max"), "lost": ("lost", "sum"), "demand": ("demand", "sum")}
    sums = plan.groupby("item", as_index=False).agg(**how)
    return sums.assign(units=sums["late"] + sums["lost"])


def _short(book):
    """Items of which more than a trifle of the next year is late or lost, with the units."""
    sums = _missed(within(book.supply_plan, book.year))
    return sums[sums["units"] > np.maximum(TRIFLE * sums["demand"], 1e-6)]


def _behind(book):
    """Families whose revenue of the next year is below budget, farthest first."""
    sums = against_budget(book, "revenue")
    sums["gap"] = sums["budget"] - sums["plan"]
    sums = sums[(sums["gap"] > 0) & (sums["scope"] != COMPANY)]
    return sums.sort_values("gap", ascending=False, kind="stable")


def _best(worth, of, book):
    """The options that close most of what is short and behind and, of choices that close as much,
    bring most margin; at most one of each object.
    """
    of = np.array(of, dtype=object)
    worth = worth.assign(gain=worth[["gain", "lasting"]].min(axis=1))  # what only comes earlier
    first = worth["gain"].sort_values(ascending=False, kind="stable").index[:TRIED]
    of, worth = of[worth.index.get_indexer(first)], worth.loc[first]
    choices = (np.arange(2 ** len(worth))[:, None] >> np.arange(len(worth))) & 1 > 0
    for name in set(of):
        choices = choices[choices[:, of == name].sum(axis=1) <= 1]
    missed = 1 - _worth(book)["service"] if len(_short(book)) else 0.0
    gaps = {"revenue": _behind(book)["gap"].sum(), "service": missed}
    closed = sum(
        np.minimum(choices @ worth[name].to_numpy(), gap) / gap for name, gap in gaps.items() if gap
    )
    order = np.lexsort(
        (choices.sum(axis=1), -(choices @ worth["gain"].to_numpy()), -np.round(closed, 6))
    )
    return list(first[choices[order[0]]])


def _told(options):
    """First day, owners, who must agree, and the changes in words, of options together."""
    rows = pd.concat([option.changes for option in options], ignore_index=True)
    once = lambda names: ", ".join(dict.fromkeys(names))
    owners = {option.owner for option in options}
    return (
        min(option.day for option in options),
        once(option.owner for option in options),
        once(option.agrees for option in options if option.agrees not in owners),
        "; ".join(spoken(rows)),
    )


def _people(book, step, other, family=""):
    """Who answers for a step (or a family), and who else must agree: who answers for another step,
    or finance where that is the same person.
    """
    owners = book.settings["owners"]
    name = {"supply_plan": "supply planning", "reconcile": "finance", "demand_plan": "sales"}
    owner = owners.get(family, owners.get(step, name[step]))
    agrees = owners.get(other, name[other])
    return owner, owners.get("reconcile", "finance") if agrees == owner else agrees


def _later(book):
    """The first bucket outside the planning fence."""
    return book.buckets[min(book.settings["planning_fence"], len(book.buckets) - 1)]


def _days(book, buckets):
    """First and last day of the buckets, as a change has them."""
    return {"starts_on": min(buckets), "ends_on": book.calendar.last_day([max(buckets)])[0]}


def _rooms(book, short):
    """Resources that make what is short and of which an hour more is worth something in the next
    year, the dearest hours first: the buckets from the first such to the last, and their overtime.
    """
    makes = book.bill_of_resources.query("source == ''").merge(short, on="item")["resource"]
    plan = within(book.capacity_plan, book.year)
    plan = plan[plan["resource"].isin(makes) & (plan["shadow_price"] > 0)]
    how = {"bucket": ["min", "max"], "overtime_limit": "sum", "shadow_price": "sum"}
    rooms = plan.groupby("resource").agg(how)
    rooms.columns = ["first", "last", "overtime", "price"]
    return rooms.sort_values("price", ascending=False, kind="stable").head(EACH).itertuples()


def _hours(book, short):
    people = _people(book, "supply_plan", "reconcile")
    for room in _rooms(book, short):
        for driver, value, words in (
            ("overtime", "+50 %", "Half as much overtime again on {}"),
            ("hours", "+10 %", "A tenth more hours on {}"),
        ):
            change = {"driver": driver, "name": room.Index, "value": value}
            change |= _days(book, [room.first, room.last])
            if driver == "hours" or room.overtime > 0:
                yield Option(words.format(room.Index), room.Index, room.first, *people, change)


def _limited(book, short):
    people = _people(book, "supply_plan", "reconcile")
    for row in _limits(book, short, "source"):
        change = {"driver": "source_limit", "name": row.source, "item": row.item, "value": "+50 %"}
        words = f"Half as many {row.item} again from {row.source}"
        yield Option(words, f"{row.item} from {row.source}", _later(book), *people, change)
    for row in _limits(book, short, "stock"):
        change = {"driver": "stock_limit", "item": row.item, "value": "+50 %"}
        words = f"Room for half as much stock again of {row.item}"
        yield Option(words, f"stock of {row.item}", _later(book), *people, change)
    if any(_limits(book, short, "planning fence")):
        fence = f"{book.settings['planning_fence'] - 1}"
        change = {"driver": "rule", "name": "planning_fence", "value": fence}
        words = f"Plan the last {book.calendar.size} of the planning fence anew"
        day = book.buckets[min(int(fence), len(book.buckets) - 1)]
        yield Option(words, "planning fence", day, *people, change)


def _limits(book, short, kind):
    """The limits of a kind that hold what is short in the next year, the dearest first."""
    prices = within(book.limit_prices, book.year)
    prices = prices[(prices["limit"] == kind) & prices["item"].isin(short["item"])]
    sums = prices.groupby(["source", "item"], as_index=False)["price"].sum()
    return sums[sums["price"] > 0].nlargest(EACH, "price").itertuples()


def _prices(book, behind):
    later = _later(book)
    for family in behind["scope"].head(EACH):
        change = {"driver": "price", "family": family, "value": "+1 %"}
        change |= _days(book, [later, book.buckets[-1]])
        people = _people(book, "demand_plan", "reconcile", family)
        yield Option(f"Prices of {family} 1 % higher", f"price of {family}", later, *people, change)


def _launches(book, behind):
    ahead = book.launches[book.launches["launched_on"] >= book.calendar.shift(book.first, 1)]
    ahead = ahead[ahead["item"].map(book.family).isin(behind["scope"])]
    for row in ahead.sort_values("launched_on", kind="stable").head(EACH).itertuples():
        change = {"driver": "launch", "item": row.item, "value": "-1"}
        people = _people(book, "demand_plan", "supply_plan", book.family[row.item])
        day = book.calendar.shift(row.launched_on, -1)
        words = f"Launch {row.item} one {book.calendar.size} earlier"
        yield Option(words, f"launch of {row.item}", day, *people, change)


def _promotions(book):
    ahead = book.events[book.events["kind"] == "promotion"].sort_values("starts_on", kind="stable")
    ahead = ahead[ahead["starts_on"] >= book.first].drop_duplicates("event")
    people = _people(book, "demand_plan", "supply_plan")
    for row in ahead.head(1).itertuples():
        for value, words in (("off", "Drop {}"), ("+1", f"{{}} one {book.calendar.size} later")):
            change = {"driver": "event", "name": row.event, "value": value}
            words = words.format(row.event)
            yield Option(words, f"event {row.event}", row.starts_on, *people, change)


def _safety_stock(book):
    if book.settings["service_level"] is not None:
        change = {"driver": "service_level", "value": "-0.01"}
        people = _people(book, "supply_plan", "demand_plan")
        words = "Safety stock for one point less service"
        yield Option(words, "safety stock", _later(book), *people, change)


SUPPLY, DEMAND, EITHER = (
    (_hours, _limited),
    (_prices, _launches),
    (_promotions, _safety_stock),
)
