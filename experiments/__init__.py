"""Experiments: what is asked of a market, how it is measured, and how the answer is shown."""

__firesale__ = True  # what the door tells our package by from another of its name
