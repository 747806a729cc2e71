"""The digests of the tapes of the ready markets: a run is a function of market, options and seed.

They change only when a market, an agent or the clock is meant to behave otherwise. Then write the
new ones and say why in the changelog::

    python -m tests.golden.markets --write
"""

import argparse
import json
from pathlib import Path

from experiments.markets import MARKETS

PATH = Path(__file__).with_name("markets.json")
SEED = 20_100_506
SECONDS = 60


def digest_of(name: str) -> str:
    """The digest of a market's tapes after a minute."""
    simulation = MARKETS[name](SEED)
    simulation.run(until=simulation.now + SECONDS * 1_000_000_000)
    return simulation.digest()


def main() -> None:
    """Print the digests, or write them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    found = {name: digest_of(name) for name in sorted(MARKETS)}
    text = json.dumps(found, indent=2) + "\n"
    if parser.parse_args().write:
        PATH.write_text(text)
    else:
        print(text, end="")


if __name__ == "__main__":
    main()
