"""Checkers of the published liquidation cases, one module for each kind of system.

Every module has two tables: ``FAMILIES`` names the checker of each family that the project
reproduces, ``PENDING`` says of the others why they have to wait.
"""

from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType

__all__ = ["FAMILIES", "PENDING"]


def _modules() -> list[ModuleType]:
    return [import_module(f"{__name__}.{found.name}") for found in iter_modules(__path__)]


FAMILIES = {family: check for one in _modules() for family, check in one.FAMILIES.items()}
PENDING = {family: why for one in _modules() for family, why in one.PENDING.items()}
