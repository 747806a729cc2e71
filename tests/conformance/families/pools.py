"""Cases of pools: Liquity's stability pools and redistribution, LLAMMA's bands."""

from fractions import Fraction

from lob.liquidation.formulas.liquity import (
    Redistribution,
    Split,
    StabilityPool,
    StabilityPoolV2,
    gas_compensation,
    offset_v1,
    offset_v2,
)
from lob.liquidation.formulas.llamma import band
from tests.conformance.families.claims import (
    WAD,
    Case,
    CaseError,
    Checker,
    equation,
    every,
    formula,
    know,
    number,
    same,
    scaled,
    tolerance,
)

INTEREST = (0, 1, 10)
"""Interest that cases call I and do not state: what they expect holds for any small one."""


def _gas_is_half_a_percent(share: object) -> None:
    if number(share) * WAD != gas_compensation(WAD):
        raise CaseError(f"gas compensation is half a percent, the case has {share}")


def check_pool_v1(case: Case) -> None:
    """``liquity1-sp``: deposits, then failed positions of (debt, collateral), all paid in turn."""
    know(
        case,
        {"deposits", "troves"},
        {"deposit_after", "coll_gain"},
        {"price", "gas_comp_coll"},
    )
    near = tolerance(case, "abs_wei", "rel")
    inputs = case["inputs"]
    _gas_is_half_a_percent(inputs.get("gas_comp_coll", "0.005"))
    pool = StabilityPool()
    for owner, amount in enumerate(inputs["deposits"]):
        pool.deposit(owner, scaled(amount))
    for debt, collateral in inputs["troves"]:
        split = offset_v1(scaled(debt), scaled(collateral), pool.total)
        pool.offset(split.pool_debt, split.pool_collateral)
        pool.check()
    owners = range(len(inputs["deposits"]))
    values = {
        "deposit_after": [Fraction(pool.compounded(owner), WAD) for owner in owners],
        "coll_gain": [Fraction(pool.gains(owner), WAD) for owner in owners],
    }
    absolute = near.get("abs_wei", Fraction(0)) / WAD
    relative = near.get("rel", Fraction(0))
    for name, wanted in case["expected"].items():
        every(
            name,
            values[name],
            wanted,
            lambda *a: same(*a, absolute=absolute, relative=relative),
        )


def check_redistribution(case: Case) -> None:
    """``liquity1-redist``: A and B open, B fails, C and D open, D fails; the pool is empty."""
    know(case, {"A_coll", "B_coll", "C_coll", "D_coll", "fee"}, {"A_coll", "C_coll"})
    near = tolerance(case, "abs").get("abs", Fraction(0))
    inputs = case["inputs"]
    _gas_is_half_a_percent(inputs["fee"])
    held = Redistribution()
    for pair, failing in (("AB", "B"), ("CD", "D")):
        for name in pair:
            held.open(ord(name), scaled(inputs[f"{name}_coll"]), WAD)
        held.liquidate(ord(failing))
    for name, wanted in case["expected"].items():
        got = Fraction(held.position(ord(name[0]))[0], WAD)
        equation(name, got, wanted, {}, absolute=near)


def _offset_v2(case: Case, interest: int, spread_penalty: object) -> tuple[Split, StabilityPoolV2]:
    inputs = case["inputs"]
    kept = scaled(inputs.get("min_left_in_sp", 1))
    pool = StabilityPoolV2(kept=kept)
    pool.deposit(0, scaled(inputs["sp"]))
    split = offset_v2(
        scaled(formula(inputs["debt"], {"I": interest})),
        scaled(inputs["coll"]),
        pool.total,
        price=scaled(formula(inputs["price"])),
        pool_penalty=scaled(inputs["pen_sp"]),
        spread_penalty=scaled(spread_penalty),
        kept=kept,
    )
    pool.offset(split.pool_debt, split.pool_collateral)
    pool.check()
    return split, pool


def check_offset_v2(case: Case) -> None:
    """``liquity2-offset``: the pool pays it all."""
    know(
        case,
        {"debt", "coll", "price", "sp", "pen_sp", "gas_comp"},
        {"sp_coll_gain", "owner_surplus"},
    )
    tolerance(case)
    _gas_is_half_a_percent(case["inputs"]["gas_comp"])
    for interest in INTEREST:
        split, pool = _offset_v2(case, interest, 0)
        # The one depositor gains what the pool took, less what is rounded down.
        if not 0 <= split.pool_collateral - pool.gains(0) <= 1:
            raise CaseError(f"the depositor gains {pool.gains(0)} of {split.pool_collateral}")
        values = {"sp_coll_gain": split.pool_collateral, "owner_surplus": split.surplus}
        for name, wanted in case["expected"].items():
            same(name, Fraction(values[name], WAD), wanted)


def check_mix_v2(case: Case) -> None:
    """``liquity2-mix``: the pool pays a part, the rest is spread; formulas to the last unit."""
    know(
        case,
        {"debt", "coll", "price", "sp", "min_left_in_sp", "pen_sp", "pen_redist"},
        {"sp_debt_absorbed", "sp_coll", "redist_debt", "redist_coll"},
    )
    tolerance(case)
    inputs = case["inputs"]
    for interest in INTEREST:
        split, _ = _offset_v2(case, interest, inputs["pen_redist"])
        values = {
            "sp_debt_absorbed": split.pool_debt,
            "sp_coll": split.pool_collateral,
            "redist_debt": split.spread_debt,
            "redist_coll": split.spread_collateral,
        }
        names = {"I": interest, "price": formula(inputs["price"])}
        for name, wanted in case["expected"].items():
            goal = Fraction(scaled(formula(wanted, names)), WAD)
            same(name, Fraction(values[name], WAD), goal)


def check_bands(case: Case) -> None:
    """``llamma-bands``: the oracle prices at the edges of bands."""
    know(case, {"A", "base", "n"}, {"p_oracle_up_wad", "p_oracle_down_wad"})
    near = tolerance(case, "rel").get("rel", Fraction(0))
    inputs = case["inputs"]
    bands = [band(n, scaled(inputs["base"]), inputs["A"]) for n in inputs["n"]]
    values = {
        "p_oracle_up_wad": [one.up for one in bands],
        "p_oracle_down_wad": [one.down for one in bands],
    }
    for name, wanted in case["expected"].items():
        every(name, values[name], wanted, lambda *a: same(*a, relative=near))


FAMILIES: dict[str, Checker] = {
    "liquity1-redist": check_redistribution,
    "liquity1-sp": check_pool_v1,
    "liquity2-mix": check_mix_v2,
    "liquity2-offset": check_offset_v2,
    "llamma-bands": check_bands,
}
PENDING: dict[str, str] = {
    "fluid-liq": "Fluid's batch liquidation is not among the designs yet; needs the chain's state",
    "fluid-tick": "Fluid's ticks are not among the designs yet; the contract rounds its own powers",
    "llamma-path": "soft liquidation is not among the designs yet; only the bands are",
}
