"""Maker's collateral auctions: 2.0 (a Dutch auction, Dog and Clip) and 1.2 (English, Flip).

Values with explicit transitions: each action returns what it moved and the auction after it, or a
``Refusal`` and the auction as it was. Sources: makerdao/dss, dog.sol, clip.sol and flip.sol.

Units are the caller's. Contracts: collateral and normalised debt in wads, rates and prices in rays,
so that debt (collateral x price) is in rads (1e45). A market: lots, ticks, units of cash.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from typing import NamedTuple

from lob.checks import natural
from lob.liquidation.formulas.arithmetic import RAY, WAD, ceil_div, rdiv, rmul
from lob.liquidation.formulas.curves import Curve
from lob.units import PPM

__all__ = [
    "Bark",
    "ClipAuction",
    "ClipRules",
    "FlipAuction",
    "FlipBid",
    "Payment",
    "Redo",
    "Refusal",
    "Take",
    "allowed",
    "auctioned_part",
    "bark",
    "may_start",
    "room_of",
]

BREAKER_LEVELS = {"kick": 1, "redo": 2, "take": 3}
"""The level of the circuit breaker from which on an action is stopped."""


class Refusal(StrEnum):
    """Why an action did nothing: the contract's own words."""

    NONE = ""
    STOPPED = "stopped-incorrect"
    NOT_UNSAFE = "not-unsafe"
    LIMIT_HIT = "liquidation-limit-hit"
    DUSTY = "dusty-auction-from-partial-liquidation"
    NULL = "null-auction"
    ENDED = "not-running-auction"
    NEEDS_RESET = "needs-reset"
    TOO_EXPENSIVE = "too-expensive"
    NO_PARTIAL = "no-partial-purchase"
    CANNOT_RESET = "cannot-reset"
    ALREADY_FINISHED = "already-finished"
    NOT_FINISHED = "not-finished"
    LOT_NOT_MATCHING = "lot-not-matching"
    HIGHER_THAN_TAB = "higher-than-tab"
    BID_NOT_HIGHER = "bid-not-higher"
    INSUFFICIENT_INCREASE = "insufficient-increase"
    NOT_MATCHING_BID = "not-matching-bid"
    TEND_NOT_FINISHED = "tend-not-finished"
    LOT_NOT_LOWER = "lot-not-lower"
    INSUFFICIENT_DECREASE = "insufficient-decrease"
    BID_ALREADY_PLACED = "bid-already-placed"


@cache
def allowed(level: int) -> tuple[str, ...]:
    """The actions that the circuit breaker leaves at a level, 0 (all) to 3 (none)."""
    return tuple(
        action for action, stop in BREAKER_LEVELS.items() if natural("level", level) < stop
    )


# --------------------------------------------------------------------------------------- bark


class Bark(NamedTuple):
    """What is taken from a vault that failed."""

    lot: int
    """Collateral that goes to auction."""
    art: int
    """Normalised debt that leaves the vault."""
    due: int
    """Debt that leaves it: the principal."""
    tab: int
    """What the auction is to raise: the principal with the penalty."""
    refusal: Refusal = Refusal.NONE

    @property
    def debt(self) -> int:
        """What Maker calls ``due``: the principal."""
        return self.due

    @property
    def target(self) -> int:
        """What Maker calls ``tab``: what the auction is to raise."""
        return self.tab


def room_of(hole: int, dirt: int, ilk_hole: int, ilk_dirt: int) -> int:
    """Debt that may still go to auction, under the limit of all and that of the collateral."""
    return max(0, min(hole - dirt, ilk_hole - ilk_dirt))


def bark(
    ink: int,
    art: int,
    *,
    spot: int,
    room: int,
    rate: int = RAY,
    chop: int = WAD,
    dust: int = 0,
    unit: int = WAD,
) -> Bark:
    """Liquidate as much of a vault as there is room for.

    Parameters
    ----------
    ink, art
        Collateral and normalised debt: the debt is ``art * rate``.
    spot
        Price with the margin taken off: the vault is unsafe if ``ink * spot < art * rate``.
    room
        See ``room_of``.
    chop
        The penalty as a factor of ``unit``: 1.13e18 is 13 %.
    dust
        The least debt that a vault may keep: a remainder below it goes to auction too, and a part
        below it is refused.

    Returns
    -------
    Bark
        The part of the debt, the collateral in proportion and the tab are each rounded down.
    """
    nothing = Bark(0, 0, 0, 0)
    if spot <= 0 or ink * spot >= art * rate:
        return nothing._replace(refusal=Refusal.NOT_UNSAFE)
    if room <= 0:
        return nothing._replace(refusal=Refusal.LIMIT_HIT)
    part = min(art, room * unit // rate // chop)
    if part < art:
        if (art - part) * rate < dust:
            part = art
        elif part * rate < dust:
            return nothing._replace(refusal=Refusal.DUSTY)
    lot = ink * part // art
    if lot == 0:
        return nothing._replace(refusal=Refusal.NULL)
    due = part * rate
    return Bark(lot, part, due, due * chop // unit)


def may_start(level: int) -> bool:
    """Whether the circuit breaker lets an auction start, at a level of 0 to 3."""
    return "kick" in allowed(level)


def auctioned_part(
    lots: int, debt: int, *, weighted: int, room: int, penalty: int, dust: int
) -> Bark:
    """What of an account in a market goes to auction: ``bark`` in lots, units of cash and ppm.

    Parameters
    ----------
    lots
        Of the position, 1 or more.
    debt
        Units of cash that it owes.
    weighted
        What the account is worth with its margin taken off, in units of cash; it is safe if that
        covers the debt.
    room
        See ``room_of``, units of cash.
    penalty
        The debt with the penalty over the debt, ppm.
    dust
        The least debt that an account may keep, units of cash.

    Returns
    -------
    Bark
        In lots and units of cash, each rounded down.
    """
    if debt <= 0 or weighted >= debt:
        return Bark(0, 0, 0, 0, Refusal.NOT_UNSAFE)
    # The price of a lot with the margin taken off, in millionths of a unit of cash.
    done = bark(
        lots,
        debt,
        spot=max(1, weighted * PPM // lots),
        room=PPM * room,
        rate=PPM,
        chop=penalty,
        dust=dust * PPM,
        unit=PPM,
    )
    return done._replace(due=done.due // PPM, tab=done.tab // PPM)


# --------------------------------------------------------------------------------------- clip


@dataclass(frozen=True, slots=True)
class ClipRules:
    """The parameters of Dutch auctions of one collateral.

    Parameters
    ----------
    curve
        How the price falls.
    buf
        The start over the feed, a factor of ``unit``.
    tail
        Time after which an auction must be reset.
    cusp
        Share of the start below which it must be reset, of ``unit``.
    chost
        The least tab that a partial purchase may leave: dust times chop.
    tip, chip
        A keeper's reward for a kick or a reset: a sum, and a share of the tab (of ``wad``).
    """

    curve: Curve
    buf: int
    tail: int
    cusp: int
    chost: int = 0
    tip: int = 0
    chip: int = 0
    unit: int = RAY
    wad: int = WAD

    def __post_init__(self) -> None:
        natural("unit", self.unit, 1)
        natural("wad", self.wad, 1)
        natural("buf", self.buf, 1)
        natural("tail", self.tail)
        natural("cusp", self.cusp)
        natural("chost", self.chost)
        natural("tip", self.tip)
        natural("chip", self.chip)

    def kick(self, lot: int, tab: int, feed: int, now: int) -> "ClipAuction":
        """Start an auction: the price begins at ``feed * buf``, rounded down."""
        top = rmul(natural("feed", feed, 1), self.buf, self.unit)
        return ClipAuction(
            self, natural("lot", lot, 1), natural("tab", tab, 1), natural("top", top, 1), now
        )

    def leaving(self, multiplier: int) -> "ClipRules":
        """The rules with what a part must leave divided by a multiplier, rounded up."""
        if multiplier == 1 or not self.chost:
            return self
        return replace(self, chost=ceil_div(self.chost, multiplier))

    def reward(self, tab: int) -> int:
        """What a keeper gets for a tab, rounded down."""
        return self.tip + rmul(tab, self.chip, self.wad)


class Take(NamedTuple):
    """What a purchase moved."""

    auction: "ClipAuction"
    """The auction after the purchase."""
    bought: int = 0
    paid: int = 0
    returned: int = 0
    """Collateral that goes back to the owner, once the tab is raised."""
    released: int = 0
    """Debt that no longer counts against the limits of debt at auction."""
    uncollected: int = 0
    """What is missing of the tab when the lot is gone, penalty included."""
    refusal: Refusal = Refusal.NONE


class Redo(NamedTuple):
    """What starting an auction again did."""

    auction: "ClipAuction"
    reward: int = 0
    refusal: Refusal = Refusal.NONE


class ClipAuction(NamedTuple):
    """One running Dutch auction; it has ended when nothing is left of the lot."""

    rules: ClipRules
    lot: int
    tab: int
    top: int
    """The price that the auction started at."""
    started: int

    @property
    def target(self) -> int:
        """What Maker calls ``tab``: what is still to be raised."""
        return self.tab

    @property
    def ended(self) -> bool:
        """Whether the auction is over: its lot is sold or has been returned."""
        return self.lot == 0

    def price(self, now: int) -> int:
        """The price of the auction at a time, rounded down."""
        return self.rules.curve.price(self.top, now - self.started)

    def needs_redo(self, now: int) -> bool:
        """Whether it has run for more than the tail, or fell below the cusp (both strict)."""
        rules = self.rules
        share = rdiv(self.price(now), self.top, rules.unit)
        return now - self.started > rules.tail or share < rules.cusp

    def take(self, amount: int, limit: int, now: int, *, level: int = 0) -> Take:
        """Buy up to ``amount`` at the price of now, if that is at most ``limit``.

        No more is sold than raises the tab. A part must leave a tab of at least ``chost``: it is
        cut down to that, and where nothing is left to cut, refused.
        """
        natural("amount", amount, 1)
        refusal = self._refusal_to_take(limit, now, level)
        if refusal:
            return Take(self, refusal=refusal)
        price = self.price(now)
        part = min(self.lot, amount)
        owe = part * price
        if owe > self.tab:
            owe = self.tab
            part = owe // price
        elif owe < self.tab and part < self.lot and self.tab - owe < self.rules.chost:
            if self.tab <= self.rules.chost:
                return Take(self, refusal=Refusal.NO_PARTIAL)
            owe = self.tab - self.rules.chost
            part = owe // price
        tab, lot = self.tab - owe, self.lot - part
        if lot == 0:
            return Take(self._after(0, 0), part, owe, 0, tab + owe, tab)
        if tab == 0:
            return Take(self._after(0, 0), part, owe, lot, owe)
        return Take(self._after(lot, tab), part, owe, 0, owe)

    def _after(self, lot: int, tab: int) -> "ClipAuction":
        return ClipAuction(self.rules, lot, tab, self.top, self.started)

    def _refusal_to_take(self, limit: int, now: int, level: int) -> Refusal:
        if "take" not in allowed(level):
            return Refusal.STOPPED
        if self.ended:
            return Refusal.ENDED
        if self.needs_redo(now):
            return Refusal.NEEDS_RESET
        return Refusal.TOO_EXPENSIVE if self.price(now) > limit else Refusal.NONE

    def redo(self, feed: int, now: int, *, level: int = 0) -> Redo:
        """Start again at the feed of now; rewarded only if tab and lot are worth ``chost``."""
        rules = self.rules
        if "redo" not in allowed(level):
            return Redo(self, refusal=Refusal.STOPPED)
        if self.ended:
            return Redo(self, refusal=Refusal.ENDED)
        if not self.needs_redo(now):
            return Redo(self, refusal=Refusal.CANNOT_RESET)
        top = rmul(natural("feed", feed, 1), rules.buf, rules.unit)
        worth = self.tab >= rules.chost and self.lot * feed >= rules.chost
        after = self._replace(top=natural("top", top, 1), started=now)
        return Redo(after, rules.reward(self.tab) if worth else 0)


# --------------------------------------------------------------------------------------- flip


class Payment(NamedTuple):
    """Cash from a bidder: to the one outbid, or to who is owed (``None``)."""

    payer: int
    payee: int | None
    amount: int


class FlipBid(NamedTuple):
    """What a bid, a settlement or a restart moved."""

    auction: "FlipAuction"
    payments: tuple[Payment, ...] = ()
    returned: int = 0
    """Collateral back to the owner."""
    sold: int = 0
    """Collateral to the winner."""
    refusal: Refusal = Refusal.NONE


class FlipAuction(NamedTuple):
    """One English auction: bids rise to the tab (tend), then lots fall at it (dent).

    Parameters
    ----------
    lot
        Collateral for sale, that of the best bid so far.
    tab
        What is to be raised.
    end
        When it ends unless a bid is open.
    beg
        The least improvement, a factor of ``unit``: 1.05e18.
    ttl, tau
        How long a bid stands unless it is beaten, and how long an auction lasts at most.
    guy, bid, expiry
        The best bidder, what he pays, and when his bid stands; ``None``: no bid yet.
    """

    lot: int
    tab: int
    end: int
    beg: int = 105 * WAD // 100
    ttl: int = 3 * 3600
    tau: int = 48 * 3600
    guy: int | None = None
    bid: int = 0
    expiry: int | None = None
    settled: bool = False
    unit: int = WAD

    @property
    def target(self) -> int:
        """What Maker calls ``tab``: what is to be raised."""
        return self.tab

    @property
    def best_bidder(self) -> int | None:
        """What Maker calls ``guy``: who bid most so far; ``None``: nobody did."""
        return self.guy

    @classmethod
    def kick(
        cls,
        lot: int,
        tab: int,
        now: int,
        *,
        beg: int = 105 * WAD // 100,
        ttl: int = 3 * 3600,
        tau: int = 48 * 3600,
        unit: int = WAD,
    ) -> "FlipAuction":
        """Start an English auction of a lot for what is to be raised, at a time."""
        natural("lot", lot, 1)
        natural("tab", tab, 1)
        return cls(lot, tab, now + tau, beg=beg, ttl=ttl, tau=tau, unit=unit)

    def running(self, now: int) -> bool:
        """Whether the auction takes bids at a time."""
        return not self.settled and now < self.end and (self.expiry is None or now < self.expiry)

    def tend(self, bidder: int, lot: int, bid: int, now: int) -> FlipBid:
        """Bid more for the whole lot, up to the tab; a bid of the tab needs no least increase."""
        refusal = Refusal.NONE
        if not self.running(now):
            refusal = Refusal.ALREADY_FINISHED
        elif lot != self.lot:
            refusal = Refusal.LOT_NOT_MATCHING
        elif bid > self.tab:
            refusal = Refusal.HIGHER_THAN_TAB
        elif bid <= self.bid:
            refusal = Refusal.BID_NOT_HIGHER
        elif bid * self.unit < self.beg * self.bid and bid != self.tab:
            refusal = Refusal.INSUFFICIENT_INCREASE
        if refusal:
            return FlipBid(self, refusal=refusal)
        payments = (*self._refund(bidder), Payment(bidder, None, bid - self.bid))
        return FlipBid(self._after(self.lot, bidder, bid, now + self.ttl), payments)

    def dent(self, bidder: int, lot: int, bid: int, now: int) -> FlipBid:
        """Accept less of the lot for the tab; the rest goes back to the owner at once."""
        refusal = Refusal.NONE
        if not self.running(now):
            refusal = Refusal.ALREADY_FINISHED
        elif bid != self.bid:
            refusal = Refusal.NOT_MATCHING_BID
        elif bid != self.tab:
            refusal = Refusal.TEND_NOT_FINISHED
        elif lot >= self.lot:
            refusal = Refusal.LOT_NOT_LOWER
        elif self.beg * natural("lot", lot) > self.lot * self.unit:
            refusal = Refusal.INSUFFICIENT_DECREASE
        if refusal:
            return FlipBid(self, refusal=refusal)
        after = self._after(lot, bidder, self.bid, now + self.ttl)
        return FlipBid(after, self._refund(bidder), returned=self.lot - lot)

    def _after(self, lot: int, guy: int, bid: int, expiry: int) -> "FlipAuction":
        """The auction with another best bid."""
        return FlipAuction(
            lot,
            self.tab,
            self.end,
            self.beg,
            self.ttl,
            self.tau,
            guy,
            bid,
            expiry,
            False,
            self.unit,
        )

    def deal(self, now: int) -> FlipBid:
        """Give the lot to the best bidder, once his bid stood long enough or the auction ended."""
        if self.settled:
            return FlipBid(self, refusal=Refusal.ENDED)
        if self.expiry is None or (now <= self.expiry and now <= self.end):
            return FlipBid(self, refusal=Refusal.NOT_FINISHED)
        return FlipBid(self._replace(lot=0, settled=True), sold=self.lot)

    def tick(self, now: int) -> FlipBid:
        """Run again, if it ended without a bid: it is never given back."""
        if self.settled:
            return FlipBid(self, refusal=Refusal.ENDED)
        if now <= self.end:
            return FlipBid(self, refusal=Refusal.NOT_FINISHED)
        if self.expiry is not None:
            return FlipBid(self, refusal=Refusal.BID_ALREADY_PLACED)
        return FlipBid(self._replace(end=now + self.tau))

    def _refund(self, bidder: int) -> tuple[Payment, ...]:
        if self.guy is None or self.guy == bidder:
            return ()
        return (Payment(bidder, self.guy, self.bid),)
