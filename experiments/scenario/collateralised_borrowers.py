"""Accounts that pledge a claim in a scenario: their table, and the participant built of it."""

from typing import Annotated

from pydantic import Field

import agents
from agents import leverage
from agents.random import numpy_stream
from experiments.scenario.draws import log_normal_counts
from experiments.scenario.names import Names
from experiments.scenario.table import Accounts, Name, Positive, Ppm, Seconds, Table, ns

__all__ = ["CollateralisedBorrowerTable", "make_collateralised_borrowers"]


class CollateralisedBorrowerTable(Table):
    """Accounts that pledge a claim and owe cash: ``agents.leverage.CollateralisedBorrowers``."""

    name: Name
    """Name, unique; units and debts are drawn from the random stream of this name."""
    count: Accounts = 1
    """Accounts: how many there are."""
    clearing: str
    """Name of the clearing where the accounts are."""
    asset: str
    """Name of the claim, a holding of the clearing; it comes from the outside world."""
    units: Positive = 100
    """Units: of the claim, the median that each account has; less where the outside world has less
    than all of them together."""
    spread: Annotated[float, Field(ge=0, le=10)] = 0.5
    """Standard deviation: of the logarithm of the units."""
    debt: tuple[Ppm, Ppm] = (300_000, 600_000)
    """Ppm: lowest and highest debt of the value of what each pledges as the clearing sees it then;
    evenly between."""
    opens: Seconds = 0.0
    """Seconds: from the start of the run until they open their accounts."""


def make_collateralised_borrowers(
    one: CollateralisedBorrowerTable, names: Names, seed: int, most: int
) -> agents.Participant:
    """Draw what collateralised borrowers pledge, and which share of it they owe.

    Parameters
    ----------
    one
        The table.
    names
        Numbers of instruments and clearings by name.
    seed
        Root of all randomness.
    most
        Units of the claim that there are for them: where more are drawn, all are cut in proportion,
        rounded down.
    """
    random = numpy_stream(seed, one.name)
    units = log_normal_counts(random, one.units, one.spread, one.count).tolist()
    total = sum(units)
    if total > most:
        units = [max(1, each * most // total) for each in units]
    return leverage.CollateralisedBorrowers(
        one.name,
        asset=one.asset,
        units=units,
        shares=random.integers(min(one.debt), max(one.debt) + 1, one.count).tolist(),
        clearing=names.clearings[one.clearing],
        opens=ns(one.opens),
    )
