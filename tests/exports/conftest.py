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


@pytest.fixture
def office(tmp_path):
    """LibreOffice without a window: a file in another format."""
    if shutil.which("soffice") is None:
        pytest.skip("needs LibreOffice (soffice)")

    def convert(path, ending):
        home = f"-env:UserInstallation=file://{tmp_path}/office"
        told = [
            "soffice",
            home,
            "--headless",
            "--convert-to",
            ending,
            "--outdir",
            tmp_path / ending,
        ]
        subprocess.run([*map(str, told), str(path)], check=True, capture_output=True, timeout=300)
        return tmp_path / ending / f"{path.stem}.{ending}"

    return convert
