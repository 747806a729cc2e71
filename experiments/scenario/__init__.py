"""Scenarios: their tables, how they are read and checked, and what is built of them."""
