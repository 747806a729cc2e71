"""Shocks of a scenario, all kinds."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Discriminator, Tag

from experiments.markets.written import meant
from experiments.scenario.gaps import GapTable
from experiments.scenario.news_shocks import PricePathShockTable
from experiments.scenario.oracle_faults import OracleFaultTable
from experiments.scenario.own_shocks import OwnShockTable
from experiments.scenario.recorded_orders import RecordedOrdersTable
from experiments.scenario.sales import ShockTable, evenly
from experiments.scenario.shock import BaseShock
from experiments.scenario.shock_sizes import SIZES
from experiments.scenario.user_code import names_user_code
from experiments.scenario.withdrawals import WithdrawalTable

__all__ = ["SHOCKS", "Shock", "ShockTable", "SizedShock", "evenly", "without_shock"]

SHOCKS: dict[str, type[BaseShock]] = {
    "sale": ShockTable,
    "gap": GapTable,
    "price-path": PricePathShockTable,
    "withdrawal": WithdrawalTable,
    "oracle-fault": OracleFaultTable,
    "recorded": RecordedOrdersTable,
}
"""Tables of shocks by kind, besides those of the user's own."""

SizedShock = ShockTable | GapTable
"""Shocks that have a size, which can be varied."""


def _tag(given: Any) -> str:
    """Which table it is of: one without a kind is a sale, or a gap if it has one."""
    if not isinstance(given, Mapping):
        kind = str(getattr(given, "kind", None))
    else:
        kind = str(given.get("kind", "gap" if "gap" in given else "sale"))
    return OwnShockTable.TAG if names_user_code(kind) else kind


def _known(given: Any) -> Any:
    """Refuse what is of no kind, with the nearest that there is."""
    tag = _tag(given)
    if tag not in SHOCKS and not (tag == OwnShockTable.TAG and _is_own(given)):
        if not isinstance(given, Mapping):
            raise ValueError(f"a shock is a table, got {given!r}")
        raise ValueError(
            f"no shock is called {given['kind']!r}: {meant(tag, SHOCKS)}; one of your own is "
            "FILE.py:NAME"
        )
    if isinstance(given, Mapping) and tag not in ("sale", "gap"):
        sizes = [key for key in SIZES if key in given]
        if sizes:
            raise ValueError(f"a shock of the kind {tag} has no {sizes[0]}: it has no size")
    return given


def _is_own(given: Any) -> bool:
    kind = given.get("kind") if isinstance(given, Mapping) else getattr(given, "kind", None)
    return names_user_code(str(kind))


Shock = Annotated[
    Annotated[ShockTable, Tag("sale")]
    | Annotated[GapTable, Tag("gap")]
    | Annotated[PricePathShockTable, Tag("price-path")]
    | Annotated[WithdrawalTable, Tag("withdrawal")]
    | Annotated[OracleFaultTable, Tag("oracle-fault")]
    | Annotated[RecordedOrdersTable, Tag("recorded")]
    | Annotated[OwnShockTable, Tag("own")],
    Discriminator(_tag),
    BeforeValidator(_known),
]
"""A shock of any kind."""


def without_shock(one: BaseShock) -> ShockTable:
    """The sale of a single lot in place of a shock, to have something to measure.

    Parameters
    ----------
    one
        The shock.
    """
    if isinstance(one, ShockTable) and one.lots is not None:
        return one.model_copy(update={"lots": 1})
    return ShockTable(instrument=one.instrument, at=one.at, side=one.side, lots=1)
