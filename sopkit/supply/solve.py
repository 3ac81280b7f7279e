"""A labelled model solved by HiGHS, every block of it by itself; values and prices come back at
linopy's labels.
"""

import copyreg
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from sopkit.errors import PlanError
from sopkit.workers import spread

BATCH = 1_000  # rows to which parts are joined: a run of its own costs a millisecond
TINY = 200  # rows of a part of one or a few items
WIDE = 20  # entries of a row that holds many items together: an hour of a resource
MANY = 150  # wide rows from which an interior point beats the simplex method
INSIDE = {  # balance rows are short chains: normal equations ordered by least degree stay sparse
    "solver": "hipo",
    "hipo_system": "normaleq",
    "hipo_ordering": "amd",
}
WOVEN = {"solver": "ipx"}  # chains tied by parts fill normal equations
BASIS = ("col_status", "row_status", "valid", "alien", "was_alien")  # what a start needs
DIRECT = {  # tiny parts need a step a row: looking for better ones takes longer
    "solver": "simplex",
    "presolve": "off",
    "simplex_dual_edge_weight_strategy": 0,
}


@dataclass(frozen=True)
class Solved:
    """What HiGHS found for a programme."""

    values: np.ndarray  # by the label of a variable
    prices: np.ndarray  # by the label of a constraint; NaN where a label has none
    gap: float  # achieved relative gap, 0 without whole numbers
    basis: list  # of each block, to ``start`` a later solve from


def solve(
    parts, cost, *, gap: float = 1e-3, time_limit: float = 60, start=None, scheduler=None
) -> Solved | None:
    """The ``Solved`` programme of linopy's matrices at the least ``cost`` (money per unit of every
    column); None where the limits contradict each other.

    ``gap`` and ``time_limit`` (seconds) bound the search for whole numbers; raises ``PlanError``
    where none are found in time. Blocks are solved by threads, or by the workers of a dask
    ``scheduler``. ``Model.solve`` is not used as it prints HiGHS's banner, knows
    neither blocks nor threads, and loses the basis.
    """
    each = blocks(parts.A)
    whole = parts.vtypes == "I"
    wide = np.diff(parts.A.indptr) > WIDE

    def task(block, basis):
        rows, columns, tiny = block
        options = {"solver": "simplex"}
        if whole[columns].any():
            share = max(len(rows), BATCH) / max(len(parts.b), BATCH)
            options = {"mip_rel_gap": float(gap), "time_limit": float(time_limit * share)}
        elif tiny:
            options = DIRECT
        elif wide[rows].sum() > MANY:
            matrix = parts.A[rows][:, columns]
            woven = _sizes(matrix[~wide[rows]])[0].max(initial=0) > TINY
            basis, options = None, WOVEN if woven else INSIDE
        limits = parts.A[rows][:, columns], parts.sense[rows], parts.b[rows]
        bounds = parts.lb[columns], parts.ub[columns], whole[columns]
        return cost[columns], *limits, *bounds, options, basis

    tasks = map(task, each, start or [None] * len(each))
    with ThreadPoolExecutor() as threads:
        found = list(spread(_run, tasks, scheduler, threads.map))
    if None in found:
        return None
    values, prices, gaps = np.zeros(len(cost)), np.full(parts.clabels.max() + 1, np.nan), [0.0]
    for (rows, columns, _), (value, dual, left, _) in zip(each, found):
        values[columns] = value  # no label of a variable is left out
        prices[parts.clabels[rows]] = dual
        if whole[columns].any():
            gaps.append(left)
    return Solved(values, prices, max(gaps), [basis for *_, basis in found])


def blocks(matrix) -> list[tuple[np.ndarray, np.ndarray, bool]]:
    """(rows, columns, whether all parts are tiny) of the blocks into which a matrix falls: what
    shares no constraint, small parts joined.

    >>> from scipy.sparse import csr_array
    >>> apart = csr_array([[1, 1, 0], [0, 0, 1]])
    >>> [(rows.tolist(), columns.tolist()) for rows, columns, _ in blocks(apart)]
    [([0, 1], [0, 1, 2])]
    """
    size, part = _sizes(matrix)
    _, batch = np.unique((np.cumsum(size) - 1) // BATCH, return_inverse=True)
    largest = np.zeros(len(size))
    np.maximum.at(largest, batch, size)
    of_row, of_column = np.split(batch[part], [matrix.shape[0]])
    return [
        (np.flatnonzero(of_row == one), np.flatnonzero(of_column == one), largest[one] <= TINY)
        for one in range(batch.max() + 1)
    ]


def _sizes(matrix) -> tuple[np.ndarray, np.ndarray]:
    """How many rows each part of a matrix has that shares no column with others, and the part of
    every row, then of every column.
    """
    from scipy.sparse import block_array
    from scipy.sparse.csgraph import connected_components

    graph = block_array([[None, matrix], [matrix.T, None]])
    count, part = connected_components(graph, directed=False)
    return np.bincount(part[: matrix.shape[0]], minlength=count), part


def _run(cost, matrix, sense, right, lower, upper, whole, options, start):
    """Values, prices, gap and basis of one quiet run of HiGHS; None where the rows allow
    nothing.
    """
    import highspy

    copyreg.pickle(highspy.HighsBasis, _kept)
    solver = highspy.Highs()
    # one thread: the same plan on every machine
    for name, value in {"output_flag": False, "threads": 1, **options}.items():
        solver.setOptionValue(name, value)
    solver.passModel(
        len(cost),
        len(right),
        matrix.nnz,
        int(highspy.MatrixFormat.kRowwise),
        int(highspy.ObjSense.kMinimize),
        0.0,
        cost,
        lower,
        upper,
        np.where(sense == "<", -np.inf, right),
        np.where(sense == ">", np.inf, right),
        matrix.indptr,
        matrix.indices,
        matrix.data,
        whole,
    )
    if start and start.valid:
        solver.setBasis(start)
    solver.run()
    status, kinds = solver.getModelStatus(), highspy.HighsModelStatus
    if status in (kinds.kInfeasible, kinds.kUnboundedOrInfeasible):
        return None
    if status != kinds.kOptimal and "solver" in options:  # a start or method that led nowhere
        return _run(cost, matrix, sense, right, lower, upper, whole, {}, None)
    if solver.getInfo().primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
        said = solver.modelStatusToString(status)
        if whole.any():
            raise PlanError(f"no plan was found in time ({said}); raise time_limit or widen gap")
        raise PlanError(
            f"no plan was found ({said}): numbers lie too far apart; look for a wrong unit in"
            " prices, costs, demand or hours_per_unit"
        )
    found = solver.getSolution()
    return found.col_value, found.row_dual, solver.getInfo().mip_gap, solver.getBasis()


def _kept(basis):
    """How a basis travels between processes."""
    return _basis, ({name: getattr(basis, name) for name in BASIS},)


def _basis(told):
    import highspy

    basis = highspy.HighsBasis()
    for name, value in told.items():
        setattr(basis, name, value)
    return basis
