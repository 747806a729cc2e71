"""Many keepers that share a given total of capital."""

from collections.abc import Callable
from typing import Any

import numpy as np

from agents.keepers.bot import Bot
from agents.keepers.keeper import Keeper
from agents.random import exp
from lob.checks import integer, real
from lob.engine import elementary

__all__ = ["make_keepers", "split_capital"]


def split_capital(
    total: int,
    count: int,
    *,
    law: str = "equal",
    shape: float = 1.0,
    random: np.random.Generator | None = None,
) -> list[int]:
    """Split cash units over keepers, to the last unit.

    Parameters
    ----------
    total
        Cash units to split, 0 or more.
    count
        How many keepers there are, 1 or more.
    law
        ``"equal"``; ``"zipf"``: the k-th has a share in proportion to ``k**-shape``;
        ``"lognormal"``: shares drawn with ``shape`` as the standard deviation of their logarithms.
    shape
        Parameter of the law, above 0.
    random
        For ``"lognormal"``: a stream of its own, ``agents.random.numpy_stream(seed, name)``.

    Returns
    -------
    list[int]
        Cash units of each keeper. Shares are rounded down; the units that are left go to the
        largest remainders, the first ones where they are equal.

    Raises
    ------
    TypeError, ValueError
        If an argument is outside its range, the law unknown, or ``random`` missing to draw from.

    Examples
    --------
    >>> split_capital(100, 3)
    [34, 33, 33]
    """
    integer("total", total, 0, 2**62 - 1)
    integer("count", count, 1)
    if law == "equal":
        weights = [1] * count
    elif law == "zipf":
        real("shape", shape, above=0)
        weights = [
            max(1, round(2**32 * elementary.exp(-shape * elementary.log(rank))))
            for rank in range(1, count + 1)
        ]
    elif law == "lognormal":
        if random is None:
            raise ValueError("random must be given to draw shares, got None")
        drawn = exp(real("shape", shape, above=0) * random.standard_normal(count))
        weights = [max(1, round(2**32 * share)) for share in drawn.tolist()]
    else:
        raise ValueError(f"law must be equal, zipf or lognormal, got {law!r}")
    of = sum(weights)
    shares = [total * weight // of for weight in weights]
    parts = [total * weight % of for weight in weights]
    for i in sorted(range(count), key=lambda i: (-parts[i], i))[: total - sum(shares)]:
        shares[i] += 1
    return shares


def make_keepers(
    name: str,
    count: int,
    capital_total: int,
    *,
    law: str = "equal",
    shape: float = 1.0,
    random: np.random.Generator | None = None,
    kind: Callable[..., Bot] = Keeper,
    **arguments: Any,
) -> list[Bot]:
    """A list of keepers that are alike but for their names and their capital.

    They are called ``"{name} 0"``, ``"{name} 1"``...: one of them is the same whatever the number
    of others, but for its share.

    Parameters
    ----------
    name
        Beginning of their names.
    count
        How many keepers to make, 1 or more.
    capital_total
        Cash units that they have together, 0 or more.
    law, shape, random
        How capital is shared: see ``split_capital``.
    kind
        The class of the keepers.
    **arguments
        For ``kind``. A callable among them is called with the number of each keeper, from 0, and
        returns the argument's value for it.

    Raises
    ------
    TypeError, ValueError
        As in ``split_capital``, and as ``kind`` does.
    """
    shares = split_capital(capital_total, count, law=law, shape=shape, random=random)
    return [
        kind(
            f"{name} {number}" if count > 1 else name,
            capital=share,
            **{key: one(number) if callable(one) else one for key, one in arguments.items()},
        )
        for number, share in enumerate(shares)
    ]
