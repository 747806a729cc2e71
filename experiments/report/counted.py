"""A number with its noun."""

__all__ = ["counted"]


def counted(count: float, noun: str) -> str:
    """A number of things: "1 seed", "2 seeds", "1,234 accounts"; a mean is rounded to a whole."""
    shown = f"{count:,.0f}"
    return f"{shown} {noun}" if shown == "1" else f"{shown} {noun}s"
