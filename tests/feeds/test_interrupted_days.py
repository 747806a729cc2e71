"""Days with halts, days that are cut, volume of hidden orders."""

import pytest

from experiments.studies.forced_sale import ForcedSale, SaleStyle
from experiments.studies.replay_sale import measure
from lob.feeds import lobster, open_feed
from lob.feeds.reconcile import reconcile
from tests.feeds import files

S = 10**9
BEFORE = "34200.1,1,11,100,1000100,-1"
HALT = "34210,7,0,0,-1,-1"
QUOTING = "34220,7,0,0,0,-1"
RESUMES = "34230,7,0,0,1,-1"
AFTER = "34240,1,12,50,999900,1"
ROW = "1000100,100,1000000,500"
LAST = "57599,1,13,50,999900,1"


def day_of(tmp_path, *rows):
    path = files.write_pair(tmp_path, list(rows), [ROW] * len(rows))
    return lobster.read(path)


@pytest.mark.parametrize("mode", ["exact", "interactive"])
@pytest.mark.parametrize(
    ("at", "filled_at"), [(34205, 34205), (34210, 34230), (34225, 34230), (34230, 34230)]
)
def test_nothing_fills_in_a_halt(tmp_path, mode, at, filled_at):
    day_of(tmp_path, BEFORE, HALT, QUOTING, RESUMES, AFTER, LAST)
    result = measure(open_feed(tmp_path), ForcedSale(10, at * S), mode)
    assert result.trades["ts_event"].tolist() == [filled_at * S]
    assert result.report.waited == (at != filled_at)
    assert ("of them waited" in str(result.report)) == (at != filled_at)


def test_a_halt_to_the_end_refuses_the_sale(tmp_path):
    day_of(tmp_path, BEFORE, HALT, QUOTING, AFTER)
    with pytest.raises(ValueError, match="the record shows no trading"):
        measure(open_feed(tmp_path), ForcedSale(10, 34215 * S))


def test_a_cut_day_is_warned_of(tmp_path):
    cut = day_of(tmp_path / "cut", BEFORE, AFTER)
    assert cut.truncated == (
        "the record ends at 09:30:40, its name says 16:00:00: the rest of the day is missing"
    )
    assert cut.truncated in str(reconcile(cut).report)
    report = open_feed(tmp_path / "cut").scan()
    assert cut.truncated in report.notes
    assert not day_of(tmp_path / "whole", BEFORE, LAST).truncated


def test_only_a_pov_sale_counts_hidden_executions():
    with pytest.raises(ValueError, match="only a pov sale follows a volume"):
        ForcedSale(1000, 5, hidden_counts=True)
    assert ForcedSale(1000, 5, SaleStyle.POV, 100, hidden_counts=True).hidden_counts
