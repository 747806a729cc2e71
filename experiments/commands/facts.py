"""``firesale facts`` and ``firesale score``: what a market is like, and how near to a real one."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from experiments.commands.console import BAD_DATA, RefusalError, progress
from experiments.commands.settings import AsJson, Format, Member, Settings, market_options
from lob.units import parse_duration

if TYPE_CHECKING:
    from experiments.studies.facts import FactsStudy
    from experiments.studies.score import ScoreStudy

__all__ = ["facts", "score"]

T = TypeVar("T")
DEFAULT_SEEDS = 10
DEFAULT_PAIRS = 20
"""At most a few minutes on two cores for the slowest of the ready markets."""

Minutes = Annotated[
    float | None,
    typer.Option(
        min=0.1, max=10_000, help="How long a market is measured, after its first 5 minutes."
    ),
]
Symbol = Annotated[
    str | None, typer.Option(metavar="NAME", help="Which instrument of the file, of several.")
]
Since = Annotated[
    str | None,
    typer.Option(
        "--from", metavar="TIME", help="Measure the file from here on: HH:MM:SS, +90s, or a date."
    ),
]
Until = Annotated[str | None, typer.Option(metavar="TIME", help="Read the file no further.")]


def facts(
    source: Annotated[
        str,
        typer.Argument(
            metavar="FILE|MARKET", help="Order flow of any known format, or a ready market."
        ),
    ],
    seeds: Annotated[int, typer.Option(min=1, help="How many runs of a market.")] = 1,
    minutes: Minutes = None,
    impact: Annotated[
        bool,
        typer.Option(
            "--impact", help="Also sell into a market, by size and way of working: takes minutes."
        ),
    ] = False,
    pairs: Annotated[
        int,
        typer.Option(min=2, help="How many seeds are sold into, each beside its twin."),
    ] = DEFAULT_PAIRS,
    over: Annotated[
        str, typer.Option(metavar="DURATION", help="How long such a sale lasts, where it is fixed.")
    ] = "5m",
    symbol: Symbol = None,
    since: Since = None,
    until: Until = None,
    format_name: Format = None,
    member: Member = None,
    settings: Settings = None,
    as_json: AsJson = False,
) -> None:
    """Measure a market: spread, depth, flow, memory of signs, returns, response."""
    from experiments.studies.facts import is_market, study_facts

    of_file = _of_file(symbol, since, until, format_name, member)
    if of_file and is_market(source):
        option = next(iter(of_file)).replace("since", "from")
        raise RefusalError(f"{source} is a ready market: --{option} is of a file")
    of_market = _of_market(source, settings)
    if "minutes" in of_market:
        raise RefusalError("--set minutes: how long a market is measured is said by --minutes")
    which = range(1, seeds + 1)
    sold = range(1, pairs + 1) if impact else ()
    with progress(as_json, seeds + 1 + 2 * len(sold)) as tell:
        found = _guarded(
            source,
            lambda: study_facts(
                source, which, minutes, impact_seeds=sold, over_ns=parse_duration(over),
                report=tell, **of_file, **of_market,
            ),
        )  # fmt: skip
    from experiments.report.facts_terminal import print_facts

    _show(found, as_json, print_facts)
    if found.impact is not None and not as_json:
        _show_orders(found)


def score(
    market: Annotated[
        str, typer.Argument(metavar="MARKET", help="A ready market; or another file.")
    ],
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="Order flow that it is held against.")
    ],
    seeds: Annotated[
        int, typer.Option(min=DEFAULT_SEEDS, help="How many runs of the market, from seed 1001 on.")
    ] = DEFAULT_SEEDS,
    minutes: Minutes = None,
    symbol: Symbol = None,
    since: Since = None,
    until: Until = None,
    format_name: Format = None,
    member: Member = None,
    settings: Settings = None,
    as_json: AsJson = False,
) -> None:
    """Set a market beside a file, and tell their distance: 0 is alike, 3 is the most."""
    from experiments.studies.score import FIRST_SEED, study_score

    of_file = _of_file(symbol, since, until, format_name, member)
    of_market = _of_market(market, settings)
    with progress(as_json, seeds + 2) as tell:
        found = _guarded(
            file,
            lambda: study_score(
                market, file, range(FIRST_SEED, FIRST_SEED + seeds), minutes, report=tell,
                settings=of_market, **of_file,
            ),
        )  # fmt: skip
    from experiments.report.facts_terminal import print_score

    _show(found, as_json, print_score)


def _of_file(
    symbol: str | None,
    since: str | None,
    until: str | None,
    format_name: str | None,
    member: str | None,
) -> dict[str, Any]:
    """What was told of the file, by the names of the study."""
    told = {"symbol": symbol, "since": since, "until": until, "format": format_name,
            "member": member}  # fmt: skip
    return {name: value for name, value in told.items() if value is not None}


def _of_market(source: str, settings: list[str] | None) -> dict[str, Any]:
    """Options of a ready market; of a file there are none."""
    from experiments.studies.facts import is_market

    if is_market(source):
        return market_options(source, settings)
    if settings:
        raise RefusalError("--set is of a ready market")
    return {}


def _show(found: "FactsStudy | ScoreStudy", as_json: bool, show: Callable[..., None]) -> None:
    if as_json:
        typer.echo(json.dumps(found.summary(), indent=2, allow_nan=False))
        return
    from rich.console import Console

    show(Console(highlight=False), found.headline(), found.frame())


def _show_orders(found: "FactsStudy") -> None:
    from rich.console import Console

    from experiments.report.facts_terminal import print_metaorders
    from lob.real_units import LOTS, size_unit

    assert found.impact is not None
    size = LOTS if found.instrument is None else size_unit(found.instrument)
    print_metaorders(Console(highlight=False), found.impact.frame(), size)


def _guarded(source: str, work: Callable[[], T]) -> T:
    """Do it; a mistake in what is asked is code 2, damage of the file code 1."""
    from lob.feeds import FeedError

    try:
        return work()
    except FeedError as error:
        code = BAD_DATA if Path(source).exists() else 2
        raise RefusalError(str(error), code) from error
    except OSError as error:
        raise RefusalError(f"{source}: {error.strerror or error}", BAD_DATA) from error
    except (TypeError, ValueError) as error:
        raise RefusalError(str(error)) from error
