"""Agents with an account that is asked for no margin: what they have they own."""

from collections.abc import Mapping
from fractions import Fraction

from agents.agent import Agent
from lob import EntryKind, Kind, Side, TimeInForce
from lob.checks import integer
from lob.clearing.claim_graph import Claims
from lob.clearing.look_through import LookThrough
from lob.unit_types import Nanoseconds, Units
from lob.units import SECOND_NS

__all__ = ["LEVELS", "Funded", "claims_of"]


def claims_of(agent: Agent) -> Claims:
    """The ``Claims`` of an agent's venue. Raises ``ValueError`` if there are none."""
    claims = agent.simulation.venue.claims
    if claims is None:
        raise ValueError(f"agent {agent.name!r} needs claims, and the venue has none")
    return claims


class Funded(Agent):
    """An agent with an account in the ledger, woken at fixed intervals.

    It never owes anything: what it buys it pays out of what it has.

    Parameters
    ----------
    name
        Identity of the agent, and the name of its account.
    funds
        Units of each asset, 0 or more, that it brings from outside, by name.
    interval
        ns between looks at the market, 1 or more.
    cash
        Name of the asset in which books are paid.
    owner
        See ``Participant``.

    Raises
    ------
    TypeError, ValueError
        If an argument is of another type or outside its range.
    """

    def __init__(
        self,
        name: str,
        *,
        funds: Mapping[str, Units],
        interval: Nanoseconds = SECOND_NS,
        cash: str = "cash",
        owner: int | None = None,
    ) -> None:
        super().__init__(name, owner=owner)
        for asset, units in funds.items():
            integer(f"funds[{asset!r}]", units, 0)
        self.funds = dict(funds)
        self.interval = integer("interval", interval, 1)
        self.cash_asset = cash
        self.account = 0

    def on_start(self) -> None:
        """Hook: the run begins; open the account with what the agent brings."""
        ledger = self.simulation.ledger
        self.account = ledger.open_account(self.name, owner=self.owner)
        for asset, units in self.funds.items():
            ledger.transfer(
                ledger.asset(asset), ledger.WORLD, self.account, units, kind=EntryKind.OPENING
            )
        self.simulation.venue.refresh()
        self.wake_in(self.interval)

    def on_wake(self) -> None:
        """Hook: look at the market, and again after the interval."""
        self.wake_in(self.interval)
        self.look()

    def look(self) -> None:
        """To override: what the agent does at each look at the market."""

    # ---------------------------------------------------------------- what it has

    def balance(self, asset: str) -> int:
        """Units of an asset, by name, on the agent's account."""
        ledger = self.simulation.ledger
        return ledger.balance(self.account, ledger.asset(asset))

    def multiplier(self, instrument: int) -> int:
        """Units of cash that one lot of an instrument is worth for each tick of its price."""
        return self.simulation.instruments[instrument].multiplier

    @property
    def claims(self) -> Claims:
        """The ``Claims`` of the agent's venue. Raises ``ValueError`` if there are none."""
        return claims_of(self)

    def value_of(self, name: str) -> Fraction | None:
        """Units of cash that one unit of a claim is worth: its part of what its issuer says it has.

        What backs the claim counts at the middle of its book, if it has one. An exact
        ``Fraction``; ``None``: not known.
        """
        look = LookThrough(self.simulation.venue, cash=self.cash_asset)
        return look.share(self.claims[name], look.values())

    # ---------------------------------------------------------------- what it does

    def mint(self, claim: str, size: int) -> None:
        """Send a message that asks for ``size`` new claims, for their part of what backs them."""
        self.move_funds(Kind.MINT, size, self.claims[claim].number)

    def redeem(self, claim: str, size: int) -> None:
        """Send a message that asks for what backs ``size`` claims, at most what the agent has."""
        self.move_funds(Kind.REDEEM, size, self.claims[claim].number)

    def swap(self, pool: str, side: Side, size: int, price: int = 0) -> None:
        """Send a swap: buy or sell ``size`` units of a pool's base, at ``price`` ticks at worst.

        A ``price`` of 0 is any.
        """
        self.move_funds(Kind.SWAP, size, self.claims[pool].number, side, price)

    def affordable(self, instrument: int, money: int, limit: int) -> int:
        """Lots that ``money`` units of cash buy in a book up to ``limit`` ticks, without fees."""
        unit = self.multiplier(instrument)
        lots = 0
        for level in self.simulation.books[instrument].asks(LEVELS):
            price = int(level["price"])
            if price > limit or price < 1:
                break
            take = min(int(level["size"]), money // (price * unit))
            lots += take
            money -= take * price * unit
            if take < int(level["size"]):
                break
        return lots

    def buy_for(self, instrument: int, money: int, limit: int, most: int | None = None) -> int:
        """Buy at once for at most ``money`` units of cash, at ``limit`` ticks or better.

        ``most`` bounds the lots. Returns the lots bought.
        """
        money = min(money, self.balance(self.cash_asset))
        lots = self.affordable(instrument, money, limit)
        if most is not None:
            lots = min(lots, most)
        return self._trade(Side.BUY, instrument, lots, limit)

    def sell_at(self, instrument: int, lots: int, limit: int) -> int:
        """Sell at once ``lots`` lots, at most what the agent has, at ``limit`` ticks or better.

        Returns the lots sold.
        """
        one = self.simulation.instruments[instrument]
        lots = min(lots, self.balance(one.base or one.name))
        return self._trade(Side.SELL, instrument, lots, limit)

    def _trade(self, side: Side, instrument: int, lots: int, limit: int) -> int:
        if lots < 1:
            return 0
        before = self.position(instrument)
        self.submit(side, lots, limit, instrument=instrument, time_in_force=TimeInForce.IOC)
        return abs(self.position(instrument) - before)


LEVELS = 200
"""Of a book, how many are looked at."""
