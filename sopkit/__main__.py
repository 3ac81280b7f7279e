"""``python -m sopkit`` is ``sopkit``."""

from sopkit.cli import main

main(prog_name="sopkit")
