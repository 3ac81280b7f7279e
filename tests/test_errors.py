"""A PlanError is a ValueError, so that callers who know nothing of us catch it."""

import pytest

from sopkit import PlanError, errors


def test_plan_error_is_the_one_exception_for_people():
    assert issubclass(PlanError, ValueError) and errors.PlanError is PlanError
    with pytest.raises(ValueError, match="give at least 1"):
        raise PlanError("horizon is 0; give at least 1")
