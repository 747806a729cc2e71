"""Controls of every contest: what must be nothing is nothing.

The reference design is run once more from the start and must tie with itself exactly. Without a
shock nobody fails, and then no design may differ from another.
"""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from experiments.contest.designs import ContestDesign
from experiments.contest.trial import Group, run_group
from experiments.runs.workers import Workers
from experiments.scenario.read import Scenario
from experiments.scenario.shocks import without_shock
from lob.counted import counted

__all__ = ["Controls", "run_controls"]


class Controls(NamedTuple):
    """Outcome of a contest's controls, on one seed."""

    tie: bool
    """Whether the reference, run again under another name, gave the same journal and criteria."""
    no_breach: bool | None
    """Whether all designs gave the same without the shock; ``None``: some account failed even
    so."""
    failures: int
    """Most accounts that failed without the shock under any design."""
    error: str | None = None
    """Error of a run of the controls that raised: then nothing was controlled."""

    @property
    def passed(self) -> bool:
        """Whether no control speaks against the contest."""
        return self.error is None and self.tie and self.no_breach is not False

    def told(self) -> str:
        """An English sentence on what the controls found, with failures in capitals."""
        if self.error is not None:
            return f"CONTROLS FAILED, nothing vouches for the comparison: {self.error}"
        same = "ties with itself" if self.tie else "DOES NOT TIE WITH ITSELF"
        if self.no_breach is None:
            failed = counted(self.failures, "account")
            other = f"without the shock {failed} failed: no control of that kind"
        elif self.no_breach:
            other = "without the shock all designs are the same"
        else:
            other = "WITHOUT THE SHOCK DESIGNS DIFFER"
        return f"controls: the reference run again {same}; {other}"


def run_controls(
    scenario: Scenario,
    designs: Sequence[ContestDesign],
    seed: int,
    *,
    reference: str,
    workers: int | None = None,
    known: dict[str, Any] | None = None,
) -> Controls:
    """Run the controls of a contest, on one seed.

    Without the shock means one of a single lot. A run that raises is told in ``Controls.error``.

    Parameters
    ----------
    scenario, designs, reference
        Market, designs and the label of the reference, as for ``hold_contest``.
    seed
        Root of all randomness; not necessarily one of the contest.
    workers
        Processes; ``None``: one a core.
    known
        The row of the reference on this seed in the contest itself, which its run here must tie
        with; ``None``: it is run twice.
    """
    one = next(each for each in designs if each.label == reference)
    calm = scenario.model_copy(update={"shocks": [without_shock(each) for each in scenario.shocks]})
    # Two groups of the calm market, so that two cores are done at about the same time.
    half = len(designs) // 2
    wanted = {
        "again": (scenario, (one._replace(label="again"),)),
        "calm": (calm, tuple(designs[half:])),
        "calm too": (calm, tuple(designs[:half])),
        "once": (scenario, (one,)),
    }
    if known is not None:
        del wanted["once"]
    if not half:
        del wanted["calm too"]
    rows: dict[str, list[Any]] = {"once": [known], "calm too": []}
    with tempfile.TemporaryDirectory(prefix="firesale-") as made:
        groups = []
        for name, (market, all_designs) in wanted.items():
            place = Path(made) / name
            place.mkdir()
            groups.append(Group(market, name, seed, all_designs, place))
        with Workers(workers) as pool:
            for group, found, error, _ in pool.run(run_group, groups):
                errors = [error] if error else [row["error"] for row in found if row["error"]]
                if errors:
                    return Controls(False, None, 0, f"seed {seed}: {errors[0]}")
                rows[group.market] = found
    (first,), (second,) = rows["once"], rows["again"]
    tie = first["digest"] == second["digest"] and _alike(first, second)
    still = rows["calm"] + rows["calm too"]
    failures = max(round(row["criteria"]["liquidations"]) for row in still)
    differs = any(not _alike(still[0], row) for row in still[1:])
    return Controls(tie, None if failures else not differs, failures)


def _alike(one: dict[str, Any], other: dict[str, Any]) -> bool:
    # As text: what is not known in both is alike too.
    return repr(one["criteria"]) == repr(other["criteria"])
