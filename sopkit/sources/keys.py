"""Keys: rows that repeat one, and rows that fall together once dates become buckets."""

import pandas as pd

from sopkit.tables import INPUTS

# How rows of one bucket become one; stock is what stood there last.
TOGETHER = {
    "sales_history": {"quantity": "sum", "revenue": "sum"},
    "production_history": {"planned": "sum", "actual": "sum"},
    "inventory_history": {"on_hand": "last", "stocked_out": "sum"},
    "sales_inputs": {"quantity": "sum"},
    "budget": {"quantity": "sum", "revenue": "sum", "margin": "sum"},
}


def check_keys(reading):
    """A key given twice, with dates as written (resources: in their bucket) is an error."""
    for name in reading.present:
        table, frame = INPUTS[name], reading.tables[name]
        key = list(table.key)
        rows = frame.loc[frame[[c for c in key if table[c].required]].notna().all(axis=1), key]
        if name == "resources" and len(rows):
            rows = rows.assign(bucket=_starts(reading, rows["bucket"]))
        if not rows.duplicated().any():
            continue
        codes = rows.groupby(key, dropna=False, sort=False).ngroup()
        again = codes.duplicated()
        first = pd.Series(codes.index, index=codes).groupby(level=0).first()
        value = rows[again].astype("str").fillna("").agg(" · ".join, axis=1)
        summed = name == "sales_history" and reading.settings["sum_duplicates"]
        reading.say(
            "summed duplicates" if summed else "duplicate key",
            name,
            rows.index[again],
            " + ".join(key),
            value,
            [f"repeats the key of row {first[code]}" for code in codes[again]],
        )


def fill_buckets(reading):
    """Dates become the bucket that holds them; rows that fall together are added up (stock: the
    last one stands).
    """
    for name, frame in reading.tables.items():
        bucketed = [c.name for c in INPUTS[name].columns if c.bucketed]
        if not len(frame) or not bucketed:
            continue
        dated = frame.sort_values("bucket", kind="stable") if name == "inventory_history" else frame
        reading.tables[name] = _together(
            name, dated.assign(bucket=_starts(reading, dated["bucket"]))
        )


def add_up(frame, key, how) -> pd.DataFrame:
    """One row per key, indexed by its first row; a sum of blanks only is blank."""
    if not frame.duplicated(key).any():
        return frame
    groups = frame.assign(_row=frame.index).groupby(key, dropna=False, sort=False)
    columns = {
        name: groups[name].sum(min_count=1) if way == "sum" else groups[name].agg(way)
        for name, way in how.items()
    }
    return (
        pd.DataFrame({**columns, "_row": groups["_row"].first()})
        .reset_index()
        .set_index("_row")[list(frame.columns)]
        .rename_axis(None)
    )


def _together(name, frame):
    return add_up(frame, list(INPUTS[name].key), TOGETHER[name]) if name in TOGETHER else frame


def _starts(reading, dates):
    known = dates.notna()
    starts = dates.copy()
    starts[known] = reading.calendar.start(dates[known])
    return starts
