"""Sentences on how runs started that a reader must not miss."""

from collections.abc import Mapping

from lob.counted import counted

__all__ = ["start_lines"]


def start_lines(failed: float, left_out: Mapping[str, int]) -> list[str]:
    """English sentences on accounts that failed early and rows left out; none if there are none.

    Parameters
    ----------
    failed
        Accounts that failed before the first shock; of several runs the mean.
    left_out
        Rows of a snapshot that are no accounts and were left out, by population.
    """
    lines = []
    if failed:
        shown = (
            counted(failed, "account")
            if failed == round(failed)
            else f"on average {failed:,.1f} accounts"
        )
        lines.append(f"{shown} failed before the first shock, not because of it")
    lines += [
        f"{name}: {counted(rows, 'row')} of its file left out, "
        f"{'it is no account' if rows == 1 else 'they are no accounts'}"
        for name, rows in left_out.items()
    ]
    return lines
