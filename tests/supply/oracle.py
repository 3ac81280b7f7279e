"""An independent plan: the same economics written another way (explicit shipments and shortfalls)
for scipy's milp, apart from sopkit. ``python -m tests.supply.oracle [count]`` compares as many
random companies and prints a table by kind.
"""

import sys
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy.optimize import Bounds, LinearConstraint, milp

from tests.supply.cases import months

ENDING = 1e5  # money/unit: more than what any hours could serve instead of an explicit ending stock
SMALLEST_GAP = 1e-7
BOOKED = "demand", "bookings"
STAFF = """
    resource hours workers hours_per_worker overtime_hours overtime_per_worker regular_cost
    overtime_cost hiring_cost layoff_cost
""".split()


@dataclass
class Lines:
    """Rows of a programme, written as ({column: coefficient}, lowest, highest)."""

    cost: list = field(default_factory=list)
    upper: list = field(default_factory=list)
    names: dict = field(default_factory=dict)
    whole: set = field(default_factory=set)
    rows: list = field(default_factory=list)
    constant: float = 0.0

    def column(self, name, cost=0.0, upper=np.inf):
        self.names[name] = len(self.cost)
        self.cost.append(cost)
        self.upper.append(upper)

    def row(self, terms, low, high):
        self.rows.append((terms, low, high))

    def solve(self):
        """The value of every column by name; None where the rows contradict each other."""
        matrix = np.zeros((len(self.rows), len(self.cost)))
        for at, (terms, _, _) in enumerate(self.rows):
            for name, value in terms:
                matrix[at, self.names[name]] += value
        low, high = zip(*(limits for _, *limits in self.rows))
        found = milp(
            self.cost,
            constraints=LinearConstraint(matrix, low, high),
            bounds=Bounds(0, self.upper),
            integrality=[name in self.whole for name in self.names],
            options={"mip_rel_gap": SMALLEST_GAP},
        )
        assert found.status in (0, 2), found.message
        return None if found.x is None else dict(zip(self.names, found.x))


class Company:
    """A case as plain look-ups: blanks are filled as the contract says."""

    def __init__(self, case):
        self.case, self.items = case, case["items"].set_index("item").to_dict("index")
        self.buckets = sorted(case["demand"]["bucket"].unique())
        self.last = len(self.buckets) - 1
        self.bill = case["bill_of_resources"]
        self.bill = self.bill if "source" in self.bill else self.bill.assign(source=None)
        self.made = set(self.bill["item"][self.bill["source"].isna()])
        self.cells = {
            name: case[name].set_index(["item", "bucket"])["quantity"].to_dict()
            for name in ("demand", "safety_stock", "receipts", "bookings")
            if name in case
        }
        staff = case["resources"].reindex(columns=["bucket", *STAFF]).astype(object)
        staff = staff.where(staff.notna(), None).to_dict("records")
        self.staff = {(row["resource"], row["bucket"]): row for row in staff}
        self.resources = list(dict.fromkeys(row["resource"] for row in staff))
        held = case["frozen"].to_dict("records") if "frozen" in case else []
        self.held = {(row["item"], row["bucket"]): row for row in held}
        parts = case.get("components", pd.DataFrame(columns=["parent", "child", "units"]))
        self.parts = [row for row in parts.itertuples(index=False)]
        self.made |= {row.parent for row in self.parts}
        self.ways = {item: self._ways(item) for item in self.items}

    def standard(self, item):
        """Money of a unit, its parts and hours included."""
        rates = {name: self.of(name, "regular_cost", 0) for name in self.resources}
        hours = sum(
            used * rates[name]
            for name in self.resources
            for one, source, used in self.hours(name)
            if one == item and source is None
        )
        return max(self.fact(item, "unit_cost", 0.0), self.of_parts(item)) + hours

    def of_parts(self, item):
        """Money of the parts of a unit."""
        return sum(row.units * self.standard(row.child) for row in self.parts if row.parent == item)

    def taken_of(self, item, t):
        """What the production of others takes of an item in a bucket: (column, units a unit)."""
        for row in self.parts:
            arrives = t + int(np.ceil(self.fact(row.parent, "lead_time", 0.0)))
            if row.child == item and arrives <= self.last:
                yield ("get", row.parent, None, arrives), row.units

    def units(self, name, item, t):
        """Units of a table in a cell; 0 where there is none."""
        return float(self.cells.get(name, {}).get((item, self.buckets[t]), 0.0))

    def fact(self, item, name, blank=np.nan):
        """What ``items`` says in a column; ``blank`` where it says nothing."""
        value = self.items[item].get(name)
        return blank if pd.isna(value) else value

    def of(self, resource, name, t):
        """What ``resources`` says of a bucket: a row with the bucket beats the blank one."""
        for bucket in (self.buckets[t], None):
            value = self.staff.get((resource, bucket), {}).get(name)
            if value is not None:
                return float(value)
        return np.nan

    def moves(self, resource):
        """Whether a resource has people, who may be hired, and who may be laid off."""
        told = ("workers", "hiring_cost", "layoff_cost")
        return [not np.isnan(self.of(resource, name, 0)) for name in told]

    def _ways(self, item):
        """{source: (kind, cost, limit, lead)} of an item, its own making or buying as None."""
        offers = self.case["sourcing"] if "sourcing" in self.case else pd.DataFrame({"item": []})
        offers = offers[offers["item"] == item]
        own, lead = self.fact(item, "unit_cost", 0.0), self.fact(item, "lead_time", 0.0)
        made = item in self.made
        beyond = max(own - self.of_parts(item), 0.0)
        ways = {None: ("production" if made else "purchased", beyond, np.inf, lead)}
        ways = ways if made or offers.empty else {}
        for offer in offers.itertuples():
            ways[offer.source] = (
                "subcontracted" if made else "purchased",
                own if np.isnan(offer.unit_cost) else offer.unit_cost,
                np.inf if np.isnan(offer.max_quantity) else offer.max_quantity,
                lead if np.isnan(offer.lead_time) else offer.lead_time,
            )
        if self.case.get("lots"):  # a source whose smallest lot is above its limit delivers nothing
            lot = max(self.fact(item, "lot_size", 0.0), self.fact(item, "minimum_lot", 0.0))
            for source, (kind, cost, limit, lead) in ways.items():
                ways[source] = kind, cost, limit if lot <= limit else 0.0, lead
        return ways

    def frozen(self, item, kind, t):
        """Units of a kind that stand in a bucket; None where they are free."""
        row = self.held.get((item, self.buckets[t]), {})
        names = ["production", "overtime_production"] if kind == "production" else [kind]
        told = [row[name] for name in names if not pd.isna(row.get(name))]
        return sum(told) if told else None

    def most(self, item, source, t):
        """Units that a way may deliver in a bucket."""
        kind, _, limit, lead = self.ways[item][source]
        held = self.frozen(item, kind, t)
        early = t < np.ceil(lead)
        return min(limit, held) if held is not None else 0.0 if early else limit

    def hours(self, resource):
        """(item, source, hours a unit) of all that a resource is needed for."""
        rows = self.bill[self.bill["resource"] == resource]
        for row in rows.itertuples():
            yield row.item, None if pd.isna(row.source) else row.source, row.hours_per_unit

    def taken(self, resource, t):
        """Hours of open work orders, as far as the people of today have them beside what is
        frozen.
        """
        ordered = held = 0.0
        for item, source, hours in self.hours(resource):
            kind = self.ways[item][source][0]
            ordered += hours * self.units("receipts", item, t) * (source is None)
            held += hours * (self.frozen(item, kind, t) or 0.0)
        crew, *free = self.moves(resource)
        people = self.of(resource, "workers", 0 if any(free) else t) if crew else 0.0
        regular = self.of(resource, "hours", t)
        if crew:
            worked = people * self.of(resource, "hours_per_worker", t)
            regular = worked if np.isnan(regular) else min(regular, worked)
        return min(ordered, max(regular + self.overtime(resource, t, people) - held, 0.0))

    def overtime(self, resource, t, people):
        """Hours of overtime that so many people may work."""
        limit, each = (self.of(resource, f"overtime_{name}", t) for name in ("hours", "per_worker"))
        if np.isnan(limit) and np.isnan(each):
            return 0.0
        return np.nanmin([limit, each * people if each else each])

    def agreed(self, item, t):
        """Units booked in the last customer_lead_time buckets, a part bucket in part."""
        if self.fact(item, "strategy") != "order":
            return 0.0
        left, total, when = self.fact(item, "customer_lead_time", 0.0), 0.0, self.buckets[t]
        while left > 0:
            booked = (self.cells.get(name, {}).get((item, when), 0.0) for name in BOOKED)
            total += min(left, 1.0) * sum(booked)
            left, when = left - 1, when - pd.DateOffset(months=1)
        return total

    def by_itself(self, item):
        """Stock at each bucket's end if nothing were ordered beyond what stands and is under
        way.
        """
        there = self.fact(item, "on_hand", 0.0) - self.fact(item, "backlog", 0.0)
        stocks = []
        for t in range(len(self.buckets)):
            there += self.units("receipts", item, t) - self.units("demand", item, t)
            for kind in ("production", "subcontracted", "purchased"):
                there += self.frozen(item, kind, t) or 0.0
            if np.isinf(self.fact(item, "backlog_cost")):
                there = max(there, 0.0)
            stocks.append(max(there, 0.0))
        return stocks


def optimum(case, lost_price=None, lost_limit=None):
    """The cheapest plan of a case with explicit prices: its money without that of missing ending
    stock, and the units of ending stock that are missing. None where there is no plan at all.
    """
    lines, company = Lines(), Company(case)
    for item in company.items:
        price = None if lost_price is None else lost_price[item]
        _serve(lines, company, item, price, lost_limit)
        if case.get("lots"):
            _whole_lots(lines, company, item)
    for name in company.resources:
        _work(lines, company, name)
    found = lines.solve()
    if found is None:
        return None
    missing = sum(found["missing", item] for item in company.items)
    paid = sum(cost * value for cost, value in zip(lines.cost, found.values()))
    return paid + lines.constant - ENDING * missing, missing


def cheapest(case, lost_price=None, lost_limit=None):
    """The optimum of a case with explicit prices: money."""
    return optimum(case, lost_price, lost_limit)[0]


def _serve(lines, company, item, lost_price, lost_limit):
    """Stock, shipments, and what is owed, of an item."""
    holding, late = (company.fact(item, f"{name}_cost") for name in ("holding", "backlog"))
    lost = company.fact(item, "lost_sales_cost") if lost_price is None else lost_price
    patient, short = np.isfinite(late), (holding + (late if np.isfinite(late) else holding)) / 2
    late = late if patient else 0.0
    to_order = company.fact(item, "strategy") == "order"
    average = company.case.get("holding") == "average"
    stocks, most = company.by_itself(item), company.fact(item, "maximum_stock", np.inf)
    on_hand, backlog = (company.fact(item, name, 0.0) for name in ("on_hand", "backlog"))
    if average:
        lines.constant += (holding * on_hand + late * backlog * (not to_order)) / 2
    for t in range(company.last + 1):
        end, weight = t == company.last, 0.5 if average and t == company.last else 1.0
        most_lost = np.inf if lost_limit is None else lost_limit[item, t]
        if np.isinf(lost) or (to_order and not end):
            most_lost = 0.0
        most_stock = max(0.0 if to_order else most, stocks[t])
        lines.column(("stock", item, t), weight * holding, most_stock)
        lines.column(("late", item, t), weight * late, np.inf if patient and not end else 0.0)
        lines.column(("agreed", item, t), 0.0, company.agreed(item, t))
        lines.column(("lost", item, t), lost if np.isfinite(lost) else 0.0, most_lost)
        lines.column(("ship", item, t))
        lines.column(("short", item, t), short)
        for source, (_, cost, _, _) in company.ways[item].items():
            lines.column(("get", item, source, t), cost, company.most(item, source, t))
        arrive = [(("get", item, source, t), 1) for source in company.ways[item]]
        kept = [(("stock", item, t), -1), (("ship", item, t), -1)]
        kept += [(("stock", item, t - 1), 1)] if t else []
        coming = company.units("receipts", item, t) + (0.0 if t else on_hand)
        lines.row(
            arrive + kept + [(name, -units) for name, units in company.taken_of(item, t)],
            -coming,
            -coming,
        )
        owed = [((name, item, t), -1) for name in ("late", "agreed", "lost", "ship")]
        owed += [((name, item, t - 1), 1) for name in ("late", "agreed")] if t else []
        wanted = company.units("demand", item, t) + (0.0 if t else backlog)
        lines.row(owed, -wanted, -wanted)
        safety = 0.0 if to_order else company.units("safety_stock", item, t)
        lines.row([(("stock", item, t), 1), (("short", item, t), 1)], safety, np.inf)
        for kind in ("production", "subcontracted", "purchased"):
            held = company.frozen(item, kind, t)
            if held is not None:
                alike = [one for one in arrive if company.ways[item][one[0][2]][0] == kind]
                lines.row(alike, held, held)
    ending = 0.0 if to_order else company.fact(item, "ending_stock", 0.0)
    lines.column(("missing", item), ENDING)
    lines.row([(("stock", item, company.last), 1), (("missing", item), 1)], ending, np.inf)


def _whole_lots(lines, company, item):
    """Every way delivers whole lots, and nothing or no less than the minimum; what is frozen stays
    as it is.
    """
    lot, least = (company.fact(item, name, 0.0) for name in ("lot_size", "minimum_lot"))
    spans = range(company.last + 1)
    most = sum(
        company.units("demand", item, t) + company.units("safety_stock", item, t) for t in spans
    )
    most += company.fact(item, "backlog", 0.0) + company.fact(item, "ending_stock", 0.0)
    most = 2 * (most + lot + least)
    for t in spans:
        for source, (kind, *_) in company.ways[item].items():
            if company.frozen(item, kind, t) is not None:
                continue
            got = [(("get", item, source, t), 1)]
            if lot:
                lines.column(("lots", item, source, t))
                lines.whole.add(("lots", item, source, t))
                lines.row([*got, (("lots", item, source, t), -lot)], 0, 0)
            if least:
                lines.column(("run", item, source, t), upper=1)
                lines.whole.add(("run", item, source, t))
                lines.row([*got, (("run", item, source, t), -least)], 0, np.inf)
                lines.row([*got, (("run", item, source, t), -most)], -np.inf, 0)


def _work(lines, company, name):
    """Hours, overtime and people of a resource."""
    case, (crew, hiring, firing) = company.case, company.moves(name)
    moves, level = hiring or firing, case.get("strategy") == "level"
    settings = case.get("settings") or {"hiring_notice": 0, "layoff_notice": 0}
    if level:
        lines.column(("share", name), upper=np.inf if moves else 1.0)
    for t in range(company.last + 1):
        hours, each = company.of(name, "hours", t), company.of(name, "hours_per_worker", t)
        rate, extra = (company.of(name, f"{kind}_cost", t) for kind in ("regular", "overtime"))
        lines.column(
            ("regular", name, t), 0.0 if crew else rate, np.inf if np.isnan(hours) else hours
        )
        lines.column(("overtime", name, t), extra, company.overtime(name, t, np.inf))
        uses = [(("get", item, source, t), used) for item, source, used in company.hours(name)]
        taken = company.taken(name, t)
        worked = [(("regular", name, t), -1), (("overtime", name, t), -1)]
        lines.row(uses + worked, -taken, -taken)
        if crew:
            _people(lines, company, name, t, rate * each, hiring, firing)
            lines.row([(("regular", name, t), 1), (("crew", name, t), -each)], -np.inf, 0)
            more = company.of(name, "overtime_per_worker", t)
            if not np.isnan(more):
                lines.row([(("overtime", name, t), 1), (("crew", name, t), -more)], -np.inf, 0)
            early = [
                t < settings[f"{move}_notice"] or (level and t > 0) for move in ("hiring", "layoff")
            ]
            for move, shut in zip(("hire", "fire"), early):
                if shut:
                    lines.upper[lines.names[move, name, t]] = 0.0
        if level and _is_free(company, name, t):
            there = _available(company, name, t, moves)
            lines.row([(("regular", name, t), 1), (("share", name), -there)], 0, 0)
    if level and moves:  # the share is that of all who are there
        lines.row([(("share", name), 1), (("crew", name, 0), -1)], -np.inf, 0)


def _people(lines, company, name, t, pay, hiring, firing):
    """Who is there in a bucket: as given, or hired and laid off."""
    moves = hiring or firing
    costs = [company.of(name, f"{move}_cost", t) for move in ("hiring", "layoff")]
    lines.column(("crew", name, t), pay)
    for move, cost, may in zip(("hire", "fire"), costs, (hiring, firing)):
        lines.column((move, name, t), cost if may else 0.0, np.inf if may else 0.0)
    given = company.of(name, "workers", t if not moves else 0)
    if not moves:
        lines.row([(("crew", name, t), 1)], given, given)
        return
    if company.case.get("whole_workers"):
        lines.whole.add(("crew", name, t))
    change = [(("crew", name, t), 1), (("hire", name, t), -1), (("fire", name, t), 1)]
    change += [(("crew", name, t - 1), -1)] if t else []
    lines.row(change, 0.0 if t else given, 0.0 if t else given)


def _available(company, name, t, moves):
    """Regular hours per unit of a level plan's share: of one worker where they move."""
    crew, each = company.moves(name)[0], company.of(name, "hours_per_worker", t)
    if moves:
        return each
    worked = company.of(name, "workers", t) * each if crew else np.inf
    return np.fmin(worked, company.of(name, "hours", t))


def _is_free(company, name, t):
    """Whether a resource can finish something in a bucket, and nothing is frozen or under way."""
    uses = [(item, source) for item, source, hours in company.hours(name) if hours > 0]
    held = (company.frozen(item, company.ways[item][source][0], t) for item, source in uses)
    fixed = any(units is not None for units in held) or company.taken(name, t) > 0
    return not fixed and any(company.most(item, source, t) > 0 for item, source in uses)


def random_case(seed, items=4, buckets=6):
    """Made and bought items on two resources with a workforce, scarce enough that something is late
    or lost now and then.
    """
    draw = np.random.default_rng(seed)
    names = [f"item {i}" for i in range(items)]
    dates = months(buckets)
    demand = pd.DataFrame(
        [(n, d, draw.integers(0, 100)) for n in names for d in dates],
        columns=["item", "bucket", "quantity"],
    )
    holding = draw.uniform(0.5, 2, items).round(2)
    frame = pd.DataFrame(
        {
            "item": names,
            "unit_cost": draw.uniform(5, 20, items).round(2),
            "price": draw.uniform(40, 90, items).round(2),
            "holding_cost": holding,
            "backlog_cost": (holding * draw.uniform(1, 4, items)).round(2),
            "lost_sales_cost": draw.uniform(60, 900, items).round(2),
            "lead_time": draw.choice([0, 0, 0.5, 2], items),
            "ending_stock": 0.0,  # the plan ends with the horizon
            "maximum_stock": np.where(draw.random(items) < 0.3, 150.0, np.nan),
            "on_hand": draw.integers(0, 60, items).astype(float),
            "backlog": draw.choice([0.0, 0.0, 20.0], items),
        }
    )
    bill = pd.DataFrame(
        [
            (names[0], "line", 1.0),
            (names[1], "line", 0.5),
            (names[1], "crew", 0.3),
            (names[2], "crew", 0.7),
        ],
        columns=["item", "resource", "hours_per_unit"],
    )
    resources = pd.DataFrame(
        {
            "resource": ["line", "crew"],
            "hours": [draw.integers(30, 120), np.nan],
            "workers": [np.nan, draw.integers(2, 9)],
            "hours_per_worker": [np.nan, 8.0],
            "overtime_hours": [draw.integers(0, 20), draw.integers(0, 10)],
            "regular_cost": [3.0, 4.0],
            "overtime_cost": [draw.choice([2.0, 5.0]), 6.0],
            "hiring_cost": [np.nan, draw.choice([20.0, np.nan])],
            "layoff_cost": [np.nan, draw.choice([30.0, np.nan])],
        }
    )
    sourcing = pd.DataFrame(
        {
            "item": [names[1], names[3], names[3]],
            "source": ["near", "near", "far"],
            "unit_cost": [30.0, 22.0, 15.0],
            "max_quantity": [15.0, 80.0, 30.0],
            "lead_time": [np.nan, 0.0, 2.0],
        }
    )
    safety = pd.DataFrame(
        [(n, d, draw.integers(0, 30)) for n in names for d in dates],
        columns=["item", "bucket", "quantity"],
    )
    return {
        "demand": demand,
        "items": frame,
        "resources": resources,
        "bill_of_resources": bill,
        "sourcing": sourcing,
        "safety_stock": safety,
    }


def as_arguments(case):
    """The case as ``plan_supply`` takes it."""
    inventory = case["items"][["item", "on_hand", "backlog"]]
    return {
        **case,
        "items": case["items"].drop(columns=["on_hand", "backlog"]),
        "inventory": inventory,
    }


if __name__ == "__main__":
    from tests.supply.compare import table  # which knows sopkit: the oracle does not

    table(int(sys.argv[1]) if len(sys.argv) > 1 else 300)
