from typing_extensions import disjoint_base

from lob.book import OrderBook
from lob.instrument import Instrument
from lob.venue.call_auction import Uncross

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
    def set_session(
        self, instrument: int, session: int, reference_price: int | None = None
    ) -> Uncross | None: ...
    def uncross(self, instrument: int, reference_price: int | None = None) -> Uncross | None: ...
