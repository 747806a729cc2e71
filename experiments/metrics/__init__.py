"""What is measured: pure functions of the tapes, on numpy alone.

Prices are in ticks, sizes in lots, times in nanoseconds, as on the tapes. Results are floats;
what is not defined (no trade, an empty side of the book) is ``nan`` and never a number.
"""
