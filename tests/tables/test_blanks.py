"""A blank cell means the same to everybody: a plan made of blanks, column by column, is the plan
made of what their declaration says that they mean; in supply, and from the facts to the board.
"""

import pandas as pd
import pytest

from sopkit.pack import build_pack
from sopkit.sources import read_facts
from sopkit.supply import plan_supply
from sopkit.tables import INPUTS, declared
from tests.golden import differences, leave_out_kernels_and_pages
from tests.sources.company import COMPANY, MONTH, write

BUCKETS = pd.date_range("2026-11-01", periods=4, freq="MS")
DEMAND = pd.DataFrame(
    [(item, bucket, 100.0 + 9 * n) for item in ("P1", "P2") for n, bucket in enumerate(BUCKETS)],
    columns=["item", "bucket", "quantity"],
)
GIVEN = {
    "items": {
        "item": ["P1", "P2"],
        "family": ["Pumps", "Pumps"],
        "strategy": ["stock", "order"],
        "price": [100.0, 80.0],
        "unit_cost": [40.0, 30.0],
        "lead_time": [0.0, 1.0],
        "customer_lead_time": [0.0, 1.0],
        "lot_size": [10.0, 5.0],
        "minimum_lot": [20.0, 10.0],
        "maximum_stock": [50.0, 60.0],
        "shelf_life": [6.0, 7.0],
    },
    "resources": {
        "resource": ["Line"],
        "hours": [50.0],
        "overtime_hours": [20.0],
        "regular_cost": [30.0],
        "overtime_cost": [50.0],
    },
    "bill_of_resources": {"item": ["P1"], "resource": ["Line"], "hours_per_unit": [0.5]},
    "sourcing": {
        "item": ["P1", "P2"],
        "source": ["Works", "Supplier"],
        "unit_cost": [70.0, 31.0],
        "max_quantity": [20.0, 500.0],
    },
}
CONSTANTS = [
    (name, column)
    for name, given in GIVEN.items()
    for column in given
    if INPUTS[name][column].default is not None
]


def planned(**tables):
    """Supply, capacity and workforce plan and the costs of the company with some tables
    replaced.
    """
    made = plan_supply(DEMAND, **{k: pd.DataFrame(given) for k, given in (GIVEN | tables).items()})
    return made.supply_plan, made.capacity_plan, made.workforce_plan, made.costs.to_frame()


@pytest.mark.parametrize("name, column", CONSTANTS)
def test_a_plan_of_blanks_is_the_plan_of_what_they_mean(name, column):
    absent = pd.DataFrame(GIVEN[name]).drop(columns=column)
    blank = INPUTS[name].typed(absent)
    full = absent.assign(**{column: declared(absent, name)[column]})
    for one, two in zip(planned(**{name: full}), planned(**{name: blank}), strict=True):
        pd.testing.assert_frame_equal(one, two)


@pytest.mark.parametrize("name", INPUTS)
def test_nothing_that_has_a_default_stays_blank(name):
    table = INPUTS[name]
    one = {c.name: pd.Series(["x"] if c.kind == "text" else [pd.NaT]) for c in table.columns}
    blank = table.typed(pd.DataFrame({c: one[c] for c in table.key}))
    full = declared(blank.assign(**{"regular_cost": 30.0} if name == "resources" else {}), name)
    for column in table.columns:
        if column.default is not None:
            assert full[column.name].notna().all(), column.name


@pytest.mark.parametrize("name", INPUTS)
def test_the_words_say_what_a_blank_means(name):
    for column in INPUTS[name].columns:
        if column.default in (None, "") or callable(column.default):
            continue
        words = {float("inf"): "unlimited"}.get(column.default, f"{column.default}")
        any_lot = column.name == "lot_size" and "blank = any quantity" in column.doc
        assert any_lot or f"blank = {words}" in column.doc, column.name


QUICK = {"horizon": 4, "paths": 20, "strategies": ""}
UNLIMITED = 1e6  # a file cannot say inf
LINES = {  # one line without regular_cost, one with it and without overtime_cost
    "resources": "resource,hours,overtime_hours,regular_cost\nLine 1,400,40,\nLine 2,60,40,30\n",
    "bill_of_resources": COMPANY["bill_of_resources"] + "004,Line 2,0.5\n",
}
HOURS = ["hours", "overtime_hours", "regular_cost"]  # without hours, nothing tells their cost
ABOUT_DEMAND = ["items", "events", "launches", "initiatives", "sales_inputs", "budget"]


@pytest.fixture(scope="module")
def facts(tmp_path_factory):
    """The tables of a small company, with every declared column."""
    return read_facts(write(tmp_path_factory.mktemp("facts"), LINES), MONTH).tables


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """A function: the plan tables of a company and the board's sections, all drawn."""

    def plan(tables):
        folder = tmp_path_factory.mktemp("company")
        for name, frame in tables.items():
            frame.to_parquet(folder / f"{name}.parquet")
        (folder / "settings.toml").write_text('markets = ["North"]\n')  # events name it
        pack = build_pack(MONTH, folder, folder / "packs", parameters=QUICK).folder
        board = (pack / "board" / "board.json").read_text()
        assert "could not be drawn" not in board, board[
            max(0, board.index("could not be drawn") - 60) :
        ][:300]
        made = {path.stem: pd.read_parquet(path) for path in (pack / "tables").glob("*.parquet")}
        return made | {"board": pd.DataFrame({"section": board.split('{"name": ')})}

    with pytest.MonkeyPatch.context() as patch:
        leave_out_kernels_and_pages(patch.setattr, board=True)
        yield plan


def of_blanks(name, frame, keep=()):
    """The table with nothing but what it must say; families and markets it names are (none)."""
    table = INPUTS[name]
    said = table.typed(frame[[*table.required, *keep]])
    said = said.assign(family="(none)") if name == "budget" else said
    return said.drop_duplicates(list(table.key))


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_from_the_facts_to_the_board_a_blank_is_what_it_means(facts, shown):
    blank = {n: of_blanks(n, frame, HOURS * (n == "resources")) for n, frame in facts.items()}
    full = {
        name: frame.assign(
            **{
                column.name: declared(frame, name)[column.name].replace(float("inf"), UNLIMITED)
                for column in INPUTS[name].columns
                if column.default is not None
            }
        )
        for name, frame in blank.items()
    }
    came, told = shown(blank), shown(full)
    for made in (came, told):  # what was not told is an issue of the one and not of the other
        made.pop("data_issues")
        made["board"] = made["board"][~made["board"]["section"].str.contains("Data issues")]
    assert {name: differences(told[name], came[name]) for name in told} == dict.fromkeys(told, [])


@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize("about_demand", [True, False])
def test_a_company_is_planned_and_shown_with_half_of_its_tables_blank(facts, shown, about_demand):
    shown(
        {
            name: of_blanks(name, frame) if (name in ABOUT_DEMAND) == about_demand else frame
            for name, frame in facts.items()
        }
    )
