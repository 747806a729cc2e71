"""Pages of replays: an HTML file that needs nothing else, not even a network."""

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

from experiments.report import figures, words
from experiments.report.results import ReplayResult, SaleResult
from lob import __version__
from lob.counted import counted
from lob.replay_report import ReplayReport

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

__all__ = ["document", "drawn", "note", "replay_page", "sale_page", "section", "table"]

STYLE = """
:root { color-scheme: light; }
* { box-sizing: border-box; }
body { margin: 0; background: #f5f7f9; color: #22303c;
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { max-width: 1080px; margin: 0 auto; padding: 2.5rem 1.25rem 3rem; }
.kicker { margin: 0; color: #5d6c79; font-size: .92rem; }
h1 { margin: .4rem 0 .6rem; font-size: clamp(1.35rem, 3.2vw, 1.95rem); line-height: 1.28;
  font-weight: 650; letter-spacing: -.01em; text-wrap: pretty; }
h2 { margin: 0 0 .1rem; font-size: 1.06rem; font-weight: 650; }
section { margin-top: 1.1rem; padding: 1.1rem 1.25rem; background: #fff; border-radius: 10px;
  border: 1px solid #e2e8ed; }
section > p { margin: 0 0 .4rem; color: #5d6c79; font-size: .92rem; }
.cards { display: grid; grid-template-columns: repeat(4, 1fr); gap: .8rem; margin-top: 1.4rem; }
.card { padding: .8rem 1rem; background: #fff; border: 1px solid #e2e8ed; border-radius: 10px; }
.card b { display: block; font-size: 1.4rem; font-weight: 650; line-height: 1.3; }
.card span { color: #5d6c79; font-size: .86rem; }
.columns { display: grid; grid-template-columns: 1fr 1fr; gap: 0 1.1rem; align-items: start; }
.columns > section { height: calc(100% - 1.1rem); min-width: 0; }
.figure { height: 380px; overflow: hidden; }
.scroll { overflow-x: auto; }
.scroll + .scroll { margin-top: 1rem; }
table { width: 100%; border-collapse: collapse; font-size: .93rem;
  font-variant-numeric: tabular-nums; }
th { text-align: left; font-weight: 500; color: #5d6c79; }
th, td { padding: .34rem .5rem .34rem 0; border-bottom: 1px solid #edf1f4; vertical-align: top; }
td { text-align: right; }
tr:last-child > * { border-bottom: 0; }
ul { margin: .2rem 0 0; padding-left: 1.1rem; font-size: .93rem; }
.note { border-left: 4px solid #8a98a5; }
.warning { border-left: 4px solid #c0392b; }
.note p, .warning p { margin: 0; color: inherit; font-size: .97rem; }
footer { margin-top: 1.4rem; color: #8a98a5; font-size: .84rem; }
@media (max-width: 760px) {
  main { padding: 1.4rem .75rem 2rem; }
  section { padding: .9rem .8rem; }
  .cards { grid-template-columns: 1fr 1fr; gap: .6rem; }
  .columns { grid-template-columns: 1fr; }
  .columns > section { height: auto; }
  .figure { height: 330px; }
}
"""
"""Style sheet of all pages."""

# Nothing may be loaded from anywhere: the browser itself holds the page to that.
POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:"
)
"""Content security policy of all pages: nothing is loaded from elsewhere."""


def sale_page(m: SaleResult) -> str:
    """Write the HTML page of a forced sale in a recorded day."""
    beyond = f"{m.share_beyond:.0%}" if m.filled else words.UNDEFINED
    cards = [
        (words.bps(m.shortfall_bps), "implementation shortfall"),
        (words.bps(m.peak.bps), "peak impact on the mid"),
        (f"{m.levels_consumed:,}", "price levels consumed"),
        (beyond, f"filled beyond recorded level {m.recorded_levels}")
        if m.recorded_levels is not None
        else (words.size(m.instrument, m.unfilled), "unfilled"),
    ]
    body = [
        _heading(m.report, words.headline(m), words.sale_in_words(m)),
        '<div class="cards">',
        *(f'<div class="card"><b>{escape(b)}</b><span>{escape(s)}</span></div>' for b, s in cards),
        "</div>",
        *(note("warning", warning) for warning in words.warnings(m)),
        section(
            "Price around the sale",
            "With the sale, and the mid of the same day without it.",
            drawn("price", figures.price_figure(m)),
        ),
        '<div class="columns">',
        section(
            "Impact path",
            "Mid with the sale minus mid without, in bps, since its last order.",
            drawn("impact", figures.impact_figure(m)),
        ),
        section(
            "Depth before and after",
            f"In {words.size_name(m.instrument)} at that price or better, right after the sale "
            "and without it.",
            drawn("depth", figures.depth_figure(m)),
        ),
        "</div>",
        note("note", f"{m.report.mark} {words.caveat(m.report.mode)}"),
        '<div class="columns">',
        section("The sale in numbers", "", table(words.number_rows(m))),
        section(
            "The market in numbers",
            "",
            table(words.impact_rows(m), words.impact_columns(m)),
            table(
                words.depth_rows(m), (words.size_name(m.instrument), *words.DEPTH_COLUMNS.values())
            ),
        ),
        "</div>",
        _counts(m.report),
    ]
    return document(words.headline(m), body)


def replay_page(done: ReplayResult) -> str:
    """Return the page of a replay without a sale."""
    title = f"{done.instrument.name}: {counted(done.report.messages, 'message')} replayed"
    body = [
        _heading(done.report, title, ""),
        section("Price", "", drawn("price", figures.day_figure(done))),
        _counts(done.report),
    ]
    return document(title, body)


def document(title: str, body: list[str]) -> str:
    """Write a whole HTML page with plotly in it.

    Parameters
    ----------
    title
        Plain text.
    body
        Ready HTML of its sections.
    """
    from plotly.offline import get_plotlyjs

    return "\n".join(
        [
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escape(title)}</title>",
            f"<style>{STYLE}</style>",
            f"<script>{get_plotlyjs()}</script>\n</head>\n<body>\n<main>",
            *body,
            f"<footer>Firesale {__version__}</footer>\n</main>\n</body>\n</html>\n",
        ]
    )


def _heading(report: ReplayReport, title: str, subtitle: str) -> str:
    session = escape(words.session_in_words(report))
    name = escape(report.instrument.name if report.instrument else "")
    below = f'<p class="kicker">{escape(subtitle)}</p>' if subtitle else ""
    return (
        f'<header><p class="kicker">{name} · {session}</p><h1>{escape(title)}</h1>{below}</header>'
    )


def section(title: str, text: str, *content: str) -> str:
    """Write a box of HTML with a heading, a line of text if there is any, and ready HTML."""
    below = f"<p>{escape(text)}</p>" if text else ""
    return f"<section><h2>{escape(title)}</h2>{below}{''.join(content)}</section>"


def note(kind: str, text: str) -> str:
    """Write a box of plain text as HTML; its kind is "note" or "warning"."""
    return f'<section class="{kind}"><p>{escape(text)}</p></section>'


def drawn(name: str, figure: "Figure", height: int = 380) -> str:
    """Write a figure as HTML without plotly itself.

    Parameters
    ----------
    name
        Its id, unique on the page.
    figure
        A plotly figure.
    height
        In pixels.
    """
    made: str = figure.to_html(
        full_html=False,
        include_plotlyjs=False,
        div_id=name,
        config={"displaylogo": False, "responsive": True, "displayModeBar": False},
    )
    style = f' style="height:{height}px"' if height != 380 else ""
    return f'<div class="figure"{style}>{made}</div>'


def table(rows: Sequence[tuple[str, ...]], head: tuple[str, ...] = ()) -> str:
    """Write rows of plain text as an HTML table; the first cell of each is its heading.

    Parameters
    ----------
    rows
        As many cells each.
    head
        Headings of the columns; empty: none.
    """
    first = "".join(
        f'<th scope="col"{" style=text-align:right" * (i > 0)}>{escape(cell)}</th>'
        for i, cell in enumerate(head)
    )
    lines = [f"<tr>{first}</tr>"] if head else []
    for label, *cells in rows:
        values = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
        lines.append(f'<tr><th scope="row">{escape(label)}</th>{values}</tr>')
    return f'<div class="scroll"><table>{"".join(lines)}</table></div>'


def _counts(report: ReplayReport) -> str:
    items = "".join(f"<li>{escape(line.strip())}</li>" for line in str(report).splitlines())
    return section("What the replay met", "", f"<ul>{items}</ul>")
