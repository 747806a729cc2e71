"""Results of the literature, computed here: published, ours, band, verdict.

>>> validate("kyle", noise_sigma=2.0).ours["price_impact_theory"]
0.25
"""

from experiments.validation.cases import CONTEXT, LATER, Case, covers, read_cases
from experiments.validation.registry import TARGETS
from experiments.validation.run import find_target, names, validate
from experiments.validation.target import Result, Target

__all__ = [
    "CONTEXT",
    "LATER",
    "TARGETS",
    "Case",
    "Result",
    "Target",
    "covers",
    "find_target",
    "names",
    "read_cases",
    "validate",
]
