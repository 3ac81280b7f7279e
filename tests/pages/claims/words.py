"""What a claim is made of: the short names of its pattern, the numbers as they are shown."""

import re

import numpy as np

SIGN = r"[+−]?"
DIGITS = rf"{SIGN}\d[\d,]*(?:\.\d+)?"
CASH = "(?:€|\\$|¥|CHF)"
SHORT = {
    "N": rf"({DIGITS})",
    "M": rf"({DIGITS} (?:bn|M|k)?{CASH})",
    "P": rf"({DIGITS} %)",
    "Q": rf"({DIGITS} (?:pcs|kg|units|(?:bn|M|k)?{CASH}))",
    "D": r"((?:(?<!\d)(?<![A-Z][a-z][a-z] )\d{1,2} )?(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d\d|Q\d \d\d)",
    "S": r"(All items|Company|Brass goods|Castings|<Tools> & jigs)",
    "B": r"(?:month|week|quarter)",
}
SCALES = {"k": 1e3, "M": 1e6, "bn": 1e9, "": 1.0}
CLAIMS = []


def claim(pattern):
    """Registers a function for what a pattern says; {N} a number, {M} money, {P} percent, {Q} units
    or money, {D} a bucket, {S} whom it is about, {B} the size of a bucket.
    """
    for name, part in SHORT.items():
        pattern = pattern.replace(f"{{{name}}}", part)

    def keep(work_out):
        CLAIMS.append((re.compile(pattern), work_out))
        return work_out

    return keep


def read(shown: str) -> tuple[float, float]:
    """The value of a shown number and half its last digit.

    >>> read("−1.44 M€"), read("96.8 %")
    ((-1440000.0, 5000.0), (0.968, 0.0005))
    """
    digits, _, unit = shown.partition(" ")
    size = 0.01 if unit == "%" else SCALES[re.sub(f"{CASH}$", "", unit)] if _cash(unit) else 1.0
    value = float(digits.replace("−", "-").replace(",", "").replace("+", ""))
    return value * size, 0.5 * size / 10 ** len(digits.partition(".")[2])


def _cash(unit):
    return re.fullmatch(f"(?:bn|M|k)?{CASH}", unit) is not None


def agrees(shown: str, told) -> bool:
    """Whether a shown number is what the tables tell, in the digits that it shows."""
    if isinstance(told, str):
        return shown == told
    value, half = read(shown)
    return bool(np.isfinite(told)) and abs(value - told) <= half * 1.001 + 1e-9 * abs(told)
