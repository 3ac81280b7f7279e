"""Packs in a store behind a URL (s3://…): carried there and back whole, the manifest last, so that
nobody sees half a pack.
"""

import os
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from sopkit.databases import hide
from sopkit.errors import PlanError
from sopkit.pack.release import find_pack
from sopkit.plan import NAME
from sopkit.sources.places import copied

SEALS = "manifest.json", "release.json"  # what says that a pack is finished, and that it stands


def publish(packs, month, to: str) -> str:
    """The URL below ``to`` at which the pack of a month (None: the newest) now lies as it is here.

    Raises ``PlanError`` where nothing can be written there, and where a released pack of the name
    lies there that is another.
    """
    pack = find_pack(packs, month)
    with _store(to) as (system, root):
        place = f"{root.rstrip('/')}/{pack.name}"
        there = [name for name in SEALS if system.exists(f"{place}/{name}")]
        same = all(
            (pack / n).exists() and system.cat_file(f"{place}/{n}") == (pack / n).read_bytes()
            for n in there
        )
        if SEALS[1] in there and not same:
            raise PlanError(f"{hide(to)} holds a released {pack.name} that is another; it stands")
        if SEALS[0] in there:
            system.rm_file(f"{place}/{SEALS[0]}")
        files = sorted(
            path.relative_to(pack).as_posix() for path in pack.rglob("*") if path.is_file()
        )
        for name in sorted(files, key=lambda name: name == SEALS[0]):
            system.makedirs(f"{place}/{name}".rpartition("/")[0], exist_ok=True)
            system.put_file(str(pack / name), f"{place}/{name}")
    return f"{hide(to).rstrip('/')}/{pack.name}"


def fetch(url: str, packs) -> list[str]:
    """The names of the finished packs at a URL that were put into the folder ``packs``: those that
    it lacks.

    Raises ``PlanError`` where they cannot be read.
    """
    packs, got = Path(packs), []
    packs.mkdir(parents=True, exist_ok=True)
    with _store(url) as (system, root):
        found = sorted(place.rpartition("/")[2] for place in system.ls(root, detail=False))
        names = [n for n in found if NAME.fullmatch(n) and system.exists(f"{root}/{n}/{SEALS[0]}")]
        for name in names:
            if not (packs / name).exists():
                with TemporaryDirectory(prefix=".", dir=packs) as folder:
                    copied(f"{url.rstrip('/')}/{name}", Path(folder, name))
                    os.replace(Path(folder, name), packs / name)
                got.append(name)
    return got


@contextmanager
def _store(url):
    """The store of a URL, and the place in it."""
    import fsspec

    try:
        system, root = fsspec.url_to_fs(str(url))
        yield system, root
    except PlanError:
        raise
    except Exception as error:  # of s3fs, gcsfs, adlfs, aiohttp: each has its own
        raise PlanError(
            f"{hide(url)!r} cannot be used ({type(error).__name__}: {hide(error)}); give the URL of"
            " a folder for packs, and install what it needs (s3://: pip install s3fs)"
        ) from None
