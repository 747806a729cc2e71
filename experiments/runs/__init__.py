"""Runs of scenarios and their twins, worker processes, the store of runs, what tapes mean."""
