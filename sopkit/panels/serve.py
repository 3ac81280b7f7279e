"""Serving the board: the Voilà command for a pack, closed to everything but the page."""

import os
import socket
import sys
from pathlib import Path

from sopkit.errors import PlanError
from sopkit.panels.page import PACK

NOTEBOOK = Path(__file__).resolve().parents[2] / "notebooks" / "dashboard.ipynb"
TEMPLATES = Path(__file__).with_name("jupyter")
# A page and nothing else; closing a tab does not end its kernel, so idle ones are ended.
CLOSED = """
    --no-browser
    --template=sop
    --Voila.ip=127.0.0.1
    --VoilaConfiguration.file_allowlist=^$
    --VoilaConfiguration.strip_sources=True
    --VoilaConfiguration.show_tracebacks=False
    --VoilaConfiguration.extension_allowlist=^$
    --VoilaConfiguration.allow_template_override=NOTEBOOK
    --VoilaConfiguration.preheat_kernel=True
    --VoilaConfiguration.default_pool_size=1
    --VoilaExecutor.timeout=60
    --MappingKernelManager.cull_interval=60
    --MappingKernelManager.cull_idle_timeout=600
"""


def voila_command(pack, port: int = 8866, *, notebook=NOTEBOOK) -> list[str]:
    """The command that serves a pack's board on 127.0.0.1: one notebook, no file, no source, one
    kernel waiting warm for the next visitor; run it with ``voila_environment``.

    Raises ``PlanError`` if the pack has no board or the port is taken.
    """
    pack = Path(pack)
    if not (pack / "board" / "board.json").exists():
        raise PlanError(
            f"pack {pack.name} has no board (board/board.json is missing); build it again: sopkit"
            f" pack {pack.name[:7]}"
        )
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        raise PlanError(
            f"port {port} on 127.0.0.1 is taken; choose another with --port, for example --port"
            f" {port + 1}"
        ) from None
    return [sys.executable, "-m", "voila", str(notebook), f"--port={port}", *CLOSED.split()]


def voila_environment(pack) -> dict[str, str]:
    """What the command needs in its environment: which pack, and where the page's template lies."""
    paths = filter(None, [str(TEMPLATES), os.environ.get("JUPYTER_PATH")])
    return {
        PACK: str(Path(pack).resolve()),
        "JUPYTER_PATH": os.pathsep.join(paths),
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }
