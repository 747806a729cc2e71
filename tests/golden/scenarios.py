"""The digests of the tapes of the ready scenarios, their shock brought forward.

They change only when a scenario, an agent, clearing or a design is meant to behave otherwise. Then
write the new ones and say why in the changelog::

    python -m tests.golden.scenarios --write
"""

import argparse
import json
from pathlib import Path

from experiments.runs.run import run_scenario
from experiments.scenario.read import read_scenario, ready_scenarios

PATH = Path(__file__).with_name("scenarios.json")
SEED = 20_200_312
EARLY = {
    "shocks.0.at": 3.0,
    "shocks.0.over": 1.0,
    "seconds": 6.0,
    "horizon": 1.5,
    "alternatives": [],
}
FURTHER = {"two-assets": {"shocks.1.at": 3.0}, "black-thursday": {"shocks.0.apart": 0.0005}}
"""Of scenarios with more shocks than one, or with sellers who come one after another."""


def digest_of(name: str) -> str:
    """The digest of a scenario's tapes after six seconds."""
    run = run_scenario(read_scenario(name, {**EARLY, **FURTHER.get(name, {})}), SEED)
    digest: str = run.simulation.digest()
    return digest


def main() -> None:
    """Print the digests, or write them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    found = {name: digest_of(name) for name in ready_scenarios()}
    text = json.dumps(found, indent=2) + "\n"
    if parser.parse_args().write:
        PATH.write_text(text)
    else:
        print(text, end="")


if __name__ == "__main__":
    main()
