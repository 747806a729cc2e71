"""The ready markets and what each is, without importing them: a list should not wait for numpy."""

__all__ = ["READY_MARKETS"]

READY_MARKETS: dict[str, str] = {
    "ci2002": "A step-wise market of fundamental-chartist-noise traders (PAMS CI2002).",
    "equity": (
        "A stock in dollars and shares, fitted to Amazon's trading on Nasdaq of 21 June 2012."
    ),
    "hawkes": "Self-exciting flow: orders that cause orders (Hawkes 1971; Large 2007).",
    "perp": (
        "A perpetual and its spot: makers who withdraw, arbitrage, value, trend followers, noise."
    ),
    "perp-btc": (
        "A perpetual future on Bitcoin in USDT, fitted to a capture and public figures of its "
        "venue."
    ),
    "poisson": "Poisson flow with rates by distance (Cont, Stoikov, Talreja 2010, Table 2).",
    "queue-reactive": (
        "Queues that live by their own length (Huang, Lehalle, Rosenbaum 2015, model I)."
    ),
    "rmsc04": (
        "A stock with noise, value and momentum traders and two adaptive makers (ABIDES rmsc04)."
    ),
    "zero-intelligence": "Zero intelligence (Smith, Farmer, Gillemot, Krishnamurthy 2003).",
}
"""The line of each by its name: ``experiments.markets.describe``, which a test holds it to."""
