"""Work spread over the workers of a scheduler comes to the same, and who cannot be used is told."""

import os
import signal
import socket
import time

import pytest

from sopkit.errors import PlanError
from sopkit.workers import reached, spread


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
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    for address in (f"tcp://127.0.0.1:{port}", "nonsense://here", "localhost:notaport"):
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


@pytest.mark.filterwarnings("ignore")
def test_a_scheduler_without_workers_is_told():
    from distributed import LocalCluster

    with LocalCluster(n_workers=0, processes=False, dashboard_address=None, protocol="tcp") as bare:
        with pytest.raises(PlanError, match="has no workers; start some with `dask worker tcp:"):
            reached(bare.scheduler_address)


def test_a_task_that_ends_every_worker_is_told(cluster):
    with pytest.raises(PlanError, match="ended every worker that tried it"):
        list(spread(_end, [(1,)], cluster.scheduler_address))
