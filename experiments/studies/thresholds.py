"""The threshold of a stress test as people write it: a number, an amount of money or a share."""

from lob.real_units import RealUnit
from lob.units import PPM, to_ppm, to_units

__all__ = ["threshold_of"]


def threshold_of(text: str, kind: str, cash: RealUnit) -> float:
    """What a text says above which a run has failed.

    Parameters
    ----------
    text
        A number; of ``bad-debt`` an amount of money, ``"1 M USD"``; of ``liquidated`` a share,
        ``"20 %"``.
    kind
        What failing means: see ``experiments.studies.stress``.
    cash
        Unit in which the cash of the scenario is shown.

    Raises
    ------
    ValueError
        If it is none of these, or the money is another one.
    """
    try:
        return float(text)
    except ValueError:
        pass
    if kind == "liquidated":
        return to_ppm(text, "above") / PPM
    if not cash.is_real:
        raise ValueError(f"above: {text!r}: no instrument says its money, write units of cash")
    return to_units(text, cash.name, cash.factor, "above")
