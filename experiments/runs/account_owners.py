"""Whose each account of a finished run is, and its postings at fair prices: for closed accounts."""

import agents
from agents.keepers import Bot
from agents.keepers.bot import LENDERS as KEEPERS_LENDERS
from agents.keepers.transactions import GAS_ACCOUNT
from experiments.metrics.cases import HoldingMetadata, PriceSeries
from experiments.metrics.closed_account import (
    BACKGROUND,
    FUND,
    LENDERS,
    TAKERS,
    VENUE,
    AccountOwners,
    Postings,
    fair_prices,
)
from experiments.metrics.columns import Columns
from experiments.runs.tape_metadata import tape_metadata_of

__all__ = ["account_owners_of", "postings_of"]


def account_owners_of(simulation: agents.Simulation) -> AccountOwners:
    """Say whose the accounts of a simulation are.

    Clearing's own accounts are fund, lenders (with the deficit that nobody has borne) and venue;
    the accounts that a design opened are takers', as those of keepers and bidders; margin accounts
    are borrowers.
    """
    ledger, names = simulation.ledger, simulation.ledger.account_names
    others: dict[int, int] = {}
    for clearing in simulation.clearings:
        start = f"{clearing.name}: "
        others |= {number: TAKERS for name, number in names.items() if name.startswith(start)}
    for one in simulation.agents:
        if isinstance(one, Bot):
            others[one.account] = TAKERS
    if KEEPERS_LENDERS in names:  # those who put up what keepers' own capital does not
        others[names[KEEPERS_LENDERS]] = TAKERS
    ranges = tuple(
        (int(first), int(count))
        for clearing in simulation.clearings
        for first, count in clearing.account_ranges
    )
    issuers, claims = {}, simulation.venue.claims
    for claim in () if claims is None else claims.claims:
        issuers[claim.asset] = claim.issuer
        for account in (claim.issuer, claim.escrow):
            # A vault that issues its own shares stays a borrower; others are outside.
            if not any(first <= account < first + count for first, count in ranges):
                others[account] = BACKGROUND
    for clearing in simulation.clearings:
        others |= {clearing.fund: FUND, clearing.fees: VENUE}
        others |= {clearing.shortfall: LENDERS, clearing.pool: LENDERS}
    others[ledger.account("the venue: fees")] = VENUE
    if GAS_ACCOUNT in names:
        others[names[GAS_ACCOUNT]] = VENUE
    others.pop(0, None)
    return AccountOwners(tuple(ledger.assets), ledger.account_count, ranges, others, issuers)


def postings_of(
    simulation: agents.Simulation, entries: Columns, mids: dict[int, PriceSeries], end_ns: int
) -> Postings:
    """The postings of a run until a time with whose they are, and fair prices if it is a twin.

    Parameters
    ----------
    simulation, entries
        The run, and its journal until then.
    mids
        By number of an instrument: its mid until then.
    end_ns
        The time, in ns since the start.
    """
    owners, ledger = account_owners_of(simulation), simulation.ledger
    books: dict[int, tuple[HoldingMetadata, int]] = {}
    for number, one in enumerate(simulation.instruments):
        asset = ledger.asset(one.base or one.name)
        value = HoldingMetadata(0, asset, number, one.multiplier, one.inverse)
        books.setdefault(asset, (value, ledger.asset(one.quote)))
    cash = simulation.clearings[0].cash_asset if simulation.clearings else books[0][1]
    marked = {one.asset: one for one in reversed(tape_metadata_of(simulation).holdings)}
    prices = fair_prices(entries, owners, cash, books, mids, marked)
    return Postings(entries, owners, prices, end_ns)
