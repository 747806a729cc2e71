"""The words in which a venue's reader says where in its messages the facts stand: a shape.

A shape is built of:

- a ``Mark``: a number, text or truth here is that fact;
- a dict: an object, and the shapes of those of its keys that matter;
- ``Places``: an array, and the shapes of its elements by their place (``None``: of no interest);
- ``Each``: an array, the shape of all its elements, and which ``Row`` each of them makes;
- a list: all of these together, as what is there turns out to be the one or the other.
"""

from enum import IntEnum
from typing import Any, NamedTuple

__all__ = ["Code", "Each", "Mark", "Means", "Places", "Row", "Tree", "tree_of"]


class Code(IntEnum):
    """What a kind of message is to a reader."""

    NONE = 0
    """Of no interest: counted only."""
    UPDATE = 1
    """New sizes of some levels."""
    SNAPSHOT = 2
    """All levels there are."""
    TRADE = 3
    LIQUIDATION = 4
    OTHER = 5
    """Of no interest but for its number in the sequence of its connection."""


class Mark(IntEnum):
    """What a scalar of a message is."""

    SYMBOL = 1
    KIND = 2
    """The word that tells messages apart."""
    TOPIC = 3
    """A kind before its first dot, and a symbol behind its last one."""
    ACTION = 4
    """A second word to the kind."""
    CHANNEL = 5
    """A kind, with ``-N`` for the levels of a side; the text after it is the symbol."""
    TIME_S = 6
    TIME_MS = 7
    TIME_US = 8
    TIME_NS = 9
    TIME_ISO = 10
    SENT_MS = 11
    """A time that counts where there is no better one."""
    FIRST = 12
    """Number of the first change of an update."""
    LAST = 13
    PREVIOUS = 14
    """Number of the last change of the update before."""
    CHECKSUM = 15
    PRICE = 16
    SIZE = 17
    SIDE = 18
    """A word that begins with b (bid, buy), or with a, o or s (ask, offer, sell)."""
    MAKER = 19
    """Whether the buyer of a trade is the maker."""
    ID = 20
    """Number of a trade; one that is no number is passed over."""
    MAKER_SIDE = 21
    """The side of the resting order of a trade: the aggressor's is the other one."""
    LOCAL_US = 22
    """Of a table: when the recorder had it. Rows of one such time are one update."""
    LOCAL_NS = 23
    SNAPSHOT = 24
    """Of a table: whether the row is of a snapshot, true or false."""


class Row(IntEnum):
    """What an element of an array makes."""

    NONE = 0
    BID = 1
    ASK = 2
    LEVEL = 3
    """Of the side that it tells."""
    TRADE = 4
    MESSAGE = 5
    GONE = 6
    """A level of the side that it tells, with nothing left."""
    EITHER = 7
    """A trade where the message is one of trades, else a level."""


class Each(NamedTuple):
    """An array of like elements."""

    shape: object
    row: Row = Row.NONE
    means: str = ""
    """An action that messages with this array have."""


class Places(NamedTuple):
    """An array of unlike elements."""

    shapes: tuple[object, ...]


class Means(NamedTuple):
    """A value whose presence says which action the message has."""

    shape: object
    means: str


class Tree(NamedTuple):
    """A shape as nodes, as ``Shape`` has them: each knows the numbers of those below it."""

    nodes: list[dict[str, int]]
    names: bytes
    """Keys of objects, one after the other."""
    actions: list[bytes]
    """What ``means`` says."""


def tree_of(shape: object) -> Tree:
    """The nodes of a shape, the root first; those below a node lie together, by their kind."""
    nodes: list[dict[str, int]] = []
    names = bytearray()
    actions: list[bytes] = []

    def means(action: str) -> int:
        actions.append(action.encode())
        return len(actions) - 1

    def reserve(count: int) -> int:
        nodes.extend({} for _ in range(count))
        return len(nodes) - count

    def fill(index: int, shape: object, key: bytes = b"", row: int = Row.NONE) -> None:
        node = nodes[index]
        node.update(dict.fromkeys(("children", "places", "mark", "pairs"), 0))
        node.update(dict.fromkeys(("each", "at", "child", "means"), -1))
        node.update(key=len(names), key_length=len(key), row=int(row))
        names.extend(key)
        parts: list[Any] = list(shape) if type(shape) is list else [shape]
        while parts:
            part = parts.pop()
            if isinstance(part, Means):
                node["means"] = means(part.means)
                parts.append(part.shape)
            elif isinstance(part, Mark):
                node["mark"] = int(part)
            elif isinstance(part, dict):
                node.update(child=reserve(len(part)), children=len(part))
                for i, (name, below) in enumerate(part.items(), node["child"]):
                    fill(i, below, name.encode())
            elif isinstance(part, Places):
                node.update(at=reserve(len(part.shapes)), places=len(part.shapes))
                for i, below in enumerate(part.shapes, node["at"]):
                    fill(i, below)
            elif isinstance(part, Each):
                node["each"] = reserve(1)
                fill(node["each"], part.shape, b"", part.row)
                if part.means:
                    node["means"] = means(part.means)
                is_pair = part.shape == Places((Mark.PRICE, Mark.SIZE))
                node["pairs"] = int(is_pair and part.row in (Row.BID, Row.ASK))
            elif part is not None:
                raise TypeError(f"no part of a shape: {part!r}")

    fill(reserve(1), shape)
    return Tree(nodes, bytes(names), actions)
