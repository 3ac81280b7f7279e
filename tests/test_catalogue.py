"""A catalogue forecast part by part is the one that is forecast at once."""

import importlib
import os
import signal

import numpy as np
import pandas as pd
import pytest

from sopkit import catalogue
from sopkit.catalogue import forecast_catalogue
from sopkit.errors import PlanError
from sopkit.forecast import forecast
from tests.forecast.series import company


def several(items=40):
    """Series of every kind in one or two markets, their rows in no order."""
    frame = company(items, length=45)
    north = frame[frame["item"].str[-1].isin(list("0123"))]
    frame = pd.concat([frame.assign(market="S"), north.assign(market="N", quantity=1.0)])
    return frame.sample(frac=1.0, random_state=1, ignore_index=True)


@pytest.fixture
def small(monkeypatch):
    """Parts of a few series, of which a third teaches."""
    monkeypatch.setattr(catalogue, "PART", 8)
    monkeypatch.setattr(catalogue, "STEP", 25)
    monkeypatch.setattr(importlib.import_module("sopkit.forecast.fit"), "MOST", 20)


def same(folder, frame, horizon=6):
    parts = [pd.read_parquet(path) for path in sorted(folder.glob("part-*.parquet"))]
    found = pd.concat(parts).sort_values([*"item market bucket".split()], ignore_index=True)
    whole = forecast(frame, horizon, sums=False)
    pd.testing.assert_frame_equal(found, whole, check_exact=False, rtol=1e-9)
    return len(parts)


def written(folder, frame, files=3):
    folder.mkdir()
    for number, rows in enumerate(np.array_split(np.arange(len(frame)), files)):
        part = frame.iloc[rows].assign(note="not read")
        part.to_parquet(folder / f"{number}.parquet", row_group_size=300)
    return folder


def test_parts_come_to_the_whole_here_and_on_workers(small, cluster, tmp_path):
    frame = several()
    source = written(tmp_path / "history", frame)
    for place, scheduler in (("here", None), ("there", cluster.scheduler_address)):
        number = forecast_catalogue(source, tmp_path / place, 6, scheduler)
        assert number == len(frame[["item", "market"]].drop_duplicates())
        assert same(tmp_path / place, frame) > 4
        assert not [*(tmp_path / place).glob(".*")]


def test_a_database_is_read_by_the_workers(small, cluster, tmp_path):
    import sqlalchemy as sa

    url, frame = f"sqlite:///{tmp_path / 'sales.db'}", several(20)
    frame.to_sql("sales_history", sa.create_engine(url), index=False)
    forecast_catalogue(url, tmp_path / "to", 6, cluster.scheduler_address)
    assert same(tmp_path / "to", frame) > 2


def test_a_worker_that_is_killed_in_the_middle_changes_nothing(
    small, cluster, tmp_path, monkeypatch
):
    frame, killed = several(), []
    told = catalogue.seen

    def watched(found, *how):
        for one in told(found, *how):
            if not killed and [*(tmp_path / "to").glob("part-*.parquet")]:
                killed.append(cluster.workers[0].pid)
                os.kill(killed[0], signal.SIGKILL)
            yield one

    monkeypatch.setattr(catalogue, "seen", watched)
    source = written(tmp_path / "history", frame)
    forecast_catalogue(source, tmp_path / "to", 6, cluster.scheduler_address)
    assert killed and same(tmp_path / "to", frame) > 4


def test_what_is_wrong_with_a_catalogue_is_told_with_its_place(small, tmp_path):
    frame = several(20)
    for wrong, told in (
        (frame.drop(columns="quantity"), "history has no column quantity"),
        (frame.assign(item=frame["item"].where(frame.index != 7)), r"row\(s\) with a blank item"),
        (pd.concat([frame, frame.tail(1)]), r"duplicate \(item, market"),
    ):
        folder = tmp_path / told[:14].replace(" ", "") / "history"
        folder.parent.mkdir()
        with pytest.raises(PlanError, match=told):
            forecast_catalogue(written(folder, wrong), folder.with_name("to"), 6)
    with pytest.raises(PlanError, match="cannot be read"):
        forecast_catalogue(tmp_path / "nothing", tmp_path / "to", 6)
    with pytest.raises(PlanError, match="is not empty; give a new folder"):
        forecast_catalogue(folder, folder, 6)
    with pytest.raises(PlanError, match=r"cannot be read"):
        forecast_catalogue(f"sqlite:///{tmp_path / 'none.db'}", tmp_path / "to", 6)
