"""The stationary length of a queue of orders: the long run of the queue-reactive model."""

from collections.abc import Sequence

__all__ = ["queue_lengths"]

NEGLIGIBLE = 1e-12
MAX_QUEUE = 100_000


def queue_lengths(
    level: int, limit: Sequence[float], cancel: Sequence[float], market: Sequence[float]
) -> list[float]:
    """The stationary distribution of the length of a lone queue, in orders.

    By detailed balance: the weight of n orders is that of n - 1, times the rate at which the
    n-th arrives, divided by the rate at which one of n leaves.

    Parameters
    ----------
    level
        Number of the queue, for the error message.
    limit, cancel, market
        Rates a second by length 0, 1, 2...; the last of each holds beyond.

    Returns
    -------
    list[float]
        Weights by length, that of an empty queue 1, up to where they become negligible.

    Raises
    ------
    ValueError
        If the queue would grow for ever.
    """
    weights = [1.0]
    heaviest = weight = 1.0
    last = max(len(limit), len(cancel), len(market)) - 1
    while weight > NEGLIGIBLE * heaviest or len(weights) <= last:
        n = len(weights)
        arrive = limit[min(n - 1, len(limit) - 1)]
        leave = cancel[min(n, len(cancel) - 1)] + market[min(n, len(market) - 1)]
        if arrive == 0:
            break
        if n > MAX_QUEUE or leave == 0 or (n > last and arrive >= leave):
            raise ValueError(
                f"limit[{level}] must be below cancel[{level}] + market[{level}] for long queues, "
                f"or they grow for ever: at length {n}, {arrive} orders a second arrive "
                f"and {leave} leave"
            )
        weight *= arrive / leave
        heaviest = max(heaviest, weight)
        weights.append(weight)
    return weights
