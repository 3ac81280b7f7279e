"""Parquet files: typed cells turned into text without losing a digit, so that every source is
judged alike.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sopkit.sources.raw import raw_table, unreadable


def read_parquet(path):
    """One parquet file; a null is a blank cell, a NaN inside a number column stays a NaN."""
    path = Path(path)
    try:
        table = pq.read_table(path)
        cells = [_text(column).to_pandas().astype("str") for column in table.columns]
    except (pa.ArrowException, OSError) as error:
        return {}, [
            unreadable(path.stem, path.name, f"cannot be read: {str(error).splitlines()[0][:200]}")
        ]
    frame = pd.concat(cells, axis=1) if cells else pd.DataFrame()
    return {
        path.stem: raw_table(frame, table.column_names, np.arange(2, len(frame) + 2), path.name)
    }, []


def _text(column):
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_floating(column.type):
        column = _whole(column.cast(pa.float64()))
    return pc.fill_null(column.cast(pa.string()), "")


def _whole(column):
    """Whole numbers as integers: an item code 4006381333931.0 reads as 4006381333931."""
    size = pc.max(pc.abs(column)).as_py()
    if size is None or not size < 2**53 or not pc.all(pc.equal(column, pc.round(column))).as_py():
        return column
    return column.cast(pa.int64())
