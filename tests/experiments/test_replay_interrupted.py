"""Sales in days that were halted or cut short: what the answer says in every form."""

import json

import pytest

from experiments.commands import cli
from experiments.studies.forced_sale import ForcedSale, SaleStyle
from experiments.studies.replay_sale import measure
from lob.feeds import open_feed
from lob.units import SECOND_NS
from tests.feeds import files

BEFORE = "34200.1,1,11,100,1000100,-1"
HALT = "34210,7,0,0,-1,-1"
QUOTING = "34220,7,0,0,0,-1"
RESUMES = "34230,7,0,0,1,-1"
AFTER = "34240,1,13,50,999900,1"
LAST = "57599,1,14,50,999800,1"
ROW = "1000100,100,1000000,500"
IN_THE_HALT = ["--sell", "10", "--at", "09:30:15"]


def written(folder, *rows):
    files.write_pair(folder, list(rows), [ROW] * len(rows))
    return folder


@pytest.fixture(scope="module")
def halted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("halted")
    return written(folder, BEFORE, HALT, QUOTING, RESUMES, AFTER, LAST)


def told(capsys, *arguments):
    with pytest.raises(SystemExit) as end:
        cli.main([str(one) for one in ("replay", *arguments)])
    said = capsys.readouterr()
    return end.value.code, said.out, said.err


def test_a_sale_in_a_halt_waits_and_says_so(halted, capsys, tmp_path):
    code, out, _ = told(capsys, halted, *IN_THE_HALT, "--out", tmp_path)
    assert code == 0
    warning = (
        "1 order of the sale waited: in a halt nothing trades, and while a book is crossed or half "
        "told nothing is put in. The arrival mid is that of 09:30:15.000 all the same."
    )
    assert warning in " ".join(out.split())
    assert warning in (tmp_path / "report.html").read_text(encoding="utf-8")
    said = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert said["replay"]["waited"] == 1
    assert said["slippage"]["arrival_mid_at_ns"] == 34_215 * SECOND_NS


def test_nothing_of_it_trades_while_trading_is_halted(halted):
    sale = ForcedSale(60, 34_205 * SECOND_NS, SaleStyle.TWAP, 30 * SECOND_NS)
    done = measure(open_feed(halted), sale, "interactive")
    times = done.trades["ts_event"] / SECOND_NS
    assert done.filled == 60
    assert not ((times >= 34_210) & (times < 34_230)).any()
    assert (times < 34_210).any()
    # The orders of 20 seconds, two a second, wait together.
    assert done.report.waited == 40
    assert (times == 34_230).sum() == 41
    assert any("40 orders of the sale waited" in line for line in done.headline())


def test_a_sale_outside_a_halt_waits_for_nothing(halted, capsys):
    _, out, _ = told(capsys, halted, "--sell", "10", "--at", "09:30:05")
    assert "halted:" not in out


def test_a_halt_that_never_ends_refuses_the_sale(tmp_path, capsys):
    folder = written(tmp_path, BEFORE, HALT, QUOTING, AFTER)
    code, out, err = told(capsys, folder, *IN_THE_HALT)
    assert (code, out) == (2, "")
    assert "the record shows no trading" in err
    assert err.count("\n") == 1


CUT = "the record ends at 09:30:40, its name says 16:00:00: the rest of the day is missing"


def test_a_day_that_is_cut_short_is_in_every_answer(tmp_path, capsys):
    folder = written(tmp_path / "day", BEFORE, AFTER)
    sale = ["--sell", "10", "--at", "09:30:20"]
    code, out, err = told(capsys, folder, *sale, "--out", tmp_path / "out")
    assert code == 0
    warning = f"T{CUT[1:]}."
    assert warning in " ".join(out.split())
    assert CUT in err
    assert warning in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    _, out, err = told(capsys, folder, *sale, "--json")
    said = json.loads(out)
    assert said["replay"]["feed"]["truncated"] == CUT
    assert CUT in err
    _, out, err = told(capsys, folder)
    assert CUT in " ".join(out.split())
    assert CUT in err
    done = measure(open_feed(folder), ForcedSale(10, 34_220 * SECOND_NS))
    assert warning in done.headline()


def test_a_whole_day_is_not_called_cut(halted, capsys):
    _, out, err = told(capsys, halted, "--sell", "10", "--at", "09:30:05")
    assert "missing" not in out + err


def test_a_file_that_can_be_read_no_more_is_said_as_such(halted, capsys, monkeypatch):
    def fail(feed):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("experiments.calibration.recorded_feed.first_time", fail)
    code, _, err = told(capsys, halted, "--from", "+1s")
    assert (code, err) == (1, f"firesale: {halted}: Input/output error\n")
