"""Functions of ``import firesale``, one a question.

Each takes a scenario by name, path or object, does what the command of its name does, and returns a
result that is data: ``summary()`` for JSON, ``frame(...)`` for pandas, ``plot()`` for plotly. None
of them prints. A mistake in what is asked raises ``ValueError`` (``ScenarioError``) with its place.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Literal

from experiments.runs.run import Run, run_scenario
from experiments.scenario.read import Scenario, read_scenario
from lob.checks import integer
from lob.units import parse_duration

if TYPE_CHECKING:
    from experiments.contest.study import ContestStudy
    from experiments.runs.tape_diff import TapeDifference
    from experiments.studies.impact import SimulatedSale
    from experiments.studies.replay_result import Replayed, ReplaySale
    from experiments.studies.spiral import SpiralStudy
    from experiments.studies.stress import Stress
    from experiments.validation.target import Result
    from lob.replay import ReactiveAgent

__all__ = [
    "compare",
    "diff",
    "impact",
    "replay",
    "run",
    "scenario",
    "spiral",
    "stress",
    "validate",
]

Question = str | Path | dict[str, Any] | Scenario
"""A scenario: the name of a ready one, the path of a TOML file, its content, or the object."""


def scenario(source: Question, **overrides: Any) -> Scenario:
    """Read a scenario and validate it whole.

    Parameters
    ----------
    source
        The name of a ready one, the path of a TOML file, its content as a dict, or a scenario,
        which is returned as it is if nothing is to be changed.
    **overrides
        Values in place of what it says: ``seconds=30.0``, or by dotted path as in
        ``**{"populations.0.count": 50_000}``; units as in the scenario.

    Raises
    ------
    ScenarioError
        With all mistakes, each with its path.
    TypeError
        If the source is none of these.
    OSError
        If the file cannot be read.
    """
    if isinstance(source, Scenario):
        if not overrides:
            return source
        source = source.model_dump(mode="json")
    return read_scenario(source, overrides)


def run(
    source: Question,
    seed: int = 1,
    *,
    forced: bool = True,
    design: str | None = None,
    parameters: dict[str, Any] | None = None,
    twin: bool = True,
) -> Run:
    """Run a scenario once.

    Parameters
    ----------
    source
        The scenario: see ``firesale.scenario``.
    seed
        Root of all randomness: the same seed gives the same tapes.
    forced
        Whether failed accounts are liquidated; ``False``: they are recorded and frozen.
    design
        A liquidation design in place of the scenario's own: a name, or ``FILE.py:NAME``.
    parameters
        Parameters of ``design`` by name, times in seconds; without one they would have no meaning.
    twin
        Whether the twin, in which nothing is forced, is run as well: fair prices are its mids. It
        doubles the time; without it what rests on fair prices is ``nan``.

    Raises
    ------
    ValueError
        If the scenario, the design or a parameter is not one.
    """
    if parameters and design is None:
        raise ValueError(f"parameters are of a design: name it, got {parameters!r} without one")
    asked = scenario(source)
    reference = run_scenario(asked, seed, forced=False, tapes=False).prices if twin else None
    if not forced:
        return run_scenario(asked, seed, forced=False, twin=reference)
    return run_scenario(asked, seed, design=design, parameters=parameters, twin=reference)


def spiral(
    source: Question,
    seeds: int | Sequence[int] | None = None,
    *,
    workers: int | None = None,
    report: Callable[[int, int], object] = lambda done, total: None,
) -> "SpiralStudy":
    """Run a scenario with and without forced selling over several seeds.

    Parameters
    ----------
    source
        The scenario: see ``firesale.scenario``.
    seeds
        How many, from 1 on, or which; ``None``: as many as the scenario states.
    workers
        Processes; ``None``: one a core.
    report
        Called with how many of how many runs are done.

    Raises
    ------
    ValueError
        If the scenario is not one, there is no seed, or a run raises.
    """
    from experiments.studies.spiral import study_spiral

    asked = scenario(source)
    return study_spiral(asked, _seeds(seeds, asked.seeds), workers=workers, report=report)


def compare(
    source: Question,
    designs: str | Sequence[str] | None = None,
    seeds: int | Sequence[int] = 20,
    *,
    reference: str | None = None,
    regimes: bool = False,
    axes: bool = False,
    out: str | Path | None = None,
    workers: int | None = None,
    report: Callable[[str], object] = lambda what: None,
) -> "ContestStudy":
    """Compare liquidation designs on the same accounts, capital and random numbers.

    Parameters
    ----------
    source
        The scenario: see ``firesale.scenario``.
    designs
        Names as on the command line, ``"dutch(step=30)"`` or ``"mine=FILE.py:NAME"``, in a list or
        with commas between them; ``None``: the scenario's own and those beside it, or else one of
        each family.
    seeds
        How many, from 1 on, or which; at least two.
    reference
        Label of the design that the others are compared with; ``None``: the first.
    regimes, axes
        Whether the contest is held in other markets as well: see ``experiments.contest.markets``.
    out
        A folder that keeps the runs, so that the next call resumes.
    workers
        Processes; ``None``: one a core.
    report
        Called in words with what is done.

    Raises
    ------
    ValueError
        If the scenario or a design is not one, or there are fewer than two seeds.
    """
    from experiments.contest.designs import as_stated, of_scenario, parse_designs
    from experiments.contest.study import study_contest
    from experiments.runs.store import RunStore
    from experiments.scenario.designs import contest_designs

    asked = scenario(source)
    chosen = of_scenario(asked) if designs is None else []
    if not chosen:
        named = contest_designs() if designs is None else designs
        text = named if isinstance(named, str) else ",".join(named)
        chosen = as_stated(parse_designs(text), asked)
    if out is not None:
        Path(out).mkdir(parents=True, exist_ok=True)
    return study_contest(
        asked,
        chosen,
        _seeds(seeds, 20),
        reference=reference,
        regimes=regimes,
        axes=axes,
        store=RunStore(Path(out)) if out is not None else None,
        workers=workers,
        pictures=True,
        report=report,
    )


def stress(
    source: Question,
    seeds: int | Sequence[int] | None = None,
    *,
    fails: str = "bad-debt",
    above: float | None = None,
    most: int = 8,
    steps: int = 16,
    assets: Sequence[str] = (),
    workers: int | None = None,
    report: Callable[[str], object] = lambda what: None,
) -> "Stress":
    """Find the smallest shock at which a whole scenario fails.

    Parameters
    ----------
    source
        The scenario: see ``firesale.scenario``.
    seeds
        How many, from 1 on, or which; ``None``: as many as the scenario states.
    fails
        What failing means: ``bad-debt``, ``liquidated`` or ``insurance``.
    above
        Threshold of ``bad-debt`` in cash units (0 if not given), of ``liquidated`` as a share of
        the accounts (0.5).
    most
        The largest shock tried, as a multiple of the scenario's own.
    steps
        Parts of the scenario's own shock that are told apart.
    assets
        Names of instruments: the worst mix of sales in them is looked for.
    workers
        Processes; ``None``: one a core.
    report
        Called in words with what is tried.

    Raises
    ------
    ValueError
        If the scenario is not one, an argument is out of range, or a run raises.
    """
    from experiments.studies.stress import SHARE, Failure, stress_test

    asked = scenario(source)
    threshold = above if above is not None else SHARE if fails == "liquidated" else 0.0
    return stress_test(
        asked,
        Failure(fails, threshold),  # type: ignore[arg-type]
        _seeds(seeds, asked.seeds),
        most=most,
        steps=steps,
        assets=tuple(assets),
        workers=workers,
        report=report,
    )


def impact(
    market: str,
    sell: int,
    *,
    at: str = "10m",
    over: str | None = None,
    seeds: int | Sequence[int] = 20,
    **options: Any,
) -> "SimulatedSale":
    """Sell into a ready market, and measure it against its twins without the sale.

    Parameters
    ----------
    market
        One of ``experiments.markets.MARKETS``.
    sell
        Lots, 1 or more.
    at, over
        When, from the start of the market, and how long it takes: durations as ``"10m"``; ``over``
        ``None``: all at once.
    seeds
        How many, from 1 on, or which; at least two.
    **options
        Options of the market's builder by name.

    Raises
    ------
    ValueError
        If there is no such market, there are fewer than two seeds, or nothing of the sale trades.
    """
    from experiments.markets import MARKETS
    from experiments.studies.impact import measure_sale

    if market not in MARKETS:
        raise ValueError(f"no market is called {market!r}: there are {', '.join(MARKETS)}")
    return measure_sale(
        lambda seed: MARKETS[market](seed, **options),
        size=sell,
        at_ns=parse_duration(at),
        over_ns=parse_duration(over) if over else 0,
        seeds=_seeds(seeds, 20),
    )


def replay(
    files: str | Path | Sequence[str | Path],
    sell: int | str | None = None,
    *,
    at: str | None = None,
    over: str | None = None,
    style: str = "market",
    rate: float | str = 0.1,
    buy: bool = False,
    hidden: bool = False,
    mode: Literal["exact", "interactive", "reanchored"] = "interactive",
    decay: float | str | None = None,
    since: str | None = None,
    until: str | None = None,
    agents: "Sequence[ReactiveAgent]" = (),
    **feed: Any,
) -> "ReplaySale | Replayed":
    """Replay recorded order flow of any format, with a forced sale in it if there is one.

    Parameters
    ----------
    files
        A file of order flow; a folder, zip or pair of files of a LOBSTER day; or ``"synthetic"``: a
        day is made.
    sell
        ``"2 BTC"``, ``"500 lots"`` or a number of units of what is traded; ``None``: nothing, and
        the result is the replay alone.
    at
        When it starts: a time of day, a date and time in UTC, or ``"+90s"`` after the first
        message; ``None``: as soon as the book is there.
    over
        Duration of a TWAP or POV sale.
    style
        ``market``, ``twap`` or ``pov``.
    rate
        Share of the volume that a POV sale takes.
    buy
        Whether it is bought, not sold.
    hidden
        Whether executions of hidden orders count in that volume.
    mode
        ``exact``, ``interactive`` or ``reanchored``: see ``lob.replay``.
    decay
        Of ``reanchored``: the half-life of the anchor in seconds, a duration, or ``inf``.
    since, until
        The window, as of ``at``.
    agents
        Who reacts to the live book: see ``lob.replay.ReactiveAgent``.
    feed
        ``symbol``, ``format``, ``member``, ``tick`` and ``columns`` of the file.

    Raises
    ------
    FeedError
        If the files cannot be read.
    ValueError
        If the sale does not fit into the record.
    """
    from fractions import Fraction

    from experiments.studies.forced_sale import ForcedSale, SaleStyle
    from experiments.studies.recorded_feed import half_life, instrument_of, moment, open_recorded
    from experiments.studies.replay_sale import book_is_there, measure, replay_alone
    from lob import Side

    with TemporaryDirectory(prefix="firesale-") as scratch:
        if str(files) == "synthetic" and not Path(files).exists():  # type: ignore[arg-type]
            from experiments.studies.synthetic_day import make_day

            make_day(Path(scratch))
            files = scratch
        recorded, symbol = open_recorded(files, **feed), feed.get("symbol")
        options: dict[str, Any] = {
            "symbol": symbol,
            "half_life_ns": None if decay is None else half_life(decay),
            "agents": agents,
            "since": None if since is None else moment(since, recorded),
            "until": None if until is None else moment(until, recorded),
        }
        if sell is None:
            return replay_alone(recorded, mode, **options)
        sale = ForcedSale(
            side=Side.BUY if buy else Side.SELL,
            size=instrument_of(recorded, symbol).to_lots(sell),
            at_ns=book_is_there(recorded, symbol) if at is None else moment(at, recorded),
            style=SaleStyle(style),
            over_ns=parse_duration(over) if over else 0,
            rate=Fraction(str(rate)),
            hidden_counts=hidden,
        )
        return measure(recorded, sale, mode, **options)


def diff(one: str | Path, other: str | Path) -> "TapeDifference | None":
    """Find the first row in which two tapes on disk differ; ``None`` if they are the same.

    Parameters
    ----------
    one, other
        Paths of ``.parquet`` or ``.npy`` tapes of one layout.

    Raises
    ------
    TypeError
        If the tapes have different layouts.
    ValueError
        If a file is no tape.
    OSError
        If a file cannot be read.
    """
    from experiments.runs.tape_diff import first_difference
    from lob import tape

    return first_difference(tape.read(Path(one)), tape.read(Path(other)))


def validate(name: str, **parameters: Any) -> "Result":
    """Compute a result of the literature, at the published parameters or at any others.

    Parameters
    ----------
    name
        One of ``firesale validate --list``, or the id of a published case.
    **parameters
        Parameters of the target by name, see its function in ``experiments.validation``.

    Raises
    ------
    ValueError
        If the name or a parameter is not known, or a value is out of range.
    """
    from experiments.validation.cases import read_cases
    from experiments.validation.run import validate as computed

    return computed(name, read_cases(), **parameters)


def _seeds(asked: int | Sequence[int] | None, number: int) -> range | Sequence[int]:
    """Seeds from 1 on, or the ones that are given."""
    if asked is None:
        asked = number
    if isinstance(asked, int):
        if integer("seeds", asked) < 1:
            raise ValueError(f"seeds must be at least one, got {asked}")
        return range(1, asked + 1)
    return [integer("seeds", one, 0) for one in asked]
