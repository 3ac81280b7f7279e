"""Lives of items: launches, retirements with a successor, and breaks of level."""

import numpy as np
import pandas as pd

from tests.company.span import Span

RAMP = (0.25, 0.45, 0.7, 0.9)


def launches(traits: pd.DataFrame, span: Span) -> pd.DataFrame:
    """The launches table: a pump in its fifth month, a controller that comes in five months."""
    rows = []
    for family, members in traits.groupby("family", sort=False):
        item = members["item"].to_numpy()
        if members["kind"].iloc[0] == 0:
            rows.append((item[-1], item[1], span.date(span.past - 5), 0.8, item[2], None, 0.35))
        if members["kind"].iloc[0] == 3:
            rows.append((item[-1], item[1], span.date(span.past + 4), 0.7, None, family, 0.25))
    frame = pd.DataFrame(
        rows,
        columns=[
            "item",
            "like_item",
            "launched_on",
            "peak",
            "cannibalised_item",
            "cannibalised_family",
            "cannibalisation",
        ],
    )
    return frame.assign(ramp=";".join(str(step) for step in RAMP))


def retirements(traits: pd.DataFrame, span: Span) -> pd.DataFrame:
    """Two valves of each family: one gone for 16 months, one that goes in four; item, retired_on,
    successor.
    """
    rows = []
    for _, members in traits[traits["kind"] == 1].groupby("family", sort=False):
        item = members["item"].to_numpy()
        rows.append((item[-1], span.date(span.past - 17, last=True), item[1]))
        rows.append((item[-2], span.date(span.past + 3, last=True), item[2]))
    return pd.DataFrame(rows, columns=["item", "retired_on", "successor"])


def breaks(traits: pd.DataFrame, span: Span) -> pd.DataFrame:
    """Items whose level breaks: a customer lost (pumps), a customer won (valves); item, bucket,
    factor.
    """
    rows = [
        (members["item"].iloc[3], span.date(span.past - back), factor)
        for kind, back, factor in ((0, 10, 0.62), (1, 15, 1.4))
        for _, members in traits[traits["kind"] == kind].groupby("family", sort=False)
    ]
    return pd.DataFrame(rows, columns=["item", "bucket", "factor"])


def live(
    demand: np.ndarray, traits: pd.DataFrame, span: Span, born: pd.DataFrame, gone: pd.DataFrame
) -> np.ndarray:
    """Expected demand (item, market, month) after launches, what they take, and hand-overs to
    successors.
    """
    demand, place = demand.copy(), pd.Series(np.arange(len(traits)), index=traits["item"])
    for row in born.itertuples():
        demand = _launch(demand, traits, span, place, row)
    for row in gone.itertuples():
        after = span.buckets > np.datetime64(row.retired_on)
        demand[place[row.successor]][:, after] += demand[place[row.item]][:, after]
        demand[place[row.item]][:, after] = 0
    return demand


def _launch(demand, traits, span, place, row):
    age = np.maximum((span.months - np.datetime64(row.launched_on, "M")).astype(int), -1)
    curve = np.array([*RAMP, *[1.0] * len(age), 0.0])[
        age
    ]  # age −1, unborn, reads the zero at the end
    new = demand[place[row.like_item]] * row.peak * curve
    losers = (
        (traits["item"] == row.cannibalised_item)
        if row.cannibalised_item
        else (traits["family"] == row.cannibalised_family)
    )
    losers = np.flatnonzero(losers & (traits["item"] != row.item))
    pool = demand[losers]
    taken = np.minimum(new * row.cannibalisation, 0.8 * pool.sum(axis=0))
    demand[losers] = pool * (1 - taken / np.maximum(pool.sum(axis=0), 1e-9))
    demand[place[row.item]] = new
    return demand
