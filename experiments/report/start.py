"""Sentences on how runs started that a reader must not miss."""

from collections.abc import Iterable, Mapping
from typing import Any

from lob.counted import counted

__all__ = ["NOTHING_FAILED", "nothing_failed", "start_lines"]

NOTHING_FAILED = "nothing failed, nothing was sold by force"
"""What is said first of runs in which leverage played no part."""


def nothing_failed(criteria: Iterable[Mapping[str, Any]]) -> bool:
    """Whether no account failed and no lot was sold by force, in any of one or more runs.

    Parameters
    ----------
    criteria
        Of each run its criteria by name (``experiments.metrics.criteria.CRITERIA``); one that is
        missing or ``None`` is not known, and then nothing is claimed.
    """
    known = [(one.get("liquidations"), one.get("liquidated")) for one in criteria]
    return bool(known) and all(counts == (0, 0) for counts in known)


def start_lines(
    failed: float, left_out: Mapping[str, int], below: Mapping[str, float]
) -> list[str]:
    """English sentences on accounts that failed early or lacked margin, and rows left out.

    An empty list if there are none.

    Parameters
    ----------
    failed
        Accounts that failed before the first shock; of several runs the mean.
    left_out
        Rows of a snapshot that are no accounts and were left out, by population.
    below
        Accounts that began with less than initial margin, by population; of several runs the mean.
    """
    lines = []
    if failed:
        lines.append(f"{_accounts(failed)} failed before the first shock, not because of it")
    lines += [
        f"{name}: {_accounts(count)} began with less than initial margin, as no order could open "
        "them"
        for name, count in below.items()
    ]
    lines += [
        f"{name}: {counted(rows, 'row')} of its file left out, "
        f"{'it is no account' if rows == 1 else 'they are no accounts'}"
        for name, rows in left_out.items()
    ]
    return lines


def _accounts(count: float) -> str:
    """So many accounts, in words; a mean that is not whole is called one."""
    if count == round(count):
        return counted(count, "account")
    return f"on average {count:,.1f} accounts"
