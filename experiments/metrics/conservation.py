"""Conservation: the journal's postings, added up, are the ledger's balances."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from lob.clearing import Ledger

__all__ = ["balances_of", "check_conservation"]

FIRST_OTHER = 64
"""``lob.EntryKind`` values from here on are no postings: they move nothing."""


def balances_of(entries: NDArray[np.void], accounts: int, assets: int) -> NDArray[np.int64]:
    """Balances that a journal's postings add up to: int64 [asset, account], in asset units.

    Parameters
    ----------
    entries
        The whole journal, ``lob.ENTRY`` rows from the opening balances on.
    accounts, assets
        How many of either the ledger has, the outside world (account 0) included.
    """
    moved = entries[entries["kind"] < FIRST_OTHER]
    found = np.zeros((assets, accounts), np.int64)
    np.subtract.at(found, (moved["asset"], moved["debit"]), moved["amount"])
    np.add.at(found, (moved["asset"], moved["credit"]), moved["amount"])
    return found


def check_conservation(entries: NDArray[np.void], ledger: "Ledger") -> None:
    """Compare a whole journal with the ledger that wrote it.

    Parameters
    ----------
    entries
        ``lob.ENTRY`` rows from the opening balances on.
    ledger
        The ledger at the end of the journal.

    Raises
    ------
    AssertionError
        If an asset does not sum to zero, or a balance is not what the journal says: with the asset,
        the account and both values.
    """
    ledger.check()
    found = balances_of(entries, ledger.account_count, len(ledger.assets))
    for number, name in enumerate(ledger.assets):
        kept = ledger.balances(number)
        off = np.flatnonzero(found[number] != kept)
        if len(off):
            account = int(off[0])
            raise AssertionError(
                f"{len(off)} balances of {name!r} differ: account {account} has {kept[account]}, "
                f"the journal says {found[number, account]}"
            )
