"""Intake: raw exports of any system understood, and written as the input tables of a folder.

``Import(files, folder, ask)`` understands them; ``shown`` says how, ``problems`` what is wrong;
``fill`` writes the tables and, under [import] in settings.toml, what it was told.
"""

from sopkit.intake.bring import Import, is_company, or_default

__all__ = ["Import", "is_company", "or_default"]
