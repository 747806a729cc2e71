"""A report of a feed in words."""

from datetime import UTC, datetime
from typing import Any

__all__ = ["tell", "time_of"]

SHOWN = 10


def time_of(ts: int, clock: str) -> str:
    """A time of a feed, to the nanosecond."""
    seconds, ns = divmod(ts, 10**9)
    if clock == "UTC":
        try:
            return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}.{ns:09d} UTC"
        except (OverflowError, ValueError, OSError):
            return f"{ts} ns"
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    return f"{hour:02d}:{minute:02d}:{second:02d}.{ns:09d}"


def tell(report: Any) -> str:
    """A ``lob.feeds.FeedReport`` in words: a line a fact; what is not there has none."""
    label = "" if report.verified else ", unverified"
    kind = "by level" if report.is_level_feed else "order by order"
    lines = [f"{report.path}: {report.format} ({kind}{label})"]
    if not report.complete:
        lines.append("not read to its end")
    lines.append(
        "records: " + (", ".join(f"{k} {n:,}" for k, n in report.records.items()) or "none")
    )
    if report.first_ts is not None and report.last_ts is not None:
        first, last = (time_of(ts, report.clock) for ts in (report.first_ts, report.last_ts))
        lines.append(f"from {first} to {last} ({report.clock})")
    lines.append(
        f"messages {report.messages:,}, prints {report.prints:,}, "
        f"orders left at the end {report.live_orders:,}"
    )
    for name, check in report.checks.items():
        first = f"; first: {check.first_failure}" if check.first_failure else ""
        lines.append(f"check {name}: {check.passed:,} passed, {check.failed:,} failed{first}")
    counts = (
        ("snapshots", report.snapshots),
        ("gaps", report.gaps),
        ("went back in time", report.went_back),
        ("unknown ids", report.unknown_ids),
        ("of these from before the record", report.unknown_explained),
        ("ids in use", report.duplicate_ids),
        ("overdrawn", report.overdrawn),
        ("crossed before the opening", report.crossed_before_open),
        ("crossed", report.crossed),
        ("locked before the opening", report.locked_before_open),
        ("locked", report.locked),
    )
    lines += [", ".join(f"{name} {count:,}" for name, count in counts)]
    for what, events in (
        ("session", [f"{time_of(ts, report.clock)} {name}" for ts, name in report.sessions]),
        (
            "halt",
            [
                f"{time_of(halt.ts_event, report.clock)} instrument {halt.instrument} {halt.state}"
                for halt in report.halts
            ],
        ),
    ):
        lines += [f"{what}: {event}" for event in events[:SHOWN]]
        if len(events) > SHOWN:
            lines.append(f"... and {len(events) - SHOWN:,} more of {what}")
    lines += [f"note: {note}" for note in report.notes]
    if report.problem:
        lines.append(f"first problem: {report.problem}")
    return "\n  ".join(lines)
