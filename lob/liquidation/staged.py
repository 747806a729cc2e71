"""A design as an ordered list of stages, each made of interchangeable parts.

============  ===================================================================================
trigger       when does this stage take a case over, and keep it? ``lob.liquidation.parts.triggers``
sizing        how much of a position is offered now? ``lob.liquidation.parts.sizing``
price path    at what price, over time? ``lob.liquidation.parts.price_paths``
takers        who may take it? ``takers``, ``english``, ``auctions``, ``facilities``...
settlement    what becomes of an account that is flat? ``lob.liquidation.parts.settlement``
limits        what bounds it? ``lob.liquidation.parts.limits``
============  ===================================================================================

A stage works on a case again after ``every`` ns, until the account is flat (it is settled), safe
(it is released), or the stage gives up: its trigger does not hold any more, it has had the case for
``patience`` ns, or its takers have nothing for it and it ``moves_on``. Then the next stage has it.
What the last stage gives up, the lenders take over at the mark: so every case ends.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from lob.checks import integer
from lob.liquidation.design import LiquidationDesign
from lob.liquidation.offers import Offer
from lob.liquidation.parts.limits import Unlimited
from lob.liquidation.parts.price_paths import AtMark, AtMarket
from lob.liquidation.parts.protocols import Limits, PricePath, Settlement, Sizing, Takers, Trigger
from lob.liquidation.parts.settlement import Waterfall
from lob.liquidation.parts.sizing import All
from lob.liquidation.parts.triggers import Always
from lob.liquidation.sale import AuctionStart, Progress, Sale
from lob.liquidation.takers.book import Book, Lenders
from lob.types import Reason, Session
from lob.units import SECOND_NS

__all__ = ["Stage", "StagedDesign"]

Kept = TypeVar("Kept")

FOREVER = 2**62
SOCIALISE = -1
"""The number that stands for no case but the losses that others bear; facilities follow it."""


@dataclass(frozen=True)
class Stage:
    """A stage of a design: its six parts, how often it acts, and when it gives up."""

    trigger: Trigger = field(default_factory=Always)
    sizing: Sizing = field(default_factory=All)
    price_path: PricePath = field(default_factory=AtMarket)
    takers: Takers = field(default_factory=Book)
    settlement: Settlement = field(default_factory=Waterfall)
    limits: Limits = field(default_factory=Unlimited)
    every: int = SECOND_NS
    """ns between two attempts of the stage on a case."""
    patience: int = FOREVER
    """ns after the stage took over at which the next one does."""
    moves_on: bool = False
    """Whether the next stage takes at once what the takers of this one leave."""
    binding: bool = False
    """Whether the account has lost its position: it is not given back if it is safe again."""


class StagedDesign(LiquidationDesign):
    """Stages in their order.

    Parameters
    ----------
    stages
        At least one. ``StagedDesign([Stage()])`` does what ``MarketSale()`` does.
    socialise_every
        ns within which others bear what a ``Waterfall`` leaves to them: one pass for all.

    Examples
    --------
    A tier down at a time for ten seconds, then everything at once:

    >>> from lob.liquidation.parts.sizing import DownTier
    >>> design = StagedDesign([Stage(sizing=DownTier(), patience=10_000_000_000), Stage()])
    """

    def __init__(self, stages: Sequence[Stage], *, socialise_every: int = SECOND_NS) -> None:
        super().__init__()
        self.stages = tuple(stages)
        if not 1 <= len(self.stages) <= 256:
            raise ValueError(f"stages must be 1 to 256, got {len(self.stages)}")
        for number, stage in enumerate(self.stages):
            integer(f"stages[{number}].every", stage.every, 1)
            integer(f"stages[{number}].patience", stage.patience, 0)
            if not isinstance(stage.takers, Takers):
                raise TypeError(f"stages[{number}].takers must be Takers, got {stage.takers!r}")
        self.socialise_every = integer("socialise_every", socialise_every, 0)
        self.last_resort = Lenders()
        self.progress: dict[int, Progress] = {}
        self.at_auction: dict[int, int] = {}
        self.kept: dict[type, Any] = {}
        self.facilities: list[Any] = []
        self.socialising = False

    # ---------------------------------------------------------------- what clearing calls

    def attached(self) -> None:
        """Let the takers open the accounts that they need."""
        for stage in self.stages:
            stage.takers.attach(self)

    def on_failure(self, case: int) -> None:
        """Begin with an account that has failed: its case goes to the first stage."""
        self.progress[case] = Progress(self.now)
        self.work(case)

    def on_due(self, case: int, ts: int) -> None:
        """Another attempt, the next step of an auction, or the next stage's first attempt."""
        if case < 0:
            self._nobodys(case, ts)
            return
        progress = self.progress.get(case)
        if progress is None or progress.look != ts:
            return
        progress.look = -1
        if progress.sale is not None and progress.sale.next <= ts:
            takers = self.stages[self.stage(case)].takers
            takers.due(self, case, ts)
            if progress.sale is not None and progress.sale.next <= ts:
                raise RuntimeError(
                    f"{type(takers).__name__} asked to be called at {ts} ns, and then again at "
                    "that time: a sale must end or ask for a later time in ``due``"
                )
        self.go_on(case)

    def on_take(self, case: int, account: int, size: int, price: int) -> Reason:
        """Answer a TAKE of what is on offer of a case, see ``LiquidationDesign.on_take``."""
        progress = self.progress.get(case)
        if progress is None or progress.sale is None or not self.may_run(case, account):
            return Reason.NOT_ON_OFFER
        reason = self.stages[self.stage(case)].takers.take(self, case, account, size, price)
        if reason == Reason.NONE:
            self.go_on(case)
        return reason

    def on_bid(self, case: int, account: int, size: int, price: int) -> Reason:
        """Answer a BID at an auction of a case, see ``LiquidationDesign.on_bid``."""
        progress = self.progress.get(case)
        if progress is None or progress.sale is None:
            return Reason.NOT_ON_OFFER
        return self.stages[self.stage(case)].takers.bid(self, case, account, size, price)

    def on_filled(self, case: int, size: int, price: int) -> None:
        """An order of a case that rests has traded: it is looked at after the message."""
        progress = self.progress.get(case)
        if progress is not None:
            self.look_at(case, self.now)

    # ---------------------------------------------------------------- the machine

    def go_on(self, case: int) -> None:
        """After something happened: the case ends, waits, or is worked on."""
        progress = self.progress[case]
        sale = progress.sale
        if self.is_flat(case):
            self.finish(case)
            return
        binding = self.stages[self.stage(case)].binding or (sale is not None and sale.binding)
        if not binding and self.is_safe(case):
            self.give_back(case)
            return
        now = self.now
        stage = self.stage(case)
        waits = self._waits(case, self.stages[stage], progress)
        timed_out = not waits and now >= progress.entered + self.stages[stage].patience
        if sale is not None:
            if sale.binding or not timed_out:
                self.look_at(case, max(now, sale.next))
                return
            self.stages[stage].takers.withdraw(self, case)
        if timed_out:
            self.next_stage(case)
        else:
            self.work(case)

    def work(self, case: int) -> None:
        """Let the stage that has the case act, and the next ones where it moves on."""
        last = len(self.stages) - 1
        progress = self.progress[case]
        number = self.stage(case)
        while number < last and not self.stages[number].trigger.holds(self, case):
            number = self._enter(case, number + 1)
        stage = self.stages[number]
        waits = self._waits(case, stage, progress)
        done = self.act(case, stage)
        progress.attempts += not waits
        if self.is_flat(case):
            self.finish(case)
            return
        now = self.now
        if progress.sale is not None:
            self.look_at(case, max(now, progress.sale.next))
        elif waits:
            self.look_at(case, now + stage.every)
        elif stage.moves_on and not (done and self.has_resting(case)):
            if done and not stage.binding and self.is_safe(case):
                self.give_back(case)
            else:
                self.next_stage(case)
        else:
            self.look_at(case, now + min(stage.every, self._left(number, progress, now)))

    def act(self, case: int, stage: Stage) -> bool:
        """Offer what the account holds, holding by holding; whether anybody had a use for it."""
        done = False
        for holding in range(len(self.clearing.holdings)):
            if not self.held(case, holding):
                continue
            lots = stage.sizing.lots(self, case, holding)
            if lots:
                lots = stage.limits.allow(self, case, holding, lots)
            if lots:
                price = stage.price_path.quote(self, case, holding)
                done |= stage.takers.offer(self, case, holding, lots, price)
                if self.progress[case].sale is not None:
                    return True
        return done

    def next_stage(self, case: int) -> None:
        """Let the next stage have a case; after the last one the lenders take it over."""
        number = self.stage(case)
        self.stages[number].takers.withdraw(self, case)
        if number + 1 < len(self.stages):
            self._enter(case, number + 1)
            self.work(case)
            return
        for holding in range(len(self.clearing.holdings)):
            held = abs(self.held(case, holding))
            if held:
                self.last_resort.offer(
                    self, case, holding, held, AtMark().quote(self, case, holding)
                )
        self.finish(case)

    def finish(self, case: int) -> None:
        """End a case whose account is flat, by the settlement of its stage."""
        stage = self.stages[self.stage(case)]
        stage.takers.withdraw(self, case)
        del self.progress[case]
        stage.settlement.settle(self, case)

    def give_back(self, case: int) -> None:
        """Release a case whose account is safe with what it still has."""
        self.stages[self.stage(case)].takers.withdraw(self, case)
        del self.progress[case]
        self.release(case)

    def look_at(self, case: int, ts: int) -> None:
        """Look at a case at a time; what was asked for before does not count any more."""
        self.progress[case].look = ts
        self.call_back(case, ts)

    def _enter(self, case: int, number: int) -> int:
        self.enter_stage(case, number)
        progress = self.progress[case]
        progress.entered = self.now
        progress.stopped = -1
        progress.attempts = 0
        progress.auction_start = None
        return number

    def _waits(self, case: int, stage: Stage, progress: Progress) -> bool:
        """Whether no book of what the account holds trades as the stage needs it to.

        The stage's patience does not run out meanwhile, as far as it is looked at.
        """
        sessions: list[Session] = []
        if stage.takers.waits_for:
            held = (i for i in range(len(self.clearing.holdings)) if self.held(case, i))
            sessions = [found for found in map(self.session, held) if found is not None]
        waits = bool(sessions) and all(found in stage.takers.waits_for for found in sessions)
        if waits and progress.stopped < 0:
            progress.stopped = self.now
        elif not waits and progress.stopped >= 0:
            progress.entered += self.now - progress.stopped
            progress.stopped = -1
        return waits

    def _left(self, number: int, progress: Progress, now: int) -> int:
        return max(1, progress.entered + self.stages[number].patience - now)

    def _nobodys(self, case: int, ts: int) -> None:
        if case == SOCIALISE:
            self.socialising = False
            self.clearing.socialise()
        else:
            self.facilities[SOCIALISE - 1 - case].on_due(self, ts)

    # ---------------------------------------------------------------- what the parts call

    def attempts(self, case: int) -> int:
        """How often the stage that has a case has acted on it already."""
        return self.progress[case].attempts

    def may_run(self, case: int, account: int) -> bool:
        """Whether an account may take: all may, unless one has bought the right (``SealedBid``)."""
        runner = self.progress[case].runner
        return runner is None or runner[0] == account or self.now >= runner[1]

    def start_sale(
        self, case: int, sale: Sale, *, bids: bool = False, least: int = 1, note: bool = True
    ) -> None:
        """Let lots of a case be on offer, and the debt that they are to raise count as at auction.

        Parameters
        ----------
        bids
            Whether BID is wanted, not TAKE.
        least
            Lots: see ``Offer``.
        """
        self.progress[case].sale = sale
        if sale.target:
            sale.outstanding = sale.target
            self.at_auction[sale.holding] = self.at_auction.get(sale.holding, 0) + sale.target
        clearing = self.clearing
        self.open_offer(
            Offer(
                self.tag(case),
                clearing.number,
                self.account_of(case),
                sale.holding,
                self.instrument(sale.holding),
                sale.side,
                sale.lots,
                min(least, sale.lots),
                sale.opened,
                sale.closes,
                sale.price,
                bids,
                sale.reward,
            )
        )
        if note:
            self.note_auction(case, sale.lots, sale.price.price_at(sale.opened) or 0)

    def change_sale(self, case: int, **fields: Any) -> None:
        """Change the open offer of a case: fields of ``Offer`` by name."""
        self.open_offer(self.offers[self.tag(case)]._replace(**fields))

    def end_sale(self, case: int) -> None:
        """Close the open offer of a case, if it has one."""
        progress = self.progress.get(case)
        if progress is None or progress.sale is None:
            return
        self.raised(progress.sale, progress.sale.outstanding)
        progress.sale = None
        self.close_offer(self.tag(case))

    def raised(self, sale: Sale, amount: int) -> None:
        """Let so much of a sale's debt not count as at auction any more."""
        amount = min(amount, sale.outstanding)
        if amount > 0:
            sale.outstanding -= amount
            self.at_auction[sale.holding] -= amount

    def start_auction_for(self, case: int, target: int, debt: int) -> None:
        """Note what the next auction of a case is to raise, and what of that is the debt."""
        self.progress[case].auction_start = AuctionStart(target, debt)

    def to_be_raised(self, holding: int | None) -> int:
        """Units of cash that auctions are to raise: of one holding, or of all (``None``)."""
        if holding is None:
            return sum(self.at_auction.values())
        return self.at_auction.get(holding, 0)

    def shared(self, kind: type[Kept]) -> Kept:
        """What the design keeps of a kind for all of its takers: made with no arguments, once."""
        if kind not in self.kept:
            self.kept[kind] = kind()
        found: Kept = self.kept[kind]
        return found

    @property
    def now(self) -> int:
        """The time of the venue, ns."""
        time: int = self.clearing.market.now
        return time

    @property
    def fund(self) -> int:
        """Number in the ledger of the insurance fund's account."""
        return self.clearing.fund

    @property
    def holdings(self) -> list[Any]:
        """The ``lob.clearing.Holding`` of the clearing, by number."""
        return self.clearing.holdings

    def socialise_soon(self) -> None:
        """Let others bear the losses that nobody has borne, within ``socialise_every``."""
        if not self.socialising:
            self.socialising = True
            self.call_back(SOCIALISE, self.now + self.socialise_every)

    def add_facility(self, facility: Any) -> int:
        """Let a facility be called back: ``on_due(design, ts)``. Its number, below 0."""
        self.facilities.append(facility)
        return SOCIALISE - len(self.facilities)
