"""What money of a market is worth in the company's."""

import numpy as np
import pandas as pd


def worth(markets, exchange_rates, names, buckets, own="") -> np.ndarray:
    """(market, bucket) what a unit of each market's money is worth in the company's ``own``: the
    rate of the bucket, else the last one told before, else the first one told; 1 for a market
    without a currency, NaN for a currency without a rate. Both tables are declared.

    >>> markets = pd.DataFrame({"market": ["US"], "currency": ["USD"]})
    >>> told = pd.to_datetime(["2026-01-01", "2026-03-01"])
    >>> rates = pd.DataFrame({"currency": "USD", "bucket": told, "rate": [0.9, 0.8]})
    >>> months = pd.date_range("2026-01-01", periods=3, freq="MS")
    >>> worth(markets, rates, ["US", "Home"], months).tolist()
    [[0.9, 0.9, 0.8], [1.0, 1.0, 1.0]]
    """
    buckets = pd.DatetimeIndex(buckets)
    told = exchange_rates.pivot_table("rate", "bucket", "currency", "last").sort_index()
    told = told.reindex(told.index.union(buckets)).ffill().bfill().reindex(buckets)
    of = markets.drop_duplicates("market").set_index("market")["currency"]
    of = of.reindex(names).fillna("").replace(own, "")
    return told.assign(**{"": 1.0}).reindex(columns=of).to_numpy(dtype=float).T
