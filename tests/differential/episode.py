"""One episode: a seeded stream through both engines, in every way there is."""

import numpy as np

from tests.differential.lockstep import (
    BOTH,
    Engine,
    MismatchError,
    describe,
    run,
    run_in_batches,
    run_malformed,
    shrink,
)
from tests.differential.stream import PROFILES, generate, malformed

MALFORMED_BATCHES = 12
REFERENCE_BATCHES_EVERY = 4
"""The reference is slow: only one episode in so many also runs it in batches."""


def play(name: str, seed: int, engines: tuple[Engine, Engine] = BOTH) -> int:
    """Play an episode; return how many messages were compared, or raise a report."""
    instrument, rows = generate(PROFILES[name], seed)
    try:
        record = run(instrument, rows, engines)
    except MismatchError as mismatch:
        raise MismatchError(_report(name, seed, instrument, rows, engines, mismatch)) from None
    rng = np.random.Generator(np.random.PCG64([seed, 1]))
    try:
        run_in_batches(engines[0], instrument, rows, record, rng)
        if seed % REFERENCE_BATCHES_EVERY == 0:
            run_in_batches(engines[1], instrument, rows, record, rng)
        for _ in range(MALFORMED_BATCHES):
            start = int(rng.integers(0, len(rows) - 20))
            batch = malformed(rng, rows[start : start + 10], bad=int(rng.integers(1, 4)))
            run_malformed(instrument, rows[max(0, start - 40) : start], batch, engines)
    except MismatchError as mismatch:
        raise MismatchError(f"{mismatch}\n{_again(name, seed)}") from None
    return len(rows)


def _report(
    name: str,
    seed: int,
    instrument: int,
    rows: np.ndarray,
    engines: tuple[Engine, Engine],
    mismatch: MismatchError,
) -> str:
    def failure(some: np.ndarray) -> MismatchError | None:
        try:
            run(instrument, some, engines)
        except MismatchError as found:
            return found
        return None

    fewest = shrink(rows, lambda some: failure(some) is not None)
    messages = "\n".join(describe(fewest[at : at + 1]) for at in range(len(fewest)))
    return (
        f"{mismatch}\n{_again(name, seed)}\n"
        f"shrunk to {len(fewest)} messages:\n{messages}\nwhich give: {failure(fewest)}"
    )


def _again(name: str, seed: int) -> str:
    return f"to see it again: python -m tests.differential.fuzz --profile {name!r} --episode {seed}"
