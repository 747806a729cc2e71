"""The exchanges' designs: market orders, takeovers at the bankruptcy price, brackets, vaults."""

from collections.abc import Callable
from typing import Any

from lob.checks import choice, integer, ppm
from lob.clearing.liquidation_engine import LiquidationEngine
from lob.liquidation.market_sale import MarketSale
from lob.liquidation.parts.limits import FirstSlice
from lob.liquidation.parts.price_paths import AtBankruptcy, AtFundLimit, AtMark, AtPreviousMark
from lob.liquidation.parts.protocols import PricePath, Sizing
from lob.liquidation.parts.sizing import ByChance, CloseFactor, DownTier
from lob.liquidation.parts.triggers import AboveTier, EquityBelow, Not
from lob.liquidation.recipes.common import at_last, check_attempts, losses_of, money, ns
from lob.liquidation.staged import Stage, StagedDesign
from lob.liquidation.takers.adl import POLICIES, Opposing
from lob.liquidation.takers.backstop import Backstop, Vault
from lob.liquidation.takers.book import Book, Resting
from lob.unit_types import Cash, Ppm, Seconds
from lob.units import PPM, SECOND_NS

__all__ = ["backstop", "backstop_ftx", "bankruptcy_takeover", "market_sale", "tiered"]

MOST_ACCOUNTS = 1_000_000
MOST_PROVIDERS = 256
ADL_PRICES: dict[str, Callable[[], PricePath]] = {
    "bankruptcy": AtBankruptcy,
    "mark": AtMark,
    "previous-mark": AtPreviousMark,
}
"""What opposing positions may be closed at, by name."""


def market_sale(
    *, delay: Seconds = 0.0, retry: Seconds = 1.0, losses: str = "fund"
) -> LiquidationEngine:
    """The null design: all that a failed account has is sold by market order, at once.

    It is no real system's. While a book has nothing to sell to, the case stays open: of all named
    designs only this one has no end of its own.

    Parameters
    ----------
    delay : seconds, 0 to 604_800
        Between the failure and the sale; 0 where losses are not the fund's. Chosen.
    retry : seconds, 0.001 to 604_800
        Until what could not be sold is tried again. Chosen.
    losses : one of fund, socialise, lenders, deficit
        Who pays what a failed account cannot: see ``losses_of``. Chosen.
    """
    end, waits, again = losses_of(losses), ns("delay", delay, 0), ns("retry", retry)
    if losses == "fund":
        return MarketSale(delay=waits, retry=again)
    if waits:
        raise ValueError(f"delay must be 0 with losses {losses!r}, got {delay}")
    return StagedDesign([Stage(every=again, settlement=end)])


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
    """The stages of a takeover: an order at the bankruptcy price, the fund's, then deleveraging.

    Times in seconds; the parameters are those of ``bankruptcy_takeover``. ``refresh`` is the time
    after which ranks are made anew.
    """
    end = losses_of(losses, "fund")
    choice("adl", adl, POLICIES)
    integer("first", first, 0, MOST_ACCOUNTS)
    waits = ns("rest", rest, 0)
    opposing = Opposing(adl, first=first, refresh=ns("refresh", refresh, 0), seed=seed)
    common: dict[str, Any] = {"settlement": end, "binding": True}
    return [
        Stage(
            price_path=AtBankruptcy(),
            takers=Resting(sweeps=True),
            every=max(waits, SECOND_NS),
            patience=waits,
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
    rest: Seconds = 10.0,
    last: Seconds = 3_600.0,
    losses: str = "fund",
) -> LiquidationEngine:
    """The engine takes the position over at the price that leaves the account with nothing.

    Its order rests at that price; better fills are the insurance fund's. Then the fund pays for
    worse ones as far as it can, and what is left is closed against opposing positions. Mechanics:
    BitMEX's and Bybit's documentation.

    Parameters
    ----------
    adl : one of queue, pro-rata, random, min-max
        Who is deleveraged: see ``Opposing``. BitMEX and Bybit: a queue.
    seed : number, 0 to 2**63-1
        Of the random order. Chosen.
    first : accounts, 0 to 1_000_000
        Among how many of the highest ranks losses are shared pro rata; 0: all. Chosen.
    rest : seconds, 0 to 604_800
        That the order rests at the bankruptcy price before the fund pays for worse. Chosen.
    last : seconds, 0 to 604_800
        That what is left is sold by market order, before the lenders take it over. Chosen.
    losses : one of fund, socialise, lenders, deficit
        Who pays what a failed account cannot: see ``losses_of``. Chosen.
    """
    return StagedDesign(
        takeover_stages(adl=adl, seed=seed, first=first, rest=rest, last=last, losses=losses)
    )


def tiered(
    *,
    every: Seconds = 1.0,
    patience: Seconds = 5.0,
    adl: str = "queue",
    seed: int = 0,
    rest: Seconds = 10.0,
    last: Seconds = 3_600.0,
    losses: str = "fund",
) -> LiquidationEngine:
    """A margin bracket down at a time, at the bankruptcy price or better, then the takeover.

    Mechanics: Binance's and Bybit's documentation.

    Parameters
    ----------
    every : seconds, 0.001 to 604_800
        Between two steps down. Chosen.
    patience : seconds, 0 to 604_800
        Of the steps down, before the position is taken over whole. Chosen.
    adl : one of queue, pro-rata, random, min-max
        Who is deleveraged: see ``Opposing``. Binance and Bybit: a queue.
    seed : number, 0 to 2**63-1
        Of the random order. Chosen.
    rest : seconds, 0 to 604_800
        That the order rests at the bankruptcy price before the fund pays for worse. Chosen.
    last : seconds, 0 to 604_800
        That what is left is sold by market order, before the lenders take it over. Chosen.
    losses : one of fund, socialise, lenders, deficit
        Who pays what a failed account cannot: see ``losses_of``. Chosen.
    """
    rhythm, waits = ns("every", every), ns("patience", patience, 0)
    check_attempts(waits, rhythm)
    down = Stage(
        trigger=AboveTier(0),
        sizing=DownTier(),
        price_path=AtBankruptcy(),
        every=rhythm,
        patience=waits,
        settlement=losses_of(losses),
    )
    return StagedDesign(
        [down, *takeover_stages(adl=adl, seed=seed, rest=rest, last=last, losses=losses)]
    )


def vault_of(name: str, capital: int, margin: int, unwind: int, unwind_every: float) -> Vault:
    """A vault with checked parameters: cash, ppm, ppm and seconds."""
    money("capital", capital)
    ppm("margin", margin)
    ppm("unwind", unwind)
    return Vault(name, capital, margin, unwind, ns("unwind_every", unwind_every))


def backstop(
    *,
    capital: Cash = 1_000_000,
    margin: Ppm = 50_000,
    unwind: Ppm = 0,
    unwind_every: Seconds = 1.0,
    share: Ppm = 666_667,
    slice_share: Ppm = 200_000,
    slice_above: Cash = 100_000,
    every: Seconds = 1.0,
    patience: Seconds = 60.0,
    adl: str = "queue",
    adl_price: str = "bankruptcy",
    seed: int = 0,
    last: Seconds = 3_600.0,
    losses: str = "fund",
) -> LiquidationEngine:
    """The book first, large positions in slices; below a share of the margin a vault takes all.

    What the vault has no room for is closed against opposing positions. Mechanics: Hyperliquid's
    documentation.

    Parameters
    ----------
    capital : units of cash, 0 to 10**15
        That the vault starts with. Chosen.
    margin : ppm, 0 to 1_000_000
        Of what a vault holds which its equity must cover, or it takes no more. Chosen.
    unwind : ppm, 0 to 1_000_000
        Of what a vault holds that it sells by market order at a time; 0: it holds. Chosen.
    unwind_every : seconds, 0.001 to 604_800
        Between two such sales. Chosen.
    share : ppm, 0 to 1_000_000
        Of the maintenance margin, below which the vault takes the account. Hyperliquid: 2/3.
    slice_share : ppm, 1 to 1_000_000
        Of a large position that is sold first. Hyperliquid: a fifth.
    slice_above : units of cash, 0 to 10**15
        Notional from which on a position is large. Hyperliquid: 100,000 USDC.
    every : seconds, 0.001 to 604_800
        Between two market orders. Chosen; Hyperliquid waits 30 s after a slice.
    patience : seconds, 0 to 604_800
        Of the market orders, before the vault is asked all the same. Chosen.
    adl : one of queue, pro-rata, random, min-max
        Who is deleveraged: see ``Opposing``. Hyperliquid: by profit and leverage.
    adl_price : one of bankruptcy, mark, previous-mark
        At which opposing positions are closed. Hyperliquid: the previous mark. Chosen.
    seed : number, 0 to 2**63-1
        Of the random order. Chosen.
    last : seconds, 0 to 604_800
        That what is left is sold by market order, before the lenders take it over. Chosen.
    losses : one of fund, socialise, lenders, deficit
        Who pays what a failed account cannot: see ``losses_of``. Chosen.
    """
    end = losses_of(losses)
    choice("adl", adl, POLICIES)
    choice("adl_price", adl_price, ADL_PRICES)
    ppm("share", share)
    ppm("slice_share", slice_share, 1)
    money("slice_above", slice_above)
    rhythm, waits = ns("every", every), ns("patience", patience, 0)
    check_attempts(waits, rhythm)
    vault = vault_of("vault", capital, margin, unwind, unwind_every)
    opposing = Opposing(adl, rank="profit-leverage", seed=seed)
    return StagedDesign(
        [
            Stage(
                trigger=Not(EquityBelow(share)),
                limits=FirstSlice(slice_share, slice_above),
                every=rhythm,
                patience=waits,
                settlement=end,
            ),
            Stage(takers=Backstop((vault,)), moves_on=True, settlement=end),
            Stage(
                price_path=ADL_PRICES[adl_price](), takers=opposing, moves_on=True, settlement=end
            ),
            at_last(end, last),
        ]
    )


def backstop_ftx(
    *,
    capital: Cash = 1_000_000,
    providers: int = 3,
    margin: Ppm = 50_000,
    unwind: Ppm = 0,
    unwind_every: Seconds = 1.0,
    close: Ppm = 100_000,
    every: Seconds = 6.0,
    chance: Ppm = 1_000_000,
    vary: Ppm = 0,
    seed: int = 0,
    share: Ppm = 500_000,
    patience: Seconds = 600.0,
    last: Seconds = 3_600.0,
    losses: str = "fund",
) -> LiquidationEngine:
    """Slices through the book, then providers at the zero price, then ten positions pro rata.

    The zero price is the bankruptcy price; the other side closes a third of the way to the mark.
    Mechanics: FTX's documentation, where an order goes out every second with a chance of 1/6.

    Parameters
    ----------
    capital : units of cash, 0 to 10**15
        That all providers together start with. Chosen.
    margin : ppm, 0 to 1_000_000
        Of what a vault holds which its equity must cover, or it takes no more. Chosen.
    unwind : ppm, 0 to 1_000_000
        Of what a vault holds that it sells by market order at a time; 0: it holds. Chosen.
    unwind_every : seconds, 0.001 to 604_800
        Between two such sales. Chosen.
    providers : accounts, 1 to 256
        That share what they take by the room that they have. Chosen.
    close : ppm, 1 to 1_000_000
        Of the position that an order in the book sells. FTX: a tenth.
    every : seconds, 0.001 to 604_800
        Between two such orders. FTX: 6 s on average, by a chance of 1/6 every second.
    chance : ppm, 1 to 1_000_000
        That there is an order when its time has come. FTX: 166,667, with ``every`` at a second.
    vary : ppm, 0 to 1_000_000
        By which an order may be larger or smaller, evenly. FTX: 500,000.
    seed : number, 0 to 2**63-1
        Of these draws. Chosen.
    share : ppm, 0 to 1_000_000
        Of the maintenance margin, below which providers take the position. FTX: a half.
    patience : seconds, 0 to 604_800
        Of the orders in the book, before providers are asked all the same. Chosen.
    last : seconds, 0 to 604_800
        That what is left is sold by market order, before the lenders take it over. Chosen.
    losses : one of fund, socialise, lenders, deficit
        Who pays what a failed account cannot: see ``losses_of``. Chosen.
    """
    end = losses_of(losses)
    integer("providers", providers, 1, MOST_PROVIDERS)
    money("capital", capital)
    ppm("close", close, 1)
    ppm("share", share)
    ppm("chance", chance, 1)
    ppm("vary", vary)
    integer("seed", seed, 0)
    rhythm, waits = ns("every", every), ns("patience", patience, 0)
    check_attempts(waits, rhythm)
    vaults = tuple(
        vault_of(
            f"provider {i + 1}",
            capital * (i + 1) // providers - capital * i // providers,
            margin,
            unwind,
            unwind_every,
        )
        for i in range(providers)
    )
    opposing = Opposing("pro-rata", rank="profit-leverage", first=10, mark_share=333_333)
    sizing: Sizing = CloseFactor(close)
    if chance < PPM or vary:
        sizing = ByChance(sizing, chance, vary, seed)
    return StagedDesign(
        [
            Stage(
                trigger=Not(EquityBelow(share)),
                sizing=sizing,
                every=rhythm,
                patience=waits,
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
