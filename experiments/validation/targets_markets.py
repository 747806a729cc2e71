"""Targets about contagion, and about pools, auctions and prices."""

from typing import Any

from experiments.validation import auctions, contagion, exchange, execution, readers
from experiments.validation.cases import Case
from experiments.validation.target import Check, Target, ToleranceBand, Values

__all__ = ["TARGETS"]

PERCENT, MILLIONTH, EXACT = ToleranceBand(0.01), ToleranceBand(absolute=1.1e-6), ToleranceBand(1e-9)
NOISE = ToleranceBand(
    absolute=0.003
)  # what a published simulation of 100,000 auctions allowed itself


def _revenue(case: Case) -> Values:
    """Read the revenue, and that with a reserve where there are two: as computed and as paid."""
    if isinstance(case.expected, list):
        revenue, with_reserve = readers.listed("revenue", "with_reserve")(case).values()
        found = dict.fromkeys(("revenue", "first_price", "second_price"), revenue)
        return found | dict.fromkeys(("with_reserve", "first_price_with_reserve"), with_reserve)
    return {"revenue": case.expected, "first_price": case.expected}


def _simulated(*names: str, band: ToleranceBand = PERCENT) -> tuple[Check, ...]:
    return tuple(Check(f"{name}_simulated", name, band) for name in names)


def _target(name: str, source: str, compute: Any, cases: str, **others: Any) -> Target:
    return Target(name=name, source=source, compute=compute, cases=cases, **others)


TARGETS = (
    _target(
        "noise-price",
        "Thurner, Farmer, Geanakoplos 2012 (no funds)",
        exchange.noise_price,
        r"TFG-base",
        kind="product formula",
        modules=("agents.traders.fundamental",),
        read=readers.listed("deviation", "return_deviation", "autocorrelation"),
        bands={
            "deviation": ToleranceBand(absolute=5.1e-6),
            "return_deviation": ToleranceBand(absolute=5.1e-7),
            "autocorrelation": EXACT,
        },
        checks=_simulated("deviation", "return_deviation", "autocorrelation"),
        aliases={"V": None, "N": None},
    ),
    _target(
        "auction-revenue",
        "Vickrey 1961; Myerson 1981; Riley, Samuelson 1981",
        auctions.auction_revenue,
        r"AUC-.*",
        kind="book and agents",
        read=_revenue,
        bands=dict.fromkeys(("revenue", "with_reserve"), MILLIONTH)
        | dict.fromkeys(("first_price", "second_price", "first_price_with_reserve"), NOISE),
        checks=(
            Check("first_price", "revenue", NOISE),
            Check("second_price", "revenue", NOISE),
            Check("first_price_with_reserve", "with_reserve", NOISE),
        ),
    ),
    _target(
        "pool-sale",
        "the constant product",
        exchange.pool_sale,
        r"AMM",
        kind="book and agents",
        read=readers.listed("cash_out", "slippage", "drop"),
        bands={
            "cash_out": ToleranceBand(1e-6),
            "slippage": ToleranceBand(1e-6),
            "drop": ToleranceBand(1e-6),
        },
    ),
    _target(
        "loss-versus-rebalancing",
        "Milionis, Moallemi, Roughgarden, Zhang 2022",
        exchange.loss_versus_rebalancing,
        r"LVR-8",
        kind="book and agents",
        read=readers.listed("loss"),
        bands={"loss": PERCENT},
        checks=_simulated("loss"),
        aliases={"sigma a day": "sigma"},
    ),
    _target(
        "arbitrage-chance",
        "Milionis, Moallemi, Roughgarden 2023",
        exchange.arbitrage_chance,
        r"ARB-prob",
        kind="book and agents",
        read=readers.listed("chance"),
        bands={"chance": ToleranceBand(absolute=0.002)},
        checks=_simulated("chance"),
        aliases={"sigma a day": "sigma", "block s": "block"},
    ),
    _target(
        "constant-rate-cost",
        "Bouchaud et al. 2004; Gatheral 2010",
        execution.constant_rate_cost,
        r"PROP-twap",
        kind="book and agents",
        read=readers.listed("cost"),
        bands={"cost": ToleranceBand(absolute=1e-4)},
        checks=(Check("cost", "cost_theory", ToleranceBand(1e-6)),),
    ),
    _target(
        "toxic-in-a-pool",
        "arXiv 2510.10171",
        contagion.toxic_in_a_pool,
        r"MCF-(tox|dyn)",
        kind="product formula",
        modules=("lob.liquidation.formulas.health",),
        read=readers.whole_value("threshold"),
        bands={"threshold": MILLIONTH},
        aliases={"bonus i": "bonus", "c/y": "share"},
    ),
    _target(
        "looped-loss",
        "loops of borrowing (recomputed from an audit)",
        contagion.looped_loss,
        r"GATTO-Dstar",
        kind="product formula",
        modules=("lob.liquidation.formulas.health",),
        read=readers.listed("loss", "eligible"),
        bands={"loss": MILLIONTH, "eligible": MILLIONTH},
        aliases={"LT": "threshold", "bonus b": "bonus", "leverage L": "leverage"},
    ),
    _target(
        "stepwise-bad-debt",
        "loops of borrowing (recomputed from an audit)",
        contagion.stepwise_bad_debt,
        r"GATTO-cont",
        kind="product formula",
        modules=("lob.liquidation.formulas.health",),
        read=readers.listed("bad_debt"),
        bands={"bad_debt": ToleranceBand()},
        checks=(Check("left", "left_theory", PERCENT),),
        aliases={"LT": "threshold", "bonus b": "bonus"},
    ),
    _target(
        "aggregate-vulnerability",
        "Greenwood, Landier, Thesmar 2015",
        contagion.aggregate_vulnerability,
        r"GLT-av",
        kind="book and agents",
        read=readers.listed("vulnerability"),
        bands={"vulnerability": MILLIONTH},
        checks=(Check("through_books", "vulnerability", PERCENT),),
        aliases={
            "assets A": "assets",
            "leverage B": "leverage",
            "weights M": "weights",
            "impact L": "impact",
            "shock f": "shock",
            "equity E": "equity",
        },
    ),
    _target(
        "capital-rule",
        "Cifuentes, Ferrucci, Shin 2005",
        contagion.capital_rule,
        r"CFS-1",
        kind="theory only",
        read=readers.listed("sold", "price"),
        bands={"sold": ToleranceBand(absolute=0.002), "price": ToleranceBand(absolute=0.002)},
        aliases={"L": "liabilities", "r": "ratio"},
        note="the largest fixed point; where there is none with a sale of a part, it is refused",
    ),
    _target(
        "feedback-radius",
        "overlapping leveraged funds (own computation)",
        contagion.feedback_radius,
        r"FUNDS-radius",
        kind="theory only",
        read=readers.listed("radius"),
        bands={"radius": EXACT},
        checks=(Check("followed", "amplification", ToleranceBand(1e-6)),),
    ),
)
"""Targets in the order of docs/validation.md."""
