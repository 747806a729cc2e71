"""Auctions, lending liquidations and pools: what holds for any numbers."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lob.clearing.leverage import loop, loop_leverage
from lob.clearing.margin import Tiers
from lob.clearing.prices import liquidation_price, looped_liquidation_price
from lob.liquidation.formulas.aave import AaveRules, aave_leaves_dust, aave_seize
from lob.liquidation.formulas.arithmetic import RAY, WAD, exp2, rpow
from lob.liquidation.formulas.compound import CometCollateral, comet_absorb
from lob.liquidation.formulas.curves import (
    ExponentialDecrease,
    Linear,
    StairStep,
    decay_time,
    reaches,
)
from lob.liquidation.formulas.euler import euler2_liquidate
from lob.liquidation.formulas.health import (
    bad_debt_at_exhaustion,
    loan_to_value_after,
    toxic_threshold,
)
from lob.liquidation.formulas.liquity import (
    Redistribution,
    StabilityPool,
    StabilityPoolV2,
    offset_v2,
)
from lob.liquidation.formulas.maker import ClipRules, FlipAuction, Refusal, bark
from lob.liquidation.formulas.morpho import MorphoMarket, morpho_incentive
from lob.liquidation.formulas.reflexer import IncreasingDiscount
from lob.units import PPM

amounts = st.integers(1, 10**30)
shares = st.integers(0, RAY)
curves = st.one_of(
    st.builds(Linear, st.integers(1, 10**6)),
    st.builds(StairStep, st.integers(1, RAY * 9999 // 10_000), st.integers(1, 1000)),
    st.builds(ExponentialDecrease, st.integers(1, RAY * 9999 // 10_000)),
    st.builds(
        IncreasingDiscount,
        st.integers(WAD // 2, WAD),
        st.integers(0, WAD // 2),
        st.integers(1, RAY * 9999 // 10_000),
        st.integers(0, 10**5),
    ),
)

# -------------------------------------------------------------------------------------- curves


@given(shares, st.integers(0, 10**4))
def test_rpow_is_near_the_power(x, n):
    """Each product is off by half a unit, and squaring doubles what its factors are off by."""
    assert 0 <= rpow(x, n) <= RAY
    if n < 50:
        assert abs(rpow(x, n) - RAY * Fraction(x, RAY) ** n) <= 2 * n + 1


@given(st.integers(0, 60 * WAD), st.integers(0, 60 * WAD))
def test_exp2_turns_sums_into_products(x, y):
    """Both powers are rounded down, by less than one: their product lacks at most their sum."""
    product, slack = exp2(x) * exp2(y), exp2(x) + exp2(y) + WAD
    assert product <= (exp2(x + y) + 1) * WAD
    assert exp2(x + y) * WAD <= product + slack


def test_exp2_of_large_powers_is_right_to_the_last_unit():
    """The square of 2^59.45 and 2^118.9: more digits than 128 bits hold."""
    x = 59_451_394_046_254_833_663
    assert exp2(x) ** 2 <= (exp2(2 * x) + 1) * WAD
    assert exp2(118 * WAD) == 2**118 * WAD


@given(curves, amounts, st.lists(st.integers(0, 10**6), min_size=2, max_size=2).map(sorted))
def test_prices_do_not_rise(curve, top, times):
    first, second = (curve.price(top, t) for t in times)
    # Rounding half up may lift a power by the last few digits of a ray.
    assert 0 <= second <= first + top // 10**22 + 1
    assert first <= top


@given(
    st.integers(1, RAY * 99 // 100),
    st.integers(1, 50),
    st.integers(1, 10**12),
    st.integers(0, 10**12),
)
def test_a_keeper_wakes_at_the_first_moment(cut, step, top, goal):
    curve = StairStep(cut, step)
    at = reaches(curve, top, goal, 10**6)
    assert at is not None
    assert curve.price(top, at) <= goal
    assert at == 0 or curve.price(top, at - 1) > goal


@given(st.integers(1, 99), st.integers(1, 100), st.integers(1, 20))
def test_a_decay_time_is_the_last_one_above_the_share(cut, share, step):
    at = decay_time(Fraction(cut, 100), Fraction(share, 100), step)
    goal = Fraction(share, 100) ** step
    assert Fraction(cut, 100) ** at >= goal > Fraction(cut, 100) ** (at + 1)


# --------------------------------------------------------------------------------------- Maker


@given(st.integers(1, 10**6), st.integers(1, 10**6), st.integers(0, 10**6), st.integers(0, 10**5))
def test_a_bark_takes_no_more_than_there_is_room_for_but_for_dust(ink, art, room, dust):
    done = bark(ink, art, spot=1, room=room, rate=1, chop=113, dust=dust, unit=100)
    if done.refusal:
        assert done[:4] == (0, 0, 0, 0)
        return
    left = art - done.art
    assert 0 < done.lot <= ink
    assert done.lot * art <= ink * done.art
    assert left == 0 or (left >= dust and done.due >= dust)
    if left:
        assert done.tab <= room


@given(
    lot=st.integers(1, 1000),
    tab=st.integers(1, 10**5),
    feed=st.integers(1, 200),
    chost=st.integers(0, 2000),
    steps=st.lists(st.tuples(st.integers(1, 1200), st.integers(0, 12), st.booleans()), max_size=20),
)
def test_a_dutch_auction_gives_all_away_and_takes_no_more_than_its_tab(
    lot, tab, feed, chost, steps
):
    rules = ClipRules(StairStep(9, 1, 10), buf=12, tail=8, cusp=4, chost=chost, unit=10)
    auction = rules.kick(lot, tab, feed, 0)
    given_away = returned = paid = released = now = 0
    for amount, wait, redo in steps:
        now += wait
        if redo:
            auction = auction.redo(feed, now).auction
        price = auction.price(now)
        took = auction.take(amount, price, now)
        auction = took.auction
        assert took.bought * price <= took.paid < (took.bought + 1) * price or took.refusal
        given_away += took.bought
        returned += took.returned
        paid += took.paid
        released += took.released
        if not auction.ended and took.paid:
            assert auction.tab >= chost
    assert given_away + returned + auction.lot == lot
    assert paid <= tab
    assert released == (tab if auction.ended else paid)
    if auction.ended and returned:
        assert paid == tab


bids = st.tuples(st.integers(0, 3), st.booleans(), st.integers(0, 60), st.integers(0, 2))


@given(st.lists(bids, max_size=30))
def test_an_english_auction_moves_what_it_says(steps):
    auction = FlipAuction.kick(60, 50, 0, beg=105, unit=100, ttl=3, tau=48)
    spent, returned, now = {None: 0, 0: 0, 1: 0, 2: 0, 3: 0}, 0, 0
    for bidder, tend, number, wait in steps:
        now += wait
        if tend:
            done = auction.tend(bidder, auction.lot, number, now)
        else:
            done = auction.dent(bidder, number, auction.bid, now)
        if done.refusal:
            assert done.auction is auction
        for payer, payee, amount in done.payments:
            spent[payer] += amount
            spent[payee] -= amount
        returned += done.returned
        auction = done.auction
    # Whoever is not the best bidder has all his money back; the best has paid his bid.
    for bidder in range(4):
        assert spent[bidder] == (auction.bid if auction.guy == bidder else 0)
    assert spent[None] == -auction.bid
    assert auction.bid <= auction.tab
    sold = auction.deal(now + 100).sold if auction.guy is not None else auction.lot
    assert sold + returned == 60
    if auction.guy is None:
        assert auction.deal(now + 100).refusal == Refusal.NOT_FINISHED


# ------------------------------------------------------------------------------------- lending


@given(
    repay=st.integers(0, 10**12),
    collateral=st.integers(0, 10**12),
    prices=st.tuples(st.integers(1, 10**6), st.integers(1, 10**6)),
    bonus=st.integers(10_000, 12_000),
    fee=st.integers(0, 10_000),
)
def test_aave_never_gives_more_than_the_bonus(repay, collateral, prices, bonus, fee):
    rules = AaveRules(bonus=bonus, fee=fee, leftover=0)
    debt_price, collateral_price = prices
    facts = {"debt_price": debt_price, "collateral_price": collateral_price}
    cut = aave_seize(rules, repay=repay, collateral=collateral, **facts)
    taken = cut.seized + cut.fee
    assert 0 <= cut.repaid <= repay
    assert cut.seized >= 0
    assert taken <= collateral
    # The value that is repaid may be rounded down to a unit of its token once.
    worth = (cut.repaid + 1) * debt_price * Fraction(bonus, 10_000)
    assert taken * collateral_price <= worth
    assert not aave_leaves_dust(rules, cut, debt=repay + 1, collateral=collateral, **facts)


@given(st.integers(1, 10**15), st.integers(0, 10**21), st.integers(1, 10**12), st.integers(0, WAD))
def test_morpho_never_pays_a_liquidator_more_than_the_incentive(borrowed, shares, part, lltv):
    market = MorphoMarket(borrowed, shares)
    incentive, price = morpho_incentive(lltv), 3 * 10**36
    assert WAD <= incentive <= 115 * WAD // 100
    by_shares = market.repay_shares(part, incentive=incentive, price=price)
    assert by_shares.seized * 3 * WAD <= by_shares.repaid * incentive
    by_collateral = market.seize(part, incentive=incentive, price=price)
    assert part * 3 * WAD <= by_collateral.repaid * incentive


@given(st.integers(-(10**12), 0), st.integers(0, 10**6), st.integers(0, 10**6))
def test_comet_pays_the_debt_and_the_surplus(balance, amount, price):
    done = comet_absorb(balance, [CometCollateral(amount, price, WAD)], base_price=1)
    assert done.balance == max(0, balance + amount * price)
    assert done.paid == done.balance - balance


@given(st.integers(1, 10**9), st.integers(1, 10**9), st.integers(0, WAD), st.integers(0, WAD // 2))
def test_euler_never_takes_more_than_there_is_nor_beyond_its_discount(c, q, ltv, cap):
    moved = euler2_liquidate(
        collateral=c,
        debt=q,
        collateral_value=c,
        weighted_value=c * ltv // WAD,
        debt_value=q,
        max_discount=cap,
    )
    assert 0 <= moved.repaid <= q
    assert 0 <= moved.seized <= c
    # Repaid is rounded down to a unit.
    assert moved.seized * (WAD - cap) <= (moved.repaid + 1) * WAD


@given(
    st.integers(100, 10**9), st.integers(1, 10**9), st.integers(1, 100), st.integers(1, WAD // 2)
)
def test_a_liquidation_is_toxic_exactly_above_the_threshold(c, q, repaid, bonus):
    if q <= repaid or c * WAD <= repaid * (WAD + bonus):
        return
    before, after = Fraction(q, c), loan_to_value_after(c, q, repaid, bonus)
    threshold = toxic_threshold(bonus)
    assert (after > before) == (before > threshold)
    assert (after == before) == (before == threshold)
    assert (bad_debt_at_exhaustion(c, q, bonus) > 0) == (before > threshold)


# --------------------------------------------------------------------------------------- pools

moves = st.lists(
    st.one_of(
        st.tuples(st.just("deposit"), st.integers(0, 3), st.integers(1, 10**6)),
        st.tuples(st.just("withdraw"), st.integers(0, 3), st.integers(0, 10**6)),
        st.tuples(st.just("offset"), st.integers(0, 1000), st.integers(0, 10**6)),
    ),
    max_size=25,
)


@pytest.mark.parametrize("make", [StabilityPool, StabilityPoolV2])
@given(moves=moves)
def test_a_pool_is_the_exact_one_but_for_rounding(make, moves):
    """The plain way: every deposit shrinks and gains in proportion, in fractions.

    P has at least 9 digits, so each of up to 25 moves may lose 1e-9 of a deposit; v1 also moves
    1e-18 of the pool from one loss to the next, which counts where the pool is nearly empty. Pools
    below a millionth of the largest one are not offset but as a whole; then deposits and gains are
    within 1e-6.
    """
    pool, left, gained = make(), dict.fromkeys(range(4), Fraction(0)), dict.fromkeys(range(4), 0)
    most = given = 0
    for kind, a, b in moves:
        if kind == "deposit":
            pool.deposit(a, b * WAD)
            left[a], gained[a] = left[a] + b * WAD, 0
            most = max(most, pool.total)
        elif kind == "withdraw":
            left[a], gained[a] = left[a] - pool.withdraw(a, b * WAD).deposit, 0
        elif pool.total * 10**6 > most:
            debt = max(0, pool.total - getattr(pool, "kept", 0)) * a // 1000
            whole = sum(left.values())
            pool.offset(debt, b * WAD)
            given += b * WAD if debt else 0
            for owner in left if debt else ():
                gained[owner] += b * WAD * left[owner] / whole
                left[owner] *= 1 - Fraction(debt) / whole
        pool.check()
    for owner in left:
        assert abs(pool.compounded(owner) - left[owner]) <= most // 10**6
        assert abs(pool.gains(owner) - gained[owner]) <= given // 10**6


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("open"), st.integers(1, 10**9), st.integers(1, 10**9)),
            st.tuples(st.just("liquidate"), st.integers(0, 30), st.integers(0, 10**9)),
            st.tuples(st.just("close"), st.integers(0, 30), st.just(0)),
        ),
        max_size=30,
    )
)
def test_what_fails_is_spread_in_proportion_to_collateral(steps):
    """The plain way: what is spread goes to each borrower in proportion to what he holds."""
    held, exact, number, spread = Redistribution(), {}, 0, 0
    for kind, a, b in steps:
        if kind == "open":
            held.open(number, a * WAD, b * WAD)
            exact[number] = [Fraction(a * WAD), Fraction(b * WAD)]
            number += 1
            continue
        if len(exact) < 2:
            continue
        owner = sorted(exact)[a % len(exact)]
        del exact[owner]
        if kind == "close":
            held.close(owner)
            continue
        split = held.liquidate(owner, b * WAD)
        whole = sum(row[0] for row in exact.values())
        for row in exact.values():
            part = row[0] / whole
            row[0] += split.spread_collateral * part
            row[1] += split.spread_debt * part
        spread += 1
    for owner, (collateral, debt) in exact.items():
        got = held.position(owner)
        # Stakes and shares are floored at 18 digits of up to 1e27 each.
        assert abs(got[0] - collateral) <= collateral / 10**8 + 10**10 * (spread + 1)
        assert abs(got[1] - debt) <= debt / 10**8 + 10**10 * (spread + 1)


@given(
    debt=st.integers(1, 10**24),
    collateral=st.integers(0, 10**24),
    pool=st.integers(0, 10**24),
    price=st.integers(1, 10**24),
)
def test_nothing_is_lost_in_a_split(debt, collateral, pool, price):
    split = offset_v2(
        debt, collateral, pool, price=price, pool_penalty=WAD // 20, spread_penalty=WAD // 10
    )
    assert split.pool_debt + split.spread_debt == debt
    assert min(split) >= 0
    parts = split.pool_collateral + split.spread_collateral + split.gas + split.surplus
    assert parts == collateral
    assert split.pool_debt <= max(0, pool - WAD)


# ------------------------------------------------------------------------------------ leverage


@given(st.integers(1, 10**30), st.integers(0, 999_999), st.integers(0, 30))
def test_a_loop_in_whole_units_is_the_formula_less_one_unit_a_loop(deposit, ltv, loops):
    built = loop(deposit, ltv, loops)
    exact = deposit * loop_leverage(ltv, loops)
    assert exact - loops * (loops + 1) <= built.collateral <= exact
    assert built.collateral - built.debt == deposit


@given(st.integers(1, 10**9), st.integers(1, 10**9), st.integers(1, 10**6), st.integers(1, 999_999))
def test_both_liquidation_prices_agree_for_entries_without_friction(deposit, entry, threshold, ltv):
    units, debt = loop(deposit, ltv, 3)
    leverage = Fraction(units, deposit)
    by_leverage = looped_liquidation_price(entry, leverage, threshold)
    assert by_leverage == (
        liquidation_price(-debt * entry, units, Tiers.flat(PPM - threshold)) or 0
    )
