"""What is carried to the room, written once from the sample company's pack."""

import shutil
import subprocess

import pytest

from sopkit.exports.room import carry


@pytest.fixture(scope="session")
def carried(pack, tmp_path_factory):
    """A copy of the pack with what is carried to the room, and what writing it said."""
    folder = tmp_path_factory.mktemp("carried") / "2026-11"
    shutil.copytree(pack, folder)
    return folder, list(carry(folder))


@pytest.fixture(scope="session")
def office(tmp_path_factory):
    """LibreOffice without a window: files in another format, every formula worked out."""
    if shutil.which("soffice") is None:
        pytest.skip("needs LibreOffice (soffice)")

    folder = tmp_path_factory.mktemp("office")

    def convert(*paths, ending="xlsx"):
        told = ["soffice", f"-env:UserInstallation=file://{folder}/home", "--headless"]
        told += ["--convert-to", ending, "--outdir", str(folder), *map(str, paths)]
        subprocess.run(told, check=True, capture_output=True, timeout=300)
        return [folder / f"{path.stem}.{ending}" for path in paths]

    return convert
