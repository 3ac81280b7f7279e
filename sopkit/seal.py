"""The seal of a pack: the hash of every file in its manifest, and that of the manifest in the
ledger once it is released, so that a byte that changes anywhere is found.
"""

import hashlib
import json
from pathlib import Path

from sopkit.errors import PlanError
from sopkit.ledger import Ledger


def seal(folder: Path, manifest: dict) -> dict:
    """The manifest with the hash of every file of the pack (``inputs``, ``tables``, other
    ``files``) and its own (``seal``), as it is written into the pack.
    """
    manifest = manifest | _parts(folder)
    manifest |= {"seal": _own(manifest)}
    beside = folder / ".manifest.json"
    beside.write_bytes(_text(manifest))
    beside.replace(folder / "manifest.json")
    return manifest


def changed(folder: Path) -> list[str]:
    """The files of a pack that are not as its manifest says, its manifest included."""
    text = (folder / "manifest.json").read_bytes()
    try:
        manifest = json.loads(text)
        sound = text == _text(manifest) and manifest["seal"] == _own(manifest)
    except (ValueError, KeyError, TypeError):
        sound = False
    if not sound:
        return ["manifest.json"]
    unlike = {
        f"{part}/{name}".removeprefix("files/")
        for part, now in _parts(folder).items()
        for name, _ in {*now.items()} ^ {*manifest[part].items()}
    }
    return sorted(unlike)


def manifest_of(pack: Path) -> dict:
    """The manifest of a pack."""
    return json.loads((pack / "manifest.json").read_bytes())


def digest_of(pack: Path) -> str:
    """SHA-256 of a pack's manifest, which holds those of all its files."""
    return digest(pack / "manifest.json")


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def refuse_changed(pack: Path, book: Ledger | None = None) -> None:
    """``PlanError`` where a file of the pack is not as its manifest says, or, of a released one,
    the manifest not as the ledger says.
    """
    if files := changed(pack):
        raise PlanError(
            f"pack {pack.name}: changed since it was built: {files[0]} ({len(files)} files in all);"
            " build the pack again, or bring back the files as they were"
        )
    if book and (pack / "release.json").exists():
        said = book.read("releases")
        if digest_of(pack) not in {*said.loc[said["pack"] == pack.name, "manifest"]}:
            raise PlanError(
                f"pack {pack.name}: the ledger knows no release of it with this seal; bring back"
                " the pack, or the ledger, as it was"
            )


def _parts(folder):
    """The hash of each file of a pack but the manifest, by part."""
    parts = {"inputs": {}, "tables": {}, "files": {}}
    for path, told in hashes(folder).items():
        top, _, rest = path.partition("/")
        part, name = (top, rest) if rest and top in parts else ("files", path)
        parts[part][name] = told
    parts["files"].pop("manifest.json", None)
    return parts


def _text(manifest) -> bytes:
    return (json.dumps(manifest, indent=2, ensure_ascii=False) + "\n").encode()


def _own(manifest):
    rest = {name: value for name, value in manifest.items() if name != "seal"}
    return hashlib.sha256(_text(rest)).hexdigest()


def hashes(folder: Path) -> dict[str, str]:
    """SHA-256 by relative path of every file below a folder."""
    return {
        path.relative_to(folder).as_posix(): digest(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
