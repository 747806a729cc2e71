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
from lob.types import EntryKind, Reason

__all__ = ["CaseContext", "TakerContext"]

Shared = TypeVar("Shared")


class CaseContext(Protocol):
    """What triggers, sizing, price paths and limits may ask about a case."""

    @property
    def now(self) -> int:
        """The time of the venue."""
        ...

    @property
    def fund(self) -> int:
        """Account number of the insurance fund."""
        ...

    @property
    def holdings(self) -> Sequence[Holding]:
        """The ``lob.clearing.Holding`` of the clearing, by number."""
        ...

    def held(self, case: SupportsIndex, holding: SupportsIndex = 0) -> int:
        """Signed lots that the account has of a holding."""
        ...

    def cash(self, case: SupportsIndex) -> int:
        """The account's cash; negative: its debt."""
        ...

    def balance(self, account: SupportsIndex) -> int:
        """The cash of any account, for example of the ``fund``."""
        ...

    def mark(self, holding: SupportsIndex = 0) -> int | None:
        """The price that clearing believes; ``None`` before the first."""
        ...

    def multiplier(self, holding: SupportsIndex = 0) -> int:
        """Units of cash that a lot is worth for each tick."""
        ...

    def is_inverse(self, holding: SupportsIndex = 0) -> bool:
        """Whether a holding is an inverse contract."""
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
        """How often the present stage has acted on the case."""
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
        """The clearing, with its ledger and its market."""
        ...

    @property
    def offers(self) -> dict[int, Offer]:
        """What is on offer, by tag."""
        ...

    @property
    def listeners(self) -> list[Any]:
        """Who hears of offers."""
        ...

    @property
    def stages(self) -> Sequence[Any]:
        """The stages of the design, each with its parts."""
        ...

    @property
    def progress(self) -> dict[int, Progress]:
        """How far the liquidation of each open case has come: its stage, and since when."""
        ...

    # ---------------------------------------------------------------- about the case

    def account_of(self, case: SupportsIndex) -> int:
        """Number of the account that failed."""
        ...

    def tag(self, case: SupportsIndex) -> int:
        """What marks all that is done for the case."""
        ...

    def stage(self, case: SupportsIndex) -> int:
        """Number of the stage that has the case."""
        ...

    def instrument(self, holding: SupportsIndex = 0) -> int:
        """Number of the book that trades a holding."""
        ...

    def has_book(self, holding: SupportsIndex = 0) -> bool:
        """Whether a holding can be sold in a book at all."""
        ...

    def is_safe(self, case: SupportsIndex) -> bool:
        """Whether the account has its maintenance margin again."""
        ...

    def best(self, case: SupportsIndex, holding: SupportsIndex = 0) -> int | None:
        """The best price in the book against the account's position; ``None``: nobody is there."""
        ...

    def best_price(self, holding: SupportsIndex, side: SupportsIndex) -> int | None:
        """The best price in ticks at which the book would close a position of a side."""
        ...

    def position(self, account: SupportsIndex, holding: SupportsIndex = 0) -> int:
        """Signed lots of any account."""
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
        """Trade lots of the account toward zero in the book, at once, at a price or better."""
        ...

    def rest(
        self,
        case: SupportsIndex,
        size: SupportsIndex,
        price: SupportsIndex,
        *,
        holding: SupportsIndex = 0,
    ) -> None:
        """Let an order of the account rest in the book."""
        ...

    def has_resting(self, case: int) -> bool:
        """Whether an order of the case rests."""
        ...

    def recall(self, case: SupportsIndex) -> None:
        """Cancel what rests for the case."""
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
        """Let another account take lots of the position at a price."""
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
        """Move lots to another account, for cash that moves apart."""
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
        """Move cash between two accounts as part of the case."""
        ...

    def put_up(self, case: int, account: int, to: int, amount: int) -> Reason:
        """Let a bidder pay cash, if he can."""
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
        """Let lots of the case be on offer."""
        ...

    def change_sale(self, case: int, **fields: Any) -> None:
        """Let an offer be another one: fields of ``Offer``."""
        ...

    def end_sale(self, case: int) -> None:
        """Let nothing of the case be on offer."""
        ...

    def raised(self, sale: Sale, amount: int) -> None:
        """Note that a sale has brought in cash."""
        ...

    def note_auction(
        self, case: SupportsIndex, amount: SupportsIndex, price: SupportsIndex
    ) -> None:
        """Write a step of an auction into the journal."""
        ...

    def look_at(self, case: int, ts: int) -> None:
        """Look at the case at a time."""
        ...

    def call_back(self, case: SupportsIndex, ts: SupportsIndex) -> None:
        """Call a facility back at a time, by its number."""
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
        """Let others bear the losses that nobody has borne."""
        ...
