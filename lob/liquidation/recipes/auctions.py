"""Auctions' designs: Dutch, English, and the call of the book."""

from fractions import Fraction

from lob.checks import choice, integer, ppm, switch
from lob.clearing.liquidation_engine import LiquidationEngine
from lob.liquidation.formulas.arithmetic import RAY
from lob.liquidation.formulas.curves import Curve, ExponentialDecrease, Linear, StairStep
from lob.liquidation.formulas.maker import ClipRules
from lob.liquidation.parts.limits import WITHOUT_BOUND, DebtAtAuction, Unlimited
from lob.liquidation.parts.price_paths import AtBankruptcy, AtMark, Bids, Dutch
from lob.liquidation.parts.protocols import Limits
from lob.liquidation.recipes.common import (
    LONGEST,
    at_last,
    check_attempts,
    losses_of,
    money,
    ns,
)
from lob.liquidation.staged import Stage, StagedDesign
from lob.liquidation.takers.call import CallAuction
from lob.liquidation.takers.dutch import DutchAuction
from lob.liquidation.takers.english import English
from lob.unit_types import Cash, Ppm, Seconds, WholeSeconds
from lob.units import PPM

__all__ = ["call_auction", "dutch", "english"]


def curve_of(kind: str, cut: int, step: int, fall: int) -> Curve:
    """A curve in seconds by its kind: ``stair``, ``linear`` or ``exponential``.

    Parameters
    ----------
    kind
        Of the three.
    cut
        Ppm that is left of the price after each ``step`` seconds.
    step
        Whole seconds.
    fall
        Whole seconds of the straight line from the top to 0.

    """
    ray = cut * (RAY // PPM)
    if kind == "stair":
        return StairStep(ray, step)
    if kind == "linear":
        return Linear(fall)
    if kind == "exponential":
        return ExponentialDecrease(root(cut, step))
    raise ValueError(f"kind must be stair, linear or exponential, got {kind!r}")


def root(cut: int, step: int) -> int:
    """The ray that is ``cut`` (ppm) after ``step`` multiplications by itself, rounded down."""
    goal, low, high = Fraction(cut, PPM), 0, RAY
    while low < high:
        middle = (low + high + 1) // 2
        if Fraction(middle, RAY) ** step <= goal:
            low = middle
        else:
            high = middle - 1
    return low


def dutch(
    *,
    curve: str = "stair",
    cut: Ppm = 990_000,
    step: WholeSeconds = 90,
    fall: WholeSeconds = 6_000,
    buf: Ppm = 1_300_000,
    cusp: Ppm = 400_000,
    tail: WholeSeconds = 8_400,
    chop: Ppm = 1_130_000,
    tip: Cash = 0,
    chip: Ppm = 1_000,
    dust: Cash = 0,
    hole: Cash = WITHOUT_BOUND,
    total_hole: Cash = WITHOUT_BOUND,
    breaker: int = 0,
    every: Seconds = 1.0,
    patience: Seconds = 6 * 3_600.0,
    last: Seconds = 3_600.0,
    losses: str = "fund",
) -> LiquidationEngine:
    """A Dutch auction of the collateral for the debt and a penalty.

    The price falls from above the mark until somebody takes; an auction that has fallen too far or
    run for too long starts again. Mechanics: makerdao/dss dog.sol, clip.sol and abaci.sol; presets:
    Maker's mainnet of 2021.

    Parameters
    ----------
    curve : one of stair, linear, exponential
        How the price falls. Maker: a stair.
    cut : ppm, 1 to 1_000_000
        What is left of the price after a step. Maker: 99 %.
    step : whole seconds, 1 to 3_600
        Of the stair, or in which an exponential falls by ``cut``. Maker: 90.
    fall : whole seconds, 1 to 604_800
        Of the straight line, from the start to 0. Chosen.
    buf : ppm, 1_000_000 to 10_000_000
        The start over the mark. Maker: 130 %.
    cusp : ppm, 1 to 1_000_000
        Of the start, below which the auction starts again. Maker: 40 %.
    tail : whole seconds, 1 to 604_800
        After which the auction starts again. Maker: 140 minutes.
    chop : ppm, 1_000_000 to 10_000_000
        The debt with the penalty, over the debt. Maker: 113 %.
    tip : units of cash, 0 to 10**15
        To who takes the last of an auction. Maker: 0, and to who starts it.
    chip : ppm, 0 to 1_000_000
        Of what is to be raised, to the same. Maker: 0.1 %.
    dust : units of cash, 0 to 10**15
        The least debt that an account may keep. Chosen; Maker's is by collateral.
    hole : units of cash, 0 to 2**62
        The most that auctions of one holding may be raising at a time. Chosen: no bound.
    total_hole : units of cash, 0 to 2**62
        The most that all auctions may be raising. Chosen: no bound; Maker: 100 million.
    breaker : level, 0 to 3
        Of the circuit breaker: 1 stops new auctions, 2 restarts, 3 takes. Maker: 0.
    every : seconds, 0.001 to 604_800
        Between two attempts to start an auction. Chosen.
    patience : seconds, 0 to 604_800
        Of the auctions. Chosen.
    last : seconds, 0 to 604_800
        That what is left is sold by market order, before the lenders take it over. Chosen.
    losses : one of fund, socialise, lenders, deficit
        Who pays what a failed account cannot: see ``losses_of``. Maker: its surplus, here the fund.
    """
    end = losses_of(losses)
    choice("curve", curve, ("stair", "linear", "exponential"))
    ppm("cut", cut, 1)
    integer("step", step, 1, 3_600)
    integer("fall", fall, 1, LONGEST)
    integer("tail", tail, 1, LONGEST)
    ppm("buf", buf, PPM, 10 * PPM)
    ppm("cusp", cusp, 1)
    ppm("chop", chop, PPM, 10 * PPM)
    ppm("chip", chip)
    money("tip", tip)
    money("dust", dust)
    integer("hole", hole, 0, WITHOUT_BOUND)
    integer("total_hole", total_hole, 0, WITHOUT_BOUND)
    integer("breaker", breaker, 0, 3)
    rhythm, waits = ns("every", every), ns("patience", patience, 0)
    check_attempts(waits, rhythm)
    rules = ClipRules(
        curve_of(curve, cut, step, fall),
        buf=buf,
        tail=tail,
        cusp=cusp,
        chost=dust * chop // PPM,
        tip=tip,
        chip=chip,
        unit=PPM,
        wad=PPM,
    )
    auction = Stage(
        price_path=Dutch(rules),
        takers=DutchAuction(reward=tip, reward_share=chip, breaker=breaker),
        limits=DebtAtAuction(total_hole, hole, chop, dust, breaker),
        every=rhythm,
        patience=waits,
        settlement=end,
    )
    return StagedDesign([auction, at_last(end, last)])


def english(
    *,
    beg: Ppm = 1_050_000,
    ttl: Seconds = 3 * 3_600.0,
    tau: Seconds = 48 * 3_600.0,
    chop: Ppm = 1_130_000,
    every: Seconds = 1.0,
    patience: Seconds = 96 * 3_600.0,
    last: Seconds = 3_600.0,
    losses: str = "fund",
) -> LiquidationEngine:
    """An English auction: bids rise to the debt and its penalty, then less is accepted for it.

    Mechanics and presets: makerdao/dss flip.sol.

    Parameters
    ----------
    beg : ppm, 1_000_000 to 10_000_000
        The least improvement of a bid, as a factor. Maker: 105 %.
    ttl : seconds, 0.001 to 604_800
        That a bid stands unless it is beaten. Maker: 3 hours.
    tau : seconds, 0.001 to 604_800
        That an auction lasts at most. Maker: 2 days.
    chop : ppm, 1_000_000 to 10_000_000
        The debt with the penalty, over the debt. Maker: 113 %.
    every : seconds, 0.001 to 604_800
        Between two attempts to start an auction. Chosen.
    patience : seconds, 0 to 604_800
        Of auctions without a bid. Chosen: two of them.
    last : seconds, 0 to 604_800
        That what is left is sold by market order, before the lenders take it over. Chosen.
    losses : one of fund, socialise, lenders, deficit
        Who pays what a failed account cannot: see ``losses_of``. Maker: its surplus, here the fund.
    """
    end = losses_of(losses)
    ppm("beg", beg, PPM, 10 * PPM)
    ppm("chop", chop, PPM, 10 * PPM)
    lasts, waits = ns("tau", tau), ns("patience", patience, 0)
    check_attempts(waits, lasts, "tau")
    auction = Stage(
        price_path=Bids(),
        takers=English(beg, ns("ttl", ttl), lasts),
        limits=DebtAtAuction(penalty=chop),
        every=ns("every", every),
        patience=waits,
        moves_on=True,
        settlement=end,
    )
    return StagedDesign([auction, at_last(end, last)])


def call_auction(
    *,
    every: Seconds = 1.0,
    pause: Seconds = 0.5,
    bounded: bool = True,
    patience: Seconds = 10.0,
    last: Seconds = 3_600.0,
    losses: str = "fund",
    limits: Limits | None = None,
) -> LiquidationEngine:
    """A uniform-price call of the book, for all positions that failed within a while.

    Mechanics: Quedex's documentation.

    Parameters
    ----------
    every : seconds, 0.001 to 604_800
        That a call collects. Chosen.
    pause : seconds, 0 to 604_800
        After a call until the next one of the book. Chosen.
    bounded : yes or no
        Whether no position sells below its bankruptcy price, else none below the mark. Quedex: yes.
    patience : seconds, 0 to 604_800
        Of the calls. Chosen.
    last : seconds, 0 to 604_800
        That what is left is sold by market order, before the lenders take it over. Chosen.
    losses : one of fund, socialise, lenders, deficit
        Who pays what a failed account cannot: see ``losses_of``. Chosen.
    limits : a part, or None
        What bounds how much is in a call, see ``Limits``; ``None``: nothing does. Chosen.
    """
    end = losses_of(losses)
    switch("bounded", bounded)
    if limits is not None and not callable(getattr(limits, "allow", None)):
        raise TypeError(f"limits must be a part with ``allow`` or None, got {limits!r}")
    lasts, rests, waits = ns("every", every), ns("pause", pause, 0), ns("patience", patience, 0)
    check_attempts(waits, rests or lasts, "pause" if rests else "every")
    call = Stage(
        price_path=AtBankruptcy() if bounded else AtMark(),
        takers=CallAuction(lasts, rests),
        limits=limits or Unlimited(),
        every=rests or lasts,
        patience=waits,
        settlement=end,
    )
    return StagedDesign([call, at_last(end, last)])
