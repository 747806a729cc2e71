"""Variants of scenarios: another shock, deeper books, another leverage, other price sources.

Each is a copy in which something is changed by a stated rule; the rest stays, seeds too.
"""

from collections.abc import Sequence
from typing import Any

from experiments.markets.scaled import scaled_size
from experiments.scenario.background import Sources
from experiments.scenario.gaps import GapTable
from experiments.scenario.instruments import InstrumentTable
from experiments.scenario.makers import MakerTable
from experiments.scenario.read import Scenario
from experiments.scenario.shocks import Shock, ShockTable, SizedShock, without_shock
from lob.checks import real
from lob.units import PPM

__all__ = [
    "own_mix",
    "scaled_instruments",
    "scaled_makers",
    "seeing",
    "with_depth",
    "with_leverage",
    "with_other_sources",
    "with_shock",
]

MANY = 60
"""Loops that come as near to the limit as whole lots allow."""


def _value(scenario: Scenario, instrument: str, lots: int) -> int:
    """Units of cash of so many lots where the market starts."""
    of = scenario.instruments[scenario.number_of(instrument)]
    return lots * of.start_price * of.multiplier


def own_mix(scenario: Scenario) -> tuple[tuple[str, ...], tuple[float, ...]]:
    """Names of the instruments that a scenario's own shocks trade, and their shares of the value.

    The shares sum to 1; values are at the prices at which the markets start.
    """
    values: dict[str, int] = {}
    for shock, lots in _sized(scenario):
        worth = _value(scenario, shock.instrument, lots)
        values[shock.instrument] = values.get(shock.instrument, 0) + worth
    total = sum(values.values())
    return tuple(values), tuple(worth / total for worth in values.values())


def _sized(scenario: Scenario) -> list[tuple[SizedShock, int]]:
    """The shocks that have a size, and their lots; raises ``ValueError`` if there is none."""
    markets = scenario.names().markets
    found = [
        (one, one.estimated_lots(markets[one.instrument]))
        for one in scenario.shocks
        if isinstance(one, SizedShock)
    ]
    if not found:
        kinds = ", ".join(dict.fromkeys(one.kind for one in scenario.shocks))
        raise ValueError(
            f"no shock of {scenario.name} has a size that could be varied: their kind is {kinds}"
        )
    return found


def with_shock(scenario: Scenario, assets: Sequence[str], sizes: Sequence[float]) -> Scenario:
    """A copy of a scenario with other sales as its shocks.

    Parameters
    ----------
    scenario
        The scenario; each asset is sold when and how its own shocks sell it, or else the first of
        them.
    assets
        Names of instruments.
    sizes
        Sale in each, in units of the value of all of the scenario's own shocks. Lots are rounded to
        the nearest; an asset of which not one lot is left is not sold. Shocks that have no size
        stay as they are; a gap becomes the sale of so many times the lots that it took.

    Raises
    ------
    ValueError
        If no shock has a size.
    """
    sized = _sized(scenario)
    markets = scenario.names().markets
    total = sum(_value(scenario, one.instrument, lots) for one, lots in sized)
    shocks: list[Shock] = []
    for name, size in zip(assets, sizes, strict=True):
        own = [(one, lots) for one, lots in sized if one.instrument == name]
        lots = round(size * total / _value(scenario, name, 1))
        if not own:
            own = [(_elsewhere(sized[0][0], name), 1)]
        weight = sum(each for _, each in own)
        done = 0
        for number, (one, each) in enumerate(own, 1):
            part = lots - done if number == len(own) else lots * each // weight
            done += part
            if part:
                shocks.append(one.resized(part, markets[name]))
    if not shocks:
        # Something has to be measured: a shock of one lot.
        shocks = [without_shock(sized[0][0])]
    others = [one for one in scenario.shocks if not isinstance(one, SizedShock)]
    # What is measured is the drop of the first.
    first = scenario.shocks[0] in others
    return scenario.model_copy(update={"shocks": others + shocks if first else shocks + others})


def _elsewhere(one: SizedShock, instrument: str) -> ShockTable:
    """A sale like a shock, of one lot of another instrument."""
    sale = one.as_sale(1) if isinstance(one, GapTable) else one
    none = dict.fromkeys(("notional", "reference_price", "share_of_volume"))
    return sale.model_copy(update={**none, "lots": 1, "instrument": instrument})


def scaled_instruments(scenario: Scenario, **factors: float) -> list[InstrumentTable]:
    """The instruments of a scenario with other markets.

    Parameters
    ----------
    scenario
        The scenario.
    **factors
        ``depth``, ``refill`` and ``volatility``: as of ``experiments.markets.scaled.scaled``.

    Raises
    ------
    ValueError
        If a background cannot be scaled so: with the name of its instrument.
    """
    made = []
    for one in scenario.instruments:
        try:
            background = one.background.scaled(**factors)
        except ValueError as reason:
            raise ValueError(f"{one.name} cannot be scaled: {reason}") from None
        made.append(one.model_copy(update={"background": background}))
    return made


def scaled_makers(scenario: Scenario, depth: float) -> list[MakerTable]:
    """The makers of a scenario with quotes so many times as large.

    Parameters
    ----------
    scenario
        The scenario.
    depth
        Factor on their lots, positive; rounded to the nearest, 1 at least.
    """
    return [
        one.model_copy(update={"size": scaled_size(one.size, depth)}) for one in scenario.makers
    ]


def with_depth(scenario: Scenario, factor: float) -> Scenario:
    """A copy of a scenario with books so many times as deep: what flow and makers quote.

    It runs even if accounts fail before its shock.

    Parameters
    ----------
    scenario
        The scenario.
    factor
        Factor on lots and rates, positive; lots are rounded to the nearest, 1 at least.

    Raises
    ------
    ValueError
        If the factor is not positive, or a background is as deep as it is: a recorded one.
    """
    real("factor", factor, above=0)

    try:
        instruments = scaled_instruments(scenario, depth=factor)
    except ValueError as error:
        raise ValueError(f"the depth of {error}") from None
    makers = scaled_makers(scenario, factor)
    return scenario.model_copy(
        update={"instruments": instruments, "makers": makers, "allow_failed_at_start": True}
    )


def with_leverage(scenario: Scenario, leverage: float) -> Scenario:
    """A copy of a scenario with one leverage for all who borrow.

    Recursive borrowers loop until they are there, whatever their number of loops; drawn accounts
    all have it. It runs even if accounts fail before its shock: a leverage may be beyond what the
    margin allows.

    Parameters
    ----------
    scenario
        The scenario.
    leverage
        Exposure over equity, times, 1 or more.

    Raises
    ------
    ValueError
        If the leverage is below 1, or a recursive borrower cannot get there at its loan-to-value.
    """
    if not leverage >= 1:
        raise ValueError(f"leverage must be at least 1, got {leverage}")
    recursive_borrowers = []
    for one in scenario.recursive_borrowers:
        if one.ltv < PPM and leverage >= PPM / (PPM - one.ltv):
            raise ValueError(
                f"leverage must be below {PPM / (PPM - one.ltv):.3g}, the limit of the "
                f"loops of {one.name} at a loan-to-value of {one.ltv}, got {leverage}"
            )
        update = {"target": round(leverage * PPM), "loops": MANY if leverage > 1 else 0}
        recursive_borrowers.append(one.model_copy(update=update))
    populations = [
        one.model_copy(update={"leverage": (leverage, leverage)})
        if one.file is None and one.stacked is None
        else one
        for one in scenario.populations
    ]
    changed: dict[str, Any] = {"populations": populations, "allow_failed_at_start": True}
    if recursive_borrowers:
        changed["recursive_borrowers"] = recursive_borrowers
    return scenario.model_copy(update=changed)


def with_other_sources(scenario: Scenario) -> tuple[Sources, Scenario] | None:
    """What makers take forced sales for, and a copy in which they take them for the other.

    ``None`` where no market's makers look at who sells, or not all at the same.

    Parameters
    ----------
    scenario
        The scenario.
    """
    found = {one.background.sources() for one in scenario.instruments} - {None}
    if len(found) != 1:
        return None
    (own,) = found
    other: Sources = "engine" if own == "account" else "account"
    instruments = [
        one.model_copy(update={"background": one.background.with_sources(other)})
        for one in scenario.instruments
    ]
    return other, scenario.model_copy(update={"instruments": instruments})


def seeing(scenario: Scenario, sees: str) -> Scenario:
    """A copy of a scenario whose claims are valued with or without what issuers pledged.

    Parameters
    ----------
    scenario
        The scenario.
    sees
        ``own``: what issuers say they hold; ``all``: net of what they pledged elsewhere.
    """
    clearings = []
    for clearing in scenario.clearings:
        holdings = []
        for holding in clearing.holdings:
            source = holding.oracle.source.model_copy(update={"sees": sees})
            oracle = holding.oracle.model_copy(update={"source": source})
            holdings.append(holding.model_copy(update={"oracle": oracle}))
        clearings.append(clearing.model_copy(update={"holdings": holdings}))
    return scenario.model_copy(update={"clearings": clearings})
