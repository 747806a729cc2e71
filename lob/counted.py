"""A number with its noun."""

__all__ = ["counted"]


def counted(count: float, noun: str, many: str = "") -> str:
    """A number of things as text: "1 seed", "2 seeds", "1,234 accounts".

    Parameters
    ----------
    count
        The number; a mean is rounded to the nearest whole.
    noun
        In the singular.
    many
        In the plural; empty: the noun and an "s".
    """
    shown = f"{count:,.0f}"
    return f"{shown} {noun}" if shown == "1" else f"{shown} {many or noun + 's'}"
