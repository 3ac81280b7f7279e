"""Seconds a month of ``sopkit replay`` on the sample: six plans each, two months side by side."""

import time

from sopkit.replay import replay


def main():
    """Prints the seconds of four months."""
    began = time.perf_counter()
    grades = replay("data", "2026-05", "2026-08")
    seconds, months = time.perf_counter() - began, grades["month"].nunique()
    print(f"replay of the sample: {seconds / months:.1f} s a month ({len(grades)} plans)")
