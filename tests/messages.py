"""Rows of ``lob.MESSAGE`` in few words, and events in plain Python."""

import numpy as np

import lob

BUY, SELL = lob.Side.BUY, lob.Side.SELL


def row(kind, order_id, **fields):
    """One message, as an array of length 1; fields that are not named are 0."""
    message = np.zeros(1, dtype=lob.MESSAGE)
    message["kind"], message["order_id"] = kind, order_id
    for name, value in fields.items():
        message[name] = value
    return message


def new(order_id, side, price, size, **fields):
    """A new limit order, unless ``fields`` say otherwise."""
    return row(lob.Kind.NEW, order_id, side=side, price=price, size=size, **fields)


def market(order_id, side, size, **fields):
    return new(order_id, side, 0, size, order_type=lob.OrderType.MARKET, **fields)


def cancel(order_id, **fields):
    return row(lob.Kind.CANCEL, order_id, **fields)


def reduce(order_id, size, **fields):
    return row(lob.Kind.REDUCE, order_id, size=size, **fields)


def replace(order_id, price, size, **fields):
    return row(lob.Kind.REPLACE, order_id, price=price, size=size, **fields)


def batch(*rows):
    """Several messages as one array."""
    return np.concatenate(rows) if rows else np.empty(0, dtype=lob.MESSAGE)


def apply(book, *rows):
    """Send ``rows`` as one batch; return the events."""
    return book.process(batch(*rows))


def told(events):
    """Events as (kind, reason, order id, size, leaves), resting id where there is one."""
    return [
        (lob.EventKind(e["kind"]).name, lob.Reason(e["reason"]).name)
        + tuple(int(e[name]) for name in ("order_id", "size", "leaves"))
        + ((int(e["resting_order_id"]),) if e["kind"] == lob.EventKind.TRADE else ())
        for e in events
    ]


def trades(events):
    """The trades among events as (aggressor, resting, price, size)."""
    return [
        tuple(int(e[name]) for name in ("order_id", "resting_order_id", "price", "size"))
        for e in events
        if e["kind"] == lob.EventKind.TRADE
    ]


def resting(book):
    """The whole book as (order id, price, open size): bids then asks, by priority."""
    return book.orders()[["order_id", "price", "size"]].tolist()
