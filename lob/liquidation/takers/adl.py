"""Auto-deleveraging: opposing positions are closed against a failed one."""

from dataclasses import dataclass
from fractions import Fraction
from hashlib import blake2b

from lob.allocation import pro_rata
from lob.checks import choice, integer, ppm
from lob.liquidation.context import TakerContext
from lob.liquidation.formulas.adl import (
    bitmex_score,
    least_worst_loss,
    profit_leverage_score,
    queue_order,
    take_from_queue,
)
from lob.liquidation.offers import OfferPrice
from lob.liquidation.parts.protocols import Takers
from lob.types import EntryKind, Side
from lob.units import PPM, SECOND_NS

__all__ = ["Opposing", "position_score"]

POLICIES = ("queue", "pro-rata", "random", "min-max")
RANKS = ("bitmex", "profit-leverage")
CHUNK = 32


@dataclass(slots=True)
class Ranking:
    """Opposing accounts in the order in which they are deleveraged."""

    made: int
    """ns at which the ranking was made."""
    order: list[int]
    next: int = 0


class Rankings:
    """The latest rankings of a design, by who deleverages, holding and side."""

    def __init__(self) -> None:
        self.of: dict[tuple[Opposing, int, Side], Ranking] = {}


@dataclass(frozen=True)
class Opposing(Takers):
    """The positions of the other side of this clearing, closed at the price.

    Parameters
    ----------
    policy
        ``"queue"``: by rank, each whole before the next (BitMEX, Bybit, Hyperliquid);
        ``"pro-rata"``: in proportion to the lots held (FTX); ``"random"``: in an order that depends
        on the seed and the owner numbers only; ``"min-max"``: whole lots so that the greatest loss
        of a lot over an account's equity at the mark is least (arXiv 2602.15182).
    rank
        ``"bitmex"``: profit ratio times effective leverage; ``"profit-leverage"``: profit over
        equity times leverage (Hyperliquid).
    first
        Pro rata: among so many accounts with the highest ranks (FTX: 10); 0: among all.
    mark_share
        Ppm of the way from the price to the mark at which the other side closes; the insurance fund
        pays the difference as far as it can. FTX: 333,333, two thirds of the zero price and one of
        the mark.
    refresh
        ns after which ranks are made anew. What accounts hold is always that of now.
    seed
        Of the random order.
    """

    policy: str = "queue"
    rank: str = "bitmex"
    first: int = 0
    mark_share: int = 0
    refresh: int = SECOND_NS
    seed: int = 0

    def __post_init__(self) -> None:
        choice("policy", self.policy, POLICIES)
        choice("rank", self.rank, RANKS)
        integer("first", self.first, 0)
        ppm("mark_share", self.mark_share)
        integer("refresh", self.refresh, 0)
        integer("seed", self.seed, 0)

    def attach(self, design: TakerContext) -> None:
        """Open the accounts that these takers need, once their design has a clearing.

        Ranks need what positions were bought for.
        """
        design.clearing.keep_entry_values()

    def offer(
        self, design: TakerContext, case: int, holding: int, lots: int, price: OfferPrice
    ) -> bool:
        """Offer lots of a case to these takers at a price or better; whether any of it worked."""
        at = price.price_at(design.now) or design.mark(holding)
        if at is None:
            return False
        other = Side.SELL if design.held(case, holding) > 0 else Side.BUY
        ranking = self.ranking(design, holding, other, case)
        if self.policy == "min-max":
            taken = self._least_worst(design, ranking, holding, lots)
        elif self.policy == "pro-rata":
            taken = self._shares(design, ranking, holding, lots, case)
        else:
            taken = self._from_queue(design, ranking, holding, lots)
        for account, part in taken.items():
            self._close(design, case, holding, account, part, at)
        return bool(taken)

    def ranking(self, design: TakerContext, holding: int, side: Side, case: int = 0) -> Ranking:
        """The opposing accounts in order; as it was made last, unless that is too long ago.

        Of accounts of one rank the one with more lots is first, then the one with more cash; equal
        ones are drawn for the case that the ranking was made for.
        """
        known, key = design.shared(Rankings).of, (self, holding, side)
        found = known.get(key)
        now = design.now
        if (
            found is None
            or now >= found.made + self.refresh
            or (found.next >= len(found.order) and now > found.made)
        ):
            found = known[key] = Ranking(now, self._order(design, holding, side, case))
        return found

    def _order(self, design: TakerContext, holding: int, side: Side, case: int) -> list[int]:
        rows = design.opposing(holding, side)
        owners = {account: design.clearing.account_owner(account) for account, _, _ in rows}
        if self.policy == "random":
            return sorted(owners, key=lambda account: (self._key(owners[account]), account))
        mark = design.mark(holding)
        scores: dict[int, Fraction] = {}
        for account, units, _ in rows:
            scores[account] = (
                Fraction(0)
                if mark is None
                else position_score(design, account, holding, units, mark, self.rank)
            )
        ties = {account: (abs(units), cash) for account, units, cash in rows}
        return queue_order(scores, ties=ties, case=case, owners=owners)

    def _key(self, owner: int) -> bytes:
        return blake2b(f"{self.seed} {owner}".encode(), digest_size=8).digest()

    def _from_queue(
        self, design: TakerContext, ranking: Ranking, holding: int, lots: int
    ) -> dict[int, int]:
        taken: dict[int, int] = {}
        while lots > 0 and ranking.next < len(ranking.order):
            chunk = ranking.order[ranking.next : ranking.next + CHUNK]
            held = {account: abs(design.position(account, holding)) for account in chunk}
            part = take_from_queue(chunk, held, lots)
            taken |= part
            lots -= sum(part.values())
            # Whoever still has lots stays in front.
            for account in chunk:
                if part.get(account, 0) < held[account]:
                    break
                ranking.next += 1
        return taken

    def _least_worst(
        self, design: TakerContext, ranking: Ranking, holding: int, lots: int
    ) -> dict[int, int]:
        # A lot costs everybody the same, the price less the mark: one unit of loss here.
        clearing = design.clearing
        held: dict[int, int] = {}
        equities: list[int] = []
        for account in ranking.order:
            units = abs(design.position(account, holding))
            worth = clearing.value_of(account)
            equity = design.balance(account) + worth if worth is not None else 0
            if units and equity > 0:
                held[account] = units
                equities.append(equity)
        most = min(lots, sum(held.values()))
        _, parts = least_worst_loss(list(held.values()), [1] * len(held), equities, most)
        return {account: part for account, part in zip(held, parts, strict=True) if part}

    def _shares(
        self, design: TakerContext, ranking: Ranking, holding: int, lots: int, case: int
    ) -> dict[int, int]:
        most = self.first or len(ranking.order)
        held: dict[int, int] = {}
        while ranking.next < len(ranking.order) and not design.position(
            ranking.order[ranking.next], holding
        ):
            ranking.next += 1
        for account in ranking.order[ranking.next :]:
            if len(held) >= most:
                break
            units = abs(design.position(account, holding))
            if units:
                held[account] = units
        cash = {account: design.balance(account) for account in held}
        owners = {account: design.clearing.account_owner(account) for account in held}
        shares = pro_rata(
            held, min(lots, sum(held.values())), held, case=case, ties=cash, owners=owners
        )
        return {account: part for account, part in shares.items() if part}

    def _close(
        self, design: TakerContext, case: int, holding: int, account: int, lots: int, at: int
    ) -> None:
        design.take_over(case, account, lots, at, holding=holding, adl=True)
        mark = design.mark(holding)
        if self.mark_share and mark is not None:
            better = abs(mark - at) * lots * design.multiplier(holding) * self.mark_share // PPM
            paid = min(better, max(0, design.balance(design.fund)))
            if paid:
                design.pay(case, design.fund, account, paid, EntryKind.INSURANCE)


def position_score(
    design: TakerContext, account: int, holding: int, units: int, mark: int, rank: str = "bitmex"
) -> Fraction:
    """The rank of a position at a mark; 0 where it has none: nothing was paid, or no equity."""
    clearing = design.clearing
    value = clearing.worth(holding, units, mark)
    entry = clearing.entry_value(account, holding)
    worth = clearing.value_of(account)
    equity = design.balance(account) + worth if worth is not None else 0
    if equity <= 0 or entry == 0 or value == 0:
        return Fraction(0)
    if rank == "bitmex":
        return bitmex_score(value, entry, value - equity)
    return profit_leverage_score(value - entry, equity, Fraction(abs(value), equity))
