"""Raw tables: what a reader hands over, every cell as text, every row numbered as a person
counts.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from sopkit.sources.issues import found, nearest
from sopkit.tables import INPUTS


@dataclass(frozen=True)
class Raw:
    """A table as text: "" is a blank cell, the index is the row in the file, ``decimal`` the file's
    decimal mark.
    """

    frame: pd.DataFrame
    origin: str
    decimal: str = "."


def raw_table(frame, header, rows, origin, decimal=".") -> Raw:
    """A Raw from cells, their header and their row numbers; rows without a single cell filled are
    left out.
    """
    frame = frame.set_axis(header, axis=1).set_axis(np.asarray(rows, dtype="int64"), axis=0)
    filled = np.zeros(len(frame), dtype=bool)
    for place in range(frame.shape[1]):
        filled |= (frame.iloc[:, place] != "").to_numpy(dtype=bool)
    return Raw(frame if filled.all() else frame[filled], origin, decimal)


def ragged(table, rows, width, counts, texts) -> pd.DataFrame:
    """An issue per row that has not as many cells as the header."""
    return found(
        "ragged row",
        table,
        rows,
        value=texts,
        problem=[f"has {count} cells where the header has {width}" for count in counts],
    )


def unreadable(table, origin, why) -> pd.DataFrame:
    """The issue of a file that cannot be read at all."""
    return found("unreadable file", table, value=origin, problem=why)


def unknown_table(origin, name) -> pd.DataFrame:
    """The notice of a file or sheet that is no input table."""
    return found(
        "unknown table", name, value=origin, problem=f"is no input table{nearest(name, INPUTS)}"
    )
