"""Histories that the forecast tests share."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

REAL = Path(__file__).parents[3] / "shared" / "real"
needs_real = pytest.mark.skipif(not REAL.exists(), reason="../shared/real is absent")


def history(item, values, freq="MS", start="2022-01-01", **extra) -> pd.DataFrame:
    values = np.asarray(values, dtype=float)
    return pd.DataFrame(
        {
            "item": item,
            **extra,
            "bucket": pd.date_range(start, periods=len(values), freq=freq),
            "quantity": values,
        }
    )


def seasonal(length=48, level=100.0, noise=0.05, seed=1, season=12) -> np.ndarray:
    steps = np.arange(length)
    wave = 1 + 0.3 * np.sin(2 * np.pi * steps / season)
    return level * wave * np.exp(np.random.default_rng(seed).normal(0, noise, length))


def company(items=12, length=48, seed=3) -> pd.DataFrame:
    """A panel of regular and rare items with different starts."""
    rng, parts = np.random.default_rng(seed), []
    for place in range(items):
        values = seasonal(length - place, 20.0 * (place + 1), 0.15, seed + place)
        if place % 3 == 2:
            values = np.where(rng.random(len(values)) < 0.3, rng.poisson(4, len(values)) + 1, 0)
        parts.append(
            history(
                f"I{place:02d}",
                values,
                start=pd.Timestamp("2022-01-01") + pd.DateOffset(months=place),
            )
        )
    return pd.concat(parts, ignore_index=True)


def m1() -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """The M1 monthly history (made-up months), its test values (series, 18) and each series'
    in-sample seasonal move.
    """
    data = pd.read_parquet(REAL / "m1_monthly.parquet").sort_values(["unique_id", "t"])
    train, test = data[data["split"] == "train"], data[data["split"] == "test"]
    months = pd.date_range("1970-01-01", periods=int(data["t"].max()) + 1, freq="MS")
    frame = pd.DataFrame(
        {"item": train["unique_id"], "bucket": months[train["t"]], "quantity": train["y"]}
    )
    scale = train.groupby("unique_id")["y"].apply(
        lambda y: np.abs(y.to_numpy()[12:] - y.to_numpy()[:-12]).mean()
    )
    return frame, test["y"].to_numpy().reshape(-1, 18), scale.to_numpy()


def rare_parts(months=12) -> tuple[pd.DataFrame, np.ndarray]:
    """The spare parts' history and the last months held out (item, month)."""
    data = pd.read_parquet(REAL / "raf_1000.parquet").sort_values(["item", "bucket"])
    cut = data["bucket"].max() - pd.DateOffset(months=months - 1)
    return data[data["bucket"] < cut], data.loc[
        data["bucket"] >= cut, "quantity"
    ].to_numpy().reshape(-1, months)
