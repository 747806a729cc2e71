"""A replay takes no more memory for a longer file."""

import subprocess
import sys

import numpy as np
import pytest

from tests.feeds import writers
from tests.feeds.families import itch_of, short_day

CODE = """
import re, sys
from experiments.studies.forced_sale import ForcedSale
from experiments.studies.replay_sale import book_is_there, measure
from lob.feeds import open_feed
feed = open_feed(sys.argv[1])
m = measure(feed, ForcedSale(1000, book_is_there(feed) + 60 * 10**9), sys.argv[2],
            half_life_ns=60e9 if sys.argv[2] == "reanchored" else None)
assert m.filled == 1000
status = open("/proc/self/status").read()  # ru_maxrss is the parent's, where that had more
print(int(re.search(r"VmHWM:\\s+(\\d+)", status)[1]) // 1024, m.report.messages)
"""
REF, TS = 11, 5  # where they are in a record


def tile(path, records, times):
    """A long day: the same minutes again and again, under new references and at later times.

    The last records take what is left off the book, so that it does not grow.
    """
    kinds = [record[:1] for record in records]
    with path.open("wb") as out:
        for round_ in range(times):
            for kind, record in zip(kinds, records, strict=True):
                if round_ and kind in b"SR":
                    continue
                body = bytearray(record)
                if kind in b"AFEXDC":
                    ref = int.from_bytes(body[REF : REF + 8], "big") + round_ * 10**7
                    body[REF : REF + 8] = ref.to_bytes(8, "big")
                ts = int.from_bytes(body[TS : TS + 6], "big") + round_ * 300 * 10**9
                body[TS : TS + 6] = ts.to_bytes(6, "big")
                out.write(len(body).to_bytes(2, "big") + body)


@pytest.fixture(scope="module")
def minutes():
    records = itch_of(short_day(3, 4, 200))
    live = {}
    for record in records:
        ref = int.from_bytes(record[REF : REF + 8], "big")
        if record[:1] == b"A":
            live[ref] = int.from_bytes(record[20:24], "big")
        elif record[:1] in b"EXD":
            taken = live[ref] if record[:1] == b"D" else int.from_bytes(record[19:23], "big")
            live[ref] -= taken
            if not live[ref]:
                del live[ref]
    last = int.from_bytes(records[-1][TS : TS + 6], "big")
    return [*records, *(writers.delete(1, last + 1, ref) for ref in sorted(live))]


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["exact", "interactive", "reanchored"])
def test_memory_does_not_grow_with_the_file(tmp_path, minutes, mode):
    peak = {}
    for times in (20, 500):
        path = tmp_path / f"{times}.itch"
        tile(path, minutes, times)
        command = [sys.executable, "-c", CODE, str(path), mode]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        used, messages = map(int, done.stdout.split())
        peak[times] = used
        assert messages > times * len(minutes) * 0.8
    # All of it, with what the interpreter, numpy and the code take, and shared libraries.
    assert max(peak.values()) < 500, peak
    assert peak[500] < peak[20] + 40, peak


def test_long_files_are_made_as_they_should(tmp_path, minutes):
    tile(tmp_path / "a.itch", minutes, 3)
    size = (tmp_path / "a.itch").stat().st_size
    assert np.isclose(size, 3 * sum(len(r) + 2 for r in minutes), rtol=0.02)
