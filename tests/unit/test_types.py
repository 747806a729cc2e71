"""The record layouts: widths, order of bytes, alignment, and the words of the enumerations."""

import numpy as np
import pytest

import lob
from lob import types

LAYOUTS = {"MESSAGE": 96, "EVENT": 96, "ORDER": 48, "LEVEL": 24, "QUOTE": 40}


@pytest.mark.parametrize(("name", "size"), LAYOUTS.items())
def test_width(name, size):
    assert getattr(lob, name).itemsize == size


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_field_is_little_endian_and_lies_where_its_width_asks_without_gaps(name):
    end = 0
    for field, offset in getattr(lob, name).fields.values():
        assert field.newbyteorder("<") == field
        assert offset == end
        assert offset % field.itemsize == 0
        end = offset + field.itemsize
    assert end == getattr(lob, name).itemsize
    assert end % 8 == 0


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_field_is_an_integer(name):
    assert {field.kind for field, _ in getattr(lob, name).fields.values()} <= {"i", "u"}


def test_fields_that_others_rely_on():
    for name in ("ts_event", "instrument", "kind", "order_id", "owner", "side", "tag"):
        assert name in lob.MESSAGE.names
        assert name in lob.EVENT.names


@pytest.mark.parametrize("name", ["MESSAGE", "EVENT", "ORDER", "LEVEL", "QUOTE"])
def test_records_survive_a_memory_map(name, tmp_path):
    dtype = getattr(lob, name)
    rows = np.frombuffer(bytes(range(240)) * dtype.itemsize, dtype=dtype)
    np.save(tmp_path / "rows.npy", rows)
    mapped = np.load(tmp_path / "rows.npy", mmap_mode="r", allow_pickle=False)
    assert mapped.dtype == dtype
    assert mapped.tobytes() == rows.tobytes()


def test_sides_are_signs():
    assert (lob.Side.BUY, lob.Side.SELL) == (1, -1)
    assert -lob.Side.BUY == lob.Side.SELL


@pytest.mark.parametrize(
    ("enumeration", "values"),
    [
        (lob.Kind, {"NEW": 1, "CANCEL": 2, "REDUCE": 3, "REPLACE": 4}),
        (lob.OrderType, {"LIMIT": 0, "MARKET": 1}),
        (lob.TimeInForce, {"GTC": 0, "IOC": 1, "FOK": 2}),
        (lob.Flag, {"POST_ONLY": 1}),
        (
            lob.EventKind,
            {"ACCEPTED": 1, "REJECTED": 2, "TRADE": 3, "CANCELLED": 4, "REDUCED": 5, "REPLACED": 6},
        ),
    ],
)
def test_numbers_on_disk_stay_what_they_are(enumeration, values):
    """Later issues add members; tapes written before must still read the same."""
    for name, value in values.items():
        assert enumeration[name] == value


@pytest.mark.parametrize(
    "enumeration",
    [lob.Kind, lob.OrderType, lob.TimeInForce, lob.EventKind, lob.Reason, lob.SelfTradePrevention],
)
def test_every_value_fits_a_byte_once(enumeration):
    values = [member.value for member in enumeration]
    assert len(set(values)) == len(enumeration.__members__)
    assert all(0 <= value <= 255 for value in values)


def test_kinds_from_64_on_address_clearing():
    of_books = {lob.Kind.NEW, lob.Kind.CANCEL, lob.Kind.REDUCE, lob.Kind.REPLACE}
    of_rules = {lob.Kind.SESSION, lob.Kind.UNCROSS, lob.Kind.BAND}
    assert {kind for kind in lob.Kind if kind < 64} == of_books | of_rules
    assert min(kind for kind in lob.Kind if kind >= 64) == lob.Kind.DEPOSIT


def test_limits():
    assert lob.MAX_PRICE == 2**40
    assert lob.MAX_SIZE == 2**62 - 1
    # Any notional of a whole side fits 128 bits with its sign.
    assert lob.MAX_PRICE * lob.MAX_SIZE < 2**127


def test_every_public_name_of_the_module_exists():
    for name in types.__all__:
        assert hasattr(types, name)
    for name in lob.__all__:
        assert hasattr(lob, name)
