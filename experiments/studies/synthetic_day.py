"""A day of order flow that needs no data: what ``firesale replay synthetic`` reads."""

from pathlib import Path

from lob.feeds import lobster, synthetic
from lob.feeds.lobster import Day

__all__ = ["make_day"]


def make_day(folder: Path) -> Day:
    """Write the synthetic day as a pair of LOBSTER files into a folder, and read it back.

    Raises ``OSError`` if the files cannot be written.
    """
    return lobster.read(synthetic.write_day(folder))
