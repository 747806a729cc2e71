"""Background order flow: the models of the literature, compiled, through the real book."""

from agents.flow.flow import BackgroundFlow
from agents.flow.hawkes import EVENT_TYPES, Hawkes
from agents.flow.long_memory import LongMemory
from agents.flow.maker_market import MakerMarket
from agents.flow.poisson import Poisson, ZeroIntelligence
from agents.flow.queue_reactive import QueueReactive
from agents.flow.recorded import RecordedFlow

__all__ = [
    "EVENT_TYPES",
    "BackgroundFlow",
    "Hawkes",
    "LongMemory",
    "MakerMarket",
    "Poisson",
    "QueueReactive",
    "RecordedFlow",
    "ZeroIntelligence",
]
