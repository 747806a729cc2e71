"""Claims on what somebody holds: shares of a vault, staked tokens, pool shares, lending receipts.

One mechanism serves them all. A *claim* is a share of what its issuer's account holds, whatever
that is: the collateral and the debt of a leveraged position, a staked asset, two reserves of a
pool, the money of lenders. The issuer is the account that is negative in the claim's own asset, so
the supply is what it is short, and

    value of a claim = sum over the backing of (units held x value of a unit) / supply,

where debt counts as negative cash. Claims may back claims. They form a graph without cycles, and
one pass over it, whatever backs a claim first, values them all.

Minting and redeeming are **in kind**: ``s`` of ``S`` claims cost, and give, their part of each
asset, debts included. Every rounding goes against whoever comes or leaves: what it gets rounds
down, what it gives or takes over as a debt rounds up. Rewards and slashing are postings between the
issuer and the outside world. What claims are worth is in ``lob.clearing.valuation``.

An issuer that was entrusted with assets may pledge them elsewhere. What it says it holds (``sees=
"own"``) counts them as if they were there; what it has (``sees="all"``) counts what is left of them
after what is owed on them.
"""

cimport cython
from libc.stdint cimport int64_t

from lob.engine.block cimport Block
from lob.clearing.ledger cimport FAILED, WORLD, Ledger
from lob.venue.facility cimport Facility, Leg
from lob.venue.market cimport Market
from lob.engine.records cimport (
    ENTRY_ACCRUAL,
    ENTRY_MINT,
    ENTRY_OPENING,
    ENTRY_REDEEM,
    ENTRY_TRANSFER,
    MAX_SIZE,
    MINT,
    REASON_ILLIQUID,
    REASON_INSUFFICIENT_MARGIN,
    REASON_IN_LIQUIDATION,
    REASON_NONE,
    REASON_NOT_ON_OFFER,
    REASON_VOLUME_LIMIT,
    REASON_WORTHLESS,
    REDEEM,
    Message,
)
from lob.units cimport PPM, SECOND_NS
from lob.engine.wide cimport ceil_ratio, fits, floor_ratio, int128

from lob import checks

__all__ = ["Claim"]


cdef int64_t NEVER = 2**63 - 1


@cython.auto_pickle(True)
cdef class Claim(Facility):
    """A claim: a share of what an issuer's account holds, minted and redeemed in kind.

    Parameters
    ----------
    name
        Name of the claim, and of the asset that it is.
    backing
        Names of the assets that the issuer's account counts for it: all that it may have or owe,
        cash too; at least one.
    issuer
        The account whose holdings are shared: ``None`` opens one; a string is the name of one (the
        lenders of clearing ``A`` are ``"A: lenders"``); an integer is the number of an owner, whose
        account is found once it is open (a margin account: the claim is its equity).
    initial
        Units of each backing asset, 0 or more and not all 0, that a claim costs while there is
        none; by default one of the first.
    delay
        ns from a redemption's message to its payment, 0 or more: the unstaking queue, first come
        first served.
    rate, period
        At most ``rate`` claims are paid in each ``period`` ns; a rate of 0: as many as wait.
    accrual, every
        Ppm of the first backing asset, -1,000,000 to 1,000,000, that the issuer earns from outside
        each ``every`` ns, rounded down; negative: it is slashed.

    Attributes
    ----------
    supply : int
        Units of the claim that are outstanding.
    depth : int
        1 if nothing but base assets backs it, else one more than the deepest claim that does.

    Raises
    ------
    TypeError, ValueError
        If an argument is of another type or outside its range, an asset is named twice in
        ``backing``, or ``initial`` has not as many numbers.
    """

    def __init__(
        self,
        name,
        *,
        backing,
        issuer=None,
        initial=None,
        delay=0,
        rate=0,
        period=0,
        accrual=0,
        every=0,
    ):
        super().__init__(name)
        if isinstance(backing, str):
            raise TypeError(f"backing must be names of assets, got {backing!r}")
        self.backing = tuple(backing)
        if not 1 <= len(self.backing) <= MAX_BACKING:
            raise ValueError(f"backing must be 1 to {MAX_BACKING} assets, got {len(self.backing)}")
        for asset in self.backing:
            if not isinstance(asset, str) or not asset:
                raise TypeError(f"backing must be names of assets, got {asset!r}")
        if len(set(self.backing)) != len(self.backing):
            raise ValueError(f"backing names an asset twice: {', '.join(self.backing)}")
        if issuer is not None and not isinstance(issuer, str):
            self.issuing_owner = checks.integer("issuer", issuer, 1, 2**31 - 1)
        self.issued_by = issuer
        if initial is None:
            initial = (1,) + (0,) * (len(self.backing) - 1)
        self.initial = tuple(initial)
        if len(self.initial) != len(self.backing):
            raise ValueError(
                f"initial must be {len(self.backing)} numbers of units, got {len(self.initial)}"
            )
        for units in self.initial:
            checks.integer("initial", units, 0, MAX_SIZE)
        if not any(self.initial):
            raise ValueError("initial must name at least one unit, or claims would cost nothing")
        self.delay = checks.integer("delay", delay, 0)
        self.rate = checks.integer("rate", rate, 0, MAX_SIZE)
        self.period = checks.integer("period", period, 1 if self.rate else 0)
        self.accrual = checks.ppm("accrual", accrual, -PPM)
        self.every = checks.integer("every", every, 1 if self.accrual else 0)
        self.queue = []
        self.parts = Block()
        self.pledge_accounts = Block()
        self.book = -1
        self.accrues_at = self.pays_at = NEVER
        self.lent_asset = self.lent_shortfall = -1

    # ---------------------------------------------------------------- part of a venue

    def declare(self, Market market, Ledger ledger, int64_t number):
        """Let the claim belong to a venue: it becomes an asset, unless a book trades it already.

        Parameters and errors are those of ``Facility.declare``.
        """
        Facility.declare(self, market, ledger, number)
        if self.name not in ledger.assets:
            ledger.add_asset(self.name)
        self.asset = ledger.asset(self.name)

    def locate(self, int64_t depth):
        """Find the assets that back the claim, and the book that trades it; set its ``depth``."""
        cdef int64_t i
        self.depth = depth
        self.part_count = len(self.backing)
        self.parts.reserve(sizeof(Part) * <size_t>self.part_count)
        for i in range(self.part_count):
            self.part(i).asset = self.ledger.asset(self.backing[i])
            self.part(i).initial = self.initial[i]
        for instrument in self.market.instruments:
            if (instrument.base or instrument.name) == self.name:
                self.book = instrument.number
                break

    def attach(self):
        """Find or open the issuer's account, once the accounts of the clearings are there."""
        if self.issued_by is None:
            self.issuer = self.ledger.open_account(f"{self.name}: issuer")
        elif isinstance(self.issued_by, str):
            self.issuer = self.ledger.account(self.issued_by)
        for clearing in self.market.clearings:
            if self.issuer and clearing.pool == self.issuer:
                self.lender = clearing
                self.lent_asset, self.lent_shortfall = clearing.cash_asset, clearing.shortfall
        if self.has_queue:
            self.escrow = self.ledger.open_account(f"{self.name}: queue")
        if self.accrual:
            self.accrues_at = self.market.now + self.every
        self.next_deadline()

    @property
    def has_queue(self):
        """Whether redemptions of the claim wait in a queue before they are paid."""
        return bool(self.delay or self.rate)

    @property
    def supply(self):
        """Units of the claim that its issuer has given out and not redeemed."""
        return self.supply_now()

    cdef int64_t resolve(self) noexcept:
        """The issuer's account; 0 while its owner has none."""
        if self.issuer == WORLD and self.ledger is not None and self.issuing_owner:
            self.issuer = self.ledger.account_of(self.issuing_owner)
        return self.issuer

    cdef int64_t supply_now(self) noexcept:
        return -self.ledger.row(self.asset)[self.issuer] if self.resolve() else 0

    cdef int128 holds(self, int64_t i, bint net) noexcept:
        """Units of a backing asset: as the issuer says, or net of what became of its pledges."""
        cdef int64_t k, asset = self.part(i).asset
        cdef const int64_t *row = self.ledger.row(asset)
        cdef int128 total = row[self.issuer]
        if not net:
            return total + self.part(i).pledged
        for k in range(self.pledge_count):
            total += row[(<int64_t *>self.pledge_accounts.data)[k]]
        if asset == self.lent_asset:
            total += row[self.lent_shortfall]
        return total

    # ---------------------------------------------------------------- what it can pay

    cdef int64_t at_hand(self, int64_t i) except? -1:
        """Units of a backing asset that the issuer can give: not lent, not pledged."""
        cdef int64_t held = self.ledger.row(self.part(i).asset)[self.issuer]
        cdef int64_t account, first, count
        cdef const int64_t *cash
        if self.part(i).asset != self.lent_asset:
            return held
        cash = self.ledger.row(self.lent_asset)
        for first, count in self.lender.account_ranges:
            for account in range(first, first + count):
                held += min(0, cash[account])
        return held + min(0, cash[self.lent_shortfall])

    cdef int64_t redeemable(self, int64_t size) except -1:
        """How many of so many claims the issuer can pay for now."""
        cdef int64_t supply = self.supply_now(), i, have
        cdef int128 held, most
        if not self.issuer or supply <= 0 or (
            self.ledger.accounts[self.issuer].state == FAILED
        ):
            return 0
        size = min(size, supply)
        for i in range(self.part_count):
            held = self.holds(i, False)
            if held <= 0:
                continue
            have = max(0, self.at_hand(i))
            # The most whose share, rounded down, is at hand.
            most = (<int128>(have + 1) * supply - 1) // held
            if most < size:
                size = <int64_t>most
        return size

    def can_redeem(self, size):
        """How many of ``size`` units of the claim, 0 or more, the issuer could pay for now.

        Rounded down to whole units.
        """
        return self.redeemable(checks.integer("size", size, 0, MAX_SIZE))

    # ---------------------------------------------------------------- mint and redeem

    cdef int perform(self, const Message *message, int64_t account) except -1:
        self.left = message.size
        if not self.resolve() or account == self.issuer:
            return REASON_NOT_ON_OFFER
        if self.ledger.accounts[self.issuer].state == FAILED:
            return REASON_IN_LIQUIDATION
        if message.kind == MINT:
            return self.mint(account, message.size, message.tag)
        if message.kind == REDEEM:
            return self.redeem(account, message.size, message.tag)
        return REASON_NOT_ON_OFFER

    cdef int mint(self, int64_t account, int64_t size, int64_t tag) except -1:
        """New claims for their part of what the issuer holds, in kind; it rounds up."""
        cdef Leg legs[MAX_BACKING + 1]
        cdef int64_t supply = self.supply_now(), i
        cdef int128 amount, after
        cdef bint costs = False
        if <int128>supply + size > MAX_SIZE:
            return REASON_VOLUME_LIMIT
        if self.ledger.accounts[self.issuer].clearing >= 0:
            # What is added is as leveraged as what is there.
            reason = self.market.lacks_margin(self.issuer)
            if reason:
                return reason
        legs[0].asset, legs[0].account, legs[0].amount = self.asset, self.issuer, size
        legs[0].owed = False
        for i in range(self.part_count):
            if supply:
                amount = -ceil_ratio(self.holds(i, False) * size, supply)
            else:
                amount = -<int128>self.part(i).initial * size
            after = self.ledger.row(self.part(i).asset)[self.issuer] - amount
            if not fits(amount) or not fits(after):
                return REASON_VOLUME_LIMIT
            legs[i + 1].asset, legs[i + 1].account = self.part(i).asset, self.issuer
            legs[i + 1].amount = <int64_t>amount
            legs[i + 1].owed = False
            costs |= amount < 0
        if not costs:
            return REASON_WORTHLESS
        return self.exchange(ENTRY_MINT, account, legs, self.part_count + 1, tag)

    cdef int64_t redeem_legs(self, Leg *legs, int64_t size) noexcept:
        """What so many claims are given back for; how many legs."""
        cdef int64_t supply = self.supply_now(), i
        cdef int128 held
        for i in range(self.part_count):
            held = self.holds(i, False)
            legs[i].asset, legs[i].account = self.part(i).asset, self.issuer
            # Down, and so up for a debt.
            legs[i].amount = <int64_t>floor_ratio(held * size, supply)
            legs[i].owed = held < 0
        return self.part_count

    cdef int redeem(self, int64_t account, int64_t size, int64_t tag) except -1:
        """Claims back for their part, at once or after the queue; as many as can be paid."""
        cdef Leg legs[MAX_BACKING + 1]
        cdef int64_t units = size
        if self.ledger.row(self.asset)[account] < size:
            return REASON_INSUFFICIENT_MARGIN
        legs[0].asset, legs[0].account, legs[0].owed = self.asset, self.issuer, False
        if self.has_queue:
            legs[0].account, legs[0].amount = self.escrow, -size
            reason = self.exchange(ENTRY_REDEEM, account, legs, 1, tag)
            if not reason:
                self.queue.append([self.market.now + self.delay, account, size])
                self.pays_at = min(self.pays_at, self.market.now + self.delay)
                self.next_deadline()
            return reason
        units = self.redeemable(size)
        if units == 0:
            return REASON_ILLIQUID
        legs[0].amount = -units
        self.redeem_legs(&legs[1], units)
        reason = self.exchange(ENTRY_REDEEM, account, legs, self.part_count + 1, tag)
        if reason:
            return reason
        self.left = size - units
        return REASON_ILLIQUID if self.left else REASON_NONE

    cdef int64_t give_back(
        self, int64_t account, int64_t owner, int64_t size, int64_t tag
    ) except -1:
        """Redeem claims of an account for another one, whatever its margin; how many could be."""
        cdef Leg legs[MAX_BACKING]
        cdef int64_t units, count, i
        self.resolve()
        units = self.redeemable(size)
        if units == 0:
            return 0
        count = self.redeem_legs(legs, units)
        for i in range(count):
            if not self.can_hold(self.ledger.row(legs[i].asset)[owner], legs[i].amount):
                return 0  # asked again, as where nothing is at hand
        self.ledger.post(ENTRY_REDEEM, self.asset, account, self.issuer, units, tag, 0)
        self.post_legs(ENTRY_REDEEM, owner, legs, count, tag)
        return units

    def found(self, account, size):
        """Give the first claims to an account without a payment: the issuer's equity is shared.

        Parameters
        ----------
        account
            Number of the account in the ledger.
        size
            Units of the claim, 1 or more.

        Raises
        ------
        ValueError
            If there are claims already, the issuer has no account yet, or its cash is not among
            what backs the claim.
        """
        cdef int64_t to = checks.integer("account", account, 1, self.ledger.account_count - 1)
        cdef int64_t units = checks.integer("size", size, 1, MAX_SIZE)
        cdef int64_t number
        if not self.resolve():
            raise ValueError(f"claim {self.name!r}: the issuer {self.issued_by} has no account yet")
        if self.supply_now():
            raise ValueError(f"claim {self.name!r} has {self.supply} units already")
        number = self.ledger.accounts[self.issuer].clearing
        if number >= 0:
            clearing = self.market.clearings[number]
            cash = self.ledger.assets[clearing.cash_asset]
            missing = {cash, *(holding.name for holding in clearing.holdings)} - {*self.backing}
            if missing:
                raise ValueError(
                    f"claim {self.name!r}: its issuer is an account of clearing "
                    f"{clearing.name!r}, so backing must name {', '.join(sorted(missing))} too"
                )
        self.ledger.post(ENTRY_MINT, self.asset, self.issuer, to, units, 0, 0)

    def stock(self, size, **backing):
        """Issue claims to the outside world, against backing that comes from it.

        They are what traders without an account sell, and what accounts may start with.

        Parameters
        ----------
        size
            Units of the claim.
        **backing
            Signed units, by name of asset, that the issuer gets for them.

        Raises
        ------
        TypeError, ValueError
            If a number is outside its range, an asset does not back the claim, or the issuer has no
            account yet.
        """
        cdef int64_t units = checks.integer("size", size, 1, MAX_SIZE)
        if not self.resolve():
            raise ValueError(f"claim {self.name!r}: the issuer {self.issued_by} has no account yet")
        for name, amount in backing.items():
            self.part_of(name)
            checks.integer(name, amount, -MAX_SIZE, MAX_SIZE)
        for name, amount in backing.items():
            self.ledger.post(
                ENTRY_OPENING,
                self.part(<int64_t>self.part_of(name)).asset,
                WORLD,
                self.issuer,
                amount,
                0,
                0,
            )
        self.ledger.post(ENTRY_MINT, self.asset, self.issuer, WORLD, units, 0, 0)
        self.market.touch(self.issuer)

    # ---------------------------------------------------------------- rewards, slashing, pledges

    def accrue(self, asset, amount):
        """Let the issuer earn units of a backing asset from outside; negative: lose them.

        ``asset`` is its name. Raises ``ValueError`` if it loses more than it has at hand.
        """
        cdef int64_t number = self.part_of(asset)
        cdef int64_t units = checks.integer("amount", amount, -MAX_SIZE, MAX_SIZE)
        if not self.resolve():
            raise ValueError(f"claim {self.name!r}: the issuer {self.issued_by} has no account yet")
        held = self.ledger.row(self.part(number).asset)[self.issuer]
        if units < 0 and held + units < 0:
            raise ValueError(f"amount must be at least {-held}, got {units}")
        self.ledger.post(
            ENTRY_ACCRUAL, self.part(number).asset, WORLD, self.issuer, units, 0, 0
        )
        self.market.touch(self.issuer)

    def part_of(self, asset):
        """Place of an asset, by name, in the claim's backing.

        Raises ``ValueError`` if the asset does not back the claim.
        """
        if asset not in self.backing:
            raise ValueError(f"asset must be one of {', '.join(self.backing)}, got {asset!r}")
        return self.backing.index(asset)

    def pledge(self, asset, account, amount):
        """Pledge entrusted units: move them to a margin account of the issuer's own elsewhere.

        The issuer goes on counting them as held.

        Parameters
        ----------
        asset
            Name of the backing asset.
        account
            Number of the account in which they are collateral.
        amount
            Units, 1 or more and at most what is at hand.

        Raises
        ------
        TypeError, ValueError
            If an argument is outside its range, or the cash that the account may come to owe is not
            among what backs the claim.
        """
        cdef int64_t number = self.part_of(asset), k
        cdef int64_t to = checks.integer("account", account, 1, self.ledger.account_count - 1)
        cdef int64_t units, asks_margin
        cdef int64_t *known
        if not self.resolve() or to == self.issuer:
            raise ValueError(f"account must be another one than the issuer's, got {account}")
        asks_margin = self.ledger.accounts[to].clearing
        if asks_margin >= 0:
            cash = self.ledger.assets[self.market.clearings[asks_margin].cash_asset]
            if cash not in self.backing:
                raise ValueError(
                    f"claim {self.name!r}: backing must name {cash}, which the account {account} "
                    f"may come to owe"
                )
        units = checks.integer("amount", amount, 1, max(0, self.at_hand(number)))
        self.pledge_accounts.reserve(8 * <size_t>(self.pledge_count + 1))
        known = <int64_t *>self.pledge_accounts.data
        for k in range(self.pledge_count):
            if known[k] == to:
                break
        else:
            known[self.pledge_count] = to
            self.pledge_count += 1
        self.part(number).pledged += units
        self.ledger.post(
            ENTRY_TRANSFER, self.part(number).asset, self.issuer, to, units, 0, 0
        )
        self.market.touch(to)

    def recall(self, asset, account, amount):
        """Move pledged units back to the issuer, if the margin of what they backed allows it.

        Returns whether it did. Parameters and errors are those of ``pledge``; ``amount`` is at most
        what is pledged.
        """
        cdef int64_t number = self.part_of(asset)
        cdef int64_t of = checks.integer("account", account, 1, self.ledger.account_count - 1)
        cdef Leg legs[1]
        legs[0].asset, legs[0].account = self.part(number).asset, self.issuer
        legs[0].amount = -checks.integer("amount", amount, 1, self.part(number).pledged)
        legs[0].owed = False
        if self.exchange(ENTRY_TRANSFER, of, legs, 1, 0):
            return False
        self.part(number).pledged += legs[0].amount
        return True

    @property
    def pledged(self):
        """Units of each backing asset that the issuer counts and has pledged: a dict by name."""
        return {
            name: self.part(i).pledged for i, name in enumerate(self.backing) if self.parts.nbytes
        }

    def held(self, sees="own"):
        """Signed units of each asset that backs the claim: a dict by name.

        ``sees="own"``: as the issuer says; ``"all"``: net of pledges. Raises ``ValueError`` if it
        is neither.
        """
        net = checked_view(sees)
        if not self.resolve():
            return dict.fromkeys(self.backing, 0)
        return {name: wide_to_int(self.holds(i, net)) for i, name in enumerate(self.backing)}

    # ---------------------------------------------------------------- time

    cdef int advance(self, int64_t ts) except -1:
        """Accrue, or pay whose turn in the queue has come."""
        cdef int64_t held
        if self.accrues_at <= ts:
            self.accrues_at += self.every
            if self.resolve():
                held = max(0, self.ledger.row(self.part(0).asset)[self.issuer])
                self.ledger.post(
                    ENTRY_ACCRUAL,
                    self.part(0).asset,
                    WORLD,
                    self.issuer,
                    <int64_t>floor_ratio(<int128>held * self.accrual, PPM),
                    0,
                    0,
                )
                self.market.touch(self.issuer)
        elif self.pays_at <= ts:
            self.pay_queue(ts)
        return self.next_deadline()

    cdef int pay_queue(self, int64_t ts) except -1:
        """Pay the first who waits as much as the period allows and the issuer can."""
        cdef int64_t units, paid
        first = self.queue[0]
        if self.rate and ts >= self.period_start + self.period:
            self.period_start = ts // self.period * self.period
            self.paid = 0
        units = first[2]
        if self.rate:
            units = min(units, self.rate - self.paid)
            if units == 0:
                self.pays_at = self.period_start + self.period
                return 0
        paid = self.give_back(self.escrow, first[1], units, 0)
        self.paid += paid
        first[2] -= paid
        if first[2] == 0:
            self.queue.pop(0)
        self.pays_at = max(ts, <int64_t>self.queue[0][0]) if self.queue else NEVER
        if paid == 0:
            # The issuer has nothing at hand: asked again.
            self.pays_at = ts + max(self.period, SECOND_NS)
        return 0

    cdef int next_deadline(self) noexcept:
        self.deadline = min(self.accrues_at, self.pays_at)
        return 0


cdef object checked_view(sees):
    """Whether a view nets what is pledged elsewhere."""
    if sees not in ("own", "all"):
        raise ValueError(f"sees must be 'own' or 'all', got {sees!r}")
    return sees == "all"


cdef object wide_to_int(int128 value):
    return (int(<int64_t>(value >> 64)) << 64) | int(<unsigned long long>value)
