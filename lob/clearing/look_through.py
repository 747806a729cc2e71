"""Values of assets, claims and the base behind them, at supposed prices.

A *factor* is anything that has a price of its own: each asset that a book trades. A supposed price
of a base asset moves the value of every claim behind which it stands, and the marks that follow
that value; a claim that is marked at its own book keeps its premium or discount to what backs it,
unless it is named itself. Prices that are not named stay as they are.
"""

from collections.abc import Mapping
from fractions import Fraction
from math import sqrt
from typing import Any

from lob.checks import choice, integer
from lob.types import MAX_PRICE

__all__ = ["LookThrough"]


class LookThrough:
    """The values of a venue's assets, at its prices of now or at supposed ones.

    Parameters
    ----------
    venue
        A ``lob.Venue``.
    cash
        Name of the asset in which everything is valued.
    sees
        ``"own"``: claims are worth what their issuers say they hold; ``"all"``: net of what was
        pledged elsewhere and is lost.

    Attributes
    ----------
    factors : tuple[str, ...]
        Names of the assets with a book of their own.
    bases : tuple[str, ...]
        Those of them that are no claims, and claims on nothing but cash: these are worth what
        their market says.

    Raises
    ------
    ValueError
        If ``sees`` is neither of the two.
    """

    def __init__(self, venue: Any, *, cash: str = "cash", sees: str = "own") -> None:
        choice("sees", sees, ("own", "all"))
        self.venue = venue
        self.sees = sees
        self.cash = cash
        self.claims = venue.claims
        self.books = {}
        for one in reversed(venue.instruments):
            if not one.inverse and one.quote == cash:
                self.books[one.base or one.name] = one
        self.factors = tuple(sorted(self.books, key=lambda name: self.books[name].number))
        self.bases = tuple(
            name for name in self.factors if not self.depth(name) or self._only_cash(name)
        )
        self.pools = frozenset(
            claim.name
            for claim in (self.claims.claims if self.claims is not None else ())
            if hasattr(claim, "reserves")
        )

    # ------------------------------------------------------------ prices and values

    def depth(self, asset: str) -> int:
        """Layers of claims that an asset, by name, consists of; 0: a base asset."""
        return 0 if self.claims is None else int(self.claims.depth(asset))

    def _only_cash(self, name: str) -> bool:
        """Whether a claim comes down to nothing but cash."""
        if self.claims is None:
            return False
        backing = {asset for one in self.claims.below(name) for asset in self.claims[one].backing}
        return all(asset == self.cash or asset in self.claims for asset in backing)

    def supposed(self, prices: Mapping[str, int] | None) -> dict[str, int | None]:
        """Prices of all factors in ticks, by name: the supposed ones, and else those of now.

        Raises ``ValueError`` at a name that is no factor, or a price below one tick.
        """
        now = self.prices()
        for name, price in (prices or {}).items():
            if name not in now:
                raise ValueError(
                    f"prices: {name!r} is no factor: there are {', '.join(self.factors)}"
                )
            now[name] = integer(f"prices[{name!r}]", price, 1, MAX_PRICE)
        return now

    def prices(self) -> dict[str, int | None]:
        """Price of each factor in ticks, by name: the middle of its book, or its latest mark.

        ``None``: there is neither.
        """
        found: dict[str, int | None] = {}
        for name, one in self.books.items():
            book = self.venue.books[one.number]
            if book.best_bid is not None and book.best_ask is not None:
                found[name] = (book.best_bid + book.best_ask) // 2
            else:
                found[name] = self._mark(name)
        return {name: found[name] for name in self.factors}

    def _mark(self, asset: str) -> int | None:
        for clearing in self.venue.clearings:
            for holding in clearing.holdings:
                if holding.name == asset and holding.mark_price is not None:
                    return int(holding.mark_price)
        return None

    def values(self, prices: Mapping[str, int] | None = None) -> dict[str, Fraction | None]:
        """Value of one unit of every asset at supposed prices: units of cash by name, ``Fraction``.

        ``prices`` are ticks by name of factor; ``None`` as a value: it is not known.

        A base asset is worth its price, a claim what backs it. Of a constant-product pool the
        reserves are those after arbitrage at these prices, a square root rounded to double
        precision.
        """
        supposed = self.supposed(prices)
        found: dict[str, Fraction | None] = {self.cash: Fraction(1)}
        for name in self.bases:
            price = supposed[name]
            found[name] = None if price is None else Fraction(price * self.books[name].multiplier)
        for claim in self.claims.claims if self.claims is not None else ():
            if claim.name not in self.bases:
                found[claim.name] = self.share(claim, found)
        return found

    def share(self, claim: Any, values: Mapping[str, Fraction | None]) -> Fraction | None:
        """Units of cash that one unit of a claim is worth, given the values of what backs it.

        An exact ``Fraction``; ``None``: it is not known.
        """
        if not claim.supply:
            return None
        total = Fraction(0)
        for asset, held in self.backing(claim, values).items():
            if not held:
                continue
            value = values.get(asset)
            if value is None:
                return None
            total += held * value
        return max(Fraction(0), total / int(claim.supply))

    def backing(
        self, claim: Any, values: Mapping[str, Fraction | None]
    ) -> dict[str, Fraction | int]:
        """Units of each asset behind a claim; of a pool, after arbitrage at these values."""
        held: dict[str, Fraction | int] = dict(claim.held(self.sees))
        if claim.name in self.pools:
            (one, x), (other, y) = claim.held(self.sees).items()
            left, right = values.get(one), values.get(other)
            if left and right and x > 0 and y > 0:
                # x * y stays, and both sides are worth the same.
                scale = Fraction(sqrt(float(y * right / (x * left))))
                held = {one: x * scale, other: y / scale}
        return held

    def marks(self, prices: Mapping[str, int] | None = None) -> list[list[int]]:
        """Marks of every clearing's holdings at supposed prices, in ticks; -1: there is none.

        ``prices`` are ticks by name of factor. What no supposed price has to do with keeps the mark
        that clearing believes now.
        """
        named = dict(prices or {})
        self.supposed(named)
        if not named:
            return [
                [-1 if one.mark_price is None else int(one.mark_price) for one in clearing.holdings]
                for clearing in self.venue.clearings
            ]
        before, after = self.values(), self.values(named)
        return [
            [self._mark_of(one, named, before, after) for one in clearing.holdings]
            for clearing in self.venue.clearings
        ]

    def _mark_of(
        self,
        holding: Any,
        named: Mapping[str, int],
        before: Mapping[str, Fraction | None],
        after: Mapping[str, Fraction | None],
    ) -> int:
        if holding.name in named:
            return named[holding.name]
        if holding.mark_price is None:
            return -1
        was, now = before.get(holding.name), after.get(holding.name)
        if not was or now is None or was == now:
            return int(holding.mark_price)
        multiplier = self.venue.instruments[holding.instrument].multiplier
        if hasattr(holding.oracle.source, "claim") and holding.mark_price == max(
            1, was // multiplier
        ):
            return min(MAX_PRICE, max(1, int(now // multiplier)))
        # In proportion: a claim marked at its own book keeps its premium, a late oracle its error.
        return min(MAX_PRICE, max(1, int(holding.mark_price * now / was)))

    def fair_marks(self) -> list[list[int]]:
        """Marks of now, but those of claims without a book by what backs them: ticks, rounded down.

        With ``sees="all"`` that is what is there once everything is known, whatever clearings
        believe.
        """
        values = self.values()
        table = []
        for clearing, row in zip(self.venue.clearings, self.marks(), strict=True):
            marks = []
            for holding, mark in zip(clearing.holdings, row, strict=True):
                value = values.get(holding.name)
                if (
                    self.depth(holding.name)
                    and holding.name not in self.books
                    and (value is not None)
                ):
                    unit = self.venue.instruments[holding.instrument].multiplier
                    mark = max(1, int(value // unit))
                marks.append(mark)
            table.append(marks)
        return table

    def gross(self, prices: Mapping[str, int] | None = None) -> dict[str, float]:
        """Gross base exposure behind one unit of every asset: units of cash by name.

        Long and short exposures are added up; ``prices`` are ticks by name of factor.
        """
        values = self.values(prices)
        found = {}
        for name in values:
            parts = [units * (values[base] or 0) for base, units in self.base_units(name, values)]
            found[name] = float(sum(abs(part) for part in parts))
        return {name: value for name, value in found.items() if name != self.cash}

    def base_units(
        self, name: str, values: Mapping[str, Fraction | None]
    ) -> list[tuple[str, Fraction]]:
        """Units of every base asset behind one unit of an asset: exact ``Fraction``s by name."""
        units = {name: Fraction(1)}
        for one in self.claims.below(name) if self.claims is not None and self.depth(name) else ():
            if one in self.bases:
                continue
            claim = self.claims[one]
            share = units.pop(one, Fraction(0))
            if share and claim.supply:
                for asset, held in self.backing(claim, values).items():
                    units[asset] = units.get(asset, Fraction(0)) + share * held / claim.supply
        return [(asset, count) for asset, count in units.items() if asset != self.cash and count]
