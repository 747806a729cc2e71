"""Hawkes flow: maximum likelihood of six types of events that excite one another.

With the decays fixed, the log-likelihood is a sum over the types of the effects, each concave in
its baseline and excitation: Newton's method finds its only maximum. Around that, the decays are
searched with their exact gradient. Sums over earlier events follow from one to the next.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.flow import EVENT_TYPES
from experiments.calibration.fit.findings import Findings, FitError
from experiments.calibration.fit.observed import Observed
from experiments.calibration.fit.placed import reach
from experiments.calibration.fit.search import descend
from lob.checks import choice

__all__ = ["fit_hawkes", "pressure"]

TYPES = len(EVENT_TYPES)
CANCELS = (4, 5)
SLOWEST, FASTEST = 0.01, 10_000.0
"""Decays a second between which the search stays: memories of 100 s to 0.1 ms."""
MOST_PLACES = 1_000
LEAST_OF_TYPE = 20
"""Fewer events of a type than this, and there is nothing to fit."""
LONGEST_STEP = 500.0
"""How far exp is taken in one block of sums, well below where it overflows."""
AT_ZERO = 1e-9
NOTHING = 1e-12
"""Less than this share of all events is none: what the machine cannot tell from 0."""
MOST_TIES = 0.3
"""Where more events than this share have the time of another, it is that of a batch; chosen."""
CLEAR = 3.0
"""An excitation of so many errors is one."""


class _Times(NamedTuple):
    """Events of all types in order, on the clock of the open market."""

    at: NDArray[np.float64]
    """Seconds."""
    kind: NDArray[np.int64]
    resting: NDArray[np.float64]
    """Orders of the flow's size that rest on the side, ahead of each cancellation; else 0."""
    seconds: float
    held: NDArray[np.float64]
    """Order-seconds of bids and asks."""
    batched: bool = False
    """Whether the feed tells events in batches, whose times are spread."""


def fit_hawkes(observed: Observed, *, decays: str = "one") -> Findings:
    """Fit ``agents.flow.Hawkes``.

    Events are limit orders that come to rest, market orders and cancellations, of any size, on a
    clock that stands still while the market is not open. ``theta`` is what cancellations gain with
    each order that rests. Errors are from the inverse of the observed information, the sum over
    events of the squared gradient of the log intensity.

    Parameters
    ----------
    observed
        The record.
    decays
        ``"one"``: excitation of all types fades at one rate; ``"each"``: each cause has its own.

    Raises
    ------
    FitError
        If there are fewer than 20 events of a type, or they excite one another without end.
    """
    choice("decays", decays, ("one", "each"))
    times = _times(observed)
    counts = np.bincount(times.kind, minlength=TYPES)
    for kind, name in enumerate(EVENT_TYPES):
        observed.need(int(counts[kind]), f"events of the type {name!r}", LEAST_OF_TYPE)
    group = np.zeros(TYPES, np.int64) if decays == "one" else np.arange(TYPES)
    logs = _search(times, group)
    beta = np.exp(logs)[group]
    weights, _, _ = _maximum(times, beta)
    errors, of_decay = _errors(times, beta, weights, group)
    radius = float(max(abs(np.linalg.eigvals(weights[:, 1 : TYPES + 1]))))
    if radius >= 1:
        raise FitError(
            f"{observed.record.name}: the likeliest excitation has a spectral radius of "
            f"{radius:.3f}: events would multiply for ever. Rates that change over the file look "
            "like that: fit a shorter part of it"
        )
    findings = Findings()
    findings.put("baseline", weights[:, 0], errors[:, 0], counts)
    findings.put("excitation", weights[:, 1 : TYPES + 1], errors[:, 1 : TYPES + 1],
                 np.minimum(counts[:, None], counts[None, :]))  # fmt: skip
    edge = ""
    if (np.exp(logs) < 1.01 * SLOWEST).any() or (np.exp(logs) > 0.99 * FASTEST).any():
        edge = f"at the bound of {SLOWEST} to {FASTEST:g} a second"
    if decays == "one":
        findings.put("decay", beta[0], of_decay[0], counts.sum(), edge)
    else:
        # The decay of a cause that excites nothing is any number.
        share = weights[:, 1 : TYPES + 1] / errors[:, 1 : TYPES + 1]
        silent = ~(np.nan_to_num(share) > CLEAR).any(axis=0)
        findings.put("decay", beta, np.where(silent, np.nan, of_decay), counts, edge)
        names = ", ".join(EVENT_TYPES[kind] for kind in np.flatnonzero(silent))
        if names:
            findings.assumed.append(f"decay of {names}: excites nothing clearly, so any would do")
    _put_theta(findings, weights, errors, counts)
    _put_places(findings, observed)
    findings.state("size", observed.size)
    if times.batched:
        findings.assumed.append(
            "most events have the time of another, for the feed tells them in batches: each batch "
            "is spread evenly over the time since the one before, so that decays that are faster "
            "than the batches come are not seen"
        )
    _add_notes(findings, observed)
    return findings


def _times(observed: Observed) -> _Times:
    limits, cancels, orders = observed.limits, observed.cancels, observed.orders
    met = np.maximum(orders["before"], 0) + 1
    message = np.concatenate([limits.message, np.minimum(met, len(observed.ts) - 1),
                              cancels.message])  # fmt: skip
    kind = np.concatenate([
        np.where(limits.side > 0, 0, 1),
        np.where(orders["side"] > 0, 2, 3),
        np.where(cancels.side > 0, 4, 5),
    ])  # fmt: skip
    order = np.lexsort((kind, message))
    message, kind = message[order], kind[order]
    resting = np.zeros(len(kind))
    held = np.zeros(2)
    for at, side in enumerate((1, -1)):
        lots = _lots_near(observed, side) / observed.size
        held[at] = float(lots @ observed.weight)
        mine = kind == CANCELS[at]
        resting[mine] = lots[message[mine] - 1]
    seconds, batched = _apart(observed.clock[message])
    return _Times(seconds, kind, resting, observed.seconds, held, batched)


def _apart(at: NDArray[np.float64]) -> tuple[NDArray[np.float64], bool]:
    """Times of events, those told in batches evenly over the time since the batch before."""
    distinct, which, count = np.unique(at, return_inverse=True, return_counts=True)
    if len(distinct) > (1 - MOST_TIES) * len(at):
        return at, False
    before = np.concatenate([[0.0], distinct[:-1]])
    first = np.cumsum(count) - count
    place = (np.arange(len(at)) - first[which] + 1) / count[which]
    return before[which] + (distinct - before)[which] * place, True


def _lots_near(observed: Observed, side: int) -> NDArray[np.float64]:
    """Lots of a side after each message, wherever they rest."""
    mine = observed.changes[observed.changes["side"] == side]
    change = np.bincount(np.maximum(mine["message"], 0), mine["lots"], len(observed.ts))
    return np.maximum(np.cumsum(change), 0)


# ------------------------------------------------------------------------------ sums


def pressure(
    times: NDArray[np.float64], kind: NDArray[np.int64], beta: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the sums over earlier events of exp(-beta age), and of age exp(-beta age).

    Ahead of each event, one column a type of the cause. In blocks that are short against the
    overflow of exp, so that each is a running sum.

    Parameters
    ----------
    times
        Seconds, never falling.
    kind
        Type of each event.
    beta
        Decay a second of each type of cause.
    """
    plain = np.zeros((len(times), len(beta)))
    aged = np.zeros((len(times), len(beta)))
    for cause, rate in enumerate(beta):
        ones = (kind == cause).astype(np.float64)
        value = moment = 0.0  # at the time of the last event of the block before
        last = times[0]
        start = 0
        while start < len(times):
            end = int(np.searchsorted(times, times[start] + LONGEST_STEP / rate, side="right"))
            since = times[start:end] - times[start]
            gap = times[start] - last
            fade = np.exp(-rate * gap)
            value, moment = value * fade, (moment + value * gap) * fade
            grown = np.exp(rate * since) * ones[start:end]
            total, weighed = np.cumsum(grown), np.cumsum(grown * since)
            shrink = np.exp(-rate * since)
            after = (value + total) * shrink
            after_moment = (moment + since * (value + total) - weighed) * shrink
            plain[start:end, cause] = after - ones[start:end]
            aged[start:end, cause] = after_moment
            value, moment, last = after[-1], after_moment[-1], times[end - 1]
            start = end
    return np.maximum(plain, 0), np.maximum(aged, 0)


# ------------------------------------------------------------------------------ likelihood


def _maximum(
    times: _Times, beta: NDArray[np.float64], near: NDArray[np.float64] | None = None
) -> tuple[NDArray[np.float64], float, NDArray[np.float64]]:
    """For fixed decays: the likeliest weights, minus the log-likelihood, its gradient by log decay.

    The search begins at weights ``near`` them. Weights: a row a type of effect, with baseline,
    excitation by type of cause, theta.
    """
    plain, aged = pressure(times.at, times.kind, beta)
    left = times.seconds - times.at
    gone = np.exp(-beta[times.kind] * left)
    heard = np.bincount(times.kind, 1 - gone, TYPES)
    # By beta: what an event is yet to cause after the end falls as beta rises.
    heard_slope = np.bincount(times.kind, gone * left, TYPES)
    weights = np.zeros((TYPES, TYPES + 2))
    loss, slope = 0.0, np.zeros(TYPES)
    for effect in range(TYPES):
        mine = times.kind == effect
        jumps = plain[mine] * beta
        design = np.column_stack([np.ones(len(jumps)), jumps])
        expected = np.concatenate([[times.seconds], heard])
        if effect in CANCELS:
            design = np.column_stack([design, times.resting[mine]])
            expected = np.append(expected, times.held[effect - CANCELS[0]])
        start = None if near is None else near[effect, : len(expected)]
        found, value = _most_likely(design, expected, start)
        weights[effect, : len(found)] = found
        loss -= value
        a = found[1 : TYPES + 1]
        by_beta = (plain[mine] - beta * aged[mine]) * a
        slope -= (by_beta / (design @ found)[:, None]).sum(axis=0) - a * heard_slope
    return weights, loss, np.asarray(slope * beta, np.float64)


def _most_likely(
    design: NDArray[np.float64],
    expected: NDArray[np.float64],
    near: NDArray[np.float64] | None = None,
) -> tuple[NDArray[np.float64], float]:
    """Weights of 0 or more that maximise sum(log(design @ w)) - expected @ w, and the maximum.

    Newton's method among the weights that are not held at zero; the function is concave.
    """
    seen = expected > 0
    scale = np.zeros(len(expected))
    scale[seen] = len(design) / expected[seen]
    design, expected = design * scale, expected * scale
    even = np.where(seen, 1 / np.count_nonzero(seen), 0.0)
    # Not at a bound, from where a weight that is wanted comes off slowly.
    weights = even
    if near is not None:
        weights = 0.01 * even + 0.99 * np.divide(near, scale, out=np.zeros_like(even), where=seen)

    def value(w: NDArray[np.float64]) -> float:
        intensity = design @ w
        return float(np.log(intensity).sum() - expected @ w) if intensity.min() > 0 else -np.inf

    best = value(weights)
    for _ in range(100):
        slopes = design / (design @ weights)[:, None]
        gradient = slopes.sum(axis=0) - expected
        free = seen & ((weights > 0) | (gradient > 0))
        curvature = slopes[:, free].T @ slopes[:, free]
        step = np.zeros_like(weights)
        step[free] = np.linalg.lstsq(curvature, gradient[free], rcond=1e-12)[0]
        length, found = 1.0, -np.inf
        while length > 1e-9 and not found > best:
            trial = weights + length * step
            trial[trial < NOTHING] = 0
            found, length = value(trial), length / 2
        if not found > best + 1e-9 * abs(best):
            break
        weights, best = trial, found
    return weights * scale, best


def _search(times: _Times, group: NDArray[np.int64]) -> NDArray[np.float64]:
    """The likeliest logarithms of the decays, one a group of causes."""
    groups = int(group.max()) + 1
    near: NDArray[np.float64] | None = None

    def loss(logs: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        nonlocal near
        near, value, slope = _maximum(times, np.exp(logs)[group], near)
        return value, np.asarray(np.bincount(group, slope, groups), np.float64)

    low, high = np.log(SLOWEST), np.log(FASTEST)
    # The likelihood may have several valleys in a decay: begin in the deepest of a few.
    starts = np.log([0.3, 3.0, 30.0, 300.0])
    first = min(starts, key=lambda log: loss(np.full(groups, log))[0])
    bounds = np.full(groups, low), np.full(groups, high)
    return descend(loss, np.full(groups, first), *bounds, tolerance=1e-9)


def _errors(
    times: _Times,
    beta: NDArray[np.float64],
    weights: NDArray[np.float64],
    group: NDArray[np.int64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Standard errors of the weights and of the decays; ``nan`` of a weight held at zero."""
    plain, aged = pressure(times.at, times.kind, beta)
    groups, width = int(group.max()) + 1, TYPES + 2
    information = np.zeros((TYPES * width + groups,) * 2)
    for effect in range(TYPES):
        mine = times.kind == effect
        jumps = plain[mine] * beta
        slopes = np.column_stack([np.ones(len(jumps)), jumps, times.resting[mine]])
        intensity = slopes @ weights[effect]
        by_beta = (plain[mine] - beta * aged[mine]) * weights[effect, 1 : TYPES + 1]
        by_group = np.zeros((len(jumps), groups))
        np.add.at(by_group.T, group, by_beta.T)
        whole = np.column_stack([slopes, by_group]) / intensity[:, None]
        at = np.concatenate([np.arange(width) + effect * width,
                             TYPES * width + np.arange(groups)])  # fmt: skip
        information[np.ix_(at, at)] += whole.T @ whole
    flat = np.concatenate([weights.ravel(), beta[:groups] if groups == 1 else beta])
    free = np.flatnonzero((flat > AT_ZERO) & (np.diag(information) > 0))
    found = np.full(len(flat), np.nan)
    scale = np.sqrt(np.diag(information)[free])
    scaled = information[np.ix_(free, free)] / np.outer(scale, scale)
    found[free] = np.sqrt(np.maximum(np.diag(np.linalg.pinv(scaled, hermitian=True)), 0)) / scale
    return found[: TYPES * width].reshape(TYPES, width), found[TYPES * width :]


# ------------------------------------------------------------------------------ what else it takes


def _put_theta(
    findings: Findings,
    weights: NDArray[np.float64],
    errors: NDArray[np.float64],
    counts: NDArray[np.int64],
) -> None:
    """Take the one theta of both sides: their mean, weighed by what is known of each."""
    values, off = weights[list(CANCELS), -1], errors[list(CANCELS), -1]
    events = int(counts[list(CANCELS)].sum())
    known = np.isfinite(off) & (off > 0)
    if not known.any():
        findings.put("theta", 0.0, np.nan, events, "at its bound of 0")
        return
    share = np.where(known, 1 / np.where(known, off, 1) ** 2, 0)
    findings.put("theta", float(values @ share / share.sum()), float(share.sum() ** -0.5), events)


def _put_places(findings: Findings, observed: Observed) -> None:
    """Take the weights of the distances of limit orders: shares, with multinomial errors."""
    distance = observed.limits.distance
    window = min(reach(distance), MOST_PLACES)
    counts = np.bincount(distance[distance <= window], minlength=window + 1)[1:]
    total = counts.sum()
    share = counts / total
    one = np.maximum(share, 1 / total)
    # Of a distance at which few are, there is no need to be told one by one.
    found = Findings()
    found.put("placement", share, np.sqrt(one * (1 - np.minimum(one, 0.5)) / total), total)
    findings.parameters["placement"] = found.parameters["placement"]
    findings.errors["placement"] = found.errors["placement"]
    findings.estimates += found.estimates


def _add_notes(findings: Findings, observed: Observed) -> None:
    rates = findings.parameters
    excitation = np.array(rates["excitation"])
    mean = np.linalg.solve(np.eye(TYPES) - excitation, np.array(rates["baseline"]))
    findings.assumed += [
        f"all orders are of {observed.size} lots, the mean of the market orders; events count "
        "whatever their size",
        "every cancellation excites: those that theta makes are not told apart",
        "orders that rest, of which theta cancels, are lots over the size of an order",
    ]
    if not observed.tells_orders:
        findings.assumed.append(
            "a level feed: a rise of a level is one limit order, a fall that no trade explains one "
            "cancellation; several between two updates are one"
        )
    if rates["theta"] == 0 and (mean[0] > mean[3] + mean[4] or mean[1] > mean[2] + mean[5]):
        findings.assumed.append(
            "more orders come than go, and theta is 0: the book of this market grows without end"
        )
    findings.cannot_show.append("sizes that differ: every order is of the same size")
    findings.cannot_show.append(
        "memory of several lengths: excitation fades exponentially, at one rate a cause"
    )
