"""Sizes of shocks in an override: one that is set takes the place of the one that was there."""

import re
from collections.abc import Collection
from typing import Any

__all__ = ["SIZES", "with_one_size"]

SIZES = ("lots", "notional", "share_of_volume", "gap")
"""Keys by which a shock says its size."""
PATH = re.compile(rf"shocks\.(\d+)\.({'|'.join(SIZES)})")


def with_one_size(shocks: Any, path: str, set_too: Collection[str]) -> None:
    """Take away the sizes of a shock in whose place another is to be set.

    A sale becomes a gap, and a gap a sale; in what time lots are traded stays.

    Parameters
    ----------
    shocks
        The shocks of the scenario as TOML has them, which are changed.
    path
        Dotted path of what is to be set; of anything else than a size nothing is done.
    set_too
        All paths that are set: two sizes are for the tables to refuse.
    """
    found = PATH.fullmatch(path)
    if found is None:
        return
    number, key = int(found[1]), found[2]
    try:
        row = shocks[number]
    except (KeyError, IndexError, TypeError):
        return  # told as what it is
    if not isinstance(row, dict) or row.get("kind", "sale") not in ("sale", "gap"):
        return
    for other in (*SIZES, "reference_price", "solved"):
        if other != key and f"shocks.{number}.{other}" not in set_too:
            row.pop(other, None)
    now, before = ("within", "over") if key == "gap" else ("over", "within")
    if before in row:
        row.setdefault(now, row.pop(before))
    row["kind"] = "gap" if key == "gap" else "sale"
    if key != "gap" and f"shocks.{number}.kind" not in set_too:
        del row["kind"]
