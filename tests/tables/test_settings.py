"""A setting handed over in Python is held to its declaration, wherever it is read."""

import pandas as pd
import pytest

from sopkit import PlanError
from sopkit.metrics import Book
from sopkit.tables import SETTINGS, settled


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("holding_rate", -1, "between 0 and 100"),
        ("planning_fence", "two", "between 0 and 600"),
        ("service_level", 1.7, "between 0 and 1"),
        ("review", float("nan"), "between 0 and 600"),
        ("bucket", "day", "month or week or quarter"),
        ("sum_duplicates", "yes", "a value like False"),
        ("targets", 0.95, "a value like {}"),
    ],
)
def test_a_value_against_its_rule_is_refused(name, value, expected):
    with pytest.raises(PlanError, match=f"setting {name} is .*, expected {expected}"):
        settled({name: value})


def test_what_fits_stands_and_the_rest_is_the_default():
    assert settled({"planning_fence": 1.5, "horizon": None, "own": 7}) == {
        **{name: setting.default for name, setting in SETTINGS.items()},
        "planning_fence": 1.5,
        "own": 7,
    }


def test_a_room_that_reads_settings_refuses_them_too():
    with pytest.raises(PlanError, match="setting holding_rate is -1"):
        Book({"items": pd.DataFrame({"item": ["A"]})}, settings={"holding_rate": -1})
