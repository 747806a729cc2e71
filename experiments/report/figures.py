"""Figures of a replay's page: price, impact path, depth. Plotly, imported when first drawn."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from experiments.metrics.impact import LAGS_NS, Impact
from experiments.metrics.quotes import BPS, mid
from experiments.report.results import ReplayResult, SaleResult
from experiments.report.words import decimals, level, price_name, size_name, size_step, ticks
from lob import Instrument, Side
from lob.units import SECOND_NS, show_duration

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

__all__ = ["day_figure", "depth_figure", "impact_figure", "price_figure"]

INK, FAINT, GRID = "#22303c", "#8a98a5", "#e8edf1"
BID, ASK, SALE = "#1b7f79", "#b4602c", "#c0392b"
SMALL = {"size": 12, "color": INK}
BID_FILL, ASK_FILL, SPREAD_FILL = (
    "rgba(27,127,121,.16)",
    "rgba(180,96,44,.16)",
    "rgba(34,48,60,.08)",
)
MOST_POINTS = 4000
MANY_FILLS = 60
AROUND_NS = 60 * SECOND_NS
AT_ONCE_S = 0.0004  # where lag 0 stands on a logarithmic axis
FIRST_LAG_S, LAST_LAG_S, LAGS_DRAWN = 0.001, 1000.0, 300
AROUND_BPS = 15


def day_figure(done: ReplayResult) -> "Figure":
    """Draw the mid over all that was replayed."""
    tick = float(done.instrument.tick_size)
    rows = _thin(done.quotes)
    figure = _price_figure(done.instrument, "%H:%M")
    figure.add_scatter(
        x=_clock(rows), y=_gaps(mid(rows) * tick), name="mid", line=_step(INK, 1.2), mode="lines"
    )
    return figure


def price_figure(m: SaleResult) -> "Figure":
    """Draw bid, ask and mid around the sale, the mid without it, and each of its fills."""
    tick = float(m.instrument.tick_size)
    around = max(AROUND_NS, m.sale.over_ns // 2)
    window = (m.sale.at_ns - around, m.sale.until_ns + around)
    full, twin = (_thin(_within(quotes, *window)) for quotes in (m.full, m.twin))
    times, figure = _clock(full), _price_figure(m.instrument, "%H:%M:%S")
    bid, ask = _side(full, "bid") * tick, _side(full, "ask") * tick
    for name, prices, fill in (("bid", bid, None), ("ask", ask, "tonexty")):
        colour = BID if name == "bid" else ASK
        figure.add_scatter(
            x=times, y=_gaps(prices), name=name, mode="lines", line=_step(colour, 1),
            fill=fill, fillcolor=SPREAD_FILL,
        )  # fmt: skip
    figure.add_scatter(
        x=_clock(twin), y=_gaps(mid(twin) * tick), name="mid without", mode="lines",
        line=_step(FAINT, 1.5, "dot"),
    )  # fmt: skip
    figure.add_scatter(
        x=times, y=_gaps(mid(full) * tick), name="mid", mode="lines", line=_step(INK, 1.8)
    )
    figure.add_scatter(
        x=_clock(m.trades), y=(m.trades["price"] * tick).tolist(), name="fills",
        mode="markers", customdata=(m.trades["size"] * size_step(m.instrument)).tolist(),
        marker={"color": SALE, "size": 6 if len(m.trades) < MANY_FILLS else 4},
        hovertemplate=f"%{{customdata:,}} {size_name(m.instrument)} at %{{y}}<extra>fill</extra>",
    )  # fmt: skip
    _mark_sale(figure, m)
    figure.update_xaxes(range=_dates(np.array(window)))
    return figure


def impact_figure(m: SaleResult) -> "Figure":
    """Draw the mid with a sale minus the mid without, in bps, against the time since the sale."""
    lags = np.geomspace(FIRST_LAG_S, LAST_LAG_S, LAGS_DRAWN) * SECOND_NS
    path = m.impact_at(lags.astype(int).tolist())
    figure = _figure(hovermode="closest")
    figure.add_hline(y=0, line=_line(FAINT, 1, "dot"))
    for name, points, style in (
        ("path", [m.impact[0], *path], {"mode": "lines", "line": _step(SALE, 2)}),
        ("in the table", m.impact, {"mode": "markers", "marker": {"color": SALE, "size": 9}}),
    ):
        figure.add_scatter(
            x=[one.lag_ns / SECOND_NS or AT_ONCE_S for one in points],
            y=_gaps(np.array([one.bps for one in points])),
            customdata=[_hover(one, m) for one in points],
            hovertemplate="%{customdata}<extra></extra>",
            name=name,
            **style,
        )
    figure.update_xaxes(
        type="log",
        tickvals=[lag / SECOND_NS or AT_ONCE_S for lag in LAGS_NS],
        ticktext=[show_duration(lag) if lag else "at once" for lag in LAGS_NS],
        title={"text": "after the last order of the sale", "font": SMALL},
        range=[np.log10(AT_ONCE_S) - 0.15, np.log10(LAST_LAG_S)],
    )
    figure.update_layout(showlegend=False)
    return figure


def depth_figure(m: SaleResult) -> "Figure":
    """Draw the cumulative depth of both sides, right after a sale and without it."""
    figure = _figure(hovermode="closest")
    tick = float(m.instrument.tick_size)
    low, high = _depth_range(m)
    reference, top = "before" if m.sale.style == "market" else "without", 0.0
    for side, colour, fill in (("bids", BID, BID_FILL), ("asks", ASK, ASK_FILL)):
        for name, book in ((reference, m.without), ("right after", m.after)):
            levels = getattr(book, side)
            near = levels[(levels["price"] >= low) & (levels["price"] <= high)]
            if not len(near):
                continue
            total = np.cumsum(near["size"]) * size_step(m.instrument)
            top = max(top, float(total[-1]))
            before = book is m.without
            figure.add_scatter(
                x=[near["price"][0] * tick, *(near["price"] * tick).tolist()],
                y=[0, *total.tolist()],
                name=f"{side} {name}",
                mode="lines",
                line=_step(colour, 1 if before else 2.5, "dot" if before else "solid"),
                fill="tozeroy" if before else None,
                fillcolor=fill,
                hovertemplate=f"%{{y:,}} {size_name(m.instrument)} at %{{x}} or better"
                "<extra>%{fullData.name}</extra>",
            )
    _mark_stale(figure, m, low, high)
    figure.update_xaxes(range=[low * tick, high * tick], title=_title("price", m.instrument))
    figure.update_yaxes(
        range=[0, top * 1.08],
        tickformat=",",
        title={"text": size_name(m.instrument), "font": SMALL},
    )
    return figure


def _figure(**layout: Any) -> "Figure":
    from plotly.graph_objects import Figure

    figure = Figure()
    figure.update_layout(
        template="none",
        font={"family": "system-ui, sans-serif", "size": 13, "color": INK},
        margin={"l": 48, "r": 12, "t": 36, "b": 44},
        legend={
            "orientation": "h",
            "x": 0,
            "y": 1.02,
            "yanchor": "bottom",
            "traceorder": "normal",
            "font": {"size": 12},
        },
        hoverlabel={"bgcolor": "white", "font": {"color": INK}},
        **{"hovermode": "x unified", **layout},
    )
    axes = {"gridcolor": GRID, "linecolor": GRID, "zeroline": False, "automargin": True}
    figure.update_xaxes(**axes)
    figure.update_yaxes(**axes)
    return figure


def _price_figure(instrument: Instrument, clock: str) -> "Figure":
    figure = _figure()
    figure.update_xaxes(tickformat=clock, hoverformat="%H:%M:%S.%L")
    figure.update_yaxes(
        tickformat=f",.{decimals(instrument)}f", hoverformat=f",.{decimals(instrument) + 1}f",
        title=_title("price", instrument),
    )  # fmt: skip
    return figure


def _title(what: str, instrument: Instrument) -> dict[str, Any]:
    """Title of an axis of prices, with the name of the money where that is known."""
    return {"text": what + f", {instrument.quote}" * instrument.has_units, "font": SMALL}


def _line(colour: str, width: float, dash: str = "solid") -> dict[str, Any]:
    return {"color": colour, "width": width, "dash": dash}


def _step(colour: str, width: float, dash: str = "solid") -> dict[str, Any]:
    """Return a line that holds each value until the next: quotes do not slope."""
    return {**_line(colour, width, dash), "shape": "hv"}


def _mark_sale(figure: "Figure", m: SaleResult) -> None:
    start, end = _dates(np.array([m.sale.at_ns, m.sale.until_ns]))
    if m.sale.style == "market":
        figure.add_shape(
            type="line", x0=start, x1=start, y0=0, y1=1, yref="paper", line=_line(SALE, 1.5, "dash")
        )
    else:
        figure.add_vrect(x0=start, x1=end, fillcolor=SALE, opacity=0.07, line_width=0)
    figure.add_annotation(
        x=start, y=1, yref="paper", yanchor="top", xanchor="left", text="the sale", xshift=4,
        showarrow=False, font={"color": SALE},
    )  # fmt: skip


def _mark_stale(figure: "Figure", m: SaleResult, low: float, high: float) -> None:
    """Shade the prices that the record did not reach at the last order of the sale."""
    tick = float(m.instrument.tick_size)
    if not len(m.worst_recorded) or np.isnan(m.worst_recorded[-1]):
        return
    last = float(m.worst_recorded[-1])
    sells = m.sale.side is Side.SELL
    edges = (low, last - 0.5) if sells else (last + 0.5, high)
    if edges[0] >= edges[1]:
        return
    figure.add_vrect(
        x0=edges[0] * tick, x1=edges[1] * tick, fillcolor=FAINT, opacity=0.14, line_width=0,
        layer="below",
    )  # fmt: skip
    figure.add_annotation(
        x=(low if sells else high) * tick, y=1, yref="paper", yanchor="top", showarrow=False,
        xanchor="left" if sells else "right", font={"color": FAINT, "size": 12},
        text=f"beyond level {m.recorded_levels}: stale",
    )  # fmt: skip


def _depth_range(m: SaleResult) -> tuple[float, float]:
    """Return the prices worth showing: around the mid, and where the last order traded."""
    last = m.trades[m.trades["ts_event"] == m.trades["ts_event"].max(initial=0)]
    edges = [float(edge) for edge in last["price"]]
    around = m.impact[0].mid_twin
    if not np.isnan(around):
        away = abs(around) * AROUND_BPS / BPS
        edges += [around - away, around + away]
    room = 0.05 * (max(edges) - min(edges)) if edges else 0.0
    return (min(edges) - room, max(edges) + room) if edges else (0.0, 1.0)


def _hover(one: Impact, m: SaleResult) -> str:
    when = f"{show_duration(one.lag_ns)} after" if one.lag_ns else "right after"
    with_sale, without = (level(m.instrument, each, 1) for each in (one.mid_full, one.mid_twin))
    moved = f"{ticks(m.instrument, one.ticks)} {price_name(m.instrument)}"
    return f"{when}: {with_sale}, without {without}<br>{moved}, {one.bps:+.2f} bps"


def _within(quotes: NDArray[np.void], start: int, end: int) -> NDArray[np.void]:
    first = np.searchsorted(quotes["ts_event"], start, side="right") - 1
    last = np.searchsorted(quotes["ts_event"], end, side="right")
    return quotes[max(first, 0) : last]


def _thin(quotes: NDArray[np.void]) -> NDArray[np.void]:
    """Return the quotes that changed a price, at most so many that the page stays light."""
    touch = np.stack([_side(quotes, "bid"), _side(quotes, "ask")])
    moved = np.ones(len(quotes), dtype=bool)
    if len(quotes) > 2:
        same = (touch[:, 1:] == touch[:, :-1]) | np.isnan(touch[:, 1:]) & np.isnan(touch[:, :-1])
        moved[1:] = ~same.all(axis=0)
        moved[-1] = True  # the line goes on to the end
    kept = quotes[moved]
    return kept[:: 1 + len(kept) // MOST_POINTS]


def _side(quotes: NDArray[np.void], side: str) -> NDArray[np.float64]:
    return np.where(quotes[f"{side}_size"] > 0, quotes[f"{side}_price"], np.nan)


def _gaps(values: NDArray[np.float64]) -> list[float | None]:
    return [None if np.isnan(value) else value for value in values.tolist()]


def _clock(rows: NDArray[np.void]) -> list[str]:
    return _dates(rows["ts_event"])


def _dates(ns: NDArray[np.int64]) -> list[str]:
    times: list[str] = np.datetime_as_string(ns.astype("datetime64[ns]"), unit="us").tolist()
    return times
