"""Days with halts, days that are cut, volume of hidden orders."""

import numpy as np
import pytest

import lob
from experiments.studies.forced_sale import ForcedSale, SaleStyle, child_orders
from lob.feeds import lobster, open_feed
from lob.replay import reconcile, replay
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


def sale_at(second, size=10):
    order = np.zeros(1, lob.MESSAGE)
    order["ts_event"], order["order_id"], order["size"] = int(second * S), -(10**9), size
    order["kind"], order["side"] = lob.Kind.NEW, lob.Side.SELL
    order["order_type"], order["time_in_force"] = lob.OrderType.MARKET, lob.TimeInForce.IOC
    return order


@pytest.mark.parametrize("mode", ["exact", "interactive"])
@pytest.mark.parametrize(
    ("at", "filled_at"), [(34205, 34205), (34210, 34230), (34225, 34230), (34230, 34230)]
)
def test_nothing_fills_in_a_halt(tmp_path, mode, at, filled_at):
    day = day_of(tmp_path, BEFORE, HALT, QUOTING, RESUMES, AFTER, LAST)
    result = replay(day, mode, inject=sale_at(at))
    trades = result.events[result.events["kind"] == lob.EventKind.TRADE]
    assert trades["ts_event"].tolist() == [filled_at * S]
    assert result.report.postponed_messages == (at != filled_at)
    assert ("waited for the end of a halt" in str(result.report)) == (at != filled_at)


def test_a_halt_to_the_end_refuses_the_sale(tmp_path):
    day = day_of(tmp_path, BEFORE, HALT, QUOTING)
    with pytest.raises(ValueError, match="the record shows no trading"):
        replay(day, "exact", inject=sale_at(34215))


def test_a_cut_day_is_warned_of(tmp_path):
    cut = day_of(tmp_path / "cut", BEFORE, AFTER)
    assert cut.truncated == (
        "the record ends at 09:30:40, its name says 16:00:00: the rest of the day is missing"
    )
    assert cut.truncated in str(reconcile(cut).report)
    report = open_feed(tmp_path / "cut").scan()
    assert cut.truncated in report.notes
    assert not day_of(tmp_path / "whole", BEFORE, LAST).truncated


def test_hidden_executions_count_where_asked():
    market = np.zeros(2, lob.EVENT)
    market["kind"], market["ts_event"], market["size"] = lob.EventKind.TRADE, [10, 30], [100, 100]
    hidden = (np.array([20]), np.array([300]))
    sizes = {}
    for counts in (False, True):
        sale = ForcedSale(1000, 5, SaleStyle.POV, 100, hidden_counts=counts)
        orders = child_orders(sale, market, hidden=hidden)
        sizes[counts] = orders[["ts_event", "size"]].tolist()
    assert sizes == {False: [(11, 10), (31, 10)], True: [(11, 10), (21, 30), (31, 10)]}
    with pytest.raises(ValueError, match="only a pov sale follows a volume"):
        ForcedSale(1000, 5, hidden_counts=True)
