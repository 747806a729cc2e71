"""What the recipes of the named designs share: ranges, loss rules, and how all of them end."""

from lob.checks import choice, integer, real
from lob.liquidation.parts.settlement import Waterfall
from lob.liquidation.staged import Stage
from lob.units import SECOND_NS

__all__ = [
    "LONGEST",
    "MOST_ATTEMPTS",
    "MOST_MONEY",
    "SHORTEST",
    "at_last",
    "check_attempts",
    "losses_of",
    "money",
    "ns",
]

SHORTEST = 0.001
"""The shortest time in seconds between two attempts of a design."""
LONGEST = 604_800
"""The longest time in seconds that a parameter may state: a week."""
MOST_MONEY = 10**15
"""The most units of cash, or lots, that a parameter may state."""
MOST_ATTEMPTS = 1_000_000
"""How often a stage may look at a case before its patience is over."""

LOSSES = {
    "fund": {},
    "socialise": {"rest": "others"},
    "lenders": {"fund": False, "rest": "lenders"},
    "deficit": {"fund": False},
}


def ns(name: str, seconds: float, low: float = SHORTEST) -> int:
    """The parameter ``name``, a time in seconds from ``low`` to ``LONGEST``, as nanoseconds.

    Raises TypeError or ValueError, which name the parameter, the range and the value.
    """
    return round(real(name, seconds, low, LONGEST) * SECOND_NS)


def money(name: str, amount: int) -> int:
    """The parameter ``name``, an amount of 0 to ``MOST_MONEY``, or an error that names it."""
    return integer(name, amount, 0, MOST_MONEY)


def check_attempts(patience: int, every: int, name: str = "every") -> None:
    """Refuse a patience during which a case would be looked at too often; both in ns.

    So every design ends in reasonable time, whatever its parameters are.
    """
    if patience > MOST_ATTEMPTS * every:
        raise ValueError(
            f"patience must be at most {MOST_ATTEMPTS} times {name}, "
            f"got {patience / SECOND_NS:g} and {every / SECOND_NS:g} seconds"
        )


def losses_of(losses: str, surplus: str = "borrower") -> Waterfall:
    """Who pays what a failed account cannot, by the name of the rule.

    Parameters
    ----------
    losses
        ``"fund"``: the insurance fund, then a deficit that stays; ``"socialise"``: the fund, then
        the other accounts; ``"lenders"``: they lose it at once; ``"deficit"``: it stays.
    surplus
        Who gets what is left to the account, see ``Waterfall``.
    """
    choice("losses", losses, LOSSES)
    return Waterfall(surplus=surplus, **LOSSES[losses])  # type: ignore[arg-type]


def at_last(settlement: Waterfall, last: float, binding: bool = False) -> Stage:
    """The stage that all named designs end with: market orders each second for ``last`` seconds.

    No real system says that. What is left then the lenders take over at the mark: ``StagedDesign``.
    """
    return Stage(settlement=settlement, patience=ns("last", last, 0), binding=binding)
