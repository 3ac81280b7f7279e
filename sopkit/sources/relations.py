"""What tables say of each other: periods and what is dated in them, parts and their parents, sites
and the lanes between, markets and their money.
"""

import pandas as pd

from sopkit.buckets import follow
from sopkit.metrics.cost import made_at, part_loops, with_unit_cost
from sopkit.metrics.currencies import worth
from sopkit.sources.checks import COSTING
from sopkit.sources.issues import hints
from sopkit.tables import declared


def check_calendar(reading):
    """Periods that do not follow each other, and a calendar that begins after the history or ends
    within the plan, are errors.
    """
    told, calendar = reading.tables["calendar"], reading.calendar
    size, reading.settings["bucket"] = reading.settings["bucket"], calendar.size
    if "period" in (size, calendar.size) and calendar.size != "period" or len(told) == 1:
        problem = "has no two periods"
        return reading.say("wrong calendar", "calendar", 0, "starts_on", "", problem)
    if not len(told):
        return
    if size not in ("month", "period"):
        problem = f"is told beside bucket = {size} in settings.toml: take that out"
        reading.say("wrong calendar", "calendar", 0, "starts_on", "", problem)
    begins = told["starts_on"].sort_values().drop_duplicates()
    if not follow(begins):
        problem = (
            "holds periods that are neither 4 to 6 weeks long nor begin on one day of the month"
        )
        reading.say("wrong calendar", "calendar", 0, "starts_on", "", problem)
    sold, ends = reading.tables["sales_history"]["bucket"], begins.max()
    if sold.nunique() > 2 and sold.dt.day.eq(1).all() and not begins.dt.day.eq(1).all():
        problem = "is stamped by month, which is no period: bring days, weeks or first days of them"
        reading.say("wrong calendar", "sales_history", 0, "bucket", "", problem)
    sold = sold.min()
    if sold < begins.min():
        problem = f"is the first, and sales_history begins on {sold:%Y-%m-%d}"
        reading.say("wrong calendar", "calendar", begins.index[:1], "starts_on", "", problem)
    if reading.first is not None:
        needed = calendar.shift(reading.first, reading.settings["horizon"])
        if ends < needed:
            problem = f"is the last; the plan ends before {needed:%Y-%m-%d}: add periods until then"
            reading.say("wrong calendar", "calendar", begins.index[-1:], "starts_on", "", problem)


def check_components(reading):
    """An item that is a part of itself is an error; one that costs less than its parts is told."""
    rows = reading.tables["components"].dropna(subset=["parent", "child", "quantity_per"])
    loop = part_loops(rows).reindex(reading.tables["components"].index, fill_value=False)
    problem = "is a part of itself, here or through its other parts"
    reading.say_of("part of itself", "components", loop, "child", problem)
    if not len(rows) or loop.any():
        return
    items, *made = (reading.tables[name] for name in COSTING)
    parts = with_unit_cost(items, *made)["unit_cost"]
    below = (items["unit_cost"] > 0) & (items["unit_cost"] < parts * (1 - 1e-6))
    problem = [f"its components cost {cost:,.10g}" for cost in parts[below]]
    reading.say_of("unit cost below parts", "items", below, "unit_cost", problem)


def check_sites(reading):
    """Lanes that end nowhere, and items that are made at several sites, which may be one route, are
    told.
    """
    lanes, bill = (reading.tables[name] for name in ("lanes", "bill_of_resources"))
    if not len(lanes):
        return
    named = [reading.tables[name]["site"] for name in ("inventory", "resources", "sourcing")]
    named += [lanes["from"], reading.tables["sales_history"]["market"]]
    known = [*pd.concat(named).dropna().unique(), *reading.settings["markets"]]
    ends = lanes["to"].dropna()
    ends = ends[~ends.isin(known)]
    problem = [f"is no site and no market{hint}" for hint in hints(ends, known)]
    reading.say("lane to nowhere", "lanes", ends.index, "to", ends, problem)
    bill = declared(bill, "bill_of_resources")
    where = made_at(bill, reading.tables["resources"])[bill["source"] == ""]
    sites = where.groupby(bill["item"]).agg(lambda each: {*each} - {""})
    several = sites[sites.str.len() > 1]
    problem = [f"its resources are in {', '.join(sorted(each))}" for each in several]
    rows = bill.reset_index().groupby("item")["index"].first()[several.index]
    table = "bill_of_resources"
    reading.say("made at several sites", table, rows, "site", several.index, problem)


def check_currencies(reading):
    """A market's currency that is not the company's, and has no exchange rate, is an error."""
    markets, own = reading.tables["markets"], reading.settings["currency"]
    known = [own, *reading.tables["exchange_rates"]["currency"].dropna().unique()]
    bad = ~markets["currency"].fillna(own).isin(known)
    problem = f"has no row in exchange_rates, and is not the company's ({own})"
    reading.say_of("no exchange rate", "markets", bad, "currency", problem)


def repair_currencies(reading):
    """What was sold in other money is read in the company's, at the rate of its bucket."""
    sales, own = reading.tables["sales_history"], reading.settings["currency"]
    markets, rates = (
        declared(reading.tables[name], name) for name in ("markets", "exchange_rates")
    )
    foreign = markets[~markets["currency"].isin(["", own])]
    rows = sales["market"].isin(foreign["market"]) & sales["revenue"].notna()
    if not rows.any():
        return
    market, bucket = (pd.Index(sales.loc[rows, of].unique()) for of in ("market", "bucket"))
    rate = worth(markets, rates, market, bucket, own)
    at = (
        market.get_indexer(sales.loc[rows, "market"]),
        bucket.get_indexer(sales.loc[rows, "bucket"]),
    )
    problem = f"revenue in {', '.join(sorted(foreign['currency'].unique()))}"
    reading.say("foreign money", "sales_history", 0, "revenue", f"{rows.sum():,} rows", problem)
    reading.fill("sales_history", "revenue", rows, sales.loc[rows, "revenue"] * rate[at])
