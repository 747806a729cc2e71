"""Every ready scenario gives the tapes that it always gave."""

import json

import pytest

from experiments.scenario.read import ready_scenarios
from tests.golden.scenarios import PATH, digest_of

EXPECTED = json.loads(PATH.read_text()) if PATH.exists() else {}


def test_every_scenario_has_a_digest():
    assert sorted(EXPECTED) == ready_scenarios()


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_the_tapes_are_what_they_were(name):
    assert digest_of(name) == EXPECTED[name]
