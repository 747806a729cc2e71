"""What a contest says, in words and numbers, for the terminal and the page."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from experiments.metrics.paired import PairedDifference
    from experiments.report.results import ContestStudyResult

__all__ = ["conditions", "fact_rows", "notes", "number", "share_of", "signed", "tuning_lines"]

FACTS = (
    ("spread", "spread, ticks"),
    ("depth", "bid within 1 %, lots"),
    ("volatility", "ticks a second"),
    ("impact", "impact of the shock, ticks"),
    ("half_life", "half of it gone after, s"),
    ("depth_after", "depth left a second after"),
)
WHERE = {
    "keepers": "with keepers",
    "vault": "in a vault",
    "pool": "in a pool",
    "fund": "in the insurance fund",
}
HEADINGS = tuple(name for _, name in FACTS)


def number(value: float) -> str:
    """Four digits or so: 1.234, 12,345, 12.3M."""
    if value != value:
        return "-"
    size = abs(value)
    if size == float("inf"):
        return "never"
    if size >= 1e7:
        return f"{value / 1e6:,.1f}M"
    if size >= 100 or value == round(value):
        return f"{value:,.0f}"
    return f"{value:.3f}" if size >= 0.001 else f"{value:.1g}"


def signed(found: "PairedDifference") -> str:
    """A difference with its interval."""
    if found.seeds == 0:
        return "-"
    if found.method == "exact":
        return "the same" if found.estimate == 0 else f"{number(found.estimate)} in every seed"
    return f"{number(found.estimate)} [{number(found.low)}, {number(found.high)}]"


def share_of(value: float) -> str:
    """A share in per cent."""
    return "-" if value != value else f"{value:.0%}"


def conditions(study: "ContestStudyResult") -> list[str]:
    """What is the same for all designs."""
    contest = study.contest
    scenario = contest.scenario
    accounts = sum(one.count for one in scenario.populations)
    fund = sum(one.insurance_fund for one in scenario.clearings)
    keepers = sum(one.capital for one in scenario.keepers)
    text = (
        f"{accounts:,} accounts, {len(contest.seeds)} seeds, the same for all designs; insurance "
        f"fund {fund:,}"
    )
    if keepers:
        forms: dict[str, list[str]] = {}
        for one in contest.designs:
            forms.setdefault(contest.forms[one.label], []).append(one.label)
        where = "; ".join(f"{WHERE[form]}: {', '.join(of)}" for form, of in forms.items())
        text += f", and capital of {keepers:,} for all ({where})"
    return [text, study.controls.told()]


def fact_rows(study: "ContestStudyResult") -> list[tuple[str, ...]]:
    """What every market looks like without leverage; see ``HEADINGS``."""
    return [
        (name, *(number(getattr(facts, key)) for key, _ in FACTS))
        for name, facts in study.facts.items()
    ]


def notes(study: "ContestStudyResult") -> list[str]:
    """Where rankings flip, and which markets are missing."""
    lines: list[str] = []
    if study.markets:
        lines += study.flip_lines
    lines += [f"{name} does not apply: {why}" for name, why in study.missing.items()]
    return lines


def tuning_lines(study: "ContestStudyResult") -> list[str]:
    """What tuning found, and how far a recommendation survives."""
    lines = []
    for name, one in study.tuned.items():
        if one.design.parameters:
            lines.append(
                f"{name} tuned: {one.design.parameters}, harm {number(one.harm)}, preset "
                f"{number(one.preset_harm)}, {one.trials} runs"
            )
    for wrong in study.wrong:
        how = "survives" if wrong.survives else "does not survive"
        lines.append(
            f"{wrong.name} ({wrong.meaning}): {wrong.recommended} is recommended, {wrong.best} is "
            f"best; it costs {signed(wrong.regret)} of harm: the recommendation {how}"
        )
    return lines
