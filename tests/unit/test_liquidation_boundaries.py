"""Formulas of liquidations at their boundaries: health 1, a cap of 0, debt equal to collateral."""

from dataclasses import replace

import pytest

from lob.liquidation.formulas.aave import AaveRules, aave_close_amount, aave_leaves_dust, aave_seize
from lob.liquidation.formulas.ajna import ajna_bond_factor
from lob.liquidation.formulas.arithmetic import RAY, WAD
from lob.liquidation.formulas.compound import (
    CometCollateral,
    comet_absorb,
    comet_for_sale,
    comet_is_liquidatable,
    comet_quote,
)
from lob.liquidation.formulas.curves import Linear, Ramp, StairStep, reaches
from lob.liquidation.formulas.euler import euler1_discount, euler1_liquidate, euler2_liquidate
from lob.liquidation.formulas.health import Seizure, bad_debt_at_exhaustion, loan_to_value_after
from lob.liquidation.formulas.liquity import offset_v1, offset_v2
from lob.liquidation.formulas.maker import ClipRules, FlipAuction, Refusal, bark
from lob.liquidation.formulas.morpho import morpho_incentive
from lob.liquidation.formulas.reflexer import IncreasingDiscount
from lob.liquidation.formulas.silo import silo_profit


def euler2(weighted, debt, cap, value=1_000):
    return euler2_liquidate(
        collateral=500, debt=100, collateral_value=value, weighted_value=weighted, debt_value=debt,
        max_discount=cap,
    )  # fmt: skip


@pytest.mark.parametrize("cap", [0, WAD // 10, WAD - 1])
def test_euler2_liquidates_a_health_of_exactly_one_at_par(cap):
    # 800 owed: all of it for 800 of the 1,000.
    assert euler2(800, 800, cap) == Seizure(100, 400)
    assert euler2(801, 800, cap) == Seizure(0, 0)


def test_euler2_without_a_discount_liquidates_the_failed_at_par():
    assert euler2(799, 800, 0) == Seizure(100, 400)
    assert euler2(0, 800, 0) == Seizure(100, 400)
    # More owed than there is: all of it, for its value.
    assert euler2(1, 2_000, 0) == Seizure(50, 500)


def test_euler2_debt_equal_to_collateral():
    assert euler2(500, 1_000, 0) == Seizure(100, 500)
    # At 10 % off, 900 is what all of the collateral repays.
    assert euler2(500, 1_000, WAD // 10) == Seizure(90, 500)


def test_euler2_without_debt_or_value():
    assert euler2(0, 0, 0) == Seizure(0, 0)
    assert euler2(0, 10, 0, value=0) == Seizure(0, 500)


@pytest.mark.parametrize("cap", [-1, WAD, 2 * WAD])
def test_euler2_refuses_a_discount_that_leaves_no_price(cap):
    with pytest.raises(ValueError, match=f"max_discount must be 0 to .*, got {cap}"):
        euler2(1, 2, cap)


def euler1(collateral, debt, discount=WAD // 50):
    return euler1_liquidate(
        collateral=collateral * WAD, debt=debt * WAD, collateral_price=WAD, debt_price=WAD,
        collateral_factor=WAD // 2, borrow_factor=WAD, discount=discount,
    )  # fmt: skip


def test_euler1_leaves_an_account_at_health_one_and_above_its_target_alone():
    assert euler1(200, 100) == Seizure(0, 0)
    # Health 1.1, below the target of 1.25.
    assert euler1(220, 100) == Seizure(0, 0)
    assert euler1(199, 100).repaid > 0
    # Debt equal to collateral; without a discount one is repaid for one.
    full = euler1(100, 100, 0)
    assert full.repaid == full.seized > 0
    with pytest.raises(ValueError, match="discount must be 0 to"):
        euler1(100, 100, WAD)


def test_euler1_discount_at_its_caps():
    assert euler1_discount(WAD, cap=0) == 0
    assert euler1_discount(WAD, fee=0) == 0
    assert euler1_discount(WAD - 1, fee=0) == 1
    assert euler1_discount(80 * WAD // 100, fee=0, booster=0) == 0


AAVE = AaveRules(10_500, 1_000, small=0, leftover=0)


def close(rules, health, debt=100):
    return aave_close_amount(
        rules, debt=debt, debt_value=debt, collateral_value=200, total_debt_value=100,
        health=health, debt_price=1,
    )  # fmt: skip


def test_aave_closes_all_at_the_threshold_and_a_share_above_it():
    assert close(AAVE, 95 * WAD // 100) == 100
    assert close(AAVE, 95 * WAD // 100 + 1) == 50
    assert close(replace(AAVE, close_factor=0), WAD - 1) == 0
    assert close(replace(AAVE, close_factor=10_000), WAD - 1) == 100
    # The share of all debts is 50: a debt of that much is closed whole.
    assert close(AAVE, WAD - 1, debt=50) == 50
    assert close(replace(AAVE, small=100), WAD - 1, debt=100) == 50
    assert close(replace(AAVE, small=101), WAD - 1, debt=100) == 100


def test_aave_seizes_no_more_than_there_is():
    one = {"debt_price": 1, "collateral_price": 1}
    assert aave_seize(AAVE, repay=100, collateral=105, **one) == Seizure(100, 104, 1)
    assert aave_seize(AAVE, repay=100, collateral=104, **one) == Seizure(100, 103, 1)
    # Debt equal to collateral, and no bonus.
    assert aave_seize(replace(AAVE, bonus=10_000), repay=100, collateral=100, **one) == (
        100,
        100,
        0,
    )
    # What is left of both is exactly enough.
    left = {"debt": 200, "collateral": 205, **one}
    rules = replace(AAVE, leftover=100)
    assert not aave_leaves_dust(rules, Seizure(100, 104, 1), **left)
    assert aave_leaves_dust(replace(rules, leftover=101), Seizure(100, 104, 1), **left)
    assert not aave_leaves_dust(replace(rules, leftover=101), Seizure(200, 104, 1), **left)


def test_comet_is_safe_where_collateral_equals_debt():
    held = [CometCollateral(100, 1, WAD)]
    assert not comet_is_liquidatable(-100, held, base_price=1)
    assert comet_is_liquidatable(-101, held, base_price=1)
    assert not comet_is_liquidatable(0, [], base_price=1)
    assert comet_absorb(-100, held, base_price=1) == (0, 100)
    assert comet_for_sale(-1, 0)
    assert not comet_for_sale(5, 5)


def test_comet_sells_at_par_without_a_discount_and_never_for_nothing():
    price = {"price": 10, "base_price": 1}
    assert comet_quote(100, store_front_factor=0, liquidation_factor=0, **price) == 10
    assert comet_quote(100, store_front_factor=WAD, liquidation_factor=WAD, **price) == 10
    with pytest.raises(ValueError, match="must be above 0"):
        comet_quote(100, store_front_factor=WAD, liquidation_factor=0, **price)
    with pytest.raises(ValueError, match=r"liquidation_factor must be 0 to .*, got -1"):
        comet_quote(100, store_front_factor=0, liquidation_factor=-1, **price)


def test_morpho_incentive_between_par_and_its_cap():
    assert morpho_incentive(WAD) == WAD
    assert morpho_incentive(0, cursor=WAD) == 115 * WAD // 100
    assert morpho_incentive(0, cursor=0) == WAD
    assert morpho_incentive(WAD // 2, cap=WAD) == WAD
    with pytest.raises(ValueError, match="cursor must be 0 to"):
        morpho_incentive(0, cursor=WAD + 1)


def test_maker_leaves_a_vault_whose_collateral_equals_its_debt():
    rules = {"spot": 1, "room": 10**9, "rate": 1, "chop": 1, "unit": 1}
    assert bark(100, 100, **rules).refusal == Refusal.NOT_UNSAFE
    assert bark(99, 100, **rules).lot == 99
    # A remainder of exactly the dust may stay; a part of exactly the dust may go.
    assert bark(99, 100, **rules | {"room": 60, "dust": 40}).due == 60
    assert bark(99, 100, **rules | {"room": 60, "dust": 41}).due == 100
    assert bark(99, 100, **rules | {"room": 40, "dust": 40}).due == 40
    assert bark(99, 100, **rules | {"room": 39, "dust": 40}).refusal == Refusal.DUSTY


def test_maker_auctions_run_to_the_tail_and_down_to_the_cusp():
    rules = ClipRules(Linear(10), buf=RAY, tail=5, cusp=RAY // 2)
    auction = rules.kick(10, 10**6, 100, 0)
    assert not auction.needs_redo(5)
    assert auction.needs_redo(6)
    flip = FlipAuction.kick(10, 100, 0, beg=WAD)
    # No least increase: one more is enough, and the tab itself ends the first phase.
    assert not flip.tend(1, 10, 1, 0).refusal
    assert flip.tend(1, 10, 101, 0).refusal == Refusal.HIGHER_THAN_TAB
    assert not flip.tend(1, 10, 100, 0).refusal


def test_ajna_bond_at_the_neutral_price_and_at_its_clamps():
    assert ajna_bond_factor(WAD, 2 * WAD, WAD // 100, 2 * WAD) == 0
    assert ajna_bond_factor(WAD, 2 * WAD, WAD // 100, WAD) == WAD // 100
    assert ajna_bond_factor(WAD, 2 * WAD, WAD // 100, 4 * WAD) == -WAD // 100
    assert ajna_bond_factor(2 * WAD, 2 * WAD, WAD // 100, 2 * WAD) == 0


def test_pools_that_can_pay_all_nothing_or_exactly_the_debt():
    assert offset_v1(100, 1_000, 100) == (100, 995, 0, 0, 5, 0)
    assert offset_v1(100, 1_000, 99).spread_debt == 1
    rules = {"price": 100, "pool_penalty": 0, "spread_penalty": 0, "unit": 100}
    # No penalty, and as much collateral as debt: nothing comes back.
    assert offset_v2(100, 100, 100, kept=0, **rules) == (100, 100, 0, 0, 0, 0)
    assert offset_v2(100, 100, 100, kept=100, **rules) == (0, 0, 100, 100, 0, 0)


def test_a_curve_at_its_ends():
    assert [Linear(10).price(100, t) for t in (0, 9, 10, 11)] == [100, 10, 0, 0]
    assert StairStep(0, 1).price(100, 1) == 0
    assert StairStep(RAY, 1).price(100, 10**6) == 100
    assert reaches(Linear(10), 100, 100, 0) == 0
    assert reaches(Linear(10), 100, 0, 9) is None
    assert [Ramp(5, 2, 3).value(t) for t in (0, 3, 4)] == [5, 2, 2]
    discount = IncreasingDiscount(WAD, WAD // 2, RAY, 10)
    assert [discount.price(100, t) for t in (0, 9, 10)] == [100, 100, 50]
    assert IncreasingDiscount(WAD // 2, WAD // 2, RAY, 10).price(100, 0) == 50


def test_what_is_left_at_the_end():
    assert silo_profit(100, 100) == 0
    assert bad_debt_at_exhaustion(100, 100, 0) == 0
    with pytest.raises(ValueError, match="must leave collateral"):
        loan_to_value_after(100, 100, 100, 0)
