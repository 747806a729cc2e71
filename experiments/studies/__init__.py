"""Scripted experiments: one figure or table each, run as ``python -m experiments.studies.NAME``."""
