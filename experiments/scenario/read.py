"""Scenarios: one question each, as a TOML file that is validated whole.

A scenario says which instruments there are and who makes their markets, how they are cleared, who
holds leveraged positions, and what the shock is. Prices are ticks, sizes lots, money cash units,
rates ppm, times seconds (they become whole nanoseconds).

Each table is validated by itself, with all its mistakes; if all are right, the checks here are run
between them, everything is built once without being run, and all that is wrong is told at once.
"""

import tomllib
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError, model_validator

from experiments.markets import MARKETS
from experiments.markets.mistakes import Mistake, MistakesError, mistakes_of
from experiments.scenario.backgrounds import with_told_instrument
from experiments.scenario.claims import left_outside
from experiments.scenario.clearing import HoldingTable
from experiments.scenario.flows import ZeroIntelligenceTable, mistakes_in_flow
from experiments.scenario.gap_solving import with_solved_gaps
from experiments.scenario.metrics import why_no_metric_is_called
from experiments.scenario.overrides import overridden, paths_meant, plain
from experiments.scenario.quantities import in_steps, texts_of
from experiments.scenario.ready_scenarios import FOLDER, ready_scenarios
from experiments.scenario.shown import in_real_units
from experiments.scenario.tables import ScenarioTables
from experiments.scenario.toxic import ToxicParametersWarning, toxic
from experiments.scenario.trial import mistakes_in_building
from experiments.scenario.units import mistakes_in_units
from experiments.scenario.user_code import names_user_code
from experiments.scenario.written import ResolvedKey, resolved_keys, write_whole
from lob.clearing.claim_graph import Claims
from lob.clearing.collateral import Claim
from lob.counted import counted
from lob.types import MAX_SIZE

__all__ = [
    "Scenario",
    "ScenarioError",
    "keys_of_scenario",
    "read_scenario",
    "ready_scenarios",
]


class ScenarioError(ValueError):
    """A scenario is not valid: the message has every mistake in it, each with its place."""


class Scenario(ScenarioTables):
    """One question, and everything that is needed to answer it, validated whole."""

    @model_validator(mode="after")
    def _whole(self) -> "Scenario":
        mistakes = list(dict.fromkeys(_cross_checks(self)))
        # What cannot be built because of a mistake inside it has been told with that.
        inside = [f"{one.path}." for one in mistakes]
        mistakes += [
            one
            for one in mistakes_in_building(self, mistakes)
            if not (one.path and any(path.startswith(f"{one.path}.") for path in inside))
        ]
        if mistakes:
            raise MistakesError(mistakes)
        return self

    def with_(self, **values: Any) -> "Scenario":
        """Make a scenario with other values, validated whole; this one stays as it is.

        Parameters
        ----------
        **values
            By dotted path as ``--set`` takes it, ``**{"shocks.0.lots": 30_000}``; by key of the
            scenario, ``seconds=30.0``; or by a key that only one kind of its tables gives,
            ``leverage=(3, 20)``, which is set in every row that gives it. Units as in a file.

        Raises
        ------
        ScenarioError
            With all mistakes, each with its path; a key that several tables give is one, and the
            message names the paths.
        """
        paths, unclear = paths_meant(self, values)
        content, unset = overridden(plain(self), paths)
        return _validated(content, self.name, None, [*unclear, *unset])

    def save(self, path: str | Path) -> None:
        """Write the scenario as a TOML file that is read as an equal one, whole or not at all.

        Parameters
        ----------
        path
            The file; what is there is replaced.

        Raises
        ------
        ScenarioError
            If it would be read as another one from there, for another file of a name that it gives
            is beside it.
        OSError
            If the file cannot be written.
        """
        text = self.to_toml()
        folder = Path(path).parent
        if _validated(tomllib.loads(text), str(path), folder, []) != self:
            raise ScenarioError(
                f"{path}: files that the scenario names are others beside it: choose another folder"
            )
        write_whole(Path(path), text)


def read_scenario(
    source: str | Path | dict[str, Any], overrides: dict[str, Any] | None = None
) -> Scenario:
    """Read a scenario and validate it whole.

    Parameters
    ----------
    source
        The name of a ready one, the path of a TOML file, or its content, in which tables may be
        objects of ``experiments.scenario.tables``. Files that it names are looked for in the folder
        of the TOML file first, then in the working directory; code of the user's own is not run.
    overrides
        Values in place of what it says, by dotted path: ``{"populations.0.count": 1_000_000}``.

    Raises
    ------
    ScenarioError
        With all mistakes, each with its path.
    TypeError
        If the source is none of these.
    OSError
        If the file cannot be read.

    Warns
    -----
    ToxicParametersWarning
        If parameters make losses whatever the market does.
    """
    content, where, folder, unset = _content_of(source, overrides or {})
    found = _validated(content, where, folder, unset)
    for line in toxic(found):
        warnings.warn(f"{found.name}: {line}", ToxicParametersWarning, stacklevel=2)
    return found


def keys_of_scenario(
    source: str | Path | dict[str, Any], overrides: dict[str, Any] | None = None
) -> list[ResolvedKey]:
    """Every key of a scenario: its value, in units that people have too, and where it is from.

    Parameters
    ----------
    source, overrides
        As for ``read_scenario``, which raises the same.
    """
    content, where, folder, unset = _content_of(source, overrides or {})
    scenario = _validated(content, where, folder, unset)
    keys = resolved_keys(scenario, tuple(overrides or ()))
    return in_real_units(scenario, keys, texts_of(content, Scenario))


def _content_of(
    source: str | Path | dict[str, Any], overrides: dict[str, Any]
) -> tuple[dict[str, Any], str, Path | None, list[Mistake]]:
    """The content with the overrides in it, its name, its folder, and what could not be set."""
    if not isinstance(source, str | Path | dict):
        raise TypeError(
            "source must be the name of a ready scenario, the path of a TOML file or its content "
            f"as a dict, got {source!r} ({type(source).__name__})"
        )
    folder: Path | None = None
    if isinstance(source, dict):
        where, content = "scenario", source
    else:
        path = FOLDER / f"{source}.toml" if str(source) in ready_scenarios() else Path(source)
        where, folder = str(source), path.parent
        if not path.is_file() and str(source) in MARKETS:
            raise ScenarioError(
                f"{source!r} is a ready market, no scenario: nothing is sold in it by force; run "
                f"it with `firesale run {source}`, or sell into it with firesale.impact({where!r}, "
                "sell=...)"
            )
        if not path.is_file():
            raise ScenarioError(
                f"no scenario is called {source!r}: there are {', '.join(ready_scenarios())}; or "
                "give the path of a TOML file"
            )
        try:
            content = tomllib.loads(path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ScenarioError(f"{where}: not TOML: {error}") from None
    content, unset = overridden(content, overrides)
    return content, where, folder, unset


def _validated(
    content: dict[str, Any], where: str, folder: Path | None, unset: Sequence[Mistake]
) -> Scenario:
    """The scenario of a content; raises ``ScenarioError`` with the mistakes known and its own."""
    content, unread = in_steps(_with_told_instruments(content, folder), Scenario)
    mistakes = [*unset, *unread]
    try:
        found = Scenario.model_validate(content, context={"folder": folder})
        if not mistakes:
            return with_solved_gaps(found)
    except MistakesError as error:
        mistakes += error.mistakes
    except ValidationError as error:
        known = {one.path for one in mistakes}
        # What cannot be made of a text that could not be read has been told with that.
        mistakes += [
            one
            for one in mistakes_of(error, Scenario)
            if not any(f"{path}.".startswith(f"{one.path}.") for path in known)
        ]
    lines = [f"  {one}" for one in mistakes]
    count = counted(len(lines), "mistake")
    raise ScenarioError("\n".join([f"{where}: {count}", *lines]))


def _with_told_instruments(content: dict[str, Any], folder: Path | None) -> dict[str, Any]:
    """The content with what files of backgrounds tell of instruments: quantities need it."""
    rows = content.get("instruments")
    if not isinstance(rows, list):
        return content
    told = [with_told_instrument(one, folder) if isinstance(one, Mapping) else one for one in rows]
    return {**content, "instruments": told}


# ------------------------------------------------------------------ what must fit together


def _cross_checks(scenario: ScenarioTables) -> Iterator[Mistake]:
    """Every name that is used must be there, and be there once; numbers must lead somewhere."""
    for i, one in enumerate(scenario.instruments):
        if isinstance(one.background, ZeroIntelligenceTable):
            yield from mistakes_in_flow(one.background, f"instruments.{i}.background")
        lasts = one.background.lasts()
        longest = scenario.seconds + scenario.until_closed
        if lasts is not None and lasts < longest:
            yield Mistake(
                f"instruments.{i}.background",
                f"must last as long as a run, {longest:g} seconds: it ends after {lasts:g}",
            )
    yield from mistakes_in_units(scenario)
    yield from _names_twice(scenario)
    yield from _unknown_instruments(scenario)
    yield from _unknown_clearings_and_holdings(scenario)
    yield from _unknown_assets(scenario)
    for i, metric in enumerate(scenario.metrics):
        why = why_no_metric_is_called(metric.name)
        if why is not None:
            yield Mistake(f"metrics.{i}.name", why)
    yield from _claims(scenario)
    yield from _parameters_of_stackers(scenario)
    last = max(shock.ends for shock in scenario.shocks)
    if last + scenario.horizon > scenario.seconds:
        yield Mistake(
            "seconds",
            f"seconds must reach to the horizon after the shock, {last + scenario.horizon}, got "
            f"{scenario.seconds}",
        )


def _assets(scenario: ScenarioTables) -> list[str]:
    """Everything that can be held."""
    claims = [one.name for one in scenario.claims] + [one.name for one in scenario.pools]
    return ["cash", *(one.asset for one in scenario.instruments), *claims]


def _known(path: str, what: str, name: str | None, known: Sequence[str]) -> Iterator[Mistake]:
    """A mistake if there is no such name; no name at all is none."""
    if name is not None and name not in known:
        there = ", ".join(map(repr, dict.fromkeys(known))) or "none"
        yield Mistake(path, f"no {what} is called {name!r}: there are {there}")


def _names_twice(scenario: ScenarioTables) -> Iterator[Mistake]:
    groups = (
        ("instruments",),
        ("clearings",),
        ("claims", "pools"),
        ("metrics",),
        (
            "populations", "traders", "makers", "keepers", "recursive_borrowers", "stackers",
            "collateralised_borrowers", "drives",
        ),
    )  # fmt: skip
    for group in groups:
        named = [
            (f"{table}.{i}", one.name)
            for table in group
            for i, one in enumerate(getattr(scenario, table))
        ]
        yield from _twice(named, "name")
    yield from _twice(
        [(f"alternatives.{i}", one.label) for i, one in enumerate(scenario.alternatives)], "label"
    )


def _twice(named: Iterable[tuple[str, str]], key: str) -> Iterator[Mistake]:
    first: dict[str, str] = {}
    for path, name in named:
        if name in first:
            yield Mistake(f"{path}.{key}", f"{name!r} is named twice: {first[name]} has it too")
        first.setdefault(name, path)


def _unknown_instruments(scenario: ScenarioTables) -> Iterator[Mistake]:
    known = [one.name for one in scenario.instruments]
    for path, holding in _holdings(scenario):
        source = holding.oracle.source
        yield from _known(f"{path}.instrument", "instrument", holding.instrument, known)
        for i, name in enumerate(source.instruments):
            yield from _known(f"{path}.oracle.source.instruments.{i}", "instrument", name, known)
        for asset, name in source.bases.items():
            yield from _known(f"{path}.oracle.source.bases.{asset}", "instrument", name, known)
    for i, clearing in enumerate(scenario.clearings):
        if clearing.funding:
            place = f"clearings.{i}.funding.index"
            yield from _known(place, "instrument", clearing.funding.index, known)
    for i, one in enumerate(scenario.instruments):
        others = [name for name in known if name != one.name]
        for key in ("spot", "follows"):
            other = getattr(one.background, key, None)
            place = f"instruments.{i}.background.{key}"
            yield from _known(place, "other instrument", other, others)
    yield from _in_circles(scenario)
    for table in ("makers", "shocks", "breakers", "stackers", "drives"):
        for i, one in enumerate(getattr(scenario, table)):
            yield from _known(f"{table}.{i}.instrument", "instrument", one.instrument, known)


def _in_circles(scenario: ScenarioTables) -> Iterator[Mistake]:
    """Markets that follow one another would run away from every price."""
    follows = {one.name: getattr(one.background, "follows", None) for one in scenario.instruments}
    for i, one in enumerate(scenario.instruments):
        seen, at = [one.name], follows[one.name]
        while at is not None and at not in seen:
            seen.append(at)
            at = follows.get(at)
        if at == one.name and len(seen) > 1:
            yield Mistake(
                f"instruments.{i}.background.follows",
                f"must not lead back to itself: {' follows '.join([*seen, at])}",
            )


def _holdings(scenario: ScenarioTables) -> Iterator[tuple[str, HoldingTable]]:
    for i, clearing in enumerate(scenario.clearings):
        for j, holding in enumerate(clearing.holdings):
            yield f"clearings.{i}.holdings.{j}", holding


def _unknown_clearings_and_holdings(scenario: ScenarioTables) -> Iterator[Mistake]:
    """A clearing that is not there, or a holding beyond those that it has."""
    counts = {one.name: len(one.holdings) for one in scenario.clearings}

    def place(path: str, clearing: str | None, *holdings: tuple[str, Any]) -> Iterator[Mistake]:
        yield from _known(f"{path}.clearing", "clearing", clearing, list(counts))
        count = counts.get(clearing or "")
        for key, number in holdings:
            if count is not None and isinstance(number, int) and number >= count:
                yield Mistake(
                    f"{path}.{key}",
                    f"{clearing} has {counted(count, 'holding')}, counted from 0, got {number}",
                )

    for i, clearing in enumerate(scenario.clearings):
        if clearing.funding:
            path, holding = f"clearings.{i}.funding", clearing.funding.holding
            yield from place(path, clearing.name, ("holding", holding))
    for i, population in enumerate(scenario.populations):
        yield from place(f"populations.{i}", population.clearing, ("holding", population.holding))
    for i, borrower in enumerate(scenario.recursive_borrowers):
        for j, one in enumerate(borrower.places):
            path = f"recursive_borrowers.{i}.places.{j}"
            yield from place(path, one.clearing, ("holding", one.holding))
    for i, collateralised in enumerate(scenario.collateralised_borrowers):
        yield from place(f"collateralised_borrowers.{i}", collateralised.clearing)
    for table in ("traders", "stackers"):
        for i, trader in enumerate(getattr(scenario, table)):
            if names_user_code(trader.kind) and "clearing" not in trader.model_fields_set:
                continue  # it need not have an account anywhere
            numbers = [
                (f"parameters.{key}", trader.parameters[key])
                for key in ("holding", "hedge", "base_holding")
                if key in trader.parameters
            ]
            yield from place(f"{table}.{i}", trader.clearing, *numbers)


def _unknown_assets(scenario: ScenarioTables) -> Iterator[Mistake]:
    known = _assets(scenario)
    claims = [one.name for one in scenario.claims] + [one.name for one in scenario.pools]
    for path, holding in _holdings(scenario):
        yield from _known(f"{path}.asset", "asset", holding.asset, known)
        yield from _known(
            f"{path}.oracle.source.claim", "claim", holding.oracle.source.claim, claims
        )
    for i, one in enumerate(scenario.keepers):
        yield from _known(f"keepers.{i}.cash", "asset", one.cash, known)
    held = {
        clearing.name: [
            holding.asset or asset.asset
            for holding in clearing.holdings
            for asset in scenario.instruments
            if asset.name == holding.instrument
        ]
        for clearing in scenario.clearings
    }
    for i, collateralised in enumerate(scenario.collateralised_borrowers):
        if collateralised.clearing in held:
            what = f"holding of {collateralised.clearing}"
            place = f"collateralised_borrowers.{i}.asset"
            yield from _known(place, what, collateralised.asset, held[collateralised.clearing])
        left = left_outside(scenario.claims, scenario.pools).get(collateralised.asset, MAX_SIZE)
        if collateralised.count > left:
            yield Mistake(
                f"collateralised_borrowers.{i}.count",
                f"each needs a unit of {collateralised.asset}, of which the outside world has "
                f"{left:,}, got {collateralised.count:,}",
            )


def _claims(scenario: ScenarioTables) -> Iterator[Mistake]:
    known = _assets(scenario)
    for i, one in enumerate(scenario.claims):
        path = f"claims.{i}"
        for j, name in enumerate(one.backing):
            yield from _known(f"{path}.backing.{j}", "asset", name, known)
        if one.initial and len(one.initial) != len(one.backing):
            yield Mistake(
                f"{path}.initial",
                f"{len(one.backing)} numbers are needed, got {len(one.initial)}",
            )
        for name in one.outside_backing:
            if name not in one.backing:
                yield Mistake(f"{path}.outside_backing.{name}", f"{name!r} does not back it")
        if one.rate and not one.period:
            yield Mistake(f"{path}.period", "a rate needs one")
        if one.accrual and not one.accrual_interval:
            yield Mistake(f"{path}.accrual_interval", "an accrual needs one")
        if one.outside and not isinstance(one.issuer, str | None):
            yield Mistake(f"{path}.outside", "a margin account's claims are given by who opens it")
    for i, pool in enumerate(scenario.pools):
        yield from _known(f"pools.{i}.base", "asset", pool.base, known)
        yield from _known(f"pools.{i}.cash", "asset", pool.cash, known)
    try:
        Claims(
            [Claim(one.name, backing=one.backing) for one in scenario.claims]
            + [Claim(one.name, backing=(one.base, one.cash)) for one in scenario.pools]
        )
    except ValueError as error:
        yield Mistake("claims", str(error))


def _parameters_of_stackers(scenario: ScenarioTables) -> Iterator[Mistake]:
    """Names and numbers of other tables among the parameters of single participants."""
    claims = [one.name for one in scenario.claims]
    pools = [one.name for one in scenario.pools]
    assets = _assets(scenario)
    known = {
        "claim": ("claim", claims),
        "vault": ("claim", claims),
        "receipt": ("claim", claims),
        "pool": ("pool", pools),
        "asset": ("asset", assets),
        "cash": ("asset", assets),
        "first_depositor": ("stacker", [one.name for one in scenario.stackers]),
    }
    for i, one in enumerate(scenario.stackers):
        path = f"stackers.{i}.parameters"
        for key, value in one.parameters.items():
            if key in known:
                yield from _known(f"{path}.{key}", known[key][0], value, known[key][1])
        funds = one.parameters.get("funds")
        for name in funds if isinstance(funds, dict) else ():
            yield from _known(f"{path}.funds.{name}", "asset", name, assets)
        number = one.parameters.get("base_instrument")
        count = len(scenario.instruments)
        if isinstance(number, int) and not 0 <= number < count:
            yield Mistake(
                f"{path}.base_instrument",
                f"there {'is' if count == 1 else 'are'} {counted(count, 'instrument')}, counted "
                f"from 0, got {number}",
            )
