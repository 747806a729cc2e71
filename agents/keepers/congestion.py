"""Room in blocks that transactions compete for.

A transaction waits in the mempool. At each block time the ``capacity`` highest bids are included,
ties by arrival and then by name; the rest wait. Who is included pays the bid, whether what he
wanted succeeds or not: first-price, as on Ethereum in March 2020. From London (EIP-1559) on a bid
must also reach the base fee, of which every block sets the next one's:

    base fee x (1 + (included - target) / target / 8),   target = capacity / elasticity

rounded down, but up by at least one unit after a block above the target (EIP-1559's own rule, with
the number of transactions in place of gas: all are of one size here). The bid is what is paid, base
fee included; which part of it is burned makes no difference to anybody here.
"""

import heapq
from collections.abc import Iterable
from typing import NamedTuple, Protocol

from agents.agent import Agent
from agents.keepers.transactions import (
    GAS_ACCOUNT,
    Transaction,
    checked_outages,
    sink_account,
)
from lob.checks import integer, real
from lob.units import SECOND_NS

__all__ = ["BaseLoad", "Congestion", "Sender"]

BASE_FEE_CHANGE_DENOMINATOR = 8  # EIP-1559


class Sender(Protocol):
    """A participant that has transactions that wait for a block: every ``agents.keepers.Bot``."""

    @property
    def name(self) -> str:
        """Identity of the sender: breaks ties between equal bids."""
        ...

    @property
    def under_way(self) -> dict[int, Transaction]:
        """The transactions that the sender does not know the end of yet, by number."""
        ...

    def balance(self) -> int:
        """Cash units that the sender can pay with."""
        ...

    def execute(self, number: int, gas: int, gas_account: int) -> None:
        """Execute a transaction, by its number, that a block includes.

        ``gas`` is cash units, to be paid to the account ``gas_account``.
        """
        ...

    def drop(self, number: int) -> None:
        """Hear that an own transaction, by its number, cannot pay and is in no block."""
        ...


class BaseLoad(NamedTuple):
    """The transactions that everybody else sends for the blocks of a ``Congestion``.

    Bids are exponential: most are near zero, few are high.
    """

    start: int
    """Time in ns from which on this load holds, 0 or more."""
    rate: float
    """Transactions a block on average, 0 or more; their number is a Poisson draw."""
    mean_bid: float
    """Mean of the bids in cash units, above 0."""


class Congestion(Agent):
    """The blocks of a chain, which include the transactions with the highest bids.

    Parameters
    ----------
    name
        Identity of the chain: the transactions of others are drawn from it.
    block_time
        ns from block to block, 1 or more; the default, 13 s, is about Ethereum's of March 2020.
    capacity
        Transactions a block, 1 to 1,000,000.
    load
        ``BaseLoad``, or ``(start, rate, mean_bid)``, each until the next one's start; starts rise.
    backlog
        So many transactions of others wait at most, 0 or more: the lowest bids are thrown out
        first. Those of bots are not.
    base_fee
        Cash units a transaction in the first block, 0 or more.
    elasticity
        Capacity over target, 0 to 1,000 and at most ``capacity``; 0: the base fee stays as it is.
        Ethereum's is 2 (EIP-1559).
    outages
        ``(start, end)`` times in ns that do not overlap: no block in between, what waits waits on,
        and others send nothing.
    owner
        See ``Participant``.

    Attributes
    ----------
    base_fee : int
        Cash units that a bid for the next block must reach.
    included : int
        Transactions of bots that were included so far.
    blocks : int
        Blocks so far.

    Raises
    ------
    TypeError, ValueError
        If an argument is of another type or outside its range.
    """

    def __init__(
        self,
        name: str = "congestion",
        *,
        block_time: int = 13 * SECOND_NS,
        capacity: int = 100,
        load: Iterable[BaseLoad | tuple[int, float, float]] = (),
        backlog: int = 10_000,
        base_fee: int = 0,
        elasticity: int = 0,
        outages: Iterable[tuple[int, int]] = (),
        owner: int | None = None,
    ) -> None:
        super().__init__(name, owner=owner)
        self.block_time = integer("block_time", block_time, 1)
        self.capacity = integer("capacity", capacity, 1, 10**6)
        self.load = [BaseLoad(*one) for one in load]
        for i, one in enumerate(self.load):
            integer(f"load[{i}].start", one.start, self.load[i - 1].start + 1 if i else 0)
            real(f"load[{i}].rate", one.rate, 0)
            real(f"load[{i}].mean_bid", one.mean_bid, above=0)
        self.backlog = integer("backlog", backlog, 0)
        self.base_fee = integer("base_fee", base_fee, 0, 2**62 - 1)
        self.elasticity = integer("elasticity", elasticity, 0, 1_000)
        if self.elasticity > self.capacity:
            raise ValueError(f"elasticity must be at most the capacity, got {elasticity}")
        self.outages = checked_outages(outages)
        self.gas_account = 0
        self.arrived = 0
        self.waiting: list[tuple[int, int, str, Sender, int]] = []
        self.others: list[int] = []  # minus the bids: a heap
        self.included = 0
        self.blocks = 0

    def on_start(self) -> None:
        """Hook: the run begins; wait for the first block."""
        self.gas_account = sink_account(self.simulation.ledger, GAS_ACCOUNT)
        self.wake_in(self.block_time)

    def add(self, bot: Sender, number: int, bid: int) -> None:
        """Put a bot's transaction into the mempool, by its number and with its bid in cash units.

        The bot is asked later to ``execute`` it, or to ``drop`` it.
        """
        self.arrived += 1
        entry = (-bid, self.now, bot.name, bot, number)
        # Numbers of one bot rise, so that no two entries get as far as comparing bots.
        self.waiting.append(entry)

    def on_wake(self) -> None:
        """Hook: the time of a block has come; the highest bids are included."""
        now = self.now
        for start, end in self.outages:
            if start <= now < end:
                self.wake_in(end - now)
                return
        self.wake_in(self.block_time)
        self.blocks += 1
        self.more_load()
        chosen, used = self.choose()
        for _, _, _, bot, number in chosen:
            gas = bot.under_way[number].gas
            if gas > bot.balance():
                bot.drop(number)
            else:
                self.included += 1
                bot.execute(number, gas, self.gas_account)
        self.set_base_fee(used)

    def more_load(self) -> None:
        """Add the transactions that others send for this block, a draw from the present load."""
        now = self.now
        load = None
        for one in self.load:
            if one.start <= now:
                load = one
        if load is None or not load.rate:
            return
        random = self.random
        for _ in range(random.poisson(load.rate)):
            heapq.heappush(self.others, -int(random.exponential(load.mean_bid)))
        if len(self.others) > self.backlog:
            self.others = heapq.nsmallest(self.backlog, self.others)

    def choose(self) -> tuple[list[tuple[int, int, str, Sender, int]], int]:
        """The transactions of bots that this block includes, and how many it includes in all."""
        self.waiting.sort(key=lambda entry: entry[:3])
        chosen, left, used = [], [], 0
        for entry in self.waiting:
            # Bots go first among equal bids: theirs have waited in the mempool.
            while self.others and self.others[0] < entry[0] and used < self.capacity:
                if -self.others[0] < self.base_fee:
                    break
                heapq.heappop(self.others)
                used += 1
            if used < self.capacity and -entry[0] >= self.base_fee:
                chosen.append(entry)
                used += 1
            else:
                left.append(entry)
        while self.others and used < self.capacity and -self.others[0] >= self.base_fee:
            heapq.heappop(self.others)
            used += 1
        self.waiting = left
        return chosen, used

    def set_base_fee(self, used: int) -> None:
        """Set the base fee of the next block by EIP-1559; ``used``: transactions of this one."""
        if not self.elasticity:
            return
        target = max(1, self.capacity // self.elasticity)
        change = self.base_fee * abs(used - target) // target // BASE_FEE_CHANGE_DENOMINATOR
        if used > target:
            self.base_fee += max(1, change)
        else:
            self.base_fee -= change
