"""A share of the random companies beside the oracle; all of them: python -m tests.supply.oracle."""

import pytest

from tests.supply.companies import KINDS
from tests.supply.compare import compare


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("kind", KINDS)
def test_a_plan_is_the_cheapest_there_is(kind, seed):
    _, wrong = compare(kind, seed)
    assert wrong == []
