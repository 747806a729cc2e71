"""The words of misuse, apart from the engines."""

import numpy as np
import pytest

import lob
from lob import checks
from lob.checks import Message, choice, indexed, integer, misuse, natural, ppm, real, reals, text

GOOD = Message(kind=1, order_id=1, side=1, price=5, size=10)


def test_a_message_has_the_fields_of_a_row():
    assert Message._fields == lob.MESSAGE.names


@pytest.mark.parametrize("value", [5, np.int8(5), np.uint64(5)])
def test_integer_gives_a_plain_int(value):
    assert type(integer("x", value)) is int
    assert integer("x", value) == value


def test_a_truth_value_is_a_number_only_as_compiled_code_takes_it():
    for check in (integer, natural, ppm, real):
        with pytest.raises(TypeError, match=r"x must be .*, got True"):
            check("x", True)
    with pytest.raises(ValueError, match="x must be one of"):
        choice("x", True, (1, 2))
    assert choice("x", True, (True, False)) is True
    assert (indexed("x", True), type(indexed("x", True))) == (1, int)


@pytest.mark.parametrize(
    ("value", "low", "high"), [(-1, 0, 5), (6, 0, 5), (2**63, -(2**63), 2**63 - 1)]
)
def test_integer_names_the_argument_the_range_and_the_value(value, low, high):
    with pytest.raises(ValueError, match=f"^x must be {low} to {high}, got {value}$"):
        integer("x", value, low, high)


def test_integer_shows_what_is_none():
    with pytest.raises(TypeError, match=r"^x must be an integer, got 1\.5 \(float\)$"):
        integer("x", 1.5)


def test_nothing_is_wrong_with_a_good_message():
    assert misuse(GOOD, 0) is None


@pytest.mark.parametrize("kind", [2, 3, 4])
def test_only_what_the_kind_reads_is_looked_at(kind):
    noise = GOOD._replace(
        kind=kind, side=9, order_type=9, time_in_force=9, stp=9, flags=99, trail=1
    )
    if kind == 4:  # whose flags say what its size is
        assert misuse(noise, 0).startswith("flags must be TOTAL_SIZE (4), VENUE (128) or 0")
        noise = noise._replace(flags=4)
    assert misuse(noise, 0) is None


def test_the_kind_is_told_first_then_the_instrument():
    wrong = Message(kind=9, instrument=3, size=-1)
    assert misuse(wrong, 0).startswith("kind must be one of NEW (1), ")
    assert misuse(wrong._replace(kind=1), 0) == "instrument must be 0, this book's, got 3"


def test_enumerations_are_spelt_out():
    assert misuse(GOOD._replace(side=0), 0) == "side must be one of BUY (1), SELL (-1), got 0"


def test_contiguous_arrays_are_not_copied():
    rows = np.zeros(3, dtype=lob.MESSAGE)
    assert np.shares_memory(checks.to_message_array(rows), rows)


def test_strided_arrays_are_copied_whole():
    rows = np.zeros(6, dtype=lob.MESSAGE)
    rows["order_id"] = range(6)
    assert checks.to_message_array(rows[::2])["order_id"].tolist() == [0, 2, 4]


@pytest.mark.parametrize(
    ("check", "error", "complaint"),
    [
        (lambda: natural("x", -1), ValueError, "x must be at least 0, got -1"),
        (lambda: natural("x", 5, 2**80), ValueError, f"x must be at least {2**80}, got 5"),
        (lambda: natural("x", 1.0), TypeError, "x must be an integer, got 1.0 (float)"),
        (lambda: ppm("x", 1_000_001), ValueError, "x must be 0 to 1000000 ppm, got 1000001"),
        (lambda: ppm("x", -1, -1, 0) and ppm("x", 1, -1, 0), ValueError,
         "x must be -1 to 0 ppm, got 1"),
        (lambda: real("x", "1"), TypeError, "x must be a number, got '1' (str)"),
        (lambda: real("x", True), TypeError, "x must be a number, got True (bool)"),
        (lambda: real("x", None), TypeError, "x must be a number, got None (NoneType)"),
        (lambda: real("x", float("nan")), ValueError, "x must be finite, got nan"),
        (lambda: real("x", np.inf, 0), ValueError, "x must be finite and at least 0, got inf"),
        (lambda: real("x", 2, 0, 1), ValueError, "x must be finite and from 0 to 1, got 2"),
        (lambda: real("x", 0, above=0), ValueError, "x must be finite and above 0, got 0"),
        (lambda: real("x", 1.0, above=0, below=1), ValueError,
         "x must be finite and above 0 and below 1, got 1.0"),
        (lambda: real("x", 3, high=2), ValueError, "x must be finite and at most 2, got 3"),
        (lambda: reals("x", 3), TypeError, "x must be a list of numbers, got 3"),
        (lambda: reals("x", [1, -1]), ValueError, "x[1] must be finite and at least 0, got -1"),
        (lambda: reals("x", []), ValueError, "x must not be empty"),
        (lambda: reals("x", [1], 2), ValueError, "x must have 2 entries, got 1"),
        (lambda: text("x", ""), TypeError, "x must be a string that is not empty, got ''"),
        (lambda: text("x", 5), TypeError, "x must be a string that is not empty, got 5"),
        (lambda: choice("x", "c", ("a", "b")), ValueError, "x must be one of a, b, got 'c'"),
    ],
)  # fmt: skip
def test_an_argument_is_named_with_what_is_allowed_and_its_value(check, error, complaint):
    with pytest.raises(error) as caught:
        check()
    assert str(caught.value) == complaint


def test_what_is_right_is_returned():
    assert natural("x", np.int64(2**62)) == 2**62
    assert type(real("x", np.float32(0.5), 0, 1)) is float
    assert reals("x", (1, 2.5)) == [1.0, 2.5]
    assert (ppm("x", 1_000_000), text("x", "a"), choice("x", 1, (1, -1))) == (1_000_000, "a", 1)
