"""Maker market: what a record tells directly, and a search by simulation for the rest."""

from collections.abc import Callable
from math import exp, log
from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments.calibration.facts import GATE_LIMIT, GATES, Facts, distance
from experiments.calibration.fit.findings import Findings, FitError
from experiments.calibration.fit.maker_direct import (
    AGES,
    RATES,
    asked_sizes,
    clusters,
    hazard,
    places,
    put_quantiles,
    quantiles,
    with_beyond,
)
from experiments.calibration.fit.maker_match import CLOSE, SEEDS, matched, simulated
from experiments.calibration.fit.observed import Observed
from experiments.calibration.measure import measure
from lob.checks import integer
from lob.counted import counted

__all__ = ["fit_maker_market"]

LEAST_ORDERS = 500
"""Fewer market orders than this do not tell three kernels and what follows on them; chosen."""
MOST_MINUTES = 100
SEARCH_SEEDS = 3
"""Of each trial; chosen: of fewer, the search finds what suits these seeds alone."""
SEED = 1
"""Of the search; scores begin at 1001."""
STEP = 0.35
"""First deviation of the search in logarithms; chosen."""
IMPACT = 0.18 / (0.028 / (24 * 94_000) ** 0.5)
"""Bps of the first lot over sigma / sqrt(V) of a day: as ``equity`` has it."""
SHARES = {"join": 0.174, "undercut": 0.518, "reach": 0.656, "news_followers": 0.592}
AMOUNTS = {
    "limit_rate": 1.0, "gap": 1.0, "reaction": 13.4, "volatility": 1.0, "news_rate": 0.0252,
    "fast_answers": 0.0636, "slow_answers": 2.75, "young": 1.0, "middle": 1.0, "old": 0.1,
    "least_gap": 0.801, "calm": 1.0, "clusters": 1.0,
}  # fmt: skip
"""Where the search begins: as ``equity``, or factors on what the record tells."""
CHOSEN = {
    "permanent": 0.38, "decays": [0.008, 0.0003, 0.00005], "forgetting": 0.00005,
    "thinning": 0.58, "answer_same": [0.919] * 3, "answer_rates": [250.0, 25.0, 1.4],
    "beta": 1.5, "news_follower_rate": 0.02, "least_share": 0.1, "calming": 0.005,
}  # fmt: skip
"""What is not searched for: as ``equity``, or as the flow has it by itself."""
NAMES = (*SHARES, *AMOUNTS)


def fit_maker_market(
    observed: Observed,
    *,
    rounds: int = 28,
    trials: int = 10,
    matches: int = 6,
    seed: int = SEED,
    report: Callable[[str], object] = lambda what: None,
) -> Findings:
    """Fit ``agents.flow.MakerMarket``.

    Clusters and sides are fitted by maximum likelihood, sizes and places are quantiles, the hazard
    is cancellations over the time that orders of an age rested. The rest is searched for: the
    distance of simulated facts to those of the record, with a cost of gates that do not hold. All
    trials have the same three seeds. At last ``gap``, ``volatility`` and ``clusters`` are rescaled,
    on seeds of their own, until spread, volatility and volume are within 5 % of the record's.
    Impact is no outcome: it is the square root law at the record's volatility and volume.

    Parameters
    ----------
    observed
        The record.
    rounds, trials
        So many rounds of so many trials, an even number, each.
    matches
        At most so many rounds of that last step.
    seed
        Of the search.
    report
        Called with what is done next.

    Raises
    ------
    FitError
        If there are too few orders, or the record has no volatility.
    """
    rounds, trials = integer("rounds", rounds, 1), integer("trials", trials, 4)
    matches = integer("matches", matches, 0)
    observed.need(len(observed.orders), "market orders", LEAST_ORDERS)
    observed.need(len(observed.limits.lots), "limit orders")
    target = measure(observed.record)
    findings = Findings()
    start = _direct(findings, observed, target)
    best, value = _search(start, observed, target, rounds, trials, seed, report)
    found, off = matched(
        _parameters(start, best), observed, target, _minutes(observed), matches, report
    )
    for name, one in found.items():
        if name not in findings.parameters or one != findings.parameters[name]:
            # In place of where the search began: its error is not that of what was found.
            findings.estimates = [
                row for row in findings.estimates if row.name.split("[")[0] != name
            ]
            findings.put(name, one, np.nan, len(observed.orders))
    findings.assumed.append(
        "what was searched for has no standard error; the search of "
        f"{counted(rounds * trials, 'trial')} ended at {value:.2f}, the cost of gates included, "
        "on its own seeds: score it on others"
    )
    for what, one in off.items():
        if abs(one) > CLOSE:
            findings.cautions.append(f"{what}: {one:+.0%} after the last step of the fit")
    findings.assumed.append(
        "gap, volatility and clusters are rescaled for spread, volatility and volume on seeds "
        f"{SEEDS[0]} to {SEEDS[-1]}"
        if off
        else "nothing was rescaled after the search"
    )
    findings.cannot_show.append("the course of the day: openings, closes, auctions")
    return findings


def _direct(findings: Findings, observed: Observed, target: Facts) -> dict[str, Any]:
    volatility = target.gates["gate_volatility"].value
    volume = target.gates["gate_volume"].value
    if not volatility or not volume:
        raise FitError(
            f"{observed.record.name}: no volatility of 60 s returns, or no volume: the file is too "
            "short for a maker market"
        )
    orders = len(observed.orders)
    size = max(1, observed.size // 100)
    flow = clusters(observed)
    if flow.followers.sum() >= 0.98:
        raise FitError(
            f"{observed.record.name}: market orders would follow on one another without end "
            f"({flow.followers.sum():.2f} each): fit a shorter part of the file"
        )
    # A part of what comes by itself is pieces of large orders, which no kernel tells.
    findings.put("clusters", 0.94 * flow.base, 0.94 * flow.base_error, orders)
    findings.put("followers", flow.followers, flow.followers_errors, orders)
    findings.put("same_side", flow.same_side, flow.same_side_errors, orders)
    findings.state("follower_rates", list(RATES), "rates of the three kernels are chosen")
    findings.state("metaorders", 6)
    findings.state("metaorder_rate", 0.06 * flow.base, "metaorders: 6 % of what begins, chosen")
    findings.state("size", size)
    put_quantiles(findings, "market_sizes", asked_sizes(observed) / size, orders)
    put_quantiles(findings, "limit_sizes", quantiles(observed.limits.lots) / size,
                  len(observed.limits.lots))  # fmt: skip
    behind, count = places(observed)
    put_quantiles(findings, "distances", with_beyond(behind), count)
    findings.state("patience", 5.0, "depth beyond what the file shows is chosen")
    told = hazard(observed)
    if told is None:
        findings.cannot_show.append("lifetimes by age: a level feed does not tell them")
        ends = len(observed.cancels.lots) / max(len(observed.limits.lots), 1)
        findings.state(
            "hazard",
            [0.3 * ends / max(age, 0.01) for age in (0.002, *AGES)],
            "cancel hazard by age falls as 1 / age: chosen, and searched for in three parts",
        )
    else:
        findings.put("hazard", *told)
    findings.state("ages", list(AGES))
    units = volume / observed.record.unit_size / size * 24
    impact = IMPACT * volatility / 100 / units**0.5
    findings.state(
        "impact",
        impact,
        "impact, permanent, decays, forgetting: no background statistic tells them; the square "
        "root law at this volatility and volume",
    )
    for name, value in CHOSEN.items():
        findings.state(name, value)
    findings.assumed.append(
        "kept as chosen, whatever the record: follower_rates, metaorders, ages, patience, the "
        f"farthest distances, the second of answers, {', '.join(CHOSEN)}"
    )
    bps = volatility * 100 / 86_400**0.5
    rate = len(observed.limits.lots) / observed.seconds
    spread = target.values["spread_ticks"].value or 2.0
    return findings.parameters | {
        "limit_rate": max(rate - 2.8 * orders / observed.seconds, 0.3 * rate),
        "gap": 1.5 * spread,
        "volatility": 0.55 * bps,
        "calm": 0.9 * bps,
    }


def _parameters(start: dict[str, Any], at: NDArray[np.float64]) -> dict[str, Any]:
    """Parameters of the flow out of the numbers that are searched for."""
    given = dict(zip(NAMES, at.tolist(), strict=True))
    share = {name: 1 / (1 + exp(-given[name])) for name in SHARES}
    amount = {name: exp(given[name]) for name in AMOUNTS}
    parts = np.array([
        amount["young" if age <= 0.1 else "middle" if age <= 10 else "old"]
        for age in (*AGES, np.inf)
    ])  # fmt: skip
    found = {**start, **share}
    for name in ("limit_rate", "gap", "volatility", "calm", "clusters"):
        found[name] = start[name] * amount[name]
    found["hazard"] = np.maximum(np.array(start["hazard"]) * parts, 0.0005).tolist()
    found["answers"] = [amount["fast_answers"], 0.0, amount["slow_answers"]]
    for name in ("reaction", "news_rate", "least_gap"):
        found[name] = amount[name]
    return found


def _search(
    start: dict[str, Any],
    observed: Observed,
    target: Facts,
    rounds: int,
    trials: int,
    seed: int,
    report: Callable[[str], object],
) -> tuple[NDArray[np.float64], float]:
    """An evolution strategy with a deviation for each number; its draws come with the seed."""
    middle = np.array([
        *(log(one / (1 - one)) for one in SHARES.values()), *map(log, AMOUNTS.values()),
    ])  # fmt: skip
    random = np.random.default_rng(seed)
    deviation = np.full(len(middle), STEP)
    minutes = _minutes(observed)
    best, least = middle, _cost(_parameters(start, middle), observed, target, minutes, seed)
    for turn in range(rounds):
        report(f"search {turn + 1} of {rounds}: {least:.2f}")
        draws = random.standard_normal((trials // 2, len(middle)))
        tried = middle + deviation * np.concatenate([draws, -draws])
        costs = np.array([
            _cost(_parameters(start, one), observed, target, minutes, seed) for one in tried
        ])  # fmt: skip
        chosen = np.argsort(costs, kind="stable")[: max(len(tried) // 3, 2)]
        if costs[chosen[0]] < least:
            best, least = tried[chosen[0]], float(costs[chosen[0]])
        middle = 0.5 * best + 0.5 * tried[chosen].mean(axis=0)
        deviation = deviation * 0.93
    return best, least


def _minutes(observed: Observed) -> float:
    return min(max(observed.seconds / 60, 10.0), MOST_MINUTES)


def _cost(
    parameters: dict[str, Any], observed: Observed, target: Facts, minutes: float, seed: int
) -> float:
    """The mean over seeds of the distance and of what gates are off beyond half their limit."""
    seeds = range(SEARCH_SEEDS * seed, SEARCH_SEEDS * (seed + 1))
    costs = [_cost_of_seed(parameters, observed, target, minutes, one) for one in seeds]
    return sum(costs) / len(costs)


def _cost_of_seed(
    parameters: dict[str, Any], observed: Observed, target: Facts, minutes: float, seed: int
) -> float:
    facts = simulated(parameters, observed, minutes, seed)
    total, _ = distance(facts, target)
    for name in GATES:
        one, other = facts.gates[name].value, target.gates[name].value
        if other:
            off = abs(log(one / other)) if one else 3.0
            total += max(off - GATE_LIMIT / 2, 0)
    return total if np.isfinite(total) else 9.0
