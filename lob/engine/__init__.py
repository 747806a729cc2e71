"""The parts of the compiled order book: matching, ladder, order table, records, memory."""
