"""Inventory exits: in how many parts, and over which time, a keeper sells what it has taken."""

from dataclasses import dataclass

from lob.checks import integer

__all__ = ["AtOnce", "Hold", "InventoryExit", "Sliced"]


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

    def __post_init__(self) -> None:
        integer("slices", self.slices, 0, 2**31)
        integer("over", self.over, 0, 2**62)
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
