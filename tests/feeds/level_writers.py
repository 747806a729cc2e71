"""Synthetic captures of level feeds: one random market, told in each venue's words."""

import json
import random
import zlib
from decimal import Decimal

T = 1_700_000_000_000  # ms
TICK, LOT = Decimal("0.05"), Decimal("0.001")


class Market:
    """Levels that come, change and go; a step returns what changed of each side."""

    def __init__(self, seed, levels=12):
        self.random = random.Random(seed)
        self.mid = 2000
        self.bids = {self.mid - 1 - i: self.size() for i in range(levels)}
        self.asks = {self.mid + 1 + i: self.size() for i in range(levels)}

    def size(self):
        return self.random.randrange(1, 5000)

    def step(self):
        changed = {1: {}, -1: {}}
        for _ in range(self.random.randrange(1, 6)):
            side = self.random.choice((1, -1))
            book, other = (self.bids, self.asks) if side > 0 else (self.asks, self.bids)
            edge = (min(other) if side > 0 else max(other)) if other else self.mid
            price = edge - side * self.random.randrange(1, 30)
            gone = price in book and self.random.random() < 0.5 and len(book) > 3
            book[price] = 0 if gone else self.size()
            changed[side][price] = book[price]
            if gone:
                del book[price]
        return changed

    def levels(self):
        """Best first, in ticks and lots."""
        return sorted(self.bids.items(), reverse=True), sorted(self.asks.items())


def px(price):
    return str(price * TICK)


def sz(size):
    return str(size * LOT)


def pairs(levels):
    return [[px(price), sz(size)] for price, size in levels]


def dumps(value):
    return json.dumps(value, separators=(",", ":"))


def line(ts, value):
    return f"{ts * 10**6} {dumps(value)}"


def binance(market, steps, futures=True, snapshot_at=3):
    lines, number = [], 1000
    for step in range(steps):
        if step == snapshot_at:
            bids, asks = (pairs(side) for side in market.levels())
            body = {"lastUpdateId": number, "bids": bids, "asks": asks}
            # What bridges the snapshot comes before it: the page is slow.
            lines.insert(len(lines) - 1, line(T + step, {**body}))
        changed = market.step()
        first, last = number + 1, number + market.random.randrange(1, 9)
        data = {"e": "depthUpdate", "E": T + step, "s": "ABCXYZ", "U": first, "u": last}
        if futures:
            data |= {"T": T + step, "pu": number}
        data |= {"b": pairs(changed[1].items()), "a": pairs(changed[-1].items())}
        lines.append(line(T + step, {"stream": "abcxyz@depth", "data": data}))
        if step % 3 == 0:
            trade = {"e": "trade", "E": T + step, "T": T + step, "s": "ABCXYZ", "t": step + 1,
                     "p": px(2000), "q": sz(7), "m": step % 2 == 0}  # fmt: skip
            lines.append(line(T + step, {"stream": "abcxyz@trade", "data": trade}))
        number = last
    return lines


def spot(market, steps):
    return binance(market, steps, futures=False)


def bybit(market, steps):
    lines = []
    for step in range(steps):
        changed = {1: market.bids, -1: market.asks} if step == 0 else market.step()
        data = {"s": "ABC", "b": pairs(changed[1].items()), "a": pairs(changed[-1].items()),
                "u": 50 + step, "seq": 7}  # fmt: skip
        kind = "delta" if step else "snapshot"
        lines.append(dumps({"topic": "orderbook.500.ABC", "type": kind, "ts": T + step,
                            "data": data, "cts": T + step}))  # fmt: skip
    return lines


def okx_checksum(market):
    bids, asks = market.levels()
    told = []
    for i in range(25):
        for side in (bids, asks):
            if i < len(side):
                told += [px(side[i][0]), sz(side[i][1])]
    crc = zlib.crc32(":".join(told).encode())
    return crc - 2**32 if crc >= 2**31 else crc


def okx(market, steps):
    lines = []
    for step in range(steps):
        changed = {1: market.bids, -1: market.asks} if step == 0 else market.step()
        data = {side: [[*pair, "0", "1"] for pair in pairs(changed[sign].items())]
                for side, sign in (("asks", -1), ("bids", 1))}  # fmt: skip
        data |= {"ts": str(T + step), "checksum": okx_checksum(market)}
        action = "update" if step else "snapshot"
        arg = {"channel": "books", "instId": "ABC-XYZ"}
        lines.append(line(T + step, {"arg": arg, "action": action, "data": [data]}))
    return lines


def kraken_checksum(market):
    bids, asks = market.levels()
    text = ""
    for side in (asks, bids):
        for price, size in side[:10]:
            for told in (px(price), sz(size)):
                text += told.replace(".", "").lstrip("0")
    return str(zlib.crc32(text.encode()))


def kraken(market, steps):
    lines = []
    for step in range(steps):
        stamp = f"{(T + step) / 1000:.6f}"
        changed = {1: market.bids, -1: market.asks} if step == 0 else market.step()
        asks, bids = ([[*pair, stamp] for pair in pairs(changed[sign].items())]
                      for sign in (-1, 1))  # fmt: skip
        if step == 0:
            parts = [{"as": asks, "bs": bids}]
        else:
            parts = [{key: told} for key, told in (("a", asks), ("b", bids)) if told]
            parts[-1]["c"] = kraken_checksum(market)
        lines.append(f"{stamp}: {dumps([7, *parts, 'book-1000', 'ABC/XYZ'])}")
    return lines


def kraken_futures(market, steps):
    quotes = [[{"price": float(price * TICK), "qty": float(size * LOT)} for price, size in side]
              for side in market.levels()]  # fmt: skip
    lines = [line(T, {"feed": "book_snapshot", "product_id": "PI_ABC", "timestamp": T, "seq": 5,
                      "tickSize": None, "bids": quotes[0], "asks": quotes[1]})]  # fmt: skip
    seq = 5
    for step in range(steps):
        for sign, levels in market.step().items():
            for price, size in levels.items():
                seq += 1
                lines.append(line(T + step, {
                    "feed": "book", "product_id": "PI_ABC", "side": "buy" if sign > 0 else "sell",
                    "seq": seq, "price": float(price * TICK), "qty": float(size * LOT),
                    "timestamp": T + step}))  # fmt: skip
    return lines


def wrapped(ts, body):
    return dumps({"t": "recv", "conn": "V.ws.1", "ts": ts / 1000, "data": dumps(body)})


def iso(ms):
    return f"2023-11-14T22:13:{20 + ms // 1000 % 30:02d}.{ms % 1000:03d}000000Z"


def coinbase(market, steps):
    lines, seq = [], 0
    for step in range(steps):
        changed = {1: market.bids, -1: market.asks} if step == 0 else market.step()
        updates = [{"side": "bid" if sign > 0 else "offer", "event_time": iso(step),
                    "price_level": px(price), "new_quantity": sz(size)}
                   for sign in (1, -1) for price, size in changed[sign].items()]  # fmt: skip
        event = {"type": "update" if step else "snapshot", "product_id": "ABC-XYZ",
                 "updates": updates}  # fmt: skip
        lines.append(wrapped(T + step, {"channel": "l2_data", "timestamp": iso(step),
                                        "sequence_num": seq, "events": [event]}))  # fmt: skip
        lines.append(wrapped(T + step, {"channel": "heartbeats", "timestamp": iso(step),
                                        "sequence_num": seq + 1, "events": [{}]}))  # fmt: skip
        seq += 2
    return lines


def hyperliquid(market, steps):
    lines = []
    for step in range(steps):
        levels = [[{"n": 1, "px": px(p), "sz": sz(s)} for p, s in side]
                  for side in market.levels()]  # fmt: skip
        data = {"coin": "ABC", "levels": levels, "time": T + step}
        lines.append(line(T + step, {"channel": "l2Book", "data": data}))
        if step < steps - 1:
            market.step()
    return lines


def deribit(market, steps):
    lines = []
    for step in range(steps):
        changed = {1: market.bids, -1: market.asks} if step == 0 else market.step()
        data = {"type": "change" if step else "snapshot", "timestamp": T + step}
        data |= {"prev_change_id": 90 + step - 1} if step else {}
        data |= {"instrument_name": "ABC-1", "change_id": 90 + step}
        for name, sign in (("bids", 1), ("asks", -1)):
            data[name] = [["change" if size else "delete", float(price * TICK), float(size * LOT)]
                          for price, size in changed[sign].items()]  # fmt: skip
        body = {"jsonrpc": "2.0", "method": "subscription",
                "params": {"channel": "book.ABC-1.raw", "data": data}}  # fmt: skip
        lines.append(line(T + step, body))
    return lines


def tardis(market, steps):
    lines = ["exchange,symbol,timestamp,local_timestamp,is_snapshot,side,price,amount"]
    for step in range(steps):
        changed = {1: market.bids, -1: market.asks} if step == 0 else market.step()
        for sign, levels in changed.items():
            for price, size in levels.items():
                ts = (T + step) * 1000
                lines.append(f"x,ABC,{ts},{ts + 9},{'false' if step else 'true'},"
                             f"{'bid' if sign > 0 else 'ask'},{px(price)},{sz(size)}")  # fmt: skip
    return lines


WRITERS = {
    "binance": binance,
    "binance-spot": spot,
    "bybit": bybit,
    "okx": okx,
    "kraken": kraken,
    "kraken-futures": kraken_futures,
    "coinbase": coinbase,
    "hyperliquid": hyperliquid,
    "deribit": deribit,
    "tardis": tardis,
}
