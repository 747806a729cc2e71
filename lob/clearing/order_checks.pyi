from typing import SupportsIndex

from lob.clearing.watched import WatchedAccounts

__all__ = ["OrderChecks"]

class OrderChecks(WatchedAccounts):
    def working_orders(
        self, account: SupportsIndex, holding: SupportsIndex = 0
    ) -> tuple[int, int]: ...
