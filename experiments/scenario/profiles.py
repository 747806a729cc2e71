"""Backgrounds that are stated by what can be read off a screen, and solved."""

from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import Field

import agents
from experiments.calibration.market_file import InstrumentOfMarket
from experiments.calibration.models import MODELS
from experiments.calibration.profile import LEAST_RATE, MOST_RATE, RATE, Profile, solve
from experiments.markets.scaled import scaled_size
from experiments.scenario.background import BackgroundTable, Place, Sources
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
    follows: str | None = None
    """Name of another instrument whose mid the makers' fair value follows in proportion, as that of
    a staked token does the token's: the profile's volatility is besides that. None: of none."""
    forced_sources: Sources = "account"
    """Who makers take a forced order for: each account that is sold out, or the engine as one."""
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
        asked = self.model_dump(exclude={"kind", "solved", "follows", "forced_sources"})
        return Profile(instrument, **asked)

    def scaled(self, *, depth: float = 1.0, refill: float = 1.0, volatility: float = 1.0) -> Self:
        """A copy of which another depth and volume, half-life or volatility is asked.

        It is not solved anew: parameters follow by ``experiments.markets.scaled.scaled``, and what
        was obtained by the same factors.

        Parameters
        ----------
        depth, refill, volatility
            Factors, positive; ``depth`` is one on the volume too.

        Raises
        ------
        ValueError
            If the table is of no instrument yet.
        """
        if self.solved is None:
            raise ValueError(UNSOLVED)
        given = self.solved.parameters
        parameters = given | MODELS["maker-market"].scaled(
            given, depth=depth, refill=refill, volatility=volatility
        )
        factors = {
            "depth": depth,
            "volume": depth,
            "half_life": 1 / refill,
            "volatility": volatility,
        }
        obtained = {
            key: value * factors.get(key, 1.0) for key, value in self.solved.obtained.items()
        }
        asked = {key: scaled_size(getattr(self, key), depth) for key in ("depth", "volume")}
        other = self.model_copy(
            update={
                **asked,
                "half_life": self.half_life / refill,
                "volatility": self.volatility * volatility,
            }
        )
        digest = other.profile(self.solved.instrument).digest()
        solved = self.solved.model_copy(
            update={"of": digest, "parameters": parameters, "obtained": obtained}
        )
        return other.model_copy(update={"solved": solved})

    def sources(self) -> Sources | None:
        """Whom makers take for the seller of a forced sale."""
        return self.forced_sources

    def with_sources(self, sources: Sources) -> Self:
        """A copy with makers who take somebody else for him."""
        return self.model_copy(update={"forced_sources": sources})

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
            follows=None if self.follows is None else place.numbers[self.follows],
            **{**self.solved.parameters, "forced_sources": self.forced_sources},
        )
        return [flow]
