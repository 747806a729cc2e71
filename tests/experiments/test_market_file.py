"""Market files: a market in TOML is read whole, runs as its model does, and says what is wrong."""

from decimal import Decimal

import numpy as np
import pytest

import agents
from experiments.calibration.market_file import MarketFile, MarketFileError, read_market
from experiments.calibration.models import MODELS
from experiments.markets import zero_intelligence
from lob.units import SECOND_NS

RATES = {"alpha": 1.0, "mu": 20.0, "delta": 0.1, "window": 200}
EXCITATION = [[0.1 * (i == j) for j in range(6)] for i in range(6)]
QUEUES = {"limit": [[1.0, 0.9]], "cancel": [[0.0, 0.5, 1.0]], "market": [[0.0, 0.5]]}
PARAMETERS = {
    "zero-intelligence": RATES,
    "poisson": {"lambda_": [2.0, 1.0], "theta": [0.5], "mu": 1.0, "window": 20, "k": 1.0},
    "hawkes": {"baseline": [1.0] * 6, "excitation": EXCITATION, "decay": 2.0, "theta": 0.01},
    "long-memory": {"metaorders": 5, "beta": 1.5, "mu": 5.0, "alpha": 1.0, "delta": 0.2},
    "maker-market": {
        "clusters": 1.0,
        "limit_rate": 30.0,
        "market_sizes": [1, 2, 5],
        "limit_sizes": [1, 2, 4],
        "volatility": 1.0,
        "impact": 1.0,
        "gap": 3.0,
        "distances": [1, 2, 3, 5, 8, 13],
    },
    "queue-reactive": {**QUEUES, "theta": 0.7},
}


def market(model="zero-intelligence", **values):
    given = {
        "name": "mine",
        "model": model,
        "price": 10_000,
        "instrument": {"name": "X", "tick_size": "0.01", "quote": "USD"},
        "parameters": PARAMETERS.get(model, RATES),
    }
    return MarketFile.model_validate({**given, **values})


@pytest.mark.parametrize("model", sorted(PARAMETERS))
def test_a_market_of_each_model_runs_and_is_read_back_equal(model, tmp_path):
    one = market(
        model,
        errors=dict.fromkeys(list(PARAMETERS[model])[:1], 0.1),
        provenance={"source": "day \"one\"", "span_seconds": 3_600.0, "messages": 5, "seed": 1},
        cannot_show=["impact"],
        warnings=["few"],
    )  # fmt: skip
    path = tmp_path / "market.toml"
    path.write_text(one.to_toml())
    again = read_market(path)
    assert again == one
    runs = [each.simulation(7) for each in (one, again)]
    for run in runs:
        run.run(until=20 * SECOND_NS)
    assert runs[0].digest() == runs[1].digest()
    assert len(runs[0].events) > 20
    assert runs[0].instruments[0].quote == "USD"


def test_a_market_file_is_the_same_market_as_its_model():
    one, other = market().simulation(3), zero_intelligence(3)
    for run in (one, other):
        run.run(until=5 * SECOND_NS)
    assert one.digest() == other.digest()


def test_every_flow_has_a_model_whose_table_has_its_parameters():
    for model in MODELS.values():
        if model.parameters is not None:
            assert set(PARAMETERS[model.name]) <= set(model.parameters.model_fields)


def test_the_tables_state_the_defaults_of_the_flows():
    """What a flow does where a parameter is not given, a file does too; but books begin full."""
    for model in MODELS.values():
        given = PARAMETERS[model.name]
        runs = []
        depth = {"depth": None} if "depth" in model.parameters.model_fields else {}
        for flow in (
            model.make("flow", price=10_000, **given),
            model.flow("flow", price=10_000, **given, **depth),
        ):
            simulation = agents.Simulation(5)
            simulation.add(flow)
            simulation.run(until=5 * SECOND_NS)
            runs.append(simulation.digest())
        assert runs[0] == runs[1], model.name


def test_numbers_of_numpy_are_written_as_numbers():
    one = market(
        "poisson",
        parameters={"lambda_": np.array([2.0, 1.0]), "theta": (np.float64(0.5),), "mu": 1},
        errors={"lambda_": np.array([0.1, 0.1])},
        provenance={"messages": np.int64(5)},
    )
    assert "lambda_ = [2.0, 1.0]" in one.to_toml()
    assert one.errors["lambda_"] == [0.1, 0.1]
    assert one.instrument.tick_size == Decimal("0.01")


def test_all_mistakes_are_told_at_once_with_the_file_and_their_keys(tmp_path):
    path = tmp_path / "bad.toml"
    text = market().to_toml()
    path.write_text(text.replace("alpha", "alfa").replace("mu = 20.0", "mu = -20.0"))
    with pytest.raises(MarketFileError) as error:
        read_market(path)
    told = str(error.value)
    assert str(path) in told
    assert "parameters.alfa: no key is called 'alfa' here: did you mean alpha?" in told
    assert "parameters.mu: " in told
    assert "-20.0" in told


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"model": "zero-inteligence"}, "model: no model is called 'zero-inteligence': did you"),
        ({"errors": {"alfa": 1.0}}, "errors.alfa: no parameter is called 'alfa': did you mean"),
        ({"price": 0}, "price"),
        ({"parameters": {**RATES, "alpha": 1e9, "delta": 0.1}}, "parameters: depth"),
        ({"parameters": {**RATES, "sigma": True}}, "sigma: takes no true or false"),
    ],
)
def test_a_market_that_cannot_be_is_refused(change, told):
    with pytest.raises(ValueError, match=told):
        market(**change)


def test_no_toml_is_told_as_that(tmp_path):
    path = tmp_path / "bad.toml"
    path.write_text("name =")
    with pytest.raises(MarketFileError, match="not TOML"):
        read_market(path)
    with pytest.raises(FileNotFoundError):
        read_market(tmp_path / "none.toml")
