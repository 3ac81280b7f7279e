"""The ledger keeps every judgment, refuses to change one, and says who, when and why."""

from datetime import datetime

import pandas as pd
import pytest
import sqlalchemy as sa

from sopkit import PlanError
from sopkit.ledger import Ledger

OVERRIDE = {
    "item": "P-300",
    "market": "North",
    "bucket": "2026-12-01",
    "kind": "units",
    "value": 200,
    "reason": "promotion",
}


@pytest.fixture
def ledger(tmp_path):
    return Ledger(tmp_path / "packs" / "ledger.db")


def test_rows_come_back_as_entered(ledger):
    ledger.append(
        "overrides", [OVERRIDE], by="Ada", cycle="2026-11", entered_at=datetime(2026, 11, 3, 9)
    )
    row = ledger.read("overrides").iloc[0]
    assert (row["id"], row["by"], row["value"], row["kind"]) == (1, "Ada", 200.0, "units")
    assert row["bucket"] == pd.Timestamp("2026-12-01") and row["entered_at"] == pd.Timestamp(
        "2026-11-03 09:00"
    )
    assert pd.isna(row["family"]) and pd.isna(row["expires_on"])


def test_a_month_sees_its_own_and_earlier_cycles_only(ledger):
    for cycle in ("2026-10", "2026-11", "2026-12"):
        ledger.append("overrides", [OVERRIDE], by="Ada", cycle=cycle)
    assert ledger.read("overrides", "2026-11")["cycle"].tolist() == ["2026-10", "2026-11"]


@pytest.mark.parametrize("statement", ["UPDATE overrides SET value = 0", "DELETE FROM overrides"])
def test_nothing_entered_is_ever_changed(ledger, statement):
    ledger.append("overrides", [OVERRIDE], by="Ada", cycle="2026-11")
    with (
        sa.create_engine(ledger.url).begin() as connection,
        pytest.raises(sa.exc.DatabaseError, match="append-only"),
    ):
        connection.execute(sa.text(statement))


def test_all_rows_or_none(ledger):
    with pytest.raises(
        PlanError, match=r"row 2, column kind: got 'add', expected units or percent"
    ):
        ledger.append(
            "overrides", [OVERRIDE, OVERRIDE | {"kind": "add"}], by="Ada", cycle="2026-11"
        )
    assert ledger.read("overrides").empty


@pytest.mark.parametrize(
    "rows, by, cycle, message",
    [
        ([OVERRIDE | {"quantity": 1}], "Ada", "2026-11", "unknown columns"),
        ([OVERRIDE | {"reason": " "}], "Ada", "2026-11", "column reason: blank"),
        ([OVERRIDE | {"value": "inf"}], "Ada", "2026-11", "not a number"),
        ([OVERRIDE | {"bucket": "soon"}], "Ada", "2026-11", "not a date"),
        ([OVERRIDE], " ", "2026-11", "who enters"),
        ([OVERRIDE], "Ada", "November", "YYYY-MM"),
    ],
)
def test_refusals_say_what_to_mend(ledger, rows, by, cycle, message):
    with pytest.raises(PlanError, match=message):
        ledger.append("overrides", rows, by=by, cycle=cycle)


def test_an_unknown_table_names_the_known(ledger):
    with pytest.raises(PlanError, match="known are: overrides, decisions"):
        ledger.read("adjustments")


def test_what_databases_keep_otherwise_is_no_forgery(ledger):
    odd = {"value": -0.0, "expires_on": "2026-12-01T00:00:00Z"}
    ledger.append("overrides", [OVERRIDE | odd], by="Ada", cycle="2026-11")
    assert ledger.forged() == [] and ledger.read("overrides")["value"].tolist() == [0.0]
    for odd in ({"expires_on": "03/04/2027"}, {"value": 1e30}):
        with pytest.raises(PlanError, match="not YYYY-MM-DD|up to 1e\\+13"):
            ledger.append("overrides", [OVERRIDE | odd], by="Ada", cycle="2026-11")
    with pytest.raises(PlanError, match="keeps nothing"):
        Ledger.of(".", "sqlite://")
    with pytest.raises(PlanError, match="column by: .* is not a text"):
        ledger.append("overrides", [OVERRIDE], by="\ud83d", cycle="2026-11")


def test_hostile_text_is_only_text(ledger):
    note = "'); DROP TABLE overrides; --<script>"
    ledger.append("overrides", pd.DataFrame([OVERRIDE | {"note": note}]), by="Ada", cycle="2026-11")
    assert ledger.read("overrides")["note"].tolist() == [note]


CSV = {
    "overrides": "cycle,by,entered_at,item,bucket,kind,value,reason\n"
    "2026-09,Ada,2026-09-03 09:00,P-300,2026-12-01,units,5,customer\n"
    "2026-10,Bo,,P-300,2026-12-01,percent,-2,season\n",
    "scenarios": "cycle,by,entered_at,scenario,driver,value\n",
}


def written(folder, texts):
    folder.mkdir()
    for name, text in texts.items():
        (folder / f"{name}.csv").write_text(text)
    return folder


def test_an_empty_ledger_starts_from_csv_and_a_filled_one_stays_as_it_is(ledger, tmp_path):
    judged = written(tmp_path / "ledger", CSV)
    for _ in range(2):
        ledger.start(judged)
        rows = ledger.read("overrides")
        assert rows[["id", "cycle", "by", "value"]].values.tolist() == [
            [1, "2026-09", "Ada", 5.0],
            [2, "2026-10", "Bo", -2.0],
        ]
        assert rows["entered_at"][0] == pd.Timestamp("2026-09-03 09:00")
    assert rows["entered_at"][1] > rows["entered_at"][0], "blank = now"


def test_a_ledger_without_anything_to_start_from_stays_empty(ledger, tmp_path):
    ledger.start(tmp_path / "nowhere")
    assert ledger.read("overrides").empty


@pytest.mark.parametrize(
    "wrong, message",
    [
        (("percent", "add"), r"overrides, row 3, column kind: got 'add'"),
        (("2026-10,Bo", "2026-10,"), r"overrides, row 3, column by: blank"),
        (("2026-10", "October"), r"October"),
        (("reason", "because"), r"unknown columns \['because'\]"),
    ],
)
def test_a_ledger_starts_whole_or_not_at_all(ledger, tmp_path, wrong, message):
    texts = {name: text.replace(*wrong) for name, text in CSV.items()}
    with pytest.raises(PlanError, match=message):
        ledger.start(written(tmp_path / "ledger", texts))
    assert ledger.read("overrides").empty


def test_an_older_ledger_gets_the_columns_that_it_lacks(tmp_path):
    """Rows of before stay, blank where nobody asked then."""
    import sqlalchemy as sa

    path = tmp_path / "old.db"
    with sa.create_engine(f"sqlite:///{path}").begin() as connection:
        connection.execute(
            sa.text(
                'CREATE TABLE scenarios (id INTEGER PRIMARY KEY, cycle TEXT, "by" TEXT,'
                " entered_at DATETIME, scenario TEXT NOT NULL, parameter TEXT, value TEXT)"
            )
        )
        connection.execute(
            sa.text(
                "INSERT INTO scenarios VALUES"
                " (1, '2026-10', 'Ada', '2026-10-05 09:00:00.000000', 'boom', 'horizon', '18')"
            )
        )
    book = Ledger(path)
    book.append(
        "scenarios",
        [{"scenario": "more", "driver": "demand", "value": "+5 %"}],
        by="Bo",
        cycle="2026-11",
    )
    rows = book.read("scenarios")
    assert rows["scenario"].tolist() == ["boom", "more"]
    assert rows["driver"].fillna("").tolist() == ["", "demand"]
