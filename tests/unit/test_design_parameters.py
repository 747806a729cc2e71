"""Parameters of the named designs: what the documentation says of each is what is checked.

The Parameters section of a recipe says a unit and a range for each of its keywords, as
``name : unit, low to high``. Whatever lies outside is refused when the design is made, with the
range and the value; whatever lies inside makes a design that ends.
"""

import re
from typing import Any, NamedTuple

import numpy as np
import pytest

import lob
from lob import Kind
from lob.clearing import Clearing, Holding, Oracle
from lob.clearing.margin import FlatMargin, TieredMargin
from lob.clearing.oracle import Fixed
from lob.liquidation.designs import DESIGNS, make
from lob.liquidation.formulas.liquity import StabilityPoolV2
from lob.liquidation.parts.limits import Slices
from lob.liquidation.recipes.common import MOST_ATTEMPTS
from lob.types import MAX_PRICE, MAX_SIZE
from tests.venues import FIRST_OWNER, asking, order

UNITS = ("seconds", "whole seconds", "ppm", "units of cash", "lots", "accounts", "number", "level")
ENTRY = re.compile(r"^    (\w+) : (.+)\n((?:        .+\n)+)", re.M)
RANGE = re.compile(r"^([a-z ]+), (\S+) to (\S+?)(, or None)?$")
SOURCES = ("Chosen", "BitMEX", "Binance", "Hyperliquid", "FTX", "Aave", "Compound", "Morpho",
           "Liquity", "Maker", "Quedex")  # fmt: skip
"""Where a preset may be from: documentation names one."""
QUICK = {"patience": 5.0, "last": 3.0, "rest": 1.0, "ttl": 1.0, "tau": 3.0, "tail": 8}
ATTEMPTS = 200
"""At most so many attempts of a stage in a test."""


class Documented(NamedTuple):
    """What the documentation says of a parameter."""

    unit: str
    low: float = 0
    high: float = 0
    options: tuple[Any, ...] = ()
    optional: bool = False
    text: str = ""

    @property
    def whole(self) -> bool:
        """Whether it is an integer."""
        return self.unit != "seconds"


def number(text: str) -> float:
    """``604_800``, ``0.001``, ``10**15`` or ``2**63-1``."""
    power = re.fullmatch(r"(\d+)\*\*(\d+)(-1)?", text)
    if power:
        return int(power[1]) ** int(power[2]) - bool(power[3])
    return float(text) if "." in text else int(text)


def documented(name: str) -> dict[str, Documented]:
    """The Parameters section of a design's recipe."""
    doc = (DESIGNS[name].build.__doc__ or "").partition("    Parameters\n    ----------\n")[2]
    found = {}
    for key, head, text in ENTRY.findall(doc):
        if head.startswith("one of "):
            options = tuple(int(o) if o.isdigit() else o for o in head[7:].split(", "))
            found[key] = Documented("one of", options=options, text=text)
        elif head in ("yes or no", "a part, or None"):
            found[key] = Documented(head, text=text, optional="None" in head)
        else:
            parsed = RANGE.fullmatch(head)
            assert parsed, f"{name}: {key} : {head}"
            assert parsed[1] in UNITS, f"{name}: {key} : {head}"
            low, high = number(parsed[2]), number(parsed[3])
            found[key] = Documented(parsed[1], low, high, (), bool(parsed[4]), text)
    return found


PARAMETERS = {(n, k): p for n in sorted(DESIGNS) for k, p in documented(n).items()}
RANGED = [key for key, p in PARAMETERS.items() if p.unit in UNITS]
named = pytest.mark.parametrize(("name", "key"), PARAMETERS)
ranged = pytest.mark.parametrize(("name", "key"), RANGED)


@pytest.mark.parametrize("name", sorted(DESIGNS))
def test_every_parameter_is_documented_with_unit_range_and_where_it_is_from(name):
    recipe, found = DESIGNS[name], documented(name)
    assert set(found) == set(recipe.build.__kwdefaults__)
    for key, value in (recipe.build.__kwdefaults__ | recipe.preset).items():
        one = found[key]
        assert any(source in one.text for source in SOURCES), (key, one.text)
        if one.options:
            assert value in one.options, key
        elif one.unit in UNITS and value is not None:
            assert one.low <= value <= one.high, key
        assert value is not None or one.optional, key
    for key, (low, high, _) in recipe.tunable.items():
        assert found[key].low <= low < high <= found[key].high, key


@named
def test_the_wrong_type_is_refused_by_name(name, key):
    one = PARAMETERS[name, key]
    wrong: list[Any] = ["text", b"1", [1], object()]
    if one.unit in UNITS or one.unit == "yes or no":
        wrong += [] if one.optional else [None]
    if one.unit in UNITS:
        wrong += [True]
    if one.unit in UNITS and one.whole:
        wrong += [1.5]
    if one.unit == "yes or no":
        wrong += [1]
    for value in wrong:
        with pytest.raises(ValueError, match=rf"{name}.*{key} must be|^{key} must be") as caught:
            make(name, **{key: value})
        assert repr(value) in str(caught.value)
        with pytest.raises((TypeError, ValueError), match=f"^{key} must be"):
            DESIGNS[name].make(**{key: value})


@ranged
def test_what_is_out_of_range_is_refused_with_range_and_value(name, key):
    one = PARAMETERS[name, key]
    below = one.low - 1 if one.whole or not one.low else one.low / 2
    for value in (below, one.high + 1, -(10**30), 10**30, *(() if one.whole else (np.inf, np.nan))):
        with pytest.raises(ValueError, match=f"^{key} must be") as caught:
            make(name, **{key: value})
        said = str(caught.value)
        assert f"got {value!r}" in said or f"got {value}" in said
        for bound in (one.low, one.high):
            assert f"{bound:g}" in said or str(bound) in said


@named
def test_what_is_no_option_is_refused_with_the_options(name, key):
    one = PARAMETERS[name, key]
    if not one.options:
        pytest.skip("it has a range")
    with pytest.raises(ValueError, match=f"^{key} must be one of .*, got 'nobody'") as caught:
        make(name, **{key: "nobody"})
    assert all(str(option) in str(caught.value) for option in one.options)


def test_a_patience_of_too_many_attempts_is_refused():
    with pytest.raises(ValueError, match=f"patience must be at most {MOST_ATTEMPTS} times every"):
        make("fixed-spread", every=0.001, patience=1_001.0)
    with pytest.raises(ValueError, match=r"times tau, got 345600 and 0\.001 seconds"):
        make("english", tau=0.001)


def test_a_pool_that_may_be_emptied_is_refused():
    with pytest.raises(ValueError, match="kept must be at least 1, got 0"):
        StabilityPoolV2(kept=0)
    with pytest.raises(ValueError, match=r"kept must be 1 to .*, got 0"):
        make("stability-pool", version=2, kept=0)


# --------------------------------------------------------------------------------- they all end


def ends(name: str, **parameters: Any) -> None:
    """A long and a short fail one after the other; nobody wants them but a keeper, at last."""
    known = DESIGNS[name].build.__kwdefaults__
    parameters = {k: v for k, v in QUICK.items() if k in known} | parameters
    rhythm = min(
        [parameters[k] for k in ("every", "tau", "pause") if parameters.get(k)], default=1.0
    )
    for key in {"patience", "last", "rest"} & parameters.keys():
        parameters[key] = min(parameters[key], ATTEMPTS * (rhythm if key == "patience" else 1.0))
    design = make(name, **parameters)
    margin: Any = FlatMargin(100_000, 50_000)
    if name == "tiered":
        margin = TieredMargin([0, 500_000], [200_000] * 2, [50_000, 80_000])
    clearing = Clearing(
        holdings=[Holding(Oracle(Fixed(1_000)), margin)],
        liquidation_engine=design,
        insurance_fund=5_000,
    )
    venue = lob.Venue(1, clearings=[clearing])
    if name == "market-sale":
        venue.process(order(1, 1, 900, 10_000))
        venue.process(order(2, -1, 1_100, 10_000))
    for i, (lots, equity) in enumerate([(900, 90), (-900, 90), (500, 400), (-500, 400)]):
        clearing.open(FIRST_OWNER + i, [abs(lots) * equity], [lots], entry_prices=[1_000])
    venue.refresh()
    for mark in (930, 1_070):
        clearing.observe_price(mark)
        venue.refresh()
        for _ in range(40 * ATTEMPTS):
            if not clearing.open_cases:
                break
            venue.advance(max(venue.now, venue.next_deadline()))
        assert clearing.open_cases == 0
    venue.check()


@named
def test_a_design_ends_at_both_ends_of_a_range(name, key):
    one = PARAMETERS[name, key]
    values = list(one.options) or [one.low, one.high]
    if one.unit == "yes or no":
        values = [False, True]
    elif one.unit == "a part, or None":
        values = [None, Slices(7)]
    for value in values:
        ends(name, **{key: value})


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("name", sorted(DESIGNS))
def test_a_design_ends_whatever_its_parameters_are(name, seed):
    random = np.random.default_rng([seed, *name.encode()])
    drawn: dict[str, Any] = {}
    for key, one in documented(name).items():
        if one.options:
            drawn[key] = one.options[random.integers(len(one.options))]
        elif one.unit in UNITS:
            value = max(one.low, 0.5) * ((one.high + 1) / max(one.low, 0.5)) ** random.random()
            value = min(max(one.low, value), one.high)
            drawn[key] = int(value) if one.whole else value
        elif one.unit == "yes or no":
            drawn[key] = bool(random.integers(2))
    if name == "market-sale" and drawn["losses"] != "fund":
        drawn["delay"] = 0
    ends(name, **drawn)


EXTREMES = [(1, MAX_PRICE - 1), (2**61 // 1_000, 1_000), (2**21, MAX_PRICE), (10**15, 10)]


@pytest.mark.parametrize(("size", "price"), EXTREMES)
@pytest.mark.parametrize("name", sorted(DESIGNS))
def test_extreme_sizes_and_answers_are_refused_or_done(name, size, price):
    """Positions as large as can be opened, and takes and bids of any size at any price."""
    for sign in (1, -1):
        design = make(name)
        clearing = Clearing(
            holdings=[Holding(Oracle(Fixed(price)), FlatMargin(100_000, 50_000))],
            liquidation_engine=design,
            insurance_fund=1_000,
        )
        venue = lob.Venue(1, clearings=[clearing])
        keeper = venue.ledger.open_account("keeper", owner=51)
        venue.ledger.transfer(clearing.cash_asset, 0, keeper, 2**60)
        try:
            for i, (lots, part) in enumerate([(size, 12), (-size, 2), (size, 2)]):
                margin = size * price // part
                clearing.open(FIRST_OWNER + i, [margin], [sign * lots], entry_prices=[price])
        except ValueError:
            assert size * price > 2**60
            continue
        venue.refresh()
        clearing.observe_price(min(MAX_PRICE, price - sign * max(1, price // 10)))
        for _ in range(4):
            venue.advance(venue.now + 10**9)
            for tag in sorted(getattr(design, "offers", ())):
                for kind in (Kind.BID, Kind.TAKE):
                    for lots in (1, MAX_SIZE, size):
                        rows = np.repeat(asking(kind, 51, tag, lots, venue.now), 4)
                        rows["price"] = [MAX_PRICE, price, 1, 0]
                        venue.process(rows)
        venue.check()
