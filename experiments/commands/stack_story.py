"""Lines of a story about stacks: who pulled down whom, which layer, what was at risk."""

from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.metrics.intervals import student_interval
from experiments.report.ratios import move_of
from experiments.runs.stack_summary import is_stacked, risk_before
from experiments.scenario.read import Scenario
from experiments.scenario.variants import seeing
from lob.real_units import RealUnit, RealUnits

if TYPE_CHECKING:
    from experiments.studies.spiral import SpiralStudy

__all__ = ["stack_answer", "stack_rows"]

SHOWN = 4
"""Pairs of protocols that are named at most."""


def stack_answer(study: "SpiralStudy") -> dict[str, Any]:
    """Risk of a stack before the shock, and the worth of seeing pledges, as JSON values.

    Empty where nothing is stacked.
    """
    if not is_stacked(study.scenario):
        return {}
    answer: dict[str, Any] = {"risk_before": risk_before(study.scenario, study.seeds[0])}
    pledged = any(one.kind == "RehypothecatingLender" for one in study.scenario.stackers)
    if pledged:
        answer["verification"] = _verification(study)
    if any(one.kind == "LeverageVault" for one in study.scenario.stackers):
        from experiments.studies.resting import resting_outcomes

        answer["resting"] = resting_outcomes(study.scenario, study.seeds)
    return answer


def _verification(study: "SpiralStudy") -> dict[str, Any]:
    """The same runs with clearings that see their own books only, and with those that see all."""
    from experiments.studies.spiral import study_spiral

    found = {}
    for sees in ("own", "all"):
        other = seeing(study.scenario, sees)
        seen = study if other == study.scenario else study_spiral(other, study.seeds, sources=False)
        found[sees] = {
            "bad_debt": seen.mean("criteria", "bad_debt"),
            "failures": seen.mean("solvency", "failures"),
            "unsold": seen.mean("criteria", "unsold"),
            "hidden_shortfall": seen.mean("stack", "hidden_shortfall"),
            "debt": risk_before(other, study.seeds[0])["debt"],
        }
    return found


def stack_rows(study: "SpiralStudy", answer: dict[str, Any]) -> list[tuple[str, str]]:
    """Lines of a story about a stack: (heading, text).

    Parameters
    ----------
    study
        The runs of the scenario.
    answer
        What ``stack_answer`` gave.
    """
    if not answer:
        return []
    names = [one.name for one in study.scenario.clearings]
    units = study.scenario.units
    parts = [run["stack"] for run in study.full]
    rows = _risk_rows(answer["risk_before"], study.scenario.price_unit)
    rows += [
        ("failed in", _join(names, _mean([part["failures_by_clearing"] for part in parts]))),
        ("failed if none is sold", _without_forced_sales(study, names)),
        (
            "traced to forced trades",
            _contagion(names, _mean([part["contagion"] for part in parts])),
        ),
        ("sold by layer of claims", _layers([part["sold_by_layer"] for part in parts], units)),
        (f"of the {move_of(study.scenario)}", _drop(parts)),
    ]
    rows += _verification_rows(answer.get("verification"), units.cash)
    if "resting" in answer:
        rows += _resting_rows(answer["resting"], study.scenario)
    return [row for row in rows if row[1]]


def _risk_rows(risk: dict[str, Any], price: RealUnit) -> list[tuple[str, str]]:
    leverage, multiplier = risk["effective_leverage"], risk["collateral_multiplier"]
    said = [
        f"leverage {leverage:.2f}" if leverage is not None else "",
        f"collateral counted {multiplier:.2f} times" if multiplier is not None else "",
        f"{risk['depth']} layers of claims" if risk["depth"] != 1 else "1 layer of claims",
    ]
    rows = [("stack before the shock", ", ".join(one for one in said if one))]
    if risk["first_failure"] is not None and risk["price"]:
        fall = 1 - risk["first_failure"] / risk["price"]
        rows.append(
            ("first account fails at", f"{price.level(risk['first_failure'])}, {fall:.1%} down")
        )
    if risk["debt"] and risk["debt_at_risk"]:
        at = [
            f"{amount / risk['debt']:.0%} at -{drop:.0%}" for drop, amount in risk["debt_at_risk"]
        ]
        rows.append(("debt liquidated at a fall", ", ".join(at)))
    return rows


def _resting_rows(found: dict[str, Any], scenario: Scenario) -> list[tuple[str, str]]:
    """What vaults did, and by how much the price moved less where they, or depositors, rested."""
    units, price, move = scenario.units, scenario.price_unit, move_of(scenario)
    full = found["as they are"]
    bought = np.mean([one["bought"] for one in full])
    side = "bought" if bought > 0 else "sold"
    trades = np.mean([one["trades"] for one in full])
    rows = [
        (
            "vaults",
            f"{trades:,.0f} trades, {units.lots.told(abs(bought))} {side}, "
            f"{units.cash.told(np.mean([one['cost'] for one in full]))} beyond the mark; "
            f"a share {np.mean([one['growth'] for one in full]):+.1%}",
        )
    ]
    for name, heading, who in (
        ("vaults rest", "if vaults rested", "they"),
        ("depositors rest too", "and depositors too", "both"),
    ):
        drops = [one["drop"] for one in found[name]]
        less = [a["drop"] - b for a, b in zip(full, drops, strict=True)]
        said = f"{move} {price.told(np.mean(drops))}"
        if len(less) > 1 and np.mean(drops) > 0:
            mean, low, high, *_ = student_interval(less)
            said += (
                f": {who} make it {mean / np.mean(drops):+.1%} "
                f"[{low / np.mean(drops):+.1%}, {high / np.mean(drops):+.1%}]"
            )
        said += f"; a share {np.mean([one['growth'] for one in found[name]]):+.1%}"
        rows.append((heading, said))
    return rows


def _mean(tables: list[Any]) -> Any:
    return np.mean(np.array(tables, np.float64), axis=0)


def _join(names: list[str], values: Any) -> str:
    return ", ".join(
        f"{name} {value:,.0f}" for name, value in zip(names, values, strict=True) if value
    )


def _without_forced_sales(study: "SpiralStudy", names: list[str]) -> str:
    """Where accounts fail where nothing is forced: what is more is pulled down."""
    return _join(names, _mean([run["stack"]["failures_by_clearing"] for run in study.twin]))


def _contagion(names: list[str], matrix: Any) -> str:
    """The largest entries between, or within, protocols."""
    order = np.argsort(-matrix, axis=None, kind="stable")[:SHOWN]
    pairs = [(int(i), int(j)) for i, j in zip(*np.unravel_index(order, matrix.shape), strict=True)]
    return ", ".join(
        f"{matrix[i, j]:,.0f} in {names[j]} by {'itself' if i == j else names[i]}"
        for i, j in pairs
        if matrix[i, j]
    )


def _layers(tables: list[dict[str, dict[str, int]]], units: RealUnits) -> str:
    """Mean lots by layer of claims, those of each instrument in its own unit."""
    said = []
    for layer in sorted({int(layer) for table in tables for layer in table}):
        parts = []
        for name, size in zip(units.names, units.sizes, strict=True):
            lots = sum(table.get(str(layer), {}).get(name, 0) for table in tables) / len(tables)
            if lots:
                parts.append(f"{size.number(lots)} {size.name} of {name}")
        if parts:
            said.append(f"{layer}: {' and '.join(parts)}")
    return ", ".join(said)


def _drop(parts: list[dict[str, Any]]) -> str:
    """Shares of the summed drops, of those who chose to trade and of forced sales by layer."""
    total = sum(part["drop"] for part in parts)
    if not total:
        return ""
    said = [f"{sum(part['drop_voluntary'] for part in parts) / total:.0%} by quotes and by choice"]
    layers = sorted({int(layer) for part in parts for layer in part["drop_by_layer"]})
    for layer in layers:
        ticks = sum(part["drop_by_layer"].get(str(layer), 0) for part in parts)
        said.append(f"{ticks / total:.0%} forced on layer {layer}")
    return ", ".join(said)


def _verification_rows(found: dict[str, Any] | None, cash: RealUnit) -> list[tuple[str, str]]:
    if found is None:
        return []
    said = {}
    for sees, part in found.items():
        lost = part["bad_debt"] + part["hidden_shortfall"]
        said[sees] = (
            f"lent {cash.amount(part['debt'])}, lost {cash.amount(lost)} "
            f"({cash.amount(part['hidden_shortfall'])} of it hidden)"
        )
    return [("seeing own books only", said["own"]), ("seeing pledges elsewhere", said["all"])]
