"""Panels: the planners' tuner, and the board that leadership opens; each loads only what it needs.

``tuner(plan, ledger, by=…)`` in JupyterLab; ``write_board(plan, folder)`` when a pack is finished;
``board(pack)`` shows in a notebook the page that ``write_board`` wrote; ``serve.serve`` is Voilà's
application for it.
"""

from importlib import import_module

_WHERE = {
    "tuner": "sopkit.panels.tuning",
    "first_screen": "sopkit.panels.sections",
    "write_board": "sopkit.panels.sections",
    "write_page": "sopkit.panels.page",
    "board": "sopkit.panels.page",
}
__all__ = list(_WHERE)


def __getattr__(name):
    if name not in _WHERE:
        raise AttributeError(f"module 'sopkit.panels' has no attribute {name!r}")
    return getattr(import_module(_WHERE[name]), name)
