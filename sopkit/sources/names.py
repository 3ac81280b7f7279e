"""Names: every item, family, resource and market that a table mentions must be one that the facts
know.
"""

import pandas as pd

from sopkit.sources.issues import hints
from sopkit.tables import INPUTS

# column: what it names
NAMES = {
    "item": "item",
    "like_item": "item",
    "successor": "item",
    "cannibalised_item": "item",
    "family": "family",
    "cannibalised_family": "family",
    "resource": "resource",
    "market": "market",
}
HOME = {
    "items": ("item", "family"),
    "resources": ("resource",),
    "sales_history": ("market",),
    "orders": ("market",),
}
SCOPED = ("events", "sales_inputs", "initiatives")
NONE = "(none)"
COMPANY = "(company)"


def check_names(reading):
    """Unknown items, families and resources are errors, unknown markets warnings; each with the
    nearest known name.
    """
    known = {
        "item": _known(reading, "items", "item"),
        "family": [*_known(reading, "items", "family"), NONE, COMPANY],
        "resource": _known(reading, "resources", "resource"),
        "market": [
            *_known(reading, "sales_history", "market"),
            *_known(reading, "orders", "market"),
            NONE,
        ],
    }
    # No items: that is error enough. No resources: capacity is unlimited, so no name can be wrong.
    homeless = {"item": "items", "family": "items", "resource": "resources"}
    known = {
        kind: names
        for kind, names in known.items()
        if kind not in homeless or len(reading.tables[homeless[kind]])
    }
    for name in sorted(reading.present):
        for column in INPUTS[name].names:
            kind = NAMES.get(column)
            if kind in known and column not in HOME.get(name, ()):
                _check(reading, name, column, kind, known[kind])


def check_scopes(reading):
    """At most one of item, family and resource is filled; a family beside its own item is left out,
    any other is an error.
    """
    family_of = reading.tables["items"].drop_duplicates("item").set_index("item")["family"]
    for name in SCOPED:
        frame = reading.tables[name]
        both = frame["item"].notna() & frame["family"].notna()
        own = both & (frame["item"].map(family_of) == frame["family"])
        reading.say_of(
            "redundant family", name, own, "family", "the item beside it belongs to that family"
        )
        frame = reading.tables[name] = frame.assign(family=frame["family"].mask(own))
        filled = (
            frame[[c for c in ("item", "family", "resource") if c in frame]].notna().sum(axis=1)
        )
        reading.say_of(
            "two scopes",
            name,
            filled > 1,
            "item",
            "more than one of item, family and resource is filled",
        )


def _check(reading, name, column, kind, known):
    cells = reading.tables[name][column].dropna()
    bad = cells[~cells.isin(known)]
    if len(bad):
        home = {
            "item": "items",
            "family": "items",
            "resource": "resources",
            "market": "sales_history",
        }[kind]
        reading.say(
            f"unknown {kind}",
            name,
            bad.index,
            column,
            bad,
            [f"is no {kind} of {home}{hint}" for hint in hints(bad, known)],
        )


def _known(reading, table, column):
    return list(pd.unique(reading.tables[table][column].dropna()))
