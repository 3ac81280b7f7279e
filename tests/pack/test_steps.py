"""The numbered notebooks are the pipeline; a mistyped parameter is an error that names the known
ones.
"""

import pytest

from sopkit import PlanError
from sopkit.pack import find_steps, settle
from sopkit.pack.steps import parameters_of
from tests.pack.toys import write_notebook


@pytest.fixture
def steps(tmp_path):
    write_notebook(tmp_path / "2_second.ipynb", parameters='pack = ""\nstrategy = "optimal"')
    write_notebook(tmp_path / "1_first_step.ipynb")
    write_notebook(tmp_path / "tuner.ipynb")
    return find_steps(tmp_path)


def test_steps_are_the_sorted_numbered_notebooks(steps):
    assert [(step.number, step.title) for step in steps] == [(1, "1 first step"), (2, "2 second")]
    assert steps[0].defaults == {"pack": "..", "horizon": 0, "rate": 0.5, "name": "", "bold": False}


def test_values_are_read_as_their_defaults_are_typed(steps):
    settled = settle(
        steps, {"horizon": "18", "rate": "1", "name": "202612", "bold": "true", "strategy": "level"}
    )
    assert settled == {
        "horizon": 18,
        "rate": 1.0,
        "name": "202612",
        "bold": True,
        "strategy": "level",
    }
    assert parameters_of(steps[1], settled) == {"strategy": "level"}


@pytest.mark.parametrize(
    "given, message",
    [
        (
            {"horizn": 18},
            (
                r"'horizn' is not known; did you mean 'horizon'\?; known are: bold, horizon,"
                r" name, rate, strategy"
            ),
        ),
        ({"horizon": "many"}, "parameter horizon: 'many' is not a int; its default is 0"),
        ({"bold": "yes"}, "not a bool"),
        ({"pack": "/elsewhere"}, "not known"),
    ],
)
def test_what_does_not_fit_is_refused(steps, given, message):
    with pytest.raises(PlanError, match=message):
        settle(steps, given)


def test_a_folder_without_steps_is_named(tmp_path):
    with pytest.raises(PlanError, match="no numbered notebook"):
        find_steps(tmp_path)
