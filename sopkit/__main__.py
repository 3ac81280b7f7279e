"""``python -m sopkit`` is ``sopkit``."""

from sopkit.cli import main

if __name__ == "__main__":
    main(prog_name="sopkit")
