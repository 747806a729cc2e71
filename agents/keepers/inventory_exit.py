"""Inventory exits: when, and in how many parts, a keeper sells what it has taken."""

from dataclasses import dataclass

from lob.checks import integer, ppm

__all__ = ["AtOnce", "Hold", "InventoryExit", "Sliced", "WhileSolvent"]


@dataclass(frozen=True)
class InventoryExit:
    """How a keeper gets rid of lots that it took: in equal parts at equal times.

    Raises ``ValueError`` if a field is outside its range.
    """

    slices: int = 1
    """How many parts, 0 to ``2**31``; 0: the lots are held."""
    over: int = 0
    """ns from the first part to when one more than ``slices`` would be due, 0 or more.

    With several parts at least one ns a part.
    """
    solvent: int = 0
    """Ppm of the value of all that it holds: lots are held until they sell for what is wanted of
    them, or its equity no longer covers so much; 0: they are not waited with."""

    def __post_init__(self) -> None:
        integer("slices", self.slices, 0, 2**31)
        integer("over", self.over, 0, 2**62)
        ppm("solvent", self.solvent)
        if self.solvent and self.slices != 1:
            raise ValueError(f"slices must be 1 where lots are waited with, got {self.slices}")
        if self.slices > 1 and self.over < self.slices:
            raise ValueError(f"over must be a nanosecond a part or more, got {self.over}")

    @property
    def every(self) -> int:
        """Time between two parts of this exit in ns, rounded down; 0 where there are no parts."""
        return self.over // self.slices if self.slices else 0

    @property
    def holding_time(self) -> int:
        """Time for which a lot is held on average until its part is traded, in ns, rounded down."""
        return self.every * (self.slices - 1) // 2 if self.slices else 0


def AtOnce() -> InventoryExit:  # noqa: N802 - reads like the two others
    """An inventory exit by one market order for all lots."""
    return InventoryExit(1, 0)


def Sliced(slices: int, over: int) -> InventoryExit:  # noqa: N802
    """An inventory exit in ``slices`` equal parts over ``over`` ns.

    Raises ``ValueError`` unless there are 1 or more parts, with at least one ns for each.
    """
    return InventoryExit(integer("slices", slices, 1), over)


def Hold() -> InventoryExit:  # noqa: N802
    """An inventory exit that never sells: what was taken is held to the end."""
    return InventoryExit(0, 0)


def WhileSolvent(margin: int) -> InventoryExit:  # noqa: N802
    """An inventory exit that waits for a gain as long as the keeper is solvent.

    Lots are sold where the book pays their cost and what the keeper wants on its capital; all of
    them, at once, when its equity is less than ``margin`` ppm, 1 or more, of the value of what it
    holds. Of an inverse contract they are sold at once.

    Raises ``ValueError`` unless the margin is from 1 to 1,000,000.
    """
    return InventoryExit(1, 0, integer("margin", margin, 1, 1_000_000))
