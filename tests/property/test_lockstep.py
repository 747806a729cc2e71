"""Hypothesis drives both engines in lockstep through the per-call API.

Beside them runs a tape: every call is also made as a message to ``process`` on a copy, whose events
give the sizes for the conservation law, that no lot appears or is lost.
"""

import pickle

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

import lob
from lob import MAX_PRICE, MAX_SIZE, EventKind, OrderType, TimeInForce
from tests.engines import ENGINES
from tests.examples import examples
from tests.messages import row

INT64 = st.integers(-(2**63), 2**63 - 1)
IDS = st.one_of(st.integers(0, 9), st.sampled_from([-1, -(2**63), 2**63 - 1, 2**32, 2**33]))
PRICES = st.one_of(
    st.integers(97, 103), st.integers(97, 103), st.sampled_from([0, -1, 1, MAX_PRICE, -MAX_PRICE])
)
SIZES = st.one_of(
    st.integers(1, 12), st.integers(1, 12), st.sampled_from([MAX_SIZE, MAX_SIZE - 5, 2**61])
)
SIDES = st.sampled_from(list(lob.Side))
OWNERS = st.integers(0, 2)
STPS = st.sampled_from(list(lob.SelfTradePrevention))
PICKS = st.integers(0, 40)


class Lockstep(RuleBasedStateMachine):
    """Both engines, always in the same state."""

    @initialize(instrument=st.sampled_from([0, 1, 65_535]))
    def start(self, instrument):
        self.books = [make(instrument) for make in ENGINES.values()]
        self.resting = 0

    def tell(self, message, call):
        """Make one call on both books and the same request as a message on a copy of each."""
        message["instrument"] = self.books[0].instrument
        before = {int(row["order_id"]): int(row["size"]) for row in self.books[0].orders()}
        copies = [book.copy() for book in self.books]
        ours, theirs = (copy.process(message) for copy in copies)
        assert ours.tobytes() == theirs.tobytes()
        outcomes = [call(book) for book in self.books]
        for outcome in outcomes:
            self.compare(outcome, ours, int(message["order_id"][0]))
        for book, copy in zip(self.books, copies, strict=True):
            assert (book.digest(), book.seq) == (copy.digest(), copy.seq)
        self.conserve(ours, before)

    def compare(self, outcome, events, order_id):
        """An outcome must say what the events say."""
        trades = events[events["kind"] == EventKind.TRADE]
        fields = ["price", "size", "resting_order_id", "resting_owner"]
        own = events[events["order_id"] == order_id]
        order = self.books[0].get(order_id)
        assert outcome.accepted == (events["kind"][0] != EventKind.REJECTED)
        assert outcome.reason == own["reason"][-1]
        assert outcome.trades == tuple(map(tuple, trades[fields].tolist()))
        assert outcome.filled == sum(trades["size"].tolist())
        assert outcome.leaves == (order.size if order else 0)

    def conserve(self, events, before):
        """What comes in rests, trades (on both sides) or is taken off, to the last lot."""
        change = 0
        for event in events:
            size, order_id = int(event["size"]), int(event["order_id"])
            match EventKind(event["kind"]):
                case EventKind.ACCEPTED:
                    change += size
                case EventKind.TRADE:
                    change -= 2 * size
                case EventKind.CANCELLED | EventKind.REDUCED:
                    change -= size
                case EventKind.REPLACED:
                    change += size - before[order_id]
        self.resting += change
        assert self.resting == sum(self.books[0].orders()["size"].tolist())

    def enter(self, **order):
        call = {name: value for name, value in order.items() if name not in ("flags", "trail")}
        message = row(lob.Kind.NEW, **order)
        flags = order.get("flags", 0)
        call["post_only"] = bool(flags & lob.Flag.POST_ONLY)
        relative = bool(flags & lob.Flag.RELATIVE)
        call["protection_ppm" if relative else "protection"] = order.get("trail", 0)
        self.tell(message, lambda book: book.submit(**call))

    def pick(self, at):
        """The id of one of the resting orders, or one that is unknown to most books."""
        ids = self.books[0].orders()["order_id"].tolist()
        return ids[at % len(ids)] if ids else at

    @rule(side=SIDES, price=st.integers(98, 102), size=st.integers(1, 12), owner=OWNERS, stp=STPS)
    def enter_plain(self, **order):
        self.enter(order_id=100 + self.books[0].seq, **order)

    @rule(
        order_id=IDS,
        side=SIDES,
        price=PRICES,
        size=SIZES,
        owner=OWNERS,
        stp=STPS,
        post_only=st.booleans(),
        tag=INT64,
        ts_event=INT64,
    )
    def enter_hostile(self, post_only, **order):
        self.enter(flags=int(post_only), **order)

    @rule(
        order_id=IDS,
        side=SIDES,
        price=st.integers(96, 104),
        size=st.integers(1, 40),
        owner=OWNERS,
        stp=STPS,
        order_type=st.sampled_from(list(OrderType)),
        time_in_force=st.sampled_from(list(TimeInForce)),
        least=st.sampled_from([0, 0, 1, 2, 5, 40]),
        protection=st.sampled_from([0, 0, 1, 3, 10_000]),
        relative=st.booleans(),
    )
    def enter_aggressive(self, least, protection, relative, **order):
        if order["order_type"] == OrderType.MARKET and protection:
            order |= {"trail": protection, "flags": lob.Flag.RELATIVE if relative else 0}
        self.enter(min_size=min(least, order["size"]), **order)

    @rule(at=PICKS, ts_event=INT64, owner=OWNERS)
    def cancel(self, at, ts_event, owner):
        order_id = self.pick(at)
        message = row(lob.Kind.CANCEL, order_id, ts_event=ts_event, owner=owner)
        self.tell(message, lambda book: book.cancel(order_id, owner=owner, ts_event=ts_event))

    @rule(at=PICKS, size=SIZES, owner=OWNERS)
    def reduce(self, at, size, owner):
        order_id = self.pick(at)
        self.tell(
            row(lob.Kind.REDUCE, order_id, size=size, owner=owner),
            lambda book: book.reduce(order_id, size, owner=owner),
        )

    @rule(
        at=PICKS,
        price=st.none() | PRICES,
        size=st.none() | SIZES,
        total=st.booleans(),
        owner=OWNERS,
    )
    def replace(self, at, price, size, total, owner):
        self.change(self.pick(at), price, size, total, owner)

    @rule(order_id=IDS, price=st.none() | PRICES, size=st.none() | SIZES)
    def replace_perhaps_unknown(self, order_id, price, size):
        self.change(order_id, price, size, False, 0)

    def change(self, order_id, price, size, total, owner):
        order = self.books[0].get(order_id)
        flags = lob.Flag.TOTAL_SIZE if total else 0
        message = row(lob.Kind.REPLACE, order_id, owner=owner, flags=flags)
        message["price"] = price if price is not None else order.price if order else 0
        if size is None and order:
            message["size"] = min(order.size + (order.filled if total else 0), MAX_SIZE)
        else:
            message["size"] = size or 1
        self.tell(
            message,
            lambda book: book.replace(
                order_id, price=price, size=size, total_size=total, owner=owner
            ),
        )

    @rule(which=st.sampled_from(["copy", "pickle", "rows"]))
    def go_on_with_a_twin(self, which):
        for at, book in enumerate(self.books):
            if which == "copy":
                twin = book.copy()
            elif which == "pickle":
                twin = pickle.loads(pickle.dumps(book))
            else:
                twin = type(book).from_orders(
                    book.orders(), instrument=book.instrument, seq=book.seq
                )
            assert type(twin) is type(book)
            assert (twin.digest(), twin.seq, twin.instrument) == (
                book.digest(),
                book.seq,
                book.instrument,
            )
            self.books[at] = twin

    @rule(
        call=st.sampled_from(
            [
                lambda book: book.submit(order_id=1, side=1, price=1.5, size=1),
                lambda book: book.submit(order_id=1, side=0, price=1, size=1),
                lambda book: book.submit(order_id=1, side=1, price=1, size=0),
                lambda book: book.reduce(1, 0),
                lambda book: book.replace(1, price=MAX_PRICE + 1),
                lambda book: book.cancel("1"),
                lambda book: book.process(np.zeros(1, dtype=lob.MESSAGE)),
            ]
        )
    )
    def misuse(self, call):
        said = []
        for book in self.books:
            before = book.digest(), book.seq
            try:
                call(book)
            except (TypeError, ValueError) as error:
                said.append((type(error), str(error)))
            assert (book.digest(), book.seq) == before
        assert len(said) == 2
        assert said[0] == said[1]

    @rule(side=SIDES, size=SIZES, levels=st.integers(0, 4))
    def look(self, side, size, levels):
        ours, theirs = self.books
        assert ours.cost(side, size) == theirs.cost(side, size)
        assert ours.bids(levels).tobytes() == theirs.bids(levels).tobytes()
        assert ours.asks(levels).tobytes() == theirs.asks(levels).tobytes()
        for order_id in ours.orders()["order_id"].tolist():
            assert ours.get(order_id) == theirs.get(order_id)
            assert ours.queue_position(order_id) == theirs.queue_position(order_id)

    @invariant()
    def both_are_one_book(self):
        if not hasattr(self, "books"):
            return
        ours, theirs = self.books
        assert ours.orders().tobytes() == theirs.orders().tobytes()
        assert ours.digest() == theirs.digest()
        assert (ours.seq, len(ours)) == (theirs.seq, len(theirs))
        bid, ask = ours.best_bid, ours.best_ask
        assert (bid, ask) == (theirs.best_bid, theirs.best_ask)
        assert bid is None or ask is None or bid < ask
        ours.check()
        theirs.check()


Lockstep.TestCase.settings = settings(
    max_examples=examples(250), stateful_step_count=40, deadline=None
)
TestLockstep = Lockstep.TestCase


class Forgetful(lob.reference.OrderBook):
    """Broken on purpose: forgets that a decremented order with nothing left is cancelled."""

    def _prevent_self_trade(self, order, resting):
        super()._prevent_self_trade(order, resting)
        if order.stp == lob.SelfTradePrevention.DECREMENT and not order.size:
            last = list(self._events[-1])
            last[lob.EVENT.names.index("kind")] = EventKind.REDUCED
            self._events[-1] = tuple(last)


def test_the_machine_finds_a_broken_engine(monkeypatch):
    monkeypatch.setitem(ENGINES, "compiled", Forgetful)
    quick = settings(Lockstep.TestCase.settings, phases=[Phase.generate])
    with pytest.raises(AssertionError):
        run_state_machine_as_test(Lockstep, settings=quick)
