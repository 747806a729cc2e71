"""The command line, as people and as machines use it."""

import json
import subprocess
import sys
from html.parser import HTMLParser

import numpy as np
import pytest
from typer.testing import CliRunner

import lob
from experiments.commands import cli
from lob import tape
from tests.experiments.command_line import fail
from tests.feeds import level_writers
from tests.feeds.families import table_lines
from tests.feeds.writers import write_lines

SELL = ["--sell", "500", "--at", "12:00:00"]


def run(*arguments):
    """Run a command that works and return what it prints on stdout."""
    result = CliRunner().invoke(cli.app, list(map(str, arguments)), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_version():
    assert run("--version") == f"firesale {lob.__version__}\n"


def test_help_names_every_option():
    said = run("replay", "--help")
    for option in ("--mode", "--sell", "--at", "--over", "--style", "--rate", "--out", "--json"):
        assert option in said


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["replay", "--help"]])
def test_a_quick_question_loads_nothing_heavy(arguments):
    code = (
        "import sys\nfrom experiments.commands import cli\n"
        f"try: cli.main({arguments!r})\nexcept SystemExit as end: assert not end.code\n"
        "heavy = {'pandas', 'pyarrow', 'plotly'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)


def test_the_module_of_the_command_is_where_the_package_says():
    command = [
        sys.executable,
        "-c",
        "from experiments.commands.cli import main; main(['--version'])",
    ]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert done.stdout == f"firesale {lob.__version__}\n"


@pytest.mark.parametrize("mode", ["exact", "interactive"])
def test_a_replay_alone_prints_its_counts(day_folder, day, mode):
    said = run("replay", day_folder, "--mode", mode)
    name = day.instrument.name
    assert f"{name}: {mode} replay, lobster, by order" in " ".join(said.split())
    numbers = json.loads(run("replay", day_folder, "--mode", mode, "--json"))
    assert numbers["mode"] == mode
    assert numbers["feed"]["messages"] >= len(day.messages)
    assert (numbers["feed"]["format"], numbers["feed"]["by"]) == ("lobster", "order")
    assert numbers["replay"]
    assert "sale" not in numbers


def test_a_pair_of_files_is_one_day(day_folder, day):
    files = sorted(day_folder.glob("*.csv"))
    assert len(files) == 2
    numbers = json.loads(run("replay", *files, "--json"))
    assert numbers["feed"]["instrument"] == day.instrument.name


def test_a_sale_tells_its_story(day_folder):
    said = " ".join(run("replay", day_folder, *SELL).split())
    for part in (
        "interactive replay, lobster, by order",
        "Sell 500 shares at 12:00:00.000 with one market order",
        "Implementation shortfall",
        "bps",
        "Levels consumed",
        "Unfilled 0 shares",
        "Filled beyond recorded level",
        "at once",
        "10 min",
        "Depth in shares around the mid",
        "infinitely strong anchor",
        "no lasting mark by construction",
        "History that broke",
    ):
        assert part in said


def test_a_sale_in_json_is_one_object_with_exact_integers(day_folder):
    numbers = json.loads(run("replay", day_folder, *SELL, "--json"))
    assert numbers["mode"] == "interactive"
    sale, slippage = numbers["sale"], numbers["slippage"]
    assert (sale["size"], sale["filled"], sale["unfilled"]) == (500, 500, 0)
    assert sale["at_ns"] == 43_200_000_000_000
    assert isinstance(sale["notional_ticks_lots"], int)
    assert slippage["vwap_ticks"] == sale["notional_ticks_lots"] / sale["filled"]
    assert slippage["implementation_shortfall_bps"] > 0
    lags = [one["lag_ns"] for one in numbers["impact"]["path"]]
    assert lags == [0, 10**8, 10**9, 10**10, 6 * 10**10, 6 * 10**11]
    assert "anchor" in numbers["caveat"]


def test_a_sale_into_an_exact_replay_says_what_it_lacks(day_folder):
    said = " ".join(run("replay", day_folder, *SELL, "--mode", "exact").split())
    assert "exact replay, lobster, by order" in said
    assert "It leaves no mark by construction" in said
    assert "as if it were alone" in said


def test_a_reanchored_sale_states_its_half_life(day_folder):
    said = " ".join(
        run("replay", day_folder, *SELL, "--mode", "reanchored", "--decay", "90").split()
    )
    assert "reanchored replay, the anchor's half-life 90 s" in said
    assert "is an assumption, not a finding" in said
    numbers = json.loads(
        run("replay", day_folder, *SELL, "--mode", "reanchored", "--decay", "inf", "--json")
    )
    assert numbers["replay"]["half_life_ns"] == "infinite"
    assert "permanent by construction" in numbers["mark"]


def test_a_level_feed_in_real_units(tmp_path):
    lines = level_writers.WRITERS["binance"](level_writers.Market(3), 80)
    lines = [line.replace("ABCXYZ", "ABCUSDT") for line in lines]
    path = write_lines(tmp_path / "capture", lines)
    numbers = json.loads(run("replay", path, "--sell", "0.5 ABC", "--json"))
    assert numbers["feed"]["by"] == "level"
    assert numbers["sale"]["size"] == 500
    said = " ".join(run("replay", path, "--sell", "0.5 ABC").split())
    assert "Sell 0.5 ABC at 2023-11-14" in said
    assert "one anonymous order a price" in said
    assert "queue places" in said
    assert str(numbers["feed"]["first_ts_event"])[:4] == "1700"
    timed = [
        "--at",
        "2023-11-14T22:13:20.05",
        "--until",
        "2023-11-14T22:13:20.07",
        "--sell",
        "1 lot",
    ]
    later = json.loads(run("replay", path, *timed, "--json"))
    assert later["sale"]["at_ns"] == 1_700_000_000_050_000_000
    assert later["feed"]["last_ts_event"] < 1_700_000_000_070_000_000


def test_a_table_needs_a_map_alone(tmp_path):
    path = write_lines(tmp_path / "book.csv", table_lines(1))
    columns = tmp_path / "map.toml"
    columns.write_text('time_ms = "when"\nside = "dir"\nprice = "px"\nsize = "qty"\n')
    numbers = json.loads(run("replay", path, "--map", columns, "--sell", "5 lots", "--json"))
    assert numbers["feed"]["format"] == "table"
    assert numbers["sale"]["filled"] == 5


def test_without_arguments_it_helps(capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main([])
    assert ended.value.code == 0
    assert "replay" in capsys.readouterr().out


def test_styles(day_folder):
    twap = json.loads(run("replay", day_folder, *SELL, "--over", "5m", "--json"))
    assert twap["sale"]["style"] == "twap"
    assert twap["sale"]["child_orders"] == 60
    pov = json.loads(
        run(
            "replay",
            day_folder,
            *SELL,
            "--over",
            "1h",
            "--style",
            "pov",
            "--rate",
            "0.05",
            "--json",
        )
    )
    assert pov["sale"]["style"] == "pov"
    assert pov["sale"]["rate"] == 0.05
    assert pov["sale"]["sent"] <= 500
    short = json.loads(run("replay", day_folder, *SELL, "--over", "1h", "--pov", "5%", "--json"))
    assert short["sale"] == pov["sale"]


class Loads(HTMLParser):
    """Whatever a browser would fetch for a page."""

    def __init__(self):
        super().__init__()
        self.fetched, self.tags, self.policy = [], [], None

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        named = dict(attributes)
        self.fetched += [named[key] for key in ("src", "href", "data", "srcset") if key in named]
        if named.get("http-equiv") == "Content-Security-Policy":
            self.policy = named["content"]


def check_page(path):
    text = path.read_text(encoding="utf-8")
    page = Loads()
    page.feed(text)
    assert page.fetched == []
    assert not {"link", "iframe", "object", "embed"} & set(page.tags)
    assert page.policy.startswith("default-src 'none'")
    assert "http" not in page.policy
    style = text.split("<style>")[1].split("</style>")[0]
    assert "url(" not in style
    assert "@import" not in style
    assert "Plotly.newPlot" in text
    return text


def test_out_leaves_the_tapes_and_a_page_that_loads_nothing(day_folder, tmp_path):
    out = tmp_path / "new" / "out"
    said = run("replay", day_folder, *SELL, "--out", out)
    assert str(out / "report.html") in said.replace("\n", "")
    numbers = json.loads((out / "report.json").read_text())
    full, twin = (tape.read(out / name / "quotes.parquet", lob.QUOTE) for name in ("full", "twin"))
    assert tape.digest(twin) == numbers["digest"]["twin/quotes"]
    assert full["ts_event"].tolist() == twin["ts_event"].tolist()
    trades = tape.read(out / "sale" / "trades.parquet", lob.EVENT)
    assert trades["size"].sum() == numbers["sale"]["filled"] == 500
    text = check_page(out / "report.html")
    assert "Selling 500 shares cost" in text
    for figure in ("price", "impact", "depth"):
        assert f'id="{figure}"' in text
    assert "infinitely strong anchor" in text


def test_out_without_a_sale(day_folder, tmp_path):
    run("replay", day_folder, "--out", tmp_path, "--json")
    assert len(tape.read(tmp_path / "replay" / "quotes.parquet", lob.QUOTE))
    check_page(tmp_path / "report.html")


def test_a_page_of_a_sale_that_empties_the_book(day_folder, tmp_path):
    arguments = ["--sell", "100000000", "--at", "12:00:00", "--out", tmp_path]
    said = " ".join(run("replay", day_folder, *arguments).split())
    assert "stayed unfilled" in said
    assert "Warning:" in said
    assert "undefined" in said
    check_page(tmp_path / "report.html")


def test_a_synthetic_day(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    sale = ["synthetic", "--sell", "5000", "--at", "10:30:00"]
    said = run("replay", *sale, "--out", tmp_path / "out")
    assert "infinitely strong anchor" in " ".join(said.split())
    assert str(tmp_path / "out" / "report.html") in said.splitlines()[-1]
    check_page(tmp_path / "out" / "report.html")
    assert len(list((tmp_path / "out" / "day").glob("*.csv"))) == 2
    assert json.loads(run("replay", "synthetic", "--json"))["mode"] == "exact"


@pytest.mark.slow
def test_demo(tmp_path):
    said = run("demo", "--out", tmp_path, "--seeds", "2")
    assert "nothing forced: the price falls" in said
    assert "one sale fails the next" in said
    assert "on the Pareto front" in said
    assert str(tmp_path / "contest.html") in said.splitlines()[-1]
    check_page(tmp_path / "contest.html")
    assert list((tmp_path / "runs").glob("*.parquet"))


AT = ("--at", "12:00:00")
WRONG = {
    "no file": ([], "missing argument"),
    "unknown file": (["nowhere.zip"], "nowhere.zip: no such file or folder"),
    "unknown option": (["DAY", "--sel", "5"], "no such option: --sel"),
    "unknown mode": (["DAY", "--mode", "loose"], "'loose' is not one of"),
    "size of zero": (["DAY", "--sell", "0", *AT], "--sell"),
    "negative size": (["DAY", "--sell", "-5", *AT], "--sell"),
    "size in words": (["DAY", "--sell", "many", *AT], "--sell"),
    "size of another asset": (["DAY", "--sell", "5 BTC", *AT], "where a size in lots or shares is"),
    "size too large": (["DAY", "--sell", str(lob.MAX_SIZE + 1), *AT], "--sell"),
    "no half-life": (["DAY", "--mode", "reanchored"], "needs --decay SECONDS"),
    "half-life of another mode": (["DAY", "--decay", "5"], "--decay is for --mode reanchored"),
    "half-life in words": (["DAY", "--mode", "reanchored", "--decay", "soon"], "--decay: 'soon'"),
    "window backwards": (
        ["DAY", "--from", "12:00:00", "--until", "11:50:00"],
        "until must be after since",
    ),
    "pov and rate": (
        ["DAY", "--sell", "5", *AT, "--over", "5m", "--pov", "0.1", "--rate", "0.1"],
        "leave out --style and --rate",
    ),
    "no size": (["DAY", *AT], "--at says how to sell: it needs --sell"),
    "over without a sale": (["DAY", "--over", "5m"], "--over says how to sell"),
    "style without a sale": (["DAY", "--style", "twap"], "--style says how to sell"),
    "time in words": (["DAY", "--sell", "5", "--at", "noon"], "--at: 'noon' is not a time of day"),
    "before the session": (["DAY", "--sell", "5", "--at", "03:00:00"], "both sides from 11:3"),
    "after the session": (["DAY", "--sell", "5", "--at", "23:00:00"], "outside the session"),
    "no duration": (["DAY", "--sell", "5", *AT, "--over", "soon"], "--over: 'soon' is not a dur"),
    "market over time": (
        ["DAY", "--sell", "5", *AT, "--over", "5m", "--style", "market"],
        "leave out --over",
    ),
    "twap at once": (["DAY", "--sell", "5", *AT, "--style", "twap"], "needs --over"),
    "rate without pov": (["DAY", "--sell", "5", *AT, "--rate", "0.2"], "--rate is for --style pov"),
    "rate of zero": (
        ["DAY", "--sell", "5", *AT, "--style", "pov", "--over", "5m", "--rate", "0"],
        "--rate: '0' is not a share",
    ),
    "out is a file": (["DAY", "--out", "DAY/a.csv"], "--out"),
}


@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize("name", WRONG)
def test_wrong_arguments_are_one_line_and_code_2(day_folder, capsys, name, as_json):
    arguments, said = WRONG[name]
    first = next(iter(day_folder.glob("*.csv")))
    given = [
        {"DAY": str(day_folder), "DAY/a.csv": str(first)}.get(word, word) for word in arguments
    ]
    code, out, err = fail(capsys, "replay", *given, *(["--json"] if as_json else []))
    assert code == 2
    assert err.startswith("firesale: ")
    assert err.count("\n") == 1
    assert said.lower() in err.lower()
    if as_json:
        assert json.loads(out) == {
            "error": err.removeprefix("firesale: ").strip(),
            "exit_code": 2,
        }
    else:
        assert out == ""


@pytest.mark.parametrize("as_json", [False, True])
def test_bad_data_is_one_line_and_code_1(tmp_path, capsys, as_json):
    name = "ABC_2020-01-02_34200000_57600000_{}_1.csv"
    (tmp_path / name.format("message")).write_text("34200.5,1,7,10,100000,1\nten,1,8,1,100100,1\n")
    (tmp_path / name.format("orderbook")).write_text("100200,5,100000,10\n100200,5,100100,1\n")
    code, out, err = fail(capsys, "replay", tmp_path, *(["--json"] if as_json else []))
    assert code == 1
    assert err.count("\n") == 1
    assert "line 2" in err
    assert bool(out) == as_json


def test_an_empty_folder_is_bad_data(tmp_path, capsys):
    code, _, err = fail(capsys, "replay", tmp_path)
    assert code == 1
    assert "no LOBSTER files here" in err


def test_two_days_are_one_too_many(day_folder, tmp_path, capsys):
    for file in day_folder.glob("*.csv"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    code, _, err = fail(capsys, "replay", day_folder, tmp_path)
    assert code == 2
    assert "hold 2 days" in err


def test_real_order_flow_gives_a_real_answer(real_days):
    for path in real_days:
        numbers = json.loads(
            run(
                "replay",
                path,
                "--mode",
                "interactive",
                "--sell",
                "1000",
                "--at",
                "12:00:00",
                "--json",
            )
        )
        assert numbers["sale"]["filled"] + numbers["sale"]["unfilled"] == 1000
        assert 0 < numbers["slippage"]["implementation_shortfall_bps"] < 1000
        assert numbers["slippage"]["levels_consumed"] >= 1
        assert numbers["impact"]["path"][0]["impact_ticks"] <= 0
        # Replay is an anchor: ten minutes later the mid is back to within a few ticks.
        assert abs(numbers["impact"]["path"][-1]["impact_bps"]) < 5


def test_nothing_moves_the_day_before_the_sale(real_days, tmp_path):
    run("replay", real_days[0], *SELL, "--out", tmp_path, "--json")
    full, twin = (
        tape.read(tmp_path / name / "quotes.parquet", lob.QUOTE) for name in ("full", "twin")
    )
    before = np.searchsorted(twin["ts_event"], 43_200_000_000_000)
    assert before > 1000
    assert full[:before].tobytes() == twin[:before].tobytes()


def test_files_that_contradict_each_other_are_replayed_but_fail(capsys, day_folder, tmp_path):
    for file in day_folder.glob("*.csv"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    message = next(tmp_path.glob("*_message_*.csv"))
    lines = message.read_text().splitlines()
    at = next(i for i in range(200, len(lines)) if lines[i].split(",")[1] == "1")
    fields = lines[at].split(",")
    fields[3] = str(int(fields[3]) + 1)
    lines[at] = ",".join(fields)
    message.write_text("\n".join(lines) + "\n")
    code, out, err = fail(capsys, "replay", tmp_path)
    assert code == 1
    assert f"line {at + 1}:" in " ".join(out.split())
    assert "contradicts itself" in err


def test_debug_shows_where_an_error_comes_from(capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(["run", "nothing-of-the-kind", "--debug"])
    said = capsys.readouterr()
    assert ended.value.code == 2
    first, _, rest = said.err.partition("\n")
    assert first.startswith("firesale: no scenario or market is called 'nothing-of-the-kind'")
    assert rest.startswith("Traceback")
    assert "experiments/commands/run.py" in rest
    with pytest.raises(SystemExit):
        cli.main(["--debug", "list"])
    assert "deleveraging-spiral" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        cli.main(["run", "nothing-of-the-kind"])
    assert "Traceback" not in capsys.readouterr().err
    assert "--debug" in run("--help")


@pytest.mark.parametrize("arguments", [["--help"], ["list"]])
def test_quick_questions_load_only_what_they_say(arguments):
    """At most 0.4 s of CPU: by what is loaded, since a clock tells of the machine."""
    code = (
        "import sys\nfrom experiments.commands import cli\n"
        f"try: cli.main({arguments!r})\nexcept SystemExit as end: assert not end.code\n"
        "heavy = {'pandas', 'pyarrow', 'plotly', 'scipy', 'experiments.scenario.read',\n"
        "         'experiments.runs.run', 'experiments.report.contest_words'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
        "assert 'agents' not in sys.modules or sys.argv[1] == 'list'"
    )
    command = [sys.executable, "-c", code, arguments[0]]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def test_a_new_scenario_is_told_as_json(tmp_path):
    path = tmp_path / "mine.toml"
    said = json.loads(run("new", "mine", "--out", str(path), "--json"))
    assert said["file"] == str(path)
    assert path.exists()
