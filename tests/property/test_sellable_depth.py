"""The compiled walk of a book against one level by level in plain Python."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lob
from agents.keepers.sellable_depth import SellableDepth, depth_of
from lob import Side
from tests.examples import examples


def walked(levels, lots, ahead, slices):
    """Each level ``slices`` times, without the lots that go first, at most ``lots``."""
    found = []
    for price, size in levels:
        size *= slices
        skip = min(ahead, size)
        part = min(size - skip, lots)
        ahead -= skip
        lots -= part
        if part:
            found.append((price, part))
    return found


def cash_of(levels, lots, multiplier, inverse, up):
    total = 0
    for price, size in levels:
        value = min(size, lots) * multiplier
        lots -= min(size, lots)
        if not inverse:
            total += value * price
        else:
            total += -(-value // price) if up else value // price
    return total


@settings(max_examples=examples(300), deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 50), st.integers(1, 9)), max_size=8),
    st.sampled_from([Side.BUY, Side.SELL]),
    st.lists(
        st.tuples(st.integers(1, 60), st.integers(0, 40), st.integers(1, 4)), min_size=1, max_size=4
    ),
    st.tuples(st.sampled_from([1, 7, 10**12]), st.booleans(), st.booleans()),
    st.integers(0, 70),
)
def test_the_compiled_walk_is_the_plain_one(orders, side, asked, terms, worst):
    book, depth = lob.OrderBook(), SellableDepth()
    resting = Side(-side)
    for number, (price, size) in enumerate(orders, 1):
        book.submit(order_id=number, side=resting, price=price, size=size)
        rows = (book.bids if resting == Side.BUY else book.asks)()
        plain = [(int(row["price"]), int(row["size"])) for row in rows]
        for lots, ahead, slices in asked:
            found = depth.levels(book, side, lots, ahead=ahead, slices=slices)
            expected = walked(plain, lots, ahead, slices)
            assert list(found) == expected
            sizes = [size for _, size in expected]
            assert found.total == sum(sizes)
            assert found.first_size == (sizes[0] if sizes else 0)
            assert found.ends() == [sum(sizes[: i + 1]) for i in range(len(sizes))]
            for part in {0, 1, found.total // 2, found.total}:
                assert found.traded(part, *terms) == cash_of(expected, part, *terms)
            falling = resting == Side.BUY
            assert found.until(worst, falling) == sum(
                size for price, size in expected if (price >= worst if falling else price <= worst)
            )


def test_sums_beyond_64_bits_are_exact():
    levels = [(2**40, 2**61), (2**40 - 1, 2**60)]
    found = depth_of(levels)
    assert found.traded(2**61 + 5, 10**6, False, False) == 10**6 * (2**101 + 5 * (2**40 - 1))
    assert found.until(10**30, False) == 2**61 + 2**60
    assert found.until(-(10**30), False) == 0


def test_a_book_of_another_side_is_empty():
    book = lob.OrderBook()
    book.submit(order_id=1, side=Side.BUY, price=5, size=5)
    assert SellableDepth().levels(book, Side.BUY, 5).total == 0
    with pytest.raises(TypeError):
        SellableDepth().levels(None, Side.BUY, 5)
