"""Facts from databases and URLs read as those of files do, and nothing is written there."""

import os
import re
import sqlite3
from pathlib import Path

import fsspec
import pandas as pd
import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from sopkit import PlanError
from sopkit.cli import main
from sopkit.pack.build import source_hashes
from sopkit.sources import at_hand, check, read_facts
from sopkit.tables import INPUTS
from tests.sources.company import MONTH, small

ROOT = Path(__file__).parents[2]


@pytest.fixture(params=["sqlite", "postgresql", "duckdb"])
def database(request, tmp_path):
    """The URL of an empty database, and an engine that writes into it."""
    if request.param == "duckdb":
        pytest.importorskip("duckdb_engine")
    url = f"{request.param}:///{tmp_path / 'facts.db'}"
    if request.param == "postgresql":
        server = request.getfixturevalue("postgres")
        name = f"facts_{os.urandom(6).hex()}"
        admin = sa.create_engine(f"{server}/postgres".replace(":", "+psycopg:", 1))
        with admin.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(sa.DDL(f"CREATE DATABASE {name}"))
        admin.dispose()
        url = f"{server}/{name}"
    writer = url.replace("postgresql:", "postgresql+psycopg:")
    yield url, sa.create_engine(writer, poolclass=sa.NullPool)


def load(engine, folder):
    """Every table of a folder of CSV files, with numbers and days where all cells are such."""
    for name, table in INPUTS.items():
        if not (folder / f"{name}.csv").exists():
            continue
        texts = {column.name: "str" for column in table.columns if column.kind == "text"}
        frame = pd.read_csv(
            folder / f"{name}.csv", dtype=texts, keep_default_na=False, na_values=[""]
        )
        for column in table.columns:
            if column.kind == "date" and column.name in frame and len(frame):
                days = pd.to_datetime(frame[column.name], errors="coerce", format="%Y-%m-%d")
                if days.notna().sum() == frame[column.name].notna().sum():
                    frame[column.name] = days.dt.date
        frame.to_sql(name, engine, index=False)


def settings(folder, url, **selects):
    lines = [f"{name} = '''{sql}'''" for name, sql in selects.items()]
    folder.mkdir(exist_ok=True)
    (folder / "settings.toml").write_text(
        "\n".join(["[database]", f'url = "{url}"', *lines]) + "\n"
    )
    return folder


def test_the_sample_company_is_the_same_from_files_and_from_a_database(database, tmp_path):
    url, engine = database
    load(engine, ROOT / "data")
    settings(folder := tmp_path / "company", url)
    with open(folder / "settings.toml", "a") as file:
        file.write((ROOT / "data" / "settings.toml").read_text())
    toml = (folder / "settings.toml").read_text().split("\n", 2)
    (folder / "settings.toml").write_text(toml[2] + "\n" + "\n".join(toml[:2]) + "\n")
    ours, theirs = read_facts(folder, MONTH), read_facts(ROOT / "data", MONTH)
    assert ours.settings == theirs.settings and ours.present == theirs.present
    for name, frame in theirs.tables.items():
        pd.testing.assert_frame_equal(ours.tables[name], frame, obj=name)
    columns = ["table", "column", "rule", "severity"]
    assert ours.issues[columns].value_counts().equals(theirs.issues[columns].value_counts())


def test_what_was_fetched_says_where_another_machine_fetches_it(database, tmp_path, monkeypatch):
    url, engine = database
    load(engine, ROOT / "data")
    (tmp_path / "named").mkdir()
    (tmp_path / "named" / "settings.toml").write_text(f'[database]\nurl = "{url}"\n')
    monkeypatch.chdir(tmp_path)
    for place, origin in ((url, url), ("named", str(tmp_path / "named"))):
        with at_hand(place) as source, at_hand(source.origin) as again:
            assert source.origin == origin and again.path != source.path
            ours, theirs = read_facts(source), read_facts(again)
            pd.testing.assert_frame_equal(ours.sales_history, theirs.sales_history)
            assert "origin" not in repr(source)
    with at_hand(ROOT / "data") as lies:
        assert not lies.origin and lies.path.is_absolute()


def test_a_cell_of_any_type_reads_as_in_a_file(database):
    url, engine = database
    double = "DOUBLE PRECISION" if engine.dialect.name == "postgresql" else "REAL"
    with engine.begin() as connection:
        for sql in (
            f"CREATE TABLE items (item INTEGER, price NUMERIC(9,2), unit_cost {double}, family TEXT, photo TEXT)",
            "INSERT INTO items VALUES (7, 12.50, 3, '=1+1''; DROP TABLE items', 'x'), (8, NULL, 0.25, NULL, NULL)",
            "CREATE TABLE sold (item INTEGER, bucket TIMESTAMP, quantity INTEGER)",
            "INSERT INTO sold VALUES (7, '2026-09-15 13:00:00', 3), (7, '2026-10-31 00:00:00', 2)",
            "CREATE VIEW sales_history AS SELECT item, bucket, quantity FROM sold",
        ):
            connection.exec_driver_sql(sql)
    facts = read_facts(url, MONTH)
    rows = facts.items[["item", "price", "unit_cost", "family"]].fillna(-1).values.tolist()
    assert rows == [["7", 12.5, 3.0, "=1+1'; DROP TABLE items"], ["8", -1, 0.25, "(none)"]]
    sold = facts.sales_history.groupby("bucket")["quantity"].sum().loc["2026-09-01":]
    assert sold.tolist() == [3.0, 2.0]
    left = facts.issues.query("table == 'items' and rule == 'unknown column'")
    assert left["column"].tolist() == ["photo"]


def test_a_select_of_the_settings_stands_for_a_table_beside_files(database, tmp_path):
    url, engine = database
    folder = small(tmp_path / "company")
    frame = pd.read_csv(folder / "sales_history.csv", dtype={"item": "str"})
    (folder / "sales_history.csv").unlink()
    frame.rename(columns={"quantity": "pieces"}).to_sql("erp", engine, index=False)
    sql = "SELECT item, market, bucket, pieces AS quantity, revenue FROM erp WHERE item LIKE '%' AND ':x' = ':x';"
    facts = read_facts(settings(folder, url, sales_history=sql), MONTH)
    expected = read_facts(small(tmp_path / "files"), MONTH)
    pd.testing.assert_frame_equal(facts.sales_history, expected.sales_history)
    assert facts.settings["database"] == {}
    with at_hand(folder) as source, at_hand(folder) as again:
        hashes = source_hashes(source)
        assert hashes == source_hashes(again)
        assert "items.csv" in hashes and any(name.endswith(" sales_history") for name in hashes)
    frame.to_csv(folder / "sales_history.csv", index=False)
    twice = check(folder, MONTH).query("rule == 'table given twice'")
    assert twice["value"].tolist() == ["sales_history.csv and sales_history.database"]


def test_the_columns_of_the_hierarchy_are_fetched_too(database, tmp_path):
    url, engine = database
    frame = pd.read_csv(small(tmp_path / "files") / "items.csv", dtype={"item": "str"})
    frame.assign(brand=["Alpha", None, "Beta"]).to_sql("items", engine, index=False)
    (folder := settings(small(tmp_path / "company", items=None), url)).joinpath(
        "settings.toml"
    ).open("a").write('[hierarchy]\nitems = ["brand"]\n')
    facts = read_facts(folder, MONTH)
    assert facts.book.members["family: brand"].to_dict() == {
        "004": "brand: Beta",
        "P1": "brand: Alpha",
        "P2": "brand: –",
    }


@pytest.mark.parametrize(
    "sql, told",
    [
        ("DELETE FROM items", "is not one SELECT"),
        ("SELECT 1 AS item; DROP TABLE items", "is not one SELECT"),
        ("SELECT * FROM nowhere", "items: cannot be read: .*nowhere"),
        ("SELEC item FROM items", "is not one SELECT"),
        (
            "WITH gone AS (DELETE FROM items RETURNING *) SELECT * FROM gone",
            "items: cannot be read",
        ),
    ],
)
def test_what_is_no_select_is_refused_and_nothing_is_written(database, tmp_path, sql, told):
    url, engine = database
    load(engine, small(tmp_path / "files"))
    with pytest.raises(PlanError, match=told):
        read_facts(settings(tmp_path / "company", url, items=sql), MONTH)
    with engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT count(*) FROM items")) == 3


def test_a_table_that_may_not_be_read_and_a_column_that_lacks_are_named(postgres, database):
    url, engine = database
    if engine.dialect.name != "postgresql":
        pytest.skip("PostgreSQL has rights")
    guest = f"guest_{os.urandom(4).hex()}"
    with engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE ROLE {guest} LOGIN PASSWORD 'secret'")
        connection.exec_driver_sql("CREATE TABLE items (code TEXT, price INTEGER)")
    with pytest.raises(PlanError, match="items: cannot be read: permission denied") as caught:
        check(url.replace("planner@", f"{guest}:secret@"))
    assert "secret" not in str(caught.value)
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO items VALUES ('P1', 5)")
    errors = check(url).query("severity == 'error' and table == 'items'")
    assert errors["rule"].tolist() == ["missing column"]


@pytest.mark.parametrize(
    "url, told",
    [
        ("postgresql://ada:secret@127.0.0.1:1/x?application_name=secret", "onnection"),
        ("sqlite:///{}/none.db", "unable to open database file"),
        ("memory://none/here", "no file lies there"),
        ("sftp://ada:secret@127.0.0.1:1/none", "cannot be read"),
    ],
)
def test_a_place_that_cannot_be_read_is_a_sentence_on_the_command_line(tmp_path, url, told):
    done = CliRunner().invoke(main, ["check", url.format(tmp_path)])
    assert done.exit_code == 1 and re.search(told, done.output), done.output
    assert "secret" not in done.output and not [*tmp_path.iterdir()]


def test_a_password_in_settings_is_in_no_issue(tmp_path):
    for toml in (
        "database = '{}'\n",
        "[databse]\nurl = '{}'\n",
        "[database]\nurl = '{}'\nitems = 5\n",
    ):
        folder = small(tmp_path / "data", settings=toml.format("postgresql://ada:secret@here/x"))
        issues = check(folder, MONTH)
        assert "settings" in {*issues["table"]} and "secret" not in issues.to_csv()


def test_a_cell_that_is_no_text_is_a_sentence(tmp_path):
    with sqlite3.connect(tmp_path / "facts.db") as connection:
        connection.execute("CREATE TABLE items (item)")
        connection.execute("INSERT INTO items VALUES (?)", [b"\xff\xfe"])
    with pytest.raises(PlanError, match="items: cannot be read: .*decode"):
        check(f"sqlite:///{tmp_path / 'facts.db'}")


def test_a_url_of_files_reads_as_the_files(tmp_path):
    folder = small(tmp_path / "data", settings="currency = 'CHF'\n")
    (folder / "earlier" / "ledger").mkdir(parents=True)
    (folder / "earlier" / "ledger" / "overrides.csv").write_text("cycle\n")
    store = fsspec.filesystem("memory")
    store.put(str(folder), "/company/facts", recursive=True)
    facts, expected = read_facts("memory://company/facts", MONTH), read_facts(folder, MONTH)
    assert facts.settings == expected.settings
    for name, frame in expected.tables.items():
        pd.testing.assert_frame_equal(facts.tables[name], frame)
    with at_hand("memory://company/facts") as source:
        assert (source.path / "earlier" / "ledger" / "overrides.csv").exists()
    assert not source.path.exists()
    store.pipe("/hostile/items.csv", b"item\nP1\n")
    store.store["/hostile/../../x.csv"] = store.store["/hostile/items.csv"]
    with pytest.raises(PlanError, match="would leave its folder"):
        check("memory://hostile")
