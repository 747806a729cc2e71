"""Environments for learning agents: ``python -m benchmarks.learning [--quick]``."""

import argparse
from collections.abc import Callable, Iterator
from importlib.util import find_spec

import numpy as np

from benchmarks.measure import FULL, QUICK, Measure, Plan, Say
from benchmarks.timing import in_turn, machine, timed

__all__ = ["main", "measure"]

GOAL = 50_000.0
MESSAGES = 10  # a step, at least
ROWS = (16, 64)
MARKETS = {"equity": "1200 ms", "perp-btc": "130 ms", "poisson": "120 ms"}
WARM_UP = {"equity": "1 min", "perp-btc": "10 s", "poisson": "10 s"}
LOTS = {"equity": 5_000, "perp-btc": 50_000, "poisson": 50}
STEPS = 300


def pace(market: str, rows: int, steps: int) -> Callable[[], float]:
    """Steps a CPU second of one vector, resets and infos included, sold evenly over an episode."""
    import firesale as fs

    env = fs.FiresaleVectorEnv(
        rows,
        market=market,
        lots=LOTS[market],
        steps=STEPS,
        step=MARKETS[market],
        warm_up=WARM_UP[market],
    )
    env.reset(seed=1)
    actions = np.tile(np.array([2 / STEPS, 0.5], np.float32), (rows, 1))
    calls = max(1, steps // rows)

    def work() -> float:
        def run() -> None:
            for _ in range(calls):
                env.step(actions)

        return calls * rows / timed(run) * 1e9

    return work


def messages_a_step(market: str) -> float:
    """Messages of one episode that met the book, those of the sale among them, a step."""
    import firesale as fs

    env = fs.FiresaleEnv(
        market=market,
        lots=LOTS[market],
        steps=STEPS,
        step=MARKETS[market],
        warm_up=WARM_UP[market],
        tapes=True,
    )
    env.reset(seed=1)
    assert env.simulation is not None
    before, steps, ended = len(env.simulation.messages), 0, False
    while not ended:
        _, _, terminated, truncated, info = env.step(np.array([2 / STEPS, 0.5], np.float32))
        ended, steps = terminated or truncated, info["step"]
    return (len(env.simulation.messages) - before) / steps


def measure(plan: Plan, say: Say) -> Iterator[Measure]:
    """Steps a second by market and number of rows: the median of the rounds."""
    if find_spec("gymnasium") is None:
        say("gymnasium is not installed: pip install 'firesale[rl]'")
        return
    steps = max(4_000, plan.messages // 50)
    for market in MARKETS:
        sent = messages_a_step(market)
        say(f"{market:>10}: {sent:.1f} messages a step, at least {MESSAGES} asked for")
        paces = {f"{rows} rows": pace(market, rows, steps) for rows in ROWS}
        for name, spread in in_turn(paces, plan.rounds).items():
            say(f"{name:>10}: {spread.low:,.0f} to {spread.high:,.0f} steps/s")
            yield Measure(
                f"learning, {market}, {name}", spread.median, "steps/CPU s", GOAL, at_most=False
            )


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
