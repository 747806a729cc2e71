"""The two engines that keep one contract."""

import lob

ENGINES = {"compiled": lob.OrderBook, "reference": lob.reference.OrderBook}
