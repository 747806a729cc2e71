"""Where the participants of a ready market trade: a run of their own, or an instrument of another.

Random streams are keyed by the names of participants, so a prefix keeps two markets of one run
apart, and a market alone has none.
"""

from typing import NamedTuple

__all__ = ["MarketPlace"]


class MarketPlace(NamedTuple):
    """A place for the participants of a ready market."""

    seed: int
    """Root of all randomness of the run."""
    instrument: int = 0
    """Number of the instrument that they trade."""
    prefix: str = ""
    """What their names begin with."""
    opens: int = 0
    """When the session begins, in ns since the start of the run's clock."""
    spot: int | None = None
    """Number of the instrument that is the spot of theirs, for a market that has one."""
    worth: str = ""
    """What the name of the worth of the asset begins with: that of the market it is a spot of."""
