"""Modules beside a file of the user's own that it imports: found without running it."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

__all__ = ["local_modules"]

OURS = ("agents", "experiments", "firesale", "lob")
"""Packages that a file beside the user's never stands for."""


def local_modules(file: Path) -> dict[str, Path]:
    """Files beside a Python file that it imports, and those that they import, by dotted name.

    Sources are read, never run: an import by a name that is computed is not found. A file that
    cannot be parsed imports nothing.

    Parameters
    ----------
    file
        The Python file; its folder is where the modules are looked for.
    """
    folder = file.resolve().parent
    found: dict[str, Path] = {}
    waiting = [("", file)]
    while waiting:
        name, path = waiting.pop()
        for imported in _imported(name, path):
            steps = imported.split(".")
            if steps[0] in sys.stdlib_module_names or steps[0] in OURS:
                continue
            for end in range(1, len(steps) + 1):
                module = ".".join(steps[:end])
                place = _place(folder, steps[:end])
                if place is not None and module not in found:
                    found[module] = place
                    waiting.append((module, place))
    return dict(sorted(found.items()))


def _place(folder: Path, steps: list[str]) -> Path | None:
    """The file of a module in a folder; ``None``: it is not there."""
    base = folder.joinpath(*steps)
    for place in (base / "__init__.py", base.with_name(f"{base.name}.py")):
        if place.is_file():
            return place
    return None


def _imported(name: str, path: Path) -> Iterator[str]:
    """Dotted names that a module imports anywhere, functions included; some may be no modules."""
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError):
        return
    package = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join(filter(None, (*above, node.module)))
            if base:
                yield base
            yield from (".".join(filter(None, (base, alias.name))) for alias in node.names)
