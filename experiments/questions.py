"""Functions of ``import firesale``, one a question.

Each takes a scenario by name, path or object, does what the command of its name does, and returns a
result that is data: ``summary()`` for JSON, ``frame(...)`` for pandas, ``plot()`` for plotly. None
of them prints. A mistake in what is asked raises ``ValueError`` (``ScenarioError``) with its place.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Literal

from experiments.runs.own_metrics import Metrics, named_metrics
from experiments.runs.run import Run, run_scenario
from experiments.runs.twins import Twin
from experiments.scenario.own_code import refuse_code
from experiments.scenario.read import Scenario, read_scenario
from lob.checks import integer
from lob.units import parse_duration

if TYPE_CHECKING:
    from decimal import Decimal

    import numpy as np
    from numpy.typing import NDArray

    from agents import Participant
    from experiments.contest.study import ContestStudy
    from experiments.runs.tape_diff import TapeDifference
    from experiments.studies.facts import FactsStudy
    from experiments.studies.fit import Fitted
    from experiments.studies.impact import SimulatedSale
    from experiments.studies.profile import StatedMarket
    from experiments.studies.replay_result import Replayed, ReplaySale
    from experiments.studies.rerun import Rerun
    from experiments.studies.score import ScoreStudy
    from experiments.studies.spiral import SpiralStudy
    from experiments.studies.stress import Stress
    from experiments.studies.sweep_result import Sweep
    from experiments.validation.target import Result
    from lob import Instrument
    from lob.replay import ReactiveAgent

__all__ = [
    "compare",
    "diff",
    "facts",
    "fit",
    "impact",
    "profile",
    "replay",
    "rerun",
    "run",
    "scenario",
    "score",
    "spiral",
    "stress",
    "sweep",
    "validate",
]

Question = str | Path | dict[str, Any] | Scenario
"""A scenario: the name of a ready one, the path of a TOML file, its content, or the object."""


def scenario(source: Question, **overrides: Any) -> Scenario:
    """Read a scenario and validate it whole.

    Parameters
    ----------
    source
        The name of a ready one, the path of a TOML file, its content as a dict, in which tables may
        be objects of ``firesale.tables``, or a scenario, which is returned as it is if nothing is
        to be changed.
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
        return source.with_(**overrides) if overrides else source
    return read_scenario(source, overrides)


def run(
    source: Question,
    seed: int = 1,
    *,
    forced: bool = True,
    design: str | None = None,
    parameters: dict[str, Any] | None = None,
    twin: bool = True,
    agents: "Sequence[Participant]" = (),
    metrics: Metrics = (),
    record: str | Path | None = None,
    allow_code: bool = False,
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
        Parameters of ``design`` by name, times in seconds, or with a unit as in a scenario:
        ``"2 min"``, ``"5 %"``; without a design they would have no meaning.
    twin
        Whether the twin, in which nothing is forced, is run as well: fair prices are its mids. It
        doubles the time; without it what rests on fair prices is ``nan``.
    agents
        Participants beside those of the scenario, ``firesale.Agent`` objects that were in no run;
        a copy of each takes part in the run and in its twin, as ``run.simulation["its name"]``.
    metrics
        Functions of the run's tapes (``run.tape``), each of which returns a number; the summary has
        them by name under ``metrics``. A list of functions, or a dict of them by name.
    record
        A folder to which events, messages and entries are written while it runs, for runs that are
        larger than memory: ``run.tape`` maps them from there, and ``lob.tape.read`` does.
    allow_code
        Whether code of one's own that the scenario names is run; what is passed in always is.

    Raises
    ------
    CodeNotAllowedError
        If the scenario names code of one's own and nobody said that it may be run.
    ValueError
        If the scenario, the design or a parameter is not one.
    """
    if parameters and design is None:
        raise ValueError(f"parameters are of a design: name it, got {parameters!r} without one")
    asked = scenario(source)
    refuse_code(asked, allowed=allow_code, named=() if design is None else (design,))
    if design is not None and parameters:
        from experiments.scenario.design_parameters import parameters_in_steps

        parameters = parameters_in_steps(design, parameters, asked)
    measures = named_metrics(metrics)
    reference = None
    if twin:
        reference = Twin(asked, seed, agents=agents)
    return run_scenario(
        asked,
        seed,
        forced=forced,
        design=design if forced else None,
        parameters=parameters if forced else None,
        twin=reference,
        agents=agents,
        metrics=measures,
        record=record,
    )


def rerun(
    result: "Run | SpiralStudy | Sweep | ContestStudy | Stress | SimulatedSale | str | Path | "
    "Mapping[str, Any]",
    *,
    key: str | None = None,
    design: str | None = None,
    seed: int | None = None,
    point: int | None = None,
    market: str | None = None,
    agents: "Sequence[Participant]" = (),
    allow_code: bool = False,
    workers: int | None = None,
) -> "Rerun":
    """Run a result again from what it says of itself, and compare the digests.

    The same scenario, seed, version and sources give the same digests; where one is another, the
    headline says so first.

    Parameters
    ----------
    result
        A run or a study; or its JSON: the content, as ``summary()`` gives it, or the path of its
        file; or the folder of a sweep, or of a study's kept runs within ``store``.
    key, design, seed, point, market
        Which runs of a study; all where none is given. The digest of a run's row or how it begins,
        the label of its design, its seed, the number of its point in a sweep, and the name of its
        market in a contest.
    agents
        Those that were passed in to the run, where its JSON has their names alone.
    allow_code
        Whether code of one's own that the scenario names is run.
    workers
        Processes of a study; ``None``: one a core.

    Raises
    ------
    CodeNotAllowedError
        If it names code of one's own and nobody said that it may be run.
    ValueError
        If it is no result that can be run again, or has no such run.
    OSError
        If the file cannot be read.
    """
    from experiments.contest.rerun import rerun_any
    from experiments.studies.rerun import said_in
    from experiments.studies.rerun_rows import Which

    said = said_in(result) if isinstance(result, str | Path | Mapping) else result
    which = Which(key, design, seed, point, market)
    return rerun_any(said, which=which, agents=agents, allow_code=allow_code, workers=workers)


def spiral(
    source: Question,
    seeds: int | Sequence[int] | None = None,
    *,
    workers: int | None = None,
    memory: int | str | None = None,
    allow_code: bool = False,
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
    memory
        Bytes, or ``"2 GB"``, that the runs of a seed may take beside what their process has: a seed
        that takes more is left out, with its error (Linux).
    allow_code
        Whether code of one's own that the scenario names is run.
    report
        Called with how many of how many runs are done.

    Raises
    ------
    CodeNotAllowedError
        If the scenario names code of one's own and nobody said that it may be run.
    ValueError
        If the scenario is not one, there is no seed, or a run raises.
    """
    from experiments.runs.memory_limit import parse_bytes
    from experiments.studies.spiral import study_spiral

    asked = scenario(source)
    refuse_code(asked, allowed=allow_code)
    chosen, limit = _seeds(seeds, asked.seeds), parse_bytes(memory)
    return study_spiral(asked, chosen, workers=workers, memory=limit, report=report)


def compare(
    source: Question,
    designs: str | Sequence[str] | None = None,
    seeds: int | Sequence[int] = 60,
    *,
    reference: str | None = None,
    regimes: bool = False,
    axes: bool = False,
    fast: bool = False,
    out: str | Path | None = None,
    store: str | Path | None = None,
    workers: int | None = None,
    memory: int | str | None = None,
    allow_code: bool = False,
    report: Callable[[str], object] = lambda what: None,
) -> "ContestStudy":
    """Compare liquidation designs on the same accounts, capital and random numbers.

    Parameters
    ----------
    source
        The scenario: see ``firesale.scenario``.
    designs
        Names as on the command line, ``"dutch(step=30 s)"`` or ``"mine=FILE.py:NAME"``, in a list
        or with commas between them; ``None``: the scenario's own and those beside it, or else one
        of each family.
    seeds
        How many, from 1 on, or which; at least two.
    reference
        Label of the design that the others are compared with; ``None``: the first.
    regimes, axes
        Whether the contest is held in other markets as well: see ``experiments.contest.markets``.
    fast
        Whether the twelve other markets are left out that tell whether the ranking holds
        (``experiments.contest.screening``): the headline says so.
    out
        A folder that keeps the runs, so that the next call resumes.
    store
        The same, for the runs of all studies: those of contests are in ``compare`` within it.
    workers
        Processes; ``None``: one a core.
    memory
        Bytes, or ``"2 GB"``, that a run may take beside what its process has: more is the error of
        that run (Linux).
    allow_code
        Whether code of one's own that the scenario names is run.
    report
        Called in words with what is done.

    Raises
    ------
    CodeNotAllowedError
        If the scenario names code of one's own and nobody said that it may be run.
    ValueError
        If the scenario or a design is not one, or there are fewer than two seeds.
    """
    from experiments.contest.compare import kept_in
    from experiments.contest.designs import as_stated, of_scenario, parse_designs
    from experiments.contest.study import study_contest
    from experiments.runs.memory_limit import parse_bytes
    from experiments.runs.provenance import asked_of_scenario
    from experiments.scenario.designs import contest_designs

    asked = scenario(source)
    chosen = of_scenario(asked) if designs is None else []
    if not chosen:
        named = contest_designs() if designs is None else designs
        text = named if isinstance(named, str) else ",".join(named)
        chosen = as_stated(parse_designs(text, asked), asked)
    refuse_code(
        asked,
        allowed=allow_code,
        named=() if named is None else [one.design for one in chosen],
    )
    chosen_seeds = _seeds(seeds, 60)
    kept_where = (None if one is None else Path(one) for one in (store, out))
    with kept_in(*kept_where, asked=partial(asked_of_scenario, asked, chosen_seeds)) as kept:
        return study_contest(
            asked,
            chosen,
            chosen_seeds,
            reference=reference,
            regimes=regimes,
            axes=axes,
            screen=not fast,
            store=kept,
            workers=workers,
            memory=parse_bytes(memory),
            pictures=True,
            report=report,
        )


def stress(
    source: Question,
    seeds: int | Sequence[int] | None = None,
    *,
    fails: str = "bad-debt",
    above: float | str | None = None,
    most: int = 8,
    steps: int = 16,
    assets: Sequence[str] = (),
    workers: int | None = None,
    store: str | Path | None = None,
    allow_code: bool = False,
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
        Threshold of ``bad-debt`` in cash units or as ``"1 M USD"`` (0 if not given), of
        ``liquidated`` as a share of the accounts (0.5).
    most
        The largest shock tried, as a multiple of the scenario's own.
    steps
        Parts of the scenario's own shock that are told apart.
    assets
        Names of instruments: the worst mix of sales in them is looked for.
    workers
        Processes; ``None``: one a core.
    store
        A folder that keeps every finished run, so that the next call resumes; ``None``: none does.
    allow_code
        Whether code of one's own that the scenario names is run.
    report
        Called in words with what is tried.

    Raises
    ------
    CodeNotAllowedError
        If the scenario names code of one's own and nobody said that it may be run.
    ValueError
        If the scenario is not one, an argument is out of range, or a run raises.
    """
    from experiments.studies.stress import SHARE, Failure, stress_test
    from experiments.studies.thresholds import threshold_of

    asked = scenario(source)
    refuse_code(asked, allowed=allow_code)
    if isinstance(above, str):
        above = threshold_of(above, fails, asked.units.cash)
    threshold = above if above is not None else SHARE if fails == "liquidated" else 0.0
    return stress_test(
        asked,
        Failure(fails, threshold),  # type: ignore[arg-type]
        _seeds(seeds, asked.seeds),
        most=most,
        steps=steps,
        assets=tuple(assets),
        workers=workers,
        store=None if store is None else Path(store),
        report=report,
    )


def sweep(
    source: Question,
    over: "Mapping[str, Any] | Sequence[Mapping[str, Any]]",
    seeds: int | Sequence[int] = 20,
    *,
    design: str = "grid",
    points: int | None = None,
    sample_seed: int = 0,
    narrow: Mapping[str, float] | None = None,
    most: int = 1_000,
    twin: bool = True,
    metrics: Mapping[str, str] | None = None,
    out: str | Path | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    memory: int | str | None = None,
    retry: bool = False,
    allow_code: bool = False,
    report: Callable[[int, int], object] = lambda done, total: None,
) -> "Sweep":
    """Run a scenario at many points of its parameters, with the same seeds at each.

    Parameters
    ----------
    source
        The scenario: see ``firesale.scenario``.
    over
        Values by key, named as ``with_`` takes them: ``{"leverage": [(3, 10), (3, 20)]}``; for a
        sample ranges, ``{"shocks.0.lots": (10_000, 40_000)}``; or a list of points.
    seeds
        How many at each point, from 1 on, or which.
    design
        ``grid``, ``list``, ``random``, ``latin-hypercube``, ``sobol``, or ``sensitivity``, of which
        ``sensitivity()`` estimates Sobol indices; the last three need scipy.
    points
        How many points a sample has; a power of two for the last two designs.
    sample_seed
        Seed of the sample.
    narrow
        Half-width at most of the 95 % interval of a measure's mean, in the measure's unit, by name:
        each point goes on to more seeds until it is there.
    most
        Seeds of a point after which it does not.
    twin
        Whether each run has its twin: see ``firesale.run``.
    metrics
        Functions of the run's tapes by name, each as ``FILE.py:NAME``: workers load them.
    out
        A folder that keeps the runs, so that the next call resumes; ``None``: they are gone with
        the result.
    workers
        Processes; ``None``: one a core.
    scheduler
        Address of a dask scheduler, ``"HOST:PORT"``, whose workers make the runs; ``None``: they
        are made on this machine.
    memory
        What a run may take, in bytes or as ``"500 MB"``: more is the error of that run.
    retry
        Whether runs in ``out`` that failed are made again.
    allow_code
        Whether code of one's own that the scenario names is run.
    report
        Called with how many of how many runs are there.

    Raises
    ------
    CodeNotAllowedError
        If the scenario names code of one's own and nobody said that it may be run.
    ValueError
        If the scenario is not one, or there is nothing to vary.
    ClusterError
        If no scheduler answers, it is gone, or a worker has another version or other sources.
    OSError
        If ``out`` cannot be written to: what had finished is kept.
    """
    from experiments.runs.cluster import cluster_of
    from experiments.runs.memory_limit import parse_bytes
    from experiments.studies.sweep import Sampling, hold_sweep

    return hold_sweep(
        scenario(source),
        Sampling(
            over,
            _seeds(seeds, 20),
            design,
            points,
            sample_seed,
            narrow,
            integer("most", most, 2),
        ),
        twin=twin,
        metrics=metrics,
        folder=Path(out) if out is not None else None,
        workers=workers,
        executor=cluster_of(scheduler, workers),
        memory=parse_bytes(memory),
        retry=retry,
        allow_code=allow_code,
        report=report,
    )


def facts(
    source: str | Path | Sequence[str | Path],
    seeds: int | Sequence[int] = 1,
    *,
    minutes: float | None = None,
    impact: int | Sequence[int] = 0,
    over: str = "5m",
    workers: int | None = None,
    **options: Any,
) -> "FactsStudy":
    """Measure a market by the statistics in which markets are alike or differ.

    Parameters
    ----------
    source
        The name of a ready market, or order flow of any format: a file, a folder, a pair of files.
    seeds
        Of a market: how many, from 1 on, or which.
    minutes
        How long a market is measured, after 5 minutes that are left out; ``None``: 100.
    impact
        In how many seeds large orders are sold into a market, from 1 on, or which; 0: its impact
        is not measured. 20 seeds take a few minutes.
    over
        How long such an order lasts where its duration is fixed.
    workers
        In how many processes they are sold; ``None``: one a core.
    **options
        Of a market: those of its builder. Of a file: ``symbol``, ``since``, ``until``, ``format``,
        ``member``, ``tick``, ``columns``, as of ``replay``.

    Raises
    ------
    ValueError
        If there is no such market or file, or an option is none.
    FeedError
        If the file is damaged.
    """
    from experiments.studies.facts import study_facts

    return study_facts(
        source,
        _seeds(seeds, 1),
        minutes,
        impact_seeds=_seeds(impact, 0) if impact else (),
        over_ns=parse_duration(over),
        workers=workers,
        **options,
    )


def score(
    market: str | Path,
    file: str | Path | Sequence[str | Path],
    seeds: Sequence[int] | None = None,
    *,
    minutes: float | None = None,
    settings: dict[str, Any] | None = None,
    **options: Any,
) -> "ScoreStudy":
    """Set a market beside recorded order flow, and tell their distance: 0 is alike, 3 the most.

    Parameters
    ----------
    market
        The name of a ready market; or another file, which has no seeds.
    file
        Order flow of any format.
    seeds
        At least 10, which; ``None``: 1001 to 1010.
    minutes
        How long the market is measured; ``None``: as long as the file, at most 100.
    settings
        Options of the market's builder by name.
    **options
        Of the file, as of ``facts``.

    Raises
    ------
    ValueError
        If there are fewer than 10 seeds, or there is no such market or file.
    FeedError
        If the file is damaged.
    """
    from experiments.studies.score import study_score

    return study_score(market, file, seeds, minutes, settings=settings, **options)


def fit(
    source: "str | Path | Sequence[str | Path] | NDArray[np.void]",
    model: str,
    *,
    name: str | None = None,
    instrument: "Instrument | None" = None,
    since: str | int | None = None,
    until: str | None = None,
    settings: dict[str, Any] | None = None,
    **options: Any,
) -> "Fitted":
    """Fit a model of order flow to recorded order flow, or to the tape of a run.

    Parameters
    ----------
    source
        A file of order flow of any format; or the event tape of a run, ``lob.EVENT`` rows.
    model
        ``zero-intelligence``, ``poisson``, ``queue-reactive``, ``hawkes`` or ``long-memory``.
    name
        Of the market; ``None``: the instrument's and the model's.
    instrument
        Of a tape; ``None``: ticks and lots without a name. A file tells its own.
    since, until
        The part of a file that counts, times as people write them; of a tape ``since`` is ns.
    settings
        Of the model's fit: ``levels``, ``lengths`` or ``decays``.
    **options
        ``symbol``, ``format``, ``member``, ``tick`` and ``columns`` of the file.

    Raises
    ------
    ValueError
        If there is no such model, or the record has too little for it: what is missing.
    FeedError
        If the file is damaged.
    """
    from experiments.studies.fit import fit_market

    return fit_market(
        source, model, name=name, instrument=instrument, since=since, until=until,
        settings=settings, **options,
    )  # fmt: skip


def profile(
    *,
    price: int | str,
    depth: int | str,
    within: float | str,
    half_life: float | str,
    spread: float | str,
    volume: int | str,
    volatility: float | str,
    rate: float = 50.0,
    name: str = "stated",
    tick_size: "Decimal | float | str" = "1",
    lot_size: "Decimal | float | str" = "1",
    base: str = "",
    quote: str = "USD",
    inverse: bool = False,
) -> "StatedMarket":
    """Solve a market for its depth, spread, volume and volatility, and check what comes out.

    What is obtained differs from what is asked by 15 % at most, ``half_life`` by a factor of 1.5.
    It takes some seconds; the same again in one process takes none.

    Parameters
    ----------
    price
        Where the market begins: ``"60_000 USD"``, or ticks.
    depth
        What rests on one side within ``within`` of the mid, on average, at the start price:
        ``"5 M USD"``, or cash units.
    within
        Of the mid: ``"1 %"``, or a share.
    half_life
        After a sale of half of that, until half of what it took out of the bids is back:
        ``"40 s"``, or seconds; at most half an hour.
    spread
        Mean over time: ``"1 bps"``, or a share of the mid.
    volume
        Traded a day, at the start price: ``"2 G USD"``, or cash units.
    volatility
        Of a year of 365 days, by the mid every 60 s: ``"60 %"``, or a share.
    rate
        Messages a second, about, from 1 to 1,000: more can hold a smaller spread, and cost more
        time.
    name
        Of the instrument.
    tick_size, lot_size
        Price of one tick in ``quote``; how much of ``base`` a lot is.
    base, quote
        What is traded, and what is paid; ``base`` empty: a contract of the instrument's own name.
    inverse
        Whether the instrument is an inverse contract, settled in ``base``.

    Raises
    ------
    ValueError
        If no parameters give what is asked, or something is no quantity of its kind: all mistakes,
        each with its name, and the nearest that can be had.
    """
    from experiments.studies.profile import stated_market

    asked = {
        "price": price, "depth": depth, "within": within, "half_life": half_life,
        "spread": spread, "volume": volume, "volatility": volatility, "rate": rate,
    }  # fmt: skip
    instrument = {
        "name": name, "tick_size": tick_size, "lot_size": lot_size, "base": base, "quote": quote,
        "inverse": inverse,
    }  # fmt: skip
    return stated_market(asked, instrument)


def impact(
    market: str,
    sell: int | str,
    *,
    at: str = "10m",
    over: str | None = None,
    pov: float | None = None,
    seeds: int | Sequence[int] = 20,
    workers: int | None = None,
    store: str | Path | None = None,
    report: Callable[[int, int], object] = lambda done, total: None,
    **options: Any,
) -> "SimulatedSale":
    """Sell into a ready market, and measure it against its twins without the sale.

    Parameters
    ----------
    market
        One of ``experiments.markets.MARKETS``, or the path of a market file.
    sell
        Lots, 1 or more; or a text with its unit, as ``"2 BTC"``.
    at, over
        When, from the start of the market, and how long it takes: durations as ``"10m"``; ``over``
        ``None``: all at once.
    pov
        Share of the volume, its own included, above 0 and below 1: it trades as others do, for
        ``over`` at most. ``None``: it does not look at the volume.
    seeds
        How many, from 1 on, or which; at least two.
    workers
        Processes; ``None``: one a core.
    store
        A folder that keeps every finished pair of runs, so that the next call resumes; ``None``:
        none does.
    report
        Called with how many of how many pairs are there.
    **options
        Options of the market's builder by name.

    Raises
    ------
    ValueError
        If there is no such market, there are fewer than two seeds, ``pov`` comes without ``over``,
        or nothing of the sale trades.
    OSError
        If ``store`` cannot be written to.
    """
    from experiments.calibration.named_markets import market_named
    from experiments.runs.provenance import asked_of_market
    from experiments.studies.impact import measure_sale

    builder = market_named(market)
    chosen = _seeds(seeds, 20)
    return measure_sale(
        partial(builder, **options),
        size=sell,
        at_ns=parse_duration(at),
        over_ns=parse_duration(over) if over else 0,
        participation=pov,
        seeds=chosen,
        workers=workers,
        store=None if store is None else Path(store),
        asked=asked_of_market(market, builder, options, chosen),
        progress=report,
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
        ``"2 BTC"``, ``"500 lots"`` or a number of units of what is traded; or what it is worth at
        the mid just before, ``"10 k USD"``; ``None``: nothing, and the result is the replay alone.
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

    from experiments.calibration.recorded_feed import half_life, moment, open_recorded
    from experiments.studies.forced_sale import ForcedSale, SaleStyle
    from experiments.studies.replay_sale import book_is_there, lots_to_sell, measure, replay_alone
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
        at_ns = book_is_there(recorded, symbol) if at is None else moment(at, recorded)
        sale = ForcedSale(
            side=Side.BUY if buy else Side.SELL,
            size=lots_to_sell(recorded, sell, at_ns, symbol),
            at_ns=at_ns,
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


def validate(name: str, /, *, store: str | Path | None = None, **parameters: Any) -> "Result":
    """Compute a result of the literature, at the published parameters or at any others.

    Parameters
    ----------
    name
        One of ``firesale validate --list``, or the id of a published case.
    store
        A folder that keeps the result, so that the next call takes it; ``None``: none does.
    **parameters
        Parameters of the target by name, see its function in ``experiments.validation``.

    Raises
    ------
    ValueError
        If the name or a parameter is not known, or a value is out of range.
    """
    from experiments.validation.cases import read_cases
    from experiments.validation.run import validate as computed
    from experiments.validation.several import validate_several

    if store is None:
        return computed(name, read_cases(), **parameters)
    (found,) = validate_several([name], read_cases(), parameters, workers=1, store=Path(store))
    return found


def _seeds(asked: int | Sequence[int] | None, number: int) -> range | Sequence[int]:
    """Seeds from 1 on, or the ones that are given."""
    if asked is None:
        asked = number
    if isinstance(asked, int):
        if integer("seeds", asked) < 1:
            raise ValueError(f"seeds must be at least one, got {asked}")
        return range(1, asked + 1)
    return [integer("seeds", one, 0) for one in asked]
