"""Contests of liquidation designs on the same accounts, the same capital and the same numbers."""
