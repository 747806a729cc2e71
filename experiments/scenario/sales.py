"""Shocks that are a sale or a purchase by market order, of a stated size."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

import agents
import lob
from agents.traders import TWAP, Executor
from experiments.scenario.names import NamedInstrument
from experiments.scenario.shock import BaseShock, ShockPlace
from experiments.scenario.table import Positive, Seconds, Ticks, ns

__all__ = ["NotionalSeller", "ShockTable", "TradedShock", "evenly", "one_of"]

MOST_SELLERS = 1_000

SLICES = 60
"""Parts of a sale that takes some time; chosen."""


class TradedShock(BaseShock):
    """Base of the shocks in which somebody sells, or buys, by market order."""

    sellers: Annotated[int, Field(ge=1, le=MOST_SELLERS)] = 1
    """Number: how many trade the lots, each an even share at the same times; to makers who tell
    sources apart each is one."""
    apart: Seconds = 0.0
    """Seconds: from the first order of one seller to that of the next; 0: all trade at the same
    times."""

    @property
    def ends(self) -> float:
        """Seconds: from the start of the run until the last of the sellers is done."""
        return super().ends + self.apart * (self.sellers - 1)

    def sellers_of(self, lots: int, over: float, place: ShockPlace) -> list[agents.Participant]:
        """Make those who trade so many lots: at once, or evenly over a time.

        Parameters
        ----------
        lots
            Traded in all.
        over
            Seconds; 0: by one market order each.
        place
            The market.
        """
        return [
            Executor(size=part, schedule=evenly(part, ns(over)), **self._common(i, place))
            for i, part in enumerate(self._shares(lots))
            if part
        ]

    def _shares(self, amount: int) -> list[int]:
        """An amount in even parts, one a seller."""
        many = self.sellers
        return [amount * (i + 1) // many - amount * i // many for i in range(many)]

    def _common(self, seller: int, place: ShockPlace) -> dict[str, Any]:
        """Keywords of the trader of a number."""
        return {
            "name": place.trader + (f" seller {seller}" if seller else ""),
            "side": lob.Side.SELL if self.side == "sell" else lob.Side.BUY,
            "start_in": ns(self.at) + seller * ns(self.apart),
            "instrument": place.names.instrument(self.instrument),
        }


class ShockTable(TradedShock):
    """A sale, or purchase, by market order: of lots, of money's worth, or of a share of volume."""

    kind: Literal["sale"] = "sale"
    """Which kind of shock this is; one without a kind is a sale, or a gap if it has one."""
    lots: Positive | None = None
    """Lots: sold or bought in all. One of ``lots``, ``notional`` and ``share_of_volume`` must be
    given."""
    notional: Positive | None = None
    """Cash units: worth of what is sold or bought, at the mid just before, rounded to the nearest
    lot; of an inverse contract, units of its coin."""
    reference_price: Ticks | None = None
    """Ticks: at which ``notional`` is counted in lots; none: the mid just before."""
    share_of_volume: Annotated[float, Field(gt=0, le=100)] | None = None
    """Share: of what the market trades a day, where its background says that: what a profile
    states, or what random flow brings."""
    over: Seconds = 0.0
    """Seconds: in which the lots are traded in equal parts; 0: by one market order."""

    @model_validator(mode="after")
    def _has_one_size(self) -> Self:
        one_of(self, "lots", "notional", "share_of_volume")
        if self.reference_price is not None and self.notional is None:
            raise ValueError("reference_price is of a notional, and there is none")
        return self

    def participants(self, place: ShockPlace) -> list[agents.Participant]:
        """Make those who sell or buy.

        Parameters
        ----------
        place
            The market.

        Raises
        ------
        ValueError
            If the market has no daily volume that it could be a share of, or it is less than a lot.
        """
        market = place.names.markets[self.instrument]
        if self.notional is None or self.reference_price is not None:
            return self.sellers_of(self.estimated_lots(market), self.over, place)
        self.estimated_lots(market)  # refuses less than a lot
        schedule = evenly(SLICES, ns(self.over))
        return [
            NotionalSeller(
                notional=part, market=market, schedule=schedule, **self._common(i, place)
            )
            for i, part in enumerate(self._shares(self.notional))
            if part
        ]

    def estimated_lots(self, market: NamedInstrument) -> int:
        """How many lots it trades; of a notional, at the reference price or where it starts.

        Parameters
        ----------
        market
            The instrument.

        Raises
        ------
        ValueError
            If that is less than a lot, or the market has no daily volume.
        """
        if self.lots is not None:
            return self.lots
        if self.notional is not None:
            lots = market.lots_for(self.notional, self.reference_price or market.price)
        elif market.daily_volume is None:
            raise ValueError(
                f"share_of_volume: the market of {self.instrument} does not say what it trades a "
                "day: state lots or notional"
            )
        else:
            assert self.share_of_volume is not None
            lots = round(self.share_of_volume * market.daily_volume)
        if lots < 1:
            raise ValueError("this is less than a lot")
        return lots

    def resized(self, lots: int, market: NamedInstrument) -> Self:
        """The sale in another size: it stays a notional or a share if it is one.

        Parameters
        ----------
        lots
            How many lots it is to be, 1 or more.
        market
            The instrument.
        """
        times = lots / self.estimated_lots(market)
        if self.notional is not None:
            return self.model_copy(update={"notional": max(1, round(self.notional * times))})
        if self.share_of_volume is not None:
            return self.model_copy(update={"share_of_volume": self.share_of_volume * times})
        return self.model_copy(update={"lots": lots})

    def reported(self, simulation: agents.Simulation, number: int) -> dict[str, Any]:
        """Lots that a notional or a share came to, and the price at which it was counted.

        Parameters
        ----------
        simulation
            The run.
        number
            Number of the shock, from 0.
        """
        if self.lots is not None:
            return {}
        first = f"shock {number}"
        traders = [
            one
            for one in simulation.agents
            if isinstance(one, Executor)
            and (one.name == first or one.name.startswith(f"{first} seller "))
        ]
        found: dict[str, Any] = {"kind": self.kind, "lots": sum(one.size for one in traders)}
        priced = [one.price for one in traders if isinstance(one, NotionalSeller) and one.price]
        if priced:
            found["price"] = priced[0]
        return found

    def told(self) -> str:
        """What is sold or bought, where it is not said in lots."""
        verb = "sold" if self.side == "sell" else "bought"
        if self.share_of_volume is not None:
            return f"{self.share_of_volume:.4g} of a day's volume {verb}"
        return verb


class NotionalSeller(Executor):
    """A trader who sells or buys for so much money, at the mid of when it begins.

    Parameters
    ----------
    notional
        Units of cash, 1 or more.
    market
        The instrument.
    **order
        See ``Executor``, but for ``size``.
    """

    def __init__(self, *, notional: int, market: NamedInstrument, **order: Any) -> None:
        super().__init__(size=1, **order)
        self.notional = notional
        self.market = market
        self.price: float | None = None

    def on_wake(self) -> None:
        """Hook: count the lots when it begins, and trade them."""
        if self.price is None:
            touch = [self.best_bid(self.instrument), self.best_ask(self.instrument)]
            known = [one for one in touch if one is not None] or [self.market.price]
            self.price = sum(known) / len(known)
            self.size = max(1, self.market.lots_for(self.notional, self.price))
        super().on_wake()


def evenly(lots: int, over_ns: int) -> TWAP:
    """Schedule a sale or purchase in equal parts over a time.

    Parameters
    ----------
    lots
        Sold or bought in all.
    over_ns
        In ns; 0: all at once, by one market order.
    """
    return TWAP(max(1, over_ns), min(SLICES, lots, over_ns) if over_ns else 1)


def one_of(table: BaseShock, *keys: str) -> None:
    """Refuse a table that does not have exactly one of some keys.

    Parameters
    ----------
    table
        The table.
    *keys
        Names of its keys: what is ``None`` or ``False`` is not given.

    Raises
    ------
    ValueError
        If none is given, or more than one.
    """
    given = [key for key in keys if getattr(table, key) not in (None, False)]
    if len(given) != 1:
        raise ValueError(
            f"exactly one of {', '.join(keys)} must be given, got {' and '.join(given) or 'none'}"
        )
