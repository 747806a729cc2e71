"""What the validation reads off tapes, on tapes that are short enough to check by hand."""

import numpy as np
import pytest

import lob
from agents.traders.schedules import POV, TWAP
from experiments.validation.flows import next_mid_move, queue_changes
from experiments.validation.propagator import execute
from experiments.validation.races import Tally, race_in_book
from lob import EventKind, Kind, OrderType, Side
from lob.units import SECOND_NS


def quotes(*rows):
    found = np.zeros(len(rows), lob.QUOTE)
    for row, (bid, bid_size, ask, ask_size) in zip(found, rows, strict=True):
        row["bid_price"], row["bid_size"], row["ask_price"], row["ask_size"] = (
            bid, bid_size, ask, ask_size,
        )  # fmt: skip
    return found


def test_the_next_move_of_the_mid():
    tape = quotes(
        (10, 1, 11, 1), (10, 2, 11, 1), (9, 1, 11, 1), (10, 1, 11, 1), (10, 1, 0, 0), (10, 1, 12, 1)
    )
    # After the fourth the ask is gone, and nobody knows where the mid is.
    assert next_mid_move(tape).tolist() == [-1, -1, 1, 0, 0, 0]


def test_changes_of_queues_with_their_length_and_distance():
    steps = [
        (Kind.NEW, Side.BUY, OrderType.LIMIT, 10, 1),
        (Kind.NEW, Side.SELL, OrderType.LIMIT, 11, 2),
        (Kind.NEW, Side.BUY, OrderType.LIMIT, 10, 3),
        (Kind.NEW, Side.BUY, OrderType.LIMIT, 8, 4),
        (Kind.NEW, Side.SELL, OrderType.MARKET, 0, 5),
        (Kind.CANCEL, 0, OrderType.LIMIT, 0, 4),
        (Kind.NEW, Side.SELL, OrderType.LIMIT, 11, 6),
    ]
    rows = np.zeros(len(steps), lob.MESSAGE)
    for turn, (row, (kind, side, order_type, price, order_id)) in enumerate(
        zip(rows, steps, strict=True)
    ):
        row["kind"], row["side"], row["order_type"], row["price"] = kind, side, order_type, price
        row["order_id"], row["size"], row["ts_event"] = order_id, 1, turn
    events = lob.OrderBook().process(rows)
    found = queue_changes(events, lob.journal.quotes(events)[0], spread=1)
    assert list(zip(*(part.tolist() for part in found), strict=True)) == [
        (1, 1, EventKind.ACCEPTED),  # the second bid; before it there was no spread
        (3, 0, EventKind.ACCEPTED),
        (1, 2, EventKind.TRADE),
        (3, 1, EventKind.CANCELLED),
        (1, 1, EventKind.ACCEPTED),  # the second ask
    ]
    assert not len(queue_changes(events, lob.journal.quotes(events)[0], spread=2).kind)


def test_a_race_that_is_decided():
    """With nothing but market orders the shorter of two very unlike queues goes first."""
    tally = Tally(2)
    up = race_in_book(np.array([60]), np.array([1]), 1e-9, 1.0, tally, np.random.default_rng(1))
    assert up.tolist() == [1.0]
    assert tally.values()["up"][0] == [0.5, 0.5]  # never seen
    assert tally.values()["up_error"][0] == [1.0, 1.0]


@pytest.mark.parametrize("side", [Side.BUY, Side.SELL])
def test_two_parts_in_a_market_that_remembers(side):
    """Each half moves the price by 2 and pays 1; the second meets the half that the first left."""
    done = execute(TWAP(2 * SECOND_NS, 2), side, lambda t: np.where(t == 0, 4.0, 1.0), spread=0.25)
    assert done.held.tolist() == [1.0, 0.5, 0.0, 0.0]
    assert done.cost == pytest.approx(0.25 + 1.0 + 0.5 * 0.5)


def test_an_order_that_is_not_done_is_no_result():
    with pytest.raises(RuntimeError, match="the executor traded 0 of 100,000,000 lots"):
        execute(POV(SECOND_NS, 0.1, SECOND_NS), Side.BUY, np.ones_like)
