"""The claims of a venue, and what backs what: a graph without cycles."""

from collections.abc import Iterable
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

from lob.clearing.collateral import Claim

if TYPE_CHECKING:
    from lob.clearing.ledger import Ledger
    from lob.venue.market import Market

__all__ = ["Claims"]


class Claims:
    """The claims of a venue, a graph of what backs what; indexed by name.

    Parameters
    ----------
    claims
        ``Claim`` objects, in any order.

    Raises
    ------
    TypeError
        If one is no ``Claim``.
    ValueError
        If claims back each other in a circle, which is named, or two have one name.

    Attributes
    ----------
    claims : list of Claim
        All of them; whatever backs a claim stands before it.
    by_name : dict of str to Claim
        The same by their names.
    shared : dict
        Valuations that several sources use, by the cash asset they are in and whom they look
        through.
    market : lob.venue.market.Market
        The venue, once ``locate`` was called.
    ledger : lob.clearing.ledger.Ledger
        Of the venue, likewise.

    Examples
    --------
    >>> from lob.clearing.collateral import Claim
    >>> Claims([Claim("a", backing=["b"]), Claim("b", backing=["a"])])
    Traceback (most recent call last):
    ...
    ValueError: claims back each other in a circle: a -> b -> a
    """

    market: "Market"
    ledger: "Ledger"

    def __init__(self, claims: Iterable[Claim] = ()) -> None:
        self.by_name: dict[str, Claim] = {}
        self.shared: dict[tuple[str, str], Any] = {}
        self.claims: list[Claim] = []
        for claim in claims:
            if not isinstance(claim, Claim):
                raise TypeError(f"claims must be Claim objects, got {claim!r}")
            if claim.name in self.by_name:
                raise ValueError(f"claims: two are called {claim.name!r}")
            self.by_name[claim.name] = claim
        for name in self.by_name:
            self.place(name)

    def place(self, start: str) -> None:
        """Put a claim, by name, behind all that backs it in the order of the graph.

        Raises ``ValueError`` if claims back each other in a circle, which is named.
        """
        # Without recursion: stacks may be deep.
        placed = {claim.name for claim in self.claims}
        path = [(start, 0)]
        while path:
            name, at = path.pop()
            if name in placed or name not in self.by_name:
                continue
            backing = self.by_name[name].backing
            if at == len(backing):
                placed.add(name)
                self.claims.append(self.by_name[name])
                continue
            path.append((name, at + 1))
            names = [step for step, _ in path]
            if backing[at] in names:
                circle = [*names[names.index(backing[at]) :], backing[at]]
                raise ValueError(f"claims back each other in a circle: {' -> '.join(circle)}")
            path.append((backing[at], 0))

    def locate(self, market: "Market", ledger: "Ledger") -> None:
        """Let the claims find their assets and books in a venue, whose facilities are declared."""
        self.market, self.ledger = market, ledger
        depths: dict[str, int] = {}
        for claim in self.claims:
            depths[claim.name] = 1 + max(depths.get(name, 0) for name in claim.backing)
            claim.locate(depths[claim.name])

    def __contains__(self, name: object) -> bool:
        return name in self.by_name

    def __getitem__(self, name: str) -> Claim:
        if name not in self.by_name:
            raise ValueError(f"no claim is called {name!r}: there are {', '.join(self.by_name)}")
        return self.by_name[name]

    def leaves(self, name: str) -> list[str]:
        """Names of what a claim comes down to when claims without a book are unwrapped: a list."""
        found: list[str] = []
        todo = [name]
        while todo:
            asset = todo.pop()
            if asset in self.by_name and (asset == name or self.by_name[asset].book < 0):
                todo += reversed(self.by_name[asset].backing)
            elif asset not in found:
                found.append(asset)
        return found

    def below(self, name: str) -> list[str]:
        """Names of a claim and of all claims that back it, the deepest last: a list."""
        found = {name}
        for claim in reversed(self.claims):
            if claim.name in found:
                found.update(asset for asset in claim.backing if asset in self.by_name)
        return [claim.name for claim in reversed(self.claims) if claim.name in found]

    def depth(self, name: str) -> int:
        """How many claims deep an asset is, by its name; 0: it is no claim."""
        return self.by_name[name].depth if name in self.by_name else 0

    def look_through(
        self, name: str, *, sees: Literal["own", "all"] = "own"
    ) -> dict[str, Fraction]:
        """Units of every base asset behind one unit of a claim: exact ``Fraction``s by name.

        ``sees="own"`` counts what issuers say they hold, ``"all"`` what is left of pledges.

        Raises
        ------
        ValueError
            If a claim on the way has no unit, or ``sees`` is neither of these.
        """
        units = {name: Fraction(1)}
        for one in self.below(name):
            claim = self[one]
            share = units.pop(one)
            if not share:
                continue
            if not claim.supply:
                raise ValueError(f"there is no unit of the claim {one!r}")
            for asset, held in claim.held(sees).items():
                units[asset] = units.get(asset, Fraction(0)) + share * Fraction(held, claim.supply)
        return units
