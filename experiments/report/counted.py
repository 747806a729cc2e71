"""Numbers with their nouns."""

__all__ = ["counted"]


def counted(count: float, noun: str) -> str:
    """A number of things as text: "1 seed", "2 seeds", "1,234 accounts".

    A mean is rounded to the nearest whole.

    Parameters
    ----------
    count
        The number.
    noun
        In the singular; the plural takes an s.
    """
    shown = f"{count:,.0f}"
    return f"{shown} {noun}" if shown == "1" else f"{shown} {noun}s"
