"""Command line of ``firesale``.

Exit codes: 0 done, 1 the data is bad, a run raised or nothing could be written, 2 the arguments are
bad. An error goes to stderr, one line for each mistake and the traceback of the user's own code;
with ``--json`` it is also the one object on stdout; with ``--debug``, which may stand anywhere, the
whole traceback comes after it.

What is heavy is imported where it is used: ``--version`` and ``--help`` answer at once.
"""

import json
import os
import signal
import sys
import warnings
from collections.abc import Sequence
from contextlib import suppress
from types import FrameType
from typing import Annotated, NoReturn, cast

import typer

from experiments.commands import (
    compare,
    daily_liquidations,
    demo,
    diff,
    facts,
    feed,
    fit,
    impact,
    incidents,
    positions,
    profile,
    replay,
    rerun,
    run,
    scenarios,
    stress,
    sweep,
)
from experiments.commands.console import BAD_ARGUMENTS, BAD_DATA, RefusalError
from experiments.commands.validate import validate_command
from lob import __version__

__all__ = ["app", "main"]

INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells have it."""
# Typer names no public class for all misuse: it is the one that BadParameter is a kind of.
UsageError = cast(type[typer.BadParameter], typer.BadParameter.__mro__[1])
"""Error of typer for bad arguments, which it does not export."""

app = typer.Typer(
    name="firesale",
    help="What does a forced sale do to a market?",
    # Typer installs it for the shell that asks: firesale --install-completion.
    add_completion=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (
    demo.demo, run.run, compare.compare, stress.stress, replay.replay, impact.impact, diff.diff,
    facts.facts, facts.score, fit.fit, profile.profile, scenarios.show, scenarios.new, rerun.rerun,
    sweep.sweep,
):  # fmt: skip
    app.command()(command)
app.command("validate")(validate_command)
app.command("list")(scenarios.list_command)
app.add_typer(feed.feed, name="feed")
app.add_typer(incidents.incidents, name="incidents")
app.add_typer(positions.positions, name="positions")
app.add_typer(daily_liquidations.daily_liquidations, name="daily-liquidations")


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit.

    Parameters
    ----------
    arguments
        Words after ``firesale``; ``None``: those of the process.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    debug = _take_debug(given)
    with suppress(ValueError):  # not the main thread: signals are not ours
        signal.signal(signal.SIGTERM, _end)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("always", UserWarning)
            warnings.showwarning = _warn
            code = app(given or ["--help"], prog_name="firesale", standalone_mode=False)
        if code == INTERRUPTED:  # typer has caught it
            raise KeyboardInterrupt
    except UsageError as error:
        code = _fail(error.format_message(), BAD_ARGUMENTS, given)
        _trace(debug)
    except RefusalError as error:
        code = _fail(str(error), error.code, given, error.trace)
        _trace(debug)
    except BrokenPipeError:
        _drop_output()  # whoever read has enough
        code = BAD_DATA
    except OSError as error:
        if error.filename is None:
            _drop_output()
        code = _fail(f"{error.filename or 'output'}: {error.strerror or error}", BAD_DATA, given)
        _trace(debug)
    except MemoryError:
        code = _fail("not enough memory", BAD_DATA, given)
        _trace(debug)
    except (KeyboardInterrupt, typer.Abort):
        code = _fail("interrupted", INTERRUPTED, given)
        _trace(debug)
    except Exception as error:
        # A fault of Firesale's own; whoever reads JSON gets his object all the same.
        from experiments.runs.errors import told

        line, trace = told(error)
        code = _fail(f"a fault in firesale, please report it: {line}", BAD_DATA, given, trace)
        _trace(debug and trace is None)
    sys.exit(code if isinstance(code, int) else 0)


def _warn(message: Warning | str, *where: object, **more: object) -> None:
    """Print a warning on stderr, one line, without the place in the code that noticed."""
    with suppress(OSError):
        typer.echo(f"firesale: warning: {message}", err=True)


def _take_debug(arguments: list[str]) -> bool:
    """Whether ``--debug`` is among the words, before ``--`` if that is: it is taken out of them."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    before = [one for one in arguments[:end] if one != "--debug"]
    found = len(before) < end
    arguments[:end] = before
    return found


def _trace(wanted: bool) -> None:
    """Print on stderr where the error at hand comes from, and what it was raised from or after."""
    if wanted:
        import traceback

        with suppress(OSError):
            typer.echo(traceback.format_exc(), err=True)


def _drop_output() -> None:
    """What is left in the buffer has nowhere to go; Python would try again when it ends."""
    with suppress(OSError, ValueError):  # no file stands behind it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _end(number: int, frame: FrameType | None) -> NoReturn:
    """End as on Ctrl-C when asked to terminate: workers left behind would go on for nobody."""
    raise KeyboardInterrupt


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"firesale {__version__}")
        raise typer.Exit


@app.callback()
def firesale(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
    debug: Annotated[  # taken out of the words before: here for the help
        bool, typer.Option("--debug", help="With any command: show where an error comes from.")
    ] = False,
) -> None:
    """Ask what a forced sale does to a market."""


def _fail(message: str, code: int, arguments: list[str], trace: str | None = None) -> int:
    """Print an error, each of its lines whole however wide the terminal is.

    What cannot be written, on a full disk or to somebody who has gone, is left unsaid.
    """
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    # A list of one mistake is no list.
    lines = [": ".join(lines)] if len(lines) == 2 else lines
    if "--json" in arguments:
        said: dict[str, object] = {"error": " ".join(lines), "exit_code": code}
        # Where stdout is full or gone, that is what went wrong: it is told on stderr.
        with suppress(OSError):
            typer.echo(json.dumps(said | ({"trace": trace} if trace else {})))
    typer.echo(
        "\n  ".join(["firesale: " + lines[0] if lines else "firesale", *lines[1:]]), err=True
    )
    if trace:
        typer.echo(trace, err=True)
    return code
