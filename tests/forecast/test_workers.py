"""Chunks and workers do not change a number."""

import importlib
import subprocess
import sys

import pandas as pd

from sopkit.forecast import forecast, sample_paths
from tests.forecast.series import company


def test_chunks_change_nothing(monkeypatch):
    frame = company(12)
    whole = forecast(frame, 6)
    monkeypatch.setattr(importlib.import_module("sopkit.forecast.fit"), "CHUNK", 5)
    pd.testing.assert_frame_equal(whole, forecast(frame, 6), check_exact=False, rtol=1e-12)


def test_two_processes_over_tcp_give_the_same_numbers(cluster):
    from distributed import Client

    frame, address = company(9), cluster.scheduler_address
    here = forecast(frame, 6)
    with Client(cluster) as client:
        pd.testing.assert_frame_equal(here, forecast(frame, 6, client=client), check_exact=True)
    pd.testing.assert_frame_equal(here, forecast(frame, 6, client=address), check_exact=True)
    assert (
        sample_paths(frame, 3, paths=5, client=address) == sample_paths(frame, 3, paths=5)
    ).all()


def test_import_leaves_the_heavy_libraries_alone():
    heavy = "statsmodels scipy distributed matplotlib".split()
    code = f"import sys, sopkit.forecast; print([name for name in {heavy} if name in sys.modules])"
    assert (
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout.strip()
        == "[]"
    )
