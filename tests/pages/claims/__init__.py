"""What the pages and the board claim in words, and what pandas alone works out of the pack's tables
for each claim. Nothing of ``metrics``, ``finance`` or ``charts`` is imported.

A claim is a pattern of words with its numbers in brackets and a function that returns what the
tables say for them, in order: a value (money, units, a fraction), a name, or None for what another
claim checks. A number that no claim reads is reported: somebody must say where it comes from.
"""

import re

from tests.pages.claims import board, demand, family, history, money, review, supply
from tests.pages.claims.told import Told
from tests.pages.claims.words import CLAIMS, agrees, read

__all__ = ["FIXED", "Told", "faults", "read"]
PAGES = [history, demand, supply, money, family, review, board]  # imported: each adds to CLAIMS

# Words that hold a number which no table tells: definitions.
FIXED = re.compile(
    r"lags 1–3|8 of 10 (?:futures|outcomes)|orange over 115|lag 1\b|Forecast accuracy lag 1 – no data|"
    r"by 1 %|the first 12 of|\d+ regular hours"
)


def faults(text: str, told: Told) -> tuple[list, int, int]:
    """What is wrong in a sentence, in words; how many numbers it has, and how many claims read
    them.
    """
    wrong, spans = [], []
    for pattern, work_out in CLAIMS:
        for found in pattern.finditer(text):
            try:
                expected = work_out(told, found)
            except (KeyError, IndexError, ValueError, AssertionError) as error:
                wrong.append(f"{found.group()!r} cannot be worked out: {error!r}")
                continue
            for shown, value in zip(found.groups(), expected, strict=True):
                if shown is not None and value is not None and not agrees(shown, value):
                    wrong.append(f"{shown!r} in {found.group()!r}: the tables say {value}")
            spans.append(found.span())
    spans += [found.span() for found in FIXED.finditer(text)]
    numbers = [found for found in re.finditer(r"\d[\d,]*(?:\.\d+)?", text)]
    loose = [n.group() for n in numbers if not any(a <= n.start() < b for a, b in spans)]
    if loose:
        wrong.append(f"no claim reads {loose}")
    return wrong, len(numbers), len(numbers) - len(loose)
