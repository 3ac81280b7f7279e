"""sopkit: forecast, supply and metric logic of the S&OP workbook.

``from sopkit import Plan, PlanError`` and the rooms ``sopkit.forecast``, ``sopkit.supply``,
``sopkit.metrics`` … Rooms load when first asked for, so that importing one of them does not pay for
the others.
"""

from importlib import import_module

from sopkit.errors import PlanError

__version__ = "0.1.0"
__all__ = ["Plan", "PlanError", "metrics"]

_LAZY = {"Plan": ("sopkit.plan", "Plan"), "metrics": ("sopkit.metrics", None)}


def __getattr__(name):
    if name not in _LAZY:
        raise AttributeError(f"module 'sopkit' has no attribute {name!r}")
    module, attribute = _LAZY[name]
    loaded = import_module(module)
    return getattr(loaded, attribute) if attribute else loaded
