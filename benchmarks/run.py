"""``python -m benchmarks.run``: every measure beside its target, side by side with the peers.

Contenders take turns round by round in one process; what is shown is CPU time, the median of the
rounds with their range. Nothing is asserted: the numbers are of this machine, the ratios of one
contender to another are what travels.

For a profile, narrow it down: ``--only deep --between firesale``.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import lob
from benchmarks import (
    agents,
    clearing,
    designs,
    feed,
    flow,
    keepers,
    learning,
    level_feeds,
    markets,
    memory,
    order_feeds,
    stacks,
)
from benchmarks.batches import measure_calls, measure_mix
from benchmarks.contenders import Contender, Firesale, FiresaleFresh
from benchmarks.measure import FULL, QUICK, Measure, Plan, Say
from benchmarks.mixes import RECIPES
from benchmarks.peers import PEERS, installed
from benchmarks.timing import Spread, machine
from benchmarks.yardstick import BareLoop

ROOT = Path(__file__).parents[1]
IMPORT_COSTS = 80  # ms
IMPORT = """
import time, numpy
start = time.process_time()
import lob
print(time.process_time() - start)
"""


def main() -> None:
    """Run the sections that are asked for, and sum up."""
    options = _options()
    say = partial(print, file=sys.stderr if options.json else sys.stdout, flush=True)
    peers, missing = installed(PEERS)
    contenders: list[Contender] = [Firesale(), FiresaleFresh(), BareLoop(), *peers]
    if options.between:
        contenders = [one for one in contenders if one.name in options.between]
    say("\n".join([machine(), _versions(peers), *missing]))
    for contender in contenders:
        say(f"{contender.name}: {contender.note}")
    measures: list[Measure] = []
    sections = _sections(contenders, QUICK if options.quick else FULL, say)
    for name in options.only or sections:
        say(f"\n{name}")
        measures += sections[name]()
    say("\nmeasures")
    for measure in measures:
        say(measure)
    if options.json:
        rows = [{**asdict(measure), "verdict": measure.verdict} for measure in measures]
        print(json.dumps(rows, indent=2))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.run",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    names = list(_sections([], QUICK, print))
    parser.add_argument("--quick", action="store_true", help="fewer messages, fewer rounds")
    parser.add_argument("--json", action="store_true", help="the measures as JSON on stdout")
    parser.add_argument("--only", nargs="+", choices=names, help="only these sections")
    parser.add_argument("--between", nargs="+", metavar="NAME", help="only these contenders")
    return parser.parse_args()


def _sections(
    contenders: list[Contender], plan: Plan, say: Say
) -> dict[str, Callable[[], Iterator[Measure]]]:
    return {
        **{name: partial(measure_mix, name, contenders, plan, say) for name in RECIPES},
        "calls": partial(measure_calls, contenders, plan, say),
        "memory": partial(memory.measure, plan, say),
        "import": partial(_measure_import, plan),
        "lobster": partial(feed.measure, plan, say),
        "order feeds": partial(order_feeds.measure, plan, say),
        "level feeds": partial(level_feeds.measure, plan, say),
        "agents": partial(agents.measure, plan, say),
        "flow": partial(flow.measure, plan, say),
        "markets": partial(markets.measure, plan, say),
        "learning": partial(learning.measure, plan, say),
        "clearing": partial(clearing.measure, plan, say),
        "stacks": partial(stacks.measure, plan, say),
        "designs": partial(designs.measure, plan, say),
        "keepers": partial(keepers.measure, plan, say),
    }


def _versions(peers: list[Any]) -> str:
    names = ("numpy", *(peer.name for peer in peers))
    return ", ".join(
        [f"firesale {lob.__version__}", *(f"{name} {version(name)}" for name in names)]
    )


def _measure_import(plan: Plan) -> Iterator[Measure]:
    def once() -> float:
        run = [sys.executable, "-c", IMPORT]
        return 1e3 * float(subprocess.check_output(run, cwd=ROOT, text=True))

    once()  # leaves the byte code behind
    spread = Spread.of(once() for _ in range(plan.starts))
    yield Measure("import lob, beyond numpy", spread.median, "ms CPU", IMPORT_COSTS)


if __name__ == "__main__":
    main()
