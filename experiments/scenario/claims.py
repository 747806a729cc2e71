"""Claims on claims in a scenario: what backs what, pools, and what the outside world holds."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

import agents
from experiments.scenario.table import Count, Name, Positive, Ppm, Rhythm, Seconds, Table, ns
from lob.clearing.collateral import Claim
from lob.units import PPM
from lob.venue.pool import Pool

__all__ = ["ClaimTable", "PoolTable", "left_outside", "make_claim", "make_pool", "stock_claims"]


class ClaimTable(Table):
    """A claim, a share of what an account holds and owes: ``lob.clearing.collateral.Claim``.

    A staked token is one that an account of its own backs; a lending receipt one whose issuer is
    ``"<clearing>: lenders"``; a vault's share one whose issuer is the owner number of a margin
    account.
    """

    name: Name
    """Name of the asset that the claim is, unique."""
    backing: Annotated[list[str], Field(min_length=1, max_length=6)]
    """Names of the assets that the issuer holds or owes for it, cash too."""
    issuer: str | Positive | None = None
    """Owner number: of the issuer, or the name of an account; none: an account of its own."""
    initial: list[Count] = Field(default_factory=list)
    """Units: of each backing asset that one claim costs while there is none; none: one of the
    first."""
    delay: Seconds = 0.0
    """Seconds: how long a redemption waits in a queue; 0: it is at once."""
    rate: Count = 0
    """Units: the most claims redeemed in a period; 0: no limit."""
    period: Rhythm = 0.0
    """Seconds: the period that ``rate`` is for."""
    accrual: Annotated[int, Field(ge=-PPM, le=PPM)] = 0
    """Ppm: of the first backing asset earned at each interval; negative: lost."""
    accrual_interval: Rhythm = 0.0
    """Seconds: between two accruals."""
    outside: Count = 0
    """Units: claims that the outside world has at the start."""
    outside_backing: dict[str, int] = Field(default_factory=dict)
    """Units: of each backing asset behind the claims of the outside world; none: what ``initial``
    says."""


class PoolTable(Table):
    """A constant-product pool, whose shares are a claim of its name: ``lob.venue.pool.Pool``."""

    name: Name
    """Name of the asset that the pool's shares are, unique."""
    base: str
    """Name of the asset that the pool trades."""
    cash: str = "cash"
    """Name of the asset that the pool trades it for."""
    fee: Ppm = 3_000
    """Ppm: of what is paid in, kept by the pool."""
    initial: tuple[Positive, Positive]
    """Units: of base and of cash that a share costs while there is none."""
    multiplier: Positive = 1
    """Cash units: what one unit of base is worth for each tick of its price."""
    outside: Count = 0
    """Units: shares that the outside world has at the start, backed as ``initial`` says."""


def make_claim(one: ClaimTable) -> Claim:
    """Make a claim from its table."""
    return Claim(
        one.name,
        backing=one.backing,
        issuer=one.issuer,
        initial=one.initial or None,
        delay=ns(one.delay),
        rate=one.rate,
        period=ns(one.period),
        accrual=one.accrual,
        every=ns(one.accrual_interval),
    )


def make_pool(one: PoolTable) -> Pool:
    """Make a constant-product pool from its table."""
    return Pool(
        one.name,
        base=one.base,
        cash=one.cash,
        fee=one.fee,
        initial=one.initial,
        multiplier=one.multiplier,
    )


def stock_claims(
    claims: Sequence[ClaimTable], pools: Sequence[PoolTable], simulation: agents.Simulation
) -> None:
    """Give the outside world the claims and pool shares that it has at the start.

    Parameters
    ----------
    claims, pools
        Tables, which say how many units.
    simulation
        Where the facilities are.
    """
    facilities = simulation.venue.claims
    if facilities is None:
        return
    stated: list[ClaimTable | PoolTable] = [*claims, *pools]
    for one in stated:
        if one.outside:
            facilities[one.name].stock(one.outside, **_behind(one))
    simulation.venue.refresh()


def left_outside(claims: Sequence[ClaimTable], pools: Sequence[PoolTable]) -> dict[str, int]:
    """Units of each claim, by name, that the outside world has and that back no other claim.

    Parameters
    ----------
    claims, pools
        Tables, which say how many units there are and what backs them.
    """
    stated: list[ClaimTable | PoolTable] = [*claims, *pools]
    left = {one.name: one.outside for one in stated}
    for one in stated:
        for name, units in _behind(one).items() if one.outside else ():
            if name in left:
                left[name] -= units
    return left


def _behind(one: ClaimTable | PoolTable) -> dict[str, int]:
    """Units by asset that back what the outside world has of a claim."""
    if isinstance(one, PoolTable):
        base, cash = one.initial
        return {one.base: base * one.outside, one.cash: cash * one.outside}
    cost = one.initial or [1] + [0] * (len(one.backing) - 1)
    return one.outside_backing or {
        name: units * one.outside for name, units in zip(one.backing, cost, strict=True) if units
    }
