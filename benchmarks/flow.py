"""Background flow through clock, book and delivery: ``python -m benchmarks.flow [--quick]``."""

import argparse
from collections.abc import Callable, Iterator

import agents
from agents.flow import ZeroIntelligence
from benchmarks.measure import FULL, QUICK, Measure, Plan, Say
from benchmarks.timing import in_turn, machine, timed
from experiments.markets import equity
from lob.units import HOUR_NS

__all__ = ["main", "measure"]

WINDOW = 500  # ticks on either side
GOALS = {10_000: 8.0, 100_000: 4.0}  # M order messages a CPU second, by live orders
EQUITY_GOAL = 3.0


def market(live: int, seed: int = 1) -> agents.Simulation:
    """Zero-intelligence flow that keeps about so many orders open, in its stationary state.

    Of ten messages some five are limit orders, one a market order that trades, and four
    cancellations. Every event is written to the journal, which is warm, and dropped from there
    when it is full.
    """
    delta = 1.0
    alpha = 1.1 * live * delta / (2 * WINDOW)
    simulation = agents.Simulation(seed, events=False, messages=False)
    simulation.add(
        ZeroIntelligence(
            "flow",
            price=100_000,
            alpha=alpha,
            mu=0.2 * alpha * WINDOW,
            delta=delta,
            window=WINDOW,
            depth=live,
        )
    )
    simulation.step(2 * live)
    return simulation


def pace(simulation: agents.Simulation, messages: int) -> Callable[[], float]:
    """A measure of M order messages a CPU second: each step of this flow sends one."""

    def work() -> float:
        return messages / timed(lambda: simulation.step(messages)) * 1_000

    return work


def equity_pace(hours: int) -> Callable[[], float]:
    """A measure of M order messages a CPU second of the fitted market ``equity``, an hour old."""
    counted = equity(events=True)
    counted.run(until=HOUR_NS)
    before = len(counted.messages)
    counted.run(until=(1 + hours) * HOUR_NS)
    messages = len(counted.messages) - before
    warm = equity(events=False)
    warm.run(until=HOUR_NS)

    def work() -> float:
        one = warm.fork()
        return messages / timed(lambda: one.run(until=(1 + hours) * HOUR_NS)) * 1_000

    return work


def measure(plan: Plan, say: Say) -> Iterator[Measure]:
    """The rate of order messages at each number of live orders: the median of the rounds."""
    markets = {live: market(live) for live in GOALS}
    paces = {str(live): pace(one, plan.messages) for live, one in markets.items()}
    for live, spread in in_turn(paces, plan.rounds).items():
        one = markets[int(live)].agents[0]
        say(
            f"{int(live):>9,} live orders: {spread.low:.2f} to {spread.high:.2f} M messages/s, "
            f"{one.live:,} at the end"
        )
        yield Measure(
            f"background flow, {int(live):,} live orders",
            spread.median,
            "M messages/s",
            GOALS[int(live)],
            at_most=False,
        )
    hours = max(1, plan.messages // 30_000)  # it sends some 30,000 an hour
    spread = in_turn({"equity": equity_pace(hours)}, plan.rounds)["equity"]
    say(f"   equity market: {spread.low:.2f} to {spread.high:.2f} M messages/s")
    yield Measure("fitted market equity", spread.median, "M messages/s", EQUITY_GOAL, at_most=False)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="less work, wider spread")
    plan = QUICK if parser.parse_args().quick else FULL
    print(machine())
    for result in list(measure(plan, print)):
        print(result)


if __name__ == "__main__":
    main()
