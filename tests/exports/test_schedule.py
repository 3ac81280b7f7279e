"""What the plant is handed reads back as it was planned, from CSV and from Excel."""

from csv import reader

import openpyxl
import pandas as pd
import pytest

from sopkit.exports import write_schedule


def test_csv_and_xlsx_hold_the_same_rows_and_text_stays_text(tmp_path):
    schedule = pd.DataFrame(
        {
            "item": ["000123", "=1+1"],
            "bucket": pd.Timestamp("2026-11-01"),
            "week": pd.Timestamp("2026-11-02"),
            "action": ["make", "buy"],
            "quantity": [40.0, 5.0],
        }
    )
    csv, xlsx = write_schedule(schedule, tmp_path)
    back = pd.read_csv(csv, dtype={"item": str})
    assert (
        back["item"].tolist() == ["000123", "'=1+1"]
        and back["week"].tolist() == ["2026-11-02"] * 2
        and back["quantity"].sum() == 45
    )
    sheet = openpyxl.load_workbook(xlsx)["master_schedule"]
    assert [cell.value for cell in sheet["A"]] == ["item", "000123", "=1+1"] and sheet[
        "A3"
    ].data_type == "s"
    assert sheet["C2"].is_date and sheet["C2"].value == pd.Timestamp("2026-11-02")


@pytest.mark.parametrize("text", ["=1+1", "+49 30", "-5", "@SUM(A1)", "\t=1"])
def test_no_text_of_the_csv_begins_like_a_formula_and_numbers_stay(tmp_path, text):
    schedule = pd.DataFrame(
        {
            "item": [text, "A=1-2"],
            "source": "(none)",
            "bucket": pd.Timestamp("2026-11-01"),
            "week": pd.Timestamp("2026-11-02"),
            "action": "make",
            "quantity": [-40.0, 5.0],
        }
    )
    csv, _ = write_schedule(schedule, tmp_path)
    with open(csv, newline="") as file:
        rows = list(reader(file))[1:]
    assert [row[0] for row in rows] == ["'" + text, "A=1-2"]
    assert [row[-1] for row in rows] == ["-40.0", "5.0"]


def test_the_pack_carries_the_schedule_of_its_table(pack):
    table = pd.read_parquet(pack / "tables" / "master_schedule.parquet")
    handed = pd.read_csv(pack / "exports" / "master_schedule.csv", dtype={"item": str})
    assert handed.groupby("action")["quantity"].sum().to_dict() == table.groupby("action")[
        "quantity"
    ].sum().to_dict() and len(handed) == len(table)
