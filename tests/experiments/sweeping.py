"""A scenario of a few milliseconds, and sweeps of it."""

import firesale as fs
from tests.small_scenarios import SPIRAL

SHORT = {
    "populations.0.count": 20,
    "populations.0.equity": 30_000,
    "seconds": 0.3,
    "horizon": 0.1,
    "instruments.0.background.mu": 20.0,
    "instruments.0.background.alpha": 2.5,
    "instruments.0.background.window": 100,
    "shocks.0.lots": 50,
    "shocks.0.at": 0.1,
    "keepers": [],
}
LOTS = "shocks.0.lots"


def short():
    return fs.scenario(SPIRAL, **SHORT)


def swept(folder=None, lots=(50, 80), seeds=2, **options):
    """A sweep in this process over lots sold, unless it is said otherwise."""
    over = options.pop("over", {LOTS: list(lots)})
    return fs.sweep(short(), over, seeds, **{"twin": False, "workers": 1, "out": folder, **options})


def digests(sweep):
    return {(row["number"], row["seed"]): row["digest"] for row in sweep.rows}
