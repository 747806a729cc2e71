"""A recorded day among participants: alone it is the record, with others it goes on as it can."""

import copy
from math import inf

import numpy as np
import pytest

import agents
import lob
from agents.flow import RecordedFlow, ZeroIntelligence
from agents.traders import TWAP, Executor
from experiments.calibration.recorded_feed import open_recorded
from lob.feeds import lobster, synthetic
from lob.recorded_day import read_day
from lob.replay import Replay, ReplayError
from lob.units import SECOND_NS

START, END = 41_400_000, 41_640_000  # four minutes from 11:30 on, in ms
SINCE = 41_430 * SECOND_NS


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    found = tmp_path_factory.mktemp("record")
    lobster.write(synthetic.make_day(start_ms=START, end_ms=END), found, start=START, end=END)
    return found


@pytest.fixture(scope="module")
def day(folder):
    return read_day(open_recorded(folder), since=SINCE)


def market(day, seed=1, sale=0, **options):
    simulation = agents.Simulation(
        seed, instruments=[lob.Instrument("A"), lob.Instrument("B", number=1)]
    )
    simulation.add(RecordedFlow("record", day, instrument=1, **options))
    if sale:
        simulation.add(
            Executor(
                "seller", side=lob.Side.SELL, size=sale, schedule=TWAP(1, 1),
                start_in=60 * SECOND_NS, instrument=1,
            )
        )  # fmt: skip
    return simulation


def levels(book):
    return [(int(one["side"]), int(one["price"]), int(one["size"])) for one in book.orders()]


def replayed(folder):
    """The recorded book at the end, and its quotes from the start on."""
    replay = Replay(open_recorded(folder))
    quotes = [stretch.live.copy() for stretch in replay.stretches()]
    rows = np.concatenate([one for one in quotes if len(one)])
    return replay.recorded, rows[rows["ts_event"] >= SINCE]


def test_alone_the_book_of_the_run_is_the_recorded_one(day, folder):
    recorded, quotes = replayed(folder)
    simulation = market(day)
    mids = []
    for ts in range(10, 200, 10):
        simulation.run(until=ts * SECOND_NS)
        book = simulation.venue.books[1]
        at = np.searchsorted(quotes["ts_event"], day.starts + ts * SECOND_NS, side="right") - 1
        assert (book.best_bid, book.best_ask) == (quotes["bid_price"][at], quotes["ask_price"][at])
        mids.append(book.best_bid + book.best_ask)
    assert len(set(mids)) > 3
    simulation.run(until=day.ends + 1)
    assert levels(simulation.venue.books[1]) == levels(recorded)
    flow = simulation["record"]
    assert (flow.lost, flow.sent > 200) == (0, True)
    trades = simulation.events[simulation.events["kind"] == lob.EventKind.TRADE]
    assert trades["size"].sum() == day.prints["size"][day.prints["kind"] == 1].sum() > 0
    simulation.venue.check()


def test_the_start_is_when_the_book_is_there(day, folder):
    first = read_day(open_recorded(folder))
    assert first.starts < day.starts >= SINCE
    assert day.opening["size"].min() > 0
    assert (np.diff(day.messages["ts_event"]) >= 0).all()
    assert day.messages["ts_event"][0] >= 0
    book = lob.OrderBook()
    book.set_session(lob.Session.CALL)
    book.process(day.opening)
    assert day.price == (book.best_bid + book.best_ask) // 2
    with pytest.raises(ReplayError, match="never has both sides from then on"):
        read_day(open_recorded(folder), since=10**17)


def test_a_sale_leaves_no_mark_in_interactive_and_one_where_it_is_reanchored(day):
    ends = {}
    for half_life in (0.0, 60e9, inf):
        mids = []
        for sale in (0, 6_000):
            simulation = market(day, sale=sale, half_life_ns=half_life)
            simulation.run(until=180 * SECOND_NS)
            book = simulation.venue.books[1]
            mids.append((book.best_bid + book.best_ask) / 2)
        ends[half_life] = mids[0] - mids[1]
    assert abs(ends[0.0]) <= 1
    assert ends[inf] > ends[60e9] > ends[0.0]
    assert ends[inf] >= 2


def test_what_is_gone_is_counted(day):
    simulation = market(day, sale=8_000)
    simulation.run(until=day.ends)
    assert simulation["record"].lost > 0


def test_a_run_and_its_copy_go_on_alike(day):
    simulation = market(day, sale=3_000, half_life_ns=30e9)
    simulation.run(until=90 * SECOND_NS)
    other = copy.deepcopy(simulation)
    for one in (simulation, other):
        one.run(until=150 * SECOND_NS)
    assert simulation.digest() == other.digest()
    again = market(day, sale=3_000, half_life_ns=30e9)
    again.run(until=150 * SECOND_NS)
    assert again.digest() == simulation.digest()


def test_orders_of_others_never_have_its_ids(day):
    simulation = market(day)
    simulation.add(
        ZeroIntelligence("flow", price=day.price, instrument=1, alpha=1.0, mu=5.0, delta=0.1)
    )
    simulation.run(until=100 * SECOND_NS)
    refused = simulation.events["reason"] == lob.Reason.DUPLICATE_ORDER_ID
    assert not refused.any()
    flow = simulation["record"]
    sent = simulation.messages[simulation.messages["owner"] == flow.owner]
    assert (sent["order_id"] >> 32 == flow.owner).all()


def test_a_run_is_the_same_from_its_own_messages(day):
    """Nothing that the record sends is what only a venue may say."""
    simulation = market(day, sale=3_000)
    simulation.run(until=120 * SECOND_NS)
    venue = lob.Venue([lob.Instrument("A"), lob.Instrument("B", number=1)])
    events = venue.process(simulation.messages)
    assert events.tobytes() == simulation.events.tobytes()


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"half_life_ns": -1.0}, "half_life_ns"),
        ({"instrument": -1}, "instrument"),
        ({"to_venue": None}, "to_venue"),
    ],
)
def test_misuse_is_refused(day, options, match):
    with pytest.raises((TypeError, ValueError), match=match):
        RecordedFlow("record", day, **options)
    with pytest.raises(TypeError, match="RecordedDay"):
        RecordedFlow("record", "day")
    simulation = agents.Simulation(1)
    with pytest.raises(ValueError, match="instrument must be 0 to 0"):
        simulation.add(RecordedFlow("record", day, instrument=3))
