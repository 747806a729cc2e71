"""One of anything is one, wherever a number is told with its noun."""

import re

import pytest

from experiments.commands import cli
from tests.folders import ROOT
from tests.small_scenarios import SPIRAL

NOUNS = (
    "accounts|assets|bids|cases|columns|days|designs|entries|events|failures|fills|holdings|"
    "instruments|keepers|levels|liquidations|lots|markets|members|messages|minutes|mistakes|orders|"
    "pairs|positions|rows|runs|sales|seeds|steps|ticks|trades|trials|updates"
)
NUMBER = re.compile(r"\{(?P<what>[^{}]+)\} (?:[a-z]+ )?(?P<noun>" + NOUNS + r")\b")
ALWAYS_MANY = re.compile(
    r"[A-Z_]{3,}"  # a constant
    r"|:[+.,\d]*[fge]$"  # a number with decimals
    r"|counted|\bif\b"
    r"|^how$|_layout_of|order_id|unknown_ids"  # no number before its noun
)
SMALL = {
    "populations.0.count": 1,
    "populations.0.equity": 1_000_000,
    "populations.0.leverage": [30.0, 30.0],
    "seconds": 1.5,
    "horizon": 0.5,
    "shocks.0.at": 0.5,
    "instruments.0.background.window": 1_000,
    "shocks.0.lots": 1,
}
SETTINGS = [f"--set={key}={value}" for key, value in SMALL.items()]
ONE = re.compile(rf"(?<![\d,.])1 (?:[a-z]+ )?(?:{NOUNS})\b")


def found_in(path):
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if "raise " in line or line.lstrip().startswith("#"):
            continue
        for one in NUMBER.finditer(line):
            if not ALWAYS_MANY.search(one["what"]):
                yield f"{path.relative_to(ROOT)}:{number}: {one[0]}"


ERRORS = {
    # Parts of errors, in which the number is a bound or is never one.
    "lob/feeds/lobster.py", "lob/feeds/lobster_rows.py", "lob/feeds/recognise.py",
    "lob/feeds/containers.py",
    "experiments/validation/leverage.py", "experiments/scenario/populations.py",
    "lob/checks.py", "lob/clearing/margin_accounts.pyx", "lob/clearing/oracle.pyx",
    "lob/clearing/failure_queues.pyx", "lob/venue/venue.pyx", "experiments/metrics/plausible.py",
    "experiments/commands/replay.py", "experiments/report/start.py",
    "experiments/report/figures.py", "experiments/report/contest_words.py",
    "agents/flow/stationary.py", "agents/flow/hawkes.pyx",
    "agents/flow/poisson.pyx", "experiments/report/words.py",
}  # fmt: skip


def test_no_output_writes_a_plural_behind_a_number_by_itself():
    """``lob.counted`` does it; the files that are left out are looked at by their own tests."""
    sources = [
        path
        for package in ("experiments", "lob", "agents")
        for kind in ("*.py", "*.pyx")
        for path in sorted((ROOT / package).rglob(kind))
        if str(path.relative_to(ROOT)) not in ERRORS
    ]
    assert len(sources) > 150
    assert [one for path in sources for one in found_in(path)] == []


def told(capsys, *arguments):
    with pytest.raises(SystemExit) as end:
        cli.main([str(one) for one in arguments])
    said = capsys.readouterr()
    assert end.value.code == 0, said.err
    return said.out + said.err


@pytest.mark.parametrize(
    "command",
    [
        ["run", SPIRAL, "--seeds", "1", *SETTINGS],
        ["stress", SPIRAL, "--seeds", "1", "--most", "1", "--steps", "1", *SETTINGS],
        ["run", "poisson", "--minutes", "1"],
        ["impact", "poisson", "--sell", "1", "--at", "1m", "--seeds", "2"],
    ],
    ids=["story", "stress", "market", "impact"],
)
def test_one_of_each_is_one(command, capsys):
    said = told(capsys, *command)
    assert ONE.findall(said) == []
    assert re.search(r"\b1 [a-z]+\b", said)


def test_a_replay_of_one_lot(day_folder, capsys):
    said = told(capsys, "replay", day_folder, "--sell", "1", "--at", "12:00:00")
    assert ONE.findall(" ".join(said.split())) == []
    assert "Sell 1 share at" in said
