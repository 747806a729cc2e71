"""What the documentation asks a reader to type: the code blocks of each page, and its commands.

A block runs unless an HTML comment stands right above it: ``<!-- not run: why -->``, or
``<!-- slow: why -->``, which leaves it to ``make slow``. A block whose first line is a comment with
the name of a file, as in ``# mine.py``, is that file in the folder where the page runs; for what
has no comments, ``<!-- file: book.csv -->`` stands above it.
"""

import re
import shlex
from dataclasses import dataclass

from tests.folders import ROOT

__all__ = ["GENERATED", "Block", "blocks_of", "commands_of", "page_paths", "read_blocks"]

GENERATED = {"docs/start.md", "docs/reference/scenario.md"}
"""Made with the documentation, from the README and from code."""

FENCE = re.compile(
    r"^(?:<!--\s*(?P<mark>[^>]*?)\s*-->\n+)?```(?P<language>[\w{}-]*)[^\n]*\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
MARK = re.compile(r"(not run|slow|file): \S.*", re.DOTALL)
FILE = re.compile(r"# ([\w-]+\.(?:py|toml))\n")
OTHERS = {"make", "uv", "pip", "dask"}
"""What builds and installs, which ``make test`` runs all of, and what starts a cluster."""


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    page: str
    line: int
    language: str
    text: str
    mark: str
    """``not run``, ``slow``, ``file``, or empty."""
    file: str | None
    """The name of the file that it is, if it says so."""


def page_paths() -> list[str]:
    """The pages that people wrote, from the project's root."""
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    names = [page.relative_to(ROOT).as_posix() for page in pages]
    return [name for name in names if name not in GENERATED and "_build" not in name]


def blocks_of(page: str) -> list[Block]:
    """The fenced blocks of a page, in order."""
    return read_blocks(page, (ROOT / page).read_text(encoding="utf-8"))


def read_blocks(page: str, text: str) -> list[Block]:
    """The fenced blocks of a text; a mark that is none raises ``ValueError``."""
    found = []
    for match in FENCE.finditer(text):
        line = text.count("\n", 0, match.start("language")) + 1
        mark = match["mark"] or ""
        if mark and not MARK.fullmatch(mark):
            raise ValueError(f"{page}:{line}: a mark is 'not run: why' or the like, not {mark!r}")
        kind, _, rest = mark.partition(": ")
        named = FILE.match(match["text"])
        file = rest if kind == "file" else named[1] if named else None
        found.append(Block(page, line, match["language"], match["text"], kind, file))
    return found


def commands_of(block: Block) -> list[list[str]]:
    """The commands in a block of a shell, as words; a line that is none raises ``ValueError``."""
    found = []
    for line in block.text.replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True)
        if not words or words[0] in OTHERS:
            continue
        words[0] = words[0].removeprefix(".venv/bin/")
        if words[0] != "firesale" and words[:2] != ["python", "-m"]:
            raise ValueError(f"{block.page}:{block.line}: what is to be done with {line!r}?")
        found.append(words)
    return found
