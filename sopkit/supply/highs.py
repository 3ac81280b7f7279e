"""One quiet run of HiGHS."""

from dataclasses import dataclass

import numpy as np

from sopkit.errors import PlanError

ENOUGH = 20_000  # steps from a start that does not lead anywhere


@dataclass(frozen=True)
class Start:
    """Where each column and row stands in a solution: −1 at its lower limit, 1 at its upper, 0
    free; ``alien`` = a guess to be repaired.
    """

    columns: np.ndarray
    rows: np.ndarray
    alien: bool = False

    def fits(self, programme) -> bool:
        """Whether it has the programme's shape."""
        return (len(self.rows), len(self.columns)) == programme.matrix.shape


@dataclass(frozen=True)
class Solution:
    """Values of columns, prices of rows and columns (change of cost per unit of their limit), and
    how it ended.
    """

    values: np.ndarray
    row_prices: np.ndarray
    column_prices: np.ndarray
    start: Start | None
    gap: float  # achieved relative gap of a whole-number plan, 0 for a linear one


def run(
    programme,
    cost: np.ndarray,
    *,
    start: Start | None = None,
    gap: float = 1e-3,
    time_limit: float = 60,
    guess=None,
) -> Solution | None:
    """The cheapest solution, or None where the limits contradict each other; nothing is printed, no
    file is left.

    ``start`` is a basis to begin from, ``guess`` column values to begin a whole-number search from.
    """
    import highspy

    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    solver.passModel(_model(highspy, programme, cost))
    whole = bool(programme.whole.any())
    if whole:
        solver.setOptionValue("mip_rel_gap", float(gap))
        solver.setOptionValue("time_limit", float(time_limit))
        if guess is not None:
            solver.setSolution(_values(highspy, guess))
    elif start is not None:
        solver.setBasis(_basis(highspy, programme, start))
        solver.setOptionValue("simplex_iteration_limit", ENOUGH)
    solver.run()
    status, info = solver.getModelStatus(), solver.getInfo()
    kinds = highspy.HighsModelStatus
    if status in (kinds.kInfeasible, kinds.kUnboundedOrInfeasible):
        return None
    feasible = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    if status != kinds.kOptimal and not (whole and feasible):
        if whole:
            raise PlanError(
                f"no plan in whole lots or workers was found in {time_limit:g} s; raise time_limit"
                " or widen gap"
            )
        if start is not None:
            return run(programme, cost)
        raise RuntimeError(f"the plan could not be computed: {solver.modelStatusToString(status)}")
    found = solver.getSolution()
    return Solution(
        values=np.asarray(found.col_value),
        row_prices=np.asarray(found.row_dual),
        column_prices=np.asarray(found.col_dual),
        start=None if whole else _start(highspy, solver.getBasis()),
        gap=max(float(info.mip_gap), 0.0) if whole else 0.0,
    )


def _model(highspy, programme, cost: np.ndarray):
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


def _basis(highspy, programme, start: Start):
    kinds = highspy.HighsBasisStatus
    name = {-1: kinds.kLower, 0: kinds.kBasic, 1: kinds.kUpper}
    basis = highspy.HighsBasis()
    columns = np.where((start.columns > 0) & ~np.isfinite(programme.upper), -1, start.columns)
    basis.col_status = [name[kind] for kind in columns.tolist()]
    basis.row_status = [name[kind] for kind in start.rows.tolist()]
    basis.valid, basis.alien = True, start.alien
    return basis


def _start(highspy, basis) -> Start:
    kinds = highspy.HighsBasisStatus
    number = {kinds.kLower: -1, kinds.kBasic: 0, kinds.kUpper: 1}
    return Start(
        *(
            np.array([number.get(kind, -1) for kind in part])
            for part in (basis.col_status, basis.row_status)
        )
    )
