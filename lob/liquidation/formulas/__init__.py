"""The formulas of real systems: pure integer functions, one file a system."""
