"""A number with its noun."""

__all__ = ["counted"]


def counted(count: float, noun: str, many: str = "") -> str:
    """A number of things: "1 seed", "2 seeds", "1,234 accounts"; a mean is rounded to a whole.

    ``many`` is the plural of the noun where that is not the noun and an "s".
    """
    shown = f"{count:,.0f}"
    return f"{shown} {noun}" if shown == "1" else f"{shown} {many or noun + 's'}"
