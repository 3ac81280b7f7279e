"""A catalogue too large for one machine's memory, forecast part by part: who works at a part reads
its rows and writes its forecasts; who asked sees counts.
"""

import os
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from sopkit.errors import PlanError
from sopkit.forecast import fit, forecast
from sopkit.forecast.bands import bands_of
from sopkit.forecast.fit import marks_of, teachers
from sopkit.forecast.panel import key_columns
from sopkit.processes import drawers
from sopkit.progress import seen
from sopkit.sources.database import write_tables
from sopkit.sources.files import DATABASE
from sopkit.workers import spread

COLUMNS = ("item", "market", "bucket", "quantity")
STEP, PART = 10_000, 30  # rows for each item that tells where a part may begin; such in a part
SIDE_BY_SIDE = 2  # parts at a time on this machine


def forecast_catalogue(source, to, horizon: int = 18, scheduler=None) -> int:
    """How many series of ``source`` were forecast into the new folder ``to``: parquet files that
    hold, together, what ``forecast(history, horizon, sums=False)`` does: item, [market,] bucket,
    baseline, p10, p90 (units per bucket), model, why.

    ``source`` is a parquet file or a folder of such with item, [market,] bucket, quantity, or the
    URL of a database whose table sales_history has them. Processes of this machine, or the workers
    of a dask ``scheduler``, who see the same folders, read and write some thousand series at a
    time; what series teach each other is learned first, from 10,000 of them. Raises ``PlanError``
    where ``to`` is not empty, and as ``forecast`` does.
    """
    place, to = Path(source).absolute(), Path(to).absolute()
    to.mkdir(parents=True, exist_ok=True)
    if [*to.iterdir()]:
        raise PlanError(f"{to} is not empty; give a new folder")
    with drawers(SIDE_BY_SIDE) as pool, TemporaryDirectory(prefix=".", dir=to) as held:

        def each(function, tasks):
            found, name = spread(function, tasks, scheduler, pool.map), function.__name__
            return [one for one in seen(found, len(tasks), lambda _: name)]

        if "://" in str(source):
            each(write_tables, [({"url": str(source)}, Path(held))])
            place = Path(held, f"sales_history.{DATABASE}")
        try:
            data = ds.dataset(place)
        except (OSError, ValueError) as error:
            raise PlanError(f"{place}: cannot be read ({error}); give a parquet folder") from None
        key_columns(pd.DataFrame(columns=data.schema.names))
        names = [name for name in COLUMNS if name in data.schema.names]
        pieces = [(f.path, g.id, names, STEP) for f in data.get_fragments() for g in f.row_groups]
        items, marks = zip(*each(count, pieces))
        begins = [*dict.fromkeys(sorted(sum(items, []))[::PART])]
        parts = [(place, names, *ends) for ends in zip(begins, [*begins[1:], None])]
        last = teachers(np.unique(np.concatenate(marks))).max()
        heard = pd.concat(each(hear, [(last, *part) for part in parts]))
        fitted = fit(heard, horizon, client=scheduler, sums=False)
        bands_of(fitted)
        how = {"season": fitted.panel.season, "calendar": fitted.panel.calendar}
        how |= {"horizon": horizon, "learned": fitted.lessons.learned, "sums": False}
        files = [(Path(held), to / f"part-{number:05}.parquet") for number in range(len(parts))]
        return sum(each(foresee, [(how, *file, *part) for file, part in zip(files, parts)]))


def count(path, group, names, step) -> tuple[list, np.ndarray]:
    """Of the rows of a group: one item of so many, ascending, and the marks of teachers."""
    keys = pq.ParquetFile(path).read_row_group(group, names[:-2]).to_pandas()
    items = keys["item"].dropna().sort_values()
    return items.iloc[::step].tolist(), teachers(marks_of(keys.drop_duplicates()))


def rows_of(place, names, begin, end) -> pd.DataFrame:
    """The rows of a part, from its first item to the next part's; the last one has those without
    item too, so that they are refused.
    """
    item = ds.field("item")
    inside = item >= begin
    inside = inside | item.is_null() if end is None else inside & (item < end)
    return ds.dataset(place).to_table(names, inside).to_pandas()


def hear(last, *part) -> pd.DataFrame:
    """The rows of a part's series that teach: whose marks come up to the ``last``."""
    rows = rows_of(*part)
    return rows[marks_of(rows[key_columns(rows)]) <= last]


def foresee(how, held: Path, path: Path, *part) -> int:
    """How many series of a part were forecast into a file, which stands there whole or not."""
    made = forecast(rows_of(*part), **how)
    with TemporaryDirectory(dir=held) as draft:
        made.to_parquet(Path(draft, path.name))
        os.replace(Path(draft, path.name), path)
    return len(made) // how["horizon"]
