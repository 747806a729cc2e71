"""Margin models, populations and metrics of the user's own, wherever a scenario is run."""

import json
import math
from importlib.util import find_spec

import pandas as pd
import pytest

import firesale as fs
from experiments.runs.workers import JobError
from experiments.scenario.own_code import CodeNotAllowedError, own_code_of
from experiments.scenario.user_code import UserCodeError
from tests.experiments.clusters import Machines
from tests.experiments.command_line import fail, run
from tests.experiments.sweeping import LOTS, short

MINE = '''
from pathlib import Path

import firesale as fs
import numpy as np
from agents.leverage import Accounts
from lob.clearing.margin import FlatMargin, Tiers
from rates import RATE, Other

Path(__file__).with_suffix(".ran").touch()


class Growing:
    """Maintenance that rises at each look at the market."""

    def __init__(self, initial, rate=RATE, limit=100_000):
        self.rates, self.step, self.limit = [rate, initial], rate // 2, limit

    def maintenance(self, side):
        return Tiers.flat(self.rates[0])

    def initial(self, side):
        return Tiers.flat(self.rates[1])

    def update(self, state):
        if self.rates[0] + self.step > self.limit:
            raise LookupError("no further")
        self.rates[0] += self.step
        return True


def flat(initial, maintenance, source):
    assert hasattr(source, "price")
    return FlatMargin(initial, maintenance)


def no_rates():
    return FlatMargin


class Text:
    def maintenance(self, side):
        return "5 %"

    initial = maintenance


class Raising(Text):
    def maintenance(self, side):
        return 1 / 0


def same(random, count, equity, price, multiplier, *, lots=3):
    assert random.random() < 1
    return Accounts(*(np.full(count, one) for one in (equity, lots, price)))


def floats(count):
    return Accounts(*(np.full(count, 1.0) for _ in range(3)))


def trades(tape, least=0):
    """Trades of at least so many lots."""
    return int((tape["events"]["size"][tape["events"]["kind"] == 3] >= least).sum())


class Below:
    def __init__(self, share):
        self.share = share

    def __call__(self, tape):
        entries = tape["entries"]
        return float(self.share * len(entries))


class Panic(fs.Agent):
    def __init__(self, name, *, size, at, instrument, side):
        super().__init__(name)
        self.size, self.at, self.instrument, self.side = size, at, instrument, side

    def on_start(self):
        self.wake_in(self.at)

    def on_wake(self):
        (self.sell if self.side == "sell" else self.buy)(self.size, instrument=self.instrument)


def two(name, at, **parameters):
    return [Panic(f"{name} {i}", at=at, instrument=0, side="sell", **parameters) for i in range(2)]


def broken(tape):
    return 1 / (len(tape["events"]) * 0)


def exits(tape):
    raise SystemExit("enough")
'''
RATES = "from . import deep\nRATE = 20_000\n\n\nclass Other:\n    pass\n"
MARGIN = "clearings.0.holdings.0.margin"


@pytest.fixture
def mine(tmp_path):
    (tmp_path / "mine.py").write_text(MINE)
    (tmp_path / "rates").mkdir()
    (tmp_path / "rates" / "__init__.py").write_text(RATES)
    (tmp_path / "rates" / "deep.py").write_text("from .deeper.end import *\n")
    (tmp_path / "rates" / "deeper").mkdir()
    (tmp_path / "rates" / "deeper" / "__init__.py").write_text("")
    (tmp_path / "rates" / "deeper" / "end.py").write_text("FACTOR = 1\n")
    return tmp_path / "mine.py"


def whole(mine, **values):
    """A scenario with every part that is the user's own here."""
    margin = {"model": f"{mine}:flat", "parameters": {"initial": 50_000, "maintenance": 20_000}}
    metrics = [
        {"kind": f"{mine}:trades", "name": "large", "unit": "trades", "parameters": {"least": 2}},
        {"kind": f"{mine}:Below", "name": "below", "parameters": {"share": 0.5}},
    ]
    population = {"kind": f"{mine}:same", "name": "same", "count": 12, "equity": 3_000}
    return short().with_(
        **{MARGIN: margin, "metrics": metrics, "populations": [population]} | values
    )


def test_to_look_at_it_runs_nothing(mine, tmp_path, capsys):
    scenario = whole(mine)
    assert list(own_code_of(scenario)) == [
        f"{MARGIN}.model", "populations.0.kind", "metrics.0.kind", "metrics.1.kind",
    ]  # fmt: skip
    file = tmp_path / "mine.toml"
    scenario.save(file)
    assert fs.scenario(file) == scenario
    assert "mine.py:trades" in run("show", file, "--toml")[1]
    assert run("show", file, "--json")[0] == 0
    for ask in (
        lambda: fs.run(file), lambda: fs.spiral(file, 1), lambda: fs.stress(file, 1),
        lambda: fs.compare(file, ["market-sale", "sliced"], 2), lambda: fs.sweep(file, {LOTS: [1]}),
    ):  # fmt: skip
        with pytest.raises(CodeNotAllowedError, match=r"metrics\.1\.kind \(.*mine\.py:Below\)"):
            ask()
    code, _, said = fail(capsys, "run", file, "--seeds", 1)
    assert code == 2
    assert "--allow-code" in said
    assert not mine.with_suffix(".ran").exists()


def test_a_shock_of_ones_own(mine, tmp_path):
    def of(name, **more):
        return {"kind": f"{mine}:{name}", "instrument": "BTC-PERP", "at": 0.1, **more}

    plain = short()
    name = plain.instruments[0].name
    own = of("Panic", parameters={"size": 50}) | {"instrument": name}
    scenario = plain.with_(shocks=[own])
    assert own_code_of(scenario) == {"shocks.0.kind": f"{mine}:Panic"}
    scenario.save(tmp_path / "mine.toml")
    assert fs.scenario(tmp_path / "mine.toml") == scenario
    keywords = {key: getattr(scenario, key) for key in type(scenario).model_fields}
    assert fs.Scenario(**keywords) == scenario
    with pytest.raises(CodeNotAllowedError, match=r"shocks\.0\.kind"):
        fs.run(scenario)
    assert not mine.with_suffix(".ran").exists()
    run = fs.run(scenario, allow_code=True)
    assert run.simulation["shock 0"].position() == -50
    # Who acts so is the same as whoever sells by a market order.
    sale = plain.with_(shocks=[{"instrument": name, "at": 0.1, "lots": 50}])
    assert run.drop() == fs.run(sale).drop()
    two = scenario.with_(shocks=[own | {"kind": f"{mine}:two"}])
    assert fs.run(two, allow_code=True).simulation["shock 0 1"].position() == -50
    study = fs.spiral(scenario, 2, workers=2, allow_code=True)
    assert any("Panic acts, from 0.1 s" in line for line in study.headline())
    swept = fs.sweep(scenario, {"shocks.0.parameters.size": [20, 50]}, 2, allow_code=True)
    assert swept.failed == []
    held = fs.compare(scenario, ["market-sale", "sliced"], 2, workers=1, allow_code=True, fast=True)
    assert held.failed == []
    with pytest.raises(ValueError, match=r"shocks|size"):
        fs.stress(scenario, 1, allow_code=True)
    for changes, why in (
        ({"kind": f"{mine}:flat"}, "shock .*flat: "),
        ({"parameters": {"sise": 3}}, "no parameter is called 'sise': did you mean size"),
    ):
        with pytest.raises(ValueError, match=why):
            fs.run(scenario.with_(shocks=[own | changes]), allow_code=True)
    with pytest.raises(fs.ScenarioError, match=r"no shock is called 'own'"):
        scenario.with_(shocks=[own | {"kind": "own"}])


def test_a_gap_is_solved_without_code_of_ones_own(mine):
    gap = {"shocks": [{"instrument": short().instruments[0].name, "at": 0.1, "gap": 0.001}]}
    with pytest.raises(fs.ScenarioError, match=r"code of your own .*margin\.model"):
        whole(mine, **gap)
    assert not mine.with_suffix(".ran").exists()


def test_summary_and_frames_have_the_metrics(mine):
    scenario = whole(mine)
    made = fs.run(scenario, metrics={"rows": lambda tape: len(tape["events"])}, allow_code=True)
    said = made.summary()["metrics"]
    assert list(said) == ["large", "below", "rows"]
    assert said["below"] == len(made.simulation.entries) / 2
    assert said["large"] == (made.frame("trades", "integer")["size"] >= 2).sum()
    assert made.accounts == 12
    frame = made.frame("criteria")
    assert frame["large"].tolist() == [said["large"]]
    assert frame.attrs["units"]["large"] == "trades"
    with pytest.raises(ValueError, match="two metrics are called 'large': the scenario has one"):
        fs.run(scenario, metrics={"large": len}, allow_code=True)
    study = fs.spiral(scenario, 2, workers=2, allow_code=True)
    assert study.full[0]["metrics"] == {name: said[name] for name in ("large", "below")}
    assert study.frame()["below"].notna().tolist() == [True] * 4


def test_a_margin_model_acts(mine):
    calm = {f"{MARGIN}.update": 0.02, "seconds": 0.4, "horizon": 0.2}
    growing = {"model": f"{mine}:Growing", "update": 0.02, "parameters": {"initial": 50_000}}
    plain = fs.run(whole(mine, **calm), allow_code=True)
    further = growing | {"parameters": {"initial": 50_000, "limit": 10**6}}
    grown = whole(mine, **calm, **{MARGIN: further})
    risen = fs.run(grown, allow_code=True).tape["entries"]
    kind = fs.EntryKind.PARAMETERS
    assert not (plain.tape["entries"]["kind"] == kind).any()
    rates = risen["price"][risen["kind"] == kind]
    assert rates[:3].tolist() == [30_000, 40_000, 50_000]
    with pytest.raises(JobError, match=r"mine\.py, line \d+, in update: LookupError: no further"):
        fs.spiral(whole(mine, **calm, **{MARGIN: growing}), 1, workers=1, allow_code=True)


def test_the_wrong_thing_says_what_is_wanted(mine):
    def margin(name, **parameters):
        return {MARGIN: {"model": f"{mine}:{name}", "parameters": parameters}}

    def metric(name, **parameters):
        return {"metrics": [{"kind": f"{mine}:{name}", "name": "it", "parameters": parameters}]}

    for changes, error, why in (
        (margin("flat"), ValueError, "margin model .*mine.py:flat: .* missing 2 required"),
        (margin("flat", initail=3), ValueError, "called 'initail': did you mean initial"),
        (margin("gone"), ValueError, "has nothing called 'gone'"),
        (margin("Text"), ValueError, r"maintenance\(side\) must be lob.clearing.margin.Tiers, got"),
        (margin("trades", tape={"events": 3}), UserCodeError, "trades: TypeError"),
        (margin("Raising"), UserCodeError, "margin model .*ZeroDivisionError"),
        (metric("Below"), ValueError, "metric .*: .* missing 1 required .*'share'"),
        (metric("trades", lest=3), ValueError, "no parameter is called 'lest': did you mean least"),
        (metric("Other", one=1), ValueError, r"Other\(\) takes no arguments"),
        (metric("flat"), ValueError, "metric .*: missing .* 'maintenance'"),
        (metric("Other"), ValueError, "must make what can be called with a run's tape"),
        (metric("broken"), UserCodeError, "metric .*mine.py:broken: ZeroDivisionError"),
        (metric("exits"), UserCodeError, "metric .*SystemExit: enough"),
        ({"populations.0.kind": f"{mine}:floats"}, ValueError, "margin must be an array of int64"),
        ({"populations.0.kind": f"{mine}:flat"}, ValueError, "population .* missing 3 required"),
        ({"populations.0.parameters.lost": 3}, ValueError, "called 'lost': did you mean lots"),
    ):  # fmt: skip
        with pytest.raises(error, match=why):
            fs.run(whole(mine, **changes), twin=False, allow_code=True).summary()
    for changes, why in (
        ({f"{MARGIN}.model": "flta"}, rf"{MARGIN}\.model: no margin model .* did you mean flat\?"),
        ({f"{MARGIN}.model": "no.py:f"}, r"there is no file 'no\.py'"),
        ({"metrics.0.kind": "trades"}, r"metrics\.0\.kind: must be FILE\.py:NAME"),
        ({"metrics.0.name": "below"}, r"metrics\.1\.name: .*'below'"),
        ({"metrics.0.name": "bad_debt"}, "'bad_debt' is a column of every row"),
        ({"populations.0.stacked": 3}, "kind and stacked are two populations"),
    ):
        with pytest.raises(fs.ScenarioError, match=why):
            whole(mine, **changes)


def test_what_raises_is_a_row_with_file_and_line_and_loses_nothing(mine, tmp_path):
    line = next(i for i, text in enumerate(MINE.splitlines(), 1) if "* 0)" in text)
    place = f"mine.py, line {line}, in broken: ZeroDivisionError"
    kinds = [f"{mine}:trades", f"{mine}:broken"]
    over = {"metrics.0.kind": kinds}
    out = tmp_path / "runs"
    asked = whole(mine, **{"metrics.0.parameters": {}})
    for made in (4, 0):
        sweep = fs.sweep(asked, over, 2, workers=2, out=out, allow_code=True)
        assert sweep.made == made
        assert [row["error"] is None for row in sweep.rows] == [True, True, False, False]
        assert all(place in row["error"] for row in sweep.failed)
    bad = asked.with_(**{"metrics.0.kind": kinds[1]})
    held = fs.compare(bad, ["market-sale", "sliced"], 2, workers=1, allow_code=True, fast=True)
    assert all(place in row["error"] for row in held.failed)
    with pytest.raises(JobError, match=r"in broken: ZeroDivisionError"):
        fs.spiral(bad, 1, workers=1, allow_code=True)


def test_all_studies_take_them(mine, tmp_path):
    scenario, out = whole(mine), tmp_path / "runs"
    one = fs.run(scenario, 2, allow_code=True).summary()["metrics"]

    def hold(workers=2, **options):
        return fs.sweep(scenario, {LOTS: [50, 80]}, 2, workers=workers, allow_code=True, **options)

    sweep = hold(out=out)
    frame = sweep.frame()
    assert frame.loc[(frame[LOTS] == 50) & (frame["seed"] == 2), "below"].item() == one["below"]
    stored = pd.concat(map(pd.read_parquet, (out / "runs").glob("*.parquet")))
    assert sorted(stored["below"]) == sorted(frame["below"])
    assert math.isfinite(sweep.means("large")["mean"].iloc[0])
    assert hold(workers=1).frame()["below"].tolist() == frame["below"].tolist()
    assert hold(out=out).made == 0
    # A module two imports away is part of what determines a run.
    end = mine.parent / "rates" / "deeper" / "end.py"
    end.write_text("FACTOR = 2\n")
    assert hold(out=out).made == 4
    with pytest.raises(ValueError, match="two metrics are called 'below'"):
        hold(metrics={"below": f"{mine}:trades"})
    held = fs.compare(scenario, ["market-sale", "sliced"], 2, workers=2, allow_code=True, fast=True)
    assert held.failed == []
    assert held.frame()["below"].notna().all()
    assert held.frame().attrs["units"]["large"] == "trades"
    stress = fs.stress(scenario, 1, most=1, steps=2, workers=1, allow_code=True)
    assert stress.runs > 0


def test_rerun_needs_a_word_and_says_what_changed(mine, tmp_path):
    made = fs.run(whole(mine), twin=False, allow_code=True)
    file = tmp_path / "run.json"
    file.write_text(json.dumps(made.summary()))
    with pytest.raises(CodeNotAllowedError, match=r"populations\.0\.kind"):
        fs.rerun(file)
    assert fs.rerun(file, allow_code=True).headline() == [
        f"{made.scenario.name}: equal, 1 run to the byte"
    ]
    (mine.parent / "rates" / "deep.py").write_text("# changed\n")
    said = fs.rerun(file, allow_code=True)
    assert said.equal
    assert said.headline()[0].startswith(f"other code at {MARGIN}.model: ")


@pytest.mark.slow
@pytest.mark.skipif(find_spec("distributed") is None, reason="dask.distributed is an extra")
def test_workers_elsewhere_get_the_code(mine, tmp_path_factory):
    scenario = whole(mine)
    with Machines(tmp_path_factory.mktemp("machines")) as machines:
        machines.worker("one")
        over = {LOTS: [50, 80]}
        far = fs.sweep(scenario, over, 2, scheduler=machines.address, allow_code=True)
    near = fs.sweep(scenario, over, 2, workers=1, allow_code=True)
    assert far.failed == []
    columns = ["digest", "large", "below"]
    assert far.frame()[columns].equals(near.frame()[columns])
