"""The ledger of a venue: who has how much of what, and the journal of every change.

Double entry: an amount only ever goes from one account to another, and account 0 is the outside
world, from which everything comes. So each asset sums to zero over all accounts, always. A
position in a contract is an asset too: what one side is long the other is short.

An account is a number. Balances are kept asset by asset, so that what a pass over many accounts
reads lies together.
"""

import copy as copying

cimport cython
from cpython.buffer cimport PyBUF_READ
from cpython.memoryview cimport PyMemoryView_FromMemory
from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t
from libc.string cimport memmove, memset

from lob.engine.block cimport Block
from lob.clearing.requirement cimport NO_LIQUIDATION_PRICE
from lob.engine.memory cimport unlikely
from lob.engine.records cimport Entry
from lob.engine.wide cimport add_overflows, int128

import numpy as np

from lob import checks
from lob.types import ENTRY, MAX_SIZE, EntryKind

__all__ = ["Ledger"]

if ENTRY.itemsize != sizeof(Entry):
    raise ImportError("lob.engine.records and lob.types disagree")

cdef enum:
    FIRST_POSTINGS = 64  # kinds of entries below it move something


@cython.auto_pickle(False)
cdef class Ledger:
    """The balances of every account in every asset, in double entry.

    Parameters
    ----------
    entries
        What becomes of the journal: ``True`` keeps it in memory, ``False`` drops it, and an object
        with a method ``write(rows)`` is lent chunks of ``lob.ENTRY`` rows.

    Attributes
    ----------
    assets : list[str]
        Names of the assets, by number.
    account_count : int
        How many accounts there are, numbered from 0, the outside world.

    Raises
    ------
    TypeError
        If ``entries`` is none of these.

    Examples
    --------
    >>> ledger = Ledger()
    >>> cash, alice = ledger.add_asset("cash"), ledger.open_account("alice")
    >>> ledger.transfer(cash, ledger.WORLD, alice, 1_000)
    >>> ledger.balance(alice, cash), ledger.balance(0, cash)
    (1000, -1000)
    """

    WORLD = 0

    def __init__(self, *, entries=True):
        if not isinstance(entries, bool) and not callable(getattr(entries, "write", None)):
            raise TypeError(f"entries must be True, False or have a write method, got {entries!r}")
        self.keep = entries is True
        self.writer = None if isinstance(entries, bool) else entries
        self.assets = []
        self.rows = []
        self.names = {}
        self.row_pointers = Block()
        self.account_block = Block()
        self.inside = Block()
        self.ranges = Block()
        self.journal = Block()
        self.inhabited.last_owner = self.outside.last_owner = -1
        self.open(1, 0)
        self.names["the world"] = 0

    # ---------------------------------------------------------------- assets and accounts

    def add_asset(self, name):
        """Add an asset to the ledger; returns its number.

        Raises ``ValueError`` if the name is taken, or there are 65,536 assets already.
        """
        checks.text("name", name)
        if name in self.assets:
            raise ValueError(f"name {name!r} is an asset's already")
        if len(self.assets) >= 2**16:
            raise ValueError("there are 65,536 assets, no more fit a record")
        self.assets.append(name)
        self.rows.append(Block())
        self.inside.reserve(8 * len(self.assets))
        self.make_room()
        return len(self.assets) - 1

    def asset(self, name):
        """Number of an asset, by name. Raises ``ValueError`` if there is none of that name."""
        if name not in self.assets:
            raise ValueError(f"no asset is called {name!r}: there are {', '.join(self.assets)}")
        return self.assets.index(name)

    def open_account(self, name=None, *, owner=0):
        """Open an account of the ledger; returns its number.

        Parameters
        ----------
        name
            A name for people, unique; ``None``: the account has only a number.
        owner
            Owner number whose trades are settled on it, 0 to ``2**31 - 1``; 0: nobody's.

        Raises
        ------
        TypeError, ValueError
            If the name or the owner number is taken, or malformed.
        """
        if name is not None:
            checks.text("name", name)
            if name in self.names:
                raise ValueError(f"name {name!r} is an account's already")
        number = self.open(1, checks.integer("owner", owner, 0, 2**31 - 1))
        if name is not None:
            self.names[name] = number
        return number

    def open_accounts(self, count, first_owner):
        """Open an account for each of ``count`` owner numbers from ``first_owner`` on.

        Returns the number of the first account; the others follow. Raises ``ValueError`` if a
        number is outside its range or an owner has an account.
        """
        checks.integer("count", count, 1, 2**30)
        return self.open(count, checks.integer("first_owner", first_owner, 1, 2**31 - count))

    cdef int64_t open(self, int64_t count, int32_t first_owner) except -1:
        cdef int64_t first = self.account_count, i, at
        cdef OwnerRange *ranges
        cdef OwnerRange taken
        if first + count > 2**31 - 1:
            raise ValueError(f"{first + count} accounts are more than fit a record")
        if first_owner:
            for at in range(self.range_count):
                taken = (<OwnerRange *>self.ranges.data)[at]
                if taken.first_owner < first_owner + count and first_owner <= taken.last_owner:
                    raise ValueError(
                        f"owner number {max(first_owner, taken.first_owner)} has an account already"
                    )
        self.account_count = first + count
        self.account_block.reserve(grown(sizeof(Account) * <size_t>self.account_count,
                                         self.account_block.nbytes))
        self.accounts = <Account *>self.account_block.data
        self.make_room()
        for i in range(first, first + count):
            self.accounts[i].liquidation_price = NO_LIQUIDATION_PRICE
            self.accounts[i].clearing = -1
            self.accounts[i].owner = first_owner + <int32_t>(i - first) if first_owner else 0
        if first_owner:
            self.ranges.reserve(grown(sizeof(OwnerRange) * <size_t>(self.range_count + 1),
                                      self.ranges.nbytes))
            ranges = <OwnerRange *>self.ranges.data
            at = self.range_count
            while at and ranges[at - 1].first_owner > first_owner:
                at -= 1
            memmove(&ranges[at + 1], &ranges[at],
                    sizeof(OwnerRange) * <size_t>(self.range_count - at))
            ranges[at].first_owner = first_owner
            ranges[at].last_owner = first_owner + <int32_t>(count - 1)
            ranges[at].first_account = <int32_t>first
            self.range_count += 1
            self.outside.first_owner, self.outside.last_owner = 0, -1  # it may be there now
        return first

    cdef int make_room(self) except -1:
        """Let every asset have a row for every account; rows may move."""
        cdef Block row
        cdef int64_t i
        self.row_pointers.reserve(8 * len(self.rows))
        for i in range(len(self.rows)):
            row = self.rows[i]
            row.reserve(grown(8 * <size_t>self.account_count, row.nbytes))
            (<int64_t **>self.row_pointers.data)[i] = <int64_t *>row.data
        return 0

    def account(self, name):
        """Number of an account, by name. Raises ``ValueError`` if there is none of that name."""
        if name not in self.names:
            raise ValueError(f"no account is called {name!r}")
        return self.names[name]

    def owner_account(self, owner):
        """Number of the account on which an owner's trades are settled; 0, the world's, if none."""
        return self.account_of(checks.integer("owner", owner, -(2**31), 2**31 - 1))

    cdef int64_t find_account(self, int32_t owner) noexcept:
        """``account_of`` by search; notes the range, or the gap between two, for the next time."""
        cdef const OwnerRange *ranges = <const OwnerRange *>self.ranges.data
        cdef int64_t low = 0, high = self.range_count, middle
        while low < high:
            middle = (low + high) >> 1
            if ranges[middle].last_owner < owner:
                low = middle + 1
            else:
                high = middle
        if low == self.range_count or ranges[low].first_owner > owner:
            self.outside.first_owner = ranges[low - 1].last_owner + 1 if low else -(2**31)
            self.outside.last_owner = (
                ranges[low].first_owner - 1 if low < self.range_count else 2**31 - 1
            )
            return WORLD
        self.inhabited = ranges[low]
        return self.inhabited.first_account + (owner - self.inhabited.first_owner)

    # ---------------------------------------------------------------- postings

    def transfer(self, asset, debit, credit, amount, *, kind=EntryKind.TRANSFER, tag=0):
        """Move an amount of an asset from one account to another.

        An account of a clearing is looked at again before the venue's next message, or as soon as
        the venue is let do what is due: several transfers count as one.

        Parameters
        ----------
        asset, debit, credit
            Numbers of the asset, of the account that gives and of the account that receives.
        amount
            Units of the asset, 0 or more, below ``2**62``.
        kind
            ``lob.EntryKind`` of the posting.
        tag
            Tag of the liquidation that it is part of; 0: none.

        Raises
        ------
        TypeError, ValueError
            If an argument is outside its range, or ``kind`` is not that of a posting.
        OverflowError
            If a balance would leave 64 bits. Nothing has moved then.
        """
        checks.integer("asset", asset, 0, len(self.assets) - 1)
        checks.integer("debit", debit, 0, self.account_count - 1)
        checks.integer("credit", credit, 0, self.account_count - 1)
        checks.integer("amount", amount, 0, MAX_SIZE)
        if EntryKind(kind) >= FIRST_POSTINGS:
            raise ValueError(f"kind must be a posting's, got {EntryKind(kind)!r}")
        self.post(kind, asset, debit, credit, amount, tag, 0)
        if self.market is not None:
            self.market.note_moved(debit, credit)

    cdef int post(
        self,
        uint8_t kind,
        int64_t asset,
        int64_t debit,
        int64_t credit,
        int64_t amount,
        int64_t tag,
        int64_t instrument,
    ) except -1:
        """Move an amount, negative ones the other way; nothing where there is nothing to move."""
        cdef int64_t *row = self.row(asset)
        cdef int64_t *inside = <int64_t *>self.inside.data
        cdef int64_t given, received
        cdef Entry *entry
        if amount < 0:
            debit, credit, amount = credit, debit, -amount
        if amount == 0 or debit == credit:
            return 0
        if unlikely(
            add_overflows(row[debit], -amount, &given)
            or add_overflows(row[credit], amount, &received)
        ):
            raise OverflowError(
                f"account {debit} cannot give {amount} units of {self.assets[asset]} to account "
                f"{credit}: a balance would not fit 64 bits"
            )
        entry = self.write(kind)
        self.room -= amount
        row[debit] = given
        row[credit] = received
        if debit == WORLD:
            inside[asset] += amount
        elif credit == WORLD:
            inside[asset] -= amount
        entry.amount = amount
        entry.asset = <uint16_t>asset
        entry.debit = <int32_t>debit
        entry.credit = <int32_t>credit
        entry.tag = tag
        entry.instrument = <uint16_t>instrument
        self.postings += 1
        self.last_tag = tag
        self.last_kind = kind
        return 0

    cdef bint has_room(self, int128 units) noexcept:
        """Whether no balance would leave 64 bits if it got or gave so much.

        What has been posted since all balances were looked at is taken off what there was then, so
        that they are looked at again only where that is no more enough.
        """
        cdef int64_t asset, account
        cdef int128 largest = 0, held
        if self.room >= units:
            return True
        for asset in range(len(self.rows)):
            for account in range(self.account_count):
                held = self.row(asset)[account]
                largest = max(largest, held if held >= 0 else -held)
        self.room = (<int128>1 << 62) - 1 + (<int128>1 << 62) - largest
        return self.room >= units

    cdef Entry *write(self, uint8_t kind) except NULL:
        """A new row of the journal, cleared but for what every row has."""
        cdef Entry *entry
        cdef size_t needed = sizeof(Entry) * <size_t>(self.journal_count + 1)
        if unlikely(needed > self.journal.nbytes):
            if not self.keep and self.journal.nbytes >= (1 << 20):
                self.flush()
            else:
                self.journal.reserve(2 * self.journal.nbytes + 4096)
        entry = &(<Entry *>self.journal.data)[self.journal_count]
        self.journal_count += 1
        memset(entry, 0, sizeof(Entry))
        entry.seq = self.seq
        entry.clearing = -1
        entry.ts_event = self.now
        entry.kind = kind
        return entry

    # ---------------------------------------------------------------- what one reads

    def balance(self, account, asset):
        """Units of an asset on an account, both by number. Raises ``ValueError`` if one is none."""
        checks.integer("asset", asset, 0, len(self.assets) - 1)
        checks.integer("account", account, 0, self.account_count - 1)
        return self.row(asset)[<int64_t>account]

    def balances(self, asset):
        """Units of an asset, by number, on every account: an array of int64, a copy."""
        cdef int64_t number = checks.integer("asset", asset, 0, len(self.assets) - 1)
        cdef Block row = self.rows[number]
        return np.frombuffer(bytearray(row.data[: 8 * self.account_count]), np.int64)

    @property
    def account_names(self):
        """Numbers of the accounts that have a name: a dict by name, a copy."""
        return dict(self.names)

    @property
    def entries(self):
        """The journal of the ledger so far, an array of ``lob.ENTRY``, a copy.

        Of a writer that reads too (``lob.tape.Writer``), its memory map. Raises ``ValueError``
        unless the ledger keeps it (``entries=True``) or such a writer does.
        """
        mapped = self.writer is not None and callable(getattr(self.writer, "read", None))
        if not self.keep and not mapped:
            raise ValueError("the entries of this ledger are not kept: set entries=True")
        if mapped:
            self.flush()  # any time will do: nothing counts the rows that wait
            return self.writer.read()
        if not self.journal_count:
            return np.zeros(0, ENTRY)
        return np.frombuffer(
            bytearray(self.journal.data[: sizeof(Entry) * <size_t>self.journal_count]), ENTRY
        )

    def conserves(self):
        """Whether of every asset the accounts have what came in from the world: O(assets)."""
        cdef int64_t i
        for i in range(len(self.assets)):
            if (<int64_t *>self.inside.data)[i] != -self.row(i)[WORLD]:
                return False
        return True

    def check(self):
        """Check that every asset sums to zero over all accounts: O(accounts x assets).

        Raises ``AssertionError`` that names the asset and what it sums to.
        """
        cdef int64_t i
        for i in range(len(self.assets)):
            # Halves: a sum of int64 in numpy wraps, and may come out as zero by wrapping.
            column = self.balances(i)
            total = int((column >> 32).sum()) * 2**32 + int((column & 0xFFFFFFFF).sum())
            if total:
                raise AssertionError(f"asset {self.assets[i]!r} sums to {total}, not to 0")
        if not self.conserves():
            raise AssertionError("what came in from the world is not what is inside")

    def close(self):
        """Hand what is left of a streamed journal to its writer."""
        self.flush()

    cdef int flush(self) except -1:
        cdef Py_ssize_t nbytes = sizeof(Entry) * <size_t>self.journal_count
        if self.keep:
            return 0
        if self.writer is not None and nbytes:
            self.writer.write(
                np.frombuffer(PyMemoryView_FromMemory(self.journal.data, nbytes, PyBUF_READ), ENTRY)
            )
        self.journal_count = 0
        return 0

    # ---------------------------------------------------------------- forks

    def __deepcopy__(self, memo):
        cdef Ledger other
        if self.writer is not None:
            raise ValueError("a ledger whose entries are streamed to a writer cannot be forked")
        other = Ledger(entries=self.keep)
        memo[id(self)] = other
        other.assets = list(self.assets)
        other.names = dict(self.names)
        other.account_count = self.account_count
        other.seq, other.now = self.seq, self.now
        other.postings = self.postings
        other.last_tag, other.last_kind = self.last_tag, self.last_kind
        other.rows = [copying.deepcopy(row) for row in self.rows]
        other.account_block = copying.deepcopy(self.account_block)
        other.accounts = <Account *>other.account_block.data
        other.inside = copying.deepcopy(self.inside)
        other.ranges = copying.deepcopy(self.ranges)
        other.range_count = self.range_count
        other.journal = copying.deepcopy(self.journal)
        other.journal_count = self.journal_count
        other.make_room()
        return other

    def __reduce__(self):
        raise TypeError("a ledger is not pickled: keep its run's scenario, seed and time")


cdef inline size_t grown(size_t needed, size_t have) noexcept:
    """Bytes to ask for: doubling, so that growing one by one is not quadratic."""
    return needed if needed <= have else max(needed, 2 * have)
