"""The command from a raw export to a pack: what it asks, refuses, keeps and writes."""

import os
import signal
import sys
from multiprocessing import get_context
from pathlib import Path
from subprocess import PIPE, Popen

import openpyxl
import pandas as pd
import pytest
from click.testing import CliRunner

from sopkit.cli import main
from sopkit.errors import PlanError
from sopkit.intake import Import
from sopkit.intake.bring import with_layouts
from sopkit.intake.words import ALL, TOLD, bare, read_amount, read_day, settle
from sopkit.pack import stage
from sopkit.sources import check, read_facts
from sopkit.sources.settings import read_settings
from sopkit.tables import INPUTS
from tests.conftest import ROOT

OPEN = 'item,date,qty\nA,01/02/2026,"1,200"\nA,03/04/2026,5\n'
DAYS = pd.date_range("2024-01-03", "2026-10-31", freq="7D")
EXPORT = "Verkäufe 2026\n\nBuchungsdatum;Artikelnr;Warengruppe;Region;Menge;Umsatz\n" + "".join(
    f"{day:%d.%m.%Y};{item};{group};{region};{number % 9 + level};{(number % 9 + level) * 12},50\n"
    for number, day in enumerate(DAYS)
    for item, group, region, level in (("007", "Räder", "Nord", 20), ("B-1", "Rahmen", "Süd", 9))
)


def run(*words, answers=None):
    return CliRunner().invoke(main, [str(word) for word in words], input=answers)


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return path


def tree(folder):
    return {p.relative_to(folder): p.read_bytes() for p in Path(folder).rglob("*") if p.is_file()}


def test_from_a_raw_export_to_a_pack_in_three_commands(tmp_path, monkeypatch):
    from sopkit.pack import build_pack
    from tests.golden import leave_out_kernels_and_pages

    path, folder = write(tmp_path / "umsatz.csv", EXPORT), tmp_path / "my company"
    result = run("import", path, "--to", folder, "--yes")
    assert result.exit_code == 0, result.output
    assert "Buchungsdatum  sales_history.bucket as dmy" in result.output
    assert f"Next: sopkit check '{folder}', then sopkit pack --data '{folder}'" in result.output
    assert run("check", folder).exit_code == 0
    leave_out_kernels_and_pages(monkeypatch.setattr)
    built = build_pack(None, folder, tmp_path / "packs", parameters={"most_items": 0})
    assert built.folder.name == "2026-11" and all(i["holds"] for i in built.manifest["identities"])
    plan = pd.read_parquet(built.folder / "tables" / "demand_plan.parquet")
    assert {*plan["item"]} == {"007", "B-1"} and {*plan["market"]} == {"Nord", "Süd"}


def test_what_is_open_is_asked_and_next_month_is_not(tmp_path):
    path, folder = write(tmp_path / "open.csv", OPEN), tmp_path / "to"
    result = run("import", path, "--to", folder, answers="dmy\n1,234.5\n")
    assert result.exit_code == 0 and "2026-02-01 or 2026-01-02" in result.output
    assert (folder / "sales_history.csv").read_text() == (
        "item,bucket,quantity\nA,2026-02-01,1200\nA,2026-04-03,5\n"
    )
    before = tree(folder)
    again = run("import", path, "--to", folder)
    assert again.exit_code == 0 and "?" not in again.output and tree(folder) == before
    # A file of another name and with one more column, a month later: the earlier months stay.
    more = write(tmp_path / "open-05.csv", "item,date,qty,note\nB,05/05/2026,7,x\n")
    assert run("import", more, "--to", folder).exit_code == 0
    assert "B,2026-05-05,7\n" in (folder / "sales_history.csv").read_text()
    assert run("import", path, "--to", folder).exit_code == 0  # once more the earlier one
    assert "A,2026-02-01,1200\n" in (folder / "sales_history.csv").read_text()
    assert "B,2026-05-05,7\n" in (folder / "sales_history.csv").read_text()
    assert (folder / "items.csv").read_text() == "item\nA\nB\n"


@pytest.mark.parametrize("how", [["--yes"], []])
def test_what_is_open_stops_a_batch_and_nothing_is_written(how, tmp_path):
    path, folder = write(tmp_path / "open.csv", OPEN), tmp_path / "to"
    result = run("import", path, "--to", folder, *how)
    assert result.exit_code == 1 and not folder.exists()
    assert "open, column 'date': 01/02/2026 (row 2) reads in two ways" in result.output
    assert "Answer with one of: dmy | mdy | ymd; nothing was written" in result.output


def test_too_many_customers_are_no_market_unless_told(tmp_path):
    lines = "".join(f"2026-01-{1 + n % 28:02},P,C{n},{'EW'[n % 2]}ast,1\n" for n in range(60))
    path = write(tmp_path / "sales.csv", "Date,SKU,Customer,Zone,Qty\n" + lines)
    one = run("import", path, "--to", tmp_path / "a", "--yes")
    assert one.exit_code == 0 and "Customer  nothing" in one.output
    assert "would make 60 markets" in run("import", path, "--to", tmp_path / "b").output
    run("import", path, "--to", tmp_path / "b", answers="Zone\n")
    assert (tmp_path / "b" / "sales_history.csv").read_text().startswith("item,market,bucket")
    run("import", path, "--to", tmp_path / "c", "--market", "Customer")
    assert "P,C59,2026-01-04,1\n" in (tmp_path / "c" / "sales_history.csv").read_text()
    told = run("import", path, "--to", tmp_path / "d", "--market", "Zones")
    assert told.exit_code == 1 and "did you mean Zone?" in told.output


def test_the_sample_comes_through_as_it_is(tmp_path):
    stage.fill_in_place(tmp_path / "to", Import([ROOT / "data"], tmp_path / "to").fill)
    given, made = read_facts(ROOT / "data"), read_facts(tmp_path / "to")
    for name in INPUTS:
        pd.testing.assert_frame_equal(given[name], made[name])


BAD = {
    "a broken number": ("sku,date,qty\nA,2026-01-01,5\nB,2026-01-02,five\n" + "C,2026-01-03,1\n" * 9, "row 3: 'five (1,234.5?)' is not a number"),
    "an impossible day": ("sku,date,qty\nA,2026-02-30,5\n" + "A,2026-02-03,1\n" * 9, "row 2: '2026-02-30' is no day"),
    "two marks": ("sku,date,qty\nA,2026-01-01,\"1,5\"\nB,2026-01-02,1.5\n", "1.5 (row 3) beside 1,5 (row 2) reads in two ways"),
    "two habits of days": ("sku,date,qty\nA,2026-01-01,1\nA,05/31/2026,1\nB,31/05/2026,2\n", "31/05/2026 (row 4) beside 05/31/2026 (row 3)"),
    "no row": ("sku,date,qty\n", "sales holds no row below a header"),
    "no row but a total": ("sku,date,qty\nTotal,,0\n", "sales holds no row below a header"),
    "no day at all": ("sku,qty,umsatz\nA,1,2\nA,2,3\n", "which column is sales_history.bucket"),
    "no header": ("A;2026-01-01;5\nB;2026-01-02;6\n", "row 1 should name the columns"),
    "more cells than names": ("sku,date,qty\nA,2026-01-01,1,200\n", "row 2 has more cells"),
    "nothing": ("", "no row of a table is in the files"),
    "a picture": ("\0\1", "cannot be read: it holds NUL bytes"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_understood_says_why_and_writes_nothing(name, tmp_path):
    text, message = BAD[name]
    path, folder = write(tmp_path / "sales.csv", text), tmp_path / "to"
    write_settings = write(tmp_path / "settings.toml", "horizon = 18\n")
    result = run("import", path, "--to", folder, "--yes")
    assert result.exit_code == 1 and message in result.output, result.output
    assert "Traceback" not in result.output and {*tmp_path.iterdir()} == {path, write_settings}
    assert run("check", path).exit_code == 1


def test_numbers_of_a_sheet_are_not_thousands_and_tell_nothing_of_its_texts(tmp_path):
    book = openpyxl.Workbook()
    for row in (["SKU", "Date", "Qty"], ["A", "2026-01-01", 1.234], ["A", "2026-02-01", 2.5]):
        book.active.append(row)
    notes = book.create_sheet("About")
    for line in ("for us", "alone"):
        notes.append([line])
    book.save(tmp_path / "sales.xlsx")
    assert run("import", tmp_path / "sales.xlsx", "--to", tmp_path / "to", "--yes").exit_code == 0
    made = (tmp_path / "to" / "sales_history.csv").read_text()
    assert made == "item,bucket,quantity\nA,2026-01-01,1.234\nA,2026-02-01,2.5\n"
    book.active["D1"], book.active["D2"], book.active["D3"] = "Amount", "1.250", "3.000"
    book.save(tmp_path / "texts.xlsx")
    result = run("import", tmp_path / "texts.xlsx", "--to", tmp_path / "new", "--yes")
    assert result.exit_code == 1 and "'Amount': 1.250 (row 2) reads in two ways" in result.output


def test_a_file_that_is_no_table_is_left_out_once_told(tmp_path):
    write(tmp_path / "sales.csv", "sku,date,qty\nA,2026-01-31,1\n")
    write(tmp_path / "parts.csv", "parent,child,per\nA,B,2\nA,C,3\n")
    files = tmp_path / "sales.csv", tmp_path / "parts.csv"
    told = run("import", *files, "--to", tmp_path / "to", "--yes")
    assert told.exit_code == 1 and "Answer with one of: parent | child | nothing" in told.output
    asked = run("import", *files, "--to", tmp_path / "to", answers="nothing\n")
    assert asked.exit_code == 0 and "parts  parent  nothing" in asked.output
    assert run("import", *files, "--to", tmp_path / "to", "--yes").exit_code == 0


def test_a_file_of_other_things_is_not_read_as_one_with_such_columns_was(tmp_path):
    write(tmp_path / "sales_01.csv", "sku,date,qty\nA,2026-01-31,1\n")
    write(tmp_path / "stock.csv", "sku,date,qty\nA,2026-01-31,70\n")
    write(tmp_path / "open_po.csv", "sku,date,qty,vendor\nA,2026-03-31,500,V\n")
    write(tmp_path / "umsatz.csv", "sku,date,qty\nA,2026-02-28,2\n")
    for files in (["sales_01.csv"], ["stock.csv", "open_po.csv", "sales_01.csv", "umsatz.csv"]):
        assert not run("import", *(tmp_path / f for f in files), "--to", tmp_path / "to").exit_code
    made = {path.stem: path.read_text() for path in (tmp_path / "to").glob("*.csv")}
    assert made["sales_history"] == "item,bucket,quantity\nA,2026-01-31,1\nA,2026-02-28,2\n"
    assert made["inventory"] == "item,on_hand,as_of\nA,70,2026-01-31\n"
    assert made["receipts"].startswith("item,quantity,ordered_on\nA,500,")


def test_a_late_hour_is_told(tmp_path):
    sales = write(tmp_path / "sales.csv", "sku,date,qty\nA,2026-01-31T23:00:00Z,1\n")
    assert "is read as 2026-01-31" in run("import", sales, "--to", tmp_path / "to").output


def test_a_code_that_a_spreadsheet_made_a_day_is_refused(tmp_path):
    from datetime import datetime

    book = openpyxl.Workbook()
    for row in (["SKU", "Date", "Qty"], [datetime(2026, 6, 10), datetime(2026, 1, 1), 5]):
        book.active.append(row)
    book.save(tmp_path / "sales.xlsx")
    result = run("import", tmp_path / "sales.xlsx", "--to", tmp_path / "to", "--yes")
    assert result.exit_code == 1 and "what a spreadsheet made of a code" in result.output


def test_a_file_alone_is_checked_as_an_import_reads_it(tmp_path):
    good = run("check", write(tmp_path / "umsatz.csv", EXPORT))
    assert good.exit_code == 0 and "Menge          sales_history.quantity" in good.output
    assert "0 errors" in good.output and {*tmp_path.iterdir()} == {tmp_path / "umsatz.csv"}
    bad = run("check", write(tmp_path / "open.csv", OPEN))
    assert bad.exit_code == 1 and "Open: open, column 'date'" in bad.output


def test_a_folder_of_files_and_what_other_tables_say_of_items(tmp_path):
    raw, folder = tmp_path / "raw", tmp_path / "to"
    raw.mkdir()
    write(raw / "sales_jan.csv", "sku,date,qty\nA,2026-01-05,1\nB,2026-01-05,2\n")
    write(raw / "sales_feb.csv", "sku,date,qty\nA,2026-02-05,3\n")
    write(raw / "stock.csv", "sku,category,on hand\nA,Fruit,9\nX,Raw,5\n")
    assert run("import", raw, "--to", folder).exit_code == 0
    assert (folder / "items.csv").read_text() == "item,family\nA,Fruit\nB,\n"
    assert (folder / "inventory.csv").read_text() == "item,on_hand\nA,9\n"
    assert len((folder / "sales_history.csv").read_text().splitlines()) == 4
    # What a person added to items stays; an item that is sold for the first time is added.
    write(folder / "items.csv", "item,lead_time\nA,3\nB,1\n")
    write(raw / "sales_mar.csv", "sku,date,qty\nC,2026-03-05,3\n")
    assert run("import", raw, "--to", folder).exit_code == 0
    assert (folder / "items.csv").read_text() == "item,family,lead_time\nA,Fruit,3\nB,,1\nC,,\n"
    # So does what the hierarchy names.
    write(folder / "items.csv", "item,brand,other\nA,Alpha,1\nB,Beta,2\n")
    with open(folder / "settings.toml", "a") as file:
        file.write('\n[hierarchy]\nitems = ["brand"]\n')
    assert run("import", raw, "--to", folder).exit_code == 0
    assert (folder / "items.csv").read_text() == "item,family,brand\nA,Fruit,Alpha\nB,,Beta\nC,,\n"


OWN = (
    '# ours\r\nhorizon = 18 # a year and a half\r\n\r\n[import]\r\n"old" = { "a" = "nothing" }\r\n'
    "\r\n# by KPI\r\n[targets]\r\non_time_delivery = 0.95\r\n"
)


def test_the_rest_of_settings_is_kept_byte_for_byte(tmp_path):
    (tmp_path / "to").mkdir()
    path = tmp_path / "to" / "settings.toml"
    path.write_bytes(OWN.encode())
    sales = write(tmp_path / "sales.csv", "sku,date,qty\nA,2026-01-05,1\n")
    assert run("import", sales, "--to", tmp_path / "to").exit_code == 0
    made, old = path.read_bytes().decode(), '"old" = { "a" = "nothing" }'
    head, _, tail = OWN.partition(old)
    assert made.startswith(head) and made.endswith(tail)
    assert '"sales" = { "sku" = "sales_history.item"' in made and old in made
    assert not [*read_settings(path)[1]] and read_settings(path)[0]["horizon"] == 18
    for broken in ("horizon = ", '[import.x]\n"a" = "b"\n[import]\n'):
        with pytest.raises(PlanError, match="settings.toml"):
            with_layouts(broken, {"sales": {"a": "nothing"}})


def test_a_setting_of_an_import_that_names_no_column_is_said(tmp_path):
    (tmp_path / "to").mkdir()
    told = '[import]\n"sales" = { "sku" = "sales_history.itm", "date" = "nothing" }\n'
    write(tmp_path / "to" / "settings.toml", told)
    sales = write(tmp_path / "sales.csv", "sku,date,qty\nA,2026-01-05,1\n")
    result = run("import", sales, "--to", tmp_path / "to")
    assert result.exit_code == 1 and "did you mean sales_history.item?" in result.output


def _killed(path, folder, number):
    done = [0]

    def counted(call):
        def wrapped(*args, **kwargs):
            done[0] += 1
            if done[0] == number:
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*args, **kwargs)

        return wrapped

    for owner, name in ((os, "rename"), (os, "open"), (stage, "exchanged"), (Path, "write_bytes")):
        setattr(owner, name, counted(getattr(owner, name)))
    stage.fill_in_place(folder, Import([path], folder).fill)


def test_a_kill_anywhere_leaves_the_old_folder_or_the_new(tmp_path):
    sales = write(tmp_path / "sales.csv", "sku,date,qty\nA,2026-01-05,1\n")
    write(tmp_path / "next.csv", "sku,date,qty\nA,2026-01-05,2\nB,2026-01-06,3\n")
    seen, code, number = set(), -signal.SIGKILL, 0
    while code == -signal.SIGKILL:
        number += 1
        folder = tmp_path / str(number) / "to"
        stage.fill_in_place(folder, Import([sales], folder).fill)
        run = get_context("fork").Process(
            target=_killed, args=(tmp_path / "next.csv", folder, number)
        )
        run.start()
        run.join(60)
        code = run.exitcode
        made = {path.name: path.read_text() for path in folder.iterdir()}
        assert {*made} == {"items.csv", "sales_history.csv", "settings.toml"}
        seen.add((made["items.csv"], made["sales_history.csv"]))
    assert code == 0 and len(seen) == 2


def test_a_folder_that_one_stands_in_or_a_pack_is_made_of_is_refused(tmp_path, monkeypatch):
    sales = write(tmp_path / "sales.csv", "sku,date,qty\nA,2026-01-05,1\n")
    monkeypatch.chdir(tmp_path)
    assert run("import", sales, "--to", ".").exit_code == 0
    made = {"sales.csv", "items.csv", "sales_history.csv", "settings.toml"}
    assert {path.name for path in tmp_path.iterdir()} == made
    told = run("import", sales, "--to", ".").output
    assert "items.csv, sales_history.csv would be overwritten; run it from beside" in told
    (tmp_path / "to").mkdir()
    write(tmp_path / "to" / "facts.json", "{}")
    assert "what a pack was made of" in run("import", sales, "--to", "to").output


def test_what_no_import_brings_stays(tmp_path):
    (tmp_path / "to").mkdir()
    write(tmp_path / "to" / "budget.csv", "family,bucket\nX,2026-01-01\n")
    pd.DataFrame({"item": ["old"]}).to_parquet(tmp_path / "to" / "items.parquet")
    items = write(tmp_path / "items.csv", "item,family\nA,X\n")
    sales = write(tmp_path / "sales.csv", "sku,date,qty\nA,2026-01-05,1\n")
    assert run("import", items, sales, "--to", tmp_path / "to").exit_code == 0
    assert (tmp_path / "to" / "budget.csv").read_text() == "family,bucket\nX,2026-01-01\n"
    assert not (tmp_path / "to" / "items.parquet").exists()
    assert "error" not in {*check(tmp_path / "to")["severity"]}


def test_words_are_written_as_headers_are_compared():
    odd = {word for word in ALL if bare(word) != word}
    assert odd <= {name for table in INPUTS.values() for name in table.names}
    assert {*TOLD} - {*INPUTS} == {
        "any",
        "left_out",
        "currency",
        "week",
        "dates",
        "cut",
        "numbers",
        "months",
    }
    assert all(name in ("names", *INPUTS[t].names) for t in {*TOLD} & {*INPUTS} for name in TOLD[t])


@pytest.mark.parametrize(
    "text, day",
    [
        ("3. Nov 2026", "2026-11-03"),
        ("Nov 3, 2026", "2026-11-03"),
        ("novembre 2026", "2026-11-01"),
        ("Mär 26", "2026-03-01"),
        ("202611", "2026-11-01"),
        ("46327", "2026-11-01"),
        ("2026-11-03T23:00:00Z", "2026-11-03T23:00:00Z"),
        ("KW 45/2026", "2026-11-02"),
        ("31.11.2026", ""),
        ("1/2/3/4", ""),
    ],
)
def test_days_are_read(text, day):
    assert read_day(text, "dmy") == day


def test_numbers_are_read():
    signs = (
        "-$1,234.50",
        "$(5.00)",
        "1 234.5",
        "1'234",
        "−3",
        ".5",
        "1E+3",
        "12 pcs",
        "1,23,4",
        "-",
        "",
    )
    read = ["-1234.50", "-5.00", "1234.5", "1234", "-3", ".5", "1E+3", "12", "", "", ""]
    assert [read_amount(text, "1,234.5") for text in signs] == read
    assert settle("date", ["01.02.2026"]) == "dmy" and settle("date", ["05/31/2026"]) == "mdy"


MISREAD = {  # a file that is easily misread: what is asked, or refused
    "codes beside words": (
        "Datum,Teilecode,Menge,Werk\n2026-01-05,4711,5,Bonn\n",
        "Teilecode | Werk",
    ),
    "days in no known way": ("Datum;Artikel;Menge\n01.26;A;5\n02.26;B;6\n", "sales_history.bucket"),
    "units by quarter": ("Item,Quarter,Qty\nA,Q1 2026,5\nA,Q2 2026,6\n", "sales_history.bucket"),
    "merged items": (
        "Item,Month,Qty\nA,2026-01,5\n,2026-02,6\nB,2026-01,8\n",
        "1 rows have a day but",
    ),
    "a week of January": ("Date,Item,Qty\n01/02/2026,A,1\n01/05/2026,A,1\n", "reads in two ways"),
    "two currencies": (
        "Date,Item,Qty,Amount\n2026-01-05,A,5,€50\n2026-01-06,A,5,¥90\n",
        "amounts in ¥, €",
    ),
    "a column of them": (
        "Date,Item,Qty,Amount,Currency\n2026-01-05,A,5,50,EUR\n2026-01-05,A,5,90,JPY\n",
        "amounts in EUR, JPY",
    ),
    "an inch that opens a quote": (
        'Date;SKU;Text;Qty\n2026-01-02;B;"3/4 inch;20\n2026-01-03;C;cup;3\n2026-01-04;D;"1/2 inch;4\n',
        "holds whole lines",
    ),
    "money by month": (
        "Artikel;Jan 2026;Feb 2026;Mrz 2026\nA;1.200,50 €;900,00 €;1.000,00 €\n",
        "units with € are money",
    ),
}


@pytest.mark.parametrize("case", MISREAD)
def test_what_is_easily_misread_is_asked_or_refused(tmp_path, case):
    text, words = MISREAD[case]
    write(tmp_path / "export.csv", text)
    told = run("import", tmp_path / "export.csv", "--to", tmp_path / "to", "--yes")
    assert told.exit_code == 1 and words in told.output
    assert not (tmp_path / "to").exists()


READ = {  # and what is not what it looks like: the table's rows
    "a last row with little in it": (
        "No,Date,SKU,Qty,Carrier,Note\n1,2026-01-01,A,1,DHL,x\n2,2026-01-02,A,2,DHL,x\n"
        "3,2026-02-01,A,500,,\n",
        "sales_history",
        ["A,2026-01-01,1", "A,2026-01-02,2", "A,2026-02-01,500"],
    ),
    "a product called total": (
        "Date,SKU,Text,Region,Qty\n2026-01-05,T1,Total Quartz,,500\n2026-01-06,A1,Oil,North,6\n"
        "2026-01-07,A1,Oil,North,6\nTotal,,,,512\n",
        "sales_history",
        ["A1,North,2026-01-06,6", "A1,North,2026-01-07,6", "T1,,2026-01-05,500"],
    ),
    "stock in two places": (
        "Item,Location,On Hand\nA,L1,10\nA,L2,5\n",
        "inventory",
        ["A,L1,10", "A,L2,5"],
    ),
    "results of a stock list": (
        "Item,Location,On Hand\nA,L1,10\nA,L2,5\nA,Result,15\n*,L1,10\n",
        "inventory",
        ["A,L1,10", "A,L2,5"],
    ),
    "a brand called total": (
        "SKU,Brand,On Hand\nA,Total,5\nB,Total,6\nC,Shell,4\n",
        "inventory",
        ["A,5", "B,6", "C,4"],
    ),
    "sales of a plant": (
        "Date,Item,Plant,Qty\n2026-01-03,A,P1,10\n2026-01-04,A,P2,5\n",
        "sales_history",
        ["A,2026-01-03,10", "A,2026-01-04,5"],
    ),
    "numbers of order lines": (
        "Order No,Line No,Order Date,Requested Date,SKU,Description,Qty\n"
        "1,10,2026-01-02,2026-01-12,A,Mug,5\n",
        "items",
        ["A,Mug"],
    ),
    "weeks": (
        "Kalenderwoche;Artikel;Menge\n202601;A;1\n202605;A;2\n",
        "sales_history",
        ["A,2025-12-29,1", "A,2026-01-26,2"],
    ),
    "taxes": ("Date,Item,Qty,Tax Amount\n2026-01-03,A,10,19\n", "items", ["A"]),
    "a payment's day": (
        "Due Date,Invoice Date,Item,Quantity\n2026-03-02,2026-01-31,A,10\n",
        "sales_history",
        ["A,2026-01-31,10"],
    ),
}


@pytest.mark.parametrize("case", READ)
def test_what_looks_like_something_else_is_read_as_it_is(tmp_path, case):
    text, table, rows = READ[case]
    write(tmp_path / "export.csv", text)
    told = run("import", tmp_path / "export.csv", "--to", tmp_path / "to", "--yes")
    assert told.exit_code == 0, told.output
    assert (tmp_path / "to" / f"{table}.csv").read_text().splitlines()[1:] == rows


def test_order_lines_of_other_months_stay_and_make_the_sales(tmp_path):
    head = "Order No,Line No,Order Date,Requested Date,SKU,Qty\n"
    first = "1,1,2026-01-02,2026-01-12,A,5\n2,1,2026-01-20,2026-03-01,A,70\n"
    second = "3,1,2026-02-02,2026-02-12,A,8\n2,1,2026-01-20,2026-03-01,A,60\n"
    for name, rows in (("orders_1", first), ("orders_2", second), ("orders_2", second)):
        write(tmp_path / f"{name}.csv", head + rows)
        told = run("import", tmp_path / f"{name}.csv", "--to", tmp_path / "to", "--yes")
    assert "orders: 1 earlier lines stay, 2 are replaced" in told.output
    sold = (tmp_path / "to" / "sales_history.csv").read_text().splitlines()[1:]
    assert sold == ["A,2026-01-12,5", "A,2026-02-12,8", "A,2026-03-01,60"]
    assert len((tmp_path / "to" / "orders.csv").read_text().splitlines()) == 4


def test_rows_of_days_that_are_replaced_are_told(tmp_path):
    write(tmp_path / "s.csv", "Date,Item,Qty\n2026-01-15,A,1\n2026-02-15,A,2\n2026-03-15,A,3\n")
    run("import", tmp_path / "s.csv", "--to", tmp_path / "to", "--yes")
    write(tmp_path / "s2.csv", "Date,Item,Qty\n2026-02-15,A,9\n2026-03-15,A,9\n")
    told = run("import", tmp_path / "s2.csv", "--to", tmp_path / "to", "--yes")
    words = "2 rows that stood from 2026-02-15 to 2026-03-15 are replaced by 2"
    assert words in told.output and "1 rows of other days stay" in told.output


def test_the_same_rows_in_two_files_are_refused(tmp_path):
    (tmp_path / "raw").mkdir()
    for name in ("jan.csv", "jan (1).csv"):
        write(tmp_path / "raw" / name, "Date,Item,Qty\n2026-01-15,A,1\n2026-01-16,A,2\n")
    told = run("import", tmp_path / "raw", "--to", tmp_path / "to", "--yes")
    assert told.exit_code == 1 and "jan (1) and jan hold 2 rows of sales_history" in told.output


def test_files_that_overlap_count_once_as_a_person_says(tmp_path):
    head, days = (
        "Date,Item,Qty\n",
        [f"2026-0{m}-{d},A,{d}\n" for m in (1, 2, 3) for d in (12, 20, 25)],
    )
    write(tmp_path / "spring.csv", head + "".join(days[:6]))
    write(tmp_path / "summer.csv", head + "".join(days[3:5]) + "2026-02-25,A,99\n" + days[6])
    files = tmp_path / "spring.csv", tmp_path / "summer.csv"
    told = run("import", *files, "--to", tmp_path / "to", "--yes")
    assert "spring and summer hold 2 rows of sales_history that are the same" in told.output
    assert told.exit_code == 1 and not (tmp_path / "to").exists()
    for counts, day, sum_ in (("spring", 25, 7), ("summer", 99, 7), ("both", 124, 7)):
        told = run("import", *files, "--to", tmp_path / counts, answers=f"{counts}\n")
        made = pd.read_csv(tmp_path / counts / "sales_history.csv").set_index("bucket")["quantity"]
        assert made["2026-02-25"] == day and len(made) == sum_
    # Other rows of the same days are other sales: a coincidence is not asked about.
    write(tmp_path / "web.csv", head + days[0] + "2026-01-20,A,4\n2026-01-25,A,4\n")
    told = run("import", files[0], tmp_path / "web.csv", "--to", tmp_path / "web", "--yes")
    assert told.exit_code == 0, told.output


@pytest.mark.parametrize("regions", [("", "", ""), ("N", "S", ""), ("N", "N", "N")])
@pytest.mark.parametrize("files", [1, 2])
def test_a_total_of_a_month_beside_its_days_is_asked_about(tmp_path, regions, files):
    head, lines, totals = "Date,Item,Region,Qty\n", [], []
    for month in (1, 2, 3):
        lines += [
            f"2026-{month:02}-{day},A,{regions[day % 2]},{day + month}\n" for day in (11, 14, 22)
        ]
        totals += [f"2026-{month:02},A,{regions[2]},{47 + 3 * month}\n"]
    first, second = (lines, totals) if files == 2 else ([*lines, *totals], [])
    write(tmp_path / "sales_1.csv", head + "".join(first))
    write(tmp_path / "sales_2.csv", head + "".join(second))
    paths = [tmp_path / f"sales_{n + 1}.csv" for n in range(files)]
    told = run("import", *paths, "--to", tmp_path / "to", "--yes")
    words = "3 rows of sales_history are the sum of others of their month, as A, 2026-01-01, 50"
    assert told.exit_code == 1 and words in told.output and not (tmp_path / "to").exists()
    for answer, sum_ in (("no", 159), ("yes", 318)):
        run("import", *paths, "--to", tmp_path / answer, answers=f"{answer}\n")
        made = pd.read_csv(tmp_path / answer / "sales_history.csv")
        assert made["quantity"].sum() == sum_


def test_an_odd_byte_does_not_spoil_the_other_letters(tmp_path):
    text = "Datum;Artikel;Familie;Menge\n31.01.2026;Größe;Räder;1\n01.02.2026;M?ller;Räder;2\n"
    (tmp_path / "umsatz.csv").write_bytes(text.encode().replace(b"?", b"\xfc"))
    told = run("import", tmp_path / "umsatz.csv", "--to", tmp_path / "to", "--yes")
    assert (tmp_path / "to" / "items.csv").read_text() == "item,family\nGröße,Räder\nMüller,Räder\n"
    assert (
        "umsatz, row 3: first row that is not UTF-8, 1 such bytes are read as cp1252" in told.output
    )


def test_the_row_of_an_odd_byte_is_right_behind_a_byte_order_mark(tmp_path):
    (tmp_path / "bom.csv").write_bytes(b"\xef\xbb\xbfsku,date,qty\nM\xfcller,2026-01-02,3\n")
    told = run("check", tmp_path / "bom.csv").output
    assert "bom, row 2: first row that is not UTF-8" in told and "Müller" in told


def test_hidden_sheets_and_zeros_that_a_format_shows(tmp_path):
    book = openpyxl.Workbook()
    for row in (["SKU", "Date", "Qty"], [123, "2026-01-01", 5], ["A", "2026-02-01", 2]):
        book.active.append(row)
    book.active["A2"].number_format = "000000"
    old = book.create_sheet("Old")
    for row in (["SKU", "Date", "Qty"], ["B", "2025-01-01", 5]):
        old.append(row)
    old.sheet_state = "hidden"
    book.save(tmp_path / "sales.xlsx")
    told = run("import", tmp_path / "sales.xlsx", "--to", tmp_path / "to", "--yes")
    assert "sales, Old: a hidden sheet, left out" in told.output
    made = (tmp_path / "to" / "sales_history.csv").read_text()
    assert made == "item,bucket,quantity\n000123,2026-01-01,5\nA,2026-02-01,2\n"


@pytest.mark.parametrize("verb", ["import", "check"])
def test_what_never_ends_is_not_opened(tmp_path, verb):
    os.mkfifo(tmp_path / "pipe.csv")
    for path in (tmp_path / "pipe.csv", "/dev/zero"):
        told = run(verb, path, *(["--to", tmp_path / "to"] if verb == "import" else []))
        assert told.exit_code == 1 and not (tmp_path / "to").exists()
    write(tmp_path / "sales.csv", OPEN)
    told = run("import", tmp_path, "--to", tmp_path / "to", "--yes")
    assert "pipe.csv cannot be read: it is no file: a folder, a pipe or a device" in told.output


def test_a_question_that_is_broken_off_ends_with_130(tmp_path):
    path = write(tmp_path / "open.csv", OPEN)
    asked = [sys.executable, "-m", "sopkit", "import", path, "--to", tmp_path / "to"]
    run = Popen(asked, stdin=PIPE, stdout=PIPE, stderr=PIPE, cwd=ROOT)
    assert b"two ways" in run.stdout.read(
        len("open, column 'date': 01/02/2026 (row 2) reads in two ways")
    )
    run.send_signal(signal.SIGINT)
    _, said = run.communicate(timeout=60)
    assert run.returncode == 130 and b"nothing was written" in said and b"Traceback" not in said
    assert not (tmp_path / "to").exists()


def test_a_file_alone_is_checked_as_settings_beside_it_say(tmp_path):
    path = write(tmp_path / "open.csv", OPEN)
    told = '[import]\n"open" = { "item" = "sales_history.item", "date" = "sales_history.bucket mdy", "qty" = "sales_history.quantity 1,234.5" }\n'
    write(tmp_path / "settings.toml", told)
    result = run("check", path)
    assert result.exit_code == 0 and "sales_history.bucket as mdy" in result.output


def test_parts_of_what_is_sold_are_items_too(tmp_path):
    write(tmp_path / "sales.csv", "sku,date,qty\nBike,2026-01-05,1\n")
    write(tmp_path / "bom.csv", "Parent,Component,Qty\nBike,Wheel,2\nWheel,Rim,1\n")
    write(tmp_path / "stock.csv", "sku,warehouse,on hand\nRim,W1,9\nRim,W2,5\nBell,W1,5\n")
    files = (tmp_path / f"{name}.csv" for name in ("sales", "bom", "stock"))
    assert run("import", *files, "--to", tmp_path / "to", "--yes").exit_code == 0
    assert (tmp_path / "to" / "items.csv").read_text() == "item\nBike\nRim\nWheel\n"
    made = (tmp_path / "to" / "inventory.csv").read_text()
    assert made == "item,site,on_hand\nRim,W1,9\nRim,W2,5\n"
    assert "error" not in {*check(tmp_path / "to")["severity"]}


def test_a_table_whose_buckets_may_be_blank_is_brought_again(tmp_path):
    write(tmp_path / "sales.csv", "sku,date,qty\nA,2026-01-05,1\n")
    write(tmp_path / "capacity.csv", "Machine,Hours\nPress,160\n")
    for _ in range(2):
        files = tmp_path / "sales.csv", tmp_path / "capacity.csv"
        assert run("import", *files, "--to", tmp_path / "to", "--yes").exit_code == 0
        assert (tmp_path / "to" / "resources.csv").read_text() == "resource,hours\nPress,160\n"
