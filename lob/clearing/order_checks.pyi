from typing import Any, Self, SupportsIndex, final

from lob.clearing.failure_queues import FailureQueues
from lob.clearing.margin_accounts import MarginAccounts
from lob.clearing.margin_excess import MarginExcess

__all__ = ["OrderChecks"]

@final
class OrderChecks:
    def __init__(
        self, accounts: MarginAccounts, excess: MarginExcess, queues: FailureQueues
    ) -> None: ...
    @property
    def accounts(self) -> MarginAccounts: ...
    @property
    def excess(self) -> MarginExcess: ...
    @property
    def queues(self) -> FailureQueues: ...
    def working_orders(
        self, account: SupportsIndex, holding: SupportsIndex = 0
    ) -> tuple[int, int]: ...
    def __deepcopy__(self, memo: dict[int, Any]) -> Self: ...
