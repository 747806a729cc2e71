"""Cases of lending protocols: Aave, Compound, Morpho, Euler, Silo."""

from fractions import Fraction
from typing import Any

from lob.liquidation.formulas.aave import AaveRules, aave_close_amount, aave_seize
from lob.liquidation.formulas.compound import (
    CometCollateral,
    comet_absorb,
    comet_for_sale,
    comet_is_liquidatable,
    comet_quote,
    compound_seize,
)
from lob.liquidation.formulas.euler import euler1_discount, euler1_liquidate, euler2_liquidate
from lob.liquidation.formulas.health import health_factor
from lob.liquidation.formulas.morpho import MorphoMarket, morpho_incentive
from lob.liquidation.formulas.silo import silo_profit
from tests.conformance.families.claims import (
    WAD,
    Case,
    CaseError,
    Checker,
    as_printed,
    equal,
    equation,
    every,
    formula,
    know,
    number,
    same,
    scaled,
    tolerance,
)

USD = 10**8
USDC = 10**6
ORACLE = 10**36


def rows(case: Case, *keys: str) -> list[dict[str, Any]]:
    """The rows of a case's inputs, each with just these keys."""
    for i, row in enumerate(case["inputs"]["rows"]):
        if set(row) != set(keys):
            raise CaseError(f"rows[{i}] has {sorted(row)}, expected {sorted(keys)}")
    return list(case["inputs"]["rows"])


# ---------------------------------------------------------------------------------------- Aave


def check_aave_rounding(case: Case) -> None:
    """``aave33-rounding``: bonus, fee and what is left, in units of the token."""
    know(
        case,
        {"collateral", "debt", "price_ratio", "bonus", "protocol_fee", "debt_to_cover"},
        {
            "max_collateral",
            "bonus_part",
            "protocol_fee_amt",
            "to_liquidator",
            "leftover",
            "scaled_collateral_after",
        },
        {"liquidity_index"},
    )
    tolerance(case)
    inputs, held = case["inputs"], case["inputs"]["collateral"]
    fee = scaled(inputs["protocol_fee"], 10_000)
    rules = AaveRules(bonus=scaled(inputs["bonus"], 10_000), fee=fee)
    prices = {
        "debt_price": scaled(inputs["price_ratio"], USD),
        "collateral_price": USD,
        "repay": min(inputs["debt_to_cover"], inputs["debt"]),
    }
    cut = aave_seize(rules, collateral=held, **prices)
    # All of the bonus is kept at a fee of 100 %: that is how large it is.
    whole = aave_seize(AaveRules(bonus=rules.bonus, fee=10_000), collateral=held, **prices)
    taken = cut.seized + cut.fee
    values = {
        "max_collateral": taken,
        "bonus_part": whole.fee,
        "protocol_fee_amt": cut.fee,
        "to_liquidator": cut.seized,
        "leftover": held - taken,
    }
    if "liquidity_index" in inputs:
        index = inputs["liquidity_index"]
        values["scaled_collateral_after"] = held // index - -(-taken // index)
    for name, wanted in case["expected"].items():
        if name not in values:
            raise CaseError(f"{name} needs a liquidity_index")
        same(name, values[name], wanted)


def check_aave_close_factor(case: Case) -> None:
    """``aave33-closefactor``: the share of the total debt that may be repaid.

    A row states the health factor and the values in dollars of the debt and the collateral of the
    reserve; the total debt is that of the reserve where none is given.
    """
    know(case, {"rows", "threshold_usd", "hf_threshold"}, {"close_factor"})
    tolerance(case)
    inputs = case["inputs"]
    rules = AaveRules(
        bonus=10_500,
        small=scaled(inputs["threshold_usd"], USD),
        full_health=scaled(inputs["hf_threshold"]),
    )
    got = []
    for i, row in enumerate(inputs["rows"]):
        needed = {"hf", "coll_usd", "debt_usd"}
        if not needed <= set(row) <= needed | {"total_debt_usd"}:
            raise CaseError(f"rows[{i}] needs {sorted(needed)}, got {sorted(row)}")
        debt = scaled(row["debt_usd"], USD)
        total = scaled(row.get("total_debt_usd", row["debt_usd"]), USD)
        most = aave_close_amount(
            rules,
            debt=debt,
            debt_value=debt,
            collateral_value=scaled(row["coll_usd"], USD),
            total_debt_value=total,
            health=scaled(row["hf"]),
            debt_price=1,
        )
        got.append(Fraction(most, total))
    every("close_factor", got, case["expected"]["close_factor"], same)


def check_aave_health(case: Case) -> None:
    """``aave-hf``: collateral times threshold over debt."""
    know(case, {"coll", "lt", "debt"}, {"hf"})
    near = tolerance(case, "abs").get("abs", Fraction(0))
    inputs = case["inputs"]
    weighted = scaled(number(inputs["coll"]) * number(inputs["lt"]), USD)
    health = health_factor(weighted, scaled(inputs["debt"], USD))
    if health is None:
        raise CaseError("an account without debt has no health factor")
    same("hf", Fraction(health, WAD), case["expected"]["hf"], absolute=near)


# ------------------------------------------------------------------------------------ Compound


def check_compound_seize(case: Case) -> None:
    """``compound2-seize``: the amounts, and the formula that they are said to follow."""
    know(case, {"rows"}, {"formula", "seize"})
    near = tolerance(case, "rel").get("rel", Fraction(0))
    got = []
    for row in rows(case, "ex", "pb", "pc", "inc", "repay"):
        seized = compound_seize(
            scaled(row["repay"]),
            incentive=scaled(row["inc"]),
            debt_price=scaled(row["pb"]),
            collateral_price=scaled(row["pc"]),
            exchange_rate=scaled(row["ex"]),
        )
        got.append(Fraction(seized, WAD))
        if "formula" in case["expected"]:
            exact = formula(case["expected"]["formula"], {k: number(v) for k, v in row.items()})
            same("formula", got[-1], exact, relative=near)
    if "seize" in case["expected"]:
        every("seize", got, case["expected"]["seize"], lambda *a: same(*a, relative=near))


def _quote(row: Case) -> int:
    return comet_quote(
        scaled(row["base"], USDC),
        price=scaled(row["price"], USD),
        base_price=USD,
        store_front_factor=scaled(row["sfp"]),
        liquidation_factor=scaled(row["lf"]),
        collateral_unit=WAD,
        base_unit=USDC,
    )


def check_comet_quote(case: Case) -> None:
    """``comet-quote``: collateral for an amount of the base token."""
    know(case, {"rows"}, {"collateral"})
    tolerance(case)
    got = [Fraction(_quote(row), WAD) for row in rows(case, "sfp", "lf", "price", "base")]
    every("collateral", got, case["expected"]["collateral"], same)


def check_comet_buy(case: Case) -> None:
    """``comet-buy``: a purchase, which is only served while the reserves are below the target."""
    know(
        case,
        {"sfp", "lf", "price", "base", "reserves_before", "target"},
        {"collateral_wei", "reserves_after"},
    )
    tolerance(case)
    inputs = case["inputs"]
    reserves = number(inputs["reserves_before"])
    sold = comet_for_sale(scaled(reserves, USDC), scaled(inputs["target"], USDC))
    values = {
        "collateral_wei": _quote(inputs) if sold else 0,
        "reserves_after": reserves + (number(inputs["base"]) if sold else 0),
    }
    for name, wanted in case["expected"].items():
        same(name, values[name], wanted)


def check_comet_absorb(case: Case) -> None:
    """``comet-absorb``: what is left to the account, and to the reserves if they are given."""
    know(
        case,
        {"collateral", "prices", "debt", "lf"},
        {"user_base_after", "collateral_left", "reserves_after"},
        {"liquidateCF", "reserves_before"},
    )
    tolerance(case)
    inputs = case["inputs"]
    held = [
        CometCollateral(
            scaled(amount), scaled(inputs["prices"][name], USD), scaled(inputs["lf"]), WAD
        )
        for name, amount in inputs["collateral"].items()
    ]
    debt = scaled(formula(inputs["debt"]), USDC)
    after = comet_absorb(-debt, held, base_price=USD, base_unit=USDC)
    values = {"user_base_after": Fraction(after.balance, USDC), "collateral_left": Fraction(0)}
    if "reserves_before" in inputs:
        before = formula(inputs["reserves_before"])
        values["reserves_after"] = before - Fraction(after.paid, USDC)
    for name, wanted in case["expected"].items():
        if name not in values:
            raise CaseError(f"{name} needs reserves_before")
        same(name, values[name], wanted)


def check_comet_liquidatable(case: Case) -> None:
    """``comet-liquidatable``: the trigger."""
    know(case, {"debt", "rows"}, {"liquidatable"})
    tolerance(case)
    got = []
    for row in rows(case, "coll", "cf", "px"):
        held = CometCollateral(scaled(row["coll"]), scaled(row["px"], USD), scaled(row["cf"]), WAD)
        debt = scaled(case["inputs"]["debt"], USDC)
        got.append(comet_is_liquidatable(-debt, [held], base_price=USD, base_unit=USDC))
    every("liquidatable", got, case["expected"]["liquidatable"], equal)


# -------------------------------------------------------------------------------------- Morpho


def check_morpho_incentive(case: Case) -> None:
    """``morpho-lif``: the incentive from the liquidation loan-to-value."""
    know(case, {"cursor", "max", "lltv"}, {"lif"})
    near = tolerance(case, "rel").get("rel", Fraction(0))
    inputs = case["inputs"]
    got = [
        Fraction(
            morpho_incentive(scaled(one), scaled(inputs["cursor"]), scaled(inputs["max"])), WAD
        )
        for one in inputs["lltv"]
    ]
    every("lif", got, case["expected"]["lif"], lambda *a: same(*a, relative=near))


def check_morpho_rounding(case: Case) -> None:
    """``morpho-round``: shares repaid; by the only borrower, at price 1, if nothing is said."""
    know(
        case,
        {"lltv", "coll", "debt", "repaid_shares"},
        {"seized", "repaid"},
        {"price", "total_assets", "total_shares"},
    )
    tolerance(case)
    inputs = case["inputs"]
    assets = inputs.get("total_assets", inputs["debt"])
    market = MorphoMarket(assets, inputs.get("total_shares", assets * 10**6))
    moved = market.repay_shares(
        inputs["repaid_shares"],
        incentive=morpho_incentive(scaled(inputs["lltv"])),
        price=scaled(inputs.get("price", 1), ORACLE),
    )
    values = {"seized": moved.seized, "repaid": moved.repaid}
    for name, wanted in case["expected"].items():
        same(name, values[name], wanted)


# --------------------------------------------------------------------------------------- Euler


def check_euler1_full(case: Case) -> None:
    """``euler1-full``: discount, amounts, and the health that the liquidation leads to."""
    know(
        case,
        {"coll", "coll_px", "cf", "debt", "debt_px", "bf", "fee", "target", "max_discount"},
        {
            "health_before",
            "discount",
            "health_after",
            "repay_debt_units_pre_fee",
            "yield_coll_units",
        },
    )
    near = tolerance(case, "health").get("health", Fraction(0))
    i = {name: scaled(value) for name, value in case["inputs"].items()}

    def health(collateral: int, debt: int) -> int:
        owed = debt * i["debt_px"] // i["bf"]
        found = health_factor(collateral * i["coll_px"] // WAD * i["cf"] // WAD, owed)
        return WAD if found is None else found

    before = health(i["coll"], i["debt"])
    discount = euler1_discount(before, fee=i["fee"], cap=i["max_discount"])
    moved = euler1_liquidate(
        collateral=i["coll"],
        debt=i["debt"],
        collateral_price=i["coll_px"],
        debt_price=i["debt_px"],
        collateral_factor=i["cf"],
        borrow_factor=i["bf"],
        discount=discount,
        target=i["target"],
    )
    after = health(i["coll"] - moved.seized, i["debt"] - moved.repaid)
    values = {
        "health_before": before,
        "discount": discount,
        "health_after": after,
        "repay_debt_units_pre_fee": moved.repaid,
        "yield_coll_units": moved.seized,
    }
    for name, wanted in case["expected"].items():
        got = Fraction(values[name], WAD)
        if name.startswith("health"):
            same(name, got, wanted, absolute=near)
        else:
            as_printed(name, got, wanted)


def check_euler1_discount(case: Case) -> None:
    """``euler1-discount``: from the health stated, which moves with one over the debt's price."""
    know(case, {"rows"}, {"health", "discount"})
    near = tolerance(case, "abs").get("abs", Fraction(0))
    given = rows(case, "px", "booster")
    healths = [number(one) for one in case["expected"]["health"]]
    if len(healths) != len(given):
        raise CaseError(f"health has {len(healths)} items for {len(given)} rows")
    weighted = number(given[0]["px"]) * healths[0]
    got = []
    for row, health in zip(given, healths, strict=True):
        same("health", weighted / number(row["px"]), health, absolute=near)
        booster = row["booster"]
        if isinstance(booster, str):
            if not booster.startswith("capped"):
                raise CaseError(f"booster {booster!r} is unknown")
            booster = 1000
        got.append(Fraction(euler1_discount(scaled(health), booster=scaled(booster)), WAD))
    if "discount" in case["expected"]:
        every("discount", got, case["expected"]["discount"], lambda *a: same(*a, absolute=near))


def check_euler2_full(case: Case) -> None:
    """``euler2-full``: all of the debt, at one less health."""
    know(
        case,
        {"coll", "coll_px", "ltv", "debt", "debt_px", "max_discount"},
        {"health", "repay", "yield_coll"},
    )
    near = tolerance(case, "health").get("health", Fraction(0))
    health, moved = _euler2(case["inputs"])
    for name, wanted in case["expected"].items():
        if name == "health":
            same(name, health, wanted, absolute=near)
        elif name == "repay":
            same(name, moved[0], wanted)
        else:
            # The amounts are rounded down twice at 18 digits.
            equation(name, moved[1], wanted, {}, absolute=Fraction(1000, WAD))


def check_euler2_social(case: Case) -> None:
    """``euler2-social``: all the collateral goes, and what is left of the debt is written off."""
    know(
        case,
        {"coll", "coll_px", "ltv", "debt", "debt_px", "max_discount", "other_debt"},
        {"max_yield", "total_borrows_after", "repay"},
    )
    tolerance(case)
    inputs, expected = case["inputs"], case["expected"]
    health, (repay, taken) = _euler2(inputs)
    factor = max(health, 1 - number(inputs["max_discount"]))
    if taken != number(inputs["coll"]):
        raise CaseError(f"{float(taken)} of the collateral is taken: nothing to write off")
    if "max_yield" in expected:
        same("max_yield", taken, expected["max_yield"])
    if "total_borrows_after" in expected:
        # Only the liquidator's new debt and that of others are left.
        left = number(inputs["other_debt"]) + repay
        same(
            "total_borrows_after", left, formula(expected["total_borrows_after"], {"repay": repay})
        )
    if "repay" in expected:
        _repay_of_social(expected["repay"], repay, factor)


def _repay_of_social(text: str, repay: Fraction, factor: Fraction) -> None:
    """``F(discountFactor), dF=max(a,b)=number -> number``."""
    head, sign, last = text.partition("->")
    first, comma, second = head.partition(", dF=")
    if not sign or not comma:
        raise CaseError(f"{text!r} is not a rule that is known")
    near = Fraction(1000, WAD)
    same("repay", repay, formula(first, {"discountFactor": factor}), absolute=near)
    equation("dF", factor, second, {"max": max}, absolute=near)
    as_printed("repay", repay, last.strip())


def _euler2(inputs: Case) -> tuple[Fraction, tuple[Fraction, Fraction]]:
    i = {name: scaled(value) for name, value in inputs.items()}
    value = i["coll"] * i["coll_px"] // WAD
    weighted, owed = value * i["ltv"] // WAD, i["debt"] * i["debt_px"] // WAD
    health = health_factor(weighted, owed)
    if health is None:
        raise CaseError("an account without debt has no health")
    moved = euler2_liquidate(
        collateral=i["coll"],
        debt=i["debt"],
        collateral_value=value,
        weighted_value=weighted,
        debt_value=owed,
        max_discount=i["max_discount"],
    )
    return Fraction(health, WAD), (Fraction(moved.repaid, WAD), Fraction(moved.seized, WAD))


def check_silo(case: Case) -> None:
    """``silo-full``: what a liquidator who takes all and repays all is left with."""
    know(case, {"coll_eth", "price", "debt"}, {"liquidator_profit"})
    near = tolerance(case, "abs").get("abs", Fraction(0))
    inputs = case["inputs"]
    value = scaled(number(inputs["coll_eth"]) * number(inputs["price"]))
    profit = Fraction(silo_profit(value, scaled(inputs["debt"])), WAD)
    same("liquidator_profit", profit, case["expected"]["liquidator_profit"], absolute=near)


FAMILIES: dict[str, Checker] = {
    "aave-hf": check_aave_health,
    "aave33-closefactor": check_aave_close_factor,
    "aave33-rounding": check_aave_rounding,
    "comet-absorb": check_comet_absorb,
    "comet-buy": check_comet_buy,
    "comet-liquidatable": check_comet_liquidatable,
    "comet-quote": check_comet_quote,
    "compound2-seize": check_compound_seize,
    "euler1-discount": check_euler1_discount,
    "euler1-full": check_euler1_full,
    "euler2-full": check_euler2_full,
    "euler2-social": check_euler2_social,
    "morpho-lif": check_morpho_incentive,
    "morpho-round": check_morpho_rounding,
    "silo-full": check_silo,
}
PENDING: dict[str, str] = {
    "aave33-dust": "the one case mixes two thresholds: 500 in the example, 1,000 in the contract",
}
