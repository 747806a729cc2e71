from typing_extensions import disjoint_base

__all__ = ["OpenOrders"]

@disjoint_base
class OpenOrders:
    def __init__(self) -> None: ...
    @property
    def count(self) -> int: ...
