"""Work spread over the workers of a scheduler comes to the same, and who cannot be used is told."""

import os
import signal
import time

import pytest
from click.testing import CliRunner

from sopkit.cli import main
from sopkit.errors import PlanError
from sopkit.workers import reached, spread

NOBODY = "tcp://127.0.0.1:9"


def _slow(number, folder):
    """The square of a number; who works at it leaves its name."""
    (folder / f"{number}-{os.getpid()}").touch()
    time.sleep(0.3)
    return number**2


def _end(_):
    os.kill(os.getpid(), signal.SIGKILL)


def test_results_come_in_the_order_of_the_tasks_wherever_they_are_worked_out(cluster):
    tasks = [(base, power) for base in range(9) for power in (0, 2)]
    here = list(spread(pow, tasks))
    assert here == list(spread(pow, tasks, cluster.scheduler_address))
    assert here == [base**power for base, power in tasks] and not list(spread(pow, []))


def test_what_is_shared_is_worked_out_once_where_the_work_is_done(cluster, tmp_path):
    made = list(spread(_named, [(1,), (2,), (3,)], cluster.scheduler_address, shared=os.getpid))
    assert len({maker for maker, _ in made}) == 1 and made[0][0] != os.getpid()
    assert [number for _, number in made] == [1, 2, 3]


def _named(maker, number):
    return maker, number


def test_a_worker_that_is_killed_in_the_middle_changes_nothing(cluster, tmp_path):
    found = spread(_slow, [(number, tmp_path) for number in range(8)], cluster.scheduler_address)
    first = next(found)
    working = {int(path.name.split("-")[1]) for path in tmp_path.iterdir()}
    os.kill(min(working), signal.SIGKILL)
    assert [first, *found] == [number**2 for number in range(8)]
    begun = [path.name.split("-")[0] for path in tmp_path.iterdir()]
    assert len(begun) >= len(set(begun)) == 8


@pytest.mark.filterwarnings("ignore")
def test_a_scheduler_that_cannot_be_used_says_what_to_do(cluster, monkeypatch):
    monkeypatch.setattr("sopkit.workers.WAIT", 0.5)
    for address in (NOBODY, "nonsense://here", "localhost:notaport"):
        with pytest.raises(PlanError, match=r"scheduler .*: does not answer .*; start one with"):
            reached(address)
    monkeypatch.setattr("sopkit.workers.ALIKE", ("python", "sopkit", "pytest", "no-such-package"))
    reached(cluster.scheduler_address)
    monkeypatch.setattr("distributed.versions.version", lambda name: "0.0.1")
    from distributed.versions import _version_cached

    _version_cached.cache_clear()
    with pytest.raises(PlanError, match=r"other versions than this machine: .*\(here 0\.0\.1\)"):
        reached(cluster.scheduler_address)
    _version_cached.cache_clear()


def test_a_scheduler_without_workers_is_told(monkeypatch):
    monkeypatch.setattr("sopkit.workers.WAIT", 0.5)
    from distributed import LocalCluster

    with LocalCluster(n_workers=0, processes=False, dashboard_address=":0", protocol="tcp") as bare:
        with pytest.raises(PlanError, match="has no workers; start some with `dask worker tcp:"):
            reached(bare.scheduler_address)


def test_a_task_that_ends_every_worker_is_told(cluster):
    with pytest.raises(PlanError, match="ended every worker that tried it"):
        list(spread(_end, [(1,)], cluster.scheduler_address))


def test_commands_refuse_a_scheduler_that_does_not_answer_before_anything_is_planned(
    tmp_path, monkeypatch
):
    monkeypatch.setattr("sopkit.workers.WAIT", 0.5)
    packs = tmp_path / "packs"
    for asked in (
        ["pack", "2026-11", "--data", "data", "--scheduler", NOBODY],
        ["pack", "2026-11", "--data", "data", "-p", "scheduler", NOBODY],
        ["replay", "data", "--from", "2026-08", "--to", "2026-08", "--scheduler", NOBODY],
        ["forecast", str(_history(tmp_path)), "--to", str(tmp_path / "to"), "--scheduler", NOBODY],
    ):
        done = CliRunner().invoke(main, [*asked, "--packs", str(packs)])
        assert done.exit_code == 1 and not packs.exists(), done.output
        assert f"scheduler {NOBODY}: does not answer" in done.stderr
    assert not [*(tmp_path / "to").iterdir()]
    ways = main.get_command(None, "scenario").commands["compare"].params
    assert "--scheduler" in [option for way in ways for option in way.opts]


def test_a_catalogue_is_forecast_by_a_command(tmp_path):
    asked = ["forecast", str(_history(tmp_path)), "--to", str(tmp_path / "to"), "--horizon", "3"]
    done = CliRunner().invoke(main, asked)
    assert done.exit_code == 0 and done.stdout.startswith("4 series are forecast"), done.output


def _history(folder):
    from tests.forecast.series import company

    company(4).to_parquet(folder / "history.parquet")
    return folder / "history.parquet"
