"""Long work is seen: as a bar where somebody watches, as a line a step in the log elsewhere."""

import logging
import sys
import time
from collections.abc import Iterable, Iterator

from tqdm import tqdm

LOG = logging.getLogger("sopkit")
BAR, SHADES = "{desc:<28}{bar:20}| {n_fmt}/{total_fmt} {elapsed}", " ▏▎▍▌▋▊▉█"


def write_log() -> None:
    """Lets the log be written to standard error, a dated line each, where a scheduler keeps it."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%Y-%m-%d %H:%M:%S"))
    LOG.handlers = [handler]
    LOG.setLevel("INFO")


def seen(things: Iterable, total: int, name=str) -> Iterator:
    """The things, one by one: each is named while it is worked at, and its seconds are logged.

    >>> [part for part in seen(["pages", "board"], 2)]
    ['pages', 'board']
    """
    watched = sys.stderr.isatty()
    began = time.perf_counter()  # before it is waited for
    with tqdm(total=total, disable=not watched, bar_format=BAR, ascii=SHADES) as bar:
        for thing in things:
            bar.set_description_str(name(thing))
            yield thing
            bar.update()
            if not watched:
                LOG.info("%s: %.1f s", name(thing), time.perf_counter() - began)
            began = time.perf_counter()
