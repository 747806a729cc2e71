"""``firesale feed``: facts of a file of order flow, whether it is sound, and its tape."""

import json
import os
import tomllib
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from experiments.commands.console import BAD_ARGUMENTS, BAD_DATA, RefusalError, progress
from experiments.commands.settings import AsJson, Format, Member
from lob import __version__
from lob.counted import counted

if TYPE_CHECKING:
    from lob import Instrument
    from lob.feeds import Feed

__all__ = ["feed", "mapped_columns"]

feed = typer.Typer(help="Look at, check and convert historical order flow.", no_args_is_help=True)

File = Annotated[
    Path,
    typer.Argument(
        metavar="FILE", help="Order flow of any known format: plain, gz, zst, xz or in a zip."
    ),
]
Symbol = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME", help="Read this instrument alone (can be given more than once)."),
]
Tick = Annotated[
    str | None,
    typer.Option(metavar="PRICE", help="The price of one tick.", show_default="found in the file"),
]
Map = Annotated[
    Path | None,
    typer.Option(
        "--map", metavar="TOML", help="Of a table: what its columns are called, fact = column."
    ),
]


@feed.command()
def info(
    file: File,
    member: Member = None,
    format_name: Format = None,
    symbol: Symbol = None,
    tick: Tick = None,
    columns: Map = None,
    as_json: AsJson = False,
) -> None:
    """Recognise a file, read it, and tell what was met in it."""
    opened = _open(file, member, format_name, symbol, tick, columns)
    error = _read(opened, as_json)
    _show(opened, error, as_json)
    if error:
        typer.echo(f"firesale: {error}", err=True)
        raise typer.Exit(BAD_DATA)


@feed.command()
def check(
    file: File,
    member: Member = None,
    format_name: Format = None,
    symbol: Symbol = None,
    tick: Tick = None,
    columns: Map = None,
    as_json: AsJson = False,
) -> None:
    """Read a file and test all that its format lets one test. Exits 1 if anything fails."""
    opened = _open(file, member, format_name, symbol, tick, columns)
    error = _read(opened, as_json)
    faults = ([error] if error else []) + opened.report.faults
    if as_json:
        _show(opened, error, as_json)
    else:
        typer.echo(f"{file}: {opened.format}: {'FAILED' if faults else 'sound'}")
        for name, found in opened.report.checks.items():
            typer.echo(f"  {name}: {found.passed:,} passed, {found.failed:,} failed")
        for fault in faults:
            typer.echo(f"  failed: {fault}")
        if opened.report.problem and not error:
            typer.echo(f"  first problem: {opened.report.problem}")
    if faults:
        raise typer.Exit(BAD_DATA)


@feed.command()
def convert(
    file: File,
    out: Annotated[
        Path,
        typer.Argument(metavar="OUT", help="The tape, an .npy; what was met goes to OUT.json."),
    ],
    member: Member = None,
    format_name: Format = None,
    symbol: Symbol = None,
    tick: Tick = None,
    columns: Map = None,
    as_json: AsJson = False,
) -> None:
    """Write the messages of a file as a memory-mapped tape, in bounded memory."""
    from lob import MESSAGE
    from lob.feeds import FeedError
    from lob.tape import SCHEMA, Writer

    if out.suffix != ".npy":
        raise RefusalError(f"OUT must end in .npy, got {out}")
    for target in (out, out.with_name(out.name + ".json")):
        if target.is_dir():
            raise RefusalError(f"{target}: is a folder")
    opened = _open(file, member, format_name, symbol, tick, columns)
    partial = out.with_name(f"{out.stem}.partial-{os.getpid()}.npy")
    try:
        with progress(as_json, 1) as tell, Writer(partial, MESSAGE) as writer:
            tell("converting")
            for batch in opened.batches():
                writer.write(batch)
        told = _told(opened, None)
        met = partial.with_name(f"{partial.name}.json")
        kept = {"schema": SCHEMA, **told}  # the header of an .npy has no room for the number
        met.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
        os.replace(met, out.with_name(out.name + ".json"))
        os.replace(partial, out)
    except FeedError as error:
        raise RefusalError(str(error), BAD_DATA) from error
    except OSError as error:
        raise RefusalError(f"{out}: {error.strerror or error}", BAD_DATA) from error
    finally:
        partial.with_name(f"{partial.name}.json").unlink(missing_ok=True)
        partial.unlink(missing_ok=True)
    if as_json:
        typer.echo(json.dumps({"out": str(out), **told}))
        return
    typer.echo(f"{out}: {counted(opened.report.messages, 'message')}")
    typer.echo(str(opened.report))


def _open(
    file: Path,
    member: str | None,
    format_name: str | None,
    symbols: list[str] | None,
    tick: str | None,
    columns: Path | None,
) -> "Feed":
    """Open a file with what its reader takes of the options."""
    from lob.feeds import FeedError, open_feed, recognise
    from lob.feeds.recognise import FORMATS

    if not file.exists():
        raise RefusalError(f"{file}: no such file or folder")
    try:
        options = mapped_columns(columns)
        if columns and not format_name:
            format_name = "table"
        name = format_name or recognise(file, member=member).name
        reader = next((known for known in FORMATS if known.name == name), None)
        if reader is None:
            names = ", ".join(known.name for known in FORMATS)
            raise RefusalError(f"--format must be one of {names}, got {name!r}")
        takes = signature(reader.load()).parameters
        if columns and "columns" not in takes:
            raise RefusalError(f"--map: the format {name} has columns of its own")
        if symbols:
            options |= _symbols(name, takes, symbols)
        if tick is not None:
            if "tick_size" not in takes:
                raise RefusalError(f"--tick: the format {name} has a tick of its own")
            options["tick_size"] = tick
        return open_feed(file, format=name, member=member, **options)
    except FeedError as error:
        raise RefusalError(str(error), BAD_DATA) from error
    except ValueError as error:
        raise RefusalError(f"--map {columns}: {error}") from error
    except OSError as error:
        raise RefusalError(f"{file}: {error.strerror or error}", BAD_DATA) from error


def mapped_columns(columns: Path | None) -> dict[str, Any]:
    """The options of a table's reader that a map holds: names of columns, and ``trades``."""
    if columns is None:
        return {}
    try:
        content = tomllib.loads(columns.read_text(encoding="utf-8"))
    except OSError as error:
        raise RefusalError(f"--map {columns}: {error.strerror or error}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RefusalError(f"--map {columns}: not TOML: {error}") from error
    trades = content.pop("trades", False)
    if not isinstance(trades, bool) or not all(isinstance(one, str) for one in content.values()):
        raise RefusalError(f'--map {columns}: each line must be fact = "column", or trades = true')
    return {"columns": content, "trades": trades}


def _symbols(name: str, takes: Any, symbols: list[str]) -> dict[str, Any]:
    if "symbols" in takes:
        return {"symbols": symbols}
    if "symbol" in takes and len(symbols) == 1:
        return {"symbol": symbols[0]}
    raise RefusalError(f"--symbol: a file of the format {name} is read whole", BAD_ARGUMENTS)


def _read(opened: "Feed", silent: bool) -> str:
    """Read all of a feed; return why it could not be read to its end, or nothing."""
    from lob.feeds import FeedError

    with progress(silent, 1) as tell:
        tell("reading")
        try:
            opened.scan()
        except FeedError as error:
            return str(error)
        except ValueError as error:  # an option that the file contradicts
            raise RefusalError(str(error)) from error
    return ""


def _show(opened: "Feed", error: str, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(_told(opened, error or None)))
        return
    typer.echo(str(opened.report))
    for one in [] if error else opened.instruments[:20]:
        typer.echo(f"  instrument {one.number}: {one.name}, {_steps(one, opened.format)}")
    if not error and len(opened.instruments) > 20:
        typer.echo(f"  ... and {counted(len(opened.instruments) - 20, 'more instrument')}")


def _steps(one: "Instrument", format: str) -> str:
    """What a tick and a lot of an instrument are, with the names of the assets that are known."""
    from experiments.calibration.recorded_feed import shown_instrument
    from lob.real_units import size_unit

    shown = shown_instrument(one, format)
    if not shown.has_units:
        return f"tick {one.tick_size}, lot {one.lot_size}"
    return f"tick {shown.write_price(1)}, lot {size_unit(shown).told(1)}"


def _told(opened: "Feed", error: str | None) -> dict[str, Any]:
    """What was met, in plain types."""
    from experiments.calibration.recorded_feed import shown_instrument

    instruments = [
        {
            "number": one.number,
            "name": one.name,
            "tick_size": str(one.tick_size),
            "lot_size": str(one.lot_size),
            "base": one.base,
            "quote": one.quote,
        }
        for one in (
            [] if error else [shown_instrument(one, opened.format) for one in opened.instruments]
        )
    ]
    return {
        "firesale": __version__,
        **opened.report.to_dict(),
        "instruments": instruments,
        "error": error,
    }
