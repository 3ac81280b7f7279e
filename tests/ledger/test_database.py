"""The ledger in both databases: a team writes at once, nothing entered is ever changed, and what
is changed behind its back is found.
"""

import os
import shutil
from datetime import datetime
from multiprocessing import get_context

import pytest
import sqlalchemy as sa

from sopkit import PlanError
from sopkit.ledger import Ledger, stored
from sopkit.tables import LEDGER

WRITERS, ROWS, AT_ONCE = 20, 500, 10
STAMP = {"cycle": "2026-11", "by": "Ada", "entered_at": datetime(2026, 11, 3, 9)}
ROW = {"text": "Steel stays available", "condition": "no delivery for a month"}


@pytest.fixture(params=["sqlite", "postgresql"])
def where(request, tmp_path):
    """An empty database: the path of a file, or the URL of a new one on the server."""
    if request.param == "sqlite":
        return tmp_path / "packs" / "ledger.db"
    server = request.getfixturevalue("postgres")
    name = f"ledger_{os.urandom(6).hex()}"
    admin = sa.create_engine(f"{server}/postgres".replace(":", "+psycopg:", 1))
    with admin.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.DDL(f"CREATE DATABASE {name}"))
    admin.dispose()
    return f"{server}/{name}"


def _engine(where):
    url = str(where) if "://" in str(where) else f"sqlite:///{where}"
    return sa.create_engine(url.replace("postgresql:", "postgresql+psycopg:"))


def _write(where, number, start):
    start.wait()
    book = Ledger(where)  # all open it at once, the first time
    for at in range(0, ROWS, AT_ONCE):
        rows = [ROW | {"owner": f"{number}/{at + each}"} for each in range(AT_ONCE)]
        book.append("assumptions", rows, by=f"planner {number}", cycle="2026-11")


def test_a_team_that_opens_and_writes_at_once_loses_no_row(where):
    context = get_context("fork")
    start = context.Barrier(WRITERS)
    writers = [
        context.Process(target=_write, args=(where, number, start)) for number in range(WRITERS)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    book = Ledger(where)
    rows = book.read("assumptions")
    print(f"{WRITERS} writers × {ROWS} rows: {len(rows)} of {WRITERS * ROWS} found")
    assert [writer.exitcode for writer in writers] == [0] * WRITERS
    assert rows["id"].tolist() == [*range(1, WRITERS * ROWS + 1)]
    wanted = {f"{number}/{each}" for number in range(WRITERS) for each in range(ROWS)}
    assert {*rows["owner"]} == wanted and book.forged() == []


CHANGES = [
    "UPDATE assumptions SET text = 'other'",
    "DELETE FROM assumptions",
    'INSERT INTO assumptions (id, cycle, "by", entered_at, text, result) VALUES'
    " (1, '2026-11', 'Eve', '2026-11-01 00:00:00', 'other', 'open')",
]
OWN = {
    "sqlite": ["INSERT OR REPLACE" + CHANGES[2][6:], "REPLACE" + CHANGES[2][6:]],
    "postgresql": [
        "TRUNCATE assumptions",
        CHANGES[2] + " ON CONFLICT (id) DO UPDATE SET text = 'other'",
    ],
}


def test_nothing_entered_is_ever_changed(where):
    book = Ledger(where)
    book.append("assumptions", [ROW], by="Ada", cycle="2026-11")
    engine = _engine(where)
    for statement in CHANGES + OWN[engine.dialect.name]:
        with pytest.raises(sa.exc.DatabaseError), engine.begin() as connection:
            connection.exec_driver_sql(statement)
    engine.dispose()
    assert Ledger(where).read("assumptions")["text"].tolist() == [ROW["text"]]
    assert book.forged() == []


OFF = {
    "sqlite": "DROP TRIGGER assumptions_no_{verb}",
    "postgresql": "ALTER TABLE assumptions DISABLE TRIGGER USER",
}
FORGED = {
    "update": ("UPDATE assumptions SET text = 'other' WHERE id = 2", 2),
    "delete": ("DELETE FROM assumptions WHERE id = 3", 4),
    "insert": (
        'INSERT INTO assumptions (id, cycle, "by", entered_at, text, result) VALUES'
        " (9, '2026-11', 'Eve', '2026-11-01 00:00:00', 'other', 'open')",
        9,
    ),
}


@pytest.mark.parametrize("verb", FORGED)
def test_a_forged_history_is_found_at_its_first_row(where, verb):
    book = Ledger(where)
    rows = [ROW | {"probability": number / 10} for number in range(5)]
    book.append("assumptions", rows, by="Ada", cycle="2026-11")
    engine, (statement, first) = _engine(where), FORGED[verb]
    with engine.begin() as connection:
        connection.exec_driver_sql(OFF[engine.dialect.name].format(verb=verb))
        connection.exec_driver_sql(statement)
    engine.dispose()
    (told,) = Ledger(where).forged()
    assert told.startswith(f"ledger table assumptions, row {first} of ")


def test_rows_of_before_there_was_a_chain_stand_and_are_chained_on(tmp_path):
    path = tmp_path / "ledger.db"
    Ledger(path).append("assumptions", [ROW, ROW], by="Ada", cycle="2026-10")
    engine = _engine(path)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TRIGGER assumptions_no_update")
        connection.exec_driver_sql("UPDATE assumptions SET chain = NULL")
    engine.dispose()
    book = Ledger(path)
    book.append("assumptions", [ROW], by="Bo", cycle="2026-11")
    assert book.forged() == [] and len(book.read("assumptions")) == 3
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE assumptions SET text = 'other' WHERE id = 1")
    assert "row 3 of Bo" in book.forged()[0]  # the first that was chained does not follow


def test_a_ledger_is_one_file_that_can_be_copied_at_any_time(tmp_path):
    book = Ledger(tmp_path / "ledger.db")
    book.append("assumptions", [ROW], by="Ada", cycle="2026-11")
    assert [path.name for path in tmp_path.iterdir()] == ["ledger.db"]
    copy = shutil.copyfile(tmp_path / "ledger.db", tmp_path / "copy.db")
    assert len(Ledger(copy).read("assumptions")) == 1
    with sa.create_engine(f"sqlite:///{copy}").connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"


def test_one_reads_while_another_writes(where):
    book = Ledger(where)
    with book._database.writing() as connection:
        book._enter(connection, "assumptions", [stored(LEDGER["assumptions"], 1, ROW) | STAMP])
        assert Ledger(where).read("assumptions").empty  # at once, and nothing half
    assert len(Ledger(where).read("assumptions")) == 1


@pytest.mark.parametrize(
    "url, told",
    [
        ("postgresql://ada:secret@127.0.0.1:1/none", "cannot be opened.*onnection"),
        ("sqlite:////proc/none/ledger.db", "unable to open database file"),
        ("nonsense://ada:secret@here", "give a path or a database URL"),
        ("postgresql://ada:secret@here:port/x", "give a path or a database URL"),
        ("oracle+oracledb://here", "its driver is not installed"),
    ],
)
def test_a_database_that_refuses_is_a_sentence(url, told):
    with pytest.raises(PlanError, match=told) as caught:
        Ledger(url)
    assert "secret" not in str(caught.value)


def test_a_file_that_is_no_database_is_a_sentence(tmp_path):
    (tmp_path / "ledger.db").write_text("once upon a time " * 100)
    with pytest.raises(PlanError, match="file is not a database"):
        Ledger(tmp_path / "ledger.db")
