"""As of: what a plan of an earlier month could not know yet is left out, so that it is planned as
it would have been.
"""

import pandas as pd

from sopkit.sources.issues import together

# table: the date on which a row became known
KNOWN_ON = {
    "sales_history": "bucket",
    "orders": "ordered_on",
    "inventory_history": "bucket",
    "production_history": "bucket",
    "receipts": "ordered_on",
    "inventory": "as_of",
}


def cut(reading):
    """Leave out every row known only from the first bucket on, with its issues; a line shipped
    later reads as still open.
    """
    for name, column in KNOWN_ON.items():
        frame = reading.tables[name]
        limit = reading.first + pd.Timedelta(
            days=reading.settings["stock_count_days"] if name == "inventory" else 0
        )
        late = frame[column] >= limit
        if late.any():
            reading.say(
                "after the plan's month",
                name,
                0,
                column,
                f"{late.sum():,} rows",
                f"dated from {limit:%Y-%m-%d} on",
            )
            reading.tables[name] = frame[~late]
    orders = reading.tables["orders"]
    late = orders["shipped_on"] >= reading.first
    if late.any():
        reading.say(
            "shipped after the plan's month",
            "orders",
            0,
            "shipped_on",
            f"{late.sum():,} rows",
            f"shipped from {reading.first:%Y-%m-%d} on",
        )
        reading.tables["orders"] = orders.assign(
            shipped_on=orders["shipped_on"].mask(late),
            shipped_quantity=orders["shipped_quantity"].mask(late),
        )
    reading.issues = [_of_rows_left(reading, together(reading.issues))]


def _of_rows_left(reading, issues):
    """The issues without those of rows that were left out; errors always stay, and row 1 is the
    header.
    """
    kept = (issues["row"] <= 1) | (issues["severity"] == "error") | ~issues["table"].isin(KNOWN_ON)
    for name in KNOWN_ON:
        kept |= (issues["table"] == name) & issues["row"].isin(reading.tables[name].index)
    return issues[kept]
