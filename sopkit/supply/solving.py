"""From a labelled programme to numbers: the matrix, and how a plan of its size is solved best."""

from dataclasses import dataclass, replace

import numpy as np

from sopkit.supply.highs import Solution, Start, run
from sopkit.supply.interior import Point, interior_point
from sopkit.supply.rounding import fractional, whole_guess

LARGE = 2_500  # rows from which an interior point pays
CORNERED = 8_000  # rows up to which a corner of it is found at once


@dataclass(frozen=True)
class Programme:
    """minimise cost · x with row_lower ≤ A x ≤ row_upper, lower ≤ x ≤ upper; ``columns`` and
    ``rows`` say where each name stands.
    """

    matrix: object  # scipy CSC
    lower: np.ndarray
    upper: np.ndarray
    row_lower: np.ndarray
    row_upper: np.ndarray
    whole: np.ndarray  # True where x must be a whole number
    columns: dict[str, np.ndarray]  # variable name → positions, shaped as the variable
    rows: dict[str, np.ndarray]  # constraint name → positions, −1 where masked

    def vector(self, values: dict[str, np.ndarray]) -> np.ndarray:
        """One number per column from arrays by variable name; 0 for a name not given."""
        flat = np.zeros(len(self.lower))
        for name, at in self.columns.items():
            if name in values:
                flat[at] = values[name]
        return flat

    def without(self, names: tuple[str, ...]) -> "Programme":
        """The same programme with nothing asked of the rows of these constraints."""
        low, high = self.row_lower.copy(), self.row_upper.copy()
        for name in names:
            at = self.rows.get(name, np.zeros(0, dtype=int))
            low[at[at >= 0]], high[at[at >= 0]] = -np.inf, np.inf
        return replace(self, row_lower=low, row_upper=high)

    def fixed(self, values: np.ndarray) -> "Programme":
        """The linear programme in which every whole number stands at its value."""
        chosen = np.round(values)
        return replace(
            self,
            lower=np.where(self.whole, chosen, self.lower),
            upper=np.where(self.whole, chosen, self.upper),
            whole=np.zeros_like(self.whole),
        )

    def bounded(self, name: str, lower: np.ndarray, upper: np.ndarray) -> "Programme":
        """The same programme with other limits on one variable."""
        low, high = self.lower.copy(), self.upper.copy()
        low[self.columns[name]], high[self.columns[name]] = lower, upper
        return replace(self, lower=low, upper=high)


def programme_of(book) -> Programme:
    """The matrix of a labelled model."""
    model = book.model
    parts = model.matrices
    matrix, sense, right = (
        parts.A.tocsc(),
        np.asarray(parts.sense),
        np.asarray(parts.b, dtype="float64"),
    )
    column_of, row_of = _position(parts.vlabels), _position(parts.clabels)
    return Programme(
        matrix=matrix,
        lower=np.asarray(parts.lb, dtype="float64"),
        upper=np.asarray(parts.ub, dtype="float64"),
        row_lower=np.where(sense == "<", -np.inf, right),
        row_upper=np.where(sense == ">", np.inf, right),
        whole=np.isin(np.asarray(parts.vtypes), ["I", "B"]),
        columns={
            name: column_of(variable.labels.values) for name, variable in model.variables.items()
        },
        rows={
            name: row_of(constraint.labels.values) for name, constraint in model.constraints.items()
        },
    )


def solve(
    programme: Programme, cost: np.ndarray, *, start=None, gap: float = 1e-3, time_limit: float = 60
) -> Solution | None:
    """The cheapest solution, or None where the limits contradict each other.

    Whole numbers are searched for within ``gap`` and ``time_limit``. A plan without them begins
    from the basis ``start`` if it fits; else a large one is solved from inside (to about eight
    digits), and up to a middle size HiGHS makes an exact corner of that.
    """
    if programme.whole.any():
        relaxed = solve(fractional(programme), cost)
        if relaxed is None:
            return None
        return run(
            programme,
            cost,
            gap=gap,
            time_limit=time_limit,
            guess=whole_guess(programme, cost, relaxed.values, solve),
        )
    if start is not None and start.fits(programme):
        return run(programme, cost, start=start)
    if len(programme.row_lower) < LARGE:
        return run(programme, cost)
    point = interior_point(programme, cost)
    if point is None:
        return run(programme, cost)
    if len(programme.row_lower) > CORNERED:
        return Solution(point.values, point.row_prices, point.column_prices, None, 0.0)
    return run(programme, cost, start=_corner(programme, point))


def _corner(programme: Programme, point: Point) -> Start:
    """The basis nearest to an interior point: free what is away from its limits, hold the rest
    where it leans.
    """
    rows = programme.matrix @ point.values
    return Start(
        _leaning(point.values, programme.lower, programme.upper, point.column_prices),
        _leaning(rows, programme.row_lower, programme.row_upper, point.row_prices),
        alien=True,
    )


def _leaning(values, lower, upper, prices) -> np.ndarray:
    """−1 at the lower limit, 1 at the upper, 0 free: at a limit is what is nearer to it than its
    price is to 0.
    """
    fixed = lower == upper
    low = (prices > 0) & (values - lower <= prices) | fixed & (prices >= 0)
    high = (prices < 0) & (upper - values <= -prices) | fixed & (prices < 0)
    return np.where(low, -1, np.where(high, 1, 0))


def _position(labels: np.ndarray):
    """A function from linopy's labels to positions; −1 where a label is not in the programme."""
    labels = np.asarray(labels)
    lookup = np.full(int(labels.max(initial=-1)) + 2, -1)
    lookup[labels] = np.arange(len(labels))
    return lambda wanted: lookup[wanted]
