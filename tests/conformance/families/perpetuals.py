"""Cases of perpetual venues: margin, liquidation prices, bankruptcy."""

from fractions import Fraction
from typing import Any

from lob.clearing.margin import OpenInterestScaled, SkewScaled, Tiers, scaled_initial
from lob.clearing.prices import (
    Position,
    bankruptcy_price,
    cross_liquidation_price,
    liquidation_price,
    zero_price,
)
from lob.liquidation.formulas.adl import queue_order, take_from_queue
from lob.units import PPM
from tests.conformance.families.claims import (
    Case,
    CaseError,
    Checker,
    equation,
    every,
    know,
    number,
    same,
    tolerance,
)

UNIT = 10**9
"""Money and sizes of the cases are turned into whole billionths."""


def whole(value: Any, unit: int = UNIT) -> int:
    """A number of a case in whole units; it must be one exactly."""
    exact = number(value) * unit
    if exact.denominator != 1:
        raise CaseError(f"{value!r} is no whole number of 1/{unit}")
    return exact.numerator


def ppm(value: Any) -> int:
    """A rate of a case in parts per million."""
    return whole(value, PPM)


def sign_of(side: Any) -> int:
    """1 of "long", -1 of "short"."""
    if side not in ("long", "short"):
        raise CaseError(f"side {side!r} is unknown")
    return 1 if side == "long" else -1


def bracket(rate: Any, cumulative: Any) -> Tiers:
    """Two brackets of which the upper one has a rate and a cumulative amount.

    The lower one asks for nothing up to where the upper one's line begins, as any would do.
    """
    floor = number(cumulative) * UNIT * PPM / ppm(rate)
    if floor == 0:
        return Tiers.flat(ppm(rate))
    if floor.denominator != 1:
        raise CaseError(f"a bracket of {rate} and {cumulative} begins at no whole unit")
    return Tiers([(0, 0), (floor.numerator, ppm(rate))])


def check_brackets(case: Case) -> None:
    """``binance-brackets``: the maintenance amount of each bracket."""
    know(case, {"floors", "mmr"}, {"cum"})
    tolerance(case)
    inputs = case["inputs"]
    rows = [(whole(f, 1), ppm(r)) for f, r in zip(inputs["floors"], inputs["mmr"], strict=True)]
    amounts = [Fraction(deduction, PPM) for deduction in Tiers(rows).deductions]
    every("cum", amounts, case["expected"]["cum"], same)


def check_isolated(case: Case) -> None:
    """``binance-liq-iso``: the price at which an isolated position fails."""
    know(case, {"wallet", "cum_maint_amt", "size", "entry", "mmr", "side"}, {"liq_price"})
    near = tolerance(case, "abs").get("abs", Fraction(0))
    inputs = case["inputs"]
    units = sign_of(inputs["side"]) * number(inputs["size"])
    cash = (number(inputs["wallet"]) - units * number(inputs["entry"])) * UNIT
    found = liquidation_price(
        cash, units, bracket(inputs["mmr"], inputs["cum_maint_amt"]), multiplier=UNIT
    )
    if found is None:
        raise CaseError("there is no liquidation price")
    same("liq_price", found, case["expected"]["liq_price"], absolute=near)


def check_cross(case: Case) -> None:
    """``binance-liq-cross``: the price of one position at which the account fails."""
    know(case, {"wallet", "target", "positions"}, {"liq_price"}, other={"TMM_other", "UPNL_other"})
    near = tolerance(case, "abs").get("abs", Fraction(0))
    inputs = case["inputs"]
    positions = {
        name: Position(
            number(row["size"]),
            number(row["entry"]) * UNIT,
            number(row["mark"]) * UNIT,
            bracket(row["mmr"], row["cum"]),
        )
        for name, row in inputs["positions"].items()
    }
    others = [one for name, one in positions.items() if name != inputs["target"]]
    for key, sums in (
        ("UPNL_other", sum(one.units * (one.mark - one.entry) for one in others)),
        ("TMM_other", sum(_needed(one) for one in others)),
    ):
        if key in inputs:
            same(key, Fraction(sums) / UNIT, inputs[key], absolute=Fraction(1, 100))
    found = cross_liquidation_price(
        number(inputs["wallet"]) * UNIT, positions[inputs["target"]], others
    )
    if found is None:
        raise CaseError("there is no liquidation price")
    same("liq_price", found / UNIT, case["expected"]["liq_price"], absolute=near)


def _needed(position: Position) -> Fraction:
    notional = abs(Fraction(position.units) * Fraction(position.mark))
    lines = zip(position.tiers, position.tiers.deductions, strict=True)
    return max((tier.rate * notional - deduction) / PPM for tier, deduction in lines)


def check_bybit(case: Case) -> None:
    """``bybit-bankruptcy``: where an inverse position has lost its margin."""
    know(
        case, {"contract", "side", "entry", "leverage"}, {"bankruptcy", "rounded"},
        other={"liq_price"},
    )  # fmt: skip
    tolerance(case)
    inputs = case["inputs"]
    if "inverse" not in inputs["contract"]:
        raise CaseError(f"contract {inputs['contract']!r} is unknown")
    entry, leverage = number(inputs["entry"]), number(inputs["leverage"])
    # One contract: 1 / entry of coin, and 1 / (entry leverage) of margin.
    sign = sign_of(inputs["side"])
    cash = sign / entry + 1 / (entry * leverage)
    found = bankruptcy_price(cash, sign, inverse=True)
    if found is None:
        raise CaseError("there is no bankruptcy price")
    same("bankruptcy", found, case["expected"]["bankruptcy"], absolute=Fraction(1, 10**6))
    if "rounded" in case["expected"]:
        tick = Fraction(1, 2)  # the contract's tick, against the position that is taken over
        up = -(-found // tick) * tick if sign > 0 else found // tick * tick
        same("rounded", up, case["expected"]["rounded"])


def check_hyperliquid_prices(case: Case) -> None:
    """``hyperliquid-liq-price``: prices that the exchange reports of real accounts."""
    know(case, {"rows"}, {"liq_price"})
    near = tolerance(case, "rel").get("rel", Fraction(0))
    found = []
    for row in case["inputs"]["rows"]:
        if set(row) != {"coin", "side", "entry", "size", "margin", "max_lev"}:
            raise CaseError(f"row with {sorted(row)}")
        units = sign_of(row["side"]) * number(row["size"])
        cash = number(row["margin"]) - units * number(row["entry"])
        rate = Fraction(PPM) / (2 * number(row["max_lev"]))
        found.append(liquidation_price(cash, units, Tiers.flat(whole(rate, 1))))

    def close(name: str, got: Any, wanted: Any) -> None:
        same(name, got if got is not None else 0, wanted, relative=near)

    every("liq_price", found, case["expected"]["liq_price"], close)


def check_hyperliquid_tiers(case: Case) -> None:
    """``hyperliquid-tiers``: rates and deductions from the largest leverages."""
    know(case, {"lower", "max_lev"}, {"mmr", "deduction"})
    near = tolerance(case, "rel").get("rel", Fraction(0))
    inputs = case["inputs"]
    rates = [1 / (2 * number(most)) for most in inputs["max_lev"]]

    def close(name: str, got: Any, wanted: Any) -> None:
        same(name, got, wanted, relative=max(near, Fraction(1, 10**12)))

    every("mmr", rates, case["expected"]["mmr"], close)
    # A rate need not be a whole number of ppm: floors are stretched until all are.
    stretch = 1
    for rate in rates:
        stretch *= (rate * PPM).denominator
    floors = [whole(lower, 1) for lower in inputs["lower"]]
    amounts = [Fraction(0)]
    for i in range(1, len(rates)):
        pair = (
            Tiers(
                [
                    (0, 0),
                    (max(1, floors[i] * stretch), int((rates[i] - rates[i - 1]) * PPM * stretch)),
                ]
            )
            if floors[i] and int((rates[i] - rates[i - 1]) * PPM * stretch) <= PPM
            else None
        )
        step = floors[i] * (rates[i] - rates[i - 1])
        if pair is not None:
            step = Fraction(pair.deductions[1], PPM * stretch * stretch)
        amounts.append(amounts[-1] + step)
    every("deduction", amounts, case["expected"]["deduction"], close)


def check_dydx_rounding(case: Case) -> None:
    """``dydx-im-round``: initial margin rounds up."""
    know(case, {"imf", "notional_q"}, {"initial_margin_q"})
    tolerance(case)
    inputs = case["inputs"]
    found = [
        Tiers.flat(ppm(rate)).requirement(whole(notional, 1))
        for rate, notional in zip(inputs["imf"], inputs["notional_q"], strict=True)
    ]
    every("initial_margin_q", found, case["expected"]["initial_margin_q"], same)


def check_dydx_scaling(case: Case) -> None:
    """``dydx-im-oi-scaling``: initial margin grows with the open interest."""
    know(case, {"base_imf", "notional_q", "oi", "lower", "upper"}, {"initial_margin_q"})
    tolerance(case)
    inputs = case["inputs"]
    found = []
    for base, notional, interest, lower, upper in zip(
        *(inputs[key] for key in ("base_imf", "notional_q", "oi", "lower", "upper")), strict=True
    ):
        low, high = whole(lower, 1), whole(upper, 1)
        top, bottom = scaled_initial(ppm(base), whole(interest, 1), low, high)
        found.append(-(-top * whole(notional, 1) // (bottom * PPM)))
        model = OpenInterestScaled(ppm(base), 0, lower_cap=low, upper_cap=high)
        if model.initial_rate(whole(interest, 1)) != -(-top // bottom):
            raise CaseError("the model and its formula differ")
    every("initial_margin_q", found, case["expected"]["initial_margin_q"], same)


def check_synthetix_margin(case: Case) -> None:
    """``snx-margin``: margin in proportion to the share of the market."""
    know(
        case,
        {"size", "price", "skew_scale", "im_fraction", "min_imr", "mm_scalar"},
        {"imr", "mmr", "im", "mm"},
        other={"min_position_margin"},
    )
    tolerance(case)
    inputs, expected = case["inputs"], case["expected"]
    size, price = whole(inputs["size"], 1), whole(inputs["price"], 1)
    model = SkewScaled(
        whole(inputs["skew_scale"], 1),
        fraction=ppm(inputs["im_fraction"]),
        minimum=ppm(inputs["min_imr"]),
        scalar=ppm(inputs["mm_scalar"]),
        price=price,
        multiplier=PPM,
    )
    initial, kept = model.initial_of(size, price), model.maintenance_of(size, price)
    least = number(inputs.get("min_position_margin", 0))
    found = {
        "imr": Fraction(initial, size * price * PPM),
        "mmr": Fraction(kept, size * price * PPM),
        "im": max(Fraction(initial, PPM), least),
        "mm": max(Fraction(kept, PPM), least),
    }
    for name, wanted in expected.items():
        same(name, found[name], wanted)


def check_ftx(case: Case) -> None:
    """``ftx``: where the stages of a liquidation begin, and what backstop providers pay."""
    inputs, expected = case["inputs"], case["expected"]
    if "margin_fraction" in inputs:
        know(
            case, {"mark", "margin_fraction"},
            {"ZP", "blp_price", "auto_close_fraction_per_s"},
        )  # fmt: skip
        mark = number(inputs["mark"])
        zero = zero_price(mark, number(inputs["margin_fraction"]))
        for name, wanted in expected.items():
            if name == "ZP":
                same(name, zero, wanted)
            elif name == "blp_price":
                known = {"ZP": zero, "MP": mark}
                equation(name, zero * Fraction(2, 3) + mark * Fraction(1, 3), wanted, known)
            elif wanted != "1-mf/acmf":
                raise CaseError(f"{name} is 1-mf/acmf, expected {wanted!r}")
        return
    know(case, {"collateral", "size", "entry", "mmf", "acmf"}, set(expected))
    near = tolerance(case, "rel").get("rel", Fraction(0))
    cash = number(inputs["collateral"]) - number(inputs["size"]) * number(inputs["entry"])
    for name, rate in (("liq_start_price", "mmf"), ("auto_close_price", "acmf")):
        found = liquidation_price(cash, number(inputs["size"]), Tiers.flat(ppm(inputs[rate])))
        if name in expected:
            same(name, found or 0, expected[name], relative=near)
    if set(expected) - {"liq_start_price", "auto_close_price"}:
        raise CaseError(f"expectations {sorted(expected)} are unknown")


def check_bitmex_adl(case: Case) -> None:
    """``bitmex-adl``: who is deleveraged first, and by how much."""
    know(case, {"longs", "liquidated"}, {"order", "closed", "close_price", "left"})
    tolerance(case)
    words = str(case["inputs"]["liquidated"]).split()
    if len(words) != 5 or words[0] != "short" or words[2:4] != ["@", "bankruptcy"]:
        raise CaseError(f"{case['inputs']['liquidated']!r} is unknown")
    rows = {account: (size, score) for account, size, score in case["inputs"]["longs"]}
    order = queue_order({account: score for account, (_, score) in rows.items()})
    taken = take_from_queue(order, {a: size for a, (size, _) in rows.items()}, whole(words[1], 1))
    left = {a: rows[a][0] - lots for a, lots in taken.items() if lots < rows[a][0]}
    found = {
        "order": order,
        "closed": {str(account): lots for account, lots in taken.items()},
        "close_price": whole(words[4], 1),
        "left": {str(account): lots for account, lots in left.items()},
    }
    for name, wanted in case["expected"].items():
        if found[name] != wanted:
            raise CaseError(f"{name} is {found[name]!r}, expected {wanted!r}")


FAMILIES: dict[str, Checker] = {
    "binance-brackets": check_brackets,
    "binance-liq-cross": check_cross,
    "binance-liq-iso": check_isolated,
    "bitmex-adl": check_bitmex_adl,
    "bybit-bankruptcy": check_bybit,
    "dydx-im-oi-scaling": check_dydx_scaling,
    "dydx-im-round": check_dydx_rounding,
    "ftx": check_ftx,
    "hyperliquid-liq-price": check_hyperliquid_prices,
    "hyperliquid-tiers": check_hyperliquid_tiers,
    "snx-margin": check_synthetix_margin,
}
LATER = "a liquidation design that comes with the contest of designs"
WAITING = """
    bitmex-liq deribit-incremental
    drift-asset-transfer drift-bankrupt drift-base-to-cover drift-fee-ramp drift-if-fee
    drift-jit-auction drift-liab-transfer drift-liq
    dydx-bankruptcy dydx-deleverage dydx-fillable dydx-insurance dydx-limits dydx-sort
    gmx-adl gmx-liq mango-token-liq mango-waterfall snx-window
"""
PENDING: dict[str, str] = dict.fromkeys(WAITING.split(), LATER)
