"""Every number of every table, given badly: one line of ours for each, with its path."""

import math

import pytest
from pydantic import ValidationError

import firesale as fs
from experiments.calibration.market_file import MarketFile
from experiments.calibration.models import MODELS
from experiments.markets.mistakes import mistakes_of
from experiments.scenario.keys import keys_of
from experiments.scenario.reference import sections_of
from experiments.studies.sweep_spec import SweepSpec, read_spec

TABLES = sorted(
    {one.table for one in sections_of()}
    | {SweepSpec, MarketFile}
    | {one.parameters for one in MODELS.values() if one.parameters},
    key=lambda one: one.__name__,
)
NO_NUMBERS = ["x", "5 kg", [], {}, True, [True], ["x"], [[0]], None]
NUMBERS = [0, -1, 1.5, math.nan, math.inf, -math.inf, 10**30, -(10**30)]
BAD = [*NUMBERS, *NO_NUMBERS, [-1, "x"], {"a": "x"}]
JARGON = (
    "\n", "Input", "should", "a valid", "pydantic", "Value error", "instance", "required",
    "unable", "parse", "another value", "constrained", "type=",
)  # fmt: skip


@pytest.mark.parametrize("table", TABLES, ids=lambda one: one.__name__)
def test_a_bad_value_is_one_line_with_its_path(table):
    for key in keys_of(table):
        for value in BAD:
            if value is None and key.default == "none":
                continue
            try:
                table.model_validate({key.name: value})
            except ValidationError as error:
                mistakes = mistakes_of(error, table)
            else:
                mistakes = []
            told = [one for one in mistakes if f"{one.path}.".startswith(f"{key.name}.")]
            paths = [one.path for one in told]
            assert len(set(paths)) == len(paths), told
            for one in told:
                assert not [word for word in JARGON if word in one.what], one
            is_number = key.numeric and "list" not in key.kind and "table" not in key.kind
            if is_number and not key.kind.startswith("["):
                number = isinstance(value, int | float) and not isinstance(value, bool)
                right = number and math.isfinite(value)
                right |= "text" in key.kind and isinstance(value, str)
                assert len(told) == 1 or right, (key, value, told)


def numbers_of(value, path=()):
    """Dotted paths of all numbers in the tables of a scenario, parameters apart."""
    if isinstance(value, dict):
        for name, one in value.items():
            if name not in ("parameters", "obtained"):
                yield from numbers_of(one, (*path, name))
    elif isinstance(value, list):
        for number, one in enumerate(value):
            yield from numbers_of(one, (*path, str(number)))
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield ".".join(path)


@pytest.mark.parametrize("name", fs.ready_scenarios())
@pytest.mark.parametrize("value", ["x", "5 kg", "5 %%", math.nan, -(10**30)])
def test_all_numbers_of_a_scenario_are_told_at_once(name, value):
    scenario = fs.scenario(name)
    paths = list(numbers_of(scenario.model_dump(mode="json", exclude_none=True)))
    with pytest.raises(fs.ScenarioError) as raised:
        scenario.with_(**dict.fromkeys(paths, value))
    first, *lines = str(raised.value).splitlines()
    assert first.endswith(f"{len(lines)} mistakes")
    told = [line.strip().split(": ")[0] for line in lines]
    assert sorted(told) == sorted(set(told))
    for line in lines:
        assert line.startswith("  ")
        assert not [word for word in JARGON if word in line], line
    assert set(told) <= set(paths), "a path that nobody wrote"
    unsaid = set(paths) - set(told)
    if value == -(10**30):
        unsaid = set()  # some may be as low as that
    if isinstance(value, str):  # a name, or an owner's number
        unsaid = {path for path in unsaid if not path.endswith(".issuer")}
    assert not unsaid, "numbers of which nothing is said"


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("seeds = 0", "seeds: must be at least 1, got 0"),
        ("seeds = [1, -1]", "seeds.1: must be at least 0, got -1"),
        ('seeds = "many"', "seeds: must be a whole number or a list, got 'many'"),
        ("seeds = 1.5", "seeds: must be a whole number or a list, got 1.5"),
        ("seeds = nan", "seeds: must be a finite number, got nan"),
        ("most = 1", "most: must be at least 2, got 1"),
        ("points = -1", "points: must be at least 1, got -1"),
        ("narrow = { drop = nan }", "narrow.drop: must be a finite number, got nan"),
        ("memory = 5", "memory: must be a text, got 5"),
        ("twin = 3", "twin: must be true or false, got 3"),
        ("sedes = 3", "sedes: no key is called 'sedes' here: did you mean seeds?"),
    ],
)
def test_a_mistake_in_a_sweep_is_one_line(line, what, tmp_path):
    file = tmp_path / "sweep.toml"
    file.write_text(f'scenario = "x"\n{line}\n[over]\nseconds = [3, 4]\n')
    with pytest.raises(ValueError, match="1 mistake") as raised:
        read_spec(file)
    assert str(raised.value).splitlines() == [f"{file}: 1 mistake", f"  {what}"]
