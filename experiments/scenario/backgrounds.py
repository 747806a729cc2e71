"""Backgrounds of instruments, all kinds, and those that bring a whole market.

That is a ready market, one in a file, or one of the user's own.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import (
    BeforeValidator,
    Discriminator,
    Field,
    Tag,
    ValidationError,
    field_validator,
    model_validator,
)

import agents
from experiments.calibration.market_file import InstrumentOfMarket, MarketFile, read_market
from experiments.calibration.models import MODELS
from experiments.markets import MARKETS
from experiments.markets.place import MarketPlace
from experiments.markets.populations import (
    OF_A_RUN,
    POPULATIONS,
    options_of,
    population,
    start_price,
)
from experiments.markets.written import meant
from experiments.scenario.background import BackgroundTable, Place
from experiments.scenario.files import FileName, OwnName
from experiments.scenario.flows import (
    DAY,
    HawkesTable,
    LongMemoryTable,
    MakerMarketTable,
    PoissonTable,
    QueueReactiveTable,
    UniformBookTable,
    ZeroIntelligenceTable,
)
from experiments.scenario.kept import kept
from experiments.scenario.own_parts import make_own
from experiments.scenario.parameters import refuse_unknown
from experiments.scenario.price_paths import PathTable
from experiments.scenario.profiles import ProfileTable
from experiments.scenario.recorded_days import RecordedTable
from experiments.scenario.table import Ticks
from experiments.scenario.user_code import names_user_code

__all__ = [
    "KINDS",
    "Background",
    "FittedTable",
    "OwnBackgroundTable",
    "ReadyMarketTable",
    "with_told_instrument",
]


class ReadyMarketTable(BackgroundTable):
    """A ready market with all who trade in it (``firesale list``), in this instrument."""

    kind: Literal["market"]
    """Which kind of background this is."""
    name: str
    """Name of the ready market."""
    parameters: dict[str, Any] = Field(default_factory=dict)
    """Options of the market by name, those of ``firesale run MARKET --set``, or with a unit."""
    spot: str | None = None
    """Of ``perp``: name of the instrument that is its spot, whose market is to be ``perp`` without
    trend followers, or any other that is worth the same; none: there is no arbitrage."""

    @staticmethod
    def taker_of_parameters(content: Mapping[str, Any]) -> Callable[..., Any] | None:
        """The ready market of a table as TOML has it; ``None`` if there is none."""
        return MARKETS.get(str(content.get("name")))

    @field_validator("name")
    @classmethod
    def _is_ready(cls, name: str) -> str:
        if name not in POPULATIONS:
            raise ValueError(f"no ready market is called {name!r}: {meant(name, POPULATIONS)}")
        return name

    @model_validator(mode="after")
    def _has_a_price(self) -> Self:
        start_price(self.name, self.parameters)
        if self.spot is not None and self.name != "perp":
            raise ValueError(f"spot is of the market perp, {self.name} has none")
        return self

    def start_price(self, tick_size: Decimal) -> int:
        """Where the market begins, in ticks."""
        return start_price(self.name, self.parameters)

    def participants(self, place: Place) -> list[agents.Participant]:
        """Make all who trade in the market."""
        refuse_unknown(MARKETS[self.name], self.parameters, OF_A_RUN, f"market {self.name}")
        where = MarketPlace(
            place.seed,
            place.number,
            f"{place.name} ",
            spot=None if self.spot is None else place.numbers[self.spot],
            worth=f"{place.worth} ",
        )
        return population(self.name, where, self.parameters)

    def deeper(self, factor: float) -> Self:
        """Refuse: those who trade in a ready market are as many as they are.

        Parameters
        ----------
        factor
            Is not used.

        Raises
        ------
        ValueError
            Always.
        """
        raise ValueError(
            f"the ready market {self.name} has no depth to be scaled: change its parameters"
        )

    def lasts(self) -> float | None:
        """Seconds from the start of the session until those who trade in the market stop."""
        options = {**options_of(self.name), **self.parameters}
        if self.name == "rmsc04":
            return 60.0 * float(options["minutes"])
        if self.name == "ci2002":
            return float(options["quiet_steps"] + options["steps"])
        return None


class FittedTable(BackgroundTable):
    """A market file: a model with the parameters that somebody fitted, solved or stated.

    What the instrument does not say of itself (tick and lot size, base, quote, multiplier) is what
    the file says; a tick or lot size that is another is a mistake.
    """

    TELLS: ClassVar[tuple[str, ...]] = ("kind", "file")
    """Keys by which the market file is read that tells of the instrument."""
    kind: Literal["fitted"]
    """Which kind of background this is."""
    file: FileName
    """Path of the market file, beside the scenario or in the working directory."""
    price: Ticks | None = None
    """Ticks: where the market begins; none: where the file says."""
    depth: Annotated[float, Field(gt=0)] = 1.0
    """Times: how large orders are in comparison with the file's, rounded to whole lots."""

    @model_validator(mode="after")
    def _is_a_market(self) -> Self:
        self.participants(Place(1, "trial", 0, Decimal(1), {}, ""))
        return self

    @property
    def market(self) -> MarketFile:
        """The market in the file."""
        return kept(read_market, self.file)

    def start_price(self, tick_size: Decimal) -> int:
        """Where the market begins, in ticks."""
        return self.market.price if self.price is None else self.price

    def participants(self, place: Place) -> list[agents.Participant]:
        """Make the market's flow."""
        market = self.market
        parameters = market.parameters
        if self.depth != 1:
            parameters = {**parameters, **MODELS[market.model].deeper(parameters, self.depth)}
        flow = MODELS[market.model].make(
            f"{place.name} flow",
            price=self.start_price(Decimal(1)),
            instrument=place.number,
            **parameters,
        )
        return [flow]

    def daily_volume(self, instrument: InstrumentOfMarket) -> float | None:
        """Lots a day that the file's profile stated, or that its random flow brings.

        Parameters
        ----------
        instrument
            The instrument.
        """
        market = self.market
        asked = market.provenance.get("asked")
        volume = asked.get("volume") if isinstance(asked, Mapping) else None
        if isinstance(volume, int | float):
            # In money: of a tick on a lot there are ``tick_size * lot_size * multiplier``.
            worth = market.instrument.make().to_cash(f"{Decimal(str(volume))} {instrument.quote}")
            return self.depth * worth / (market.price * instrument.multiplier)
        if market.model == "zero-intelligence":
            return self.depth * DAY * float(market.parameters["mu"]) or None
        return None

    def deeper(self, factor: float) -> Self:
        """A copy with orders so many times as large, and as many of them."""
        return self.model_copy(update={"depth": self.depth * factor})

    def instrument(self) -> dict[str, Any]:
        """What the file tells of the instrument."""
        return self.market.instrument.model_dump()


class OwnBackgroundTable(BackgroundTable):
    """Participants of your own in the place of a background: ``FILE.py:NAME``, run if you say so.

    What it names is called with the name of the participant, and with those of ``instrument`` (its
    number), ``price`` (ticks) and ``seed`` that it takes, besides the parameters. It returns an
    ``agents.Agent`` or flow, or a list of such.
    """

    TAG: ClassVar[str] = "own"
    """How the table is told from others: its ``kind`` is no fixed text."""
    kind: OwnName
    """``FILE.py:NAME`` of a class or function of one's own."""
    price: Ticks
    """Ticks: where the market begins."""
    parameters: dict[str, Any] = Field(default_factory=dict)
    """Keywords of the class or function."""

    def start_price(self, tick_size: Decimal) -> int:
        """Where the market begins, in ticks."""
        return self.price

    def participants(self, place: Place) -> list[agents.Participant]:
        """Run the code and make whoever it makes.

        Parameters
        ----------
        place
            Where they trade.

        Raises
        ------
        UserCodeError
            If the code raises.
        ValueError
            If it makes something else than participants, or has no such parameter.
        """
        of = f"background {self.kind}"
        known = {"instrument": place.number, "price": self.price, "seed": place.seed}
        name = f"{place.name} flow"
        made = make_own(self.kind, of, name, parameters=self.parameters, known=known)
        found = list(made) if isinstance(made, list | tuple) else [made]
        for one in found:
            if not isinstance(one, agents.Participant):
                raise ValueError(f"{of} must make agents.Agents, got {one!r}")
        return found


KINDS: dict[str, type[BackgroundTable]] = {
    "uniform": UniformBookTable,
    "zero-intelligence": ZeroIntelligenceTable,
    "poisson": PoissonTable,
    "hawkes": HawkesTable,
    "long-memory": LongMemoryTable,
    "maker-market": MakerMarketTable,
    "queue-reactive": QueueReactiveTable,
    "market": ReadyMarketTable,
    "fitted": FittedTable,
    "recorded": RecordedTable,
    "path": PathTable,
    "profile": ProfileTable,
}
"""Tables of backgrounds by kind, besides those of the user's own."""


def _tag(given: Any) -> str:
    """Which table it is of."""
    kind = given.get("kind") if isinstance(given, Mapping) else getattr(given, "kind", None)
    return OwnBackgroundTable.TAG if names_user_code(str(kind)) else str(kind)


def _known(given: Any) -> Any:
    """Refuse what is of no kind, with the nearest that there is."""
    tag = _tag(given)
    if tag not in KINDS and tag != OwnBackgroundTable.TAG:
        if not isinstance(given, Mapping) or "kind" not in given:
            raise ValueError(f"a background is a table with a kind: one of {', '.join(KINDS)}")
        raise ValueError(
            f"no background is called {given['kind']!r}: {meant(tag, KINDS)}; one of your own is "
            "FILE.py:NAME"
        )
    return given


Background = Annotated[
    Annotated[UniformBookTable, Tag("uniform")]
    | Annotated[ZeroIntelligenceTable, Tag("zero-intelligence")]
    | Annotated[PoissonTable, Tag("poisson")]
    | Annotated[HawkesTable, Tag("hawkes")]
    | Annotated[LongMemoryTable, Tag("long-memory")]
    | Annotated[MakerMarketTable, Tag("maker-market")]
    | Annotated[QueueReactiveTable, Tag("queue-reactive")]
    | Annotated[ReadyMarketTable, Tag("market")]
    | Annotated[FittedTable, Tag("fitted")]
    | Annotated[RecordedTable, Tag("recorded")]
    | Annotated[PathTable, Tag("path")]
    | Annotated[ProfileTable, Tag("profile")]
    | Annotated[OwnBackgroundTable, Tag("own")],
    Discriminator(_tag),
    BeforeValidator(_known),
]
"""The background of an instrument."""


def with_told_instrument(row: Mapping[str, Any], folder: Path | None) -> dict[str, Any]:
    """An instrument's table with what the file of its background tells and it does not.

    Parameters
    ----------
    row
        The table as TOML has it, not validated.
    folder
        Folder of the scenario's own file, if it is from one.
    """
    background = row.get("background")
    if isinstance(background, Mapping):
        table = KINDS.get(str(background.get("kind")))
        if table is None or not table.TELLS:
            return dict(row)
        # The others may be quantities, which are read with what the file tells.
        asked = {key: value for key, value in background.items() if key in table.TELLS}
        try:
            background = table.model_validate(asked, context={"folder": folder})
        except ValidationError:
            return dict(row)  # told with the background
    if not isinstance(background, BackgroundTable):
        return dict(row)
    return {**background.instrument(), **row}
