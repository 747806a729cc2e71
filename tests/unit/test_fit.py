"""What fits rest on, each by arithmetic that is done by hand."""

import numpy as np
import pytest

import agents
import firesale as fs
from agents import flow
from experiments.calibration.changes import ChangeCause, changes_of_levels, changes_of_steps
from experiments.calibration.fit import FITS, Findings, FitError, Observed, hawkes, search
from experiments.calibration.fit.laws import laws, sign_memory
from experiments.calibration.fit.long_memory import memory_of_metaorders
from experiments.calibration.fit.observed import BLOCKS
from experiments.calibration.fit.placed import reach, uniform_window
from experiments.calibration.market_file import read_market
from experiments.calibration.market_record import CHANGE, MARKET_ORDER, STEP, MarketRecord
from experiments.calibration.models import MODELS
from experiments.calibration.record_of_tape import record_of_tape
from experiments.metrics.order_flow import StepKind
from lob.feeds import PRINT, PrintKind
from lob.types import MESSAGE, QUOTE, Kind
from lob.units import SECOND_NS

S = SECOND_NS


def steps(*rows):
    """Rows of (second, order, kind, price, size, side), each a message."""
    found = np.zeros(len(rows), STEP)
    for i, (second, order, kind, price, size, side) in enumerate(rows):
        found[i] = (second * S, i, order, price, size, kind, True, side)
    return found


def told(changes):
    return [
        (int(one["price"]), int(one["lots"]), int(one["orders"]), int(one["side"]), one["cause"])
        for one in changes
    ]


def test_orders_come_trade_shrink_and_leave():
    found = changes_of_steps(
        steps(
            (0, 1, StepKind.NEW, 99, 10, 1),
            (1, 1, StepKind.TRADED, 0, 4, 0),
            (2, 1, StepKind.REDUCED, 0, 1, 0),
            (3, 1, StepKind.CANCELLED, 0, 0, 0),
            (4, 2, StepKind.NEW, 101, 7, -1),
            (5, 2, StepKind.TRADED, 0, np.iinfo(np.int64).max, 0),
        )
    )
    assert told(found) == [
        (99, 10, 1, 1, ChangeCause.LIMIT),
        (99, -4, 0, 1, ChangeCause.MARKET),
        (99, -1, 0, 1, ChangeCause.CANCEL),
        (99, -5, -1, 1, ChangeCause.CANCEL),
        (101, 7, 1, -1, ChangeCause.LIMIT),
        (101, -7, -1, -1, ChangeCause.MARKET),
    ]


def test_a_replacement_keeps_its_place_or_is_another_order():
    found = changes_of_steps(
        steps(
            (0, 1, StepKind.NEW, 99, 10, 1),
            (1, 1, StepKind.TRADED, 0, 2, 0),
            (2, 1, StepKind.REPLACED, 99, 5, 1),  # smaller at its price: 3 are cancelled
            (3, 1, StepKind.REPLACED, 98, 5, 1),  # another price
            (4, 1, StepKind.REPLACED, 98, 9, 1),  # more lots
            (5, 1, StepKind.CANCELLED, 0, 0, 0),
        )
    )
    assert told(found) == [
        (99, 10, 1, 1, ChangeCause.LIMIT),
        (99, -2, 0, 1, ChangeCause.MARKET),
        (99, -3, 0, 1, ChangeCause.CANCEL),
        (99, -5, -1, 1, ChangeCause.CANCEL),
        (98, 5, 1, 1, ChangeCause.LIMIT),
        (98, -5, -1, 1, ChangeCause.CANCEL),
        (98, 9, 1, 1, ChangeCause.LIMIT),
        (98, -9, -1, 1, ChangeCause.CANCEL),
    ]


def test_what_nobody_did_has_no_cause_and_unknown_orders_no_lots():
    rows = steps((0, 1, StepKind.NEW, 99, 10, 1), (1, 9, StepKind.CANCELLED, 0, 0, 0))
    rows["told"] = False
    assert told(changes_of_steps(rows)) == [(99, 10, 1, 1, ChangeCause.HIDDEN)]
    assert not len(changes_of_steps(rows[:0]))


def test_changes_of_a_tape_make_the_book_that_it_ends_with():
    simulation = agents.Simulation(4)
    simulation.add(
        flow.ZeroIntelligence("flow", price=500, alpha=2.0, mu=30.0, delta=0.3, window=30, sigma=3)
    )
    simulation.run(until=60 * S)
    record = record_of_tape(simulation.events, with_changes=True)
    book = simulation.books[0]
    for side, levels in ((1, book.bids(100)), (-1, book.asks(100))):
        mine = record.changes[record.changes["side"] == side]
        for price, size, orders in zip(
            levels["price"], levels["size"], levels["orders"], strict=True
        ):
            here = mine[mine["price"] == price]
            assert here["lots"].sum() == size
            assert here["orders"].sum() == orders
        assert mine["lots"].sum() == levels["size"].sum()


def test_a_level_that_falls_did_so_by_the_trades_at_its_price_first():
    messages = np.zeros(5, MESSAGE)
    messages["ts_event"] = np.array([0, 1, 2, 3, 9]) * S
    messages["order_id"] = [1, 2, 1, 1, 1]
    messages["kind"] = [Kind.NEW, Kind.NEW, Kind.REDUCE, Kind.REPLACE, Kind.CANCEL]
    messages["side"], messages["price"] = [1, -1, 0, 0, 0], [99, 101, 0, 99, 0]
    messages["size"] = [10, 5, 4, 12, 0]
    prints = np.zeros(2, PRINT)
    prints["ts_event"], prints["price"], prints["size"] = [2 * S, 5 * S], 99, [3, 8]
    prints["kind"] = PrintKind.TRADE
    assert told(changes_of_levels(messages, prints)) == [
        (99, 10, 0, 1, ChangeCause.LIMIT),
        (101, 5, 0, -1, ChangeCause.LIMIT),
        (99, -3, 0, 1, ChangeCause.MARKET),
        (99, -1, 0, 1, ChangeCause.CANCEL),
        (99, 6, 0, 1, ChangeCause.LIMIT),
        (99, -12, 0, 1, ChangeCause.CANCEL),  # 4 s after a trade: not by it
    ]


# ---------------------------------------------------------------- what is observed


def record(halts=(), side=True, orders=4):
    """Ten seconds, a message each: 10 lots at 99 and 101, and one more bid at 98 from second 5."""
    quotes = np.zeros(11, QUOTE)
    quotes["ts_event"] = np.arange(11) * S
    quotes["bid_price"], quotes["ask_price"] = 99, 101
    quotes["bid_size"], quotes["ask_size"] = 10, 10
    if not side:
        quotes["bid_size"] = 0
    changes = np.zeros(3, CHANGE)
    changes["message"], changes["ts_event"] = [-1, -1, 5], [0, 0, 5 * S]
    changes["price"], changes["side"] = [99, 101, 98], [1, -1, 1]
    changes["lots"], changes["orders"], changes["cause"] = [10, 10, 6], 1, ChangeCause.LIMIT
    trades = np.zeros(orders, MARKET_ORDER)
    trades["before"] = np.arange(orders) * 2
    trades["after"], trades["ts_event"] = trades["before"] + 1, (trades["before"] + 1) * S
    trades["side"], trades["size"] = 1, [2, 4, 6, 8][:orders]
    return MarketRecord("test", quotes, trades, None, changes=changes, halts=halts)


def test_lot_seconds_by_distance():
    observed = Observed(record())
    assert (observed.seconds, observed.size) == (10.0, 5)
    assert observed.lot_seconds(3).sum(axis=0).tolist() == [0, 200, 6 * 5]
    assert [int(one[0]) for one in observed.limits[:4]] == [5, 1, 98, 6]
    assert int(observed.limits.distance[0]) == 3
    assert observed.seconds_by_part.sum() == pytest.approx(10)


def test_halts_do_not_count():
    observed = Observed(record(halts=((2 * S, 4 * S), (3 * S, 5 * S))))
    assert observed.seconds == 7.0
    assert observed.orders["size"].tolist() == [2, 8]
    assert observed.clock[-1] == 7.0
    # The order of second 5 came as the halt had ended; of second 4 it would not count.
    assert len(observed.limits.lots) == 0


def test_a_record_without_a_market_is_refused():
    with pytest.raises(FitError, match="test: there is no time in which both sides"):
        Observed(record(side=False))
    with pytest.raises(FitError, match="test: 0 market orders: without trades nothing"):
        Observed(record(orders=0))
    with pytest.raises(ValueError, match="with_changes"):
        Observed(MarketRecord("x", np.zeros(0, QUOTE), np.zeros(0, MARKET_ORDER), None))


@pytest.mark.parametrize("model", sorted(FITS))
def test_a_record_that_is_too_short_is_refused_with_what_is_missing(model):
    with pytest.raises(FitError, match=r"test: \d+ .* in 10 s of an open market"):
        fs.fit(record(), model)


def test_rates_are_counts_over_exposure_with_compound_poisson_errors():
    observed = Observed(record())
    exposure = np.zeros((BLOCKS, 2))
    exposure[:, 0] = 1.0
    ratio = observed.rate(np.array([1, 2]), np.array([3, 4]), exposure, np.array([0, 0]))
    assert ratio.value.tolist() == [7 / BLOCKS, 0]
    assert ratio.error[0] == pytest.approx(5 / BLOCKS)
    assert np.isnan(ratio.error[1])
    assert ratio.events.tolist() == [2, 0]


def test_windows():
    assert uniform_window(np.repeat(np.arange(1, 101), 5))[0] == 100
    assert uniform_window(np.ones(50, np.int64))[0] == 1
    assert reach(np.repeat(np.arange(1, 31), 5)) == 30
    assert reach(np.append(np.repeat(np.arange(1, 31), 50), 40_000)) == 30


# ---------------------------------------------------------------- models


def test_pressure_is_the_sum_over_earlier_events():
    random = np.random.default_rng(1)
    times = np.sort(random.uniform(0, 50, 200))
    times[10] = times[11]
    kind = random.integers(0, 2, 200)
    beta = np.array([30.0, 0.2])
    plain, aged = hawkes.pressure(times, kind, beta)
    for at in range(200):
        for cause in range(2):
            ages = times[at] - times[:at][kind[:at] == cause]
            decayed = np.exp(-beta[cause] * ages)
            assert plain[at, cause] == pytest.approx(decayed.sum(), rel=1e-9, abs=1e-12)
            assert aged[at, cause] == pytest.approx((ages * decayed).sum(), rel=1e-7, abs=1e-12)


def test_events_told_in_batches_are_spread_over_the_time_since_the_last_one():
    at, batched = hawkes._apart(np.array([1.0, 1.0, 3.0, 3.0, 3.0, 3.0]))
    assert batched
    assert at.tolist() == [0.5, 1.0, 1.5, 2.0, 2.5, 3.0]
    alone = np.array([1.0, 2.0, 2.0, 4.0])
    assert hawkes._apart(alone)[0] is alone


def test_the_gradient_of_the_likelihood_is_that_of_its_differences():
    random = np.random.default_rng(2)
    times = np.sort(random.uniform(0, 60, 600))
    kind = random.integers(0, 6, 600)
    given = hawkes._Times(times, kind, np.ones(600), 60.0, np.array([60.0, 60.0]))
    beta = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    _, _, slope = hawkes._maximum(given, beta)
    for one in range(6):
        up, down = beta.copy(), beta.copy()
        up[one] *= 1 + 1e-4
        down[one] *= 1 - 1e-4
        rise = hawkes._maximum(given, up)[1] - hawkes._maximum(given, down)[1]
        assert slope[one] == pytest.approx(rise / 2e-4, rel=1e-2, abs=1e-3)


def test_memory_of_one_metaorder_is_the_tail_of_what_is_left_of_it():
    """With one metaorder, signs l apart agree while it lasts: P(R > l), R with weights l**-2."""
    found = memory_of_metaorders(np.array([1, 2]), 2.0, 1.0)
    zeta = np.pi**2 / 6
    assert found == pytest.approx([(zeta - 1) / zeta, (zeta - 1.25) / zeta], rel=1e-6)
    # With many, at lag 1: the same one with probability 1/N.
    assert memory_of_metaorders(np.array([1]), 2.0, 8.0)[0] == pytest.approx(found[0] / 8)


def test_searches_find_the_lowest_place():
    assert search.least(lambda x: (x - 2) ** 2, 0, 5) == pytest.approx(2, abs=1e-5)

    def bowl(x):
        return float(((x - [1, 7]) ** 2 * [1, 9]).sum()), 2 * (x - [1, 7]) * [1, 9]

    found = search.descend(bowl, np.zeros(2), np.full(2, -5.0), np.full(2, 5.0))
    assert found == pytest.approx([1, 5], abs=1e-4)


# ---------------------------------------------------------------- the whole


def test_findings_warn_of_few_events_and_take_arrays():
    found = Findings()
    found.put("rate", [1.0, 2.0], [0.1, np.nan], [500, 7])
    found.state("size", 3, "size: said so")
    assert found.parameters == {"rate": [1.0, 2.0], "size": 3}
    assert found.errors == {"rate": [0.1, None]}
    assert found.warnings == ["rate[1]: rests on fewer than 100 events"]
    assert found.assumed == ["size: said so"]


@pytest.fixture(scope="module")
def tape():
    simulation = agents.Simulation(5, messages=False)
    simulation.add(
        flow.LongMemory(
            "flow", price=900, metaorders=4, beta=1.6, mu=20.0, alpha=1.0, delta=0.2, window=30,
            depth=None, size=2,
        )
    )  # fmt: skip
    simulation.run(until=120 * S)
    return simulation.events


def test_a_fit_has_what_scikit_learn_calls_it_and_its_file_is_read_again(tape, tmp_path):
    found = fs.fit(tape, "poisson", since=10 * S, settings={"levels": 4})
    assert set(found.errors_) < set(found.params_)
    assert len(found.params_["lambda_"]) == len(found.errors_["lambda_"]) == 4
    assert len(found.params_["theta"]) == 4
    frame = found.frame()
    assert list(frame.columns) == ["parameter", "estimate", "error", "events", "warning"]
    found.save(tmp_path / "market.toml")
    again = read_market(tmp_path / "market.toml")
    assert again == found.market
    assert again.parameters["lambda_"] == found.params_["lambda_"]
    assert again.cannot_show
    run = found.simulate(3, minutes=0.2)
    assert len(run.events) > 100
    assert (run.events["price"][run.events["price"] > 0]).mean() == pytest.approx(900, rel=0.1)


def test_laws_of_a_tape_are_those_of_its_flow(tape):
    observed = Observed(record_of_tape(tape, since=10 * S, with_changes=True))
    found = {one.name: one for one in laws(observed)}
    hazard = found["cancel hazard at 1 to 10 s, a second"]
    assert abs(hazard.value - 0.2) < 4 * hazard.error
    assert found["size of a limit order, mean"].value == 2
    memory = sign_memory(observed)
    assert memory.values[0] > 0.1
    assert len(memory.without_part) == BLOCKS


def test_every_fit_is_of_a_model_and_every_old_model_has_one():
    assert set(FITS) <= set(MODELS)
    assert set(MODELS) - set(FITS) <= {"maker-market"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"model": "poison"}, "no fit of a model 'poison': did you mean poisson?"),
        ({"model": "poisson", "settings": {"level": 3}}, "has no option 'level'"),
        ({"model": "poisson", "until": "+3s"}, "until is of a file, not of a tape"),
        ({"model": "hawkes", "settings": {"decays": "all"}}, "decays"),
    ],
)
def test_mistakes_are_told(tape, arguments, said):
    with pytest.raises(ValueError, match=said):
        fs.fit(tape, **arguments)


def test_a_score_of_few_seeds_is_refused(tape):
    with pytest.raises(ValueError, match="at least 10 seeds, got 2"):
        fs.fit(tape, "poisson").score([1, 2])
