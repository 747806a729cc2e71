"""The markets of a contest: liquidity regimes, and axes along which a ranking may flip.

Each is a scenario in which something is changed by a stated factor; accounts, capital and seeds
stay. What does not apply to a scenario is left out, with the reason.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from experiments.contest.market_facts import market_facts
from experiments.scenario.gaps import GapTable
from experiments.scenario.keepers import CongestionTable, KeepersTable, LoadTable
from experiments.scenario.makers import MakerTable
from experiments.scenario.read import Scenario
from experiments.scenario.recorded_orders import RecordedOrdersTable
from experiments.scenario.variants import scaled_instruments

__all__ = ["AXES", "REGIMES", "Change", "changed", "regimes_of", "wrong_models"]

LEVELS = 20
"""Levels of the maker who leaves; chosen."""


class Change(NamedTuple):
    """A rule that makes another market of a scenario."""

    name: str
    """Name of the market in reports."""
    meaning: str
    """What is changed, and by how much, in words."""
    change: Callable[[Scenario], dict[str, Any]]
    """From a scenario to its parts that differ; raises ``ValueError`` with the reason where it does
    not apply."""


def changed(scenario: Scenario, change: Change) -> Scenario:
    """A copy of a scenario with a change.

    If anything is changed it runs even if accounts fail before its shock: the run says how many.

    Raises
    ------
    ValueError
        If the change does not apply, with the reason.
    """
    parts = change.change(scenario)
    if parts:
        parts = {"allow_failed_at_start": True, **parts}
    return scenario.model_copy(update=parts)


def _scaled(**factors: float) -> Callable[[Scenario], dict[str, Any]]:
    """Scale all backgrounds: ``depth``, ``refill`` or ``volatility``."""
    return lambda scenario: {"instruments": scaled_instruments(scenario, **factors)}


def _with_leaving_makers(scenario: Scenario) -> dict[str, Any]:
    """Half of the depth near the mid is a maker's who leaves under stress, not the flow's."""
    if scenario.makers:
        makers = [
            one.model_copy(
                update={
                    "volatility_limit": one.volatility_limit / 4,
                    "cool_down": 4 * one.cool_down,
                }
            )
            for one in scenario.makers
        ]
        return {"makers": makers}
    update = _scaled(depth=0.5)(scenario)
    number = scenario.number_of(scenario.shocks[0].instrument)
    near = market_facts(scenario, range(1, 2)).depth
    maker = MakerTable(
        name="leaving maker",
        instrument=scenario.instruments[number].name,
        levels=LEVELS,
        step=2,
        size=max(1, round(near / 2 / LEVELS)),
        inventory_limit=max(1, round(near)),
        volatility_limit=5.0,
        cool_down=60.0,
    )
    return {**update, "makers": [maker]}


def _oracle_lag(seconds: float) -> Callable[[Scenario], dict[str, Any]]:
    def change(scenario: Scenario) -> dict[str, Any]:
        return {
            "clearings": [
                clearing.model_copy(
                    update={
                        "holdings": [
                            one.model_copy(
                                update={
                                    "oracle": one.oracle.model_copy(
                                        update={"lag": one.oracle.lag + seconds}
                                    )
                                }
                            )
                            for one in clearing.holdings
                        ]
                    }
                )
                for clearing in scenario.clearings
            ]
        }

    return change


def _of_keepers(
    change: Callable[[KeepersTable], dict[str, Any]],
) -> Callable[[Scenario], dict[str, Any]]:
    def made(scenario: Scenario) -> dict[str, Any]:
        if not scenario.keepers:
            raise ValueError("it has no keepers")
        return {"keepers": [one.model_copy(update=change(one)) for one in scenario.keepers]}

    return made


def _congested(scenario: Scenario) -> dict[str, Any]:
    if not scenario.keepers:
        raise ValueError("it has no keepers")
    return {
        "congestion": CongestionTable(
            block_time=scenario.block_time or 1.0,
            capacity=4,
            load=[LoadTable(rate=3.0, mean_bid=50.0)],
        )
    }


def _correlated(scenario: Scenario) -> dict[str, Any]:
    if len(scenario.instruments) < 2:
        raise ValueError("it has one instrument: there is nothing else to fall with it")
    first = scenario.shocks[0]
    if isinstance(first, GapTable):
        raise ValueError("a gap is solved for one instrument")
    if isinstance(first, RecordedOrdersTable):
        raise ValueError("recorded orders are of the instruments that they were of")
    others = [
        first.model_copy(update={"instrument": one.name})
        for one in scenario.instruments
        if one.name not in {shock.instrument for shock in scenario.shocks}
    ]
    if not others:
        raise ValueError("the shock hits every instrument already")
    return {"shocks": [*scenario.shocks, *others]}


REGIMES = (
    Change("calm", "the scenario as it is", lambda scenario: {}),
    Change(
        "stressed",
        "half the depth, and prices that move 1.4 times as far",
        _scaled(depth=0.5, volatility=1.4),
    ),
    Change(
        "vanishing",
        "half the depth, and what is sold into comes back ten times more slowly",
        _scaled(depth=0.5, refill=0.1),
    ),
)
"""Liquidity regimes; factors are chosen."""

AXES = (
    Change("oracle-lag", "clearing learns prices a second later", _oracle_lag(1.0)),
    Change(
        "congestion", "transactions compete for 4 places a block with 3 of others", _congested
    ),
    Change("few-bidders", "one keeper has all the capital", _of_keepers(lambda k: {"count": 1})),
    Change(
        "keeper-capital", "keepers have a tenth of the capital",
        _of_keepers(lambda k: {"capital": max(1, k.capital // 10)}),
    ),
    Change(
        "keeper-latency", "keepers are ten times slower",
        _of_keepers(
            lambda k: {"latency": 10 * k.latency, "news_latency": 10 * k.news_latency}
        ),
    ),
    Change(
        "maker-withdrawal", "half of the depth near the mid is a maker's who leaves under stress",
        _with_leaving_makers,
    ),
    Change("correlated-collateral", "the shock hits every instrument", _correlated),
)  # fmt: skip
"""Changes that a recommendation should be robust against; factors are chosen."""

WRONG = (
    Change("wrong-volatility", "prices move half as far", _scaled(volatility=0.5)),
    Change("wrong-depth", "three times the depth", _scaled(depth=3.0)),
)
"""Wrong models, in which parameters are tuned for a market that is another one; factors are
chosen."""


def regimes_of(
    scenario: Scenario, changes: tuple[Change, ...]
) -> tuple[dict[str, Scenario], dict[str, str]]:
    """Make the markets of a scenario that apply, and say why the others do not.

    Parameters
    ----------
    scenario
        The base market.
    changes
        Rules that make other markets of it.

    Returns
    -------
    tuple
        Scenarios by the name of the change, and reasons by the name of the change.
    """
    markets, missing = {}, {}
    for one in changes:
        try:
            markets[one.name] = changed(scenario, one)
        except ValueError as reason:
            missing[one.name] = str(reason)
    return markets, missing


def wrong_models(scenario: Scenario) -> dict[str, Scenario]:
    """Scenarios as somebody would believe them to be who is wrong about the market, by name."""
    return {one.name: changed(scenario, one) for one in WRONG}
