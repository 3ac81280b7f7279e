"""The forecasting engine beside its peers on real data, its speed and memory as panels grow, and
its start-up. One core, CPU seconds.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from tests.benchmarks.kinds import companies

ROOT = Path(__file__).parents[2]
REAL = ROOT / ".." / "shared" / "real"
PEERS = ROOT / ".venv" / "peers"
MONTHLY = ("AutoETS", "DynamicOptimizedTheta", "AutoCES")
RARE = ("Croston-SBA", "TSB", "ADIDA", "IMAPA")
SIZES = (10_000, 50_000, 100_000)


def main():
    """Prints every table; a part whose data or peers are absent says so."""
    python, trouble = peers_python()
    if REAL.exists():
        monthly(python, trouble)
        steady(python, trouble)
        rare(python, trouble)
    else:
        print("\nReal data: ../shared/real is absent; skipped")
    kinds()
    sums()
    growth()
    start_up()


def monthly(python, trouble):
    """M1 monthly: sMAPE and MASE by method, and our coverage."""
    from sopkit.forecast import forecast

    data = pd.read_parquet(REAL / "m1_monthly.parquet").sort_values(["unique_id", "t"])
    train, test = data[data["split"] == "train"], data[data["split"] == "test"]
    actual = test["y"].to_numpy().reshape(-1, 18)
    values = right_aligned(train["y"].to_numpy(), train.groupby("unique_id").size().to_numpy())
    scale = np.nanmean(np.abs(values[:, 12:] - values[:, :-12]), axis=1)
    ours, seconds = timed(lambda: forecast(history(values), 18))
    rows = [
        ("sopkit", matrix(ours, "baseline", 18), seconds),
        ("seasonal naive", values[:, -12:][:, np.arange(18) % 12], None),
    ]
    rows += peer_rows(python, values, 18, 12, MONTHLY)
    title("M1 monthly, 617 series, horizon 18", "sMAPE", "MASE", "CPU s")
    for name, ahead, spent in rows:
        smape = np.mean(200 * np.abs(actual - ahead) / (np.abs(actual) + np.abs(ahead)))
        line(name, smape, np.mean(np.abs(actual - ahead).mean(axis=1) / scale), spent)
    line("goal", 14.3, 1.03, 2.0)
    say(trouble)
    inside = (actual >= matrix(ours, "p10", 18)) & (actual <= matrix(ours, "p90", 18))
    thirds = ", ".join(f"{100 * part.mean():.1f} %" for part in np.split(inside, 3, axis=1))
    print(
        f"p10–p90 covers {100 * inside.mean():.1f} % (goal 77–83 %); thirds of the horizon {thirds}"
        " (goal 72–88 %)"
    )


def steady(python, trouble):
    """M1 monthly from seven origins, a month apart: how far the forecast of the same month moves
    from one to the next, in usual one-month moves of the series, beside how far it errs.
    """
    from sopkit.forecast import forecast

    data = pd.read_parquet(REAL / "m1_monthly.parquet").sort_values(["unique_id", "t"])
    lengths = data.groupby("unique_id").size().to_numpy()
    values = right_aligned(data["y"].to_numpy(), lengths)[lengths >= 66][:300]
    width = values.shape[1]
    pasts = [values[:, :end] for end in range(width - 18, width - 11)]
    actual = np.array([values[:, past.shape[1] :][:, :12] for past in pasts])
    move = np.nanmean(np.abs(np.diff(values, axis=1)), axis=1)[:, None]
    scale = [np.nanmean(np.abs(past[:, 12:] - past[:, :-12]), axis=1) for past in pasts]
    rooms = [((0, 0), (pasts[-1].shape[1] - past.shape[1], 0)) for past in pasts]
    stacked = np.vstack([np.pad(*pair, constant_values=np.nan) for pair in zip(pasts, rooms)])
    rows = [
        ("sopkit", np.array([matrix(forecast(history(p), 12), "baseline", 12) for p in pasts])),
        ("seasonal naive", np.array([past[:, -12:] for past in pasts])),
    ]
    peers = peer_rows(python, stacked, 12, 12, ("AutoETS",))
    rows += [(name, ahead.reshape(actual.shape)) for name, ahead, _ in peers]
    title("M1 monthly, 300 series from 7 origins a month apart, horizon 12", "moves", "MASE")
    for name, ahead in rows:
        moved = np.abs(ahead[1:, :, :-1] - ahead[:-1, :, 1:]) / move
        line(name, moved.mean(), np.mean(np.abs(ahead - actual).mean(axis=2) / scale))
    print("goal: smaller moves than AutoETS at no larger MASE")
    say(trouble)


def rare(python, trouble):
    """Spare parts: RMSSE, pinball losses and bias by method; our sums over three months."""
    from sopkit.forecast import forecast, sample_paths

    data = pd.read_parquet(REAL / "raf_1000.parquet").sort_values(["item", "bucket"])
    whole = data["quantity"].to_numpy().reshape(data["item"].nunique(), -1)
    values, actual = whole[:, :-12], whole[:, -12:]
    ours, seconds = timed(lambda: forecast(history(values), 12, quantiles=(0.5, 0.9)))
    rows = [
        (
            "sopkit",
            matrix(ours, "baseline", 12),
            seconds,
            matrix(ours, "p50", 12),
            matrix(ours, "p90", 12),
        )
    ]
    rows += [(*row, row[1], row[1]) for row in peer_rows(python, values, 12, 12, RARE)]
    title(
        "Spare parts, 1,000 items, last 12 of 84 months (a peer's flat forecast is its quantile)",
        "RMSSE",
        "RMSE",
        "pinball 0.5",
        "pinball 0.9",
        "bias %",
        "CPU s",
    )
    for name, ahead, spent, middle, high in rows:
        line(name, *rare_scores(values, actual, ahead, middle, high), spent)
    say(trouble)
    paths = sample_paths(history(values), 12, paths=1000)
    cover = [
        (
            actual[:, at : at + 3].sum(axis=1)
            <= np.quantile(paths[:, :, at : at + 3].sum(axis=2), 0.9, axis=1)
        ).mean()
        for at in range(0, 12, 3)
    ]
    print(
        "p90 of 3-month sums covers "
        + ", ".join(f"{100 * share:.1f} %" for share in cover)
        + " (goal 85–95 %); goal for bias ±10 %"
    )


def kinds():
    """Companies of several kinds: MASE, RMSSE and bias over three origins beside plain means, how
    many series lose to seasonal naive by more than half, and the worst ten.
    """
    from sopkit.forecast import fit, forecast

    title(
        "Made-up companies of 60 series, horizon 12 from months 48, 60 and 72",
        *("MASE", "RMSSE", "bias %", "lose by half %"),
        *("naive MASE", "mean 6", "mean 12", "mean"),
    )
    worst = []
    for kind, values in companies().items():
        found = [_tested(forecast, fit, kind, values, origin, worst) for origin in (48, 60, 72)]
        line(kind, *np.mean(found, axis=0))
    print("\nworst ten against seasonal naive: " + "; ".join(map(_told, sorted(worst)[-10:][::-1])))


def sums():
    """WAPE of the same companies' series, six families and whole, with each series forecast alone
    and agreed with the forecasts of its sums.
    """
    from sopkit.forecast import forecast

    title(
        "Errors of sums, WAPE %, horizon 12 from months 48, 60 and 72: alone, then agreed",
        *("series", "agreed", "family", "agreed", "company", "agreed"),
    )
    for kind, values in companies().items():
        family = np.arange(len(values)) % 6
        by_family = (family == np.arange(6)[:, None]).astype(float)
        groups = history(values)[["item"]].drop_duplicates().assign(family=family)
        found = []
        for origin in (48, 60, 72):
            past, came = values[:, :origin], values[:, origin : origin + 12]
            ahead = [
                matrix(forecast(history(past), 12, groups=each), "baseline", 12)
                for each in (None, groups)
            ]
            parts = np.eye(len(values)), by_family, np.ones((1, len(values)))
            missed = [[np.abs(part @ (each - came)).sum() for each in ahead] for part in parts]
            found.append(100 * np.ravel(missed) / came.sum())
        line(kind, *np.mean(found, axis=0))


def _told(row):
    ratio, kind, item, origin, demand = row
    return f"{kind} {item} from {origin} ({demand}) {ratio:.1f}×"


def _tested(forecast, fit, kind, values, origin, worst):
    past, came = values[:, :origin], values[:, origin : origin + 12]
    rows = (past > 0).any(axis=1)
    past, came = past[rows], came[rows]
    fitted = fit(history(past), 12)
    ahead = matrix(forecast(fitted), "baseline", 12)
    flat = [past[:, -last:].mean(axis=1)[:, None] for last in (6, 12, origin)]
    missed = [np.abs(each - came).mean(axis=1) for each in (ahead, past[:, -12:], *flat)]
    scale = np.abs(past[:, 12:] - past[:, :-12]).mean(axis=1)
    scale = np.where(scale > 0, scale, np.nan)
    mase = [np.nanmean(each / scale) for each in missed]
    square = np.sqrt(((ahead - came) ** 2).mean(axis=1) / (np.diff(past, axis=1) ** 2).mean(axis=1))
    ratio = missed[0] / np.maximum(missed[1], 0.1 * scale)
    classes = np.asarray(fitted.classes)
    worst += zip(ratio, [kind] * len(past), np.flatnonzero(rows), [origin] * len(past), classes)
    bias, lost = 100 * (ahead - came).sum() / came.sum(), 100 * np.mean(ratio > 1.5)
    return mase[0], square.mean(), bias, lost, *mase[1:]


def rare_scores(values, actual, ahead, middle, high):
    squares = np.mean(np.diff(values, axis=1) ** 2, axis=1)
    error = ahead - actual
    return (
        np.mean(np.sqrt(np.mean(error**2, axis=1)[squares > 0] / squares[squares > 0])),
        np.sqrt(np.mean(error**2)),
        pinball(actual, middle, 0.5),
        pinball(actual, high, 0.9),
        100 * error.sum() / actual.sum(),
    )


def pinball(actual, quantile, level):
    return np.mean(np.maximum(level * (actual - quantile), (level - 1) * (actual - quantile)))


def growth():
    """Seconds and peak memory of ever larger panels of 60 months, each in a process of its own."""
    title(
        "Made-up panels × 60 months, horizon 18, choice and quantiles included",
        "CPU s",
        "wall s",
        "GiB",
        "ms/series",
    )
    for size in SIZES:
        told = json.loads(
            subprocess.run(
                [sys.executable, "-m", "tests.benchmarks.forecast", str(size)],
                capture_output=True,
                text=True,
                check=True,
                cwd=ROOT,
            ).stdout
        )
        line(f"{size:,} series", told["cpu"], told["wall"], told["gib"], 1000 * told["cpu"] / size)
    print("goal: 50,000 series in 60 s on two cores, 4 GiB, growing linearly")


def one_size(size):
    """Run in its own process: prints the cost of one panel as JSON."""
    import resource

    from sopkit.forecast import forecast

    frame = history(made_up(size))
    wall, cpu = time.perf_counter(), time.process_time()
    forecast(frame, 18)
    print(
        json.dumps(
            {
                "cpu": time.process_time() - cpu,
                "wall": time.perf_counter() - wall,
                "gib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
            }
        )
    )


def made_up(size, length=60):
    """Six in ten seasonal with a wandering level, four in ten intermittent."""
    rng, steps = np.random.default_rng(0), np.arange(length)
    level, phase = np.exp(rng.normal(4, 1.5, (size, 1))), rng.integers(0, 12, (size, 1))
    season = np.exp(rng.uniform(0, 0.4, (size, 1)) * np.sin(2 * np.pi * (steps + phase) / 12))
    values = (
        level
        * np.exp(np.cumsum(rng.normal(0, 0.04, (size, length)), axis=1))
        * season
        * np.exp(rng.normal(0, 0.15, (size, length)))
    )
    rare_rows = rng.random(size) < 0.4
    selling = rng.random((rare_rows.sum(), length)) < rng.uniform(0.05, 0.6, (rare_rows.sum(), 1))
    values[rare_rows] = np.where(selling, rng.poisson(3, selling.shape) + 1, 0)
    return values


def start_up():
    """Median of five fresh processes: what importing adds to pandas, and the first forecast of one
    series.
    """
    code = (
        "import time, pandas as pd; a = time.perf_counter(); from sopkit.forecast import forecast;"
        " b = time.perf_counter(); h = pd.DataFrame({'item': 'A', 'bucket':"
        " pd.date_range('2020-01-01', periods=60, freq='MS'), 'quantity': [float(10 + i % 12) for i"
        " in range(60)]}); c = time.perf_counter(); forecast(h); print(b - a, time.perf_counter()"
        " - c)"
    )
    runs = np.array(
        [
            [
                float(x)
                for x in subprocess.run(
                    [sys.executable, "-c", code],
                    capture_output=True,
                    text=True,
                    check=True,
                    cwd=ROOT,
                ).stdout.split()
            ]
            for _ in range(5)
        ]
    )
    added, first = np.median(runs, axis=0)
    print(
        f"\nStart-up (wall): import adds {added:.2f} s to pandas (goal 0.2 s); the first forecast"
        f" of one series takes {1000 * first:.0f} ms (goal 50 ms)"
    )


def peers_python():
    """The peers' interpreter, made on first use; None and the reason where it cannot be."""
    python = PEERS / "bin" / "python"
    if not (PEERS / "ready").exists():
        print(
            f"Making the peers' environment in {PEERS.relative_to(ROOT)} (once, about two"
            " minutes) …"
        )
        try:
            subprocess.run(
                [sys.executable, "-m", "venv", str(PEERS)], check=True, capture_output=True
            )
            subprocess.run(
                [str(python), "-m", "pip", "install", "--quiet", "statsforecast==2.1.1"],
                check=True,
                capture_output=True,
                text=True,
            )
            (PEERS / "ready").touch()
        except (subprocess.CalledProcessError, OSError) as problem:
            return None, f"the peers could not be measured: {problem}"
    return python, None


def peer_rows(python, values, horizon, season, models):
    """(name, forecasts, CPU seconds) of each peer, and of the mean of the monthly ones."""
    if python is None:
        return []
    with tempfile.TemporaryDirectory() as scratch:
        task, told = Path(scratch) / "task.npz", Path(scratch) / "told.npz"
        np.savez(task, values=values, horizon=horizon, season=season, models=np.array(models))
        subprocess.run(
            [str(python), str(Path(__file__).with_name("forecast_peers.py")), str(task), str(told)],
            check=True,
        )
        with np.load(told) as found:
            rows = [(name, found[name], float(found[f"seconds {name}"])) for name in models]
    if models == MONTHLY:
        rows.append(
            (
                "mean of the three",
                np.mean([ahead for _, ahead, _ in rows], axis=0),
                sum(spent for *_, spent in rows),
            )
        )
    return rows


def right_aligned(flat, lengths):
    """Series laid end to end as rows that end together, NaN before their start."""
    width = lengths.max()
    values = np.full((len(lengths), width), np.nan)
    values[np.arange(width) >= width - lengths[:, None]] = flat
    return values


def history(values) -> pd.DataFrame:
    """A history frame of rows named by number, months made up."""
    count, width = values.shape
    known = ~np.isnan(values.ravel())
    frame = pd.DataFrame(
        {
            "item": (
                pd.array([f"{row:06d}" for row in range(count)], dtype="str").take(
                    np.repeat(np.arange(count), width)
                )
            ),
            "bucket": np.tile(pd.date_range("2000-01-01", periods=width, freq="MS"), count),
            "quantity": values.ravel(),
        }
    )
    return frame[known]


def timed(run):
    """The result of a warmed-up run and its CPU seconds."""
    run()
    began = time.process_time()
    return run(), time.process_time() - began


def matrix(frame, column, horizon):
    return frame[column].to_numpy().reshape(-1, horizon)


def title(text, *columns):
    print(f"\n{text}\n{'':<24}" + "".join(f"{column:>13}" for column in columns))


def line(name, *numbers):
    print(
        f"{name:<24}"
        + "".join(f"{'–':>13}" if number is None else f"{number:>13.3f}" for number in numbers)
    )


def say(trouble):
    if trouble:
        print(trouble)


if __name__ == "__main__":
    one_size(int(sys.argv[1])) if len(sys.argv) > 1 else main()
