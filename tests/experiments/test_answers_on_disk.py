"""Answers that are written: whole or not at all, and one of one thing a folder."""

import errno
import io
import json
import os
import resource
import sys
from pathlib import Path

import pytest

from experiments.commands import cli
from experiments.runs.whole_files import WholeFiles
from tests.small_scenarios import SPIRAL

SMALL = {
    "populations.0.count": 20,
    "populations.0.equity": 100_000,
    "seconds": 1.5,
    "horizon": 0.5,
    "shocks.0.at": 0.5,
    "instruments.0.background.window": 1_000,
    "shocks.0.lots": 1_000,
}
SETTINGS = [f"--set={key}={value}" for key, value in SMALL.items()]
STORY = ["run", SPIRAL, "--seeds", "1", *SETTINGS]
STRESS = ["stress", SPIRAL, "--seeds", "1", "--most", "1", "--steps", "1", *SETTINGS]
COMPARE = [
    "compare", SPIRAL, "--fast", "--seeds", "2", "--workers", "1",
    "--designs", "market-sale,sliced", *SETTINGS,
]  # fmt: skip
MARKET = ["run", "poisson", "--minutes", "1"]


def told(capsys, *arguments, room=None):
    """What a command says; ``room``: bytes of the largest file, as on a disk that is full."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    writes_no_bytecode = sys.dont_write_bytecode
    try:
        if room is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (room, limits[1]))
            # Of a module that is first imported here half of the compilation would be kept.
            sys.dont_write_bytecode = True
        with pytest.raises(SystemExit) as end:
            cli.main([str(one) for one in arguments])
    finally:
        # At once: what pytest itself writes may go to a file that is larger.
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        sys.dont_write_bytecode = writes_no_bytecode
    said = capsys.readouterr()
    return end.value.code, said.out, said.err


def files_of(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("command", [MARKET, STORY, COMPARE, STRESS], ids=lambda one: one[0])
def test_a_full_disk_is_one_line_and_leaves_nothing_half(command, tmp_path, capsys):
    code, out, err = told(capsys, *command, "--out", tmp_path, room=1_000)
    assert (code, out) == (1, "")
    assert err.count("\n") == 1
    assert err.startswith(f"firesale: {tmp_path}")
    assert "File too large" in err
    # What a contest notes of its runs while they are done is another matter.
    assert [one for one in files_of(tmp_path) if not one.startswith(("log", "runs"))] == []


def test_a_page_that_does_not_fit_takes_no_answer_with_it(tmp_path, capsys):
    assert told(capsys, *COMPARE, "--out", tmp_path)[0] == 0
    before = {name: (tmp_path / name).read_bytes() for name in files_of(tmp_path)}
    assert {"contest.html", "contest.json"} <= set(before)
    # The page brings its own plotly.
    code, _, err = told(capsys, *COMPARE, "--seed", "2", "--out", tmp_path, room=1_000_000)
    assert code == 1
    assert "contest.html: File too large" in err
    for name in ("contest.html", "contest.json"):
        assert (tmp_path / name).read_bytes() == before[name]
    assert not [name for name in files_of(tmp_path) if Path(name).name.startswith(".")]


def test_a_replay_and_a_tape_that_do_not_fit(day_folder, tmp_path, capsys):
    code, _, err = told(capsys, "replay", day_folder, "--out", tmp_path, room=200_000)
    assert code == 1
    assert err.startswith(f"firesale: {tmp_path}/")
    assert "File too large" in err
    assert err.count("\n") == 1
    tape = tmp_path / "tape.npy"
    code, _, err = told(capsys, "feed", "convert", day_folder, tape, room=200_000)
    assert (code, err) == (1, f"firesale: {tape}: File too large\n")
    assert files_of(tmp_path) == []


@pytest.mark.parametrize("name", ["tape.npy", "tape.npy.json"])
def test_a_folder_in_the_place_of_a_tape_is_seen_before_the_work(
    day_folder, tmp_path, capsys, name
):
    (tmp_path / name).mkdir()
    code, _, err = told(capsys, "feed", "convert", day_folder, tmp_path / "tape.npy")
    assert (code, err) == (2, f"firesale: {tmp_path / name}: is a folder\n")
    assert files_of(tmp_path) == []


class Full(io.StringIO):
    """A stdout on a disk without room."""

    def write(self, text):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_stdout_that_is_full_is_one_line(capsys, monkeypatch, options):
    monkeypatch.setattr("sys.stdout", Full())
    with pytest.raises(SystemExit) as end:
        cli.main([*MARKET, *options])
    assert end.value.code == 1
    assert capsys.readouterr().err == "firesale: output: No space left on device\n"


def write_both(folder, name="a/two.txt", error=None):
    with WholeFiles(folder) as files:
        files.text("one.txt", "new")
        files.text(name, "new")
        assert not (folder / "one.txt").exists() or (folder / "one.txt").read_text() == "old"
        if error is not None:
            raise error


def test_files_take_their_places_together(tmp_path):
    (tmp_path / "one.txt").write_text("old")
    with pytest.raises(KeyboardInterrupt):
        write_both(tmp_path, error=KeyboardInterrupt())
    assert files_of(tmp_path) == ["one.txt"]
    assert (tmp_path / "one.txt").read_text() == "old"
    write_both(tmp_path)
    assert files_of(tmp_path) == ["a/two.txt", "one.txt"]
    assert (tmp_path / "one.txt").read_text() == "new"


def test_a_folder_in_the_place_of_a_file_keeps_the_others_out(tmp_path):
    (tmp_path / "two.txt").mkdir()
    with pytest.raises(IsADirectoryError):
        write_both(tmp_path, "two.txt")
    assert files_of(tmp_path) == []


@pytest.fixture(scope="module")
def of_one(tmp_path_factory, day_folder):
    """A folder with the answer of each command."""
    made = {}
    commands = {"story": STORY, "market": MARKET, "stress": STRESS, "day": ["replay", day_folder]}
    for name, command in commands.items():
        made[name] = tmp_path_factory.mktemp(name)
        with pytest.raises(SystemExit) as end:
            cli.main([str(one) for one in (*command, "--out", made[name])])
        assert end.value.code == 0
    return made


@pytest.mark.parametrize(
    ("held", "asked", "said"),
    [
        ("story", [*STORY, "--set=shocks.0.lots=999"], "deleveraging-spiral with other values"),
        ("story", ["run", "oracle-lag"], "deleveraging-spiral"),
        ("story", ["compare", "oracle-lag"], "deleveraging-spiral"),
        ("story", ["stress", "oracle-lag"], "deleveraging-spiral"),
        ("story", MARKET, "deleveraging-spiral"),
        ("story", ["replay", "DAY"], "deleveraging-spiral"),
        ("story", ["demo"], "deleveraging-spiral with other values"),
        ("market", STORY, "poisson"),
        ("market", ["run", "hawkes"], "poisson"),
        ("market", [*MARKET, "--set=price=5000"], "poisson with other values"),
        ("stress", ["compare", "oracle-lag"], "deleveraging-spiral"),
        ("day", MARKET, "SYNTH"),
        ("day", COMPARE, "SYNTH"),
    ],
)  # fmt: skip
def test_a_folder_takes_the_answers_of_one_thing(of_one, day_folder, capsys, held, asked, said):
    folder = of_one[held]
    before = {name: (folder / name).read_bytes() for name in files_of(folder)}
    asked = [str(day_folder) if one == "DAY" else one for one in asked]
    code, out, err = told(capsys, *asked, "--out", folder)
    assert (code, out) == (2, "")
    line = f"firesale: --out {folder}: holds the answer of {said}: choose another folder\n"
    assert err == line
    assert {name: (folder / name).read_bytes() for name in files_of(folder)} == before


def test_the_same_thing_may_be_asked_again_and_otherwise(of_one, capsys):
    assert told(capsys, *STORY, "--seed", "4", "--out", of_one["story"])[0] == 0
    assert json.loads((of_one["story"] / "story.json").read_text())["seeds"] == [4]
    assert told(capsys, *STRESS, "--out", of_one["story"])[0] == 0
    assert {"story.json", "stress.json"} <= set(files_of(of_one["story"]))


def test_a_folder_that_cannot_be_made_is_seen_before_the_work(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    for command in (STORY, MARKET, COMPARE, STRESS, ["demo"]):
        code, out, err = told(capsys, *command, "--out", tmp_path / "file")
        assert (code, out) == (2, "")
        assert err == f"firesale: --out {tmp_path / 'file'}: File exists\n"
