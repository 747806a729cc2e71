"""Quantities with units in scenarios: read exactly, or refused with the place and the reason."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.scenario.quantities import in_steps
from experiments.scenario.read import Scenario, ScenarioError, read_scenario
from lob.units import PPM, SECOND_NS
from tests.small_scenarios import SPIRAL, TWO_ASSETS

USD = {
    "instruments.0.tick_size": "0.5",
    "instruments.0.lot_size": 0.001,
    "instruments.0.base": "BTC",
    "instruments.0.quote": "USD",
}


def read(**quantities):
    wanted = {path.replace("__", "."): value for path, value in quantities.items()}
    return read_scenario(SPIRAL, {**USD, **wanted})


def mistakes(source, overrides):
    with pytest.raises(ScenarioError) as refused:
        read_scenario(source, overrides)
    return [line.strip() for line in str(refused.value).splitlines()[1:]]


def test_quantities_are_the_integers_that_they_stand_for():
    scenario = read(
        shocks__0__lots="2.5 BTC",
        shocks__0__at="2500 ms",
        clearings__0__insurance_fund="1 k USD",
        instruments__0__background__price="5 k USD",
        instruments__0__background__window="400 USD",
        instruments__0__taker_fee="2.5 bps",
        seconds="1 min",
        horizon="10 s",
    )
    assert scenario == read(
        shocks__0__lots=2_500,
        shocks__0__at=2.5,
        clearings__0__insurance_fund=2_000_000,
        instruments__0__background__price=10_000,
        instruments__0__background__window=800,
        instruments__0__taker_fee=250,
        seconds=60.0,
        horizon=10.0,
    )


def test_an_instrument_says_what_its_steps_are():
    one = read().instruments[0]
    assert (one.tick_size, one.lot_size, one.base, one.quote) == (
        Decimal("0.5"),
        Decimal("0.001"),
        "BTC",
        "USD",
    )


def test_each_table_has_the_steps_of_its_own_instrument():
    scenario = read_scenario(
        TWO_ASSETS,
        {
            **USD,
            "instruments.0.base": "",
            "instruments.1.tick_size": 1,
            "instruments.1.lot_size": 10,
            "instruments.1.quote": "USD",
            "instruments.1.multiplier": 20_000,
            "instruments.0.background.price": "5 k USD",
            "instruments.1.background.price": "5 k USD",
            "shocks.0.lots": "3 ALPHA",
            "populations.0.equity": "3.5 USD",
        },
    )
    assert [one.background.price for one in scenario.instruments] == [10_000, 5_000]
    assert scenario.shocks[0].lots == 3_000
    assert scenario.populations[0].equity == 7_000


def test_rows_of_times_and_prices_have_a_unit_each():
    source = {"kind": "piecewise", "prices": [["1 s", "100 USD"], [2.0, 300]]}
    content = {
        "instruments": [
            {"name": "X", "tick_size": 0.5, "lot_size": 1, "quote": "USD", "background": {}}
        ],
        "clearings": [{"holdings": [{"instrument": "X", "oracle": {"source": source}}]}],
    }
    found, wrong = in_steps(content, Scenario)
    assert not wrong
    holding = found["clearings"][0]["holdings"][0]
    assert holding["oracle"]["source"]["prices"] == [[1.0, 200], [2.0, 300]]
    assert source["prices"][0] == ["1 s", "100 USD"]


def test_all_mistakes_are_told_at_once_each_with_its_path():
    told = mistakes(
        SPIRAL,
        {
            **USD,
            "shocks.0.at": "2 USD",
            "shocks.0.lots": "2 min",
            "instruments.0.background.price": "100.1 USD",
            "instruments.0.taker_fee": "2.5 s",
            "seconds": "10 m USD",
            "seeds": 0,
        },
    )
    assert len(told) == 6
    for beginning, part in (
        ("shocks.0.at: got an amount of USD", "where a duration"),
        ("shocks.0.lots: got a duration", "a size in lots or BTC"),
        ("instruments.0.background.price: price 100.1 USD is not", "the nearest is 100 USD"),
        ("instruments.0.taker_fee: got a duration", "%, bps or ppm"),
        ("seconds: '10 m USD' is not a quantity", "write k, M or G"),
        ("seeds: ", "must be at least 1"),
    ):
        assert any(line.startswith(beginning) and part in line for line in told), beginning


def test_a_number_in_quotes_is_a_number():
    assert read_scenario(SPIRAL, {"shocks.0.lots": "20_000"}).shocks[0].lots == 20_000


def test_an_instrument_without_steps_reads_no_amounts():
    (told,) = mistakes(SPIRAL, {"shocks.0.lots": "2 BTC"})
    assert told == (
        "shocks.0.lots: '2 BTC' cannot be read: the instrument 'PERP' has no tick_size, lot_size, "
        "quote: write lots"
    )
    (told,) = mistakes(TWO_ASSETS, {**USD, "makers": [{"name": "m", "size": "2 BTC"}]})[:1]
    assert "it does not say of which instrument" in told or "instrument" in told


@given(st.integers(1, 10**8), st.sampled_from(["s", "ms", "min"]))
def test_a_time_is_exact_or_refused(count, unit):
    factor = {"s": SECOND_NS, "ms": SECOND_NS // 1_000, "min": 60 * SECOND_NS}[unit]
    found, wrong = in_steps({"seconds": f"{count} {unit}"}, Scenario)
    assert not wrong
    assert round(found["seconds"] * SECOND_NS) == count * factor


def test_a_time_too_fine_for_its_length_is_refused():
    _, (wrong,) = in_steps({"seconds": "200 d 1 ns"}, Scenario)
    assert wrong.path == "seconds"
    assert "finer" in wrong.what


@given(st.integers(-(10**6), 10**6))
def test_a_share_is_exact(ppm):
    content = {"instruments": [{"name": "X", "maker_fee": f"{ppm} ppm"}]}
    found, wrong = in_steps(content, Scenario)
    assert not wrong
    assert found["instruments"][0]["maker_fee"] == ppm
    content["instruments"][0]["maker_fee"] = f"{ppm / 10**4:.4f} %"
    assert in_steps(content, Scenario)[0]["instruments"][0]["maker_fee"] == ppm
    assert PPM == 10**6


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["instruments", "clearings", "holdings", "name", "instrument", "lots", "shocks",
                 "holding", "clearing", "background", "price", "tick_size", "lot_size", "quote",
                 "kind", "seconds", "populations", "multiplier"]
            ),
            inner,
            max_size=4,
        ),
        max_leaves=12,
    ).filter(lambda value: isinstance(value, dict))
)  # fmt: skip
def test_nonsense_is_left_for_validation(content):
    found, _ = in_steps(content, Scenario)
    assert set(found) == set(content)
