"""Vaults, their depositors, yield loops, lenders who pledge again, pegs and pools."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

import agents
import lob
from agents.leverage import (
    CollateralisedBorrowers,
    DepegArbitrageur,
    Funded,
    LeverageVault,
    LPBorrower,
    PoolArbitrageur,
    RecursiveYieldBorrower,
    RehypothecatingLender,
    VaultDepositor,
)
from agents.leverage.pools import best_swap
from lob.clearing import Clearing, Holding, Oracle, leverage
from lob.clearing.collateral import Claim
from lob.clearing.margin import FlatMargin, LoanToValue
from lob.clearing.oracle import Fixed, Mid
from lob.clearing.valuation import ClaimValue
from lob.liquidation import MarketSale
from lob.units import PPM, SECOND_NS
from lob.venue.pool import FairShare, Pool

TOKEN = lob.Instrument("TOKEN", base="token")
ENOUGH = 10**9


class Books(agents.Agent):
    """Bids and asks as given, and trades at given times: (ns, lots)."""

    def __init__(self, bids, asks, trades=(), instrument=0, name="books"):
        super().__init__(name)
        self.rows = [(1, *row) for row in bids] + [(-1, *row) for row in asks]
        self.trades = sorted(trades)
        self.instrument = instrument

    def on_start(self):
        for side, price, size in self.rows:
            self.submit(side, size, price, instrument=self.instrument)
        if self.trades:
            self.wake_in(self.trades[0][0])

    def on_wake(self):
        _, lots = self.trades.pop(0)
        self.submit(1 if lots > 0 else -1, abs(lots), instrument=self.instrument, time_in_force=1)
        if self.trades:
            self.wake_in(self.trades[0][0] - self.now)


def deep(price, ticks=200, size=1_000, spread=1):
    bids = [(price - i, size) for i in range(ticks)]
    asks = [(price + spread + i, size) for i in range(ticks)]
    return bids, asks


def run_of(*others, oracle, margin=None, facilities=(), instruments=(TOKEN,), holdings=None):
    clearing = Clearing(
        "lender",
        holdings=holdings or [Holding(oracle, margin or LoanToValue(700_000, 800_000))],
        liquidation_engine=MarketSale(),
    )
    simulation = agents.Simulation(
        1, instruments=list(instruments), clearings=[clearing], facilities=facilities
    )
    for one in others:
        simulation.add(one)
    return simulation


def move(simulation, price):
    simulation.clearings[0].observe_price(price)
    simulation.venue.refresh()


# ---------------------------------------------------------------- vaults


def vault_run(trades=(), depositor=True, **options):
    """A vault at twice its equity: 1,000 lots at 1,000 with a debt of 500,000; 1,000 shares."""
    shares = Claim("shares", backing=["cash", "token"], issuer=5_000)
    people = VaultDepositor(
        "people", vault="shares", funds={"cash": 2_000_000}, **options.pop("depositors", {})
    )
    vault = LeverageVault(
        "vault", claim="shares", shares=1_000, first_depositor="people", owner=5_000,
        margin=500_000, position=1_000, entry_price=1_000, **options,
    )  # fmt: skip
    simulation = run_of(
        Books(*deep(1_000), trades), people, vault, oracle=Oracle(Mid(0)), facilities=[shares]
    )
    return simulation, vault, people, shares


def test_a_vault_goes_part_of_the_way_to_its_target_each_epoch():
    """FLI: 2.5 -> 2.5 (1 - 1/2) + 2 / 2 = 2.25 at once (above its bounds), 2.125 an epoch later."""
    vault = LeverageVault(
        "vault",
        margin=400_000,
        position=1_000,
        entry_price=1_000,
        speed=500_000,
        epoch=5 * SECOND_NS,
    )
    simulation = run_of(
        Books([(1_000, ENOUGH)], [(1_001, ENOUGH)]), vault, oracle=Oracle(Fixed(1_000))
    )
    wanted = [Fraction(5, 2)]
    for _ in range(2):
        wanted.append(
            leverage.vault_leverage(int(wanted[-1] * PPM), 2 * PPM, 500_000, 1_700_000, 2_300_000)
            / PPM
        )
    simulation.run(until=SECOND_NS)
    assert vault.leverage() == wanted[1] * PPM == 2_250_000
    simulation.run(until=5 * SECOND_NS)
    assert len(vault.rebalances) == 1
    simulation.run(until=6 * SECOND_NS)
    assert vault.leverage() == wanted[2] * PPM == 2_125_000
    first = vault.rebalances[0]
    assert (first.lots, first.cost, first.ripcord) == (-100, 0, False)
    simulation.venue.check()


def test_a_vault_trades_in_parts_and_pulls_the_ripcord():
    vault = LeverageVault(
        "vault", margin=300_000, position=1_000, entry_price=1_000, speed=PPM, most=20,
        ripcord=2_700_000, ripcord_most=200,
    )  # fmt: skip
    simulation = run_of(
        Books([(1_000, ENOUGH)], [(1_001, ENOUGH)]), vault, oracle=Oracle(Fixed(1_000)),
        margin=LoanToValue(750_000, 900_000),
    )  # fmt: skip
    simulation.run(until=30 * SECOND_NS)
    # 3.33 is above the ripcord: 200 lots at once bring it to 2.67, and 20 by 20 go on to 2.3.
    assert [(one.lots, one.ripcord) for one in vault.rebalances] == [
        (-200, True), *[(-20, False)] * 5, (-10, False),
    ]  # fmt: skip
    assert vault.leverage() == 2_300_000


def test_slippage_is_what_a_trade_costs_beyond_the_mark():
    vault = LeverageVault(
        "vault", margin=400_000, position=1_000, entry_price=1_000, speed=PPM, slippage=20_000
    )
    simulation = run_of(
        Books([(995, 100), (990, ENOUGH)], [(1_001, ENOUGH)]), vault, oracle=Oracle(Fixed(1_000))
    )
    simulation.run(until=SECOND_NS)
    (only,) = vault.rebalances
    assert only.lots == -200
    assert only.cost == 100 * 5 + 100 * 10
    assert vault.slippage_cost == 1_500


def test_depositors_leave_in_kind_and_sell_through_the_book():
    simulation, vault, people, shares = vault_run(
        trades=[(4 * SECOND_NS, -60_000)],
        depositors={"panic": 20_000, "most": 250_000, "flow": 0.0},
    )
    simulation.run(until=3 * SECOND_NS)
    assert people.balance("shares") == 1_000
    assert people.value_of("shares") == pytest.approx(500, rel=0.01)
    simulation.run(until=30 * SECOND_NS)
    assert people.balance("shares") < 1_000
    assert shares.supply == people.balance("shares")
    assert people.balance("token") == 0
    assert vault.held < 1_000
    # In kind: whoever stays has the same leverage, but for the vault's own trades.
    assert vault.leverage() == pytest.approx(2 * PPM, rel=0.2)
    simulation.venue.check()
    simulation.ledger.check()


def test_money_follows_returns():
    simulation, vault, people, shares = vault_run(
        trades=[(4 * SECOND_NS, 60_000)],
        depositors={"flow": 5.0, "most": 100_000, "lookback": 2},
        speed=1,
    )
    simulation.run(until=12 * SECOND_NS)
    assert people.balance("shares") == shares.supply > 1_000
    assert vault.held > 1_000
    simulation.venue.check()


def test_a_run_with_a_vault_forks():
    simulation, _, _, _ = vault_run(
        trades=[(4 * SECOND_NS, -60_000)], depositors={"panic": 20_000, "most": 250_000}
    )
    simulation.run(until=5 * SECOND_NS)
    twin = simulation.fork()
    for one in (simulation, twin):
        one.run(until=20 * SECOND_NS)
    assert simulation.digest() == twin.digest()
    assert twin["vault"].rebalances == simulation["vault"].rebalances


# ---------------------------------------------------------------- yield


def test_a_yield_loop_loops_while_it_pays_and_unwinds_when_it_does_not():
    borrower = RecursiveYieldBorrower(
        "looper", margin=0, position=1_000, entry_price=1_000, yield_rate=40,
        borrow_rates=[(0, 20), (20 * SECOND_NS, 60)], least=5, ltv=650_000, target=2_500_000,
        slippage=0,
    )  # fmt: skip
    borrower.margin = 1_000_000
    simulation = run_of(
        Books([(1_000, ENOUGH)], [(1_001, ENOUGH)]), borrower,
        oracle=Oracle(Fixed(1_001)),
    )  # fmt: skip
    simulation.run(until=19 * SECOND_NS)
    assert borrower.carry == 20
    built = borrower.state
    assert Fraction(built.positions["token"] * 1_001, built.equity) <= Fraction(5, 2)
    assert -built.cash <= 0.65 * built.positions["token"] * 1_001
    assert built.positions["token"] > 2_400
    move(simulation, 1_000)
    simulation.run(until=60 * SECOND_NS)
    assert borrower.carry == -20
    assert borrower.state.cash >= 0
    simulation.venue.check()


# ---------------------------------------------------------------- pledged again


def pledge_run(share=500_000):
    receipt = Claim("receipt", backing=["token", "cash"])
    lender = RehypothecatingLender(
        "lender of lenders", receipt="receipt", asset="token", share=share, ltv=500_000
    )
    saver = Funded("saver", funds={"token": 1_000, "cash": 10})
    simulation = run_of(
        Books(*deep(1_000, size=5)), saver, lender, oracle=Oracle(Fixed(1_000)),
        facilities=[receipt],
    )  # fmt: skip
    simulation.run(until=SECOND_NS // 2)
    saver.mint("receipt", 1_000)
    return simulation, receipt, lender, saver


def test_a_lender_pledges_what_was_entrusted_to_it_and_borrows():
    simulation, receipt, lender, saver = pledge_run()
    assert saver.balance("receipt") == 1_000
    simulation.run(until=2 * SECOND_NS)
    assert receipt.pledged["token"] == 500
    assert lender.held == 500
    assert lender.state.cash == -250_000
    assert receipt.held("own") == {"token": 1_000, "cash": 0}
    assert receipt.held("all") == {"token": 1_000, "cash": -250_000}
    # Half of it is at hand: a saver who wants all back gets what is there.
    saver.redeem("receipt", 1_000)
    assert saver.balance("token") == 500
    assert saver.balance("receipt") == 500
    simulation.venue.check()


def test_what_was_pledged_is_lost_with_the_lender():
    simulation, receipt, lender, _ = pledge_run()
    simulation.run(until=2 * SECOND_NS)
    move(simulation, 600)
    simulation.run(until=3 * SECOND_NS)
    assert simulation.clearings[0].case_count == 1
    assert lender.held == 0
    assert receipt.held("own")["token"] == 1_000
    assert receipt.held("all")["token"] < 1_000
    simulation.venue.check()


# ---------------------------------------------------------------- the peg


def peg_run(ask, **options):
    """A staked token redeemed for 1,000 of cash after ten seconds."""
    staked = Claim("token", backing=["cash"], initial=[1_000], delay=10 * SECOND_NS)
    arbitrageur = DepegArbitrageur(
        "arbitrageur", claim="token", funds={"cash": 100_000}, most=50, **options
    )
    simulation = run_of(
        Books([(ask - 1, 10)], [(ask, ENOUGH)]), arbitrageur, oracle=Oracle(Fixed(1_000)),
        facilities=[staked],
    )  # fmt: skip
    ledger = simulation.ledger
    ledger.transfer(ledger.asset("cash"), 0, staked.issuer, 10_000_000)
    staked.found(ledger.open_account("stakers"), 10_000)
    simulation.venue.refresh()
    return simulation, arbitrageur, staked


def test_a_peg_is_defended_below_what_the_wait_costs():
    """1 % a second for ten seconds and 2 % to earn: at most 1,000 - 100 - 20 = 880 is paid."""
    terms = {"funding": 10_000, "profit": 20_000}
    for ask, bought in ((881, 0), (880, 50)):
        simulation, arbitrageur, staked = peg_run(ask, **terms)
        simulation.run(until=SECOND_NS)
        assert arbitrageur.highest_price() == 880
        assert arbitrageur.bought == bought
        assert sum(units for _, _, units in staked.queue) == bought
    # World trades the token, so the seller's 50 were the world's; the queue pays ten seconds later.
    simulation.run(until=10 * SECOND_NS)
    assert arbitrageur.redeemed == arbitrageur.bought
    spent = arbitrageur.bought * 880
    before = arbitrageur.balance("cash")
    assert before + spent + arbitrageur.funding_paid == 100_000
    simulation.run(until=11 * SECOND_NS)
    assert arbitrageur.balance("cash") > before
    simulation.ledger.check()


# ---------------------------------------------------------------- pools


@given(
    base=st.integers(1, 10**9),
    cash=st.integers(1, 10**12),
    fee=st.integers(0, 50_000),
    price=st.integers(1, 10**6),
)
def test_the_best_swap_is_the_best(base, cash, fee, price):
    """Continuous, less rounding: one unit more or fewer gains no more than rounding is worth."""
    kept = Fraction(PPM - fee, PPM)

    def buying(size):
        return size * price - cash * Fraction(size, base - size) / kept

    def selling(size):
        return cash * size * kept / (base + size * kept) - size * price

    for side, gain in ((lob.Side.BUY, buying), (lob.Side.SELL, selling)):
        size = best_swap(base, cash, fee, side, price)
        assert gain(size) >= 0
        if size:
            assert gain(size) >= gain(size - 1)
        # The roots are rounded by less than two units, and beyond the best every unit loses.
        if side == lob.Side.SELL or size + 3 < base:
            assert gain(size + 3) <= gain(size + 2)


def pool_run(cash, price, **options):
    pool = Pool("lp", base="token", fee=3_000)
    arbitrageur = PoolArbitrageur(
        "arbitrageur", pool="lp", funds={"cash": 10**9, "token": 0}, **options
    )
    simulation = run_of(
        Books(*deep(price, size=20)), arbitrageur, oracle=Oracle(Mid(0)), facilities=[pool]
    )
    ledger = simulation.ledger
    ledger.transfer(ledger.asset("token"), 0, pool.issuer, 10_000)
    ledger.transfer(ledger.asset("cash"), 0, pool.issuer, cash)
    pool.found(ledger.open_account("lps"), 1_000)
    simulation.venue.refresh()
    return simulation, arbitrageur, pool


@pytest.mark.parametrize("cash", [8_000_000, 9_600_000, 10_000_000, 10_400_000, 13_000_000])
def test_a_pool_is_kept_in_line_with_the_book(cash):
    simulation, arbitrageur, pool = pool_run(cash, 1_000)
    simulation.run(until=10 * SECOND_NS)
    book = simulation.books[0]
    bid, ask = book.best_bid, book.best_ask
    # Nothing is left to gain: buying a lot there and selling it here, or the other way.
    assert pool.quote(lob.Side.BUY, 1) >= bid
    assert pool.quote(lob.Side.SELL, 1) <= ask
    assert bid * 0.99 <= pool.spot <= ask * 1.01
    assert arbitrageur.balance("token") == 0
    assert arbitrageur.gained == arbitrageur.balance("cash") - 10**9
    assert (arbitrageur.trades > 0) == (cash != 10_000_000)
    assert arbitrageur.gained > 0 or cash == 10_000_000
    simulation.ledger.check()


def test_a_borrower_against_pool_shares_builds_up_and_steps_back():
    pool = Pool("lp", base="token", fee=0)
    holdings = [
        Holding(Oracle(Mid(0)), LoanToValue(700_000, 800_000)),
        Holding(
            Oracle(FairShare("lp", prices={"token": Mid(0)})), LoanToValue(700_000, 800_000),
            asset="lp",
        ),
    ]  # fmt: skip
    borrower = LPBorrower(
        "borrower", pool="lp", margin=1_000_000, target=2_000_000, reduce_at=2_400_000
    )
    simulation = run_of(
        Books(*deep(1_000, ticks=400), [(20 * SECOND_NS, -300_000)]), borrower, oracle=None,
        holdings=holdings, facilities=[pool],
    )  # fmt: skip
    ledger = simulation.ledger
    ledger.transfer(ledger.asset("token"), 0, pool.issuer, 10_000)
    ledger.transfer(ledger.asset("cash"), 0, pool.issuer, 10_000_000)
    pool.found(ledger.open_account("lps"), 10_000)
    simulation.venue.refresh()
    simulation.run(until=19 * SECOND_NS)
    state = borrower.state
    built = borrower.shares
    assert built > 0
    assert state.cash < 0
    assert 1.8 < (state.equity - state.cash) / state.equity < 2.1
    simulation.run(until=40 * SECOND_NS)
    assert borrower.shares < built
    simulation.venue.check()


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: LeverageVault("x", margin=1, low=2_100_000), "target"),
        (lambda: LeverageVault("x", margin=1, ripcord=2_000_000), "ripcord"),
        (lambda: LeverageVault("x", margin=1, claim="y"), "claim"),
        (lambda: VaultDepositor("x", vault="y", funds={"cash": -1}), "funds"),
        (lambda: VaultDepositor("x", vault="y", funds={}, flow=-1.0), "flow"),
        (lambda: RecursiveYieldBorrower("x", margin=1, yield_rate=1, borrow_rates=[(1, 1)], ltv=1,
                             target=PPM), "borrow_rates"),
        (lambda: DepegArbitrageur("x", claim="y", funds={}, period=0), "period"),
        (lambda: RehypothecatingLender("x", receipt="y", asset="z", share=PPM + 1), "share"),
        (lambda: LPBorrower("x", pool="y", margin=0), "margin"),
        (lambda: CollateralisedBorrowers("x", asset="y", units=[1], shares=[]), "units"),
        (lambda: PoolArbitrageur("x", pool="y", funds={}, most=0), "most"),
        (lambda: best_swap(0, 1, 0, lob.Side.BUY, 1), "base"),
    ],
)  # fmt: skip
def test_misuse_names_the_argument(make, match):
    with pytest.raises((TypeError, ValueError), match=match):
        make()


def test_who_needs_claims_says_so():
    simulation = run_of(
        VaultDepositor("people", vault="shares", funds={}), oracle=Oracle(Fixed(1)),
        margin=FlatMargin(0, 0),
    )  # fmt: skip
    with pytest.raises(agents.AgentError, match="claims"):
        simulation.run(until=2 * SECOND_NS)


def test_pledgers_have_their_claims_and_owe():
    pool = Claim("receipt", backing=["token"])
    holdings = [
        Holding(Oracle(Fixed(1_000)), LoanToValue(700_000, 800_000)),
        Holding(
            Oracle(ClaimValue("receipt", prices={"token": Fixed(1_000)})),
            LoanToValue(600_000, 700_000),
            asset="receipt",
        ),
    ]
    collateralised_borrowers = CollateralisedBorrowers(
        "pledgers", asset="receipt", units=[100, 50], shares=[200_000, 0]
    )
    simulation = run_of(collateralised_borrowers, oracle=None, holdings=holdings, facilities=[pool])
    pool.stock(1_000, token=2_000)
    simulation.venue.refresh()
    simulation.run(until=SECOND_NS)
    clearing = simulation.clearings[0]
    found = [clearing.account(collateralised_borrowers.first_account + i) for i in range(2)]
    assert [one.cash for one in found] == [-40_000, 0]
    assert [one.equity for one in found] == [160_000, 100_000]
    assert clearing.case_count == 0
    simulation.venue.check()
    with pytest.raises(agents.AgentError, match="holding"):
        run_of(
            CollateralisedBorrowers("x", asset="gold", units=[1], shares=[0]),
            oracle=Oracle(Fixed(1)),
        ).run(until=1)
