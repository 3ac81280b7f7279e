"""The forecast's backtest as plan tables: accuracy by item and model, and what the baseline added
to the naive forecast.
"""

import numpy as np
import pandas as pd

from sopkit.metrics.stages import COMPANY, families
from sopkit.tables import PLANS

STAGE_OF = {
    "seasonal naive": "naive",
    "chosen": "baseline",
}  # backtest method → stage of the demand plan


def backtest_accuracy(backtest) -> pd.DataFrame:
    """The declared ``forecast_accuracy`` rows (source backtest) of ``sopkit.forecast.backtest``'s
    frame, markets pooled.

    WAPE and bias pool by demand, MASE and coverage by cells, RMSSE by the cells' squares.
    """
    if backtest.empty:
        return PLANS["forecast_accuracy"].empty()
    rows = backtest.assign(
        missed=backtest["wape"] * backtest["demand"],
        error=backtest["bias"] * backtest["demand"],
        scaled=backtest["mase"] * backtest["cells"],
        squared=backtest["rmsse"] ** 2 * backtest["cells"],
        inside=backtest["coverage"] * backtest["cells"],
        scaled_cells=backtest["cells"].where(backtest["mase"].notna()),
        squared_cells=backtest["cells"].where(backtest["rmsse"].notna()),
    )
    sums = rows.groupby(["item", "method", "lag"]).sum(numeric_only=True)
    demand = sums["demand"].where(sums["demand"] > 0)
    pooled = pd.DataFrame(
        {
            "wape": sums["missed"] / demand,
            "bias": sums["error"] / demand,
            "mase": sums["scaled"] / sums["scaled_cells"].where(sums["scaled_cells"] > 0),
            "rmsse": np.sqrt(
                sums["squared"] / sums["squared_cells"].where(sums["squared_cells"] > 0)
            ),
            "coverage": sums["inside"] / sums["cells"],
        }
    )
    return PLANS["forecast_accuracy"].conform(
        pooled.reset_index().rename(columns={"method": "model"}).assign(source="backtest")
    )


def backtest_value_added(backtest, items) -> pd.DataFrame:
    """The declared ``value_added`` rows (source backtest): naive and baseline by company, family
    and item, errors at item × market.

    >>> rows = pd.DataFrame({"item": "A", "market": "N", "method": ["seasonal naive", "chosen"], "lag": 1, "wape": [0.4, 0.3], "demand": 100.0})
    >>> table = backtest_value_added(rows, pd.DataFrame({"item": ["A"], "family": ["F"]}))
    >>> table.query("level == 'family' and stage == 'baseline'")["value_added"].round(6).tolist()
    [0.1]
    """
    rows = backtest[backtest["method"].isin(STAGE_OF)]
    if rows.empty:
        return PLANS["value_added"].empty()
    rows = rows.assign(stage=rows["method"].map(STAGE_OF), missed=rows["wape"] * rows["demand"])
    names = {"item": rows["item"], "family": rows["item"].map(families(items)), "company": COMPANY}
    parts = [_steps(rows.assign(name=name)).assign(level=level) for level, name in names.items()]
    return PLANS["value_added"].conform(
        pd.concat(parts, ignore_index=True).assign(source="backtest")
    )


def _steps(rows):
    sums = rows.groupby(["name", "lag", "stage"])[["missed", "demand"]].sum()
    wape = (sums["missed"] / sums["demand"].where(sums["demand"] > 0)).unstack("stage")
    step = pd.DataFrame(
        {"naive": np.nan, "baseline": wape.get("naive", np.nan) - wape.get("baseline", np.nan)},
        index=wape.index,
    )
    long = pd.DataFrame(
        {
            "wape": wape.stack(future_stack=True),
            "value_added": step[list(wape.columns)].stack(future_stack=True),
        }
    )
    return long.rename_axis(["name", "lag", "stage"]).reset_index()
