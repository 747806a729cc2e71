"""What becomes of what a keeper has taken: how it gets rid of it, and over which time."""

from dataclasses import dataclass

from lob.checks import integer

__all__ = ["AtOnce", "Hold", "InventoryExit", "Sliced"]


@dataclass(frozen=True)
class InventoryExit:
    """Parts, and the time over which they are traded."""

    slices: int = 1
    """0: nothing is traded."""
    over: int = 0
    """ns from the first part to when a further one would be due."""

    def __post_init__(self) -> None:
        integer("slices", self.slices, 0, 2**31)
        integer("over", self.over, 0, 2**62)
        if self.slices > 1 and self.over < self.slices:
            raise ValueError(f"over must be a nanosecond a part or more, got {self.over}")

    @property
    def every(self) -> int:
        """Time between two parts, in ns."""
        return self.over // self.slices if self.slices else 0

    @property
    def holding_time(self) -> int:
        """Time that a lot is held on average, in ns."""
        return self.every * (self.slices - 1) // 2 if self.slices else 0


def AtOnce() -> InventoryExit:  # noqa: N802 - reads like the two others
    """By one market order."""
    return InventoryExit(1, 0)


def Sliced(slices: int, over: int) -> InventoryExit:  # noqa: N802
    """In equal parts over a time in ns."""
    return InventoryExit(integer("slices", slices, 1), over)


def Hold() -> InventoryExit:  # noqa: N802
    """An inventory exit that never sells: what was taken is held to the end."""
    return InventoryExit(0, 0)
