"""Power laws through means over seeds, on numbers made with a known exponent."""

import numpy as np
import pytest

from experiments.metrics.power_law import fit_power_law, prefactor_at

SIZES = np.array([0.01, 0.02, 0.05, 0.1, 0.2, 0.3])


def seeds_of(exponent, noise, seeds=20, seed=0):
    """Effects 2 x size ^ exponent with normal noise that seeds share among sizes in part."""
    rng = np.random.Generator(np.random.PCG64(seed))
    shared = rng.normal(size=(seeds, 1)) * noise / 2
    return 2.0 * SIZES**exponent + shared + rng.normal(size=(seeds, len(SIZES))) * noise


@pytest.mark.parametrize("exponent", [0.0, 0.41, 0.5, 1.0, 1.888])
def test_an_exact_law_is_found(exponent):
    law = fit_power_law(SIZES, seeds_of(exponent, 0.0))
    assert law.exponent.estimate == pytest.approx(exponent, abs=1e-3)
    assert law.prefactor.estimate == pytest.approx(2.0, rel=5e-3)
    assert law.exponent.high - law.exponent.low < 1e-6
    assert prefactor_at(exponent, SIZES, seeds_of(exponent, 0.0)).estimate == pytest.approx(2.0)


@pytest.mark.parametrize(("exponent", "seeds"), [(0.5, 20), (0.5, 8), (1.0, 20)])
def test_intervals_hold_the_exponent_as_often_as_they_say(exponent, seeds):
    """Of 200 intervals at 95 % some 190 hold it; below 180 has a chance of 1 in 1,000 at most."""
    held = 0
    for number in range(200):
        found = fit_power_law(SIZES, seeds_of(exponent, 0.4, seeds, seed=number)).exponent
        held += found.low <= exponent <= found.high
    assert held >= 180


def test_means_below_zero_count_and_a_law_of_the_wrong_sign_is_none():
    samples = seeds_of(0.5, 0.4, seed=4)
    assert (samples.mean(axis=0) > 0).all()
    assert np.isnan(fit_power_law(SIZES, -samples).exponent.estimate)
    noisy = samples.copy()
    noisy[:, 0] -= 0.5
    assert noisy[:, 0].mean() < 0
    assert np.isfinite(fit_power_law(SIZES, noisy).exponent.estimate)


def test_a_size_without_a_sample_or_at_zero_is_refused():
    samples = seeds_of(0.5, 0.1)
    with pytest.raises(ValueError, match="above zero"):
        fit_power_law([0.0, 0.1, 0.2, 0.3, 0.4, 0.5], samples)
    with pytest.raises(ValueError, match="two different"):
        fit_power_law(SIZES[:1], samples[:, :1])
    gone = samples.copy()
    gone[:, 2] = np.nan
    with pytest.raises(ValueError, match=r"0\.05 has no sample"):
        fit_power_law(SIZES, gone)
    with pytest.raises(ValueError, match="seeds, 6"):
        fit_power_law(SIZES, samples[:, :3])


def test_a_single_seed_has_no_interval():
    law = fit_power_law(SIZES, seeds_of(0.5, 0.0)[:1])
    assert law.exponent.estimate == pytest.approx(0.5, abs=1e-3)
    assert np.isnan(law.exponent.low)


def test_a_size_whose_seeds_agree_by_chance_does_not_decide_all():
    samples = seeds_of(1.0, 0.02)
    samples[:, 0] = 0.0
    assert fit_power_law(SIZES, samples).exponent.estimate == pytest.approx(1.0, abs=0.2)
