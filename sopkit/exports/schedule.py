"""The master schedule as files that an ERP system reads: CSV and xlsx, the same rows."""

from pathlib import Path

import pandas as pd

FORMULA = r"^(?=[=+\-@\t])"  # text that a spreadsheet would take for one


def write_schedule(master_schedule: pd.DataFrame, folder) -> list[Path]:
    """``master_schedule.csv`` and ``.xlsx`` in the folder: item, bucket, week, action, quantity;
    true dates; text is never a formula: in the CSV a ' stands before one that begins with = + - @
    or a tab.

    >>> from tempfile import mkdtemp
    >>> from sopkit.tables import PLANS
    >>> [path.name for path in write_schedule(PLANS["master_schedule"].empty(), mkdtemp())]
    ['master_schedule.csv', 'master_schedule.xlsx']
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    csv, xlsx = folder / "master_schedule.csv", folder / "master_schedule.xlsx"
    master_schedule.replace(FORMULA, "'", regex=True).to_csv(csv, index=False, lineterminator="\n")
    with text_workbook(xlsx) as book:
        master_schedule.to_excel(book, sheet_name="master_schedule", index=False)
        page = book.sheets["master_schedule"]
        page.set_column("A:J", 14)
        page.freeze_panes("B2")
    return [csv, xlsx]


def text_workbook(path) -> pd.ExcelWriter:
    """A workbook to be written in which text is text: nothing in it is ever a formula or a link."""
    never = {"options": {"strings_to_formulas": False, "strings_to_urls": False}}
    return pd.ExcelWriter(path, "xlsxwriter", datetime_format="d mmm yy", engine_kwargs=never)
