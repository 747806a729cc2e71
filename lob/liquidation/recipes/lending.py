"""Lending protocols' designs: offers at a fixed bonus, and the stability pool."""

from lob.checks import choice, integer, ppm, switch
from lob.clearing.liquidation_engine import LiquidationEngine
from lob.liquidation.formulas.aave import AaveRules
from lob.liquidation.formulas.arithmetic import WAD
from lob.liquidation.formulas.morpho import morpho_incentive
from lob.liquidation.parts.price_paths import FixedBonus
from lob.liquidation.parts.protocols import Sizing
from lob.liquidation.parts.sizing import AaveClose, All, CloseFactor
from lob.liquidation.recipes.common import (
    MOST_MONEY,
    at_last,
    check_attempts,
    losses_of,
    money,
    ns,
)
from lob.liquidation.staged import Stage, StagedDesign
from lob.liquidation.takers.offers import OpenOffer
from lob.liquidation.takers.pool import Depositors, Stability
from lob.unit_types import Cash, Ppm, Seconds
from lob.units import PPM

__all__ = ["fixed_spread", "fixed_spread_compound2", "fixed_spread_morpho", "stability_pool"]

MOST_DEPOSITORS = 10_000


def fixed_spread(
    *,
    bonus: Ppm = 50_000,
    fee: Ppm = 100_000,
    close: Ppm = 500_000,
    full_health: Ppm = 950_000,
    small: Cash = 2_000,
    leftover: Cash = 1_000,
    dust: bool = True,
    every: Seconds = 1.0,
    patience: Seconds = 3_600.0,
    last: Seconds = 3_600.0,
    losses: str = "deficit",
) -> LiquidationEngine:
    """Anybody may take at the mark less a bonus: a share of the debt, or all of it.

    Mechanics: aave-v3-origin 3.3 (close factor, dust, deficit).

    Parameters
    ----------
    bonus : ppm, 0 to 1_000_000
        What a taker gets above what he pays. Aave: 5 % for a large reserve.
    fee : ppm, 0 to 1_000_000
        The protocol's share of the bonus. Aave: 10 %.
    close : ppm, 0 to 1_000_000
        Of all debts of the account that may be repaid at a time. Aave: a half.
    full_health : ppm, 0 to 1_000_000
        Health factor at or below which all may be repaid. Aave: 0.95.
    small : units of cash, 0 to 10**15
        Debts or collateral below it may be repaid whole. Aave: 2,000 USD.
    leftover : units of cash, 0 to 10**15
        The least that may be left of debt and collateral. Aave: 1,000 USD.
    dust : yes or no
        Whether ``leftover`` holds. Aave: yes.
    every : seconds, 0.001 to 604_800
        Between two looks at an offer, and two offers. Chosen.
    patience : seconds, 0 to 604_800
        Of the offers. Chosen.
    last : seconds, 0 to 604_800
        That what is left is sold by market order, before the lenders take it over. Chosen.
    losses : one of fund, socialise, lenders, deficit
        Who pays what a failed account cannot: see ``losses_of``. Aave: a deficit.
    """
    ppm("bonus", bonus)
    ppm("fee", fee)
    ppm("close", close)
    ppm("full_health", full_health)
    switch("dust", dust)
    rules = AaveRules(
        bonus=PPM + bonus,
        fee=fee,
        close_factor=close,
        full_health=full_health * (WAD // PPM),
        small=money("small", small),
        leftover=money("leftover", leftover),
        unit=PPM,
    )
    sizing: Sizing = AaveClose(rules)
    return _spread(sizing, bonus, fee, rules if dust else None, every, patience, last, losses)


def fixed_spread_compound2(
    *,
    bonus: Ppm = 80_000,
    close: Ppm = 500_000,
    every: Seconds = 1.0,
    patience: Seconds = 3_600.0,
    last: Seconds = 3_600.0,
    losses: str = "deficit",
) -> LiquidationEngine:
    """Anybody may take a share of the position at the mark less a bonus, whatever its health.

    Mechanics: compound-protocol.

    Parameters
    ----------
    bonus : ppm, 0 to 1_000_000
        What a taker gets above what he pays. Compound v2: 8 %, from memory of mainnet.
    close : ppm, 1 to 1_000_000
        Of the position that is on offer at a time. Compound v2: a half, from memory of mainnet.
    every : seconds, 0.001 to 604_800
        Between two looks at an offer, and two offers. Chosen.
    patience : seconds, 0 to 604_800
        Of the offers. Chosen.
    last : seconds, 0 to 604_800
        That what is left is sold by market order, before the lenders take it over. Chosen.
    losses : one of fund, socialise, lenders, deficit
        Who pays what a failed account cannot: see ``losses_of``. Compound: a deficit.
    """
    ppm("bonus", bonus)
    ppm("close", close, 1)
    return _spread(CloseFactor(close), bonus, 0, None, every, patience, last, losses)


def fixed_spread_morpho(
    *,
    lltv: Ppm = 860_000,
    every: Seconds = 1.0,
    patience: Seconds = 3_600.0,
    last: Seconds = 3_600.0,
    losses: str = "lenders",
) -> LiquidationEngine:
    """Anybody may take all of it, at a bonus set by the loan-to-value at which accounts fail.

    Mechanics: morpho-blue, ``morpho_incentive`` with its cursor of 0.3 and its cap of 15 %.

    Parameters
    ----------
    lltv : ppm, 0 to 1_000_000
        Loan-to-value at which accounts fail. A usual market of Morpho's: 86 %.
    every : seconds, 0.001 to 604_800
        Between two looks at an offer, and two offers. Chosen.
    patience : seconds, 0 to 604_800
        Of the offers. Chosen.
    last : seconds, 0 to 604_800
        That what is left is sold by market order, before the lenders take it over. Chosen.
    losses : one of fund, socialise, lenders, deficit
        Who pays what a failed account cannot: see ``losses_of``. Morpho: the lenders.
    """
    ppm("lltv", lltv)
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
    """Offers at the mark less a bonus (ppm), then market orders; times in seconds, checked."""
    end = losses_of(losses)
    rhythm, waits = ns("every", every), ns("patience", patience, 0)
    check_attempts(waits, rhythm)
    offers = Stage(
        sizing=sizing,
        price_path=FixedBonus(PPM + bonus, fee, PPM),
        takers=OpenOffer(leaves=leaves, every=rhythm),
        every=rhythm,
        patience=waits,
        settlement=end,
    )
    return StagedDesign([offers, at_last(end, last)])


def stability_pool(
    *,
    deposits: Cash = 1_000_000,
    depositors: int = 1,
    version: int = 1,
    pool_penalty: Ppm = 50_000,
    spread_penalty: Ppm = 100_000,
    kept: Cash = 1,
    gas_cap: int | None = None,
    spread: bool = True,
    every: Seconds = 1.0,
    last: Seconds = 3_600.0,
    losses: str = "deficit",
) -> LiquidationEngine:
    """Deposits pay the failed debt and get its collateral; the rest goes to other borrowers.

    Mechanics: liquity/dev (version 1) and liquity/bold (version 2).

    Parameters
    ----------
    deposits : units of cash, 0 to 10**15
        Of all depositors together, in equal parts. Chosen.
    depositors : accounts, 1 to 10_000
        How many there are. Chosen.
    version : one of 1, 2
        Of Liquity: 2 takes a penalty and gives back what is more. The design is named by it.
    pool_penalty : ppm, 0 to 1_000_000
        That the pool takes beyond the debt it pays (version 2). Liquity v2: 5 %.
    spread_penalty : ppm, 0 to 1_000_000
        That goes to other borrowers beyond the debt they take (version 2). Liquity v2: 10 %.
    kept : units of cash, 1 to 10**15
        That always stay in the pool (version 2). Liquity v2: 1e18 units, 1 BOLD; here 1 unit.
    gas_cap : lots, 0 to 10**15, or None
        The most for who calls (version 2). Liquity v2: 2 ether; None: half a percent, uncapped.
    spread : yes or no
        Whether what the pool cannot pay goes to other borrowers. Liquity: yes.
    every : seconds, 0.001 to 604_800
        Within which what the pool does not pay is spread. Chosen; Liquity does it at once.
    last : seconds, 0 to 604_800
        That what is left is sold by market order, before the lenders take it over. Chosen.
    losses : one of fund, socialise, lenders, deficit
        Who pays what a failed account cannot: see ``losses_of``. Chosen.
    """
    end = losses_of(losses)
    money("deposits", deposits)
    integer("depositors", depositors, 1, MOST_DEPOSITORS)
    choice("version", version, (1, 2))
    integer("kept", kept, 1, MOST_MONEY)
    ppm("pool_penalty", pool_penalty)
    ppm("spread_penalty", spread_penalty)
    if gas_cap is not None:
        money("gas_cap", gas_cap)
    switch("spread", spread)
    shares = tuple(
        deposits * (i + 1) // depositors - deposits * i // depositors for i in range(depositors)
    )
    pool = Depositors(tuple(s for s in shares if s), version, kept=kept, every=ns("every", every))
    takers = Stability(pool, pool_penalty, spread_penalty, gas_cap, spread)
    return StagedDesign([Stage(takers=takers, moves_on=True, settlement=end), at_last(end, last)])
