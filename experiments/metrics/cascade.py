"""The cascade tree: which liquidation caused which, read from the journal of clearing.

A node is one account that failed; when it fails again before it was flat, that is the same node.
Its parent is the liquidation whose trade last moved its mark before it failed; a node without one
is a root, of the kind of its cause (``lob.Cause``).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments.metrics.intervals import known
from lob import LIQUIDATION_TAG, Cause, EntryKind, EventKind
from lob.checks import choice
from lob.units import SECOND_NS

__all__ = ["Cascade", "cascade_of", "forced_trades", "peak_rate"]

Integers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Cascade:
    """Failed accounts as a forest, one array element a node, in the order of failing."""

    tag: Integers
    """Tag of the node's first liquidation."""
    account: Integers
    """Account number in the ledger."""
    parent: Integers
    """Index of the parent node; -1 of a root."""
    cause: Integers
    """``lob.Cause`` of the node's first failure."""
    generation: Integers
    """Distance from the root: 0 of a root, else one more than the parent's."""
    ts_event: Integers
    """When the account failed first, in ns."""
    sold: Integers
    """[node, instrument]: lots sold or bought back by force in the book, without sign."""
    held: Integers
    """Lots held at the first failure: positive long, negative short."""
    instrument: Integers
    """Number of the instrument whose lots the account held."""
    clearing: Integers
    """Number of the clearing in which the account failed."""
    layer: Integers
    """How many claims deep the collateral was: 0 an asset with a book, 1 a claim on it."""
    settled_at: Integers
    """When the account was settled last, in ns; -1 if it was not."""

    def __len__(self) -> int:
        return len(self.tag)

    @property
    def lots(self) -> Integers:
        """Lots of all instruments that each node sold or bought back by force: ``sold`` summed."""
        total: Integers = self.sold.sum(axis=1)
        return total

    @property
    def roots(self) -> int:
        """Count of the failed accounts that no other liquidation caused."""
        return int((self.parent < 0).sum())

    @property
    def generations(self) -> int:
        """Count of the generations of the cascade; 1 if all failures are roots, 0 without any."""
        return int(self.generation.max()) + 1 if len(self) else 0

    @property
    def branching_ratio(self) -> float:
        """Share of the failed accounts that another liquidation caused; ``nan`` without any."""
        return 1 - self.roots / len(self) if len(self) else float("nan")

    @property
    def branching_ratio_lots(self) -> float:
        """Lots that non-roots of the cascade tree sold over the lots of all its nodes.

        ``nan`` where nothing was sold.
        """
        total = int(self.lots.sum())
        return int(self.lots[self.parent >= 0].sum()) / total if total else float("nan")

    @property
    def duration_ns(self) -> int:
        """Time in ns from the first failure to the last, or to a later last settlement.

        0 without failures.
        """
        if not len(self):
            return 0
        last = max(int(self.ts_event.max()), int(self.settled_at.max()))
        return last - int(self.ts_event.min())

    def by_cause(self) -> dict[str, int]:
        """Count of failed accounts for each cause that occurs, by its name in lower case."""
        counts = np.bincount(self.cause, minlength=len(Cause))
        return {cause.name.lower(): int(counts[cause]) for cause in Cause if counts[cause]}

    def per_generation(self) -> list[tuple[int, int]]:
        """Each generation, from the roots on, as (failed accounts, lots sold by force)."""
        if not len(self):
            return []
        nodes = np.bincount(self.generation)
        order = np.argsort(self.generation, kind="stable")
        edges = np.concatenate(([0], np.cumsum(nodes)))
        sums = np.concatenate(([0], np.cumsum(self.lots[order])))
        lots = sums[edges[1:]] - sums[edges[:-1]]
        return [(int(n), int(s)) for n, s in zip(nodes, lots, strict=True)]

    def subtree_sizes(self) -> Integers:
        """For each failed account, how many it caused, directly or through others, plus itself."""
        sizes = [1] * len(self)
        parents = self.parent.tolist()
        for node in range(len(self) - 1, -1, -1):
            if parents[node] >= 0:
                sizes[parents[node]] += sizes[node]
        return np.array(sizes, np.int64)

    def contagion(self, by: str = "clearing") -> NDArray[np.int64]:
        """Count the failures that one clearing, layer or instrument caused in another.

        Parameters
        ----------
        by
            "clearing", "layer" or "instrument".

        Returns
        -------
        numpy.ndarray
            int64, square: row of the parent, column of the failed account; roots are not counted.

        Raises
        ------
        ValueError
            If ``by`` is none of the three.
        """
        choice("by", by, ("clearing", "layer", "instrument"))
        label: Integers = getattr(self, by)
        size = int(label.max()) + 1 if len(self) else 0
        children = self.parent >= 0
        pairs = label[self.parent[children]] * size + label[children]
        return np.bincount(pairs, minlength=size * size).reshape(size, size)

    def lots_by_layer(self) -> dict[int, int]:
        """Lots sold or bought back by force, without sign, by layer of claims."""
        return {
            int(layer): int(self.lots[self.layer == layer].sum()) for layer in np.unique(self.layer)
        }

    def sold_by_layer(self) -> dict[int, dict[int, int]]:
        """Lots sold or bought back by force, by layer of claims and number of the instrument."""
        found = {}
        for layer in np.unique(self.layer):
            sums = self.sold[self.layer == layer].sum(axis=0).tolist()
            found[int(layer)] = {number: lots for number, lots in enumerate(sums) if lots}
        return found

    def to_dict(self) -> dict[str, Any]:
        """Totals of the cascade as JSON values: counts, ratios, lots, ns; undefined is ``None``."""
        return {
            "nodes": len(self),
            "roots": self.roots,
            "causes": self.by_cause(),
            "generations": self.generations,
            "branching_ratio": known(self.branching_ratio),
            "branching_ratio_lots": known(self.branching_ratio_lots),
            "duration_ns": self.duration_ns,
            "lots": int(self.lots.sum()),
            "largest_tree": int(self.subtree_sizes().max()) if len(self) else 0,
        }


def cascade_of(entries: NDArray[np.void], events: NDArray[np.void]) -> Cascade:
    """Read the cascade tree of a run from its tapes.

    Parameters
    ----------
    entries
        The whole journal, ``lob.ENTRY`` rows.
    events
        The ``lob.EVENT`` rows of the same run.
    """
    opened = entries[entries["kind"] == EntryKind.LIQUIDATION]
    settled = entries[entries["kind"] == EntryKind.SETTLED]
    node_of_tag, first = _nodes(opened, settled)
    rows = opened[first]
    node = np.fromiter(
        (node_of_tag.get(tag, -1) for tag in rows["parent"].tolist()), np.int64, len(rows)
    )
    # An account that fails again by its own sale is no child of itself.
    parent = np.where(node == np.arange(len(rows)), -1, node)
    forced = forced_trades(events)
    traded = int(forced["instrument"].max(initial=0)) + 1
    sold = np.zeros((len(rows), traded), np.int64)
    where = np.fromiter(
        (node_of_tag.get(tag, -1) for tag in forced["tag"].tolist()), np.int64, len(forced)
    )
    ours = forced[where >= 0]
    np.add.at(sold, (where[where >= 0], ours["instrument"]), ours["size"])
    settled_at = np.full(len(rows), -1, np.int64)
    for tag, ts, left in zip(
        settled["tag"].tolist(), settled["ts_event"].tolist(), settled["price"].tolist(),
        strict=True,
    ):  # fmt: skip
        if not left:
            settled_at[node_of_tag[tag]] = ts
    return Cascade(
        tag=rows["tag"].copy(),
        account=rows["debit"].astype(np.int64),
        parent=parent,
        cause=rows["cause"].astype(np.int64),
        generation=_generations(parent),
        ts_event=rows["ts_event"].copy(),
        sold=sold,
        held=rows["amount"].copy(),
        instrument=rows["instrument"].astype(np.int64),
        clearing=rows["clearing"].astype(np.int64),
        layer=rows["layer"].astype(np.int64),
        settled_at=settled_at,
    )


def forced_trades(events: NDArray[np.void]) -> NDArray[np.void]:
    """The trades that liquidations caused: a copy of their ``lob.EVENT`` rows.

    ``tag`` is the liquidation's in each row, also where its order was the resting one.
    """
    trades: NDArray[np.void] = events[events["kind"] == EventKind.TRADE]
    resting = (trades["tag"] < LIQUIDATION_TAG) & (trades["resting_tag"] >= LIQUIDATION_TAG)
    forced: NDArray[np.void] = trades[(trades["tag"] >= LIQUIDATION_TAG) | resting]
    passive = forced["tag"] < LIQUIDATION_TAG
    forced["tag"][passive] = forced["resting_tag"][passive]
    return forced


def _nodes(
    opened: NDArray[np.void], settled: NDArray[np.void]
) -> tuple[dict[int, int], NDArray[np.int64]]:
    """The node of every liquidation's tag, and the first row of every node."""
    left = dict(zip(settled["tag"].tolist(), settled["price"].tolist(), strict=True))
    node_of_tag: dict[int, int] = {}
    latest: dict[int, int] = {}  # the last liquidation of an account
    first: list[int] = []
    for row, (tag, account) in enumerate(
        zip(opened["tag"].tolist(), opened["debit"].tolist(), strict=True)
    ):
        before = latest.get(account)
        if before is not None and left.get(before, 1):
            node_of_tag[tag] = node_of_tag[before]
        else:
            node_of_tag[tag] = len(first)
            first.append(row)
        latest[account] = tag
    return node_of_tag, np.array(first, np.int64)


def _generations(parent: Integers) -> Integers:
    """A node comes after its parent, so one pass is enough, however deep the tree is."""
    depth: list[int] = []
    for above in parent.tolist():
        depth.append(0 if above < 0 else depth[above] + 1)
    return np.array(depth, np.int64)


def peak_rate(forced: NDArray[np.void], window_ns: int = SECOND_NS) -> float:
    """Most lots sold by force within any window, in lots a second; 0 without forced trades.

    Parameters
    ----------
    forced
        ``lob.EVENT`` rows as ``forced_trades`` gives them.
    window_ns
        Length of the window in ns, positive.
    """
    if not len(forced):
        return 0.0
    ends = forced["ts_event"]
    sums = np.concatenate(([0], np.cumsum(forced["size"])))
    starts = np.searchsorted(ends, ends - window_ns, side="right")
    most = (sums[1:] - sums[starts]).max()
    return float(most) * SECOND_NS / window_ns
