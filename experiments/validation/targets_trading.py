"""Targets about those who trade: execution, information, market making, and the tools of both."""

from experiments.validation import readers
from experiments.validation.books import linear_sweep, square_root_law
from experiments.validation.double_auction import double_auction
from experiments.validation.execution import almgren_chriss, almgren_impact, obizhaeva_wang
from experiments.validation.information import glosten_milgrom, kyle, roll
from experiments.validation.making import avellaneda_stoikov
from experiments.validation.tails import hill_on_student
from experiments.validation.target import Check, Target, ToleranceBand

__all__ = ["TARGETS"]

PERCENT, EXACT = ToleranceBand(0.01), ToleranceBand(1e-6)
FIFTH_DIGIT = ToleranceBand(
    absolute=6e-6
)  # values printed to five decimals, and one unit of the last

KYLE = ("price_impact", "aggressiveness", "variance_left", "insider_profit")

PROFIT = ("profit", "profit_deviation", "inventory_deviation")

TARGETS = (
    Target(
        name="almgren-chriss",
        source="Almgren, Chriss 2000",
        kind="book and agents",
        compute=almgren_chriss,
        cases=r"AC-.*",
        read=readers.almgren_chriss,
        bands={
            "holdings": ToleranceBand(absolute=0.5),
            "kappa": ToleranceBand(absolute=6e-5),
            "theta": ToleranceBand(absolute=6e-4),
            "expected_cost": ToleranceBand(1e-6),
            "standard_deviation": ToleranceBand(1e-6),
            "instant_cost": ToleranceBand(1e-6),
        },
        checks=(
            Check("expected_cost", "expected_cost_theory", ToleranceBand(1e-6)),
            Check("standard_deviation", "standard_deviation_theory", ToleranceBand(1e-6)),
        ),
        aliases={
            "S0": "start_price",
            "X": "shares",
            "T": "horizon_days",
            "N": "periods",
            "lambda": "risk_aversion",
        },
    ),
    Target(
        name="obizhaeva-wang",
        source="Obizhaeva, Wang 2013",
        kind="book and agents",
        compute=obizhaeva_wang,
        cases=r"OW-.*",
        read=readers.keyed(block="block", continuous="cont", cost="cost", twap_cost="TWAP cost"),
        bands={
            "block": ToleranceBand(0.005),
            "continuous": ToleranceBand(0.005),
            "cost": ToleranceBand(0.001),
            "twap_cost": ToleranceBand(0.001),
        },
        checks=(
            Check("block", "block_theory", ToleranceBand(1e-6)),
            Check("continuous", "continuous_theory", ToleranceBand(1e-6)),
            Check("cost", "cost_theory", ToleranceBand(1e-3)),
            Check("twap_cost", "twap_cost_theory", ToleranceBand(1e-3)),
        ),
        aliases={
            "X0": "shares",
            "q": "book_density",
            "lambda": "permanent_impact",
            "kappa": None,
            "T": "horizon",
            "rho": "resilience",
        },
    ),
    Target(
        name="almgren-impact",
        source="Almgren, Thum, Hauptmann, Li 2005",
        kind="theory only",
        compute=almgren_impact,
        cases=r"ALM05-.*",
        read=readers.keyed(permanent_bps="I", cost_bps="J"),
        bands={
            "permanent_bps": ToleranceBand(absolute=0.5),
            "cost_bps": ToleranceBand(absolute=0.5),
        },
        aliases={"sigma_bp": "sigma_bps", "V": "daily_volume", "Theta": "shares_outstanding"},
    ),
    Target(
        name="kyle",
        source="Kyle 1985",
        kind="book and agents",
        compute=kyle,
        cases=r"KYLE-.*",
        read=readers.also(readers.listed(*KYLE), "theory"),
        bands=dict.fromkeys(KYLE, PERCENT) | {f"{name}_theory": EXACT for name in KYLE},
        checks=tuple(Check(name, f"{name}_theory", PERCENT) for name in KYLE),
        aliases={"Sigma0": "prior_variance", "sigma_u": "noise_sigma"},
    ),
    Target(
        name="glosten-milgrom",
        source="Glosten, Milgrom 1985",
        kind="book and agents",
        compute=glosten_milgrom,
        cases=r"GM(-.*)?",
        read=readers.also(readers.glosten_milgrom, "theory"),
        bands={
            "initial_spread": ToleranceBand(absolute=1e-5),
            "asks": ToleranceBand(absolute=1e-5),
            "initial_spread_theory": ToleranceBand(absolute=1e-5),
            "asks_theory": ToleranceBand(absolute=1e-5),
        },
        checks=(
            Check("asks", "asks_theory", ToleranceBand(1e-5, 1e-6)),
            Check("asks_value", "asks", PERCENT),
            Check("initial_spread_value", "initial_spread", PERCENT),
        ),
        aliases={"a": "informed"},
    ),
    Target(
        name="roll",
        source="Roll 1984",
        kind="book and agents",
        compute=roll,
        cases=r"ROLL(-.*)?",
        read=readers.listed("covariance", "spread"),
        bands={"covariance": PERCENT, "spread": PERCENT},
        checks=(
            Check("covariance_simulated", "covariance", PERCENT),
            Check("spread_simulated", "spread", PERCENT),
        ),
        aliases={"c": "half_spread", "iid signs": None},
    ),
    Target(
        name="avellaneda-stoikov",
        source="Avellaneda, Stoikov 2008",
        kind="book and agents",
        compute=avellaneda_stoikov,
        cases=r"AS-(inv|sym)-.*",
        read=readers.also(readers.listed(*PROFIT), "traded"),
        bands={
            f"{name}{by}": PERCENT if name == "profit" else ToleranceBand(0.02)
            for name in PROFIT
            for by in ("", "_traded")
        },
        aliases={
            "s0": "start_price",
            "T": "horizon",
            "dt": "step",
            "k": "decay",
            "A": "intensity",
            "q0": "start_inventory",
            "fills": None,
            "spread": None,
        },
        checks=(
            Check("profit", "profit_exact", PERCENT),
            Check("profit_deviation", "profit_deviation_exact", ToleranceBand(0.02)),
            Check("inventory_deviation", "inventory_deviation_exact", ToleranceBand(0.02)),
            *(Check(f"{name}_traded", name, ToleranceBand(0.02)) for name in PROFIT),
        ),
    ),
    Target(
        name="linear-sweep",
        source="Toth et al. 2011 (linear book)",
        kind="book and agents",
        compute=linear_sweep,
        cases=r"SWEEP-.*",
        read=readers.listed("shift", "average"),
        bands={"shift": ToleranceBand(0.005), "average": ToleranceBand(0.005)},
        checks=(
            Check("shift", "shift_theory", ToleranceBand(0.005)),
            Check("average", "average_theory", ToleranceBand(0.005)),
            Check("submitted_average", "average", ToleranceBand(1e-12)),
        ),
        aliases={"L": "slope", "Q": "size"},
    ),
    Target(
        name="square-root-law",
        source="Toth et al. 2011; Sato, Kanazawa 2024",
        kind="book and agents",
        compute=square_root_law,
        cases=r"SQRT-law",
        read=readers.square_root,
        bands={},
        checks=(
            Check("delta", "delta_theory", ToleranceBand(absolute=0.01)),
            Check("prefactor", "prefactor_theory", ToleranceBand(0.05)),
        ),
        aliases={"Q/V": None},
        note="the published exponent is shown, not a gate: a linear book at rest gives the square "
        "root by construction, so this checks the fit and the engine, not a market; the prefactor "
        "is that of the book",
    ),
    Target(
        name="hill",
        source="Hill 1975",
        kind="product formula",
        modules=("experiments.metrics.stylized",),
        compute=hill_on_student,
        cases=r"SFACT-hill-estimator",
        read=readers.whole_value("index"),
        bands={"index": ToleranceBand(absolute=0.1)},
        aliases={"df": "degrees"},
        note="the estimator is biased low on a wide tail: the true exponent is the degrees",
    ),
    Target(
        name="double-auction",
        source="Gode, Sunder 1993",
        kind="book and agents",
        compute=double_auction,
        cases=r"GS-.*",
        read=readers.zero_intelligence,
        bands={"constrained": ToleranceBand(absolute=4.0)},
        aliases={"ZI-U": None, "ZI-C": None},
        note="the schedules of the paper are in figures only: ours is a straight demand and "
        "supply, so only the level of constrained traders is comparable (mean of its markets)",
    ),
)
"""Targets in the order of docs/validation.md."""
