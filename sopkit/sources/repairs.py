"""Repairs: blanks and signs that have one sensible reading are mended, each with its row in
``data_issues``.
"""

from sopkit.sources.names import NONE

# (table, column): (rule, what a blank reads as)
BLANKS = {
    ("items", "family"): ("blank family", NONE),
    ("items", "strategy"): ("blank strategy", "stock"),
    ("sales_history", "market"): ("blank market", NONE),
    ("orders", "market"): ("blank market", NONE),
}
STOCKS = [("inventory", "on_hand"), ("inventory", "backlog"), ("inventory_history", "on_hand")]


def repair_blanks(reading):
    """Blank family and market read as (none), blank strategy as stock, blank as_of as the eve of
    the plan.
    """
    for (name, column), (rule, default) in BLANKS.items():
        _fill(reading, name, column, rule, default)
    _fill(reading, "inventory", "as_of", "blank as_of", reading.eve)


def repair_stock(reading):
    """Negative stock and backlog count as 0."""
    for name, column in STOCKS:
        frame = reading.tables[name]
        below = frame[column] < 0
        reading.say_of("negative stock", name, below, column, "is below 0")
        reading.tables[name] = frame.assign(**{column: frame[column].mask(below, 0.0)})


def repair_orders(reading):
    """An order line below 0 is left out."""
    orders = reading.tables["orders"]
    below = orders["quantity"] < 0
    reading.say_of("negative order", "orders", below, "quantity", "is below 0")
    reading.tables["orders"] = orders[~below]


def _fill(reading, name, column, rule, default):
    frame = reading.tables[name]
    blank = frame[column].isna()
    if not blank.any():
        return
    if column in reading.headers[name]:
        reading.say_of(rule, name, blank, column, "is blank")
    else:
        words = f"{default:%Y-%m-%d}" if hasattr(default, "strftime") else default
        reading.say(
            "absent column",
            name,
            0,
            column,
            "",
            f"{name} has no column {column}; every row reads {words}",
        )
    reading.tables[name] = frame.assign(**{column: frame[column].fillna(default)})
