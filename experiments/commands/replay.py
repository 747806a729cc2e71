"""``firesale replay``: a forced sale in recorded order flow of any format."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from experiments.commands.console import (
    BAD_DATA,
    RefusalError,
    Tell,
    make_folder,
    progress,
    refusal_of,
    refuse_another,
    refuse_missing,
)
from experiments.commands.settings import parse_share
from experiments.studies.sale_style import SaleStyle
from lob.replay_mode import ReplayMode
from lob.units import parse_duration

if TYPE_CHECKING:
    from experiments.commands.answer import Answer
    from experiments.studies.forced_sale import ForcedSale
    from lob.feeds import Feed

T = TypeVar("T")

__all__ = ["replay"]

DEFAULT_RATE = "0.1"
"""Share of the volume for pov if ``--rate`` is not given."""
SYNTHETIC = Path("synthetic")
STEPS = 5  # what a sale with --out tells; a bar that ends early is gone anyway


def replay(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILES",
            help="Order flow of any known format; a folder, zip or pair of files of a LOBSTER day; "
            "or the word synthetic: a day is made.",
        ),
    ],
    mode: Annotated[
        ReplayMode | None,
        typer.Option(
            help="exact: priced against the recorded depth, no impact. interactive: history is "
            "sent again to a live book with the sale in it. reanchored: the same, at prices "
            "relative to where the sale pushed the market.",
            show_default="interactive with --sell, else exact",
        ),
    ] = None,
    sell: Annotated[
        str | None,
        typer.Option(
            metavar="SIZE",
            help="What must be sold: '2 BTC', '500 lots', a number of units, or what it is worth, "
            "'10 k USD'.",
        ),
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="When the sale starts: HH:MM:SS[.fff], 2024-08-08T12:00:00 (UTC), or +90s after "
            "the first message.",
            show_default="as soon as the book is there",
        ),
    ] = None,
    over: Annotated[
        str | None, typer.Option(metavar="DURATION", help="How long it takes: 90s, 5m, 1h.")
    ] = None,
    style: Annotated[
        SaleStyle | None,
        typer.Option(
            help="market: all at once. twap: equal parts. pov: a share of the volume.",
            show_default="pov with --pov, twap with --over, else market",
        ),
    ] = None,
    rate: Annotated[
        str | None,
        typer.Option(
            metavar="SHARE", help="Share of the volume for pov.", show_default=DEFAULT_RATE
        ),
    ] = None,
    pov: Annotated[
        str | None,
        typer.Option(metavar="SHARE", help="The same as --style pov --rate SHARE: 0.1 or 10%."),
    ] = None,
    hidden: Annotated[
        bool,
        typer.Option(
            "--hidden", help="Count executions of hidden orders in the volume that pov follows."
        ),
    ] = False,
    decay: Annotated[
        str | None,
        typer.Option(
            metavar="SECONDS",
            help="Of reanchored: the half-life with which the anchor falls back to history: "
            "seconds, a duration, or inf. 0: at once, inf: never.",
        ),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option("--from", metavar="TIME", help="Measure from here on, as of --at."),
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="TIME", help="Read no further, as of --at.")
    ] = None,
    symbol: Annotated[
        str | None, typer.Option(metavar="NAME", help="Which instrument, where there are several.")
    ] = None,
    format_name: Annotated[
        str | None,
        typer.Option(
            "--format", metavar="NAME", help="Read it as this format.", show_default="recognised"
        ),
    ] = None,
    member: Annotated[
        str | None, typer.Option(metavar="NAME", help="Which file of a zip that holds several.")
    ] = None,
    tick: Annotated[
        str | None,
        typer.Option(
            metavar="PRICE", help="The price of one tick.", show_default="found in the file"
        ),
    ] = None,
    columns: Annotated[
        Path | None,
        typer.Option(
            "--map", metavar="TOML", help="Of a table: what its columns are called, fact = column."
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Write the quotes and trades (Parquet) and report.html here."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Replay recorded order flow and, with --sell, measure what a forced sale does to it."""
    given = {
        "--at": at, "--over": over, "--style": style, "--rate": rate, "--pov": pov,
        "--hidden": hidden or None,
    }  # fmt: skip
    for name, value in given.items():
        if sell is None and value is not None:
            raise RefusalError(f"{name} says how to sell: it needs --sell SIZE")
    chosen = mode or (ReplayMode.INTERACTIVE if sell is not None else ReplayMode.EXACT)
    style, share = _style(style, over, rate, pov, hidden)
    over_ns = _parsed("--over", parse_duration, over) if over else 0
    half_life_ns = _half_life(chosen, decay)
    make_folder(out)
    with progress(as_json, STEPS) as tell, TemporaryDirectory(prefix="firesale-") as scratch:
        tell("opening")
        made = files == [SYNTHETIC] and not SYNTHETIC.exists()
        feed = _open(
            [_make(out or Path(scratch))] if made else files,
            symbol, format_name, member, tick, columns,
        )  # fmt: skip
        options: dict[str, Any] = {
            "symbol": symbol,
            "half_life_ns": half_life_ns,
            "since": _moment("--from", since, feed),
            "until": _moment("--until", until, feed),
        }
        sale = None
        if sell is not None:
            from experiments.studies.forced_sale import ForcedSale

            at_ns = _at(at, feed, symbol)
            sale = ForcedSale(
                size=_size(sell, at_ns, feed, symbol),
                at_ns=at_ns,
                over_ns=over_ns,
                style=style,
                rate=share,
                hidden_counts=hidden,
            )
        answer = _answer(feed, sale, chosen, options, tell)
        if out:
            tell("writing")
            refuse_another(out, answer.numbers["feed"])
            try:
                answer.write(out)
            except OSError as error:
                raise refusal_of(error, out) from None
    _show(answer, as_json, out)
    _end(answer)


def _end(answer: "Answer") -> None:
    """Exit with 1 where the feed contradicts itself: the answer is not to be trusted."""
    feed = answer.report.feed
    for note in feed.notes:
        if "is missing" in note:
            typer.echo(f"firesale: {feed.path}: {note}", err=True)
    if feed.faults:
        typer.echo(
            "firesale: the record contradicts itself or has gaps: do not trust this: "
            + "; ".join(feed.faults),
            err=True,
        )
        raise typer.Exit(BAD_DATA)


# -------------------------------------------------------------------- what is asked


def _style(
    style: SaleStyle | None, over: str | None, rate: str | None, pov: str | None, hidden: bool
) -> tuple[SaleStyle, Fraction]:
    """How the sale is worked, and its share of the volume."""
    if pov is not None:
        if rate is not None or style not in (None, SaleStyle.POV):
            raise RefusalError("--pov says style and rate: leave out --style and --rate")
        style = SaleStyle.POV
    style = style or (SaleStyle.TWAP if over else SaleStyle.MARKET)
    if style is SaleStyle.MARKET and over:
        raise RefusalError("--style market sells at once: leave out --over")
    if style is not SaleStyle.MARKET and not over:
        said = "--pov" if pov is not None else f"--style {style}"
        raise RefusalError(f"{said} needs --over DURATION, such as 5m")
    if style is not SaleStyle.POV and rate:
        raise RefusalError("--rate is for --style pov")
    if style is not SaleStyle.POV and hidden:
        raise RefusalError("--hidden is for --style pov")
    name = "--pov" if pov is not None else "--rate"
    return style, _parsed(name, parse_share, pov or rate or DEFAULT_RATE)


def _half_life(mode: ReplayMode, decay: str | None) -> float | None:
    from experiments.calibration.recorded_feed import half_life

    if mode is not ReplayMode.REANCHORED:
        if decay is not None:
            raise RefusalError("--decay is for --mode reanchored")
        return None
    if decay is None:
        raise RefusalError(
            "--mode reanchored needs --decay SECONDS, the half-life of the anchor: 0: history "
            "returns at once, inf: never"
        )
    return _parsed("--decay", half_life, decay)


def _parsed(name: str, parse: Callable[[str], T], text: str) -> T:
    try:
        return parse(text)
    except ValueError as error:
        raise RefusalError(f"{name}: {error}") from None


def _size(text: str, at_ns: int, feed: "Feed", symbol: str | None) -> int:
    from experiments.calibration.recorded_feed import instrument_of
    from experiments.studies.replay_sale import lots_to_sell

    _guarded(feed, lambda: instrument_of(feed, symbol))
    return _guarded(feed, lambda: lots_to_sell(feed, text, at_ns, symbol), "--sell: ")


def _at(at: str | None, feed: "Feed", symbol: str | None) -> int:
    """When the sale starts; without a word as soon as the book is there."""
    from experiments.studies.replay_sale import book_is_there

    if at is None:
        return _guarded(feed, lambda: book_is_there(feed, symbol))
    found = _moment("--at", at, feed)
    assert found is not None
    return found


def _moment(name: str, text: str | None, feed: "Feed") -> int | None:
    from experiments.calibration.recorded_feed import moment

    return None if text is None else _guarded(feed, lambda: moment(text, feed), f"{name}: ")


# -------------------------------------------------------------------- doing it


def _make(folder: Path) -> Path:
    """Make a day in a folder."""
    from experiments.studies.synthetic_day import make_day

    make_day(folder / "day")
    return folder / "day"


def _open(
    files: list[Path],
    symbol: str | None,
    format_name: str | None,
    member: str | None,
    tick: str | None,
    columns: Path | None,
) -> "Feed":
    from experiments.calibration.recorded_feed import open_recorded
    from experiments.commands.feed import mapped_columns
    from lob.feeds import FeedError

    refuse_missing(*files)
    facts = mapped_columns(columns)
    if facts.get("trades"):
        raise RefusalError(f"--map {columns}: rows that are trades make no book to sell into")
    try:
        return open_recorded(
            files,
            symbol=symbol,
            format=format_name,
            member=member,
            tick=tick,
            columns=facts.get("columns"),
        )
    except (FeedError, OSError) as error:
        raise RefusalError(str(error), BAD_DATA) from error
    except ValueError as error:
        raise RefusalError(str(error)) from error


def _guarded(feed: "Feed", work: Callable[[], T], asked: str = "") -> T:
    """Do it; a mistake in what is asked is code 2, damage of the file code 1."""
    from lob.feeds import FeedError

    try:
        return work()
    except FeedError as error:
        raise RefusalError(str(error), BAD_DATA) from error
    except OSError as error:
        raise RefusalError(f"{feed.path}: {error.strerror or error}", BAD_DATA) from error
    except ValueError as error:
        raise RefusalError(f"{asked}{error}") from error


def _answer(
    feed: "Feed", sale: "ForcedSale | None", mode: ReplayMode, options: dict[str, Any], tell: Tell
) -> "Answer":
    from experiments.commands import answer
    from experiments.studies.replay_sale import measure, replay_alone

    def work() -> "Answer":
        if sale:
            return answer.of_sale(measure(feed, sale, mode, tell=tell, **options))
        tell("replaying")
        return answer.of_replay(replay_alone(feed, mode, **options))

    return _guarded(feed, work)


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
