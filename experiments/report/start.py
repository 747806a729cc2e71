"""What a reader must not miss of runs: how they started, and whether a book ran out."""

from collections.abc import Mapping

__all__ = ["exhausted_lines", "start_lines"]


def exhausted_lines(emptied: int, runs: int) -> list[str]:
    """Lines of a headline: none where no side of a book emptied.

    Parameters
    ----------
    emptied
        Runs in which the side that a shock takes from was empty at some time until the horizon.
    runs
        All of them.
    """
    if not emptied:
        return []
    where = "" if runs == 1 else f"in {emptied:,} of {runs:,} runs "
    return [
        f"BOOK EXHAUSTED: {where}nobody was left on the side that the shock takes from. Prices "
        "moved as far as there was anybody; how much further they would have gone is not known, "
        "so that every loss is a lower bound"
    ]


def start_lines(failed: float, left_out: Mapping[str, int]) -> list[str]:
    """Lines of a headline: none if there is nothing to say.

    Parameters
    ----------
    failed
        Accounts that failed before the first shock; of several runs the mean.
    left_out
        Rows of a snapshot that are no accounts and were left out, by population.
    """
    lines = []
    if failed:
        shown = f"{failed:,.0f}" if failed == round(failed) else f"on average {failed:,.1f}"
        lines.append(f"{shown} accounts failed before the first shock, not because of it")
    lines += [
        f"{name}: {rows:,} row{'s' * (rows > 1)} of its file left out, they are no accounts"
        for name, rows in left_out.items()
    ]
    return lines
