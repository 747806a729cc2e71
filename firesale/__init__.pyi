"""Public names of Firesale for type checkers, each documented where it is defined.

Units everywhere: prices ticks, sizes lots, times ns (seconds in a scenario), money cash units,
rates ppm.
"""

from agents import (
    Agent as Agent,
)
from agents import (
    Simulation as Simulation,
)
from experiments.contest.study import (
    ContestStudy as ContestStudy,
)
from experiments.learning.environment import (
    FiresaleEnv as FiresaleEnv,
)
from experiments.learning.vector import (
    FiresaleVectorEnv as FiresaleVectorEnv,
)
from experiments.questions import (
    compare as compare,
)
from experiments.questions import (
    diff as diff,
)
from experiments.questions import (
    facts as facts,
)
from experiments.questions import (
    fit as fit,
)
from experiments.questions import (
    impact as impact,
)
from experiments.questions import (
    profile as profile,
)
from experiments.questions import (
    replay as replay,
)
from experiments.questions import (
    rerun as rerun,
)
from experiments.questions import (
    run as run,
)
from experiments.questions import (
    scenario as scenario,
)
from experiments.questions import (
    score as score,
)
from experiments.questions import (
    spiral as spiral,
)
from experiments.questions import (
    stress as stress,
)
from experiments.questions import (
    sweep as sweep,
)
from experiments.questions import (
    validate as validate,
)
from experiments.runs.run import (
    Run as Run,
)
from experiments.scenario import (
    tables as tables,
)
from experiments.scenario.read import (
    Scenario as Scenario,
)
from experiments.scenario.read import (
    ScenarioError as ScenarioError,
)
from experiments.scenario.read import (
    ready_scenarios as ready_scenarios,
)
from experiments.studies.daily_liquidations import (
    DailyLiquidations as DailyLiquidations,
)
from experiments.studies.daily_liquidations import (
    daily_liquidations as daily_liquidations,
)
from experiments.studies.facts import (
    FactsStudy as FactsStudy,
)
from experiments.studies.fit import (
    Fitted as Fitted,
)
from experiments.studies.impact import (
    SimulatedSale as SimulatedSale,
)
from experiments.studies.incidents.library import (
    IncidentLibrary as IncidentLibrary,
)
from experiments.studies.incidents.library import (
    IncidentStudy as IncidentStudy,
)
from experiments.studies.incidents.library import (
    incidents as incidents,
)
from experiments.studies.profile import (
    StatedMarket as StatedMarket,
)
from experiments.studies.replay_result import (
    ReplaySale as ReplaySale,
)
from experiments.studies.score import (
    ScoreStudy as ScoreStudy,
)
from experiments.studies.spiral import (
    SpiralStudy as SpiralStudy,
)
from experiments.studies.stress import (
    Stress as Stress,
)
from experiments.studies.sweep_result import (
    Sweep as Sweep,
)
from lob import (
    ENTRY as ENTRY,
)
from lob import (
    EVENT as EVENT,
)
from lob import (
    LEVEL as LEVEL,
)
from lob import (
    MESSAGE as MESSAGE,
)
from lob import (
    ORDER as ORDER,
)
from lob import (
    QUOTE as QUOTE,
)
from lob import (
    Cause as Cause,
)
from lob import (
    EntryKind as EntryKind,
)
from lob import (
    EventKind as EventKind,
)
from lob import (
    Flag as Flag,
)
from lob import (
    Instrument as Instrument,
)
from lob import (
    Kind as Kind,
)
from lob import (
    OrderBook as OrderBook,
)
from lob import (
    OrderType as OrderType,
)
from lob import (
    Reason as Reason,
)
from lob import (
    SelfTradePrevention as SelfTradePrevention,
)
from lob import (
    Session as Session,
)
from lob import (
    Side as Side,
)
from lob import (
    TimeInForce as TimeInForce,
)
from lob import (
    Venue as Venue,
)
from lob import (
    __version__ as __version__,
)
from lob.liquidation import (
    LiquidationDesign as LiquidationDesign,
)

__all__ = [
    "ENTRY",
    "EVENT",
    "LEVEL",
    "MESSAGE",
    "ORDER",
    "QUOTE",
    "Agent",
    "Cause",
    "ContestStudy",
    "DailyLiquidations",
    "EntryKind",
    "EventKind",
    "FactsStudy",
    "FiresaleEnv",
    "FiresaleVectorEnv",
    "Fitted",
    "Flag",
    "IncidentLibrary",
    "IncidentStudy",
    "Instrument",
    "Kind",
    "LiquidationDesign",
    "OrderBook",
    "OrderType",
    "Reason",
    "ReplaySale",
    "Run",
    "Scenario",
    "ScenarioError",
    "ScoreStudy",
    "SelfTradePrevention",
    "Session",
    "Side",
    "SimulatedSale",
    "Simulation",
    "SpiralStudy",
    "StatedMarket",
    "Stress",
    "Sweep",
    "TimeInForce",
    "Venue",
    "__version__",
    "compare",
    "daily_liquidations",
    "diff",
    "facts",
    "fit",
    "impact",
    "incidents",
    "profile",
    "ready_scenarios",
    "replay",
    "rerun",
    "run",
    "scenario",
    "score",
    "spiral",
    "stress",
    "sweep",
    "tables",
    "validate",
]
