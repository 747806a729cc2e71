"""``firesale replay``: a forced sale in a day of order flow."""

from collections.abc import Callable
from enum import StrEnum
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from experiments.commands.console import (
    BAD_DATA,
    RefusalError,
    Tell,
    make_folder,
    progress,
    refusal_of,
    refuse_another,
)
from experiments.studies.forced_sale import ForcedSale, SaleStyle
from lob import MAX_SIZE
from lob.units import parse_duration, parse_time

if TYPE_CHECKING:
    from experiments.commands.answer import Answer
    from lob.feeds.lobster import Day

T = TypeVar("T")

__all__ = ["replay"]

DEFAULT_RATE = "0.1"
SYNTHETIC = Path("synthetic")
STEPS = 6  # what a sale with --out tells; a bar that ends early is gone anyway


class Mode(StrEnum):
    """How a day is replayed: see ``lob.replay``."""

    EXACT = "exact"
    INTERACTIVE = "interactive"


def replay(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILES",
            help="One LOBSTER day: a zip, a folder, or its pair of CSV files; or the word "
            "synthetic: a day is made.",
        ),
    ],
    mode: Annotated[
        Mode | None,
        typer.Option(
            help="exact takes executions off the orders the record names; interactive sends "
            "orders through the matching engine, where they compete with the sale.",
            show_default="interactive with --sell, else exact",
        ),
    ] = None,
    sell: Annotated[
        int | None,
        typer.Option(metavar="SIZE", min=1, max=MAX_SIZE, help="Lots (shares) that must be sold."),
    ] = None,
    at: Annotated[
        str | None, typer.Option(metavar="HH:MM:SS[.fff]", help="When the sale starts.")
    ] = None,
    over: Annotated[
        str | None, typer.Option(metavar="DURATION", help="How long it takes: 90s, 5m, 1h.")
    ] = None,
    style: Annotated[
        SaleStyle | None,
        typer.Option(
            help="market: all at once. twap: equal parts. pov: a share of the volume.",
            show_default="twap with --over, else market",
        ),
    ] = None,
    rate: Annotated[
        str | None,
        typer.Option(
            metavar="SHARE", help="Share of the volume for pov.", show_default=DEFAULT_RATE
        ),
    ] = None,
    hidden: Annotated[
        bool,
        typer.Option(
            "--hidden", help="Count executions of hidden orders in the volume that pov follows."
        ),
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write the tapes (Parquet) and report.html here."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Replay a day of order flow and, with --sell, measure what a forced sale does to it."""
    sale = _sale(sell, at, over, style, rate, hidden)
    chosen = mode or (Mode.INTERACTIVE if sale else Mode.EXACT)
    if sale and sale.style is SaleStyle.POV and chosen is Mode.EXACT:
        raise RefusalError(
            "--style pov needs --mode interactive: in an exact replay nothing trades that it "
            "could follow"
        )
    from experiments.commands.answer import day_in_json

    make_folder(out)
    with progress(as_json, STEPS) as tell:
        tell("reading")
        day = _make(out) if files == [SYNTHETIC] and not SYNTHETIC.exists() else _read(files)
        refuse_another(out, day_in_json(day))
        answer = _answer(day, sale, chosen, tell)
        if out:
            tell("writing")
            try:
                answer.write(out)
            except OSError as error:
                raise refusal_of(error, out) from None
    _show(answer, as_json, out)
    if day.truncated:
        typer.echo(f"firesale: {day.source[0]}: {day.truncated}", err=True)
    if any(run.report.first_problem for run in answer.runs.values()):
        typer.echo("firesale: the files contradict each other: do not trust this", err=True)
        raise typer.Exit(BAD_DATA)


def _sale(
    sell: int | None,
    at: str | None,
    over: str | None,
    style: SaleStyle | None,
    rate: str | None,
    hidden: bool,
) -> ForcedSale | None:
    """Return the sale that the options ask for; ``None`` if they ask for none."""
    others = {
        "--at": at,
        "--over": over,
        "--style": style,
        "--rate": rate,
        "--hidden": hidden or None,
    }
    if sell is None:
        for name, value in others.items():
            if value is not None:
                raise RefusalError(f"{name} says how to sell: it needs --sell SIZE")
        return None
    if at is None:
        raise RefusalError("--sell needs --at HH:MM:SS, the time at which to sell")
    style = style or (SaleStyle.TWAP if over else SaleStyle.MARKET)
    if style is SaleStyle.MARKET and over:
        raise RefusalError("--style market sells at once: leave out --over")
    if style is not SaleStyle.MARKET and not over:
        raise RefusalError(f"--style {style} needs --over DURATION, such as 5m")
    if style is not SaleStyle.POV and rate:
        raise RefusalError("--rate is for --style pov")
    if style is not SaleStyle.POV and hidden:
        raise RefusalError("--hidden is for --style pov")
    return ForcedSale(
        size=sell,
        at_ns=_parsed("--at", parse_time, at),
        over_ns=_parsed("--over", parse_duration, over) if over else 0,
        style=style,
        rate=_parsed("--rate", _parse_rate, rate or DEFAULT_RATE),
        hidden_counts=hidden,
    )


def _parsed(name: str, parse: Callable[[str], T], text: str) -> T:
    try:
        return parse(text)
    except ValueError as error:
        raise RefusalError(f"{name}: {error}") from None


def _parse_rate(text: str) -> Fraction:
    try:
        rate = Fraction(text)
    except (ValueError, ZeroDivisionError):
        rate = Fraction(0)
    if not 0 < rate <= 1:
        raise ValueError(f"{text!r} is not a share: write a number above 0, at most 1, as in 0.1")
    return rate


def _make(out: Path | None) -> "Day":
    """Make a day, in the folder of the answer if there is one."""
    from experiments.studies.synthetic_day import make_day

    if out:
        return make_day(out / "day")
    with TemporaryDirectory(prefix="firesale-") as folder:
        return make_day(Path(folder))


def _read(files: list[Path]) -> "Day":
    from lob.feeds import FeedError, lobster

    for file in files:
        if not file.exists():
            raise RefusalError(f"{file}: no such file or folder")
    try:
        # Both files of a pair name the same day.
        pairs = sorted({pair for file in files for pair in lobster.find(file)})
        if len(pairs) > 1:
            raise RefusalError(
                f"FILES hold {len(pairs)} days, give one of them: {', '.join(map(str, pairs))}"
            )
        return pairs[0].read()
    except (FeedError, OSError) as error:
        raise RefusalError(str(error), BAD_DATA) from error


def _answer(day: "Day", sale: ForcedSale | None, mode: Mode, tell: Tell) -> "Answer":
    from experiments.commands import answer
    from experiments.studies.replay_sale import check_session, measure
    from lob.replay import replay

    if sale:
        try:
            check_session(day, sale)
        except ValueError as error:
            raise RefusalError(str(error)) from None
    try:
        if sale:
            return answer.of_sale(measure(day, sale, mode, tell))
        tell("replaying")
        return answer.of_replay(day, mode, replay(day, mode))
    except ValueError as error:
        raise RefusalError(f"{day.source[0]}: {error}", BAD_DATA) from error


def _show(answer: "Answer", as_json: bool, out: Path | None) -> None:
    if as_json:
        typer.echo(answer.to_json())
        return
    from rich.console import Console

    console = Console(highlight=False, soft_wrap=False, markup=False, emoji=False)
    answer.show(console)
    if out:
        console.print()
        console.print(f"The page: {(out / 'report.html').resolve()}", soft_wrap=True)
