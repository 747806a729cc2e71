"""The closed account: what each party of a run has gained or lost by forced sales, to the unit.

A party's gain is the value of what it has at the end of the run, less the same in the twin, in
which nothing was forced. Every account of the ledger and every asset is in it, the world outside
included, at one fair price an asset: so it sums to zero, or it is refused.

Fair is the mid of the twin at the end, where its book has two sides; else the last mark in the
twin; of a claim that nobody marks, what backs it. What parties bring along or take home (opening
balances, deposits, withdrawals) is no gain of anybody's, and a bid for what has not changed hands
is still the bidder's.

Each posting has one giver and one receiver, so who paid whom needs no pairing: the units that moved
count at their fair price, as a flow from the giver's party to the receiver's. A sale 3 below fair
is then a flow of 3 a lot, from the seller to the buyer. Flows of one kind between two parties are
netted and rounded to a cash unit (half to even, where a mid is half a tick or a contract inverse);
gains are sums of these, and so they sum to zero too.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from experiments.metrics.cases import HoldingMetadata, PriceSeries
from experiments.metrics.columns import Columns, Entries
from experiments.metrics.conservation import FIRST_OTHER
from lob import LIQUIDATION_TAG, EntryKind

__all__ = [
    "HARMED",
    "PARTIES",
    "AccountOwners",
    "ClosedAccount",
    "FairPrice",
    "Flow",
    "Postings",
    "closed_account",
    "fair_prices",
    "gain_of",
]

PARTIES = (
    "failed borrowers",
    "other borrowers",
    "insurance fund",
    "lenders",
    "takers",
    "venue",
    "background traders",
)
"""Whose gains there are: each account belongs to exactly one of these.

*Takers* are keepers, vaults, pools and bidders, with what they hold; *lenders* also have a loss
that nobody has borne; *background traders* are all who have no margin account, shock sellers and
makers among them, and the world."""
FAILED, BORROWERS, FUND, LENDERS, TAKERS, VENUE, BACKGROUND = range(len(PARTIES))
HARMED = (FAILED, BORROWERS, FUND, LENDERS)
"""Numbers of the parties whose losses are harm."""
CAPITAL = (EntryKind.OPENING, EntryKind.DEPOSIT, EntryKind.WITHDRAWAL)
"""Kinds of entries by which parties bring something from outside or take it home."""
WHAT = {
    EntryKind.TRADE: "trade", EntryKind.SWAP: "trade", EntryKind.TAKEOVER: "takeover",
    EntryKind.BID: "takeover", EntryKind.REWARD: "penalty", EntryKind.FEE: "fee",
    EntryKind.ADL: "adl", EntryKind.SOCIALISED: "socialised", EntryKind.INSURANCE: "insurance",
    EntryKind.REDISTRIBUTED: "redistributed", EntryKind.FUNDING: "funding",
    EntryKind.INTEREST: "interest",
}  # fmt: skip
"""What a flow is, by the kind of its entries; all others are "other", and a reward to takers is a
"bonus"."""
KINDS = (*dict.fromkeys(WHAT.values()), "bonus", "other")
"""What flows there are."""
HALF = 31
"""Bits of an amount that are added up by themselves: sums of 2**62 would not fit."""


class FairPrice(NamedTuple):
    """What one unit of an asset counts, in cash units, and what that was taken from."""

    value: Fraction
    """Cash units of one unit of the asset, exact."""
    basis: str
    """``"cash"``, ``"mid"`` of the twin at the end, ``"mark"``, ``"backing"``, or ``"none"``: an
    asset that has no price counts nothing."""


class AccountOwners(NamedTuple):
    """What tapes do not say of a ledger: its assets by name, and whose each account is."""

    assets: tuple[str, ...]
    """Names of the assets by number."""
    accounts: int
    """Count of the ledger's accounts, the world's included."""
    margin: tuple[tuple[int, int], ...]
    """First account and count of each range of margin accounts, in the order of opening: the same
    in every run of a scenario and seed, though their numbers are not."""
    others: Mapping[int, int]
    """Party, as an index of ``PARTIES``, of accounts outside the ranges; who is not named here is
    in the background."""
    issuers: Mapping[int, int]
    """By number of a claim's asset: account of its issuer."""


class Postings(NamedTuple):
    """A run's postings and marks, whose they are, and the fair prices at the run's end."""

    entries: Columns
    """The whole journal, ``lob.ENTRY`` rows."""
    owners: AccountOwners
    """What the journal does not say."""
    prices: Mapping[str, FairPrice]
    """By name of the asset."""
    end_ns: int
    """When the run ended."""


class Flow(NamedTuple):
    """What one party paid another in one way, more than in the twin."""

    giver: str
    """Name of the party that paid."""
    receiver: str
    """Name of the party that got it."""
    what: str
    """Trade, takeover, bonus, penalty, fee, adl, socialised, insurance, redistributed, funding,
    interest or other."""
    amount: int
    """Cash units, above 0."""


@dataclass(frozen=True)
class ClosedAccount:
    """Gains of all parties of a run against its twin, in cash units; they sum to zero."""

    flows: tuple[Flow, ...]
    """Who paid whom, net, the largest first."""
    prices: Mapping[str, FairPrice]
    """By name of the asset: the one price at which it counts."""

    @cached_property
    def gains(self) -> dict[str, int]:
        """Cash units that each party gained, by name; a loss is negative."""
        found = dict.fromkeys(PARTIES, 0)
        for one in self.flows:
            found[one.giver] -= one.amount
            found[one.receiver] += one.amount
        return found

    @property
    def harm(self) -> int:
        """Cash units that borrowers, insurance fund and lenders lost together."""
        return -sum(self.gains[PARTIES[number]] for number in HARMED)

    def criteria(self) -> dict[str, float]:
        """Harm and gains as criteria, by name: a party's is ``gain_of_`` and its name."""
        gains = {gain_of(name): float(gain) for name, gain in self.gains.items()}
        return {"harm": float(self.harm), **gains}

    def to_dict(self) -> dict[str, Any]:
        """JSON values by name: gains, harm, flows and prices, the last with their basis."""
        return {
            "harm": self.harm,
            "gains": dict(self.gains),
            "flows": [one._asdict() for one in self.flows],
            "prices": {
                name: {"cash_units": float(one.value), "basis": one.basis}
                for name, one in self.prices.items()
            },
        }


def gain_of(party: str) -> str:
    """Name of the criterion that is a party's gain: ``gain_of_lenders``."""
    return f"gain_of_{party.replace(' ', '_')}"


def closed_account(full: Postings, twin: Postings) -> ClosedAccount:
    """Close the account of a run against its twin.

    Parameters
    ----------
    full
        The run.
    twin
        The same run with nothing forced, equally long: its prices are fair.

    Raises
    ------
    AssertionError
        If the flows are not what the balances of all accounts have changed by, or they do not sum
        to zero.
    ValueError
        If the two runs are not equally long, or have other margin accounts.
    """
    if full.end_ns != twin.end_ns:
        raise ValueError(f"runs must be equally long, got {full.end_ns} and {twin.end_ns} ns")
    sizes = [sum(count for _, count in one.owners.margin) for one in (full, twin)]
    if sizes[0] != sizes[1]:
        raise ValueError("runs must have the same margin accounts")
    failed = _failed(full)
    moved = np.zeros((len(PARTIES), len(PARTIES), len(KINDS)), object)
    gained = [Fraction(0)] * len(PARTIES)
    for sign, run in ((1, full), (-1, twin)):
        rows = _gained(run.entries)
        parties = _parties(run, failed)
        for number, name in enumerate(run.owners.assets):
            value = sign * _price(twin.prices, name)
            of = rows[rows["asset"] == number] if len(run.owners.assets) > 1 else rows
            if value and len(of):
                _add_flows(moved, of, parties, value)
                _add_gains(gained, of, parties, value, run.owners.accounts)
    exact = [Fraction(moved[:, i].sum()) - Fraction(moved[i].sum()) for i in range(len(PARTIES))]
    if exact != gained or sum(gained, start=Fraction(0)):
        raise AssertionError(
            f"the account does not close: flows {_told(exact)}, balances {_told(gained)}"
        )
    return ClosedAccount(_net(moved), dict(twin.prices))


def _gained(entries: Columns) -> Columns:
    """The postings by which somebody gains or loses.

    A bid for what has not changed hands is still the bidder's: it goes back, or buys it.
    """
    kinds = entries["kind"]
    over = entries["tag"][kinds == EntryKind.SETTLED]
    pending = np.flatnonzero(kinds == EntryKind.BID)
    pending = pending[~np.isin(entries["tag"][pending], over)]
    counts = (kinds < FIRST_OTHER) & ~np.isin(kinds, CAPITAL)
    counts[pending] = False
    return entries[counts]


def _told(values: list[Fraction]) -> str:
    return ", ".join(f"{one} {float(v):,.2f}" for one, v in zip(PARTIES, values, strict=True))


def _price(prices: Mapping[str, FairPrice], name: str) -> Fraction:
    """An asset that the twin does not know is a claim of a design on itself: it counts nothing."""
    return prices[name].value if name in prices else Fraction(0)


def _net(moved: NDArray[np.object_]) -> tuple[Flow, ...]:
    found = []
    for i, giver in enumerate(PARTIES):
        for j in range(i):
            for kind, what in enumerate(KINDS):
                amount = round(Fraction(moved[i, j, kind] - moved[j, i, kind]))
                if amount:
                    names = (giver, PARTIES[j]) if amount > 0 else (PARTIES[j], giver)
                    found.append(Flow(*names, what, abs(amount)))
    return tuple(sorted(found, key=lambda one: (-one.amount, one)))


def _failed(full: Postings) -> NDArray[np.bool_]:
    """Which margin accounts failed, one element an account in the order of their ranges."""
    kinds = full.entries["kind"]
    failed = np.zeros(full.owners.accounts, np.bool_)
    failed[full.entries["debit"][kinds == EntryKind.LIQUIDATION]] = True
    parts = [failed[first : first + count] for first, count in full.owners.margin]
    return np.concatenate([np.zeros(0, np.bool_), *parts])


def _parties(run: Postings, failed: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The party of every account of a run, by number of the account."""
    found = np.full(run.owners.accounts, BACKGROUND, np.int64)
    start = 0
    for first, count in run.owners.margin:
        found[first : first + count] = np.where(failed[start : start + count], FAILED, BORROWERS)
        start += count
    named = np.array(sorted(run.owners.others), np.int64)
    found[named] = [run.owners.others[one] for one in named.tolist()]
    entries = run.entries
    tagged = entries["tag"] >= LIQUIDATION_TAG
    handed = _touched(
        entries, tagged & np.isin(entries["kind"], (EntryKind.TAKEOVER, EntryKind.BID))
    )
    found[handed[(found[handed] == BACKGROUND) & (handed > 0)]] = TAKERS
    # What waits on an account of the design to be shared out over other borrowers is theirs.
    shared = _touched(entries, entries["kind"] == EntryKind.REDISTRIBUTED)
    shared = shared[~np.isin(shared, handed)]
    found[shared[found[shared] == TAKERS]] = BORROWERS
    return found


def _touched(entries: Entries, rows: NDArray[np.bool_]) -> NDArray[np.int64]:
    of = entries[rows]
    return np.unique(np.concatenate([of["debit"], of["credit"]]).astype(np.int64))


def _sums(places: NDArray[np.int64], amounts: NDArray[np.int64], size: int) -> list[int]:
    """Exact sums of amounts by place, of any width."""
    low, high = np.zeros(size, np.int64), np.zeros(size, np.int64)
    np.add.at(low, places, amounts & ((1 << HALF) - 1))
    np.add.at(high, places, amounts >> HALF)
    return [a + (b << HALF) for a, b in zip(low.tolist(), high.tolist(), strict=True)]


def _ends(rows: Entries, parties: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The parties of who gives and who receives, one element a posting."""
    giver, receiver = parties[rows["debit"]], parties[rows["credit"]]
    # What nobody could bear is written off to the world, but it is lenders who lack it.
    lost = (rows["kind"] == EntryKind.SOCIALISED) & (rows["debit"] == 0)
    giver[lost] = LENDERS
    return giver, receiver


def _add_flows(
    moved: NDArray[np.object_], rows: Entries, parties: NDArray[np.int64], value: Fraction
) -> None:
    """Add up what one asset's postings moved, between parties and by kind."""
    giver, receiver = _ends(rows, parties)
    what = np.full(FIRST_OTHER, KINDS.index("other"), np.int64)
    for kind, name in WHAT.items():
        what[kind] = KINDS.index(name)
    of = what[rows["kind"]]
    of[(rows["kind"] == EntryKind.REWARD) & (receiver == TAKERS)] = KINDS.index("bonus")
    across = giver != receiver
    places = ((giver * len(PARTIES) + receiver) * len(KINDS) + of)[across]
    flat = moved.reshape(-1)
    for place, total in enumerate(_sums(places, rows["amount"][across], flat.size)):
        if total:
            flat[place] += total * value


def _add_gains(
    gained: list[Fraction],
    rows: Entries,
    parties: NDArray[np.int64],
    value: Fraction,
    accounts: int,
) -> None:
    """Add up what one asset's balances have changed by, account by account: the other way round."""
    lost = (rows["kind"] == EntryKind.SOCIALISED) & (rows["debit"] == 0)
    for name, sign in (("debit", -1), ("credit", 1)):
        places = rows[name].astype(np.int64)
        # One place more than accounts: what lenders lack of what was written off.
        if name == "debit":
            places = np.where(lost, accounts, places)
        sums = _sums(places, rows["amount"], accounts + 1)
        for account, total in enumerate(sums):
            if total:
                party = LENDERS if account == accounts else int(parties[account])
                gained[party] += sign * total * value


def fair_prices(
    entries: Entries,
    owners: AccountOwners,
    cash: int,
    books: Mapping[int, tuple[HoldingMetadata, int]],
    mids: Mapping[int, PriceSeries],
    marked: Mapping[int, HoldingMetadata],
) -> dict[str, FairPrice]:
    """The fair price of every asset at the end of a run in which nothing was forced.

    Parameters
    ----------
    entries, owners
        The journal of the run, and what it does not say.
    cash
        Number of the asset in which all is counted.
    books
        By number of an asset that a book trades: how its lots are valued, and the asset in which
        it is paid.
    mids
        By number of an instrument: its mid over the run in ticks.
    marked
        By number of an asset that margin accounts hold: how it is valued at a mark.
    """
    found: dict[int, FairPrice] = {cash: FairPrice(Fraction(1), "cash")}
    marks = entries[entries["kind"] == EntryKind.MARK]

    def of(asset: int, within: tuple[int, ...]) -> FairPrice:
        if asset in found:
            return found[asset]
        if asset in within:
            return FairPrice(Fraction(0), "none")
        found[asset] = made = look_up(asset, (*within, asset))
        return made

    def look_up(asset: int, within: tuple[int, ...]) -> FairPrice:
        if asset in books:
            holding, paid = books[asset]
            series = mids[holding.instrument].prices
            if len(series) and np.isfinite(series[-1]):
                price = _value(holding, Fraction(float(series[-1])))
                return FairPrice(price * of(paid, within).value, "mid")
        rows = marks["price"][marks["asset"] == asset]
        if asset in marked and len(rows) and int(rows[-1]) > 0:
            return FairPrice(_value(marked[asset], Fraction(int(rows[-1]))), "mark")
        if asset in owners.issuers:
            return backing(asset, owners.issuers[asset], within)
        paid_in = {paid for _, paid in books.values()}
        # Money that nothing prices is counted like that of the account.
        return FairPrice(Fraction(asset in paid_in), "cash" if asset in paid_in else "none")

    def backing(asset: int, issuer: int, within: tuple[int, ...]) -> FairPrice:
        rows = entries[entries["kind"] < FIRST_OTHER]
        mine = (rows["debit"] == issuer) | (rows["credit"] == issuer)
        rows = rows[mine]
        held = [0] * len(owners.assets)
        for name, sign in (("debit", -1), ("credit", 1)):
            ours = rows[rows[name] == issuer]
            sums = _sums(ours["asset"].astype(np.int64), ours["amount"], len(held))
            held = [a + sign * b for a, b in zip(held, sums, strict=True)]
        if held[asset] >= 0:
            return FairPrice(Fraction(0), "none")
        worth = sum(
            (units * of(i, within).value for i, units in enumerate(held) if i != asset and units),
            start=Fraction(0),
        )
        return FairPrice(max(Fraction(0), worth / -held[asset]), "backing")

    return {name: of(number, ()) for number, name in enumerate(owners.assets)}


def _value(holding: HoldingMetadata, price: Fraction) -> Fraction:
    """Cash units of one lot at a price in ticks, exact."""
    return -holding.multiplier / price if holding.inverse else holding.multiplier * price
