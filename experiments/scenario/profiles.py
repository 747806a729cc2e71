"""Backgrounds that are stated by what can be read off a screen, and solved."""

import math
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator

import agents
from experiments.calibration.market_file import InstrumentOfMarket
from experiments.calibration.models import MODELS
from experiments.calibration.profile import LEAST_RATE, MOST_RATE, RATE, Profile, solve
from experiments.scenario.background import BackgroundTable, Place
from experiments.scenario.flows import scaled_size
from experiments.scenario.table import Interval, Positive, Table, Ticks

__all__ = ["ProfileTable", "SolvedTable"]

UNSOLVED = "a profile is solved in the table of its instrument"
"""What is said of one that is in none."""
Share = Annotated[float, Field(gt=0, lt=1)]
"""Share of a price, above 0."""


class SolvedTable(Table):
    """What was solved for a profile; another profile is solved anew."""

    of: str
    """Digest of the profile."""
    instrument: InstrumentOfMarket
    """The instrument that it was solved for."""
    parameters: dict[str, Any]
    """Parameters of ``agents.flow.MakerMarket`` that give it."""
    obtained: dict[str, float]
    """Number: what came out in runs with seeds that the search did not use, by key, in its unit."""

    @field_validator("parameters")
    @classmethod
    def _are_of_the_flow(cls, parameters: dict[str, Any]) -> dict[str, Any]:
        MODELS["maker-market"].validated(parameters)
        return parameters


class ProfileTable(BackgroundTable):
    """A market by its depth, spread, volume and volatility: ``agents.flow.MakerMarket``, solved.

    Parameters that give them are searched when the scenario is read, which takes some seconds, and
    checked in runs with other seeds. What cannot be is a mistake, with the nearest that can.
    """

    kind: Literal["profile"]
    """Which kind of background this is."""
    price: Ticks
    """Ticks: where the market begins."""
    depth: Positive
    """Cash units: that rest on one side within ``within`` of the mid, on average over time and both
    sides, at the start price."""
    within: Share
    """Share: of the mid, within which depth is counted."""
    half_life: Interval
    """Seconds: after a sale of half of that, until half of what it took out of the bids is back."""
    spread: Share
    """Share: of the mid, mean over time."""
    volume: Positive
    """Cash units: traded a day, at the start price."""
    volatility: Annotated[float, Field(gt=0, le=100)]
    """Share: of a year of 365 days, by the mid every 60 s."""
    rate: Annotated[float, Field(ge=LEAST_RATE, le=MOST_RATE)] = RATE
    """Per second: messages, about; more can hold a smaller spread, and cost more time."""
    solved: SolvedTable | None = None
    """What was solved; none: it is when the scenario is read, and written with it."""

    def start_price(self, tick_size: Decimal) -> int:
        """Where the market begins, in ticks."""
        return self.price

    def of_instrument(self, instrument: InstrumentOfMarket) -> Self:
        """A copy that is solved.

        Parameters
        ----------
        instrument
            The instrument, whose units of cash those of the table are.

        Raises
        ------
        ProfileError
            If no parameters give the profile.
        """
        profile = self.profile(instrument)
        if self.solved is not None and self.solved.of == profile.digest():
            return self
        found = solve(profile)
        solved = SolvedTable(
            of=profile.digest(),
            instrument=instrument,
            parameters=found.parameters,
            obtained=found.obtained,
        )
        return self.model_copy(update={"solved": solved})

    def profile(self, instrument: InstrumentOfMarket) -> Profile:
        """What is asked.

        Parameters
        ----------
        instrument
            As of ``of_instrument``.
        """
        asked = self.model_dump(exclude={"kind", "solved"})
        return Profile(instrument, **asked)

    def daily_volume(self, instrument: InstrumentOfMarket) -> float | None:
        """Lots a day that were stated, at the start price.

        Parameters
        ----------
        instrument
            The instrument.
        """
        if instrument.inverse:
            return self.volume * self.price / instrument.multiplier
        return self.volume / (self.price * instrument.multiplier)

    def deeper(self, factor: float) -> Self:
        """A copy with orders so many times as large: depth and volume are, all else stays.

        Parameters
        ----------
        factor
            Factor on depth and volume, positive.

        Raises
        ------
        ValueError
            If the table is of no instrument yet.
        """
        if self.solved is None:
            raise ValueError(UNSOLVED)
        given = self.solved.parameters
        sizes = {
            key: [scaled_size(one, factor) for one in given[key]]
            for key in ("market_sizes", "limit_sizes")
        }
        # By the square root law a lot moves the price by less where there are more of them.
        parameters = {**given, **sizes, "impact": given["impact"] / math.sqrt(factor)}
        obtained = {
            key: value * (factor if key in ("depth", "volume") else 1)
            for key, value in self.solved.obtained.items()
        }
        asked = {key: scaled_size(getattr(self, key), factor) for key in ("depth", "volume")}
        scaled = self.model_copy(update=asked)
        digest = scaled.profile(self.solved.instrument).digest()
        solved = self.solved.model_copy(
            update={"of": digest, "parameters": parameters, "obtained": obtained}
        )
        return scaled.model_copy(update={"solved": solved})

    def participants(self, place: Place) -> list[agents.Participant]:
        """Make the flow.

        Parameters
        ----------
        place
            Where it trades.

        Raises
        ------
        ValueError
            If the table is of no instrument yet.
        """
        if self.solved is None:
            raise ValueError(UNSOLVED)
        flow = MODELS["maker-market"].make(
            f"{place.name} flow",
            price=self.price,
            instrument=place.number,
            **self.solved.parameters,
        )
        return [flow]
