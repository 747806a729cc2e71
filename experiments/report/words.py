"""Words and rows for a sale in a recorded day, as the terminal and the page both show them."""

from math import isnan

from experiments.metrics.impact import DEPTH_BPS
from experiments.report.results import SaleResult
from lob import Instrument, Side
from lob.counted import counted
from lob.real_units import named
from lob.replay_report import ReplayMode, ReplayReport
from lob.units import show_duration

__all__ = [
    "DEPTH_COLUMNS",
    "UNDEFINED",
    "bps",
    "caveat",
    "decimals",
    "depth_rows",
    "headline",
    "impact_columns",
    "impact_rows",
    "level",
    "number_rows",
    "price",
    "price_name",
    "sale_in_words",
    "session_in_words",
    "size",
    "size_name",
    "size_step",
    "sizes",
    "ticks",
    "warnings",
]

CAVEATS = {
    ReplayMode.EXACT: (
        "History does not react to the sale, and the sale takes nothing from it: each of its "
        "orders is priced against the recorded depth as if it were alone. What several orders "
        "cost together is understated."
    ),
    ReplayMode.INTERACTIVE: (
        "History does not react to the sale. Every later order arrives as it did that day and "
        "pulls the price back to its recorded path: replay is an infinitely strong anchor. It "
        "leaves no permanent impact and understates spirals. Trust the cost at once more than the "
        "recovery."
    ),
    ReplayMode.REANCHORED: (
        "History does not react to the sale but for the anchor that was stated: later orders come "
        "as they did that day, at prices relative to where the sale pushed the market. How long "
        "the mark lasts is an assumption, not a finding. Trust the cost at once more than the rest."
    ),
}
UNDEFINED = "undefined"
"""Text in place of ``nan``."""
DEPTH_COLUMNS = {"before": "Before", "after": "Right after", "without": "Without"}
"""Headings of the columns of the depth, by their names in ``SaleResult.depth``."""

Row = tuple[str, ...]
"""Cells of one line of a table, as text."""


def price(instrument: Instrument, in_ticks: float, finer: int = 0) -> str:
    """Return a price in money as text.

    Parameters
    ----------
    instrument
        What has the tick size.
    in_ticks
        The price in ticks; ``nan`` is undefined.
    finer
        Decimals beyond the tick's.
    """
    if isnan(in_ticks):
        return UNDEFINED
    return f"{in_ticks * float(instrument.tick_size):,.{decimals(instrument) + finer}f}"


def level(instrument: Instrument, in_ticks: float, finer: int = 0) -> str:
    """Return a price in money as text with the name of the money, where that is known."""
    text = price(instrument, in_ticks, finer)
    named = instrument.has_units and not isnan(in_ticks)
    return f"{text} {instrument.quote}" if named else text


def decimals(instrument: Instrument) -> int:
    """Return how many decimals a price of an instrument has."""
    exponent = instrument.tick_size.as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def bps(number: float) -> str:
    """Return a number of basis points as text, with two decimals and the unit."""
    return UNDEFINED if isnan(number) else f"{number:,.2f} bps"


def ticks(instrument: Instrument, number: float) -> str:
    """Return a signed distance as text, to the half tick of a mid: in money, else in ticks."""
    if isnan(number):
        return UNDEFINED
    if not instrument.has_units:
        return f"{number:+,.1f}".replace("+0.0", "0.0")
    sign = "" if number == 0 else "-" if number < 0 else "+"
    return sign + price(instrument, abs(number), 1)


def caveat(mode: ReplayMode) -> str:
    """Return an English sentence that belongs to every answer of a replay in a mode."""
    return CAVEATS[mode]


def size(instrument: Instrument, lots: int) -> str:
    """Return a size as people say it, exact: in units of what is traded, where these are known.

    Examples
    --------
    >>> from decimal import Decimal
    >>> size(Instrument("AMZN"), 500), size(Instrument("AMZN", base="shares", quote="USD"), 5_000)
    ('500 lots', '5,000 shares')
    >>> size(Instrument("BTCUSDT", lot_size=Decimal("0.001"), base="BTC"), 2_000)
    '2 BTC'
    """
    if not _has_sizes(instrument):
        return counted(lots, "lot")
    return named(sizes(instrument, lots), instrument.size_asset)


def sizes(instrument: Instrument, lots: int) -> str:
    """Return a size as text without its unit, which ``size_name`` tells."""
    if not _has_sizes(instrument):
        return f"{lots:,}"
    text = f"{instrument.to_size(lots):,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def size_name(instrument: Instrument) -> str:
    """Return the name of the unit in which sizes are shown: ``BTC``, or ``lots``."""
    return instrument.size_asset if _has_sizes(instrument) else "lots"


def size_step(instrument: Instrument) -> float:
    """Return what a lot is multiplied by to be in the unit that ``size_name`` names."""
    return float(instrument.lot_size) if _has_sizes(instrument) else 1


def price_name(instrument: Instrument) -> str:
    """Return the name of the unit in which distances of prices are shown: ``USD``, or ``ticks``."""
    return instrument.quote if instrument.has_units else "ticks"


def _has_sizes(instrument: Instrument) -> bool:
    return instrument.has_units or instrument.lot_size != 1


def session_in_words(report: ReplayReport) -> str:
    """Return an English line: what was replayed, and how."""
    said = f"{counted(report.messages, 'recorded message')}"
    if report.first_ts is not None and report.last_ts is not None:
        said += f", {report.moment(report.first_ts)} to {report.moment(report.last_ts)}"
    return f"{said}, {report.label}"


def sale_in_words(m: SaleResult) -> str:
    """Return an English line: what was sold and how."""
    sale = m.sale
    verb = "Sell" if sale.side is Side.SELL else "Buy"
    what = f"{verb} {size(m.instrument, sale.size)} at {m.report.moment(sale.at_ns)}"
    if sale.style == "market":
        return f"{what} with one market order"
    how = f"{counted(m.child_orders, 'market order')} over {show_duration(sale.over_ns)}"
    if sale.style == "twap":
        return f"{what} in {how} (TWAP)"
    counts = "hidden executions included" if sale.hidden_counts else "without hidden executions"
    return f"{what} in {how}, {100 * float(sale.rate):.3g}% of the volume, {counts} (POV)"


def headline(m: SaleResult) -> str:
    """Return the answer of a sale in one or two English sentences."""
    done = "Selling" if m.sale.side is Side.SELL else "Buying"
    if not m.filled:
        return f"{done} {size(m.instrument, m.sale.size)} found nobody to trade with."
    parts = [
        f"{done} {size(m.instrument, m.filled)} cost {bps(m.shortfall_bps)} against the arrival mid"
    ]
    if m.sale.style != "market":
        parts.append(f" of {m.report.moment(m.sale.at_ns)}, before its first order")
        parts.append(f", {bps(m.paired_cost_bps)} without the market's own drift")
    if m.unfilled:
        parts.append(f"; {size(m.instrument, m.unfilled)} stayed unfilled")
    return "".join([*parts, ". ", _pushed(m)])


def number_rows(m: SaleResult) -> list[Row]:
    """Return the numbers of a sale as rows of text: what, how much."""
    instrument, levels = m.instrument, m.recorded_levels
    beyond = UNDEFINED if isnan(m.share_beyond) else f"{m.share_beyond:.1%}"
    touched = f"{m.levels_consumed:,}"
    if m.deepest != m.levels_consumed:
        touched += f" over all orders, at most {m.deepest:,} by one"
    return [
        (f"Arrival mid, at {m.report.moment(m.sale.at_ns)}", level(instrument, m.arrival_mid, 1)),
        ("VWAP of the sale", level(instrument, m.vwap, 2)),
        ("Implementation shortfall", bps(m.shortfall_bps)),
        ("Cost without the market's own drift", bps(m.paired_cost_bps)),
        ("VWAP of the market alone", _market(m)),
        ("Effective spread", level(instrument, m.effective_spread, 1)),
        ("Realized spread at 1 min", level(instrument, m.realized_spread, 1)),
        ("Peak impact on the mid", _peak(m)),
        ("Levels consumed", touched),
        ("Filled", f"{sizes(instrument, m.filled)} of {size(instrument, m.sale.size)}"),
        ("Unfilled", size(instrument, m.unfilled) + _unsent(m)),
        *([(f"Filled beyond recorded level {levels}", beyond)] if levels is not None else []),
        ("History that broke", m.report.broken_told()),
    ]


def impact_columns(m: SaleResult) -> Row:
    """Return the headings of ``impact_rows``, with the unit of prices where it is known."""
    if not m.instrument.has_units:
        return ("After", "Mid", "Without", "Ticks", "bps")
    quote = m.instrument.quote
    return ("After", f"Mid, {quote}", "Without", f"Impact, {quote}", "bps")


def impact_rows(m: SaleResult) -> list[Row]:
    """Return the impact of a sale as rows of text: lag, mid with it, without, distance, bps."""
    instrument = m.instrument
    return [
        (
            show_duration(one.lag_ns) if one.lag_ns else "at once",
            price(instrument, one.mid_full, 1),
            price(instrument, one.mid_twin, 1),
            ticks(instrument, one.ticks),
            UNDEFINED if isnan(one.bps) else f"{one.bps:+.2f}".replace("+0.00", "0.00"),
        )
        for one in m.impact
    ]


def depth_rows(m: SaleResult) -> list[Row]:
    """Return the depth near the mid as rows of text: side, before, right after, without the sale.

    Its unit is ``size_name``.
    """
    depth = m.depth()
    return [
        (
            f"{side} within {DEPTH_BPS} bps",
            *(sizes(m.instrument, depth[when][i]) for when in DEPTH_COLUMNS),
        )
        for i, side in enumerate(("Bids", "Asks"))
    ]


def warnings(m: SaleResult) -> list[str]:
    """Return English sentences: what makes the answer of a sale doubtful, beyond the caveat."""
    report, feed = m.report, m.report.feed
    said = []
    if feed.is_level_feed:
        said.append(
            "The feed is one of levels: each price is one anonymous order, so queue places, and "
            "which orders the sale met, are unknown."
        )
    if not feed.verified:
        said.append("The reader of this format is unverified: no real file was at hand to try it.")
    if feed.faults:
        said.append("The feed is damaged or incomplete: " + "; ".join(feed.faults) + ".")
    if report.gaps_during:
        said.append(f"{counted(report.gaps_during, 'gap')} of the feed lie within the sale.")
    broken = report.broken.messages
    if broken:
        share = 100 * broken / max(1, report.resent)
        said.append(
            f"{counted(broken, 'message')} of history broke after the sale, {share:.2g} % of those "
            f"sent again: {m.report.broken_told()}."
        )
    if m.unfilled:
        more = "" if m.sent < m.sale.size else ": the book had no more, as far as the feed tells"
        said.append(f"{size(m.instrument, m.unfilled)} stayed unfilled{_unsent(m)}{more}.")
    if closed := _outside_hours(m):
        said.append(closed)
    if report.waited:
        said.append(
            f"{counted(report.waited, 'order')} of the sale waited: in a halt nothing trades, and "
            "while a book is crossed or half told nothing is put in. The arrival mid is that of "
            f"{report.moment(m.sale.at_ns)} all the same."
        )
    if feed.truncated:
        said.append(f"{feed.truncated[0].upper()}{feed.truncated[1:]}.")
    if m.much_is_stale and m.recorded_levels is not None:
        said.append(
            f"{m.share_beyond:.0%} of what was sold filled beyond the "
            f"{counted(m.recorded_levels, 'recorded level')}, on depth that may be long gone: "
            "the cost is a guess there. Sell less, or use a file with more levels."
        )
    return said


def _peak(m: SaleResult) -> str:
    if isnan(m.peak.ticks):
        return UNDEFINED
    moved = f"{ticks(m.instrument, m.peak.ticks)} {price_name(m.instrument)}"
    return f"{moved}, {m.peak.bps:+.2f} bps"


def _pushed(m: SaleResult) -> str:
    """Return what became of the mid, in a sentence."""
    at_once = m.sale.style == "market"
    worst = m.impact[0] if at_once else m.peak
    if m.report.mode is ReplayMode.EXACT:
        return "Its impact is not asked for: nothing in an exact replay reacts."
    if isnan(worst.ticks):
        return "It left a side of the book empty."
    if worst.ticks == 0:
        return "The mid was never where it would not have been anyway."
    way = "below" if worst.ticks < 0 else "above"
    distance = level(m.instrument, abs(worst.ticks), finer=1)
    if not at_once:
        return f"At the most it pushed the mid {distance} {way} where it would have been."
    back = m.return_time_ns
    then = "never came back" if back is None else f"was first back after {show_duration(back)}"
    return f"It left the mid {distance} {way} where it would have been, and it {then}."


def _market(m: SaleResult) -> str:
    if isnan(m.market_vwap):
        return "nothing traded meanwhile, as far as the feed tells"
    verdict = "worse" if m.vwap_slippage_bps >= 0 else "better"
    mean = level(m.instrument, m.market_vwap, 2)
    return f"{mean}: the sale did {bps(abs(m.vwap_slippage_bps))} {verdict}"


def _outside_hours(m: SaleResult) -> str:
    """Return a warning where the feed tells market hours, and the sale starts outside them."""
    hours = {name: ts for ts, name in m.report.feed.sessions}
    start, end = hours.get("start of market hours"), hours.get("end of market hours")
    at, moment = m.sale.at_ns, m.report.moment
    if start is not None and at < start:
        return f"The sale starts before market hours, which begin at {moment(start)}."
    if end is not None and at >= end:
        return f"The sale starts after market hours, which end at {moment(end)}."
    return ""


def _unsent(m: SaleResult) -> str:
    unsent = m.sale.size - m.sent
    if not unsent:
        return ""
    last = m.report.last_ts
    ended = last is not None and m.sale.until_ns > last
    why = "the record ended" if ended else "time ran out"
    return f" ({sizes(m.instrument, unsent)} never sent: {why})"
