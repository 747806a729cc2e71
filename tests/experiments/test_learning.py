"""Environments for learning agents: what Gymnasium checks, and equality of one and many."""

import inspect
import subprocess
import sys

import numpy as np
import pytest

from agents import Simulation
from tests.folders import ROOT

gymnasium = pytest.importorskip("gymnasium", reason="needs gymnasium: pip install 'firesale[rl]'")

from gymnasium.utils.env_checker import check_env  # noqa: E402
from gymnasium.vector import AutoresetMode, SyncVectorEnv  # noqa: E402

import firesale as fs  # noqa: E402
from experiments.markets import zero_intelligence  # noqa: E402

SHORT = {"lots": 3_000, "steps": 6, "step": "5 s", "warm_up": "10 s"}
ROLES = ("engine", "keeper")
MODES = tuple(AutoresetMode)


def same(one, other, path=""):
    """Whether two results are equal to the byte, with their types."""
    assert type(one) is type(other), path
    if isinstance(one, dict):
        assert set(one) == set(other), path
        for key in one:
            same(one[key], other[key], f"{path}/{key}")
    elif isinstance(one, np.ndarray) and one.dtype != object:
        assert (one.dtype, one.shape) == (other.dtype, other.shape), path
        assert one.tobytes() == other.tobytes(), path
    elif isinstance(one, tuple | np.ndarray):
        assert len(one) == len(other), path
        for index, (left, right) in enumerate(zip(one, other, strict=True)):
            same(left, right, f"{path}/{index}")
    else:
        assert one == other, path


def actions_of(draws, env, count):
    """Shares and patience that sometimes sell all, or all on offer, at once."""
    shares = draws.random((count, env.single_action_space.shape[0]))
    shares[draws.random(count) < 0.25, :-1] = 1.0
    shares[:, -1] = draws.uniform(-1, 1, count)
    return shares.astype(np.float32)


# ---------------------------------------------------------------------------- Gymnasium


@pytest.mark.parametrize("role", ROLES)
def test_gymnasium_has_nothing_to_say(role):
    check_env(fs.FiresaleEnv(role=role))
    check_env(gymnasium.make(f"Firesale/{role.capitalize()}-v0", **SHORT).unwrapped)


def test_autoreset_modes_are_declared():
    assert fs.FiresaleEnv.metadata["autoreset_mode"] is AutoresetMode.DISABLED
    assert fs.FiresaleVectorEnv.metadata["autoreset_mode"] is AutoresetMode.NEXT_STEP
    for mode in MODES:
        assert fs.FiresaleVectorEnv(2, autoreset_mode=mode.value).metadata["autoreset_mode"] is mode


def test_environments_are_made_by_name():
    one = gymnasium.make("Firesale/Keeper-v0", lots=70)
    assert one.unwrapped.observation_space.shape == (12,)
    many = gymnasium.make_vec("Firesale/Engine-v0", num_envs=3, lots=70)
    assert isinstance(many, fs.FiresaleVectorEnv)
    assert many.action_space.shape == (3, 2)


def test_the_door_does_not_load_gymnasium():
    program = "import sys, firesale as fs; fs.OrderBook(); print('gymnasium' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout == "False\n", done.stderr


# ---------------------------------------------------------------------------- one environment


@pytest.mark.parametrize("role", ROLES)
def test_the_same_seed_and_actions_give_the_same_tapes(role):
    digests = set()
    for seed in (3, 3, 4):
        env = fs.FiresaleEnv(role=role, tapes=True, **SHORT)
        env.reset(seed=seed)
        env.action_space.seed(9)
        ended = False
        while not ended:
            _, _, terminated, truncated, info = env.step(env.action_space.sample())
            ended = terminated or truncated
        digests.add((env.simulation.digest(), info["result"]))
    assert len(digests) == 2


def test_a_market_is_taken_by_its_seed():
    env = fs.FiresaleEnv(tapes=True, **SHORT)
    first = env.reset(seed=1)[1]
    digest = env.simulation.digest()
    assert env.reset()[1]["seed"] != first["seed"]
    again = env.reset(options={"market_seed": first["seed"]})[1]
    assert again == first
    assert env.simulation.digest() == digest


def test_a_market_of_ones_own_is_sold_in():
    def market(seed, *, events):
        return zero_intelligence(seed, mu=10.0, events=events)

    env = fs.FiresaleEnv(market=market, lots=30, steps=4, step="100 ms", warm_up=0)
    env.reset(seed=1)
    *_, terminated, truncated, info = env.step(np.array([1.0, -1.0]))
    assert (terminated, truncated, info["sold"]) == (True, False, 30)
    assert info["cash"] - 30 * info["arrival_price"] == info["result"] < 0


# ---------------------------------------------------------------------------- many environments


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("mode", MODES)
def test_many_equal_single_ones_to_the_byte(role, mode):
    count, steps = 4, 24
    many = fs.FiresaleVectorEnv(count, role=role, autoreset_mode=mode, tapes=True, **SHORT)
    singles = SyncVectorEnv(
        [lambda: fs.FiresaleEnv(role=role, tapes=True, **SHORT)] * count, autoreset_mode=mode
    )
    assert many.observation_space == singles.observation_space
    assert many.action_space == singles.action_space
    same(many.reset(seed=11), singles.reset(seed=11))
    draws = np.random.default_rng(2)
    ends = np.zeros(2, int)
    for _ in range(steps):
        actions = actions_of(draws, many, count)
        ours, theirs = many.step(actions), singles.step(actions)
        same(ours, theirs)
        ends += ours[2].sum(), ours[3].sum()
        ended = ours[2] | ours[3]
        if mode is AutoresetMode.DISABLED and ended.any():
            masks = [{"reset_mask": ended.copy()} for _ in range(2)]
            same(many.reset(options=masks[0]), singles.reset(options=masks[1]))
            assert "reset_mask" in masks[0], "what was given stays as it was"
    assert ends.min() >= 3, "both kinds of end, several times"
    assert [one.digest() for one in many.simulations] == [
        env.simulation.digest() for env in singles.envs
    ]


def test_seeds_may_be_given_one_by_one():
    many = fs.FiresaleVectorEnv(3, **SHORT)
    many.reset(seed=[5, 6, 9])
    one = fs.FiresaleEnv(**SHORT)
    assert many.reset(seed=[5, None, 9])[1]["seed"][2] == one.reset(seed=9)[1]["seed"]
    same(many.reset(seed=5)[0][1], one.reset(seed=6)[0])


def test_what_was_returned_stays():
    many = fs.FiresaleVectorEnv(2, **SHORT)
    first, infos = many.reset(seed=1)
    kept = first.copy(), {name: column.copy() for name, column in infos.items()}
    many.step(np.array([[0.5, -1], [0.5, -1]], np.float32))
    same((first, infos), kept)


# ---------------------------------------------------------------------------- what it is for


def shortfall(policy, seed, rows=40, steps=40, lots=10_000):
    """Results of a policy in bps of the arrival value, a number of markets at once."""
    env = fs.FiresaleVectorEnv(rows, lots=lots, steps=steps, step="3 s")
    _, infos = env.reset(seed=seed)
    worth = lots * infos["arrival_price"]
    found = np.zeros(rows, int)
    running = np.ones(rows, bool)
    for step in range(steps):
        action = np.array(policy(steps - step), np.float32)
        _, _, terminated, truncated, infos = env.step(np.tile(action, (rows, 1)))
        ended = running & (terminated | truncated)
        found[ended] = infos["result"][ended]
        running &= ~ended
        if not running.any():
            break
    assert not running.any()
    return 1e4 * found / worth


def test_selling_all_at_once_costs_more_than_spreading():
    """Paired over the same markets: the mean difference is beyond three standard errors."""
    once = shortfall(lambda left: (1.0, -1.0), seed=0)
    spread = shortfall(lambda left: (1.0 / left, -1.0), seed=0)
    saved = spread - once
    assert saved.mean() > 3 * saved.std(ddof=1) / np.sqrt(len(saved))
    assert once.mean() < -10


# ---------------------------------------------------------------------------- misuse


@pytest.mark.parametrize(
    ("action", "error", "says"),
    [
        ([np.nan, 0], ValueError, r"action must be a share of 0 to 1 .*, got \[nan, 0.0\]"),
        ([1.1, 0], ValueError, r"action must be a share of 0 to 1 .*, got \[1.1"),
        ([1e300, 0], ValueError, r"action must be a share of 0 to 1 .*, got \[inf"),
        ([0.5, -2], ValueError, r"patience of -1 to 1, got \[0.5, -2.0\]"),
        ([0.5], ValueError, r"action must have the shape \(2,\), got \(1,\)"),
        (0.5, ValueError, r"action must have the shape \(2,\), got \(\): 0.5"),
        (["a", "b"], TypeError, r"action must be real numbers, got \['a', 'b'\]"),
        (None, TypeError, "action must be real numbers, got None"),
    ],
)
def test_an_action_out_of_space_does_nothing(action, error, says):
    env = fs.FiresaleEnv(**SHORT)
    _, before = env.reset(seed=1)
    with pytest.raises(error, match=says):
        env.step(action)
    assert env._info() == before
    many = fs.FiresaleVectorEnv(2, **SHORT)
    many.reset(seed=1)
    with pytest.raises(error, match="actions must"):
        many.step(np.array([action, action]))


def test_a_step_needs_an_episode():
    env = fs.FiresaleEnv(**SHORT)
    with pytest.raises(RuntimeError, match="has not begun: call reset before step"):
        env.step([0, 0])
    env.reset(seed=1)
    assert env.step([1, -1])[2]
    with pytest.raises(RuntimeError, match=r"sale 0 is over.*: call reset before step"):
        env.step([0, 0])
    many = fs.FiresaleVectorEnv(2, autoreset_mode="Disabled", **SHORT)
    with pytest.raises(RuntimeError, match="call reset before step"):
        many.step(np.zeros((2, 2)))
    many.reset(seed=1)
    many.step(np.array([[0, 0], [1, -1]]))
    with pytest.raises(RuntimeError, match="sale 1 is over"):
        many.step(np.zeros((2, 2)))
    many.close()
    with pytest.raises(RuntimeError, match="call reset before step"):
        many.step(np.zeros((2, 2)))


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"market_sead": 1}, ValueError, r"options must be among market_seed.*got 'market_sead'"),
        ({"market_seed": -1}, ValueError, "market_seed must be 0 to .*, got -1"),
        ({"market_seed": 0.5}, TypeError, "market_seed must be an integer, got 0.5"),
        ([1], TypeError, r"options must be a dict or None, got \[1\]"),
    ],
)
def test_unknown_options_are_refused(options, error, says):
    with pytest.raises(error, match=says):
        fs.FiresaleEnv(**SHORT).reset(options=options)
    with pytest.raises(error, match=says):
        fs.FiresaleVectorEnv(2, **SHORT).reset(options=options)


@pytest.mark.parametrize(
    ("seed", "options", "says"),
    [
        ([1, 2, 3], None, r"seed must be one, or 2 of them, got \[1, 2, 3\]"),
        (-1, None, "seed must be 0 to .*, got -1"),
        (0.5, None, "seed must be an integer, got 0.5"),
        (1, {"reset_mask": [True, False]}, "reset_mask must be a bool array"),
        (1, {"reset_mask": np.zeros(2, bool)}, "reset_mask must have 2 rows, one or more of them"),
        (1, {"reset_mask": np.ones(3, bool)}, "reset_mask must have 2 rows"),
    ],
)
def test_a_reset_of_nonsense_is_refused(seed, options, says):
    with pytest.raises((TypeError, ValueError), match=says):
        fs.FiresaleVectorEnv(2, **SHORT).reset(seed=seed, options=options)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"role": "hero"}, "role must be one of engine, keeper, got 'hero'"),
        ({"market": "nowhere"}, "no market is called 'nowhere'"),
        ({"market": 5}, "market must be a name or a function of a seed, got 5"),
        ({"lots": 0}, "lots must be 1 to 2097152, got 0"),
        ({"lots": True}, "lots must be an integer, got True"),
        ({"steps": 0}, "steps must be"),
        ({"step": "soon"}, "step must be a duration: 'soon'"),
        ({"step": 0}, "step must be"),
        ({"warm_up": -1}, "warm_up must be"),
        ({"reach": 0}, "reach must be"),
        ({"rivals": "yes"}, "rivals must be"),
        ({"tapes": 1}, "tapes must be"),
        ({"instrument": -1}, "instrument must be 0 to 65535, got -1"),
        ({"role": "keeper", "discount_end": 1_000_000}, "discount_end must be 0 to 999999"),
        ({"role": "keeper", "discount_start": 20_000}, "discount_start must be 0 to 10000"),
        ({"render_mode": "human"}, "render_mode must be None, got 'human'"),
    ],
)
def test_terms_of_nonsense_are_refused(changes, says):
    for make in (fs.FiresaleEnv, fs.FiresaleVectorEnv):
        with pytest.raises((TypeError, ValueError), match=says):
            make(**changes)


@pytest.mark.parametrize("num_envs", [0, -1, 1.5, None, True])
def test_a_vector_of_nobody_is_refused(num_envs):
    with pytest.raises((TypeError, ValueError), match="num_envs must be"):
        fs.FiresaleVectorEnv(num_envs)
    with pytest.raises(
        ValueError, match=r"autoreset_mode must be one of NextStep, .*, got 'never'"
    ):
        fs.FiresaleVectorEnv(1, autoreset_mode="never")


def test_markets_without_a_seat_for_the_seller_are_refused():
    with pytest.raises(TypeError, match="market must return a Simulation, got None"):
        fs.FiresaleEnv(market=lambda seed, events: None).reset(seed=1)
    with pytest.raises(ValueError, match="must have a best bid and a best ask"):
        fs.FiresaleEnv(market=lambda seed, events: Simulation(seed)).reset(seed=1)
    with pytest.raises(ValueError, match="instrument must be 0 to 0, got 1"):
        fs.FiresaleEnv(instrument=1, **SHORT).reset(seed=1)


def test_one_sale_and_many_have_the_same_options_and_defaults():
    def options(kind):
        return {
            name: one.default
            for name, one in inspect.signature(kind).parameters.items()
            if name not in ("num_envs", "autoreset_mode")
        }

    assert options(fs.FiresaleVectorEnv) == options(fs.FiresaleEnv)
