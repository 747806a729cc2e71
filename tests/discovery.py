"""Which files below a folder are of a format: it is asked; how a name ends proves nothing."""

from pathlib import Path

from lob.feeds import FeedError, lobster


def lobster_days(data: Path) -> list[lobster.Pair]:
    """Every LOBSTER day below a folder, whatever else lies there."""
    folders = sorted({file.parent for file in data.rglob("*.csv")})
    return [pair for folder in folders for pair in _days_in(folder)] + [
        pair for archive in sorted(data.rglob("*.zip")) for pair in _days_in(archive)
    ]


def lobster_zips(data: Path) -> list[Path]:
    """Every zip below a folder that holds one LOBSTER day."""
    return [path for path in sorted(data.rglob("*.zip")) if len(_days_in(path)) == 1]


def price_files(folder: Path) -> list[Path]:
    """Every CSV in a folder with the columns of a series of prices."""
    return [path for path in sorted(folder.glob("*.csv")) if _has_prices(path)]


def _days_in(container: Path) -> list[lobster.Pair]:
    try:
        return [pair for pair in lobster.find(container) if pair.container == container]
    except FeedError:
        return []  # another venue's, or no archive at all


def _has_prices(path: Path) -> bool:
    with path.open(encoding="utf-8", errors="replace") as file:
        names = [name.strip().lower() for name in file.readline().split(",")]
    return len(names) == 3 and names[:2] == ["symbol", "timestamp"] and names[2].endswith("price")
