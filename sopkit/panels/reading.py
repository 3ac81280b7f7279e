"""Reading a board: what a finished pack shows, as written by ``write_board``. Standard library
only, so that it opens at once.

``board.json`` holds, for every tab, parts; a part holds HTML by the choices it depends on (family,
market, measure, size), each choice being the place of a word in the board's list of them; place 0
is "all", units, and the plan's own buckets.
"""

import json
from html import escape
from pathlib import Path

CHOICES = ("family", "market", "measure", "size")


def read_board(folder) -> dict:
    """The board of a pack folder, with its release if there is one."""
    folder = Path(folder)
    board = json.loads((folder / "board" / "board.json").read_text(encoding="utf-8"))
    released = folder / "release.json"
    return board | {
        "pack": folder.name,
        "release": json.loads(released.read_text(encoding="utf-8")) if released.exists() else None,
    }


def boards_in(folder) -> list[Path]:
    """The packs in a folder that have a board, newest month first."""
    found = [path.parents[1] for path in Path(folder).glob("*/board/board.json")]
    return sorted(found, key=lambda pack: (pack.name[:7], len(pack.name), pack.name), reverse=True)


def title(board: dict) -> str:
    """Month and state: "S&OP · November 2026 · RELEASED by Ada on 2026-11-20", or draft."""
    release = board.get("release")
    state = (
        f"RELEASED by {release['by']} on {release['at'][:10]}"
        if release
        else "draft, not yet released"
    )
    revision = (
        f" (revision {board['pack'].partition('-r')[2]})" if "-r" in board.get("pack", "") else ""
    )
    return f"S&OP · {board['title']}{revision} · {state}"


def tab_html(board: dict, name: str, choice: dict) -> str:
    """A tab's parts for a choice, one below the other."""
    tab = next(tab for tab in board["tabs"] if tab["name"] == name)
    return "".join(
        f'<section class="part">{part_html(part, choice)}</section>' for part in tab["parts"]
    )


def part_html(part: dict, choice: dict) -> str:
    """A part for a choice; where it was not drawn for the market, the one of all markets (it says
    so itself).
    """
    key = [choice.get(name, 0) for name in part["by"]]
    for attempt in (key, [0 if name == "market" else at for name, at in zip(part["by"], key)]):
        found = part["html"].get("|".join(map(str, attempt)))
        if found is not None:
            return found
    return f'<p class="note">{escape(part["name"])}: nothing for this choice</p>'
