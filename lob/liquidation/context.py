"""What the parts of a stage may ask of a design, and what they may have it do.

A part knows a case by its number and the design by these protocols only, so a test gives it a few
lines in place of a design, and a design of another make can use the parts that there are.
``StagedDesign`` has all of it. Prices are ticks, sizes lots, times ns, amounts units of cash.
"""

from collections.abc import Sequence
from typing import Any, Protocol, SupportsIndex, TypeVar

from lob.clearing.clearing import Clearing
from lob.clearing.holding import Holding
from lob.liquidation.offers import Offer
from lob.liquidation.sale import Progress, Sale
from lob.types import EntryKind, Reason, Session

__all__ = ["CaseContext", "TakerContext"]

Shared = TypeVar("Shared")


class CaseContext(Protocol):
    """What triggers, sizing, price paths and limits may ask about a case."""

    @property
    def now(self) -> int:
        """The time of the venue in ns, to which it has advanced."""
        ...

    @property
    def fund(self) -> int:
        """Number in the ledger of the insurance fund's account."""
        ...

    @property
    def holdings(self) -> Sequence[Holding]:
        """The ``lob.clearing.Holding`` of the clearing, by number."""
        ...

    def held(self, case: SupportsIndex, holding: SupportsIndex = 0) -> int:
        """Lots of a holding that the failed account of a case still has, signed."""
        ...

    def cash(self, case: SupportsIndex) -> int:
        """Units of cash of the failed account of a case; negative: its debt."""
        ...

    def balance(self, account: SupportsIndex) -> int:
        """Units of cash of any account by its number, for example of the ``fund``."""
        ...

    def mark(self, holding: SupportsIndex = 0) -> int | None:
        """The mark of a holding in ticks, which clearing believes; ``None`` before the first."""
        ...

    def multiplier(self, holding: SupportsIndex = 0) -> int:
        """Units of cash that one lot of a holding is worth for each tick."""
        ...

    def is_inverse(self, holding: SupportsIndex = 0) -> bool:
        """Whether a holding is an inverse contract, worth lots over price."""
        ...

    def exposure(self, case: SupportsIndex) -> tuple[int, int, int, int]:
        """Assets and debts at the marks, and the margin that is kept back of each."""
        ...

    def equity(self, case: SupportsIndex) -> int | None:
        """Cash and holdings at the marks; ``None`` where a mark is missing."""
        ...

    def maintenance(self, case: SupportsIndex) -> int | None:
        """The maintenance margin, rounded up; ``None`` where a mark is missing."""
        ...

    def bankruptcy_price(self, case: SupportsIndex, holding: SupportsIndex = 0) -> int | None:
        """The price that leaves the account with nothing; ``None``: no price does."""
        ...

    def attempts(self, case: int) -> int:
        """How often the stage that has a case has acted on it already."""
        ...

    def to_be_raised(self, holding: int | None) -> int:
        """What open auctions are to raise, of one holding or of all (``None``)."""
        ...

    def start_auction_for(self, case: int, target: int, debt: int) -> None:
        """Note what the next auction of a case is to raise, and what of that is the debt."""
        ...


class TakerContext(CaseContext, Protocol):
    """What takers and settlements may do beside: trade, move, offer, end."""

    @property
    def clearing(self) -> Clearing:
        """The clearing that the design belongs to, with its ledger and its market."""
        ...

    @property
    def offers(self) -> dict[int, Offer]:
        """The offers that are open, by the tag of their case."""
        ...

    @property
    def listeners(self) -> list[Any]:
        """Who is told of offers that open, change and close: ``OfferListener``."""
        ...

    @property
    def stages(self) -> Sequence[Any]:
        """The stages of the design in their order, each with its parts."""
        ...

    @property
    def progress(self) -> dict[int, Progress]:
        """How far each open case is, by its number."""
        ...

    # ---------------------------------------------------------------- about the case

    def account_of(self, case: SupportsIndex) -> int:
        """Number in the ledger of the account that failed in a case."""
        ...

    def tag(self, case: SupportsIndex) -> int:
        """The tag of a case: it marks all orders and postings that are done for it."""
        ...

    def stage(self, case: SupportsIndex) -> int:
        """Number of the stage that has a case, from 0."""
        ...

    def instrument(self, holding: SupportsIndex = 0) -> int:
        """Number in the venue of the book that trades a holding."""
        ...

    def has_book(self, holding: SupportsIndex = 0) -> bool:
        """Whether a book trades a holding; a claim may have none."""
        ...

    def session(self, holding: SupportsIndex = 0) -> Session | None:
        """The session of the book that trades a holding; ``None``: no book does."""
        ...

    def is_safe(self, case: SupportsIndex) -> bool:
        """Whether the failed account of a case has its maintenance margin again."""
        ...

    def best(self, case: SupportsIndex, holding: SupportsIndex = 0) -> int | None:
        """The best price in the book against the account's position; ``None``: nobody is there."""
        ...

    def best_price(self, holding: SupportsIndex, side: SupportsIndex) -> int | None:
        """The best price in ticks in a holding's book against positions of a side."""
        ...

    def position(self, account: SupportsIndex, holding: SupportsIndex = 0) -> int:
        """Lots of a holding of any account, signed; 0 where a liquidation has it."""
        ...

    def opposing(self, holding: SupportsIndex, side: SupportsIndex) -> list[tuple[int, int, int]]:
        """The safe accounts with a position of a side: (account, lots, cash)."""
        ...

    # ---------------------------------------------------------------- trading and moving

    def sell(
        self,
        case: SupportsIndex,
        size: SupportsIndex,
        price: SupportsIndex | None = None,
        *,
        holding: SupportsIndex = 0,
    ) -> None:
        """Trade lots of the account toward zero in the book, at a price or better.

        At once, or in the call that the book collects for.
        """
        ...

    def rest(
        self,
        case: SupportsIndex,
        size: SupportsIndex,
        price: SupportsIndex,
        *,
        holding: SupportsIndex = 0,
    ) -> None:
        """Let an order of the failed account rest in the book, for lots at a price in ticks."""
        ...

    def has_resting(self, case: int) -> bool:
        """Whether an order of a case rests in a book, or waits in a call."""
        ...

    def recall(self, case: SupportsIndex, holding: SupportsIndex | None = None) -> None:
        """Cancel what rests in a book for a case, or waits in a call.

        Of one holding only what waits, or has waited, in a call of its book.
        """
        ...

    def sell_from(
        self,
        account: SupportsIndex,
        size: SupportsIndex,
        tag: SupportsIndex,
        *,
        holding: SupportsIndex = 0,
    ) -> None:
        """Let a facility's account trade lots toward zero in the book."""
        ...

    def take_over(
        self,
        case: SupportsIndex,
        account: SupportsIndex,
        size: SupportsIndex,
        price: SupportsIndex,
        *,
        holding: SupportsIndex = 0,
        adl: bool = False,
    ) -> None:
        """Let another account take lots of a failed position over, at a price in ticks."""
        ...

    def hand_over(self, case: SupportsIndex, account: SupportsIndex) -> None:
        """Let another account have all that the failed one has, its debt too."""
        ...

    def give_lots(
        self,
        case: SupportsIndex,
        account: SupportsIndex,
        size: SupportsIndex,
        *,
        holding: SupportsIndex = 0,
        paid: SupportsIndex = 0,
    ) -> None:
        """Move lots of a failed account to another, for cash that moves apart."""
        ...

    def spread(self, account: SupportsIndex, holding: SupportsIndex = 0) -> bool:
        """Share out what an account has over other borrowers; whether there was anybody."""
        ...

    def pay(
        self,
        case: SupportsIndex,
        debit: SupportsIndex,
        credit: SupportsIndex,
        amount: SupportsIndex,
        kind: EntryKind = ...,
    ) -> None:
        """Move units of cash between two accounts as part of a case."""
        ...

    def put_up(self, case: int, account: int, to: int, amount: int) -> Reason:
        """Let a bidder pay units of cash, if he can: ``NONE``, or why not."""
        ...

    def refusal_to_carry(
        self,
        account: SupportsIndex,
        lots: SupportsIndex,
        cash: SupportsIndex,
        *,
        holding: SupportsIndex = 0,
    ) -> Reason:
        """Why an account may not take lots for cash; ``NONE``: it may."""
        ...

    # ---------------------------------------------------------------- offers and time

    def start_sale(
        self, case: int, sale: Sale, *, bids: bool = False, least: int = 1, note: bool = True
    ) -> None:
        """Let lots of a case be on offer from now on."""
        ...

    def change_sale(self, case: int, **fields: Any) -> None:
        """Change the open offer of a case: fields of ``Offer`` by name."""
        ...

    def end_sale(self, case: int) -> None:
        """Close the open offer of a case, if it has one."""
        ...

    def raised(self, sale: Sale, amount: int) -> None:
        """Note that a sale has brought in units of cash of its target."""
        ...

    def note_auction(
        self, case: SupportsIndex, amount: SupportsIndex, price: SupportsIndex
    ) -> None:
        """Write a step of an auction into the journal: lots on offer, ticks asked or bid."""
        ...

    def look_at(self, case: int, ts: int) -> None:
        """Have a case looked at again at a time in ns."""
        ...

    def call_back(self, case: SupportsIndex, ts: SupportsIndex) -> None:
        """Call a facility back, by its number, at a time in ns."""
        ...

    def add_facility(self, facility: Any) -> int:
        """Let a facility be called back: ``on_due(design, ts)``. Its number, below 0."""
        ...

    def shared(self, kind: type[Shared]) -> Shared:
        """What the design keeps of a kind for all of its takers: made with no arguments, once."""
        ...

    # ---------------------------------------------------------------- ending

    def settle(self, case: SupportsIndex, payers: Sequence[int] | None = None) -> None:
        """End the case of an account that is flat; who pays what is missing, in order."""
        ...

    def socialise_soon(self) -> None:
        """Have the losses that nobody has borne shared among the accounts with equity."""
        ...
