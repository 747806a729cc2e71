"""The ledger: double entry, owners, the journal."""

import numpy as np
import pytest

import lob
from lob.clearing import Ledger


def test_what_one_gives_another_receives():
    ledger = Ledger()
    cash, token = ledger.add_asset("cash"), ledger.add_asset("token")
    alice, bob = ledger.open_account("alice"), ledger.open_account("bob")
    ledger.transfer(cash, ledger.WORLD, alice, 100, kind=lob.EntryKind.DEPOSIT)
    ledger.transfer(cash, alice, bob, 30)
    assert [ledger.balance(a, cash) for a in (0, alice, bob)] == [-100, 70, 30]
    assert ledger.balances(token).tolist() == [0, 0, 0]
    rows = ledger.entries
    assert rows["amount"].tolist() == [100, 30]
    assert rows["debit"].tolist() == [0, alice]
    assert rows["credit"].tolist() == [alice, bob]
    ledger.check()


def test_a_transfer_that_does_not_fit_moves_nothing():
    ledger = Ledger()
    cash, alice, bob = ledger.add_asset("cash"), ledger.open_account(), ledger.open_account()
    for _ in range(2):
        ledger.transfer(cash, alice, bob, lob.MAX_SIZE)
    before = ledger.balances(cash).tolist()
    with pytest.raises(OverflowError, match="account 1 cannot give 4611686018427387903 units of"):
        ledger.transfer(cash, alice, bob, lob.MAX_SIZE)
    assert ledger.balances(cash).tolist() == before
    assert len(ledger.entries) == 2
    ledger.check()


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ((9, 0, 1, 5), "asset"),
        ((0, 0, 9, 5), "credit"),
        ((0, -1, 1, 5), "debit"),
        ((0, 0, 1, -5), "amount"),
        ((0, 0, 1, 2**62), "amount"),
        ((0, 0, 1, 1.5), "amount"),
    ],
)
def test_misuse_names_the_argument(arguments, match):
    ledger = Ledger()
    ledger.add_asset("cash")
    ledger.open_account()
    with pytest.raises((TypeError, ValueError), match=match):
        ledger.transfer(*arguments)
    assert not len(ledger.entries)


def test_only_postings_move():
    ledger = Ledger()
    ledger.add_asset("cash")
    ledger.open_account()
    with pytest.raises(ValueError, match="kind must be a posting"):
        ledger.transfer(0, 0, 1, 5, kind=lob.EntryKind.MARK)


def test_owners_find_their_accounts():
    ledger = Ledger()
    first = ledger.open_accounts(1_000, 5_000)
    single = ledger.open_account("one", owner=77)
    later = ledger.open_accounts(10, 2_000)
    assert ledger.owner_account(5_000) == first
    assert ledger.owner_account(5_999) == first + 999
    assert ledger.owner_account(77) == single
    assert ledger.owner_account(2_009) == later + 9
    for owner in (0, 76, 78, 4_999, 6_000, -5, 2_010):
        assert ledger.owner_account(owner) == 0
    with pytest.raises(ValueError, match="owner number 5999 has an account already"):
        ledger.open_accounts(10, 5_999)


@pytest.mark.parametrize("owner", [1, 50, 99, 101, 2**31 - 1])
def test_an_owner_that_had_no_account_is_found_once_there_is_one(owner):
    ledger = Ledger()
    one = ledger.open_account("one", owner=100)
    assert ledger.owner_account(owner) == 0
    other = ledger.open_account("other", owner=owner)
    assert ledger.owner_account(owner) == other
    assert ledger.owner_account(100) == one
    assert [ledger.owner_account(near) for near in (98, 102, 0, -6)] == [0, 0, 0, 0]


def test_names_are_unique():
    ledger = Ledger()
    ledger.add_asset("cash")
    ledger.open_account("alice")
    with pytest.raises(ValueError, match="asset's already"):
        ledger.add_asset("cash")
    with pytest.raises(ValueError, match="account's already"):
        ledger.open_account("alice")
    with pytest.raises(ValueError, match="no asset is called 'gold'"):
        ledger.asset("gold")


def test_rows_that_are_streamed_are_the_rows_that_would_be_kept():
    class Sink:
        def __init__(self):
            self.rows = []

        def write(self, rows):
            self.rows.append(rows.copy())

    def fill(ledger):
        cash, alice = ledger.add_asset("cash"), ledger.open_account()
        for amount in range(1, 30_000):
            ledger.transfer(cash, 0, alice, amount)
        ledger.close()

    sink, kept = Sink(), Ledger()
    fill(Ledger(entries=sink))
    fill(kept)
    assert len(sink.rows) > 1
    assert np.concatenate(sink.rows).tobytes() == kept.entries.tobytes()
