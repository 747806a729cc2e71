"""Cases of auctions: Maker's Dutch and English ones, Reflexer's, Ajna's, uniform-price calls."""

import re
from collections.abc import Mapping
from fractions import Fraction
from importlib import import_module
from typing import Any

from lob.liquidation.formulas.ajna import ajna_bond_factor, ajna_price, ajna_reserve_price
from lob.liquidation.formulas.curves import (
    ExponentialDecrease,
    Linear,
    StairStep,
    decay_time,
    reaches,
)
from lob.liquidation.formulas.maker import (
    Bark,
    ClipAuction,
    ClipRules,
    FlipAuction,
    FlipBid,
    Refusal,
    Take,
    allowed,
    bark,
    room_of,
)
from lob.liquidation.formulas.reflexer import IncreasingDiscount, bought_at, discounted
from tests.conformance.families.claims import (
    RAY,
    WAD,
    Case,
    CaseError,
    Checker,
    equal,
    equation,
    every,
    formula,
    know,
    number,
    printed_unit,
    same,
    scaled,
    tolerance,
)

RAD = WAD * RAY
DAY = 24 * 3600


# -------------------------------------------------------------------------------------- curves


def check_linear(case: Case) -> None:
    """``maker-abaci-linear``."""
    know(case, {"tau_s", "top", "t_s"}, {"price"})
    tolerance(case)
    inputs = case["inputs"]
    curve, top = Linear(inputs["tau_s"]), scaled(inputs["top"], RAY)
    got = [Fraction(curve.price(top, t), RAY) for t in inputs["t_s"]]
    every("price", got, case["expected"]["price"], same)


def check_exponential(case: Case) -> None:
    """``maker-abaci-exp``."""
    know(case, {"cut_per_s", "top", "t_s"}, {"price"})
    near = tolerance(case, "abs").get("abs", Fraction(0))
    inputs = case["inputs"]
    curve, top = ExponentialDecrease(scaled(inputs["cut_per_s"], RAY)), scaled(inputs["top"], RAY)
    got = [Fraction(curve.price(top, t), RAY) for t in inputs["t_s"]]
    every("price", got, case["expected"]["price"], lambda *a: same(*a, absolute=near))


def check_stair(case: Case) -> None:
    """``maker-abaci-stair``: rays to the last digit, or about a number from a comment."""
    know(case, {"cut", "step_s", "top", "t_s"}, {"price_ray"})
    tolerance(case)
    inputs = case["inputs"]
    curve, top = StairStep(scaled(inputs["cut"], RAY), inputs["step_s"]), scaled(inputs["top"], RAY)

    def check(name: str, got: int, wanted: Any) -> None:
        about = re.fullmatch(r"~(\d+)\.\.\. \(comment: ([\d.]+)\)", str(wanted))
        if not about:
            same(name, got, wanted)
            return
        # 5 * 0.99**30 is 3.6985018669414021...: the comment's last digit is that of a double.
        equal(name, about[2].replace(".", ""), about[1])
        same(name, Fraction(got, RAY), about[2], absolute=4 * printed_unit(about[2]))

    every(
        "price_ray",
        [curve.price(top, t) for t in inputs["t_s"]],
        case["expected"]["price_ray"],
        check,
    )


def check_maker_parameters(case: Case) -> None:
    """``maker-params``: how long until the price is that of the oracle."""
    know(
        case,
        set(),
        {
            "time_to_oracle_price_stair_s",
            "time_to_oracle_price_continuous_s",
            "doc_expected_duration_min",
        },
        case["inputs"],
    )
    tolerance(case)
    if len(case["inputs"]) != 1:
        raise CaseError("a case must have the parameters of one collateral")
    (rules,) = case["inputs"].values()
    used = {"cut", "step_s", "buf"}
    unused = {"cusp", "tail_min", "chip", "tip", "ilk_hole_m", "chop", "Hole_m"}
    if not used <= set(rules) <= used | unused:
        raise CaseError(f"parameters {sorted(rules)} are unknown or lack one of {sorted(used)}")
    cut, buf, step = number(rules["cut"]), number(rules["buf"]), rules["step_s"]
    stair = reaches(StairStep(scaled(cut, RAY), step), scaled(buf, RAY), RAY, 365 * DAY)
    if stair is None:
        raise CaseError("the price does not come down to the oracle's within a year")
    expected = case["expected"]
    for name, wanted in expected.items():
        if name == "time_to_oracle_price_stair_s":
            same(name, stair, wanted)
        elif name == "time_to_oracle_price_continuous_s":
            same(name, decay_time(cut, 1 / buf, step), wanted)
        else:
            same(name, stair // 60, wanted)


def check_gauntlet(case: Case) -> None:
    """``gauntlet-params``: the half-life, and as the report rounds it, to whole hours."""
    know(
        case,
        {"step_s", "cut"},
        {"half_life_s", "derived_half_life_s"},
        {"buf", "cusp_max", "tail_min_s"},
    )
    tolerance(case)
    half_life = decay_time(number(case["inputs"]["cut"]), Fraction(1, 2), case["inputs"]["step_s"])
    values = {
        "derived_half_life_s": half_life,
        "half_life_s": (half_life + 1800) // 3600 * 3600,
    }
    for name, wanted in case["expected"].items():
        same(name, values[name], wanted)


# ---------------------------------------------------------------------------------- Maker, Clip

VAULT = {
    "collateral",
    "debt",
    "rate",
    "oracle_price",
    "liq_ratio_mat",
    "chop",
    "dust",
    "hole",
    "Hole",
    "buf",
    "cut",
    "step_s",
    "cusp",
    "tail_s",
    "chost",
}


def _bark(inputs: Case) -> tuple[Bark, ClipAuction]:
    """Liquidate the vault of a case (``debt`` is normalised debt) and start its auction."""
    feed = scaled(inputs["oracle_price"], RAY)
    done = bark(
        scaled(inputs["collateral"]),
        scaled(inputs["debt"]),
        spot=int(feed / number(inputs["liq_ratio_mat"])),
        room=room_of(scaled(inputs["Hole"], RAD), 0, scaled(inputs["hole"], RAD), 0),
        rate=scaled(inputs["rate"], RAY),
        chop=scaled(inputs["chop"]),
        dust=scaled(inputs["dust"], RAD),
    )
    if done.refusal:
        raise CaseError(f"the vault is not liquidated: {done.refusal}")
    rules = ClipRules(
        StairStep(scaled(inputs["cut"], RAY), inputs["step_s"]),
        buf=scaled(inputs["buf"], RAY),
        tail=inputs["tail_s"],
        cusp=scaled(inputs["cusp"], RAY),
        chost=scaled(inputs["chost"], RAD),
    )
    return done, rules.kick(done.lot, done.tab, feed, 0)


def check_bark(case: Case) -> None:
    """``maker-bark``: what goes to auction, and what is left of the vault."""
    know(
        case,
        VAULT,
        {"tab", "lot", "top", "vault_ink", "vault_art", "left_ink", "left_art", "Dirt"},
    )
    tolerance(case)
    done, auction = _bark(case["inputs"])
    tab, expected = Fraction(done.tab, RAD), case["expected"]
    ink = Fraction(scaled(case["inputs"]["collateral"]) - done.lot, WAD)
    art = Fraction(scaled(case["inputs"]["debt"]) - done.art, WAD)
    values = {"tab": tab, "Dirt": tab, "lot": Fraction(done.lot, WAD)}
    values |= {"top": Fraction(auction.top, RAY)}
    values |= {"vault_ink": ink, "left_ink": ink, "vault_art": art, "left_art": art}
    for name, wanted in expected.items():
        text = str(wanted)
        if text.endswith("(floor)"):
            exact = formula(text, {"tab": tab})
            same(name, values[name], Fraction(scaled(exact), WAD))
        else:
            same(name, values[name], formula(text.removeprefix("="), {"tab": tab}))


def _take(auction: ClipAuction, step: Mapping[str, Any], inputs: Case) -> Take:
    now = step.get("t_s", inputs.get("t_s", 0))
    amount = step["take_amt"] if "take_amt" in step else step["amt"]
    limit = step.get("max_price", inputs.get("max_price"))
    price = auction.price(now)
    highest = price if limit is None else scaled(limit, RAY)
    return auction.take(scaled(formula(amount)), highest, now)


def check_take(case: Case) -> None:
    """``maker-take``: one purchase, or a sequence of them."""
    if "sequence" in case["inputs"]:
        _check_sequence(case)
        return
    know(
        case,
        VAULT | {"take_amt", "max_price", "t_s"},
        {
            "slice",
            "owe",
            "returned_to_owner",
            "auction_ended",
            "Dirt",
            "left_tab",
            "left_lot",
            "paid_approx",
            "uncollected_tab",
            "bad_debt",
            "price",
            "result",
        },
    )
    near = tolerance(case, "abs_paid").get("abs_paid", Fraction(0))
    done, auction = _bark(case["inputs"])
    took = _take(auction, case["inputs"], case["inputs"])
    expected = case["expected"]
    if took.refusal and "result" not in expected:
        raise CaseError(f"the purchase is refused: {took.refusal}")
    values = _after_take(done, took, Fraction(auction.price(case["inputs"]["t_s"]), RAY))
    for name, wanted in expected.items():
        if name in ("auction_ended", "result"):
            equal(name, values[name], wanted)
        else:
            # The tolerance is of what is paid; what follows from it is printed to its digits.
            derived = printed_unit(wanted) if name in ("uncollected_tab", "bad_debt") else 0
            allowed_error = near if name == "paid_approx" else Fraction(derived)
            same(name, values[name], wanted, absolute=allowed_error)


def _after_take(done: Bark, took: Take, price: Fraction) -> dict[str, Any]:
    paid, after = Fraction(took.paid, RAD), took.auction
    gone = after.ended
    return {
        "slice": Fraction(took.bought, WAD),
        "owe": paid,
        "paid_approx": paid,
        "returned_to_owner": Fraction(took.returned, WAD),
        "auction_ended": gone,
        "Dirt": Fraction(done.tab - took.released, RAD),
        "left_tab": Fraction(after.tab, RAD),
        "left_lot": Fraction(after.lot, WAD),
        "uncollected_tab": Fraction(took.uncollected, RAD),
        "bad_debt": max(Fraction(0), Fraction(done.due, RAD) - paid) if gone else Fraction(0),
        "price": price,
        "result": f"revert {took.refusal}" if took.refusal else "ok",
    }


def _check_sequence(case: Case) -> None:
    bidders = {step["bidder"] for step in case["inputs"]["sequence"] if "bidder" in step}
    ordinals = ["first", "second", "third", "fourth", "fifth"]
    numbered = [f"after_{i}" for i in range(1, 6)]
    know(case, VAULT | {"sequence"}, {*bidders, *ordinals, *numbered, "returned_to_owner"}, {"t_s"})
    tolerance(case)
    _, auction = _bark(case["inputs"])
    start = auction
    names = {"price": lambda t: Fraction(start.price(int(t)), RAY)}
    values: dict[str, Any] = {"returned_to_owner": Fraction(0)}
    for i, step in enumerate(case["inputs"]["sequence"]):
        if set(step) - {"take_amt", "amt", "bidder", "t_s", "max_price"}:
            raise CaseError(f"sequence[{i}] has unknown keys: {sorted(step)}")
        took = _take(auction, step, case["inputs"])
        auction = took.auction
        done = "ok, ends" if auction.ended else "ok"
        values[ordinals[i]] = f"revert {took.refusal}" if took.refusal else done
        values[numbered[i]] = {
            "tab": Fraction(auction.tab, RAD),
            "lot": Fraction(auction.lot, WAD),
        }
        values["returned_to_owner"] += Fraction(took.returned, WAD)
        if "bidder" in step:
            held = values.setdefault(step["bidder"], {"gem": Fraction(0), "paid": Fraction(0)})
            held["gem"] += Fraction(took.bought, WAD)
            held["paid"] += Fraction(took.paid, RAD)
    for name, wanted in case["expected"].items():
        if name in ordinals:
            equal(name, values.get(name), wanted)
            continue
        parts = wanted if isinstance(wanted, dict) else {"": wanted}
        found = values[name] if isinstance(values.get(name), dict) else {"": values.get(name)}
        for part, one in parts.items():
            if found.get(part) is None:
                raise CaseError(f"{name} {part} is unknown")
            # A formula is exact; amounts are rounded at 18 digits.
            near = Fraction(1, WAD) if isinstance(one, str) else Fraction(0)
            equation(f"{name} {part}", found[part], one, names, absolute=near)


def check_redo(case: Case) -> None:
    """``maker-redo``: when an auction must be reset, and what a keeper gets for it."""
    if "curve" not in case["inputs"]:
        _check_redo_reward(case)
        return
    know(
        case,
        {"curve", "tau_s", "buf", "cusp", "tail_s", "price_at_kick", "price_later"},
        {"needs_redo_at", "new_top"},
    )
    tolerance(case)
    inputs, expected = case["inputs"], case["expected"]
    equal("curve", inputs["curve"], "linear")
    rules = ClipRules(
        Linear(inputs["tau_s"]),
        buf=scaled(inputs["buf"], RAY),
        tail=inputs["tail_s"],
        cusp=scaled(inputs["cusp"], RAY),
    )
    auction = rules.kick(WAD, RAD, scaled(inputs["price_at_kick"], RAY), 0)
    for time, wanted in expected.get("needs_redo_at", {}).items():
        equal(f"needs_redo_at {time}", auction.needs_redo(int(time)), wanted)
    late = next(t for t in range(inputs["tail_s"] + 2) if auction.needs_redo(t))
    if auction.redo(RAY, late - 1).refusal != Refusal.CANNOT_RESET:
        raise CaseError(f"a reset is not refused at {late - 1} s")
    if "new_top" in expected:
        again = auction.redo(scaled(inputs["price_later"], RAY), late)
        same("new_top", Fraction(again.auction.top, RAY), expected["new_top"])


def _reward(tab: int, *, tip: Any, chip: Any, chost: int, lot: int, feed: int) -> Fraction:
    curve = Linear(2)
    rules = ClipRules(curve, RAY, 0, 0, chost, scaled(tip, RAD), scaled(chip))
    done = rules.kick(lot, tab, feed, 0).redo(feed, 1)
    if done.refusal:
        raise CaseError(f"the reset is refused: {done.refusal}")
    return Fraction(done.reward, RAD)


def _check_redo_reward(case: Case) -> None:
    know(case, {"tab", "chip", "tip_seq"}, {"reward", "zero_reward_when"}, {"tip"})
    tolerance(case)
    inputs, expected = case["inputs"], case["expected"]
    tab = scaled(inputs["tab"], RAD)
    if len(inputs["chip"]) != len(inputs["tip_seq"]):
        raise CaseError("chip and tip_seq must be of one length")
    if "tip" in inputs and inputs["tip"] != inputs["tip_seq"][0]:
        raise CaseError("tip must be the first of tip_seq")
    got = [
        _reward(tab, tip=tip, chip=chip, chost=tab, lot=WAD, feed=tab // WAD + 1)
        for tip, chip in zip(inputs["tip_seq"], inputs["chip"], strict=True)
    ]
    if "reward" in expected:
        every("reward", got, expected["reward"], same)
    if "zero_reward_when" in expected:
        text = expected["zero_reward_when"]
        rule = r"tab<chost \(([^()<]+)<([^()<]+)\) or lot\*feed<chost \((.+)\*(.+)<(.+)\)"
        found = re.fullmatch(rule, text)
        if not found:
            raise CaseError(f"{text!r} is not a rule that is known")
        small, above, lot, feed, chost = (formula(one) for one in found.groups())
        _reward_falls_away(small, above, lot=10**6, feed=10**6)
        same("tab", small, inputs["tab"])
        _reward_falls_away(lot * feed, chost, lot=lot, feed=feed)


def _reward_falls_away(worth: Fraction, chost: Fraction, *, lot: Any, feed: Any) -> None:
    """The reward is nothing where a worth is below ``chost``, and is paid at it."""
    tab = worth if lot * feed > worth else chost * 2
    facts = {"lot": scaled(lot), "feed": scaled(feed, RAY), "tip": 1, "chip": 0}
    below = _reward(scaled(tab, RAD), chost=scaled(chost, RAD), **facts)
    at = _reward(scaled(tab, RAD), chost=scaled(worth, RAD), **facts)
    if worth >= chost or below != 0 or at != 1:
        raise CaseError(f"reward is {below} at {worth} < {chost} and {at} at {worth}")


def check_breaker(case: Case) -> None:
    """``maker-breaker``: what each level of the circuit breaker leaves."""
    know(case, {"levels"}, {"allowed"})
    tolerance(case)
    wanted = case["expected"]["allowed"]
    if set(wanted) != {str(level) for level in case["inputs"]["levels"]}:
        raise CaseError(f"allowed has levels {sorted(wanted)}, not those of the inputs")
    auction = ClipRules(Linear(10), RAY, 5, 0).kick(WAD, RAD, RAY, 0)
    for level in case["inputs"]["levels"]:
        names = allowed(level)
        equal(f"allowed {level}", sorted(names), sorted(wanted[str(level)]))
        stopped = auction.take(1, RAY, 0, level=level).refusal == Refusal.STOPPED
        equal(f"take is stopped at {level}", stopped, "take" not in names)
        stopped = auction.redo(RAY, 6, level=level).refusal == Refusal.STOPPED
        equal(f"redo is stopped at {level}", stopped, "redo" not in names)


# ---------------------------------------------------------------------------------- Maker, Flip


class _Purses:
    """What bidders, the one who is owed and the owner have in an English auction."""

    def __init__(self, start: Fraction) -> None:
        self.start = start
        self.cash: dict[str, Fraction] = {}
        self.owed = Fraction(0)
        self.returned = Fraction(0)
        self.names: list[str] = []

    def of(self, name: str) -> int:
        """The number of a bidder."""
        if name not in self.names:
            self.names.append(name)
            self.cash[name] = self.start
        return self.names.index(name)

    def book(self, done: FlipBid) -> None:
        """Move what a bid moved."""
        for payer, payee, amount in done.payments:
            self.cash[self.names[payer]] -= Fraction(amount, WAD)
            if payee is None:
                self.owed += Fraction(amount, WAD)
            else:
                self.cash[self.names[payee]] += Fraction(amount, WAD)
        self.returned += Fraction(done.returned, WAD)


def check_flip(case: Case) -> None:
    """``maker-flip``: bids and what they move, the least improvement, or the times."""
    if "ttl_h" in case["inputs"]:
        _check_flip_times(case)
        return
    inputs, expected = case["inputs"], case["expected"]
    order = {"ok"} if "ok" in expected else set()
    bidders = {bid[0] for bid in (*inputs.get("bids", ()), *inputs.get("seq", ()))}
    known = {f"{name}_dai" for name in bidders} | {f"{name}_gem_after_deal" for name in bidders}
    know(
        case,
        {"lot", "tab"},
        known | order | {"gal_dai", "returned_to_owner"},
        {"start_dai", "bids", "seq", "beg"},
    )
    tolerance(case)
    if "start_dai" not in inputs and set(expected) & {f"{name}_dai" for name in bidders}:
        raise CaseError("balances need start_dai")
    beg = scaled(inputs.get("beg", "1.05"))
    auction = FlipAuction.kick(scaled(inputs["lot"]), scaled(inputs["tab"]), 0, beg=beg)
    purses, accepted = _Purses(number(inputs.get("start_dai", 0))), []
    steps = [(name, "tend", bid) for name, bid in inputs.get("bids", ())]
    for step in (*steps, *map(tuple, inputs.get("seq", ()))):
        done = _bid(auction, purses.of(step[0]), step[1:])
        accepted.append(not done.refusal)
        auction = done.auction
        purses.book(done)
    if "ok" in expected:
        every("ok", accepted, expected["ok"], equal)
    elif not all(accepted):
        raise CaseError(f"bids are refused: {accepted}")
    sold = Fraction(auction.deal(4 * 3600).sold, WAD)
    for name, wanted in expected.items():
        if name == "ok":
            continue
        if name.endswith("_gem_after_deal"):
            number_of = purses.of(name.removesuffix("_gem_after_deal"))
            got = sold if auction.guy == number_of else Fraction(0)
        elif name in ("gal_dai", "returned_to_owner"):
            got = purses.owed if name == "gal_dai" else purses.returned
        else:
            got = purses.cash[name.removesuffix("_dai")]
        same(name, got, wanted)


def _bid(auction: FlipAuction, bidder: int, what: tuple[Any, ...]) -> FlipBid:
    """``(kind, lot, bid)``, or ``(kind, x)``: the bid of a tend, the lot of a dent."""
    kind = what[0]
    if kind not in ("tend", "dent"):
        raise CaseError(f"{kind!r} is not a bid that is known")
    if len(what) == 3:
        lot, bid = scaled(what[1]), scaled(what[2])
    elif kind == "tend":
        lot, bid = auction.lot, scaled(what[1])
    else:
        lot, bid = scaled(what[1]), auction.bid
    move = auction.tend if kind == "tend" else auction.dent
    return move(bidder, lot, bid, 0)


def _check_flip_times(case: Case) -> None:
    inputs, expected = case["inputs"], case["expected"]
    know(case, {"ttl_h", "tau_h"}, expected)
    tolerance(case)
    ttl, tau = scaled(inputs["ttl_h"], 3600), scaled(inputs["tau_h"], 3600)
    fresh = FlipAuction.kick(WAD, WAD, 0, ttl=ttl, tau=tau)
    held = fresh.tend(0, WAD, 1, 0).auction
    for name, wanted in expected.items():
        after = re.fullmatch(r"deal_after_bid_(\d+)_(\d+)h", name)
        if after:
            hours = number(f"{after[1]}.{after[2]}")
            equal(name, not held.deal(scaled(hours, 3600)).refusal, wanted)
        elif name == "deal_before_ttl":
            early = [held.deal(ttl).refusal, held.deal(ttl + 1).refusal]
            if early != [Refusal.NOT_FINISHED, Refusal.NONE]:
                raise CaseError(f"a settlement at ttl and just after gives {early}")
            equal(name, not early[0], wanted)
        elif name == "no_bid_after_end":
            equal(name, "tick restarts, never refundable", wanted)
            again = fresh.tick(tau + 1)
            refused = fresh.deal(tau + 1).refusal or fresh.tend(0, WAD, 1, tau + 1).refusal
            if again.auction.end != 2 * tau + 1 or again.returned or not refused:
                raise CaseError(f"an auction without a bid: {again}")
        else:
            raise CaseError(f"expectation {name!r} is unknown")


# ----------------------------------------------------------------------------- Reflexer and Ajna


def check_fixed_discount(case: Case) -> None:
    """``rai-fixed-discount``."""
    know(
        case,
        {"redemption_price", "collateral_price", "discount", "collateral", "raise_amt", "bid"},
        {"sold_wei", "raised"},
    )
    tolerance(case)
    inputs = case["inputs"]
    bid = min(scaled(inputs["bid"]), scaled(inputs["raise_amt"]))
    price = discounted(_relative_price(inputs), scaled(inputs["discount"]))
    sold = bought_at(bid, price, scaled(inputs["collateral"]))
    values = {"sold_wei": sold, "raised": Fraction(bid, WAD)}
    for name, wanted in case["expected"].items():
        same(name, values[name], wanted)


def _relative_price(inputs: Case) -> int:
    return scaled(inputs["collateral_price"]) * RAY // scaled(inputs["redemption_price"], RAY)


def check_increasing_discount(case: Case) -> None:
    """``rai-increasing-discount``: one bid; 50 are to be raised unless the case says else."""
    know(
        case,
        {
            "rate_per_s_ray",
            "min_discount",
            "max_discount",
            "timeline_s",
            "redemption_price",
            "collateral_price",
            "collateral",
            "bid",
            "t_s",
        },
        {"left_collateral_wei", "current_discount_wad", "left_to_raise"},
        {"raise_amt"},
    )
    tolerance(case)
    inputs, now = case["inputs"], case["inputs"]["t_s"]
    raised = scaled(inputs.get("raise_amt", 50))
    curve = IncreasingDiscount(
        scaled(inputs["min_discount"]),
        scaled(inputs["max_discount"]),
        inputs["rate_per_s_ray"],
        inputs["timeline_s"],
    )
    bid, held = min(scaled(inputs["bid"]), raised), scaled(inputs["collateral"])
    price = curve.price(_relative_price(inputs), now)
    values = {
        "left_collateral_wei": held - bought_at(bid, price, held),
        "current_discount_wad": curve.next(curve.least, now, now),
        "left_to_raise": Fraction(raised - bid, WAD),
    }
    for name, wanted in case["expected"].items():
        same(name, values[name], wanted)


def check_ajna_price(case: Case) -> None:
    """``ajna-price``: wads to the last digit; a star marks a remark in the case."""
    know(case, {"reference_price", "t_s"}, {"price"})
    tolerance(case)
    reference = scaled(case["inputs"]["reference_price"])
    got = [Fraction(ajna_price(reference, t), WAD) for t in case["inputs"]["t_s"]]
    wanted = [str(one).removesuffix("*") for one in case["expected"]["price"]]
    every("price", got, wanted, same)


def check_ajna_bond(case: Case) -> None:
    """``ajna-bpf``: the bond factor of each row, as a wad."""
    know(case, {"bond_factor", "rows"}, {"bpf"})
    tolerance(case)
    got = []
    for row in case["inputs"]["rows"]:
        if set(row) != {"d2c", "np", "p"}:
            raise CaseError(f"a row has {sorted(row)}")
        factor = scaled(case["inputs"]["bond_factor"])
        bond = ajna_bond_factor(scaled(row["d2c"]), scaled(row["np"]), factor, scaled(row["p"]))
        got.append(Fraction(bond, WAD))
    every("bpf", got, case["expected"]["bpf"], same)


def check_ajna_reserve(case: Case) -> None:
    """``ajna-reserve``: the price at each hour."""
    know(case, {"reserves", "t_h"}, {"price"})
    tolerance(case)
    reserves = scaled(case["inputs"]["reserves"])
    times = [scaled(t, 3600) for t in case["inputs"]["t_h"]]
    got = [Fraction(ajna_reserve_price(reserves, t), WAD) for t in times]
    every("price", got, case["expected"]["price"], same)


# ------------------------------------------------------------------------------- call auctions


def _uncross(bids: list[Any], asks: list[Any], reference: int) -> Any:
    levels = [[(int(price), int(size)) for price, size in side] for side in (bids, asks)]
    return import_module("lob.venue.call_auction").uncross(*levels, reference)


def check_call_auction(case: Case) -> None:
    """``call-auction``: executable volume at each price, and the price and volume of the match."""
    know(case, {"bids", "asks"}, {"mev", "price", "volume"}, {"reference_price"})
    tolerance(case)
    inputs, expected = case["inputs"], case["expected"]
    bids, asks = inputs["bids"], inputs["asks"]
    executable = {
        price: min(
            sum(size for bid, size in bids if bid >= price),
            sum(size for ask, size in asks if ask <= price),
        )
        for price in {price for price, _ in (*bids, *asks)}
    }
    most = max(executable.values())
    for price, wanted in expected.get("mev", {}).items():
        if int(price) not in executable:
            raise CaseError(f"mev at {price}: nobody bids or asks there")
        same(f"mev at {price}", executable[int(price)], wanted)
    # Where one price has the largest volume, no reference can move it.
    alone = sum(volume == most for volume in executable.values()) == 1
    far = [0, 10 * max(executable)] if alone else []
    for reference in [inputs.get("reference_price", min(executable)), *far]:
        done = _uncross(bids, asks, reference)
        same("volume", done.volume, most)
        for name in sorted({"price", "volume"} & set(expected)):
            same(name, getattr(done, name), expected[name])


QUEDEX_RULES = ["max volume", "min |cum buy-cum sell|", "closest to last price"]
QUEDEX_LIMIT = "price limited so that no bankruptcy occurs"


def check_quedex(case: Case) -> None:
    """``quedex``: rules in words, in their order, each shown by a book that only it decides."""
    know(case, {"duration_s"}, {"rules", "constraint"})
    tolerance(case)
    expected = case["expected"]
    if "rules" in expected:
        equal("rules", expected["rules"], QUEDEX_RULES)
        largest = _uncross([(103, 5), (100, 5)], [(99, 8), (102, 2)], 103)
        same("the largest volume is", largest.volume, 8)
        same("and is traded at", largest.price, 100)
        # At 100 to 101 five trade; three bids more at 100 leave a surplus there.
        same("the least surplus is at", _uncross([(101, 5), (100, 3)], [(100, 5)], 90).price, 101)
        same(
            "the surplus decides before", _uncross([(101, 5), (100, 3)], [(100, 5)], 100).price, 101
        )
        for last, nearest in ((102, 102), (90, 100), (110, 104)):
            price = _uncross([(104, 5)], [(100, 5)], last).price
            same(f"nearest to {last} is", price, nearest)
    if "constraint" in expected:
        # The limit belongs to the design that calls the auction, which knows the accounts.
        equal("constraint", expected["constraint"], QUEDEX_LIMIT)


FAMILIES: dict[str, Checker] = {
    "ajna-bpf": check_ajna_bond,
    "ajna-price": check_ajna_price,
    "ajna-reserve": check_ajna_reserve,
    "call-auction": check_call_auction,
    "gauntlet-params": check_gauntlet,
    "maker-abaci-exp": check_exponential,
    "maker-abaci-linear": check_linear,
    "maker-abaci-stair": check_stair,
    "maker-bark": check_bark,
    "maker-breaker": check_breaker,
    "maker-flip": check_flip,
    "maker-params": check_maker_parameters,
    "maker-redo": check_redo,
    "maker-take": check_take,
    "quedex": check_quedex,
    "rai-fixed-discount": check_fixed_discount,
    "rai-increasing-discount": check_increasing_discount,
}
PENDING: dict[str, str] = {}
