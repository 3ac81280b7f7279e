"""How long supply plans take, beside HiGHS on the same matrix: ``python -m tests.benchmarks supply
[full]``.
"""

import os
import resource
import sys
import time

import numpy as np

from tests.benchmarks.supply_case import bought, company, levels

CASES = [
    ("200 × 10", lambda: company(200, 10), "1.5 s"),
    ("2,000 bought", lambda: bought(2_000), "1 s"),
    ("2,000 × 20", lambda: company(2_000, 20), "15 s"),
    ("2,000 × 20 in levels", lambda: levels(2_000, 20), "40 s"),
    ("10,000 × 50", lambda: company(10_000, 50), "200 s, 4 GiB"),
]
PATIENCE = 600  # seconds that HiGHS alone may take
LARGE = 100_000  # columns from which HiGHS alone gets its interior point


def main():
    """Prints seconds by part for each size, the same matrix in HiGHS as it comes, and the plan
    under uncertainty.

    The largest matrix is handed to HiGHS alone only when asked for with ``full``.
    """
    from sopkit.supply import plan_supply

    plan_supply(**company(20, 3))  # the first call loads libraries
    print(
        f"\nSupply plans, 24 months, workforce, overtime and safety stock ({os.cpu_count()} cores,"
        " wall clock, processor time in brackets)"
    )
    print(
        f"{'items × resources':<20}{'read':>8}{'build':>8}{'solve':>17}{'whole plan':>17}"
        f"{'goal':>14}{'HiGHS alone':>22}{'difference':>12}{'peak':>10}"
    )
    for name, make, goal in CASES:
        case = make()
        total = _timed(lambda: plan_supply(**case))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        book, parts = _parts(case)
        alone = _alone(*book) if len(case["items"]) < 10_000 or "full" in sys.argv else None
        beside = f"{alone[0]:.1f} s {alone[1]}" if alone else "(ask with full)"
        off = f"{parts['objective'] / alone[2] - 1:+.0e}" if alone and alone[2] else ""
        print(
            f"{name:<20}{parts['read']:>6.1f} s{parts['build']:>6.1f} s{_both(parts['solve']):>17}"
            f"{_both(total):>17}{goal:>14}{beside:>22}{off:>12}{peak:>6.2f} GiB",
            flush=True,
        )
    _uncertainty(company(200, 10))
    _stability(company(200, 10, 25))


def _parts(case) -> tuple:
    """The matrices and costs of a case, and what its steps took."""
    from sopkit.supply.facts import read_facts
    from sopkit.supply.limits import limits_of
    from sopkit.supply.model import build, objective_prices
    from sopkit.supply.solve import solve

    started = time.perf_counter()
    facts = read_facts(case)
    read = time.perf_counter()
    book = build(facts, limits_of(facts))
    cost = book.costs(objective_prices(book.facts, "end", book.facts.prices.lost))
    matrices = book.model.matrices
    built = time.perf_counter()
    found = []
    solved = _timed(lambda: found.append(solve(matrices, cost)))
    return (matrices, cost), {
        "read": read - started,
        "build": built - read,
        "solve": solved,
        "objective": cost @ found[0].values,
    }


def _alone(parts, cost):
    """Seconds, how it ended and the optimum when HiGHS gets the matrix with nothing said: its
    choice of method.
    """
    import highspy

    matrix = parts.A.tocsc()
    method = "ipm" if len(cost) > LARGE else "choose"
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("time_limit", float(PATIENCE))
    solver.setOptionValue("solver", method)
    lp = highspy.HighsLp()
    lp.num_row_, lp.num_col_ = matrix.shape
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = cost, parts.lb, parts.ub
    lp.row_lower_ = np.where(parts.sense == "<", -np.inf, parts.b)
    lp.row_upper_ = np.where(parts.sense == ">", np.inf, parts.b)
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_, lp.a_matrix_.index_ = matrix.indptr, matrix.indices
    lp.a_matrix_.value_ = matrix.data
    solver.passModel(lp)
    started = time.perf_counter()
    solver.run()
    seconds = time.perf_counter() - started
    done = solver.getModelStatus() == highspy.HighsModelStatus.kOptimal
    value = solver.getInfo().objective_function_value if done else None
    return seconds, f"({method})" if done else "(not done)", value


def _uncertainty(case) -> None:
    from sopkit.supply import plan_supply, plan_under_uncertainty

    plan = plan_supply(**case).supply_plan
    mean = plan["demand"].to_numpy().reshape(200, 1, 24)
    paths = mean * np.random.default_rng(0).lognormal(0, 0.3, (200, 1000, 24))
    print(
        "1,000 demand paths × 200 items × 24 months re-planned each month: "
        f"{_both(_timed(lambda: plan_under_uncertainty(plan, case['items'], paths)))} (goal 1 s)"
    )


def _stability(case) -> None:
    """How much of a plan changes outside the fence when it is made again after a month of ordinary
    noise: sales 15 % off, the forecast of what follows 3 %.
    """
    from sopkit.supply import model, plan_supply

    print(
        "\nOutside the fence of 2 months, a plan made again after a month of ordinary noise changes"
        "\n(units, Σ |new − old| ÷ Σ old, 200 items × 10 resources)"
    )
    smooth, ends = model.SMOOTH, case | {"items": case["items"].assign(ending_stock=0.0)}
    for name, weight, one in (
        ("as it is", smooth, case),
        ("any of the cheapest", 0.0, case),
        ("that ends with its horizon", 0.0, ends),
    ):
        model.SMOOTH = weight
        near, far, cost = _replanned(one, plan_supply)
        print(f"  {name:<32}months 3–6 {near:6.1%}   months 7–23 {far:6.1%}   cost {cost:,.0f}")
    model.SMOOTH = smooth


def _replanned(case, plan_supply) -> tuple[float, float, float]:
    draw = np.random.default_rng(2)
    months = np.sort(case["demand"]["bucket"].unique())
    first, *rest = months
    old = plan_supply(**_over(case, months[:-1]))
    plan = old.supply_plan
    now = plan[plan["bucket"] == first]
    sold = now["demand"] * draw.lognormal(0, 0.15, len(now))
    left = now["projected_available"] - now["backlog"] + now["demand"] - sold
    later = _over(case, rest)
    later["demand"] = later["demand"].assign(
        quantity=later["demand"]["quantity"] * draw.lognormal(0, 0.03, len(later["demand"]))
    )
    later["inventory"] = now[["item"]].assign(
        on_hand=np.maximum(left, 0.0), backlog=np.maximum(-left, 0.0)
    )
    crew = old.workforce_plan.query("bucket == @first").set_index("resource")["workers"]
    later["resources"] = case["resources"].assign(workers=case["resources"]["resource"].map(crew))
    released = ["item", "bucket", "production", "overtime_production"]
    later["frozen"] = plan.loc[plan["bucket"].isin(rest[:1]), released]
    new = plan_supply(**later).supply_plan
    made = [
        one.assign(made=one["production"] + one["overtime_production"])
        .pivot(index="item", columns="bucket", values="made")[rest[:-1]]
        .to_numpy()
        for one in (plan, new)
    ]
    change = np.abs(made[1] - made[0]).sum(axis=0), made[0].sum(axis=0)
    near, far = (
        sum(change[0][part]) / sum(change[1][part]) for part in (slice(1, 5), slice(5, 22))
    )
    return near, far, old.objective


def _over(case, months) -> dict:
    """A case over some months."""
    return case | {
        name: case[name][case[name]["bucket"].isin(months)] for name in ("demand", "safety_stock")
    }


def _timed(call) -> tuple[float, float]:
    wall, processor = time.perf_counter(), time.process_time()
    call()
    return time.perf_counter() - wall, time.process_time() - processor


def _both(seconds: tuple[float, float]) -> str:
    return f"{seconds[0]:.1f} s ({seconds[1]:.1f})"


if __name__ == "__main__":
    main()
