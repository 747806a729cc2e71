"""Which holdings of a clearing are claims, and what they come down to.

A claim that no book trades cannot be sold by force: a liquidation redeems it in kind. So all that
it comes down to must be something that the clearing's accounts may hold.
"""

from libc.stdint cimport int64_t

from lob.clearing.holding cimport Holding
from lob.clearing.ledger cimport Ledger
from lob.clearing.oracle cimport Source
from lob.clearing.valuation cimport ClaimValue


cdef bint bind_claims(
    str clearing, list holdings, claims, Ledger ledger, int64_t cash
) except -1:
    """Note what the claims of a venue are to holdings; whether some mark is made of balances.

    ``clearing`` is a name, ``cash`` the number of an asset. Raises ``ValueError`` if a claim
    without a book is no linear holding, or comes down to what is no holding, or needs a queue.
    """
    cdef Holding holding
    cdef ClaimValue value
    watches = False
    names = [holding.name for holding in holdings]
    for holding in holdings:
        for value in claim_values(holding.oracle.source):
            value.attach(claims, ledger.assets[cash], holding.record.multiplier)
            holding.record.of_claim = watches = True
        if holding.name not in claims:
            continue
        holding.record.depth = min(255, claims.depth(holding.name))
        if claims[holding.name].book >= 0:
            continue
        holding.record.bookless = True
        if holding.record.inverse:
            raise ValueError(
                f"clearing {clearing!r}: the ticks of the claim {holding.name} must be those of a "
                f"linear instrument, not of {holding.record.instrument}"
            )
        missing = [
            name
            for name in claims.leaves(holding.name)
            if name not in names and ledger.asset(name) != cash
        ]
        if missing:
            raise ValueError(
                f"clearing {clearing!r}: the claim {holding.name} has no book and comes down to "
                f"{', '.join(missing)}, which must be holdings too"
            )
        for name in claims.below(holding.name):
            if claims[name].book < 0 and claims[name].has_queue:
                raise ValueError(
                    f"clearing {clearing!r}: the claim {name} has a queue, so it needs a book in "
                    f"which it can be sold at once"
                )
    return watches


cdef list claim_values(source):
    """The prices of claims that a source is, or is made of."""
    if isinstance(source, ClaimValue):
        return [source]
    found = []
    for part in (getattr(source, "of", None), *(getattr(source, "sources", None) or ())):
        if isinstance(part, Source):
            found += claim_values(part)
    return found
