"""Shocks that are a path of what something is worth: news."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

import agents
from agents.flow import MakerMarket
from agents.traders import PathMaker
from experiments.scenario.drives import between_dates, found_prices, price_file
from experiments.scenario.kept import kept
from experiments.scenario.shock import BaseShock, ShockPlace
from experiments.scenario.table import Duration, Rhythm, Seconds, ns
from lob.engine.elementary import expm1, log, log1p
from lob.feeds.prices import PriceFile, read_prices
from lob.units import SECOND_NS

__all__ = ["PricePathShockTable"]

FOLLOWING = (MakerMarket, PathMaker)
MOST_STEPS = 1_000_000


class PricePathShockTable(BaseShock):
    """News: what makers think the instrument is worth moves along a path, besides by its own ways.

    Of a maker market that is the fair value; makers along a path quote so much higher or lower.
    Other markets have nothing of the kind: books are moved along prices by ``[[drives]]``.
    """

    kind: Literal["price-path"]
    """Which kind of shock this is."""
    points: list[tuple[Seconds, Annotated[float, Field(gt=-1, le=1_000)]]] = Field(
        default_factory=list
    )
    """Seconds and share: after ``at``, and by how much the value is then off what it was; or a
    ``file``."""
    file: Annotated[str, AfterValidator(found_prices)] | None = None
    """A CSV of prices, or of open, high, low and close (``lob.feeds.prices``); beside the scenario,
    in the working directory, or in the folder ``prices`` of ``FIRESALE_DATA``."""
    start: datetime | None = None
    """UTC: of the part of the file that is used; the file's beginning if not given."""
    end: datetime | None = None
    """UTC: of the part of the file that is used; the file's end if not given."""
    lasts: Duration | None = None
    """Seconds: how long that part takes in the run; none: as long as in the file."""
    every: Rhythm = 0.0
    """Seconds: between steps, equal in proportion, from a point to the next; 0: it jumps at each
    point."""

    @model_validator(mode="before")
    @classmethod
    def _with_a_side(cls, given: Any) -> Any:
        """What ends higher is measured as a rise, if it is not said."""
        if isinstance(given, dict) and "side" not in given and given.get("points"):
            try:
                furthest = max((point[1] for point in given["points"]), key=abs)
                return {**given, "side": "buy" if furthest > 0 else "sell"}
            except (TypeError, IndexError, KeyError):
                pass  # told as what it is
        return given

    @model_validator(mode="after")
    def _is_a_path(self) -> Self:
        if bool(self.points) == (self.file is not None):
            raise ValueError("points or a file must be given, and not both")
        times = [time for time, _ in self.points]
        if times != sorted(set(times)):
            raise ValueError("points must rise in time")
        for name in ("start", "end", "lasts"):
            if self.file is None and getattr(self, name) is not None:
                raise ValueError(f"{name} is of a file, and there is none")
        try:
            path = self.path()
        except OSError as error:
            raise ValueError(f"{self.file}: {error.strerror or error}") from None
        if self.every and self.over / self.every + len(path) > MOST_STEPS:
            raise ValueError(f"every must be such that there are at most {MOST_STEPS:,} steps")
        return self

    @property
    def series(self) -> PriceFile:
        """The part of the file that is used."""
        assert self.file is not None
        return between_dates(kept(read_prices, str(price_file(self.file))), self.start, self.end)

    @property
    def over(self) -> float:
        """Seconds: from the beginning to the last point."""
        return self.path()[-1][0] / SECOND_NS

    def path(self) -> list[tuple[int, float]]:
        """Times in ns after ``at``, and by how much of a logarithm the value is then off."""
        if self.file is None:
            return [(ns(time), log1p(share)) for time, share in self.points]
        series = self.series
        span = int(series.times[-1] - series.times[0])
        length = span if self.lasts is None else ns(self.lasts)
        times = series.onto(0, max(length, len(series))).tolist()
        first = float(series.prices[0])
        return [
            (time, log(float(price) / first))
            for time, price in zip(times, series.prices, strict=True)
        ]

    def moves(self) -> tuple[list[int], list[float]]:
        """Times in ns since the start of the run, and the move of the logarithm at each."""
        times: list[int] = []
        sizes: list[float] = []
        before, was = 0, 0.0
        for time, value in self.path():
            steps = max(1, round((time - before) / ns(self.every))) if self.every else 1
            for step in range(1, steps + 1):
                times.append(ns(self.at) + before + (time - before) * step // steps)
                sizes.append((value - was) / steps)
            before, was = time, value
        return times, sizes

    def participants(self, place: ShockPlace) -> list[agents.Participant]:
        """Tell the makers in the background; nobody comes besides.

        Parameters
        ----------
        place
            The market.

        Raises
        ------
        ValueError
            If nobody there follows a value.
        """
        background = place.backgrounds.get(self.instrument)
        if background is None:
            return []
        following = [one for one in background if isinstance(one, FOLLOWING)]
        if not following:
            raise ValueError(
                f"nobody in the market of {self.instrument} knows a fair value that could move: "
                "that have maker markets, stated profiles and makers along a path; a book of "
                "another kind is moved along prices by [[drives]]"
            )
        start = place.names.markets[self.instrument].price
        least = min(value for _, value in self.path())
        if start * (1 + expm1(least)) < 1:
            raise ValueError(f"news of {100 * expm1(least):.6g} % would be worth less than a tick")
        times, sizes = self.moves()
        for one in following:
            one.move_fair_value(times, sizes)
        return []

    def told(self) -> str:
        """How far the value goes, in a clause."""
        furthest = max((value for _, value in self.path()), key=abs)
        return f"news move the value by {100 * expm1(furthest):+.4g} % within {self.over:g} s"
