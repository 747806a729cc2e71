"""Scenarios in Python: other values by path or key, tables as objects, saved as TOML."""

import os
import re

import pytest
from pydantic import BaseModel

import firesale as fs
from experiments.scenario import tables
from experiments.scenario.reference import sections_of
from experiments.scenario.table import Table
from tests.small_scenarios import FOLDER, SPIRAL

MARGIN = {"model": "flat", "parameters": {"initial": 40_000, "maintenance": 20_000}}
SMALL = {
    "name": "small",
    "question": "What is it?",
    "seconds": "5 s",
    "horizon": 3,
    "instruments": [
        {"name": "A", "background": {"kind": "uniform", "price": 1_000, "depth": 9, "ticks": 900}}
    ],
    "clearings": [{"holdings": [{"instrument": "A", "margin": MARGIN}]}],
    "populations": [
        {"name": "one", "count": 10, "equity": 500, "leverage": (2.0, 3.0)},
        {"name": "two", "count": 10, "equity": 500, "leverage": (4.0, 5.0), "equity_spread": 0.5},
    ],
    "shocks": [{"instrument": "A", "at": 1.0, "lots": 500}],
}


@pytest.fixture
def small():
    return fs.scenario(SMALL)


def test_a_key_is_set_in_every_row_that_gives_it(small):
    changed = small.with_(leverage=(3, 20), equity_spread=2.0, maintenance=30_000)
    assert [one.leverage for one in changed.populations] == [(3.0, 20.0)] * 2
    assert [one.equity_spread for one in changed.populations] == [1.0, 2.0]
    assert changed.clearings[0].holdings[0].margin.parameters["maintenance"] == 30_000
    assert small.populations[0].leverage == (2.0, 3.0), "the first one stays as it is"


def test_paths_and_units_as_on_the_command_line():
    scenario = fs.scenario(SPIRAL)
    changes = {"shocks.0.lots": 30_000, "shocks.0.at": "3 s", "seconds": "0.5 min"}
    changed = scenario.with_(**changes)
    assert changed == fs.scenario(SPIRAL, **changes)
    assert (changed.shocks[0].at, changed.seconds) == (3.0, 30.0)
    assert fs.scenario(scenario, **changes) == changed
    assert changed.with_() == changed


def test_all_mistakes_are_told_at_once(small):
    with pytest.raises(fs.ScenarioError) as raised:
        small.with_(
            name="big", instrument="B", levrage=3, over=1.0, seconds="3 kg",
            **{"shocks.7.lots": 3, "populations.0.count": -1},
        )  # fmt: skip
    lines = str(raised.value).splitlines()
    assert lines[0] == "small: 6 mistakes"
    assert lines[1:5] == [
        "  instrument: several tables have a 'instrument': write one of "
        "clearings.0.holdings.0.instrument, shocks.0.instrument",
        "  levrage: no key is called 'levrage' in this scenario: did you mean leverage?",
        "  over: no table gives a 'over': write one of shocks.0.over",
        "  shocks.7.lots: there is no shocks.7.lots to set",
    ]
    assert [line.split(":")[0].strip() for line in lines[5:]] == ["seconds", "populations.0.count"]


def test_tables_as_objects_are_what_a_dict_is(small):
    content = SMALL | {
        "instruments": [
            tables.InstrumentTable(
                name="A",
                background=tables.UniformBookTable(kind="uniform", price=1_000, depth=9, ticks=900),
            )
        ],
        "populations": [
            tables.PopulationTable(name="one", count=10, equity=500, leverage=(2.0, 3.0)),
            SMALL["populations"][1],
        ],
        "shocks": [tables.ShockTable(instrument="A", at=1.0, lots=500)],
    }
    assert fs.scenario(content) == small
    assert small.with_(shocks=[tables.ShockTable(instrument="A", at=1.5, lots=1)]).shocks == [
        tables.ShockTable(instrument="A", at=1.5, lots=1)
    ]
    keywords = {name: getattr(small, name) for name in type(small).model_fields}
    assert fs.Scenario(**keywords) == small


def test_every_table_is_reachable_and_says_what_it_is():
    assert fs.tables is tables
    of_scenario = {one.table for one in sections_of() if one.path}
    assert of_scenario <= {getattr(tables, name) for name in tables.__all__}
    for name in tables.__all__:
        table = getattr(tables, name)
        assert issubclass(table, Table)
        assert table.__doc__ != Table.__doc__, name


@pytest.mark.parametrize("name", fs.ready_scenarios())
def test_what_is_saved_is_read_as_equal(name, tmp_path):
    scenario = fs.scenario(name, note='odd "quotes" and ü\n')
    scenario.save(tmp_path / "saved.toml")
    again = fs.scenario(tmp_path / "saved.toml")
    assert again == scenario
    assert again.model_fields_set == scenario.model_fields_set
    assert [one.name for one in tmp_path.iterdir()] == ["saved.toml"]


FILES = [*fs.ready_scenarios(), *sorted(map(str, FOLDER.glob("*.toml")))]


def rebuilt(value):
    """The same made by code: of the tables' own classes, with the keywords that were given."""
    if isinstance(value, BaseModel):
        given = {name: rebuilt(getattr(value, name)) for name in value.model_fields_set}
        return type(value)(**given)
    if isinstance(value, dict):
        return {name: rebuilt(one) for name, one in value.items()}
    return type(value)(map(rebuilt, value)) if isinstance(value, list | tuple) else value


def tables_in(value):
    """The classes of all tables in a scenario."""
    if isinstance(value, BaseModel):
        yield type(value)
        value = [getattr(value, name) for name in type(value).model_fields]
    for one in value.values() if isinstance(value, dict) else value:
        if isinstance(one, BaseModel | dict | list | tuple):
            yield from tables_in(one)


@pytest.mark.parametrize("name", FILES)
def test_a_scenario_made_by_code_is_the_one_that_was_read(name, tmp_path):
    read = fs.scenario(name)
    keywords = {key: rebuilt(getattr(read, key)) for key in read.model_fields_set}
    made = fs.scenario(keywords)
    assert made == read
    assert fs.Scenario(**keywords) == read
    assert made.to_toml() == read.to_toml()
    made.save(tmp_path / "made.toml")
    again = fs.scenario(tmp_path / "made.toml")
    assert again == read
    assert again.model_dump() == read.model_dump()
    assert fs.scenario(read.model_dump(mode="json")) == read


def test_most_tables_are_in_the_scenarios_that_are_tried():
    used = {one for name in FILES for one in tables_in(fs.scenario(name))}
    assert len(used) > 25
    assert used - {fs.Scenario} <= {getattr(tables, name) for name in tables.__all__}


def test_a_file_is_saved_whole_or_stays(small, tmp_path, monkeypatch):
    file = tmp_path / "saved.toml"
    small.save(file)
    before = file.read_text()

    def full(self, *arguments, **keywords):
        self.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr("pathlib.Path.write_text", full)
        with pytest.raises(OSError, match="No space left") as raised:
            small.with_(seconds=9.0).save(file)
    assert raised.value.filename == str(file)
    assert file.read_text() == before
    assert os.listdir(tmp_path) == ["saved.toml"]
    with pytest.raises(OSError, match=re.escape(str(tmp_path / "gone" / "a.toml"))):
        small.save(tmp_path / "gone" / "a.toml")


def test_a_file_that_would_mean_another_one_is_refused(small, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for folder in (".", "elsewhere"):
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, "own.py"), "w") as file:
            file.write("raise SystemExit('run')\n")
    scenario = small.with_(**{"clearings.0.liquidation.design": "own.py:design"})
    with pytest.raises(fs.ScenarioError, match="choose another folder"):
        scenario.save("elsewhere/saved.toml")
    scenario.save("saved.toml")
    assert fs.scenario("saved.toml") == scenario
