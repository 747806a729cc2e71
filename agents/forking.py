"""What a copy of a run cannot copy: code that goes on reading the run it was made in.

``copy.deepcopy`` copies data, and bound methods of Python classes with the object that they are
bound to. It does not copy functions: a lambda in an attribute goes on reading whatever it was
written about. So do methods of built-in containers, and weak references.
"""

import gc
from collections.abc import Iterable, Iterator
from functools import partial
from types import BuiltinMethodType, CellType, FunctionType, MethodType, ModuleType
from typing import Any
from weakref import ReferenceType

__all__ = ["refuse_shared_state"]

PLAIN = (int, float, str, bytes, bool, complex, type(None), type)
CONTAINERS = (tuple, list, dict, set, frozenset, partial, MethodType, CellType)
CODE = (FunctionType, BuiltinMethodType, ReferenceType)


def refuse_shared_state(
    holders: Iterable[tuple[str, dict[str, Any]]], known: Iterable[Any], memo: dict[int, Any]
) -> None:
    """Raise if an attribute of an object goes on reading the original after a deep copy.

    Parameters
    ----------
    holders
        Pairs of what to call an object, for the error, and its attributes by name.
    known
        Originals that are not looked into: they are holders themselves, or compiled.
    memo
        The memo of the deep copy: whatever has its id in there has been copied.

    Raises
    ------
    ValueError
        If one does; the message names the holder, the attribute and what it holds on to.
    """
    seen = {id(one) for one in known}
    for called, attributes in holders:
        for name, value in attributes.items():
            found = _find(value, memo, seen)
            if found is not None:
                code, used = found
                raise ValueError(
                    f"{called} cannot be copied with its run: attribute {name!r} holds {code!r}, "
                    f"which would go on using the original {type(used).__name__}; write a method, "
                    "or a class that keeps what it needs in attributes"
                )


def _find(value: Any, memo: dict[int, Any], seen: set[int]) -> tuple[Any, Any] | None:
    """The first code below a value that goes on using something copied, and what."""
    left = [value]
    while left:
        one = left.pop()
        if isinstance(one, PLAIN) or id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, CODE):
            used = _copied_below(one, memo)
            if used is not None:
                return one, used
        elif isinstance(one, CONTAINERS) or _is_copied(one, memo):
            left += gc.get_referents(one)
    return None


def _is_copied(one: Any, memo: dict[int, Any]) -> bool:
    return id(one) in memo and memo[id(one)] is not one


def _copied_below(code: Any, memo: dict[int, Any]) -> Any:
    """Something copied that code gets at by itself, directly or through what it holds; or None."""
    left, seen = list(_used_by(code)), {id(code)}
    while left:
        one = left.pop()
        if isinstance(one, PLAIN) or id(one) in seen:
            continue
        seen.add(id(one))
        if _is_copied(one, memo):
            return one
        if isinstance(one, CODE):
            left += _used_by(one)
        elif not isinstance(one, ModuleType):
            # Code is not copied, so neither is an object or a generator that only it knows.
            left += gc.get_referents(one)
    return None


def _used_by(code: Any) -> Iterator[Any]:
    """What a function, a built-in method or a weak reference was made with."""
    if isinstance(code, ReferenceType):
        yield code()
        return
    if isinstance(code, BuiltinMethodType):
        yield code.__self__
        return
    yield from code.__defaults__ or ()
    yield from (code.__kwdefaults__ or {}).values()
    yield from code.__closure__ or ()
    import dis  # slow to import, and only needed here

    for instruction in dis.get_instructions(code):
        if instruction.opname == "LOAD_GLOBAL":
            value = code.__globals__.get(instruction.argval)
            if not isinstance(value, CONTAINERS):  # modules keep all sorts of registries
                yield value
