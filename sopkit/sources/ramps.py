"""Ramps: the fractions of a launch, written in one cell and separated by ;."""

import numpy as np

from sopkit.sources.cells import to_number


def check_ramps(reading):
    """A ramp holds numbers of at least 0, separated by ;."""
    ramps = reading.tables["launches"]["ramp"].dropna()
    if not len(ramps):
        return
    parts = ramps.str.split(";").explode().str.strip()
    values, _ = to_number(parts)
    rows = np.unique(parts.index[~(values.to_numpy() >= 0)])
    reading.say(
        "not a number",
        "launches",
        rows,
        "ramp",
        ramps.loc[rows],
        "holds a part that is no number of at least 0",
        "write fractions separated by ;, for example 0.2;0.5;1",
    )
