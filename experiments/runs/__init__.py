"""Doing it: runs and their twins, workers, the store of finished runs, what tapes mean."""
