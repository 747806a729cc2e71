"""Auctions, lending liquidations and pools: worked by hand, and what they refuse."""

from dataclasses import replace
from fractions import Fraction

import pytest

from lob.checks import natural
from lob.clearing.leverage import (
    loop,
    loop_leverage,
    max_leverage,
    rebalance_units,
    token_leverage,
    vault_leverage,
)
from lob.clearing.margin import Tiers
from lob.clearing.prices import liquidation_price, looped_liquidation_price
from lob.liquidation.formulas.aave import AaveRules, aave_close_amount, aave_leaves_dust, aave_seize
from lob.liquidation.formulas.ajna import ajna_bond_factor, ajna_price, ajna_reserve_price
from lob.liquidation.formulas.arithmetic import RAY, WAD, exp2, rpow
from lob.liquidation.formulas.compound import (
    CometCollateral,
    comet_absorb,
    comet_for_sale,
    comet_is_liquidatable,
    compound_seize,
)
from lob.liquidation.formulas.curves import (
    Exponential,
    Linear,
    Ramp,
    StairStep,
    decay_time,
    reaches,
)
from lob.liquidation.formulas.euler import euler1_discount, euler1_liquidate, euler2_liquidate
from lob.liquidation.formulas.health import (
    Seizure,
    bad_debt_at_exhaustion,
    health_factor,
    loan_to_value_after,
    toxic_threshold,
)
from lob.liquidation.formulas.liquity import (
    Redistribution,
    StabilityPool,
    StabilityPoolV2,
    offset_v1,
    offset_v2,
)
from lob.liquidation.formulas.llamma import LlammaBand, amm_prices, band
from lob.liquidation.formulas.maker import (
    ClipRules,
    FlipAuction,
    Payment,
    Refusal,
    allowed,
    bark,
    room_of,
)
from lob.liquidation.formulas.morpho import MorphoMarket, morpho_incentive
from lob.liquidation.formulas.reflexer import IncreasingDiscount, bought_at, discounted

# -------------------------------------------------------------------------------------- curves


def test_rpow_rounds_half_up_at_each_product():
    # 3/10 squared is 0.09: with one digit 0.1. 0.5 ** 3 = 0.5 * 0.25 -> 0.5 * 0.3 = 0.15 -> 0.2.
    assert rpow(3, 2, 10) == 1
    assert rpow(5, 3, 10) == 2
    assert rpow(0, 0) == RAY
    assert rpow(0, 5) == 0


def test_curves_start_at_the_top_and_round_down():
    assert Linear(3).price(10, 0) == StairStep(RAY // 2, 5).price(10, 4) == 10
    assert [Linear(3).price(10, t) for t in (1, 2, 3, 99)] == [6, 3, 0, 0]
    assert [StairStep(RAY // 2, 5).price(11, t) for t in (5, 9, 10)] == [5, 5, 2]
    assert Exponential(RAY // 2).price(11, 3) == 1


def test_exp2_of_whole_numbers_is_exact():
    assert [exp2(n * WAD) for n in (0, 1, 10, 59)] == [WAD << n for n in (0, 1, 10, 59)]
    assert exp2(-WAD) == WAD // 2
    assert exp2(-58 * WAD) == 3
    assert exp2(WAD // 2) == 1_414_213_562_373_095_048


def test_ajna_prices_meet_where_the_halvings_slow_down():
    assert [ajna_price(WAD, 3600 * h) for h in (0, 2, 14)] == [256 * WAD, 4 * WAD, WAD // 16]
    assert ajna_price(WAD, 20 * 60) == 128 * WAD


def test_ajna_bond_is_lost_above_the_neutral_price():
    assert ajna_bond_factor(9 * WAD, 10 * WAD, WAD, 10 * WAD) == 0
    assert ajna_bond_factor(11 * WAD, 10 * WAD, WAD, 10 * WAD) == 0
    assert ajna_bond_factor(11 * WAD, 10 * WAD, WAD // 10, 11 * WAD) == -WAD // 10


def test_ajna_reserves_expire():
    assert ajna_reserve_price(10**9 * WAD, 72 * 3600 - 1) == 0
    assert ajna_reserve_price(WAD, 72 * 3600) > 0 == ajna_reserve_price(WAD, 72 * 3600 + 1)
    assert ajna_reserve_price(WAD, 72 * 3600 + 1, None) > 0
    assert ajna_reserve_price(0, 0) == 0


def test_a_discount_deepens_from_bid_to_bid():
    # Ten bids of 5, the first a minute after the start (geb, test_bid_multi_times_...).
    curve = IncreasingDiscount(95 * WAD // 100, 93 * WAD // 100, 999998607628240588157433861, 3600)
    left, discount = WAD, curve.least
    for minute in range(1, 11):
        discount = curve.next(discount, 60, 60 * minute)
        left -= bought_at(5 * WAD, discounted(200 * WAD, discount), left)
    assert left == 736721153320545015


def test_a_discount_jumps_at_the_deadline_and_stays_at_its_deepest():
    curve = IncreasingDiscount(WAD, WAD // 2, RAY, 10)
    assert [curve.price(100, t) for t in (0, 9, 10, 99)] == [100, 100, 50, 50]
    assert curve.next(WAD // 2, 1, 1) == WAD // 2


def test_a_ramp_rises_or_falls_and_rounds_towards_its_start():
    assert [Ramp(0, 10, 3).value(t) for t in (0, 1, 2, 3, 9)] == [0, 3, 6, 10, 10]
    assert [Ramp(10, 0, 3).value(t) for t in (0, 1, 2, 3, 9)] == [10, 7, 4, 0, 0]


def test_a_keeper_knows_when_to_wake():
    # validation case CLIP: from 1.2 times the market, 1 % less each 90 s.
    curve, top = StairStep(99 * RAY // 100, 90), 12 * RAY // 10
    goals = (RAY, 95 * RAY // 100, 60 * RAY // 100)
    assert [reaches(curve, top, goal, 10**5) for goal in goals] == [1710, 2160, 6210]
    assert reaches(curve, top, RAY, 1709) is None
    assert reaches(curve, top, top, 0) == 0


def test_a_smooth_decay_is_decided_without_logarithms():
    assert decay_time(Fraction(1, 2), Fraction(1, 2), 7) == 7
    assert decay_time(Fraction(1, 2), Fraction(1), 7) == 0
    assert decay_time(Fraction(99, 100), Fraction(10, 13), 90) == 2349


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Linear(0), "duration must be at least 1, got 0"),
        (lambda: Linear(1.5), r"duration must be an integer, got 1.5 \(float\)"),
        (lambda: StairStep(RAY + 1, 1), f"cut must be at most unit, {RAY}, got {RAY + 1}"),
        (lambda: Linear(5).price(1, -1), "elapsed must be at least 0, got -1"),
        (lambda: IncreasingDiscount(1, 2, RAY, 1), f"least must be 2 to {WAD}, got 1"),
        (lambda: bought_at(1, 0, 1), "price must be at least 1, got 0"),
        (lambda: decay_time(Fraction(1), Fraction(1), 1), "cut must be between 0 and 1, got 1"),
        (lambda: natural("x", None), "x must be an integer, got None"),
        (lambda: looped_liquidation_price(1, 0, 1), "leverage must be at least 1, got 0"),
        (lambda: token_leverage(-10, 1, 10), "cash must leave a positive net asset value, got 0"),
        (lambda: vault_leverage(1, 1, 0, 2, 1), "low must be at most high, 1, got 2"),
        (lambda: morpho_incentive(2 * WAD), f"lltv must be 0 to {WAD}, got {2 * WAD}"),
        (lambda: loan_to_value_after(1, 1, 1, 0), "repaid must leave collateral, got 1 of 1"),
        (lambda: band(0, 1, 1), "amplification must be at least 2, got 1"),
    ],
)
def test_misuse_names_the_argument_and_shows_it(make, words):
    with pytest.raises((TypeError, ValueError), match=words):
        make()


# ----------------------------------------------------------------------------- Maker, in lots

# 40 lots for a debt of 100: units of 1 throughout, the price falls by a fifth each second.
ONES = {"rate": 1, "unit": 10, "chop": 11}
RULES = ClipRules(
    StairStep(8, 1, 10), buf=12, tail=5, cusp=3, chost=22, tip=7, chip=2, unit=10, wad=100
)


@pytest.mark.parametrize(
    ("vault", "more", "refusal"),
    [
        ((40, 100), {"spot": 3, "room": 99}, Refusal.NOT_UNSAFE),
        ((40, 100), {"spot": 0, "room": 99}, Refusal.NOT_UNSAFE),
        ((40, 100), {"spot": 2, "room": 0}, Refusal.LIMIT_HIT),
        ((40, 100), {"spot": 2, "room": 20, "dust": 20}, Refusal.DUSTY),
        ((1, 100), {"spot": 2, "room": 50}, Refusal.NULL),
    ],
)
def test_a_vault_is_not_liquidated(vault, more, refusal):
    assert bark(*vault, **ONES, **more) == (0, 0, 0, 0, refusal)


def test_a_vault_goes_whole_in_part_or_whole_for_its_dust():
    assert bark(40, 100, spot=2, room=200, **ONES)[:4] == (40, 100, 100, 110)
    assert bark(40, 100, spot=2, room=55, **ONES)[:4] == (20, 50, 50, 55)
    assert bark(40, 100, spot=2, room=55, dust=50, **ONES)[:4] == (20, 50, 50, 55)
    assert bark(40, 100, spot=2, room=55, dust=51, **ONES)[:4] == (40, 100, 100, 110)


def test_the_room_is_the_smaller_one_and_never_negative():
    assert room_of(100, 40, 50, 10) == 40
    assert room_of(100, 70, 50, 10) == 30
    assert room_of(100, 170, 50, 10) == 0


def test_a_purchase_is_cut_to_what_may_be_left():
    auction = RULES.kick(40, 110, 5, 0)
    assert auction.top == 6
    took = auction.take(16, 6, 0)
    # 16 * 6 = 96 would leave 14 < 22, so 88 is paid: for 14 lots, rounded down.
    assert (took.bought, took.paid, took.auction.tab, took.auction.lot) == (14, 88, 22, 26)
    assert took.auction.take(3, 6, 0).refusal == Refusal.NO_PARTIAL
    last = took.auction.take(26, 6, 0)
    assert (last.bought, last.paid, last.returned, last.auction.ended) == (3, 22, 23, True)
    assert last.auction.take(1, 6, 0).refusal == Refusal.ENDED
    assert last.auction.redo(5, 0).refusal == Refusal.ENDED


def test_a_lot_that_does_not_raise_the_tab_frees_all_of_it():
    took = RULES.kick(10, 110, 5, 0).take(10, 6, 1)
    assert (took.bought, took.paid, took.released, took.uncollected) == (10, 40, 110, 70)
    assert took.auction.ended


def test_a_purchase_is_refused():
    auction = RULES.kick(40, 110, 5, 0)
    assert auction.take(1, 5, 0).refusal == Refusal.TOO_EXPENSIVE
    assert auction.take(1, 4, 1).refusal == Refusal.NONE
    assert auction.take(1, 6, 6).refusal == Refusal.NEEDS_RESET
    assert auction.take(1, 6, 0, level=3).refusal == Refusal.STOPPED
    refused = auction.take(1, 5, 0)
    assert refused.auction is auction
    assert refused[1:6] == (0, 0, 0, 0, 0)


def test_a_reset_starts_again_and_is_paid_for_if_it_is_worth_it():
    auction = RULES.kick(40, 110, 5, 0)
    assert auction.redo(4, 1).refusal == Refusal.CANNOT_RESET
    again = auction.redo(4, 6)
    assert (again.auction.top, again.auction.started, again.reward) == (4, 6, 9)
    assert auction._replace(lot=5).redo(4, 6).reward == 0
    assert auction._replace(tab=21).redo(4, 6).reward == 0
    assert auction.redo(4, 6, level=2).refusal == Refusal.STOPPED


def test_the_breaker_stops_more_at_each_level():
    assert [len(allowed(level)) for level in range(4)] == [3, 2, 1, 0]


def test_an_english_auction_refunds_who_is_outbid():
    auction = FlipAuction.kick(100, 50, 0, beg=105, unit=100, ttl=3, tau=48)
    first = auction.tend(1, 100, 40, 0)
    assert first.payments == (Payment(1, None, 40),)
    second = first.auction.tend(2, 100, 50, 1)
    assert second.payments == (Payment(2, 1, 40), Payment(2, None, 10))
    third = second.auction.dent(1, 95, 50, 2)
    assert third.payments == (Payment(1, 2, 50),)
    assert third.returned == 5
    own = third.auction.dent(1, 90, 50, 3)
    assert (own.payments, own.returned) == ((), 5)
    assert own.auction.deal(6).refusal == Refusal.NOT_FINISHED
    done = own.auction.deal(7)
    assert (done.sold, done.auction.settled) == (90, True)
    assert done.auction.deal(8).refusal == done.auction.tick(99).refusal == Refusal.ENDED


def test_an_english_auction_refuses():
    auction = FlipAuction.kick(100, 50, 0, beg=105, unit=100, ttl=3, tau=48)
    held = auction.tend(1, 100, 40, 0).auction
    full = held.tend(1, 100, 50, 0).auction
    assert auction.tend(1, 99, 40, 0).refusal == Refusal.LOT_NOT_MATCHING
    assert auction.tend(1, 100, 51, 0).refusal == Refusal.HIGHER_THAN_TAB
    assert auction.tend(1, 100, 40, 48).refusal == Refusal.ALREADY_FINISHED
    assert held.tend(2, 100, 40, 1).refusal == Refusal.BID_NOT_HIGHER
    assert held.tend(2, 100, 41, 1).refusal == Refusal.INSUFFICIENT_INCREASE
    assert held.tend(2, 100, 42, 3).refusal == Refusal.ALREADY_FINISHED
    assert held.dent(2, 90, 40, 1).refusal == Refusal.TEND_NOT_FINISHED
    assert held.dent(2, 90, 50, 1).refusal == Refusal.NOT_MATCHING_BID
    assert full.dent(2, 100, 50, 1).refusal == Refusal.LOT_NOT_LOWER
    assert full.dent(2, 96, 50, 1).refusal == Refusal.INSUFFICIENT_DECREASE
    assert full.dent(2, 95, 50, 1).refusal == Refusal.NONE
    assert held.tick(49).refusal == Refusal.BID_ALREADY_PLACED
    assert auction.tick(48).refusal == Refusal.NOT_FINISHED
    assert auction.tick(49).auction.end == 97


# ------------------------------------------------------------------------------------- lending

AAVE = AaveRules(bonus=10_500, fee=1_000)
PAR = {"debt_price": 1, "collateral_price": 1}


def test_aave_splits_the_bonus_against_the_liquidator():
    # 9 * 1.05 = 9.45 -> 9; without the bonus 8.57 -> 8, so the bonus is 1 and the fee all of it.
    assert aave_seize(AAVE, repay=9, collateral=10, **PAR) == Seizure(9, 8, 1)
    # All 8 of the collateral: 8 / 1.05 = 7.6 is repaid, rounded up.
    assert aave_seize(AAVE, repay=9, collateral=8, **PAR) == Seizure(8, 7, 1)
    assert aave_seize(replace(AAVE, fee=0), repay=9, collateral=10, **PAR) == Seizure(9, 9, 0)


def test_aave_counts_in_the_units_of_both_tokens():
    cut = aave_seize(
        replace(AAVE, fee=0),
        repay=1_000 * 10**6,
        collateral=WAD,
        debt_price=10**8,
        collateral_price=2_000 * 10**8,
        debt_unit=10**6,
        collateral_unit=WAD,
    )
    assert cut == Seizure(1_000 * 10**6, 525 * WAD // 1000, 0)


@pytest.mark.parametrize(
    ("change", "most"),
    [
        ({}, 5_000),
        ({"health": 95 * WAD // 100}, 8_000),
        ({"debt_value": 1_999, "debt": 1_999}, 1_999),
        ({"collateral_value": 1_999}, 8_000),
        ({"debt_value": 4_000, "debt": 4_000}, 4_000),
        ({"total_debt_value": 10_001}, 5_001),
    ],
)
def test_aave_closes_half_of_all_debt_unless_it_is_small_or_far_gone(change, most):
    facts = {"debt": 8_000, "debt_value": 8_000, "collateral_value": 9_000, "debt_price": 1}
    facts |= {"total_debt_value": 10_000, "health": 96 * WAD // 100}
    assert aave_close_amount(replace(AAVE, small=2_000), **(facts | change)) == most


@pytest.mark.parametrize(
    ("cut", "dust"),
    [
        (Seizure(500, 500, 0), False),
        (Seizure(501, 500, 0), True),
        (Seizure(500, 500, 1), True),
        (Seizure(1_000, 900, 0), False),
        (Seizure(900, 990, 10), False),
    ],
)
def test_aave_leaves_none_or_enough_of_both(cut, dust):
    rules = replace(AAVE, leftover=500)
    assert aave_leaves_dust(rules, cut, debt=1_000, collateral=1_000, **PAR) is dust


def test_half_of_a_position_that_is_not_small_never_leaves_dust():
    # Aave's own reason for a leftover of half the threshold.
    assert AAVE.leftover * 2 == AAVE.small


def test_compound_rounds_each_product_down():
    plain = {"debt_price": 3, "collateral_price": 7, "unit": 10}
    # above = 11 * 3 / 10 = 3, below = 7 * 10 / 10 = 7, ratio = 30 / 7 = 4, 25 * 4 / 10 = 10.
    assert compound_seize(25, incentive=11, exchange_rate=10, **plain) == 10


def test_comet_takes_all_and_never_leaves_a_debt():
    held = [CometCollateral(3, 100, WAD), CometCollateral(1, 50, WAD * 9 // 10)]
    assert comet_absorb(-400, held, base_price=1) == (0, 400)
    assert comet_absorb(-300, held, base_price=1) == (45, 345)
    assert comet_absorb(-300, [], base_price=1) == (0, 300)
    assert comet_is_liquidatable(-346, held, base_price=1)
    assert not comet_is_liquidatable(-345, held, base_price=1)
    assert not comet_is_liquidatable(0, [], base_price=1)
    assert comet_for_sale(9, 10)
    assert not comet_for_sale(10, 10)


def test_morpho_rounds_against_the_liquidator():
    market, whole = MorphoMarket(300, 300 * 10**6), 10**36
    assert market.repay_shares(1, incentive=WAD, price=whole) == Seizure(1, 0)
    assert market.seize(1, incentive=WAD * 11 // 10, price=whole) == Seizure(1, 1)
    # Of one price of 1.5 the value of 1 is rounded up to 2.
    assert market.seize(1, incentive=WAD, price=whole * 3 // 2) == Seizure(2, 1)
    assert market.bad_debt(300 * 10**6) == 300
    assert market.bad_debt(10**12) == 300


def test_health_is_rounded_down_and_undefined_without_debt():
    assert health_factor(2, 3) == 666_666_666_666_666_666
    assert health_factor(5, 0) is None


def test_euler_discounts_are_capped_three_ways():
    cent = WAD // 100
    assert euler1_discount(99 * cent) == 3 * cent
    assert euler1_discount(99 * cent, booster=3 * WAD) == 3 * cent + 25 * WAD // 1000
    assert euler1_discount(70 * cent) == 20 * cent
    assert euler1_discount(2 * WAD) == 2 * cent


def test_euler_takes_no_more_collateral_than_there_is():
    facts = {"collateral_price": WAD, "debt_price": WAD, "collateral_factor": WAD // 2}
    facts |= {"borrow_factor": WAD, "discount": WAD // 5}
    moved = euler1_liquidate(collateral=10 * WAD, debt=100 * WAD, **facts)
    assert moved == Seizure(8 * WAD, 10 * WAD)
    healthy = euler1_liquidate(collateral=1000 * WAD, debt=WAD, **facts)
    assert healthy == Seizure(0, 0)


def test_euler_v2_does_nothing_to_the_healthy():
    facts = {"collateral": 10, "debt": 10, "collateral_value": 10, "max_discount": WAD // 10}
    assert euler2_liquidate(weighted_value=10, debt_value=9, **facts) == Seizure(0, 0)
    assert euler2_liquidate(weighted_value=8, debt_value=9, **facts) == Seizure(10, 10)


def test_a_toxic_liquidation_raises_the_loan_to_value():
    # Warmuz, Chaudhary and Pinna; validation case TOX.
    bonus = 5 * WAD // 100
    frontier = [toxic_threshold(i * WAD // 1000) for i in (45, 50, 80)]
    assert [round(float(one), 5) for one in frontier] == [0.95694, 0.95238, 0.92593]
    assert float(bad_debt_at_exhaustion(100, 96, bonus)) / 100 == pytest.approx(0.00762, abs=1e-6)
    assert bad_debt_at_exhaustion(100, 90, bonus) == 0
    after = [float(loan_to_value_after(100, q, 1, bonus)) for q in (94, 96)]
    assert after == [pytest.approx(0.939869, abs=1e-6), pytest.approx(0.960081, abs=1e-6)]


# --------------------------------------------------------------------------------------- pools


def test_a_pool_pays_in_proportion_to_collateral():
    assert offset_v1(100, 1_000, 40) == (40, 398, 60, 597, 5, 0)
    assert offset_v1(100, 1_000, 0) == (0, 0, 100, 995, 5, 0)
    assert offset_v1(100, 1_000, 500) == (100, 995, 0, 0, 5, 0)


def test_v2_returns_what_is_above_the_penalty():
    rules = {"price": 1, "pool_penalty": 5, "spread_penalty": 10, "unit": 100, "kept": 10}
    # Price 0.01: 100 of debt is worth 10,000; the pool takes 10,500 of 12,000 less 60 of gas.
    split = offset_v2(100, 12_000, 200, **rules)
    assert split == (100, 10_500, 0, 0, 60, 1_440)
    # Half of each: 5,250 of 5,970, and 5,500 of 6,000 + 720.
    assert offset_v2(100, 12_000, 60, **rules) == (50, 5_250, 50, 5_500, 30, 1_220)
    assert offset_v2(100, 12_000, 5, **rules) == (0, 0, 100, 11_000, 0, 1_000)


def test_an_emptied_pool_starts_a_new_epoch():
    pool = StabilityPool()
    pool.deposit(1, 100 * WAD)
    pool.offset(100 * WAD, 7 * WAD)
    pool.deposit(2, 50 * WAD)
    pool.offset(25 * WAD, WAD)
    assert (pool.compounded(1), pool.gains(1)) == (0, 7 * WAD)
    assert pool.compounded(2) == pytest.approx(25 * WAD, abs=100)
    assert pool.gains(2) == pytest.approx(WAD, abs=100)
    assert pool.withdraw(1, WAD) == (0, 7 * WAD)
    pool.check()


def test_a_pool_goes_on_over_many_scales():
    pool = StabilityPool()
    pool.deposit(1, 10**12 * WAD)
    for _ in range(3):
        pool.offset(pool.total - pool.total // 10**8, WAD)
        pool.check()
    assert pool.scale == 2
    assert pool.compounded(1) == 0


def test_a_pool_pays_no_more_than_it_has():
    # 1e-18 of the first pool, 1e12, is charged too much at first. The second loss gives all of it
    # back, though most of it went with that loss: the two claim 1.01 of what is left.
    pool = StabilityPool()
    pool.deposit(1, 10**30)
    pool.offset(10**30 - 10**22, 0)
    assert pool.compounded(1) == 10**22 - 10**12
    for owner in (1, 2):
        pool.deposit(owner, 10**22)
    pool.offset(3 * 10**22 - 10**14, WAD)
    assert pool.compounded(1) + pool.compounded(2) > pool.total == 10**14
    paid = [pool.withdraw(owner, 10**30) for owner in (1, 2)]
    assert sum(one.deposit for one in paid) == 10**14
    assert sum(one.collateral for one in paid) <= WAD


def test_a_debt_below_the_error_carried_costs_a_depositor_nothing():
    pool = StabilityPool()
    pool.deposit(1, 3 * 10**30)
    pool.deposit(2, 10)
    pool.offset(WAD, 0)
    pool.withdraw(1, 10**31)
    product = pool.product
    pool.offset(1, 0)
    assert pool.product == product
    pool.check()


def test_one_offset_may_pass_two_scales():
    pool = StabilityPool(product=10**9)
    pool.deposit(1, 10 * WAD)
    pool.offset(10 * WAD - 20, WAD)
    assert (pool.scale, pool.product) == (2, 10**9)
    pool.check()


def test_the_second_pool_keeps_something_and_digits():
    pool = StabilityPoolV2()
    pool.deposit(1, 10**10 * WAD)
    with pytest.raises(ValueError, match="debt must be 0 to"):
        pool.offset(10**10 * WAD, 1)
    pool.offset(10**10 * WAD - WAD, 5 * WAD)
    assert pool.scale == 1
    assert (pool.compounded(1), pool.gains(1)) == (WAD, 5 * WAD)
    assert pool.withdraw(1, WAD) == (0, 5 * WAD)
    pool.deposit(2, 3 * WAD)
    assert pool.withdraw(2, 9 * WAD)[0] == 3 * WAD
    assert pool.compounded(1) == WAD
    pool.check()


def test_a_pool_refuses_what_it_does_not_have():
    pool = StabilityPool()
    pool.deposit(1, 10)
    for debt in (11, -1):
        with pytest.raises(ValueError, match=f"debt must be 0 to the pool's 10, got {debt}"):
            pool.offset(debt, 1)
    pool.offset(0, 5)
    assert pool.collateral == 0


def test_late_borrowers_have_no_part_in_what_was_spread_before():
    # Liquity's own example: 2 and 1, the second fails; then 2 and 1 again, the last fails.
    held = Redistribution()
    held.open(1, 2 * WAD, 0)
    held.open(2, WAD, 300)
    held.liquidate(2)
    assert held.position(1) == (2_995 * WAD // 1000, 300)
    held.open(3, 2 * WAD, 0)
    assert held.position(3) == (2 * WAD, 0)
    held.open(4, WAD, 300)
    held.liquidate(4)
    assert held.position(1)[0] / WAD == pytest.approx(3.5916, abs=1e-4)
    assert held.position(3)[0] / WAD == pytest.approx(2.3984, abs=1e-4)


def test_who_has_no_debt_is_not_liquidated_and_stays():
    held = Redistribution()
    held.open(1, 5, 5)
    held.open(2, 7, 0)
    with pytest.raises(ValueError, match="owner must have debt, got 2"):
        held.liquidate(2)
    assert held.position(2) == (7, 0)


def test_the_last_borrower_and_a_second_position_are_refused():
    held = Redistribution()
    held.open(1, 5, 5)
    with pytest.raises(ValueError, match="owner must not be the last borrower, got 1"):
        held.liquidate(1)
    with pytest.raises(ValueError, match="owner must have no position yet, got 1"):
        held.open(1, 5, 5)


def test_what_the_pool_pays_is_not_spread():
    held = Redistribution()
    held.open(1, 1_000, 10)
    held.open(2, 1_000, 100)
    split = held.liquidate(2, pool=40)
    assert split == (40, 398, 60, 597, 5, 0)
    assert held.position(1) == (1_597, 70)


def test_bands_join_and_the_pool_moves_three_times_as_fast():
    bands = [band(n, 3_000 * WAD, 100) for n in range(-3, 4)]
    assert [a.down for a in bands[:-1]] == [b.up for b in bands[1:]]
    assert band(0, 3_000, 100) == LlammaBand(3_000, 2_970)
    assert amm_prices(2_970, LlammaBand(3_000, 2_970)) == (2_910, 2_970)
    assert amm_prices(3_000, LlammaBand(3_000, 2_970)) == (3_000, 3_060)


# ------------------------------------------------------------------------------------ leverage


def test_loops_add_up():
    assert loop_leverage(500_000, 2) == Fraction(7, 4)
    assert loop_leverage(1_000_000, 3) == 4
    assert loop_leverage(500_000, 0) == 1
    assert max_leverage(500_000) == 2
    assert loop(99, 500_000, 2) == (99 + 49 + 24, 73)
    assert loop(100, 500_000, 1).leverage == Fraction(3, 2)


def test_a_loop_fails_where_its_debt_is_the_weighted_collateral():
    built = loop(1_000, 500_000, 1)
    assert built == (1_500, 500)
    by_leverage = looped_liquidation_price(2_000, built.leverage, 800_000)
    by_debt = liquidation_price(-500 * 2_000, 1_500, Tiers.flat(200_000))
    assert by_leverage == by_debt == Fraction(2_500, 3)
    assert looped_liquidation_price(2_000, 1, 800_000) == 0


def test_a_token_trades_back_to_its_target():
    assert token_leverage(-20_000, 150, 210) == Fraction(31_500, 11_500)
    traded = rebalance_units(-20_000, 150, 210, 3_000_000)
    assert traded == Fraction(3 * 11_500, 210) - 150
    # A short token: -1 times 100 at a price of 10 is 10 units short.
    assert rebalance_units(100, 0, 10, -1_000_000) == -10


def test_a_vault_moves_part_of_the_way():
    bounds = {"target": 2_000_000, "speed": 100_000, "low": 1_800_000, "high": 2_200_000}
    got = [vault_leverage(now, **bounds) for now in (2_400_000, 2_150_000, 1_700_000)]
    assert got == [2_200_000, 2_135_000, 1_800_000]
