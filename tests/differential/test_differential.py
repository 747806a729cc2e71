"""The compiled engine against the executable specification, message by message."""

from dataclasses import replace

import numpy as np
import pytest

import lob
from tests.differential import fuzz
from tests.differential.episode import play
from tests.differential.lockstep import BOTH, MismatchError, run, run_malformed
from tests.differential.stream import (
    PROFILES,
    generate,
    ids_hostile,
    ids_usual,
    malformed,
    uniform,
    walking,
)
from tests.messages import market

MESSAGES = 500_000
SHARDS = 4
SEEDS = range(21)
"""Seeds of each profile."""


def shard(name, part):
    return [(name, seed) for seed in SEEDS if seed % SHARDS == part]


@pytest.mark.parametrize("part", range(SHARDS))
@pytest.mark.parametrize("name", PROFILES)
def test_every_event_and_the_whole_book_after_every_message(name, part):
    for profile, seed in shard(name, part):
        play(profile, seed)


@pytest.mark.slow
@pytest.mark.parametrize("name", PROFILES)
def test_more_streams_than_fit_every_commit(name):
    for seed in range(len(SEEDS), 5 * len(SEEDS)):
        play(name, seed)


def test_the_streams_above_hold_half_a_million_messages():
    assert sum(len(SEEDS) * profile.length for profile in PROFILES.values()) >= MESSAGES


def test_the_streams_above_bring_about_every_event_and_reason():
    seen = set()
    for profile in PROFILES.values():
        instrument, rows = generate(profile, seed=0)
        events = lob.OrderBook(instrument).process(rows)
        seen |= set(zip(events["kind"].tolist(), events["reason"].tolist(), strict=True))
    assert {kind for kind, _ in seen} == set(lob.EventKind)
    assert {reason for _, reason in seen} == {
        *(reason for reason in lob.Reason if reason < lob.Reason.REDUCE_ONLY),
        lob.Reason.HALTED,
        lob.Reason.PRICE_BAND,
        lob.Reason.COLLECTING,
        lob.Reason.UNCROSS,
        lob.Reason.NOT_OWNER,
    }


@pytest.mark.parametrize("name", ["id churn", "everyday", "auctions", "sparse"])
def test_where_an_id_is_used_once(name):
    def once(make):
        return lambda instrument: make(instrument, unique_ids=True)

    ours, theirs = (once(make) for make in BOTH)
    for seed in range(4):
        play(name, seed, (ours, theirs))
    instrument, rows = generate(PROFILES[name], 0)
    books = [make(instrument) for make in (ours, theirs)]
    events = [book.process(rows) for book in books]
    assert lob.Reason.DUPLICATE_ORDER_ID in events[0]["reason"] or name == "sparse"
    assert books[0].used_ids == books[1].used_ids
    assert books[0].digest() == books[1].digest() != lob.OrderBook(instrument).digest()


HALF = lob.MAX_PRICE // 2
LARGE = {
    "dense": {"prices": walking(400), "patience": 380, "ids": ids_usual},
    "far apart": {"prices": uniform(-HALF, HALF), "patience": HALF - 2**30, "ids": ids_hostile},
}


@pytest.mark.parametrize("name", LARGE)
def test_large_books_in_batches(name):
    """Growth of every table: thousands of live orders, all swept away, then growth again."""
    profile = replace(
        PROFILES["everyday"],
        kinds=(0.75, 0.1, 0.05, 0.1),
        reach=0.001,
        length=40_000,
        **LARGE[name],
    )
    instrument, first = generate(profile, seed=5)
    second = generate(profile, seed=6)[1]
    second["instrument"] = instrument
    sweeps = [market(12_345, side, lob.MAX_SIZE, instrument=instrument) for side in lob.Side]
    books = [make(instrument) for make in BOTH]
    most, fewest = 0, 10**9
    for part in [*np.array_split(first, 6), *sweeps, *np.array_split(second, 6)]:
        ours, theirs = (book.process(part) for book in books)
        assert ours.tobytes() == theirs.tobytes()
        assert books[0].orders().tobytes() == books[1].orders().tobytes()
        books[0].check()
        fewest = min(fewest, len(books[0]))
        most = max(most, len(books[0]))
    assert most > 3_000
    assert fewest == 0


def test_streams_are_the_same_for_the_same_seed_and_differ_between_seeds():
    profile = PROFILES["sparse"]
    assert generate(profile, 3)[1].tobytes() == generate(profile, 3)[1].tobytes()
    assert generate(profile, 3)[1].tobytes() != generate(profile, 4)[1].tobytes()


@pytest.mark.parametrize("name", PROFILES)
def test_malformed_batches_are_mostly_refused(name):
    """Else the malformed part of an episode would compare nothing."""
    instrument, rows = generate(PROFILES[name], seed=1)
    rng = np.random.Generator(np.random.PCG64(1))
    refused = [
        run_malformed(instrument, rows[:100], malformed(rng, rows[100:110], bad=2))
        for _ in range(20)
    ]
    assert sum(refused) >= 8


class NewestFirst(lob.reference.OrderBook):
    """Broken on purpose: what is replaced goes to the front of its queue."""

    def _rest(self, order):
        super()._rest(order)
        queue = self._queues[order.side][order.price]
        if self._message.kind == lob.Kind.REPLACE:
            others = {key: queue.pop(key) for key in list(queue) if key != order.order_id}
            queue.update(others)


class OffByOne(lob.reference.OrderBook):
    """Broken on purpose: a fill-or-kill order accepts one lot less."""

    def _tradable(self, order):
        return super()._tradable(order) + 1


class Leaky(lob.reference.OrderBook):
    """Broken on purpose: counts an event too many for a refused batch."""

    def process(self, *arguments):
        try:
            return super().process(*arguments)
        except ValueError:
            self.seq += 1
            raise


@pytest.mark.parametrize("broken", [NewestFirst, OffByOne, Leaky])
def test_a_broken_engine_is_found_and_shrunk(broken):
    with pytest.raises(MismatchError, match="to see it again") as found:
        play("all or little", 0, (broken, lob.reference.OrderBook))
    report = str(found.value)
    if broken is not Leaky:
        messages = report.split("shrunk to ")[1]
        assert int(messages.split()[0]) <= 6
        assert "which give: " in messages


def test_an_engine_that_raises_is_a_mismatch():
    class Raises(lob.reference.OrderBook):
        def _cancel(self, order, reason):
            raise RuntimeError("boom")

    instrument, rows = generate(PROFILES["crossing"], seed=0)
    with pytest.raises(MismatchError, match="boom"):
        run(instrument, rows, (Raises, lob.reference.OrderBook))


def test_fuzz_runs_and_tells_how_much(capsys):
    assert fuzz.main(["--seconds", "0.1", "--seed", "4"]) == 0
    assert "messages compared, no mismatch" in capsys.readouterr().out


def test_fuzz_ends_with_1_and_the_seed_on_a_mismatch(monkeypatch, capsys):
    def broken(name, seed):
        return play(name, seed, (OffByOne, lob.reference.OrderBook))

    monkeypatch.setattr(fuzz, "play", broken)
    assert fuzz.main(["--seconds", "20", "--seed", "4"]) == 1
    assert "--episode 5000000" in capsys.readouterr().err


@pytest.mark.parametrize("wrong", [["--profile", "crossing"], ["--seed", "-1"], ["--episode", "1"]])
def test_fuzz_refuses_what_makes_no_sense(wrong):
    with pytest.raises(SystemExit) as stop:
        fuzz.main(wrong)
    assert stop.value.code == 2
