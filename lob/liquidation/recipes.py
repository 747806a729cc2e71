"""How each named design is composed of parts.

Times are seconds, rates parts per million, amounts units of cash. Every design ends with what no
real system says: after ``patience`` without success what is left is sold by market order for
``last`` seconds, and what then is left the lenders take over at the mark. Both are chosen.
"""

from fractions import Fraction
from typing import Any

from lob.checks import choice
from lob.clearing.liquidation_engine import LiquidationEngine
from lob.liquidation.formulas.aave import AaveRules
from lob.liquidation.formulas.arithmetic import RAY, WAD
from lob.liquidation.formulas.curves import Curve, ExponentialDecrease, Linear, StairStep
from lob.liquidation.formulas.maker import ClipRules
from lob.liquidation.formulas.morpho import morpho_incentive
from lob.liquidation.market_sale import MarketSale
from lob.liquidation.parts.limits import FirstSlice, Hole, Unlimited
from lob.liquidation.parts.price_paths import (
    AtBankruptcy,
    AtFundLimit,
    AtMark,
    Bids,
    Dutch,
    FixedBonus,
)
from lob.liquidation.parts.protocols import Limits, Sizing
from lob.liquidation.parts.settlement import Waterfall
from lob.liquidation.parts.sizing import AaveClose, All, CloseFactor, DownTier
from lob.liquidation.parts.triggers import AboveTier, EquityBelow, Not
from lob.liquidation.staged import Stage, StagedDesign
from lob.liquidation.takers.adl import Opposing
from lob.liquidation.takers.backstop import Backstop, Vault
from lob.liquidation.takers.book import Book, Resting
from lob.liquidation.takers.call import CallAuction
from lob.liquidation.takers.dutch import DutchAuction
from lob.liquidation.takers.english import English
from lob.liquidation.takers.offers import OpenOffer
from lob.liquidation.takers.pool import Depositors, Stability
from lob.units import PPM, SECOND_NS

__all__ = [
    "backstop",
    "backstop_ftx",
    "bankruptcy_takeover",
    "call_auction",
    "dutch",
    "english",
    "fixed_spread",
    "fixed_spread_compound2",
    "fixed_spread_morpho",
    "market_sale",
    "stability_pool",
    "tiered",
]

WITHOUT_BOUND = 2**62
LOSSES = {
    "fund": {},
    "socialise": {"rest": "others"},
    "lenders": {"fund": False, "rest": "lenders"},
    "deficit": {"fund": False},
}


def ns(seconds: float) -> int:
    """Seconds as whole nanoseconds, rounded to the nearest."""
    return round(seconds * SECOND_NS)


def losses_of(losses: str, surplus: str = "borrower") -> Waterfall:
    """The settlement of a loss rule: ``fund``, ``socialise``, ``lenders`` or ``deficit``."""
    choice("losses", losses, LOSSES)
    return Waterfall(surplus=surplus, **LOSSES[losses])  # type: ignore[arg-type]


def at_last(settlement: Waterfall, last: float, binding: bool = False) -> Stage:
    """What is left is sold by market order, for a while."""
    return Stage(settlement=settlement, patience=ns(last), binding=binding)


# ------------------------------------------------------------------------------------ exchanges


def market_sale(
    *, delay: float = 0.0, retry: float = 1.0, losses: str = "fund"
) -> LiquidationEngine:
    """All by market order at once."""
    if losses == "fund":
        return MarketSale(delay=ns(delay), retry=ns(retry))
    if delay:
        raise ValueError(f"delay must be 0 with losses {losses!r}, got {delay}")
    return StagedDesign([Stage(every=ns(retry), settlement=losses_of(losses))])


def takeover_stages(
    *,
    adl: str,
    seed: int,
    rest: float,
    last: float,
    losses: str,
    first: int = 0,
    refresh: float = 1.0,
) -> list[Stage]:
    """The engine's order at the bankruptcy price, then the fund's, then deleveraging."""
    end = losses_of(losses, "fund")
    opposing = Opposing(adl, first=first, refresh=ns(refresh), seed=seed)
    common: dict[str, Any] = {"settlement": end, "binding": True}
    return [
        Stage(
            price_path=AtBankruptcy(),
            takers=Resting(sweeps=True),
            every=ns(max(rest, 1.0)),
            patience=ns(rest),
            **common,
        ),
        Stage(price_path=AtFundLimit(), takers=Book(funded=True), moves_on=True, **common),
        Stage(price_path=AtBankruptcy(), takers=opposing, moves_on=True, **common),
        at_last(end, last, binding=True),
    ]


def bankruptcy_takeover(
    *,
    adl: str = "queue",
    seed: int = 0,
    first: int = 0,
    rest: float = 10.0,
    last: float = 3_600.0,
    losses: str = "fund",
) -> LiquidationEngine:
    """Taken over at the bankruptcy price."""
    return StagedDesign(
        takeover_stages(adl=adl, seed=seed, first=first, rest=rest, last=last, losses=losses)
    )


def tiered(
    *,
    every: float = 1.0,
    patience: float = 5.0,
    adl: str = "queue",
    seed: int = 0,
    rest: float = 10.0,
    last: float = 3_600.0,
    losses: str = "fund",
) -> LiquidationEngine:
    """Down the brackets first."""
    down = Stage(
        trigger=AboveTier(0),
        sizing=DownTier(),
        price_path=AtBankruptcy(),
        every=ns(every),
        patience=ns(patience),
        settlement=losses_of(losses),
    )
    return StagedDesign(
        [down, *takeover_stages(adl=adl, seed=seed, rest=rest, last=last, losses=losses)]
    )


def backstop(
    *,
    capital: int = 1_000_000,
    margin: int = 50_000,
    unwind: int = 0,
    unwind_every: float = 1.0,
    share: int = 666_667,
    slice_share: int = 200_000,
    slice_above: int = 100_000,
    every: float = 1.0,
    patience: float = 60.0,
    adl: str = "queue",
    seed: int = 0,
    last: float = 3_600.0,
    losses: str = "fund",
) -> LiquidationEngine:
    """The book first, then a vault."""
    end = losses_of(losses)
    vault = Vault("vault", capital, margin, unwind, ns(unwind_every))
    opposing = Opposing(adl, rank="profit-leverage", seed=seed)
    return StagedDesign(
        [
            Stage(
                trigger=Not(EquityBelow(share)),
                limits=FirstSlice(slice_share, slice_above),
                every=ns(every),
                patience=ns(patience),
                settlement=end,
            ),
            Stage(takers=Backstop((vault,)), moves_on=True, settlement=end),
            Stage(price_path=AtBankruptcy(), takers=opposing, moves_on=True, settlement=end),
            at_last(end, last),
        ]
    )


def backstop_ftx(
    *,
    capital: int = 1_000_000,
    providers: int = 3,
    margin: int = 50_000,
    unwind: int = 0,
    unwind_every: float = 1.0,
    close: int = 100_000,
    every: float = 6.0,
    share: int = 500_000,
    patience: float = 600.0,
    last: float = 3_600.0,
    losses: str = "fund",
) -> LiquidationEngine:
    """Slices in the book, then providers at the zero price."""
    end = losses_of(losses)
    vaults = tuple(
        Vault(
            f"provider {i + 1}",
            capital * (i + 1) // providers - capital * i // providers,
            margin,
            unwind,
            ns(unwind_every),
        )
        for i in range(providers)
    )
    opposing = Opposing("pro-rata", rank="profit-leverage", first=10, mark_share=333_333)
    return StagedDesign(
        [
            Stage(
                trigger=Not(EquityBelow(share)),
                sizing=CloseFactor(close),
                every=ns(every),
                patience=ns(patience),
                settlement=end,
            ),
            Stage(
                price_path=AtBankruptcy(),
                takers=Backstop(vaults, split=True),
                moves_on=True,
                settlement=end,
            ),
            Stage(price_path=AtBankruptcy(), takers=opposing, moves_on=True, settlement=end),
            at_last(end, last),
        ]
    )


# -------------------------------------------------------------------------------------- lending


def fixed_spread(
    *,
    bonus: int = 50_000,
    fee: int = 100_000,
    close: int = 500_000,
    full_health: int = 950_000,
    small: int = 2_000,
    leftover: int = 1_000,
    dust: bool = True,
    every: float = 1.0,
    patience: float = 3_600.0,
    last: float = 3_600.0,
    losses: str = "deficit",
) -> LiquidationEngine:
    """Offers at the mark less a bonus."""
    rules = AaveRules(
        bonus=PPM + bonus,
        fee=fee,
        close_factor=close,
        full_health=full_health * (WAD // PPM),
        small=small,
        leftover=leftover,
        unit=PPM,
    )
    sizing: Sizing = AaveClose(rules)
    return _spread(sizing, bonus, fee, rules if dust else None, every, patience, last, losses)


def fixed_spread_compound2(
    *,
    bonus: int = 80_000,
    close: int = 500_000,
    every: float = 1.0,
    patience: float = 3_600.0,
    last: float = 3_600.0,
    losses: str = "deficit",
) -> LiquidationEngine:
    """A share of the position at a time, whatever its health."""
    return _spread(CloseFactor(close), bonus, 0, None, every, patience, last, losses)


def fixed_spread_morpho(
    *,
    lltv: int = 860_000,
    every: float = 1.0,
    patience: float = 3_600.0,
    last: float = 3_600.0,
    losses: str = "lenders",
) -> LiquidationEngine:
    """All at once; the bonus follows from the loan-to-value at which accounts fail."""
    bonus = morpho_incentive(lltv * (WAD // PPM)) // (WAD // PPM) - PPM
    return _spread(All(), bonus, 0, None, every, patience, last, losses)


def _spread(
    sizing: Sizing,
    bonus: int,
    fee: int,
    leaves: AaveRules | None,
    every: float,
    patience: float,
    last: float,
    losses: str,
) -> LiquidationEngine:
    end = losses_of(losses)
    offers = Stage(
        sizing=sizing,
        price_path=FixedBonus(PPM + bonus, fee, PPM),
        takers=OpenOffer(leaves=leaves, every=ns(every)),
        every=ns(every),
        patience=ns(patience),
        settlement=end,
    )
    return StagedDesign([offers, at_last(end, last)])


def stability_pool(
    *,
    deposits: int = 1_000_000,
    depositors: int = 1,
    version: int = 1,
    pool_penalty: int = 50_000,
    spread_penalty: int = 100_000,
    kept: int = 1,
    gas_cap: int | None = None,
    spread: bool = True,
    every: float = 1.0,
    last: float = 3_600.0,
    losses: str = "deficit",
) -> LiquidationEngine:
    """The pool's deposits against the debt, the rest to other borrowers."""
    end = losses_of(losses)
    shares = tuple(
        deposits * (i + 1) // depositors - deposits * i // depositors for i in range(depositors)
    )
    pool = Depositors(tuple(s for s in shares if s), version, kept=kept, every=ns(every))
    takers = Stability(pool, pool_penalty, spread_penalty, gas_cap, spread)
    return StagedDesign([Stage(takers=takers, moves_on=True, settlement=end), at_last(end, last)])


# -------------------------------------------------------------------------------------- auctions


def curve_of(kind: str, cut: int, step: int, fall: int) -> Curve:
    """A curve in seconds: ``stair``, ``linear`` or ``exponential``."""
    ray = cut * (RAY // PPM)
    if kind == "stair":
        return StairStep(ray, step)
    if kind == "linear":
        return Linear(fall)
    if kind == "exponential":
        return ExponentialDecrease(root(cut, step))
    raise ValueError(f"curve must be stair, linear or exponential, got {kind!r}")


def root(cut: int, step: int) -> int:
    """The ray that is ``cut`` (ppm) after ``step`` multiplications, rounded down."""
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
    cut: int = 990_000,
    step: int = 90,
    fall: int = 6_000,
    buf: int = 1_300_000,
    cusp: int = 400_000,
    tail: int = 8_400,
    chop: int = 1_130_000,
    tip: int = 0,
    chip: int = 1_000,
    dust: int = 0,
    hole: int = WITHOUT_BOUND,
    total_hole: int = WITHOUT_BOUND,
    breaker: int = 0,
    every: float = 1.0,
    patience: float = 6 * 3_600.0,
    last: float = 3_600.0,
    losses: str = "fund",
) -> LiquidationEngine:
    """A Dutch auction of the collateral for the debt and a penalty."""
    end = losses_of(losses)
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
        takers=DutchAuction(tip=tip, chip=chip, level=breaker),
        limits=Hole(total_hole, hole, chop, dust, breaker),
        every=ns(every),
        patience=ns(patience),
        settlement=end,
    )
    return StagedDesign([auction, at_last(end, last)])


def english(
    *,
    beg: int = 1_050_000,
    ttl: float = 3 * 3_600.0,
    tau: float = 48 * 3_600.0,
    chop: int = 1_130_000,
    every: float = 1.0,
    patience: float = 96 * 3_600.0,
    last: float = 3_600.0,
    losses: str = "fund",
) -> LiquidationEngine:
    """An English auction: tend, then dent."""
    end = losses_of(losses)
    auction = Stage(
        price_path=Bids(),
        takers=English(beg, ns(ttl), ns(tau)),
        limits=Hole(chop=chop),
        every=ns(every),
        patience=ns(patience),
        moves_on=True,
        settlement=end,
    )
    return StagedDesign([auction, at_last(end, last)])


def call_auction(
    *,
    every: float = 1.0,
    pause: float = 0.5,
    bounded: bool = True,
    patience: float = 10.0,
    last: float = 3_600.0,
    losses: str = "fund",
    limits: Limits | None = None,
) -> LiquidationEngine:
    """A uniform-price call of the book for what failed in a while."""
    end = losses_of(losses)
    call = Stage(
        price_path=AtBankruptcy() if bounded else AtMark(),
        takers=CallAuction(ns(every), ns(pause)),
        limits=limits or Unlimited(),
        every=ns(pause) or ns(every),
        patience=ns(patience),
        settlement=end,
    )
    return StagedDesign([call, at_last(end, last)])
