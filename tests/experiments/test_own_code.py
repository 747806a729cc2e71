"""Parts of the user's own that a scenario names: never run to look at it, run if somebody said so.

And what is passed in: agents, and metrics of the run's tapes.
"""

import json
import sys
from types import ModuleType

import pytest
from typer.testing import CliRunner

import firesale as fs
from experiments.commands import cli
from experiments.commands.console import RefusalError
from experiments.contest.designs import parse_design
from experiments.contest.trial import key_of_run
from experiments.scenario.own_code import CodeNotAllowedError, own_code_of
from experiments.scenario.user_code import UserCodeError, digest_of_user_code, load_user_code
from experiments.scenario.user_modules import local_modules
from tests.small_scenarios import SPIRAL

SMALL = {
    "populations.0.count": 300, "populations.0.equity": 30_000, "seconds": 4.0, "horizon": 2.0,
    "shocks.0.at": 1.0, "seeds": 2,
}  # fmt: skip
PANIC = '''
from pathlib import Path

import firesale as fs

Path(__file__).with_suffix(".ran").touch()


class Panic(fs.Agent):
    """Sells all at once."""

    def __init__(self, name, *, size, at):
        super().__init__(name)
        self.size, self.at = size, at

    def on_start(self):
        self.wake_in(self.at)

    def on_wake(self):
        self.sell(self.size)


class Indebted(Panic):
    def __init__(self, name, *, clearing, **parameters):
        super().__init__(name, **parameters)
        self.clearing = clearing


class HandsOn(fs.Agent):
    def __init__(self, name, *, size, at, **latencies):
        super().__init__(name, **latencies)
        self.size = size


def nobody(name):
    return 3


def broken(name):
    return 1 / 0
'''


def command(*words):
    result = CliRunner().invoke(cli.app, list(map(str, words)), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def refusal_of(*words):
    result = CliRunner().invoke(cli.app, list(map(str, words)))
    assert isinstance(result.exception, RefusalError), result.output
    assert result.exception.code == 2
    return result.exception


@pytest.fixture
def panic(tmp_path):
    (tmp_path / "own.py").write_text(PANIC)
    return tmp_path / "own.py"


def with_trader(name="own.py:Panic", **parameters):
    trader = {
        "kind": name,
        "name": "panic",
        "parameters": {"size": 3_000, "at": 10**9} | parameters,
    }
    return fs.scenario(SPIRAL, **SMALL).to_toml() + (
        f'\n[[traders]]\nkind = "{name}"\nname = "panic"\n'
        f"parameters = {{ {', '.join(f'{k} = {v}' for k, v in trader['parameters'].items())} }}\n"
    )


@pytest.fixture
def file(panic, tmp_path):
    (tmp_path / "mine.toml").write_text(with_trader())
    return tmp_path / "mine.toml"


def test_to_look_at_a_scenario_runs_no_code(file, panic, tmp_path):
    scenario = fs.scenario(file)
    assert own_code_of(scenario) == {"traders.0.kind": f"{panic}:Panic"}
    scenario.with_(leverage=(3, 9)).save(tmp_path / "again.toml")
    assert "own.py:Panic" in command("show", file)
    command("show", file, "--toml")
    command("show", file, "--json")
    command("new", "copy", "--from", file, "--out", tmp_path / "copy.toml")
    assert fs.scenario(tmp_path / "copy.toml").traders == scenario.traders
    with pytest.raises(fs.ScenarioError, match="seconds"):
        fs.scenario(file, seconds=-1)
    digest_of_user_code(scenario.traders[0].kind)
    assert not panic.with_suffix(".ran").exists()


def test_it_is_run_only_if_somebody_said_so(file, panic):
    for refused in (
        lambda: fs.run(file), lambda: fs.spiral(file, 1), lambda: fs.stress(file, 1),
        lambda: fs.compare(file, ["market-sale", "sliced"], 2),
        lambda: fs.run(file, design="market-sale"),
    ):  # fmt: skip
        with pytest.raises(CodeNotAllowedError, match=r"traders\.0\.kind \(.*own\.py:Panic\)"):
            refused()
    for words in (
        ("run", file), ("stress", file, "--seeds", 1),
        ("compare", file, "--seeds", 2, "--designs", "market-sale,sliced"),
    ):  # fmt: skip
        assert "give --allow-code" in str(refusal_of(*words))
    assert not panic.with_suffix(".ran").exists()
    run = fs.run(file, allow_code=True)
    assert panic.with_suffix(".ran").exists()
    assert run.simulation["panic"].position() == -3_000
    study = fs.spiral(file, 2, workers=2, allow_code=True)
    assert study.full[0]["digest"] == run.summary()["digest"]


def test_the_command_line_allows_or_names_it(file, panic, tmp_path):
    said = json.loads(command("run", file, "--allow-code", "--seeds", 1, "--json"))
    assert said["seeds"] == [1]
    assert "code of your own" in str(refusal_of("run", file))
    # The command line names the file, and so allows it.
    command("run", file, "--seeds", 1, "--set", f"traders.0.kind={panic}:Panic")
    other = tmp_path / "other.py"
    other.write_text("")
    assert "own.py:Panic" in str(
        refusal_of("run", file, "--set", f"clearings.0.liquidation.design={other}:design")
    )


def test_a_design_of_the_command_line_counts(tmp_path):
    (tmp_path / "own.py").write_text(
        "from lob.liquidation import Stage, StagedDesign\n"
        "def design():\n    return StagedDesign([Stage()])\n"
    )
    design = f"{tmp_path / 'own.py'}:design"
    scenario = fs.scenario(SPIRAL, **SMALL).with_(**{"clearings.0.liquidation.design": design})
    scenario.save(tmp_path / "mine.toml")
    with pytest.raises(CodeNotAllowedError, match=r"liquidation\.design"):
        fs.compare(tmp_path / "mine.toml", ["market-sale", "sliced"], 2)
    words = ("compare", tmp_path / "mine.toml", "--seeds", 2, "--workers", 1, "--designs")
    assert "code of your own" in str(refusal_of(*words, "market-sale"))
    command(*words, f"market-sale,{design}")
    assert fs.run(scenario, design=design).cascade.roots > 0


def test_what_is_no_trader_says_so(panic, tmp_path):
    def trader(name, **parameters):
        (tmp_path / "mine.toml").write_text(with_trader(name, **parameters))
        return fs.scenario(tmp_path / "mine.toml")

    for name, why in (
        ("LeverageTargt", r"traders\.0\.kind: no trader .* did you mean LeverageTarget\?"),
        ("gone.py:Panic", r"traders\.0\.kind: there is no file 'gone\.py'"),
    ):
        with pytest.raises(fs.ScenarioError, match=why):
            trader(name)
    for name, parameters, error, why in (
        ("own.py:Missing", {}, ValueError, "nothing called 'Missing'"),
        ("own.py:Panic", {"sise": 3}, ValueError, "no parameter is called 'sise'.*size"),
    ):
        with pytest.raises(error, match=why):
            fs.run(trader(name, **parameters), allow_code=True)
    for name, error, why in (
        ("own.py:nobody", ValueError, "must make an agents.Agent, got 3"),
        ("own.py:broken", UserCodeError, "ZeroDivisionError"),
    ):
        scenario = trader("own.py:Panic").with_(
            traders=[{"kind": f"{tmp_path}/{name}", "name": "panic"}]
        )
        with pytest.raises(error, match=why):
            fs.run(scenario, allow_code=True)


def test_a_trader_of_ones_own_has_an_account_if_it_wants_one(panic):
    trader = {"kind": f"{panic}:Indebted", "name": "p", "parameters": {"size": 1, "at": 10**9}}
    scenario = fs.scenario(SPIRAL, **SMALL, traders=[trader])
    assert fs.run(scenario, twin=False, allow_code=True).simulation["p"].clearing == 0
    handed = fs.scenario(scenario, **{"traders.0.kind": f"{panic}:HandsOn"})
    assert fs.run(handed, twin=False, allow_code=True).simulation["p"].size == 1
    named = {"clearings.0.name": "venue", "populations.0.clearing": "venue"}
    other = fs.scenario(scenario, **named)
    assert other.traders == scenario.traders
    with pytest.raises(ValueError, match="has an account: say in which clearing"):
        fs.run(other, allow_code=True)
    with pytest.raises(fs.ScenarioError, match="no clearing is called 'exchange'"):
        fs.scenario(scenario, **named, traders=[trader | {"clearing": "exchange"}])


# ---------------------------------------------------------------------------- what it imports


def test_the_digest_has_what_the_file_imports(tmp_path):
    files = {
        "own.py": "import json\nimport helper\nfrom shop import shelf\n\n\n"
        "def design(share=helper.SHARE):\n    from later import Thing\n    return Thing(share)\n",
        "helper.py": "import deeper\nSHARE = deeper.SHARE\n",
        "deeper.py": "SHARE = 3\n",
        "shop/__init__.py": "from .shelf import ROWS\n",
        "shop/shelf.py": "from . import floor\nROWS = floor.ROWS\n",
        "shop/floor.py": "ROWS = 2\n",
        "later.py": "class Thing:\n    def __init__(self, share):\n        self.share = share\n",
        "json.py": "raise SystemExit('not this one')\n",
        "unused.py": "",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    named = f"{tmp_path / 'own.py'}:design"
    assert list(local_modules(tmp_path / "own.py")) == [
        "deeper", "helper", "later", "shop", "shop.floor", "shop.shelf",
    ]  # fmt: skip
    first, seen = load_user_code(named), {digest_of_user_code(named)}
    assert first().share == 3
    for name in ("deeper.py", "shop/floor.py", "later.py"):
        (tmp_path / name).write_text(files[name] + "# changed\n")
        digest = digest_of_user_code(named)
        assert digest not in seen, name
        seen.add(digest)
    (tmp_path / "unused.py").write_text("changed = 1\n")
    assert digest_of_user_code(named) in seen
    # Of the same size within the same second: what was imported before does not count.
    (tmp_path / "deeper.py").write_text("SHARE = 4\n# changed\n")
    assert load_user_code(named)().share == 4
    assert first().share == 3


def test_modules_of_two_folders_and_of_others_are_kept_apart(tmp_path):
    for folder, share in (("one", 1), ("other", 2)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "helper.py").write_text(f"SHARE = {share}\n")
        (tmp_path / folder / "own.py").write_text(
            "import helper\n\ndef get():\n    return helper.SHARE\n"
        )
    one, other = (load_user_code(f"{tmp_path / name / 'own.py'}:get") for name in ("one", "other"))
    assert (one(), other()) == (1, 2)


def test_what_others_imported_stays_theirs(tmp_path, monkeypatch):
    (tmp_path / "helper.py").write_text("SHARE = 1\n")
    (tmp_path / "own.py").write_text("import helper\n\ndef get():\n    return helper.SHARE\n")
    theirs = ModuleType("helper")
    monkeypatch.setitem(sys.modules, "helper", theirs)
    assert load_user_code(f"{tmp_path / 'own.py'}:get")() == 1
    assert sys.modules["helper"] is theirs


def test_a_changed_helper_is_another_run_of_a_contest(panic, tmp_path):
    scenario = fs.scenario(SPIRAL).with_(
        traders=[{"kind": f"{panic}:Panic", "name": "p", "parameters": {"size": 1, "at": 1}}]
    )
    design = parse_design("market-sale")
    before = key_of_run(scenario, 1, design)
    panic.write_text(PANIC + "# changed\n")
    assert key_of_run(scenario, 1, design) != before


def test_a_changed_file_of_prices_is_another_run_of_a_contest(tmp_path):
    prices = "symbol,timestamp,USD_price\nX,1000000000000,2000\nX,1000003600000,1900\n"
    (tmp_path / "bars.csv").write_text(prices)
    scenario = fs.scenario(SPIRAL).with_(
        drives=[{"instrument": "PERP", "files": [str(tmp_path / "bars.csv")]}]
    )
    design = parse_design("market-sale")
    before = key_of_run(scenario, 1, design)
    (tmp_path / "bars.csv").write_text(prices + prices.splitlines()[-1] + "\n")
    assert key_of_run(scenario, 1, design) != before


# ---------------------------------------------------------------------------- what is passed in


class Seller(fs.Agent):
    def __init__(self, name, size):
        super().__init__(name)
        self.size = size

    def on_start(self):
        self.wake_in(10**9)

    def on_wake(self):
        self.sell(self.size)


def trades(tape):
    return (tape["events"]["kind"] == fs.EventKind.TRADE).sum()


def test_agents_and_metrics_are_passed_in():
    scenario = fs.scenario(SPIRAL, **SMALL)
    seller = Seller("seller", 2_000)
    run = fs.run(scenario, agents=[seller], metrics=[trades])
    assert run.simulation["seller"].position() == -2_000
    assert run.simulation["seller"] is not seller
    said = run.summary()["metrics"]
    assert said == {"trades": len(run.frame("trades"))}
    json.dumps(run.summary())
    again = fs.run(scenario, agents=[seller], metrics={"n": lambda tape: float("nan")})
    assert again.summary()["digest"] == run.summary()["digest"]
    assert again.summary()["metrics"] == {"n": None}
    assert fs.run(scenario).summary()["digest"] != run.summary()["digest"]
    assert "metrics" not in fs.run(scenario, twin=False).summary()
    # The twin has the seller too: its mark falls by the sale.
    assert run.twin.drops[0] > fs.run(scenario).twin.drops[0]


def test_metrics_that_are_none_say_so():
    scenario = fs.scenario(SPIRAL, **SMALL)
    for metrics, why in (
        ([lambda tape: 1], "needs a name"),
        ([trades, trades], "two metrics are called 'trades'"),
        ({"n": 3}, "must be a function"),
    ):
        with pytest.raises(ValueError, match=why):
            fs.run(scenario, metrics=metrics)
    run = fs.run(scenario, metrics={"broken": lambda tape: 1 / 0}, twin=False)
    with pytest.raises(UserCodeError, match="metric broken: ZeroDivisionError"):
        run.summary()
