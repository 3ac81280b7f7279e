"""Work that falls apart into tasks, spread over the workers of a dask scheduler, or as its caller
says over this machine.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress

from sopkit.errors import PlanError

SCHEDULER = "scheduler"  # the parameter of the steps
WAIT = 5  # seconds in which a scheduler answers
ALIKE = ("python", "sopkit", "numpy", "pandas", "scipy", "highspy", "dask", "distributed")


@contextmanager
def workers(scheduler) -> Iterator:
    """The dask client of a scheduler's address, for as long as it is asked; a client is handed
    back. ``PlanError`` where nothing answers there within seconds, nobody works there, or a worker
    has other versions than this machine, so that its numbers might differ.
    """
    if not isinstance(scheduler, str):
        yield scheduler
        return
    try:
        from distributed import Client
    except ImportError:
        raise PlanError(
            f"the scheduler {scheduler} needs the extra cluster: pip install 'sopkit[cluster]'"
        ) from None
    try:
        client = Client(scheduler, timeout=WAIT, set_as_default=False)
    except (OSError, ValueError) as error:
        raise PlanError(
            f"scheduler {scheduler}: does not answer ({error}); start one with"
            " `dask scheduler` and give the address that it prints (tcp://host:8786)"
        ) from None
    with client:
        with suppress(TimeoutError):
            client.wait_for_workers(1, WAIT)  # one that was killed comes back
        _refuse_others(scheduler, client.get_versions(packages=ALIKE))
        yield client


def reached(scheduler) -> None:
    """``PlanError`` where a scheduler is named whose workers cannot be used."""
    if scheduler:
        with workers(scheduler):
            pass


def _refuse_others(scheduler, found):
    if not found["workers"]:
        raise PlanError(
            f"scheduler {scheduler}: has no workers; start some with `dask worker {scheduler}`"
        )
    ours = found["client"]["packages"]
    for worker, theirs in found["workers"].items():
        odd = [name for name in ALIKE if theirs["packages"].get(name) != ours[name]]
        if odd:
            raise PlanError(
                f"scheduler {scheduler}: its worker {worker} has other versions than this machine: "
                + ", ".join(f"{n} {theirs['packages'].get(n)} (here {ours[n]})" for n in odd)
                + "; install the same everywhere (pip install -c constraints.txt 'sopkit[cluster]')"
            )


def spread(
    function: Callable,
    tasks: Iterable[tuple],
    scheduler=None,
    here: Callable = map,
    shared: Callable | None = None,
) -> Iterator:
    """What ``function(*task)`` gives for every task, in their order: by ``here`` (a ``map``: of
    this process, its threads, or others), or by the workers of a dask ``scheduler`` (its address or
    a client). What ``shared()`` gives is worked out once, there, and comes before each task.

    A worker that dies changes nothing, as another one has its tasks; ``PlanError`` where one task
    kills several.

    >>> list(spread(pow, [(2, 3), (3, 2)]))
    [8, 9]
    """
    if not scheduler:
        first = [shared()] if shared else []
        if tasks := [(*first, *task) for task in tasks]:
            yield from here(function, *zip(*tasks))
        return
    with workers(scheduler) as client:
        from distributed import KilledWorker

        first = [client.submit(shared, pure=False)] if shared else []
        futures = [client.submit(function, *first, *task, pure=False) for task in tasks]
        try:
            while futures:
                yield futures.pop(0).result()
        except KilledWorker as error:
            raise PlanError(
                f"scheduler {scheduler}: a task ended every worker that tried it ({error});"
                " give them more memory, then run it again"
            ) from None
