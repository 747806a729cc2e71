"""Max-t bootstrap intervals: the control that the intervals of the contest are held against.

J. P. Romano and M. Wolf, "Exact and approximate stepdown methods for multiple hypothesis testing",
JASA 100(469), 2005. Right for differences that are about symmetric; of rare large losses they know
nothing.
"""

import numpy as np


def max_t(differences, *, level=0.95, resamples=1_000, seed=0):
    """Bounds of the means of all columns that are meant to hold at once: [2, column]."""
    count = len(differences)
    mean = differences.mean(axis=0)
    spread = np.maximum(differences.std(axis=0, ddof=1), 1e-300)
    draws = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), resamples)
    centred = (differences - mean) / spread
    means = draws @ centred / count
    deviations = np.sqrt(np.maximum(draws @ centred**2 / count - means**2, 1e-12))
    reach = np.quantile(np.abs(means / deviations).max(axis=1), level) * spread
    return np.array([mean - reach, mean + reach])
