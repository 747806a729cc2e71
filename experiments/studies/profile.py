"""A market out of what is stated of it: what ``firesale profile`` makes."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import ValidationError

from experiments.calibration.market_file import MarketFile
from experiments.calibration.profile import CHECK_TWINS, CHECKS, Profile, Solved, solve
from experiments.markets.mistakes import mistakes_of
from experiments.scenario.instruments import InstrumentTable
from experiments.scenario.quantities import in_steps
from experiments.scenario.tables import ScenarioTables
from experiments.scenario.written import write_whole
from lob.version import __version__

__all__ = ["StatedMarket", "stated_market"]


@dataclass(frozen=True)
class StatedMarket:
    """A market that was solved for a profile.

    Attributes
    ----------
    solved
        What was asked, the parameters, and what came out.
    """

    solved: Solved

    @property
    def market(self) -> MarketFile:
        """The market, ready to be written, read and run."""
        profile = self.solved.profile
        rows = self.frame()
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
                "asked": dict(zip(rows["key"], rows["asked"], strict=True)),
                "obtained": dict(zip(rows["key"], rows["obtained"], strict=True)),
                "seeds": len(CHECKS),
                "seeds_of_half_life": len(CHECK_TWINS),
            },
            cannot_show=[
                "what is not stated: sizes, memory of signs, how depth lies within the reach",
                "impact of large orders is by the square root law, at 0.6 sigma sqrt(Q/V), and "
                "rests on makers who recognise who trades",
            ],
        )

    def frame(self) -> pd.DataFrame:
        """A row a number: ``key``, ``asked``, ``obtained`` as texts, and ``ratio`` of the two."""
        profile, asked = self.solved.profile, self.solved.profile.asked()
        return pd.DataFrame([
            {
                "key": key,
                "asked": profile.written(key, value),
                "obtained": profile.written(key, self.solved.obtained[key]),
                "ratio": self.solved.obtained[key] / value,
            }
            for key, value in asked.items()
        ])  # fmt: skip

    def headline(self) -> list[str]:
        """What was done, in a sentence."""
        return [
            f"{self.solved.profile.instrument.name}: solved, and checked with {len(CHECKS)} seeds "
            f"that the search did not use ({len(CHECK_TWINS)} for half_life)"
        ]

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
        try:
            row[key] = Decimal(str(row.get(key, 1)))
        except InvalidOperation:
            raise ValueError(f"{key}: must be a decimal number, got {row[key]!r}") from None
    content, unread = in_steps({"instruments": [row]}, ScenarioTables)
    mistakes = list(unread)
    try:
        if not mistakes:
            table = InstrumentTable.model_validate(content["instruments"][0])
            return StatedMarket(solve(_profile_of(table)))
    except ValidationError as error:
        mistakes += mistakes_of(error, InstrumentTable)
    lines = [str(one._replace(path=one.path.rpartition(".")[2])) for one in mistakes]
    raise ValueError("\n".join(lines))


def _profile_of(table: InstrumentTable) -> Profile:
    from experiments.scenario.profiles import ProfileTable

    assert isinstance(table.background, ProfileTable)
    return table.background.profile(table.told)
