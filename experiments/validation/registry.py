"""Every target: where it comes from, what it reads from a published case, how far it may differ."""

import re
from typing import Any

from experiments.validation.books import linear_sweep, order_flow_imbalance, square_root_law
from experiments.validation.cases import Case
from experiments.validation.double_auction import double_auction
from experiments.validation.execution import almgren_chriss, almgren_impact, obizhaeva_wang
from experiments.validation.information import glosten_milgrom, kyle, roll
from experiments.validation.making import avellaneda_stoikov
from experiments.validation.order_signs import hawkes, hurst_of_splitting, order_splitting
from experiments.validation.queues import (
    cont_de_larrard,
    cont_de_larrard_limit,
    cont_stoikov_talreja,
    cst_parameters,
    next_change,
    queue_at_rest,
)
from experiments.validation.santa_fe import santa_fe, santa_fe_scaling
from experiments.validation.tails import hill_on_student
from experiments.validation.target import Band, Check, Target, Values

__all__ = ["TARGETS", "parameters_of"]


def _listed(*names: str) -> Any:
    """Read a list of expected values in the order of these names; a lone value is the first."""

    def read(case: Case) -> Values:
        expected = case.expected if isinstance(case.expected, list) else [case.expected]
        if len(expected) != len(names):
            raise ValueError(
                f"{case.id}: {len(names)} expected values are read, got {case.expected!r}"
            )
        return dict(zip(names, expected, strict=True))

    return read


def _whole(name: str) -> Any:
    """Read all that is expected as one value, a table or a list."""
    return lambda case: {name: case.expected}


def _keyed(**names: str) -> Any:
    """Read an object of expected values: ours by the source's name, which may hold spaces."""

    def read(case: Case) -> Values:
        if not isinstance(case.expected, dict):
            raise ValueError(f"{case.id}: an object is expected, got {case.expected!r}")
        unread = set(case.expected) - set(names.values())
        if unread:
            raise ValueError(f"{case.id}: no reader for {', '.join(sorted(unread))}")
        return {
            ours: case.expected[theirs] for ours, theirs in names.items() if theirs in case.expected
        }

    return read


def _almgren_chriss(case: Case) -> Values:
    if isinstance(case.expected, dict):
        names = {"holdings": "x", "kappa": "kappa", "theta": "theta_days"}
        names |= {"expected_cost": "E", "standard_deviation": "sd"}
        return dict(_keyed(**names)(case))
    if isinstance(case.expected, list):
        return dict(_listed("expected_cost", "standard_deviation")(case))
    return {"instant_cost": case.expected}


def _santa_fe(case: Case) -> Values:
    names = {
        "spread": "spread",
        "V0.5": "variance",
        "MOimpact": "impact",
        "Dlate": "late_diffusion",
        "smalleps": "spread",
    }
    kind = case.id.split("-")[1]
    if kind == "depth":
        numbers = re.fullmatch(r"mean=alpha/delta, Fano=([\d.]+)", str(case.expected))
        if not numbers:
            raise ValueError(f"{case.id}: no reader for {case.expected!r}")
        return {"far_depth": 1.0, "far_fano": float(numbers[1])}
    return {names[kind]: case.expected}


def _hurst(case: Case) -> Values:
    return {"hurst": case.expected["market"][0]}


def _zero_intelligence(case: Case) -> Values:
    """The mean over the five markets: which schedules they had is not in the text."""
    found = case.expected["ZI-C"]
    return {"constrained": sum(found) / len(found)}


def _square_root(case: Case) -> Values:
    return {"delta": case.expected["delta TSE"]}


def parameters_of(target: Target, case: Case) -> dict[str, Any]:
    """Return a case's parameters as ``target.compute`` takes them.

    Raises
    ------
    ValueError
        If the case has a parameter that the target does not know.
    """
    given = dict(case.parameters)
    extra: dict[str, Any] = {}
    if target.name == "santa-fe":
        given, extra = _santa_fe_parameters(case)
    elif target.name == "avellaneda-stoikov":
        extra = {"strategy": "symmetric" if "-sym-" in case.id else "inventory"}
    elif target.name == "next-change":
        pairs = [re.fullmatch(r"i=(\d+),n=(\d+)", key) for key in case.expected]
        if not all(pairs):
            raise ValueError(f"{case.id}: no reader for {', '.join(case.expected)}")
        extra = {"at": [[int(pair[1]), int(pair[2])] for pair in pairs if pair]}
        extra |= _first_rates(given)
    elif target.name == "glosten-milgrom":
        extra = {"buys": len(case.expected["ask k=0..3"])} if "ask k=0..3" in case.expected else {}
    elif target.name == "order-splitting":
        extra = {"lags": [int(lag) for lag in case.expected]}
    elif target.name == "obizhaeva-wang":
        _same_density(given, case)
    try:
        return target.translate(given) | extra
    except ValueError as error:
        raise ValueError(f"{case.id}: {error}") from None


def _santa_fe_parameters(case: Case) -> tuple[dict[str, Any], dict[str, Any]]:
    """From the file's redundant description of the book: mu, alpha and delta fix the rest."""
    given = dict(case.parameters)
    if set(given) == {"any"}:
        return {}, {}
    eps = given.get("eps", given.get("eps=2*delta*sigma/mu"))
    if "eps" in given:  # a limit: a finer tick and a shorter reach
        number = float(str(eps).lstrip("<= "))
        return {}, {"eps": number, "granularity": 0.005, "window": 4.0}
    unit = given.get("p_c_ticks", 50)
    window = given.get("LO window ticks from opposite best", 10 * unit) / unit
    known = {
        "eps=2*delta*sigma/mu", "mu_total_MO_rate", "MO rate per side", "sigma", "p_c_ticks",
        "alpha_per_side_per_tick", "delta_per_order", "dp/p_c", "run",
        "LO window ticks from opposite best",
    }  # fmt: skip
    for name in set(given) - known:
        raise ValueError(f"{case.id}: no reader for parameter {name!r}")
    mu = given.get("mu_total_MO_rate", 1.0)
    stated = {
        "delta_per_order": eps * mu / 2,
        "alpha_per_side_per_tick": mu / (2 * unit),
        "dp/p_c": 1 / unit,
        "MO rate per side": mu / 2,
        "sigma": 1,
    }
    for name, implied in stated.items():
        if abs(given.get(name, implied) - implied) > 1e-9 * abs(implied):
            raise ValueError(f"{case.id}: {name} = {given[name]!r}, but the rest gives {implied!r}")
    return {}, {"eps": eps, "granularity": 1 / unit, "window": window}


def _first_rates(given: dict[str, Any]) -> dict[str, Any]:
    """The case states the rates at one tick only; those further out are the source's table."""
    from experiments.validation.queues import BIRTHS, CANCELLATIONS

    arrival = given.pop("lambda(1)", BIRTHS[0])
    cancellation = given.pop("theta(1)", CANCELLATIONS[0])
    return {
        "arrivals": [arrival, *BIRTHS[1:]],
        "cancellations": [cancellation, *CANCELLATIONS[1:]],
    }


def _same_density(given: dict[str, Any], case: Case) -> None:
    """Kappa is what permanent impact leaves of 1 / q: it must not be stated otherwise."""
    if {"q", "lambda", "kappa"} <= set(given):
        left = 1 / given["q"] - given["lambda"]
        if abs(left - given["kappa"]) > 1e-9 / given["q"]:
            raise ValueError(f"{case.id}: kappa = {given['kappa']!r}, but 1/q - lambda = {left!r}")


PERCENT, EXACT = Band(0.01), Band(1e-6)
FIFTH_DIGIT = Band(absolute=6e-6)  # values printed to five decimals, and one unit of the last

TARGETS = (
    Target(
        name="almgren-chriss",
        source="Almgren, Chriss 2000",
        compute=almgren_chriss,
        cases=r"AC-.*",
        read=_almgren_chriss,
        bands={
            "holdings": Band(absolute=0.5),
            "kappa": Band(absolute=6e-5),
            "theta": Band(absolute=6e-4),
            "expected_cost": Band(1e-6),
            "standard_deviation": Band(1e-6),
            "instant_cost": Band(1e-9),
        },
        checks=(
            Check("expected_cost_simulated", "expected_cost", Band(0.02)),
            Check("standard_deviation_simulated", "standard_deviation", Band(0.02)),
        ),
        aliases={
            "S0": "start_price", "X": "shares", "T": "horizon_days", "N": "periods",
            "lambda": "risk_aversion",
        },
    ),
    Target(
        name="obizhaeva-wang",
        source="Obizhaeva, Wang 2013",
        compute=obizhaeva_wang,
        cases=r"OW-.*",
        read=_keyed(block="block", continuous="cont", cost="cost", twap_cost="TWAP cost"),
        bands={"block": Band(0.005), "continuous": Band(0.005), "cost": Band(0.001),
               "twap_cost": Band(0.001)},
        checks=(
            Check("cost_simulated", "cost", Band(1e-6)),
            Check("twap_cost_simulated", "twap_cost", Band(1e-6)),
        ),
        aliases={
            "X0": "shares", "q": "book_density", "lambda": "permanent_impact", "kappa": None,
            "T": "horizon", "rho": "resilience",
        },
    ),
    Target(
        name="almgren-impact",
        source="Almgren, Thum, Hauptmann, Li 2005",
        compute=almgren_impact,
        cases=r"ALM05-.*",
        read=_keyed(permanent_bps="I", cost_bps="J"),
        bands={"permanent_bps": Band(absolute=0.5), "cost_bps": Band(absolute=0.5)},
        aliases={"sigma_bp": "sigma_bps", "V": "daily_volume", "Theta": "shares_outstanding"},
    ),
    Target(
        name="kyle",
        source="Kyle 1985",
        compute=kyle,
        cases=r"KYLE-.*",
        read=_listed("price_impact", "aggressiveness", "variance_left", "insider_profit"),
        bands=dict.fromkeys(
            ("price_impact", "aggressiveness", "variance_left", "insider_profit"), EXACT
        ),
        checks=tuple(
            Check(f"{name}_simulated", name, PERCENT)
            for name in ("price_impact", "variance_left", "insider_profit")
        ),
        aliases={"Sigma0": "prior_variance", "sigma_u": "noise_sigma"},
    ),
    Target(
        name="glosten-milgrom",
        source="Glosten, Milgrom 1985",
        compute=glosten_milgrom,
        cases=r"GM(-.*)?",
        read=_keyed(initial_spread="initial spread", asks="ask k=0..3"),
        bands={"initial_spread": Band(absolute=1e-5), "asks": Band(absolute=1e-5)},
        checks=(Check("initial_spread_simulated", "initial_spread", PERCENT),),
        aliases={"a": "informed"},
    ),
    Target(
        name="roll",
        source="Roll 1984",
        compute=roll,
        cases=r"ROLL(-.*)?",
        read=_listed("covariance", "spread"),
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
        compute=avellaneda_stoikov,
        cases=r"AS-(inv|sym)-.*",
        read=_listed("profit", "profit_deviation", "inventory_deviation"),
        bands={"profit": PERCENT, "profit_deviation": Band(0.02), "inventory_deviation": Band(0.02)},
        aliases={
            "s0": "start_price", "T": "horizon", "dt": "step", "k": "decay", "A": "intensity",
            "q0": "start_inventory", "fills": None, "spread": None,
        },
        slow=True,
    ),
    Target(
        name="cst-table-3",
        source="Cont, Stoikov, Talreja 2010",
        compute=cont_stoikov_talreja,
        cases=r"CST-T3.*",
        read=_whole("up"),
        bands={"up": Band(absolute=0.003)},
        checks=(Check("up_simulated", "up", Band(absolute=0.003)),),
        aliases={
            "lambda(1)": "arrival", "theta(1)": "cancellation", "mu": "market", "spread": None,
            "unit orders": None,
        },
    ),
    Target(
        name="cst-parameters",
        source="Cont, Stoikov, Talreja 2010",
        compute=cst_parameters,
        cases=r"CST-params",
        read=lambda case: {
            ours: case.expected[theirs]
            for ours, theirs in {
                "arrivals": "lambda", "cancellations": "theta", "market": "mu", "far_level": "k",
                "far_exponent": "alpha", "far_cancellation": "theta(i>5)",
            }.items()
        },
        bands=dict.fromkeys(
            ("arrivals", "cancellations", "market", "far_level", "far_exponent",
             "far_cancellation"),
            Band(1e-12),
        ),
        note="inputs, not results: the rates that the other targets of this paper start from",
    ),
    Target(
        name="next-change",
        source="Cont, Stoikov, Talreja 2010",
        compute=next_change,
        cases=r"CST-Pi.*",
        read=lambda case: {"grows": list(case.expected.values())},
        bands={"grows": Band(absolute=0.005)},
        checks=(Check("grows_simulated", "grows", Band(absolute=0.005)),),
        aliases={"mu": "market", "spread": None, "unit orders": None},
    ),
    Target(
        name="queue-at-rest",
        source="Huang, Lehalle, Rosenbaum 2015",
        compute=queue_at_rest,
        cases=r"QR-.*",
        read=_keyed(law="pi0..5", mean="mean"),
        bands={"law": Band(absolute=6e-5), "mean": Band(absolute=6e-5)},
        checks=(Check("total_variation", "no_distance", Band(absolute=0.01)),),
        aliases={"lambda": "arrival", "mu": "market", "theta": "cancellation"},
    ),
    Target(
        name="cont-de-larrard",
        source="Cont, de Larrard 2013",
        compute=cont_de_larrard,
        cases=r"CDL-T.*",
        read=_whole("up"),
        bands={"up": Band(absolute=1e-4)},
        checks=(Check("up_simulated", "up", Band(absolute=0.004)),),
        aliases={"lambda=mu+theta (per side)": "arrival", "start": None},
        note="the case recalled its integral; ours is derived (docs/validation.md)",
    ),
    Target(
        name="cont-de-larrard-limit",
        source="Cont, de Larrard 2013",
        compute=cont_de_larrard_limit,
        cases=r"CDL-limit.*",
        read=_whole("up"),
        bands={"up": Band(absolute=1e-4)},
        checks=(Check("up_discrete", "up", Band(absolute=0.005)),),
        aliases={"x/y": "ratios", "rho": "correlation"},
    ),
    Target(
        name="linear-sweep",
        source="Toth et al. 2011 (linear book)",
        compute=linear_sweep,
        cases=r"SWEEP-.*",
        read=_listed("shift", "average"),
        bands={"shift": Band(0.005), "average": Band(0.005)},
        checks=(
            Check("shift", "shift_theory", Band(0.005)),
            Check("average", "average_theory", Band(0.005)),
            Check("submitted_average", "average", Band(1e-12)),
        ),
        aliases={"L": "slope", "Q": "size"},
    ),
    Target(
        name="square-root-law",
        source="Toth et al. 2011; Sato, Kanazawa 2024",
        compute=square_root_law,
        cases=r"SQRT-law",
        read=_square_root,
        bands={"delta": Band(absolute=0.1)},
        checks=(
            Check("delta", "delta_theory", Band(absolute=0.01)),
            Check("prefactor", "prefactor_theory", Band(0.05)),
        ),
        aliases={"Q/V": None},
        note="a linear book at rest gives the square root by construction: this checks the fit "
        "and the engine, not a market; the prefactor is that of the book, not of a stock",
    ),
    Target(
        name="order-flow-imbalance",
        source="Cont, Kukanov, Stoikov 2014",
        compute=order_flow_imbalance,
        cases=r"CKS-stylised.*",
        read=_keyed(slope="slope", slope_theory="theory", r_squared="R2"),
        bands={"slope": Band(0.02), "slope_theory": Band(1e-12), "r_squared": Band(absolute=0.02)},
        checks=(Check("slope", "slope_theory", Band(0.02)),),
        aliases={"D": "depths", "events": None},
    ),
    Target(
        name="hawkes",
        source="Hawkes, Oakes 1974",
        compute=hawkes,
        cases=r"HAWKES.*",
        read=_keyed(size="size", fano="fano", alone="P1"),
        bands={"size": Band(1e-4), "fano": Band(1e-3), "alone": Band(2e-4)},
        checks=(
            Check("size_simulated", "size", Band(0.02)),
            Check("fano_simulated", "fano", Band(0.05)),
            Check("alone_simulated", "alone", Band(0.02)),
        ),
        aliases={"n": "branching"},
    ),
    Target(
        name="order-splitting",
        source="Lillo, Mike, Farmer 2005",
        compute=order_splitting,
        cases=r"LMF-.*",
        read=lambda case: {"correlation": list(case.expected.values())},
        bands={"correlation": FIFTH_DIGIT},
        checks=(Check("correlation_simulated", "correlation", Band(0.05, 0.01)),),
        note="heavy tails: a finite sample comes out low, the more so at long lags",
    ),
    Target(
        name="hurst",
        source="Lillo, Farmer 2004",
        compute=hurst_of_splitting,
        cases=r"LF-hurst",
        read=_hurst,
        bands={"hurst": Band(absolute=0.1)},
        checks=(Check("hurst", "hurst_theory", Band(absolute=0.05)),),
        note="published for market orders in London; ours is what splitting orders alone gives",
    ),
    Target(
        name="hill",
        source="Hill 1975",
        compute=hill_on_student,
        cases=r"SFACT-hill-estimator",
        read=_whole("index"),
        bands={"index": Band(absolute=0.1)},
        aliases={"df": "degrees"},
        note="the estimator is biased low on a wide tail: the true exponent is the degrees",
    ),
    Target(
        name="double-auction",
        source="Gode, Sunder 1993",
        compute=double_auction,
        cases=r"GS-.*",
        read=_zero_intelligence,
        bands={"constrained": Band(absolute=4.0)},
        aliases={"ZI-U": None, "ZI-C": None},
        note="the schedules of the paper are in figures only: ours is a straight demand and "
        "supply, so only the level of constrained traders is comparable (mean of its markets)",
    ),
    Target(
        name="santa-fe",
        source="Smith, Farmer, Gillemot, Krishnamurthy 2003",
        compute=santa_fe,
        cases=r"SF-(spread|V0\.5|MOimpact|Dlate|smalleps|depth)-.*",
        read=_santa_fe,
        bands={
            "spread": PERCENT,
            "variance": Band(0.04),
            "impact": PERCENT,
            "late_diffusion": Band(0.06),
            "far_depth": PERCENT,
            "far_fano": Band(absolute=0.03),
        },
        checks=(Check("far_found", "far_law", Band(absolute=0.03)),),
        slow=True,
    ),
    Target(
        name="santa-fe-scaling",
        source="Smith, Farmer, Gillemot, Krishnamurthy 2003",
        compute=santa_fe_scaling,
        cases=r"SF-scaling-.*",
        read=_whole("exponents"),
        bands={"exponents": Band(absolute=0.2)},
        aliases={"eps range": None},
        slow=True,
    ),
)  # fmt: skip
"""Every target, in the order of the table in docs/validation.md."""
