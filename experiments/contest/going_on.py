"""How long the runs of a contest go on: until what failed is dealt with, or a limit."""

from experiments.scenario.read import Scenario

__all__ = ["going_on"]


def going_on(scenario: Scenario) -> Scenario:
    """A scenario whose runs go on until every case is closed, at most as long again.

    One that states ``until_closed`` is left as it is; recorded order flow ends when it ends.

    Parameters
    ----------
    scenario
        The scenario as it was read.
    """
    if scenario.until_closed:
        return scenario
    lasts = [one.background.lasts() for one in scenario.instruments]
    most = min((one - scenario.seconds for one in lasts if one is not None), default=float("inf"))
    longer = max(0.0, min(scenario.seconds, most))
    return scenario.model_copy(update={"until_closed": longer})
