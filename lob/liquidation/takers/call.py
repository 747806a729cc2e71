"""The uniform-price call in the order book."""

from dataclasses import dataclass, field

from lob.checks import integer
from lob.liquidation.context import TakerContext
from lob.liquidation.offers import Collected, OfferPrice
from lob.liquidation.parts.price_paths import bankruptcy_limit, taker_side
from lob.liquidation.parts.protocols import Takers
from lob.liquidation.sale import Sale
from lob.types import Session, Side
from lob.units import SECOND_NS

__all__ = ["CallAuction"]


@dataclass(slots=True)
class Call:
    """A call that one book collects for: the failed positions of both sides."""

    holding: int
    closes: int
    every: int
    own: bool
    """Whether the design has called it; else it has joined somebody else's."""
    members: dict[int, int] = field(default_factory=dict)
    """Case -> lots that it has in the book."""
    leaders: dict[Side, int] = field(default_factory=dict)
    """The side of who trades with them -> the case whose tag the offer has."""


class Calls:
    """The calls of a design: who ends them, whatever becomes of the cases meanwhile."""

    def __init__(self) -> None:
        self.of: dict[int, Call] = {}
        self.ended: dict[int, int] = {}
        """Book -> ns at which its latest call ended."""
        self.number = 0
        """Of the facility, below 0; 0: it is none yet."""

    def begin(self, design: TakerContext, holding: int, every: int, pause: int) -> Call | None:
        """The call of a holding's book, a new one if none runs; ``None``: it may not be called."""
        venue, number = design.clearing.market, design.instrument(holding)
        session = venue.books[number].session
        if session == Session.HALTED:
            return None
        call = self.of.get(number)
        if call is None:
            own = session == Session.CONTINUOUS
            if own and venue.now < self.ended.get(number, -pause) + pause:
                return None
            call = self.of[number] = Call(holding, venue.now + every, every, own)
            if own:
                venue.set_session(number, Session.CALL)
            design.call_back(self.number, call.closes)
        return call

    def on_due(self, design: TakerContext, ts: int) -> None:
        """Uncross the books whose calls end by a time in ns."""
        for number, call in list(self.of.items()):
            if call.closes > ts:
                continue
            if not call.own and design.clearing.market.books[number].session == Session.CALL:
                self._stay(design, call)
            else:
                self._end(design, number, call)

    @staticmethod
    def _stay(design: TakerContext, call: Call) -> None:
        """Somebody else's call goes on: so do the orders in it."""
        call.closes += call.every
        for case in call.members:
            sale = design.progress[case].sale
            assert sale is not None
            sale.next = call.closes
        design.call_back(design.shared(Calls).number, call.closes)

    def _end(self, design: TakerContext, number: int, call: Call) -> None:
        """Trade at one price; what is left of the orders is taken back before the book goes on."""
        venue, mark = design.clearing.market, design.mark(call.holding)
        ends = call.own and venue.books[number].session == Session.CALL
        if ends:
            found = venue.uncross(number, mark)
            if found is not None and call.members:
                design.note_auction(next(iter(call.members)), found.volume, found.price)
        for case in list(call.members):
            design.recall(case)
            self.leave(design, case, number)
        del self.of[number]
        if ends:
            self.ended[number] = venue.now
            venue.set_session(number, Session.CONTINUOUS, mark)

    def leave(self, design: TakerContext, case: int, number: int) -> None:
        """Take a case out of the call of a book: it has no order in it any more."""
        call = self.of[number]
        del call.members[case]
        for side, leader in list(call.leaders.items()):
            # Who bid for all of a side knows the leader's tag only.
            for other in [*call.members] if leader == case else [case]:
                design.clearing.failed.share_takers(other, leader)
            if leader == case:
                del call.leaders[side]
        design.end_sale(case)


@dataclass(frozen=True)
class CallAuction(Takers):
    """A uniform-price call of the book, for all positions that failed within a while.

    The first failure puts the book into ``Session.CALL``. Each failed position is an order in it,
    good till cancelled, at its price path's price (``AtBankruptcy``: none sells so low that it is
    bankrupt, as on Quedex). Everybody's ordinary orders collect beside them. After ``every`` ns all
    that can trade does, at one price (``lob.venue.call_auction``; the reference is the mark),
    what is left of the failed positions is taken back, and the book goes on; after ``pause`` ns
    they may be in the next call.

    Whoever wants the lots sends ordinary orders: there is no bid beside the book. The offer of a
    call, one for each side with the tag of the first case, says what is in it (``Collected``). A
    call that somebody else began is joined, and left to him to end. In a halted book nothing is
    done; a position whose price is outside the book's band stays out of it.

    Parameters
    ----------
    every
        ns: how long a call collects.
    pause
        ns after a call of the design until its next in the same book. Without it the book would
        never trade continuously, and who sells by market order (the next stage) never could.
    """

    waits_for = (Session.HALTED,)

    every: int = SECOND_NS
    pause: int = SECOND_NS // 2

    def __post_init__(self) -> None:
        integer("every", self.every, 1)
        integer("pause", self.pause, 0)

    def attach(self, design: TakerContext) -> None:
        """Open the accounts that these takers need, once their design has a clearing."""
        calls = design.shared(Calls)
        if not calls.number:
            calls.number = design.add_facility(calls)

    def offer(
        self, design: TakerContext, case: int, holding: int, lots: int, price: OfferPrice
    ) -> bool:
        """Offer lots of a case to these takers at a price or better; whether any of it worked."""
        now, number = design.now, design.instrument(holding)
        if not design.has_book(holding):
            return False
        limit = price.price_at(now)
        if limit is None:
            limit = bankruptcy_limit(design, case, holding)
        low, high = design.clearing.market.books[number].band
        if (low is not None and limit < low) or (high is not None and limit > high):
            return False
        call = design.shared(Calls).begin(design, holding, self.every, self.pause)
        if call is None:
            return False
        side = taker_side(design, case, holding)
        design.rest(case, lots, limit, holding=holding)
        call.members[case] = lots
        sale = Sale(holding, side, lots, Collected(), now, call.closes, True, call.closes)
        leader = call.leaders.setdefault(side, case)
        if leader == case:
            design.start_sale(case, sale, bids=True)
        else:
            design.progress[case].sale = sale
            design.change_sale(leader, size=design.offers[design.tag(leader)].size + lots)
        return True

    def due(self, design: TakerContext, case: int, ts: int) -> None:
        """End the call, if its time has come before it could end itself at this time."""
        design.shared(Calls).on_due(design, ts)

    def withdraw(self, design: TakerContext, case: int) -> None:
        """Take back what a case has on offer or in the book, as its stage is done with it.

        Where the account is flat, or a foreign call has ended.
        """
        design.recall(case)
        calls: Calls = design.shared(Calls)
        for number, call in calls.of.items():
            if case in call.members:
                calls.leave(design, case, number)
                break
        design.end_sale(case)
