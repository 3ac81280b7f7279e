"""Places: where facts lie. Those of a database, or behind a URL, become files of a folder for as
long as they are read, so that whatever reads files reads them too.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from sopkit.errors import PlanError
from sopkit.sources.settings import hide, read_settings
from sopkit.tables import inputs_of


@dataclass(frozen=True)
class Source:
    """Facts at hand: their place as people may read it (no password), the folder or file that holds
    them now, the database that tables of it were read from, and, where they were fetched, the
    ``origin`` from which another machine fetches them too.
    """

    told: str
    path: Path
    database: str = ""
    origin: str = field(default="", repr=False)

    def __str__(self):
        return self.told


@contextmanager
def at_hand(data) -> Iterator[Source]:
    """The facts at ``data`` as they are now: a path, a database's URL, a URL that fsspec knows
    (s3://…), or a folder whose settings.toml names a [database]; ``PlanError`` where they cannot be
    fetched.

    >>> with at_hand("mycompany") as source:
    ...     print(source, source.path.name)
    mycompany mycompany
    """
    if isinstance(data, Source):
        yield data
    else:
        with TemporaryDirectory() as folder:
            yield _fetched(str(data), Path(folder))


def _fetched(place, folder):
    path, asked, origin = Path(place).absolute(), {}, ""
    if "://" in place:
        import fsspec

        origin = place

        if place.partition("://")[0] in fsspec.available_protocols():
            path = copied(place, folder)
        else:
            path, asked = folder, {"url": place}
    settings, _ = read_settings(path / "settings.toml")
    asked = asked or settings["database"]
    if not asked:
        return Source(hide(place), path, origin=origin)
    from sopkit.sources.database import write_tables

    if path != folder:
        shutil.copytree(path, folder, dirs_exist_ok=True)
    written = write_tables(asked, folder, inputs_of(settings))
    return Source(hide(place), folder, written, origin or str(path))


def copied(place, folder):
    """The folder with every file below a URL, or the one file there and the settings beside it."""
    import fsspec

    try:
        system, root = fsspec.url_to_fs(place)
        within, files = PurePosixPath(root), system.find(root)
        if alone := root in files:
            within = within.parent
            files += [beside for beside in [f"{within}/settings.toml"] if system.exists(beside)]
        for file in files:
            name = PurePosixPath(file).relative_to(within)
            if ".." in name.parts:
                raise ValueError(f"{name} would leave its folder")
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            system.get_file(file, str(folder / name))
        if not files:
            raise FileNotFoundError("no file lies there")
    except Exception as error:  # of s3fs, gcsfs, adlfs, aiohttp: each has its own
        raise PlanError(
            f"data {hide(place)!r} cannot be read ({type(error).__name__}: {hide(error)}); give the"
            " URL of a folder of CSV or parquet files or of a workbook, and install what it needs"
            " (s3://: pip install s3fs)"
        ) from None
    return folder / PurePosixPath(root).name if alone else folder
