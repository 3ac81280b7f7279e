"""What ``data_issues`` says was done about a warning or a notice is what was done: the facts are
those of a company that wrote it so.
"""

import pandas as pd
import pytest

from sopkit.demand import cleanse
from sopkit.metrics import Book
from sopkit.sources import read_facts
from sopkit.sources.issues import RULES
from tests.sources.company import BUCKETS, COMPANY, MONTH, small, spoiled
from tests.sources.test_check import DOLLARS, FAULTS, HEADS, HISTORY, LAST, stamped

ZEROS = "".join(
    line.rsplit(",", 2)[0] + ",0,0\n"
    if "P1,North," in line and line.split(",")[2] in BUCKETS[1:12]
    else line
    for line in HISTORY.splitlines(True)
)
SAME = {}
# what the case of FAULTS amounts to, by rule and table, in their order there
MEANT = {
    ("byte-order mark", "items"): [SAME],
    ("not UTF-8", "items"): [spoiled("items", "Pumps,stock,80", "Pümpen,stock,80"), SAME],
    ("empty file", "receipts"): [SAME],
    ("absent table", "receipts"): [SAME],
    ("thousands separator", "items"): [
        spoiled("items", "100", price) for price in ("1234", "12345678")
    ],
    ("stray space", "items"): [SAME, SAME, SAME],
    ("summed duplicates", "sales_history"): [
        spoiled("sales_history", LAST, "004,South,2026-10-01,222,18046\n")
    ],
    ("redundant family", "sales_inputs"): [spoiled("sales_inputs", "Ann,,Pumps", "Ann,P1,")],
    ("blank family", "items"): [spoiled("items", "P1,Pumps", "P1,(none)")],
    ("blank market", "sales_history"): [spoiled("sales_history", "P1,North", "P1,(none)")],
    ("blank strategy", "items"): [SAME],
    ("absent column", "items"): [{"items": COMPANY["items"].replace(",order,", ",stock,")}],
    ("blank as_of", "inventory"): [{"inventory": COMPANY["inventory"]}],
    ("negative stock", "inventory"): [spoiled("inventory", "30", "0")],
    ("negative stock", "inventory_history"): [spoiled("inventory_history", "25", "0")],
    ("negative order", "orders"): [
        spoiled("orders", "1,1,P1,North,2026-09-01,2026-09-10,2026-09-12,2026-09-11,5,5\n", "")
    ],
    ("overdue receipt", "receipts"): [spoiled("receipts", "2026-11-15", "2026-11-01")],
    ("last days", "sales_history"): [
        {"sales_history": stamped("MS").replace("P1,South,2026-10-01,100,8100\n", "")}
    ],
    ("late hour", "sales_history"): [
        spoiled("sales_history", "2024-11-01,100,", "2024-10-31,100,"),
        spoiled(
            "sales_history",
            "2024-12-01,101,9001\nP1,North,2025-01-01,102,9002\n",
            "2024-12-01,203,18003\n",
        ),
    ],
    ("bucket missing", "sales_history"): [
        spoiled("sales_history", "P1,North,2025-01-01,102,9002", "P1,North,2025-01-01,0,0")
    ],
    ("empty buckets", "sales_history"): [{"sales_history": ZEROS}],
    ("unknown setting", "settings"): [SAME, SAME, {"settings": '[owners]\nPump = "Ann"'}, SAME],
    ("unplanned items", "production_history"): [
        {"production_history": HEADS["production_history"]}
    ],
    ("after the plan's month", "orders"): [{"orders": COMPANY["orders"]}],
    ("shipped after the plan's month", "orders"): [spoiled("orders", "2026-09-11,5,5", ",5,")],
}

# what stays as it is written: table, column, the cell found
KEPT = {
    "gate passed": ("initiatives", "gate_on", "2026-10-01"),
    "shipped before ordered": ("orders", "shipped_on", "2026-08-31"),
    "promised before ordered": ("orders", "promised_on", "2026-08-31"),
    "unit jump": ("sales_history", "quantity", "100000.0"),
    "low volume": ("sales_history", "quantity", "11.0"),
    "stale count": ("inventory", "as_of", "2026-08-31"),
    "count after the plan's start": ("inventory", "as_of", "2026-11-03"),
    "after the plan's end": ("budget", "bucket", "2028-11-01"),
    "line break": ("items", "family", "Pum\nps"),
    "unit cost below parts": ("items", "unit_cost", "40.0"),
    "never sold": ("items", "item", "N1"),
}
# what other tests show
ELSEWHERE = {
    "no stock count": "test_opening",
    "history ends early": "demand/test_cleanse",
    "bucket absent": "demand/test_cleanse",
    "made at several sites": "supply/test_sites",
    "lane to nowhere": "supply/test_sites",
    "plan without lots": "supply/test_whole",
    "promoted scenario": "scenarios/test_changes",
    "scenario left out": "scenarios/test_changes",
    "incomplete bucket": "test_check",
    "unknown table": "test_check",
    "unknown column": "test_facts",
}
HERE = ("unit cost from standard", "stock not counted", "foreign money")
CASES = [fault for fault in FAULTS if RULES[fault[0]][0] != "error"]


def read(folder, change):
    changes = {"settings": change} if isinstance(change, str | bytes) else change
    return read_facts(small(folder, **changes), MONTH)


@pytest.mark.parametrize("rule, table", MEANT)
def test_what_is_repaired_is_as_if_written_so(rule, table, tmp_path):
    faults = [change for *at, _, _, change in CASES if at == [rule, table]]
    for number, (fault, meant) in enumerate(zip(faults, MEANT[rule, table], strict=True)):
        found = read(tmp_path / f"found {number}", fault)
        meant = read(tmp_path / f"meant {number}", meant)
        assert rule in {*found.issues["rule"]}
        if "as zero" not in RULES[rule][1]:
            for name, frame in found.tables.items():
                pd.testing.assert_frame_equal(frame, meant[name], obj=name)
        known = (
            Book(facts.tables, first=facts.first, calendar=facts.calendar)
            for facts in (found, meant)
        )
        pd.testing.assert_frame_equal(*map(cleanse, known))


@pytest.mark.parametrize("rule", KEPT)
def test_what_is_kept_stands_as_it_is_written(rule, tmp_path):
    table, column, cell = KEPT[rule]
    changes = [change for name, *_, change in CASES if name == rule]
    assert cell in {*read(tmp_path / "data", changes[0])[table][column].astype(str)} or (
        cell in {*read(tmp_path / "next", changes[-1])[table][column].astype(str)}
    )


def test_foreign_money_is_the_company_s_at_the_rate_of_its_bucket(tmp_path):
    rates = "currency,bucket,rate\nUSD,2020-01-01,0.5\nUSD,2026-10-01,0.8\nUSD,2026-10-15,0.6\n"
    home = read(tmp_path / "home", {}).sales_history
    found = read(tmp_path / "data", DOLLARS | {"exchange_rates": rates}).sales_history
    south, last = home["market"] == "South", home["bucket"] == "2026-10-01"
    rate = south.map({True: 0.5, False: 1.0}).mask(south & last, 0.7)
    assert found["revenue"].tolist() == (home["revenue"] * rate).tolist()
    assert found["quantity"].tolist() == home["quantity"].tolist()


def test_a_standard_cost_is_material_and_labour(tmp_path):
    labour = {name: COMPANY[name] for name in ("bill_of_resources", "resources")}
    change = spoiled("items", "unit_cost", "standard_cost") | labour
    items = read(tmp_path / "data", change).items.set_index("item")
    assert items.loc["P1", ["unit_cost", "standard_cost"]].tolist() == [40 - 0.5 * 30, 40]


def test_stock_of_a_month_that_nobody_counted_is_left_blank(tmp_path):
    (change,) = [change for rule, *_, change in CASES if rule == "stock not counted"]
    stock = read(tmp_path / "data", change)["inventory_history"]
    assert stock[["item", "on_hand"]].values.tolist() == [["P1", 25], ["P1", 31], ["P2", 5]]


def test_every_word_is_shown():
    rules = {rule for rule, (severity, _) in RULES.items() if severity != "error"}
    assert rules == {rule for rule, _ in MEANT} | {*KEPT} | {*ELSEWHERE} | {*HERE}
