"""Targets about leverage: cascades, spirals, liquidation prices, auctions and sharing rules."""

from experiments.validation import readers
from experiments.validation.leverage import cascade, deleveraging, loss_spiral, pinned_fund
from experiments.validation.rules import (
    auction_clock,
    batch_auction,
    deleveraging_shares,
    impact_invariance,
    perpetual_prices,
    toxic_liquidation,
)
from experiments.validation.target import Check, Target, ToleranceBand

__all__ = ["TARGETS"]

PERCENT, MILLIONTH, EXACT = ToleranceBand(0.01), ToleranceBand(absolute=1.1e-6), ToleranceBand()

TARGETS = (
    Target(
        name="cascade",
        source="own derivation",
        compute=cascade,
        cases=r"CASC-.*",
        read=readers.whole_value("drop"),
        bands={"drop": EXACT},
        checks=(Check("drop", "drop_law", EXACT),),
        note="through the real book, clearing and forced sales; the mark is the best bid",
    ),
    Target(
        name="deleveraging",
        source="Greenwood, Landier, Thesmar 2015; Brunnermeier, Pedersen 2009 (one asset)",
        compute=deleveraging,
        cases=r"DELEV-.*",
        read=readers.keyed(amplification="amp", critical_leverage="Lcrit"),
        bands={"amplification": PERCENT, "critical_leverage": EXACT},
        checks=(Check("amplification", "amplification_theory", PERCENT),),
        aliases={"(L,A,D)": "cases"},
        note="through the real book: an agent that trades back to its leverage ten times a second",
    ),
    Target(
        name="loss-spiral",
        source="Brunnermeier, Pedersen 2009 (its form)",
        compute=loss_spiral,
        cases=r"BP-spiral",
        read=readers.whole_value("slope"),
        bands={"slope": ToleranceBand(0.02)},
        checks=(Check("slope_followed", "slope", ToleranceBand(1e-9)),),
        aliases={"(x0,m',x)": "cases"},
    ),
    Target(
        name="pinned-fund",
        source="Thurner, Farmer, Geanakoplos 2012",
        compute=pinned_fund,
        cases=r"TFG-forced",
        read=readers.keyed(ret="ret", hold="hold", amp="amp", W_after="W_after"),
        bands={
            "ret": ToleranceBand(absolute=1e-6),
            "hold": ToleranceBand(absolute=1e-6),
            "amp": ToleranceBand(absolute=1e-6),
            "W_after": ToleranceBand(absolute=1e-6),
        },
        aliases={"shock to noise cash": "shock"},
        note="the fund's own demand, in a market that clears at one price",
    ),
    Target(
        name="toxic-liquidation",
        source="Warmuz, Chaudhary, Pinna 2022",
        compute=toxic_liquidation,
        cases=r"TOX",
        read=readers.keyed(
            frontier="frontier",
            bad_debt="LTV .96,i=.05 bad debt/c",
            after_94="LTV .94 -> after repaying 1% of c",
            after_96="LTV .96 ->",
        ),
        bands={
            "frontier": ToleranceBand(absolute=5.1e-6),
            "bad_debt": ToleranceBand(absolute=5.1e-6),
            "after_94": MILLIONTH,
            "after_96": MILLIONTH,
        },
    ),
    Target(
        name="perpetual-prices",
        source="maintenance on the current notional",
        compute=perpetual_prices,
        cases=r"PERP-liq",
        read=readers.keyed(long="long", short="short L10"),
        bands={"long": MILLIONTH, "short": MILLIONTH},
        aliases={"(L,m)": "cases"},
    ),
    Target(
        name="invariance-crash",
        source="Kyle, Obizhaeva 2023",
        compute=impact_invariance,
        cases=r"KO-flash",
        read=lambda case: {"predicted": case.expected["predicted"]},
        bands={"predicted": ToleranceBand(absolute=5.1e-5)},
        note="the decline that happened is context: the theory is held to its own figure",
    ),
    Target(
        name="invariance-scaling",
        source="Kyle, Obizhaeva",
        compute=impact_invariance,
        cases=r"KO-scale",
        read=readers.listed("benchmark", "scaling"),
        bands={"benchmark": ToleranceBand(1e-9), "scaling": ToleranceBand(absolute=5.1e-5)},
        aliases={"PV": None},
    ),
    Target(
        name="auction-clock",
        source="Maker, liquidations 2.0",
        compute=auction_clock,
        cases=r"CLIP",
        read=readers.whole_value("seconds"),
        bands={"seconds": EXACT},
    ),
    Target(
        name="batch-auction",
        source="Budish, Cramton, Shim 2015 (a micro-test)",
        compute=batch_auction,
        cases=r"FBA",
        read=readers.listed("volume", "interval", "gains"),
        bands={"volume": EXACT, "interval": EXACT, "gains": EXACT},
    ),
    Target(
        name="deleveraging-shares",
        source="venues' published rules (a toy)",
        compute=deleveraging_shares,
        cases=r"ADL-toy",
        read=readers.keyed(queue="queue", pro_rata="pro-rata pnl", weighted="lev-weighted"),
        bands={"queue": EXACT, "pro_rata": EXACT, "weighted": EXACT},
        aliases={"rank": None},
    ),
)
"""Targets in the order of docs/validation.md."""
