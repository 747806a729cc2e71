"""What every parameter of a named design is: unit, range, and what it says.

One table, against which ``lob.liquidation.designs`` checks what it is given before anything is
built. Where a preset is from stands with its design in ``lob.liquidation.designs``. Amounts of cash
are whole units of the clearing's cash, shares ppm, times seconds.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from lob.checks import choice, integer, real
from lob.types import MAX_SIZE
from lob.units import PPM

__all__ = ["PARAMETERS", "Parameter", "check", "describe"]

YEAR = 366 * 86_400.0  # s
LOSSES = ("fund", "socialise", "lenders", "deficit")


class Parameter(NamedTuple):
    """One parameter: what it may be, and what it says."""

    unit: str
    """``ppm``, ``s``, ``cash``, a count such as ``vaults``; ``one of`` several words; ``bool``; or
    ``object``, which is checked where it is used."""
    low: float
    high: float
    """The range, both ends included; of no meaning for words, truth values and objects."""
    says: str
    options: tuple[Any, ...] = ()
    """What a word may be."""

    def check(self, name: str, value: Any) -> None:
        """Raise ``TypeError`` or ``ValueError``, with the range and the value, unless it fits."""
        if self.options:
            choice(name, value, self.options)
        elif self.unit == "bool":
            if not isinstance(value, bool):
                raise TypeError(f"{name} must be True or False, got {value!r}")
        elif self.unit == "s":
            real(name, value, self.low, self.high)
        elif self.unit != "object":
            integer(name, value, int(self.low), int(self.high))

    @property
    def range(self) -> str:
        """What it may be, for people."""
        if self.options:
            return ", ".join(map(repr, self.options))
        if self.unit in ("bool", "object"):
            return ""
        return f"{self.low:,.10g} to {self.high:,.10g}"


def _ppm(says: str, low: int = 0, high: int = PPM) -> Parameter:
    return Parameter("ppm", low, high, says)


def _seconds(says: str, low: float = 0.0) -> Parameter:
    return Parameter("s", low, YEAR, says)


def _cash(says: str, low: int = 0) -> Parameter:
    return Parameter("cash", low, MAX_SIZE, says)


def _words(says: str, *options: Any) -> Parameter:
    return Parameter("one of", 0, 0, says, options)


LONGEST_WAIT = _seconds("how long it is tried before the next stage takes over", 1e-9)
PARAMETERS: dict[str, Parameter] = {
    # Of many designs.
    "losses": _words("who bears what is missing", *LOSSES),
    "every": _seconds("between two offers of one case", 1e-9),
    "patience": LONGEST_WAIT,
    "last": _seconds("how long what is left is sold by market order at the end", 1e-9),
    # Sales in the book.
    "delay": _seconds("from the failure to the first order"),
    "retry": _seconds("between two orders where the book was empty", 1e-9),
    "rest": _seconds("how long the order at the bankruptcy price rests"),
    # Auto-deleveraging.
    "adl": _words("in which order opposing positions are taken", "queue", "pro-rata", "random"),
    "seed": Parameter("number", 0, 2**63 - 1, "of a random order"),
    "first": Parameter("accounts", 0, 10**6, "pro rata among so many of highest rank; 0: all"),
    # Backstop vaults.
    "capital": _cash("what the vaults have at the start, together"),
    "providers": Parameter("vaults", 1, 1_000, "among which capital and positions are split"),
    "margin": _ppm("of a position's notional that a vault keeps free to take it over"),
    "unwind": _ppm("of what a vault holds that it sells at a time; 0: it keeps all"),
    "unwind_every": _seconds("between two such sales", 1e-9),
    "share": _ppm("of the maintenance margin below which the vault takes over"),
    "slice_share": _ppm("of a large position that the first order sells", 1),
    "slice_above": _cash("notional above which a position is large"),
    "close": _ppm("of the position, or of the debt, that is offered at a time", 1),
    # Fixed spreads.
    "bonus": _ppm("below the mark at which it is offered"),
    "fee": _ppm("of the bonus that the protocol keeps"),
    "full_health": _ppm("health factor below which all is offered, not a part"),
    "small": _cash("debt or collateral below which all is offered"),
    "leftover": _cash("debt and collateral that must be left, or nothing"),
    "lltv": _ppm("loan-to-value at which accounts fail; the bonus follows from it", 1, PPM - 1),
    # Auctions.
    "curve": _words("how the price falls", "stair", "linear", "exponential"),
    "cut": _ppm("what is left of the price after a step", 1, PPM - 1),
    "step": Parameter("whole s", 1, 31_622_400, "between two cuts of the price"),
    "fall": Parameter("whole s", 1, 31_622_400, "until a linear price is nothing"),
    "buf": _ppm("of the mark at which the price starts", PPM, 100 * PPM),
    "cusp": _ppm("of the starting price below which the auction must start anew"),
    "tail": Parameter("whole s", 1, 31_622_400, "after which the auction must start anew"),
    "chop": _ppm("of the debt that is to be raised: a tenth more is 1,100,000", PPM, 100 * PPM),
    "tip": _cash("to whoever starts an auction"),
    "chip": _ppm("of the debt, to whoever starts an auction"),
    "dust": _cash("debt below which no auction is left", 0),
    "hole": Parameter("cash", 1, 2**62, "debt that may be up for auction of one holding"),
    "total_hole": Parameter("cash", 1, 2**62, "debt that may be up for auction of all holdings"),
    "breaker": Parameter(
        "level", 0, 3, "0: all goes; 1: no new auction; 2: no restart; 3: no sale"
    ),
    "beg": _ppm("of the best bid that the next one must reach", PPM + 1, 100 * PPM),
    "ttl": _seconds("a bid stands before it wins", 1e-9),
    "tau": _seconds("an auction may last", 1e-9),
    "pause": _seconds("between two calls in which the book trades as ever"),
    "bounded": Parameter("bool", 0, 1, "whether nothing sells below its bankruptcy price"),
    "limits": Parameter("object", 0, 0, "a ``Limits`` that bounds what is called at a time"),
    # Stability pools.
    "deposits": _cash("of all depositors at the start"),
    "depositors": Parameter("depositors", 1, 10**6, "among which the deposits are split"),
    "version": _words("1: the bonus is the pool's; 2: penalties are bounded", 1, 2),
    "pool_penalty": _ppm("of the debt that the pool gets in collateral on top, version 2"),
    "spread_penalty": _ppm("the same of other borrowers, version 2"),
    "kept": _cash("deposits that may not be used up", 1),
    "gas_cap": Parameter("object", 0, 0, "most cash to whoever calls it, or ``None``: no bound"),
    "spread": Parameter("bool", 0, 1, "whether other borrowers take what the pool cannot"),
}
"""By name; a name that means another thing in one recipe is ``recipe.name``."""
PARAMETERS["fixed_spread.dust"] = Parameter(
    "bool", 0, 1, "whether the rule of what must be left counts"
)


def describe(recipe: str, name: str) -> Parameter:
    """What a parameter of a recipe, a function of ``lob.liquidation.recipes``, is."""
    return PARAMETERS.get(f"{recipe}.{name}") or PARAMETERS[name]


def check(recipe: str, parameters: Mapping[str, Any]) -> None:
    """Raise ``TypeError`` or ``ValueError``, with the range and the value, where one does not fit.

    Names that are no parameters are passed over: the recipe refuses them.
    """
    for name, value in parameters.items():
        if name in PARAMETERS:
            describe(recipe, name).check(name, value)
