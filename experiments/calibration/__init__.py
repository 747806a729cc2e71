"""What a market is like in numbers, and how near one market is to another."""
