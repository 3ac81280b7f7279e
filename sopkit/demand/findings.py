"""What cleansing finds: demand, a flag and a reason for each cell of history."""

from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Findings:
    """Demand, flag and reason on the grid of history while it is being cleansed."""

    demand: np.ndarray
    flag: np.ndarray
    reason: np.ndarray

    def note(self, where, demand, flag, reasons) -> "Findings":
        """The findings with ``demand``, one ``flag`` and a reason at each place; the first flag of
        a cell stands.
        """
        where = where & (self.flag == "")
        changed, flags, why = (
            np.where(where, demand, self.demand),
            self.flag.copy(),
            self.reason.copy(),
        )
        flags[where] = flag
        why[where] = [reasons(*at) for at in zip(*np.nonzero(where))]
        return Findings(changed, flags, why)


def families(grid) -> np.ndarray:
    """Number of each series' family."""
    return pd.factorize(grid.series["family"])[0]


def units(value) -> str:
    """Units in a sentence.

    >>> units(1234.5), units(1.25)
    ('1,234', '1.2')
    """
    return f"{value:,.0f}" if abs(value) >= 10 else f"{value:,.2g}"
