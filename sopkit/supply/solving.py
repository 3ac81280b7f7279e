"""From a labelled programme to numbers: the matrix, and one quiet run of HiGHS over it."""

from dataclasses import dataclass, replace

import numpy as np

from sopkit.errors import PlanError


@dataclass(frozen=True)
class Programme:
    """minimise cost · x with row_lower ≤ A x ≤ row_upper, lower ≤ x ≤ upper; ``columns`` and ``rows`` say where each name stands."""

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

    def bounded(self, name: str, lower: np.ndarray, upper: np.ndarray) -> "Programme":
        """The same programme with other limits on one variable."""
        low, high = self.lower.copy(), self.upper.copy()
        low[self.columns[name]], high[self.columns[name]] = lower, upper
        return replace(self, lower=low, upper=high)


@dataclass(frozen=True)
class Solution:
    """Values of columns, prices of rows and columns (change of cost per unit of their limit), and how it ended."""

    values: np.ndarray
    row_prices: np.ndarray
    column_prices: np.ndarray
    basis: object
    gap: float  # achieved relative gap of a whole-number plan, 0 for a linear one


def programme_of(book) -> Programme:
    """The matrix of a labelled model."""
    model = book.model
    parts = model.matrices
    matrix, sense, right = parts.A.tocsc(), np.asarray(parts.sense), np.asarray(parts.b, dtype="float64")
    column_of, row_of = _position(parts.vlabels), _position(parts.clabels)
    return Programme(
        matrix=matrix, lower=np.asarray(parts.lb, dtype="float64"), upper=np.asarray(parts.ub, dtype="float64"),
        row_lower=np.where(sense == "<", -np.inf, right), row_upper=np.where(sense == ">", np.inf, right),
        whole=np.isin(np.asarray(parts.vtypes), ["I", "B"]),
        columns={name: column_of(variable.labels.values) for name, variable in model.variables.items()},
        rows={name: row_of(constraint.labels.values) for name, constraint in model.constraints.items()},
    )


def solve(programme: Programme, cost: np.ndarray, *, start=None, gap: float = 1e-3, time_limit: float = 60, guess=None) -> Solution | None:
    """The cheapest solution, or None where the limits contradict each other; nothing is printed.

    ``start`` is a basis to begin from, ``guess`` column values to begin a whole-number search from.
    """
    import highspy

    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    solver.passModel(_highs_model(highspy, programme, cost))
    whole = bool(programme.whole.any())
    if whole:
        solver.setOptionValue("mip_rel_gap", float(gap))
        solver.setOptionValue("time_limit", float(time_limit))
        if guess is not None:
            solver.setSolution(_values(highspy, guess))
    elif start is not None:
        solver.setBasis(start)
    solver.run()
    status, info = solver.getModelStatus(), solver.getInfo()
    infeasible = (highspy.HighsModelStatus.kInfeasible, highspy.HighsModelStatus.kUnboundedOrInfeasible)
    if status in infeasible:
        return None
    if status != highspy.HighsModelStatus.kOptimal and not (whole and np.isfinite(info.objective_function_value)
                                                           and info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible):
        if whole:
            raise PlanError(f"no plan in whole lots or workers was found in {time_limit:g} s; raise time_limit or widen gap")
        raise RuntimeError(f"the plan could not be computed: {solver.modelStatusToString(status)}")
    found = solver.getSolution()
    return Solution(
        values=np.asarray(found.col_value), row_prices=np.asarray(found.row_dual), column_prices=np.asarray(found.col_dual),
        basis=None if whole else solver.getBasis(), gap=max(float(info.mip_gap), 0.0) if whole else 0.0,
    )


def _highs_model(highspy, programme: Programme, cost: np.ndarray):
    lp = highspy.HighsLp()
    lp.num_row_, lp.num_col_ = programme.matrix.shape
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = cost, programme.lower, programme.upper
    lp.row_lower_, lp.row_upper_ = programme.row_lower, programme.row_upper
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_, lp.a_matrix_.index_ = programme.matrix.indptr, programme.matrix.indices
    lp.a_matrix_.value_ = programme.matrix.data
    if programme.whole.any():
        kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
        lp.integrality_ = [kinds[int(whole)] for whole in programme.whole]
    return lp


def _values(highspy, guess: np.ndarray):
    solution = highspy.HighsSolution()
    solution.col_value = list(guess)
    return solution


def _position(labels: np.ndarray):
    """A function from linopy's labels to positions; −1 where a label is not in the programme."""
    labels = np.asarray(labels)
    lookup = np.full(int(labels.max(initial=-1)) + 2, -1)
    lookup[labels] = np.arange(len(labels))
    return lambda wanted: lookup[wanted]
