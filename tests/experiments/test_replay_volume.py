"""What a sale that follows the volume counts, and of when its arrival mid is."""

import json

import pytest
from typer.testing import CliRunner

from experiments.commands import cli
from experiments.metrics.quotes import mid
from experiments.studies.forced_sale import ForcedSale, SaleStyle
from experiments.studies.replay_sale import measure
from lob.feeds import open_feed
from lob.units import SECOND_NS

AT_NS = 43_200 * SECOND_NS
POV = ["--sell", "5000", "--at", "12:00:00", "--style", "pov", "--over", "10m", "--rate", "0.1"]


def run(*arguments):
    result = CliRunner().invoke(cli.app, list(map(str, arguments)), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture(scope="module")
def answers(day_folder):
    """Of the sale as JSON, by whether hidden executions count."""
    return {
        counts: json.loads(run("replay", day_folder, *POV, *["--hidden"] * counts, "--json"))
        for counts in (False, True)
    }


def test_hidden_executions_count_where_asked(answers, day):
    hidden = day.messages[day.messages["kind"] == 5]
    meanwhile = (hidden["ts_event"] >= AT_NS) & (hidden["ts_event"] < AT_NS + 600 * SECOND_NS)
    more = int(hidden["size"][meanwhile].sum())
    assert more >= 20
    sent = {counts: said["sale"]["sent"] for counts, said in answers.items()}
    # A tenth of them, rounded as all of the volume is.
    assert abs(sent[True] - sent[False] - more / 10) <= 1


def test_what_counts_is_stated(answers, day_folder, tmp_path):
    assert answers[False]["sale"]["hidden_counts"] is False
    assert answers[True]["sale"]["hidden_counts"] is True
    said = run("replay", day_folder, *POV, "--out", tmp_path)
    assert "without hidden executions (POV)" in " ".join(said.split())
    assert "without hidden executions (POV)" in (tmp_path / "report.html").read_text()
    said = run("replay", day_folder, *POV, "--hidden")
    assert "hidden executions included (POV)" in " ".join(said.split())


def test_a_sale_that_follows_no_volume_takes_no_such_option(day_folder, capsys):
    with pytest.raises(SystemExit) as end:
        cli.main(["replay", str(day_folder), "--sell", "5", "--at", "12:00:00", "--hidden"])
    assert end.value.code == 2
    assert capsys.readouterr().err == "firesale: --hidden is for --style pov\n"


def test_arrival_is_when_the_sale_starts_not_when_its_first_order_goes_out(day_folder):
    # A rate so low that the mid has moved by the time a first lot is due.
    at, late = 0.0, None
    for start in range(41_500, 46_000, 100):
        sale = ForcedSale(50, start * SECOND_NS, SaleStyle.POV, 600 * SECOND_NS)
        done = measure(open_feed(day_folder), sale)
        mids, times = mid(done.twin), done.twin["ts_event"]
        at = mids[times.searchsorted(sale.at_ns) - 1]
        late = mids[times.searchsorted(int(done.trades["ts_event"][0])) - 1]
        if at != late:
            break
    assert at != late
    assert done.arrival_mid == at
    said = done.summary()["slippage"]
    assert (said["arrival_mid_ticks"], said["arrival_mid_at_ns"]) == (at, sale.at_ns)


def test_of_when_it_is_is_stated(answers, day_folder):
    assert answers[False]["slippage"]["arrival_mid_at_ns"] == AT_NS
    said = " ".join(run("replay", day_folder, *POV).split())
    assert "against the arrival mid of 12:00:00.000, before its first order" in said
    assert "Arrival mid, at 12:00:00.000" in said
