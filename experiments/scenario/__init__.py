"""What may be asked: a scenario's tables, how they are read and checked, and what they build."""
