"""Claims on claims in a scenario: what backs what, pools, and what the world has of them."""

from typing import Annotated

from pydantic import Field, model_validator

from experiments.scenario.parts import Count, Positive, Ppm, Seconds, Table
from lob.clearing.claim_graph import Claims
from lob.clearing.collateral import Claim
from lob.units import PPM

__all__ = ["ClaimTable", "PoolTable", "StackTables"]


class ClaimTable(Table):
    """A share of what an account holds: ``lob.clearing.collateral.Claim``.

    A staked token is one that an account of its own backs; a lending receipt one whose issuer is
    ``"<clearing>: lenders"``; a vault's share one whose issuer is the owner number of a margin
    account.
    """

    name: str
    """Unique; the asset that the claim is."""
    backing: Annotated[list[str], Field(min_length=1, max_length=6)]
    """Assets that the issuer holds or owes for it, cash too."""
    issuer: str | Positive | None = None
    """Owner number: of the issuer, or the name of an account; none: an account of its own."""
    initial: list[Count] = Field(default_factory=list)
    """Units: of each backing asset that the first claims cost; none: one of the first."""
    delay: Seconds = 0.0
    """Seconds: of a redemption, in a queue."""
    rate: Count = 0
    """Units: redeemed in a period; 0: no limit."""
    period: Seconds = 0.0
    """Seconds: for which the rate holds."""
    accrual: Annotated[int, Field(ge=-PPM, le=PPM)] = 0
    """Ppm: of the first backing asset earned at each interval; negative: lost."""
    accrual_interval: Seconds = 0.0
    """Seconds: between two accruals."""
    outside: Count = 0
    """Units: that the outside world has at the start."""
    outside_backing: dict[str, int] = Field(default_factory=dict)
    """Units: by asset that back them; none: as the first claims cost."""


class PoolTable(Table):
    """A constant-product pool, whose shares are a claim of its name: ``lob.venue.pool.Pool``."""

    name: str
    """Unique; the asset that its shares are."""
    base: str
    """Name of the asset that it trades."""
    cash: str = "cash"
    """Name of the asset that it is paid in."""
    fee: Ppm = 3_000
    """Ppm: of what is paid in, kept by the pool."""
    initial: tuple[Positive, Positive]
    """Units: of base and of cash that a share costs while there is none."""
    multiplier: Positive = 1
    """Cash units: what one unit of base is worth for each tick of its price."""
    outside: Count = 0
    """Units: shares that the outside world has at the start, backed as ``initial`` says."""


class StackTables(Table):
    """The tables of a scenario for claims and pools: its facilities, numbered in this order."""

    claims: list[ClaimTable] = Field(default_factory=list)
    """Shares of what an account holds."""
    pools: list[PoolTable] = Field(default_factory=list)
    """Constant-product pools; their shares are claims."""

    @model_validator(mode="after")
    def _claims_fit(self) -> "StackTables":
        instruments = getattr(self, "instruments", [])
        assets = {"cash", *(one.base or one.name for one in instruments)}
        names = [one.name for one in self.claims] + [one.name for one in self.pools]
        assets.update(names)
        mistakes = [f"claims: {name!r} is named twice" for name in names if names.count(name) > 1]
        for i, one in enumerate(self.claims):
            mistakes += [
                f"claims.{i}.backing: no asset is called {name!r}: there are {sorted(assets)}"
                for name in one.backing
                if name not in assets
            ]
            if one.initial and len(one.initial) != len(one.backing):
                mistakes.append(
                    f"claims.{i}.initial: {len(one.backing)} numbers are needed, got "
                    f"{len(one.initial)}"
                )
            mistakes += [
                f"claims.{i}.outside_backing: {name!r} does not back it"
                for name in one.outside_backing
                if name not in one.backing
            ]
            if one.rate and not one.period:
                mistakes.append(f"claims.{i}.period: a rate needs one")
            if one.accrual and not one.accrual_interval:
                mistakes.append(f"claims.{i}.accrual_interval: an accrual needs one")
            if one.outside and not isinstance(one.issuer, str | None):
                mistakes.append(
                    f"claims.{i}.outside: a margin account's claims are given by who opens it"
                )
        for i, pool in enumerate(self.pools):
            mistakes += [
                f"pools.{i}: no asset is called {name!r}: there are {sorted(assets)}"
                for name in (pool.base, pool.cash)
                if name not in assets
            ]
        try:
            Claims(
                [Claim(one.name, backing=one.backing) for one in self.claims]
                + [Claim(one.name, backing=(one.base, one.cash)) for one in self.pools]
            )
        except ValueError as error:
            mistakes.append(f"claims: {error}")
        for i, clearing in enumerate(getattr(self, "clearings", [])):
            for j, holding in enumerate(clearing.holdings):
                place = f"clearings.{i}.holdings.{j}"
                if holding.asset is not None and holding.asset not in assets:
                    mistakes.append(f"{place}.asset: no asset is called {holding.asset!r}")
                source = holding.oracle.source
                if source.claim is not None and source.claim not in names:
                    mistakes.append(f"{place}.oracle.source: no claim is called {source.claim!r}")
                bad = [
                    name
                    for name in source.bases.values()
                    if name not in [one.name for one in instruments]
                ]
                mistakes += [f"{place}.oracle.source.bases: no instrument {name!r}" for name in bad]
        if mistakes:
            raise ValueError("; ".join(dict.fromkeys(mistakes)))
        return self
