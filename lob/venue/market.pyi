from typing_extensions import disjoint_base

from lob.book import OrderBook
from lob.clearing.claim_graph import Claims
from lob.instrument import Instrument

@disjoint_base
class Market:
    @property
    def now(self) -> int: ...
    @property
    def deadline(self) -> int: ...
    @property
    def books(self) -> tuple[OrderBook, ...]: ...
    @property
    def instruments(self) -> tuple[Instrument, ...]: ...
    @property
    def claims(self) -> Claims | None: ...
