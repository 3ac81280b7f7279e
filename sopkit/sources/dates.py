"""Dates: what ends before it starts, ships before it is ordered, or should have arrived already."""

from sopkit.sources.keys import add_up

SPANS = [
    ("events", "starts_on", "ends_on"),
    ("initiatives", "starts_on", "ends_on"),
    ("items", "launched_on", "retired_on"),
]


def check_spans(reading):
    """An end before its start is an error."""
    for name, start, end in SPANS:
        frame = reading.tables[name]
        reading.say_of(
            "end before start", name, frame[end] < frame[start], end, f"lies before {start}"
        )


def check_orders(reading):
    """Lines shipped or promised before they were ordered stay, named."""
    orders = reading.tables["orders"]
    for word in ("shipped", "promised"):
        bad = orders[f"{word}_on"] < orders["ordered_on"]
        days = (orders["ordered_on"] - orders[f"{word}_on"])[bad].dt.days
        reading.say_of(
            f"{word} before ordered",
            "orders",
            bad,
            f"{word}_on",
            [f"{n} day{'s' * (n != 1)} before ordered_on" for n in days],
        )


def repair_receipts(reading):
    """What was due before the first bucket counts in it."""
    receipts = reading.tables["receipts"]
    late = receipts["due_on"] < reading.first
    reading.say_of(
        "overdue receipt",
        "receipts",
        late,
        "due_on",
        f"was due before the plan's first bucket, {reading.first:%Y-%m-%d}",
    )
    if late.any():
        moved = receipts.assign(due_on=receipts["due_on"].mask(late, reading.first))
        reading.tables["receipts"] = add_up(
            moved, ["item", "due_on"], {"quantity": "sum", "ordered_on": "min"}
        )
