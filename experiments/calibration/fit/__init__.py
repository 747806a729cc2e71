"""Fits of models of order flow to a market's record: one model, one file, one entry in ``FITS``."""

from collections.abc import Callable

from experiments.calibration.fit.findings import Estimate, Findings, FitError
from experiments.calibration.fit.hawkes import fit_hawkes
from experiments.calibration.fit.laws import laws
from experiments.calibration.fit.long_memory import fit_long_memory
from experiments.calibration.fit.maker_market import fit_maker_market
from experiments.calibration.fit.observed import Observed
from experiments.calibration.fit.poisson import fit_poisson
from experiments.calibration.fit.queue_reactive import fit_queue_reactive
from experiments.calibration.fit.zero_intelligence import fit_zero_intelligence

__all__ = ["FITS", "Estimate", "Findings", "FitError", "Observed", "laws"]

FITS: dict[str, Callable[..., Findings]] = {
    "hawkes": fit_hawkes,
    "long-memory": fit_long_memory,
    "maker-market": fit_maker_market,
    "poisson": fit_poisson,
    "queue-reactive": fit_queue_reactive,
    "zero-intelligence": fit_zero_intelligence,
}
"""The fit of each model by its name: ``fit(observed, **options)``. What it puts into the findings
are the parameters that the model's flow takes."""
