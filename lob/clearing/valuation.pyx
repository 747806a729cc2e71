"""Values of claims, by what backs them.

One pass over the graph of claims, whatever backs a claim first, values them all.
"""

cimport cython
from libc.stdint cimport int64_t

from lob.engine.block cimport Block
from lob.clearing.collateral cimport Claim, checked_view
from lob.clearing.oracle cimport Source
from lob.clearing.requirement cimport NO_PRICE
from lob.engine.matching cimport Book
from lob.engine.records cimport MAX_PRICE, Event
from lob.units cimport PPM
from lob.engine.wide cimport fits, floor_ratio, int128

from fractions import Fraction

from lob import checks
from lob.clearing.oracle import Mid

__all__ = ["ClaimValue", "Valuation"]

cdef int64_t NEVER = 2**63 - 1


@cython.auto_pickle(True)
cdef class Valuation:
    """The values of claims at given prices of the base assets.

    Values are cash units for one unit, times ``2**20``, rounded down at every claim. A claim is
    valued again only after a base price or any balance has changed.

    What comes to ``2**62`` or more of these is too large to be known exactly. So is what it backs,
    unless it is a debt of the issuer's: then the claim is worth nothing. Too large a holding and
    too large a debt beside each other have no known value.

    Parameters
    ----------
    graph
        The ``Claims`` of a venue.
    cash
        Name of the asset in which values are.
    sees
        ``"own"``: what issuers say they hold; ``"all"``: net of what is pledged elsewhere.
    prices
        Price sources by name of asset; what is not named is valued by what backs it, or at the
        middle of the first book that trades it.

    Raises
    ------
    TypeError, ValueError
        If an argument is none of these.
    """

    def __init__(self, graph, cash, sees="own", prices=None):
        self.graph, self.ledger = graph, graph.ledger
        self.net = checked_view(sees)
        self.cash = self.ledger.asset(cash)
        self.prices = dict(prices or {})
        for name, source in self.prices.items():
            if not isinstance(source, Source):
                raise TypeError(f"prices[{name!r}] must be a source of prices, got {source!r}")
        self.order, self.sources = [], []
        self.leaves, self.values, self.watched = Block(), Block(), Block()
        self.postings = -1

    def need(self, name):
        """Value a claim, by name, and all that backs it, from now on."""
        cdef int64_t i
        order = {claim.name for claim in self.order}
        todo = [name]
        known = {self.ledger.assets[i] for i in self.leaf_assets()}
        while todo:
            asset = todo.pop()
            if asset in order or asset in known or (
                self.ledger.asset(asset) == self.cash and asset not in self.prices
            ):
                continue
            if asset in self.graph and (asset == name or asset not in self.prices):
                order.add(asset)
                todo += self.graph[asset].backing
            else:
                known.add(asset)
                self.add_leaf(asset)
        self.order = [claim for claim in self.graph.claims if claim.name in order]
        self.values.reserve(8 * len(self.ledger.assets))
        self.watched.reserve(8 * len(self.graph.market.instruments))
        for instrument in self.graph.market.instruments:
            if (instrument.base or instrument.name) in order | known:
                (<int64_t *>self.watched.data)[<int64_t>instrument.number] = 1
            for i in range(len(self.sources)):
                if (<Source>self.sources[i]).watches(instrument.number):
                    (<int64_t *>self.watched.data)[<int64_t>instrument.number] = 1
        self.postings = -1

    def leaf_assets(self):
        """Numbers of the assets that have a price of their own: a list."""
        cdef int64_t i
        return [(<int64_t *>self.leaves.data)[3 * i] for i in range(len(self.sources))]

    def add_leaf(self, name):
        """Price an asset, by name, from now on by its source or at the middle of its book.

        Raises ``ValueError`` if there is neither, or the book's contract is inverse.
        """
        cdef int64_t *leaf
        source, multiplier = self.prices.get(name), 1
        for instrument in self.graph.market.instruments:
            if (instrument.base or instrument.name) == name and (
                self.ledger.asset(instrument.quote) == self.cash
            ):
                if instrument.inverse:
                    raise ValueError(f"prices: {name!r} is an inverse contract and backs no claim")
                multiplier = instrument.multiplier
                source = source if source is not None else Mid(instrument.number)
                break
        if source is None:
            raise ValueError(f"prices: nothing says what {name!r} is worth")
        self.leaves.reserve(24 * <size_t>(len(self.sources) + 1))
        leaf = &(<int64_t *>self.leaves.data)[3 * <int64_t>len(self.sources)]
        leaf[0] = self.ledger.asset(name)
        leaf[1] = multiplier
        leaf[2] = NO_PRICE
        self.sources.append(source)

    cdef int recompute(self) noexcept:
        """Value all claims, if anything they depend on has changed."""
        cdef int64_t *leaf
        cdef int64_t *values = <int64_t *>self.values.data
        cdef int64_t i, k, price, supply, value
        cdef int128 total, held
        cdef bint changed = self.postings != self.ledger.postings, known, endless, sunk
        cdef Claim claim
        for i in range(len(self.sources)):
            leaf = &(<int64_t *>self.leaves.data)[3 * i]
            price = (<Source>self.sources[i]).value
            if price != leaf[2]:
                leaf[2] = price
                changed = True
        if not changed:
            return 0
        self.postings = self.ledger.postings
        values[self.cash] = <int64_t>1 << SHIFT
        for i in range(len(self.sources)):
            leaf = &(<int64_t *>self.leaves.data)[3 * i]
            total = (<int128>leaf[2] * leaf[1]) << SHIFT
            values[leaf[0]] = NO_VALUE if leaf[2] == NO_PRICE else (
                <int64_t>total if fits(total) else TOO_LARGE
            )
        for i in range(len(self.order)):
            claim = <Claim>self.order[i]
            supply = claim.supply_now()
            known = supply > 0
            endless = sunk = False
            total = 0
            for k in range(claim.part_count):
                if not known:
                    break
                held = claim.holds(k, self.net)
                if held == 0:
                    continue
                value = values[claim.part(k).asset]
                known = value != NO_VALUE
                if value == TOO_LARGE or not fits(held):
                    endless |= held > 0
                    sunk |= held < 0
                elif known:
                    # Both below 2**62 in size: a handful of products fits 128 bits.
                    total += held * value
            if not known or (endless and sunk):
                values[claim.asset] = NO_VALUE
            elif endless:
                values[claim.asset] = TOO_LARGE
            else:
                total = floor_ratio(total, supply) if total > 0 and not sunk else 0
                values[claim.asset] = <int64_t>total if fits(total) else TOO_LARGE
        return 0

    cdef int64_t value_of(self, int64_t asset) noexcept:
        """Cash units for one unit, times 2**20; ``NO_VALUE`` or ``TOO_LARGE``."""
        self.recompute()
        return (<int64_t *>self.values.data)[asset]

    def value(self, name):
        """What one unit of an asset, by name, is worth in cash units: a ``Fraction``.

        ``None``: the value is not known, or too large. Raises ``ValueError`` if there is no such
        asset.
        """
        cdef int64_t value
        number = self.ledger.asset(name)
        if number != self.cash and number not in self.leaf_assets() and (
            name not in [claim.name for claim in self.order]
        ):
            self.need(name)
        value = self.value_of(number)
        return None if value == NO_VALUE or value == TOO_LARGE else Fraction(value, 1 << SHIFT)

    def effective_haircut(self, name, haircuts):
        """The haircut of a claim in which the haircuts of all that backs it are contained, in ppm.

        What is left of a claim is its own ``1 - haircut`` times the mean of what is left of its
        backing, weighted by value; a debt is not cut. Rounded up. ``None`` while a value is not
        known.

        Parameters
        ----------
        name
            Name of the claim.
        haircuts
            0 to 1,000,000 ppm by name of asset; what is not named has none.

        Raises
        ------
        TypeError, ValueError
            If a haircut is outside its range.
        """
        kept = {}
        for asset in haircuts:
            checks.ppm(f"haircuts[{asset!r}]", haircuts[asset])
        self.value(name)
        for claim in self.order:
            worth, left = Fraction(0), Fraction(0)
            for asset, held in claim.held("all" if self.net else "own").items():
                value = self.value(asset) if held else Fraction(0)
                if value is None:
                    return None
                share = kept.get(asset, Fraction(PPM - haircuts.get(asset, 0), PPM))
                worth += held * value
                left += held * value * (share if held > 0 else 1)
            own = Fraction(PPM - haircuts.get(claim.name, 0), PPM)
            kept[claim.name] = own * max(Fraction(0), left / worth) if worth > 0 else Fraction(0)
            if claim.name == name:
                return PPM - int(kept[name] * PPM)
        return haircuts.get(name, 0)


@cython.auto_pickle(True)
cdef class ClaimValue(Source):
    """A price source: the value of a claim by what backs it, in ticks of its holding.

    Rounded down; a claim that is worth less than a tick, or nothing, is priced at one tick, the
    lowest price there is, and one that is worth more than ``lob.MAX_PRICE`` at that, the highest.
    There is no price while there is no claim.

    Parameters
    ----------
    claim
        Name of the claim.
    sees
        ``"own"``: what issuers say they hold; ``"all"``: net of what they pledged elsewhere, and of
        lenders' losses that nobody has borne.
    prices
        Price sources by name of asset, where they are not the middle of a book: clearing's own view
        of the base. A claim that is named is priced at its market, not by what backs it.

    Raises
    ------
    TypeError, ValueError
        If an argument is none of these.
    """

    def __init__(self, claim, *, sees="own", prices=None):
        super().__init__()
        checks.text("claim", claim)
        checked_view(sees)
        self.claim, self.sees = claim, sees
        self.prices = None if prices is None else dict(prices)
        for name, source in (self.prices or {}).items():
            if not isinstance(source, Source):
                raise TypeError(f"prices[{name!r}] must be a source of prices, got {source!r}")

    def attach(self, graph, str cash, int64_t multiplier):
        """Let the source belong to a clearing that is settled in ``cash``, an asset's name.

        A tick is ``multiplier`` units of cash. Raises ``ValueError`` if the graph lacks the claim.
        """
        self.multiplier = multiplier
        self.asset = graph.ledger.asset(graph[self.claim].name)
        if self.prices is None:
            self.valuation = shared_valuation(graph, cash, self.sees)
        else:
            self.valuation = Valuation(graph, cash, self.sees, self.prices)
        self.valuation.need(self.claim)
        self.read()

    cdef int64_t read(self) noexcept:
        cdef int64_t value
        if self.valuation is None:
            return self.value
        value = self.valuation.value_of(self.asset)
        if value == TOO_LARGE:
            self.value = MAX_PRICE
        elif value != NO_VALUE:
            self.value = min(MAX_PRICE, max(1, (value >> SHIFT) // self.multiplier))
        return self.value

    cdef bint watches(self, int64_t instrument) noexcept:
        return self.valuation is not None and (
            (<int64_t *>self.valuation.watched.data)[instrument] != 0
        )

    cdef int64_t take(
        self, const Book **books, const Event *events, int64_t count, int64_t instrument
    ) noexcept:
        cdef int64_t i
        cdef Source source
        for i in range(len(self.valuation.sources)):
            source = <Source>self.valuation.sources[i]
            if source.watches(instrument):
                source.take(books, events, count, instrument)
        return self.read()

    cdef int64_t pass_time(self, int64_t ts) noexcept:
        cdef int64_t i
        if self.valuation is not None:
            for i in range(len(self.valuation.sources)):
                (<Source>self.valuation.sources[i]).pass_time(ts)
        return self.read()

    cdef int64_t review(self) noexcept:
        return self.read()

    cdef int64_t next_change(self) noexcept:
        cdef int64_t i, first = NEVER
        if self.valuation is not None:
            for i in range(len(self.valuation.sources)):
                first = min(first, (<Source>self.valuation.sources[i]).next_change())
        return first

    @property
    def exact(self):
        """Cash units for one unit of the claim, not rounded to ticks: a ``Fraction``.

        ``None``: not known.
        """
        return None if self.valuation is None else self.valuation.value(self.claim)

    def effective_haircut(self, haircuts):
        """The haircut of the claim in ppm that contains the haircuts of all that backs it.

        ``None`` before there is a value. Parameter and errors are those of
        ``Valuation.effective_haircut``.
        """
        if self.valuation is None:
            return None
        return self.valuation.effective_haircut(self.claim, haircuts)


cdef Valuation shared_valuation(graph, str cash, str sees):
    """The valuation that all who see the same, at the middles of the books, share."""
    key = (cash, sees)
    if key not in graph.shared:
        graph.shared[key] = Valuation(graph, cash, sees)
    return graph.shared[key]
