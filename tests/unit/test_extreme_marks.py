"""A mark far above all prices before it: what accounts are worth then takes more than 64 bits."""

import pytest

import lob
from lob.clearing.margin import FlatMargin, LoanToValue
from lob.liquidation.designs import make
from tests.venues import FIRST_OWNER, venue_with


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("margin", [FlatMargin(100_000, 50_000), LoanToValue(750_000, 800_000)])
def test_what_a_case_is_worth_is_exact(sign, margin):
    """The sizing of Aave's design got a debt below zero, and ended the run."""
    design = make("fixed-spread")
    venue, clearing = venue_with(margin=margin, liquidation_engine=design)
    lots = sign * 2**40
    cash = -200 * lots if sign > 0 else 0
    clearing.open(FIRST_OWNER, [cash], [lots])
    venue.refresh()
    assert clearing.case_count == 1
    clearing.observe_price(lob.MAX_PRICE)
    account = clearing.account(int(clearing.cases["account"][0]))
    assert account.equity == cash + lots * lob.MAX_PRICE
    assert design.equity(0) == account.equity
    assert design.maintenance(0) == account.maintenance_margin
    assets, debts, kept, owed = design.exposure(0)
    assert assets - debts == account.equity
    assert kept + owed <= account.maintenance_margin + 1
    assert max(assets, debts) > 2**64
    venue.check()
