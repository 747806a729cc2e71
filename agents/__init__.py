"""The participants of a simulation: the event clock, and who trades, why and how fast.

This package knows the venue (``lob``) and nothing of what is measured.
"""

from agents.agent import Agent, EventView, OwnOrder
from agents.latency import Constant, Distance, Exponential, Latency, LogNormal, Uniform
from agents.simulation import AgentError, Participant, Simulation

__all__ = [
    "Agent",
    "AgentError",
    "Constant",
    "Distance",
    "EventView",
    "Exponential",
    "Latency",
    "LogNormal",
    "OwnOrder",
    "Participant",
    "Simulation",
    "Uniform",
]

__firesale__ = True  # what the door tells our package by from another of its name
