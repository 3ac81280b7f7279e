"""Run by the peers' own Python (statsforecast pins pandas below 3): forecasts a file's series with
each model and notes CPU seconds.

``python forecast_peers.py INPUT.npz OUTPUT.npz`` with values (series, bucket; NaN before the
start), horizon, season and the models' names.
"""

import os

os.environ.update(OMP_NUM_THREADS="1", NUMBA_NUM_THREADS="1")

import sys
import time
import warnings

import numpy as np
import pandas as pd

MODELS = {
    "AutoETS": lambda models, season: models.AutoETS(season_length=season),
    "DynamicOptimizedTheta": lambda models, season: models.DynamicOptimizedTheta(
        season_length=season
    ),
    "AutoCES": lambda models, season: models.AutoCES(season_length=season),
    "Croston-SBA": lambda models, season: models.CrostonSBA(),
    "TSB": lambda models, season: models.TSB(alpha_d=0.1, alpha_p=0.05),
    "ADIDA": lambda models, season: models.ADIDA(),
    "IMAPA": lambda models, season: models.IMAPA(),
}


def main(source, target):
    warnings.filterwarnings("ignore")
    from statsforecast import StatsForecast, models

    task = np.load(source)
    frame, horizon, results = long(task["values"]), int(task["horizon"]), {}
    for name in task["models"]:
        engine = StatsForecast([MODELS[str(name)](models, int(task["season"]))], freq=1, n_jobs=1)
        engine.forecast(df=frame[frame["unique_id"] < 10], h=horizon)
        began = time.process_time()
        ahead = engine.forecast(df=frame, h=horizon).sort_values(["unique_id", "ds"])
        results[f"seconds {name}"] = time.process_time() - began
        results[str(name)] = ahead.iloc[:, -1].to_numpy(dtype=float).reshape(-1, horizon)
    np.savez(target, **results)


def long(values) -> pd.DataFrame:
    rows, columns = np.nonzero(~np.isnan(values))
    return pd.DataFrame({"unique_id": rows, "ds": columns + 1, "y": values[rows, columns]})


if __name__ == "__main__":
    main(*sys.argv[1:])
