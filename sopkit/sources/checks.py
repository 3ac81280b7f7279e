"""Checks and repairs of typed tables: keys, names, dates, blanks and signs, and the cut as of a
month. A repair has one sensible reading and leaves its row in ``data_issues``.
"""

import numpy as np
import pandas as pd

from sopkit.demand.launches import successor_loops
from sopkit.demand.said import RULES
from sopkit.errors import nearest
from sopkit.metrics import Book
from sopkit.metrics.cost import with_unit_cost
from sopkit.sources.issues import hints, together
from sopkit.sources.reading import as_written
from sopkit.sources.typed import NAMES, read_number
from sopkit.tables import INPUTS
from sopkit.tables.settings import STEPS

# How rows of one bucket become one; stock is what stood there last.
TOGETHER = {
    "sales_history": {"quantity": "sum", "revenue": "sum"},
    "production_history": {"planned": "sum", "actual": "sum"},
    "inventory_history": {"on_hand": "last", "stocked_out": "sum"},
    "sales_inputs": {"quantity": "sum"},
    "exchange_rates": {"rate": "mean"},
    "budget": {"quantity": "sum", "revenue": "sum", "margin": "sum"},
}
# what is named: the table that says which there are; the words that are always known
HOMES = {
    "item": "items",
    "family": "items",
    "resource": "resources",
    "market": "sales_history",
}
SECTIONS = {"family": ("owners",), "market": ("market_priority",)}  # of settings, by name
ALWAYS = {"family": ["(none)", "(company)"], "market": ["(none)"]}
UNPLANNED = """
    inventory inventory_history production_history receipts bill_of_resources components
""".split()  # tables that may list more than what is planned
SCOPED = ("events", "sales_inputs", "initiatives", "lanes")
MEMBERS = (*SCOPED[:3], "launches")  # tables that may name members of the hierarchy
SPANS = [
    ("events", "starts_on", "ends_on"),
    ("initiatives", "starts_on", "ends_on"),
    ("items", "launched_on", "retired_on"),
]
# table: the date from which a row acts
COMING = dict.fromkeys(("resources", "sales_inputs", "budget", "exchange_rates"), "bucket") | {
    "receipts": "due_on"
}
COMING |= {"events": "starts_on", "initiatives": "starts_on", "launches": "launched_on"}
# table: the date on which a row became known
KNOWN_ON = {
    "sales_history": "bucket",
    "orders": "ordered_on",
    "inventory_history": "bucket",
    "production_history": "bucket",
    "receipts": "ordered_on",
    "inventory": "as_of",
}
COSTING = "items", "bill_of_resources", "resources", "components"
BLANKS = [  # blanks that are told: in every plan they move what people look at
    ("items", "family"),
    ("items", "strategy"),
    ("sales_history", "market"),
    ("orders", "market"),
    ("inventory", "as_of"),
]
STOCKS = [("inventory", "on_hand"), ("inventory", "backlog"), ("inventory_history", "on_hand")]
MOST_RAMP = 1000  # times the peak


def check_keys(reading):
    """A key given twice, with dates as written (resources: in their bucket) is an error."""
    for name in reading.present:
        table, frame = INPUTS[name], reading.tables[name]
        key = list(table.key)
        rows = frame[key].dropna(subset=[column for column in key if table[column].required])
        if name == "resources":
            rows = rows.assign(bucket=_starts(reading, rows["bucket"]))
        if {"item", "family"} <= {*key}:  # a family beside an item says nothing more
            rows = rows.assign(family=rows["family"].where(rows["item"].isna()))
        again = rows.duplicated()
        if not again.any():
            continue
        first = rows.assign(row=rows.index).groupby(key, dropna=False)["row"].transform("min")
        summed = name == "sales_history" and reading.settings["sum_duplicates"]
        reading.say(
            "summed duplicates" if summed else "duplicate key",
            name,
            rows.index[again],
            " + ".join(key),
            rows[again].astype("str").fillna("").agg(" · ".join, axis=1),
            [f"repeats the key of row {row}" for row in first[again]],
        )


def check_hierarchy(reading):
    """A column of the hierarchy that its table does not have is an error."""
    for table, columns in reading.settings["hierarchy"].items():
        there = reading.headers.get(table, [])
        for name in sorted({*columns} - {*there}):
            problem = f"is no column of {table}, which has: {', '.join(there) or 'no row'}"
            reading.say("wrong setting", "settings", 0, "hierarchy", name, problem)


def check_names(reading):
    """Unknown items, families, resources and markets are errors, each with the nearest known
    name; an order may come from any market. Rows of items that are not planned are told once for
    each table that may list them, at the first of them, and left out: an error, unless settings
    say so.
    """
    for kind, home in HOMES.items():
        # No facts to name: that is error enough. No resources: capacity is unlimited, so no name
        # is wrong.
        if not len(reading.tables[home]):
            continue
        known = [*reading.tables[home][kind].dropna().unique(), *ALWAYS.get(kind, [])]
        known += reading.settings["markets"] if kind == "market" else []
        members = Book(reading.tables, settings=reading.settings).known(kind)
        for name in sorted(reading.present):
            for column in INPUTS[name].names:
                own = column == kind and (name == home or (kind, name) == ("market", "orders"))
                if NAMES.get(column) != kind or own:
                    continue
                cells = reading.tables[name][column].dropna()
                bad = cells[~cells.isin(known + [*members] * (name in MEMBERS))]
                if len(bad) and kind == "item" and name in UNPLANNED:
                    _set_aside(reading, name, column, bad, known)
                    continue
                problem = [f"is no {kind} of {home}{hint}" for hint in hints(bad, known)]
                reading.say(f"unknown {kind}", name, bad.index, column, bad, problem)
        for section in SECTIONS.get(kind, ()):
            for name in sorted({*reading.settings[section]} - {*known, *STEPS}):
                problem = f"is no {kind} of {home}{nearest(name, known)}"
                reading.say("unknown setting", "settings", 0, section, name, problem)
    rule = reading.settings["sales_inputs"].get("rule")
    words = [*RULES, *reading.tables["sales_inputs"]["author"].dropna().unique()]
    if rule and rule not in words:
        problem = f"rule is none of {', '.join(words)}{nearest(rule, words)}"
        yet = "wrong setting" if len(words) > len(RULES) else "unknown setting"
        reading.say(yet, "settings", 0, "sales_inputs", rule, problem)


def _set_aside(reading, name, column, stray, known):
    frame, issues = reading.tables[name], together(reading.issues)
    moot = (issues["table"] == name) & issues["row"].isin(stray.index)
    reading.issues, reading.tables[name] = [issues[~moot]], frame.drop(stray.index)
    value, first = f"{len(stray):,} of {len(frame):,} rows", stray.iloc[0]
    problem = f"name {stray.nunique():,} items that items does not list, the first {first}"
    leave = reading.settings["unplanned"] == "leave out"
    rule, row = ("unplanned items", 0) if leave else ("unknown item", stray.index[0])
    reading.say(rule, name, row, column, value, problem + nearest(first, known))


def check_scopes(reading):
    """At most one of item, family and resource is filled; a family beside its own item is left out,
    any other is an error.
    """
    family_of = reading.tables["items"].drop_duplicates("item").set_index("item")["family"]
    for name in SCOPED:
        frame = reading.tables[name]
        both = frame["item"].notna() & frame["family"].notna()
        own = both & (frame["item"].map(family_of) == frame["family"])
        problem = "the item beside it belongs to that family"
        reading.say_of("redundant family", name, own, "family", problem)
        reading.fill(name, "family", own, None)
        filled = reading.tables[name].filter(["item", "family", "resource"]).notna().sum(axis=1)
        problem = "more than one of item, family and resource is filled"
        reading.say_of("two scopes", name, filled > 1, "item", problem)


def check_spans(reading):
    """An end before its start is an error."""
    for name, start, end in SPANS:
        frame = reading.tables[name]
        bad = frame[end] < frame[start]
        reading.say_of("end before start", name, bad, end, f"lies before {start}")


def check_successors(reading):
    """Successors that lead back to where they began are an error, and a launch like itself."""
    items = reading.tables["items"]
    bad = items["item"].isin(successor_loops(items))
    reading.say_of("successor loop", "items", bad, "successor", "leads back to the item itself")
    launches = reading.tables["launches"]
    likes = launches[["item"]].assign(successor=launches["like_item"])
    bad = launches["item"].isin(successor_loops(likes.dropna().drop_duplicates("item")))
    reading.say_of("like itself", "launches", bad, "like_item", "leads back to the launched item")
    bad = launches["item"] == launches["cannibalised_item"]
    reading.say_of("like itself", "launches", bad, "cannibalised_item", "is the launched item")
    both = launches["cannibalised_item"].notna() & launches["cannibalised_family"].notna()
    problem = "cannibalised_item beside it is taken from alone"
    reading.say_of("redundant family", "launches", both, "cannibalised_family", problem)


def check_gates(reading):
    """An initiative whose gate has passed is told: its stage should have been decided."""
    if reading.first is not None:
        late = reading.tables["initiatives"]["gate_on"] < reading.first
        words = "is over when the plan begins"
        reading.say_of("gate passed", "initiatives", late, "gate_on", words)


def check_ramps(reading):
    """A ramp holds numbers from 0 to 1,000, separated by ;."""
    ramps = reading.tables["launches"]["ramp"].fillna("0")
    parts = [[read_number(part.strip())[0] for part in ramp.split(";")] for ramp in ramps]
    bad = np.array(
        [any(part is None or not 0 <= part <= MOST_RAMP for part in ramp) for ramp in parts],
        dtype=bool,
    )
    problem = f"holds a part that is no number from 0 to {MOST_RAMP:,}"
    done = "write fractions separated by ;, for example 0.2;0.5;1"
    reading.say_of("not a number", "launches", bad, "ramp", problem, done)


def check_lots(reading):
    """Lots that the plan itself does not keep unless it is asked to."""
    items = reading.tables["items"]
    lots = (items[["lot_size", "minimum_lot"]] > 0).any(axis=1).sum()
    if lots:
        told = f"{lots:,} items", "have a lot_size or a minimum_lot"
        reading.say("plan without lots", "items", 0, "lot_size", *told)


def check_reach(reading):
    """Rows that the plan ends before are told, once for each table."""
    if reading.first is None:
        return
    end = reading.calendar.shift(reading.first, reading.settings["horizon"])
    for name, column in COMING.items():
        if beyond := (reading.tables[name][column] >= end).sum():
            words = f"{beyond:,} rows", f"dated from {end:%Y-%m-%d} on, where the plan has ended"
            reading.say("after the plan's end", name, 0, column, *words)


def cut(reading):
    """Leave out every row known only from the first bucket on, with its issues, so that an earlier
    month is planned as it would have been; a line shipped later reads as still open.
    """
    for name, column in KNOWN_ON.items():
        frame = reading.tables[name]
        days = reading.settings["stock_count_days"] if name == "inventory" else 0
        limit = reading.first + pd.Timedelta(days=days)
        late = frame[column] >= limit
        if late.any():
            words = f"{late.sum():,} rows", f"dated from {limit:%Y-%m-%d} on"
            reading.say("after the plan's month", name, 0, column, *words)
            reading.tables[name] = frame[~late]
    late = reading.tables["orders"]["shipped_on"] >= reading.first
    if late.any():
        words = f"{late.sum():,} rows", f"shipped from {reading.first:%Y-%m-%d} on"
        reading.say("shipped after the plan's month", "orders", 0, "shipped_on", *words)
        reading.fill("orders", "shipped_on", late, None)
        reading.fill("orders", "shipped_quantity", late, None)
    issues = together(reading.issues)
    # Errors always stay, and row 1 is the header.
    kept = (issues["row"] <= 1) | (issues["severity"] == "error") | ~issues["table"].isin(KNOWN_ON)
    for name in KNOWN_ON:
        kept |= (issues["table"] == name) & issues["row"].isin(reading.tables[name].index)
    reading.issues = [issues[kept]]


def repair_blanks(reading):
    """Blank family and market read as (none), blank strategy as stock, blank as_of as the eve of
    the plan.
    """
    for name, column in BLANKS:
        blank = reading.tables[name][column].isna()
        value = INPUTS[name][column].default or reading.first - pd.Timedelta(days=1)
        if column in reading.headers.get(name, ()):
            reading.say_of(f"blank {column}", name, blank, column, "is blank")
        elif blank.any():
            word = as_written(pd.Series([value]))[0]
            problem = f"{name} has no column {column}; every row reads {word}"
            reading.say("absent column", name, 0, column, "", problem)
        reading.fill(name, column, blank, value)


def repair_stock(reading):
    """Negative stock and backlog count as 0."""
    for name, column in STOCKS:
        below = reading.tables[name][column] < 0
        reading.say_of("negative stock", name, below, column, "is below 0")
        reading.fill(name, column, below, 0.0)


def repair_costs(reading):
    """A blank unit_cost beside a standard_cost is what that leaves after labour."""
    items, *made = (reading.tables[name] for name in COSTING)
    blank = items["standard_cost"].notna() & ~(items["unit_cost"] > 0)
    if blank.any():
        problem = f"{blank.sum():,} items have a standard_cost and no unit_cost"
        reading.say("unit cost from standard", "items", 0, "unit_cost", "", problem)
        reading.fill("items", "unit_cost", blank, with_unit_cost(items, *made)["unit_cost"])


def repair_orders(reading):
    """An order line below 0 is left out; lines shipped or promised before they were ordered stay,
    named.
    """
    below = reading.tables["orders"]["quantity"] < 0
    reading.say_of("negative order", "orders", below, "quantity", "is below 0")
    orders = reading.tables["orders"] = reading.tables["orders"][~below]
    for word in ("shipped", "promised"):
        days = (orders["ordered_on"] - orders[f"{word}_on"]).dt.days
        problem = [f"{n:.0f} day{'s' * (n != 1)} before ordered_on" for n in days[days > 0]]
        reading.say_of(f"{word} before ordered", "orders", days > 0, f"{word}_on", problem)


def repair_receipts(reading):
    """What was due before the first bucket counts in it."""
    late = ~(reading.tables["receipts"]["due_on"] >= reading.first)
    problem = f"was due before the plan's first bucket, {reading.first:%Y-%m-%d}, or on no day"
    reading.say_of("overdue receipt", "receipts", late, "due_on", problem)
    if late.any():
        reading.fill("receipts", "due_on", late, reading.first)
        key = list(INPUTS["receipts"].key)
        reading.tables["receipts"] = _add_up(reading.tables["receipts"], key, {"quantity": "sum"})


def fill_buckets(reading):
    """Dates become the bucket that holds them; rows that fall together are added up (stock: the
    last one stands).
    """
    for name, frame in reading.tables.items():
        if not any(column.bucketed for column in INPUTS[name].columns):
            continue
        dated = frame.sort_values("bucket", kind="stable") if name == "inventory_history" else frame
        frame = dated.assign(bucket=_starts(reading, dated["bucket"]))
        if name in TOGETHER:
            frame = _add_up(frame, list(INPUTS[name].key), TOGETHER[name])
        reading.tables[name] = frame


def _add_up(frame, key, how) -> pd.DataFrame:
    """One row per key, indexed by its first row; a sum of blanks only is blank."""
    if not frame.duplicated(key).any():
        return frame
    groups = frame.assign(_row=frame.index).groupby(key, dropna=False, sort=False)
    columns = {
        name: groups[name].sum(min_count=1) if way == "sum" else groups[name].agg(way)
        for name, way in how.items()
    }
    summed = pd.DataFrame({**columns, "_row": groups["_row"].first()}).reset_index()
    return summed.set_index("_row")[list(frame.columns)].rename_axis(None)


def _starts(reading, dates):
    starts = pd.Series(reading.calendar.start(dates), dates.index)
    return starts.where(dates.notna())
