"""Shocks that are makers who leave, and come back."""

from typing import Annotated, Literal

from pydantic import Field

import agents
from agents.flow import MakerMarket
from agents.traders import PathMaker, StressSensitiveMaker
from experiments.scenario.shock import BaseShock, ShockPlace
from experiments.scenario.table import Duration, ns

__all__ = ["WithdrawalTable"]

WHO_CAN = (MakerMarket, PathMaker, StressSensitiveMaker)


class WithdrawalTable(BaseShock):
    """Makers who withdraw what they quote, or a share of it, for some time.

    ``[[makers]]`` and makers along a path quote so much less at each price until they are back, to
    a whole lot below. Of a maker market that share of the orders is cancelled, by chance, and the
    same share of new ones does not come: depth is back as fast as its orders are.
    """

    kind: Literal["withdrawal"]
    """Which kind of shock this is."""
    over: Duration
    """Seconds: how long they are away."""
    share: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Share: of what they quote that is withdrawn."""
    makers: list[str] = Field(default_factory=list)
    """Names of ``[[makers]]`` who withdraw; none: all of the instrument, and its background where
    that is one of makers."""

    def participants(self, place: ShockPlace) -> list[agents.Participant]:
        """Tell the makers; nobody comes besides.

        Parameters
        ----------
        place
            The market.

        Raises
        ------
        ValueError
            If a maker is not there, or nobody is who could withdraw.
        """
        number = place.names.instrument(self.instrument)
        own = {
            name: one
            for name, made in place.makers.items()
            for one in made
            if isinstance(one, StressSensitiveMaker) and one.instrument == number
        }
        for name in self.makers:
            if name not in own:
                there = ", ".join(map(repr, own)) or "none"
                raise ValueError(
                    f"makers: no maker of {self.instrument} is called {name!r}: there are {there}"
                )
        background = place.backgrounds.get(self.instrument)
        leaving = (
            [own[name] for name in self.makers] if self.makers
            else [*own.values(), *(background or ())]
        )  # fmt: skip
        able = [one for one in leaving if isinstance(one, WHO_CAN)]
        if not able and background is not None:
            raise ValueError(
                f"nobody in the market of {self.instrument} can withdraw: it has no [[makers]], and"
                " its background is no maker market"
            )
        for one in able:
            one.leave(ns(self.at), ns(self.at) + ns(self.over), self.share)
        return []

    def told(self) -> str:
        """Who leaves for how long."""
        who = ", ".join(self.makers) or "makers"
        return f"{who} withdraw {100 * self.share:.4g} % of what they quote for {self.over:g} s"
