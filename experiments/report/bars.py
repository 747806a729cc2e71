"""Counts as a row of bars, a character each."""

from collections.abc import Sequence

__all__ = ["bars"]

HEIGHTS = " ▁▂▃▄▅▆▇█"


def bars(counts: Sequence[int], most: int) -> str:
    """Draw counts as bars whose height is in proportion to the largest; none is left blank.

    Parameters
    ----------
    counts
        None negative, one at least above 0.
    most
        How many of the counts are drawn, the first ones; the largest is of all of them.
    """
    largest = max(counts)
    return "".join(HEIGHTS[max(1, round(8 * count / largest))] for count in counts[:most])
