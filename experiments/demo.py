"""The day that ``firesale demo`` makes and the sale it puts into it."""

from pathlib import Path

from experiments.clock import SECOND
from lob.feeds import lobster, synthetic
from lob.feeds.lobster import Day

__all__ = ["AT_NS", "SIZE", "make_day"]

SIZE = 5000
AT_NS = 37_800 * SECOND  # 10:30


def make_day(folder: Path) -> Day:
    """Write the synthetic day as a pair of LOBSTER files and read it back."""
    return lobster.read(synthetic.write_day(folder))
