"""Packs in a store: carried whole, there and back."""

import json

import fsspec
import pytest

from sopkit.errors import PlanError
from sopkit.pack.stores import fetch, publish

URL = "memory://shelf/packs"


@pytest.fixture(autouse=True)
def store():
    system = fsspec.filesystem("memory")
    yield system
    if system.exists("/shelf"):
        system.rm("/shelf", recursive=True)


def made(folder, month="2026-11", said="a"):
    """A folder with a file that looks like a finished pack."""
    pack = folder / month
    (pack / "tables").mkdir(parents=True, exist_ok=True)
    (pack / "tables" / "kpis.parquet").write_bytes(said.encode())
    (pack / "manifest.json").write_text(json.dumps({"said": said}))
    return pack


def contents(folder):
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_a_pack_comes_back_as_it_went(tmp_path):
    made(tmp_path / "here")
    assert publish(tmp_path / "here", None, URL) == f"{URL}/2026-11"
    assert fetch(URL, tmp_path / "there") == ["2026-11"]
    assert contents(tmp_path / "there") == contents(tmp_path / "here")
    assert fetch(URL, tmp_path / "there") == []
    made(tmp_path / "here", said="b")  # built anew
    publish(tmp_path / "here", "2026-11", URL)
    fetch(URL, tmp_path / "third")
    assert contents(tmp_path / "third") == contents(tmp_path / "here")


def test_half_a_pack_is_none(tmp_path, store, monkeypatch):
    made(tmp_path / "here")
    publish(tmp_path / "here", None, URL)
    put = type(store).put_file

    def broken(self, source, place, **how):
        if "kpis" in place:
            raise OSError("the line is dead")
        put(self, source, place, **how)

    monkeypatch.setattr(type(store), "put_file", broken)
    with pytest.raises(PlanError, match="the line is dead"):
        publish(tmp_path / "here", None, URL)
    assert fetch(URL, tmp_path / "there") == [] and not [*(tmp_path / "there").iterdir()]


def test_a_released_pack_stands(tmp_path):
    pack = made(tmp_path / "here")
    (pack / "release.json").write_text("released")
    publish(tmp_path / "here", None, URL)
    publish(tmp_path / "here", None, URL)  # the same: nothing changes
    made(tmp_path / "here", said="b")
    with pytest.raises(PlanError, match="holds a released 2026-11 that is another"):
        publish(tmp_path / "here", None, URL)


@pytest.mark.parametrize("url", ["nothing://x", "s3://bucket/packs", "memory://shelf/none"])
def test_a_store_that_is_none_is_said(url, tmp_path):
    with pytest.raises(PlanError, match="cannot be used .*give the URL of a folder for packs"):
        fetch(url, tmp_path)
