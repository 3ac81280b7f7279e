"""``make bench``: every measured table, one after another; names choose some: ``python -m
tests.benchmarks pack``.
"""

import sys
from importlib import import_module

BENCHMARKS = ("pack", "forecast", "supply", "replay", "tuner", "catalogue")

for name in sys.argv[1:] or BENCHMARKS:
    import_module(f"tests.benchmarks.{name}").main()
