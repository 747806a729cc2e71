"""A measurement in words and rows: what the terminal and the page both say."""

from math import isnan

from experiments.metrics.impact import DEPTH_BPS
from experiments.report.counted import counted
from experiments.report.results import SaleResult
from lob import Instrument, Side
from lob.feeds.lobster import Day
from lob.units import SECOND_NS, show_duration, show_time

__all__ = [
    "CAVEAT",
    "DEPTH_COLUMNS",
    "IMPACT_COLUMNS",
    "UNDEFINED",
    "bps",
    "decimals",
    "depth_rows",
    "headline",
    "impact_rows",
    "number_rows",
    "price",
    "sale_in_words",
    "session_in_words",
    "ticks",
    "warnings",
]

CAVEAT = (
    "History does not react to the sale. Every later order arrives as it did that day and pulls "
    "the price back to its recorded path: replay is an infinitely strong anchor. It leaves no "
    "permanent impact and understates spirals. Trust the cost at once more than the recovery."
)
"""What must be said with every answer of a replay."""
UNDEFINED = "undefined"
IMPACT_COLUMNS = ("After", "Mid", "Without", "Ticks", "bps")
DEPTH_COLUMNS = {"before": "Before", "after": "Right after", "without": "Without"}
"""What the columns of the depth are called, by their names in ``SaleResult.depth``."""

Row = tuple[str, ...]


def price(instrument: Instrument, in_ticks: float, finer: int = 0) -> str:
    """Return a price given in ticks as people read it, ``finer`` decimals beyond the tick's."""
    if isnan(in_ticks):
        return UNDEFINED
    return f"{in_ticks * float(instrument.tick_size):,.{decimals(instrument) + finer}f}"


def decimals(instrument: Instrument) -> int:
    """Return how many decimals a price of this instrument has."""
    exponent = instrument.tick_size.as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def bps(number: float) -> str:
    """Return basis points with their unit."""
    return UNDEFINED if isnan(number) else f"{number:,.2f} bps"


def ticks(number: float) -> str:
    """Return a signed number of ticks, to the half tick of a mid."""
    return UNDEFINED if isnan(number) else f"{number:+,.1f}".replace("+0.0", "0.0")


def session_in_words(day: Day, mode: str) -> str:
    """Return what was replayed, in a line."""
    times = day.messages["ts_event"][[0, -1]] // SECOND_NS * SECOND_NS
    first, last = map(show_time, times.tolist())
    return (
        f"{counted(len(day.messages), 'recorded message')}, {first} to {last}, "
        f"{counted(day.levels, 'level')} recorded a side, {mode} replay"
    )


def sale_in_words(m: SaleResult) -> str:
    """Return what was sold and how, in a line."""
    sale = m.sale
    verb = "Sell" if sale.side is Side.SELL else "Buy"
    what = f"{verb} {counted(sale.size, 'lot')} at {show_time(sale.at_ns)}"
    if sale.style == "market":
        return f"{what} with one market order"
    count = int(m.full.injected.sum())
    how = f"{counted(count, 'market order')} over {show_duration(sale.over_ns)}"
    if sale.style == "twap":
        return f"{what} in {how} (TWAP)"
    counts = "hidden executions included" if sale.hidden_counts else "without hidden executions"
    return f"{what} in {how}, {100 * float(sale.rate):.3g}% of the volume, {counts} (POV)"


def headline(m: SaleResult) -> str:
    """Return the answer in one or two sentences."""
    done = "Selling" if m.sale.side is Side.SELL else "Buying"
    if not m.filled:
        return f"{done} {counted(m.sale.size, 'lot')} found nobody to trade with."
    parts = [
        f"{done} {counted(m.filled, 'lot')} cost {bps(m.shortfall_bps)} against the arrival mid"
    ]
    if m.sale.style != "market":
        parts.append(f" of {show_time(m.sale.at_ns)}, before its first order")
    if m.sale.style != "market":
        parts.append(f", {bps(m.paired_cost_bps)} without the market's own drift")
    if m.unfilled:
        parts.append(f"; {counted(m.unfilled, 'lot')} stayed unfilled")
    return "".join([*parts, ". ", _pushed(m)])


def number_rows(m: SaleResult) -> list[Row]:
    """Return the numbers of the sale: what, how much."""
    instrument, levels = m.day.instrument, m.day.levels
    beyond = UNDEFINED if isnan(m.share_beyond) else f"{m.share_beyond:.1%}"
    touched = f"{m.levels_consumed:,}"
    if m.deepest != m.levels_consumed:
        touched += f" over all orders, at most {m.deepest:,} by one"
    return [
        (f"Arrival mid, at {show_time(m.sale.at_ns)}", price(instrument, m.arrival_mid, 1)),
        ("VWAP of the sale", price(instrument, m.vwap, 2)),
        ("Implementation shortfall", bps(m.shortfall_bps)),
        ("Cost without the market's own drift", bps(m.paired_cost_bps)),
        ("VWAP of the market alone", _market(m)),
        ("Effective spread", price(instrument, m.effective_spread, 1)),
        ("Realized spread at 1 min", price(instrument, m.realized_spread, 1)),
        ("Peak impact on the mid", _peak(m)),
        ("Levels consumed", touched),
        ("Filled", f"{m.filled:,} of {counted(m.sale.size, 'lot')}"),
        ("Unfilled", counted(m.unfilled, "lot") + _unsent(m)),
        (f"Filled beyond recorded level {levels}", beyond),
    ]


def impact_rows(m: SaleResult) -> list[Row]:
    """Return the impact path: lag, mid with the sale, mid without, ticks, bps."""
    instrument = m.day.instrument
    return [
        (
            show_duration(one.lag_ns) if one.lag_ns else "at once",
            price(instrument, one.mid_full, 1),
            price(instrument, one.mid_twin, 1),
            ticks(one.ticks),
            UNDEFINED if isnan(one.bps) else f"{one.bps:+.2f}".replace("+0.00", "0.00"),
        )
        for one in m.impact
    ]


def depth_rows(m: SaleResult) -> list[Row]:
    """Return the lots near the mid: side, before, right after, without the sale."""
    depth = m.depth()
    return [
        (f"{side} within {DEPTH_BPS} bps", *(f"{depth[when][i]:,}" for when in DEPTH_COLUMNS))
        for i, side in enumerate(("Bids", "Asks"))
    ]


def warnings(m: SaleResult) -> list[str]:
    """Return what makes this answer doubtful, beyond the caveat that holds for all."""
    said = []
    waited = m.full.report.postponed_messages
    if waited:
        orders = m.full.messages[m.full.injected]
        said.append(
            f"Trading was halted: {counted(waited, 'order')} of the sale waited until it resumed. "
            f"The first order went out at {show_time(int(orders['ts_event'][0]))}; the arrival mid "
            f"is that of {show_time(m.sale.at_ns)} all the same."
        )
    if m.day.truncated:
        said.append(f"{m.day.truncated[0].upper()}{m.day.truncated[1:]}.")
    if m.much_is_stale:
        said.append(
            f"{m.share_beyond:.0%} of the lots filled beyond the "
            f"{counted(m.day.levels, 'recorded level')}, on depth that may be long gone: "
            "the cost is a guess there. Sell less, or use a file with more levels."
        )
    if m.mode == "exact":
        said.append(
            "In an exact replay executions stick to the orders the record names, so nobody "
            "competes with the sale for what it left: interactive shows more of its impact."
        )
    return said


def _peak(m: SaleResult) -> str:
    if isnan(m.peak.ticks):
        return UNDEFINED
    return f"{ticks(m.peak.ticks)} ticks, {m.peak.bps:+.2f} bps"


def _pushed(m: SaleResult) -> str:
    """Return what became of the mid, in a sentence."""
    at_once = m.sale.style == "market"
    worst = m.impact[0] if at_once else m.peak
    if isnan(worst.ticks):
        return "It left a side of the book empty."
    if worst.ticks == 0:
        return "The mid was never where it would not have been anyway."
    way = "below" if worst.ticks < 0 else "above"
    distance = price(m.day.instrument, abs(worst.ticks), finer=1)
    if not at_once:
        return f"At the most it pushed the mid {distance} {way} where it would have been."
    back = m.return_time_ns
    then = "never came back" if back is None else f"was first back after {show_duration(back)}"
    return f"It left the mid {distance} {way} where it would have been, and it {then}."


def _market(m: SaleResult) -> str:
    if isnan(m.market_vwap):
        return "nothing trades in it" if m.mode == "exact" else "nothing else traded meanwhile"
    verdict = "worse" if m.vwap_slippage_bps >= 0 else "better"
    level = price(m.day.instrument, m.market_vwap, 2)
    return f"{level}: the sale did {bps(abs(m.vwap_slippage_bps))} {verdict}"


def _unsent(m: SaleResult) -> str:
    unsent = m.sale.size - m.sent
    return f" ({unsent:,} never sent: time ran out)" if unsent else ""
