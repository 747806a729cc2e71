"""Every code block and command of the documentation does what a reader would have it do.

The Python of a page runs as one program, in a folder of its own that holds the files which the page
shows. Of every command what it names is looked up (options, scenarios, designs, targets); those
that are quick run at each ``make test``, the others with fewer seeds in ``make slow``.
"""

import contextlib
import io
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from typer.main import get_command

from experiments.commands import cli
from experiments.commands.settings import read_settings
from experiments.contest.designs import parse_designs
from experiments.markets import MARKETS
from experiments.scenario.designs import make_design
from experiments.scenario.read import read_scenario
from experiments.studies.synthetic_day import make_day
from tests.discovery import lobster_zips
from tests.docs.pages import Block, blocks_of, commands_of, page_paths, read_blocks
from tests.folders import ROOT, folder

PAGES = page_paths()
SHELLS = {"sh", "bash", "console"}
SHOWN = {"", "text", "{toctree}"}
"""Blocks that nobody types."""

QUICK = re.compile(r"run|validate --list|(replay|impact poisson|diff|feed|positions) .*|--.*")
"""Commands that take a second or two."""
FEWER = {
    "compare": ["--seeds", "2", "--fast"],
    "impact": ["--seeds", "2"],
    "sweep": ["--seeds", "1"],
    "stress": ["--seeds", "1", "--most", "1", "--steps", "1"],
}
TUNED = ["--tune", "2"]
NEEDS = {"docs/how-to/learn-to-sell.md": "gymnasium"}
"""What the Python of a page needs besides."""
LONG = re.compile(r"--regimes|--axes|validate$")
"""Commands that take hours, or which a test of their own runs."""


def of(languages: set[str]) -> list[Block]:
    return [one for page in PAGES for one in blocks_of(page) if one.language in languages]


def all_commands() -> list[tuple[Block, list[str]]]:
    return [(block, words) for block in of(SHELLS) for words in commands_of(block)]


def name_of(part: object) -> str:
    if isinstance(part, Block):
        return f"{part.page}:{part.line}"
    return " ".join(part) if isinstance(part, list) else str(part)


@pytest.fixture
def place(tmp_path, monkeypatch):
    """An empty folder, where everything runs."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write_files(page: str, place: Path) -> None:
    """The files that a page shows, and those that the README takes for granted."""
    if page == "README.md":
        code = next(one for one in blocks_of("docs/how-to/new-design.md") if one.file)
        (place / "mine.py").write_text(code.text + "\n\ndesign = patient\n", encoding="utf-8")
    for block in blocks_of(page):
        if block.file:
            (place / block.file).write_text(block.text, encoding="utf-8")


# ---------------------------------------------------------------------------- blocks


@pytest.mark.parametrize("page", [page for page in PAGES if blocks_of(page)])
def test_every_block_is_of_a_language_that_is_tried(page):
    kinds = SHELLS | SHOWN | {"python", "toml"}
    assert [one.language for one in blocks_of(page) if one.language not in kinds] == []
    assert not [one for one in blocks_of(page) if not one.language and "firesale " in one.text]


@pytest.mark.parametrize(
    "page", [p for p in PAGES if any(b.language == "python" for b in blocks_of(p))]
)
def test_the_python_of_a_page_runs(page, place):
    if page in NEEDS:
        pytest.importorskip(NEEDS[page], reason=f"needs {NEEDS[page]}, of an extra")
    write_files(page, place)
    names: dict[str, object] = {"__name__": "page"}
    for block in blocks_of(page):
        if block.language == "python" and block.mark not in ("not run", "slow"):
            # Lines of its own in the page, so that a traceback points there.
            code = "\n" * block.line + block.text
            exec(compile(code, str(ROOT / page), "exec"), names)


@pytest.mark.parametrize("block", of({"toml"}), ids=name_of)
def test_toml_is_toml_and_a_whole_scenario_is_one(block, place):
    content = tomllib.loads(block.text)
    if "question" in content:
        write_files(block.page, place)
        scenario = read_scenario(content)
        for clearing in scenario.clearings:
            make_design(clearing.liquidation.design, clearing.liquidation.parameters)


# ---------------------------------------------------------------------------- commands


def run_command(words: list[str]) -> str:
    """Run a command, and return what it says; it must end well."""
    if words[0] == "python":
        done = subprocess.run(
            [sys.executable, *words[1:]], env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True, text=True, timeout=600,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout
    said = io.StringIO()
    with pytest.raises(SystemExit) as ended, contextlib.redirect_stdout(said):
        cli.main(words[1:])
    assert ended.value.code == 0, said.getvalue()
    return said.getvalue()


@pytest.fixture(scope="module")
def made_day(tmp_path_factory) -> Path:
    """A day that never was, packed as a recorded one."""
    day = tmp_path_factory.mktemp("day")
    make_day(day)
    packed = tmp_path_factory.mktemp("packed") / "DAY.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for file in sorted(day.iterdir()):
            archive.write(file, file.name)
    return packed


def recorded_day(words: list[str]) -> Path | None:
    """A recorded day for a command that wants one; skips where there is none."""
    if "DAY.zip" not in words:
        return None
    days = lobster_zips(folder("FIRESALE_DATA"))
    if not days:
        pytest.skip("no recorded day in FIRESALE_DATA")
    return days[0]


def with_day(words: list[str], day: Path | None) -> list[str]:
    return [str(day) if word == "DAY.zip" else word for word in words]


@pytest.mark.parametrize(("block", "words"), all_commands(), ids=name_of)
def test_what_a_command_names_is_there(block, words, place):
    if words[0] == "python":
        assert words[2] in ("firesale",) or (ROOT / f"{words[2].replace('.', '/')}.py").is_file()
        return
    write_files(block.page, place)
    command = get_command(cli.app).commands[words[1]]
    if hasattr(command, "commands") and words[2:]:
        command, words = command.commands[words[2]], words[1:]
    asked = command.make_context(words[1], list(words[2:])).params
    scenario = asked.get("name")
    if words[1] in ("compare", "run", "stress") and scenario not in (None, *MARKETS):
        read_scenario(scenario, read_settings(asked["settings"]))
    for design in parse_designs(asked.get("designs") or "market-sale"):
        make_design(design.design, design.parameters)


def quick(words: list[str]) -> bool:
    return words[0] == "firesale" and QUICK.fullmatch(" ".join(words[1:])) is not None


def fewer(words: list[str]) -> list[str]:
    """The command with fewer seeds: what is said last counts."""
    more = FEWER.get(words[1], []) if len(words) > 1 else []
    return [*words, *more, *(TUNED if "--tune" in words else [])]


@pytest.mark.parametrize(
    ("block", "words"), [one for one in all_commands() if quick(one[1])], ids=name_of
)
def test_quick_commands_run(block, words, place, made_day):
    if block.mark:
        pytest.skip("its block is marked")
    write_files(block.page, place)
    assert run_command(fewer(with_day(words, made_day)))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("block", "words"),
    [one for one in all_commands() if not quick(one[1]) or "DAY.zip" in one[1]],
    ids=name_of,
)
def test_all_other_commands_run(block, words, place):
    if block.mark == "not run" or LONG.search(" ".join(words)):
        pytest.skip("takes hours")
    write_files(block.page, place)
    assert run_command(fewer(with_day(words, recorded_day(words))))


@pytest.mark.slow
@pytest.mark.parametrize(
    "block", [one for one in of({"python"}) if one.mark == "slow"], ids=name_of
)
def test_slow_blocks_run_after_the_others_of_their_page(block, place):
    write_files(block.page, place)
    names: dict[str, object] = {"__name__": "page"}
    for one in blocks_of(block.page):
        if one.language == "python" and one.mark != "not run" and one.line <= block.line:
            exec(compile("\n" * one.line + one.text, str(ROOT / one.page), "exec"), names)


# ---------------------------------------------------------------------------- the reader of pages


PAGE = """\
```python
# mine.py
x = 1
```

<!-- not run: it needs a network -->
```sh
make demo
.venv/bin/firesale run \\
  two-assets   # the story
python -m experiments.studies.rebalancing
```
"""


def test_pages_are_read_as_people_read_them():
    code, shell = read_blocks("page", PAGE)
    assert (code.language, code.file, code.mark, code.line) == ("python", "mine.py", "", 1)
    assert (shell.language, shell.file, shell.mark, shell.line) == ("sh", None, "not run", 7)
    (table,) = read_blocks("page", "<!-- file: book.csv -->\n```text\na,b\n```\n")
    assert (table.file, table.mark, table.text) == ("book.csv", "file", "a,b\n")
    assert commands_of(shell) == [
        ["firesale", "run", "two-assets"],
        ["python", "-m", "experiments.studies.rebalancing"],
    ]
    assert len(all_commands()) > 20
    assert len(of({"python"})) > 5


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("<!-- not run: -->\n```sh\n```\n", "a mark is"),
        ("<!-- skip -->\n```sh\n```\n", "a mark is"),
    ],
)
def test_a_mark_without_a_reason_is_none(text, why):
    with pytest.raises(ValueError, match=why):
        read_blocks("page", text)


def test_a_line_that_nobody_knows_is_not_passed_over():
    (block,) = read_blocks("page", "```sh\nrm -r out\n```\n")
    with pytest.raises(ValueError, match="what is to be done with 'rm -r out'"):
        commands_of(block)
