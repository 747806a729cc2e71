"""Types of numbers that say what they count: of parameters that a scenario gives by name.

To a type checker and in a run they are ``int`` or ``float``. ``Lots`` in a signature also tells
whoever reads a parameter from a file that ``"2 BTC"`` may be written for it. Code of the user's own
is not run to read a file: its parameters are handed on as they are written.
"""

from dataclasses import dataclass
from typing import Annotated

__all__ = [
    "Cash",
    "Counted",
    "Lots",
    "Nanoseconds",
    "Ppm",
    "Seconds",
    "Ticks",
    "Units",
    "WholeSeconds",
]


@dataclass(frozen=True, slots=True)
class Counted:
    """What a number counts, as metadata of an ``Annotated`` type.

    Examples
    --------
    >>> from typing import get_args
    >>> get_args(Lots)
    (<class 'int'>, Counted(unit='lots'))
    """

    unit: str
    """``ticks``, ``lots``, ``cash units``, ``units``, ``ppm``, ``ns``, ``seconds`` or ``whole
    seconds``."""


Ticks = Annotated[int, Counted("ticks")]
"""A price, or a distance of prices, in ticks of an instrument."""
Lots = Annotated[int, Counted("lots")]
"""A size in lots of an instrument."""
Cash = Annotated[int, Counted("cash units")]
"""An amount in units of the cash that an instrument is paid with."""
Units = Annotated[int, Counted("units")]
"""An amount of an asset that is named beside it: in lots where a book trades it, or cash units."""
Ppm = Annotated[int, Counted("ppm")]
"""A share in parts per million."""
Nanoseconds = Annotated[int, Counted("ns")]
"""A duration in nanoseconds."""
Seconds = Annotated[float, Counted("seconds")]
"""A duration in seconds."""
WholeSeconds = Annotated[int, Counted("whole seconds")]
"""A duration in whole seconds."""
