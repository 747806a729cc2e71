"""The same messages give the same events, to the byte, in every version."""

import json

import lob
from tests.golden.stream import PATH, digests, stream


def test_events_and_book_are_what_they_always_were(engine):
    assert digests(engine) == json.loads(PATH.read_text(encoding="utf-8")), (
        "if the rules or records are meant to change: python -m tests.golden.stream --write"
    )


def test_the_stream_brings_about_every_event_and_every_reason_of_a_book_but_one():
    events = lob.OrderBook().process(stream())
    assert set(events["kind"].tolist()) == {
        kind for kind in lob.EventKind if kind <= lob.EventKind.REPLACED
    }
    # A full side takes sizes that this stream does not use.
    of_a_book = {reason for reason in lob.Reason if reason < lob.Reason.REDUCE_ONLY}
    of_a_book = of_a_book - {lob.Reason.VOLUME_LIMIT} | {lob.Reason.NOT_OWNER}
    assert set(events["reason"].tolist()) == of_a_book
