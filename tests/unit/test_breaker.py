"""Circuit breakers and call auctions at set times, through the messages of the venue."""

import copy

import numpy as np
import pytest

import agents
import lob
from agents.flow import ZeroIntelligence
from lob import Flag, Kind, Reason, Session
from lob.venue.breaker import Breaker, CircuitBreaker, Level, ScheduledCallAuction
from tests.messages import batch, row
from tests.venues import order

BUY, SELL = lob.Side.BUY, lob.Side.SELL
CALL, CONTINUOUS, HALTED = Session.CALL, Session.CONTINUOUS, Session.HALTED


def trade(number, price, ts):
    """Two orders that trade one lot at a price."""
    return batch(
        order(2 * number, BUY, price, 1, ts_event=ts),
        order(2 * number + 1, SELL, price, 1, ts_event=ts),
    )


def rules(venue):
    """What the venue itself did to its books: (time, kind, session or low, high)."""
    rows = venue.messages[(venue.messages["kind"] >= 5) & (venue.messages["kind"] <= 7)]
    assert set(rows["flags"].tolist()) <= {int(Flag.VENUE)}
    return [
        (int(m["ts_event"]), Kind.BAND, int(m["price"]), int(m["stop_price"]))
        if m["kind"] == Kind.BAND
        else (int(m["ts_event"]), Kind(m["kind"]), Session(m["order_id"]))
        for m in rows
    ]


def test_a_move_halts_collects_uncrosses_and_goes_on():
    breaker = CircuitBreaker(move=50_000, window=100, halt=30, call=20)
    venue = lob.Venue(1, breakers=[breaker])
    venue.process(batch(trade(1, 1_000, 10), trade(2, 1_050, 20)))
    assert rules(venue) == []
    events = venue.process(batch(trade(3, 1_051, 30), order(90, BUY, 1_051, 1, ts_event=30)))
    # 51 of 1,000 is more than 5 %. The halt comes before the next message of the same moment.
    assert rules(venue) == [(30, Kind.SESSION, HALTED)]
    assert events["reason"][-1] == Reason.HALTED
    assert venue.next_deadline() == 60
    venue.process(order(91, BUY, 1_060, 3, ts_event=60))
    venue.process(order(92, SELL, 1_040, 2, ts_event=70))
    assert rules(venue)[1:] == [(60, Kind.SESSION, CALL)]
    assert venue.books[0].session == CALL
    venue.advance(200)
    assert rules(venue)[2:] == [(80, Kind.SESSION, CONTINUOUS)]
    trades = venue.events[venue.events["reason"] == Reason.UNCROSS]
    assert trades[["ts_event", "price", "size"]].tolist() == [(80, 1_060, 2)]
    assert breaker.trips == [(30, 0)]
    # The window starts anew at the price of the auction.
    venue.process(trade(5, 1_070, 200))
    assert venue.next_deadline() is None
    venue.check()


def test_old_prices_leave_the_window():
    for gap, halts in ((99, 1), (101, 0)):
        venue = lob.Venue(1, breakers=[CircuitBreaker(move=50_000, window=100, halt=30)])
        # The lowest price of the window is what counts, not the first or the last.
        ticks = [(1_020, 0), (1_000, 1), (1_030, 2), (1_055, 1 + gap)]
        venue.process(batch(*(trade(i, price, ts) for i, (price, ts) in enumerate(ticks))))
        assert len(rules(venue)) == halts


def test_a_fall_counts_as_a_rise_does():
    venue = lob.Venue(1, breakers=[CircuitBreaker(move=50_000, window=100, halt=30)])
    venue.process(batch(trade(1, 1_000, 0), trade(2, 950, 5)))
    assert rules(venue) == []
    venue.process(trade(3, 949, 6))
    assert rules(venue) == [(6, Kind.SESSION, HALTED)]
    venue.advance(100)
    # Without a call auction it goes on at once.
    assert rules(venue)[1:] == [(36, Kind.SESSION, CONTINUOUS)]


def test_levels_without_a_window_act_once_each_and_the_last_for_good():
    """As of NYSE rule 7.12: 7 %, 13 % and 20 % below one price."""
    levels = [Level(70_000, 100), Level(130_000, 100), Level(200_000, None)]
    breaker = CircuitBreaker(levels=levels)
    venue = lob.Venue(1, breakers=[breaker])
    falls = [(1_000, 0), (929, 10), (900, 200), (925, 210), (869, 220), (700, 400), (900, 900)]
    for i, (price, ts) in enumerate(falls):
        venue.process(trade(i, price, ts))
    assert breaker.trips == [(10, 0), (220, 1), (400, 2)]
    assert rules(venue) == [
        (10, Kind.SESSION, HALTED),
        (110, Kind.SESSION, CONTINUOUS),
        (220, Kind.SESSION, HALTED),
        (320, Kind.SESSION, CONTINUOUS),
        (400, Kind.SESSION, HALTED),
    ]
    assert venue.next_deadline() is None
    assert venue.books[0].session == HALTED


def test_a_crash_through_several_levels_takes_the_highest():
    levels = [Level(70_000, 100), Level(130_000, 200), Level(200_000, None)]
    venue = lob.Venue(1, breakers=[CircuitBreaker(levels=levels)])
    venue.process(batch(trade(1, 1_000, 0), trade(2, 850, 10)))
    assert venue.breakers[0].trips == [(10, 1)]
    assert venue.next_deadline() == 210


def test_a_band_is_set_around_the_first_price_and_anew_after_an_auction():
    venue = lob.Venue(
        1, breakers=[CircuitBreaker(move=20_000, window=100, halt=0, call=50, band=30_000)]
    )
    venue.process(trade(1, 999, 0))
    # 29.97 ticks, rounded towards the price.
    assert rules(venue) == [(0, Kind.BAND, 970, 1_028)]
    events = venue.process(batch(order(80, BUY, 969, 1, ts_event=1), trade(2, 1_020, 2)))
    assert events["reason"][0] == Reason.PRICE_BAND
    assert rules(venue)[1:] == [(2, Kind.SESSION, CALL)]
    venue.process(order(81, BUY, 1_028, 1, ts_event=10))
    venue.process(order(82, SELL, 1_000, 1, ts_event=10))
    venue.advance(52)
    # The reference price of the auction is the last one, 1,020.
    assert rules(venue)[2:] == [
        (52, Kind.SESSION, CONTINUOUS),
        (52, Kind.BAND, 990, 1_050),
    ]


def test_a_breaker_may_watch_the_mid_and_only_its_own_book():
    venue = lob.Venue(2, breakers=[CircuitBreaker(1, move=50_000, window=100, halt=9, price="mid")])
    quotes = [(1, BUY, 990, 0), (2, SELL, 1_010, 0), (3, BUY, 1_009, 1), (4, SELL, 1_111, 2)]
    for number, side, price, ts in quotes:
        venue.process(order(number, side, price, 1, ts_event=ts))
    assert rules(venue) == []
    for number, side, price, ts in quotes:
        venue.process(order(number, side, price, 1, ts_event=ts + 10, instrument=1))
    assert rules(venue) == []
    venue.process(row(Kind.CANCEL, 2, ts_event=15, instrument=1))
    # 1,060 is 5.0 % and more above 1,000, the first mid.
    assert rules(venue) == [(15, Kind.SESSION, HALTED)]
    assert venue.messages["instrument"][-1] == 1
    assert [book.session for book in venue.books] == [CONTINUOUS, HALTED]


def test_two_breakers_of_a_book_do_not_undo_each_other():
    """A close during a halt stays: the breaker finds another session than it left."""
    breaker = CircuitBreaker(move=10_000, window=100, halt=50)
    close = ScheduledCallAuction(start=40, length=30, closes=True)
    venue = lob.Venue(1, breakers=[breaker, close])
    venue.process(batch(trade(1, 1_000, 0), trade(2, 1_020, 5)))
    venue.advance(500)
    assert rules(venue) == [
        (5, Kind.SESSION, HALTED),
        (40, Kind.SESSION, CALL),
        (70, Kind.SESSION, CONTINUOUS),
        (70, Kind.SESSION, HALTED),
    ]
    assert venue.books[0].session == HALTED


def test_an_opening_and_later_auctions():
    venue = lob.Venue(1, breakers=[ScheduledCallAuction(length=10, every=100)])
    assert venue.books[0].session == CALL
    venue.process(order(1, BUY, 105, 2, ts_event=0))
    venue.process(order(2, SELL, 95, 1, ts_event=9))
    assert len(venue.books[0]) == 2
    venue.process(order(3, SELL, 105, 1, ts_event=10))
    assert rules(venue) == [(0, Kind.SESSION, CALL), (10, Kind.SESSION, CONTINUOUS)]
    assert len(venue.books[0]) == 0
    venue.advance(310)
    assert [ts for ts, *_ in rules(venue)] == [0, 10, 100, 110, 200, 210, 300, 310]


class Crosser(agents.Agent):
    """Sends limit orders around a price, whatever the book looks like."""

    def on_start(self):
        """Begin."""
        self.wake_in(1)

    def on_wake(self):
        """Send one, and come back."""
        side = BUY if self.random.random() < 0.5 else SELL
        self.submit(side, 1, 100 + int(7 * self.random.random()) - 3)
        self.wake_in(20_000_000)


def guards():
    return [
        CircuitBreaker(move=20_000, window=10**9, halt=10**8, call=10**8, band=100_000),
        ScheduledCallAuction(length=10**8, every=3 * 10**9),
    ]


def flow(breakers):
    """Noise that moves the price by some ticks at a time, which sets off a breaker now and then."""
    simulation = agents.Simulation(3, breakers=breakers)
    simulation.add(
        ZeroIntelligence(
            "flow", price=100, alpha=5.0, mu=60.0, delta=0.2, window=10, sigma=1, depth=None
        )
    )
    simulation.add(Crosser("crosser"))
    return simulation


def test_a_run_with_breakers_replays_to_the_same_tapes():
    simulation = flow(guards())
    simulation.run(until=10 * 10**9)
    assert len(simulation.venue.breakers[0].trips) > 3
    assert (simulation.events["reason"] == Reason.UNCROSS).sum() > 3
    simulation.venue.check()
    again = lob.Venue(1, breakers=guards())
    again.process(simulation.messages)
    again.advance(10 * 10**9)
    assert again.digest() == simulation.digest()
    # What the venue wrote itself is not needed for that.
    third = lob.Venue(1, breakers=guards())
    third.process(simulation.messages[simulation.messages["flags"] & Flag.VENUE == 0])
    third.advance(10 * 10**9)
    assert third.digest() == simulation.digest()


def test_a_fork_goes_on_to_the_same_tapes():
    simulation = flow(guards())
    simulation.run(until=2 * 10**9)
    for step in range(1, 20):
        # Somewhere among them a halt or an auction is under way.
        simulation.run(until=2 * 10**9 + step * 37 * 10**6)
        twin = simulation.fork()
        for one in (twin, copy.deepcopy(twin)):
            one.run(until=4 * 10**9)
        if step == 1:
            expected = one.digest()
        assert twin.digest() == one.digest() == expected


def test_breakers_that_never_act_change_nothing():
    plain, guarded = flow(()), flow([CircuitBreaker(move=10**9, window=1)])
    for one in (plain, guarded):
        one.run(until=3 * 10**9)
    assert plain.digest() == guarded.digest()


class Stuck(Breaker):
    """Never says that it is done."""

    def on_due(self, venue, ts):
        """Do nothing."""


def test_a_breaker_that_does_nothing_and_stays_due_is_named():
    stuck = Stuck()
    stuck.due = 5
    venue = lob.Venue(1, breakers=[stuck])
    with pytest.raises(RuntimeError, match="Stuck did nothing at 5 and is still due"):
        venue.advance(10)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: CircuitBreaker(), "either move or levels"),
        (lambda: CircuitBreaker(move=1, levels=[Level(1, 1)]), "either move or levels"),
        (lambda: CircuitBreaker(move=0), r"levels\[0\].move must be 1 to"),
        (lambda: CircuitBreaker(levels=[Level(5, 1), Level(5, 1)]), r"levels\[1\].move must be 6"),
        (lambda: CircuitBreaker(move=1, halt=-1), r"levels\[0\].halt must be 0 to"),
        (lambda: CircuitBreaker(move=1, call=1.5), r"levels\[0\].call must be an integer"),
        (lambda: CircuitBreaker(move=1, window=-1), "window must be 0 to"),
        (lambda: CircuitBreaker(move=1, band=10**6 + 1), "band must be 1 to"),
        (lambda: CircuitBreaker(move=1, price="bid"), "price must be 'last' or 'mid'"),
        (lambda: CircuitBreaker(-1, move=1), "instrument must be 0 to"),
        (lambda: ScheduledCallAuction(length=0), "length must be 1 to"),
        (lambda: ScheduledCallAuction(length=5, every=5), "every must be 6 to"),
        (
            lambda: lob.Venue(1, breakers=[ScheduledCallAuction(1, length=1)]),
            r"breakers\[0\].instrument",
        ),
    ],
)
def test_misuse_is_named(make, says):
    with pytest.raises((TypeError, ValueError), match=says):
        make()


def test_prices_around_zero_do_not_break_a_breaker():
    venue = lob.Venue(1, breakers=[CircuitBreaker(move=500_000, window=100, halt=9, band=10)])
    for i, (price, ts) in enumerate([(-100, 0), (-100, 1)]):
        venue.process(trade(i, price, ts))
    assert rules(venue) == [(0, Kind.BAND, -100, -100)]
    venue = lob.Venue(1, breakers=[CircuitBreaker(move=500_000, window=100, halt=9)])
    venue.process(batch(trade(1, 0, 0), trade(2, 1, 1)))
    assert rules(venue) == [(1, Kind.SESSION, HALTED)]
    assert np.array_equal(venue.events["ts_event"], np.sort(venue.events["ts_event"]))
