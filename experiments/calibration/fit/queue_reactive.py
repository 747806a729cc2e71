"""Queue-reactive flow: what happens to queues, by place and length, over the time they had it."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from experiments.calibration.changes import ChangeCause
from experiments.calibration.fit.findings import FEW, Findings, FitError
from experiments.calibration.fit.observed import BLOCKS, Observed, Ratio
from experiments.calibration.fit.placed import add_orders_note
from lob.checks import integer

__all__ = ["fit_queue_reactive"]

MOST_LENGTH = 200
"""The longest queue, in orders, that has rates of its own."""
MOST_WIDE = 0.1
"""A spread above 2 ticks for a larger share of the time is told; chosen."""
KINDS = ("limit", "cancel", "market")


class _Seen(NamedTuple):
    """Events at the queues around the reference price."""

    kind: NDArray[np.int64]
    """Place in ``KINDS``."""
    message: NDArray[np.int64]
    side: NDArray[np.int64]
    """Of the queue: 1 bids, -1 asks."""
    level: NDArray[np.int64]
    length: NDArray[np.int64]
    """Of the queue ahead of it, in orders."""
    orders: NDArray[np.float64]
    """How many orders of the flow's size it is."""


def fit_queue_reactive(
    observed: Observed, *, levels: int = 5, lengths: int | None = None
) -> Findings:
    """Fit ``agents.flow.QueueReactive``.

    Intensities are counts at each length of a queue over the time that queues at that place had it;
    the longest lengths share one. The reference price is the mid where the spread is an odd number
    of ticks, and else, of the two next to the mid, the one nearer to where it is as the spread is
    odd again. ``theta`` is the share of mid changes that leave the best queue of the side to which
    the mid moved empty, upon which the reference price moved; ``theta_reinit`` the share of its
    moves at whose very time queues that stay in view were cancelled.

    Parameters
    ----------
    observed
        The record.
    levels
        Queues on a side.
    lengths
        How many lengths, from 0 on, have rates of their own; ``None``: as many as have 100 events
        each, those beyond having rates in common.

    Raises
    ------
    FitError
        If there are too few events, or a queue would grow for ever.
    """
    levels = integer("levels", levels, 1)
    observed.need(len(observed.limits.lots), "limit orders")
    observed.need(len(observed.cancels.lots), "cancellations")
    reference = _reference(observed)
    moves = _moves(observed, reference)
    seen, held = _follow(observed, reference, moves, levels)
    findings = Findings()
    tables: dict[str, list[list[list[float]]]] = {kind: [[], [], []] for kind in KINDS}
    for level in range(levels):
        _fit_level(observed, seen, held, level, lengths, tables)
    for kind in KINDS:
        values, errors, events = tables[kind]
        _put_lists(findings, kind, values, errors, events)
    _put_moves(findings, observed, reference, moves, levels)
    findings.state("size", observed.size)
    add_orders_note(findings, observed)
    _add_spread_note(findings, observed)
    findings.cannot_show.append(
        f"anything farther than {levels} queues from the reference price: a larger sale finds "
        "nothing there"
    )
    return findings


def _reference(observed: Observed) -> NDArray[np.int64]:
    """Price of queue 1 of the bids after each message, by the next time that it is certain."""
    twice = observed.bid + observed.ask
    odd = observed.both & ((observed.ask - observed.bid) % 2 == 1)
    if not odd.any():
        raise FitError(
            f"{observed.record.name}: the spread is never an odd number of ticks: where the "
            "reference price is cannot be told"
        )
    rows = np.arange(len(twice))
    following = np.minimum.accumulate(np.where(odd, rows, len(rows))[::-1])[::-1]
    last = int(np.flatnonzero(odd)[-1])
    sure = (twice[np.minimum(following, last)] - 1) // 2
    lower = twice // 2 - 1
    even = np.where(sure > lower, lower + 1, lower)
    found = np.where(odd, (twice - 1) // 2, even)
    # Where a side is empty the last one stands.
    known = np.maximum.accumulate(np.where(observed.both, rows, int(np.argmax(observed.both))))
    return np.asarray(found[known])


class _Moves(NamedTuple):
    chances: NDArray[np.int64]
    """Messages upon which the reference price may have moved."""
    moved: NDArray[np.bool_]
    """Whether it did, for each."""
    upon: NDArray[np.bool_]
    """Whether changes of each message are part of a move: they come at the very time of one."""


def _moves(observed: Observed, reference: NDArray[np.int64]) -> _Moves:
    twice = observed.bid + observed.ask
    both = observed.both[1:] & observed.both[:-1]
    before, after = reference[:-1], reference[1:]
    change = np.sign(twice[1:] - twice[:-1])
    empty = np.where(change > 0, observed.ask[1:] > before + 1, observed.bid[1:] < before)
    chance = both & (change != 0) & empty
    moved = (after - before) * change > 0
    # What follows on a change of the mid at its very time belongs to the move: the queue that comes
    # into view, and all others where they are drawn anew.
    start = np.flatnonzero(both & (change != 0)) + 1
    end = np.searchsorted(observed.ts, observed.ts[start], side="right")
    mark = np.zeros(len(reference) + 1, np.int64)
    np.add.at(mark, start + 1, 1)
    np.add.at(mark, np.maximum(end, start + 1), -1)
    upon = np.cumsum(mark)[:-1] > 0
    which = np.flatnonzero(chance) + 1
    fresh = ~upon[which]
    return _Moves(which[fresh], moved[which - 1][fresh], upon)


def _follow(
    observed: Observed, reference: NDArray[np.int64], moves: _Moves, levels: int
) -> tuple[_Seen, NDArray[np.float64]]:
    """Events at the queues, and seconds by part, level and length of a queue.

    The time of market orders, which take from the best queue alone, is kept apart.
    """
    size = observed.size
    held = np.zeros((2, BLOCKS, levels, MOST_LENGTH + 1))
    found: list[list[NDArray[np.float64]]] = []
    for side in (1, -1):
        anchor = reference + 1 if side > 0 else reference
        best = reference - observed.bid if side > 0 else observed.ask - reference - 1
        events = _events_of(observed, side, moves)
        for where, lots in observed.resting(side, anchor, levels):
            length = np.ceil(np.maximum(lots, 0) / size).astype(np.int64)
            length = np.minimum(length, MOST_LENGTH)
            weight, part = observed.weight[where], observed.parts[where]
            top = np.arange(levels) == best[where, None]
            flat = (part[:, None] * levels + np.arange(levels)) * (MOST_LENGTH + 1) + length
            for kind, shown in ((0, np.ones_like(top)), (1, top)):
                held[kind] += np.bincount(
                    flat[shown], np.repeat(weight[:, None], levels, axis=1)[shown],
                    held[kind].size,
                ).reshape(held[kind].shape)  # fmt: skip
            ahead = events["message"] - 1
            mine = events[(ahead >= where.start) & (ahead < where.stop)]
            ahead = mine["message"] - 1
            level = np.where(side > 0, reference[ahead] - mine["price"],
                             mine["price"] - reference[ahead] - 1)  # fmt: skip
            inside = (level >= 0) & (level < levels)
            mine, ahead, level = mine[inside], ahead[inside], level[inside]
            found.append([
                mine["cause"], mine["message"], np.full(len(mine), side), level,
                length[ahead - where.start, level], np.abs(mine["lots"]) / size,
            ])  # fmt: skip
    columns = [np.concatenate([part[i] for part in found]) for i in range(6)]
    cause = columns[0]
    kinds = np.where(cause == ChangeCause.LIMIT, 0, np.where(cause == ChangeCause.CANCEL, 1, 2))
    return _Seen(kinds, columns[1], columns[2], columns[3], columns[4], columns[5]), held


def _events_of(observed: Observed, side: int, moves: _Moves) -> NDArray[np.void]:
    """What happened to a side and is no part of a move of the reference price."""
    changes = observed.changes
    told = (changes["cause"] != ChangeCause.HIDDEN) & (changes["message"] > 0)
    mine = changes[told & (changes["side"] == side)]
    mine = mine[observed.open[mine["message"] - 1] & ~moves.upon[mine["message"]]]
    # A market order is one event of all that it took, at the best price that it met.
    traded = mine["cause"] == ChangeCause.MARKET
    trades = mine[traded]
    if len(trades):
        ahead = trades["message"] - 1
        best = observed.bid[ahead] if side > 0 else observed.ask[ahead]
        new = np.ones(len(trades), np.bool_)
        new[1:] = trades["message"][1:] != trades["message"][:-1]
        first = np.flatnonzero(new)
        lots = np.add.reduceat(trades["lots"], first)
        trades, best = trades[first], best[first]
        trades["lots"], trades["price"] = lots, best
    return np.concatenate([mine[~traded], trades])


def _fit_level(
    observed: Observed,
    seen: _Seen,
    held: NDArray[np.float64],
    level: int,
    lengths: int | None,
    tables: dict[str, list[list[list[float]]]],
) -> None:
    """Add the rates of one queue to the tables: values, errors, events by kind."""
    mine = seen.level == level
    counts = np.bincount(seen.length[mine], minlength=MOST_LENGTH + 1)
    if not counts.any():
        raise FitError(
            f"{observed.record.name}: nothing happens at queue {level + 1} from the reference "
            f"price: fit fewer levels"
        )
    if lengths is None:
        own = int(np.argmax(counts < FEW)) if (counts < FEW).any() else MOST_LENGTH
        own = max(own - 1, 1)
    else:
        own = min(integer("lengths", lengths, 1), MOST_LENGTH)
    # A queue that is seldom the best one: market orders come to it as to all others.
    met = np.count_nonzero(mine & (seen.kind == 2))
    trading = [level] if met >= FEW else list(range(held.shape[2]))
    # Fewer lengths of their own, until those beyond do not make the queue grow for ever.
    while own >= 1:
        rates = {
            kind: _rates(observed, seen, held, [level] if i < 2 else trading, own, i)
            for i, kind in enumerate(KINDS)
        }
        come = rates["limit"].value[-1]
        go = rates["cancel"].value[-1] + rates["market"].value[-1]
        if come < go or come == 0:
            break
        own -= 1
    else:
        raise FitError(
            f"{observed.record.name}: at queue {level + 1} from the reference price more orders "
            f"come ({come:.3g} a second) than leave ({go:.3g}) at every length: the queue would "
            "grow for ever. The file does not show all that leaves, or fit fewer levels"
        )
    for kind in KINDS:
        values, errors, events = tables[kind]
        ratio = rates[kind]
        value, error = ratio.value, ratio.error
        if kind != "limit":
            # An empty queue has nothing to lose: what is seen there is of parts of an order.
            value[0], error[0] = 0.0, np.nan
        values.append(value.tolist())
        errors.append(error.tolist())
        events.append(ratio.events.tolist())


def _rates(
    observed: Observed,
    seen: _Seen,
    held: NDArray[np.float64],
    levels: list[int],
    own: int,
    kind: int,
) -> Ratio:
    """Rates of one kind of event by length 0...``own``, the last of all that is longer."""
    which = np.isin(seen.level, levels) & (seen.kind == kind)
    exposure = held[int(kind == 2)][:, levels].sum(axis=1)
    exposure = np.concatenate(
        [exposure[:, :own], exposure[:, own:].sum(axis=1, keepdims=True)], axis=1
    )
    return observed.rate(
        seen.message[which], seen.orders[which], exposure, np.minimum(seen.length[which], own)
    )


def _put_lists(
    findings: Findings,
    kind: str,
    values: list[list[float]],
    errors: list[list[float]],
    events: list[list[float]],
) -> None:
    """Take lists of different lengths."""
    one = Findings()
    for level, row in enumerate(values):
        one.put(f"{kind}[{level}]", row, errors[level], events[level])
    findings.estimates += [
        each for each in one.estimates if not (kind != "limit" and each.name.endswith("][0]"))
    ]
    findings.parameters[kind] = [one.parameters[f"{kind}[{i}]"] for i in range(len(values))]
    findings.errors[kind] = [one.errors[f"{kind}[{i}]"] for i in range(len(values))]


def _put_moves(
    findings: Findings,
    observed: Observed,
    reference: NDArray[np.int64],
    moves: _Moves,
    levels: int,
) -> None:
    """Take the two probabilities of the reference price."""
    chances, moved = len(moves.chances), int(np.count_nonzero(moves.moved))
    if chances == 0:
        raise FitError(
            f"{observed.record.name}: no best queue is ever emptied: nothing tells how the "
            "reference price moves"
        )
    share = moved / chances
    findings.put("theta", share, _binomial(share, chances), chances)
    again = _drawn_anew(observed, reference, moves, levels)
    if moved == 0:
        findings.state("theta_reinit", 0.0, "theta_reinit: the reference price never moved")
        return
    anew = again / moved
    findings.put("theta_reinit", min(anew, 1.0), _binomial(min(anew, 1.0), moved), moved)


def _binomial(share: float, count: int) -> float:
    # Neither no nor all of them tells that there is no doubt: as with one more of each.
    share = (share * count + 1) / (count + 2) if share in (0.0, 1.0) else share
    return float((share * (1 - share) / count) ** 0.5)


def _drawn_anew(
    observed: Observed, reference: NDArray[np.int64], moves: _Moves, levels: int
) -> int:
    """At how many moves queues that stay in view were cancelled at the very time."""
    changes = observed.changes
    rows = changes[(changes["cause"] == ChangeCause.CANCEL) & (changes["message"] > 0)]
    rows = rows[moves.upon[rows["message"]]]
    at = reference[rows["message"] - 1]
    level = np.where(rows["side"] > 0, at - rows["price"], rows["price"] - at - 1)
    stays = (level >= 0) & (level < levels - 1)
    return len(np.unique(observed.ts[rows["message"][stays]]))


def _add_spread_note(findings: Findings, observed: Observed) -> None:
    spread = (observed.ask - observed.bid)[observed.both]
    weight = observed.weight[observed.both]
    wide = float(weight[spread > 2].sum() / observed.seconds)
    findings.assumed.append(
        "theta_reinit counts the moves of the reference price at whose very time queues in view "
        "are cancelled: what follows a little later is taken for intensities"
    )
    if wide > MOST_WIDE:
        mean = float(spread @ weight) / observed.seconds
        findings.cautions.append(
            f"the spread is above 2 ticks for {wide:.0%} of the time, {mean:.1f} on average: where "
            "the reference price is can then only be guessed, and rates and theta are biased; the "
            "model is one of large ticks"
        )
