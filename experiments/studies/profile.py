"""A market out of what is stated of it: what ``firesale profile`` makes."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from pydantic import ValidationError

from experiments.calibration.market_file import COARSEST, FINEST, MarketFile
from experiments.calibration.profile import CHECKS, SALES, Solved, solve
from experiments.markets.mistakes import mistakes_of
from experiments.report.notebook import Shown
from experiments.report.profile_figures import profile_figure
from experiments.scenario.instruments import InstrumentTable
from experiments.scenario.profiles import ProfileTable, SolvedTable
from experiments.scenario.quantities import in_steps
from experiments.scenario.tables import ScenarioTables
from experiments.scenario.written import write_whole
from lob.version import __version__

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

__all__ = ["StatedMarket", "stated_market"]


ASKED = ("price", "depth", "within", "half_life", "spread", "volume", "volatility", "rate")
"""Keys of a profile."""


@dataclass(frozen=True)
class StatedMarket(Shown):
    """A market that was solved for a profile, and what came out beside what was asked.

    Attributes
    ----------
    solved
        What was asked, the parameters, and what came out.
    """

    solved: Solved

    @property
    def background(self) -> ProfileTable:
        """The market as the background of an instrument in a scenario, which is not solved again.

        The instrument must have the steps that it was solved for: ``instrument`` has both.
        """
        profile = self.solved.profile
        asked = {key: getattr(profile, key) for key in ASKED}
        return ProfileTable(
            kind="profile",
            **asked,
            solved=SolvedTable(
                of=profile.digest(),
                instrument=profile.instrument,
                parameters=self.solved.parameters,
                obtained=self.solved.obtained,
            ),
        )

    @property
    def instrument(self) -> InstrumentTable:
        """The instrument of a scenario with the market behind it."""
        told = self.solved.profile.instrument
        return InstrumentTable(**told.model_dump(), background=self.background)

    @property
    def market(self) -> MarketFile:
        """The market, ready to be written, read and run."""
        profile = self.solved.profile
        rows = self.rows()
        return MarketFile(
            name=profile.instrument.name,
            model="maker-market",
            price=profile.price,
            instrument=profile.instrument,
            parameters=self.solved.parameters,
            provenance={
                "source": "a stated profile",
                "fitted_by": f"firesale profile {__version__}",
                "within": profile.within,
                "asked": {one["key"]: one["asked"] for one in rows},
                "obtained": {one["key"]: one["obtained"] for one in rows},
                "seeds": len(CHECKS),
                "sales": len(CHECKS) * SALES,
            },
            cannot_show=[
                "what is not stated: sizes, memory of signs, how depth lies within the reach",
                "impact of large orders is by the square root law, at 0.6 sigma sqrt(Q/V), and "
                "rests on makers who recognise who trades",
            ],
        )

    def frame(self) -> pd.DataFrame:
        """A row a number: ``key``, ``asked`` and ``obtained`` in ``unit``, ``ratio`` of the two.

        Money is in that of the instrument, times in seconds, all else a share.
        """
        profile, rows = self.solved.profile, []
        for key, value in profile.asked().items():
            asked, unit = profile.in_units(key, value)
            obtained, _ = profile.in_units(key, self.solved.obtained[key])
            ratio = obtained / asked
            rows.append((key, asked, obtained, ratio, unit))
        return pd.DataFrame(rows, columns=["key", "asked", "obtained", "ratio", "unit"])

    def rows(self) -> list[dict[str, Any]]:
        """What was asked and obtained, by key, as people write it, and the ``ratio`` of the two."""
        profile = self.solved.profile
        return [
            {
                "key": key,
                "asked": profile.written(key, value),
                "obtained": profile.written(key, self.solved.obtained[key]),
                "ratio": self.solved.obtained[key] / value,
            }
            for key, value in profile.asked().items()
        ]

    def headline(self) -> list[str]:
        """What was done, in a sentence."""
        return [
            f"{self.solved.profile.instrument.name}: solved, and checked with {len(CHECKS)} seeds "
            f"that the search did not use, and {len(CHECKS) * SALES} sales in them for half_life"
        ]

    def plot(self) -> "Figure":
        """What was asked and what came out, in a table: a plotly figure."""
        return profile_figure(self.rows(), self.solved.profile.instrument.name)

    def summary(self) -> dict[str, Any]:
        """All of it as JSON values: ``rows``, and the ``market`` file."""
        return {"rows": self.rows(), "market": self.market.model_dump(mode="json")}

    def save(self, path: str | Path) -> None:
        """Write the market file, whole or not at all.

        Parameters
        ----------
        path
            The file; what is there is replaced.
        """
        write_whole(Path(path), self.market.to_toml())


def stated_market(profile: Mapping[str, Any], instrument: Mapping[str, Any]) -> StatedMarket:
    """Solve a profile.

    Parameters
    ----------
    profile
        Keys of a background of the kind ``profile``, with quantities as in a scenario.
    instrument
        Keys of the instrument: ``name``, ``tick_size``, ``lot_size``, ``base``, ``quote``.

    Raises
    ------
    ValueError
        With all that is wrong, each with its key.
    """
    row = {**instrument, "background": {"kind": "profile", **profile}}
    for key in ("tick_size", "lot_size"):
        # Before all quantities: none can be read without them, and each would say so.
        row[key] = _step(key, row.get(key, 1))
    if not row.get("quote", "cash"):
        raise ValueError("quote: a name must not be empty, got ''")
    content, unread = in_steps({"instruments": [row]}, ScenarioTables)
    mistakes = list(unread)
    try:
        if not mistakes:
            table = InstrumentTable.model_validate(content["instruments"][0])
            background = table.background
            assert isinstance(background, ProfileTable)
            return StatedMarket(solve(background.profile(table.told)))
    except ValidationError as error:
        mistakes += mistakes_of(error, InstrumentTable)
    lines = [str(one._replace(path=one.path.rpartition(".")[2])) for one in mistakes]
    raise ValueError("\n".join(lines))


def _step(key: str, value: Any) -> Decimal:
    """A tick or a lot as a decimal number within bounds."""
    try:
        step = Decimal(str(value))
    except InvalidOperation:
        raise ValueError(f"{key}: must be a decimal number, got {value!r}") from None
    if not step.is_finite() or not FINEST <= step <= COARSEST:
        raise ValueError(f"{key}: must be from {FINEST} to {COARSEST:.0e}, got {value!r}")
    return step
