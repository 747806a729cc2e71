"""The targets by themselves, without any case file: closed forms, limits, and misuse.

Each simulation states the theory it is held to; seeds are those of the defaults (1).
"""

from math import exp, pi, sqrt, tanh

import numpy as np
import pytest

from agents.traders.schedules import almgren_chriss_held
from experiments.validation import TARGETS, validate
from experiments.validation.books import linear_sweep, order_flow_imbalance
from experiments.validation.double_auction import double_auction, largest_surplus
from experiments.validation.execution import almgren_chriss, obizhaeva_wang, shortfall
from experiments.validation.flows import market_signs
from experiments.validation.making import avellaneda_stoikov
from experiments.validation.order_signs import cluster_sizes, zeta
from experiments.validation.queues import (
    cont_de_larrard,
    cont_stoikov_talreja,
    first_to_empty,
    queue_at_rest,
    symmetric_race,
)
from experiments.validation.santa_fe import santa_fe
from experiments.validation.tails import hill_on_student


@pytest.mark.parametrize("target", [t for t in TARGETS if not t.slow], ids=lambda t: t.name)
def test_targets_run_without_cases(target):
    result = validate(target.name, [])
    assert result.published is None
    expected = "agrees" if target.checks and result.band else "context"
    assert result.verdict == expected, result.note
    assert result.to_dict()["parameters"] == result.parameters


def test_target_names_are_unique():
    names = [target.name for target in TARGETS]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("risk_aversion", [1e-8, 1e-6, 1e-4, 1e-2])
def test_almgren_chriss_is_optimal(risk_aversion):
    """No nearby schedule has a smaller mean + lambda variance."""
    settings = {"sigma": 0.95, "gamma": 2.5e-7, "eta": 2.5e-6}
    best = 1e6 * np.array(almgren_chriss_held(5.0, 10, risk_aversion=risk_aversion, **settings))
    assert best[0] == 1e6
    assert best[-1] == 0

    def objective(holdings):
        cost, deviation = shortfall(holdings, 0.5, epsilon=0.0625, **settings)
        return cost + risk_aversion * deviation**2

    random = np.random.default_rng(1)
    for _ in range(50):
        other = best.copy()
        other[1:-1] += random.normal(0, 100, 9)
        other = np.minimum.accumulate(np.maximum(other, 0))  # sell only: |n| costs the same
        assert objective(other) >= objective(best) * (1 - 1e-12)


def test_almgren_chriss_limits():
    """Without risk aversion equal parts; with a lot, nearly all at once."""
    even = almgren_chriss(risk_aversion=0.0)
    assert even["holdings"] == pytest.approx([8e5, 6e5, 4e5, 2e5])
    assert "theta" not in even
    fast = almgren_chriss(risk_aversion=1e3)
    assert fast["expected_cost"] == pytest.approx(fast["instant_cost"], rel=1e-6)


def test_obizhaeva_wang_schedule_is_no_dearer_than_any_other_block():
    """Cost by walking the book, at the optimum and with the blocks shifted."""
    values = obizhaeva_wang(resilience=4.0)
    assert values["cost"] == pytest.approx(values["cost_theory"], rel=1e-6)
    assert values["cost"] < values["twap_cost"]
    # rho T -> infinity: no blocks, only the lasting part costs; rho -> 0: half and half.
    quick = obizhaeva_wang(resilience=200.0)
    assert quick["cost"] == pytest.approx(1e-4 * 1e10 / 2 * (1 + 2 / 202), rel=1e-4)
    assert obizhaeva_wang(resilience=1e-7)["block"] == pytest.approx(5e4, rel=1e-6)


def test_symmetric_race_against_the_diagonal_and_the_limit():
    """h(n, n) = 1/2 and h(n, p) + h(p, n) = 1; h(1, 1)-neighbours average to it (harmonic)."""
    for n in range(1, 6):
        for p in range(1, 6):
            assert symmetric_race(n, p) + symmetric_race(p, n) == pytest.approx(1, abs=1e-5)
    around = 0 + 1 + symmetric_race(2, 1) + symmetric_race(1, 2)  # (0, 1), (1, 0), (2, 1), (1, 2)
    assert symmetric_race(1, 1) == pytest.approx(around / 4, abs=1e-5)
    around = sum(symmetric_race(n, p) for n, p in [(2, 2), (4, 2), (3, 1), (3, 3)])
    assert symmetric_race(3, 2) == pytest.approx(around / 4, abs=1e-5)


def test_first_passage_solver_satisfies_its_equations():
    births, deaths = (lambda q: 1.2 + 0 * q), (lambda q: 0.3 + 0.9 * q)
    table = first_to_empty(births, deaths, 40)
    full = np.pad(table, 1)
    full[1:-1, 0] = 1.0
    queue = np.arange(1.0, 41.0)
    up, down = np.where(queue < 40, births(queue), 0), deaths(queue)
    rates = (up + down)[:, None] + (up + down)[None, :]
    flow = up[:, None] * full[2:, 1:-1] + down[:, None] * full[:-2, 1:-1]
    flow += up[None, :] * full[1:-1, 2:] + down[None, :] * full[1:-1, :-2]
    assert np.abs(rates * table - flow).max() < 1e-9


def test_first_passage_solver_approaches_the_integral():
    """Departures a little above arrivals lie close to the critical case, from one side."""
    near = np.array(cont_de_larrard(arrival=0.999, races=100)["up_theory"])
    exact = np.array(cont_de_larrard(races=100)["up_theory"])
    assert np.abs(near - exact).max() < 2e-3


@pytest.mark.parametrize("rates", [(1.85, 0.71, 0.94), (0.5, 0.2, 2.0)])
def test_cst_against_simulated_races(rates):
    """Solver against a full book; four standard errors of each chance, all but one known to 0.1."""
    arrival, cancellation, market = rates
    values = cont_stoikov_talreja(arrival, cancellation, market, size=3, changes=1_000_000)
    error = np.array(values["up_error"])
    assert np.sort(error.ravel())[-2] < 0.1
    assert (abs(np.array(values["up"]) - values["up_theory"]) < 4 * error).all()


def test_races_of_queues_that_shrink():
    """Departures twice as frequent as arrivals; four standard errors, below 0.03."""
    values = cont_de_larrard(arrival=0.5, size=3, races=4_000)
    error = np.array(values["up_error"])
    assert error.max() < 0.03
    assert (abs(np.array(values["up"]) - values["up_theory"]) < 4 * error).all()


def test_queue_at_rest_without_market_orders_is_poisson():
    """Arrivals lambda and n cancellations theta: Poisson with mean lambda / theta."""
    values = queue_at_rest(arrival=1.4, market=0.0, cancellation=0.7)
    assert values["mean"] == pytest.approx(2.0)
    assert values["law"][0] == pytest.approx(exp(-2))
    assert values["total_variation"] < 0.01


def test_linear_sweep_of_one_tick():
    """1 lot at 1 tick, 2 at 2, 3 at 3: 4 lots reach 3 and cost (1 + 4 + 3) / 4."""
    values = linear_sweep(slope=1.0, size=4.0, ticks_per_unit=1)
    assert values["shift"] == 3
    assert values["average"] == values["submitted_average"] == 2


def test_imbalance_slope_in_deep_windows():
    """1 / (2 D), four standard errors, and D = 1, where every event moves a quote by a tick."""
    values = order_flow_imbalance([1, 7], window=80, windows=20_000)
    assert values["slope"][0] == pytest.approx(0.5)
    assert values["r_squared"][0] == pytest.approx(1.0)
    assert values["slope"][1] == pytest.approx(1 / 14, abs=4 * values["slope_error"][1])


def test_zeta():
    """zeta(2) = pi^2 / 6, zeta(4) = pi^4 / 90, and zeta(s, a) - zeta(s, a + 1) = a^-s."""
    assert zeta(2, 1) == pytest.approx(pi**2 / 6, rel=1e-13)
    assert zeta(4, 1) == pytest.approx(pi**4 / 90, rel=1e-13)
    assert zeta(1.5, 3) - zeta(1.5, 4) == pytest.approx(3**-1.5, rel=1e-12)
    with pytest.raises(ValueError, match="diverges at exponent 1"):
        zeta(1, 1)


def test_split_order_signs():
    """There are exactly so many market orders; with short orders their signs are independent."""
    signs = market_signs(1.5, 23_457, 1)
    assert len(signs) == 23_457
    assert set(np.unique(signs)) == {-1, 1}
    short = market_signs(10.0, 50_000, 1)  # all but a thousandth have one piece
    assert abs(float(short.mean())) < 4 / sqrt(50_000)
    assert abs(float((short[1:] * short[:-1]).mean())) < 4 / sqrt(50_000) + 2**-9


def test_cluster_sizes_follow_borel():
    """P(S = s) = exp(-n s) (n s)^(s-1) / s!; four standard errors."""
    sizes = cluster_sizes(0.5, 100_000, 1)
    for size, factorial in ((1, 1), (2, 2), (3, 6), (4, 24)):
        chance = exp(-0.5 * size) * (0.5 * size) ** (size - 1) / factorial
        error = sqrt(chance * (1 - chance) / len(sizes))
        assert float((sizes == size).mean()) == pytest.approx(chance, abs=4 * error)


def test_hill_gets_nearer_with_a_thinner_tail():
    values = hill_on_student(4.0)
    assert values["index"][0] < values["index"][1] < values["true_index"]


def test_quotes_of_a_maker_without_risk():
    """gamma -> 0: half the spread is 1 / k, whatever the inventory."""
    values = avellaneda_stoikov(gamma=1e-6, paths=2_000, intensity=1.0)
    assert values["average_spread"] == pytest.approx(2 / 1.5, rel=1e-5)


def test_symmetric_maker_has_the_exact_moments():
    """Both sides fill independently with a fixed chance: four standard errors."""
    values = avellaneda_stoikov(strategy="symmetric", paths=20_000, sigma=1.0, decay=2.0)
    for name in ("profit", "profit_deviation", "inventory_deviation"):
        error = values[f"{name}_error"]
        assert values[name] == pytest.approx(values[f"{name}_exact"], abs=4 * error)


def test_a_maker_that_begins_with_inventory_gets_rid_of_it():
    """By formula and by makers alike: it ends with less, and both means agree."""
    values = avellaneda_stoikov(start_inventory=10, paths=5_000, makers=40)
    error = np.hypot(values["profit_error"], values["profit_traded_error"])
    assert values["profit_traded"] == pytest.approx(values["profit"], abs=4 * error)
    assert values["inventory_deviation_traded"] < 5


def test_a_correlation_of_queues_has_a_closed_form_only():
    found = validate("cont-de-larrard-limit", [], correlation=-0.5)
    assert found.ours["up"] == found.ours["up_theory"]
    assert found.verdict == "context"


def test_double_auction_budgets_matter():
    values = double_auction(sessions=60)
    assert values["constrained"] > 95
    assert values["advantage"] > 10 * values["unconstrained_error"]
    assert largest_surplus([10, 8, 3], [2, 4, 9]) == 12


def test_double_auction_of_one_pair_is_certain():
    """A value above every cost: constrained quotes meet in the end, and the surplus is whole."""
    values = double_auction(values=[150], costs=[50], sessions=20)
    assert values["constrained"] == 100


def test_santa_fe_is_reproducible_and_in_scale():
    """eps = 0.5 and 0.1: the spread falls with eps; another seed gives another run."""
    runs = [santa_fe(eps, market_orders=5_000) for eps in (0.5, 0.1)]
    assert runs[0]["spread"] > runs[1]["spread"]
    assert runs[0] == santa_fe(0.5, market_orders=5_000)
    assert runs[0] != santa_fe(0.5, market_orders=5_000, seed=2)


@pytest.mark.parametrize(
    ("name", "parameters", "message"),
    [
        ("nobody", {}, "no target or published case is named 'nobody': choose from"),
        ("kyle", {"lambda": 3}, "kyle has no parameter 'lambda' .given as 3.: it has prior_var"),
        ("kyle", {"noise_sigma": -1.0}, "noise_sigma must be finite and above 0, got -1.0"),
        ("kyle", {"noise_sigma": float("nan")}, "kyle: noise_sigma = nan"),
        ("kyle", {"draws": 1.5}, "kyle: draws = 1.5"),
        ("kyle", {"draws": "many"}, "kyle: draws = 'many'"),
        ("almgren-chriss", {"eta": 1e-9}, "eta must exceed gamma . period / 2"),
        ("obizhaeva-wang", {"permanent_impact": 1.0}, "permanent_impact must be at least 0 and"),
        (
            "obizhaeva-wang",
            {"resilience": 1e4},
            "steps and 10 . resilience . horizon must be 10,000",
        ),
        ("glosten-milgrom", {"informed": 1.0}, "informed must be finite and above 0 and below 1"),
        ("avellaneda-stoikov", {"strategy": "both"}, "strategy must be one of inventory, symm"),
        ("cont-de-larrard", {"arrival": 2.0}, "arrival must not exceed departure = 1.0, got 2.0"),
        ("next-change", {"at": [[9, 1]]}, "at must name known distances"),
        ("queue-at-rest", {"cancellation": 0.0}, "arrival must stay below departures"),
        (
            "hawkes",
            {"branching": [1.0]},
            "branching must be finite and above 0 and below 1, got 1.0",
        ),
        ("order-splitting", {"alpha": 1.0}, "alpha must exceed 1, got 1.0"),
        ("santa-fe", {"granularity": 0.3}, "granularity must be 1 over a whole number, got 0.3"),
        ("santa-fe", {"eps": 20.0, "market_orders": 1_000}, "emptied at eps = 20, where it holds"),
        ("cascade", {"r": [120]}, "r must be below d = 100, or the book is exhausted, got 120"),
        ("cascade", {"r": [-5]}, "r must be at least 0, got -5"),
        ("cascade", {"Q0": 10**9}, "must not fall through more than 200,000 levels"),
        ("pinned-fund", {"lam": 300}, "lam = 300 .* less than all of the N = 1000 units, got 1666"),
        ("pinned-fund", {"W": 45.0, "N": 510.0}, "no price .* clears the market"),
        ("deleveraging", {"cases": [[5, 100, 300]]}, "below 1, where the spiral ends, got L = 5"),
        ("deleveraging", {"cases": [[5, 100]]}, r"cases = \[\[5, 100\]\]: Field required"),
        ("loss-spiral", {"cases": [[60, 0, 0]]}, "x0 - m' x must be 0 to below k m = 50"),
        ("perpetual-prices", {"cases": [[0, 0.01]]}, "leverage must be finite and above 0, got 0"),
        ("perpetual-prices", {"cases": []}, "there be a case"),
        ("toxic-liquidation", {"i": [-2.0]}, "i must be a bonus of 0 to 10, got -2"),
        ("next-change", {"at": [[1, 2, 3]]}, "Tuple should have at most 2 items"),
        (
            "next-change",
            {"cancellations": [0.0], "at": [[1, 1]]},
            "cancellations must be finite and",
        ),
        ("cst-table-3", {"size": 10**18}, r"cannot be computed at size = 10+: Unable to allocate"),
        ("deleveraging-shares", {"margin": [1]}, "must have as many values as pnl"),
        ("capital-rule", {"alpha": 0.2}, "at alpha = 0.2 no sale of a part meets the rule"),
        ("feedback-radius", {"matrix": [[1, 2]]}, "matrix must be square"),
        ("aggregate-vulnerability", {"shock": [-0.1]}, "a column for each of 1 kinds"),
        ("stepwise-bad-debt", {"bonus": 0.1}, "below 1 and health above 1 at the start"),
        ("looped-loss", {"leverage": 1.0}, "leverage must exceed 1"),
        ("auction-revenue", {"rho": 1.0}, "rho must be 0 to below 1"),
        ("double-auction", {"values": [500]}, "values must hold prices from 1 to 200"),
    ],
)
def test_misuse(name, parameters, message):
    with pytest.raises(ValueError, match=message):
        validate(name, [], **parameters)


def test_santa_fe_goes_on_where_a_side_empties():
    run = {"eps": 5.0, "market_orders": 20_000, "granularity": 0.1}
    found = santa_fe(**run, emptied="go on")
    assert 0.01 < found["empty_share"] < 0.5
    assert 0.5 < found["spread"] < 10
    assert found["far_depth"] == pytest.approx(1, abs=0.2)
    # Where no side empties the option changes nothing.
    calm = {"eps": 0.2, "market_orders": 2_000}
    same, other = santa_fe(**calm), santa_fe(**calm, emptied="go on")
    assert other.pop("empty_share") == other.pop("empty_share_error") == 0
    assert same == other


def test_the_book_does_not_end_a_spiral_of_leverage():
    # It was 16 times the first drop deep, and no spiral went further.
    found = validate("deleveraging", [], cases=[[40, 100, 4_000], [21, 1, 25]])
    assert found.ours["amplification"] == pytest.approx([40, 5], rel=0.01)
    assert found.verdict == "agrees"


def test_kappa_in_the_continuous_limit():
    """kappa -> sqrt(lambda sigma^2 / eta); holdings at T/2 are X / (2 cosh(kappa T / 2))."""
    values = almgren_chriss(periods=2_000, gamma=0.0)
    kappa = sqrt(1e-6 * 0.95**2 / 2.5e-6)
    assert values["kappa"] == pytest.approx(kappa, rel=1e-5)
    half = 1e6 * sqrt(1 - tanh(kappa * 2.5) ** 2) / 2
    assert values["holdings"][999] == pytest.approx(half, rel=1e-4)
