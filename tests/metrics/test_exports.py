"""Every exported metric against an independent oracle: plain Python loops over the cells, written
from kpis' formulas.
"""

import inspect
import math

import numpy as np
import pandas as pd
import pytest

from sopkit import PlanError, metrics

NAN = float("nan")


def cells(*columns):
    return [row for row in zip(*columns) if not any(math.isnan(value) for value in row)]


def fraction(top, bottom):
    return top / bottom if bottom else NAN


def wape(actual, forecast):
    rows = cells(actual, forecast)
    return fraction(sum(abs(f - a) for a, f in rows), sum(a for a, _ in rows))


def pinball(actual, forecast, quantile):
    losses = [
        quantile * (a - f) if a >= f else (1 - quantile) * (f - a)
        for a, f in cells(actual, forecast)
    ]
    return fraction(sum(losses), len(losses))


def cover(on_hand, demand, backlog=0.0):
    left, lasted = on_hand, 0.0
    for need in demand:
        if left <= 0 or backlog > 0:
            break
        lasted += 1.0 if left >= need else left / need
        left -= need
    return lasted


def tracking(actual, forecast):
    errors = [f - a for a, f in cells(actual, forecast)]
    return fraction(sum(errors), sum(map(abs, errors)) / len(errors))


def mase(actual, forecast, history, season=1):
    rows, moves = cells(actual, forecast), [abs(b - a) for a, b in zip(history, history[season:])]
    return (sum(abs(f - a) for a, f in rows) / len(rows)) / (sum(moves) / len(moves))


def rmsse(actual, forecast, history):
    rows, moves = cells(actual, forecast), [(b - a) ** 2 for a, b in zip(history, history[1:])]
    return math.sqrt((sum((f - a) ** 2 for a, f in rows) / len(rows)) / (sum(moves) / len(moves)))


def mape(actual, forecast):
    rows = [(a, f) for a, f in cells(actual, forecast) if a != 0]
    return sum(abs(f - a) / abs(a) for a, f in rows) / len(rows)


def smape(actual, forecast):
    rows = cells(actual, forecast)
    return sum(200 * abs(f - a) / (abs(a) + abs(f)) if a or f else 0 for a, f in rows) / len(rows)


rng = np.random.default_rng(7)
A, F, G = (
    rng.poisson(4, 60).astype(float),
    rng.poisson(5, 60).astype(float),
    rng.poisson(4, 60).astype(float),
)
A[3] = F[10] = NAN
HISTORY = rng.poisson(6, 36).astype(float)

ORACLES = {
    "wape": ((A, F), wape),
    "accuracy": ((A, F), lambda a, f: 1 - wape(a, f)),
    "bias": (
        (A, F),
        lambda a, f: fraction(sum(y - x for x, y in cells(a, f)), sum(x for x, _ in cells(a, f))),
    ),
    "tracking_signal": ((A, F), tracking),
    "mape": ((A, F), mape),
    "smape": ((A, F), smape),
    "mase": ((A, F, HISTORY, 12), mase),
    "rmsse": ((A, F, HISTORY), rmsse),
    "value_added": (
        (A, F, G),
        lambda a, p, f: (
            wape(*zip(*[(x, y) for x, y, z in cells(a, p, f)]))
            - wape(*zip(*[(x, z) for x, y, z in cells(a, p, f)]))
        ),
    ),
    "pinball": ((A, F, 0.9), pinball),
    "coverage": (
        (A, F - 2, F + 2),
        lambda a, low, high: fraction(
            sum(x <= v <= y for v, x, y in cells(a, low, high)), len(cells(a, low, high))
        ),
    ),
    "cover": ((13.0, HISTORY), cover),
    "backlog_lead_time": ((30.0, 12.0), lambda backlog, shipments: backlog / shipments),
    "inventory_turns": (
        (A, G, 12),
        lambda cost, stock, year: (
            12 * sum(c for c, _ in cells(cost, stock)) / sum(s for _, s in cells(cost, stock))
        ),
    ),
    "cash_to_cash": (
        (HISTORY, HISTORY * 2, 45, 30),
        lambda stock, cost, receivable, payable: 365 / (12 * sum(cost) / sum(stock)) + 45 - 30,
    ),
    "utilisation": (
        (A, G),
        lambda load, capacity: (
            sum(x for x, _ in cells(load, capacity)) / sum(y for _, y in cells(load, capacity))
        ),
    ),
    "plan_stability": (
        (A, F),
        lambda now, before: (
            sum(abs(x - y) for x, y in cells(now, before)) / sum(y for _, y in cells(now, before))
        ),
    ),
    "plan_adherence": (
        (pd.DataFrame({"planned": A, "actual": F}),),
        lambda made: (
            sum(min(p, q) for p, q in cells(made["planned"], made["actual"]))
            / sum(p for p, _ in cells(made["planned"], made["actual"]))
        ),
    ),
    "volume_adherence": (
        (pd.DataFrame({"planned": A, "actual": F}),),
        lambda made: (
            1
            - abs(sum(p - q for p, q in cells(made["planned"], made["actual"])))
            / sum(p for p, _ in cells(made["planned"], made["actual"]))
        ),
    ),
}
# Judged in their own test modules, by worked examples.
ELSEWHERE = {
    "condition",
    "verdicts",
    "Book",
    "on_time_delivery",
    "otif",
    "fill_rate",
    "perfect_order",
    "order_cycle_time",
    "planned_service",
    "shipped_before_ordered",
    "short_by_market",
    "standard_cost",
    "unserved",
    "accuracy_table",
    "exceptions",
    "graded_stages",
    "identities",
    "kept_backtest",
    "kpis",
    "value_added_table",
}


def test_every_export_has_an_oracle_or_a_module_of_tests():
    assert set(metrics.__all__) == set(ORACLES) | ELSEWHERE
    assert metrics.__all__ == sorted(metrics.__all__)


@pytest.mark.parametrize("name", ORACLES)
def test_against_the_oracle(name):
    given, oracle = ORACLES[name]
    assert getattr(metrics, name)(*given) == pytest.approx(oracle(*given), rel=1e-12)


@pytest.mark.parametrize(
    "name", [name for name in metrics.__all__ if inspect.isfunction(getattr(metrics, name))]
)
def test_a_public_docstring_explains(name):
    words = inspect.getdoc(getattr(metrics, name))
    assert words and len(words.split()) > 8 and "." in words


@pytest.mark.parametrize(
    "name",
    [
        "wape",
        "accuracy",
        "bias",
        "tracking_signal",
        "mape",
        "smape",
        "utilisation",
        "plan_stability",
    ],
)
def test_nothing_and_zero_give_nan(name):
    measure = getattr(metrics, name)
    assert math.isnan(measure([], []))
    assert math.isnan(measure([NAN], [1.0]))
    zero = measure([0.0, 0.0], [0.0, 0.0])
    assert zero == 0 if name == "smape" else math.isnan(zero)


def test_lengths_that_differ_are_refused_with_both_lengths():
    with pytest.raises(PlanError, match=r"\[3, 2\]"):
        metrics.wape([1, 2, 3], [1, 2])


def test_signs_positive_is_over_forecast():
    assert metrics.bias([10], [12]) > 0 and metrics.tracking_signal([10, 10], [12, 12]) > 0
    assert metrics.value_added([10], [20], [12]) > 0


def test_mape_counts_what_it_leaves_out():
    error = metrics.mape([0, 0, 10], [1, 2, 15])
    assert error == 0.5 and error.left_out == 2


def test_tracking_signal_looks_at_its_window_only():
    assert metrics.tracking_signal([0] * 4, [100, 1, 1, 1], window=3) == 3
    assert metrics.tracking_signal([0] * 4, [-1] * 4) == -4


def test_median_pinball_is_half_the_absolute_error():
    assert metrics.pinball(A, F, 0.5) == pytest.approx(np.nanmean(np.abs(A - F)) / 2)
    with pytest.raises(PlanError, match="between 0 and 1"):
        metrics.pinball([1], [1], 10)


DEGENERATE = {
    "empty": [],
    "blank": [NAN] * 3,
    "missing": pd.Series([pd.NA, None, 1.0], dtype=object),
    "nullable": pd.Series([1.0, None, 2.0], dtype="Float64"),
    "zero": [0.0] * 3,
    "returns": [-5.0, 1.0, -2.0],
    "infinite": [np.inf, 1.0, -np.inf],
}
SERIES = [name for name in ORACLES if not name.endswith("adherence")]


@pytest.mark.parametrize("other", DEGENERATE)
@pytest.mark.parametrize("one", DEGENERATE)
@pytest.mark.parametrize("name", SERIES)
def test_a_degenerate_series_gives_a_number_a_blank_or_a_plan_error(name, one, other):
    given = ORACLES[name][0]
    many = [at for at, value in enumerate(given) if isinstance(value, np.ndarray)]
    series = [DEGENERATE[one], DEGENERATE[other], DEGENERATE[one]]
    for at in many:
        given = (*given[:at], series[many.index(at)], *given[at + 1 :])
    try:
        value = getattr(metrics, name)(*given)
    except PlanError as error:
        assert "different lengths" in str(error)
        return
    assert isinstance(value, float)
    if name in ("wape", "mase", "rmsse", "mape", "smape", "pinball"):
        assert not value < 0, "an error is never negative"


@pytest.mark.parametrize("one", DEGENERATE)
@pytest.mark.parametrize("name", ["plan_adherence", "volume_adherence"])
def test_degenerate_production_gives_a_number_or_a_blank(name, one):
    made = pd.DataFrame({"planned": DEGENERATE[one], "actual": DEGENERATE[one]})
    assert isinstance(getattr(metrics, name)(made), float)


def test_accuracy_below_zero_is_shown_and_returns_leave_it_blank():
    assert metrics.accuracy([10, 10], [30, 30]) == -1
    assert math.isnan(metrics.wape([-10, 2], [5, 5])) and math.isnan(metrics.bias([-10, 2], [5, 5]))
