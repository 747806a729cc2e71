"""Code of the user's own that a scenario or a command names: ``FILE.py:NAME``.

Only what is named so is ever run; no other file that is read can bring code with it.
"""

import hashlib
import importlib.util
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

__all__ = ["UserCodeError", "digest_of_user_code", "load_user_code", "names_user_code"]


class UserCodeError(ValueError):
    """Code of the user's own raised while it was loaded or made; ``__cause__`` is what it raised.

    Parameters
    ----------
    of
        The file, or the design.
    cause
        What was raised.
    """

    def __init__(self, of: str, cause: BaseException) -> None:
        said = f": {cause}" if str(cause) else ""
        super().__init__(f"{of}: {type(cause).__name__}{said}")
        self.of, self.__cause__ = of, cause

    def __reduce__(self) -> tuple[type["UserCodeError"], tuple[str, BaseException | None]]:
        return UserCodeError, (self.of, self.__cause__)


def names_user_code(name: str) -> bool:
    """Whether a name is ``FILE.py:NAME``, code of the user's own."""
    file, colon, _ = name.rpartition(":")
    return bool(colon) and file.endswith(".py")


def digest_of_user_code(name: str) -> str | None:
    """32 hex digits of the file that a name is from; ``None`` where it is no ``FILE.py:NAME``.

    Raises
    ------
    ValueError
        If there is no such file.
    """
    if not names_user_code(name):
        return None
    return hashlib.blake2b(_read(name), digest_size=16).hexdigest()


def load_user_code(name: str) -> Callable[..., Any]:
    """Run a file of the user's own and return what ``FILE.py:NAME`` names.

    Raises
    ------
    UserCodeError
        If the file raises.
    ValueError
        If there is no such file, or it has nothing callable of that name.
    """
    _read(name)
    file, _, inside = name.rpartition(":")
    found = getattr(
        _module(str(Path(file).resolve()), digest_of_user_code(name) or ""), inside, None
    )
    if not callable(found):
        raise ValueError(f"{file} has nothing called {inside!r} that can be called")
    made: Callable[..., Any] = found
    return made


def _read(name: str) -> bytes:
    file = Path(name.rpartition(":")[0])
    if not file.is_file():
        raise ValueError(f"{name}: there is no file {file}")
    return file.read_bytes()


@cache
def _module(file: str, digest: str) -> Any:
    """The module of a file as it is now: a changed one is another module."""
    # Known to Python by a name of its own, so that what it defines can be copied with a run.
    name = f"firesale_user_{digest}"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise ValueError(f"{file} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise UserCodeError(file, error) from error
    return module
