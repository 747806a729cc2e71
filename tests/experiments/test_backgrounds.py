"""Any market behind any scenario: one small scenario over every kind of background."""

import tomllib

import pytest

import lob
from agents.flow import ZeroIntelligence
from experiments.calibration.market_file import MarketFile
from experiments.metrics.conservation import check_conservation
from experiments.runs.run import run_scenario
from experiments.scenario.build import build
from experiments.scenario.own_code import CodeNotAllowedError, refuse_code
from experiments.scenario.read import ScenarioError, read_scenario
from experiments.scenario.variants import with_depth
from lob.feeds import lobster, synthetic
from lob.units import SECOND_NS
from tests.experiments.test_market_file import PARAMETERS

START = 1_000
FLOW = {
    "zero-intelligence": {"alpha": 2.0, "mu": 20.0, "delta": 0.2, "window": 60, "size": 2},
    "poisson": {"lambda_": [3.0, 2.0], "theta": [0.5], "mu": 1.0, "window": 40, "k": 2.0},
    "hawkes": {**PARAMETERS["hawkes"], "baseline": [9.0, 9.0, 1.0, 1.0, 1.0, 1.0],
               "placement": [1.0] * 20, "size": 3},
    "long-memory": {**PARAMETERS["long-memory"], "window": 60},
    "maker-market": {**PARAMETERS["maker-market"], "limit_sizes": [2],
                     "impact": 6.0},
    "queue-reactive": {"limit": [[3.0]] * 5, "cancel": [[0.0, 1.0, 2.0, 4.0]] * 5,
                       "market": [[0.0, 0.5]] * 5, "theta": 0.7, "theta_reinit": 0.2},
}  # fmt: skip
OWN = """
from pathlib import Path
from agents.flow import ZeroIntelligence

Path("ran.txt").write_text("run")

def flow(name, *, instrument, price, alpha=2.0):
    return ZeroIntelligence(name, instrument=instrument, price=price, alpha=alpha, mu=20.0,
                            delta=0.2, window=60, depth=None)
"""


BARS = """time,Open,High,Low,Close,Volume
2024-08-08 12:00:00,50.0,50.05,49.9,50.0,1
2024-08-08 12:00:04,50.0,50.1,48.0,48.5,1
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    market = MarketFile(
        name="mine",
        model="poisson",
        price=START,
        instrument={"name": "X", "tick_size": "0.01", "lot_size": "0.1", "quote": "USD"},
        parameters=FLOW["poisson"],
    )
    (tmp_path / "market.toml").write_text(market.to_toml())
    (tmp_path / "own.py").write_text(OWN)
    (tmp_path / "bars.csv").write_text(BARS)
    (tmp_path / "day").mkdir()
    start, end = 41_400_000, 41_430_000  # half a minute from 11:30 on, in ms
    lobster.write(
        synthetic.make_day(start_ms=start, end_ms=end), tmp_path / "day", start=start, end=end
    )
    return tmp_path


OF_THE_RECORD = {"seconds": 20.0, "horizon": 15.0, "populations.0.equity": 50_000,
                 "populations.0.leverage": [32.5, 33.2],
                 "shocks.0.lots": 12_000}  # fmt: skip


def asked(kind):
    """The scenario over a background, of the size of its market."""
    values = OF_THE_RECORD if BACKGROUNDS[kind]["kind"] == "recorded" else {}
    return read_scenario(template(BACKGROUNDS[kind]), values)


def template(background, **instrument):
    """Leveraged accounts, one design, a sale after three seconds."""
    return {
        "name": "one market",
        "question": "Does it work here?",
        "seconds": 8.0,
        "horizon": 4.0,
        "allow_failed_at_start": True,
        "instruments": [{"name": "X", "background": background, **instrument}],
        "clearings": [
            {
                "holdings": [
                    {
                        "instrument": "X",
                        "margin": {
                            "model": "flat",
                            "parameters": {"initial": 30_000, "maintenance": 30_000},
                        },
                    }
                ],
            }
        ],
        "populations": [{"name": "longs", "count": 300, "equity": 5_000, "leverage": [20.0, 30.0]}],
        "shocks": [{"instrument": "X", "lots": 60, "at": 3.0, "over": 1.0}],
    }


def flow(kind):
    return {"kind": kind, "price": START, **FLOW[kind]}


BACKGROUNDS = {
    "uniform": {"kind": "uniform", "price": START, "depth": 5, "ticks": 500},
    **{kind: flow(kind) for kind in FLOW},
    "market": {
        "kind": "market",
        "name": "zero-intelligence",
        "parameters": {"price": START, "alpha": 3.0, "window": 60},
    },
    "fitted": {"kind": "fitted", "file": "market.toml"},
    "own": {"kind": "own.py:flow", "price": START},
    "path": {"kind": "path", "file": "bars.csv", "price": START, "depth": 5, "levels": 60},
    "recorded": {"kind": "recorded", "file": "day"},
    "reanchored": {"kind": "recorded", "file": "day", "mode": "reanchored", "half_life": 60.0},
}
SURE = ("uniform", "path", "recorded", "reanchored")
"""Backgrounds without anything random."""
FIXED = ("market", "own", "path", "recorded", "reanchored")
RECORDS = ("recorded", "reanchored")
READY = {
    "perp": {"price": START, "maker_lots": 20},
    "poisson": {"price": START},
    "hawkes": {"price": START},
    "queue-reactive": {"price": START},
    "rmsc04": {},
    "equity": {"price": START},
    "perp-btc": {"price": START},
    "ci2002": {"quiet_steps": 2, "orders_per_step": 20},
}


def ready(name, **more):
    return {"kind": "market", "name": name, "parameters": READY.get(name, {}), **more}


def run(scenario, seed=3, **options):
    return run_scenario(scenario, seed, **options)


@pytest.mark.parametrize("kind", BACKGROUNDS)
def test_leverage_works_on_every_background(kind, folder):
    scenario = asked(kind)
    assert not (folder / "ran.txt").exists(), "to read a scenario runs no code of the user's own"
    (market,) = scenario.instruments
    assert market.start_price == (9_992 if kind in RECORDS else START)
    full = run(scenario)
    tape = full.tape
    seller = full.simulation["shock 0"].owner
    trades = tape["events"][tape["events"]["kind"] == lob.EventKind.TRADE]
    assert trades["size"][trades["owner"] == seller].sum() > 30
    assert len(full.simulation.clearings[0].cases), "nobody failed: the sale moved nothing"
    full.simulation.venue.check()
    check_conservation(tape["entries"], full.simulation.ledger)
    assert run(scenario).simulation.digest() == full.simulation.digest()
    assert run(scenario, 4).simulation.digest() != full.simulation.digest() or kind in SURE


@pytest.mark.parametrize("kind", BACKGROUNDS)
def test_the_twin_is_the_same_until_something_is_sold(kind, folder):
    scenario = asked(kind)
    full, frozen = build(scenario, 3), build(scenario, 3, forced=False)
    for one in (full, frozen):
        one.run(until=3 * SECOND_NS - 1)
    assert full.events.tobytes() == frozen.events.tobytes()
    assert len(full.events) > 20


@pytest.mark.parametrize("kind", BACKGROUNDS)
def test_what_is_written_is_read_as_an_equal_scenario(kind, folder):
    scenario = asked(kind)
    assert read_scenario(tomllib.loads(scenario.to_toml())) == scenario
    assert scenario.with_(seeds=scenario.seeds) == scenario
    assert scenario.to_toml(comments=True)


@pytest.mark.parametrize("name", READY)
def test_every_ready_market_brings_its_population(name):
    scenario = read_scenario(template(ready(name)))
    simulation = build(scenario, 3)
    assert all(one.name.startswith(("X ", "longs", "shock")) for one in simulation.agents)
    simulation.run(until=scenario.end_ns)
    assert len(simulation.events)
    simulation.venue.check()
    assert scenario.instruments[0].start_price == {"rmsc04": 100_000, "ci2002": 30_000_000}.get(
        name, START
    )


def two_markets():
    """A perpetual and its spot, of one worth, as the ready market has them."""
    asked = template(ready("perp", spot="Y"))
    spot = ready("perp")
    spot["parameters"] = {**spot["parameters"], "trend_followers": 0}
    asked["instruments"].append({"name": "Y", "background": spot})
    return asked


def test_a_perpetual_and_its_spot_are_worth_the_same():
    simulation = build(read_scenario(two_markets()), 3)
    named = {one.name: one for one in simulation.agents}
    assert {"X arbitrage", "X trend followers", "Y value", "Y flow"} <= set(named)
    assert {"Y arbitrage", "Y trend followers"}.isdisjoint(named)
    assert named["X value"].fundamental.value(10**12) == named["Y value"].fundamental.value(10**12)
    arbitrage = named["X arbitrage"]
    assert (arbitrage.first, arbitrage.second) == (0, 1)


def test_tick_lot_and_money_are_those_of_the_file_where_the_scenario_says_nothing(folder):
    asked = template({"kind": "fitted", "file": "market.toml"})
    asked["shocks"][0]["lots"] = "6 X"
    scenario = read_scenario(asked)
    (market,) = scenario.instruments
    assert (str(market.tick_size), str(market.lot_size), market.quote) == ("0.01", "0.1", "USD")
    assert scenario.shocks[0].lots == 60
    other = read_scenario(template({"kind": "fitted", "file": "market.toml", "price": "5 USD"}))
    assert other.instruments[0].start_price == 500
    with pytest.raises(ScenarioError, match=r"tick_size is 0\.05, and 0\.01 in"):
        read_scenario(template({"kind": "fitted", "file": "market.toml"}, tick_size=0.05))


def test_a_record_tells_of_its_instrument_and_is_as_long_as_it_is(folder):
    marked = {**BACKGROUNDS["reanchored"], "half_life": "1 min"}
    asked = {**template(marked), "shocks": [{"instrument": "SYNTH", "at": 1.0, "lots": 60}]}
    del asked["instruments"][0]["name"]
    asked["clearings"][0]["holdings"][0]["instrument"] = "SYNTH"
    (market,) = read_scenario(asked).instruments
    assert (market.name, str(market.tick_size), market.background.half_life) == (
        "SYNTH", "0.01", 60.0,
    )  # fmt: skip
    with pytest.raises(ScenarioError, match=r"as a run, 60 seconds: it ends after 28\.9"):
        read_scenario(asked, {"seconds": 60.0})
    for change, told in (
        ({"half_life": None}, "half_life goes with the mode reanchored"),
        ({"since": "noon"}, "noon"),
        ({"since": "12:00:00"}, "never has both sides"),
        ({"file": "none"}, "there is no file 'none'"),
        ({"file": "own.py"}, "is no format that is known"),
        ({"format": "lobstr"}, "format must be one of"),
    ):
        given = {key: value for key, value in {**marked, **change}.items() if value is not None}
        with pytest.raises(ScenarioError, match=told):
            read_scenario(template(given))


def test_prices_of_a_path_are_in_ticks_of_the_instrument(folder):
    asked = {key: value for key, value in BACKGROUNDS["path"].items() if key != "price"}
    (market,) = read_scenario(template(asked, tick_size=0.05)).instruments
    assert market.start_price == START
    for change, told in (
        ({"file": "none.csv"}, "is no file, nor one in"),
        ({"file": "own.py"}, "the columns must be"),
        ({"start": "2025-01-01T00:00:00"}, "has no price from"),
    ):
        with pytest.raises(ScenarioError, match=told):
            read_scenario(template({**asked, **change}))


def test_a_file_is_found_beside_the_scenario(folder, tmp_path_factory, monkeypatch):
    text = read_scenario(template(BACKGROUNDS["fitted"])).to_toml()
    (folder / "scenario.toml").write_text(text)
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    scenario = read_scenario(folder / "scenario.toml")
    assert scenario.instruments[0].background.file == str(folder / "market.toml")
    build(scenario, 1).run(until=SECOND_NS)


def test_a_market_file_that_has_changed_is_read_again(folder):
    scenario = read_scenario(template(BACKGROUNDS["fitted"]))
    text = (folder / "market.toml").read_text().replace("price = 1_000", "price = 12_345")
    (folder / "market.toml").write_text(text)
    assert scenario.instruments[0].start_price == 12_345


@pytest.mark.parametrize(
    ("background", "told"),
    [
        ({"kind": "fited"}, "background: no background is called 'fited': did you mean fitted"),
        ({"price": 5}, "background: a background is a table with a kind"),
        ({"kind": "fitted", "file": "none.toml"}, "background.file: there is no file 'none.toml'"),
        ({"kind": "fitted", "file": "bad.toml"}, "model: no model is called 'poison': did you"),
        ({"kind": "market", "name": "rmsc4"}, "background.name: no ready market is called 'rmsc4'"),
        ({"kind": "market", "name": "perp", "parameters": {"makrs": 3}},
         "background.parameters.makrs: .* did you mean makers"),
        ({"kind": "market", "name": "perp", "parameters": {"price": 3}}, "price must be 1000"),
        ({"kind": "market", "name": "perp", "spot": "Z"}, "background.spot: no other instrument"),
        ({"kind": "market", "name": "hawkes", "spot": "Z"}, "spot is of the market perp"),
        ({"kind": "market", "name": "rmsc04", "parameters": {"minutes": 0.1}},
         "background: must last as long as a run, 8 seconds: it ends after 6"),
        ({**flow("poisson"), "thetta": [1.0]}, "background.thetta: .* did you mean theta"),
        ({**flow("hawkes"), "decay": "fast"}, "background.decay"),
        ({**flow("hawkes"), "baseline": [1.0]}, "baseline: must have 6 items or more"),
        ({**flow("queue-reactive"), "market": [[0.0]]}, "background: market must have 5 lists"),
        ({"kind": "none.py:flow", "price": 5}, "background.kind: there is no file 'none.py'"),
        ({"kind": "own.py:flow"}, "background.price: must be given"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_background_is_told_with_its_path(background, told, folder):
    text = (folder / "market.toml").read_text().replace('"poisson"', '"poison"')
    (folder / "bad.toml").write_text(text)
    with pytest.raises(ScenarioError, match=told):
        read_scenario(template(background))
    assert not (folder / "ran.txt").exists()


def test_all_mistakes_of_several_backgrounds_are_told_at_once():
    asked = template({"kind": "fitted", "file": "none.toml"})
    asked["instruments"].append({"name": "Y", "background": ready("rmsc4")})
    with pytest.raises(ScenarioError, match=r"(?s)2 mistakes.*instruments\.0.*instruments\.1"):
        read_scenario(asked)


def depth_of(scenario):
    simulation = build(scenario, 3)
    simulation.run(until=2 * SECOND_NS)
    return sum(int(side["size"].sum()) for book in simulation.venue.books
               for side in (book.bids(10), book.asks(10)))  # fmt: skip


@pytest.mark.parametrize("kind", [one for one in BACKGROUNDS if one not in FIXED])
def test_depth_is_scaled_where_it_can_be(kind, folder):
    scenario = read_scenario({**template(BACKGROUNDS[kind]), "populations": []})
    ratio = depth_of(with_depth(scenario, 4.0)) / depth_of(scenario)
    assert ratio == pytest.approx(4.0, rel=0.01)


@pytest.mark.parametrize("kind", FIXED)
def test_depth_that_cannot_be_scaled_is_refused(kind, folder):
    scenario = asked(kind)
    with pytest.raises(ValueError, match="the depth of X cannot be scaled"):
        with_depth(scenario, 2.0)


def test_code_of_ones_own_needs_permission(folder):
    scenario = read_scenario(template(BACKGROUNDS["own"]))
    with pytest.raises(CodeNotAllowedError, match=r"instruments\.0\.background\.kind"):
        refuse_code(scenario)
    assert isinstance(build(scenario, 1)["X flow"], ZeroIntelligence)
    wrong = read_scenario(template({**BACKGROUNDS["own"], "parameters": {"alfa": 3.0}}))
    with pytest.raises(ValueError, match="did you mean alpha"):
        build(wrong, 1)
