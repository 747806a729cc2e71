"""Code of the user's own that a scenario or a command names: ``FILE.py:NAME``.

Only what is named so is ever run; no other file that is read can bring code with it.
"""

import hashlib
import importlib.util
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from experiments.scenario.user_modules import local_modules

__all__ = ["UserCodeError", "digest_of_user_code", "file_of", "load_user_code", "names_user_code"]

USER_MODULES = "firesale_user_"
"""Beginning of the names of modules that are made of the user's own files."""


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


def file_of(name: str) -> Path:
    """The file of a name ``FILE.py:NAME``."""
    return Path(name.rpartition(":")[0])


def digest_of_user_code(name: str) -> str | None:
    """32 hex digits of the file that a name is from, and of the modules beside it that it imports.

    ``None`` where the name is no ``FILE.py:NAME``. Data that the code reads is not part of it.

    Raises
    ------
    ValueError
        If there is no such file.
    """
    if not names_user_code(name):
        return None
    found = hashlib.blake2b(_read(name), digest_size=16)
    for module, path in local_modules(file_of(name)).items():
        found.update(b"\0" + module.encode() + b"\0" + path.read_bytes())
    return found.hexdigest()


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
    file = file_of(name)
    if not file.is_file():
        raise ValueError(f"{name}: there is no file {file}")
    return file.read_bytes()


@cache
def _module(file: str, digest: str) -> Any:
    """The module of a file as it is now: a changed one is another module."""
    # Known to Python by a name of its own, so that what it defines can be copied with a run.
    name = f"{USER_MODULES}{digest}"
    spec = importlib.util.spec_from_file_location(name, file, loader=_FreshLoader(name, file))
    if spec is None or spec.loader is None:
        raise ValueError(f"{file} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        with _beside(Path(file), name):
            spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise UserCodeError(file, error) from error
    return module


@contextmanager
def _beside(file: Path, name: str) -> Iterator[None]:
    """Let a file import the modules beside it as they are now, whatever was imported before."""
    local = local_modules(file)
    before = {one: sys.modules.pop(one) for one in local if one in sys.modules}
    finder = _Beside(local, name)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        # What functions import later is found as well, if nothing else is called so.
        sys.meta_path[:] = [one for one in sys.meta_path if not isinstance(one, _Beside)]
        sys.meta_path.append(finder)
        # What others imported by these names is theirs again.
        for module, was in before.items():
            if not isinstance(getattr(was.__spec__, "loader", None), _Loader):
                sys.modules[module] = was


class _Beside(MetaPathFinder):
    """Finds the modules beside a file of the user's own."""

    def __init__(self, local: Mapping[str, Path], name: str) -> None:
        self.local, self.name = local, name

    def find_spec(
        self, fullname: str, path: object = None, target: object = None
    ) -> ModuleSpec | None:
        place = self.local.get(fullname)
        if place is None:
            return None
        loader = _Loader(fullname, str(place), f"{self.name}.{fullname}")
        return importlib.util.spec_from_file_location(fullname, place, loader=loader)


class _FreshLoader(SourceFileLoader):
    """Compiles the source as it is: what is cached may be of one of the same size and second."""

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        code: CodeType = self.source_to_code(self.get_data(path), path)
        return code


class _Loader(SourceFileLoader):
    """Runs a module under a name that begins like that of the file that imports it."""

    def __init__(self, fullname: str, path: str, known_as: str) -> None:
        super().__init__(fullname, path)
        self.known_as = known_as

    def exec_module(self, module: ModuleType) -> None:
        if not self.is_package(self.name):  # whose submodules are found by its name
            module.__name__ = self.known_as
            sys.modules[self.known_as] = module
        # Compiled here: a cached compilation may be of a source of the same size and second.
        code = compile(Path(self.path).read_bytes(), self.path, "exec", dont_inherit=True)
        exec(code, module.__dict__)
