"""What history does about orders of one's own in a replay, by name."""

from enum import StrEnum

__all__ = ["ReplayMode"]


class ReplayMode(StrEnum):
    """What history does about orders of one's own. Every result carries it."""

    EXACT = "exact"
    """Nothing: they are priced against the recorded depth, and nothing they take is missed."""
    INTERACTIVE = "interactive"
    """It is sent again, as it was, to a live book in which they are."""
    REANCHORED = "reanchored"
    """The same, at prices relative to where they pushed the market."""
