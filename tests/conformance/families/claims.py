"""Cases of leverage (loops, leveraged tokens, vaults), and how the cases of all families are read.

A checker takes a case, recomputes what it expects through the project's functions, and raises
``CaseError`` where they differ or where the case says something that is not known. ``FAMILIES``
names the checkers of a module, ``PENDING`` the families that it leaves out, with the reason.
"""

import ast
import operator
import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

from lob.clearing.leverage import (
    loop,
    loop_leverage,
    max_leverage,
    rebalance_units,
    token_leverage,
    vault_leverage,
)
from tests.conformance.matching_runner import CaseError

Case = Mapping[str, Any]
Checker = Callable[[Case], None]
WAD = 10**18
RAY = 10**27
UNIT = 10**12
OPERATIONS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}


# ------------------------------------------------------------------------------ reading a case


def know(
    case: Case, needed: Iterable[str], expected: Iterable[str], other: Iterable[str] = ()
) -> None:
    """Raise unless the case has the inputs ``needed``, and no other inputs and expectations."""
    inputs, wanted = set(case["inputs"]), set(case["expected"])
    needed, expected, other = set(needed), set(expected), set(other)
    if needed - inputs:
        raise CaseError(f"inputs without {sorted(needed - inputs)}")
    if inputs - needed - other:
        raise CaseError(f"inputs {sorted(inputs - needed - other)} are unknown")
    if wanted - expected:
        raise CaseError(f"expectations {sorted(wanted - expected)} are unknown")
    if not wanted:
        raise CaseError("a case must expect something")


def tolerance(case: Case, *names: str) -> dict[str, Fraction]:
    """The tolerances of a case by name; raise where one is not among ``names``."""
    given = case.get("tolerance") or {}
    if set(given) - set(names):
        raise CaseError(f"tolerances {sorted(set(given) - set(names))} are unknown")
    return {name: number(value) for name, value in given.items()}


def number(value: Any) -> Fraction:
    """A number of a case, as it is printed: 0.1 is a tenth."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal | Fraction):
        raise CaseError(f"{value!r} is not a number")
    try:
        return value if isinstance(value, Fraction) else Fraction(str(value))
    except ValueError:
        raise CaseError(f"{value!r} is not a number") from None


def scaled(value: Any, unit: int = WAD) -> int:
    """A number of a case in units of ``1 / unit``, rounded down."""
    return int(number(value) * unit // 1)


def printed_unit(value: Any) -> Fraction:
    """Half a unit of the last digit that a number is printed with."""
    number(value)
    exponent = Decimal(str(value)).as_tuple().exponent
    if not isinstance(exponent, int):
        raise CaseError(f"{value!r} is not a decimal number")
    return Fraction(10) ** exponent / 2


def same(
    name: str,
    got: int | Fraction,
    wanted: Any,
    *,
    absolute: Fraction = Fraction(0),
    relative: Fraction = Fraction(0),
) -> None:
    """Raise unless ``got`` is as expected, to within what the case allows (nothing, by default)."""
    goal = number(wanted)
    allowed = max(absolute, relative * abs(goal))
    if abs(got - goal) > allowed:
        raise CaseError(f"{name} is {float(got)!r} ({got}), expected {wanted}")


def as_printed(name: str, got: int | Fraction, wanted: Any) -> None:
    """Raise unless ``got``, rounded to the digits of ``wanted``, is ``wanted``."""
    same(name, got, wanted, absolute=printed_unit(wanted))


def equal(name: str, got: Any, wanted: Any) -> None:
    """Raise unless two values that are not numbers are equal."""
    if type(got) is not type(wanted) or got != wanted:
        raise CaseError(f"{name} is {got!r}, expected {wanted!r}")


def every(
    name: str, got: Iterable[Any], wanted: Any, check: Callable[[str, Any, Any], None]
) -> None:
    """Check two lists, item by item."""
    found = list(got)
    if not isinstance(wanted, list) or len(found) != len(wanted):
        raise CaseError(f"{name} has {len(found)} items, expected {wanted!r}")
    for i, (one, other) in enumerate(zip(found, wanted, strict=True)):
        check(f"{name}[{i}]", one, other)


def formula(text: Any, names: Mapping[str, Any] | None = None) -> Fraction:
    """The value of an arithmetic expression of a case: numbers, names, and calls of names.

    A remark in brackets at its end is left out.
    """
    if not isinstance(text, str):
        return number(text)
    while True:
        try:
            return _value(ast.parse(text.strip(), mode="eval").body, text.strip(), names or {})
        except (SyntaxError, KeyError) as error:
            shorter = re.sub(r"\s*\([^()]*\)\s*$", "", text)
            if shorter == text:
                raise CaseError(f"{text!r} is not a formula that is known") from error
            text = shorter


def _value(node: ast.AST, text: str, names: Mapping[str, Any]) -> Fraction:
    if isinstance(node, ast.Constant):
        return number(ast.get_source_segment(text, node))
    if isinstance(node, ast.Name):
        return Fraction(names[node.id])
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_value(node.operand, text, names)
    if isinstance(node, ast.BinOp) and type(node.op) in OPERATIONS:
        left, right = _value(node.left, text, names), _value(node.right, text, names)
        return Fraction(OPERATIONS[type(node.op)](left, right))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
        called = names[node.func.id]
        return Fraction(called(*(_value(one, text, names) for one in node.args)))
    raise KeyError(ast.dump(node))


def equation(
    name: str, got: int | Fraction, text: Any, names: Mapping[str, Any], **allowed: Fraction
) -> None:
    """Check ``formula = number``: the formula as stated, the number as it is printed.

    Dots after the number say that it is not all of it.
    """
    left, sign, right = str(text).partition("=")
    if left.strip():
        same(name, got, formula(left, names), **allowed)
    if sign:
        as_printed(name, got, right.strip().removesuffix("..."))


# ------------------------------------------------------------------------------------ leverage


def check_loop(case: Case) -> None:
    """``loop``: a number of loops at a loan-to-value, or the limits of endless ones."""
    near = tolerance(case, "abs").get("abs", Fraction(0))
    inputs, expected = case["inputs"], case["expected"]
    if "lltv" in inputs:
        know(case, {"lltv"}, {"max_leverage"})
        got = [max_leverage(scaled(one, UNIT), UNIT) for one in inputs["lltv"]]
        every(
            "max_leverage",
            got,
            expected["max_leverage"],
            lambda name, one, other: same(name, one, other, absolute=near),
        )
        return
    know(case, {"deposit", "ltv", "loops"}, {"leverage", "total_collateral", "total_borrowed"})
    deposit, ltv = number(inputs["deposit"]), scaled(inputs["ltv"], UNIT)
    leverage = loop_leverage(ltv, inputs["loops"], UNIT)
    built = loop(int(deposit * WAD), ltv, inputs["loops"], UNIT)
    # The tolerance is one of the leverage; the totals are the deposit times it.
    values = {
        "leverage": [leverage, built.leverage],
        "total_collateral": [deposit * leverage, Fraction(built.collateral, WAD)],
        "total_borrowed": [deposit * (leverage - 1), Fraction(built.debt, WAD)],
    }
    for name, wanted in expected.items():
        for got in values[name]:
            allowed = near * (1 if name == "leverage" else max(1, deposit))
            same(name, got, wanted, absolute=allowed)


def check_levtoken(case: Case) -> None:
    """``levtoken``: net asset value, leverage and the units to trade back to the target."""
    know(
        case,
        {"cash", "units", "price", "target"},
        {"nav", "exposure", "leverage", "desired_units", "rebalance_units"},
    )
    near = tolerance(case, "abs").get("abs", Fraction(0))
    inputs, expected = case["inputs"], case["expected"]
    cash, price = scaled(inputs["cash"], WAD * WAD), scaled(inputs["price"])
    units, target = scaled(inputs["units"]), scaled(inputs["target"], UNIT)
    traded = rebalance_units(cash, units, price, target, UNIT) / WAD
    values = {
        "nav": Fraction(cash + units * price, WAD * WAD),
        "exposure": Fraction(units * price, WAD * WAD),
        "leverage": token_leverage(cash, units, price),
        "desired_units": traded + Fraction(units, WAD),
        "rebalance_units": traded,
    }
    for name, wanted in expected.items():
        if isinstance(wanted, str):
            equation(name, values[name], wanted, {}, absolute=near)
        else:
            same(name, values[name], wanted, absolute=near)


def check_fli(case: Case) -> None:
    """``fli``: the leverage that a vault rebalances to."""
    know(case, {"clr", "tlr", "rs", "minlr", "maxlr"}, {"new_clr"})
    tolerance(case)
    inputs = case["inputs"]
    target, speed, low, high = (scaled(inputs[n], UNIT) for n in ("tlr", "rs", "minlr", "maxlr"))
    got = [
        vault_leverage(scaled(one, UNIT), target, speed, low, high, UNIT) / UNIT
        for one in inputs["clr"]
    ]
    every("new_clr", got, case["expected"]["new_clr"], same)


FAMILIES: dict[str, Checker] = {
    "loop": check_loop,
    "levtoken": check_levtoken,
    "fli": check_fli,
}
PENDING: dict[str, str] = {}
