"""The master schedule as files that an ERP system reads: CSV and xlsx, the same rows."""

from pathlib import Path

import pandas as pd


def write_schedule(master_schedule: pd.DataFrame, folder) -> list[Path]:
    """``master_schedule.csv`` and ``.xlsx`` in the folder: item, bucket, week, action, quantity;
    ISO dates, text that is never a formula.

    >>> from tempfile import mkdtemp
    >>> from sopkit.tables import PLANS
    >>> [path.name for path in write_schedule(PLANS["master_schedule"].empty(), mkdtemp())]
    ['master_schedule.csv', 'master_schedule.xlsx']
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    rows = master_schedule.assign(
        **{name: master_schedule[name].dt.strftime("%Y-%m-%d") for name in ("bucket", "week")}
    )
    csv, xlsx = folder / "master_schedule.csv", folder / "master_schedule.xlsx"
    rows.to_csv(csv, index=False, lineterminator="\n")
    with text_workbook(xlsx) as book:
        rows.to_excel(book, sheet_name="master_schedule", index=False)
        page = book.sheets["master_schedule"]
        page.set_column(0, len(rows.columns) - 1, 14)
        page.freeze_panes(1, 1)
    return [csv, xlsx]


def text_workbook(path) -> pd.ExcelWriter:
    """A workbook to be written in which text is text: nothing in it is ever a formula or a link."""
    never = {"strings_to_formulas": False, "strings_to_urls": False}
    return pd.ExcelWriter(path, engine="xlsxwriter", engine_kwargs={"options": never})
