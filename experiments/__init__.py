"""The questions: what is asked of a market, how it is measured, and how the answer is shown."""
