"""Processes that build a pack: kernels of the steps, drawers of pages and board, all forked from
one that imports what they need while the facts are read. Standard library only, so that it begins
at once.
"""

import os
import signal
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import (
    active_children,
    forkserver,
    get_all_start_methods,
    get_context,
    parent_process,
    resource_tracker,
)
from threading import Thread

FORKS = "forkserver" in get_all_start_methods()
WORKERS = get_context("forkserver" if FORKS else "spawn")
NEEDED = (
    "sopkit.panels.sections sopkit.supply ipykernel.kernelapp linopy dask.array highspy nbconvert"
)


def warm_up() -> None:
    """Lets the process that the others are forked from begin its imports; nobody waits for it. They
    do not hear Ctrl-C: who started them does.
    """
    if FORKS:
        sys.warnoptions.append("ignore:resource_tracker")  # it puts away what a killed kernel held
        WORKERS.set_forkserver_preload(NEEDED.split())
        resource_tracker.ensure_running()
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
        forkserver.ensure_running()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])


def drawers(number: int) -> ProcessPoolExecutor:
    """Processes that draw what they are handed."""
    return ProcessPoolExecutor(number, mp_context=WORKERS, initializer=end_with_parent)


def end_children() -> None:
    """Ends what this process has started, whoever holds it: one that was not yet held when a person
    stopped the work would be waited for at the exit.
    """
    for child in active_children():
        child.kill()


def end_with_parent() -> None:
    """Nobody is left behind where the building process was killed."""
    Thread(target=lambda: (parent_process().join(), os._exit(1)), daemon=True).start()
