import pandas as pd
import pytest

from tests.company import company


@pytest.fixture(scope="session")
def made():
    return company()


@pytest.fixture(scope="session")
def tables(made):
    return made.tables


@pytest.fixture(scope="session")
def truth(made):
    return made.truth


@pytest.fixture(scope="session")
def true_cells(truth):
    """Planted cells by kind, keyed as sales_history is."""

    def of(kind):
        return (
            pd.DataFrame(truth[kind])
            .assign(bucket=lambda frame: pd.to_datetime(frame["bucket"]))
            .set_index(["item", "market", "bucket"])
        )

    return of


@pytest.fixture(scope="session")
def sold(tables):
    return tables["sales_history"].set_index(["item", "market", "bucket"])["quantity"]
