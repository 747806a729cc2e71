"""Models of background order flow by name, and the parameters of each as files state them.

A flow is a class of ``agents.flow``. Its parameters stand in a table that says the unit and the
range of each, the same for a market file and for the background of a scenario.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field, ValidationError

from agents.flow import (
    BackgroundFlow,
    Hawkes,
    LongMemory,
    MakerMarket,
    Poisson,
    QueueReactive,
    ZeroIntelligence,
)
from experiments.markets.mistakes import MistakesError, mistakes_of
from experiments.markets.scaled import scaled
from experiments.markets.table import MOST_RATE, Positive, Table

__all__ = [
    "MODELS",
    "HawkesParameters",
    "LongMemoryParameters",
    "MakerMarketParameters",
    "Model",
    "PoissonParameters",
    "QueueReactiveParameters",
    "ZeroIntelligenceParameters",
]

Rate = Annotated[float, Field(ge=0, le=MOST_RATE)]
"""Events a second, 0 or more."""
Rates = Annotated[list[Rate], Field(min_length=1)]
"""Rates by distance, queue length or type of event."""
Weights = Annotated[list[Annotated[float, Field(ge=0)]], Field(min_length=1)]
"""Weights, 0 or more; what counts is their ratios."""
Amount = Annotated[float, Field(ge=0)]
"""A number, 0 or more."""
Sizes = Annotated[list[Positive], Field(min_length=1)]
"""Sizes in lots, 1 or more."""
Kernels = Annotated[list[Amount], Field(min_length=3, max_length=3)]
"""A number for each of three kernels: fast, slower and slow."""
Chance = Annotated[float, Field(ge=0, le=1)]
"""A probability."""
Chances = Annotated[list[Chance], Field(min_length=3, max_length=3)]
"""A probability for each of three kernels."""
Window = Annotated[int, Field(ge=1, le=2**20)]
"""How far from the best price limit orders arrive, in ticks."""
Depth = Annotated[int, Field(ge=0, le=2**24)]
"""How many orders there are to begin with."""


class ZeroIntelligenceParameters(Table):
    """Orders that know nothing but where the best prices are: ``agents.flow.ZeroIntelligence``."""

    alpha: float = Field(gt=0)
    """Lots a second: limit orders that arrive at each price of either side."""
    mu: float = Field(ge=0)
    """Lots a second: market orders, half of them bought."""
    delta: Annotated[float, Field(gt=0, le=MOST_RATE)]
    """Per second: the rate at which each resting order is cancelled."""
    sigma: Positive = 1
    """Lots: the size of every order."""
    window: Window = 1_000
    """Ticks: how far from the opposite best price limit orders arrive."""
    depth: Depth | None = None
    """Number: orders that rest at the start; none: as many as rest on average without trades."""


class PoissonParameters(Table):
    """Rates by distance from the opposite best price: ``agents.flow.Poisson``."""

    lambda_: Rates
    """Per second: limit orders on one side at 1, 2, 3... ticks from the opposite best price."""
    theta: Rates
    """Per second: cancellations of one order at these distances; the last holds beyond."""
    mu: Rate
    """Per second: market orders on one side."""
    k: Rate = 0.0
    """Per second: beyond ``lambda_`` and up to ``window``, limit orders arrive at ``k`` over the
    distance to the power ``alpha``."""
    alpha: Annotated[float, Field(ge=0)] = 0.0
    """Exponent: how fast arrivals fall with the distance beyond ``lambda_``."""
    window: Window | None = None
    """Ticks: the largest distance at which limit orders arrive; none: as many as ``lambda_``."""
    size: Positive = 1
    """Lots: the size of every order."""
    depth: Depth | None = None
    """Number: orders that rest at the start; none: as many as rest on average without trades."""


class HawkesParameters(Table):
    """Orders that excite one another: ``agents.flow.Hawkes``.

    Types of events are, in order: limit buy, limit sell, market buy, market sell, cancel buy,
    cancel sell.
    """

    baseline: Annotated[list[Rate], Field(min_length=6, max_length=6)]
    """Per second: events of each type that come by themselves."""
    excitation: Annotated[
        list[Annotated[list[Annotated[float, Field(ge=0)]], Field(min_length=6, max_length=6)]],
        Field(min_length=6, max_length=6),
    ]
    """Number: events of the row's type that one of the column's type causes directly."""
    decay: Rate | Annotated[list[Rate], Field(min_length=6, max_length=6)]
    """Per second: how fast excitation fades, of all types or by the type of the cause."""
    placement: Weights = Field(default_factory=lambda: [1.0])
    """Share: weights of the distances 1, 2, 3... ticks from the opposite best price."""
    theta: Rate = 0.0
    """Per second: cancellations of each open order besides; at 0 the book may grow for ever."""
    size: Positive = 1
    """Lots: the size of every order."""


class LongMemoryParameters(Table):
    """Market orders that are pieces of large orders: ``agents.flow.LongMemory``."""

    metaorders: Annotated[int, Field(ge=1, le=2**20)]
    """Number: large orders that are worked at any time."""
    beta: Annotated[float, Field(gt=1, le=10)]
    """Exponent: of the tail of the number of pieces."""
    mu: Rate
    """Per second: market orders of both sides together."""
    alpha: Annotated[float, Field(gt=0, le=MOST_RATE)]
    """Per second: limit orders at each price of either side."""
    delta: Annotated[float, Field(gt=0, le=MOST_RATE)]
    """Per second: the rate at which each resting order is cancelled."""
    window: Window = 1_000
    """Ticks: how far from the opposite best price limit orders arrive."""
    size: Positive = 1
    """Lots: the size of every order."""
    depth: Depth | None = None
    """Number: orders that rest at the start; none: as many as rest on average without trades."""


class MakerMarketParameters(Table):
    """Makers who follow a fair value, and takers in clusters: ``agents.flow.MakerMarket``."""

    clusters: Rate
    """Per second: clusters of market orders that begin."""
    limit_rate: Rate
    """Per second: limit orders that come by themselves, both sides together."""
    market_sizes: Sizes
    """Lots: sizes of market orders, equally likely each, in units of ``size``."""
    limit_sizes: Sizes
    """Lots: sizes of limit orders, likewise."""
    volatility: Amount
    """Bps per square root of a second: volatility of news."""
    impact: Amount
    """Bps: move of the fair value by the first ``size`` lots of a source of trades."""
    gap: Annotated[float, Field(gt=0)]
    """Ticks: between the fair value and the best price, at which half of the limit orders go inside
    the spread."""
    distances: Sizes
    """Ticks: of limit orders behind the best price, equally likely each."""
    followers: Kernels = Field(default_factory=lambda: [0.45, 0.22, 0.17])
    """Number: of market orders that follow on one, on average, by kernel; below 1 in all."""
    follower_rates: Kernels = Field(default_factory=lambda: [200.0, 7.8, 0.08])
    """Per second: how soon they do, by kernel."""
    same_side: Chances = Field(default_factory=lambda: [0.985, 0.97, 0.84])
    """Share: of these that have its side, by kernel."""
    metaorders: Annotated[int, Field(ge=0, le=2**16)] = 0
    """Number: large orders that are worked at any time."""
    metaorder_rate: Rate = 0.0
    """Per second: market orders that are pieces of these."""
    beta: Annotated[float, Field(ge=1.05, le=10)] = 1.5
    """Exponent: of the tail of the number of pieces."""
    answers: Kernels = Field(default_factory=lambda: [1.0, 1.0, 1.0])
    """Number: of limit orders that answer a market order, on average, by kernel."""
    answer_rates: Kernels = Field(default_factory=lambda: [250.0, 25.0, 1.4])
    """Per second: how soon they do, by kernel."""
    answer_same: Chances = Field(default_factory=lambda: [0.5, 0.5, 0.5])
    """Share: of these on the side of the market order, by kernel."""
    join: Chance = 0.2
    """Share: of limit orders not inside the spread that go to the best price."""
    undercut: Chance = 0.5
    """Share: of limit orders inside the spread that go a tick better than the best price."""
    reach: Chance = 0.6
    """Share: of the way to the fair value over which the others go, uniformly."""
    ages: Weights = Field(
        default_factory=lambda: [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0]
    )
    """Seconds: ages of a limit order, rising, at which its hazard changes."""
    hazard: Rates = Field(
        default_factory=lambda: [
            45.0, 12.0, 7.7, 3.3, 1.6, 0.84, 0.47, 0.33, 0.28, 0.16, 0.1, 0.06, 0.02,
        ]
    )  # fmt: skip
    """Per second: cancellations of an order before, between and after these ages."""
    patience: Amount = 0.0
    """Ticks: n times as far behind the best price an order stays n times as long; 0: not longer."""
    least_gap: float = 0.0
    """Ticks: from the fair value, nearer than which a quote is stale."""
    reaction: Annotated[float, Field(gt=0, le=MOST_RATE)] = 5.0
    """Per second: stale orders that are pulled, on a side."""
    news_rate: Annotated[float, Field(gt=0, le=MOST_RATE)] = 0.1
    """Per second: news that come by themselves."""
    news_followers: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Number: of news that follow on each, on average."""
    news_follower_rate: Annotated[float, Field(gt=0, le=MOST_RATE)] = 0.02
    """Per second: how soon they do."""
    permanent: Chance = 0.44
    """Share: of what trades move the fair value by that stays."""
    decays: Weights = Field(default_factory=lambda: [0.008, 0.003, 0.001])
    """Per second: rates at which the rest goes, in equal parts."""
    forgetting: Amount = 0.0
    """Per second: rate at which makers forget what a source has traded."""
    calm: Annotated[float, Field(gt=0)] = 1.0
    """Bps per square root of a second: volatility of the fair value from which on depth thins."""
    thinning: Amount = 0.0
    """Exponent: of how fast depth falls with volatility; 0: it does not."""
    least_share: Annotated[float, Field(gt=0, le=1)] = 0.1
    """Share: of limit orders that are sent whatever the volatility."""
    calming: Annotated[float, Field(gt=0)] = 0.005
    """Per second: rate at which the volatility is forgotten."""
    depth: Depth | None = None
    """Number: limit orders at the start; none: about as many as rest on average."""
    recognise_sources: bool = True
    """Whether makers tell sources of trades apart: an assumption, on which the square root law of
    this market rests."""
    forced_sources: Literal["account", "engine"] = "account"
    """Who makers take a forced order for: each account that is sold out, or the engine as one."""
    size: Positive = 1
    """Lots: unit of all sizes."""


class QueueReactiveParameters(Table):
    """Queues that live by their own length: ``agents.flow.QueueReactive``."""

    limit: Annotated[list[Rates], Field(min_length=1)]
    """Per second: limit orders, a list a queue from the nearest on, by its length in orders."""
    cancel: Annotated[list[Rates], Field(min_length=1)]
    """Per second: cancellations, likewise; of an empty queue 0."""
    market: Annotated[list[Rates], Field(min_length=1)]
    """Per second: market orders, likewise; of an empty queue 0."""
    theta: Chance
    """Share: of moves of the mid that the reference price follows."""
    theta_reinit: Chance = 0.0
    """Share: of these after which all queues are drawn anew."""
    size: Positive = 1
    """Lots: the size of every order."""


class Model(NamedTuple):
    """A model of background order flow, as files name it."""

    name: str
    """Name in files."""
    flow: type[BackgroundFlow]
    """The class: ``flow(name, price=..., instrument=..., **parameters)``."""
    title: str
    """What it is, in a line."""
    parameters: type[Table] | None = None
    """Table of its parameters; none: they are what the class takes, and it says what is wrong."""

    def make(
        self,
        name: str,
        *,
        price: int,
        instrument: int = 0,
        follows: int | None = None,
        **parameters: Any,
    ) -> BackgroundFlow:
        """Make the flow; parameters that are not given are those of the table.

        Parameters
        ----------
        name
            Name of the participant: its randomness is keyed by it.
        price
            Where the market begins, in ticks.
        instrument
            Number of the instrument.
        follows
            Number of another instrument that the market follows: of a maker market only.
        **parameters
            As in the table.

        Raises
        ------
        TypeError, ValueError
            If there is no such market.
        """
        parameters = self.validated(parameters)
        if follows is not None:
            parameters = {**parameters, "follows": follows}
        return self.flow(name, price=price, instrument=instrument, **parameters)

    def validated(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Parameters with those that are not given.

        Parameters
        ----------
        parameters
            As in the table.

        Raises
        ------
        MistakesError
            With all that is wrong, each by its name.
        """
        if self.parameters is None:
            return dict(parameters)
        try:
            return self.parameters.model_validate(parameters).model_dump()
        except ValidationError as error:
            raise MistakesError(mistakes_of(error, self.parameters)) from None

    def scaled(self, parameters: Mapping[str, Any], **factors: float) -> dict[str, Any]:
        """The parameters that another market has in place of those of a given one.

        Parameters
        ----------
        parameters
            Parameters of the market; those that are not given are those of the table.
        **factors
            ``depth``, ``refill`` and ``volatility``: as of ``experiments.markets.scaled.scaled``.

        Raises
        ------
        ValueError
            If the model has nothing that it could be a factor on.
        """
        parameters = self.validated(parameters)
        return scaled(self.name, parameters, **factors)


def _models() -> dict[str, Model]:
    found = [
        Model(
            "zero-intelligence", ZeroIntelligence,
            "Zero intelligence (Smith, Farmer, Gillemot, Krishnamurthy 2003)",
            ZeroIntelligenceParameters,
        ),
        Model(
            "poisson", Poisson,
            "Poisson flow with rates by distance (Cont, Stoikov, Talreja 2010)",
            PoissonParameters,
        ),
        Model(
            "hawkes", Hawkes,
            "Orders that excite one another (Hawkes 1971; Large 2007)",
            HawkesParameters,
        ),
        Model(
            "long-memory", LongMemory,
            "Market orders that are pieces of large ones (Lillo, Mike, Farmer 2005)",
            LongMemoryParameters,
        ),
        Model(
            "maker-market", MakerMarket,
            "Makers who follow a fair value, which the sources of trades that they recognise move",
            MakerMarketParameters,
        ),
        Model(
            "queue-reactive", QueueReactive,
            "Queues that live by their own length (Huang, Lehalle, Rosenbaum 2015)",
            QueueReactiveParameters,
        ),
    ]  # fmt: skip
    return {one.name: one for one in found}


MODELS: dict[str, Model] = _models()
"""The models by name; another one is one entry."""
