"""Units of a scenario: in what its prices, sizes and cash are shown, and whether they fit together.

All accounts of a scenario have one cash. What its instruments pay must then be counted in one unit
of one asset, or an account's equity would be a sum of dollars and cents, or of dollars and bitcoin.
"""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

import lob
from experiments.markets.mistakes import Mistake
from experiments.scenario.instruments import InstrumentTable
from lob.real_units import RealUnits
from lob.units import write_number

__all__ = ["mistakes_in_units", "stated_instrument", "units_of"]


def stated_instrument(one: InstrumentTable, number: int) -> lob.Instrument:
    """Make an instrument that has all that its table says, the name of its quote too.

    In a run the quote of all books is the cash of the ledger; there that name is not used.

    Parameters
    ----------
    one
        The table.
    number
        Number of the instrument.
    """
    return lob.Instrument(
        one.name,
        number=number,
        tick_size=one.tick_size,
        lot_size=one.lot_size,
        multiplier=one.multiplier,
        inverse=one.inverse,
        base=one.base,
        quote=one.quote,
    )


def units_of(scenario: Any) -> RealUnits:
    """Find the units in which the numbers of a scenario are shown.

    Parameters
    ----------
    scenario
        Its tables.
    """
    names = [one.name for one in scenario.instruments]
    held = [
        {names.index(one.instrument) for one in clearing.holdings}
        for clearing in scenario.clearings
    ]
    return RealUnits.of(_instruments(scenario), held)


def mistakes_in_units(scenario: Any) -> Iterator[Mistake]:
    """Yield where instruments that accounts hold, or that trade one asset, count in other units.

    Parameters
    ----------
    scenario
        Its tables, of which names may still be wrong.
    """
    try:
        instruments = _instruments(scenario)
    except ValueError:
        return  # told when it is built
    yield from _coins_without_name(scenario)
    first: lob.Instrument | None = None
    for path, number in _held(scenario, [one.name for one in instruments]):
        one = instruments[number]
        first = first or one
        if one is not first and (told := _unlike(first, one)):
            yield Mistake(f"{path}.instrument", told)
    lots: dict[str, lob.Instrument] = {}
    for i, one in enumerate(instruments):
        other = lots.setdefault(one.base, one)
        if one.base and (one.lot_size, one.inverse) != (other.lot_size, other.inverse):
            yield Mistake(
                f"instruments.{i}.lot_size",
                f"{one.base} is one asset, whose lots must be of one size: {_lot(other)} in "
                f"{other.name}, {_lot(one)} in {one.name}",
            )


def _coins_without_name(scenario: Any) -> Iterator[Mistake]:
    for i, one in enumerate(scenario.instruments):
        if one.inverse and one.quote != "cash" and not one.base:
            yield Mistake(
                f"instruments.{i}.base",
                f"{one.name} is inverse: its cash is the coin that base names, and it has none",
            )


def _unlike(first: lob.Instrument, one: lob.Instrument) -> str:
    """Why two instruments have no cash in common, in words; empty if they have."""
    known = [each for each in (first, one) if each.has_units]
    if not known:
        return ""
    if len(known) == 1:
        other = one if known[0] is first else first
        return (
            f"accounts hold {first.name} and {one.name} with one cash: {other.name} must say "
            f"tick_size, lot_size and quote, as {known[0].name} does"
        )
    if any(each.inverse and not each.base for each in known):
        return ""  # told already
    paid = [(each.paid_asset, each.cash_unit) for each in (first, one)]
    if paid[0] == paid[1]:
        return ""
    told = [f"units of {_exact(unit)} {asset} ({each.name})"
            for each, (asset, unit) in zip((first, one), paid, strict=True)]  # fmt: skip
    text = f"accounts hold {first.name} and {one.name} with one cash, which is {' and '.join(told)}"
    if paid[0][0] != paid[1][0]:
        return f"{text}: both must be paid in one asset"
    wanted = paid[1][1] * one.multiplier / paid[0][1]
    if wanted.denominator == 1:
        return f"{text}: multiplier = {wanted.numerator:_} of {one.name} makes them one"
    return f"{text}: tick_size * lot_size / multiplier must be the same"


def _instruments(scenario: Any) -> Sequence[lob.Instrument]:
    return [stated_instrument(one, number) for number, one in enumerate(scenario.instruments)]


def _held(scenario: Any, names: Sequence[str]) -> Iterator[tuple[str, int]]:
    """The path of each holding, and the number of its instrument."""
    for i, clearing in enumerate(scenario.clearings):
        for j, holding in enumerate(clearing.holdings):
            if holding.instrument in names:
                yield f"clearings.{i}.holdings.{j}", names.index(holding.instrument)


def _lot(one: lob.Instrument) -> str:
    return f"{_exact(Fraction(one.lot_size))} {one.size_asset}"


def _exact(value: Fraction) -> str:
    try:
        return write_number(value)
    except ValueError:
        return str(value)
