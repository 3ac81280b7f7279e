"""A share of the random companies beside the oracle; all of them: python -m tests.supply.oracle."""

import pytest

from tests.supply.companies import KINDS
from tests.supply.compare import compare


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("kind", KINDS)
def test_a_plan_is_the_cheapest_there_is(kind, seed):
    _, wrong = compare(kind, seed)
    assert wrong == []


def test_a_required_ending_stock_is_worth_more_than_a_lot_of_another_item():
    _, wrong = compare("lots", 137)  # two of 27 were missing, for forty of another item
    assert wrong == []
