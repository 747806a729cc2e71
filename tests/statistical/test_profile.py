"""What is obtained of stated depth profiles, over 8 seeds that no search has seen."""

import pytest

from experiments.calibration.market_file import InstrumentOfMarket
from experiments.calibration.profile import KEYS, Profile, measured, solve

pytestmark = pytest.mark.slow


def _profile(instrument, tick, lot, price, **asked) -> Profile:
    told = InstrumentOfMarket(name=instrument, tick_size=tick, lot_size=lot, quote="USD")
    unit = float(tick) * float(lot)
    for key in ("depth", "volume"):
        asked[key] = round(asked[key] / unit)
    return Profile(told, price, **asked)


PROFILES = {
    "perpetual": _profile("BTC", "0.1", "0.001", 600_000, depth=5e6, within=0.01, half_life=40.0,
                          spread=1e-4, volume=2e9, volatility=0.6),
    "stock": _profile("AMZN", "0.01", "1", 22_300, depth=1e6, within=0.005, half_life=300.0,
                      spread=5e-4, volume=5e8, volatility=0.35),
    "small coin": _profile("ALT", "0.001", "1", 5_000, depth=2e5, within=0.02, half_life=15.0,
                           spread=1e-3, volume=5e7, volatility=1.2),
}  # fmt: skip


@pytest.mark.parametrize("name", PROFILES)
def test_each_is_within_15_percent_over_8_seeds(name):
    profile = PROFILES[name]
    parameters, asked = solve(profile).parameters, profile.asked()
    found = measured(profile, parameters, range(101, 109), sales=2)
    print(name, {key: (asked[key], found[key]) for key in KEYS})
    for key in KEYS:
        assert found[key] == pytest.approx(asked[key], rel=0.15), key
    assert 1 / 1.5 < found["half_life"] / profile.half_life < 1.5
