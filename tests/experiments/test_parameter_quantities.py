"""Quantities among the parameters of models, designs and traders: read by the declared unit."""

import re
from decimal import Decimal
from pathlib import Path
from typing import get_args

import pytest

import firesale as fs
from agents import leverage
from experiments.contest.designs import parse_designs
from experiments.scenario.clearing import MODELS
from experiments.scenario.design_parameters import parameters_in_steps
from experiments.scenario.designs import DESIGNS, NAMED
from experiments.scenario.parameters import inside, takes_text, types_of, unit_of
from experiments.scenario.read import ScenarioError, keys_of_scenario, read_scenario
from experiments.scenario.traders import StackerTable, TraderKind
from lob.unit_types import Cash, Lots, Nanoseconds, Ppm

FILE = Path(__file__).with_name("real_units.toml")
MARGIN = "clearings.0.holdings.0.margin"
LIQUIDATION = "clearings.0.liquidation"


def trader(kind="Hedger", **parameters):
    return {"traders": [{"kind": kind, "name": "one", "parameters": parameters}]}


def stop_loss(**parameters):
    given = {"margin": "10 k USD", "position": "2 BTC", "entry_price": "5 k USD",
             "stop_price": "4_900 USD", "interval": "250 ms", **parameters}  # fmt: skip
    return trader("StopLoss", **given)


def parameters_of(overrides, *path):
    found = read_scenario(FILE, overrides).model_dump()
    for step in path:
        found = found[step]
    return found["parameters"]


def mistakes(overrides):
    with pytest.raises(ScenarioError) as refused:
        read_scenario(FILE, overrides)
    return [line.strip() for line in str(refused.value).splitlines()[1:]]


def test_a_margin_model_takes_shares():
    found = parameters_of(
        {f"{MARGIN}.parameters": {"initial": "4 %", "maintenance": "200 bps"}},
        "clearings", 0, "holdings", 0, "margin",
    )  # fmt: skip
    assert found == {"initial": 40_000, "maintenance": 20_000}


def test_lists_take_the_unit_of_each_value():
    given = {"floors": [0, "10 k USD"], "initial": ["4 %", 50_000], "maintenance": ["2 %", "3 %"]}
    found = parameters_of(
        {MARGIN: {"model": "tiered", "parameters": given}},
        "clearings", 0, "holdings", 0, "margin",
    )  # fmt: skip
    # A unit of cash is what a lot is worth for a tick: half a cent.
    assert found == {"floors": [0, 2_000_000], "initial": [40_000, 50_000],
                     "maintenance": [20_000, 30_000]}  # fmt: skip


def test_a_design_takes_times_shares_and_money():
    given = {"bonus": "5 %", "small": "2 k USD", "every": "250 ms", "patience": "2 min"}
    design = {"design": "fixed-spread", "parameters": given}
    wanted = {"bonus": 50_000, "small": 400_000, "every": 0.25, "patience": 120.0}
    assert parameters_of({LIQUIDATION: design}, "clearings", 0, "liquidation") == wanted
    beside = {"alternatives": [{"label": "other", **design}]}
    assert parameters_of(beside, "alternatives", 0) == wanted


def test_a_time_in_whole_seconds_is_one():
    design = {"design": "dutch", "parameters": {"step": "2 min"}}
    assert parameters_of({LIQUIDATION: design}, "clearings", 0, "liquidation") == {"step": 120}
    design["parameters"]["step"] = "1500 ms"
    assert mistakes({LIQUIDATION: design}) == [
        f"{LIQUIDATION}.parameters.step: '1500 ms' is not a whole number of seconds"
    ]


def test_a_ready_market_takes_the_steps_of_its_instrument():
    market = {"kind": "market", "name": "poisson",
              "parameters": {"price": "5 k USD", "window": "20 USD"}}  # fmt: skip
    found = read_scenario(FILE, {"instruments.0.background": market})
    assert found.instruments[0].background.parameters == {"price": 10_000, "window": 40}
    market["parameters"]["speed"] = "5 %"
    assert mistakes({"instruments.0.background": market}) == [
        "instruments.0.background.parameters.speed: got '5 %', where a number without a unit is "
        "wanted"
    ]


def test_a_trader_takes_the_steps_of_what_it_holds():
    assert parameters_of(stop_loss(), "traders", 0) == {
        "margin": 2_000_000, "position": 200, "entry_price": 10_000, "stop_price": 9_800,
        "interval": 250_000_000,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("overrides", "path", "said"),
    [
        ({f"{MARGIN}.parameters.initial": "4 USD"}, f"{MARGIN}.parameters.initial",
         "where a share"),
        ({LIQUIDATION: {"design": "market-sale", "parameters": {"retry": "5 %"}}},
         f"{LIQUIDATION}.parameters.retry", "where a duration"),
        (stop_loss(margin="2 BTC"), "traders.0.parameters.margin", "where an amount of USD"),
        (stop_loss(stop_price="1 min"), "traders.0.parameters.stop_price", "where a price"),
    ],
)  # fmt: skip
def test_another_dimension_is_one_mistake_with_its_path(overrides, path, said):
    (told,) = mistakes(overrides)
    assert told.startswith(f"{path}: ")
    assert said in told, told


@pytest.mark.parametrize(
    ("overrides", "told"),
    [
        (stop_loss(holding="0 lots"),
         "traders.0.parameters.holding: got '0 lots', where an integer without a unit is wanted"),
        ({MARGIN: {"model": "volatility", "parameters": {
            "initial": "4 %", "maintenance": "2 %", "reference": "5 %"}}},
         f"{MARGIN}.parameters.reference: got '5 %', where a number without a unit is wanted"),
        ({LIQUIDATION: {"design": "fixed-spread", "parameters": {"dust": "5 USD"}}},
         f"{LIQUIDATION}.parameters.dust: got '5 USD', where true or false is wanted"),
    ],
)  # fmt: skip
def test_a_parameter_without_a_unit_takes_none(overrides, told):
    assert mistakes(overrides) == [told]


def test_texts_that_stand_for_themselves_stay():
    design = {"design": "market-sale", "parameters": {"losses": "socialise", "retry": "1 s"}}
    found = parameters_of({LIQUIDATION: design}, "clearings", 0, "liquidation")
    assert found == {"losses": "socialise", "retry": 1.0}


def test_a_resolved_file_shows_parameters_in_units_that_people_have():
    keys = {one.path: one for one in keys_of_scenario(FILE, stop_loss())}
    assert keys["traders.0.parameters"].real == (
        "margin = 10_000 USD, position = 2 BTC, entry_price = 5_000 USD, stop_price = 4_900 USD, "
        "interval = 250 ms"
    )
    assert "10 k USD" in keys["traders.0.parameters"].written
    assert keys[f"{MARGIN}.parameters"].real == "initial = 4 %, maintenance = 2 %"


def a_stack(funds):
    """A claim on bitcoin and dollars, which has no book, and somebody who brings funds."""
    claim = {"name": "receipt", "backing": ["BTC", "cash"], "initial": ["0.02 BTC", "3 USD"],
             "outside": 10, "outside_backing": {"BTC": "1 BTC", "cash": "5 USD"}}  # fmt: skip
    one = {"kind": "VaultDepositor", "name": "one", "instrument": "BTC-PERP",
           "parameters": {"vault": "receipt", "funds": funds}}  # fmt: skip
    return {"claims": [claim], "stackers": [one]}


def test_units_of_an_asset_are_lots_of_its_book_or_money():
    read = read_scenario(FILE, a_stack({"cash": "10 k USD", "BTC": "2 BTC", "receipt": 7}))
    # A lot is 0.01 BTC, a unit of cash half a cent.
    assert read.stackers[0].parameters["funds"] == {"cash": 2_000_000, "BTC": 200, "receipt": 7}
    (claim,) = read.claims
    assert claim.initial == [2, 600]
    assert claim.outside_backing == {"BTC": 100, "cash": 1_000}
    staked = {"name": "BTC", "backing": ["cash"], "outside": "5 BTC", "rate": "1 BTC",
              "period": "1 h"}  # fmt: skip
    (claim,) = read_scenario(FILE, {"claims": [staked]}).claims
    assert (claim.outside, claim.rate) == (500, 100)


def test_funds_in_another_unit_are_refused():
    path = "stackers.0.parameters.funds"
    (told,) = mistakes(a_stack({"BTC": "5 USD"}))
    assert told.startswith(f"{path}.BTC: ")
    (told,) = mistakes(a_stack({"cash": "5 BTC"}))
    assert told.startswith(f"{path}.cash: ")
    assert mistakes(a_stack({"receipt": "5 BTC"})) == [
        f"{path}.receipt: '5 BTC' cannot be read: no book trades 'receipt': write units"
    ]


def test_a_resolved_file_shows_funds_in_units_that_people_have():
    keys = {one.path: one for one in keys_of_scenario(FILE, a_stack({"cash": "10 k USD"}))}
    assert "10_000 USD" in keys["stackers.0.parameters"].real
    assert keys["claims.0.initial"].real.replace(" ", "") == "0.02BTC,3USD"


UNITS = {"ppm": "ppm", "seconds": "seconds", "units of cash": "cash units",
         "whole seconds": "whole seconds"}  # fmt: skip


@pytest.mark.parametrize("name", sorted(NAMED))
def test_designs_declare_the_units_that_their_text_says(name):
    said = re.findall(r"(?m)^ {4}([a-z_, ]+) : ([^,\n]+)", NAMED[name].build.__doc__)
    kinds = types_of(NAMED[name].build)
    told = {one: UNITS.get(unit, "") for names, unit in said for one in names.split(", ")}
    assert {one: unit_of(kind) for one, kind in kinds.items()} == told


def test_every_number_of_a_parameter_says_its_unit_or_is_known_to_have_none():
    plain = {  # counts, numbers of things, and factors
        "adl", "aggression", "at", "band", "base_holding", "base_instrument", "bounded", "breaker",
        "cap", "clearing", "cusp", "depositors", "dust", "first", "flow", "half_life", "hedge",
        "holding", "instrument", "kept", "leverage", "lookback", "multiple", "multiplier", "owner",
        "providers", "reference", "seed", "shares", "side", "spread", "target",
        "target_volatility", "to", "unwind_at", "version", "gas_cap",
    }  # fmt: skip
    kinds = [*get_args(TraderKind), *get_args(StackerTable.model_fields["kind"].annotation)]
    takers = [*MODELS.values(), *(NAMED[one].build for one in NAMED), *DESIGNS.values(),
              *(getattr(leverage, kind) for kind in kinds)]  # fmt: skip
    without = {
        name
        for taker in takers
        for name, kind in types_of(taker).items()
        if kind in (int, float, bool, int | None)
    }
    assert without <= plain, without - plain


def test_declared_types_tell_what_is_inside_them():
    assert unit_of(Ppm) == "ppm"
    assert unit_of(Lots | None) == "lots"
    assert unit_of(int) == unit_of(list[Cash]) == ""
    assert unit_of(inside(list[Cash], 3)) == "cash units"
    assert unit_of(inside(list[tuple[Nanoseconds, Ppm]], 0)) == ""
    assert unit_of(inside(inside(list[tuple[Nanoseconds, Ppm]], 0), 1)) == "ppm"
    assert unit_of(inside(dict[str, Ppm], "a")) == "ppm"
    assert takes_text(str | None)
    assert not takes_text(int)


# ------------------------------------------------------------ designs beside a scenario


def test_a_design_of_a_contest_takes_quantities():
    scenario = read_scenario(FILE)
    text = "quick=dutch(step=2 min,cut=98 %,tip=10 USD,curve=stair),sliced(lots=2 BTC)"
    quick, sliced = parse_designs(text, scenario)
    # A unit of cash is half a cent.
    assert quick.parameters == {"step": 120, "cut": 980_000, "tip": 2_000, "curve": "stair"}
    assert sliced.label == "sliced(lots=2 BTC)"
    assert sliced.parameters == parameters_of(
        {LIQUIDATION: {"design": "sliced", "parameters": {"lots": "2 BTC"}}},
        "clearings", 0, "liquidation",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("dutch(step=2 BTC)", r"^design dutch: step: got an amount of BTC, '2 BTC', where a dur"),
        ("sliced(lots=5 %)", r"^design sliced: lots: got a share, '5 %', where"),
        ("sliced(lots=0.0000001 BTC)", r"^design sliced: lots: .* is not a whole number of lots"),
        ("dutch(stepp=2 s)", r"no parameter is called 'stepp'"),
    ],
)
def test_a_quantity_of_another_kind_is_told_with_its_design_and_parameter(text, told):
    with pytest.raises(ValueError, match=told):
        parse_designs(text, read_scenario(FILE))


def test_a_run_takes_the_same_quantities_in_python(monkeypatch):
    seen = []
    monkeypatch.setattr(
        "experiments.questions.run_scenario", lambda *_, parameters, **__: seen.append(parameters)
    )
    fs.run(FILE, design="sliced", parameters={"lots": "2 BTC", "every": "250 ms"}, twin=False)
    lots = parameters_in_steps("sliced", {"lots": "2 BTC"}, read_scenario(FILE))["lots"]
    assert seen == [{"lots": lots, "every": 0.25}]


def test_what_counts_other_steps_in_another_clearing_is_refused():
    scenario = read_scenario(FILE)
    one = scenario.clearings[0]
    finer = scenario.instruments[0].model_copy(
        update={"name": "FINER", "lot_size": Decimal("1e-6")}
    )
    held = one.holdings[0].model_copy(update={"instrument": "FINER"})
    other = one.model_copy(update={"name": "other", "holdings": (held,)})
    two = scenario.model_copy(update={
        "instruments": (scenario.instruments[0], finer), "clearings": (one, other)})  # fmt: skip
    assert parameters_in_steps("sliced", {"every": "1 s"}, two) == {"every": 1.0}
    with pytest.raises(ValueError, match=r"sliced: lots: '2 BTC' is another number of steps in"):
        parameters_in_steps("sliced", {"lots": "2 BTC"}, two)
