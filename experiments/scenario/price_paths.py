"""Backgrounds of makers who follow recorded prices from elsewhere."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

import agents
from agents.traders import PathMaker
from experiments.scenario.background import BackgroundTable, Place
from experiments.scenario.drives import between_dates, found_prices, price_file
from experiments.scenario.kept import kept
from experiments.scenario.table import Duration, Interval, Positive, Ticks, ns
from lob.feeds.prices import PriceFile, read_prices

__all__ = ["PathTable"]


class PathTable(BackgroundTable):
    """Makers who quote on both sides of a series of prices from a file (``lob.feeds.prices``).

    What is sold into them is bought at their depth and is back at their next look: the price is
    that of the file, whatever is sold. After the last price that one holds. To trade a market of
    another kind along prices there are ``[[drives]]``.
    """

    kind: Literal["path"]
    """Which kind of background this is."""
    file: Annotated[str, AfterValidator(found_prices)]
    """A CSV of prices, or of open, high, low and close; beside the scenario, in the working
    directory, or in the folder ``prices`` of ``FIRESALE_DATA``."""
    price: Ticks | None = None
    """Ticks: that the first price becomes, the others in proportion; none: prices are in
    ``tick_size`` of the instrument."""
    start: datetime | None = None
    """UTC: of the part of the file that is used; the file's beginning if not given."""
    end: datetime | None = None
    """UTC: of the part of the file that is used; the file's end if not given."""
    over: Duration | None = None
    """Seconds: how long that part takes in the run; none: as long as in the file."""
    depth: Positive
    """Lots a tick: that makers quote at each price."""
    levels: Annotated[int, Field(ge=1, le=10_000)] = 20
    """Number: of prices that makers quote on each side."""
    spread: Ticks = 2
    """Ticks: between the best quotes."""
    interval: Interval = 1.0
    """Seconds: between two looks of makers; they also look when the price changes."""

    @model_validator(mode="after")
    def _has_prices(self) -> Self:
        try:
            _ = self.series
        except OSError as error:
            raise ValueError(f"{self.file}: {error.strerror or error}") from None
        return self

    @property
    def series(self) -> PriceFile:
        """The part of the file that is used."""
        return between_dates(kept(read_prices, str(price_file(self.file))), self.start, self.end)

    def start_price(self, tick_size: Decimal) -> int:
        """Where the market begins, in ticks."""
        return int(self.series.ticks(self._tick(tick_size))[0])

    def participants(self, place: Place) -> list[agents.Participant]:
        """Make the maker."""
        series = self.series
        span = int(series.times[-1] - series.times[0])
        over = span if self.over is None else ns(self.over)
        times = series.onto(0, max(over, len(series)))
        maker = PathMaker(
            f"{place.name} maker",
            times=times.tolist(),
            prices=series.ticks(self._tick(place.tick_size)).tolist(),
            depth=self.depth,
            levels=self.levels,
            spread=self.spread,
            instrument=place.number,
            interval=ns(self.interval),
        )
        return [maker]

    def scaled(self, *, depth: float = 1.0, refill: float = 1.0, volatility: float = 1.0) -> Self:
        """Refuse: the depth of makers who follow a price is stated, and moves nothing.

        Parameters
        ----------
        depth, refill, volatility
            Are not used.

        Raises
        ------
        ValueError
            Always.
        """
        raise ValueError("makers who follow a price are as deep as they say: change depth there")

    def _tick(self, tick_size: Decimal) -> Decimal:
        """How much of the file's money one tick is."""
        return tick_size if self.price is None else self.series.prices[0] / self.price
