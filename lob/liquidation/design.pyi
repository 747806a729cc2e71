from collections.abc import Sequence
from typing import SupportsIndex

from typing_extensions import disjoint_base

from lob.liquidation.case_view import CaseView
from lob.liquidation.offers import Offer
from lob.types import EntryKind, Reason

__all__ = ["LiquidationDesign"]

@disjoint_base
class LiquidationDesign(CaseView):
    def on_failure(self, case: int) -> None: ...
    def on_due(self, case: int, ts: int) -> None: ...
    def on_take(self, case: int, account: int, size: int, price: int) -> Reason: ...
    def on_bid(self, case: int, account: int, size: int, price: int) -> Reason: ...
    def on_filled(self, case: int, size: int, price: int) -> None: ...
    def enter_stage(self, case: SupportsIndex, stage: SupportsIndex) -> None: ...
    def sell(
        self,
        case: SupportsIndex,
        size: SupportsIndex,
        price: SupportsIndex | None = None,
        *,
        holding: SupportsIndex = 0,
    ) -> None: ...
    def rest(
        self,
        case: SupportsIndex,
        size: SupportsIndex,
        price: SupportsIndex,
        *,
        holding: SupportsIndex = 0,
    ) -> None: ...
    def has_resting(self, case: int) -> bool: ...
    def recall(self, case: SupportsIndex, holding: SupportsIndex | None = None) -> None: ...
    def put_up(self, case: int, account: int, to: int, amount: int) -> Reason: ...
    def take_over(
        self,
        case: SupportsIndex,
        account: SupportsIndex,
        size: SupportsIndex,
        price: SupportsIndex,
        *,
        holding: SupportsIndex = 0,
        adl: bool = False,
    ) -> None: ...
    def hand_over(self, case: SupportsIndex, account: SupportsIndex) -> None: ...
    def pay(
        self,
        case: SupportsIndex,
        debit: SupportsIndex,
        credit: SupportsIndex,
        amount: SupportsIndex,
        kind: EntryKind = ...,
    ) -> None: ...
    def give_lots(
        self,
        case: SupportsIndex,
        account: SupportsIndex,
        size: SupportsIndex,
        *,
        holding: SupportsIndex = 0,
        paid: SupportsIndex = 0,
    ) -> None: ...
    def sell_from(
        self,
        account: SupportsIndex,
        size: SupportsIndex,
        tag: SupportsIndex,
        *,
        holding: SupportsIndex = 0,
    ) -> None: ...
    def spread(self, account: SupportsIndex, holding: SupportsIndex = 0) -> bool: ...
    def open_offer(self, offer: Offer) -> None: ...
    def close_offer(self, tag: int) -> None: ...
    def note_auction(
        self, case: SupportsIndex, amount: SupportsIndex, price: SupportsIndex
    ) -> None: ...
    def settle(self, case: SupportsIndex, payers: Sequence[int] | None = None) -> None: ...
    def release(self, case: SupportsIndex) -> None: ...
    def call_back(self, case: SupportsIndex, ts: SupportsIndex) -> None: ...
