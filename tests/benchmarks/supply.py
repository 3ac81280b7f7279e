"""How long supply plans take, beside HiGHS on the same matrix: ``python -m tests.benchmarks supply
[full]``.
"""

import os
import resource
import sys
import time

import numpy as np

from tests.benchmarks.supply_case import company

SIZES = [(200, 10, "1 s"), (2_000, 20, "12 s"), (10_000, 50, "240 s, 6 GiB")]
PATIENCE = 600  # seconds that HiGHS alone may take


def main():
    """Prints seconds by part for each size, the same matrix in HiGHS as it comes, a re-plan, and
    the plan under uncertainty.

    The largest matrix is handed to HiGHS alone only when asked for with ``full``.
    """
    from sopkit.supply import plan_supply

    plan_supply(**company(20, 3))  # the first call loads libraries
    print(
        f"\nSupply plans, 24 months, workforce, overtime and safety stock ({os.cpu_count()} cores,"
        " wall clock, processor time in brackets)"
    )
    print(
        f"{'items × resources':<20}{'read':>8}{'build':>8}{'solve':>17}{'whole plan':>17}{'goal':>14}{'HiGHS alone':>22}{'difference':>12}{'peak':>10}"
    )
    for items, resources, goal in SIZES:
        case = company(items, resources)
        parts = _parts(case)
        total = _timed(lambda: plan_supply(**case))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        alone = _alone(parts) if items < 10_000 or "full" in sys.argv else None
        beside = f"{alone[0]:.1f} s {alone[1]}" if alone else "(ask with full)"
        off = f"{(parts['objective'] - alone[2]) / alone[2]:+.0e}" if alone and alone[2] else ""
        print(
            f"{f'{items:,} × {resources}':<20}{parts['read']:>6.1f} s{parts['build']:>6.1f}"
            f" s{_both(parts['solve']):>17}{_both(total):>17}{goal:>14}{beside:>22}{off:>12}{peak:>6.2f} GiB"
        )
    _replan(company(200, 10))
    _uncertainty(company(200, 10))


def _parts(case) -> dict:
    from sopkit.supply.facts import read_facts
    from sopkit.supply.limits import limits_of
    from sopkit.supply.model import build, prices_of
    from sopkit.supply.solving import programme_of, solve
    from sopkit.supply.strategies import strategy_named

    started = time.perf_counter()
    facts = read_facts(**case)
    read = time.perf_counter()
    book = build(facts, limits_of(facts), strategy_named("optimal"))
    programme = programme_of(book)
    cost = programme.vector(prices_of(book, "end"))
    built = time.perf_counter()
    found = []
    solved = _timed(lambda: found.append(solve(programme, cost)))
    return {
        "read": read - started,
        "build": built - read,
        "solve": solved,
        "programme": programme,
        "cost": cost,
        "objective": float(cost @ found[0].values),
    }


def _alone(parts):
    """Seconds, how it ended and the optimum when HiGHS gets the matrix with nothing said: its
    choice of method.
    """
    import highspy

    from sopkit.supply.highs import _model

    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("time_limit", float(PATIENCE))
    solver.setOptionValue("solver", "ipm" if len(parts["cost"]) > 100_000 else "choose")
    solver.passModel(_model(highspy, parts["programme"], parts["cost"]))
    started = time.perf_counter()
    solver.run()
    seconds = time.perf_counter() - started
    done = solver.getModelStatus() == highspy.HighsModelStatus.kOptimal
    method = "ipm" if len(parts["cost"]) > 100_000 else "simplex"
    return (
        seconds,
        f"({method})" if done else "(not done)",
        solver.getInfo().objective_function_value if done else None,
    )


def _replan(case) -> None:
    from sopkit.supply import plan_supply

    first = plan_supply(**case)
    case["resources"] = case["resources"].assign(workers=case["resources"]["workers"] * 1.02)
    print(
        f"\n200 × 10 re-planned after one change: {_both(_timed(lambda: plan_supply(**case)))} from"
        f" the facts, {_both(_timed(lambda: plan_supply(**case, start=first)))} from the last plan"
        " (goal 1 s)"
    )


def _uncertainty(case) -> None:
    from sopkit.supply import plan_supply, plan_under_uncertainty

    plan = plan_supply(**case).supply_plan
    mean = plan["demand"].to_numpy().reshape(200, 1, 24)
    paths = mean * np.random.default_rng(0).lognormal(0, 0.3, (200, 1000, 24))
    print(
        "1,000 demand paths × 200 items × 24 months through the fixed plan: "
        f"{_both(_timed(lambda: plan_under_uncertainty(plan, case['items'], paths)))} (goal 1 s)"
    )


def _timed(call) -> tuple[float, float]:
    wall, processor = time.perf_counter(), time.process_time()
    call()
    return time.perf_counter() - wall, time.process_time() - processor


def _both(seconds: tuple[float, float]) -> str:
    return f"{seconds[0]:.1f} s ({seconds[1]:.1f})"


if __name__ == "__main__":
    main()
