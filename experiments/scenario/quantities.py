"""Quantities in a scenario: "60_000 USD", "2 BTC", "5 %", "2 min", turned into its own integers.

A key of a table says its unit (see ``experiments.scenario.keys``), and with it what may be written
there: a time where it is in seconds, a share where it is in ppm or a share of one, and a price, a
size or an amount of money where it is in ticks, lots or cash units. The last three are those of an
instrument that says what its tick, lot, base and quote are: the one that the table is about, or
else the only one that there is; money may be of any that accounts hold, for all have one cash.
Units of an asset are lots of an instrument that trades it, or units of cash. What is no whole
number of steps is refused, with the nearest that is one.

The keywords in ``parameters`` say their units where the class or function declares them
(``lob.unit_types``). A keyword that is a number and says none takes no quantity.
"""

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from pydantic import BaseModel

import lob
from experiments.markets.mistakes import Mistake, kinds_inside, tables_among, tags_of
from experiments.scenario.keys import keys_of
from experiments.scenario.parameters import inside, taker_of, takes_text, types_of, unit_of
from experiments.scenario.table import ns
from lob.units import PPM, SECOND_NS, Dimension, quantity, to_ns, to_ppm

__all__ = ["Step", "in_steps", "steps_of", "texts_of"]

STEPS = ("ticks", "lots", "cash units", "units")
"""Units that are an instrument's own; ``units`` are those of an asset that none trades."""
SHARES = ("ppm", "ppm a day", "share")
"""Units of shares of one."""
TIMES = ("seconds", "whole seconds", "ns")
"""Units of durations."""
NAME = re.compile(r"^(value|price|size): ")
"""How an error begins that names what it is about, which the path does better."""
PARAMETERS = "parameters"
"""Key of a table whose values are keywords of a class or function."""


class _About(NamedTuple):
    """Whose steps hold: an instrument, or the reason why there is none."""

    instrument: lob.Instrument | None
    reason: str = ""


def in_steps(
    content: Mapping[str, Any], table: type[BaseModel]
) -> tuple[dict[str, Any], list[Mistake]]:
    """Put integers in place of the quantities of a scenario.

    Parameters
    ----------
    content
        The scenario as TOML has it, not validated.
    table
        Class of the outermost table.

    Returns
    -------
    dict, list of Mistake
        A copy with numbers, and what could not be read, which stays as it was.
    """
    reader = _Reader(content)
    return reader.table([table], dict(content), "", reader.only), reader.mistakes


class Step(NamedTuple):
    """What a number of a scenario counts, and the steps of which instrument they are."""

    unit: str
    """Unit of the key, as ``experiments.scenario.keys`` has it."""
    instrument: lob.Instrument | None
    """The instrument that the number is about; ``None``: it is not said of which."""


def steps_of(content: Mapping[str, Any], table: type[BaseModel]) -> dict[str, Step]:
    """What each number of a scenario counts, by dotted path: those in lists by their places too.

    Parameters
    ----------
    content
        The scenario with all values, as JSON has it.
    table
        Class of the outermost table.
    """
    walk = _Numbers(content)
    walk.table([table], dict(content), "", walk.only)
    return walk.steps


def texts_of(content: Mapping[str, Any], table: type[BaseModel]) -> dict[str, str]:
    """The texts of a scenario that ``in_steps`` turns into numbers, as written, by dotted path.

    Parameters
    ----------
    content, table
        As for ``in_steps``.
    """
    walk = _Reader(content)
    walk.table([table], dict(content), "", walk.only)
    return walk.texts


class _Reader:
    """A walk through a scenario, which knows its instruments and clearings by name."""

    def __init__(self, content: Mapping[str, Any]) -> None:
        self.mistakes: list[Mistake] = []
        self.texts: dict[str, str] = {}
        rows = [one for one in _rows(content.get("instruments")) if isinstance(one, Mapping)]
        self.instruments = {str(one.get("name")): _instrument(one) for one in rows}
        self.clearings = {
            str(one.get("name", "clearing")): [
                str(holding.get("instrument"))
                for holding in _rows(one.get("holdings"))
                if isinstance(holding, Mapping)
            ]
            for one in _rows(content.get("clearings"))
            if isinstance(one, Mapping)
        }
        names = list(self.instruments)
        self.only = (
            self.instruments[names[0]]
            if len(names) == 1
            else _About(None, "it does not say of which instrument")
        )
        self.traded: dict[str, _About] = {}
        for row in rows:
            asset = str(row.get("base") or row.get("name"))
            self.traded.setdefault(asset, self.instruments[str(row.get("name"))])
        held = [self.instruments.get(name) for all_of in self.clearings.values() for name in all_of]
        self.paid = next((one for one in held if one is not None and one.instrument), self.only)

    def table(
        self, kinds: list[Any], content: dict[str, Any], path: str, about: _About
    ) -> dict[str, Any]:
        """A table with its quantities turned into numbers."""
        tables = tables_among(kinds)
        tagged = [one for one in tables if content.get("kind") in tags_of(one)]
        tables = tagged or tables
        about = self._about({**_parameters(content), **content}, path, about)
        takers = [taker for one in tables if (taker := taker_of(one, content)) is not None]
        units = {key.name: key.unit for one in tables for key in keys_of(one)}
        return {
            name: self._parameters(types_of(takers[0]), value, f"{path}{name}", about)
            if name == PARAMETERS and takers and isinstance(value, dict)
            else self._units(value, f"{path}{name}", content)
            if units.get(name) == "units"
            else self.value(
                [kind for one in tables for kind in kinds_inside(one, name)],
                value, f"{path}{name}", units.get(name, ""), about,
            )
            for name, value in content.items()
        }  # fmt: skip

    def _units(self, value: Any, path: str, content: Mapping[str, Any]) -> Any:
        """Numbers of units of assets: by name, in the order of what backs a claim, or of one."""
        if isinstance(value, dict):
            return {name: self._amount(one, f"{path}.{name}", name) for name, one in value.items()}
        if isinstance(value, list):
            pair = [content.get("base"), content.get("cash", "cash")]
            assets = [*_rows(content.get("backing", pair)), *[None] * len(value)]
            return [self._amount(one, f"{path}.{i}", assets[i]) for i, one in enumerate(value)]
        return self._amount(value, path, content.get("asset", content.get("name")))

    def _amount(self, value: Any, path: str, asset: Any) -> Any:
        """So many units of an asset: lots where an instrument trades it, units of cash, or its own.

        A claim without a book has units that are no size of anything else.
        """
        if asset == "cash":
            return self.value([], value, path, "cash units", self.paid)
        about = self.traded.get(str(asset))
        if about is None:
            return self.value([], value, path, "units", _About(None, f"no book trades {asset!r}"))
        return self.value([], value, path, "lots", about)

    def _parameters(
        self, kinds: Mapping[str, Any], content: dict[str, Any], path: str, about: _About
    ) -> dict[str, Any]:
        """Keywords with their quantities turned into numbers, by their declared types."""
        return {
            name: self._parameter(kinds.get(name, Any), value, f"{path}.{name}", about)
            for name, value in content.items()
        }

    def _parameter(self, kind: Any, value: Any, path: str, about: _About) -> Any:
        if isinstance(value, dict):
            if unit_of(inside(kind, "")) == "units":
                return self._units(value, path, {})
            return {
                name: self._parameter(inside(kind, name), one, f"{path}.{name}", about)
                for name, one in value.items()
            }
        if isinstance(value, list):
            return [
                self._parameter(inside(kind, number), one, f"{path}.{number}", about)
                for number, one in enumerate(value)
            ]
        unit = unit_of(kind)
        if isinstance(value, str) and not unit and not takes_text(kind):
            self.mistakes.append(Mistake(path, f"got {value!r}, where {_wanted(kind)}"))
            return value
        return self.value([], value, path, unit, about)

    def value(self, kinds: list[Any], value: Any, path: str, unit: str, about: _About) -> Any:
        """A value, list or table with its quantities turned into numbers."""
        if isinstance(value, dict):
            return self.table(kinds, value, f"{path}.", about)
        if isinstance(value, list):
            # "seconds and ticks" are the units of what is in one row.
            inner = unit.replace(" and ", ", ").split(", ")
            several = len(inner) > 1 and not any(isinstance(one, list) for one in value)
            return [
                self.value(
                    [kind for one in kinds for kind in kinds_inside(one, number)],
                    one, f"{path}.{number}",
                    inner[number] if several and number < len(inner) else unit, about,
                )
                for number, one in enumerate(value)
            ]  # fmt: skip
        if isinstance(value, str):
            return self._number(value, path, unit, about)
        return value

    def _number(self, text: str, path: str, unit: str, about: _About) -> Any:
        """What a text stands for where a number is wanted; the text itself where none is."""
        if unit not in (*STEPS, *SHARES, *TIMES):
            return text
        if unit == "cash units" and about.instrument is None:
            about = self.paid
        try:
            if quantity(text).dimension is Dimension.NUMBER:
                return text  # as if it had no quotes
            number = _read(text, unit, about)
        except ValueError as error:
            self.mistakes.append(Mistake(path, NAME.sub("", str(error))))
            return text
        self.texts[path] = text
        return number

    def _about(self, content: Mapping[str, Any], path: str, about: _About) -> _About:
        """Whose steps hold in a table: those of the instrument that it names, if it names one."""
        if path.startswith("instruments.") and path.count(".") == 2:
            return self.instruments.get(str(content.get("name")), about)
        if path.startswith("clearings.") and path.count(".") == 2:
            named = self.clearings.get(str(content.get("name", "clearing")), [])
            return self.instruments.get(named[0], about) if named else about
        name = content.get("instrument")
        if isinstance(name, str):
            return self.instruments.get(name, about)
        if "clearing" in content or "holding" in content:
            clearings = list(self.clearings)
            clearing = content.get("clearing", clearings[0] if clearings else None)
            held = self.clearings.get(str(clearing), [])
            at = content.get("holding", 0)
            if isinstance(at, int) and 0 <= at < len(held):
                return self.instruments.get(held[at], about)
        elif len(self.clearings) == 1 and about.instrument is None:
            (held,) = self.clearings.values()
            if len(held) == 1:
                return self.instruments.get(held[0], about)
        return about


class _Numbers(_Reader):
    """The same walk, which notes what each number counts."""

    def __init__(self, content: Mapping[str, Any]) -> None:
        super().__init__(content)
        self.steps: dict[str, Step] = {}

    def value(self, kinds: list[Any], value: Any, path: str, unit: str, about: _About) -> Any:
        """A value as it is, noted if it is a number."""
        if isinstance(value, int | float) and not isinstance(value, bool):
            self.steps[path] = Step(unit, about.instrument)
        return super().value(kinds, value, path, unit, about)

    def _number(self, text: str, path: str, unit: str, about: _About) -> Any:
        return text


def _read(text: str, unit: str, about: _About) -> Any:
    """The number that a quantity is; raises ``ValueError`` where it is none in this unit."""
    if unit == "ns":
        return to_ns(text, "value")
    if unit == "whole seconds":
        seconds, rest = divmod(to_ns(text, "value"), SECOND_NS)
        if rest:
            raise ValueError(f"{text!r} is not a whole number of seconds")
        return seconds
    if unit == "seconds":
        return _seconds(to_ns(text, "value"))
    if unit == "share":
        return to_ppm(text, "value") / PPM
    if unit in SHARES:
        return to_ppm(text, "value")
    if about.instrument is None:
        raise ValueError(f"{text!r} cannot be read: {about.reason}: write {unit}")
    if unit == "ticks":
        return about.instrument.to_ticks(text)
    return about.instrument.to_lots(text) if unit == "lots" else _cash(about, text)


def _parameters(content: Mapping[str, Any]) -> dict[str, Any]:
    """The keywords of a table, of which ``holding`` may tell whose steps hold."""
    value = content.get(PARAMETERS)
    return {"holding": value["holding"]} if isinstance(value, dict) and "holding" in value else {}


def _wanted(kind: Any) -> str:
    """What is accepted where a declared type says no unit and is no text, in words."""
    if kind is bool:
        return "true or false is wanted"
    if kind in (int, float):
        return f"{'an integer' if kind is int else 'a number'} without a unit is wanted"
    return "no text is wanted"


def _rows(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _instrument(row: Mapping[str, Any]) -> _About:
    """What an instrument's tick, lot, base and quote are, if its table says it."""
    name = str(row.get("name"))
    missing = [key for key in ("tick_size", "lot_size", "quote") if key not in row]
    if missing:
        return _About(None, f"the instrument {name!r} has no {', '.join(missing)}")
    try:
        return _About(
            lob.Instrument(
                name,
                tick_size=Decimal(str(row["tick_size"])),
                lot_size=Decimal(str(row["lot_size"])),
                base=str(row.get("base", "")),
                quote=str(row["quote"]),
                multiplier=row.get("multiplier", 1),
                inverse=bool(row.get("inverse", False)),
            )
        )
    except (ValueError, TypeError, InvalidOperation) as error:
        return _About(None, f"the instrument {name!r} is not valid ({error})")


def _seconds(count: int) -> float:
    """Nanoseconds as the seconds that a table takes, which must come back as the same."""
    seconds = count / SECOND_NS
    if ns(seconds) != count:
        raise ValueError(f"{count:_} ns is finer than times that long can be told apart")
    return seconds


def _cash(about: _About, text: str) -> int:
    assert about.instrument is not None
    try:
        return about.instrument.to_cash(text)
    except ValueError as error:
        raise ValueError(str(error).removeprefix("amount: ")) from None
