from typing import SupportsIndex

from typing_extensions import disjoint_base

from agents.leverage.accounts import Accounts
from agents.simulation import Participant

__all__ = ["MarginTraders"]

@disjoint_base
class MarginTraders(Participant):
    def __init__(
        self,
        name: str,
        accounts: Accounts,
        *,
        clearing: SupportsIndex = 0,
        holding: SupportsIndex = 0,
        cross: bool = False,
        again: SupportsIndex = 0,
        owner: SupportsIndex | None = None,
    ) -> None: ...
    @property
    def accounts(self) -> Accounts: ...
    @property
    def clearing(self) -> int: ...
    @property
    def holding(self) -> int: ...
    @property
    def cross(self) -> bool: ...
    @property
    def again(self) -> int: ...
    @property
    def first_account(self) -> int: ...
    @property
    def returned(self) -> int: ...
