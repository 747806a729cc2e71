"""Every ready market gives the tapes that it always gave."""

import json

import pytest

from experiments.markets import MARKETS
from tests.golden.markets import PATH, digest_of

EXPECTED = json.loads(PATH.read_text()) if PATH.exists() else {}


def test_every_market_has_a_digest():
    assert sorted(EXPECTED) == sorted(MARKETS)


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_the_tapes_are_what_they_were(name):
    assert digest_of(name) == EXPECTED[name]
