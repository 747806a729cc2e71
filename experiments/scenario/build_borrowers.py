"""Build who stacks leverage in a scenario."""

import os
from pathlib import Path
from typing import Any

import numpy as np

import agents
from agents import leverage
from agents.random import exp, numpy_stream
from agents.traders import PriceFollower
from experiments.scenario.borrowers import (
    CollateralisedBorrowerTable,
    DriveTable,
    RecursiveBorrowerTable,
    StackerTable,
)
from lob.feeds.prices import PriceFile, read_prices
from lob.units import SECOND_NS

__all__ = ["add_stackers", "driven_prices", "price_file"]

DATA = "../shared/data"
"""Where ``FIRESALE_DATA`` is if it is not set, from the project's root."""


def ns(seconds: float) -> int:
    """Whole nanoseconds."""
    return round(seconds * SECOND_NS)


def add_stackers(scenario: Any, simulation: agents.Simulation, seed: int) -> None:
    """Let all recursive borrowers, stackers and drivers of a scenario take part."""
    numbers = {one.name: number for number, one in enumerate(scenario.clearings)}
    # Those who have an account that others give claims to start before those.
    first = sorted(scenario.stackers, key=lambda one: one.kind == "LeverageVault")
    for stacker in first:
        simulation.add(_stacker(scenario, stacker, numbers))
    for collateralised_borrower in scenario.collateralised_borrowers:
        simulation.add(
            _collateralised_borrowers(
                collateralised_borrower, numbers[collateralised_borrower.clearing], seed
            )
        )
    for borrower in scenario.recursive_borrowers:
        simulation.add(_recursive_borrowers(borrower, numbers, seed))
    for drive in scenario.drives:
        if drive.files:
            simulation.add(_driver(scenario, drive))


def _recursive_borrowers(
    one: RecursiveBorrowerTable, numbers: dict[str, int], seed: int
) -> agents.Participant:
    random = numpy_stream(seed, one.name)
    lots = one.deposit * exp(one.deposit_spread * random.standard_normal(one.count))
    return leverage.RecursiveBorrowers(
        one.name,
        np.maximum(1, np.rint(lots)).astype(np.int64),
        places=[(numbers[place.clearing], place.holding) for place in one.places],
        everywhere=one.everywhere,
        ltv=one.ltv,
        loops=one.loops,
        target=one.target,
        interval=ns(one.interval),
        opens=ns(one.opens) if one.opens else None,
        slippage=one.slippage,
        patience=one.patience,
        unwind_below=one.unwind_below,
        unwind_to=one.unwind_to,
        flash=one.flash,
        look_interval=ns(one.look_interval),
        reaction=ns(one.reaction),
    )


def _collateralised_borrowers(
    one: CollateralisedBorrowerTable, clearing: int, seed: int
) -> agents.Participant:
    random = numpy_stream(seed, one.name)
    units = one.units * exp(one.spread * random.standard_normal(one.count))
    return leverage.CollateralisedBorrowers(
        one.name,
        asset=one.asset,
        units=np.maximum(1, np.rint(units)).astype(np.int64).tolist(),
        shares=random.integers(min(one.debt), max(one.debt) + 1, one.count).tolist(),
        clearing=clearing,
        opens=ns(one.opens),
    )


def _stacker(scenario: Any, one: StackerTable, numbers: dict[str, int]) -> agents.Participant:
    given = dict(one.parameters)
    if one.clearing is not None:
        given["clearing"] = numbers[one.clearing]
    if one.instrument is not None:
        given["instrument"] = scenario.number_of(one.instrument)
    try:
        participant: agents.Participant = getattr(leverage, one.kind)(one.name, **given)
    except (TypeError, ValueError) as error:
        raise ValueError(f"stacker {one.name!r}: {error}") from None
    return participant


def _driver(scenario: Any, one: DriveTable) -> agents.Participant:
    number = scenario.number_of(one.instrument)
    times, ticks = driven_prices(one, scenario.instruments[number].background.price)
    return PriceFollower(
        one.name,
        times=times,
        prices=ticks,
        instrument=number,
        interval=ns(one.interval),
        most=one.most,
    )


def driven_prices(one: DriveTable, price: int) -> tuple[list[int], list[int]]:
    """Times in the run and ticks of a driven book; the first price used becomes ``price``.

    Raises ``ValueError`` if a file has nothing in that time, or is no file of prices.
    """
    series = _part(read_prices(price_file(one.files[0])), one)
    if len(one.files) > 1:
        series = series.over(read_prices(price_file(one.files[1])))
    ticks = series.ticks(series.prices[0] / price)
    return series.onto(ns(one.at), ns(one.over)).tolist(), ticks.tolist()


def _part(series: PriceFile, one: DriveTable) -> PriceFile:
    """The part between its dates."""
    first = int(series.times[0])
    last = int(series.times[-1])
    start = first if one.start is None else ns(DriveTable.utc(one.start).timestamp())
    end = last if one.end is None else ns(DriveTable.utc(one.end).timestamp())
    return series.between(start, end)


def price_file(name: str) -> Path:
    """The file of a name: a path, or one in the folder of prices.

    Raises ``ValueError`` if there is none.
    """
    folder = Path(os.environ.get("FIRESALE_DATA", DATA)) / "prices"
    for path in (Path(name), folder / name):
        if path.is_file():
            return path
    raise ValueError(f"{name!r} is no file, nor one in {folder}: set FIRESALE_DATA to find it")
