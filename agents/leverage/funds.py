"""Funds whose leverage answers to the market: the ones that make a price spiral without failing."""

import math
from typing import Annotated

from agents.leverage.leveraged import Leveraged
from agents.random import log
from lob.checks import real
from lob.engine.elementary import share_kept
from lob.unit_types import Counted

__all__ = ["LeverageTarget", "ValueFund", "VolatilityTarget"]


class LeverageTarget(Leveraged):
    """A fund that holds its leverage: it sells when prices fall, and buys when they rise.

    With assets ``A``, leverage ``L`` and a market that moves by a return of one for ``D`` of cash,
    a first drop is amplified to ``1 / (1 - (L - 1) A / D)`` (Greenwood, Landier, Thesmar 2015;
    Brunnermeier, Pedersen 2009, in the form of one asset).

    Parameters
    ----------
    name
        Identity of the fund.
    target
        Leverage that it holds, assets over equity, 0 or more.
    band
        It trades once its leverage is off by this share of the target, 0 or more.
    **account
        As for ``Leveraged``.

    Raises
    ------
    TypeError, ValueError
        If an argument is of another type or outside its range.
    """

    def __init__(self, name: str, *, target: float, band: float = 0.0, **account: object) -> None:
        super().__init__(name, **account)  # type: ignore[arg-type]
        real("target", target, 0)
        real("band", band, 0)
        self.target = target
        self.band = band

    def look(self) -> None:
        """Look at the market: trade back to the target leverage."""
        equity = self.state.equity or 0
        if equity <= 0:
            return
        exposure = self.held * self.lot_value
        target = self.wanted_leverage()
        if abs(exposure / equity - target) > self.band * target:
            self.hold(round(target * equity / self.lot_value))

    def wanted_leverage(self) -> float:
        """The leverage that the fund aims at now: assets over equity, a number of times."""
        return self.target


class VolatilityTarget(LeverageTarget):
    """A fund that holds its risk: the calmer the market, the more it borrows.

    Its leverage is ``target_volatility`` over the volatility that it has seen, up to ``cap``: calm
    builds up the fragility that the next shock meets.

    Parameters
    ----------
    name
        Identity of the fund.
    target_volatility
        Standard deviation, above 0, of its equity's return over one interval, as a share.
    cap
        Largest leverage, assets over equity, 0 or more.
    half_life
        Looks after which an observation counts half, above 0.
    band
        It trades once its leverage is off by this share of the target, 0 or more.
    **account
        As for ``Leveraged``.

    Raises
    ------
    TypeError, ValueError
        If an argument is of another type or outside its range.
    """

    def __init__(
        self,
        name: str,
        *,
        target_volatility: float,
        cap: float,
        half_life: float = 30.0,
        band: float = 0.05,
        **account: object,
    ) -> None:
        super().__init__(name, target=cap, band=band, **account)
        real("target_volatility", target_volatility, above=0)
        real("half_life", half_life, above=0)
        self.target_volatility = target_volatility
        self.kept = share_kept(1, half_life)
        self.variance: float | None = None
        self.last: int | None = None

    def look(self) -> None:
        """Look at the market: learn from the last move, then trade to the leverage that follows."""
        mark = self.mark_price
        if mark is not None and self.last is not None:
            change = log(mark / self.last)
            square = change * change
            before = square if self.variance is None else self.variance
            self.variance = self.kept * before + (1 - self.kept) * square
        self.last = mark
        if self.variance is not None:
            super().look()

    def wanted_leverage(self) -> float:
        """The leverage that the fund aims at: target volatility over that seen, up to the cap."""
        seen = math.sqrt(self.variance or 0.0)
        return min(self.target, self.target_volatility / seen) if seen else self.target


class ValueFund(Leveraged):
    """A fund that buys what is cheap, on credit up to a cap (Thurner, Farmer, Geanakoplos 2012).

    With wealth ``W``, a perceived value ``V`` and a price ``p`` below it, it wants assets worth
    ``min(aggression * (V - p), cap) * W``; above the value it holds nothing. Once it is at the cap
    a fall makes it sell, which is what turns value investors into sellers.

    Parameters
    ----------
    name
        Identity of the fund.
    value
        Perceived value in ticks, above 0.
    aggression
        Leverage for each tick of mispricing, 0 or more.
    cap
        Largest leverage, assets over wealth, 0 or more.
    **account
        As for ``Leveraged``.

    Raises
    ------
    TypeError, ValueError
        If an argument is of another type or outside its range.
    """

    def __init__(
        self,
        name: str,
        *,
        value: Annotated[float, Counted("ticks")],
        aggression: float,
        cap: float,
        **account: object,
    ) -> None:
        super().__init__(name, **account)  # type: ignore[arg-type]
        real("value", value, above=0)
        real("aggression", aggression, 0)
        real("cap", cap, 0)
        self.value = value
        self.aggression = aggression
        self.cap = cap

    def demand(self, price: float, wealth: float) -> float:
        """Lots that the fund wants at a price in ticks, given its wealth in cash units there.

        A lot has a multiplier of one.
        """
        if wealth <= 0:
            return 0.0
        leverage = min(self.aggression * max(0.0, self.value - price), self.cap)
        return leverage * wealth / price

    def look(self) -> None:
        """Look at the market: trade to the demand at the mark."""
        multiplier = self.simulation.instruments[self.instrument].multiplier
        price = self.mark_price or 0
        self.hold(math.floor(self.demand(price, self.state.equity or 0) / multiplier))
