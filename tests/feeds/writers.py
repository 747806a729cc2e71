"""Files of a few records in the formats of order-by-order feeds, made by their specifications."""

import json
import random
import struct
from pathlib import Path

HEAD = struct.Struct(">cHH6s")


def itch_record(kind: str, locate: int, ts: int, body: bytes) -> bytes:
    return HEAD.pack(kind.encode(), locate, 0, ts.to_bytes(6, "big")) + body


def stock(name: str) -> bytes:
    return name.ljust(8).encode()


def directory(locate: int, name: str, ts: int = 0) -> bytes:
    tail = b"QN" + struct.pack(">I", 100) + b"NCZ PNN1N" + struct.pack(">I", 0) + b"N"
    return itch_record("R", locate, ts, stock(name) + tail)


def add(locate, ts, ref, side, size, name, price, mpid=b"") -> bytes:
    body = struct.pack(">QcI", ref, side.encode(), size) + stock(name) + struct.pack(">I", price)
    return itch_record("F" if mpid else "A", locate, ts, body + mpid)


def execute(locate, ts, ref, size, match=1, price=None, printable="Y") -> bytes:
    body = struct.pack(">QIQ", ref, size, match)
    if price is None:
        return itch_record("E", locate, ts, body)
    return itch_record("C", locate, ts, body + struct.pack(">cI", printable.encode(), price))


def cancel(locate, ts, ref, size) -> bytes:
    return itch_record("X", locate, ts, struct.pack(">QI", ref, size))


def delete(locate, ts, ref) -> bytes:
    return itch_record("D", locate, ts, struct.pack(">Q", ref))


def replace(locate, ts, ref, new, size, price) -> bytes:
    return itch_record("U", locate, ts, struct.pack(">QQII", ref, new, size, price))


def hidden(locate, ts, size, name, price, match=7) -> bytes:
    body = struct.pack(">QcI", 0, b"B", size) + stock(name) + struct.pack(">IQ", price, match)
    return itch_record("P", locate, ts, body)


def cross(locate, ts, size, name, price, match=8) -> bytes:
    body = struct.pack(">Q", size) + stock(name) + struct.pack(">IQ", price, match) + b"O"
    return itch_record("Q", locate, ts, body)


def broken(locate, ts, match) -> bytes:
    return itch_record("B", locate, ts, struct.pack(">Q", match))


def event(ts, code) -> bytes:
    return itch_record("S", 0, ts, code.encode())


def state(locate, ts, name, code) -> bytes:
    return itch_record("H", locate, ts, stock(name) + code.encode() + b" " + b"    ")


def itch_file(records: list[bytes], prefix: str = "lengths") -> bytes:
    """``prefix``: lengths, zeros or none."""
    heads = {"lengths": lambda r: struct.pack(">H", len(r)), "zeros": lambda _: b"\0\0"}
    return b"".join(heads.get(prefix, lambda _: b"")(record) + record for record in records)


def itch_day(seed: int = 1, count: int = 400, names: tuple[str, ...] = ("ABC", "XYZ")):
    """Random sound records, never crossed: the records, and the book of each name at the end."""
    random_ = random.Random(seed)
    ts = 1
    records = [event(ts, "O")]
    records += [directory(i + 1, name, ts) for i, name in enumerate(names)]
    records.append(event(2, "Q"))
    live: dict[int, list] = {}
    books: dict[str, dict[int, list]] = {name: {} for name in names}
    next_ref = 10
    for _ in range(count):
        ts += random_.randrange(5)
        which = random_.randrange(len(names))
        locate, name = which + 1, names[which]
        own = [ref for ref, order in live.items() if order[0] == which]
        choice = random_.random()
        if choice < 0.5 or not own:
            side = random_.choice("BS")
            price = 1_000_000 + (1 if side == "S" else -1) * random_.randrange(1, 30) * 100
            size = random_.randrange(1, 500)
            mpid = b"MPID" if random_.random() < 0.2 else b""
            records.append(add(locate, ts, next_ref, side, size, name, price, mpid))
            live[next_ref] = books[name][next_ref] = [which, side, price, size]
            next_ref += 1
            continue
        ref = random_.choice(own)
        order = live[ref]
        if choice < 0.65:
            records.append(delete(locate, ts, ref))
            taken = order[3]
        elif choice < 0.75:
            taken = random_.randrange(1, order[3] + 1)
            records.append(cancel(locate, ts, ref, taken))
        elif choice < 0.9:
            taken = random_.randrange(1, order[3] + 1)
            price = order[2] if random_.random() < 0.3 else None
            records.append(execute(locate, ts, ref, taken, len(records), price))
        else:
            size, taken = random_.randrange(1, 500), order[3]
            records.append(replace(locate, ts, ref, next_ref, size, order[2]))
            live[next_ref] = books[name][next_ref] = [which, order[1], order[2], size]
            next_ref += 1
        order[3] -= taken
        if not order[3]:
            del live[ref], books[name][ref]
    records.append(event(ts + 1, "M"))
    return records, books


# -------------------------------------------------------------------- Databento

UNDEFINED = 2**63 - 1
LAST, SNAPSHOT, BAD = 128, 32, 4
MBO = struct.Struct("<BBHIQQqIBBccQiI")


def mbo(
    action, side, order_id=0, price=UNDEFINED, size=0, flags=LAST, ts=1_700_000_000_000_000_000,
    instrument=7, sequence=1,
) -> bytes:  # fmt: skip
    return MBO.pack(
        14, 0xA0, 1, instrument, ts, order_id, price, size, flags, 0,
        action.encode(), side.encode(), ts, 0, sequence,
    )  # fmt: skip


def dbn_file(records, version=3, symbols=(("ESX4", 7),), schema=0) -> bytes:
    width = 22 if version == 1 else 71

    def text(name: str) -> bytes:
        return name.encode().ljust(width, b"\0")

    meta = b"TEST.DATA".ljust(16, b"\0") + struct.pack("<HQQQ", schema, 0, 1, 0)
    if version == 1:
        meta += struct.pack("<Q", 2**64 - 1)
    meta += b"\1\0\0"
    if version > 1:
        meta += struct.pack("<H", width)
    meta = meta.ljust(100, b"\0") + struct.pack("<I", 0)
    meta += struct.pack("<I", len(symbols)) + b"".join(text(name) for name, _ in symbols)
    meta += struct.pack("<III", 0, 0, len(symbols))
    for name, number in symbols:
        meta += text(name) + struct.pack("<III", 1, 20240101, 20240102) + text(str(number))
    return b"DBN" + struct.pack("<BI", version, len(meta)) + meta + b"".join(records)


def dbn_day(seed: int = 1, count: int = 300) -> list[bytes]:
    """Random sound records of one instrument behind a snapshot, with trades."""
    random_ = random.Random(seed)
    quarter = 250_000_000
    records = [mbo("R", "N", flags=SNAPSHOT | 8)]
    live: dict[int, list] = {}
    for ref in range(1, 21):
        side = "B" if ref % 2 else "A"
        price = (20_000 + (-ref if side == "B" else ref)) * quarter
        live[ref] = [side, price, 5]
        flags = SNAPSHOT | 8 | (LAST if ref == 20 else 0)
        records.append(mbo("A", side, ref, price, 5, flags))
    ts = 1_700_000_000_000_000_001
    for ref in range(100, 100 + count):
        ts += random_.randrange(1000)
        choice = random_.random()
        if choice < 0.5 or not live:
            side = random_.choice("BA")
            step = random_.randrange(1, 40)
            price = (20_000 + (-step if side == "B" else step)) * quarter
            live[ref] = [side, price, random_.randrange(1, 20)]
            records.append(mbo("A", side, ref, price, live[ref][2], ts=ts))
            continue
        old = random_.choice(list(live))
        side, price, size = live[old]
        if choice < 0.7:
            records.append(mbo("C", side, old, price, size, ts=ts))
            del live[old]
        elif choice < 0.8:
            live[old][2] = random_.randrange(1, 30)
            records.append(mbo("M", side, old, price, live[old][2], ts=ts))
        else:
            taker = "A" if side == "B" else "B"
            records.append(mbo("T", taker, 0, price, 1, 0, ts))
            records.append(mbo("F", side, old, price, 1, 0, ts))
            records.append(mbo("C", side, old, price, 1, ts=ts))
            live[old][2] -= 1
            if not live[old][2]:
                del live[old]
    return records


# -------------------------------------------------------------------- Independent Reserve


def reserve_snapshot(pair, buys, sells, ts=1000.0, created="1970-01-01T00:16:40.5Z") -> str:
    first, second = pair
    url = (
        "https://api.independentreserve.com/Public/GetAllOrders"
        f"?primaryCurrencyCode={first}&secondaryCurrencyCode={second}"
    )
    orders = [
        [{"Guid": guid, "Price": price, "Volume": size} for guid, price, size in side]
        for side in (buys, sells)
    ]
    data = {"BuyOrders": orders[0], "SellOrders": orders[1], "CreatedTimestampUtc": created}
    return json.dumps({"t": "http", "conn": "h", "ts": ts, "url": url, "data": json.dumps(data)})


def reserve_event(kind, nonce, guid, side="LimitBid", price=None, volume=None, ms=1_001_000) -> str:
    data = {"OrderType": side, "OrderGuid": guid}
    if price is not None:
        data["Price"] = price
    if volume is not None:
        data["Volume"] = volume
    told = {"Channel": "orderbook-abc", "Nonce": nonce, "Data": data, "Time": ms, "Event": kind}
    return json.dumps({"t": "recv", "conn": "w", "ts": ms / 1000, "data": json.dumps(told)})


def reserve_day() -> list[str]:
    lines = [
        reserve_snapshot(
            ("abc", "usd"), [("b1", 99.5, 1.5), ("b2", 99.25, 2.0)], [("a1", 100.5, 3.0)]
        ),
    ]
    for i in range(60):
        new = {"price": {"usd": 90 + i / 8, "nzd": 1}, "volume": 1.25}
        lines.append(reserve_event("NewOrder", 3 * i + 5, f"n{i}", **new, ms=1_001_000 + 10 * i))
        lines.append(
            reserve_event("OrderChanged", 3 * i + 6, f"n{i}", volume=0.5, ms=1_001_001 + 10 * i)
        )
        lines.append(reserve_event("OrderCanceled", 3 * i + 7, f"n{i}", ms=1_001_002 + 10 * i))
    return lines


# -------------------------------------------------------------------- Bitstamp

BITSTAMP_HEADER = "id,timestamp,exchange.timestamp,price,volume,action,direction"


def bitstamp_day(count: int = 40) -> list[str]:
    """Orders that come and are deleted, with a trade after every fifth."""
    start = 1_430_438_400_000
    lines = [BITSTAMP_HEADER]
    for i in range(count):
        ts = start + 3000 * i
        second = ts - ts % 1000
        bid, ask = 1000 + 2 * i, 1001 + 2 * i
        lines.append(f"{bid},{ts},{second},{236 - i % 5}.47,200000000,created,bid")
        if i % 5:
            lines.append(f"{bid},{ts + 500},{second},{236 - i % 5}.47,200000000,deleted,bid")
            continue
        lines.append(f"{ask},{ts + 10},{second},236.47,50000000,created,ask")
        lines.append(f"{bid},{ts + 11},{second},236.47,150000000,changed,bid")
        lines.append(f"{ask},{ts + 12},{second},236.47,0,deleted,ask")
        lines.append(f"{bid},{ts + 20},{second},236.47,150000000,deleted,bid")
    return lines


def write_lines(path: Path, lines: list[str]) -> Path:
    path.write_text("".join(f"{line}\n" for line in lines))
    return path
