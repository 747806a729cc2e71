"""Every parameter of every named design says what it is, and refuses what it cannot be."""

import inspect

import pytest

from lob.liquidation.designs import DESIGNS, make
from lob.liquidation.parameters import PARAMETERS, describe

ALL = [
    (design, parameter.name)
    for design, recipe in DESIGNS.items()
    for parameter in inspect.signature(recipe.build).parameters.values()
]


@pytest.mark.parametrize(("design", "name"), ALL)
def test_it_says_what_it_is_and_refuses_what_it_cannot_be(design, name):
    what = describe(DESIGNS[design].build.__name__, name)
    assert what.unit
    assert len(what.says) > 10
    if what.unit == "object":
        return
    wrong = ["x", 1.5, None, [1]]
    if what.unit == "s":
        wrong = ["x", None, [1], float("nan"), float("inf")]
    if what.options:
        wrong = ["no such word", None, 7]
    elif what.unit != "bool":
        wrong += [what.low - 1, what.high * 2 + 1, 10**40, -(10**40)]
        assert what.range
    for value in wrong:
        with pytest.raises(ValueError, match=rf"design {design}: .*{name}|^{name} ") as caught:
            make(design, **{name: value})
        assert name in str(caught.value)


def test_no_parameter_is_described_in_vain():
    names = {name for _, name in ALL}
    assert {key.rsplit(".", 1)[-1] for key in PARAMETERS} == names


def test_presets_and_defaults_are_within_their_ranges():
    for recipe in DESIGNS.values():
        defaults = {
            one.name: one.default for one in inspect.signature(recipe.build).parameters.values()
        }
        for name, value in {**defaults, **recipe.preset}.items():
            describe(recipe.build.__name__, name).check(name, value)
        for name, (low, high, _) in recipe.tunable.items():
            describe(recipe.build.__name__, name).check(name, type(defaults[name])(low))
            describe(recipe.build.__name__, name).check(name, type(defaults[name])(high))


def test_what_ended_badly_is_refused():
    with pytest.raises(ValueError, match=r"kept must be 1 to .*, got 0"):
        make("stability-pool:liquity2", kept=0)
    with pytest.raises(ValueError, match=r"buf must be 1000000 to .*, got 0"):
        make("dutch", buf=0)
