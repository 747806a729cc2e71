"""Files that a scenario names: looked for beside it first, then where one is.

What is found beside the scenario stands in the tables with its folder, so that they mean the same
file wherever they are taken.
"""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, ValidationInfo

from experiments.scenario.user_code import names_user_code

__all__ = ["DesignName", "FileName", "OwnName", "find_file", "find_path", "own_file"]


def find_file(name: str, info: ValidationInfo | None) -> str | None:
    """Find the path of a file that a scenario names; ``None`` if it is not there.

    Parameters
    ----------
    name
        Path as the scenario has it.
    info
        Its context has the ``folder`` of the scenario's own file, if it is from one.
    """
    folder = (info.context or {}).get("folder") if info is not None else None
    if folder is not None and (Path(folder) / name).is_file():
        return str(Path(folder) / name)
    return name if Path(name).is_file() else None


def find_path(name: str, info: ValidationInfo, *, folders: bool = False) -> str:
    """Find the path of a file that must be there.

    Parameters
    ----------
    name
        Path as the scenario has it.
    info
        See ``find_file``.
    folders
        Whether it may be a folder.

    Raises
    ------
    ValueError
        If it is not there.
    """
    found = find_file(name, info)
    if found is None and folders:
        folder = (info.context or {}).get("folder")
        places = [Path(folder) / name] if folder is not None else []
        found = next((str(one) for one in [*places, Path(name)] if one.is_dir()), None)
    if found is None:
        raise ValueError(f"there is no file {name!r}{_looked(info)}")
    return found


def _file(name: str, info: ValidationInfo) -> str:
    return find_path(name, info)


def own_file(name: str, info: ValidationInfo) -> str:
    """The name of a part, with the path of its file where it is ``FILE.py:NAME``.

    Parameters
    ----------
    name
        Name as the scenario has it; the file is not run.
    info
        See ``find_file``.

    Raises
    ------
    ValueError
        If the file is not there.
    """
    if not names_user_code(name):
        return name
    file, _, inside = name.rpartition(":")
    found = find_file(file, info)
    if found is None:
        raise ValueError(f"there is no file {file!r}{_looked(info)}")
    return f"{found}:{inside}"


def _looked(info: ValidationInfo) -> str:
    folder = (info.context or {}).get("folder")
    place = f"beside the scenario in {str(folder)!r} or " if folder is not None else ""
    return f" {place}in the working directory {str(Path.cwd())!r}"


def _own(name: str, info: ValidationInfo) -> str:
    if not names_user_code(name):
        raise ValueError(f"must be FILE.py:NAME of your own code, got {name!r}")
    return own_file(name, info)


FileName = Annotated[str, AfterValidator(_file)]
"""The path of a file that is there."""
DesignName = Annotated[str, AfterValidator(own_file)]
"""The name of a liquidation design; of one of the user's own, ``FILE.py:NAME``, the file must be
there. It is not run to be looked at."""
OwnName = Annotated[str, AfterValidator(_own)]
"""``FILE.py:NAME`` of code of the user's own; the file must be there. It is not run to be looked
at."""
