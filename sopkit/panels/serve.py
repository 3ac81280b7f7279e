"""Serving the board: the Voilà command for a pack, closed to everything but the page."""

import os
import socket
import sys
from pathlib import Path

from sopkit.errors import PlanError
from sopkit.panels.page import PACK

NOTEBOOK = Path(__file__).resolve().parents[2] / "notebooks" / "dashboard.ipynb"
TEMPLATES = Path(__file__).with_name("jupyter")
IDLE, CHECK = 600, 60  # seconds: closing a tab does not end its kernel, so idle ones are ended


def voila_command(pack, port: int = 8866, *, notebook=NOTEBOOK, pool: int = 1) -> list[str]:
    """The command that serves a pack's board on 127.0.0.1: one notebook, no file, no source; run it
    with ``voila_environment``.

    ``pool`` kernels wait warm for the next visitor. Raises ``PlanError`` if the pack has no board
    or the port is taken.
    """
    pack = Path(pack)
    if not (pack / "board" / "board.json").exists():
        raise PlanError(
            f"pack {pack.name} has no board (board/board.json is missing); build it again: sopkit"
            f" pack {pack.name[:7]}"
        )
    if not _free(port):
        raise PlanError(
            f"port {port} on 127.0.0.1 is taken; choose another with --port, for example --port"
            f" {port + 1}"
        )
    return [
        sys.executable,
        "-m",
        "voila",
        str(notebook),
        "--no-browser",
        f"--port={port}",
        "--Voila.ip=127.0.0.1",
        "--template=sop",
        "--VoilaConfiguration.file_allowlist=^$",
        "--VoilaConfiguration.strip_sources=True",
        "--VoilaConfiguration.show_tracebacks=False",
        "--VoilaConfiguration.extension_allowlist=^$",
        "--VoilaConfiguration.allow_template_override=NOTEBOOK",
        "--VoilaConfiguration.preheat_kernel=True",
        f"--VoilaConfiguration.default_pool_size={pool}",
        "--VoilaExecutor.timeout=60",
        f"--MappingKernelManager.cull_interval={CHECK}",
        f"--MappingKernelManager.cull_idle_timeout={IDLE}",
    ]


def voila_environment(pack) -> dict[str, str]:
    """What the command needs in its environment: which pack, and where the page's template lies."""
    paths = [str(TEMPLATES), *filter(None, [os.environ.get("JUPYTER_PATH")])]
    return {
        PACK: str(Path(pack).resolve()),
        "JUPYTER_PATH": os.pathsep.join(paths),
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }


def _free(port) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
