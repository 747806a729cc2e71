"""Leveraged participants: accounts that are drawn, and what each trader does."""

import numpy as np
import pytest

import agents
import lob
from agents.leverage import (
    Accounts,
    Hedger,
    LeverageTarget,
    MarginTraders,
    Pyramider,
    SelfDeleverager,
    StopLoss,
    ValueFund,
    VolatilityTarget,
    draw_accounts,
    stacked_accounts,
)
from lob.clearing import Clearing, Holding, Oracle
from lob.clearing.margin import FlatMargin
from lob.clearing.oracle import BestBid, Mid
from lob.liquidation import MarketSale
from lob.units import SECOND_NS


class Depth(agents.Agent):
    """A book of one depth, and market orders at given times."""

    def __init__(self, price, depth, ticks, trades=(), instrument=0):
        super().__init__(f"depth {instrument}")
        self.what = (price, depth, ticks)
        self.trades = sorted(trades)
        self.instrument = instrument

    def on_start(self):
        price, depth, ticks = self.what
        for i in range(ticks):
            self.buy(depth, price - i, instrument=self.instrument)
            self.sell(depth, price + 1 + i, instrument=self.instrument)
        if self.trades:
            self.wake_in(self.trades[0][0])

    def on_wake(self):
        _, lots = self.trades.pop(0)
        self.submit(1 if lots > 0 else -1, abs(lots), instrument=self.instrument, time_in_force=1)
        if self.trades:
            self.wake_in(self.trades[0][0] - self.now)


def market(*, price=10_000, depth=100, ticks=500, trades=(), books=1, oracle=None, margin=None):
    holdings = [
        Holding(oracle or Oracle(Mid(i)), margin or FlatMargin(20_000, 10_000), instrument=i)
        for i in range(books)
    ]
    clearing = Clearing(holdings=holdings, liquidation_engine=MarketSale())
    simulation = agents.Simulation(1, instruments=books, clearings=[clearing])
    for i in range(books):
        simulation.add(Depth(price, depth, ticks, trades if i == 0 else (), i))
    return simulation


def test_drawn_accounts_have_their_leverage():
    accounts = draw_accounts(
        np.random.default_rng(1), 5_000, price=100, equity=100_000, leverage=(3.0, 12.0),
        long_share=0.75,
    )  # fmt: skip
    leverage = accounts.leverage(lob.Instrument("X")) / 1e6
    assert abs((leverage > 0).mean() - 0.75) < 0.02
    # The margin is rounded up to a unit, so the leverage is at most a little lower.
    assert np.abs(leverage).max() <= 12.0
    assert np.abs(leverage).min() > 2.99
    assert abs(np.log(np.abs(leverage)).mean() - np.log([3, 12]).mean()) < 0.02


def test_accounts_of_an_inverse_contract_have_their_leverage_in_coin():
    """A lot of 100 USD at 60,000 USD is 100/60,000 BTC: own funds and leverage say the lots."""
    multiplier, price = 20_000_000_000, 120_000
    accounts = draw_accounts(
        np.random.default_rng(1), 500, price=price, multiplier=multiplier, inverse=True,
        equity=5_000_000, equity_spread=0.5, leverage=(3.0, 10.0), long_share=0.5,
        entry_spread=0.01,
    )  # fmt: skip
    gain = accounts.positions * multiplier * (1 / accounts.entry_prices - 1 / price)
    own = accounts.margin + gain  # what is left now, gains since the entry in it
    times = np.abs(accounts.positions) * multiplier / price / own
    assert 2.9 < times.min() < times.max() < 10.1
    assert np.median(own) == pytest.approx(5_000_000, rel=0.15)


def test_stacked_accounts_fail_one_tick_apart():
    accounts = stacked_accounts(price=100, ticks=3, lots_per_tick=5, size=2)
    assert accounts.positions.tolist() == [2, 2, 1] * 3
    clearing = Clearing(
        holdings=[Holding(Oracle(BestBid()), FlatMargin(0, 0))], liquidation_engine=MarketSale()
    )
    lob.Venue(1, clearings=[clearing])
    first = clearing.open(5, accounts.margin, accounts.positions,
                          entry_prices=accounts.entry_prices)  # fmt: skip
    found = [clearing.account(first + i).liquidation_price for i in range(9)]
    assert found == [99] * 3 + [98] * 3 + [97] * 3


def test_those_who_come_back_do_with_what_is_left():
    accounts = Accounts(np.array([2_000]), np.array([2]), np.array([10_000]))
    simulation = market(
        trades=[(SECOND_NS, -190 * 100)], margin=FlatMargin(95_000, 92_000), ticks=600
    )
    traders = simulation.add(MarginTraders("back", accounts, again=SECOND_NS))
    simulation.run(until=10 * SECOND_NS)
    clearing = simulation.clearings[0]
    assert clearing.case_count >= 1
    assert traders.returned >= 1
    simulation.venue.check()


def test_a_leverage_target_sells_into_a_fall():
    simulation = market(trades=[(2 * SECOND_NS, -2_000)])
    fund = simulation.add(
        LeverageTarget("fund", target=3.0, margin=10_000_000, position=3_000, entry_price=10_000)
    )
    simulation.run(until=20 * SECOND_NS)
    state = fund.state
    assert fund.held < 3_000
    assert fund.held * fund.lot_value / state.equity == pytest.approx(3.0, rel=0.01)
    simulation.venue.check()


@pytest.mark.parametrize(
    ("target", "assets", "depth"), [(3, 100, 400), (3, 100, 300), (5, 100, 500)]
)
def test_leverage_targeting_amplifies_as_theory_says(target, assets, depth):
    """1 / (1 - (L - 1) A / D) through the book, for a small shock (DELEV-amp).

    D is the cash that moves the price by a return of one. The book here has one depth a tick, so
    that selling x of cash moves the return by x / D at the start; ticks are a millionth of the
    price, and the sums of money are scaled so that lots are small beside a tick's depth.
    """
    price, shock = 5_000_000, 0.0002
    # D = depth_lots * price**2 for one tick of 1 / price: choose lots for A / D.
    depth_lots = 10
    money = depth_lots * price * price  # D in cash units
    own_assets = money * assets // depth
    position = own_assets // price
    simulation = market(
        price=price, depth=depth_lots, ticks=12_000, oracle=Oracle(BestBid()),
        trades=[(SECOND_NS // 2, -int(depth_lots * price * shock))], margin=FlatMargin(0, 0),
    )  # fmt: skip
    simulation.add(
        LeverageTarget(
            "fund", target=float(target), margin=own_assets // target, position=position,
            entry_price=price, interval=SECOND_NS // 10,
        )
    )  # fmt: skip
    simulation.run(until=12 * SECOND_NS)
    drop = price - simulation.clearings[0].holdings[0].mark_price
    ratio = drop / (price * shock)
    assert ratio == pytest.approx(1 / (1 - (target - 1) * assets / depth), rel=0.01)


def test_a_volatility_target_borrows_in_calm():
    calm = market(trades=[((i + 1) * SECOND_NS, 10 * (-1) ** i) for i in range(30)])
    rough = market(
        trades=[((i + 1) * SECOND_NS, 3_000 * (-1) ** i) for i in range(30)], ticks=2_000
    )
    held = []
    for simulation in (calm, rough):
        fund = simulation.add(
            VolatilityTarget("fund", target_volatility=0.001, cap=8.0, margin=100_000)
        )
        simulation.run(until=30 * SECOND_NS)
        held.append(fund.held)
    assert held[0] > held[1] >= 0


def test_a_value_fund_at_its_cap_sells_as_the_price_falls():
    """The pinned fund of Thurner, Farmer, Geanakoplos (2012): amplification (N - D)/(N - cap D).

    Walrasian clearing with noise traders' cash: N lots in all, demand of the fund at its cap.
    """
    total, value, cap, wealth, price = 1_000, 1.0, 10.0, 5.0, 0.9
    fund = ValueFund("fund", value=value, aggression=1e9, cap=cap, margin=0)
    lots = fund.demand(price, wealth)
    assert lots == pytest.approx(cap * wealth / price)
    noise = (total - lots) * price

    def excess(p, cash):
        return cash / p + fund.demand(p, wealth + lots * (p - price)) - total

    low, high = 0.5, 0.9
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if excess(middle, noise * 0.99) > 0 else (low, middle)
    fall = low / price - 1
    amplification = (total - lots) / (total - cap * lots)
    assert fall == pytest.approx(-0.01 * amplification, rel=1e-6)
    assert fall == pytest.approx(-0.02125, abs=1e-9)


def test_a_value_fund_buys_what_is_cheap():
    simulation = market(trades=[(2 * SECOND_NS, -3_000)])
    fund = simulation.add(
        ValueFund("fund", value=10_000.0, aggression=0.1, cap=5.0, margin=1_000_000)
    )
    simulation.run(until=20 * SECOND_NS)
    assert fund.held > 0


def test_a_pyramider_adds_on_gains_only():
    simulation = market(trades=[(3 * SECOND_NS, 30_000)], ticks=2_000)
    trader = simulation.add(Pyramider("trend", leverage=5.0, step=500, margin=200_000))
    simulation.run(until=2 * SECOND_NS)
    first = trader.held
    simulation.run(until=20 * SECOND_NS)
    assert trader.held > first > 0


def test_a_stop_closes_the_position():
    simulation = market(trades=[(2 * SECOND_NS, -2_000)])
    trader = simulation.add(
        StopLoss("stop", stop_price=9_990, margin=100_000, position=50, entry_price=10_000)
    )
    simulation.run(until=SECOND_NS)
    assert trader.held == 50
    simulation.run(until=5 * SECOND_NS)
    assert trader.held == 0
    assert simulation.clearings[0].case_count == 0


def test_a_self_deleverager_cuts_before_it_is_cut():
    simulation = market(trades=[(2 * SECOND_NS, -6_000)], ticks=800)
    trader = simulation.add(
        SelfDeleverager("careful", at=4.0, to=6.0, margin=12_500, position=30, entry_price=10_000)
    )
    simulation.run(until=10 * SECOND_NS)
    assert 0 < trader.held < 30
    assert simulation.clearings[0].case_count == 0


def test_a_hedger_unwinds_both_legs_under_stress():
    simulation = market(trades=[(4 * SECOND_NS, -9_000)], books=2, ticks=800)
    for number, holding in enumerate(simulation.clearings[0].holdings):
        assert holding.instrument == number
    trader = simulation.add(
        Hedger("hedger", size=20, hedge=1, margin=50_000, basis_limit=40, interval=SECOND_NS)
    )
    simulation.run(until=3 * SECOND_NS)
    assert list(trader.state.positions.values()) == [20, -20]
    simulation.run(until=10 * SECOND_NS)
    assert trader.inventory_exit
    assert list(trader.state.positions.values()) == [0, 0]
    simulation.venue.check()


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: LeverageTarget("x", target=-1.0, margin=1), "target"),
        (lambda: Hedger("x", size=1, hedge=0, margin=1), "hedge"),
        (lambda: StopLoss("x", stop_price=0, margin=1), "stop_price"),
        (lambda: Pyramider("x", leverage=1.0, step=1, side=2, margin=1), "side"),
        (lambda: LeverageTarget("x", target=1.0, margin=1, position=5), "entry_price"),
        (lambda: draw_accounts(np.random.default_rng(1), 5, price=1, leverage=(0, 1)), "leverage"),
        (lambda: MarginTraders("x", Accounts(*(np.zeros(0, np.int64),) * 3)), "at least one"),
    ],
)
def test_misuse_names_the_argument(make, match):
    with pytest.raises((TypeError, ValueError), match=match):
        make()
